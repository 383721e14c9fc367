"""Outlooks: the forecast of a named model or baseline, with all that is told beside it.

The API, the command line and other programs get the same answer to the same question.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from cryptoforecast import json_views
from cryptoforecast.cache import LruCache
from cryptoforecast.errors import Changed, InvalidInput, NotEnoughData
from cryptoforecast.forecasting import probability, stack
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.learning.inference import beyond_closes
from cryptoforecast.learning.specs import BOUNDS
from cryptoforecast.service import choices, keys
from cryptoforecast.service.backtests import BacktestService
from cryptoforecast.service.forecasts import ForecastService
from cryptoforecast.service.saved_models import SavedModelService
from cryptoforecast.types import (
    Backtest,
    Extremes,
    NextSteps,
    PriceHistory,
    Probability,
    SavedModel,
    Scores,
    Touch,
    TrainedModel,
    Verdict,
)

#: Baselines whose forecast needs nothing but closes.
OF_CLOSES = ("naive", "drift")
#: Most steps that a baseline forecasts here.
MAX_HORIZON = int(BOUNDS["horizon"][1])

#: Verdicts in memory.
MAX_TESTS = 1_000

#: What is told of a test: the verdict, and the scores of the last step.
_Figures = tuple[Verdict | None, Scores | None]


@dataclass(frozen=True)
class Question:
    """What is asked about the next steps.

    Attributes:
        above: Prices to end above, in the currency of the prices.
        below: Prices to end below.
        touch: Prices to touch.
        predictor: Name of a member of a saved model's stack; its stack where it is ``None``.
        horizon: Steps of a baseline; one where it is ``None``.
        version: Digest that the saved model must have; any where it is ``None``.
    """

    above: Sequence[float] = ()
    below: Sequence[float] = ()
    touch: Sequence[float] = ()
    predictor: str | None = None
    horizon: int | None = None
    version: str | None = None


@dataclass(frozen=True, eq=False)
class Outlook:
    """A forecast of the next steps, and how the same forecaster did on past prices.

    Attributes:
        steps: The forecast.
        loss: The loss behind its points, ``"quantile"`` or ``"mse"``.
        probabilities: Of ending above or below prices.
        touches: Of touching prices.
        extremes: How far the price may go; ``None`` unless prices to touch are asked for.
        verdict: Of the test on the last fifth of the prices; ``None`` where these are too few.
        scores: Of the last step of this test.
        version: Digest of the saved model; ``None`` for a baseline.
    """

    steps: NextSteps
    loss: str
    probabilities: Sequence[Probability]
    touches: Sequence[Touch]
    extremes: Extremes | None
    verdict: Verdict | None
    scores: Scores | None
    version: str | None

    def json(self) -> json_views.ForecastJson:
        """Return the outlook as JSON."""
        return json_views.forecast_json(
            self.steps, self.loss, self.probabilities, self.touches, self.extremes, self.verdict,
            self.scores, self.version,
        )  # fmt: skip


class OutlookService:
    """Answers questions about the next steps, by a saved model or a baseline.

    Args:
        saved_models: Holds the saved models.
        forecasts: Makes the forecasts.
        backtests: Tests the forecasters.
    """

    def __init__(
        self,
        saved_models: SavedModelService,
        forecasts: ForecastService,
        backtests: BacktestService,
    ) -> None:
        self._saved_models = saved_models
        self._forecasts = forecasts
        self._backtests = backtests
        # A whole test takes megabytes, and few fit into the memory of the backtests.
        self._tests: LruCache[_Figures] = LruCache(MAX_TESTS)

    def saved(self, name: str, version: str | None = None) -> SavedModel | None:
        """Return the saved model of a name; ``None`` for a baseline.

        Args:
            name: Name of a saved model, or a key of ``choices.BASELINES``. A saved model of such a
                name comes first.
            version: Digest that it must have; any where it is ``None``.

        Raises:
            Changed: If it has another digest.
            InvalidInput: If the name cannot be one of a model, or a baseline is to have a version.
            UnknownModel: If there is no model of this name.
            InvalidBundle: If the model cannot be read.
        """
        if name in BASELINES and not self._saved_models.has(name):
            if version is not None:
                raise InvalidInput(
                    f"`version` goes with a saved model only. Received: {name}, a baseline. Leave "
                    "it out."
                )
            return None
        saved = self._saved_models.load(name)
        if version not in (None, saved.version):
            raise Changed(
                f"`version` must be that of the model as it is now, {saved.version}. Received: "
                f"{version!r:.90}. The model was replaced: look at its card, then ask again."
            )
        return saved

    def check(self, name: str, question: Question) -> SavedModel | None:
        """Refuse what ``of`` would refuse whatever the prices are; return what ``saved`` does.

        Raises:
            InvalidInput: If a part of the question is outside the rules.
            Changed: See ``saved``.
            UnknownModel: See ``saved``.
            InvalidBundle: See ``saved``.
        """
        probability.check([*question.above, *question.below, *question.touch])
        saved = self.saved(name, question.version)
        if saved is None:
            if question.predictor not in (None, name):
                raise InvalidInput(
                    f"`predictor` must be {name}, or be left out. Received: "
                    f"{question.predictor!r:.80}."
                )
            if question.horizon is not None and not 1 <= question.horizon <= MAX_HORIZON:
                raise InvalidInput(
                    f"`horizon` must be 1 to {MAX_HORIZON} steps. Received: {question.horizon}."
                )
            return None
        horizon = saved.model.spec.horizon
        if question.horizon not in (None, horizon):
            raise InvalidInput(
                f"`horizon` must be {horizon}, as {name} was trained. Received: "
                f"{question.horizon}. Leave it out."
            )
        self._forecasts.check_predictor(saved.model, question.predictor or stack.NAME)
        return saved

    def of(self, history: PriceHistory, name: str, question: Question) -> Outlook:
        """Answer a question.

        Args:
            history: ``n`` candles.
            name: Name of a saved model, or a key of ``choices.BASELINES``.
            question: What is asked.

        Raises:
            InvalidInput: If a part of the question is outside the rules.
            NotEnoughData: If there are fewer candles than the forecast needs.
            Changed: See ``saved``.
            UnknownModel: See ``saved``.
            InvalidBundle: See ``saved``.
        """
        saved = self.check(name, question)
        if saved is None:
            steps = self._forecasts.of_baseline(history, name, question.horizon or 1)
            key: Hashable = (keys.of_prices(history), name, question.horizon or 1)
            test = self._tests.get_or_make(
                key, lambda: self._test_of_baseline(history, name, question.horizon or 1)
            )
            return self._outlook(steps, "quantile", question, test, None)
        predictor = question.predictor or stack.NAME
        steps = self._forecasts.next_steps(history, saved.model, saved.name, predictor)
        key = (keys.of_prices(history), keys.of_model(saved.model), predictor)
        test = self._tests.get_or_make(
            key,
            lambda: _figures(self._backtests.last_test(history, saved.model, predictor), predictor),
        )
        loss = self._forecasts.loss(steps, saved.model)
        return self._outlook(steps, loss, question, test, saved.version)

    def check_closes(self, name: str, question: Question) -> Question:
        """Return the question as closes alone can answer it.

        A saved model then forecasts by its network alone: the other member of its stack reads
        highs and lows.

        Raises:
            InvalidInput: If closes alone are not enough, or a part of the question is outside the
                rules.
            Changed: See ``saved``.
            UnknownModel: See ``saved``.
            InvalidBundle: See ``saved``.
        """
        saved = self.check(name, question)
        if saved is None:
            if name in OF_CLOSES:
                return question
            raise InvalidInput(
                f"From closes alone {' and '.join(OF_CLOSES)} forecast, and networks that read "
                f"closes. Received: {name}. Send whole candles."
            )
        network = saved.model.spec.network
        more = beyond_closes(saved.model.spec)
        if more or question.predictor not in (None, network):
            reads = ", ".join(more) or f"predictor {question.predictor}, which reads highs and lows"
            raise InvalidInput(
                "A forecast from closes alone needs a network that reads nothing else. Received: "
                f"{reads:.120}. Send whole candles, or choose another model."
            )
        return Question(
            question.above, question.below, question.touch, network, question.horizon,
            question.version,
        )  # fmt: skip

    def _test_of_baseline(self, history: PriceHistory, name: str, horizon: int) -> _Figures:
        try:
            return _figures(self._backtests.of_baseline(history, name, horizon), name)
        except NotEnoughData:
            return None, None

    def _outlook(
        self,
        steps: NextSteps,
        loss: str,
        question: Question,
        test: _Figures,
        version: str | None,
    ) -> Outlook:
        return Outlook(
            steps=steps,
            loss=loss,
            probabilities=self._forecasts.probabilities(steps, question.above, question.below),
            touches=self._forecasts.touch(steps, question.touch),
            extremes=self._forecasts.extremes(steps) if question.touch else None,
            verdict=test[0],
            scores=test[1],
            version=version,
        )


def _figures(test: Backtest | None, predictor: str) -> _Figures:
    if test is None:
        return None, None
    return test.verdicts.get(predictor), test.scores[predictor][-1]


def default_coin(saved: SavedModel | None) -> str:
    """Return the coin or pair that is forecast unless the user chooses another."""
    return "BTC" if saved is None else choices.default_coin(saved.model.card)


def interval_of(saved: SavedModel | None, interval: str | None) -> str:
    """Return the candle length that a forecast reads.

    Args:
        saved: The saved model; ``None`` for a baseline.
        interval: What the user asks for; by default the model's own, or one hour.

    Raises:
        InvalidInput: If there is no such length, or the model reads candles of another.
    """
    if interval is not None:
        choices.check_interval(interval)
    model: TrainedModel | None = None if saved is None else saved.model
    if model is None:
        return interval or "1h"
    if interval not in (None, model.card.interval):
        raise InvalidInput(
            f"`interval` must be {model.card.interval}, as the model was trained. Received: "
            f"{interval}. Leave it out."
        )
    return model.card.interval
