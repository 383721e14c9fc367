"""Text that is not ours, such as names in files, made fit to be quoted in a sentence of ours."""

from __future__ import annotations

from collections.abc import Iterable

#: How the cells begin that a spreadsheet computes.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def printable(text: str) -> str:
    r"""Write a text on one line of printable characters.

    Line breaks become spaces. Characters that nobody sees, such as those that control a terminal
    or the direction of writing, become visible: ``\x1b``, ``\u202e``.
    """
    return visible(" ".join(text.split()))


def visible(text: str) -> str:
    """Write characters that nobody sees so that they are seen, line breaks too."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def lines_text(lines: Iterable[str]) -> str:
    """Write lines for a terminal: what is quoted in one can't control it, or begin another."""
    return "".join(f"{visible(line)}\n" for line in lines)


def cell(text: str) -> str:
    """Write a text for a table that may be opened as a spreadsheet.

    There a cell that begins like a formula would be computed. An apostrophe before it says that it
    is text.
    """
    return f"'{text}" if text.startswith(_FORMULAS) else text
