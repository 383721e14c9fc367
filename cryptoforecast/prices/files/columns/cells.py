"""What one cell of a table may be: a number, a figure with a currency, a date or a time of day."""

from __future__ import annotations

import re

#: A time of day.
CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?")
#: A number as people write it, with a currency or separators.
FIGURE = re.compile(r"[+-]?[$€£]? ?\d[\d.,' ]*")
#: A date, perhaps with a time of day.
DATE = re.compile(
    r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2}))([T ].*)?"
    r"|\d{8}[T ][\d:.]+Z?"
)


def is_time(cell: str) -> bool:
    """Tell whether a cell is a date, or a time since 1970."""
    return bool(DATE.fullmatch(cell) or re.fullmatch(r"[0-9]{9,19}(\.[0-9]*)?", cell))


def is_number(cell: str) -> bool:
    """Tell whether a cell is a plain number."""
    return bool(re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", cell))


def is_value(cell: str) -> bool:
    """Tell whether a cell is a plain number or a date."""
    return is_number(cell) or bool(DATE.fullmatch(cell))
