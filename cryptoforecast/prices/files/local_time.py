"""Local times that would be taken for UTC, recognised by the changes of the clock in them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.values.zone_changes import find_changes
from cryptoforecast.prices.files.values.zones import zone_remedy
from cryptoforecast.types import Array, Problem


def local_problem(
    times: Array, closes: Array, spacing: pd.Timedelta, lines: Array, unit: str
) -> tuple[Problem, ...]:
    """Report times that look local, and refuse them where candles would be lost.

    Args:
        times: `(n,)` ns, times that have no zone, in the file's order.
        closes: `(n,)` their closing prices.
        spacing: Length of the candles.
        lines: `(n,)` place of each row in the file.
        unit: What a row is called.

    Returns:
        The problem, if there is one.

    Raises:
        UnreadableFile: If clocks went back and showed the time of different candles twice.
    """
    if times[0] > times[-1]:
        times, closes, lines = times[::-1], closes[::-1], lines[::-1]
    changes = find_changes(times, spacing)
    for change in changes:
        row = change.row
        if times[row] <= times[row - 1]:
            again = np.flatnonzero(times[:row] == times[row])
            if len(again) and closes[again[-1]] != closes[row]:
                places = " and ".join(str(each) for each in sorted((lines[again[-1]], lines[row])))
                raise UnreadableFile(
                    "Times must be UTC, or their zone must be known. Received: "
                    f"{_text(times[row])} twice ({unit}s {places}), as local clocks showed it when "
                    f"they went back (in {change.zone}, for example). "
                    f"{zone_remedy(change.zone)}"
                )
    if not changes:
        return ()
    first = changes[0]
    detail = (
        f"the times look local: at {_text(times[first.row])} they change as clocks do (in "
        f"{first.zone}, for example); say the zone, or UTC"
    )
    line = int(min(lines[change.row] for change in changes))
    return (Problem("local_time", len(changes), line, "read as UTC", detail),)


def _text(stamp: int) -> str:
    return f"{pd.Timestamp(int(stamp)):%Y-%m-%d %H:%M}"
