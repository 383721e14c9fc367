"""How good forecasts were, what comes next, and how sure one may be of either."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cryptoforecast.types.learning import Forecast, ModelSpec, Split, TrainedModel
from cryptoforecast.types.prices import Array, PriceHistory


@dataclass(frozen=True)
class Scores:
    """Figures of one predictor at one step, on one test span; NaN where undefined.

    ``mae`` and ``rmse`` in USD; ``mape``, ``smape``, ``directional_accuracy`` and coverages as
    fractions; ``mase`` a ratio; ``pinball`` in log-return.
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
    """Whether a predictor beats a baseline, in numbers and in one sentence.

    Attributes:
        skill: 1 - MAE / the baseline's MAE, a fraction.
        ci_low: lower end of the 95 % moving-block bootstrap interval of the skill.
        ci_high: its upper end.
        p_value: Diebold-Mariano, two-sided; NaN where the errors are identical.
        band_skill: 1 - pinball loss / the cone's, last step, a fraction.
        band_ci_low: lower end of the 95 % interval of the band's skill.
        band_ci_high: its upper end.
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


@dataclass(frozen=True, eq=False)
class Backtest:
    """One question answered: several predictors on the same origins, judged.

    Attributes:
        history: the prices it was asked on.
        spec: the model that is judged.
        split: which rows did what.
        forecasts: by predictor, all on ``split.test_origins()``.
        scores: by predictor, one ``Scores`` a step.
        verdict: of the judged model against naive, last step.
        model: the trained network; ``None`` when a baseline is judged, or several fits were.
        cached: whether the model came from the training cache.
        seen: whether the model may have been fitted on part of the test span.
        notes: sentences a person should read before the scores.
    """

    history: PriceHistory
    spec: ModelSpec
    split: Split
    forecasts: Mapping[str, Forecast]
    scores: Mapping[str, tuple[Scores, ...]]
    verdict: Verdict
    model: TrainedModel | None = None
    cached: bool = False
    seen: bool = False
    notes: tuple[str, ...] = ()

    @property
    def forecast(self) -> Forecast:
        """The forecasts of the model in question."""
        return self.forecasts[self.spec.network]

    @property
    def own(self) -> bool:
        """Whether the network was trained on these very prices, up to the test span."""
        if self.model is None or self.seen:
            return False
        return self.model.card.fingerprint == self.history.fingerprint


@dataclass(frozen=True)
class Standing:
    """How one predictor does by one metric at one step, beside a reference.

    Attributes:
        predictor: its name.
        value: the metric itself, as in ``Scores``.
        skill: 1 - the predictor's error / the reference's, a fraction; of a coverage the share
            inside minus the share promised.
        low: lower end of the 95 % moving-block bootstrap interval of the skill.
        high: its upper end.
        p_value: Diebold-Mariano, two-sided, against the reference; of a coverage against what
            the band promises. NaN where it can't be told.
        p_holm: the same after Holm's correction for all comparisons of the leaderboard.
    """

    predictor: str
    value: float
    skill: float
    low: float
    high: float
    p_value: float
    p_holm: float


@dataclass(frozen=True)
class Leaderboard:
    """Every predictor of a backtest by one metric at one step, the best first.

    Attributes:
        metric: a field of ``Scores``.
        step: 1 to the horizon.
        reference: the predictor that the others are compared with.
        origins: how many were compared.
        standings: by value; undefined ones last.
    """

    metric: str
    step: int
    reference: str
    origins: int
    standings: tuple[Standing, ...]


@dataclass(frozen=True)
class WalkPlan:
    """How a walk-forward test refits: hashable, so that it can key a job.

    Attributes:
        folds: spans that the test share is cut into, each with a fit of its own.
        window: ``"expanding"`` (a fit sees all rows before its span) or ``"sliding"`` (the last
            ``window_rows`` of them).
        window_rows: rows of a sliding window; ``None`` for as many as the first fold has.
        gap: rows between the last origin a fit learns from and the first it is judged on, at
            least the horizon, so that no target reaches into the span; ``None`` for the horizon.
        warm_start: whether each fit starts from the weights of the one before, for a third of
            the epochs.
    """

    folds: int = 4
    window: str = "expanding"
    window_rows: int | None = None
    gap: int | None = None
    warm_start: bool = False


@dataclass(frozen=True, eq=False)
class Fold:
    """One span of a walk-forward test, and the fit that forecast it.

    Attributes:
        split: which rows did what; its test origins are those of this span alone.
        end: first row after the span.
        scores: by predictor, one ``Scores`` a step, on this span.
        model: the network fitted for it; ``None`` when a baseline is judged.
        cached: whether the model came from the training cache.
        warm: whether its fit started from the weights of the fold before.
    """

    split: Split
    end: int
    scores: Mapping[str, tuple[Scores, ...]]
    model: TrainedModel | None = None
    cached: bool = False
    warm: bool = False


@dataclass(frozen=True, eq=False)
class WalkForward:
    """A test in which the model is fitted anew for each of several spans.

    Attributes:
        plan: how it refitted, with nothing left open.
        folds: in time order; their spans tile the test share.
        backtest: the forecasts of all folds, judged as one. Its ``model`` is ``None`` where there
            is more than one fold, for then there is no single one.
    """

    plan: WalkPlan
    folds: tuple[Fold, ...]
    backtest: Backtest


@dataclass(frozen=True)
class Share:
    """A share that was counted, and the 95 % interval of the chance behind it.

    All are fractions; NaN where nothing was counted.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Regime:
    """What a band did at the origins of one third of a test, by how restless the market was.

    Attributes:
        name: ``"calm"``, ``"usual"`` or ``"restless"``.
        origins: how many there are.
        low: lowest volatility among them, log-return a candle.
        high: highest.
        coverage: share of actuals inside, by level (%).
        pinball: mean loss of the nine quantiles, log-return.
    """

    name: str
    origins: int
    low: float
    high: float
    coverage: Mapping[int, Share]
    pinball: float


@dataclass(frozen=True, eq=False)
class Reliability:
    """Whether the judged model's band held what it promised, at one step of a test.

    Attributes:
        backtest: the test.
        step: 1 to the horizon.
        origins: how many outcomes were counted.
        observed: share of actuals at or below each of ``QUANTILES``.
        pit: share of actuals in each of so many equally likely parts of the forecast
            distribution, from the lowest prices to the highest.
        coverage: share of actuals inside, by level (%).
        regimes: calm, usual and restless thirds of the origins.
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
    """Share of actuals inside the judged model's band at each step of a test.

    Attributes:
        backtest: the test.
        steps: by level (%), from step 1 to the horizon.
    """

    backtest: Backtest
    steps: tuple[Mapping[int, Share], ...]


@dataclass(frozen=True, eq=False)
class Calibration:
    """How a band was rescaled by outcomes that were known when it was drawn.

    Attributes:
        window: forecasts it looks back on at most.
        outcomes: forecasts it looked back on whose last step was known.
        since: origin of the first of them, UTC.
        factors: ``(horizon, 9)`` by which each quantile's distance from the median was multiplied.
    """

    window: int
    outcomes: int
    since: pd.Timestamp
    factors: Array


@dataclass(frozen=True, eq=False)
class Spread:
    """How far the networks of an ensemble lie apart: what the luck of a seed is worth.

    Attributes:
        networks: how many.
        point: ``(horizon,)`` standard deviation of their point forecasts, in log-return.
        width: ``(horizon,)`` standard deviation of the widths of their own 80 % bands, as a
            share of the mean width.
    """

    networks: int
    point: Array
    width: Array


@dataclass(frozen=True, eq=False)
class NextSteps:
    """What comes next: one origin, the last closed candle.

    Attributes:
        model: name of the saved model, or of its network.
        history: the prices it looked at.
        forecast: one origin, ``actual`` all NaN.
        warnings: sentences a person should read before the numbers.
        calibration: how the band was rescaled; ``None`` where it is the model's own.
        spread: how far the networks of an ensemble lie apart; ``None`` of a single one.
    """

    model: str
    history: PriceHistory
    forecast: Forecast
    warnings: tuple[str, ...] = ()
    calibration: Calibration | None = None
    spread: Spread | None = None


@dataclass(frozen=True, eq=False)
class Probability:
    """The chance that the price ends above or below a level.

    Attributes:
        level: USD.
        direction: ``"above"`` or ``"below"``.
        by_step: ``(horizon,)`` at each step, a fraction; NaN where the band is undefined.
    """

    level: float
    direction: str
    by_step: Array
