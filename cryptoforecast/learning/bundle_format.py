"""What the two files of a bundle hold, and how they are read from a stranger.

``bundle.json`` holds numbers and words, ``weights.npz`` plain float arrays whose shapes follow
from the spec. Every field and every array is checked for its type, its shape and being finite.
Knows no folders; see ``bundles``.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import math
import zipfile
from collections.abc import Mapping
from typing import TypeVar, cast, get_type_hints

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidBundle
from cryptoforecast.learning import features, specs
from cryptoforecast.types import (
    INTERVALS,
    QUANTILES,
    Array,
    EpochLoss,
    ModelCard,
    ModelSpec,
    Scaler,
    TrainedModel,
    TrainingRecord,
)

FORMAT = 1
#: Largest ``bundle.json`` that is read, in bytes.
JSON_LIMIT = 1_000_000
#: Compressions that ``numpy.savez`` and ``savez_compressed`` use.
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
#: JSON types that serve as a field's type; true is no number.
SERVES: Mapping[type, tuple[type, ...]] = {
    str: (str,), int: (int,), float: (float, int), bool: (bool,),
}  # fmt: skip

Value = TypeVar("Value")


def shapes(spec: ModelSpec) -> list[tuple[int, ...]]:
    """Return the shape of each weight array that this spec must have.

    In Keras' order, network by network.
    """
    result: list[tuple[int, ...]] = []
    last = spec.horizon * (len(QUANTILES) if spec.loss == "quantile" else 1)
    width = features.width(spec.features)
    if spec.network == "lstm":
        for units in spec.units:
            result += [(width, 4 * units), (units, 4 * units), (4 * units,)]
            width = units
    else:
        width *= spec.lookback
        for units in spec.units:
            result += [(width, units), (units,)]
            width = units
    return [*result, (width, last), (last,)] * spec.ensemble


def parameters(spec: ModelSpec) -> int:
    """Count the numbers that the networks of this spec learn."""
    return sum(math.prod(shape) for shape in shapes(spec))


def archive_limit(spec: ModelSpec) -> int:
    """Bound the bytes of ``weights.npz``, packed and unpacked."""
    return 4 * parameters(spec) + 1000 * len(shapes(spec))


def write(model: TrainedModel) -> tuple[str, bytes]:
    """Return ``bundle.json`` and ``weights.npz``."""
    archive = io.BytesIO()
    arrays = {_key(i): array for i, array in enumerate(model.weights)}
    np.savez_compressed(archive, **arrays)  # type: ignore[arg-type]
    content = {
        "format": FORMAT,
        "spec": dataclasses.asdict(model.spec),
        "scaler": {
            field.name: getattr(model.scaler, field.name).tolist()
            for field in dataclasses.fields(Scaler)
        },
        "residuals": None if model.residuals is None else model.residuals.tolist(),
        "record": dataclasses.asdict(model.record),
        "card": dataclasses.asdict(model.card),
        "checksums": {"weights.npz": hashlib.sha256(archive.getvalue()).hexdigest()},
    }
    return json.dumps(content, indent=1) + "\n", archive.getvalue()


def read_spec(text: bytes) -> tuple[Mapping[str, object], ModelSpec]:
    """Read ``bundle.json`` as far as its spec, which bounds everything else.

    Returns:
        The whole content, and the spec.
    """
    content = json.loads(text)
    if content.get("format") != FORMAT:
        raise InvalidBundle(f"Expected format {FORMAT}. Received: {content.get('format')!r:.80}.")
    values = dict(content["spec"])
    for name, value in (("unit", "fixed"), ("final", 0.0)):  # older bundles don't name them
        values.setdefault(name, value)
    for name in ("features", "units"):
        values[name] = tuple(values[name])
    spec = ModelSpec(**values)
    specs.check(spec)
    if not specs.is_network(spec):
        raise InvalidBundle(f"`network` must be lstm or dense. Received: {spec.network!r:.80}.")
    return content, spec


def read(content: Mapping[str, object], spec: ModelSpec, archive: bytes) -> TrainedModel:
    """Put a model together from its spec, the rest of ``bundle.json`` and ``weights.npz``."""
    if hashlib.sha256(archive).hexdigest() != _part(content, "checksums")["weights.npz"]:
        raise InvalidBundle("weights.npz was altered: its checksum differs.")
    return TrainedModel(
        spec=spec,
        scaler=_scaler(_part(content, "scaler"), spec),
        weights=_weights(archive, spec),
        residuals=_residuals(content["residuals"], spec),
        record=_record(_part(content, "record")),
        card=_card(_part(content, "card"), spec),
    )


def _key(number: int) -> str:
    return f"w{number:02d}"


def _part(content: Mapping[str, object], name: str) -> Mapping[str, object]:
    part = content[name]
    if not isinstance(part, dict):
        raise InvalidBundle(f"`{name}` must be an object. Received: {part!r:.80}.")
    return part


def _typed(kind: type[Value], content: Mapping[str, object]) -> Value:
    """Make a value whose text, number and truth fields are of the declared type."""
    value = kind(**content)
    for name, hint in get_type_hints(kind).items():
        given = getattr(value, name)
        if hint in SERVES and type(given) not in SERVES[hint]:
            raise InvalidBundle(f"`{name}` must be {hint.__name__}. Received: {given!r:.80}.")
    return value


def _record(content: Mapping[str, object]) -> TrainingRecord:
    epochs = cast("list[dict[str, object]]", content["curve"])
    curve = tuple(_typed(EpochLoss, epoch) for epoch in epochs)
    return _typed(TrainingRecord, {**content, "curve": curve})


def _card(content: Mapping[str, object], spec: ModelSpec) -> ModelCard:
    card = _typed(ModelCard, content)
    if card.interval not in INTERVALS or card.needs != specs.needs(spec):
        raise InvalidBundle("The card contradicts its spec.")
    if card.lowest <= 0 or card.highest <= 0:  # NaN where unknown
        raise InvalidBundle("`lowest` and `highest` must be above 0.")
    for name in ("start", "end", "cutoff", "created"):
        if pd.Timestamp(getattr(card, name)).tzinfo is None:
            raise InvalidBundle(f"`{name}` must be a time with its zone.")
    figures = [figure for scores in card.scores.values() for figure in scores.values()]
    if not all(type(version) is str for version in card.libraries.values()):
        raise InvalidBundle("`libraries` must hold versions.")
    if not all(figure is None or type(figure) in SERVES[float] for figure in figures):
        raise InvalidBundle("`scores` must hold numbers.")
    return card


def _scaler(content: Mapping[str, object], spec: ModelSpec) -> Scaler:
    inputs, horizon = (features.width(spec.features),), (spec.horizon,)
    scaler = Scaler(
        _array(content["offset"], inputs),
        _array(content["scale"], inputs),
        _array(content["target_offset"], horizon),
        _array(content["target_scale"], horizon),
    )
    if (scaler.scale <= 0).any() or (scaler.target_scale <= 0).any():
        raise InvalidBundle("The scaler must divide by numbers above 0.")
    return scaler


def _residuals(content: object, spec: ModelSpec) -> Array | None:
    if (content is None) != (spec.loss == "quantile"):
        raise InvalidBundle("The band contradicts the loss.")
    if content is None:
        return None
    residuals = _array(content, (spec.horizon, len(QUANTILES)))
    if (np.diff(residuals, axis=1) < 0).any():
        raise InvalidBundle("The quantiles of the residuals must rise.")
    return residuals


def _weights(archive: bytes, spec: ModelSpec) -> tuple[Array, ...]:
    expected, limit = shapes(spec), archive_limit(spec)
    with zipfile.ZipFile(io.BytesIO(archive)) as entries:
        names = [entry.filename for entry in entries.infolist()]
        size = sum(entry.file_size for entry in entries.infolist())
        packed = {entry.compress_type for entry in entries.infolist()}
    if names != [f"{_key(i)}.npy" for i in range(len(expected))] or packed - {*COMPRESSIONS}:
        raise InvalidBundle(f"weights.npz must hold {len(expected)} arrays and nothing else.")
    if size > limit:
        raise InvalidBundle(f"weights.npz must unpack to at most {limit} bytes.")
    with np.load(io.BytesIO(archive), allow_pickle=False) as arrays:
        return tuple(_array(arrays[_key(i)], shape, np.float32) for i, shape in enumerate(expected))


def _array(value: object, shape: tuple[int, ...], dtype: type = float) -> Array:
    array = np.asarray(value)
    if array.dtype.kind not in "fi" or array.shape != shape or not np.isfinite(array).all():
        raise InvalidBundle(
            f"Expected finite numbers of shape {shape}. Received: {array.dtype} {array.shape}."
        )
    return array.astype(dtype)
