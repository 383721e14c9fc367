"""Prices: where they come from, what they say of themselves, and when they are the same."""

from __future__ import annotations

import copy
import io
import pickle
from pathlib import Path

import pandas as pd
import pytest

import cryptoforecast as cf
from cryptoforecast.errors import InvalidInput, NotEnoughData, SourceUnavailable, UnreadableFile
from cryptoforecast.prices import simulate
from cryptoforecast.service import shared
from cryptoforecast.types import MarketQuery
from tests import synthetic
from tests.library.conftest import Command

WINDOW = {"start": "2024-01-01", "end": "2024-02-01"}


def several() -> io.BytesIO:
    """A file of two coins, in euros and in dollars."""
    one = synthetic.history(60).candles
    both = pd.concat([one.assign(pair="BTC-EUR"), (one * 0.9).assign(pair="ETH-USD")])
    return io.BytesIO(both.to_csv().encode())


def test_one_series_of_several_and_the_currency() -> None:
    with pytest.raises(UnreadableFile, match="'BTC-EUR' and 'ETH-USD'"):
        cf.read(several())
    for only, coin, quote in (("BTC", "BTC", "EUR"), ("eth", "ETH", "USD")):
        history = cf.read(several(), only=only).history
        assert (history.coin, history.quote, len(history)) == (coin, quote, 60)
    frame = pd.read_csv(several())
    assert cf.from_frame(frame, coin="BTC", only="BTC").history.quote == "EUR"
    assert cf.from_frame(frame, coin="X", only="ETH-USD", quote="KRW").history.quote == "KRW"


# ------------------------------------------------------------------ fetch


def test_simulated_prices_are_refused_unless_they_are_asked_for() -> None:
    with pytest.raises(
        SourceUnavailable, match=r"Live prices of BTC-USD are needed. Received: Live"
    ):
        cf.fetch("BTC", **WINDOW)
    prices = cf.fetch("btc-usd", **WINDOW, simulated="allow")
    assert (prices.coin, prices.source, prices.simulated) == ("BTC", "simulated", True)
    assert prices.notes[0].startswith("Live prices are switched off.")


@pytest.mark.parametrize("coin", ["zzzz", "AAPL", "ATOM2-USD", "bitcon"])
@pytest.mark.parametrize("simulated", ["refuse", "allow", "only"])
def test_no_unlisted_symbol_has_simulated_prices(coin: str, simulated: str) -> None:
    error = SourceUnavailable if simulated == "refuse" else InvalidInput
    with pytest.raises(error, match=r"Did you mean .*\?"):
        cf.fetch(coin, simulated=simulated)


def test_simulated_prices_alone_ask_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRYPTOFORECAST_LIVE", "1")

    def refuse(*_: object) -> None:
        raise AssertionError("no source may be asked")

    monkeypatch.setattr(shared().prices, "history", refuse)
    prices = cf.fetch("BTC", **WINDOW, simulated="only")
    start, end = (pd.Timestamp(WINDOW[name], tz="UTC") for name in ("start", "end"))
    assert prices == cf.Prices(simulate("BTC", "1h", start, end))


def test_live_prices_are_those_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    queries: list[MarketQuery] = []

    def history(query: MarketQuery, *, prices: str) -> object:
        assert prices == "live"
        queries.append(query)
        return synthetic.history(source="yahoo")

    monkeypatch.setattr(shared().prices, "history", history)
    result = cf.fetch("BTC", "4h", start=pd.Timestamp("2024-01-01 01:00", tz="Europe/Berlin"))
    assert (result.source, result.simulated, len(result)) == ("yahoo", False, 600)
    assert queries == [MarketQuery("BTC", "4h", pd.Timestamp("2024-01-01", tz="UTC"))]


def test_days_reach_back_from_the_end() -> None:
    prices = cf.fetch("ETH", "1d", end="2024-02-01", days=10, simulated="only")
    assert len(prices) == 10
    assert prices.history.start == pd.Timestamp("2024-01-22", tz="UTC")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"simulated": "maybe"}, "`simulated` must be refuse, allow or only. Received: 'maybe'"),
        ({"simulated": True}, "Received: True"),
        ({"start": "soon"}, "`start` must be a date or time"),
        ({"interval": "3h"}, "The interval must be one of"),
        ({"coin": ["BTC", "ETH"]}, r"`coin` must be one ticker, .*Received: \['BTC', 'ETH'\]"),
        ({"days": "3"}, "`days` must be a number. Received: '3'"),
        ({"days": True}, "`days` must be a number"),
        ({"coin": "BTC-EUR"}, "The simulated market has the coins of the list, in USD"),
        ({"start": "2024-02-01", "end": "2024-01-01"}, "must lie before its end"),
    ],
)
def test_what_can_not_be_fetched_is_refused(options: dict[str, object], reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        cf.fetch(**{"coin": "BTC", "simulated": "only", **options})  # type: ignore[arg-type]


# ------------------------------------------------------------------ read


def test_a_file_is_read_as_the_command_line_reads_it(file: Path, run: Command) -> None:
    prices = cf.read(file)
    answer = run("inspect", file)
    assert prices.fingerprint == answer["fingerprint"]
    assert (prices.coin, prices.source) == ("BTC", "file BTCUSDT_1h.csv")
    assert prices == cf.read(str(file)) == cf.Prices(synthetic.history())


def test_an_open_file_is_read_too(file: Path) -> None:
    with file.open("rb") as stream:
        assert cf.read(stream, coin="BTC") == cf.read(file)
    assert cf.read(io.BytesIO(file.read_bytes())).source == "file unnamed"


def test_what_is_said_of_a_file_is_how_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "odd.txt"
    rows = [f"0{1 + i % 9}|{i + 1:02}/03/2024 01:00|1,5|1,6|1,4|1,5" for i in range(12)]
    path.write_text("\n".join(["n|when|a|b|c|d", *rows]))
    options = {
        "delimiter": "|",
        "columns": {"time": "when", "open": "a", "high": "b", "low": "c", "close": "d"},
        "day_first": True,
        "zone": "Europe/Berlin",
        "decimal": ",",
        "label": None,
    }
    prices = cf.read(path, coin="eth", **options)
    assert (prices.coin, prices.interval, len(prices)) == ("ETH", "1d", 12)
    assert prices.history.start == pd.Timestamp("2024-03-01", tz="UTC")
    assert prices.frame()["close"].iloc[0] == 1.5


def test_candles_of_a_file_are_merged_and_repaired(file: Path) -> None:
    assert cf.read(file, interval="4h").interval == "4h"
    assert cf.read(file, repair="outliers") == cf.read(file, repair=["outliers"]) == cf.read(file)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"encoding": "utf-8"}, "takes delimiter, columns, day_first, .* Received: 'encoding'"),
        ({"delimiter": 5}, "`delimiter` must be of type str. Received: 5"),
        ({"day_first": "yes"}, "`day_first` must be of type bool. Received: 'yes'"),
        ({"zone": "Mars"}, "Mars"),
        ({"repair": "magic"}, "magic"),
        ({"coin": 5}, "`coin` must be one ticker"),
        ({"coin": "<b>"}, "a ticker, a name or a pair such as BTC-EUR"),
    ],
)
def test_a_wrong_word_on_a_file_is_refused(
    file: Path, options: dict[str, object], reason: str
) -> None:
    with pytest.raises(InvalidInput, match=reason):
        cf.read(file, **options)  # type: ignore[arg-type]


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"absent.csv can't be read"):
        cf.read(tmp_path / "absent.csv")
    for wrong in (5, None, io.StringIO("time,close"), pd.DataFrame()):
        with pytest.raises(InvalidInput, match="a path, or a file open for reading bytes"):
            cf.read(wrong)  # type: ignore[arg-type]


# ------------------------------------------------------------------ from_frame


def test_a_frame_is_read_as_a_file_is(file: Path) -> None:
    frame = pd.read_csv(file)
    prices = cf.from_frame(frame.sample(frac=1, random_state=0), coin="BTC")
    assert prices == cf.read(file)
    assert hash(prices) == hash(cf.read(file))
    assert (prices.source, prices.simulated) == ("frame", False)


def test_options_of_a_frame_reach_it(file: Path) -> None:
    frame = pd.read_csv(file)
    prices = cf.from_frame(
        frame, coin="eth", interval="4h", source="exchange", simulated=True, repair="outliers"
    )
    assert (prices.coin, prices.interval, prices.source) == ("ETH", "4h", "exchange")
    assert prices.simulated
    with pytest.raises(InvalidInput, match="magic"):
        cf.from_frame(frame, coin="BTC", repair="magic")


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"pandas DataFrame. Received: list"):
        cf.from_frame([[1, 2]], coin="BTC")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=r"must be True or False. Received: 'no'"):
        cf.from_frame(pd.DataFrame({"close": [1, 2]}), coin="BTC", simulated="no")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=r"`coin` must be one ticker.*Received: None"):
        cf.from_frame(pd.DataFrame({"close": [1, 2]}), coin=None)  # type: ignore[arg-type]
    future = pd.date_range("2090-01-01", periods=9, freq="h", tz="UTC")
    with pytest.raises(NotEnoughData):
        cf.from_frame(pd.DataFrame({"close": range(1, 10)}, index=future), coin="BTC")


# ------------------------------------------------------------------ what they are


def test_prices_say_what_they_are(prices: cf.Prices) -> None:
    assert len(prices) == 600
    assert repr(prices) == (
        "Prices(BTC 1h, 600 candles, 2024-01-01 00:00 to 2024-01-26 00:00 UTC, from file test.csv)"
    )
    daily = cf.fetch("BTC", "1d", start="2024-01-01", end="2024-01-08", simulated="only")
    assert repr(daily) == (
        "Prices(BTC 1d simulated, 7 candles, 2024-01-01 to 2024-01-08 UTC, from simulated)"
    )
    assert prices.quality is prices.history.quality


def test_a_notebook_shows_notes_and_some_candles() -> None:
    history = cf.Prices(synthetic.history(source="<b>me</b>", notes=("<script>x</script>",)))
    text = history._repr_html_()
    assert "<b>" not in text
    assert "<script>" not in text
    assert "&lt;script&gt;x&lt;/script&gt;" in text
    assert text.count("<tr") == 2 + 6  # the names, the index's name, and six candles
    short = cf.Prices(synthetic.history(4))
    assert short._repr_html_().count("<tr") == 2 + 4


def test_a_frame_of_prices_is_a_copy(prices: cf.Prices) -> None:
    frame = prices.frame()
    pd.testing.assert_frame_equal(frame, synthetic.history().candles, check_freq=False)
    frame.iloc[:] = 0
    assert prices.frame()["close"].iloc[0] > 0
    assert prices == cf.Prices(synthetic.history())


def test_prices_are_compared_by_their_candles(prices: cf.Prices) -> None:
    same = cf.Prices(synthetic.history(source="elsewhere"))
    other = cf.Prices(synthetic.history(seed=1))
    assert prices == same
    assert hash(prices) == hash(same)
    assert prices != other
    assert prices != prices.fingerprint
    assert len({prices, same, other}) == 2


@pytest.mark.parametrize(
    "rows", [slice(None, None, -1), [0, 1, 1, 2], [2, 1, 3]], ids=["reversed", "repeated", "mixed"]
)
def test_candles_by_hand_must_be_in_order(rows: object) -> None:
    candles = synthetic.history().candles.iloc[rows]
    with pytest.raises(InvalidInput, match="must have rising times in UTC"):
        cf.Prices(synthetic.history(candles=candles))


def test_candles_by_hand_must_have_a_zone() -> None:
    candles = synthetic.history().candles.tz_localize(None)
    with pytest.raises(InvalidInput, match="must have rising times in UTC"):
        cf.Prices(synthetic.history(candles=candles))


def test_prices_are_copied_and_pickled(prices: cf.Prices) -> None:
    for again in (copy.copy(prices), copy.deepcopy(prices), pickle.loads(pickle.dumps(prices))):
        assert again == prices
        assert repr(again) == repr(prices)
        pd.testing.assert_frame_equal(again.frame(), prices.frame())
