"""Saved models: a folder of ``bundle.json`` and ``weights.npz``, safe to read from a stranger.

No pickle and no Keras file: JSON holds numbers and words, the archive holds plain arrays whose
shapes follow from the spec. Anything else in there is refused. Writing goes to a temporary name
in the same folder and is then renamed, so a model is there whole or not at all.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import math
import re
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np

from cryptoforecast.errors import (
    AlreadyExists,
    CryptoForecastError,
    InvalidBundle,
    InvalidInput,
    UnknownModel,
)
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
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
#: Largest ``bundle.json`` that is read, in bytes.
JSON_LIMIT = 1_000_000


def check_name(name: str) -> str:
    """Return ``name`` if it can be a folder's name everywhere.

    Raises:
        InvalidInput: otherwise.
    """
    if not NAME.fullmatch(name) or ".." in name or name.endswith("."):
        raise InvalidInput(
            "A model's name must be 1 to 64 small letters, digits, dots, hyphens or underscores, "
            f"and start with a letter or digit. Received: {name[:80]!r}."
        )
    return name


def save(model: TrainedModel, folder: Path, name: str, *, force: bool = False) -> Path:
    """Write ``folder/name/`` in one step.

    Args:
        model: what to save.
        folder: where saved models live; made when absent.
        name: see ``check_name``.
        force: replace a model of this name.

    Raises:
        AlreadyExists: if the name is taken and ``force`` is false.
    """
    target = folder / check_name(name)
    if target.exists() and not force:
        raise AlreadyExists(
            f"A model named {name} exists. Choose another name, or overwrite it (--force)."
        )
    folder.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
    try:
        archive = io.BytesIO()
        arrays = {f"w{i:02d}": array for i, array in enumerate(model.weights)}
        np.savez_compressed(archive, **arrays)  # type: ignore[arg-type]
        (temporary / "weights.npz").write_bytes(archive.getvalue())
        (temporary / "bundle.json").write_text(
            json.dumps(_as_json(model, archive.getvalue()), indent=1) + "\n"
        )
        # mkdtemp makes a private folder; a saved model is as readable as its neighbours.
        temporary.chmod(0o755)
        if target.exists():
            old = Path(tempfile.mkdtemp(prefix=".old-", dir=folder))
            target.rename(old / name)
            temporary.rename(target)
            shutil.rmtree(old)
        else:
            temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def load(path: Path) -> TrainedModel:
    """Read one saved model.

    Args:
        path: the model's folder.

    Raises:
        UnknownModel: if there is no such folder.
        InvalidBundle: if anything in it is missing, altered, oversized or of another version.
    """
    if not (path / "bundle.json").is_file():
        raise UnknownModel(f"No saved model is named {path.name}. See the list with `models list`.")
    try:
        return _read(path)
    except InvalidBundle:
        raise
    except (
        CryptoForecastError,
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
        zipfile.BadZipFile,
        EOFError,
    ) as error:
        raise InvalidBundle(
            f"The saved model {path.name} can't be read: {error}. Delete it, or save it again."
        ) from error


def delete(folder: Path, name: str) -> None:
    """Remove a saved model.

    Raises:
        UnknownModel: if there is none of this name.
    """
    target = folder / check_name(name)
    if not (target / "bundle.json").is_file():
        raise UnknownModel(f"No saved model of yours is named {name}. Nothing was deleted.")
    shutil.rmtree(target)


def names(folder: Path) -> list[str]:
    """List the models in a folder, sorted."""
    if not folder.is_dir():
        return []
    return sorted(path.parent.name for path in folder.glob("*/bundle.json"))


def shapes(spec: ModelSpec) -> list[tuple[int, ...]]:
    """Return the shape of each weight array, in Keras' order, that this spec must have."""
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
    return [*result, (width, last), (last,)]


def parameters(spec: ModelSpec) -> int:
    """Count the numbers a network of this spec learns."""
    return sum(math.prod(shape) for shape in shapes(spec))


def _as_json(model: TrainedModel, archive: bytes) -> dict[str, object]:
    return {
        "format": FORMAT,
        "spec": dataclasses.asdict(model.spec),
        "scaler": {
            field.name: getattr(model.scaler, field.name).tolist()
            for field in dataclasses.fields(Scaler)
        },
        "residuals": None if model.residuals is None else model.residuals.tolist(),
        "record": dataclasses.asdict(model.record),
        "card": dataclasses.asdict(model.card),
        "checksums": {"weights.npz": hashlib.sha256(archive).hexdigest()},
    }


def _read(path: Path) -> TrainedModel:
    text = path / "bundle.json"
    if text.stat().st_size > JSON_LIMIT:
        raise InvalidBundle(f"{text.name} must be at most {JSON_LIMIT} bytes.")
    content = json.loads(text.read_text(encoding="utf-8"))
    if content.get("format") != FORMAT:
        raise InvalidBundle(
            f"The saved model {path.name} must be of format {FORMAT}. "
            f"Received: {content.get('format')!r}."
        )
    spec = _spec(content["spec"])
    weights = _weights(path / "weights.npz", spec, content["checksums"]["weights.npz"])
    record = content["record"]
    curve = tuple(EpochLoss(**epoch) for epoch in record.pop("curve"))
    card = ModelCard(**content["card"])
    if card.interval not in INTERVALS or card.needs != specs.needs(spec):
        raise InvalidBundle(f"The card of {path.name} contradicts its spec.")
    inputs, horizon = features.width(spec.features), spec.horizon
    scaler = Scaler(
        _array(content["scaler"]["offset"], (inputs,)),
        _array(content["scaler"]["scale"], (inputs,)),
        _array(content["scaler"]["target_offset"], (horizon,)),
        _array(content["scaler"]["target_scale"], (horizon,)),
    )
    residuals = content["residuals"]
    if (residuals is None) != (spec.loss == "quantile"):
        raise InvalidBundle(f"The band of {path.name} contradicts its loss.")
    if residuals is not None:
        residuals = _array(residuals, (horizon, len(QUANTILES)))
    return TrainedModel(
        spec, scaler, weights, residuals, TrainingRecord(**record, curve=curve), card
    )


def _spec(content: Mapping[str, object]) -> ModelSpec:
    values = dict(content)
    for name in ("features", "units"):
        values[name] = tuple(cast("list[object]", values[name]))
    spec = ModelSpec(**values)  # type: ignore[arg-type]
    for field in dataclasses.fields(ModelSpec):
        expected, value = type(getattr(ModelSpec(), field.name)), getattr(spec, field.name)
        if type(value) is not expected and not (expected is float and type(value) is int):
            raise InvalidBundle(f"`{field.name}` must be of type {expected.__name__}.")
    specs.check(spec)
    if not specs.is_network(spec):
        raise InvalidBundle(f"`network` must be lstm or dense. Received: {spec.network!r}.")
    return spec


def _weights(path: Path, spec: ModelSpec, checksum: str) -> tuple[Array, ...]:
    expected = shapes(spec)
    bound = 4 * parameters(spec) + 1000 * len(expected)
    if path.stat().st_size > bound:
        raise InvalidBundle(f"{path.name} must be at most {bound} bytes for its spec.")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != checksum:
        raise InvalidBundle(f"{path.name} was altered: its checksum differs.")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(item.file_size for item in archive.infolist()) > bound:
            raise InvalidBundle(f"{path.name} must unpack to at most {bound} bytes.")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        if len(arrays.files) != len(expected):
            raise InvalidBundle(f"{path.name} must hold {len(expected)} arrays.")
        return tuple(
            _array(arrays[f"w{i:02d}"], shape, np.float32) for i, shape in enumerate(expected)
        )


def _array(value: object, shape: tuple[int, ...], dtype: type = float) -> Array:
    array = np.asarray(value)
    if array.dtype.kind not in "fi" or array.shape != shape or not np.isfinite(array).all():
        raise InvalidBundle(
            f"Expected finite numbers of shape {shape}. Received: {array.dtype} {array.shape}."
        )
    return array.astype(dtype)
