"""Evaluation: the results of tests, the next steps after the last candle, and their certainty."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from cryptoforecast.types.confidence import beyond_chance
from cryptoforecast.types.judgement import Outcome, outcome_of
from cryptoforecast.types.learning import (
    MEDIAN,
    QUANTILES,
    Forecast,
    ModelSpec,
    Split,
    TrainedModel,
)
from cryptoforecast.types.prices import Array, PriceHistory


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


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class WalkPlan:
    """How the fits of a walk-forward test are made.

    A plan is hashable, so that it can be part of a job's key.

    Attributes:
        folds: Spans into which the test rows are cut, each with a fit of its own.
        window: ``"expanding"`` (a fit reads all rows before its span) or ``"sliding"`` (a fit
            reads the last ``window_rows`` rows before its span).
        window_rows: Rows of a sliding window; ``None`` for as many as the first fit has.
        gap: Rows from the last origin that a fit learns from to the first origin of its span. It
            is at least the horizon, so that no target reaches into the span; ``None`` for the
            horizon.
        warm_start: Whether each fit starts from the weights of the fit before. It then takes a
            third of the epochs.
    """

    folds: int = 4
    window: str = "expanding"
    window_rows: int | None = None
    gap: int | None = None
    warm_start: bool = False


@dataclass(frozen=True, eq=False)
class Fold:
    """One span of a walk-forward test, and the fit whose forecasts it tests.

    Attributes:
        split: The spans of this fit. Its test origins are those of this fold alone.
        end: First row after the fold's span.
        scores: Scores by predictor on this fold, one ``Scores`` for each step.
        model: The network of this fold; ``None`` for a baseline.
        cached: Whether the network came from the training cache.
        warm: Whether its fit started from the weights of the fold before.
    """

    split: Split
    end: int
    scores: Mapping[str, tuple[Scores, ...]]
    model: TrainedModel | None = None
    cached: bool = False
    warm: bool = False


@dataclass(frozen=True, eq=False)
class WalkForward:
    """The result of a walk-forward test, in which each of several spans has a fit of its own.

    Attributes:
        plan: How the fits were made, with every ``None`` replaced by its value.
        folds: The folds in time order. Their spans together are the test span.
        backtest: The forecasts of all folds, scored as one test. Its ``model`` is ``None`` if
            there is more than one fold.
    """

    plan: WalkPlan
    folds: tuple[Fold, ...]
    backtest: Backtest


@dataclass(frozen=True)
class Share:
    """A counted share with its confidence interval; NaN where nothing was counted.

    Attributes:
        value: Share of the cases, a fraction.
        low: Lower end of the 95 % confidence interval of the probability behind the share.
        high: Upper end of that interval.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Regime:
    """How a band did in one third of a test's origins, grouped by the market's volatility.

    Attributes:
        name: ``"calm"``, ``"usual"`` or ``"restless"``.
        origins: Origins in this third.
        low: Lowest volatility at these origins, log-return in one candle.
        high: Highest volatility at these origins, log-return in one candle.
        coverage: Share of the outcomes inside the band, by its level in %.
        pinball: Mean pinball loss over the origins and ``QUANTILES``, log-return.
    """

    name: str
    origins: int
    low: float
    high: float
    coverage: Mapping[int, Share]
    pinball: float


@dataclass(frozen=True, eq=False)
class Reliability:
    """Whether the band of the model under test was reliable, at one step of a test.

    Attributes:
        backtest: The test.
        step: The step, 1 to the horizon.
        origins: Outcomes that were counted.
        observed: Share of the outcomes at or below each of ``QUANTILES``.
        pit: Share of the outcomes in each of several equally likely parts of the forecast
            distribution, from the lowest prices to the highest (probability integral transform).
        coverage: Share of the outcomes inside the band, by its level in %.
        regimes: The same for the calm, the usual and the restless third of the origins.
    """

    backtest: Backtest
    step: int
    origins: int
    observed: tuple[Share, ...]
    pit: tuple[Share, ...]
    coverage: Mapping[int, Share]
    regimes: tuple[Regime, ...]


@dataclass(frozen=True, eq=False)
class CoverageBySteps:
    """Share of the outcomes inside the band of the model under test, at each step.

    Attributes:
        backtest: The test.
        steps: For each step from 1 to the horizon, the share by the level of the band in %.
    """

    backtest: Backtest
    steps: tuple[Mapping[int, Share], ...]


@dataclass(frozen=True, eq=False)
class Calibration:
    """How the latest band was rescaled, by outcomes that were known at its origin.

    Attributes:
        window: Past forecasts that are used, at most.
        outcomes: Past forecasts that were used, each with a known outcome at the last step.
        since: Origin of the first of them, UTC.
        factors: ``(horizon, 9)``, factors by which the distance of each quantile from the median
            was multiplied.
    """

    window: int
    outcomes: int
    since: pd.Timestamp
    factors: Array


@dataclass(frozen=True, eq=False)
class Spread:
    """How much the networks of an ensemble differ, which is the effect of the random seed.

    Attributes:
        networks: Networks of the ensemble.
        point: ``(horizon,)``, standard deviation of their point forecasts, log-return.
        width: ``(horizon,)``, standard deviation of the widths of their own 80 % bands, as a
            share of the mean width.
    """

    networks: int
    point: Array
    width: Array


@dataclass(frozen=True, eq=False)
class Member:
    """A predictor whose band is part of a stack, and its present weight.

    Attributes:
        name: Name of the predictor.
        weights: ``(horizon,)``, its weight at each step, a fraction. Those of all members sum to 1;
            one below 0 corrects another member.
    """

    name: str
    weights: Array


@dataclass(frozen=True, eq=False)
class NextSteps:
    """The forecast of the next steps, from the last closed candle.

    Attributes:
        model: Name of the saved model, or of its network.
        history: The prices that the forecast was made from.
        forecast: The forecast from one origin; its ``actual`` is all NaN.
        warnings: Sentences that a user should read before the numbers.
        calibration: How the band was rescaled; ``None`` where it was not.
        spread: How much the networks of an ensemble differ; ``None`` for a single network.
        earlier: Makes the forecasts of the same predictor from earlier origins of a history, whose
            whole path is known; ``None`` if they are not wanted.
        members: The predictors that a stack combines; none for a single predictor.
    """

    model: str
    history: PriceHistory
    forecast: Forecast
    warnings: tuple[str, ...] = ()
    calibration: Calibration | None = None
    spread: Spread | None = None
    earlier: Callable[[PriceHistory], Forecast] | None = None
    members: tuple[Member, ...] = ()

    @cached_property
    def closing_times(self) -> pd.DatetimeIndex:
        """When the close of each step is known, ``(horizon,)`` UTC."""
        steps = range(1, self.forecast.horizon + 1)
        return pd.DatetimeIndex([self.forecast.closes_at(step)[0] for step in steps])

    def likely(self, level: int) -> tuple[float, float, float]:
        """Return where the price ends at the last step, quote currency: low, middle, high.

        Args:
            level: Per cent between low and high, such as 80.
        """
        last = self.forecast.quantile_prices[0, -1]
        column = QUANTILES.index(round(0.5 - level / 200, 3))
        return float(last[column]), float(last[MEDIAN]), float(last[-1 - column])

    @property
    def weights(self) -> pd.DataFrame:
        """One row a step: ``step``, and the weight of each member under its name, a fraction."""
        weights = {each.name: each.weights for each in self.members}
        return pd.DataFrame({"step": range(1, self.forecast.horizon + 1), **weights})


@dataclass(frozen=True, eq=False)
class Probability:
    """The probability that the price ends above, or below, a level.

    Attributes:
        level: The level, quote currency.
        direction: ``"above"`` or ``"below"``.
        by_step: ``(horizon,)``, probability at each step, a fraction; NaN where the band is
            undefined.
    """

    level: float
    direction: str
    by_step: Array

    @property
    def last(self) -> float:
        """The probability at the last step, a fraction."""
        return float(self.by_step[-1])
