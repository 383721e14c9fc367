"""Numbers in a query string, such as price levels: plain ones only."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cryptoforecast.api.closes import excerpt
from cryptoforecast.errors import InvalidInput

_PLAIN = re.compile(r"[0-9]{1,20}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,3})?", re.ASCII)


def read_levels(name: str, texts: Sequence[str]) -> list[float]:
    """Read price levels; ``choices.check_levels`` checks what a level may be.

    Args:
        name: Name of the parameter.
        texts: Its values as text.

    Returns:
        The levels.

    Raises:
        InvalidInput: If a value is not written as a plain number.
    """
    return [_number(name, text, "a price, a plain number such as 65000 or 0.25") for text in texts]


def read_count(name: str, text: str) -> float:
    """Read a number of things a month.

    Raises:
        InvalidInput: If it is not written as a plain number.
    """
    return _number(name, text, "a plain number such as 1 or 0.5")


def _number(name: str, text: str, rule: str) -> float:
    if _PLAIN.fullmatch(text) is None:
        raise InvalidInput(f"`{name}` must be {rule}. Received: {excerpt(text)}.")
    return float(text)
