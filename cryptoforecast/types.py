"""The frozen values that flow: prices, what is learnt, what is judged.

Imports nothing of ours. Frames and arrays inside are never mutated by whoever receives them.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import numpy as np
import pandas as pd

Array = np.ndarray

#: Candle lengths, by their name.
INTERVALS: dict[str, pd.Timedelta] = {
    "1m": pd.Timedelta(minutes=1),
    "5m": pd.Timedelta(minutes=5),
    "15m": pd.Timedelta(minutes=15),
    "30m": pd.Timedelta(minutes=30),
    "1h": pd.Timedelta(hours=1),
    "4h": pd.Timedelta(hours=4),
    "1d": pd.Timedelta(days=1),
    "1w": pd.Timedelta(weeks=1),
}

#: What one candle of each interval is called in a sentence.
INTERVAL_NOUNS: dict[str, str] = {
    "1m": "minute", "5m": "5-minute candle", "15m": "15-minute candle", "30m": "half hour",
    "1h": "hour", "4h": "4-hour candle", "1d": "day", "1w": "week",
}  # fmt: skip


def duration(candles: int, interval: str) -> str:
    """Say how long so many candles take: "24 hours", or "3 hours" for twelve of 15 minutes."""
    number, noun = candles, INTERVAL_NOUNS[interval]
    if noun not in ("minute", "hour", "day", "week"):
        number, noun = round(candles * INTERVALS[interval] / INTERVALS["1m"]), "minute"
        if number % 60 == 0:
            number, noun = number // 60, "hour"
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


#: The nine quantiles every band is made of: levels 50, 80, 90 and 95 %, and the median.
QUANTILES: tuple[float, ...] = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
MEDIAN = QUANTILES.index(0.5)


# ---------------------------------------------------------------------------- prices


@dataclass(frozen=True)
class MarketQuery:
    """A coin and a history window.

    Attributes:
        coin: ticker such as ``"BTC"``, or any symbol of the source (``"ATOM-USD"``).
        interval: candle length, a key of ``INTERVALS``.
        start: first candle's open, UTC; ``None`` for as far back as the source goes.
        end: candles open before this time, UTC; ``None`` for now.
    """

    coin: str
    interval: str = "1h"
    start: pd.Timestamp | None = None
    end: pd.Timestamp | None = None


@dataclass(frozen=True)
class Problem:
    """One finding of the quality report: what, how many, where first, and what is done."""

    kind: str
    count: int
    first_line: int | None = None
    repair: str = "none"
    detail: str = ""


@dataclass(frozen=True)
class QualityReport:
    """What was found in a history, and what the reader decided.

    Attributes:
        missing: candles absent between the first and the last.
        duplicates: rows whose time was there already.
        flat_tail: candles at the end that repeat one price without volume.
        ohlc_violations: candles whose open or close lies outside high/low.
        outliers: candles far outside both neighbours.
        decisions: what the reader settled by itself (delimiter, time zone, ...).
    """

    missing: int = 0
    duplicates: int = 0
    flat_tail: int = 0
    ohlc_violations: int = 0
    outliers: int = 0
    decisions: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, eq=False)
class PriceHistory:
    """Closed candles of one coin, and where they came from.

    Attributes:
        coin: ticker, for example ``"BTC"``.
        interval: candle length, a key of ``INTERVALS``.
        candles: frame indexed by a UTC ``DatetimeIndex`` in ns named ``time`` (the candle's
            open, strictly rising), float64 columns ``open high low close`` (USD) and ``volume``
            (see ``volume_unit``; NaN where unknown).
        source: who answered: ``"yahoo"``, ``"simulated"``, or ``"file NAME"``.
        fetched_at: when the source was last asked, UTC.
        simulated: whether these prices are not from a real market.
        volume_unit: ``"coins"``, ``"usd"`` or ``"unknown"``.
        notes: sentences a person should read, such as why the live source did not answer.
    """

    coin: str
    interval: str
    candles: pd.DataFrame
    source: str
    fetched_at: pd.Timestamp
    simulated: bool = False
    volume_unit: str = "unknown"
    quality: QualityReport = field(default_factory=QualityReport)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.candles)

    @property
    def start(self) -> pd.Timestamp:
        """Open of the first candle."""
        return self.candles.index[0]

    @property
    def end(self) -> pd.Timestamp:
        """Open of the last candle."""
        return self.candles.index[-1]

    @property
    def step(self) -> pd.Timedelta:
        """Length of one candle."""
        return INTERVALS[self.interval]

    @cached_property
    def fingerprint(self) -> str:
        """Content hash of the interval and every candle, 16 hexadecimal digits."""
        digest = hashlib.sha256(self.interval.encode())
        digest.update(np.ascontiguousarray(self.candles.index.asi8).tobytes())
        for column in ("open", "high", "low", "close", "volume"):
            digest.update(np.ascontiguousarray(self.candles[column].to_numpy(float)).tobytes())
        return digest.hexdigest()[:16]


# ---------------------------------------------------------------------------- learning


@dataclass(frozen=True)
class ModelSpec:
    """Everything a slider can set; hashable, so that it can key a cache.

    Attributes:
        network: ``"lstm"``, ``"dense"``, or the name of a baseline.
        target: ``"return"`` (cumulative log-return) or ``"price"`` (min-max scaled close).
        loss: ``"quantile"`` (nine quantiles) or ``"mse"`` (the mean).
        training: ``"sequences"`` (many targets a chunk) or ``"windows"`` (one).
        features: names of ``learning.features``.
        lookback: candles the network sees.
        horizon: steps predicted at once.
        units: width of each hidden layer.
        dropout: share of units silenced while training.
        learning_rate: Adam's step size (its peak, under the cosine schedule).
        schedule: ``"cosine"`` (warm-up, then decay to 2 %) or ``"constant"``.
        batch_size: chunks or windows an update.
        chunk: targets in one training sequence.
        epochs: passes over the training rows, at most.
        patience: epochs without improvement on the validation rows before stopping; 0 runs the
            whole schedule. The weights of the best epoch are kept in any case.
        test: share of rows, the last ones, never seen until judged.
        validation: share of rows before those, for stopping and for bands.
        seed: of the weights, the dropout and the order of batches.
        unit: of a return that is learnt: ``"range"`` (the average true range up to the origin,
            so that calm and wild markets are alike) or ``"fixed"`` (the same everywhere).
        final: share of the epochs that follow, at half the step size, on training and validation
            rows together, so that the newest prices are learnt too; 0 for none.
        ensemble: networks trained alike from this seed on, one seed each; their quantiles are
            averaged.
    """

    network: str = "lstm"
    target: str = "return"
    loss: str = "quantile"
    training: str = "sequences"
    features: tuple[str, ...] = (
        "scaled_return", "scaled_move", "scaled_range", "short_range", "hour", "half_day", "week",
    )  # fmt: skip
    lookback: int = 60
    horizon: int = 1
    units: tuple[int, ...] = (64, 32)
    dropout: float = 0.2
    learning_rate: float = 4e-3
    schedule: str = "cosine"
    batch_size: int = 32
    chunk: int = 31
    epochs: int = 15
    patience: int = 0
    test: float = 0.2
    validation: float = 0.16
    seed: int = 0
    unit: str = "range"
    final: float = 1 / 3
    ensemble: int = 1


#: Runs of rows in time order, none of them empty, apart from each other.
Stretches = tuple[range, ...]


@dataclass(frozen=True)
class Split:
    """Chronological shares of ``rows`` candles; never shuffled.

    Training rows are ``[first, train_end)``, validation ``[train_end, fit_end)``, test
    ``[test_start, rows)``. An origin belongs to the span that holds it *and* all of its targets.
    Nothing is learnt across a gap: whatever shapes a model comes in stretches that lie between
    two gaps.

    Attributes:
        gaps: rows, rising, before which the market was not observed for long.
        first: rows before this one shape no model.
        embargo: rows left unused between the validation and the test span.
    """

    rows: int
    train_end: int
    test_start: int
    horizon: int
    gaps: tuple[int, ...] = ()
    first: int = 0
    embargo: int = 0

    @property
    def fit_end(self) -> int:
        """First row that a fit does not see."""
        return self.test_start - self.embargo

    def train_rows(self, needs: int) -> Stretches:
        """Rows before ``train_end`` with ``needs`` candles up to them and no gap among those."""
        return self._between_gaps(self.first, self.train_end, needs, 0)

    def train_origins(self, needs: int) -> Stretches:
        """``train_rows`` with every target before ``train_end``, and before the next gap."""
        return self._between_gaps(self.first, self.train_end, needs, self.horizon)

    def validation_origins(self, needs: int = 1) -> Stretches:
        """Rows of the validation span with every target before ``fit_end``, likewise."""
        return self._between_gaps(self.train_end, self.fit_end, needs, self.horizon)

    def test_origins(self) -> range:
        """Rows of the last share whose targets exist; the same for every predictor."""
        return range(self.test_start, self.rows - self.horizon)

    def across_gaps(self, needs: int = 1) -> int:
        """Count test origins with a gap among the ``needs`` candles up to them or the targets."""
        whole = self._between_gaps(self.test_start, self.rows, needs, self.horizon)
        return len(self.test_origins()) - sum(map(len, whole))

    def _between_gaps(self, first: int, stop: int, needs: int, ahead: int) -> Stretches:
        """Rows in ``[first, stop)`` that no gap parts from what they read and look ahead to."""
        later = (gap for gap in self.gaps if gap > self.first)
        found = (
            range(max(first, begin + needs - 1), min(stop, end) - ahead)
            for begin, end in pairwise((self.first, *later, self.rows))
        )
        return tuple(stretch for stretch in found if stretch)


@dataclass(frozen=True, eq=False)
class Scaler:
    """Affine scaling fitted on training rows only.

    ``scaled = (raw - offset) / scale``: standardising for returns, min-max for prices.

    Attributes:
        offset: ``(inputs,)`` mean, or minimum.
        scale: ``(inputs,)`` standard deviation, or range.
        target_offset: ``(horizon,)`` in log-return or USD.
        target_scale: ``(horizon,)`` in log-return or USD.
    """

    offset: Array
    scale: Array
    target_offset: Array
    target_scale: Array


@dataclass(frozen=True)
class EpochLoss:
    """Losses after one epoch, in the scaled target's unit; ``seconds`` since the start."""

    epoch: int
    loss: float
    val_loss: float
    seconds: float


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes:
        epoch: the one running, from 1.
        epochs: the most there can be.
        done: share of the whole schedule, 0 to 1; of all folds.
        seconds: since the start.
        curve: losses of the finished epochs; of this fold.
        fold: the one being fitted, from 1.
        folds: how many fits there are in all.
    """

    epoch: int
    epochs: int
    done: float
    seconds: float
    curve: tuple[EpochLoss, ...] = ()
    fold: int = 1
    folds: int = 1


@dataclass(frozen=True)
class TrainingRecord:
    """How a fit went.

    Attributes:
        epochs: epochs run.
        best_epoch: the epoch whose weights were kept.
        seconds: the whole fit, building and tracing included.
        targets_per_second: origins with a loss in one epoch / its training seconds, median of
            the epochs after the first.
        curve: losses by epoch.
    """

    epochs: int
    best_epoch: int
    seconds: float
    targets_per_second: float
    curve: tuple[EpochLoss, ...] = ()


@dataclass(frozen=True)
class ModelCard:
    """What a person should know of a model before relying on it.

    Attributes:
        coin: ticker it was trained on, ``"any"`` for a global model.
        needs: candles a forecast reads: lookback plus the warm-up of its features.
        cutoff: open of the last candle that shaped the weights, ISO 8601.
        start: open of the first candle of its history, ISO 8601.
        end: open of the last candle of its history, test span included, ISO 8601.
        libraries: versions that trained it.
        scores: last-step test scores by predictor, as in ``backtest --json``.
    """

    coin: str
    interval: str
    needs: int
    start: str
    end: str
    cutoff: str
    source: str
    fingerprint: str
    simulated: bool
    created: str
    scope: str = "coin"
    rows: int = 0
    lowest: float = float("nan")
    highest: float = float("nan")
    verdict: str = ""
    libraries: Mapping[str, str] = field(default_factory=dict)
    scores: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A network's numbers and everything needed to use them without TensorFlow.

    Attributes:
        spec: how it was made.
        scaler: fitted on its training rows.
        weights: arrays in Keras' order, layer by layer: ``kernel, recurrent, bias`` of each
            LSTM, ``kernel, bias`` of each Dense.
        residuals: ``(horizon, 9)`` validation quantiles of the log-return residual, for the
            band of a model trained with squared error; ``None`` with the quantile loss.
        record: how the fit went.
        card: where it came from.
    """

    spec: ModelSpec
    scaler: Scaler
    weights: tuple[Array, ...]
    residuals: Array | None
    record: TrainingRecord
    card: ModelCard


@dataclass(frozen=True, eq=False)
class SavedModel:
    """A model with the name a person knows it by; ``shipped`` ones come with the project."""

    name: str
    shipped: bool
    model: TrainedModel


@dataclass(frozen=True, eq=False)
class Forecast:
    """What one predictor said at many origins; all steps at once.

    Attributes:
        predictor: ``"naive"``, ``"cone"``, ``"lstm"``, ...
        interval: candle length.
        origins: ``(n,)`` opens of the last closed candle at each origin, UTC.
        close: ``(n,)`` close of that candle, USD.
        predicted: ``(n, horizon)`` point forecast of the close ``step`` rows later, USD.
        quantiles: ``(n, horizon, 9)`` of the cumulative log-return, rising along the last axis.
        actual: ``(n, horizon)`` what the close became, USD; NaN where still unknown.
    """

    predictor: str
    interval: str
    origins: pd.DatetimeIndex
    close: Array
    predicted: Array
    quantiles: Array
    actual: Array

    def __len__(self) -> int:
        return len(self.close)

    def __getitem__(self, rows: slice) -> Forecast:
        """Take some of the origins."""
        return Forecast(
            predictor=self.predictor,
            interval=self.interval,
            origins=self.origins[rows],
            close=self.close[rows],
            predicted=self.predicted[rows],
            quantiles=self.quantiles[rows],
            actual=self.actual[rows],
        )

    @classmethod
    def joined(cls, parts: Sequence[Forecast]) -> Forecast:
        """Join forecasts of one predictor and horizon, one after another in time."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            predictor=parts[0].predictor,
            interval=parts[0].interval,
            origins=parts[0].origins.append([part.origins for part in parts[1:]]),
            close=np.concatenate([part.close for part in parts]),
            predicted=np.concatenate([part.predicted for part in parts]),
            quantiles=np.concatenate([part.quantiles for part in parts]),
            actual=np.concatenate([part.actual for part in parts]),
        )

    @property
    def horizon(self) -> int:
        """Steps predicted at each origin."""
        return self.predicted.shape[1]

    @property
    def quantile_prices(self) -> Array:
        """``(n, horizon, 9)`` the quantiles as prices, USD."""
        return self.close[:, None, None] * np.exp(self.quantiles)

    @property
    def actual_returns(self) -> Array:
        """``(n, horizon)`` cumulative log-return that happened; NaN where unknown."""
        return np.log(self.actual / self.close[:, None])

    def frame(self, step: int | None = None) -> pd.DataFrame:
        """Return the long table in USD, one row an origin and step.

        Args:
            step: only this step, 1 to the horizon; all of them by default.

        Returns:
            Columns ``origin time step close predicted actual residual q0.025 ... q0.975``.
        """
        steps = np.arange(1, self.horizon + 1) if step is None else np.array([step])
        prices = self.close[:, None, None] * np.exp(self.quantiles[:, steps - 1])
        predicted, actual = (x[:, steps - 1].T.ravel() for x in (self.predicted, self.actual))
        origins = self.origins[np.tile(np.arange(len(self)), len(steps))]
        ahead = np.repeat(steps, len(self))
        columns = {
            "origin": origins,
            "time": origins + ahead * INTERVALS[self.interval].to_timedelta64(),
            "step": ahead,
            "close": np.tile(self.close, len(steps)),
            "predicted": predicted,
            "actual": actual,
            "residual": actual - predicted,
        }
        bands = {f"q{q}": prices[:, :, i].T.ravel() for i, q in enumerate(QUANTILES)}
        return pd.DataFrame(columns | bands)


class Predictor(Protocol):
    """Anything that forecasts: baselines and trained networks alike."""

    @property
    def name(self) -> str: ...

    def forecast(self, history: PriceHistory, rows: range) -> Forecast:
        """Forecast from each of ``rows``, looking at no later row."""
        ...


# ---------------------------------------------------------------------------- evaluation


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
        cached: whether the model came from the result cache.
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
    def judged(self) -> Forecast:
        """The forecasts of the model in question."""
        return self.forecasts[self.spec.network]


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
        cached: whether the model came from the result cache.
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
        joined: the forecasts of all folds, judged as one. Its ``model`` is ``None`` where there
            is more than one fold, for then there is no single one.
    """

    plan: WalkPlan
    folds: tuple[Fold, ...]
    joined: Backtest


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
        judged: the test.
        step: 1 to the horizon.
        origins: how many outcomes were counted.
        observed: share of actuals at or below each of ``QUANTILES``.
        pit: share of actuals in each of so many equally likely parts of the forecast
            distribution, from the lowest prices to the highest.
        coverage: share of actuals inside, by level (%).
        regimes: calm, usual and restless thirds of the origins.
    """

    judged: Backtest
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
        judged: the test.
        steps: by level (%), from step 1 to the horizon.
    """

    judged: Backtest
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
class Future:
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
class Odds:
    """The chance that the price ends above or below a level.

    Attributes:
        level: USD.
        direction: ``"above"`` or ``"below"``.
        chances: ``(horizon,)`` at each step, a fraction; NaN where the band is undefined.
    """

    level: float
    direction: str
    chances: Array
