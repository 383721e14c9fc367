"""An index of the saved models in a folder: each is read once, and again when it has changed."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from cryptoforecast.errors import InvalidBundle, UnknownModel
from cryptoforecast.learning import bundles
from cryptoforecast.learning.bundle_folder import BUNDLE
from cryptoforecast.learning.bundle_format import is_weights_name
from cryptoforecast.types import ModelSummary

#: Name, inode, size in bytes and time of change of each file of a model.
Stamp = tuple[tuple[str, int, int, int], ...]
#: Files of a model's folder that its stamp covers, at most.
MAX_FILES = 16


@dataclass(frozen=True)
class Entry:
    """What the index knows of one model.

    Attributes:
        stamp: Changes whenever the model does.
        summary: The model without its weights; ``None`` if it can't be read.
        problem: Why it can't be read, in one sentence; ``""`` if it can.
    """

    stamp: Stamp
    summary: ModelSummary | None
    problem: str = ""

    @property
    def bytes(self) -> int:
        """What the model takes on disk."""
        return sum(size for _, _, size, _ in self.stamp)

    @property
    def archive_bytes(self) -> int:
        """What its files would take in an archive, without others that lie beside them."""
        return sum(
            size for name, _, size, _ in self.stamp if name == BUNDLE or is_weights_name(name)
        )


class ModelIndex:
    """The models of a folder by name, without their weights.

    Args:
        folder: The folder.
        shipped: Whether its models come with the project.
    """

    def __init__(self, folder: Path, *, shipped: bool) -> None:
        self._folder, self._shipped = folder, shipped
        self._entries: dict[str, Entry] = {}
        self._lock = threading.Lock()

    def entries(self) -> dict[str, Entry]:
        """Return every model as it is now, sorted by name."""
        with self._lock:
            pairs = {name: self._entry(name) for name in bundles.names(self._folder)}
            self._entries = {name: entry for name, entry in pairs.items() if entry is not None}
            return dict(self._entries)

    def _entry(self, name: str) -> Entry | None:
        """Return a model's entry, or ``None`` if the model was deleted a moment ago."""
        path = self._folder / name
        stamp, entry = _stamp(path), self._entries.get(name)
        if entry is not None and entry.stamp == stamp:
            return entry
        try:
            return Entry(stamp, bundles.summary(path, shipped=self._shipped))
        except UnknownModel:
            return None
        except InvalidBundle as error:
            return Entry(stamp, None, str(error))


def _stamp(path: Path) -> Stamp:
    """Return what changes whenever a model does, without reading its files."""
    try:
        with os.scandir(path) as entries:
            files = [(entry.name, entry.stat()) for entry in islice(entries, MAX_FILES)]
    except OSError:
        return ()
    return tuple(
        sorted((name, file.st_ino, file.st_size, file.st_mtime_ns) for name, file in files)
    )
