"""Files opened within bounds, whatever they hold."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, BinaryIO

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files import bounds
from cryptoforecast.prices.files.bounds import too_large

#: Called with the share of a file that has been read, 0 to 1; it starts at 0 again if the file is
#: read again.
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
                if os.fstat(stream.fileno()).st_size > bounds.MAX_BYTES:
                    raise too_large()
                yield stream
        except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
            raise UnreadableFile(f"{error.strerror}. Check the path.") from error
    elif source.seekable():
        if source.seek(0, os.SEEK_END) > bounds.MAX_BYTES:
            raise too_large()
        source.seek(0)
        yield source
    else:
        yield io.BytesIO(_check_size(source.read(bounds.MAX_BYTES + 1)))


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
    if len(content) > bounds.MAX_BYTES:
        raise too_large()
    return content
