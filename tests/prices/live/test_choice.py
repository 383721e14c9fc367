"""Which of several cached answers is best, and when two of them contradict each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput
from cryptoforecast.prices.candles.coins import resolve
from cryptoforecast.prices.live import choice
from cryptoforecast.prices.live.disk_cache import Entry
from cryptoforecast.types import MarketQuery

HOUR = pd.Timedelta("1h")
NOW = pd.Timestamp("2026-06-01 00:30", tz="UTC")
YEAR = MarketQuery("BTC", "1h", pd.Timestamp("2025-06-01", tz="UTC"))
TITLES = {"yahoo": "Yahoo", "coinbase": "Coinbase", "kraken": "Kraken"}


def entry(
    source: str, days: float, ago: int = 1, price: float = 100.0, fetched: str = "0h"
) -> Entry:
    """Make hourly candles of some days that end some hours ago."""
    last = NOW.floor("h") - ago * HOUR
    index = pd.date_range(end=last, periods=int(days * 24), freq="h", name="time", unit="ns")
    prices = dict.fromkeys(("open", "high", "low", "close"), np.full(len(index), price))
    candles = pd.DataFrame(prices, index=index)
    return Entry(candles, NOW - pd.Timedelta(fetched), None, source, "coins")


def best(*entries: Entry, good: str = "", query: MarketQuery = YEAR) -> str:
    best_entry = choice.best(entries, query, "1h", lambda entry: entry.source in good.split())
    assert best_entry is not None
    return best_entry.source


def test_no_answer_is_none() -> None:
    assert choice.best([], YEAR, "1h", lambda entry: True) is None


def test_a_short_fresh_answer_does_not_hide_a_long_one() -> None:
    coinbase, kraken = entry("coinbase", 560, ago=9, fetched="9h"), entry("kraken", 30)
    assert best(coinbase, kraken, good="kraken") == "coinbase"


def test_of_answers_that_cover_about_the_same_the_preferred_one_is_best() -> None:
    yahoo, coinbase = entry("yahoo", 300), entry("coinbase", 365)
    assert best(yahoo, coinbase, good="yahoo coinbase") == "yahoo"
    assert best(yahoo, coinbase, good="coinbase") == "coinbase"
    assert best(entry("yahoo", 200), coinbase, good="yahoo coinbase") == "coinbase"


def test_only_the_span_inside_the_window_counts() -> None:
    month = MarketQuery("BTC", "1h", NOW - pd.Timedelta("29D"))
    coinbase, kraken = entry("coinbase", 560, ago=9, fetched="9h"), entry("kraken", 30)
    assert best(coinbase, kraken, good="kraken", query=month) == "kraken"


def test_an_answer_that_is_days_behind_is_a_last_resort() -> None:
    coinbase, kraken = entry("coinbase", 560, ago=60, fetched="60h"), entry("kraken", 30)
    assert best(coinbase, kraken, good="kraken") == "kraken"
    past = MarketQuery("BTC", "1h", YEAR.start, NOW - pd.Timedelta("10D"))
    assert best(coinbase, kraken, good="coinbase kraken", query=past) == "coinbase"


@pytest.mark.parametrize(("behind", "source"), [(48, "coinbase"), (49, "kraken")])
def test_two_days_are_not_too_far_behind(behind: int, source: str) -> None:
    coinbase = entry("coinbase", 560, ago=1 + behind, fetched="50h")
    assert best(coinbase, entry("kraken", 30), good="kraken") == source


def test_an_answer_that_ends_before_the_window_comes_last() -> None:
    query = MarketQuery("BTC", "1h", NOW.floor("h") - 2 * HOUR)
    coinbase, kraken = entry("coinbase", 9, ago=3), entry("kraken", 9, ago=2)
    assert best(coinbase, kraken, good="coinbase", query=query) == "kraken"


@pytest.mark.parametrize(("hours", "source"), [(0, "kraken"), (1, "coinbase")])
def test_an_answer_that_begins_after_the_window_comes_last(hours: int, source: str) -> None:
    coinbase, kraken = entry("coinbase", 10), entry("kraken", 11)
    end = coinbase.candles.index[0] + hours * HOUR
    query = MarketQuery("BTC", "1h", end - HOUR, end)
    assert best(coinbase, kraken, good="coinbase kraken", query=query) == source


def test_a_market_that_has_ended_comes_after_one_that_goes_on() -> None:
    ended = entry("coinbase", 560, ago=600)
    assert best(ended, entry("kraken", 30), good="coinbase kraken") == "kraken"


@pytest.mark.parametrize(("price", "refused"), [(100.0, False), (119.0, False), (121.0, True)])
def test_contradicting_closes_are_refused(price: float, refused: bool) -> None:
    yahoo, coinbase = entry("yahoo", 30), entry("coinbase", 20, ago=2, price=price)
    coin = resolve("FOO")
    if not refused:
        choice.check_agreement(coin, "1h", yahoo, [yahoo, coinbase], TITLES)
        return
    for one in (yahoo, coinbase):
        with pytest.raises(InvalidInput) as raised:
            choice.check_agreement(coin, "1h", one, [yahoo, coinbase], TITLES)
        for words in ("FOO-USD", "$100.00 from Yahoo", "$121.00 from Coinbase", "22:00 UTC"):
            assert words in str(raised.value)


def test_an_answer_of_another_time_is_not_compared() -> None:
    yahoo, coinbase = entry("yahoo", 30), entry("coinbase", 30, price=500, fetched="2h")
    choice.check_agreement(resolve("FOO"), "1h", yahoo, [yahoo, coinbase], TITLES)


def test_answers_without_a_common_candle_are_not_compared() -> None:
    yahoo, coinbase = entry("yahoo", 3), entry("coinbase", 3, ago=200, price=500)
    choice.check_agreement(resolve("FOO"), "1h", yahoo, [yahoo, coinbase], TITLES)
