"""A price file to try the app with: simulated prices, with a few faults to find."""

from __future__ import annotations

import pandas as pd

from cryptoforecast.prices import simulate

#: Name of the file.
NAME = "sample-simulated-bitcoin.csv"
#: Hours in it.
HOURS = 24 * 300
#: Rows that are absent: one long gap, and two short ones.
_ABSENT = (slice(2_000, 2_033), slice(3_500, 3_504), slice(5_100, 5_109))
#: Rows whose high is below their open or their close.
_LOW_HIGHS = (4_000, 4_400)


def content(end: pd.Timestamp) -> bytes:
    """Write the file as CSV.

    Args:
        end: Its last candle closes before this time or at it, UTC.
    """
    last = end.floor("D")
    candles = simulate("BTC", "1h", last - pd.Timedelta(hours=HOURS), last).candles.copy()
    for row in _LOW_HIGHS:
        time = candles.index[row]
        candles.loc[time, "high"] = candles.loc[time, ["open", "close"]].min()
        candles.loc[time, "low"] = 0.99 * candles.loc[time, "high"]
    rows = [row for part in _ABSENT for row in range(part.start, part.stop)]
    candles = candles.drop(candles.index[rows])
    candles = candles.assign(symbol="BTC", source="simulated")
    candles.index = pd.Index(candles.index.strftime("%Y-%m-%dT%H:%M:%SZ"), name="time")
    text: str = candles.round(2).to_csv()
    return text.encode()
