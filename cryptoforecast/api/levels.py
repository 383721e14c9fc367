"""Price levels in a query string: plain numbers and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cryptoforecast.api.closes import shown
from cryptoforecast.errors import InvalidInput

_PLAIN = re.compile(r"[0-9]{1,20}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,3})?", re.ASCII)


def read_levels(name: str, given: Sequence[str]) -> list[float]:
    """Read price levels; see ``evaluation.odds.check`` for what a level may be.

    Args:
        name: of the parameter.
        given: its values, as they were written.

    Raises:
        InvalidInput: if one is not written as a number.
    """
    for text in given:
        if _PLAIN.fullmatch(text) is None:
            raise InvalidInput(
                f"`{name}` must be a price in USD, such as 65000 or 0.25. Received: {shown(text)}."
            )
    return [float(text) for text in given]
