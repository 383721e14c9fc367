"""The fit of a network: the loop over epochs, its step sizes and its progress.

One network is fitted at a time in a process. Two fits at once would share their random state, and
the same seed would no longer give the same model.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence

import numpy as np

from cryptoforecast.errors import Cancelled, CryptoForecastError
from cryptoforecast.learning import networks
from cryptoforecast.learning.samples import Samples, starts
from cryptoforecast.types import (
    UNWATCHED,
    Array,
    EpochLoss,
    ModelSpec,
    Monitor,
    Progress,
    Stretches,
    TrainingRecord,
)

#: Seconds between two reports within an epoch, at least.
REPORT_SECONDS = 0.2
#: Chunks of a training sequence, at most. Each chunk makes an update and passes its state to the
#: next one, so that only the first chunk needs a run-in.
MAX_CHUNKS = 8
#: Step size of the final epochs, which include the validation rows, as a share of the usual one.
FINAL_RATE_SHARE = 0.5
# Share of the targets that longer sequences must reach, at least.
_MIN_REACHED = 0.97


def fit(
    spec: ModelSpec,
    samples: Samples,
    monitor: Monitor = UNWATCHED,
    initial: Sequence[Array] | None = None,
) -> tuple[tuple[Array, ...], TrainingRecord]:
    """Fit a network; the same arguments give the same weights.

    Args:
        spec: The network and how it is trained.
        samples: Scaled arrays, the origins to fit on and the origins that choose the epoch.
        monitor: Follows the progress, and may stop the work.
        initial: Weights to start from, in Keras' order; random ones by default.

    Returns:
        The weights in Keras' order, and how the fit went.

    Raises:
        Cancelled: If the monitor stopped the work.
        CryptoForecastError: If the loss is no longer finite.
    """
    with networks.ONE_FIT:
        if monitor.cancelled():
            raise Cancelled("Training was cancelled.")
        began = time.perf_counter()
        with networks.session(spec.seed):
            return _Fit(spec, samples, monitor, began, initial).run()


class _Fit:
    """One run of the training loop, with its state."""

    def __init__(
        self,
        spec: ModelSpec,
        samples: Samples,
        monitor: Monitor,
        began: float,
        initial: Sequence[Array] | None,
    ) -> None:
        self.spec, self.samples = spec, samples
        self.monitor, self.began = monitor, began
        self.chunk, self.chunks = _tiling(spec, samples)
        self.order = np.random.default_rng(spec.seed)
        self.final = spec.final_epochs
        self.model = networks.build(spec)
        if initial is not None:
            self.model.set_weights(initial)
        self.rows, self.batches = samples.train, 0
        self.rates: Iterator[float] = iter(())
        self.optimizer = networks.adam()
        self.optimizer.build(self.model.trainable_variables)
        self.train_step, self.loss_of = networks.steps(
            spec, samples, self.model, self.optimizer, self.chunk, self.chunks
        )
        self.curve: list[EpochLoss] = []
        self.reported_at = 0.0

    def run(self) -> tuple[tuple[Array, ...], TrainingRecord]:
        """Train all epochs; see ``fit`` for what it returns."""
        spec, speeds = self.spec, []
        self._start_schedule(self.samples.train, spec.epochs, spec.learning_rate)
        self._report_progress(1, 0.0)
        best, best_epoch, best_weights = float("inf"), 0, self.model.get_weights()
        for epoch in range(1, spec.epochs + 1):
            began = time.perf_counter()
            loss, targets = self._epoch(epoch)
            speeds.append(targets / (time.perf_counter() - began))
            val_loss = self._validate()
            _check_finite(loss + val_loss, epoch)
            self.curve.append(EpochLoss(epoch, loss, val_loss, time.perf_counter() - self.began))
            self._report_progress(epoch, 1.0)
            if val_loss < best:
                best, best_epoch, best_weights = val_loss, epoch, self.model.get_weights()
            elif spec.patience and epoch - best_epoch >= spec.patience:
                break
        if self.final:
            self.model.set_weights(best_weights)
            self._train_on_validation_rows()
            best_weights = self.model.get_weights()
        record = TrainingRecord(
            epochs=len(self.curve) + self.final,
            best_epoch=best_epoch,
            seconds=time.perf_counter() - self.began,
            targets_per_second=float(np.median(speeds[1:] or speeds)),
            curve=tuple(self.curve),
        )
        return tuple(np.asarray(array, np.float32) for array in best_weights), record

    def _train_on_validation_rows(self) -> None:
        """Train on the validation rows too, the newest ones, after they have chosen the epoch."""
        both = (*self.samples.train, *self.samples.validation)
        self._start_schedule(both, self.final, FINAL_RATE_SHARE * self.spec.learning_rate)
        for epoch in range(self.spec.epochs + 1, self.spec.epochs + self.final + 1):
            loss, _ = self._epoch(epoch)
            _check_finite(loss, epoch)
            self._report_progress(epoch, 1.0)

    def _start_schedule(self, rows: Stretches, epochs: int, highest: float) -> None:
        """Start a schedule of step sizes for ``epochs`` epochs on the origins ``rows``."""
        self.rows = rows
        self.batches = -(-len(self._starts(0)) // self.spec.batch_size)
        rates = _rates(self.spec.schedule, highest, self.batches * self.chunks * epochs)
        # The tiling of another epoch may need one batch more than the first.
        self.rates = itertools.chain(rates, itertools.repeat(rates[-1]))

    def _starts(self, offset: int) -> Array:
        """Return the first rows of the training sequences; see ``samples.starts``."""
        span = self.chunk * self.chunks
        return starts(self.rows, self.spec.lookback, span, offset)

    def _shuffled(self) -> list[Array]:
        """Return the batches of an epoch: a random tiling, shuffled, in parts of similar size."""
        rows = self._starts(int(self.order.integers(self.chunk * self.chunks)))
        self.order.shuffle(rows)
        return np.array_split(rows, -(-len(rows) // self.spec.batch_size))

    def _epoch(self, epoch: int) -> tuple[float, int]:
        """Run an epoch; return its mean loss and how many origins had a loss."""
        losses, weights = [], []
        for step, batch in enumerate(self._shuffled()):
            self._stop_if_cancelled()
            rates = list(itertools.islice(self.rates, self.chunks))
            losses.append(self.train_step(batch, rates))
            weights.append(len(batch))
            self._report_progress(epoch, (step + 1) / self.batches)
        mean = float(np.average([float(loss) for loss in losses], weights=weights))
        return mean, sum(weights) * self.chunk * self.chunks

    def _validate(self) -> float:
        """Compute the mean loss of the validation origins."""
        span = self.chunk * self.chunks
        rows = starts(self.samples.validation, self.spec.lookback, span)
        losses, weights = [], []
        for i in range(0, len(rows), 512):
            self._stop_if_cancelled()
            batch = rows[i : i + 512]
            losses.append(float(self.loss_of(batch)))
            weights.append(len(batch))
        return float(np.average(losses, weights=weights))

    def _stop_if_cancelled(self) -> None:
        """Raise ``Cancelled`` if the user has cancelled the training."""
        if self.monitor.cancelled():
            raise Cancelled("Training was cancelled.")

    def _report_progress(self, epoch: int, share: float) -> None:
        """Report how far the fit is: at the end of an epoch, and now and then within it.

        Args:
            epoch: The current epoch, from 1.
            share: Share of it that is done, 0 to 1.
        """
        now = time.perf_counter()
        if share < 1 and now - self.reported_at < REPORT_SECONDS:
            return
        self.reported_at = now
        epochs = self.spec.epochs + self.final
        done = min((epoch - 1 + share) / epochs, 1.0)
        seconds, curve = now - self.began, tuple(self.curve)
        self.monitor.report(Progress(epoch, epochs, done, seconds, curve, final=self.final))


def _check_finite(loss: float, epoch: int) -> None:
    """Raise an error if the loss of an epoch is not finite."""
    if not np.isfinite(loss):
        raise CryptoForecastError(
            f"Training must keep a finite loss. Received: {loss} in epoch {epoch}. "
            "Choose a smaller learning rate."
        )


def _rates(schedule: str, highest: float, updates: int) -> list[float]:
    """Return the step size of each update.

    With the cosine schedule it rises linearly over the first 8 % of the updates, then falls along
    a cosine to 2 % of its highest value. Source: Loshchilov and Hutter (2017), "SGDR".
    """
    if schedule == "constant":
        return [highest] * updates
    ramp = max(1, round(0.08 * updates))
    rising = np.linspace(0.01, 1, ramp, endpoint=False)
    falling = 0.51 + 0.49 * np.cos(np.linspace(0, np.pi, max(1, updates - ramp)))
    rates: list[float] = (highest * np.concatenate([rising, falling])).tolist()
    return rates


def _tiling(spec: ModelSpec, samples: Samples) -> tuple[int, int]:
    """Choose the number of targets in a chunk and of chunks in a sequence.

    A short history still gets a whole sequence at every offset of its tiling. A history with many
    gaps gets shorter sequences, so that its stretches are used.
    """
    if spec.training == "windows":
        return 1, 1
    longest, stopping = (max(map(len, s)) for s in (samples.train, samples.validation))
    most = min((longest + 1) // 2, stopping)
    chunk = min(spec.chunk, most)
    count = len(starts(samples.train, spec.lookback, chunk))
    for chunks in range(min(MAX_CHUNKS, most // chunk), 1, -1):
        if (
            len(starts(samples.train, spec.lookback, chunk * chunks)) * chunks
            > _MIN_REACHED * count
        ):
            return chunk, chunks
    return chunk, 1
