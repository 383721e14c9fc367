"""Live, cached or simulated: which prices come back, when, and with which words."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import (
    CryptoForecastError,
    InvalidInput,
    NotEnoughData,
    SourceUnavailable,
)
from cryptoforecast.prices.candles.coins import Coin
from cryptoforecast.prices.candles.resample import floor, resample
from cryptoforecast.prices.live.disk_cache import Entry, PriceCache
from cryptoforecast.prices.live.market import LivePrices
from cryptoforecast.prices.live.sources import Fetched
from cryptoforecast.prices.live.yahoo import Yahoo
from cryptoforecast.settings import Settings
from cryptoforecast.types import INTERVALS, MarketQuery
from tests.prices.live.yahoo_server import YahooServer


def now() -> pd.Timestamp:
    return pd.Timestamp.now("UTC")


class Source:
    """A source whose price is known: 100 plus the hour; it can fail, wait and count."""

    volume_unit = "quote"

    def __init__(self, first: str = "2024-01-01", name: str = "yahoo") -> None:
        self.name = name
        self.title = name.capitalize()
        self.first = pd.Timestamp(first, tz="UTC")
        self.requests: list[tuple[str, str, pd.Timestamp | None]] = []
        self.error: CryptoForecastError | None = None
        self.released = threading.Event()
        self.released.set()

    def symbol(self, coin: Coin) -> str | None:
        return coin.symbol

    def earliest(self, interval: str, now: pd.Timestamp) -> pd.Timestamp:
        return pd.Timestamp("2010-01-01", tz="UTC")

    def limit(self, interval: str) -> str:
        return f"{self.title} has nothing before 2010."

    def fetch(
        self,
        symbol: str,
        interval: str,
        start: pd.Timestamp | None,
        end: pd.Timestamp | None,
        deadline: float,
    ) -> Fetched:
        self.requests.append((symbol, interval, start))
        self.released.wait(10)
        if self.error is not None:
            raise self.error
        begin = self.first if start is None else max(start, self.first)
        step = INTERVALS[interval]
        last = floor(now(), interval) - step
        times = pd.date_range(begin.ceil(step), last, freq=step, name="time", unit="ns")
        price = 100.0 + times.as_unit("s").asi8 // 3600 % 1000
        columns = {"open": price, "high": price + 2.01, "low": price - 2, "close": price + 1}
        candles = pd.DataFrame({**columns, "volume": 5.0}, index=times)
        return Fetched(candles if end is None else candles[candles.index < end])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, deadline=5.0)


def ago(text: str) -> pd.Timestamp:
    return floor(now() - pd.Timedelta(text), "1h")


def put(settings: Settings, entry: Entry, interval: str = "1h") -> None:
    PriceCache(settings.home / "prices", 9).store(("yahoo", "BTC-USD", interval), entry)


def stale(hours: int, fetched: str = "3D") -> Entry:
    """Candles as they were some time ago, each close 7 % above what the source now says."""
    end = floor(now() - pd.Timedelta(fetched) - pd.Timedelta("1h"), "1h")
    source = Source()
    candles = source.fetch("", "1h", end - (hours - 1) * pd.Timedelta("1h"), None, 1).candles
    candles = candles[candles.index <= end].mul(1.07)
    times = candles.index
    return Entry(candles, now() - pd.Timedelta(fetched), times[0], "yahoo", "quote")


# ---------------------------------------------------------------------------- live


def test_live_prices_fill_the_window_and_are_cached(settings: Settings) -> None:
    source = Source()
    query = MarketQuery("btc", "1h", ago("10D"), ago("2D"))
    history = LivePrices(settings, [source]).history(query)
    assert (history.coin, history.interval, history.source) == ("BTC", "1h", "yahoo")
    assert not history.simulated
    assert not history.notes
    assert history.volume_unit == "quote"
    assert history.start == query.start
    assert query.end is not None
    assert history.end == query.end - pd.Timedelta("1h")
    assert now() - history.fetched_at < pd.Timedelta("1min")
    # Another process, within the time that counts as fresh.
    again = LivePrices(settings, [source]).history(query)
    assert len(source.requests) == 1
    assert again.fingerprint == history.fingerprint


def test_only_what_is_missing_is_fetched_with_a_small_overlap(settings: Settings) -> None:
    source = Source()
    old = stale(hours=500)
    put(settings, old)
    history = LivePrices(settings, [source]).history(MarketQuery("BTC", "1h", ago("20D")))
    ((_, _, start),) = source.requests
    assert start == old.candles.index[-3]
    unrevised = history.candles.index[history.candles.index <= old.candles.index[-4]]
    assert len(unrevised) > 400
    pd.testing.assert_frame_equal(
        history.candles.loc[unrevised], old.candles.loc[unrevised], check_freq=False
    )
    fetched = history.candles.loc[old.candles.index[-3] :]
    assert (fetched["close"] == fetched["open"] + 1).all()
    assert history.quality.missing == 0
    assert history.notes == (
        "Yahoo has revised 3 candles, by up to 6.5 %, since it was last asked.",
    )


def test_an_earlier_start_is_fetched_from_there(settings: Settings) -> None:
    source = Source()
    prices = LivePrices(settings, [source])
    prices.history(MarketQuery("BTC", "1h", ago("5D")))
    history = prices.history(MarketQuery("BTC", "1h", ago("50D")))
    assert [start for _, _, start in source.requests] == [ago("5D"), ago("50D")]
    assert history.start == ago("50D")
    assert len(prices.history(MarketQuery("BTC", "1h", ago("9D")))) >= 9 * 24 - 1
    assert len(source.requests) == 2


def test_as_far_back_as_the_source_goes_is_asked_once(settings: Settings) -> None:
    source = Source(first="2026-01-01")
    prices = LivePrices(settings, [source])
    history = prices.history(MarketQuery("BTC", "1d"))
    assert history.start == pd.Timestamp("2026-01-01", tz="UTC")
    early = prices.history(MarketQuery("BTC", "1d", pd.Timestamp("2020-01-01", tz="UTC")))
    assert len(source.requests) == 1
    assert early.notes == (
        "Daily candles from 2020-01-01 were asked for; Yahoo has them from 2026-01-01.",
    )


def test_a_window_of_the_past_needs_no_fresh_prices(settings: Settings) -> None:
    source = Source()
    old = stale(hours=500)
    put(settings, old)
    query = MarketQuery("BTC", "1h", old.candles.index[10], old.candles.index[90])
    assert len(LivePrices(settings, [source]).history(query)) == 80
    assert not source.requests


def test_a_window_up_to_the_last_cached_close_needs_no_fresh_prices(settings: Settings) -> None:
    source = Source()
    old = stale(hours=500)
    put(settings, old)
    closed = old.candles.index[-1] + pd.Timedelta("1h")
    query = MarketQuery("BTC", "1h", old.candles.index[10], closed)
    assert len(LivePrices(settings, [source]).history(query)) == 490
    assert not source.requests
    later = replace(query, end=closed + pd.Timedelta("1s"))
    assert len(LivePrices(settings, [source]).history(later)) == 491
    assert len(source.requests) == 1


@pytest.mark.parametrize(
    ("name", "minutes", "requests"), [("yahoo", 600, 0), ("coinbase", 14, 0), ("coinbase", 15, 1)]
)
def test_another_source_than_the_preferred_one_suffices_for_a_quarter_of_an_hour(
    settings: Settings, name: str, minutes: int, requests: int
) -> None:
    """Until the next day has closed, no source can have anything newer."""
    sources = [Source(), Source(name="coinbase")]
    candles = sources[0].fetch("", "1d", None, None, 1).candles
    fetched = now() - pd.Timedelta(minutes=minutes)
    entry = Entry(candles, fetched, None, name, "quote")
    PriceCache(settings.home / "prices", 9).store((name, "BTC-USD", "1d"), entry)
    sources[0].requests.clear()
    history = LivePrices(settings, sources).history(MarketQuery("BTC", "1d"))
    assert history.source == ("yahoo" if requests else name)
    assert (len(sources[0].requests), len(sources[1].requests)) == (requests, 0)


@pytest.mark.parametrize(("start", "requests"), [("300D", 1), ("20D", 0)])
def test_what_another_source_may_have_more_of_is_asked_for_soon(
    settings: Settings, start: str, requests: int
) -> None:
    """An answer of a source with 30 days only does not count as fresh for a quarter of an hour."""

    class Month(Source):
        def earliest(self, interval: str, now: pd.Timestamp) -> pd.Timestamp:
            return now - pd.Timedelta("30D")

    yahoo, kraken = Source(), Month(name="kraken")
    candles = yahoo.fetch("", "1d", ago("30D"), None, 1).candles
    yahoo.requests.clear()
    entry = Entry(candles, now() - pd.Timedelta("3min"), None, "kraken", "coins")
    PriceCache(settings.home / "prices", 9).store(("kraken", "BTC-USD", "1d"), entry)
    query = MarketQuery("BTC", "1d", ago(start))
    LivePrices(settings, [yahoo, kraken]).history(query)
    assert len(yahoo.requests) == requests


def test_who_has_answered_is_not_asked_again_for_what_it_does_not_have(settings: Settings) -> None:
    """The cached answer reaches further back, but only the other source answers now."""
    yahoo, kraken = Source(), Source(name="kraken")
    yahoo.error = SourceUnavailable("Down.")
    kraken.first = ago("30D")
    candles = Source().fetch("", "1h", ago("90D"), None, 1).candles.iloc[:-5]
    entry = Entry(candles, now() - pd.Timedelta("5h"), ago("90D"), "yahoo", "coins")
    put(settings, entry)
    prices = LivePrices(settings, [yahoo, kraken])
    for _ in range(3):
        history = prices.history(MarketQuery("BTC", "1h", ago("90D")))
        assert (history.source, len(history)) == ("yahoo", len(candles))
        assert history.notes == (
            "These prices are Yahoo's, fetched 5 hours ago. The sources that answer now go back "
            "less far.",
        )
    assert (len(yahoo.requests), len(kraken.requests)) == (1, 1)


@pytest.mark.parametrize(
    ("start", "end", "name"),
    [(-1, 0, "coinbase"), (-5, 0, "coinbase"), (-5, 1, "coinbase"), (-4, 4, "yahoo"),
     (-1, 40, "yahoo"), (-40, 60, "yahoo")],
)  # fmt: skip
def test_the_source_that_covers_much_more_of_the_window_answers(
    settings: Settings, start: int, end: int, name: str
) -> None:
    """Coinbase's last candle lies before hour 0 and Yahoo's first one at hour 0."""
    hour, border = pd.Timedelta("1h"), ago("3D")
    candles = Source().fetch("", "1h", border - 48 * hour, None, 1).candles
    cache = PriceCache(settings.home / "prices", 9)
    for source, part in (("coinbase", candles.index < border), ("yahoo", candles.index >= border)):
        entry = Entry(candles[part], now(), None, source, "quote")
        cache.store((source, "BTC-USD", "1h"), entry)
    prices = LivePrices(replace(settings, live=False), [Source(), Source(name="coinbase")])
    query = MarketQuery("BTC", "1h", border + start * hour, border + end * hour)
    assert prices.history(query).source == name


@pytest.mark.parametrize(("yahoo", "coinbase", "name"), [(2, 1, "coinbase"), (1, 2, "yahoo")])
def test_of_stale_prices_those_fetched_last_answer(
    settings: Settings, yahoo: int, coinbase: int, name: str
) -> None:
    candles = Source().fetch("", "1h", ago("20D"), None, 1).candles
    cache = PriceCache(settings.home / "prices", 9)
    for source, days in (("yahoo", yahoo), ("coinbase", coinbase)):
        fetched = now() - pd.Timedelta(days=days)
        past = candles[candles.index < fetched - pd.Timedelta("1h")]
        cache.store((source, "BTC-USD", "1h"), Entry(past, fetched, None, source, "quote"))
    prices = LivePrices(replace(settings, live=False), [Source(), Source(name="coinbase")])
    assert prices.history(MarketQuery("BTC", "1h")).source == name


@pytest.mark.parametrize(
    ("first", "notes"),
    [("2010-01-03", ("Yahoo has nothing before 2010.",)), ("2010-01-04", ())],
)
def test_the_limit_of_the_source_is_told_where_the_candles_begin_at_it(
    settings: Settings, first: str, notes: tuple[str, ...]
) -> None:
    """Two candles may be absent; a market that begins later has an age of its own."""
    prices = LivePrices(settings, [Source(first)])
    assert prices.history(MarketQuery("BTC", "1d")).notes == notes


def test_longer_intervals_are_merged_from_what_the_source_has(settings: Settings) -> None:
    source = Source()
    prices = LivePrices(settings, [source])
    four = prices.history(MarketQuery("BTC", "4h", floor(ago("9D"), "1d")))
    assert [interval for _, interval, _ in source.requests] == ["1h"]
    assert four.interval == "4h"
    hours = prices.history(MarketQuery("BTC", "1h", floor(ago("9D"), "1d")))
    assert len(source.requests) == 1
    pd.testing.assert_frame_equal(
        four.candles, resample(hours.candles, "1h", "4h"), check_freq=False
    )
    assert prices.history(MarketQuery("BTC", "1w", ago("90D"))).interval == "1w"
    assert source.requests[-1][1] == "1d"


def test_the_same_state_gives_the_same_object(settings: Settings) -> None:
    prices = LivePrices(settings, [Source()])
    query = MarketQuery("BTC", "1h", ago("9D"))
    assert prices.history(query) is prices.history(query)
    offline = LivePrices(replace(settings, live=False, home=settings.home / "x"))
    assert offline.history(query) is offline.history(query)
    # A start that moves with the clock asks for the same candles most of the time.
    later = replace(query, start=query.start + pd.Timedelta("7s"))  # type: ignore[operator]
    earlier = replace(query, start=query.start + pd.Timedelta("9s"))  # type: ignore[operator]
    assert prices.history(later) is prices.history(earlier)
    assert offline.history(later) is offline.history(earlier)


def test_one_request_however_many_ask(settings: Settings) -> None:
    source = Source()
    source.released.clear()
    prices = LivePrices(settings, [source])
    query = MarketQuery("BTC", "1h", ago("9D"))
    histories = []
    threads = [
        threading.Thread(target=lambda: histories.append(prices.history(query))) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 60
    while not source.requests:
        assert time.monotonic() < until
        time.sleep(0.01)
    source.released.set()
    for thread in threads:
        thread.join()
    assert len(source.requests) == 1
    assert len(histories) == 12
    assert len({id(history) for history in histories}) == 1


# ---------------------------------------------------------------------------- not live


def test_a_failing_source_leaves_the_cached_prices_with_their_age(settings: Settings) -> None:
    source = Source()
    source.error = SourceUnavailable("Yahoo did not answer within 5 s.")
    put(settings, stale(hours=500))
    history = LivePrices(settings, [source]).history(MarketQuery("BTC", "1h", ago("20D")))
    assert not history.simulated
    assert history.notes == (
        "Yahoo did not answer within 5 s. These prices were fetched 3 days ago.",
    )
    assert now() - history.fetched_at > pd.Timedelta("2D")


def test_with_nothing_cached_the_prices_are_simulated_and_say_so(settings: Settings) -> None:
    source = Source()
    source.error = SourceUnavailable("Yahoo did not answer within 5 s.")
    history = LivePrices(settings, [source]).history(
        MarketQuery("BTC", "1h", ago("20D"), ago("1D"))
    )
    assert history.simulated
    assert history.source == "simulated"
    assert history.notes[0].startswith("Yahoo did not answer within 5 s. Nothing is cached")
    assert "simulated" in history.notes[0]
    assert history.access_notes == history.notes
    assert history.data_notes == ()
    assert (history.start, history.end) == (ago("20D"), ago("1D") - pd.Timedelta("1h"))
    assert not list((settings.home / "prices").glob("*"))


def test_a_failure_is_remembered_for_a_while(settings: Settings) -> None:
    source = Source()
    source.error = SourceUnavailable("Down.")
    prices = LivePrices(settings, [source])
    for _ in range(3):
        assert prices.history(MarketQuery("BTC", "1h", ago("20D"))).simulated
    assert len(source.requests) == 1


def test_some_seconds_after_a_failure_the_source_is_asked_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, passed = time.monotonic, [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock() + passed[0])
    source = Source()
    source.error = SourceUnavailable("Down.")
    prices = LivePrices(settings, [source])
    for seconds, requests in ((0, 1), (4, 1), (5, 2)):
        passed[0] = seconds
        assert prices.history(MarketQuery("BTC", "1h", ago("20D"))).simulated
        assert len(source.requests) == requests


def test_switched_off_the_network_is_never_touched(settings: Settings) -> None:
    source = Source()
    prices = LivePrices(replace(settings, live=False), [source])
    query = MarketQuery("BTC", "1h", ago("20D"))
    assert prices.history(query).simulated
    put(settings, stale(hours=500))
    history = prices.history(query)
    assert not history.simulated
    assert history.notes == ("Live prices are switched off. These prices were fetched 3 days ago.",)
    assert not prices.refreshing(query)
    assert not source.requests


def test_without_waiting_the_answer_is_there_at_once_and_live_prices_follow(
    settings: Settings,
) -> None:
    source = Source()
    source.released.clear()
    prices = LivePrices(settings, [source])
    query = MarketQuery("BTC", "1h", ago("20D"))
    first = prices.history(query, wait=0)
    assert first.simulated
    assert "still being fetched" in first.notes[0]
    assert prices.refreshing(query)
    assert prices.refreshing(MarketQuery("BTC", "4h"))
    assert not prices.refreshing(MarketQuery("ETH", "1h"))
    source.released.set()
    live = prices.history(query)
    assert not live.simulated
    assert not prices.refreshing(query)
    assert len(source.requests) == 1


def test_waiting_ends_with_the_deadline(settings: Settings) -> None:
    source = Source()
    source.released.clear()
    prices = LivePrices(replace(settings, deadline=0.3), [source])
    # The source would answer after 10 s.
    assert prices.history(MarketQuery("BTC", "1h", ago("20D")), wait=60).simulated
    source.released.set()


def test_offline_it_is_said_where_the_simulated_market_begins(settings: Settings) -> None:
    prices = LivePrices(replace(settings, live=False), [Source()])
    history = prices.history(MarketQuery("BTC", "1w", pd.Timestamp("2016-01-01", tz="UTC")))
    assert history.notes[-1] == (
        "Weekly candles from 2016-01-01 were asked for; the simulated market has them from "
        "2022-01-03."
    )
    assert len(prices.history(MarketQuery("BTC", "1w")).notes) == 1


@pytest.mark.parametrize("interval", INTERVALS)
def test_offline_there_are_candles_of_every_length(settings: Settings, interval: str) -> None:
    prices = LivePrices(replace(settings, live=False), [Source()])
    history = prices.history(MarketQuery("BTC", interval))
    assert (history.simulated, history.interval) == (True, interval)
    assert now() - 2 * history.candle_length < history.end <= now() - history.candle_length


class Faulty(Source):
    """A source with a bug in it."""

    def fetch(self, *args: object) -> Fetched:  # type: ignore[override]
        raise ZeroDivisionError("division by zero")


def test_a_bug_in_a_source_is_told_and_nobody_waits_for_ever(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    history = LivePrices(settings, [Faulty()]).history(MarketQuery("BTC", "1h", ago("9D")))
    assert history.simulated
    assert "Yahoo's prices could not be updated: ZeroDivisionError" in history.notes[0]
    assert "ZeroDivisionError" in caplog.text


# ---------------------------------------------------------------------------- refused


def test_an_unknown_symbol_is_an_error_and_a_listed_coin_is_simulated(settings: Settings) -> None:
    source = Source()
    source.error = InvalidInput("Yahoo has no prices under this symbol. Received: NOSUCH-USD.")
    prices = LivePrices(settings, [source])
    with pytest.raises(InvalidInput, match="NOSUCH-USD"):
        prices.history(MarketQuery("NOSUCH", "1h"))
    assert prices.history(MarketQuery("ETH", "1h")).simulated


@pytest.mark.parametrize("simulated", [True, False])
def test_a_coin_that_no_source_can_have_is_refused(settings: Settings, simulated: bool) -> None:
    prices, match = LivePrices(settings).only("kraken"), r"^Kraken has no \^GSPC\. .*Did you mean"
    with pytest.raises(InvalidInput, match=match):
        prices.history(MarketQuery("^GSPC", "1d"), simulated=simulated)
    with pytest.raises(InvalidInput, match=match):
        prices.check("^GSPC")
    prices.check("BTC-EUR")
    LivePrices(settings).check("^GSPC")


@pytest.mark.parametrize("coin", ["zzzz", "AAPL", "ATOM2-USD", "WIFUSDT", "^GSPC", "zzzz/EUR"])
@pytest.mark.parametrize("live", [True, False])
def test_an_unlisted_symbol_is_never_simulated(settings: Settings, coin: str, live: bool) -> None:
    source = Source()
    source.error = SourceUnavailable("Yahoo can't be reached (ConnectError).")
    prices = LivePrices(replace(settings, live=live), [source])
    with pytest.raises(InvalidInput, match=r"is not in the list of coins.* Did you mean .*\?"):
        prices.history(MarketQuery(coin, "1h"))
    with pytest.raises(SourceUnavailable, match=r"are needed\. .*Try again later.* Did you mean"):
        prices.history(MarketQuery(coin, "1h"), simulated=False)
    # What a source has said once is still known without it.
    source.error = None
    prices = LivePrices(replace(settings, live=True), [source])
    history = prices.history(MarketQuery(coin, "1h", ago("5D")))
    assert not history.simulated
    later = LivePrices(replace(settings, live=False), [source])
    assert later.history(MarketQuery(coin, "1h", ago("5D"))).fingerprint == history.fingerprint


@pytest.mark.parametrize("live", [True, False])
def test_simulated_prices_can_be_ruled_out(settings: Settings, live: bool) -> None:
    source = Source()
    source.error = SourceUnavailable("Yahoo can't be reached (ConnectError).")
    prices = LivePrices(replace(settings, live=live), [source])
    with pytest.raises(SourceUnavailable, match=r"BTC-USD are needed.* Nothing is cached.*any"):
        prices.history(MarketQuery("BTC", "1h"), simulated=False)
    assert prices.history(MarketQuery("BTC", "1h")).simulated
    # Old prices of a live source are live prices, and their note says how old they are.
    put(settings, stale(hours=500))
    old = prices.history(MarketQuery("BTC", "1h"), simulated=False)
    assert not old.simulated
    assert old.notes[-1].endswith("These prices were fetched 3 days ago.")


@pytest.mark.parametrize("coin", ["BTC-EUR", "ETH/BTC", "KRW-SOL"])
def test_a_pair_is_live_or_refused_and_carries_its_quote(settings: Settings, coin: str) -> None:
    quote = {"BTC-EUR": "EUR", "ETH/BTC": "BTC", "KRW-SOL": "KRW"}[coin]
    source = Source()
    offline = LivePrices(replace(settings, live=False), [source])
    with pytest.raises(
        SourceUnavailable, match=r"Simulated prices are in USD only\. Ask for ...-USD"
    ):
        offline.history(MarketQuery(coin, "1h"))
    with pytest.raises(SourceUnavailable, match=f"Live prices of .*-{quote} are needed") as raised:
        offline.history(MarketQuery(coin, "1h"), simulated=False)
    assert "simulated" not in str(raised.value)
    prices = LivePrices(settings, [source])
    history = prices.history(MarketQuery(coin, "1h", ago("5D")))
    assert (history.quote, history.simulated) == (quote, False)
    dollars = prices.history(MarketQuery(history.coin, "1h", ago("5D")))
    assert (dollars.coin, dollars.quote) == (history.coin, "USD")
    assert len(list((settings.home / "prices").iterdir())) == 2
    source.error = InvalidInput("Yahoo has no prices under this symbol.")
    with pytest.raises(InvalidInput, match=r"no prices under this symbol\. Ask for BTC-USD\."):
        LivePrices(settings, [source]).history(MarketQuery("BTC-GBP", "1h"))


def break_nothing() -> MarketQuery:
    return MarketQuery("BTC", "1h", ago("9D"), ago("2D"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda q: replace(q, interval="3h"), r"interval must be one of.*'3h'"),
        (lambda q: replace(q, coin="../x"), "at most 20 characters"),
        (lambda q: replace(q, start=q.end, end=q.start), "start must lie before its end"),
        (lambda q: replace(q, start=pd.Timestamp("1700-01-01")), "begin in 1900 or later"),
        (lambda q: replace(q, start=now() + pd.Timedelta("9D"), end=None), "begin in the past"),
    ],
)
def test_impossible_queries_are_refused_before_anyone_is_asked(
    settings: Settings, change: Callable[[MarketQuery], MarketQuery], message: str
) -> None:
    source = Source()
    with pytest.raises(InvalidInput, match=message):
        LivePrices(settings, [source]).history(change(break_nothing()))
    assert not source.requests


def test_a_window_without_candles_says_where_there_are_some(settings: Settings) -> None:
    source = Source(first="2026-06-01")
    query = MarketQuery(
        "BTC", "1h", pd.Timestamp("2026-01-01", tz="UTC"), pd.Timestamp("2026-02-01", tz="UTC")
    )
    with pytest.raises(NotEnoughData, match="They run from 2026-06-01"):
        LivePrices(settings, [source]).history(query)


def test_times_without_a_zone_are_utc(settings: Settings) -> None:
    start = ago("9D").tz_localize(None)
    history = LivePrices(settings, [Source()]).history(MarketQuery("BTC", "1h", start))
    assert history.start == start.tz_localize("UTC")


# ---------------------------------------------------------------------------- all together


def test_through_yfinance_from_the_first_request_to_a_dead_network(
    yahoo_server: YahooServer, settings: Settings
) -> None:
    query = MarketQuery("BTC", "1h", ago("9D"))
    prices = LivePrices(settings, [Yahoo(settings.home)])
    live = prices.history(query)
    assert not live.simulated
    assert np.allclose(live.candles["close"] - live.candles["open"], 1)
    yahoo_server.behaviour = "silent"
    dead = LivePrices(replace(settings, deadline=1.0, fresh=0.0), [Yahoo(settings.home)]).history(
        MarketQuery("BTC", "1h", ago("30D"))
    )
    assert not dead.simulated
    # The source, its breaker and those who wait give up at about the same time; any may say so.
    silence = r"Yahoo (has not answered within|did not answer within|did not answer in time)"
    assert re.match(silence, dead.notes[0])
    assert dead.end == live.end
