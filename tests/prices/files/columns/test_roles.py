"""Columns recognised by name, in many dialects, and by the shape of their numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.columns.roles import (
    are_enough,
    check_names,
    has_columns,
    is_closing,
    is_foreign,
    is_yahoo,
    missing_columns,
    roles_by_name,
    unique_names,
    user_roles,
    volume_unit,
)
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
        ("unix,open,high,low,close,Volume USD", None, "quote"),
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


PRICES = {"open": "open", "high": "high", "low": "low", "close": "close"}


def test_names_that_are_there_twice_must_have_the_same_values() -> None:
    names = ["time", *PRICES, "volume"]
    for name in names:
        roles = roles_by_name([*names, name])
        assert (roles[name], roles[f"{name} 2"]) == (name, f"{name} (column 7)")
    # Of two spellings of one name, the one in small letters is meant.
    for spellings in (["close", "Close"], ["Close", "close"]):
        roles = roles_by_name(["time", "open", "high", "low", *spellings])
        assert (roles["close"], "close 2" in roles) == ("close", False)


def test_names_are_preferred_in_their_order() -> None:
    assert roles_by_name(["price", "last", "time", *PRICES])["close"] == "close"
    assert roles_by_name(["price", "last", "time", "open", "high", "low"])["close"] == "last"
    assert roles_by_name(["Adj Close", "open", "high", "low", "time"])["close"] == "Adj Close"
    assert roles_by_name(["Close time", "Open time", *PRICES])["time"] == "Open time"


def test_candles_win_over_single_prices_unless_the_user_gives_the_price() -> None:
    names = ["time", *PRICES, "price"]
    assert "price" not in roles_by_name(names)
    roles = roles_by_name(names, {"price": "price"})
    assert roles == {"time": "time", "price": "price"}
    assert roles_by_name(names, {"price": "price", "close": "close"}).keys() >= PRICES.keys()
    assert roles_by_name(["time", "price", "open"]) == {"time": "time", "price": "price"}


def test_a_column_with_a_given_role_loses_its_own() -> None:
    names = ["time", *PRICES, "volume", "source"]
    roles = roles_by_name(names, {"close": "open"})
    assert (roles["close"], "open" in roles) == ("open", False)
    assert roles_by_name(names, {"symbol": "source"})["source"] == "source"


@pytest.mark.parametrize(
    ("place", "column"), [("column 1", "time"), ("column 5", "close"), ("column 5 ", None),
                          ("column 0", None), ("column 6", None), ("column 05", "close")],
)  # fmt: skip
def test_a_column_may_be_given_by_its_place(place: str, column: str | None) -> None:
    names = ["time", *PRICES]
    assert has_columns(names, {"price": place}) is (column is not None)
    if column is None:
        with pytest.raises(UnreadableFile, match=rf"time, open, .*Received: '{place}'"):
            user_roles(names, {"price": place})
    else:
        assert user_roles(names, {"price": place}) == {"price": column}


def test_a_name_wins_over_a_place() -> None:
    assert user_roles(["a", "column 1"], {"open": "column 1"}) == {"open": "column 1"}


def test_every_column_has_a_different_name() -> None:
    assert unique_names(["a", "", "a", "b"]) == ("a", "column 2", "a (column 3)", "b")
    assert unique_names(["b", "a", "a"]) == ("b", "a", "a (column 3)")
    assert unique_names([]) == ()


@pytest.mark.parametrize(("columns", "length", "fits"), [
    (1000, 200, True), (1001, 1, False), (1, 201, False),
])  # fmt: skip
def test_names_are_bounded(columns: int, length: int, fits: bool) -> None:
    names = ["x" * length] * columns
    if fits:
        assert check_names(names) is names
        return
    with pytest.raises(UnreadableFile, match="may have 1,000 columns, with names of 200"):
        check_names(names)


def test_exchanges_with_names_of_their_own() -> None:
    poloniex = ["date", *PRICES, "volume", "quoteVolume", "weightedAverage"]
    roles = roles_by_name(poloniex)
    assert (roles["volume"], roles["turnover"]) == ("quoteVolume", "volume")
    htx = ["id", *PRICES, "amount", "vol", "count"]
    roles = roles_by_name(htx)
    assert (roles["time"], roles["volume"], roles["turnover"]) == ("id", "amount", "vol")
    assert roles_by_name(["time", *htx])["time"] == "time"


@pytest.mark.parametrize(
    ("roles", "yahoo", "unit"),
    [
        ({}, False, "unknown"), ({}, True, "unknown"), ({"turnover": "x"}, False, "quote"),
        ({"volume": "Volume"}, True, "quote"), ({"volume": "Volume"}, False, "unknown"),
        ({"volume": "Volume", "turnover": "x"}, False, "coins"),
        ({"volume": "Volume BTC"}, False, "coins"), ({"volume": "Volume USD"}, False, "unknown"),
        ({"volume": "vol btc"}, False, "unknown"),
    ],
)  # fmt: skip
def test_the_unit_of_the_volume(roles: dict[str, str], yahoo: bool, unit: str) -> None:
    assert volume_unit(roles, yahoo) == unit


def test_one_word_of_another_language_is_none() -> None:
    assert not is_foreign(["Datum", "Open", "High"])
    assert is_foreign(["Datum", "Hoch", "High"])


def test_columns_that_are_missing_are_named() -> None:
    message = str(missing_columns(["time", "open", "x"]))
    assert "No column for high, low, close was found. Received: time, open, x." in message
    assert "No column for high, low was found" in str(
        missing_columns(["time", "open", "x"], {"close": "x"})
    )


@pytest.mark.parametrize("form", ["Close_BTC-USD", "BTC-USD Close", "('Close', 'BTC-USD')",
                                  "('BTC-USD', 'Close')", "Close|BTC-USD"])  # fmt: skip
def test_names_with_one_ticker(form: str) -> None:
    names = [form.replace("Close", word) for word in ("Open", "High", "Low", "Close", "Volume")]
    roles = roles_by_name(["Date", *names])
    assert roles["close"] == form
    assert roles["volume"] == form.replace("Close", "Volume")
    other = [name.replace("BTC", "ETH") for name in names]
    with pytest.raises(UnreadableFile, match="Received: BTC-USD, ETH-USD side by side"):
        roles_by_name(["Date", *names, *other])
    assert "open" not in roles_by_name(["Date", *names[1:]])


def test_a_ticker_in_a_name_counts_only_where_no_price_is_named() -> None:
    others = [f"{name.title()}_ETH" for name in PRICES]
    roles = roles_by_name(["time", *PRICES, *others])
    assert {role: roles[role] for role in PRICES} == PRICES
    assert roles_by_name(["time", "price", *others])["price"] == "price"
    assert roles_by_name(["time", *others])["close"] == "Close_ETH"


def test_a_time_and_four_prices_or_one_are_enough() -> None:
    assert are_enough({"time": "t", **PRICES})
    assert are_enough({"time": "t", "price": "p"})
    assert not are_enough(PRICES)
    assert not are_enough({"time": "t", "open": "o", "high": "h", "low": "l"})


@pytest.mark.parametrize(
    ("names", "volume", "turnover"),
    [
        ("Volume, Volume BTC, Volume USDT", "Volume", "Volume USDT"),
        ("Volume BTC, Volume ETH", "Volume ETH", "Volume BTC"),
        ("Volume ETH, Volume BTC", "Volume ETH", "Volume BTC"),
        ("Volume X", "Volume X", None),
        ("Volume (USD), Volume (BTC)", "Volume (BTC)", "Volume (USD)"),
        ("turnover, Volume USDT, Volume BTC", "Volume BTC", "turnover"),
        ("Volume USDT, quote volume", None, "quote volume"),
        ("volume", "volume", None),
    ],
)
def test_volumes_by_their_unit(names: str, volume: str | None, turnover: str | None) -> None:
    roles = roles_by_name(["time", *PRICES, *names.split(", ")])
    assert (roles.get("volume"), roles.get("turnover")) == (volume, turnover)


def test_a_name_that_is_there_twice_may_be_given() -> None:
    names = ["time", *PRICES, "close"]
    assert roles_by_name(names, {"close": "open"})["close"] == "open"


def test_names_that_only_some_files_have() -> None:
    assert is_yahoo(["Date", "Adj Close"])
    assert not is_yahoo(["Date", "Close"])
    assert is_closing({"time": "Close time"})
    assert not is_closing({"time": "Open time"})
    assert not is_closing({})
