"""Price levels in a query string: plain numbers only."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cryptoforecast.api.closes import excerpt
from cryptoforecast.errors import InvalidInput

_PLAIN = re.compile(r"[0-9]{1,20}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,3})?", re.ASCII)


def read_levels(name: str, given: Sequence[str]) -> list[float]:
    """Read price levels; ``choices.check_levels`` checks what a level may be.

    Args:
        name: Name of the parameter.
        given: Its values as text.

    Returns:
        The levels.

    Raises:
        InvalidInput: If a value is not written as a plain number.
    """
    for text in given:
        if _PLAIN.fullmatch(text) is None:
            raise InvalidInput(
                f"`{name}` must be a price, a plain number such as 65000 or 0.25. "
                f"Received: {excerpt(text)}."
            )
    return [float(text) for text in given]
