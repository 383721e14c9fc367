"""The earlier versions of a saved model: bundles in the folder ``versions`` of its own folder.

A version is stored before another one takes its place, and the place is taken in one moment. So a
model is the old or the new one whenever a process is killed, and no version is lost. A version is
named after its digest: one that is stored twice, or is the current one too, is listed once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptoforecast import whole_files
from cryptoforecast.errors import (
    Busy,
    Changed,
    CryptoForecastError,
    InvalidInput,
    UnknownModel,
)
from cryptoforecast.learning import bundle_folder, bundle_format, bundles
from cryptoforecast.learning.bundle_folder import BUNDLE, VERSIONS
from cryptoforecast.types import ModelSummary, TrainedModel
from cryptoforecast.types.renewal import ModelVersion, RenewalAttempt

#: Versions of a model that are stored besides the current one.
MAX_VERSIONS = 5
#: Digits of a digest that a user may give for it, at least.
MIN_DIGITS = 6
#: Digits of the digest in the name of a version's folder.
_DIGITS = 32
_PREFIX = "sha256:"
#: The file that says how the last renewal went, and how long it may be.
_ATTEMPT, _MAX_BYTES = "attempt.json", 10_000


def history(folder: Path, name: str, *, shipped: bool = False) -> list[ModelVersion]:
    """List the versions of a model: the current one, then the others, the newest first.

    A stored version that can't be read is left out.

    Args:
        folder: Folder of saved models.
        name: Name of the model.
        shipped: Whether it comes with the project.

    Raises:
        InvalidInput: If no saved model can have the name.
        UnknownModel: If there is no such model.
        InvalidBundle: If the model can't be read.
    """
    path = folder / bundles.check_name(name)
    current = ModelVersion(bundles.version(path), True, bundles.summary(path, shipped=shipped))
    others = [one for one in _stored(path) if one.version != current.version]
    return [current, *others]


def replace(folder: Path, name: str, expected: str, successor: TrainedModel) -> None:
    """Let another model take the place of a saved one, which is stored as a version.

    Args:
        folder: Folder of saved models.
        name: Name of the model.
        expected: The version that is replaced. No other version is replaced.
        successor: The model that takes its place.

    Raises:
        Changed: If the model is no longer this version.
        Busy: If another process is replacing it.
        AlreadyExists: If the model is a link.
        InvalidInput: If the successor could not be read again.
        UnknownModel: If there is no such model, or it was deleted meanwhile.
        CryptoForecastError: If the folder can't be written.
    """
    save = functools.partial(bundles.save, successor, folder, name, force=True)
    _exchange(folder, name, expected, save)


def restore(folder: Path, name: str, version: str) -> None:
    """Let a stored version take the place of the current one, which is stored in turn.

    Args:
        folder: Folder of saved models.
        name: Name of the model.
        version: Digest of the version.

    Raises:
        InvalidInput: If there is no such version.
        InvalidBundle: If the version or the current model can't be read.
        UnknownModel: If there is no such model.
        Changed: If the model was replaced meanwhile.
        Busy: If another process is replacing the model.
        AlreadyExists: If the model is a link.
        CryptoForecastError: If the folder can't be written.
    """
    path = folder / bundles.check_name(name)
    source = _place(path, version)
    if not bundle_folder.is_file(source / BUNDLE):
        raise InvalidInput(f"{name} has no stored version {version:.80}.")
    bundles.load(source)  # refuses what can't be read
    _exchange(folder, name, bundles.version(path), lambda: _copy(source, path))


def find(versions: list[ModelVersion], digits: str) -> ModelVersion:
    """Return the version whose digest begins with some digits.

    Raises:
        InvalidInput: If there are fewer than ``MIN_DIGITS`` digits, or if they begin the digest of
            no version or of more than one.
    """
    start = digits.strip().lower().removeprefix(_PREFIX)
    matches = [one for one in versions if one.version.removeprefix(_PREFIX).startswith(start)]
    if len(start) < MIN_DIGITS or len(matches) != 1:
        names = ", ".join(short(one.version) for one in versions)
        raise InvalidInput(
            f"A version is named by at least {MIN_DIGITS} digits of its digest. Received: "
            f"{digits!r:.80}. There are: {names}."
        )
    return matches[0]


def short(version: str) -> str:
    """Return the first digits of a digest, by which users name a version."""
    return version.removeprefix(_PREFIX)[:12]


def age_of(version: ModelVersion) -> tuple[str, str]:
    """Return when a version was trained, and until when it learnt, as a key to sort by.

    The second time decides where two versions were trained within one second.
    """
    card = version.summary.card
    return card.created, card.cutoff


def note_attempt(folder: Path, name: str, attempt: RenewalAttempt) -> None:
    """Store how the last renewal of a model went; nothing where its folder can't be written."""
    place = folder / name / VERSIONS
    content = json.dumps({"at": attempt.at, "sentence": attempt.sentence})
    with contextlib.suppress(OSError):
        if bundle_folder.is_file(place.parent / BUNDLE):
            place.mkdir(exist_ok=True)
            whole_files.replace(place / _ATTEMPT, lambda file: file.write_text(content, "utf-8"))


def last_attempt(folder: Path, name: str) -> RenewalAttempt | None:
    """Return how the last renewal of a model went; ``None`` where that is not known."""
    try:
        path = folder / name / VERSIONS / _ATTEMPT
        content = json.loads(bundle_folder.read(path, _MAX_BYTES))
        return RenewalAttempt(str(content["at"]), str(content["sentence"]))
    except (OSError, ValueError, KeyError, TypeError, CryptoForecastError):
        return None


def _exchange(folder: Path, name: str, expected: str, write: Callable[[], object]) -> None:
    path = folder / bundles.check_name(name)
    try:
        bundles.check_free(folder, name, force=True)  # refuses a link
        with _lock(path):
            if bundles.version(path) != expected:
                raise Changed(
                    f"{name} was replaced by another model meanwhile, which is left as it is. Try "
                    "again."
                )
            _copy(path, _place(path, expected))
            write()
            _prune(path, expected)
    except FileNotFoundError as error:
        raise UnknownModel(
            f"No saved model is named {name} any more: it was deleted meanwhile. Nothing was "
            "replaced.",
            name,
        ) from error
    except OSError as error:
        raise CryptoForecastError(
            "Replacing a model needs a folder that can be written, with space left. Received: "
            f"{path} ({error.strerror}). Make room there."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            (path / VERSIONS).rmdir()  # fails unless it is empty


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Keep other processes from replacing a model meanwhile.

    Raises:
        Busy: If one is replacing it now.
    """
    if sys.platform == "win32":  # no open file can be replaced there
        yield
        return
    with (path / BUNDLE).open("rb") as file:
        if not whole_files.lock(file):
            raise Busy(f"{path.name} is being replaced by another process. Try again.")
        yield


def _copy(source: Path, target: Path) -> None:
    content, archive = bundles.parts(source)
    text = functools.partial(bundle_format.copied, content)
    bundle_folder.write(target, archive, text, force=True)


def _place(path: Path, version: str) -> Path:
    """Return the folder of a version."""
    return path / VERSIONS / version.removeprefix(_PREFIX)[:_DIGITS]


def _stored(path: Path) -> list[ModelVersion]:
    """Return the stored versions that can be read, the newest first."""
    versions = []
    for name in bundles.names(path / VERSIONS):
        place = path / VERSIONS / name
        with contextlib.suppress(CryptoForecastError):
            versions.append(ModelVersion(bundles.version(place), False, _summary(place, path)))
    return sorted(versions, key=lambda one: (*age_of(one), one.version), reverse=True)


def _summary(place: Path, path: Path) -> ModelSummary:
    return dataclasses.replace(bundles.summary(place, shipped=False), name=path.name)


def _prune(path: Path, replaced: str) -> None:
    """Drop the copy of the current version, and the oldest versions beyond the limit.

    Args:
        path: The model's folder.
        replaced: The version that was the current one until now, which stays.
    """
    current = bundles.version(path)
    others = [one.version for one in _stored(path) if one.version not in (current, replaced)]
    for version in (current, *others[MAX_VERSIONS - 1 :]):
        with contextlib.suppress(OSError):
            bundles.discard(_place(path, version))
