"""Exports of a saved model: one file of a network, or a zip archive of it with all it needs.

The zip archive holds the network alone, its scaling and settings as JSON, the formulas of its
inputs and outputs, and a README.
"""

from __future__ import annotations

import dataclasses
import inspect
import io
import json
import zipfile

from cryptoforecast.errors import InvalidInput
from cryptoforecast.learning import features, formulas, inference, keras_files
from cryptoforecast.learning.specs import needs
from cryptoforecast.types import Scaler, TrainedModel

#: How the network in the archive is read, by its format.
_READ = {
    "keras": 'network = keras.models.load_model("network.keras")',
    "h5": 'network = keras.models.load_model("network.h5", compile=False)',
    "onnx": 'session = onnxruntime.InferenceSession("network.onnx")\n'
    'network = lambda inputs: session.run(None, {"inputs": inputs})[0]',
}
_README = """{name}
{rule}

This is the network {name} without the program that made it. {verdict}

It reads the last {needs} closed candles ({interval}) of {market}: {features}. It was trained on
candles up to {cutoff}.

- network.{format}: the network alone. Scaled inputs (batch, {lookback}, {width}) go in, its last
  layer comes out.
- scaler.json: what the inputs and the outputs are scaled by, and the settings of the network.
- formulas.py: its inputs from candles, and prices from its outputs. It needs NumPy alone.

    import json
    import {library}
    import numpy
    import formulas

    settings = json.load(open("scaler.json"))
    {read}
    inputs = formulas.inputs(candles, times, settings)
    price, quantiles = formulas.prices(numpy.asarray(network(inputs)), candles, settings)

`candles` has a row for each candle, the oldest first: open, high, low, close, volume. `times` are
their opens, UTC. `price` is the forecast of the next {horizon} closes. `quantiles` is the band of
the network alone: it is not calibrated. In the program it is, on earlier forecasts.
{minmax}"""
_MINMAX = """
The scaling is that of scikit-learn's MinMaxScaler: `offset` is its `data_min_` and `scale` its
`data_range_`.
"""


def check(model: TrainedModel, format: str, *, alone: bool) -> None:
    """Refuse what ``content`` would refuse, before TensorFlow is loaded.

    Raises:
        InvalidInput: If the format is unknown, or can't hold the network.
    """
    keras_files.check_format(format)
    signals = features.signals(model.spec.features)
    if signals:
        raise InvalidInput(
            "Files for other programs hold networks of candles alone. Received: one that reads "
            f"{', '.join(signals)}. Leave the format out: an archive for `models import` holds it."
        )
    if alone:
        keras_files.check_whole(model.spec, format)


def content(model: TrainedModel, name: str, format: str, *, alone: bool) -> bytes:
    """Return a model in a format of other programs.

    Args:
        model: The model.
        name: Its name.
        format: One of ``keras_files.FORMATS``.
        alone: Whether this is one file from closes to prices; otherwise it is a zip archive of the
            network, its scaler and its formulas.

    Raises:
        InvalidInput: See ``check``.
    """
    check(model, format, alone=alone)
    if alone:
        return keras_files.whole(model, format)
    files = {
        "README.txt": _readme(model, name, format).encode(),
        f"network.{format}": keras_files.bare(model, format),
        "scaler.json": (json.dumps(_settings(model), indent=1) + "\n").encode(),
        "formulas.py": inspect.getsource(formulas).encode(),
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for file_name, part in files.items():
            file.writestr(zipfile.ZipInfo(f"{name}/{file_name}"), part)
    return archive.getvalue()


def _settings(model: TrainedModel) -> dict[str, object]:
    """Return the settings of a model that ``formulas`` reads."""
    spec = model.spec
    names = ("features", "lookback", "horizon", "target", "loss", "unit", "ensemble")
    return {
        **{name: getattr(spec, name) for name in names},
        "needs": needs(spec),
        "interval": model.card.interval,
        **{
            field.name: getattr(model.scaler, field.name).tolist()
            for field in dataclasses.fields(Scaler)
        },
        "residuals": None if model.residuals is None else model.residuals.tolist(),
    }


def _readme(model: TrainedModel, name: str, format: str) -> str:
    spec, card = model.spec, model.card
    return _README.format(
        name=name,
        rule="=" * len(name),
        verdict=card.verdict or "It was never tested.",
        needs=needs(spec),
        interval=card.interval,
        market="any coin" if card.market == "any" else card.market,
        features=", ".join(spec.features),
        cutoff=card.cutoff,
        format=format,
        lookback=spec.lookback,
        width=len(model.scaler.offset),
        library="onnxruntime" if format == "onnx" else "keras",
        read=_READ[format].replace("\n", "\n    "),
        horizon=spec.horizon,
        minmax=_MINMAX if spec.target == "price" and not inference.beyond_closes(spec) else "",
    )
