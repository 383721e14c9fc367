"""Evaluation: the scores, the verdict and the ranking that a test gives."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cryptoforecast.types.confidence import beyond_chance
from cryptoforecast.types.forecasts import Forecast
from cryptoforecast.types.judgement import Outcome, outcome_of
from cryptoforecast.types.learning import ModelSpec, Split
from cryptoforecast.types.models import TrainedModel
from cryptoforecast.types.prices import PriceHistory


@dataclass(frozen=True)
class Scores:
    """The scores of one predictor at one step of a test; NaN where a score is undefined.

    ``evaluation.scores`` has the formulas and their sources.

    Attributes:
        mae: Mean absolute error of the point forecast, quote currency.
        rmse: Root of the mean squared error of the point forecast, quote currency.
        mape: Mean absolute percentage error, a fraction.
        smape: Symmetric mean absolute percentage error, a fraction.
        mase: Mean absolute scaled error: the MAE over the mean absolute move from one candle to
            the next in the training rows.
        directional_accuracy: Share of the origins at which the forecast had the direction of the
            move; origins without a move do not count. NaN for naive, which has no direction.
        pinball: Mean pinball loss over the origins and ``QUANTILES``, log-return.
        coverage_80: Share of the outcomes inside the 80 % band.
        coverage_95: Share of the outcomes inside the 95 % band.
    """

    mae: float
    rmse: float
    mape: float
    smape: float
    mase: float
    directional_accuracy: float
    pinball: float
    coverage_80: float
    coverage_95: float


@dataclass(frozen=True, eq=False)
class Verdict:
    """Whether a predictor beats a baseline at the last step, in numbers and in one sentence.

    Attributes:
        baseline: Name of the baseline.
        metric: Name of the metric that is compared.
        skill: 1 - MAE / the baseline's MAE, a fraction.
        ci_low: Lower end of the 95 % confidence interval of the skill, by moving-block bootstrap.
        ci_high: Upper end of that interval.
        p_value: Two-sided p-value of the Diebold-Mariano test; NaN where the errors are identical.
        beats_baseline: Whether the predictor is better by more than chance.
        sentence: The verdict in words.
        band_skill: 1 - pinball loss / the pinball loss of the cone, a fraction.
        band_ci_low: Lower end of the 95 % bootstrap interval of the band's skill.
        band_ci_high: Upper end of that interval.
        low: Lower end of the interval of the skill that decides and is shown. It covers the
            intervals of the bootstrap and of the test, at the level that Holm's correction for
            the predictors under test leaves. NaN where nothing can be claimed.
        high: Upper end of that interval.
        band_low: Lower end of the interval of the band's skill that decides and is shown.
        band_high: Upper end of that interval.
    """

    baseline: str
    metric: str
    skill: float
    ci_low: float
    ci_high: float
    p_value: float
    beats_baseline: bool
    sentence: str
    band_skill: float = math.nan
    band_ci_low: float = math.nan
    band_ci_high: float = math.nan
    low: float = math.nan
    high: float = math.nan
    band_low: float = math.nan
    band_high: float = math.nan

    @property
    def outcome(self) -> Outcome:
        """How its error compares with that of the baseline."""
        return outcome_of(self.low, self.high)

    def __eq__(self, other: object) -> bool:
        """Compare all figures; one that is undefined (NaN) equals another such one."""
        return isinstance(other, Verdict) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    def __str__(self) -> str:
        """Return the sentence, so that a printed verdict reads as one."""
        return self.sentence


@dataclass(frozen=True, eq=False)
class Backtest:
    """The result of a test: the forecasts of several predictors on the same origins, scored.

    Attributes:
        history: The prices of the test.
        spec: The model under test.
        split: The training, validation and test spans.
        forecasts: Forecast by predictor, all from the origins ``split.test_origins()``.
        scores: Scores by predictor, one ``Scores`` for each step.
        verdicts: Whether a predictor beats naive at the last step, by its name: the stack and
            the network in it, or the baseline under test. The first is shown first.
        model: The network under test; ``None`` for a baseline, or where each fold has its own.
        cached: Whether the network came from the training cache.
        seen: Whether the network may have been fitted on part of the test span.
        notes: Sentences that a user should read before the scores.
    """

    history: PriceHistory
    spec: ModelSpec
    split: Split
    forecasts: Mapping[str, Forecast]
    scores: Mapping[str, tuple[Scores, ...]]
    verdicts: Mapping[str, Verdict]
    model: TrainedModel | None = None
    cached: bool = False
    seen: bool = False
    notes: tuple[str, ...] = ()

    @property
    def predictor(self) -> str:
        """Name of the predictor that is shown first: the stack where there is one."""
        return next(iter(self.verdicts))

    @property
    def verdict(self) -> Verdict:
        """The verdict on the predictor that is shown first."""
        return self.verdicts[self.predictor]

    @property
    def forecast(self) -> Forecast:
        """The forecast of the predictor that is shown first."""
        return self.forecasts[self.predictor]

    @property
    def network_sentences(self) -> tuple[str, ...]:
        """The verdict on the network alone, in words; nothing unless a stack is shown first."""
        _, *others = self.verdicts.items()
        return tuple(f"{name} alone: {verdict.sentence}" for name, verdict in others)

    @property
    def own(self) -> bool:
        """Whether the network was trained on these very prices, before the test span."""
        if self.model is None or self.seen:
            return False
        return self.model.card.fingerprint == self.history.fingerprint


@dataclass(frozen=True)
class Standing:
    """One row of a leaderboard: a predictor by one metric at one step, against the reference.

    Attributes:
        predictor: Name of the predictor.
        value: Value of the metric, as in ``Scores``.
        skill: 1 - the predictor's error / the reference's error, a fraction. For a coverage: the
            share of outcomes inside minus the level of the band.
        low: Lower end of the interval of the skill, corrected for the number of comparisons; see
            ``evaluation.comparison``. It decides whether the difference is more than chance.
        high: Upper end of that interval.
        p_value: Two-sided p-value of the Diebold-Mariano test against the reference; for a
            coverage, of a test against the level of the band. NaN where it is undefined.
        p_holm: The p-value after Holm's correction.
    """

    predictor: str
    value: float
    skill: float
    low: float
    high: float
    p_value: float
    p_holm: float

    @property
    def beyond_chance(self) -> bool:
        """Whether the predictor differs from the reference by more than chance."""
        return beyond_chance(self.low, self.high)


@dataclass(frozen=True)
class Leaderboard:
    """All predictors of a test by one metric at one step, the best first.

    Attributes:
        metric: Name of the metric, a field of ``Scores``.
        step: The step, 1 to the horizon.
        reference: Name of the predictor that the others are compared with.
        origins: Origins that were compared.
        standings: The rows, the best value first and undefined values last.
    """

    metric: str
    step: int
    reference: str
    origins: int
    standings: tuple[Standing, ...]


@dataclass(frozen=True)
class CoinTest:
    """One network on several coins, from the same origins.

    Attributes:
        board: How much less it misses than the last price of each coin; the predictors of the
            board are the coins, and its values are relative errors, fractions.
        scores: Its scores at the last step, by coin; without MASE.
        references: Those of the last price.
        first: When the first forecast was made, UTC.
        last: When the last one was made, UTC.
        seen: Coins from whose prices in this span the network may have learnt.
    """

    board: Leaderboard
    scores: Mapping[str, Scores]
    references: Mapping[str, Scores]
    first: pd.Timestamp
    last: pd.Timestamp
    seen: tuple[str, ...] = ()
