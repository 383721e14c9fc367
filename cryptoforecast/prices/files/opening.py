"""Files opened within bounds, packed or not, whatever they hold."""

from __future__ import annotations

import contextlib
import gzip
import io
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, BinaryIO, cast

from cryptoforecast.errors import UnreadableFile

#: Bytes that a file may have, packed and unpacked.
MAX_BYTES = 1_000_000_000
#: Rows that a file may have: the minutes since 2012 are 8 million.
MAX_ROWS = 12_000_000


#: Called with the share of a file that has been read, 0 to 1; from 0 if it is read again.
Report = Callable[[float], None]


@contextlib.contextmanager
def open_source(
    source: Path | bytes | BinaryIO, report: Report | None = None
) -> Iterator[IO[bytes]]:
    """Open a source as a seekable stream of at most ``MAX_BYTES``.

    Bytes and streams that can seek are used in place, from their start, and are left open. Only a
    stream that can't seek is copied.

    Args:
        source: Path, content, or an open binary file.
        report: Called while the stream is read.

    Raises:
        UnreadableFile: If the source is too large, or can't be opened.
    """
    with _open_seekable(source) as stream:
        yield stream if report is None else _reporting(stream, report)


@contextlib.contextmanager
def _open_seekable(source: Path | bytes | BinaryIO) -> Iterator[IO[bytes]]:
    """Open a source that is not too large as a stream that can seek."""
    if isinstance(source, bytes):
        yield io.BytesIO(_check_size(source))
    elif isinstance(source, Path):
        try:
            with source.open("rb") as stream:
                if os.fstat(stream.fileno()).st_size > MAX_BYTES:
                    raise too_large()
                yield stream
        except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
            raise UnreadableFile(f"{error.strerror}. Check the path.") from error
    elif source.seekable():
        if source.seek(0, os.SEEK_END) > MAX_BYTES:
            raise too_large()
        source.seek(0)
        yield source
    else:
        yield io.BytesIO(_check_size(source.read(MAX_BYTES + 1)))


def _reporting(stream: IO[bytes], report: Report) -> IO[bytes]:
    """Wrap a stream so that it reports how much of it has been read."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    return io.BufferedReader(_ReportingStream(stream, size, report), 65_536)


class _ReportingStream(io.RawIOBase):
    """A stream that reports the share of it that has been read."""

    def __init__(self, stream: IO[bytes], size: int, report: Report) -> None:
        self._stream = stream
        self._size = max(size, 1)
        self._report = report

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        part = self._stream.read(len(buffer))
        buffer[: len(part)] = part
        self._report(self._stream.tell() / self._size)
        return len(part)


def _check_size(content: bytes) -> bytes:
    """Return the content if it is not too large."""
    if len(content) > MAX_BYTES:
        raise too_large()
    return content


def too_large() -> UnreadableFile:
    """Return the error for a file that is too large."""
    return UnreadableFile(
        f"A price file may have {MAX_BYTES // 10**6:,} MB, unpacked too, and "
        f"{MAX_ROWS // 10**6} million rows. Received: more. Split it, or merge its candles first."
    )


def unpack(packed: IO[bytes]) -> IO[bytes]:
    """Open what a gzip archive or a zip archive of one file holds, or the file itself.

    Args:
        packed: The file, seekable; it is read from its start.

    Raises:
        UnreadableFile: If the archive is damaged, encrypted, or holds several files.
    """
    packed.seek(0)
    head = packed.read(4)
    packed.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return io.BufferedReader(
            _BoundedStream(cast(IO[bytes], gzip.GzipFile(fileobj=packed)), "gzip"), 65_536
        )
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return io.BufferedReader(_BoundedStream(_only_member(packed), "zip"), 65_536)
    return packed


def _only_member(packed: IO[bytes]) -> IO[bytes]:
    """Open the one file that a zip archive holds."""
    try:
        archive = zipfile.ZipFile(packed)
        members = [each for each in archive.infolist() if not _is_by_archiver(each)]
        names = [each.filename for each in members]
        if "[Content_Types].xml" in names:
            raise UnreadableFile(
                "A price file is CSV, JSON, Parquet or Feather. Received: what looks like a "
                "spreadsheet. Save the sheet as CSV."
            )
        if len(members) != 1:
            raise UnreadableFile(
                "A zip archive must hold one file. "
                f"Received: {len(members)} ({', '.join(names)[:120]}). Unpack it and choose one."
            )
        if members[0].flag_bits & 1:
            raise UnreadableFile(
                "A zip archive must be readable without a password. Received: an encrypted one. "
                "Unpack it first."
            )
        return archive.open(members[0])
    except _DAMAGED as error:
        raise _damaged("zip", error) from error


def _is_by_archiver(member: zipfile.ZipInfo) -> bool:
    """Tell whether the program that made the archive added this by itself."""
    name = member.filename
    return member.is_dir() or name.startswith("__MACOSX/") or name.endswith(".DS_Store")


_DAMAGED = (
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    OverflowError,
    lzma.LZMAError,
    zlib.error,
    zipfile.BadZipFile,
)


def _damaged(kind: str, error: Exception) -> UnreadableFile:
    """Return the error for an archive that can't be unpacked."""
    return UnreadableFile(
        f"The {kind} archive is damaged, cut off or looks like a spreadsheet "
        f"({str(error)[:120]}). Download it again."
    )


class _BoundedStream(io.RawIOBase):
    """An unpacked stream that refuses to grow beyond ``MAX_BYTES``."""

    def __init__(self, stream: IO[bytes], kind: str) -> None:
        self._stream = stream
        self._kind = kind
        self._unpacked = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            part = self._stream.read(len(buffer))
        except _DAMAGED as error:
            raise _damaged(self._kind, error) from error
        self._unpacked += len(part)
        if self._unpacked > MAX_BYTES:
            raise too_large()
        buffer[: len(part)] = part
        return len(part)
