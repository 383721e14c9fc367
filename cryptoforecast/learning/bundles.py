"""Saved models: folders of ``bundle.json`` and weights, safe to read whoever made them.

There is no pickle and no Keras file in them. ``bundle.json`` names the file of its weights, and
is renamed into its place when both are written. So a model is there as a whole or not at all, and
a model that is replaced is the old or the new one, whenever a process is killed and whatever other
processes do with it meanwhile. ``bundle_format`` owns what the files contain.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, TypeVar

from cryptoforecast import whole_files
from cryptoforecast.errors import (
    AlreadyExists,
    CryptoForecastError,
    InvalidBundle,
    InvalidInput,
    UnknownModel,
)
from cryptoforecast.learning import bundle_folder, bundle_format
from cryptoforecast.learning.bundle_folder import BUNDLE, VERSIONS, is_file
from cryptoforecast.learning.bundle_format import parameters, shapes
from cryptoforecast.types import ModelSpec, ModelSummary, TrainedModel

__all__ = [
    "check_name", "check_writable", "delete", "discard", "load", "names", "parameters", "parts",
    "rename", "save", "shapes", "summary", "tidy", "version",
]  # fmt: skip

Model = TypeVar("Model")

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
#: Folders in which earlier versions wrote a model, or moved one away while they replaced it.
OLD_TEMPORARY = re.compile(r"\.(new|old)-[a-z0-9_]{8}")


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
        InvalidInput: If the name can't be used, or the model could not be read again.
        AlreadyExists: If the name is that of a link, or is taken and ``force`` is false.
        CryptoForecastError: If the folder can't be written.
    """
    target = folder / check_name(name)
    try:
        check_free(folder, name, force=force)
        archive = bundle_format.pack(model)
        _check_readable(model, archive)
        text = functools.partial(bundle_format.write, model, archive)
        bundle_folder.write(target, archive, text, force=force)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return target


def check_free(folder: Path, name: str, *, force: bool = False) -> None:
    """Refuse a name that ``save`` would refuse.

    Args:
        folder: Folder of saved models.
        name: Name of the model.
        force: Whether a model of this name would be replaced.

    Raises:
        InvalidInput: If no saved model can have the name.
        AlreadyExists: If the name is that of a link, or is taken and ``force`` is false.
    """
    target = folder / check_name(name)
    if target.is_symlink():
        raise AlreadyExists(
            f"A link can't be replaced by a model. Received: {name}, which leads to another "
            f"folder. Choose another name, or delete {name} first; what it leads to stays."
        )
    if not force and os.path.lexists(target / BUNDLE):
        raise bundle_folder.taken(name)


def check_writable(folder: Path) -> None:
    """Refuse a folder of saved models that can't be written to, before a model is trained.

    Raises:
        CryptoForecastError: If it can't, or can't be made.
    """
    try:
        there = (path for path in (folder, *folder.absolute().parents) if path.is_dir())
        whole_files.check_writable(next(there))  # what is missing is made in it
    except OSError as error:
        raise _unwritable(folder, error) from error


def load(path: Path) -> TrainedModel:
    """Read a saved model.

    Args:
        path: The model's folder.

    Raises:
        UnknownModel: If there is no such folder.
        InvalidBundle: If anything in it is missing, altered, too large or of another version.
    """
    return _load(path, bundle_format.read)


def load_versioned(path: Path) -> tuple[TrainedModel, str]:
    """Read a saved model and its version at once, also while another takes its place.

    Args:
        path: The model's folder.

    Returns:
        The model, and the name of its contents; see ``bundle_format.version``.

    Raises:
        UnknownModel: See ``load``.
        InvalidBundle: See ``load``.
    """

    def read(
        content: Mapping[str, object], spec: ModelSpec, archive: bytes
    ) -> tuple[TrainedModel, str]:
        return bundle_format.read(content, spec, archive), bundle_format.version(content)

    return _load(path, read)


def summary(path: Path, *, shipped: bool) -> ModelSummary:
    """Read all but the weights of a saved model, which are only compared with their checksum.

    Args:
        path: The model's folder.
        shipped: Whether it comes with the project.

    Raises:
        UnknownModel: See ``load``.
        InvalidBundle: See ``load``.
    """

    def read(content: Mapping[str, object], spec: ModelSpec, archive: bytes) -> ModelSummary:
        parts = bundle_format.read_summary(content, spec, archive)
        return ModelSummary(path.name, shipped, spec, *parts, parameters=parameters(spec))

    return _load(path, read)


def version(path: Path) -> str:
    """Name the contents of a saved model; see ``bundle_format.version``.

    Args:
        path: The model's folder.

    Raises:
        UnknownModel: See ``load``.
        InvalidBundle: See ``load``.
    """
    return _load(path, lambda content, _, __: bundle_format.version(content))


def parts(path: Path) -> tuple[Mapping[str, object], bytes]:
    """Return the content of ``bundle.json`` and the packed weights, as they are on the disk.

    Raises:
        UnknownModel: See ``load``.
        InvalidBundle: If they do not belong together.
    """

    def read(
        content: Mapping[str, object], _: ModelSpec, archive: bytes
    ) -> tuple[Mapping[str, object], bytes]:
        bundle_format.check_archive(content, archive)
        return content, archive

    return _load(path, read)


def _load(path: Path, read: Callable[[Mapping[str, object], ModelSpec, bytes], Model]) -> Model:
    for _ in range(bundle_folder.MAX_ATTEMPTS):
        if not is_file(path / BUNDLE):
            break
        try:
            with (path / BUNDLE).open("rb") as file:
                try:
                    return read(*_opened(file, path))
                except Exception:  # of any kind, also if another process replaced the weights
                    if bundle_folder.is_current(file, path / BUNDLE):
                        raise
        except FileNotFoundError:
            continue  # deleted in this moment
        except Exception as error:  # JSON, zip and npy raise many kinds: all mean a bad bundle
            raise InvalidBundle(
                f"The saved model {path.name} can't be read: {_reason(error)}. Delete it, or save "
                "it again."
            ) from error
    raise UnknownModel(f"No saved model is named {path.name}.", path.name)


def delete(folder: Path, name: str) -> None:
    """Remove a saved model; if its folder is a link, remove the link alone.

    Raises:
        InvalidInput: If no saved model can have this name.
        UnknownModel: If there is no saved model of this name.
        CryptoForecastError: If it can't be removed.
    """
    target = folder / check_name(name)
    try:
        if target.is_symlink():
            target.unlink()
        elif is_file(target / BUNDLE):
            discard(target)
        else:
            raise FileNotFoundError(target)
    except FileNotFoundError as error:
        raise UnknownModel(
            f"No saved model of yours is named {name}. Nothing was deleted."
        ) from error
    except OSError as error:
        raise CryptoForecastError(
            f"Deleting a model needs a folder that can be written. Received: {folder} "
            f"({error.strerror}). Delete {name} there by hand."
        ) from error


def rename(folder: Path, name: str, new: str) -> None:
    """Give a saved model another name, in one moment; no model is ever replaced.

    Args:
        folder: Folder of saved models.
        name: Its name.
        new: Its new name, see ``check_name``.

    Raises:
        InvalidInput: If no saved model can have one of the names, or the model is a link.
        UnknownModel: If there is no saved model of this name.
        AlreadyExists: If the new name is taken.
        CryptoForecastError: If it can't be renamed.
    """
    source, target = folder / check_name(name), folder / check_name(new)
    try:
        check_free(folder, new)
        if source.is_symlink():
            raise InvalidInput(
                f"A link can't be renamed. Received: {name}, which leads to another folder. Rename "
                "it by hand."
            )
        if not is_file(source / BUNDLE):
            raise FileNotFoundError(source)
        source.rename(target)  # a folder takes the place of an empty one, and of no other
        whole_files.sync_folder(folder)
        bundle_folder.tidy(target)
        if not is_file(target / BUNDLE):  # deleted in this moment
            raise FileNotFoundError(target)
    except FileNotFoundError as error:
        raise UnknownModel(
            f"No saved model of yours is named {name}. Nothing was renamed."
        ) from error
    except OSError as error:
        if os.path.lexists(target):  # another process has saved one in this moment
            raise bundle_folder.taken(new) from error
        raise CryptoForecastError(
            f"Renaming a model needs a folder that can be written. Received: {folder} "
            f"({error.strerror}). Rename {name} there by hand."
        ) from error


def discard(path: Path) -> None:
    """Remove a saved model, as a whole and in one moment; other files in its folder stay.

    Args:
        path: The model's folder, not a link.

    Raises:
        OSError: If there is no model, or it can't be removed.
    """
    (path / BUNDLE).replace(next(whole_files.temporary_names(path)))
    whole_files.sync_folder(path)
    bundle_folder.tidy(path)


def names(folder: Path) -> list[str]:
    """List the names of the models in a folder, sorted; other folders are left out."""
    try:
        entries = [path.name for path in folder.iterdir()]
    except OSError:
        return []
    return sorted(name for name in entries if _is_name(name) and is_file(folder / name / BUNDLE))


def tidy(folder: Path) -> None:
    """Remove what killed processes left, and bring back what they had moved away.

    Nothing is touched that another process is writing.

    Args:
        folder: Folder of saved models; it need not exist.
    """
    with contextlib.suppress(OSError):
        whole_files.tidy(folder)
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        for name in names:
            if _is_name(name):
                _tidy_versions(folder / name / VERSIONS)
                bundle_folder.tidy(folder / name)
            elif OLD_TEMPORARY.fullmatch(name):
                _bring_back(folder / name)


def _tidy_versions(folder: Path) -> None:
    tidy(folder)
    with contextlib.suppress(OSError):
        folder.rmdir()  # fails unless it is empty


def _is_name(name: str) -> bool:
    return bool(NAME.fullmatch(name)) and ".." not in name and not name.endswith(".")


def _unwritable(folder: Path, error: OSError) -> CryptoForecastError:
    return CryptoForecastError(
        f"Saving a model needs a folder that can be written, with space left. Received: {folder} "
        f"({error.strerror}). Make room there, or set CRYPTOFORECAST_HOME to another folder."
    )


def _reason(error: Exception) -> str:
    """Say in one line what is wrong with a bundle, in characters that can be shown anywhere."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    text = text.encode("utf-8", "backslashreplace").decode()
    return " ".join(text.split())[:300].rstrip(".") or type(error).__name__


def _check_readable(model: TrainedModel, archive: bytes) -> None:
    """Refuse a model that could not be read again, such as one whose weights are not finite."""
    try:
        content, spec = bundle_format.read_spec(bundle_format.write(model, archive).encode())
        bundle_format.read(content, spec, archive)
    except Exception as error:  # the reasons are those of a bad bundle
        raise InvalidInput(
            "A model must be finite numbers and plain texts to be saved. Received: "
            f"{_reason(error)}. Train it again."
        ) from error


def _bring_back(aside: Path) -> None:
    """Bring back a model that an older version had moved away, unless its successor is there."""
    with contextlib.suppress(OSError):
        for path in list(aside.iterdir()):
            if _is_name(path.name) and aside.name.startswith(".old-"):
                target = aside.parent / path.name
                if not os.path.lexists(target):
                    path.rename(target)
        shutil.rmtree(aside)


def _opened(bundle: BinaryIO, path: Path) -> tuple[Mapping[str, object], ModelSpec, bytes]:
    """Return the content of an open ``bundle.json``, the spec in it, and the packed weights."""
    content, spec = bundle_format.read_spec(
        bundle_folder.content(bundle, bundle_format.MAX_JSON_BYTES)
    )
    weights = path / bundle_format.weights_name(content)
    try:
        archive = bundle_folder.read(weights, bundle_format.max_archive_bytes(spec))
    except FileNotFoundError as error:
        raise InvalidBundle(f"{weights.name} must be a file.") from error
    return content, spec, archive
