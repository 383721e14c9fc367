"""What is asked of a network or a baseline, what was learnt, and what it forecasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pandas as pd

from cryptoforecast.types.prices import INTERVALS, Array

#: The nine quantiles every band is made of: levels 50, 80, 90 and 95 %, and the median.
QUANTILES: tuple[float, ...] = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
MEDIAN = QUANTILES.index(0.5)


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
        best_epoch: the one of the lowest validation loss, whose weights were kept or learnt on
            from; of an ensemble, its first network's.
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
class StepForecast:
    """One step of a forecast, at the ``m`` origins whose outcome is known.

    Attributes:
        origins: ``(m,)`` opens of the last closed candle at each origin, UTC.
        close: ``(m,)`` close of that candle, USD.
        predicted: ``(m,)`` point forecast of the close so many rows later, USD.
        quantiles: ``(m, 9)`` of the cumulative log-return.
        actual: ``(m,)`` what the close became, USD.
    """

    origins: pd.DatetimeIndex
    close: Array
    predicted: Array
    quantiles: Array
    actual: Array

    def __len__(self) -> int:
        return len(self.close)

    @property
    def actual_returns(self) -> Array:
        """``(m,)`` cumulative log-return that happened."""
        returns: Array = np.log(self.actual / self.close)
        return returns


@dataclass(frozen=True, eq=False)
class Forecast:
    """What one predictor said at many origins; all steps at once.

    Attributes:
        predictor: ``"naive"``, ``"cone"``, ``"lstm"``, ...
        interval: candle length.
        origins: ``(n,)`` opens of the last closed candle at each origin, UTC.
        close: ``(n,)`` close of that candle, USD.
        predicted: ``(n, horizon)`` point forecast of the close ``step`` rows later, USD.
        quantiles: ``(n, horizon, 9)`` of the cumulative log-return, rising along the last axis;
            of networks float32.
        actual: ``(n, horizon)`` what the close became, USD; NaN where still unknown.
        candles: opens of the candles it was made on, UTC, which say when a target is; without
            them no candle is taken to be absent.
    """

    predictor: str
    interval: str
    origins: pd.DatetimeIndex
    close: Array
    predicted: Array
    quantiles: Array
    actual: Array
    candles: pd.DatetimeIndex | None = None

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
            candles=self.candles,
        )

    @classmethod
    def concat(cls, parts: Sequence[Forecast]) -> Forecast:
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
            candles=parts[0].candles,
        )

    @property
    def horizon(self) -> int:
        """Steps predicted at each origin."""
        return int(self.predicted.shape[1])

    @property
    def quantile_prices(self) -> Array:
        """``(n, horizon, 9)`` the quantiles as prices, USD."""
        prices: Array = self.close[:, None, None] * np.exp(self.quantiles, dtype=float)
        return prices

    @property
    def actual_returns(self) -> Array:
        """``(n, horizon)`` cumulative log-return that happened; NaN where unknown."""
        returns: Array = np.log(self.actual / self.close[:, None])
        return returns

    def at(self, step: int) -> StepForecast:
        """Take one step, 1 to the horizon, at the origins whose outcome is known."""
        known = np.isfinite(self.actual[:, step - 1])
        rows = slice(None) if known.all() else known  # the first spares copies
        return StepForecast(
            origins=self.origins[rows],
            close=self.close[rows],
            predicted=self.predicted[rows, step - 1],
            quantiles=self.quantiles[rows, step - 1],
            actual=self.actual[rows, step - 1],
        )

    def times(self, step: int) -> pd.DatetimeIndex:
        """Return the open of each target: of the candle ``step`` rows after its origin, ``(n,)``.

        Beyond the last candle there are, one follows the other.
        """
        length = INTERVALS[self.interval]
        if self.candles is None:
            return self.origins + step * length
        last = len(self.candles) - 1
        rows = self.candles.searchsorted(self.origins) + step
        if rows.max(initial=0) <= last:
            return self.candles[rows]
        return self.candles[np.minimum(rows, last)] + np.maximum(rows - last, 0) * length

    def frame(self, step: int | None = None) -> pd.DataFrame:
        """Return the long table in USD, one row an origin and step.

        Args:
            step: only this step, 1 to the horizon; all of them by default.

        Returns:
            Columns ``origin time step close predicted actual residual q0.025 ... q0.975``.
        """
        steps = np.arange(1, self.horizon + 1) if step is None else np.array([step])
        prices = self.close[:, None, None] * np.exp(self.quantiles[:, steps - 1], dtype=float)
        predicted, actual = (x[:, steps - 1].T.ravel() for x in (self.predicted, self.actual))
        origins = self.origins[np.tile(np.arange(len(self)), len(steps))]
        ahead = np.repeat(steps, len(self))
        first, *later = (self.times(each) for each in steps)
        columns = {
            "origin": origins,
            "time": first.append(later),
            "step": ahead,
            "close": np.tile(self.close, len(steps)),
            "predicted": predicted,
            "actual": actual,
            "residual": actual - predicted,
        }
        bands = {f"q{q}": prices[:, :, i].T.ravel() for i, q in enumerate(QUANTILES)}
        return pd.DataFrame(columns | bands)
