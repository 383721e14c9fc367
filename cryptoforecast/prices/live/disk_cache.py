"""The price cache on disk: one Parquet file for each source, symbol and interval.

A symbol names its quote currency, so prices in different currencies are kept apart. A file that
can't be read counts as absent, and the next answer replaces it. A file is written as a whole or
not at all, see ``whole_files``. Where the folder can't be written, prices stay in memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cryptoforecast import whole_files
from cryptoforecast.cache import LruCache
from cryptoforecast.prices.candles.resample import COLUMNS
from cryptoforecast.types.quotes import DEFAULT_QUOTE

#: Source, the source's own symbol, interval. Sources are kept apart: prices and units differ.
Key = tuple[str, str, str]
#: What tells a file from an earlier one of the same name: its inode, size and change time in ns.
Identity = tuple[int, int, int]

_METADATA_KEY = b"cryptoforecast"
_VERSION = 3
# Temporary files of this version and of earlier ones.
_TEMPORARY = ".*.tmp"
_MAX_IN_MEMORY = 16
#: An entry dated further ahead than this was written before the clock was set back.
MAX_CLOCK_SKEW = pd.Timedelta(minutes=5)


@dataclass(frozen=True, eq=False)
class Entry:
    """Closed candles as last fetched.

    Attributes:
        candles: Canonical frame (see ``PriceHistory``), at least one candle.
        fetched_at: When the source was last asked, UTC.
        since: Earliest start that the source was asked for, UTC; ``None``: as far back as the
            source goes.
        source: Name of the source, for example ``"coinbase"``.
        volume_unit: Unit of volume, see ``PriceHistory``.
        notes: Sentences about the last fetch that a user should read.
        access_notes: Those of them that say why other sources did not answer.
        quote: Currency of the prices, see ``PriceHistory``.
        clock_ahead: How far our clock was ahead of the source's then, see ``PriceHistory``.
    """

    candles: pd.DataFrame
    fetched_at: pd.Timestamp
    since: pd.Timestamp | None
    source: str
    volume_unit: str
    notes: tuple[str, ...] = ()
    quote: str = DEFAULT_QUOTE
    access_notes: tuple[str, ...] = ()
    clock_ahead: pd.Timedelta | None = None

    def reaches(self, start: pd.Timestamp | None) -> bool:
        """Return whether the source has been asked for everything from ``start`` on."""
        return self.since is None or (start is not None and start >= self.since)

    def age(self, now: pd.Timestamp) -> pd.Timedelta:
        """Return how long ago the source was asked, as far as the clock can tell; not below 0."""
        return max(now - self.fetched_at, pd.Timedelta(0))

    def is_dated_ahead(self, now: pd.Timestamp) -> bool:
        """Return whether the clock was set back since, so that nobody knows how old this is."""
        return bool(self.fetched_at > now + MAX_CLOCK_SKEW)

    def is_fresh(self, now: pd.Timestamp, span: pd.Timedelta) -> bool:
        """Return whether the source was asked less than ``span`` ago."""
        return self.age(now) < span and not self.is_dated_ahead(now)


class PriceCache:
    """Reads and writes entries; safe for several threads and processes.

    Args:
        folder: Where the files lie. It is made when the first file is written.
        max_files: Files, at most. Beyond them the least recently used file is removed.
    """

    def __init__(self, folder: Path, max_files: int) -> None:
        self._folder = folder
        self._max_files = max_files
        self._lock = threading.Lock()
        self._memory: LruCache[tuple[Identity | None, Entry]] = LruCache(_MAX_IN_MEMORY)
        whole_files.tidy(folder, _TEMPORARY)

    def path(self, key: Key) -> Path:
        """Return where an entry's file lies; ``coins.resolve`` makes its symbol safe."""
        return self._folder / f"{'_'.join(key)}.parquet"

    def load(self, key: Key) -> Entry | None:
        """Return an entry: the same object as long as its file has not changed."""
        path = self.path(key)
        with self._lock:
            identity = _touch(path)
            memory = self._memory.get(path)
            if memory and memory[0] == identity:
                return memory[1]
            content = _read(path) if identity else None
            if content is None:
                self._memory.drop(path)
                return None
            self._memory.put(path, content)
            return content[1]

    def store(self, key: Key, entry: Entry) -> None:
        """Replace an entry: on disk if the folder can be written, and in memory in any case.

        An entry that was fetched before the stored one does not replace it, unless the clock was
        set back since.
        """
        path = self.path(key)
        newest = self.load(key)
        is_later = newest is not None and newest.fetched_at > entry.fetched_at
        if newest and is_later and not newest.is_dated_ahead(pd.Timestamp.now("UTC")):
            return
        with self._lock:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._memory.put(path, (_write(path, entry), entry))
                self._evict()
            except OSError:
                # A full or read-only disk must not keep anyone from seeing prices.
                self._memory.put(path, (_touch(path), entry))

    def _evict(self) -> None:
        """Remove the least recently used files beyond the limit.

        Raises:
            OSError: If a file can't be looked at; then none is removed.
        """
        files = sorted(self._folder.glob("*.parquet"), key=_used_at)
        for path in files[: max(len(files) - self._max_files, 0)]:
            with contextlib.suppress(OSError):
                path.unlink()


def _identity(status: os.stat_result) -> Identity:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _used_at(path: Path) -> int:
    """Return the time of the last use in ns; 0 if there is no file."""
    try:
        return path.stat().st_atime_ns
    except FileNotFoundError:
        return 0


def _touch(path: Path) -> Identity | None:
    """Return a file's identity, ``None`` if there is no file, and set its access time to now.

    Not every file system records the time of an access by itself.
    """
    try:
        status = path.stat()
    except OSError:
        return None
    with contextlib.suppress(OSError):
        os.utime(path, ns=(time.time_ns(), status.st_mtime_ns))
    return _identity(status)


def _write(path: Path, entry: Entry) -> Identity:
    """Write an entry's file and return its identity, even if it is replaced in this moment."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    about = {
        "version": _VERSION,
        "fetched_at": entry.fetched_at.isoformat(),
        "since": entry.since.isoformat() if entry.since is not None else None,
        "source": entry.source,
        "volume_unit": entry.volume_unit,
        "notes": list(entry.notes),
        "access_notes": list(entry.access_notes),
        "quote": entry.quote,
        "clock_ahead": None if entry.clock_ahead is None else entry.clock_ahead.total_seconds(),
    }
    table = pa.Table.from_pandas(entry.candles)
    metadata = {**(table.schema.metadata or {}), _METADATA_KEY: json.dumps(about).encode()}
    table = table.replace_schema_metadata(metadata)
    return _identity(whole_files.replace(path, lambda temporary: pq.write_table(table, temporary)))


def _read(path: Path) -> tuple[Identity, Entry] | None:
    """Read an entry; ``None`` if the file is damaged, or was not written by this cache."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        # Opened once: by its name, another file might be there at the second look.
        with path.open("rb") as file:
            identity = _identity(os.fstat(file.fileno()))
            table = pq.read_table(file)
        about = json.loads(table.schema.metadata[_METADATA_KEY])
        candles = table.to_pandas()
        index = pd.DatetimeIndex(candles.index).tz_convert("UTC").as_unit("ns").rename("time")
        candles = candles.set_axis(index)[list(COLUMNS)].astype(float)
        fetched_at = pd.Timestamp(about["fetched_at"])
        past = index.max() < fetched_at
        ahead = about.get("clock_ahead")
        sound = about["version"] == _VERSION and past and index.is_monotonic_increasing
        if not (sound and index.is_unique and candles["close"].gt(0).all()):
            return None
        entry = Entry(
            candles=candles,
            fetched_at=fetched_at,
            since=pd.Timestamp(about["since"]) if about["since"] else None,
            source=str(about["source"]),
            volume_unit=str(about["volume_unit"]),
            notes=tuple(map(str, about["notes"])),
            quote=str(about["quote"]),
            access_notes=tuple(map(str, about.get("access_notes", ()))),
            clock_ahead=None if ahead is None else pd.Timedelta(seconds=float(ahead)),
        )
        return identity, entry
    except (OSError, pa.ArrowException, KeyError, ValueError, TypeError):
        return None
