"""Files as they should not be: good ones with seeded damage, and plain noise."""

from __future__ import annotations

import gzip
import io
import random
import zipfile

_WORDS = (
    b",", b";", b"\t", b"\n", b"\r", b"\r\n\r\n", b'"', b"'", b"\x00", b"\xff", b"\xef\xbb\xbf",
    b"NaN", b"inf", b"-", b"-1", b"0", b"1e999", b"1e-320", b"9" * 30, b"1.234.567", b"1,5",
    b"12.5K", b"true", b"null", b"[", b"]", b"{", b"}", b":", b"<html>", b"2024-13-45",
    b"01/02/2024", b"0001-01-01", b"9999-12-31T23:59:59Z", b"+99:99", b"NaT", b"\xe2\x80\xa8",
    b"1e400", b"0x1F", b"time", b"close", b"Date,Time", b"\\", b"#", b"%", b" ",
)  # fmt: skip
_MAGIC = (b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"PAR1", b"ARROW1\x00\x00", b"[[", b'[{"time":', b"")


def damaged(content: bytes, dice: random.Random) -> bytes:
    """Change a good file in one to four places, or cut, double or wrap it."""
    data = bytearray(content)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(data) + 1)
        kind = dice.randrange(8)
        if kind == 0 and data:
            data[min(at, len(data) - 1)] = dice.randrange(256)
        elif kind == 1:
            data[at:at] = dice.choice(_WORDS)
        elif kind == 2:
            del data[at : at + dice.randint(1, 40)]
        elif kind == 3:
            data[at : at + dice.randint(1, 12)] = dice.choice(_WORDS)
        elif kind == 4:
            data[at:at] = data[at : at + dice.randint(1, 200)]
        elif kind == 5:
            _swap_lines(data, dice)
        elif kind == 6 and dice.random() < 0.3:
            del data[at:]
        elif kind == 7:
            data[at : at + 4] = dice.randbytes(4)
    return wrapped(bytes(data), dice)


def noise(dice: random.Random) -> bytes:
    """Random bytes, or random words, behind the first bytes of a known format."""
    size = dice.randint(0, 600)
    if dice.random() < 0.5:
        body = dice.randbytes(size)
    else:
        body = b"".join(dice.choice(_WORDS) for _ in range(size // 4))
    return wrapped(dice.choice(_MAGIC) + body, dice)


def wrapped(content: bytes, dice: random.Random) -> bytes:
    """Pack one file in ten, and damage some of the archives."""
    chance = dice.random()
    if chance > 0.1:
        return content
    if chance > 0.05:
        packed = bytearray(gzip.compress(content, mtime=0))
    else:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("prices.csv", content)
        packed = bytearray(buffer.getvalue())
    if dice.random() < 0.5:
        packed[dice.randrange(len(packed))] = dice.randrange(256)
    return bytes(packed)


def _swap_lines(data: bytearray, dice: random.Random) -> None:
    lines = bytes(data).split(b"\n")
    one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    data[:] = b"\n".join(lines)
