"""The Keras networks and their fit. No other module imports TensorFlow; here functions do.

One network is fitted at a time in a process. Two fits at once would share their random state, and
the same seed would no longer give the same model.
"""

from __future__ import annotations

import functools
import gc
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cryptoforecast.errors import Cancelled, CryptoForecastError
from cryptoforecast.learning import features
from cryptoforecast.learning.samples import Samples, starts
from cryptoforecast.types import (
    MEDIAN,
    QUANTILES,
    UNWATCHED,
    Array,
    EpochLoss,
    ModelSpec,
    Monitor,
    Progress,
    Stretches,
    TrainingRecord,
)

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


_ONE_FIT = threading.Lock()
#: Seconds between two reports within an epoch, at least.
REPORT_SECONDS = 0.2
#: Chunks of a training sequence, at most. Each chunk makes an update and passes its state to the
#: next one, so that only the first chunk needs a run-in.
MAX_CHUNKS = 8
#: Niceness of TensorFlow's threads. Beside a busy thread of normal niceness each gets a tenth of a
#: processor.
NICENESS = 10
# Largest norm of a variable's gradient, with the cosine schedule.
_MAX_GRADIENT_NORM = 1.0
#: Step size of the final epochs, which include the validation rows, as a share of the usual one.
FINAL_RATE_SHARE = 0.5
# Share of the targets that longer sequences must reach, at least.
_MIN_REACHED = 0.97


def load() -> None:
    """Load TensorFlow, which takes some seconds, before the first training asks for it."""
    with _ONE_FIT:
        _prepare()
        import keras  # noqa: F401


def outputs(spec: ModelSpec) -> int:
    """Count the numbers that the last layer gives at each origin."""
    return spec.horizon * (len(QUANTILES) if spec.loss == "quantile" else 1)


def build(spec: ModelSpec) -> keras.Model:
    """Build an untrained network.

    Returns:
        An LSTM from ``(batch, rows, inputs)`` to ``(batch, rows, outputs)``, or a Dense network
        from ``(batch, lookback, inputs)`` to ``(batch, 1, outputs)``.
    """
    _prepare()
    import keras

    inputs = features.width(spec.features)
    if spec.network == "lstm":
        x = first = keras.Input((None, inputs))
        for units in spec.units:
            x, *_ = keras.layers.LSTM(units, return_sequences=True, return_state=True)(x)
            x = keras.layers.Dropout(spec.dropout)(x)
        x = keras.layers.Dense(outputs(spec))(x)
    else:
        first = keras.Input((spec.lookback, inputs))
        x = keras.layers.Flatten()(first)
        for units in spec.units:
            x = keras.layers.Dense(units, activation="relu")(x)
            x = keras.layers.Dropout(spec.dropout)(x)
        x = keras.layers.Reshape((1, outputs(spec)))(keras.layers.Dense(outputs(spec))(x))
    return keras.Model(first, x, name=spec.network)


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
    with _ONE_FIT:
        if monitor.cancelled():
            raise Cancelled("Training was cancelled.")
        began = time.perf_counter()
        _prepare()
        import keras

        keras.utils.set_random_seed(spec.seed)
        try:
            return _Fit(spec, samples, monitor, began, initial).run()
        finally:
            keras.utils.clear_session()
            gc.collect()


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
        self.model = build(spec)
        if initial is not None:
            self.model.set_weights(initial)
        self.rows, self.batches = samples.train, 0
        self.rates: Iterator[float] = iter(())
        self.optimizer = _adam()
        self.optimizer.build(self.model.trainable_variables)
        self.train_step, self.loss_of = _steps(
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
        """Start a schedule of step sizes: so many epochs on these origins."""
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
        """Return the batches of an epoch: a random tiling, shuffled, in parts of about one size."""
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


def _adam() -> keras.Optimizer:
    """Make the optimizer Adam; each update sets its step size. Source: Kingma and Ba (2015)."""
    import keras

    return keras.optimizers.Adam()


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


def _steps(
    spec: ModelSpec,
    samples: Samples,
    model: keras.Model,
    optimizer: keras.Optimizer,
    chunk: int,
    chunks: int,
) -> tuple[Callable[[Array, Sequence[float]], tf.Tensor], Callable[[Array], tf.Tensor]]:
    """Compile one training step and the loss, both as functions of a batch's first rows.

    The graph gathers the rows from one flat array, so memory holds the data once for any
    lookback. The first ``lookback - 1`` rows of a sequence, its run-in, are read without a
    gradient. Then each chunk of targets makes one update, from the state that the last one left.

    Returns:
        A function that trains on a batch with one step size for each chunk and returns the mean
        loss, and a function that returns the loss of a batch.
    """
    import tensorflow as tf

    inputs = tf.constant(samples.inputs)
    targets = tf.constant(samples.targets)
    run_in = spec.lookback - 1
    signature = [tf.TensorSpec([None], tf.int32)]

    def loss(rows: tf.Tensor, raw: tf.Tensor) -> tf.Tensor:
        y = tf.gather(targets, rows)
        if spec.loss == "mse":
            return tf.reduce_mean(tf.square(raw - y))
        return _pinball(y, raw, spec.horizon)

    def update(tape: tf.GradientTape, value: tf.Tensor, rate: tf.Tensor) -> None:
        """Make one update with Adam.

        Keras' own ``apply`` uses TensorFlow's distribution strategies, which never release the
        graph: each training would leave some 15 MB in memory.
        """
        variables = model.trainable_variables
        gradients = tape.gradient(value, variables)
        for variable, gradient in zip(variables, gradients, strict=True):
            if spec.schedule == "cosine":
                gradient = tf.clip_by_norm(gradient, _MAX_GRADIENT_NORM)
            optimizer.update_step(gradient, variable, rate)
        optimizer.iterations.assign_add(1)

    rate_signature = tf.TensorSpec([], tf.float32)

    @tf.function(input_signature=[*signature, rate_signature])
    def learn_windows(batch: tf.Tensor, rate: tf.Tensor) -> tf.Tensor:
        rows = batch[:, None] + tf.range(spec.lookback)
        with tf.GradientTape() as tape:
            raw = model(tf.gather(inputs, rows), training=True)[:, -1:]
            value = loss(rows[:, -1:], raw)
        update(tape, value, rate)
        return value

    def train_windows(batch: Array, rates: Sequence[float]) -> tf.Tensor:
        return learn_windows(batch, rates[0])

    @tf.function(input_signature=signature)
    def read_run_in(batch: tf.Tensor) -> list[tf.Tensor]:
        rows = batch[:, None] + tf.range(run_in)
        return _continue(model, tf.gather(inputs, rows), None)[1]

    states_signature = [
        tf.TensorSpec([None, units], tf.float32) for units in spec.units for _ in "hc"
    ]

    @tf.function(input_signature=[*signature, states_signature, rate_signature])
    def learn_chunk(
        batch: tf.Tensor, states: list[tf.Tensor], rate: tf.Tensor
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        rows = batch[:, None] + tf.range(chunk)
        with tf.GradientTape() as tape:
            raw, states = _continue(model, tf.gather(inputs, rows), states)
            value = loss(rows, raw)
        update(tape, value, rate)
        return value, states

    def train_sequences(batch: Array, rates: Sequence[float]) -> tf.Tensor:
        states, total = read_run_in(batch), 0.0
        for i, rate in enumerate(rates):
            value, states = learn_chunk(batch + np.int32(run_in + i * chunk), states, rate)
            total += value
        return total / chunks

    @tf.function(input_signature=signature)
    def loss_of(batch: tf.Tensor) -> tf.Tensor:
        rows = batch[:, None] + tf.range(run_in + chunk * chunks)
        raw = model(tf.gather(inputs, rows), training=False)[:, -chunk * chunks :]
        return loss(rows[:, run_in:], raw)

    return (train_sequences if spec.training == "sequences" else train_windows), loss_of


def _continue(
    model: keras.Model, x: tf.Tensor, states: list[tf.Tensor] | None
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Run an LSTM in training mode from the given states of its layers, or from zeros.

    Args:
        model: An LSTM made by ``build``.
        x: ``(batch, rows, inputs)``.
        states: Hidden and cell state of each layer, ``(batch, units)`` each; ``None``: zeros.

    Returns:
        ``(batch, rows, outputs)``, and the states after the last row.
    """
    import keras

    left = None if states is None else iter(states)
    ends: list[tf.Tensor] = []
    for layer in model.layers[1:]:
        if isinstance(layer, keras.layers.LSTM):
            begin = None if left is None else [next(left), next(left)]
            x, *end = layer(x, initial_state=begin, training=True)
            ends += end
        else:
            x = layer(x, training=True) if isinstance(layer, keras.layers.Dropout) else layer(x)
    return x, ends


def _pinball(y: tf.Tensor, raw: tf.Tensor, horizon: int) -> tf.Tensor:
    """Compute the mean pinball loss of the quantiles that the last layer stands for.

    Step k has the weight 1 / sqrt(k). The targets of far steps overlap, so they tell less than
    their number suggests. The nine quantiles can't cross: the middle output is the median, the
    others give positive distances from it (``inference.rising_quantiles`` does the same in NumPy).
    Source: Koenker and Bassett (1978), "Regression quantiles".

    Args:
        y: ``(batch, rows, horizon)`` targets, scaled.
        raw: ``(batch, rows, horizon * 9)``, the last layer.
        horizon: Steps predicted.
    """
    import tensorflow as tf

    shape = tf.concat([tf.shape(raw)[:-1], [horizon, len(QUANTILES)]], 0)
    raw = tf.reshape(raw, shape)
    middle = raw[..., MEDIAN : MEDIAN + 1]
    up = middle + tf.cumsum(tf.nn.softplus(raw[..., MEDIAN + 1 :]), axis=-1)
    down = middle - tf.cumsum(tf.nn.softplus(raw[..., :MEDIAN]), axis=-1, reverse=True)
    error = y[..., None] - tf.concat([down, middle, up], -1)
    levels = tf.constant(QUANTILES, tf.float32)
    near = tf.constant(step_weights(horizon)[:, None], tf.float32)
    return tf.reduce_mean(near * tf.maximum(levels * error, (levels - 1) * error))


def step_weights(horizon: int) -> Array:
    """Return the weight of each step in the pinball loss, ``(horizon,)`` with a mean of 1."""
    weights = np.arange(1, horizon + 1) ** -0.5
    relative: Array = weights / weights.mean()
    return relative


def libraries() -> dict[str, str]:
    """Return the versions of the libraries that train a network."""
    _prepare()
    import keras
    import tensorflow as tf

    return {"tensorflow": tf.__version__, "keras": keras.__version__, "numpy": np.__version__}


@functools.cache
def _prepare() -> None:
    """Load Keras so that it does not disturb the rest of the process, nor is disturbed by it.

    TensorFlow's library exports a libcurl of its own to the whole process. If it is loaded first,
    it replaces the libcurl of ``curl_cffi``, and live prices can't be fetched any more.

    Streamlit calls ``keras.backend.clear_session()`` after every run of every page, also while a
    network trains in another thread. That would reset the state from which the training names its
    layers and draws its dropout, and would collect garbage for half a second each time. So this
    function is replaced by one that does nothing. ``fit`` cleans up with ``keras.utils`` when it
    has finished.

    The objects that TensorFlow loads live for ever. Each garbage collection that examined them
    would hold the interpreter's lock for two tenths of a second, so they are frozen.
    """
    import curl_cffi  # noqa: F401

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras

    keras.backend.clear_session = _do_nothing
    opening = threading.Thread(target=_open_devices)
    opening.start()
    opening.join()
    gc.freeze()


def _open_devices() -> None:
    """Let TensorFlow open its devices and start its threads, from a thread of low priority.

    A thread inherits the niceness of the thread that starts it. So TensorFlow's threads leave the
    processor to the threads that answer requests and draw pages. They never hold the
    interpreter's lock. The thread that trains holds it and keeps its priority, because while it
    waits for a processor all other threads wait too.
    """
    import tensorflow as tf

    if sys.platform == "linux":  # on other systems a thread has no niceness of its own
        os.nice(NICENESS)
    tf.config.list_logical_devices()


def _do_nothing(free_memory: bool = True) -> None:
    """Replace ``keras.backend.clear_session``; see ``_prepare``."""
