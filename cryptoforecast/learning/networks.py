"""Keras networks and their fit. The only module that imports TensorFlow, inside functions.

One fit at a time in a process: two at once would share random state, and the same seed would
no longer give the same model.
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
    Array,
    EpochLoss,
    ModelSpec,
    Progress,
    Stretches,
    TrainingRecord,
)

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

Report = Callable[[Progress], None]

_ONE_FIT = threading.Lock()
#: Seconds between two reports within an epoch.
REPORT_EVERY = 0.2
#: Chunks of a training sequence, at most. Each makes an update and hands its state to the next,
#: so that only the first is preceded by a run-in.
CHUNKS = 8
#: Of TensorFlow's threads: beside one that wants all of a processor they get a tenth of it.
NICENESS = 10
# Largest norm of a variable's gradient, under the cosine schedule.
_CLIP = 1.0
#: Step size of the last epochs, on validation rows too, as a share of that of the first.
FINAL_RATE = 0.5
# Share of the targets that longer sequences must still reach.
_REACHED = 0.97


def outputs(spec: ModelSpec) -> int:
    """Numbers the last layer gives at each origin."""
    return spec.horizon * (len(QUANTILES) if spec.loss == "quantile" else 1)


def build(spec: ModelSpec) -> keras.Model:
    """Build the network, untrained.

    Returns:
        A model from ``(batch, rows, inputs)`` to ``(batch, rows, outputs)`` for an LSTM, to
        ``(batch, 1, outputs)`` for a Dense network, which reads ``lookback`` rows.
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
    report: Report = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
    initial: Sequence[Array] | None = None,
) -> tuple[tuple[Array, ...], TrainingRecord]:
    """Fit a network; the same input gives the same weights.

    Args:
        spec: what to build and how to train it.
        samples: scaled arrays and the origins to fit and stop on.
        report: called with the progress, a few times a second.
        cancelled: asked before every update.
        initial: weights to start from, in Keras' order; random ones by default.

    Returns:
        The weights in Keras' order, and how the fit went.

    Raises:
        Cancelled: as soon as ``cancelled()`` is true.
        CryptoForecastError: if the loss stops being a number.
    """
    with _ONE_FIT:
        if cancelled():
            raise Cancelled("Training was cancelled.")
        began = time.perf_counter()
        _prepare()
        import keras

        keras.utils.set_random_seed(spec.seed)
        try:
            return _Fit(spec, samples, report, cancelled, began, initial).run()
        finally:
            keras.utils.clear_session()
            gc.collect()


class _Fit:
    """One run of the training loop, with its state."""

    def __init__(
        self,
        spec: ModelSpec,
        samples: Samples,
        report: Report,
        cancelled: Callable[[], bool],
        began: float,
        initial: Sequence[Array] | None,
    ) -> None:
        self.spec, self.samples = spec, samples
        self.report, self.cancelled, self.began = report, cancelled, began
        self.chunk, self.chunks = _tiling(spec, samples)
        self.order = np.random.default_rng(spec.seed)
        self.final = final_epochs(spec)
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
        self.reported = 0.0

    def run(self) -> tuple[tuple[Array, ...], TrainingRecord]:
        spec, speeds = self.spec, []
        self._set_out(self.samples.train, spec.epochs, spec.learning_rate)
        self._tell(1, 0.0)
        best, best_epoch, kept = float("inf"), 0, self.model.get_weights()
        for epoch in range(1, spec.epochs + 1):
            began = time.perf_counter()
            loss, targets = self._epoch(epoch)
            speeds.append(targets / (time.perf_counter() - began))
            val_loss = self._validate()
            _check_finite(loss + val_loss, epoch)
            self.curve.append(EpochLoss(epoch, loss, val_loss, time.perf_counter() - self.began))
            self._tell(epoch, 1.0)
            if val_loss < best:
                best, best_epoch, kept = val_loss, epoch, self.model.get_weights()
            elif spec.patience and epoch - best_epoch >= spec.patience:
                break
        if self.final:
            self.model.set_weights(kept)
            self._go_on()
            kept = self.model.get_weights()
        record = TrainingRecord(
            epochs=len(self.curve) + self.final,
            best_epoch=best_epoch,
            seconds=time.perf_counter() - self.began,
            targets_per_second=float(np.median(speeds[1:] or speeds)),
            curve=tuple(self.curve),
        )
        return tuple(np.asarray(array, np.float32) for array in kept), record

    def _go_on(self) -> None:
        """Learn from the validation rows too, once they have chosen the epoch: the newest."""
        both = (*self.samples.train, *self.samples.validation)
        self._set_out(both, self.final, FINAL_RATE * self.spec.learning_rate)
        for epoch in range(self.spec.epochs + 1, self.spec.epochs + self.final + 1):
            loss, _ = self._epoch(epoch)
            _check_finite(loss, epoch)
            self._tell(epoch, 1.0)

    def _set_out(self, rows: Stretches, epochs: int, highest: float) -> None:
        """Begin a schedule of so many epochs on these origins."""
        self.rows = rows
        self.batches = -(-len(self._starts(0)) // self.spec.batch_size)
        rates = _rates(self.spec.schedule, highest, self.batches * self.chunks * epochs)
        # A tiling drawn anew may need a batch more than the first one.
        self.rates = itertools.chain(rates, itertools.repeat(rates[-1]))

    def _starts(self, offset: int) -> Array:
        span = self.chunk * self.chunks
        return starts(self.rows, self.spec.lookback, span, offset)

    def _shuffled(self) -> list[Array]:
        """Batches of this epoch, shuffled and of about one size, on a tiling drawn anew."""
        rows = self._starts(int(self.order.integers(self.chunk * self.chunks)))
        self.order.shuffle(rows)
        return np.array_split(rows, -(-len(rows) // self.spec.batch_size))

    def _epoch(self, epoch: int) -> tuple[float, int]:
        """Run one epoch; return its mean loss and how many origins had a loss."""
        losses, weights = [], []
        for step, batch in enumerate(self._shuffled()):
            self._stop_if_cancelled()
            rates = list(itertools.islice(self.rates, self.chunks))
            losses.append(self.train_step(batch, rates))
            weights.append(len(batch))
            self._tell(epoch, (step + 1) / self.batches)
        mean = float(np.average([float(loss) for loss in losses], weights=weights))
        return mean, sum(weights) * self.chunk * self.chunks

    def _validate(self) -> float:
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
        if self.cancelled():
            raise Cancelled("Training was cancelled.")

    def _tell(self, epoch: int, share: float) -> None:
        now = time.perf_counter()
        if share < 1 and now - self.reported < REPORT_EVERY:
            return
        self.reported = now
        epochs = self.spec.epochs + self.final
        done = min((epoch - 1 + share) / epochs, 1.0)
        self.report(Progress(epoch, epochs, done, now - self.began, tuple(self.curve)))


def final_epochs(spec: ModelSpec) -> int:
    """Epochs on training and validation rows together.

    None of a squared-error model, whose band is measured on the validation rows.
    """
    return 0 if spec.loss == "mse" else round(spec.final * spec.epochs)


def _adam() -> keras.Optimizer:
    """Adam, told its step size at every update."""
    import keras

    return keras.optimizers.Adam()


def _check_finite(loss: float, epoch: int) -> None:
    if not np.isfinite(loss):
        raise CryptoForecastError(
            f"Training must keep a finite loss. Received: {loss} in epoch {epoch}. "
            "Choose a smaller learning rate."
        )


def _rates(schedule: str, highest: float, updates: int) -> list[float]:
    """Adam's step size at each update; under cosine with warm-up over 8 % of them, down to 2 %."""
    if schedule == "constant":
        return [highest] * updates
    ramp = max(1, round(0.08 * updates))
    rising = np.linspace(0.01, 1, ramp, endpoint=False)
    falling = 0.51 + 0.49 * np.cos(np.linspace(0, np.pi, max(1, updates - ramp)))
    rates: list[float] = (highest * np.concatenate([rising, falling])).tolist()
    return rates


def _tiling(spec: ModelSpec, samples: Samples) -> tuple[int, int]:
    """Targets in a chunk, and chunks in a sequence.

    A short history still gets a whole sequence, whatever the offset of its tiling; one full of
    gaps gets shorter ones, so that its stretches are used.
    """
    if spec.training == "windows":
        return 1, 1
    longest, stopping = (max(map(len, s)) for s in (samples.train, samples.validation))
    most = min((longest + 1) // 2, stopping)
    chunk = min(spec.chunk, most)
    reached = len(starts(samples.train, spec.lookback, chunk))
    for chunks in range(min(CHUNKS, most // chunk), 1, -1):
        if len(starts(samples.train, spec.lookback, chunk * chunks)) * chunks > _REACHED * reached:
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
    """Compile training on a batch and its loss, both from a vector of start rows.

    The rows are gathered inside the graph from the one flat array, so memory holds the data once
    whatever the lookback. A sequence has its first ``lookback - 1`` rows read without a
    gradient; then each chunk of targets makes one update, from the state the last one left.
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
        """Make one step of Adam.

        Keras' own ``apply`` goes through TensorFlow's distribution strategies, which never let
        go of the graph: every training would leave some 15 MB behind.
        """
        variables = model.trainable_variables
        gradients = tape.gradient(value, variables)
        for variable, gradient in zip(variables, gradients, strict=True):
            if spec.schedule == "cosine":
                gradient = tf.clip_by_norm(gradient, _CLIP)
            optimizer.update_step(gradient, variable, rate)
        optimizer.iterations.assign_add(1)

    a_rate = tf.TensorSpec([], tf.float32)

    @tf.function(input_signature=[*signature, a_rate])
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
    def begin(batch: tf.Tensor) -> list[tf.Tensor]:
        rows = batch[:, None] + tf.range(run_in)
        return _carried(model, tf.gather(inputs, rows), None)[1]

    carried = [tf.TensorSpec([None, units], tf.float32) for units in spec.units for _ in "hc"]

    @tf.function(input_signature=[*signature, carried, a_rate])
    def go_on(
        batch: tf.Tensor, states: list[tf.Tensor], rate: tf.Tensor
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        rows = batch[:, None] + tf.range(chunk)
        with tf.GradientTape() as tape:
            raw, states = _carried(model, tf.gather(inputs, rows), states)
            value = loss(rows, raw)
        update(tape, value, rate)
        return value, states

    def train_sequences(batch: Array, rates: Sequence[float]) -> tf.Tensor:
        states, total = begin(batch), 0.0
        for i, rate in enumerate(rates):
            value, states = go_on(batch + np.int32(run_in + i * chunk), states, rate)
            total += value
        return total / chunks

    @tf.function(input_signature=signature)
    def loss_of(batch: tf.Tensor) -> tf.Tensor:
        rows = batch[:, None] + tf.range(run_in + chunk * chunks)
        raw = model(tf.gather(inputs, rows), training=False)[:, -chunk * chunks :]
        return loss(rows[:, run_in:], raw)

    return (train_sequences if spec.training == "sequences" else train_windows), loss_of


def _carried(
    model: keras.Model, x: tf.Tensor, states: list[tf.Tensor] | None
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Run an LSTM on from the states of its layers, in training; return the states it ends in."""
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
    """Mean pinball loss of ``(batch, chunk, horizon)`` targets under the raw last layer.

    Step k counts as 1 / sqrt(k): targets of far steps overlap, and outnumber the near ones while
    they tell less. The nine quantiles can't cross: the middle output is the median, the others
    are positive steps away from it (``inference.rising_quantiles`` does the same in NumPy).
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
    """How much each step counts in the pinball loss, ``(horizon,)`` with a mean of 1."""
    weights = np.arange(1, horizon + 1) ** -0.5
    relative: Array = weights / weights.mean()
    return relative


def libraries() -> dict[str, str]:
    """Versions of what trains a network."""
    _prepare()
    import keras
    import tensorflow as tf

    return {"tensorflow": tf.__version__, "keras": keras.__version__, "numpy": np.__version__}


@functools.cache
def _prepare() -> None:
    """Load Keras so that it and the rest of the process leave each other alone.

    TensorFlow's library exports a libcurl of its own for the whole process. Loaded first, it
    stands in for that of ``curl_cffi``, and no live price can be fetched any more.

    Streamlit calls ``keras.backend.clear_session()`` after every run of every page, also while a
    network trains in another thread: that resets the state the training names its layers and
    draws its dropout by, and collects garbage for half a second each time. So that name does
    nothing here; ``fit`` clears up through ``keras.utils``, when it has finished.

    What TensorFlow loads stays. Each collection that looked through it would hold the
    interpreter's lock, and whoever waits for an answer, for two tenths of a second.
    """
    import curl_cffi  # noqa: F401

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras

    keras.backend.clear_session = _leave_alone
    opening = threading.Thread(target=_open_devices)
    opening.start()
    opening.join()
    gc.freeze()


def _open_devices() -> None:
    """Let TensorFlow open its devices and start its threads, in a thread of their own.

    A thread inherits its niceness from the one that starts it, so that these leave the processor
    to whoever answers or draws a page. They never hold the interpreter's lock. The thread that
    trains does, and stays as it is: where it has to wait for the processor, all others wait too.
    """
    import tensorflow as tf

    if sys.platform == "linux":  # elsewhere a thread has no niceness of its own
        os.nice(NICENESS)
    tf.config.list_logical_devices()


def _leave_alone(free_memory: bool = True) -> None:
    """Stand in for ``keras.backend.clear_session``; see ``_prepare``."""
