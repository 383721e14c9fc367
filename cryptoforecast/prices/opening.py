"""Files opened within bounds, packed or not.

Imports only ``errors``. Knows nothing of prices.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO

from cryptoforecast.errors import UnreadableFile

#: Bytes a file may have, packed and unpacked.
MAX_BYTES = 1_000_000_000
#: Rows a file may have: minutes since 2012 are 8 million.
MAX_ROWS = 12_000_000


@contextlib.contextmanager
def opened(source: Path | bytes | BinaryIO) -> Iterator[IO[bytes]]:
    """Open a source as a seekable stream of at most ``MAX_BYTES``."""
    if isinstance(source, bytes):
        yield io.BytesIO(_bounded(source))
    elif isinstance(source, Path):
        try:
            with source.open("rb") as stream:
                if os.fstat(stream.fileno()).st_size > MAX_BYTES:
                    raise too_large()
                yield stream
        except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
            raise UnreadableFile(f"{error.strerror}. Check the path.") from error
    else:
        yield io.BytesIO(_bounded(source.read(MAX_BYTES + 1)))


def _bounded(content: bytes) -> bytes:
    if len(content) > MAX_BYTES:
        raise too_large()
    return content


def too_large() -> UnreadableFile:
    """Make the error for a file beyond the bounds."""
    return UnreadableFile(
        f"A price file may have {MAX_BYTES // 10**6:,} MB, unpacked too, and "
        f"{MAX_ROWS // 10**6} million rows. Received: more. Split it, or merge its candles first."
    )


class Unpacked(io.RawIOBase):
    """A gzipped stream that refuses to grow beyond ``MAX_BYTES``."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._stream = gzip.GzipFile(fileobj=packed)
        self._seen = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            part = self._stream.read1(len(buffer))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise UnreadableFile(
                f"The gzip archive is damaged or cut off ({error}). Download it again."
            ) from error
        self._seen += len(part)
        if self._seen > MAX_BYTES:
            raise too_large()
        buffer[: len(part)] = part
        return len(part)
