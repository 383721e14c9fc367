"""Forecasts of the next steps, and probabilities of ending above or below a price."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from cryptoforecast.cache import LruCache, LruCaches
from cryptoforecast.errors import InvalidInput
from cryptoforecast.forecasting import next_steps, paths, probability, stack, warnings
from cryptoforecast.forecasting.next_steps import (
    calibration_sentence,
    members_sentence,
    spread_sentence,
)
from cryptoforecast.learning import inference, samples
from cryptoforecast.service import keys
from cryptoforecast.service.heavy import OneHeavyFit
from cryptoforecast.service.saved_models import SavedModelService
from cryptoforecast.types import (
    Extremes,
    Forecast,
    NextSteps,
    Paths,
    PriceHistory,
    Probability,
    Touch,
    TrainedModel,
)

__all__ = [
    "PREDICT_MODEL", "ForecastService", "calibration_sentence", "members_sentence",
    "spread_sentence",
]  # fmt: skip

#: The saved model behind ``POST /predict``.
PREDICT_MODEL = "btc-1h-lstm-close"
#: Candles in memory that networks forecast from. They are mostly those of opened files, and of
#: finished trainings, which stay in memory as long as their job.
MAX_ROWS = 1_000_000
#: Forecasts of baselines in memory.
MAX_OF_BASELINES = 32


Earlier = Callable[[PriceHistory], Forecast] | None


class ForecastService:
    """Forecasts from the last closed candle.

    Args:
        saved_models: Holds the model behind ``POST /predict``.
        one_heavy: Lets one heavy baseline be fitted at a time.
        max_of_baselines: Forecasts of baselines to hold in memory.
    """

    def __init__(
        self,
        saved_models: SavedModelService,
        one_heavy: OneHeavyFit,
        max_of_baselines: int = MAX_OF_BASELINES,
    ) -> None:
        self._saved_models = saved_models
        self._one_heavy = one_heavy
        self._of_networks: LruCache[NextSteps] = LruCache(
            MAX_ROWS, lambda steps: len(steps.history)
        )
        self._of_baselines: LruCache[tuple[Forecast, Earlier]] = LruCache(max_of_baselines)
        self._paths: LruCaches[Paths] = LruCaches(1)

    def next_steps(
        self,
        history: PriceHistory,
        model: TrainedModel,
        name: str | None = None,
        predictor: str = stack.NAME,
    ) -> NextSteps:
        """Forecast the steps after the last closed candle with a network and its stack.

        The band is calibrated on earlier forecasts of the same model.

        Args:
            history: ``n`` candles.
            model: The network.
            name: Name of the saved model; by default that of the network.
            predictor: ``"stack"``, or the name of one of its members.

        Raises:
            InvalidInput: If the stack has no such member.
            NotEnoughData: If there are fewer candles than the model needs.
        """
        next_steps.check_predictor(model, predictor)
        history = samples.in_one_unit(history)
        if predictor in stack.MEMBERS:
            steps = self.of_baseline(history, predictor, model.spec.horizon)
            return dataclasses.replace(steps, model=name or steps.model)
        # Warnings depend on how old the prices were when they were read, on the signals beside
        # them, and on everything on the model's card.
        signals = tuple(sorted(history.signals.items()))
        prices = keys.of_prices(history), warnings.of_delay(history), signals
        key = (prices, keys.of_model(model), repr(model.card), predictor)
        steps = self._of_networks.get_or_make(
            key, lambda: next_steps.of_model(history, model, predictor)
        )
        return dataclasses.replace(steps, model=name or steps.model, history=history)

    def check_predictor(self, model: TrainedModel, predictor: str) -> None:
        """Refuse a name that is neither a model's stack nor one of its members.

        Raises:
            InvalidInput: If it is neither.
        """
        next_steps.check_predictor(model, predictor)

    def loss(self, steps: NextSteps, model: TrainedModel) -> str:
        """Return the loss behind the points of a forecast, ``"quantile"`` or ``"mse"``.

        Only a network by itself has the mean as its point; a stack and a baseline have the median.
        """
        return model.spec.loss if steps.forecast.predictor == model.spec.network else "quantile"

    def of_baseline(self, history: PriceHistory, name: str, horizon: int) -> NextSteps:
        """Forecast the next steps with a baseline that is fitted on all closed candles.

        Args:
            history: ``n`` candles.
            name: Name of the baseline.
            horizon: Steps to forecast.

        Raises:
            NotEnoughData: If there are too few candles to fit it.
        """
        history = samples.in_one_unit(history)
        key = (keys.of_prices(history), name, horizon)

        def make() -> tuple[Forecast, Earlier]:
            with self._one_heavy.of(name, len(history), horizon):
                steps = next_steps.of_baseline(history, name, horizon)
            return steps.forecast, steps.earlier

        forecast, earlier = self._of_baselines.get_or_make(key, make)
        return NextSteps(name, history, forecast, warnings.of_prices(history), earlier=earlier)

    def probabilities(
        self, steps: NextSteps, above: Sequence[float] = (), below: Sequence[float] = ()
    ) -> tuple[Probability, ...]:
        """Compute the probability of ending above or below each price, at every step.

        Args:
            steps: A forecast of the next steps.
            above: Prices to end above, in the currency of the forecast.
            below: Prices to end below.

        Returns:
            First those of ``above``, then those of ``below``.

        Raises:
            InvalidInput: If there are too many prices, or one that no price can have.
        """
        return probability.of_next_steps(steps, above, below)

    def paths(self, steps: NextSteps) -> Paths:
        """Draw joint paths of the next candles, always the same for one forecast.

        Args:
            steps: A forecast of the next steps.
        """
        return self._paths.of(steps.forecast).get_or_make((), lambda: paths.of_next_steps(steps))

    def path_table(self, steps: NextSteps) -> pd.DataFrame:
        """Return the paths as a table; see ``forecasting.paths.frame``."""
        return paths.frame(steps, self.paths(steps))

    def touch(self, steps: NextSteps, prices: Sequence[float]) -> tuple[Touch, ...]:
        """Compute the probability that the price touches each level by each step.

        Args:
            steps: A forecast of the next steps.
            prices: Levels, in the currency of the forecast.

        Raises:
            InvalidInput: If there are too many prices, or one that no price can have.
        """
        probability.check(prices)
        return paths.touch(steps.forecast, self.paths(steps), prices) if prices else ()

    def extremes(self, steps: NextSteps) -> Extremes:
        """Compute how far the price may go by each step, and the largest fall."""
        return paths.extremes(steps.forecast, self.paths(steps))

    def predict_closes(self, closes: Sequence[float]) -> float:
        """Predict the next close from 60 hourly closes, as ``POST /predict`` does.

        Args:
            closes: Oldest first, USD.

        Returns:
            The median forecast, USD.

        Raises:
            InvalidInput: Unless there are exactly as many finite, positive closes as needed.
            UnknownModel: If the model is missing.
        """
        model = self._saved_models.load(PREDICT_MODEL).model
        needed = model.card.needs
        if len(closes) != needed:
            raise InvalidInput(
                f"`prices` must hold exactly {needed} hourly closes, oldest first. "
                f"Received: {len(closes)}."
            )
        values = np.asarray(closes, float)
        if not (np.isfinite(values).all() and (values > 0).all()):
            raise InvalidInput("`prices` must be finite and above 0.")
        with np.errstate(all="ignore"):  # a number that overflows is refused below
            predicted = float(inference.from_closes(model, values)[0])
        if not np.isfinite(predicted):
            raise InvalidInput("`prices` are too far apart for a finite prediction.")
        return predicted
