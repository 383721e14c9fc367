"""One source's candles, continued: over real HTTP, from a local server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from cryptoforecast.errors import NotEnoughData, SourceUnavailable
from cryptoforecast.prices.candles.coins import resolve
from cryptoforecast.prices.candles.quality import empty
from cryptoforecast.prices.candles.resample import COLUMNS, floor
from cryptoforecast.prices.live import sources, update
from cryptoforecast.prices.live.coinbase import PAGE_ROWS, Coinbase
from cryptoforecast.prices.live.disk_cache import Entry, PriceCache
from cryptoforecast.prices.live.kraken import Kraken
from cryptoforecast.prices.live.sources import Fetched
from cryptoforecast.prices.live.update import Updater
from tests.prices.live.exchange_server import ExchangeServer

HOUR = pd.Timedelta("1h")
BTC = resolve("BTC")


def ago(text: str) -> pd.Timestamp:
    return floor(pd.Timestamp.now("UTC") - pd.Timedelta(text), "1h")


class Shelf:
    """A cache with one source's hourly candles of one coin in it."""

    def __init__(self, server: ExchangeServer, folder: Path, kraken: bool = False) -> None:
        kind = Kraken if kraken else Coinbase
        self.source = kind(server.url, per_second=500)
        self.cache = PriceCache(folder, 9)
        self.key = (self.source.name, self.source.symbol(BTC) or "", "1h")

    def update(
        self,
        start: pd.Timestamp | None,
        fresh: float = 0.0,
        budget: float = 5.0,
        reasons: tuple[str, ...] = (),
        coin: str = "BTC",
    ) -> Entry:
        updater = Updater(self.cache, fresh)
        updater.update(self.source, resolve(coin), "1h", start, budget, reasons)
        symbol = self.source.symbol(resolve(coin)) or ""
        entry = self.cache.load((self.source.name, symbol, "1h"))
        assert entry is not None
        return entry

    def put(self, entry: Entry) -> None:
        self.cache.store(self.key, entry)

    def age(self, entry: Entry, days: int) -> Entry:
        """Make an entry what it would have been some days ago, and store it."""
        fetched = entry.fetched_at - pd.Timedelta(days=days)
        candles = entry.candles[entry.candles.index + HOUR <= fetched]
        older = replace(entry, candles=candles, fetched_at=fetched)
        # The cache keeps the later answer, so the later one has to go first.
        self.cache.path(self.key).unlink()
        self.cache = PriceCache(self.cache.path(self.key).parent, 9)
        self.put(older)
        return older


@pytest.fixture
def shelf(exchange: ExchangeServer, tmp_path: Path) -> Shelf:
    return Shelf(exchange, tmp_path)


def starts(server: ExchangeServer) -> list[pd.Timestamp]:
    return [pd.Timestamp(request["start"]) for request in server.requests]


def test_only_what_is_missing_is_fetched(exchange: ExchangeServer, shelf: Shelf) -> None:
    old = shelf.age(shelf.update(ago("30D")), days=2)
    exchange.requests.clear()
    entry = shelf.update(ago("30D"))
    assert len(exchange.requests) == 1
    assert entry.candles.index[0] == ago("30D")
    assert entry.candles.index[-1] == ago("1h")
    assert set(entry.candles.index.diff()[1:]) == {HOUR}
    assert entry.since == old.since
    assert entry.notes == ()
    assert (entry.source, entry.volume_unit) == ("coinbase", "coins")


def test_an_earlier_start_fetches_what_lies_before(exchange: ExchangeServer, shelf: Shelf) -> None:
    shelf.update(ago("10D"), fresh=60)
    exchange.requests.clear()
    entry = shelf.update(ago("20D"), fresh=60)
    assert len(exchange.requests) == 1
    ends = pd.Timestamp(exchange.requests[0]["end"])
    assert ago("10D") <= ends < ago("9D")
    assert (entry.candles.index[0], entry.since) == (ago("20D"), ago("20D"))
    assert set(entry.candles.index.diff()[1:]) == {HOUR}


@pytest.mark.parametrize("rows", [1, 2, 3, 4])
def test_a_few_stale_candles_are_continued(shelf: Shelf, rows: int) -> None:
    old = shelf.age(shelf.update(ago("10D")), days=5)
    few = replace(old, candles=old.candles.iloc[-rows:], since=old.candles.index[-rows])
    shelf.age(few, days=0)
    entry = shelf.update(few.since)
    assert (entry.candles.index[0], entry.since) == (few.since, few.since)
    assert entry.candles.index[-1] == ago("1h")
    assert set(entry.candles.index.diff()[1:]) == {HOUR}
    assert entry.notes == ()


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5])
def test_what_lies_before_a_few_fresh_candles_is_fetched(
    exchange: ExchangeServer, shelf: Shelf, rows: int
) -> None:
    whole = shelf.update(ago("2D"))
    few = replace(whole, candles=whole.candles.iloc[-rows:], since=whole.candles.index[-rows])
    shelf.age(few, days=0)
    exchange.requests.clear()
    entry = shelf.update(ago("9D"), fresh=60)
    (earlier,) = exchange.requests
    # At most three candles are fetched again: the source may have revised them.
    assert pd.Timestamp(earlier["end"]) == few.candles.index[min(3, rows - 1)] - HOUR
    assert (entry.candles.index[0], entry.since) == (ago("9D"), ago("9D"))
    assert entry.candles.index[-1] == ago("1h")
    assert set(entry.candles.index.diff()[1:]) == {HOUR}


def test_exactly_three_candles_are_fetched_again(exchange: ExchangeServer, shelf: Shelf) -> None:
    old = shelf.age(shelf.update(ago("10D")), days=5)
    wrong = old.candles.copy()
    wrong.iloc[-4:, 3] *= 1.01
    shelf.age(replace(old, candles=wrong), days=0)
    entry = shelf.update(ago("10D"))
    assert entry.notes[0].startswith("Coinbase has revised 3 candles, by up to 0.99 %")
    correct = entry.candles["close"] == entry.candles["open"] + 1
    assert list(entry.candles.index[~correct]) == [old.candles.index[-4]]


def candles(first: str, rows: int) -> pd.DataFrame:
    """Make hourly candles at a price of 100."""
    index = pd.date_range(first, periods=rows, freq="h", tz="UTC", name="time", unit="ns")
    return pd.DataFrame(dict.fromkeys(COLUMNS, 100.0), index=index)


def test_candles_are_missing_only_where_the_next_one_is_not_there() -> None:
    old = candles("2024-05-01", 5)
    assert update.change_notes("Host", old, candles("2024-05-01 05:00", 3), "1h") == ()
    assert update.change_notes("Host", old, old.iloc[:0], "1h") == ()
    (note,) = update.change_notes("Host", old, candles("2024-05-01 06:00", 3), "1h")
    assert note == (
        "Host does not give the candles between 2024-05-01 04:00 and 2024-05-01 06:00 any more; "
        "they are missing."
    )


@pytest.mark.parametrize(("change", "notes"), [(0.9e-4, 0), (1.1e-4, 1), (0.19, 1)])
def test_from_a_basis_point_on_a_change_is_a_revision(change: float, notes: int) -> None:
    old = candles("2024-05-01", 5)
    assert len(update.change_notes("Host", old, old * (1 + change), "1h")) == notes


@pytest.mark.parametrize(
    ("factors", "is_another"),
    [([1.19] * 3, False), ([1.21] * 3, True), ([1, 1, 2], False), ([1, 2, 2], True), ([], False)],
)
def test_another_market_is_told_by_the_change_of_most_prices(
    factors: list[float], is_another: bool
) -> None:
    old = candles("2024-05-01", 3)
    new = old.iloc[: len(factors)].mul(factors, axis=0)
    assert update.contradicts(old, new) is is_another


def test_joined_candles_take_the_new_ones_in_their_span() -> None:
    old, new = candles("2024-05-01", 6), candles("2024-05-01 02:00", 2) + 1
    joined = update.join(old, new)
    assert list(joined["close"]) == [100, 100, 101, 101, 100, 100]
    assert joined.index.equals(old.index)
    assert update.join(old, new.iloc[:0]) is old
    assert update.join(new, old) is old


class Fixed:
    """A source that always gives the same answer."""

    name, title, volume_unit = "fixed", "Fixed", "coins"

    def __init__(self, answer: Fetched) -> None:
        self.answer = answer
        self.begins: list[pd.Timestamp | None] = []
        self.budgets: list[float] = []

    def symbol(self, coin: object) -> str:
        return "BTC"

    def fetch(
        self,
        symbol: str,
        interval: str,
        begin: pd.Timestamp | None,
        end: pd.Timestamp | None,
        budget: float,
    ) -> Fetched:
        self.begins.append(begin)
        self.budgets.append(budget)
        return self.answer

    def update(
        self,
        cache: PriceCache,
        coin: str = "BTC",
        interval: str = "1d",
        start: pd.Timestamp | None = None,
        budget: float = 5.0,
    ) -> Entry:
        return Updater(cache, 0.0).update(self, resolve(coin), interval, start, budget, ())  # type: ignore[arg-type]


@pytest.mark.parametrize(("days", "is_late"), [(1, False), (2, True), (3, True)])
def test_a_day_that_is_over_and_not_there_is_told(tmp_path: Path, days: int, is_late: bool) -> None:
    """Coins trade every day, shares do not."""
    today = floor(pd.Timestamp.now("UTC"), "1d")
    index = pd.date_range(end=today - days * 24 * HOUR, periods=30, freq="D", unit="ns")
    source = Fixed(Fetched(candles("2024-01-01", 30).set_axis(index.rename("time"))))
    notes = (
        f"Fixed has no daily candle after {index[-1]:%Y-%m-%d} yet, though "
        f"{today - 24 * HOUR:%Y-%m-%d} is over.",
    )
    assert source.update(PriceCache(tmp_path / "coin", 9)).notes == notes * is_late
    share = source.update(PriceCache(tmp_path / "share", 9), "^GSPC")
    assert not [note for note in share.notes if "no daily candle" in note]


def test_an_hour_that_is_over_and_not_there_is_nothing_to_tell(tmp_path: Path) -> None:
    recent = candles(f"{ago('12h'):%Y-%m-%d %H:%M}", 10)
    assert Fixed(Fetched(recent)).update(PriceCache(tmp_path, 9), interval="1h").notes == ()


@pytest.mark.parametrize(("step", "is_refused"), [(0.19, False), (0.21, True)])
def test_prices_that_are_rounded_too_coarsely_are_refused(
    tmp_path: Path, step: float, is_refused: bool
) -> None:
    recent = candles(f"{ago('31h'):%Y-%m-%d %H:%M}", 31)
    recent.iloc[::3, :4] += step
    source, cache = Fixed(Fetched(recent)), PriceCache(tmp_path, 9)
    if is_refused:
        with pytest.raises(SourceUnavailable, match=r"^Fixed rounds the prices of BTC to steps of"):
            source.update(cache, interval="1h")
    else:
        source.update(cache, interval="1h")
    assert (cache.load(("fixed", "BTC", "1h")) is None) is is_refused


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5])
def test_a_source_without_time_for_a_candle_leaves_the_cached_ones(
    tmp_path: Path, rows: int
) -> None:
    cache, slow = PriceCache(tmp_path, 9), Fixed(Fetched(empty(), unfinished=True))
    key = ("fixed", "BTC", "1h")
    recent = candles(f"{ago('9h'):%Y-%m-%d %H:%M}", rows)
    cache.store(key, Entry(recent, ago("3h"), recent.index[0], "fixed", "coins"))
    slow.update(cache, interval="1h", start=recent.index[0])
    # It was asked for the last three candles again.
    assert slow.begins == [recent.index[max(0, rows - 3)]]
    entry = cache.load(key)
    assert entry is not None
    assert entry.candles.index.equals(recent.index)
    assert (entry.since, entry.notes) == (recent.index[0], ())
    assert entry.fetched_at > ago("1h")


def test_a_source_gets_what_is_left_of_the_time(tmp_path: Path) -> None:
    source, cache = (
        Fixed(Fetched(candles(f"{ago('9h'):%Y-%m-%d %H:%M}", 3))),
        PriceCache(tmp_path, 9),
    )
    source.update(cache, interval="1h")
    source.update(cache, interval="1h", start=ago("20h"))
    assert len(source.budgets) == 2
    assert all(4 < budget <= 5 for budget in source.budgets)
    # None is left, but a source is always asked for a positive time.
    source.update(cache, interval="1h", start=ago("30h"), budget=0)
    assert 0 < source.budgets[-1] < 0.1


@pytest.mark.parametrize(("currency", "quote"), [(None, "KRW"), ("EUR", "EUR")])
def test_the_currency_is_what_the_source_says_or_else_the_coin(
    tmp_path: Path, currency: str | None, quote: str
) -> None:
    source = Fixed(Fetched(candles(f"{ago('9h'):%Y-%m-%d %H:%M}", 3), quote=currency))
    assert source.update(PriceCache(tmp_path, 9), "BTC-KRW", "1h").quote == quote


def second_page() -> int:
    """Return the open of the first candle of the page before the latest one."""
    newest = floor(pd.Timestamp.now("UTC") - pd.Timedelta(1, "ns"), "1h")
    return int((newest - 2 * (PAGE_ROWS - 1) * HOUR).timestamp())


def test_what_could_not_be_finished_is_continued(exchange: ExchangeServer, shelf: Shelf) -> None:
    exchange.fail_at = second_page()
    first = shelf.update(ago("40D"), fresh=60)
    assert len(first.candles) == PAGE_ROWS - 1
    assert first.since == first.candles.index[0]
    exchange.fail_at = 0
    entry = shelf.update(ago("40D"), fresh=60)
    assert entry.candles.index[0] == ago("40D")
    assert entry.since == ago("40D")
    assert set(entry.candles.index.diff()[1:]) == {HOUR}


def test_no_gap_is_left_when_time_runs_out_on_the_way_back(
    exchange: ExchangeServer, shelf: Shelf
) -> None:
    shelf.age(shelf.update(ago("60D")), days=40)
    exchange.fail_at = second_page()
    first = shelf.update(ago("60D"), fresh=60)
    assert len(first.candles) == PAGE_ROWS - 1
    assert (first.since, first.notes) == (first.candles.index[0], ())
    exchange.fail_at = 0
    entry = shelf.update(ago("60D"), fresh=60)
    assert entry.candles.index[0] == ago("60D")
    assert set(entry.candles.index.diff()[1:]) == {HOUR}


def test_revised_candles_are_replaced_and_counted(exchange: ExchangeServer, shelf: Shelf) -> None:
    old = shelf.age(shelf.update(ago("5D")), days=1)
    candles = old.candles.copy()
    candles.iloc[-2, 3] *= 1.01
    shelf.age(replace(old, candles=candles), days=0)
    entry = shelf.update(ago("5D"))
    assert entry.notes == (
        "Coinbase has revised 1 candle, by up to 0.99 %, since it was last asked.",
    )
    assert (entry.candles["close"] == entry.candles["open"] + 1).all()


def test_a_rounding_is_replaced_without_a_word(exchange: ExchangeServer, shelf: Shelf) -> None:
    old = shelf.age(shelf.update(ago("5D")), days=1)
    candles = old.candles.copy()
    candles.iloc[-2, 3] *= 1.00001
    shelf.age(replace(old, candles=candles), days=0)
    entry = shelf.update(ago("5D"))
    assert entry.notes == ()
    assert (entry.candles["close"] == entry.candles["open"] + 1).all()


def test_prices_of_another_market_are_never_continued(
    exchange: ExchangeServer, shelf: Shelf
) -> None:
    old = shelf.age(shelf.update(ago("5D")), days=1)
    shelf.age(replace(old, candles=old.candles * 1000), days=0)
    entry = shelf.update(ago("5D"))
    assert (entry.candles["close"] == entry.candles["open"] + 1).all()
    assert entry.candles.index[0] == ago("5D")
    assert "fetched anew" in entry.notes[-1]


def test_a_hole_that_cannot_be_filled_is_told(exchange: ExchangeServer, tmp_path: Path) -> None:
    shelf = Shelf(exchange, tmp_path, kraken=True)
    old = shelf.age(shelf.update(ago("25D")), days=20)
    hole = replace(old, candles=old.candles.set_axis(old.candles.index - pd.Timedelta("20D")))
    shelf.age(replace(hole, since=hole.candles.index[0]), days=0)
    entry = shelf.update(ago("25D"))
    assert entry.candles.index[0] == hole.candles.index[0]
    assert entry.candles.index[-1] == ago("1h")
    assert entry.notes[0].startswith("Kraken does not give the candles between ")
    assert entry.notes[0].endswith("any more; they are missing.")


def test_a_market_that_has_ended_is_kept_but_no_answer(
    exchange: ExchangeServer, shelf: Shelf
) -> None:
    exchange.last = int(ago("20D").timestamp())
    with pytest.raises(SourceUnavailable, match=r"Coinbase's last 1h candle of BTC is from"):
        shelf.update(ago("40D"))
    stored = shelf.cache.load(shelf.key)
    assert stored is not None
    assert stored.candles.index[-1] == ago("20D")
    assert "trading there may have ended" in stored.notes[0]


@pytest.mark.parametrize("behind", ["19D", "1h"])
def test_no_market_has_ended_by_the_clock_of_its_source(tmp_path: Path, behind: str) -> None:
    """Where the own clock is ahead, the last candle is as old as that of the source says."""
    clock = pd.Timestamp.now("UTC") - pd.Timedelta(behind)
    source = Fixed(Fetched(candles(f"{ago('20D'):%Y-%m-%d %H:%M}", 3), clock=clock))
    if behind == "19D":
        assert len(source.update(PriceCache(tmp_path, 9), interval="1h").candles) == 3
    else:
        with pytest.raises(SourceUnavailable, match=r"last 1h candle of BTC is from"):
            source.update(PriceCache(tmp_path, 9), interval="1h")


def test_prices_are_as_new_as_their_last_close_although_the_clock_was_set_back(
    tmp_path: Path,
) -> None:
    """A cached candle that closes an hour from now was fetched no earlier than that."""
    cache = PriceCache(tmp_path, 9)
    ahead = candles(f"{ago('-1h'):%Y-%m-%d %H:%M}", 1)
    recent = pd.concat([candles(f"{ago('9h'):%Y-%m-%d %H:%M}", 10), ahead])
    closes_at = recent.index[-1] + HOUR
    key = ("fixed", "BTC", "1h")
    cache.store(key, Entry(recent, closes_at, recent.index[0], "fixed", "coins"))
    source = Fixed(Fetched(empty(), unfinished=True))
    assert source.update(cache, interval="1h", start=recent.index[0]).fetched_at == closes_at


def test_a_source_without_a_candle_stores_nothing(exchange: ExchangeServer, shelf: Shelf) -> None:
    exchange.behaviour, exchange.body = "body", b"[]"
    with pytest.raises(NotEnoughData, match="Coinbase has no closed 1h candle of BTC there"):
        shelf.update(ago("5D"))
    assert shelf.cache.load(shelf.key) is None


def test_an_open_candle_never_becomes_history(shelf: Shelf) -> None:
    entry = shelf.update(ago("5D"))
    assert entry.candles.index[-1] + HOUR <= entry.fetched_at


def test_the_file_is_bounded(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(update, "_MAX_ROWS", 50)
    entry = shelf.update(ago("5D"))
    assert len(entry.candles) == 50
    assert entry.since == entry.candles.index[0]


def test_why_it_is_this_source_is_kept_with_the_candles(shelf: Shelf) -> None:
    assert shelf.update(ago("5D"), reasons=("Yahoo is down.",)).notes == (
        "Yahoo is down.",
        "These prices are Coinbase's.",
    )
    unlisted = shelf.update(ago("5D"), reasons=("Yahoo is down.",), coin="FOO")
    assert unlisted.access_notes == ("Yahoo is down.",)
    assert unlisted.notes[2].startswith("FOO-USD is not in the list of coins and is looked")
    # In any case, not only where another source has failed.
    assert shelf.update(ago("5D"), coin="FOO").notes == unlisted.notes[2:]


def test_a_coin_that_the_source_does_not_know_is_refused(
    exchange: ExchangeServer, shelf: Shelf
) -> None:
    updater = Updater(shelf.cache, 0.0)
    with pytest.raises(NotEnoughData, match=r"Coinbase does not know \^GSPC"):
        updater.update(shelf.source, resolve("^GSPC"), "1h", None, 5.0, ())
    assert not exchange.requests


def test_stale_candles_are_continued_at_both_ends(exchange: ExchangeServer, shelf: Shelf) -> None:
    shelf.age(shelf.update(ago("10D")), days=2)
    exchange.requests.clear()
    entry = shelf.update(ago("12D"))
    assert len(exchange.requests) == 2
    assert (entry.candles.index[0], entry.candles.index[-1]) == (ago("12D"), ago("1h"))
    assert set(entry.candles.index.diff()[1:]) == {HOUR}


def test_who_has_all_of_it_is_asked_for_what_is_new_however_fresh_it_is(
    exchange: ExchangeServer, shelf: Shelf
) -> None:
    shelf.update(ago("10D"), fresh=60)
    exchange.requests.clear()
    shelf.update(ago("5D"), fresh=60)
    assert len(exchange.requests) == 1


@pytest.mark.parametrize(
    ("before", "says", "after", "asked"),
    [("EUR", "USD", "USD", 2), ("EUR", "EUR", "EUR", 1), ("EUR", None, "EUR", 1)],
)
def test_prices_in_another_currency_are_fetched_anew(
    tmp_path: Path, before: str, says: str | None, after: str, asked: int
) -> None:
    cache = PriceCache(tmp_path, 9)
    recent = candles(f"{ago('9h'):%Y-%m-%d %H:%M}", 4)
    key = ("fixed", "BTC", "1h")
    cache.store(key, Entry(recent, ago("3h"), None, "fixed", "coins", quote=before))
    source = Fixed(Fetched(candles(f"{ago('6h'):%Y-%m-%d %H:%M}", 3), quote=says))
    entry = source.update(cache, "BTC-USD", "1h")
    assert (entry.quote, len(source.begins)) == (after, asked)
    assert len(entry.candles) == (3 if asked == 2 else 6)
    assert entry.notes == ()


@pytest.mark.parametrize("rows", [200_000, 200_001])
def test_two_hundred_thousand_candles_are_kept(tmp_path: Path, rows: int) -> None:
    first = ago(f"{rows + 1}h")
    source = Fixed(Fetched(candles(f"{first:%Y-%m-%d %H:%M}", rows)))
    entry = source.update(PriceCache(tmp_path, 9), interval="1h", start=first)
    assert len(entry.candles) == 200_000
    assert entry.since == entry.candles.index[0] == first + (rows - 200_000) * HOUR


@pytest.mark.parametrize(("ahead", "ends"), [("2D", False), ("0s", True), ("-2D", True)])
def test_how_far_the_clock_is_ahead_is_kept_and_a_late_one_ends_no_market(
    tmp_path: Path, ahead: str, ends: bool
) -> None:
    """The last candle is a day too old, unless our clock is two days ahead."""
    first = pd.Timestamp.now("UTC") - sources._MAX_PAUSE - 34 * HOUR
    clock = pd.Timestamp.now("UTC") - pd.Timedelta(ahead)
    source = Fixed(Fetched(candles(f"{first.floor('h'):%Y-%m-%d %H:%M}", 1), clock=clock))
    cache = PriceCache(tmp_path, 9)
    if ends:
        with pytest.raises(SourceUnavailable, match="trading there may have ended"):
            source.update(cache, interval="1h")
    else:
        source.update(cache, interval="1h")
    entry = cache.load(("fixed", "BTC", "1h"))
    assert entry is not None
    assert entry.clock_ahead is not None
    assert abs(entry.clock_ahead - pd.Timedelta(ahead)) < pd.Timedelta("1min")


def test_a_source_is_asked_for_a_millisecond_at_least(tmp_path: Path) -> None:
    source = Fixed(Fetched(candles(f"{ago('9h'):%Y-%m-%d %H:%M}", 3)))
    source.update(PriceCache(tmp_path, 9), interval="1h", budget=-1)
    assert source.budgets == [0.001]
