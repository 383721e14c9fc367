"""Text that is not ours, such as names in files, made fit to be quoted in a sentence of ours."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""Write a text on one line of printable characters.

    Line breaks become spaces. Characters that nobody sees, such as those that control a terminal
    or the direction of writing, become visible: ``\x1b``, ``\u202e``.
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in " ".join(text.split()))
