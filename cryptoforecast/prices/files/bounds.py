"""How large a file may be, packed and unpacked.

Prices hardly repeat themselves, so a real price file does not unpack to many times its size. More
than that is refused before it fills the memory.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import IO

from cryptoforecast.errors import InvalidInput, UnreadableFile

#: Bytes that a file may have, packed and unpacked.
MAX_BYTES = 1_000_000_000
#: Rows that a file may have: the minutes since 2012 are 8 million.
MAX_ROWS = 12_000_000
#: Rows, bytes, bytes of values and bytes of one piece that any file may unpack to, however small.
FREE_ROWS, FREE_BYTES, FREE_VALUES, FREE_PIECE = 250_000, 20_000_000, 32_000_000, 8_000_000
#: Bytes that a row takes at least in an archive of text (minutes without a trade take four) and in
#: Parquet and Feather.
MIN_PACKED_ROW, MIN_BINARY_ROW = 4, 6
#: Bytes of plain text that a row takes at least.
MIN_PLAIN_ROW = 10
#: Bytes of memory that a row takes while it is read, of plain numbers or with text.
ROW_OF_NUMBERS, ROW_WITH_TEXT = 300, 500
#: Bytes that each byte of a file may unpack to, beyond ``FREE_BYTES``.
MAX_RATIO = 40
#: Bytes of a time or a price in text: 25 characters, and 8 bytes for its place. A column may have
#: ``FREE_TEXTS`` bytes more, and ``MAX_TEXTS_RATIO`` bytes more for each byte of the file. To read
#: it takes several times as much memory.
TEXT, FREE_TEXTS, MAX_TEXTS_RATIO = 33, 4_000_000, 3


@dataclass(frozen=True)
class Bounds:
    """The bounds of one file, by its size as it was sent.

    Attributes:
        size: Bytes of the file, packed as it is.
        row: Bytes that a row takes at least.
        room: Bytes of memory that the rows may take while they are read.
    """

    size: int
    row: int = MIN_BINARY_ROW
    room: float = math.inf

    @classmethod
    def of(cls, stream: IO[bytes], row: int = MIN_BINARY_ROW, room: float = math.inf) -> Bounds:
        """Return the bounds of a stream that can seek, and go back to its start."""
        size = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        return cls(size, row, room)

    @property
    def rows(self) -> int:
        """Rows that the file may have."""
        return min(MAX_ROWS, FREE_ROWS + self.size // self.row)

    @property
    def unpacked(self) -> int:
        """Bytes that the file may unpack to, before its values are written out."""
        return min(MAX_BYTES, FREE_BYTES + MAX_RATIO * self.size)

    @property
    def values(self) -> int:
        """Bytes that the values may have, each written out in full."""
        return min(MAX_BYTES, FREE_VALUES + 10 * self.size)

    @property
    def piece(self) -> int:
        """Bytes that one piece, such as a page of a column, may unpack to."""
        return min(MAX_BYTES, FREE_PIECE + 2 * self.size)

    def check_rows(self, rows: int) -> None:
        """Refuse more rows than the file may have.

        Raises:
            UnreadableFile: If there are more.
        """
        if rows > MAX_ROWS:
            raise too_large()
        if rows > self.rows:
            raise UnreadableFile(
                f"A file of {self._megabytes} MB may have {self.rows:,} rows, because prices do "
                "not repeat themselves so often. Received: more. Leave out the empty and the "
                "repeated rows, or merge its candles first."
            )

    def check_room(self, rows: int, *, text: bool) -> None:
        """Refuse more rows than fit into the memory at once.

        Args:
            rows: How many there are.
            text: Whether times or numbers are text.

        Raises:
            InvalidInput: If there are more.
        """
        each = ROW_WITH_TEXT if text else ROW_OF_NUMBERS
        if rows * each > self.room:
            raise InvalidInput(
                f"The rows of a file must fit into the memory, which has room for "
                f"{int(self.room // each):,} of these. Received: more. Choose longer candles, such "
                "as 1h, if its rows are plain numbers in order; or else save fewer rows."
            )

    def check_unpacked(self, size: int) -> None:
        """Refuse more unpacked bytes than the file may have.

        Raises:
            UnreadableFile: If there are more.
        """
        if size > MAX_BYTES:
            raise too_large()
        if size > self.unpacked:
            raise UnreadableFile(
                f"A file of {self._megabytes} MB may unpack to {self.unpacked // 10**6:,} MB, "
                "because prices do not repeat themselves so often. Received: more. Leave out the "
                "columns that are no prices."
            )

    def check_texts(self, what: str, rows: int, size: int, remedy: str) -> None:
        """Refuse times or prices in text that are much longer than these are.

        Args:
            what: What they are, for the message.
            rows: How many there are.
            size: Their bytes, with what the memory needs to find each of them.
            remedy: What the user can do.

        Raises:
            UnreadableFile: If they have more bytes than a file of this size may have.
        """
        most = TEXT * rows + FREE_TEXTS + MAX_TEXTS_RATIO * self.size
        if size > most:
            raise UnreadableFile(
                f"The {rows:,} {what} of a file of {self._megabytes} MB may take "
                f"{most // 10**6:,} MB as text. Received: {size // 10**6:,} MB. {remedy}"
            )

    def check_piece(self, size: int, what: str) -> None:
        """Refuse a piece that unpacks to more bytes than it may.

        Args:
            size: Its bytes, unpacked.
            what: What it is, for the message.

        Raises:
            UnreadableFile: If there are more.
        """
        if size > self.piece:
            raise UnreadableFile(
                f"{what} of a file of {self._megabytes} MB may unpack to "
                f"{self.piece // 10**6:,} MB. Received: {size // 10**6:,} MB. Save it as CSV."
            )

    @property
    def _megabytes(self) -> str:
        return f"{max(self.size, 1_000) / 1e6:.3g}"


#: The bounds of what is already in memory.
UNBOUNDED = Bounds(MAX_BYTES)


def take_plain_memory() -> None:
    """Let Arrow take memory from the system itself, and give back what was freed before.

    Arrow's own pool keeps what was freed, and for how long depends on the clock: the peak of the
    same file differed by 50 MB from one reading to the next. The choice is for the whole process.
    """
    import pyarrow as pa

    pa.set_memory_pool(pa.system_memory_pool())
    give_back_memory()


def give_back_memory() -> None:
    """Give the memory that was freed while a file was read back to the system."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


def too_large() -> UnreadableFile:
    """Return the error for a file that is too large."""
    return UnreadableFile(
        f"A price file may have {MAX_BYTES // 10**6:,} MB, unpacked too, and "
        f"{MAX_ROWS // 10**6} million rows. Received: more. Split it, or merge its candles first."
    )
