"""Kraken over real HTTP, played well and badly by a local server."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput, SourceUnavailable
from cryptoforecast.prices.candles.coins import Coin, resolve
from cryptoforecast.prices.candles.quality import empty
from cryptoforecast.prices.candles.resample import floor
from cryptoforecast.prices.live.kraken import MAX_PER_SECOND, MAX_ROWS, Kraken
from cryptoforecast.prices.live.wire import Roundtrip
from cryptoforecast.types import INTERVALS
from tests.prices.live.exchange_server import ExchangeServer

HOUR = pd.Timedelta("1h")


def now() -> pd.Timestamp:
    return pd.Timestamp.now("UTC")


def ago(text: str) -> pd.Timestamp:
    return floor(now() - pd.Timedelta(text), "1h")


def source(server: ExchangeServer) -> Kraken:
    return Kraken(server.url, per_second=500)


@pytest.mark.parametrize("interval", ["1m", "5m", "15m", "30m", "1h", "4h", "1d"])
def test_closed_candles_come_back_canonical(exchange: ExchangeServer, interval: str) -> None:
    step = INTERVALS[interval]
    start = floor(now(), interval) - 40 * step
    candles = source(exchange).fetch("XBTUSD", interval, start, None, 5).candles
    assert candles.index.dtype == "datetime64[ns, UTC]"
    assert list(candles) == ["open", "high", "low", "close", "volume"]
    assert set(candles.dtypes) == {np.dtype(float)}
    assert candles.index[0] == start
    assert candles.index[-1] <= now() - step
    assert set(candles.index.diff()[1:]) == {step}
    assert (candles["close"] == candles["open"] + 1).all()
    assert np.allclose(candles["high"], candles["open"] + 2.01)
    assert (candles["low"] == candles["open"] - 2).all()
    assert (candles["volume"] == 3.5).all()


def test_only_the_last_candles_are_to_be_had(exchange: ExchangeServer) -> None:
    kraken = source(exchange)
    candles = kraken.fetch("XBTUSD", "1h", ago("900D"), None, 5).candles
    assert len(candles) == MAX_ROWS - 1
    assert candles.index[0] == kraken.earliest("1h", now())
    assert len(exchange.requests) == 1
    assert kraken.limit("1h") == "Kraken gives the last 720 hourly candles (30 days) only."


def test_the_window_is_cut_at_both_ends(exchange: ExchangeServer) -> None:
    candles = source(exchange).fetch("XBTUSD", "1h", ago("5D"), ago("2D"), 5).candles
    assert (candles.index[0], candles.index[-1]) == (ago("5D"), ago("2D") - HOUR)


def test_no_candle_before_the_start_is_sent(exchange: ExchangeServer) -> None:
    """Kraken sends what opens after a time, so it is told that of the candle before."""
    kraken, start = source(exchange), ago("5D")
    kraken.fetch("XBTUSD", "1h", start, None, 5)
    kraken.fetch("XBTUSD", "1h", None, None, 5)
    first, second = exchange.requests
    assert int(first["since"]) == (start - HOUR).timestamp()
    assert "since" not in second


def test_nothing_new_is_an_empty_answer(exchange: ExchangeServer) -> None:
    # Kraken adds the open candle to every answer.
    assert source(exchange).fetch("XBTUSD", "1h", floor(now(), "1h"), None, 5).candles.empty


#: A full hour of 2023: the bodies below must not depend on when the tests are collected.
HOUR_OF_2023 = 1_699_999_200


def answer(rows: object, last: object = HOUR_OF_2023, **more: object) -> bytes:
    result = {"XXBTZUSD": rows, "last": last}
    return json.dumps({"error": [], "result": {**result, **more}}).encode()


def row(time: object, *values: object) -> list[object]:
    return [time, *(values or ("5", "6", "4", "5.5", "5.2", "7", 3))]


@pytest.mark.parametrize("last", [0, "1699999200", None, True, 2**40])
def test_the_newest_row_is_open_whatever_our_clock_or_the_cursor_says(
    exchange: ExchangeServer, last: object
) -> None:
    times = [int(ago(f"{n}h").timestamp()) for n in (4, 2, 3)]
    exchange.behaviour, exchange.body = "body", answer([row(t) for t in times], last)
    candles = source(exchange).fetch("XBTUSD", "1h", ago("9h"), None, 5).candles
    assert list(candles.index) == [ago("4h"), ago("3h")]
    assert candles.iloc[0].to_dict() == {
        "open": 5.0, "high": 6.0, "low": 4.0, "close": 5.5, "volume": 7.0,
    }  # fmt: skip


def test_an_answer_needs_no_cursor(exchange: ExchangeServer) -> None:
    times = [int(ago(f"{n}h").timestamp()) for n in (4, 3)]
    document = {"error": [], "result": {"XXBTZUSD": [row(t) for t in times]}}
    exchange.behaviour, exchange.body = "body", json.dumps(document).encode()
    candles = source(exchange).fetch("XBTUSD", "1h", ago("9h"), None, 5).candles
    assert list(candles.index) == [ago("4h")]


def test_an_answer_without_a_row_is_an_empty_one(exchange: ExchangeServer) -> None:
    exchange.behaviour, exchange.body = "body", answer([])
    candles = source(exchange).fetch("XBTUSD", "1h", ago("9h"), None, 5).candles
    pd.testing.assert_frame_equal(candles, empty())


def test_a_clock_that_is_ahead_makes_no_candle_of_an_open_one(exchange: ExchangeServer) -> None:
    """Kraken's newest row is an hour old: its Date says so, and ours is an hour ahead."""
    exchange.headers["Date"] = (now() - HOUR).strftime("%a, %d %b %Y %H:%M:%S GMT")
    times = [int(ago(f"{n}h").timestamp()) for n in (3, 2, 1, 0)]
    exchange.behaviour, exchange.body = "body", answer([row(t) for t in times])
    fetched = source(exchange).fetch("XBTUSD", "1h", ago("9h"), None, 5)
    assert list(fetched.candles.index) == [ago("3h"), ago("2h")]
    assert fetched.clock == pd.Timestamp(exchange.headers["Date"])


def test_a_row_with_a_price_of_zero_is_left_out(exchange: ExchangeServer) -> None:
    times = [int(ago(f"{n}h").timestamp()) for n in (4, 3, 2, 1)]
    rows = [row(t) for t in times]
    rows[1][3] = "0.0"
    rows[3][4] = "0.0"
    exchange.behaviour, exchange.body = "body", answer(rows[:3])
    candles = source(exchange).fetch("XBTUSD", "1h", ago("9h"), None, 5).candles
    assert list(candles.index) == [ago("4h")]
    exchange.body = answer(rows)
    with pytest.raises(SourceUnavailable, match=r"a price of zero in 2 of 4 candles"):
        source(exchange).fetch("XBTUSD", "1h", ago("9h"), None, 5)


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        ("EQuery:Unknown asset pair", InvalidInput, r"^Kraken has no XBTUSD\.$"),
        ("EGeneral:Too many requests", SourceUnavailable, "limits requests"),
        ("EAPI:Rate limit exceeded", SourceUnavailable, "limits requests"),
        ("EService:Unavailable", SourceUnavailable, r"refused the request \(EService:Unav"),
        ("E" * 99, SourceUnavailable, r"refused the request \(E{80}\)"),
        ("\n<script>\x1b[31m", SourceUnavailable, r"refused the request \(<script> \[31m\)"),
    ],
)
def test_errors_come_with_status_200(
    exchange: ExchangeServer, code: str, kind: type[Exception], message: str
) -> None:
    exchange.behaviour, exchange.body = "body", json.dumps({"error": [code]}).encode()
    with pytest.raises(kind, match=message):
        source(exchange).fetch("XBTUSD", "1h", ago("5D"), None, 5)


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("429", "limits requests"),
        ("451", "bars requests"),
        ("500", "a problem on its side"),
        ("302", "another address"),
        ("html", "something other than JSON"),
        ("truncated", "answer broke off"),
        ("huge", "more than 2 MB"),
    ],
)
def test_each_failure_is_said_in_a_sentence(
    exchange: ExchangeServer, behaviour: str, message: str
) -> None:
    exchange.behaviour = behaviour
    with pytest.raises(SourceUnavailable, match=f"^Kraken.* {message}"):
        source(exchange).fetch("XBTUSD", "1h", ago("5D"), None, 5)


def test_silence_ends_with_the_deadline(exchange: ExchangeServer) -> None:
    exchange.behaviour = "silent"
    with pytest.raises(SourceUnavailable, match="Kraken did not answer in time"):
        source(exchange).fetch("XBTUSD", "1h", ago("5D"), None, 0.4)


GOOD = row(HOUR_OF_2023)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b"{}",
        b'{"error": [], "result": []}',
        b'{"error": [], "result": {"last": 1}}',
        b'{"error": 0, "result": {"A": [], "B": [], "last": 1}}',
        answer([GOOD], other=[]),
        answer({}),
        answer([GOOD] * 2000),
        answer([GOOD[:5]]),
        answer([row("x")]),
        answer([row(HOUR_OF_2023, "1e999", "6", "4", "5", "5", "7")]),
        answer([row(HOUR_OF_2023, "5", "6", "-4", "5", "5", "7")]),
        answer([row(HOUR_OF_2023, "5", "6", "4", "٥", "5", "7")]),
        answer([row(HOUR_OF_2023, "5", "6", "4", "5", "5", None)]),
    ],
)
def test_whatever_is_no_list_of_candles_is_refused(exchange: ExchangeServer, body: bytes) -> None:
    exchange.behaviour, exchange.body = "body", body
    with pytest.raises(SourceUnavailable, match=r"^Kraken answered with"):
        source(exchange).fetch("XBTUSD", "1h", None, None, 5)


def test_what_kraken_calls_a_coin() -> None:
    kraken = Kraken()
    named = {text: kraken.symbol(resolve(text)) for text in ("BTC", "DOGE", "UNI", "FOO", "^GSPC")}
    assert named == {
        "BTC": "XBTUSD", "DOGE": "XDGUSD", "UNI": "UNIUSD", "FOO": "FOOUSD", "^GSPC": None,
    }  # fmt: skip
    pairs = {text: kraken.symbol(resolve(text)) for text in ("BTC-EUR", "ETH/BTC", "DOGEGBP")}
    assert pairs == {"BTC-EUR": "XBTEUR", "ETH/BTC": "ETHXBT", "DOGEGBP": "XDGGBP"}


@pytest.mark.parametrize(
    ("coin", "pair"),
    [
        (Coin("BTC", "Bitcoin", "BTC-EUR", "EUR"), "XBTEUR"),
        (Coin("ETH", "Ethereum", "ETH-BTC", "BTC"), "ETHXBT"),
        (Coin("DOGE", "Dogecoin", "DOGE-BTC", "BTC"), "XDGXBT"),
        (Coin("FOO-EUR", "FOO-EUR", "FOO-EUR", "EUR"), "FOOEUR"),
    ],
)
def test_a_pair_in_another_quote_has_a_name_of_its_own(coin: Coin, pair: str) -> None:
    assert Kraken().symbol(coin) == pair


def test_an_interval_that_kraken_lacks_is_refused(exchange: ExchangeServer) -> None:
    with pytest.raises(InvalidInput, match="Received: '1w'"):
        source(exchange).fetch("XBTUSD", "1w", ago("5D"), None, 5)


@pytest.mark.parametrize(("rows", "fails"), [(2 * MAX_ROWS, False), (2 * MAX_ROWS + 1, True)])
def test_twice_as_many_rows_as_kraken_gives_are_read(
    exchange: ExchangeServer, rows: int, fails: bool
) -> None:
    newest = int(ago("1h").timestamp())
    times = [newest - 60 * i for i in range(rows)]
    exchange.behaviour, exchange.body = "body", answer([row(t) for t in times])
    if fails:
        with pytest.raises(SourceUnavailable, match="something other than a list of candles"):
            source(exchange).fetch("XBTUSD", "1m", None, None, 5)
    else:
        assert len(source(exchange).fetch("XBTUSD", "1m", None, None, 5).candles) == rows - 1


def test_an_error_that_is_no_list_is_told_too(exchange: ExchangeServer) -> None:
    exchange.behaviour, exchange.body = "body", b'{"error": "EService:Busy"}'
    with pytest.raises(SourceUnavailable, match=r"refused the request \(EService:Busy\)"):
        source(exchange).fetch("XBTUSD", "1h", None, None, 5)


def test_who_looks_sees_each_answer_until_nobody_looks(exchange: ExchangeServer) -> None:
    seen: list[Roundtrip] = []
    kraken = source(exchange)
    kraken.observe(seen.append)
    kraken.fetch("XBTUSD", "1h", ago("5D"), None, 5)
    kraken.observe(None)
    kraken.fetch("XBTUSD", "1h", ago("5D"), None, 5)
    (only,) = seen
    assert only.status == 200
    assert "/0/public/OHLC?pair=XBTUSD&interval=60" in only.url


def test_all_candles_cost_one_request() -> None:
    kraken = Kraken()
    assert kraken.cost(720, 1.5) == (1, 1.5)
    assert kraken.cost(0, 1.5) == (0, 1.5)


def test_by_default_kraken_is_asked_once_a_second() -> None:
    assert MAX_PER_SECOND == 1.0
    assert Kraken().base == "https://api.kraken.com"


def test_the_oldest_candle_is_719_before_the_open_one() -> None:
    time = pd.Timestamp("2024-06-01 12:34", tz="UTC")
    assert Kraken().earliest("4h", time) == pd.Timestamp("2024-02-02 16:00", tz="UTC")


def test_candles_before_the_start_are_left_out_though_they_were_sent(
    exchange: ExchangeServer,
) -> None:
    times = [int(ago(f"{n}h").timestamp()) for n in (5, 4, 3, 2, 1)]
    exchange.behaviour, exchange.body = "body", answer([row(t) for t in times])
    candles = source(exchange).fetch("XBTUSD", "1h", ago("4h"), ago("2h"), 5).candles
    assert list(candles.index) == [ago("4h"), ago("3h")]
