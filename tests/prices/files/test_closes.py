"""Files with one price a candle, its close: a time and a close are enough."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.price_file import CLOSES_ALONE, read
from tests.prices.files import samples

DAYS = samples.candles("1d", 60)
CLOSE = DAYS["close"]
ISO = [f"{time:%Y-%m-%d}" for time in DAYS.index]


def columns(*names: str, more: str = "", by: str = ",") -> bytes:
    """Write times and closes under these names, perhaps with the same text in further columns."""
    rows = [[time, f"{close:.2f}", *more.split()] for time, close in zip(ISO, CLOSE, strict=True)]
    return samples.lines(rows, list(names), by)


def parquet() -> bytes:
    buffer = io.BytesIO()
    CLOSE.to_frame().to_parquet(buffer)
    return buffer.getvalue()


FILES = {
    "date and close": columns("Date", "Close"),
    "date and price": columns("date", "price"),
    "a price and more": columns("date", "price", "market_cap", "total_volume", more="9e11 2e9"),
    "an index without a name": columns("", "close"),
    "adjusted": columns("Date", "Adj Close"),
    "semicolons": columns("time", "close", by=";"),
    "german": columns("Datum", "Zuletzt"),
    "records": json.dumps(
        [{"time": time, "close": close} for time, close in zip(ISO, CLOSE, strict=True)]
    ).encode(),
    "lists": json.dumps({"t": ISO, "c": [*CLOSE]}).encode(),
    "by time": json.dumps(
        {time: {"close": close} for time, close in zip(ISO, CLOSE, strict=True)}
    ).encode(),
    "parquet": parquet(),
}


@pytest.mark.parametrize("name", FILES)
def test_a_close_stands_for_all_four_prices(name: str) -> None:
    history = read(FILES[name], "BTC.csv")
    assert history.interval == "1d"
    assert [*history.candles] == [*DAYS]
    for price in ("open", "high", "low", "close"):
        pd.testing.assert_series_equal(
            history.candles[price], CLOSE, check_names=False, check_freq=False, rtol=1e-15
        )
    assert history.notes == (CLOSES_ALONE,)


def test_a_snapshot_ends_its_candle() -> None:
    """CoinGecko's time is that of the price: midnight ends the day before."""
    content = columns("snapped_at", "price", "market_cap", "total_volume", more="9e11 2e9")
    history = read(content, "eth-usd-max.csv")
    assert history.candles.index.equals(DAYS.index - pd.Timedelta("1D"))
    np.testing.assert_array_equal(history.candles["close"], CLOSE)
    assert "closing times" in history.quality.decisions["label"]


def test_a_file_without_names_needs_to_be_told_which_column_is_the_close() -> None:
    content = FILES["date and close"].split(b"\n", 1)[1]
    with pytest.raises(UnreadableFile, match="No column for"):
        read(content, "BTC.csv")
    corrections = Corrections(columns={"time": "column 1", "close": "column 2"})
    np.testing.assert_array_equal(
        read(content, "BTC.csv", corrections=corrections).candles["high"], CLOSE
    )


def test_closes_that_are_merged_have_a_range() -> None:
    weeks = read(FILES["date and price"], "BTC.csv", interval="1w")
    monday = weeks.candles.index[0]
    days = CLOSE[monday : monday + pd.Timedelta("6D")]
    assert weeks.candles.iloc[0, :4].tolist() == [
        days.iloc[0], days.max(), days.min(), days.iloc[-1]
    ]  # fmt: skip
    assert weeks.notes == ()


def test_missing_days_are_missing_and_a_day_of_two_closes_is_a_repeat() -> None:
    lines = FILES["date and close"].split(b"\n")
    gap = read(b"\n".join([*lines[:20], *lines[23:]]), "BTC.csv")
    assert len(gap) == 57
    twice = read(b"\n".join([*lines[:20], *lines[19:]]), "BTC.csv")
    assert len(twice) == 60
    assert twice.quality.duplicates == 1


def test_some_of_the_four_prices_are_too_few() -> None:
    content = columns("Date", "Close", "High", more="30000")
    with pytest.raises(UnreadableFile, match="No column for open, low was found"):
        read(content, "BTC.csv")


def test_single_prices_at_uneven_times_are_no_closes() -> None:
    rows = [[f"2024-{1 + i:02d}-03T{i * i % 24:02d}:{i * 7:02d}:00Z", "27100"] for i in range(8)]
    with pytest.raises(UnreadableFile, match="8 prices at uneven times, few a candle"):
        read(samples.lines(rows, ["time", "price"]), "BTC.csv")
