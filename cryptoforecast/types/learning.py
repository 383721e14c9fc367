"""Learning: the spec of a model, the split of a history, and how a training goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from cryptoforecast.types.prices import Array

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


#: Ranges of rows in time order; none is empty, and no two overlap.
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
