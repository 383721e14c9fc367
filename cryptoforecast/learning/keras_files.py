"""Trained networks as files of Keras, ONNX and HDF5, for other programs.

Closes stay float64 on their way through a graph: float32 has only seven digits of a price. The
network between them is float32, as it was trained.
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from cryptoforecast.errors import InvalidInput
from cryptoforecast.learning import feature_values, features, inference, networks
from cryptoforecast.learning.specs import needs, warmup
from cryptoforecast.types import MEDIAN, QUANTILES, Array, ModelSpec, TrainedModel

if TYPE_CHECKING:
    import keras

    Tensor: TypeAlias = keras.KerasTensor

#: The formats of a network's file, which are also the endings of its name.
FORMATS = ("keras", "onnx", "h5")
#: All outputs of the last layer.
ALL = slice(None)
#: What the input and the output of a whole graph are called.
CLOSES, PRICE = "closes", "price"


def check_format(format: str) -> None:
    """Refuse a format that can't be written here.

    Raises:
        InvalidInput: If it is unknown, or what it needs is not installed.
    """
    if format not in FORMATS:
        raise InvalidInput(f"The format must be {', '.join(FORMATS)}. Received: {format!r:.80}.")
    if format == "onnx" and not (find_spec("onnx") and find_spec("tf2onnx")):
        raise InvalidInput(
            "ONNX files need the packages onnx and tf2onnx, which are not installed. Install them: "
            "pip install 'cryptoforecast[onnx]'."
        )


def check_whole(spec: ModelSpec, format: str) -> None:
    """Refuse a network whose features and scaling a file of the format can't hold.

    Raises:
        InvalidInput: If it reads more than closes, or the format has no formulas.
    """
    remedy = "Choose a name in .zip, which takes its scaler and its formulas along."
    more = inference.beyond_closes(spec)
    if more:
        raise InvalidInput(
            "One file holds a network of closes alone. Received: one that reads "
            f"{', '.join(more)}. {remedy}"
        )
    if format == "h5" and (
        spec.target != "price" or spec.features != ("close",) or spec.ensemble > 1
    ):
        raise InvalidInput(
            "An .h5 file holds Keras' own layers alone, which is enough for one network from "
            f"min-max prices to prices. Received: {spec.ensemble} of target {spec.target}, reading "
            f"{', '.join(spec.features)}. {remedy}"
        )


def whole(model: TrainedModel, format: str) -> bytes:
    """Write a network with its features and scaling: closes in, the next prices out.

    Args:
        model: A network that reads closes alone; see ``check_whole``.
        format: One of ``FORMATS``.

    Returns:
        Content of the file. The graph takes ``needs`` closes, ``(batch, needs)`` float64, and
        gives the forecast of each step, ``(batch, horizon)`` float64, both in the quote currency.

    Raises:
        InvalidInput: See ``check_format`` and ``check_whole``.
    """
    check_format(format)
    check_whole(model.spec, format)
    networks.load()
    return _written(_built_in(model) if format == "h5" else _graph(model), format)


def bare(model: TrainedModel, format: str) -> bytes:
    """Write a network alone: scaled inputs in, its last layer out.

    Args:
        model: A network, or several.
        format: One of ``FORMATS``.

    Returns:
        Content of the file. The network takes ``(batch, lookback, inputs)`` float32, and gives
        ``(batch, networks * outputs)`` float32, one network after another.

    Raises:
        InvalidInput: See ``check_format``.
    """
    check_format(format)
    networks.load()
    import keras

    spec = model.spec
    first = keras.Input((spec.lookback, features.width(spec.features)), name="inputs")
    layers = [_network(one, first) for one in inference.members(model)]
    last = keras.layers.Concatenate(name="outputs")(layers) if len(layers) > 1 else layers[0]
    return _written(keras.Model(first, last, name=spec.network), format)


def _network(model: TrainedModel, inputs: Tensor, outputs: slice = ALL) -> Tensor:
    """Add a single network with its weights; return its last layer, ``(batch, outputs)``.

    Args:
        model: The network.
        inputs: ``(batch, lookback, inputs)``.
        outputs: Which outputs of the last layer are taken.
    """
    import keras

    spec, x = model.spec, inputs
    layers: list[keras.Layer] = []

    def add(layer: keras.Layer, x: Tensor) -> Tensor:
        layers.append(layer)
        return layer(x)

    if spec.network == "lstm":
        for i, units in enumerate(spec.units, start=1):
            x = add(keras.layers.LSTM(units, return_sequences=i < len(spec.units)), x)
    else:
        x = keras.layers.Flatten()(x)
        for units in spec.units:
            x = add(keras.layers.Dense(units, activation="relu"), x)
    *most, kernel, bias = model.weights
    kernel, bias = kernel[:, outputs], bias[outputs]
    x = add(keras.layers.Dense(len(bias)), x)
    weights = iter([*most, kernel, bias])
    for layer in layers:
        layer.set_weights([next(weights) for _ in layer.weights])
    return x


def _graph(model: TrainedModel) -> keras.Model:
    """Build the features, the scaling, the networks and the way back to prices."""
    import keras
    from keras import ops

    spec, scaler = model.spec, model.scaler
    closes = keras.Input((needs(spec),), dtype="float64", name=CLOSES)
    inputs = _rescaled(_features(closes, spec), 1 / scaler.scale, -scaler.offset / scaler.scale)
    last = closes[:, -1:]
    returns = []
    for one in inference.members(model):
        raw = _network(one, inputs, _points(spec))
        value = _rescaled(raw, scaler.target_scale, scaler.target_offset)
        if spec.target == "price":
            value = ops.log(ops.maximum(value, last * inference.MIN_PRICE_SHARE) / last)
        returns.append(value)
    mean = sum(returns[1:], returns[0]) / len(returns)
    price = keras.layers.Identity(name=PRICE, dtype="float64")(last * ops.exp(mean))
    return keras.Model(closes, price, name=spec.network)


def _points(spec: ModelSpec) -> slice:
    """Return which outputs of the last layer are the forecast: of nine quantiles the median."""
    return slice(MEDIAN, None, len(QUANTILES)) if spec.loss == "quantile" else ALL


def _features(closes: Tensor, spec: ModelSpec) -> Tensor:
    """Compute the features of closes, ``(batch, lookback, inputs)``; see ``learning.features``."""
    from keras import ops

    columns = []
    for name in spec.features:
        column = closes[:, warmup(spec) :]
        if name != "close":
            column = ops.log(closes[:, 1:] / closes[:, :-1])
        if name == "abs_return":
            column = ops.log(ops.abs(column) + feature_values.EPSILON_MOVE)
        columns.append(column)
    return ops.stack(columns, axis=-1)


def _built_in(model: TrainedModel) -> keras.Model:
    """Build the way from min-max prices to prices with Keras' own layers alone."""
    import keras

    spec, scaler = model.spec, model.scaler
    closes = keras.Input((needs(spec),), dtype="float64", name=CLOSES)
    column = keras.layers.Reshape((spec.lookback, 1), dtype="float64")(closes)
    inputs = _rescaled(column, 1 / scaler.scale, -scaler.offset / scaler.scale)
    raw = _network(model, inputs, _points(spec))
    price = _rescaled(raw, scaler.target_scale, scaler.target_offset, name=PRICE)
    return keras.Model(closes, price, name=spec.network)


def _rescaled(x: Tensor, scale: Array, offset: Array, name: str | None = None) -> Tensor:
    """Multiply and add in float64."""
    import keras

    layer = keras.layers.Rescaling(scale.tolist(), offset.tolist(), dtype="float64", name=name)
    return layer(x)


def _written(network: keras.Model, format: str) -> bytes:
    """Write a Keras model to a file, and return its content."""
    with tempfile.TemporaryDirectory() as folder, _quiet():
        path = Path(folder) / f"model.{format}"
        if format == "onnx":
            # The export needs a model that was called once.
            network(np.ones((1, *network.input_shape[1:])))
            network.export(path, format="onnx", verbose=False)
            _tidy_onnx(path)
        else:
            network.save(path)
        return path.read_bytes()


def _tidy_onnx(path: Path) -> None:
    """Give the output of an ONNX graph a usual name, and take its logarithms in float64.

    The converter takes them in float32, which has too few digits for the return of a candle.
    """
    import onnx

    file = onnx.load(path)
    graph, (output,) = file.graph, file.graph.output
    made_by = {node.output[0]: node for node in graph.node}
    for node in list(graph.node):
        log = made_by.get(node.input[0]) if node.op_type == "Cast" else None
        narrowed = made_by.get(log.input[0]) if log is not None and log.op_type == "Log" else None
        if log is not None and narrowed is not None and narrowed.op_type == "Cast":
            log.input[0], log.output[0] = narrowed.input[0], node.output[0]
            graph.node.remove(narrowed)
            graph.node.remove(node)
    name = PRICE if graph.input[0].name == CLOSES else "outputs"
    graph.node.append(onnx.helper.make_node("Identity", [output.name], [name]))
    output.name = name
    # The noted types of the values between the nodes are no longer all true.
    del graph.value_info[:]
    onnx.checker.check_model(file, full_check=True)
    onnx.save(file, path)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide the warnings of the libraries: that .h5 is old, and about their own code."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
