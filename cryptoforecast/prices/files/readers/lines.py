"""Lines of text that are no longer than the row of a table can be."""

from __future__ import annotations

import io
from typing import IO

from cryptoforecast.errors import UnreadableFile

#: Bytes that a line may have. The line with the names of all columns is within this too.
MAX_LINE = 65_536
#: Bytes within which the parser must have made its rows. A quote that is never closed would make
#: it read all of the file.
MAX_PARSED = 16_000_000

#: Bytes that lines must have on average, and the number of lines above which this is checked.
MIN_LINE, MANY_LINES = 8, 50_000

# Bytes at both ends of a piece in which line breaks are looked for first.
_NEAR = 1_000


def check_average(lines: int, size: int) -> None:
    """Refuse many lines that are too short for a price.

    Args:
        lines: How many there are.
        size: Their bytes.

    Raises:
        UnreadableFile: If they have less than ``MIN_LINE`` bytes on average.
    """
    if lines > MANY_LINES and size < MIN_LINE * lines:
        raise UnreadableFile(
            f"Lines of a price file have at least {MIN_LINE} bytes, a time and a price. Received: "
            f"{lines:,} shorter lines one after the other. Leave out the empty lines."
        )


def bounded_lines(stream: IO[bytes]) -> IO[bytes]:
    """Open a stream of text that refuses a line of more than about ``MAX_LINE`` bytes.

    Args:
        stream: The unpacked file from its start.
    """
    return io.BufferedReader(_BoundedLines(stream), MAX_LINE)


class _BoundedLines(io.RawIOBase):
    """A stream of text that refuses long lines before anything splits them into cells."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._length = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        size = self._stream.readinto(buffer)  # type: ignore[attr-defined]
        for start in range(0, size, MAX_LINE):
            self._check(buffer[start : min(start + MAX_LINE, size)])
        return int(size)

    def _check(self, part: memoryview) -> None:
        """Follow the length of the line through a piece of at most ``MAX_LINE`` bytes."""
        # Most lines are short: their ends are near both ends of the piece.
        first = bytes(part[:_NEAR]).find(b"\n")
        last = bytes(part[-_NEAR:]).rfind(b"\n") + max(0, len(part) - _NEAR)
        if first < 0 or last < max(0, len(part) - _NEAR):
            text = bytes(part)
            mark = b"\n" if b"\n" in text else b"\r"
            first, last = text.find(mark), text.rfind(mark)
        self._length += len(part) if first < 0 else first
        if self._length > MAX_LINE:
            raise UnreadableFile(
                f"A line of a price file may have {MAX_LINE:,} bytes. Received: a longer one. "
                "Save one candle a line."
            )
        if first >= 0:
            self._length = len(part) - last


def in_utf8(stream: IO[bytes], encoding: str) -> IO[bytes]:
    """Open a stream of text as UTF-8, without the byte order mark.

    Args:
        stream: The unpacked file from its start.
        encoding: Of the file.
    """
    return io.BufferedReader(_Utf8(io.TextIOWrapper(stream, encoding, newline="")), MAX_LINE)


class _Utf8(io.RawIOBase):
    """Text as UTF-8."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            # A character has four bytes at most.
            part = self._text.read(len(buffer) // 4).encode()
        except UnicodeError as error:
            raise UnreadableFile(f"It is not text ({error}). Save it as UTF-8.") from error
        buffer[: len(part)] = part
        return len(part)


class Portions(io.RawIOBase):
    """A stream that bounds what a parser reads for one portion of rows."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._read = 0

    def end(self, rows: int) -> None:
        """End a portion, and check that its rows are long enough.

        Raises:
            UnreadableFile: If they are not.
        """
        check_average(rows, self._read)
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        part = self._stream.read(len(buffer))
        self._read += len(part)
        if self._read > MAX_PARSED:
            raise UnreadableFile(
                f"One row of a price file may fill {MAX_PARSED // 10**6} MB of text. Received: "
                "more, perhaps because a quotation mark is never closed. Correct it."
            )
        buffer[: len(part)] = part
        return len(part)
