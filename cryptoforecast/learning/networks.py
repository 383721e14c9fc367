"""The Keras networks and their training steps. Functions here import TensorFlow when they need it.

No other module imports TensorFlow. The loop that trains a network is in ``fitting``.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cryptoforecast.learning import features
from cryptoforecast.learning.samples import Samples
from cryptoforecast.types import MEDIAN, QUANTILES, Array, ModelSpec

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


#: Held while a network is fitted: two fits at once would share their random state, and the same
#: seed would no longer give the same model.
ONE_FIT = threading.Lock()
#: Niceness of TensorFlow's threads. Beside a busy thread of normal niceness each gets a tenth of a
#: processor.
NICENESS = 10
# Largest norm of a variable's gradient, with the cosine schedule.
_MAX_GRADIENT_NORM = 1.0


def load() -> None:
    """Load TensorFlow, which takes some seconds, before the first training asks for it."""
    with ONE_FIT:
        _prepare()
        import keras  # noqa: F401


@contextlib.contextmanager
def session(seed: int) -> Iterator[None]:
    """Seed Keras for one fit, and release what it holds when the fit has ended."""
    _prepare()
    import keras

    keras.utils.set_random_seed(seed)
    try:
        yield
    finally:
        keras.utils.clear_session()
        gc.collect()


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


def adam() -> keras.Optimizer:
    """Make the optimizer Adam; each update sets its step size. Source: Kingma and Ba (2015)."""
    import keras

    return keras.optimizers.Adam()


def steps(
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

    Args:
        spec: The network and how it is trained.
        samples: Scaled arrays.
        model: A network that ``build`` returned.
        optimizer: The optimizer that ``adam`` returned, built for the variables of ``model``.
        chunk: Targets in a chunk.
        chunks: Chunks in a sequence; both are 1 for training on windows.

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
        graph: each training would leave about 15 MB in memory.
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

    remaining = None if states is None else iter(states)
    ends: list[tf.Tensor] = []
    for layer in model.layers[1:]:
        if isinstance(layer, keras.layers.LSTM):
            begin = None if remaining is None else [next(remaining), next(remaining)]
            x, *end = layer(x, initial_state=begin, training=True)
            ends += end
        else:
            x = layer(x, training=True) if isinstance(layer, keras.layers.Dropout) else layer(x)
    return x, ends


def _pinball(y: tf.Tensor, raw: tf.Tensor, horizon: int) -> tf.Tensor:
    """Compute the mean pinball loss of the quantiles that the last layer stands for.

    The weight of step k is proportional to 1 / sqrt(k). The targets of far steps overlap, so they
    tell less than their number suggests. The nine quantiles can't cross: the middle output is the
    median, and the others become the positive distances between neighbouring quantiles
    (``inference.rising_quantiles`` does the same in NumPy).
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
    """Return the weight of each step in the pinball loss, ``(horizon,)`` with a mean of 1.

    The weight of step k is proportional to 1 / sqrt(k).
    """
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
    """Load Keras so that it and the rest of the process do not disturb each other.

    TensorFlow's library exports a libcurl of its own to the whole process. If it is loaded first,
    it replaces the libcurl of ``curl_cffi``, and live prices can't be fetched any more.

    Streamlit calls ``keras.backend.clear_session()`` after every run of every page, also while a
    network trains in another thread. That would reset the state from which the training names its
    layers and draws its dropout, and would collect garbage for half a second each time. So
    ``keras.backend.clear_session`` is replaced by a function that does nothing. ``session`` cleans
    up with ``keras.utils`` when a fit has ended.

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
