"""What a host sent, as text that can be shown and as JSON that fits into memory."""

from __future__ import annotations

import json

#: Longest text of a host that is shown.
MAX_TEXT = 200
#: Lists, objects and members of objects in one document. The largest honest ones, two years of
#: hours from Yahoo, have less than 10,000.
MAX_PARTS = 50_000


def plain(text: object, longest: int = MAX_TEXT) -> str:
    """Return a text in one line that can be shown: printable characters, and not too many.

    Args:
        text: Anything; ``str`` makes a text of it.
        longest: Characters, at most.
    """
    # Characters that can't be shown are left out, so more are looked at than may be shown.
    letters = str(text)[: 4 * longest]
    printable = "".join(letter if letter.isprintable() else " " for letter in letters)
    return " ".join(printable.split())[:longest]


def fits(body: bytes) -> bool:
    """Return whether a document has few enough parts to be parsed.

    Every list, object and member takes dozens of bytes of memory for two or three in the text.
    """
    return body.count(b"[") + body.count(b"{") + body.count(b":") <= MAX_PARTS


def parse(body: bytes, *, strict: bool = False) -> object:
    """Read JSON.

    Args:
        body: A document. How long it may be is for the caller to say.
        strict: Whether NaN and Infinity, which Python's parser accepts, and other encodings than
            UTF-8 are refused.

    Raises:
        ValueError: If it is no JSON, or has too many parts.
    """
    if not fits(body):
        raise ValueError("too many parts")
    try:
        if strict:
            return json.loads(body.decode(), parse_constant=_refuse_constant)
        return json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _refuse_constant(name: str) -> None:
    """Refuse NaN and Infinity."""
    raise ValueError(f"{name} is not JSON")
