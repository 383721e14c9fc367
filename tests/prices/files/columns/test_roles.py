"""Columns recognised by name, in many dialects, and by the shape of their numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.columns.roles import is_foreign, roles_by_name, volume_unit
from cryptoforecast.prices.files.columns.shapes import roles_by_shape
from tests.prices.files import samples


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Unix Timestamp,Date,Symbol,Open,High,Low,Close,Volume",
         "Unix Timestamp Open High Low Close"),
        ("Timestamp,Open,High,Low,Close,Volume_(BTC),Volume_(Currency)",
         "Timestamp Open High Low Close"),
        ("Currency,Date,Closing Price (USD),24h Open (USD),24h High (USD),24h Low (USD)",
         "Date 24h Open (USD) 24h High (USD) 24h Low (USD) Closing Price (USD)"),
        ("timestamp,1a. open (USD),2a. high (USD),3a. low (USD),4a. close (USD)",
         "timestamp 1a. open (USD) 2a. high (USD) 3a. low (USD) 4a. close (USD)"),
        ("time_period_start,price_open,price_high,price_low,price_close",
         "time_period_start price_open price_high price_low price_close"),
        ("Date,Close/Last,Volume,Open,High,Low", "Date Open High Low Close/Last"),
        ("Date,Open*,High,Low,Close**,Adj Close,Volume", "Date Open* High Low Close**"),
    ],
)  # fmt: skip
def test_names(header: str, expected: str) -> None:
    roles = roles_by_name(header.split(","))
    assert " ".join(roles[role] for role in ("time", "open", "high", "low", "close")) == expected


@pytest.mark.parametrize(
    ("header", "volume", "unit"),
    [
        ("time,open,high,low,close,volume", "volume", "unknown"),
        ("unix,open,high,low,close,Volume USDT,Volume BTC", "Volume BTC", "coins"),
        ("unix,open,high,low,close,Volume_(Currency),Volume_(BTC)", "Volume_(BTC)", "coins"),
        ("unix,open,high,low,close,Volume USD", None, "usd"),
        ("time,open,high,low,close", None, "unknown"),
    ],
)
def test_volume_is_distinguished_from_turnover(header: str, volume: str | None, unit: str) -> None:
    roles = roles_by_name(header.split(","))
    assert roles.get("volume") == volume
    assert volume_unit(roles, yahoo=False) == unit


def test_every_language_is_recognised_as_foreign_or_english() -> None:
    assert all(is_foreign(names) for names in samples.HEADERS.values())
    assert not is_foreign(["Date", "Price", "Open", "High", "Low", "Vol.", "Change %"])


@pytest.mark.parametrize("order", [*itertools.permutations(("open", "high", "low", "close"))])
def test_the_four_prices_are_found_in_any_order(order: tuple[str, ...]) -> None:
    frame = samples.candles("1h", 50)
    table = np.column_stack([np.arange(50.0), frame[list(order)], frame["volume"]])
    if order.index("open") > order.index("close"):
        # The same numbers with open and close exchanged would fit as well: not guessed.
        with pytest.raises(UnreadableFile, match="another shape"):
            roles_by_shape(table)
        return
    roles = roles_by_shape(table)
    assert [roles[i] for i in range(1, 5)] == list(order)
    assert roles[5] == "volume"
