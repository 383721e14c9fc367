"""Prices kept on disk: one Parquet file a source, symbol and interval.

Imports only its neighbour ``resample``. A file that can't be read counts as absent and is
replaced by the next answer; a folder that can't be written leaves the prices in memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cryptoforecast.cache import LruCache
from cryptoforecast.prices.candles.resample import COLUMNS

#: Source, its own symbol, interval. Sources are kept apart: their prices and units differ.
Key = tuple[str, str, str]

_KEY = b"cryptoforecast"
_VERSION = 2
# Left by a process that was killed while writing; older than this nobody is writing it.
_ABANDONED = 3600.0
_IN_MEMORY = 16
_CLOCKS_DIFFER = pd.Timedelta(minutes=5)


@dataclass(frozen=True, eq=False)
class Entry:
    """Closed candles as last fetched.

    Attributes:
        candles: canonical frame (see ``PriceHistory``).
        fetched_at: when the source was last asked, UTC.
        since: the earliest start it was asked for, UTC; ``None``: as far back as it goes.
        source: who answered.
        volume_unit: see ``PriceHistory``.
        notes: what a person should know of the last fetch.
    """

    candles: pd.DataFrame
    fetched_at: pd.Timestamp
    since: pd.Timestamp | None
    source: str
    volume_unit: str
    notes: tuple[str, ...] = ()

    def reaches(self, start: pd.Timestamp | None) -> bool:
        """Whether the source has been asked for everything from ``start`` on."""
        return self.since is None or (start is not None and start >= self.since)


class PriceCache:
    """Reads and writes entries; safe for several threads and processes.

    Args:
        folder: where the files lie; made when first written.
        limit: files kept; beyond it the least recently used is removed.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._lock = threading.Lock()
        self._memory: LruCache[tuple[int, Entry]] = LruCache(_IN_MEMORY)

    def path(self, key: Key) -> Path:
        """Where an entry's file lies; the symbol as ``coins.resolve`` allows it."""
        return self._folder / f"{'_'.join(key)}.parquet"

    def load(self, key: Key) -> Entry | None:
        """Find an entry; the same object as long as its file has not changed."""
        path = self.path(key)
        with self._lock:
            stamp = _stamp(path)
            _touch(path, stamp)
            known = self._memory.get(path)
            if known and known[0] == stamp:
                return known[1]
            entry = _read(path) if stamp else None
            if entry is None:
                self._memory.drop(path)
                return None
            self._memory.put(path, (_stamp(path), entry))
            return entry

    def store(self, key: Key, entry: Entry) -> None:
        """Replace an entry, on disk if the folder can be written, in memory in any case.

        An answer that comes late does not replace one to a later question.
        """
        path = self.path(key)
        newest = self.load(key)
        if newest is not None and newest.fetched_at > entry.fetched_at:
            return
        with self._lock:
            # A full or read-only disk must not stop anyone from seeing prices.
            with contextlib.suppress(OSError):
                self._folder.mkdir(parents=True, exist_ok=True)
                _write(path, entry)
                self._tidy()
            self._memory.put(path, (_stamp(path), entry))

    def _tidy(self) -> None:
        """Remove the least recently used files beyond the limit, and abandoned writes."""
        now = time.time()
        for left in self._folder.glob(".*.tmp"):
            with contextlib.suppress(OSError):
                if now - left.stat().st_mtime > _ABANDONED:
                    left.unlink()
        files = sorted(self._folder.glob("*.parquet"), key=_used)
        for path in files[: max(len(files) - self._limit, 0)]:
            with contextlib.suppress(OSError):
                path.unlink()


def _stamp(path: Path) -> int:
    """Time of the last write in ns; 0 if there is no file."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _used(path: Path) -> int:
    """Time of the last use in ns; 0 if there is no file."""
    try:
        return path.stat().st_atime_ns
    except OSError:
        return 0


def _touch(path: Path, stamp: int) -> None:
    """Note a use in the access time, which file systems themselves may not keep."""
    if stamp:
        with contextlib.suppress(OSError):
            os.utime(path, ns=(time.time_ns(), stamp))


def _write(path: Path, entry: Entry) -> None:
    """Write beside the target and rename, so that a reader sees all of it or nothing."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    about = {
        "version": _VERSION,
        "fetched_at": entry.fetched_at.isoformat(),
        "since": entry.since.isoformat() if entry.since is not None else None,
        "source": entry.source,
        "volume_unit": entry.volume_unit,
        "notes": list(entry.notes),
    }
    table = pa.Table.from_pandas(entry.candles)
    metadata = {**(table.schema.metadata or {}), _KEY: json.dumps(about).encode()}
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        pq.write_table(table.replace_schema_metadata(metadata), temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _read(path: Path) -> Entry | None:
    """Read an entry; ``None`` if the file is damaged or not one of ours."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, partitioning=None)
        about = json.loads((table.schema.metadata or {})[_KEY])
        candles = table.to_pandas()
        index = pd.DatetimeIndex(candles.index).tz_convert("UTC").as_unit("ns").rename("time")
        candles = candles.set_axis(index)[list(COLUMNS)].astype(float)
        fetched_at = pd.Timestamp(about["fetched_at"])
        # A clock that was ahead must not make prices look fresh for ever.
        past = index.max() < fetched_at < pd.Timestamp.now("UTC") + _CLOCKS_DIFFER
        sound = about["version"] == _VERSION and past and index.is_monotonic_increasing
        if not (sound and index.is_unique and candles["close"].gt(0).all()):
            return None
        return Entry(
            candles=candles,
            fetched_at=fetched_at,
            since=pd.Timestamp(about["since"]) if about["since"] else None,
            source=str(about["source"]),
            volume_unit=str(about["volume_unit"]),
            notes=tuple(map(str, about["notes"])),
        )
    except (OSError, pa.ArrowException, KeyError, ValueError, TypeError):
        return None
