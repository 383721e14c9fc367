"""Saved models: folders of ``bundle.json`` and ``weights.npz``, safe to read whoever made them.

There is no pickle and no Keras file in them. A model is written to a temporary folder, which is
then renamed, so that a model is there as a whole or not at all. ``bundle_format`` owns what the
two files contain.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from cryptoforecast.errors import (
    AlreadyExists,
    CryptoForecastError,
    InvalidBundle,
    InvalidInput,
    UnknownModel,
)
from cryptoforecast.learning import bundle_format
from cryptoforecast.learning.bundle_format import parameters, shapes
from cryptoforecast.types import TrainedModel

__all__ = ["check_name", "delete", "load", "names", "parameters", "save", "shapes"]

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def check_name(name: str) -> str:
    """Return ``name`` if a saved model can have it.

    Raises:
        InvalidInput: Otherwise.
    """
    if not _is_name(name):
        raise InvalidInput(
            "A model's name must be 1 to 64 small letters, digits, dots, hyphens or underscores, "
            f"and start with a letter or digit. Received: {name[:80]!r}."
        )
    return name


def save(model: TrainedModel, folder: Path, name: str, *, force: bool = False) -> Path:
    """Write a model to ``folder/name/``, as a whole or not at all.

    Args:
        model: The model.
        folder: Folder of saved models; it is made if it does not exist.
        name: Name of the model, see ``check_name``.
        force: Whether to replace a model of this name.

    Returns:
        The model's folder.

    Raises:
        InvalidInput: If the name can't be used.
        AlreadyExists: If the name is taken and ``force`` is false.
        CryptoForecastError: If the folder can't be written.
    """
    check_free(folder, name, force=force)
    target = folder / name
    try:
        _write(model, target)
    except OSError as error:
        raise CryptoForecastError(
            f"Saving a model needs a folder that can be written, with space left. Received: "
            f"{folder} ({error.strerror}). Make room there, or set CRYPTOFORECAST_HOME to "
            "another folder."
        ) from error
    return target


def check_free(folder: Path, name: str, *, force: bool = False) -> None:
    """Refuse a name that ``save`` would refuse.

    Args:
        folder: Folder of saved models.
        name: Name of the model.
        force: Whether a model of this name would be replaced.

    Raises:
        InvalidInput: If no saved model can have the name.
        AlreadyExists: If the name is taken and ``force`` is false.
    """
    if _taken(folder / check_name(name)) and not force:
        raise AlreadyExists(
            f"A model named {name} exists. Choose another name, or replace it (--force, "
            "force=True)."
        )


def load(path: Path) -> TrainedModel:
    """Read a saved model.

    Args:
        path: The model's folder.

    Raises:
        UnknownModel: If there is no such folder.
        InvalidBundle: If anything in it is missing, altered, too large or of another version.
    """
    if not (path / "bundle.json").is_file():
        raise UnknownModel(f"No saved model is named {path.name}. See the list with `models list`.")
    try:
        content, spec = bundle_format.read_spec(
            _read(path / "bundle.json", bundle_format.MAX_JSON_BYTES)
        )
        archive = _read(path / "weights.npz", bundle_format.max_archive_bytes(spec))
        return bundle_format.read(content, spec, archive)
    except Exception as error:  # JSON, zip and npy raise many kinds: all mean a bad bundle
        reason = " ".join(str(error).split())[:300].rstrip(".") or type(error).__name__
        raise InvalidBundle(
            f"The saved model {path.name} can't be read: {reason}. Delete it, or save it again."
        ) from error


def delete(folder: Path, name: str) -> None:
    """Remove a saved model; if its folder is a link, remove the link alone.

    Raises:
        InvalidInput: If no saved model can have this name.
        UnknownModel: If there is no saved model of this name.
        CryptoForecastError: If it can't be removed.
    """
    target = folder / check_name(name)
    if not (target / "bundle.json").is_file():
        raise UnknownModel(f"No saved model of yours is named {name}. Nothing was deleted.")
    try:
        if target.is_symlink():
            target.unlink()
        else:
            shutil.rmtree(target)
    except OSError as error:
        raise CryptoForecastError(
            f"Deleting a model needs a folder that can be written. Received: {folder} "
            f"({error.strerror}). Delete {name} there by hand."
        ) from error


def names(folder: Path) -> list[str]:
    """List the names of the models in a folder, sorted; other folders are left out."""
    if not folder.is_dir():
        return []
    folders = (path.parent.name for path in folder.glob("*/bundle.json") if path.is_file())
    return sorted(name for name in folders if _is_name(name))


def _is_name(name: str) -> bool:
    return bool(NAME.fullmatch(name)) and ".." not in name and not name.endswith(".")


def _taken(target: Path) -> bool:
    return target.exists() or target.is_symlink()


def _write(model: TrainedModel, target: Path) -> None:
    text, archive = bundle_format.write(model)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
    try:
        (temporary / "weights.npz").write_bytes(archive)
        (temporary / "bundle.json").write_text(text, encoding="utf-8")
        # mkdtemp makes a folder that others can't read; a saved model should not be private.
        temporary.chmod(0o755)
        _replace(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _replace(new: Path, target: Path) -> None:
    """Rename ``new`` to ``target``; a model that is there is moved away, and back on failure."""
    if not _taken(target):
        new.rename(target)
        return
    aside = Path(tempfile.mkdtemp(prefix=".old-", dir=target.parent))
    old = aside / target.name
    try:
        target.rename(old)
        new.rename(target)
    except BaseException:
        if _taken(old):
            old.rename(target)
        aside.rmdir()
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _read(path: Path, limit: int) -> bytes:
    """Read a plain file of at most ``limit`` bytes; reading a pipe or a device might never end."""
    if not path.is_file():
        raise InvalidBundle(f"{path.name} must be a file.")
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise InvalidBundle(f"{path.name} must be at most {limit} bytes.")
    return content
