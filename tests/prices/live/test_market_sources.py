"""All sources together over real HTTP: which source answers, with which notes, and what is kept."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput, NotEnoughData, SourceUnavailable
from cryptoforecast.prices.candles.resample import floor
from cryptoforecast.prices.live import market
from cryptoforecast.prices.live.breaker import CircuitBreaker
from cryptoforecast.prices.live.coinbase import Coinbase
from cryptoforecast.prices.live.kraken import Kraken
from cryptoforecast.prices.live.market import LivePrices
from cryptoforecast.prices.live.yahoo import LOOK_BACK, Yahoo
from cryptoforecast.settings import Settings
from cryptoforecast.types import INTERVALS, MarketQuery
from tests.prices.live.exchange_server import ExchangeServer
from tests.prices.live.yahoo_server import YahooServer

HOUR = pd.Timedelta("1h")


def ago(text: str) -> pd.Timestamp:
    return floor(pd.Timestamp.now("UTC") - pd.Timedelta(text), "1h")


class World:
    """A Yahoo, a Coinbase and a Kraken, each with a switch, and who asks them."""

    def __init__(self, yahoo: YahooServer, exchange: ExchangeServer, home: Path) -> None:
        self.yahoo = yahoo
        self.exchange = exchange
        self.settings = Settings(home=home, deadline=8.0)

    def prices(self, **changes: object) -> LivePrices:
        """Ask anew, as after a restart: circuit breakers closed, the cache as it was."""
        settings = replace(self.settings, **changes)  # type: ignore[arg-type]
        sources = [
            Yahoo(settings.home, CircuitBreaker("Yahoo", pause=0)),
            Coinbase(self.exchange.url, per_second=500),
            # One server plays both exchanges, in the order in which they are asked.
            Kraken(self.exchange.url, per_second=500),
        ]
        return LivePrices(settings, sources)

    def request_count(self, path: str) -> int:
        return sum(request["path"].startswith(path) for request in self.exchange.requests)


@pytest.fixture
def world(yahoo_server: YahooServer, exchange: ExchangeServer, home: Path) -> World:
    return World(yahoo_server, exchange, home)


QUERY = MarketQuery("BTC", "1h")


def week() -> MarketQuery:
    return replace(QUERY, start=ago("7D"))


def test_as_long_as_yahoo_answers_nobody_else_is_asked(world: World) -> None:
    history = world.prices().history(week())
    assert (history.source, history.volume_unit, history.notes) == ("yahoo", "quote", ())
    assert not world.exchange.requests


def test_when_yahoo_refuses_coinbase_answers_and_says_so(world: World) -> None:
    world.yahoo.behaviour = "limited"
    prices = world.prices()
    history = prices.history(week())
    assert (history.source, history.volume_unit) == ("coinbase", "coins")
    assert not history.simulated
    assert history.notes == (
        "Yahoo limits requests from this address for now.",
        "These prices are Coinbase's.",
    )
    assert (history.start, history.end) == (ago("7D"), ago("1h"))
    assert (history.candles["close"] == history.candles["open"] + 1).all()
    # Asked again while fresh, the cache answers with the same words.
    assert prices.history(week()) is history
    assert world.request_count("/products") == 1
    assert world.request_count("/0/public") == 0


def test_when_both_refuse_kraken_answers_with_its_limit(world: World) -> None:
    world.yahoo.behaviour = "broken"
    world.exchange.coinbase_behaviour = "451"
    history = world.prices().history(replace(QUERY, start=ago("90D")))
    assert (history.source, history.volume_unit) == ("kraken", "coins")
    yahoo, coinbase, whose, reach = history.notes
    assert yahoo == "Yahoo answered with something other than JSON."
    assert coinbase == "Coinbase bars requests from this address or country (451)."
    assert whose == "These prices are Kraken's."
    assert reach.startswith(
        f"Hourly candles from {ago('90D'):%Y-%m-%d} were asked for; Kraken has them"
    )
    assert reach.endswith("Kraken gives the last 720 hourly candles (30 days) only.")
    assert len(history) == 719


def test_a_silent_yahoo_leaves_time_for_the_next(world: World) -> None:
    world.yahoo.behaviour = "silent"
    history = world.prices(deadline=3.0).history(week())
    assert history.source == "coinbase"
    assert history.notes[0].startswith("Yahoo has not answered within 0.")


def test_two_silent_sources_leave_time_for_the_third(world: World) -> None:
    world.yahoo.behaviour = "silent"
    world.exchange.coinbase_behaviour = "silent"
    history = world.prices(deadline=3.0).history(week())
    assert history.source == "kraken"
    assert history.notes[1].startswith("Coinbase has not answered within 0.")


def test_when_nobody_answers_the_cache_does_then_the_simulated_market(world: World) -> None:
    query = replace(week(), end=None)
    world.prices().history(query)
    world.yahoo.behaviour = "limited"
    world.exchange.behaviour = "400"
    old = world.prices(fresh=0.0).history(replace(query, start=ago("8D")))
    assert old.source == "yahoo"
    assert not old.simulated
    (note,) = (note for note in old.notes if "fetched" in note)
    for words in (
        "Yahoo limits requests",
        "Coinbase refused the request (400).",
        "Kraken refused the request (400).",
        "These prices were fetched less than a minute ago.",
    ):
        assert words in note
    nothing = world.prices().history(replace(query, coin="ETH"))
    assert nothing.simulated
    assert "Kraken refused the request (400). Nothing is cached" in nothing.notes[0]


def test_required_live_prices_are_had_or_refused(world: World) -> None:
    world.yahoo.behaviour = "limited"
    world.exchange.behaviour = "400"
    for coin in ("BTC", "BTC-EUR", "WIF"):
        with pytest.raises(SourceUnavailable, match=r"are needed\. Received: Yahoo") as raised:
            world.prices().history(replace(week(), coin=coin), simulated=False)
        assert "Kraken refused the request (400). Nothing is cached." in str(raised.value)
    for coin in ("zzzz", "AAPL"):
        with pytest.raises(InvalidInput, match=r"not in the list of coins.* Did you mean"):
            world.prices().history(replace(week(), coin=coin))
    world.exchange.behaviour = "answer"
    assert world.prices().history(week(), simulated=False).source == "coinbase"


def test_one_sources_candles_are_never_continued_with_anothers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    yahoo = world.prices().history(week())
    world.yahoo.behaviour = "limited"
    coinbase = world.prices(fresh=0.0).history(replace(week(), start=ago("9D")))
    assert (yahoo.source, coinbase.source) == ("yahoo", "coinbase")
    assert (yahoo.candles["volume"] == 1000).all()
    assert (coinbase.candles["volume"] == 3.5).all()
    assert coinbase.quality.missing == 0
    # Yahoo is preferred again as soon as it answers, with candles of its own throughout.
    world.yahoo.behaviour = "answer"
    monkeypatch.setattr(market, "_FALLBACK_FRESH", pd.Timedelta(0))
    again = world.prices(fresh=0.0).history(replace(week(), start=ago("9D")))
    assert (again.source, again.notes) == ("yahoo", ())
    assert (again.candles["volume"] == 1000).all()


def test_stale_prices_are_there_at_once_while_all_are_asked(world: World) -> None:
    world.prices().history(week())
    world.yahoo.behaviour = "silent"
    prices = world.prices()
    query = replace(week(), start=ago("9D"))
    history = prices.history(query, wait=0)
    assert history.source == "yahoo"
    assert "still being fetched" in history.notes[0]
    assert prices.refreshing(query)


@pytest.mark.parametrize("interval", ["1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w"])
def test_every_interval_is_to_be_had_without_yahoo(world: World, interval: str) -> None:
    world.yahoo.behaviour = "limited"
    step = INTERVALS[interval]
    start = pd.Timestamp.now("UTC") - 30 * step
    history = world.prices().history(MarketQuery("BTC", interval, start))
    assert history.source == "coinbase"
    assert history.interval == interval
    assert len(history) in (28, 29, 30)
    assert set(history.candles.index.diff()[1:]) == {step}
    assert history.end + step <= pd.Timestamp.now("UTC")
    if interval == "1w":
        assert (history.candles.index.day_of_week == 0).all()


def test_who_goes_back_much_further_is_asked_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LOOK_BACK, "15m", pd.Timedelta("6D"))
    query = MarketQuery("BTC", "15m", ago("10D"))
    history = world.prices().history(query)
    assert history.source == "coinbase"
    assert history.start == query.start
    assert history.notes == (
        "Yahoo gives 15-minute candles of the last 6 days only.",
        "These prices are Coinbase's.",
    )
    assert not world.yahoo.requests
    # What Yahoo has is still Yahoo's.
    recent = world.prices(fresh=0.0).history(replace(query, start=ago("5D"), coin="ETH"))
    assert (recent.source, recent.notes) == ("yahoo", ())


def test_when_who_goes_back_further_fails_the_first_answers_with_its_limit(world: World) -> None:
    world.exchange.behaviour = "451"
    history = world.prices().history(MarketQuery("BTC", "15m", ago("95D")))
    assert history.source == "yahoo"
    assert "Coinbase bars requests from this address or country (451)." in history.notes
    assert history.notes[-1].endswith("Yahoo gives 15-minute candles of the last 59 days only.")


@pytest.mark.parametrize(
    ("interval", "start", "limit"),
    [
        ("1m", "9D", "Yahoo gives 1-minute candles of the last 7 days only."),
        ("5m", "62D", "Yahoo gives 5-minute candles of the last 59 days only."),
        ("15m", "62D", "Yahoo gives 15-minute candles of the last 59 days only."),
        ("1h", "735D", "Yahoo gives hourly candles of the last 729 days only."),
        ("4h", "735D", "Yahoo gives hourly candles of the last 729 days only."),
    ],
)
def test_a_look_back_limit_is_said_when_it_is_hit(
    world: World, interval: str, start: str, limit: str
) -> None:
    history = world.prices().history(MarketQuery("BTC", interval, ago(start)))
    (note,) = history.notes
    assert "were asked for; Yahoo has them from" in note
    assert note.endswith(limit)
    assert not world.exchange.requests
    # Whoever asks for all there is learns why it is no more.
    assert world.prices().history(MarketQuery("BTC", interval)).notes == (limit,)


def test_a_limit_that_is_not_hit_is_not_told(world: World) -> None:
    for interval, start in (("1m", "7D"), ("5m", "58D"), ("4h", "728D")):
        assert world.prices().history(MarketQuery("BTC", interval, ago(start))).notes == ()


def test_each_exchange_says_how_far_back_it_goes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cryptoforecast.prices.live.coinbase.MAX_PAGES", 4)
    world.yahoo.behaviour = "limited"
    query = MarketQuery("BTC", "1m")
    reach = world.prices().history(query).notes[-1]
    assert reach == "Coinbase is asked for the last 1,200 1-minute candles (20 hours) at most."
    world.exchange.coinbase_behaviour = "451"
    reach = world.prices().history(replace(query, coin="ETH", interval="4h")).notes[-1]
    assert reach == "Kraken gives the last 720 hourly candles (30 days) only."


def test_a_coin_that_yahoo_does_not_list_comes_from_an_exchange(world: World) -> None:
    world.yahoo.behaviour = "limited"
    history = world.prices().history(replace(week(), coin="FOO"))
    assert history.source == "coinbase"
    assert any("make sure that it is the coin you mean" in note for note in history.notes)


def test_a_coin_that_nobody_knows_is_refused_with_each_ones_word(world: World) -> None:
    with pytest.raises(InvalidInput) as raised:
        world.prices().history(replace(week(), coin="NOSUCH"))
    assert "Yahoo has no prices under this symbol" in str(raised.value)
    assert "Coinbase has no NOSUCH-USD. Kraken has no NOSUCHUSD." in str(raised.value)


def test_a_pair_in_another_currency_is_fetched_in_it(world: World) -> None:
    world.yahoo.currency = "EUR"
    history = world.prices().history(replace(week(), coin="btc/eur"))
    assert (history.coin, history.quote, history.source) == ("BTC", "EUR", "yahoo")
    assert world.yahoo.charts[0]["path"].endswith("/BTC-EUR")
    world.yahoo.behaviour = "limited"
    history = world.prices().history(replace(week(), coin="ETHBTC"))
    assert (history.coin, history.quote, history.source) == ("ETH", "BTC", "coinbase")
    assert world.request_count("/products/ETH-BTC/") == 1


def test_a_coin_delisted_at_one_exchange_comes_from_another(world: World) -> None:
    world.yahoo.behaviour = "limited"
    world.exchange.coinbase_behaviour = "body"
    world.exchange.body = b"[]"
    history = world.prices().history(week())
    assert history.source == "kraken"
    assert "Coinbase has no closed 1h candle of BTC there." in history.notes


def test_a_coin_delisted_everywhere_says_when_trading_ended(world: World) -> None:
    world.yahoo.behaviour = "limited"
    world.exchange.last = int(ago("20D").timestamp())
    history = world.prices().history(replace(QUERY, start=ago("25D")))
    assert history.source in ("coinbase", "kraken")
    assert not history.simulated
    assert history.end == ago("20D")
    assert any("trading there may have ended" in note for note in history.notes)


def test_a_window_too_young_for_a_candle_asks_nobody(world: World) -> None:
    query = MarketQuery("BTC", "1d", pd.Timestamp.now("UTC") - pd.Timedelta("2h"))
    with pytest.raises(NotEnoughData, match="has closed yet"):
        world.prices().history(query)
    assert not world.yahoo.requests
    assert not world.exchange.requests


# ---------------------------------------------------------------------------- short answers


def test_a_year_comes_whole_though_yahoo_is_silent_and_requests_take_long(world: World) -> None:
    """Kraken has a month, and would answer first."""
    world.yahoo.behaviour = "silent"
    world.exchange.latency = 0.2
    settings = replace(world.settings, deadline=12.0)
    sources = [
        Yahoo(settings.home),
        Coinbase(world.exchange.url),
        Kraken(world.exchange.url),
    ]
    history = LivePrices(settings, sources).history(replace(QUERY, start=ago("365D")))
    assert (history.source, history.start) == ("coinbase", ago("365D"))
    assert history.quality.missing == 0
    assert world.exchange.limited == 0


def test_a_short_answer_hides_no_stored_candles(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(market, "_FALLBACK_FRESH", pd.Timedelta(0))
    year = replace(QUERY, start=ago("140D"))
    world.yahoo.behaviour = "limited"
    assert world.prices().history(year).source == "coinbase"
    world.exchange.coinbase_behaviour = "451"
    prices = world.prices(fresh=0.0)
    # Both answers are stored. Kraken's is newer, and has 30 days.
    history = prices.history(year)
    assert (history.source, history.start) == ("coinbase", ago("140D"))
    assert len(list((world.settings.home / "prices").glob("kraken*"))) == 1


def test_a_young_coin_is_looked_for_where_it_may_be_older_and_asked_for_once(world: World) -> None:
    def tamper(text: str) -> str:
        document = json.loads(text)
        result = document["chart"]["result"][0]
        result["timestamp"] = result["timestamp"][-240:]
        quote = result["indicators"]["quote"][0]
        for name in quote:
            quote[name] = [None if value is None else value + 100 for value in quote[name][-240:]]
        return json.dumps(document)

    world.yahoo.tamper = tamper
    query = replace(QUERY, coin="HYPE", start=ago("40D"))
    prices = world.prices()
    history = prices.history(query)
    assert (history.source, history.start) == ("coinbase", ago("40D"))
    assert "Yahoo has only a part of these prices." in history.notes


# ---------------------------------------------------------------------------- whose prices


def test_prices_that_are_rounded_too_coarsely_are_passed_over(world: World) -> None:
    """Yahoo gives SHIB with six decimals."""

    def tamper(text: str) -> str:
        document = json.loads(text)
        quote = document["chart"]["result"][0]["indicators"]["quote"][0]
        for name in ("open", "high", "low", "close"):
            quote[name] = [v if v is None else round(v * 1.2e-8, 6) for v in quote[name]]
        return json.dumps(document)

    world.yahoo.tamper = tamper
    history = world.prices().history(replace(week(), coin="SHIB"))
    assert history.source == "coinbase"
    assert re.match(
        r"Yahoo rounds the prices of SHIB to steps of \d+(\.\d)? %, which is too coarse",
        history.notes[0],
    )
    assert not list((world.settings.home / "prices").glob("yahoo*"))


def test_a_coin_outside_the_list_has_a_note_and_is_compared(world: World) -> None:
    world.yahoo.tamper = lambda text: raise_prices(text, 100)
    history = world.prices().history(replace(week(), coin="FOO"))
    assert history.source == "yahoo"
    assert history.notes == (
        "FOO-USD is not in the list of coins and is looked up by its letters, so make sure that "
        "it is the coin you mean.",
    )
    assert world.request_count("/products/FOO-USD/") == 1
    assert not world.request_count("/0/public")


def raise_prices(text: str, change: float) -> str:
    """Bring the prices of the Yahoo of the tests to those of the exchanges."""
    document = json.loads(text)
    quote = document["chart"]["result"][0]["indicators"]["quote"][0]
    for name in ("open", "high", "low", "close"):
        quote[name] = [value if value is None else value + change for value in quote[name]]
    return json.dumps(document)


@pytest.mark.parametrize("coinbase_knows", [True, False])
def test_a_coin_outside_the_list_with_two_prices_is_refused(
    world: World, coinbase_knows: bool
) -> None:
    world.yahoo.tamper = lambda text: raise_prices(text, 5000)
    if not coinbase_knows:
        world.exchange.coinbase_behaviour = "451"
    prices = world.prices()
    for _ in range(2):
        with pytest.raises(InvalidInput, match="Sources must give about the same price of FOO-USD"):
            prices.history(replace(week(), coin="FOO"))


def test_two_prices_stay_refused_when_the_first_comparison_is_old(world: World) -> None:
    """What was compared an hour ago says nothing now, so the sources are compared again."""
    world.yahoo.tamper = lambda text: raise_prices(text, 100)
    query = replace(week(), coin="FOO")
    assert world.prices().history(query).source == "yahoo"
    for path in (world.settings.home / "prices").glob("coinbase*"):
        path.unlink()
    world.yahoo.tamper = lambda text: raise_prices(text, 5000)
    with pytest.raises(InvalidInput, match="Sources must give about the same price of FOO-USD"):
        world.prices(fresh=0.0).history(replace(query, start=ago("8D")))


def test_two_sources_are_compared_now_and_then_only(world: World) -> None:
    world.yahoo.tamper = lambda text: raise_prices(text, 100)
    prices = world.prices(fresh=0.0)
    for days in ("7D", "8D", "9D"):
        prices.history(replace(QUERY, coin="FOO", start=ago(days)))
    assert world.request_count("/products/FOO-USD/") == 1
    assert len(world.yahoo.charts) >= 3


def test_a_coin_that_only_one_source_has_is_not_compared(world: World) -> None:
    world.exchange.behaviour = "451"
    history = world.prices().history(replace(week(), coin="FOO"))
    assert history.source == "yahoo"


def test_a_day_that_is_missing_at_the_end_is_said(world: World) -> None:
    def tamper(text: str) -> str:
        document = json.loads(text)
        result = document["chart"]["result"][0]
        result["timestamp"] = result["timestamp"][:-2]
        indicators = result["indicators"]
        for column in (*indicators["quote"], *indicators["adjclose"]):
            for name in column:
                column[name] = column[name][:-2]
        return json.dumps(document)

    world.yahoo.tamper = tamper
    history = world.prices().history(MarketQuery("BTC", "1d", ago("60D")))
    today = pd.Timestamp.now("UTC").normalize()
    assert history.end == today - pd.Timedelta("2D")
    assert history.notes == (
        f"Yahoo has no daily candle after {today - pd.Timedelta('2D'):%Y-%m-%d} yet, though "
        f"{today - pd.Timedelta('1D'):%Y-%m-%d} is over.",
    )


def test_the_quote_is_the_one_that_yahoo_names(world: World) -> None:
    world.exchange.behaviour = "451"
    world.yahoo.currency = "EUR"
    history = world.prices().history(replace(week(), coin="^GDAXI"))
    assert history.quote == "EUR"
    # From the disk, too.
    world.yahoo.behaviour = "silent"
    assert world.prices(live=False).history(replace(week(), coin="^GDAXI")).quote == "EUR"


@pytest.mark.parametrize("make", [Coinbase, Kraken])
def test_a_source_is_left_alone_by_the_breaker_that_it_was_given(
    exchange: ExchangeServer, make: type[Coinbase] | type[Kraken]
) -> None:
    breaker = CircuitBreaker("This source", pause=60)
    with pytest.raises(SourceUnavailable):
        breaker.run(lambda: 1 / 0, 5)
    with pytest.raises(SourceUnavailable, match=r"^This source failed.* asked again in 60 s"):
        make(exchange.url, breaker).fetch("BTC-USD", "1h", ago("5h"), None, 5)
    assert not exchange.requests
