"""Candles of hours and days whose times the tests write in many forms."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.table import Table
from cryptoforecast.prices.files.values.times import Times, read_times
from cryptoforecast.types import PriceHistory
from tests.prices.files import samples

# From the 10th on: the day tells itself from the month.
HOURS = samples.candles("1h", 100, "2024-03-10")
DAYS = samples.candles("1d", 60, "2023-03-01")


def moved(frame: pd.DataFrame, hours: float) -> pd.DataFrame:
    return frame.set_axis(frame.index - pd.Timedelta(hours=hours))


def check(history: PriceHistory, frame: pd.DataFrame, decided: str = "") -> None:
    assert history.candles.index.equals(frame.index.rename("time"))
    assert (history.candles["close"].to_numpy() == frame["close"].to_numpy()).all()
    assert decided in history.quality.decisions["time"]


def times_of(
    values: object, clock: object = None, needed: object = True, zone: str | None = None
) -> Times:
    """Read a column of times, and perhaps one of times of day."""
    frame = pd.DataFrame({"t": values} if clock is None else {"t": values, "c": clock})
    roles = {"time": "t"} if clock is None else {"time": "t", "clock": "c"}
    rows = np.broadcast_to(np.asarray(needed), len(frame))
    return read_times(Table(frame, roles, "row", 1), rows, Corrections(zone=zone))
