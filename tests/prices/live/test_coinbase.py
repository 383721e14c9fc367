"""Coinbase over real HTTP, played well and badly by a local server."""

from __future__ import annotations

import json
import time
from collections import deque

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput, SourceUnavailable
from cryptoforecast.prices.candles.coins import COINS, Coin, resolve
from cryptoforecast.prices.candles.resample import floor
from cryptoforecast.prices.live import http
from cryptoforecast.prices.live.breaker import CircuitBreaker
from cryptoforecast.prices.live.coinbase import (
    MAX_BURST,
    MAX_IN_FLIGHT,
    PAGE_ROWS,
    Coinbase,
    exchange_ticker,
)
from cryptoforecast.types import INTERVALS
from tests.prices.live.exchange_server import ExchangeServer, coinbase_rows

HOUR = pd.Timedelta("1h")


def now() -> pd.Timestamp:
    return pd.Timestamp.now("UTC")


def ago(text: str) -> pd.Timestamp:
    return floor(now() - pd.Timedelta(text), "1h")


def source(server: ExchangeServer, breaker: CircuitBreaker | None = None) -> Coinbase:
    return Coinbase(server.url, breaker, per_second=500)


def fetch(
    server: ExchangeServer, start: pd.Timestamp | None, end: pd.Timestamp | None = None
) -> pd.DataFrame:
    return source(server).fetch("BTC-USD", "1h", start, end, 5).candles


@pytest.mark.parametrize("interval", ["1m", "5m", "15m", "1h", "1d"])
def test_closed_candles_come_back_canonical(exchange: ExchangeServer, interval: str) -> None:
    step = INTERVALS[interval]
    start = floor(now(), interval) - 40 * step
    candles = source(exchange).fetch("BTC-USD", interval, start, None, 5).candles
    assert candles.index.dtype == "datetime64[ns, UTC]"
    assert candles.index.name == "time"
    assert list(candles) == ["open", "high", "low", "close", "volume"]
    assert set(candles.dtypes) == {np.dtype(float)}
    assert candles.index[0] == start
    assert candles.index[-1] <= now() - step
    assert set(candles.index.diff()[1:]) == {step}
    assert (candles["close"] == candles["open"] + 1).all()
    assert np.allclose(candles["high"], candles["open"] + 2.01)
    assert (candles["low"] == candles["open"] - 2).all()
    assert (candles["volume"] == 3.5).all()


def test_pages_join_without_a_seam(exchange: ExchangeServer) -> None:
    start, end = ago("40D"), ago("1D")
    candles = fetch(exchange, start, end)
    assert len(exchange.requests) == 4
    assert (candles.index[0], candles.index[-1]) == (start, end - HOUR)
    assert set(candles.index.diff()[1:]) == {HOUR}
    hours = candles.index.as_unit("s").asi8 // 3600
    assert (candles["open"] == 200 + hours % 1000).all()


def test_pages_join_where_the_end_does_not_count(exchange: ExchangeServer) -> None:
    exchange.end_counts = False
    candles = fetch(exchange, ago("40D"), ago("1D"))
    assert candles.index[0] == ago("40D")
    assert set(candles.index.diff()[1:]) == {HOUR}


def test_days_begin_at_midnight_whatever_the_hour_of_the_window(exchange: ExchangeServer) -> None:
    start = floor(now(), "1d") - pd.Timedelta("9D") - pd.Timedelta("7h")
    candles = source(exchange).fetch("BTC-USD", "1d", start, None, 5).candles
    assert candles.index[0] == start.ceil("1D")
    assert candles.index[-1] == floor(now(), "1d") - pd.Timedelta("1D")
    assert (candles.index.normalize() == candles.index).all()


def test_the_past_before_the_listing_is_given_up_soon(exchange: ExchangeServer) -> None:
    exchange.first = int(ago("10D").timestamp())
    candles = fetch(exchange, ago("700D"))
    assert candles.index[0] == ago("10D")
    # Three empty pages, each of them asked for twice, and what was in flight meanwhile.
    assert len(exchange.requests) <= 1 + 2 * (3 + 3)


def test_a_delisted_coin_has_no_recent_candles(exchange: ExchangeServer) -> None:
    exchange.last = int(ago("900D").timestamp())
    assert fetch(exchange, ago("100D")).empty


def test_a_start_beyond_the_limit_is_clamped(
    exchange: ExchangeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cryptoforecast.prices.live.coinbase.MAX_PAGES", 3)
    coinbase = source(exchange)
    candles = coinbase.fetch("BTC-USD", "1h", pd.Timestamp("2011-01-01", tz="UTC"), None, 8).candles
    assert len(candles) == 3 * PAGE_ROWS
    assert candles.index[0] == coinbase.earliest("1h", now())


def test_when_time_runs_out_the_latest_candles_are_there(exchange: ExchangeServer) -> None:
    exchange.latency = 0.35
    got = source(exchange).fetch("BTC-USD", "1h", ago("700D"), None, 1.8)
    assert got.unfinished
    assert PAGE_ROWS <= len(got.candles) < 20 * PAGE_ROWS
    assert got.candles.index[-1] == floor(now(), "1h") - HOUR
    assert set(got.candles.index.diff()[1:]) == {HOUR}


def page_begins(number: int) -> int:
    """Return the open of the first candle of a page, the latest page being number 0."""
    newest = floor(now() - pd.Timedelta(1, "ns"), "1h")
    return int((newest - (number + 1) * (PAGE_ROWS - 1) * HOUR).timestamp())


def time_of(number: int) -> pd.Timestamp:
    return pd.Timestamp(page_begins(number), unit="s", tz="UTC")


def test_a_failure_after_some_pages_keeps_them(exchange: ExchangeServer) -> None:
    exchange.latency = 0.05
    exchange.fail_at = page_begins(2)
    got = source(exchange).fetch("BTC-USD", "1h", ago("100D"), None, 5)
    assert got.unfinished
    assert got.candles.index[0] == time_of(1)
    assert set(got.candles.index.diff()[1:]) == {HOUR}


def test_a_year_of_hours_comes_whole_though_each_request_takes_long(
    exchange: ExchangeServer,
) -> None:
    """Thirty pages at 0.2 s each, with four in flight and below the rate that is allowed."""
    exchange.latency = 0.2
    coinbase = Coinbase(exchange.url)
    got = coinbase.fetch("BTC-USD", "1h", ago("365D"), None, 8)
    assert not got.unfinished
    assert got.candles.index[0] == ago("365D")
    assert set(got.candles.index.diff()[1:]) == {HOUR}
    assert exchange.limited == 0
    assert 2 <= exchange.in_flight[1] <= MAX_IN_FLIGHT


def test_an_empty_page_is_asked_for_once_more(exchange: ExchangeServer) -> None:
    exchange.empty = {page_begins(2): 1}
    got = source(exchange).fetch("BTC-USD", "1h", ago("60D"), None, 5)
    assert not got.unfinished
    assert got.candles.index[0] == ago("60D")
    assert set(got.candles.index.diff()[1:]) == {HOUR}


@pytest.mark.parametrize("pages", [[2], [1, 2]])
def test_pages_that_stay_empty_between_candles_leave_the_fetch_unfinished(
    exchange: ExchangeServer, pages: list[int]
) -> None:
    exchange.empty = {page_begins(number): 2 for number in pages}
    got = source(exchange).fetch("BTC-USD", "1h", ago("60D"), None, 5)
    assert got.unfinished
    assert got.candles.index[0] == time_of(pages[0] - 1)
    assert set(got.candles.index.diff()[1:]) == {HOUR}


def test_a_last_page_that_stays_empty_is_a_gap_if_candles_lie_before_it(
    exchange: ExchangeServer,
) -> None:
    start = time_of(1) + 9 * HOUR
    exchange.empty = {page_begins(1): 2}
    got = source(exchange).fetch("BTC-USD", "1h", start, None, 5)
    assert (got.unfinished, got.candles.index[0]) == (True, time_of(0))


def test_a_last_page_that_is_empty_is_none_if_the_market_began_after_it(
    exchange: ExchangeServer,
) -> None:
    exchange.first = page_begins(0) + 3600
    got = source(exchange).fetch("BTC-USD", "1h", time_of(1) + 9 * HOUR, None, 5)
    assert (got.unfinished, got.candles.index[0]) == (False, time_of(0) + HOUR)


def test_an_empty_page_at_the_end_is_no_gap(exchange: ExchangeServer) -> None:
    """Trading ended twenty days ago."""
    exchange.last = int(ago("20D").timestamp())
    got = source(exchange).fetch("BTC-USD", "1h", ago("40D"), None, 5)
    assert (got.unfinished, got.candles.index[-1]) == (False, ago("20D"))


def test_a_request_without_a_name_is_refused(
    exchange: ExchangeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "educational" not in http._HEADERS["User-Agent"]
    monkeypatch.setitem(http._HEADERS, "User-Agent", "")
    with pytest.raises(SourceUnavailable, match=r"refused the request \(400\)"):
        fetch(exchange, ago("5D"))


def test_a_window_before_the_limit_asks_nobody(exchange: ExchangeServer) -> None:
    candles = source(exchange).fetch("BTC-USD", "1m", ago("900D"), ago("800D"), 5).candles
    assert candles.empty
    assert not exchange.requests


def test_a_clock_that_is_ahead_makes_no_candle_of_an_open_one(exchange: ExchangeServer) -> None:
    exchange.headers["Date"] = (now() - pd.Timedelta("2D")).strftime("%a, %d %b %Y %H:%M:%S GMT")
    candles = fetch(exchange, ago("9D"))
    assert candles.index[-1] == ago("2D") - HOUR


@pytest.mark.parametrize("trouble", ["reset", "500", "503", "truncated"])
def test_a_passing_trouble_is_tried_again(exchange: ExchangeServer, trouble: str) -> None:
    exchange.script = deque([trouble])
    assert len(fetch(exchange, ago("5D"))) == 5 * 24
    assert len(exchange.requests) == 2


def test_a_short_wait_that_is_asked_for_is_kept(exchange: ExchangeServer) -> None:
    exchange.script = deque(["429"])
    exchange.headers["Retry-After"] = "0"
    assert len(fetch(exchange, ago("5D"))) == 5 * 24
    assert len(exchange.requests) == 2


@pytest.mark.parametrize(
    ("behaviour", "message", "requests"),
    [
        ("429", "limits requests from this address", 1),
        ("451", r"bars requests from this address or country \(451\)", 1),
        ("403", r"bars requests from this address or country \(403\)", 1),
        ("500", r"has a problem on its side \(500\)", 3),
        ("reset", "broke the connection off", 3),
        ("truncated", "answer broke off", 3),
        ("400", r"refused the request \(400\)", 1),
        ("html", "something other than JSON", 1),
        ("huge", "more than 2 MB", 1),
    ],
)
def test_each_failure_is_said_in_a_sentence(
    exchange: ExchangeServer, behaviour: str, message: str, requests: int
) -> None:
    exchange.behaviour = behaviour
    with pytest.raises(SourceUnavailable, match=f"^Coinbase.* {message}"):
        fetch(exchange, ago("5D"))
    assert len(exchange.requests) == requests


@pytest.mark.parametrize("behaviour", ["silent", "drip"])
def test_silence_ends_with_the_deadline(exchange: ExchangeServer, behaviour: str) -> None:
    exchange.behaviour = behaviour
    with pytest.raises(SourceUnavailable, match="Coinbase did not answer in time"):
        source(exchange).fetch("BTC-USD", "1h", ago("5D"), None, 0.4)


@pytest.mark.parametrize("status", ["301", "302", "307", "308"])
def test_a_redirect_is_not_followed(exchange: ExchangeServer, status: str) -> None:
    exchange.behaviour = status
    exchange.headers["Location"] = f"{exchange.url.replace('127.0.0.1', 'localhost')}/elsewhere"
    with pytest.raises(SourceUnavailable, match="another address"):
        fetch(exchange, ago("5D"))
    assert [request["path"] for request in exchange.requests] == ["/products/BTC-USD/candles"]


def test_a_compressed_answer_is_refused_unread(exchange: ExchangeServer) -> None:
    exchange.headers["Content-Encoding"] = "gzip"
    with pytest.raises(SourceUnavailable, match="compressed its answer"):
        fetch(exchange, ago("5D"))


def test_an_unreachable_host_is_said_to_be_so() -> None:
    coinbase = Coinbase("http://127.0.0.1:9", per_second=500)
    with pytest.raises(SourceUnavailable, match="Coinbase can't be reached"):
        coinbase.fetch("BTC-USD", "1h", ago("5D"), None, 5)


def test_an_unknown_product_is_no_failure_of_the_source(exchange: ExchangeServer) -> None:
    coinbase = source(exchange)
    with pytest.raises(InvalidInput, match=r"Coinbase has no NOSUCH-USD\."):
        coinbase.fetch("NOSUCH-USD", "1h", ago("5D"), None, 5)
    assert len(coinbase.fetch("BTC-USD", "1h", ago("5D"), None, 5).candles)


def test_after_a_failure_nobody_is_asked_for_a_while(exchange: ExchangeServer) -> None:
    clock = [0.0]
    coinbase = source(exchange, CircuitBreaker("Coinbase", pause=60, clock=lambda: clock[0]))
    exchange.behaviour = "429"
    exchange.headers["Retry-After"] = "300"
    with pytest.raises(SourceUnavailable):
        coinbase.fetch("BTC-USD", "1h", ago("5D"), None, 5)
    exchange.behaviour = "answer"
    clock[0] = 200.0
    with pytest.raises(SourceUnavailable, match="It is asked again in 100 s"):
        coinbase.fetch("BTC-USD", "1h", ago("5D"), None, 5)
    assert len(exchange.requests) == 1
    clock[0] = 301.0
    assert len(coinbase.fetch("BTC-USD", "1h", ago("5D"), None, 5).candles)


def test_an_interval_that_coinbase_lacks_is_refused(exchange: ExchangeServer) -> None:
    with pytest.raises(InvalidInput, match="Received: '4h'"):
        source(exchange).fetch("BTC-USD", "4h", ago("5D"), None, 5)


def row(place: int, value: object) -> bytes:
    # Fixed hours of 2023: a body must not depend on when the tests are collected.
    rows = coinbase_rows(1_699_999_200, 1_700_002_800)
    rows[1][place] = value
    return json.dumps(rows).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"{}",
        b'"text"',
        b"[1, 2]",
        b"[[]]",
        b"[null]",
        b"[[1, 2, 3]]",
        b"\xff\xfe[]",
        b"[" * 50_000,
        row(1, "x"),
        row(1, None),
        row(1, True),
        row(1, -1.0),
        row(2, [1]),
        row(3, "nan"),
        row(3, float("nan")),
        row(4, float("inf")),
        row(4, 10**400),
        row(5, -1),
        row(0, 1.5),
        row(0, "2024-01-01"),
        row(0, 10**13),
        row(0, 10**30),
        row(0, -1),
        json.dumps(coinbase_rows(*range(1_700_000_000, 1_700_004_000))).encode(),
    ],
)
def test_whatever_is_no_list_of_candles_is_refused(exchange: ExchangeServer, body: bytes) -> None:
    exchange.behaviour, exchange.body = "body", body
    with pytest.raises(SourceUnavailable, match=r"^Coinbase answered with"):
        fetch(exchange, ago("5D"))


def test_unordered_and_repeated_rows_become_candles(exchange: ExchangeServer) -> None:
    hours = [int(ago(f"{n}h").timestamp()) for n in (3, 5, 4, 5, 3)]
    exchange.behaviour, exchange.body = "body", json.dumps(coinbase_rows(*hours)).encode()
    candles = fetch(exchange, ago("9h"))
    assert list(candles.index) == [ago("5h"), ago("4h"), ago("3h")]


def test_an_empty_list_is_no_failure(exchange: ExchangeServer) -> None:
    exchange.behaviour, exchange.body = "body", b"[]"
    assert fetch(exchange, ago("5D")).empty


def test_requests_are_spaced_after_a_burst(exchange: ExchangeServer) -> None:
    began = time.monotonic()
    coinbase = Coinbase(exchange.url, per_second=10)
    coinbase.fetch("BTC-USD", "1h", ago("180D"), None, 5)
    assert len(exchange.requests) == 15
    assert time.monotonic() - began > 0.95 * (15 - MAX_BURST) / 10
    assert exchange.limited == 0


def test_what_exchanges_call_a_coin() -> None:
    assert [exchange_ticker(coin) for coin in COINS.values()] == list(COINS)
    named = {text: exchange_ticker(resolve(text)) for text in ("UNI7083-USD", "FOO", "1INCH-USD")}
    assert named == {"UNI7083-USD": "UNI", "FOO": "FOO", "1INCH-USD": "1INCH"}
    for only_yahoo in ("FOO11419-USD", "^GSPC", "BTC=F", "BRK-B"):
        assert exchange_ticker(resolve(only_yahoo)) is None


@pytest.mark.parametrize(
    ("coin", "product"),
    [
        (Coin("BTC", "Bitcoin", "BTC-EUR", "EUR"), "BTC-EUR"),
        (Coin("BTC-EUR", "Bitcoin", "BTC-EUR", "EUR"), "BTC-EUR"),
        (Coin("UNI", "Uniswap", "UNI7083-EUR", "EUR"), "UNI-EUR"),
        (Coin("TON", "Toncoin", "TON11419-USD"), "TON-USD"),
        (Coin("FOO", "FOO", "FOO-USDT"), "FOO-USD"),
        (Coin("BAR", "BAR", "OTHER-USD"), None),
        (Coin("FOO", "FOO", "FOO-EUR"), None),
    ],
)
def test_a_pair_in_another_quote_is_a_product_of_its_own(coin: Coin, product: str | None) -> None:
    assert Coinbase().symbol(coin) == product


def test_a_pair_is_asked_for_in_its_own_quote() -> None:
    coinbase = Coinbase()
    named = {text: coinbase.symbol(resolve(text)) for text in ("BTC-EUR", "UNI/GBP", "ETHBTC")}
    assert named == {"BTC-EUR": "BTC-EUR", "UNI/GBP": "UNI-GBP", "ETHBTC": "ETH-BTC"}
