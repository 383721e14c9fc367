"""The format of a saved model's two files, and how to read them safely from anybody.

``bundle.json`` contains numbers and text, and names the file of its weights: ``weights.npz``, or
``weights-ID.npz`` after it was replaced. The weights are plain float arrays whose shapes follow
from the spec. The type of every field and the shape of every array are checked, and all numbers
in arrays must be finite. The folder around the files is owned by ``bundles``.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import io
import json
import math
import re
import uuid
import zipfile
from collections.abc import Hashable, Mapping
from typing import TypeVar, cast, get_type_hints

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidBundle
from cryptoforecast.learning import features, specs
from cryptoforecast.types import (
    INTERVALS,
    OUTCOMES,
    QUANTILES,
    Array,
    EpochLoss,
    ModelCard,
    ModelSpec,
    Outcome,
    Scaler,
    TrainedModel,
    TrainingRecord,
)
from cryptoforecast.types.quotes import DEFAULT_QUOTE, quote_of

FORMAT = 1
#: The file of the weights, and of those of a model that replaced another one.
WEIGHTS = "weights.npz"
OTHER_WEIGHTS = re.compile(r"weights-[0-9a-f]{32}\.npz")
#: Largest ``bundle.json`` that is read.
MAX_JSON_BYTES = 1_000_000
#: Largest whole number, and the years of a time, that every list can show.
MAX_INTEGER, MIN_YEAR, MAX_YEAR = 2**63 - 1, 1700, 2200
#: The compressions of ``numpy.savez`` and ``numpy.savez_compressed``.
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
#: The types from JSON that each type of a field accepts; ``True`` is not a number.
JSON_TYPES: Mapping[type, tuple[type, ...]] = {
    str: (str,), int: (int,), float: (float, int), bool: (bool,),
}  # fmt: skip

#: How the verdict of an older bundle begins, by what it says of the price.
_OPENINGS: tuple[tuple[str, Outcome], ...] = (
    ("Beats ", "better"), ("Loses ", "worse"), ("Does not beat ", "tie"),
)  # fmt: skip

Value = TypeVar("Value")


def shapes(spec: ModelSpec) -> list[tuple[int, ...]]:
    """Return the shapes of the weight arrays of this spec, in Keras' order, network by network."""
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


def max_archive_bytes(spec: ModelSpec) -> int:
    """Return how large packed weights may be, compressed and uncompressed, in bytes."""
    return 4 * parameters(spec) + 1000 * len(shapes(spec))


def pack(model: TrainedModel) -> bytes:
    """Return the content of the file of the weights."""
    archive = io.BytesIO()
    arrays = {_key(i): array for i, array in enumerate(model.weights)}
    np.savez_compressed(archive, **arrays)  # type: ignore[arg-type]
    return archive.getvalue()


def write(model: TrainedModel, archive: bytes, name: str = WEIGHTS) -> str:
    """Return the content of ``bundle.json``.

    Args:
        model: The model.
        archive: Its packed weights.
        name: Name of their file.
    """
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
        "checksums": {name: hashlib.sha256(archive).hexdigest()},
    }
    return json.dumps(content, indent=1) + "\n"


def copied(content: Mapping[str, object], name: str) -> str:
    """Return the content of ``bundle.json`` for a copy of a model; its version is the same.

    Args:
        content: Content of ``bundle.json``.
        name: Name of the file of the weights beside the copy.
    """
    checksum = _object(content, "checksums")[weights_name(content)]
    return json.dumps({**content, "checksums": {name: checksum}}, indent=1) + "\n"


def weights_name(content: Mapping[str, object]) -> str:
    """Return the name of the file of the weights.

    Args:
        content: Content of ``bundle.json``.

    Raises:
        InvalidBundle: If it names none, or one that can't be.
    """
    names = list(_object(content, "checksums"))
    if len(names) != 1 or not is_weights_name(names[0]):
        raise InvalidBundle(f"`checksums` must name {WEIGHTS} alone. Received: {names!r:.80}.")
    return names[0]


def version(content: Mapping[str, object]) -> str:
    """Name the contents of a model: the same for every copy, whatever its files are called.

    Args:
        content: Content of ``bundle.json``, whose checksums stand for the weights.
    """
    sums = sorted(str(value) for value in _object(content, "checksums").values())
    text = json.dumps({**content, "checksums": sums}, sort_keys=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def other_weights_name(number: uuid.UUID) -> str:
    """Return a name for weights where ``weights.npz`` is taken."""
    return f"weights-{number.hex}.npz"


def is_weights_name(name: str) -> bool:
    """Return whether a file of weights can have this name."""
    return name == WEIGHTS or bool(OTHER_WEIGHTS.fullmatch(name))


def read_spec(text: bytes) -> tuple[Mapping[str, object], ModelSpec]:
    """Read ``bundle.json`` and check its spec, on which the size of everything else depends.

    Args:
        text: The content of the file.

    Returns:
        The whole content, of which only the spec is checked, and the spec.

    Raises:
        InvalidBundle: If the format is another one, or the spec names a baseline.
        InvalidInput: If the spec breaks a rule.
    """
    content = json.loads(text)
    _check_text(content)
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
    """Build a model from the content of its two files, and check all of it.

    Args:
        content: Content of ``bundle.json``, see ``read_spec``.
        spec: The spec in it.
        archive: Content of the file of the weights.

    Raises:
        InvalidBundle: If something is altered, or contradicts the spec.
    """
    check_archive(content, archive)
    return TrainedModel(
        spec=spec,
        scaler=_scaler(_object(content, "scaler"), spec),
        weights=_weights(archive, spec),
        residuals=_residuals(content["residuals"], spec),
        record=_record(_object(content, "record")),
        card=_card(_object(content, "card"), spec),
    )


def read_summary(
    content: Mapping[str, object], spec: ModelSpec, archive: bytes
) -> tuple[Scaler, TrainingRecord, ModelCard]:
    """Return all but the weights of a model, which are only compared with their checksum.

    See ``read``.
    """
    check_archive(content, archive)
    _residuals(content["residuals"], spec)
    return (
        _scaler(_object(content, "scaler"), spec),
        _record(_object(content, "record")),
        _card(_object(content, "card"), spec),
    )


def _check_text(content: object) -> None:
    """Refuse text that cannot be shown or sent."""
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise InvalidBundle("A text in it has half of a character (a surrogate).") from error


def check_archive(content: Mapping[str, object], archive: bytes) -> None:
    """Check that packed weights are those of a bundle.

    Raises:
        InvalidBundle: If they are not.
    """
    name = weights_name(content)
    if hashlib.sha256(archive).hexdigest() != _object(content, "checksums")[name]:
        raise InvalidBundle(f"{name} was altered: its checksum differs.")


def _key(number: int) -> str:
    """Return the name of a weight array in ``weights.npz``."""
    return f"w{number:02d}"


def _object(content: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Return a field that must be a JSON object."""
    value = content[name]
    if not isinstance(value, dict):
        raise InvalidBundle(f"`{name}` must be an object. Received: {value!r:.80}.")
    return value


def _typed(kind: type[Value], content: Mapping[str, object]) -> Value:
    """Make a value of this class, and check that its plain fields have their declared types."""
    value = kind(**content)
    for name, declared in _fields(cast("Hashable", kind)).items():
        actual = getattr(value, name)
        if declared in JSON_TYPES and type(actual) not in JSON_TYPES[declared]:
            raise InvalidBundle(f"`{name}` must be {declared.__name__}. Received: {actual!r:.80}.")
        if type(actual) is int and abs(actual) > MAX_INTEGER:
            raise InvalidBundle(f"`{name}` must be at most {MAX_INTEGER}.")
    return value


@functools.cache
def _fields(kind: Hashable) -> Mapping[str, type]:
    """Return the declared types of a class, which take longer to resolve than to check."""
    return get_type_hints(kind)


def _record(content: Mapping[str, object]) -> TrainingRecord:
    epochs = cast("list[dict[str, object]]", content["curve"])
    curve = tuple(_typed(EpochLoss, epoch) for epoch in epochs)
    return _typed(TrainingRecord, {**content, "curve": curve})


def _card(content: Mapping[str, object], spec: ModelSpec) -> ModelCard:
    usual = "any" if content.get("scope") == "global" else DEFAULT_QUOTE
    # Older bundles name neither the quote nor the outcomes.
    older = {"quote": usual, "outcomes": _outcomes(content.get("verdict"), spec)}
    card = _typed(ModelCard, {**older, **content})
    if card.interval not in INTERVALS or card.needs != specs.needs(spec):
        raise InvalidBundle("The card contradicts its spec.")
    if card.lowest <= 0 or card.highest <= 0:  # NaN where unknown
        raise InvalidBundle("`lowest` and `highest` must be above 0.")
    if card.quote != "any" and quote_of(card.quote) != card.quote:
        raise InvalidBundle(f"`quote` must be a currency or any. Received: {card.quote!r:.80}.")
    for name in ("start", "end", "cutoff", "created"):
        time = pd.Timestamp(getattr(card, name))
        if time.tzinfo is None or not MIN_YEAR <= time.year <= MAX_YEAR:
            raise InvalidBundle(
                f"`{name}` must be a time with its zone, from {MIN_YEAR} to {MAX_YEAR}."
            )
    figures = [figure for scores in card.scores.values() for figure in scores.values()]
    if not all(type(version) is str for version in card.libraries.values()):
        raise InvalidBundle("`libraries` must hold versions.")
    signals = [*card.signals, *card.signals.values()]
    if type(card.signals) is not dict or not all(type(text) is str for text in signals):
        raise InvalidBundle("`signals` must hold texts.")
    if not all(map(_is_figure, (*figures, card.gain))):
        raise InvalidBundle("`scores` and `gain` must hold numbers.")
    if not set(card.outcomes.values()) <= set(OUTCOMES):
        raise InvalidBundle(f"`outcomes` must hold some of {', '.join(OUTCOMES)}.")
    return card


def _outcomes(verdict: object, spec: ModelSpec) -> Mapping[str, Outcome]:
    """Return what a verdict says in words: older bundles have no more of their test."""
    outcome = next((each for text, each in _OPENINGS if str(verdict).startswith(text)), None)
    return {spec.network: outcome} if outcome else {}


def _is_figure(value: object) -> bool:
    if type(value) is int:
        return abs(value) <= MAX_INTEGER
    return value is None or type(value) is float


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
    expected, limit = shapes(spec), max_archive_bytes(spec)
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
