"""Learning: the spec of a model, its split, the trained model, and the forecast it gives."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd

from cryptoforecast.types.judgement import Outcome
from cryptoforecast.types.prices import INTERVALS, Array
from cryptoforecast.types.quotes import DEFAULT_QUOTE, market_name

#: The nine quantiles of every band: the median, and the ends of the levels 50, 80, 90 and 95 %.
QUANTILES: tuple[float, ...] = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
MEDIAN = QUANTILES.index(0.5)


@dataclass(frozen=True)
class ModelSpec:
    """A model and how it is trained: everything that a user can set.

    A spec is hashable, so that it can be part of a cache's key. ``learning.specs.make`` builds one
    from a preset, and ``learning.specs.check`` has the rules that every spec keeps.

    Attributes:
        network: ``"lstm"``, ``"dense"`` or the name of a baseline.
        target: What is learnt: ``"return"`` (cumulative log-return) or ``"price"`` (the close,
            min-max scaled).
        loss: ``"quantile"`` (pinball loss of nine quantiles) or ``"mse"`` (squared error of the
            mean).
        training: ``"sequences"`` (a chunk of several targets shares one run-in) or ``"windows"``
            (one target for each window).
        features: Inputs: names of ``learning.features.FEATURES``, and of signals, such as
            ``"signal:fear_greed"``.
        lookback: Candles that the network reads.
        horizon: Steps that are predicted, all at once.
        units: Width of each hidden layer.
        dropout: Share of the units that are switched off at random in training.
        learning_rate: Step size of Adam; with the cosine schedule its highest value.
        schedule: ``"cosine"`` (a rise, then a decay to 2 %) or ``"constant"``.
        batch_size: Sequences or windows in one update.
        chunk: Targets in one chunk of a sequence.
        epochs: Passes over the training rows, at most.
        patience: Epochs without a lower validation loss after which training stops; 0 runs the
            whole schedule. The weights of the best epoch are kept in any case.
        test: Share of the rows, the last ones, that a fit never reads.
        validation: Share of the rows, before the test rows, that choose the epoch and give the
            band of a squared-error model.
        seed: Seed of the weights, the dropout and the order of batches.
        unit: Unit of a return that is learnt: ``"range"`` (the average true range up to the
            origin, so that calm and volatile markets look alike) or ``"fixed"`` (always the same).
        final: Number of final epochs as a share of ``epochs``. They follow with half the step
            size on training and validation rows together, so that the newest prices are learnt
            too; 0 for none.
        ensemble: Networks that are trained alike with the seeds ``seed``, ``seed + 1`` and so on;
            their quantiles are averaged.
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

    @property
    def final_epochs(self) -> int:
        """Final epochs of each network, on training and validation rows together.

        It is 0 for squared error: the band of such a model is measured on the validation rows.
        """
        return 0 if self.loss == "mse" else round(self.final * self.epochs)


#: Ranges of rows in time order; none is empty, and no two touch each other.
Stretches = tuple[range, ...]


@dataclass(frozen=True)
class Split:
    """The training, validation and test spans of a history, in time order and never shuffled.

    Training rows are ``[first, train_end)``, validation rows ``[train_end, fit_end)`` and test
    rows ``[test_start, rows)``. An origin belongs to a span if the origin *and* all its targets
    lie in the span, so that no target reaches from one span into the next. Nothing is learnt
    across a gap: the rows that shape a model come in stretches between two gaps.

    Attributes:
        rows: Candles of the history.
        train_end: First row after the training span.
        test_start: First row of the test span.
        horizon: Steps from an origin to its last target.
        gaps: Rows, rising, before which many candles in a row are absent.
        first: First row that shapes the model.
        embargo: Rows between the validation and the test span that are not used.
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
        """First row that a fit does not read."""
        return self.test_start - self.embargo

    def train_rows(self, needs: int) -> Stretches:
        """Return the training rows that have ``needs`` candles up to them without a gap."""
        return self._between_gaps(self.first, self.train_end, needs, 0)

    def train_origins(self, needs: int) -> Stretches:
        """Return the ``train_rows`` whose targets all lie before ``train_end`` and the next gap."""
        return self._between_gaps(self.first, self.train_end, needs, self.horizon)

    def validation_origins(self, needs: int = 1) -> Stretches:
        """Return the same for the validation span, with all targets before ``fit_end``."""
        return self._between_gaps(self.train_end, self.fit_end, needs, self.horizon)

    def test_origins(self) -> range:
        """Return the test rows whose targets all exist; they are the same for every predictor."""
        return range(self.test_start, self.rows - self.horizon)

    def across_gaps(self, needs: int = 1) -> int:
        """Count the test origins with a gap among their ``needs`` candles or their targets."""
        whole = self._between_gaps(self.test_start, self.rows, needs, self.horizon)
        return len(self.test_origins()) - sum(map(len, whole))

    def _between_gaps(self, first: int, stop: int, needs: int, ahead: int) -> Stretches:
        """Return the rows in ``[first, stop)`` with no gap among their candles and targets.

        Args:
            first: First row.
            stop: First row after the last one.
            needs: Candles up to a row that must have no gap.
            ahead: Steps after a row that must have no gap and lie before ``stop``.
        """
        later = (gap for gap in self.gaps if gap > self.first)
        stretches = (
            range(max(first, begin + needs - 1), min(stop, end) - ahead)
            for begin, end in pairwise((self.first, *later, self.rows))
        )
        return tuple(stretch for stretch in stretches if stretch)


@dataclass(frozen=True, eq=False)
class Scaler:
    """An affine scaling of inputs and targets, fitted on training rows alone.

    ``scaled = (raw - offset) / scale``. Returns are standardised, prices are min-max scaled.

    Attributes:
        offset: ``(inputs,)``, mean or minimum of each input.
        scale: ``(inputs,)``, standard deviation or range of each input, above 0.
        target_offset: ``(horizon,)``, in the unit of the target: log-return, average true ranges
            or quote currency.
        target_scale: ``(horizon,)``, in the same unit, above 0.
    """

    offset: Array
    scale: Array
    target_offset: Array
    target_scale: Array


@dataclass(frozen=True)
class EpochLoss:
    """The losses of one epoch.

    Attributes:
        epoch: Number of the epoch, from 1.
        loss: Mean training loss in the epoch, in units of the scaled target.
        val_loss: Mean validation loss after the epoch, in the same unit.
        seconds: Seconds from the start of the fit to the end of the epoch.
    """

    epoch: int
    loss: float
    val_loss: float
    seconds: float


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes:
        epoch: The current epoch, from 1.
        epochs: Epochs of this fit, at most, final epochs included.
        done: Share of the work of all folds that is done, 0 to 1.
        seconds: Seconds since the start.
        curve: Losses of the finished epochs of this fold.
        fold: The fold that is fitted now, from 1.
        folds: Fits in all.
        final: Final epochs, which are the last of ``epochs``.
    """

    epoch: int
    epochs: int
    done: float
    seconds: float
    curve: tuple[EpochLoss, ...] = ()
    fold: int = 1
    folds: int = 1
    final: int = 0


@dataclass(frozen=True)
class Monitor:
    """How a training reports its progress, and how it is cancelled.

    Attributes:
        report: Called with the progress, a few times a second.
        cancelled: Called before every update; the training stops when it returns true, or with the
            error that it raises.
    """

    report: Callable[[Progress], None] = lambda _: None
    cancelled: Callable[[], bool] = lambda: False


#: A monitor that reports to no one and never cancels.
UNWATCHED = Monitor()


@dataclass(frozen=True)
class TrainingRecord:
    """How a fit went.

    Attributes:
        epochs: Epochs that were run, final epochs included.
        best_epoch: The epoch with the lowest validation loss. Its weights were kept, or the final
            epochs started from them. Of an ensemble, that of the first network.
        seconds: Seconds of the whole fit, with building and compiling the network.
        targets_per_second: Origins with a loss in one epoch over its training seconds; the median
            of all epochs but the first.
        curve: Losses of the epochs, without the final ones.
    """

    epochs: int
    best_epoch: int
    seconds: float
    targets_per_second: float
    curve: tuple[EpochLoss, ...] = ()


@dataclass(frozen=True)
class ModelCard:
    """What a user should know about a model before relying on it.

    Attributes:
        coin: Ticker of the coin that it was trained on; ``"any"`` for a global model.
        interval: Candle length, a key of ``INTERVALS``.
        needs: Candles that a forecast reads: the lookback and the warm-up of its features.
        start: Open of the first candle of its history, ISO 8601.
        end: Open of the last candle of its history, test span included, ISO 8601.
        cutoff: Open of the last candle that shaped the weights, ISO 8601.
        source: Where its prices come from; for a global model, the coins.
        fingerprint: Hash of its history, see ``PriceHistory.fingerprint``; for a global model, of
            the hashes of all its histories.
        simulated: Whether it was trained on simulated prices.
        created: When it was trained, ISO 8601, UTC.
        scope: ``"coin"`` for a model of one coin, ``"global"`` for one of many.
        rows: Candles of its history, or of all its histories.
        lowest: Lowest close of its training rows, in ``quote``; NaN where unknown.
        highest: Highest close of its training rows, in ``quote``; NaN where unknown.
        verdict: The verdict of its test in one sentence; ``""`` if there was no test.
        outcomes: How the price error compared with the last price's in that test, for the network
            alone, by its kind, and for the ``"stack"``; see ``Outcome``.
        origins: Past forecasts of that test; 0 where unknown.
        gain: Mean gain of following the network's direction in it, before fees, basis points
            (0.01 %) of the price a forecast; ``None`` where unknown.
        libraries: Versions of the libraries that trained it, by name.
        scores: Test scores at the last step, by predictor and metric, as in ``backtest --json``;
            ``None`` where a score is undefined.
        quote: Currency of the prices that it was trained on; ``"any"`` for a global model.
        guest: Whether a guest of a server saved it, not the owner of the installation.
        signals: The signals that it reads beside the candles, by name; see ``Signal.about``.
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
    quote: str = DEFAULT_QUOTE
    guest: bool = False
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    origins: int = 0
    gain: float | None = None
    signals: Mapping[str, str] = field(default_factory=dict)

    @property
    def market(self) -> str:
        """Name of its market, as ``PriceHistory.market``; ``"any"`` for a global model."""
        return self.coin if self._any_quote else market_name(self.coin, self.quote)

    @property
    def learnt_until(self) -> pd.Timestamp:
        """Close of the last candle that shaped the weights, UTC."""
        return pd.Timestamp(self.cutoff) + INTERVALS[self.interval]

    @property
    def quote_words(self) -> str:
        """The currency of its prices in words."""
        return "any currency" if self._any_quote else self.quote

    @property
    def _any_quote(self) -> bool:
        return "any" in (self.coin, self.quote)


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A network's weights, and everything that is needed to use them without TensorFlow.

    Attributes:
        spec: The network and how it was trained.
        scaler: Scaling of its inputs and targets, fitted on its training rows.
        weights: Float32 arrays in Keras' order, network by network and layer by layer: ``kernel,
            recurrent kernel, bias`` of each LSTM layer, ``kernel, bias`` of each Dense layer.
        residuals: ``(horizon, 9)`` quantiles of ln(actual / predicted) on the validation rows:
            the band of a model trained with squared error. ``None`` with the quantile loss.
        record: How the fit went.
        card: What a user should know about the model.
    """

    spec: ModelSpec
    scaler: Scaler
    weights: tuple[Array, ...]
    residuals: Array | None
    record: TrainingRecord
    card: ModelCard

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the settings, the scaling and all weights, 64 hexadecimal digits."""
        digest = hashlib.sha256(repr(self.spec).encode())
        scaler = self.scaler
        for array in (
            scaler.offset, scaler.scale, scaler.target_offset, scaler.target_scale, *self.weights,
            *(() if self.residuals is None else (self.residuals,)),
        ):  # fmt: skip
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class ModelSummary:
    """What a list of saved models says of one of them: all but its weights.

    Attributes:
        name: Its name, also that of its folder.
        shipped: Whether it comes with the project, and so can't be replaced or deleted.
        spec: The network and how it was trained.
        scaler: Scaling of its inputs and targets, fitted on its training rows.
        record: How the fit went.
        card: What a user should know about the model.
        parameters: Numbers that its networks learnt.
    """

    name: str
    shipped: bool
    spec: ModelSpec
    scaler: Scaler
    record: TrainingRecord
    card: ModelCard
    parameters: int


@dataclass(frozen=True, eq=False)
class SavedModel:
    """A model with the name under which it is saved.

    Attributes:
        name: Its name, also that of its folder.
        shipped: Whether it comes with the project, and so can't be replaced or deleted.
        model: The model itself.
        version: Digest of what was loaded, see ``bundle_format.version``; ``None`` for one that was
            not loaded.
    """

    name: str
    shipped: bool
    model: TrainedModel
    version: str | None = None

    @property
    def summary(self) -> ModelSummary:
        """The model as lists know it."""
        model = self.model
        return ModelSummary(
            name=self.name,
            shipped=self.shipped,
            spec=model.spec,
            scaler=model.scaler,
            record=model.record,
            card=model.card,
            parameters=sum(array.size for array in model.weights),
        )


@dataclass(frozen=True, eq=False)
class StepForecast:
    """One step of a forecast, at the ``m`` origins whose outcome is known.

    Attributes:
        origins: ``(m,)``, open of the last closed candle at each origin, UTC.
        close: ``(m,)``, close of that candle, quote currency.
        predicted: ``(m,)``, point forecast of the close at this step, quote currency.
        quantiles: ``(m, 9)``, forecast quantiles of the cumulative log-return.
        actual: ``(m,)``, the close that followed, quote currency.
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
        """Cumulative log-returns that followed, ``(m,)``."""
        returns: Array = np.log(self.actual / self.close)
        return returns


@dataclass(frozen=True, eq=False)
class Forecast:
    """The forecasts of one predictor from ``n`` origins, for all steps of its horizon.

    An origin is a row of a history whose close is known when the forecast is made. Step *k* stands
    for the close *k* rows later, and its target is the cumulative log-return
    ln(close[t + k] / close[t]).

    Attributes:
        predictor: Name of the predictor: ``"naive"``, ``"cone"``, ``"lstm"``, ...
        interval: Candle length, a key of ``INTERVALS``.
        origins: ``(n,)``, open of the last closed candle at each origin, UTC.
        close: ``(n,)``, close of that candle, quote currency.
        predicted: ``(n, horizon)``, point forecast of the close at each step, quote currency.
        quantiles: ``(n, horizon, 9)``, forecast quantiles of the cumulative log-return at the
            levels ``QUANTILES``, rising along the last axis; float32 for networks.
        actual: ``(n, horizon)``, the close that followed; NaN where it is not known yet.
        candles: Opens of all candles of the history, UTC. They give the time of each target where
            candles are absent. ``None`` stands for a history without absent candles.
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
        """Return the number of origins."""
        return len(self.close)

    def __getitem__(self, rows: slice) -> Forecast:
        """Return the forecast from some of the origins."""
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
        """Join forecasts of one predictor and one horizon, given in time order."""
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
        """The quantiles as prices, ``(n, horizon, 9)``, quote currency."""
        prices: Array = self.close[:, None, None] * np.exp(self.quantiles, dtype=float)
        return prices

    @property
    def actual_returns(self) -> Array:
        """Cumulative log-returns that followed, ``(n, horizon)``; NaN where not known yet."""
        returns: Array = np.log(self.actual / self.close[:, None])
        return returns

    def at(self, step: int) -> StepForecast:
        """Return one step, 1 to the horizon, at the origins whose outcome is known."""
        known = np.isfinite(self.actual[:, step - 1])
        rows = slice(None) if known.all() else known  # a slice makes no copies
        return StepForecast(
            origins=self.origins[rows],
            close=self.close[rows],
            predicted=self.predicted[rows, step - 1],
            quantiles=self.quantiles[rows, step - 1],
            actual=self.actual[rows, step - 1],
        )

    def times(self, step: int) -> pd.DatetimeIndex:
        """Return the open of the candle ``step`` rows after each origin, ``(n,)`` UTC.

        After the last candle of the history, candles follow each other without a gap.
        """
        length = INTERVALS[self.interval]
        if self.candles is None:
            return self.origins + step * length
        last = len(self.candles) - 1
        rows = self.candles.searchsorted(self.origins) + step
        if rows.max(initial=0) <= last:
            return self.candles[rows]
        return self.candles[np.minimum(rows, last)] + np.maximum(rows - last, 0) * length

    def closes_at(self, step: int) -> pd.DatetimeIndex:
        """Return when the close ``step`` rows after each origin is known, ``(n,)`` UTC.

        This is the time that a user should read: the close of the candle, not its opening label.
        At step 0 it is when the forecast could be made.
        """
        return self.times(step) + INTERVALS[self.interval]

    def frame(self, step: int | None = None) -> pd.DataFrame:
        """Return the forecast as a long table, one row for each origin and step.

        Args:
            step: The only step wanted, 1 to the horizon; ``None`` for all steps.

        Returns:
            Columns ``origin`` (open of the last candle known), ``origin_closes_at`` (its close),
            ``time`` (open of the target's candle), ``closes_at`` (its close, when the target is
            known), ``step``, and in the currency of the prices ``close``, ``predicted``,
            ``actual``, ``residual`` (actual minus predicted) and ``q0.025`` ... ``q0.975``.
        """
        steps = np.arange(1, self.horizon + 1) if step is None else np.array([step])
        prices = self.close[:, None, None] * np.exp(self.quantiles[:, steps - 1], dtype=float)
        predicted, actual = (x[:, steps - 1].T.ravel() for x in (self.predicted, self.actual))
        origins = self.origins[np.tile(np.arange(len(self)), len(steps))]
        step_labels = np.repeat(steps, len(self))
        first, *later = (self.times(step) for step in steps)
        times, length = first.append(later), INTERVALS[self.interval]
        columns = {
            "origin": origins,
            "origin_closes_at": origins + length,
            "time": times,
            "closes_at": times + length,
            "step": step_labels,
            "close": np.tile(self.close, len(steps)),
            "predicted": predicted,
            "actual": actual,
            "residual": actual - predicted,
        }
        bands = {f"q{q}": prices[:, :, i].T.ravel() for i, q in enumerate(QUANTILES)}
        return pd.DataFrame(columns | bands)
