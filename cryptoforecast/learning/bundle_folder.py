"""The folder of a saved model: its files, and which of them a killed process has left.

Only ``bundle.json`` and the weights that it names are needed. ``bundles`` owns how they come there.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from cryptoforecast import whole_files
from cryptoforecast.errors import InvalidBundle, NameTaken
from cryptoforecast.learning import bundle_format

#: The file that makes a folder a saved model, and the folder of the versions before it.
BUNDLE, VERSIONS = "bundle.json", "versions"
#: How often a save or a load starts again because another process has replaced the model.
MAX_ATTEMPTS = 100


def is_file(path: Path) -> bool:
    """Return whether there is a plain file that can be looked at; ``Path.is_file`` may raise."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):  # ValueError: a name that no file can have
        return False


def write(target: Path, archive: bytes, text: Callable[[str], str], *, force: bool) -> None:
    """Write a model, as a whole or not at all; start again if its folder is deleted meanwhile.

    Args:
        target: The model's folder.
        archive: Its packed weights.
        text: Returns the content of ``bundle.json`` for a name of the file of the weights.
        force: Whether to replace a model that is there.

    Raises:
        NameTaken: If there is a model and ``force`` is false.
        OSError: If the files can't be written.
    """
    if not os.path.lexists(target / BUNDLE):
        tidy(target)  # the rest of a deleted model does not belong to this one
    for attempt in range(MAX_ATTEMPTS):
        try:
            target.mkdir(parents=True, exist_ok=True)
            _write_files(target, archive, text, force=force)
            break
        except FileNotFoundError:
            if attempt == MAX_ATTEMPTS - 1:
                raise
        finally:
            tidy(target)
    whole_files.sync_folder(target.parent)


def taken(name: str) -> NameTaken:
    """Return the error that says that a model of this name is there already."""
    return NameTaken(
        f"A model named {name} exists. Choose another name, or replace it (--force on the command "
        "line, force=True in Python, `force` in the API).",
        name,
    )


def _write_files(target: Path, archive: bytes, text: Callable[[str], str], *, force: bool) -> None:
    """Write both files, each locked until the model is there as a whole.

    The temporary file is there before the weights. By it ``is_needed`` knows that the weights
    belong to a model that is being saved.
    """
    with (
        whole_files.create(whole_files.temporary_names(target)) as bundle,
        whole_files.create(weights_names(target)) as weights,
    ):
        path = Path(weights.name)
        try:
            weights.write(archive)
            whole_files.sync(weights)
            bundle.write(text(path.name).encode())
            whole_files.publish(bundle, target / BUNDLE, overwrite=force)
        except FileExistsError as error:  # another process has saved one in this moment
            raise taken(target.name) from error
        finally:
            if not is_needed(path):
                path.unlink(missing_ok=True)


def weights_names(target: Path) -> Iterator[Path]:
    """Give names for a file of weights: the usual one may be taken by the model to replace."""
    yield target / bundle_format.WEIGHTS
    for _ in itertools.count():
        yield target / bundle_format.other_weights_name(uuid.uuid4())


def tidy(target: Path) -> None:
    """Remove the files in a model's folder that nobody needs or writes, and an empty folder."""
    with contextlib.suppress(OSError):
        if _is_tidy(target):
            return
        was_model = True
        # A process that deletes the model meanwhile passes over the weights that are locked here.
        while was_model:
            was_model = os.path.lexists(target / BUNDLE)
            weights = _weights_in(target)
            for path in weights if len(weights) > was_model else []:
                whole_files.remove_unused(path, functools.partial(is_needed, path))
            is_model = os.path.lexists(target / BUNDLE)
            was_model = was_model and not is_model
        if not is_model and not _weights_in(target) and any(target.glob(whole_files.TEMPORARY)):
            _remove_versions(target)
        if is_model or not _weights_in(target):
            whole_files.tidy(target)
            target.rmdir()  # fails unless it is empty


def _remove_versions(target: Path) -> None:
    """Remove the versions of a model that was deleted.

    Raises:
        OSError: If they can't be removed; the temporary file then stays, so that it is tried again.
    """
    if (target / VERSIONS).is_dir():
        shutil.rmtree(target / VERSIONS)


def _is_tidy(target: Path) -> bool:
    """Return whether the folder holds a model and no file that may be left over.

    The folder is listed only once, because many folders are checked.
    """
    with os.scandir(target) as entries:
        names = {entry.name for entry in entries}
    weights = [name for name in names if bundle_format.is_weights_name(name)]
    hidden = any(name.startswith(".") for name in names)
    return BUNDLE in names and len(weights) == 1 and not hidden


def _weights_in(target: Path) -> list[Path]:
    return [path for path in target.iterdir() if bundle_format.is_weights_name(path.name)]


def is_needed(weights: Path) -> bool:
    """Return whether weights belong to a model, or may do so.

    Weights without ``bundle.json`` are the rest of a model that was being saved or deleted if a
    temporary file is beside them. Otherwise somebody may be copying a model to this place.
    """
    try:
        text = read(weights.with_name(BUNDLE), bundle_format.MAX_JSON_BYTES)
        return bundle_format.weights_name(json.loads(text)) == weights.name
    except FileNotFoundError:
        return not any(weights.parent.glob(whole_files.TEMPORARY))
    except Exception:  # a damaged bundle does not say which weights are its own
        return True


def is_current(file: BinaryIO, path: Path) -> bool:
    """Return whether an open file still has its name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


def read(path: Path, limit: int) -> bytes:
    """Read a plain file of at most ``limit`` bytes; reading a pipe or a device might never end.

    Raises:
        FileNotFoundError: If there is none.
        InvalidBundle: If it is no plain file, or too large.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise InvalidBundle(f"{path.name} must be a file.")
    with path.open("rb") as file:
        return content(file, limit)


def content(file: BinaryIO, limit: int) -> bytes:
    """Return the content of an open file of at most ``limit`` bytes.

    Raises:
        InvalidBundle: If it is larger.
    """
    result = file.read(limit + 1)
    if len(result) > limit:
        raise InvalidBundle(f"{Path(file.name).name} must be at most {limit} bytes.")
    return result
