"""What a gzip archive or a zip archive of one file holds, unpacked within bounds."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from typing import IO

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.bounds import Bounds

_GZIP = b"\x1f\x8b"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_BLOCK = 65_536
# Bytes that the list of a zip archive's members may have.
_MAX_LIST = 1_000_000
# Members that any gzip archive may have, and bytes of the archive that allow one more.
_MAX_MEMBERS, _MEMBER_BYTES = 1_000, 200


def unpack(packed: IO[bytes]) -> IO[bytes]:
    """Open what a gzip archive or a zip archive of one file holds, or the file itself.

    Args:
        packed: The file, seekable; it is read from its start.

    Raises:
        UnreadableFile: If the archive is damaged, encrypted, or holds several files. What is
            unpacked raises it too if it becomes larger than a file of this size may unpack to.
    """
    packed.seek(0)
    head = packed.read(4)
    bounds = Bounds.of(packed)
    if head.startswith(_GZIP):
        return _bounded(_Gzip(packed, bounds), "gzip", bounds)
    if head.startswith(_ZIP):
        return _bounded(_only_member(packed), "zip", bounds)
    return packed


def _only_member(packed: IO[bytes]) -> IO[bytes]:
    """Open the one file that a zip archive holds."""
    listing = _Listing(packed)
    try:
        archive = zipfile.ZipFile(listing)
        listing.opened = True
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
                f"Received: {len(members)} ({', '.join(names[:9])[:120]}). Unpack it and choose "
                "one."
            )
        if members[0].flag_bits & 1:
            raise UnreadableFile(
                "A zip archive must be readable without a password. Received: an encrypted one. "
                "Unpack it first."
            )
        # The other ways unpack a piece to any size at once.
        if members[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UnreadableFile(
                "A zip archive must be packed by Deflate, as is usual. Received: another way "
                f"(number {members[0].compress_type}). Unpack it first."
            )
        return archive.open(members[0])
    except _DAMAGED as error:
        raise _damaged("zip", error) from error


class _Listing(io.RawIOBase):
    """A zip archive whose list of members is refused if it is long."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.opened = False

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def read(self, size: int = -1) -> bytes:
        if not self.opened and size > _MAX_LIST:
            raise UnreadableFile(
                f"The list of a zip archive's members may have {_MAX_LIST // 10**6} MB. Received: "
                "more. Unpack it and choose one."
            )
        return self._stream.read(size)


def _is_by_archiver(member: zipfile.ZipInfo) -> bool:
    """Tell whether the program that made the archive added this by itself."""
    name = member.filename
    return name.endswith(("/", ".DS_Store")) or name.startswith("__MACOSX/")


_DAMAGED = (
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    OverflowError,
    LookupError,
    struct.error,
    lzma.LZMAError,
    zlib.error,
    zipfile.BadZipFile,
)


def _damaged(kind: str, error: Exception) -> UnreadableFile:
    """Return the error for an archive that can't be unpacked."""
    return UnreadableFile(
        f"The {kind} archive is damaged or cut off ({str(error)[:120]}). Download it again."
    )


class _Gzip(io.RawIOBase):
    """What the members of a gzip archive hold, one after the other.

    Python's own reader goes through names and padding byte by byte, and takes any number of them.
    """

    def __init__(self, packed: IO[bytes], bounds: Bounds) -> None:
        self._packed = packed
        self._inflate = zlib.decompressobj(31)
        self._members, self._max_members = 1, _MAX_MEMBERS + bounds.size // _MEMBER_BYTES
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        part = b""
        while not part and not self._ended:
            if self._inflate.eof:
                rest = self._next_member()
            else:
                rest = self._inflate.unconsumed_tail or self._packed.read(_BLOCK)
                if not rest:
                    raise EOFError("it ends early")
            part = self._inflate.decompress(rest, len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def _next_member(self) -> bytes:
        """Begin another member; return its beginning, empty at the end of the file."""
        rest = self._inflate.unused_data.lstrip(b"\0")
        while not rest and (block := self._packed.read(_BLOCK)):
            rest = block.lstrip(b"\0")
        self._inflate = zlib.decompressobj(31)
        self._ended = not rest
        self._members += 1
        if self._members > self._max_members:
            raise OverflowError("too many members")
        return rest


def _bounded(stream: io.RawIOBase | IO[bytes], kind: str, bounds: Bounds) -> IO[bytes]:
    return io.BufferedReader(_BoundedStream(stream, kind, bounds), _BLOCK)


class _BoundedStream(io.RawIOBase):
    """An unpacked stream that refuses to grow beyond its bounds."""

    def __init__(self, stream: io.RawIOBase | IO[bytes], kind: str, bounds: Bounds) -> None:
        self._stream = stream
        self._kind = kind
        self._bounds = bounds
        self._unpacked = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            part = self._stream.read(len(buffer)) or b""
        except _DAMAGED as error:
            raise _damaged(self._kind, error) from error
        self._unpacked += len(part)
        self._bounds.check_unpacked(self._unpacked)
        buffer[: len(part)] = part
        return len(part)
