"""The real yfinance against a local server that speaks Yahoo's chart API."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import (
    CryptoForecastError,
    InvalidInput,
    NotEnoughData,
    SourceUnavailable,
)
from cryptoforecast.prices.live.breaker import CircuitBreaker
from cryptoforecast.prices.live.wire import Roundtrip
from cryptoforecast.prices.live.yahoo import Yahoo
from cryptoforecast.prices.live.yahoo_session import YahooSession
from cryptoforecast.types import INTERVALS
from tests.prices.live.yahoo_server import CRUMB, YahooServer

HOUR = pd.Timedelta("1h")


def ago(text: str) -> pd.Timestamp:
    return pd.Timestamp.now("UTC") - pd.Timedelta(text)


@pytest.mark.parametrize("interval", ["1m", "5m", "15m", "30m", "1h", "1d"])
def test_closed_candles_come_back_canonical(
    yahoo_server: YahooServer, home: Path, interval: str
) -> None:
    step = INTERVALS[interval]
    start = ago("1h") - 40 * step
    candles = Yahoo(home).fetch("BTC-USD", interval, start, None, 10).candles
    assert candles.index.dtype == "datetime64[ns, UTC]"
    assert candles.index.name == "time"
    assert list(candles) == ["open", "high", "low", "close", "volume"]
    assert set(candles.dtypes) == {np.dtype(float)}
    assert candles.index[0] >= start
    now = pd.Timestamp.now("UTC")
    assert now - 2 * step - pd.Timedelta("5s") < candles.index[-1] <= now - step
    assert not candles.isna().any().any()
    steps = candles.index.to_series().diff().dropna()
    assert (candles["close"] - candles["open"] == 1).all() or interval == "30m"
    # The server leaves one candle null, as Yahoo does; 30m is merged from 15m around it.
    assert sorted(steps.unique()) in ([step, 2 * step], [step])


def test_prices_are_those_of_their_hour(yahoo_server: YahooServer, home: Path) -> None:
    candles = Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), ago("1D"), 10).candles
    hours = candles.index.as_unit("s").asi8 // 3600
    assert (candles["open"] == 100 + hours % 1000).all()
    assert (candles["close"] == candles["open"] + 1).all()
    assert candles.index[-1] < ago("1D")


def test_a_window_on_the_grid_has_its_first_candle_and_not_its_end(
    yahoo_server: YahooServer, home: Path
) -> None:
    start, end = ago("50h").floor("h"), ago("40h").floor("h")
    # The server gives one candle more at each end, as Yahoo does now and then.
    yahoo_server.extra = 1
    candles = Yahoo(home).fetch("BTC-USD", "1h", start, end, 10).candles
    assert (candles.index[0], candles.index[-1]) == (start, end - HOUR)
    assert len(candles) == 10


def test_a_start_too_long_ago_is_clamped_to_the_look_back(
    yahoo_server: YahooServer, home: Path
) -> None:
    Yahoo(home).fetch("BTC-USD", "1h", pd.Timestamp("2015-01-01", tz="UTC"), None, 10)
    start = pd.Timestamp(int(yahoo_server.charts[0]["period1"]), unit="s", tz="UTC")
    assert abs(start - ago("729D")) < pd.Timedelta("1min")


def test_a_window_before_the_look_back_asks_nobody(yahoo_server: YahooServer, home: Path) -> None:
    candles = (
        Yahoo(home)
        .fetch("BTC-USD", "1m", pd.Timestamp("2020-01-01", tz="UTC"), ago("30D"), 10)
        .candles
    )
    assert candles.empty
    assert candles.index.dtype == "datetime64[ns, UTC]"
    assert not yahoo_server.requests


def test_a_span_without_a_candle_is_not_asked_for(yahoo_server: YahooServer, home: Path) -> None:
    moment = ago("2D")
    assert Yahoo(home).fetch("BTC-USD", "1h", moment, moment, 10).candles.empty
    assert not yahoo_server.requests


def test_one_request_a_fetch(yahoo_server: YahooServer, home: Path) -> None:
    Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, 10)
    assert len(yahoo_server.requests) == 1


def test_everything_written_lies_in_home(yahoo_server: YahooServer, home: Path) -> None:
    import yfinance.cache

    Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, 10)
    assert Path(yfinance.cache._TzDBManager.get_location()).is_relative_to(home)


def test_an_unknown_symbol_is_named_and_pauses_nobody(
    yahoo_server: YahooServer, home: Path
) -> None:
    yahoo = Yahoo(home)
    with pytest.raises(InvalidInput, match=r"no prices under this symbol. Received: NOSUCH-USD"):
        yahoo.fetch("NOSUCH-USD", "1h", ago("2D"), None, 10)
    assert len(yahoo.fetch("BTC-USD", "1h", ago("2D"), None, 10).candles)


def test_another_currency_is_refused(yahoo_server: YahooServer, home: Path) -> None:
    yahoo_server.currency = "EUR"
    with pytest.raises(InvalidInput, match="BTC-USD, which Yahoo quotes in 'EUR'"):
        Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, 10)


@pytest.mark.parametrize(
    ("symbol", "currency", "quote"),
    [
        ("BTC-USD", "USD", "USD"),
        ("BTC-EUR", "EUR", "EUR"),
        ("ETH-BTC", "BTC", "BTC"),
        ("BTC-KRW", "KRW", "KRW"),
        ("^GDAXI", "EUR", "EUR"),
        ("BTC=F", "USD", "USD"),
    ],
)
def test_the_quote_is_the_currency_that_yahoo_names(
    yahoo_server: YahooServer, home: Path, symbol: str, currency: str, quote: str
) -> None:
    yahoo_server.currency = currency
    assert Yahoo(home).fetch(symbol, "1h", ago("2D"), None, 10).quote == quote


@pytest.mark.parametrize("currency", ["GBp", "XXX", 7, "usd"])
def test_an_unknown_currency_is_refused(
    yahoo_server: YahooServer, home: Path, currency: object
) -> None:
    """GBp are pence: a hundred times the price in pounds."""
    yahoo_server.currency = currency
    with pytest.raises(InvalidInput, match=r"\^FTSE, which Yahoo quotes in"):
        Yahoo(home).fetch("^FTSE", "1h", ago("2D"), None, 10)


def test_an_interval_that_yahoo_lacks_is_refused(home: Path) -> None:
    with pytest.raises(InvalidInput, match="Received: '4h'"):
        Yahoo(home).fetch("BTC-USD", "4h", ago("2D"), None, 10)


def test_a_rate_limit_says_so(yahoo_server: YahooServer, home: Path) -> None:
    yahoo_server.behaviour = "limited"
    with pytest.raises(SourceUnavailable, match="limits requests"):
        Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, 10)


def test_a_page_instead_of_data_is_a_failure_and_is_not_remembered(
    yahoo_server: YahooServer, home: Path
) -> None:
    yahoo_server.behaviour = "broken"
    clock = [0.0]
    yahoo = Yahoo(home, CircuitBreaker("Yahoo", pause=60, clock=lambda: clock[0]))
    start, end = ago("9D"), ago("8D")
    with pytest.raises(SourceUnavailable, match="something other than JSON"):
        yahoo.fetch("BTC-USD", "1h", start, end, 10)
    yahoo_server.behaviour = "answer"
    with pytest.raises(SourceUnavailable, match="It is asked again in 60 s"):
        yahoo.fetch("BTC-USD", "1h", start, end, 10)
    clock[0] = 61
    # Yahoo's answers about the past are cached by yfinance; the page must not be.
    assert len(yahoo.fetch("BTC-USD", "1h", start, end, 10).candles) == 23


def test_a_silent_network_holds_nobody_beyond_the_deadline(
    yahoo_server: YahooServer, home: Path
) -> None:
    yahoo_server.behaviour, yahoo_server.hang_seconds = "silent", 5
    yahoo = Yahoo(home)
    with pytest.raises(SourceUnavailable, match=r"did not answer (in time|within 0.5 s)"):
        yahoo.fetch("BTC-USD", "1h", ago("2D"), None, 0.5)
    assert yahoo_server.outlasted == 0
    with pytest.raises(SourceUnavailable, match="is asked again"):
        yahoo.fetch("ETH-USD", "1h", ago("2D"), None, 5)
    assert len(yahoo_server.requests) == 1


def test_an_unreachable_yahoo_is_said_to_be_so(yahoo_server: YahooServer, home: Path) -> None:
    yahoo_server.server_close()
    yahoo_server.shutdown()
    with pytest.raises(SourceUnavailable, match=r"can't be reached \(ConnectionError\)"):
        Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, 10)


def test_charts_are_asked_for_without_a_cookie(yahoo_server: YahooServer, home: Path) -> None:
    """Where cookies don't work, Yahoo costs no more than its chart."""
    yahoo_server.cookie = yahoo_server.crumb = "silent"
    yahoo = Yahoo(home)
    for symbol in ("BTC-USD", "ETH-USD"):
        assert len(yahoo.fetch(symbol, "1h", ago("2D"), None, 10).candles)
    assert len(yahoo_server.charts) == len(yahoo_server.requests) == 2
    assert yahoo_server.cookies == []
    assert not any("crumb" in request for request in yahoo_server.requests)


@pytest.mark.parametrize("status", [401, 429])
def test_a_refused_chart_is_asked_for_again_with_cookie_and_crumb(
    yahoo_server: YahooServer, home: Path, status: int
) -> None:
    yahoo_server.needs_crumb, yahoo_server.status_without_crumb = True, status
    yahoo = Yahoo(home)
    assert len(yahoo.fetch("BTC-USD", "1h", ago("2D"), None, 10).candles)
    first, *_, last = yahoo_server.charts
    assert "crumb" not in first
    assert last["crumb"] == CRUMB
    # Once it is known that a crumb is needed, it is sent at once.
    yahoo_server.requests.clear()
    assert len(yahoo.fetch("ETH-USD", "1h", ago("2D"), None, 10).candles)
    assert [request["crumb"] for request in yahoo_server.requests] == [CRUMB]


def test_a_page_that_asks_for_consent_is_answered_once_charts_need_it(
    yahoo_server: YahooServer, home: Path
) -> None:
    yahoo_server.behaviour = "consent"
    assert len(Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, 10).candles)
    assert "guce.yahoo.com" in yahoo_server.cookies


@pytest.mark.parametrize(
    ("cookie", "crumb"), [("silent", "normal"), ("429", "429"), ("normal", "429"),
                          ("normal", "silent")],
)  # fmt: skip
def test_without_cookie_and_crumb_a_refusal_comes_in_time(
    yahoo_server: YahooServer, home: Path, monkeypatch: pytest.MonkeyPatch, cookie: str, crumb: str
) -> None:
    monkeypatch.setattr("cryptoforecast.prices.live.yahoo_session._COOKIE_TIMEOUT", 0.4)
    yahoo_server.needs_crumb = True
    yahoo_server.cookie, yahoo_server.crumb = cookie, crumb
    yahoo_server.hang_seconds = 9
    with pytest.raises(SourceUnavailable, match=r"refused the request \(401: Invalid Crumb\)"):
        Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, 9)
    assert yahoo_server.outlasted == 0
    assert yahoo_server.cookies


def test_no_cookie_is_asked_for_when_no_time_is_left(yahoo_server: YahooServer, home: Path) -> None:
    yahoo_server.needs_crumb = True
    with pytest.raises(SourceUnavailable, match=r"refused the request \(401"):
        Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, 0.9)
    assert yahoo_server.cookies == []


def test_a_rate_limit_is_tried_once_with_a_cookie(yahoo_server: YahooServer, home: Path) -> None:
    yahoo_server.behaviour = "limited"
    with pytest.raises(SourceUnavailable, match="limits requests"):
        Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, 10)
    without = [request for request in yahoo_server.charts if "crumb" not in request]
    assert len(without) <= 2
    assert len(yahoo_server.charts) <= 3


@pytest.mark.parametrize(
    ("symbol", "kind", "message"),
    [
        ("YOUNG-USD", NotEnoughData, r"^Yahoo has no hourly candles of YOUNG-USD there\.$"),
        ("RANGE-USD", NotEnoughData, r"^Yahoo has no hourly candles of RANGE-USD there\.$"),
        ("CRUMB-USD", SourceUnavailable, r"^Yahoo refused the request \(401: Invalid Crumb\)\.$"),
        ("STRANGE-USD", SourceUnavailable, r"^Yahoo refused the request \(400: Invalid input"),
        ("NOSUCH-USD", InvalidInput, "^Yahoo has no prices under this symbol"),
        ("^NOSUCH", InvalidInput, "^Yahoo has no prices under this symbol"),
        ("GONE-USD", InvalidInput, "^Yahoo has no prices under this symbol"),
    ],
)
def test_a_refusal_of_one_symbol_is_none_of_the_others(
    yahoo_server: YahooServer, home: Path, symbol: str, kind: type[Exception], message: str
) -> None:
    yahoo = Yahoo(home)
    for window in ((ago("9D"), ago("8D")), (ago("2D"), None)):
        with pytest.raises(kind, match=message) as raised:
            yahoo.fetch(symbol, "1h", *window, 10)
        assert type(raised.value) is kind
        assert "delisted" not in str(raised.value)
    assert len(yahoo.fetch("BTC-USD", "1h", ago("2D"), None, 10).candles)


@pytest.mark.parametrize(
    ("symbol", "message"),
    [
        ("BROKEN-USD", r"a problem on its side \(503\)"),
        ("BARRED-USD", r"bars requests.*\(403\)"),
        ("MOVED-USD", r"no longer at their address \(404\)"),
    ],
)
def test_a_fault_of_yahoo_itself_pauses_it(
    yahoo_server: YahooServer, home: Path, symbol: str, message: str
) -> None:
    yahoo = Yahoo(home)
    with pytest.raises(SourceUnavailable, match=message):
        yahoo.fetch(symbol, "1h", ago("2D"), None, 10)
    with pytest.raises(SourceUnavailable, match="is asked again"):
        yahoo.fetch("BTC-USD", "1h", ago("2D"), None, 10)


def test_a_span_without_candles_is_empty(yahoo_server: YahooServer, home: Path) -> None:
    def tamper(text: str) -> str:
        document = json.loads(text)
        result = document["chart"]["result"][0]
        del result["timestamp"]
        result["indicators"] = {"quote": [{}]}
        return json.dumps(document)

    yahoo_server.tamper = tamper
    fetched = Yahoo(home).fetch("BTC-EUR", "1h", ago("2D"), None, 10)
    assert fetched.candles.empty
    assert fetched.quote == "EUR"


@pytest.mark.parametrize("bound", ["trade", "date", "both"])
def test_a_clock_that_is_ahead_makes_no_candle_of_an_open_one(
    yahoo_server: YahooServer, home: Path, bound: str
) -> None:
    """Yahoo's clock is an hour behind ours, and it shows the candle that is open there."""
    hour_ago = pd.Timestamp.now("UTC") - HOUR
    if bound != "date":
        yahoo_server.trade_age = 3600
    if bound != "trade":
        yahoo_server.date = hour_ago.strftime("%a, %d %b %Y %H:%M:%S GMT")
    candles = Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, 10).candles
    assert candles.index[-1] == hour_ago.floor("h") - HOUR


@pytest.mark.parametrize("traded", [None, "soon", 1.5e9])
def test_a_last_trade_that_is_no_time_bounds_nothing(
    yahoo_server: YahooServer, home: Path, traded: object
) -> None:
    def tamper(text: str) -> str:
        document = json.loads(text)
        document["chart"]["result"][0]["meta"]["regularMarketTime"] = traded
        return json.dumps(document)

    yahoo_server.tamper = tamper
    candles = Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, 10).candles
    assert candles.index[-1] == pd.Timestamp.now("UTC").floor("h") - HOUR


def test_the_last_trade_bounds_only_what_is_traded_all_the_time(
    yahoo_server: YahooServer, home: Path
) -> None:
    """An index rests over night; its candles closed all the same."""
    yahoo_server.trade_age, yahoo_server.instrument = 6 * 3600, "INDEX"
    yahoo_server.currency = "USD"
    candles = Yahoo(home).fetch("^GSPC", "1h", ago("2D"), None, 10).candles
    assert candles.index[-1] == pd.Timestamp.now("UTC").floor("h") - HOUR


def test_a_volume_of_zero_is_missing_where_the_price_moved(
    yahoo_server: YahooServer, home: Path
) -> None:
    def tamper(text: str) -> str:
        document = json.loads(text)
        quote = document["chart"]["result"][0]["indicators"]["quote"][0]
        quote["volume"][1] = quote["volume"][2] = 0
        quote["volume"][3] = None
        quote["volume"][4] = 1
        for name in ("open", "high", "low", "close"):
            quote[name][2] = 100.0
        return json.dumps(document)

    yahoo_server.tamper = tamper
    candles = Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, 10).candles
    assert list(candles["volume"].iloc[:5].fillna(-1)) == [1000, -1, 0, -1, 1]


@pytest.mark.parametrize(("zeros", "fails"), [(1, False), (2, False), (3, True)])
def test_a_price_of_zero_is_left_out_and_many_are_refused(
    yahoo_server: YahooServer, home: Path, zeros: int, fails: bool
) -> None:
    def tamper(text: str) -> str:
        document = json.loads(text)
        quote = document["chart"]["result"][0]["indicators"]["quote"][0]
        for row in range(10, 10 + zeros):
            quote["low"][row] = 0.0
        return json.dumps(document)

    yahoo_server.tamper = tamper
    yahoo = Yahoo(home)
    if fails:
        with pytest.raises(SourceUnavailable, match=r"a price of zero in 3 of \d+ candles"):
            yahoo.fetch("BTC-USD", "1h", ago("10D"), None, 10)
        yahoo_server.tamper = str
    candles = yahoo.fetch("ETH-USD", "1h", ago("10D"), None, 10).candles
    # One more is null, as the server always leaves it.
    assert len(candles) == 239 - 1 - (0 if fails else zeros)


def test_nothing_that_yfinance_logs_is_seen(
    yahoo_server: YahooServer, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, 10).candles)
    yahoo_server.needs_crumb, yahoo_server.crumb = True, "429"
    with pytest.raises(SourceUnavailable):
        Yahoo(home).fetch("BTC-USD", "1h", ago("3D"), None, 10)
    assert not caplog.records


def test_each_limit_is_said() -> None:
    yahoo = Yahoo(Path())
    assert yahoo.limit("1m") == "Yahoo gives 1-minute candles of the last 7 days only."
    for minutes in (5, 15, 30):
        limit = f"Yahoo gives {minutes}-minute candles of the last 59 days only."
        assert yahoo.limit(f"{minutes}m") == limit
    assert yahoo.limit("1h") == "Yahoo gives hourly candles of the last 729 days only."
    assert yahoo.limit("1d") == "Yahoo is asked for daily candles since 2010."


def test_a_year_of_candles_costs_one_request() -> None:
    yahoo = Yahoo(Path())
    assert yahoo.base == "https://query2.finance.yahoo.com"
    assert yahoo.cost(8_760, 1.5) == (1, 1.5)
    assert yahoo.cost(0, 1.5) == (0, 1.5)


def test_prices_that_cannot_be_are_left_out(yahoo_server: YahooServer, home: Path) -> None:
    def tamper(text: str) -> str:
        document = json.loads(text)
        quote = document["chart"]["result"][0]["indicators"]["quote"][0]
        quote["open"][1], quote["low"][2], quote["high"][3] = -5.0, 0.0, 1e300
        quote["volume"][4] = -7
        return json.dumps(document).replace("1e+300", "1e999")

    yahoo_server.tamper = tamper
    candles = Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, 10).candles
    assert np.isfinite(candles[["open", "high", "low", "close"]].to_numpy()).all()
    assert (candles[["open", "high", "low", "close"]] > 0).all().all()
    assert candles["volume"].isna().sum() == 1
    # One more is null, as the server always leaves it.
    assert candles.index.to_series().diff().max() == pd.Timedelta("4h")


@pytest.mark.parametrize(
    "tamper",
    [
        lambda text: text[:200],
        lambda text: "[]",
        lambda text: '{"chart": null}',
        lambda text: '{"chart": {"result": [], "error": null}}',
        lambda text: text.replace("100", '"x"'),
        lambda text: text.replace('"timestamp": [', '"timestamp": ["a", '),
        lambda text: text.replace('"timestamp": [', '"timestamp": [99999999999999, '),
        lambda text: text.replace('"volume"', '"vol"'),
        lambda text: text.replace("USD", "\\u0000"),
        lambda text: "[" * 100_000,
    ],
)
def test_a_wrong_chart_is_an_error_of_ours_or_sound_candles(
    yahoo_server: YahooServer, home: Path, tamper: Callable[[str], str]
) -> None:
    yahoo_server.tamper = tamper
    try:
        candles = Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, 10).candles
    except CryptoForecastError:
        return
    assert np.isfinite(candles[["open", "high", "low", "close"]].to_numpy()).all()
    assert candles.index.is_monotonic_increasing


@pytest.mark.parametrize(
    ("interval", "days"),
    [("1m", 7.5), ("5m", 59), ("15m", 59), ("30m", 59), ("1h", 729), ("1d", None)],
)
def test_how_far_back_each_interval_goes(interval: str, days: float | None) -> None:
    now = pd.Timestamp("2024-06-01 12:34", tz="UTC")
    first = pd.Timestamp("2010-01-01", tz="UTC") if days is None else now - pd.Timedelta(days, "D")
    assert Yahoo(Path()).earliest(interval, now) == first


def test_a_twentieth_of_the_time_is_left_for_returning_what_came(
    yahoo_server: YahooServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    budgets: list[float] = []
    whole = YahooSession.fetch

    def fetch(session: YahooSession, seconds: float, *more: Any) -> Any:
        budgets.append(seconds)
        return whole(session, seconds, *more)

    monkeypatch.setattr(YahooSession, "fetch", fetch)
    Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, 10_000)
    (budget,) = budgets
    assert 9_400 < budget <= 9_500


@pytest.mark.parametrize(("deadline", "asks"), [(1.0, False), (1.9, True)])
def test_a_cookie_takes_a_second_of_the_time(
    yahoo_server: YahooServer, home: Path, deadline: float, asks: bool
) -> None:
    yahoo_server.needs_crumb, yahoo_server.crumb = True, "429"
    with pytest.raises(SourceUnavailable, match=r"refused the request \(401"):
        Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, deadline)
    assert bool(yahoo_server.cookies) is asks


def test_while_one_thread_asks_for_a_cookie_no_other_does(
    yahoo_server: YahooServer, home: Path
) -> None:
    yahoo_server.needs_crumb, yahoo_server.crumb = True, "429"
    yahoo = Yahoo(home)
    for turn, taken in enumerate((True, False, False)):
        yahoo_server.requests.clear()
        with (
            yahoo._cookie_turn if taken else contextlib.nullcontext(),
            pytest.raises(SourceUnavailable, match=r"refused the request \(401"),
        ):
            yahoo.fetch("BTC-USD", "1h", ago(f"{turn + 2}D"), None, 10)
        assert bool(yahoo_server.cookies) is not taken


def test_who_looks_sees_each_answer_until_nobody_looks(
    yahoo_server: YahooServer, home: Path
) -> None:
    seen: list[Roundtrip] = []
    yahoo = Yahoo(home)
    yahoo.observe(seen.append)
    yahoo.fetch("BTC-USD", "1h", ago("2D"), None, 10)
    yahoo.observe(None)
    yahoo.fetch("BTC-USD", "1h", ago("3D"), None, 10)
    (only,) = seen
    assert only.status == 200
    assert "/v8/finance/chart/BTC-USD" in only.url


def test_the_folder_for_yfinance_is_made_with_its_parents(
    yahoo_server: YahooServer, home: Path
) -> None:
    deep = home / "of" / "prices"
    yahoo = Yahoo(deep)
    assert yahoo.fetch("BTC-USD", "1h", ago("2D"), None, 10).clock is not None
    assert (deep / "yfinance").is_dir()
    assert yahoo._prepare() is yahoo._session  # one connection for all fetches


def test_an_end_in_the_future_is_now(yahoo_server: YahooServer, home: Path) -> None:
    Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), ago("-9D"), 10)
    end = pd.Timestamp(int(yahoo_server.charts[0]["period2"]), unit="s", tz="UTC")
    assert ago("1h") < end < ago("-1h")


def test_all_candles_beyond_the_ends_are_left_out(yahoo_server: YahooServer, home: Path) -> None:
    """One of them is left out by yfinance itself."""
    start, end = ago("50h").floor("h"), ago("40h").floor("h")
    yahoo_server.extra = 2
    candles = Yahoo(home).fetch("BTC-USD", "1h", start, end, 10).candles
    assert (candles.index[0], candles.index[-1]) == (start, end - HOUR)
