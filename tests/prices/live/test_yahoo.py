"""The real yfinance against a local server that speaks Yahoo's chart API."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import CryptoForecastError, InvalidInput, SourceUnavailable
from cryptoforecast.prices.live.breaker import CircuitBreaker
from cryptoforecast.prices.live.yahoo import Yahoo
from cryptoforecast.types import INTERVALS
from tests.prices.live.yahoo_server import YahooServer

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
    frame = Yahoo(home).fetch("BTC-USD", "1h", start - HOUR, end + HOUR, 10).candles
    expected = frame.index[1:-1]
    assert (expected[0], expected[-1]) == (start, end - HOUR)

    class Generous(Yahoo):
        def _request(self, *args: object) -> pd.DataFrame:
            return frame

    candles = Generous(home).fetch("BTC-USD", "1h", start, end, 10).candles
    assert candles.index.equals(expected)


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
    with pytest.raises(InvalidInput, match="BTC-USD, which Yahoo quotes in EUR"):
        Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, 10)


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
    with pytest.raises(SourceUnavailable, match="Yahoo failed"):
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
    yahoo_server.behaviour = "silent"
    yahoo = Yahoo(home)
    with pytest.raises(SourceUnavailable, match=r"did not answer within 0.5 s"):
        yahoo.fetch("BTC-USD", "1h", ago("2D"), None, 0.5)
    with pytest.raises(SourceUnavailable, match="has not answered an earlier request"):
        yahoo.fetch("ETH-USD", "1h", ago("2D"), None, 5)
    assert len(yahoo_server.requests) == 1


def test_an_unreachable_yahoo_is_said_to_be_so(yahoo_server: YahooServer, home: Path) -> None:
    yahoo_server.server_close()
    yahoo_server.shutdown()
    with pytest.raises(SourceUnavailable, match=r"can't be reached \(ConnectionError\)"):
        Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, 10)


def test_what_yfinance_logs_stays_out_of_sight(
    yahoo_server: YahooServer,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from yfinance.data import YfData
    from yfinance.exceptions import YFRateLimitError

    def refuse(self: YfData, timeout: int = 30) -> None:
        raise YFRateLimitError

    monkeypatch.setattr(YfData, "_get_cookie_and_crumb", refuse)
    assert len(Yahoo(home).fetch("BTC-USD", "1h", ago("2D"), None, 10).candles)
    assert not caplog.records


def test_each_limit_is_said() -> None:
    yahoo = Yahoo(Path())
    assert yahoo.limit("1m") == "Yahoo gives 1-minute candles of the last 7 days only."
    assert yahoo.limit("15m") == "Yahoo gives 15-minute candles of the last 59 days only."
    assert yahoo.limit("1d") == "Yahoo is asked for daily candles since 2010."


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
