"""Several series of prices in one file: told apart, refused by name, or one of them read."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput, SeveralSeries, UnreadableFile
from cryptoforecast.prices import frames
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.price_file import read
from tests.prices.files import samples

HOURS = samples.candles("1h", 48)
PRICES = ["open", "high", "low", "close"]


def rows(frame: pd.DataFrame = HOURS, after: int = 0, **columns: object) -> pd.DataFrame:
    """Candles as a file has them, perhaps later, with more columns."""
    times = (frame.index + pd.Timedelta(hours=after)).strftime("%Y-%m-%d %H:%M")
    return frame.reset_index(drop=True).assign(**columns).assign(time=times)


def csv(frame: pd.DataFrame) -> bytes:
    content: bytes = frame.to_csv(index=False).encode()
    return content


def as_json(frame: pd.DataFrame) -> bytes:
    return json.dumps(frame.to_dict("records")).encode()


def json_lines(frame: pd.DataFrame) -> bytes:
    return "\n".join(json.dumps(row) for row in frame.to_dict("records")).encode()


def parquet(frame: pd.DataFrame) -> bytes:
    target = io.BytesIO()
    frame.to_parquet(target, index=False)
    return target.getvalue()


def feather(frame: pd.DataFrame) -> bytes:
    target = io.BytesIO()
    frame.reset_index(drop=True).to_feather(target)
    return target.getvalue()


FORMATS = {"csv": csv, "json": as_json, "lines": json_lines, "parquet": parquet,
           "feather": feather}  # fmt: skip
OTHERS = {"cheap": HOURS * 0.06, "near": HOURS * 0.98}
SERIES = [
    ("Asset_ID", 13, 3), ("coin_id", "bitcoin", "ethereum"), ("ISIN", "DE000A27Z304", "CH0454664"),
    ("Name", "Bitcoin", "Ether"), ("symbol", "币安人生USDT", "我踏马来了USDT"),
    ("exchange", "Binance", "Kraken"), ("Валюта", "биткоин", "эфир"), ("column x", 7, 8),
]  # fmt: skip


def mixed(name: str, one: object, other: object, price: str, order: str) -> pd.DataFrame:
    parts = [rows(**{name: one}), rows(OTHERS[price], **{name: other})]
    both = pd.concat(parts, ignore_index=True)
    return both.sort_values("time", kind="stable") if order == "interleaved" else both


@pytest.mark.parametrize("order", ["interleaved", "one after the other"])
@pytest.mark.parametrize("price", OTHERS)
@pytest.mark.parametrize(("name", "one", "other"), SERIES)
def test_several_series_are_refused_whatever_the_column_is_called(
    name: str, one: object, other: object, price: str, order: str
) -> None:
    both = mixed(name, one, other, price, order)
    with pytest.raises(SeveralSeries, match=rf"Received: '{one}' and '{other}'.*'{name}'") as error:
        read(csv(both), "x.csv")
    assert set(error.value.names) == {str(one), str(other)}
    for target, frame in ((one, HOURS), (other, OTHERS[price])):
        history = read(csv(both), "x.csv", corrections=Corrections(only=str(target)))
        np.testing.assert_allclose(history.candles, frame)
        assert str(target) in history.quality.decisions["series"]


@pytest.mark.parametrize("name", ["Asset_ID", "Валюта"])
@pytest.mark.parametrize("kind", FORMATS)
def test_series_are_told_apart_in_every_format(kind: str, name: str) -> None:
    content = FORMATS[kind](mixed(name, "a", "b", "near", "interleaved"))
    with pytest.raises(SeveralSeries, match="'a' and 'b'"):
        read(content, "x")
    history = read(content, "x", corrections=Corrections(only="b"))
    np.testing.assert_allclose(history.candles, OTHERS["near"])


def test_series_that_begin_where_another_ends_are_known_by_the_leap_of_the_price() -> None:
    both = pd.concat([rows(k="a"), rows(OTHERS["cheap"], after=48, k="b")])
    with pytest.raises(SeveralSeries, match=r"'a' and 'b' \(line 50, column 'k'"):
        read(csv(both), "x.csv")
    spliced = pd.concat([rows(k="a"), rows(OTHERS["near"], after=48, k="b")])
    assert len(read(csv(spliced), "x.csv")) == 96


ONE_SERIES: dict[str, Callable[[], pd.DataFrame]] = {
    "years in blocks that are out of order": lambda: pd.concat(
        [rows(year=2024), rows(after=-9_000, year=2023)]
    ),
    "days, the newest first": lambda: pd.concat(
        [day for _, day in list(rows(date=HOURS.index.strftime("%Y-%m-%d")).groupby("date"))[::-1]]
    ),
    "revised candles beside a spread": lambda: pd.concat(
        [rows(), rows().iloc[5:9].assign(close=HOURS["close"].iloc[5:9].to_numpy() + 0.01)]
    ).assign(spread=[i % 3 for i in range(52)]),
    "parts that overlap": lambda: pd.concat(
        [rows(part="a.csv").iloc[:30], rows(part="b.csv").iloc[20:]]
    ),
    "parts that are out of order": lambda: pd.concat(
        [rows(part="b.csv").iloc[20:], rows(part="a.csv").iloc[:20]]
    ),
    "open and closed states of a candle": lambda: pd.concat(
        [rows(closed="False", high=HOURS["high"].to_numpy() + 1), rows(closed="True")]
    ).sort_values(["time", "closed"]),
}


@pytest.mark.parametrize("case", ONE_SERIES)
def test_one_series_is_not_taken_for_several(case: str) -> None:
    history = read(csv(ONE_SERIES[case]()), "x.csv")
    assert len(history) % 48 == 0


def test_only_is_matched_by_text_then_letters_then_coin() -> None:
    names = ["BTC-USD", "ETH/EUR", "eth_usd", "XBTEUR"]
    both = pd.concat([rows(HOURS * (i + 1), symbol=name) for i, name in enumerate(names)])
    for only, factor in (("ETH/EUR", 2), ("etheur", 2), ("ethusd", 3), ("BTC-EUR", 4)):
        history = read(csv(both), "x.csv", corrections=Corrections(only=only))
        np.testing.assert_allclose(history.candles, HOURS * factor)
    assert history.quote == "EUR"
    with pytest.raises(SeveralSeries, match="'BTC', which may be 'BTC-USD' or 'XBTEUR'"):
        read(csv(both), "x.csv", corrections=Corrections(only="BTC"))
    with pytest.raises(SeveralSeries, match=r"'BTC-USD', 'ETH/EUR'.*Received: 'LTC'") as error:
        read(csv(both), "x.csv", corrections=Corrections(only="LTC"))
    assert error.value.names == tuple(names)


@pytest.mark.parametrize("name", ["currency", "quote", "quote_asset"])
def test_rows_in_several_currencies(name: str) -> None:
    both = pd.concat([rows(**{name: "USD"}), rows(HOURS * 0.9, **{name: "EUR"})])
    with pytest.raises(SeveralSeries, match="Received: 'USD' and 'EUR'"):
        read(csv(both), "x.csv")
    for wish in ({"only": "eur"}, {"quote": "EUR"}):
        history = read(csv(both), "x.csv", corrections=Corrections(**wish))
        np.testing.assert_allclose(history.candles, HOURS * 0.9)
        assert history.quote == "EUR"


def test_trades_of_one_coin_have_sides_and_those_of_two_have_two_prices() -> None:
    dice = np.random.default_rng(1)
    times = pd.Timestamp("2024-03-01") + pd.to_timedelta(
        np.sort(dice.integers(0, 90_000, 900)), "s"
    )
    trades = pd.DataFrame({"time": times, "price": 27_000 + dice.normal(0, 5, 900)})
    trades["side"] = dice.choice(["buy", "sell"], 900)
    one = read(csv(trades), "x.csv")
    both = pd.concat([trades.assign(k="a"), trades.assign(k="b", price=trades["price"] * 0.06)])
    mixed = both.sort_values("time", kind="stable")
    with pytest.raises(SeveralSeries, match="'a' and 'b'"):
        read(csv(mixed), "x.csv")
    history = read(csv(mixed), "x.csv", corrections=Corrections(only="a"))
    pd.testing.assert_frame_equal(history.candles, one.candles)


def test_one_coin_in_two_spellings_is_one_series() -> None:
    parts = [rows().iloc[:30].assign(k="BTC/USD"), rows().iloc[30:].assign(k="BTCUSD")]
    both = pd.concat([*parts, rows(OTHERS["cheap"], k="ETH")])
    for only in ("BTCUSD", "btc/usd", "BTC"):
        history = read(csv(both), "x.csv", corrections=Corrections(only=only))
        np.testing.assert_allclose(history.candles, HOURS)
    spelled = pd.concat([rows(k="a"), rows(OTHERS["near"], k="A")])
    with pytest.raises(UnreadableFile, match="there are several series in the file"):
        read(csv(spelled), "x.csv")


def test_a_chosen_coin_of_two_exchanges_is_refused_as_it_is_alone() -> None:
    parts = [
        rows(symbol="BTC", exchange="Kraken").iloc[:40],
        rows(OTHERS["near"], symbol="BTC", exchange="Binance").iloc[30:],
    ]
    both = pd.concat([*parts, rows(OTHERS["cheap"], symbol="ETH", exchange="Kraken")])
    refusal = r"'Kraken' and 'Binance' \(line 42, column 'exchange'"
    with pytest.raises(SeveralSeries, match=refusal):
        read(csv(pd.concat(parts)), "x.csv")
    # There is nothing left to choose.
    with pytest.raises(UnreadableFile, match=refusal) as caught:
        read(csv(both), "x.csv", corrections=Corrections(only="BTC"))
    assert not isinstance(caught.value, SeveralSeries)
    assert str(caught.value).endswith("2 in all). Save one series a file.")
    eth = read(csv(both), "x.csv", corrections=Corrections(only="ETH"))
    np.testing.assert_allclose(eth.candles, OTHERS["cheap"])


@pytest.mark.parametrize("kind", FORMATS)
def test_a_currency_and_an_exchange_choose_one_of_four_series(kind: str) -> None:
    parts = [
        rows(HOURS * factor * share, quote=quote, exchange=exchange)
        for quote, factor in (("USD", 1.0), ("EUR", 0.9))
        for exchange, share in (("Kraken", 1.0), ("Binance", 0.98))
    ]
    content = FORMATS[kind](pd.concat(parts, ignore_index=True))
    with pytest.raises(SeveralSeries, match="'Kraken' and 'Binance'"):
        read(content, "x", corrections=Corrections(quote="EUR"))
    history = read(content, "x", corrections=Corrections(quote="EUR", only="Kraken"))
    np.testing.assert_allclose(history.candles, HOURS * 0.9)
    assert history.quote == "EUR"


def test_only_of_a_file_of_one_series_must_be_that_one() -> None:
    one = csv(rows(symbol="BTCUSDT"))
    assert len(read(one, "x.csv", corrections=Corrections(only="btc"))) == 48
    for content in (one, csv(rows())):
        with pytest.raises(UnreadableFile, match=r"must be in the file.*Received: 'eth'"):
            read(content, "x.csv", corrections=Corrections(only="eth"))
    with pytest.raises(InvalidInput, match="`only` must be the name of one series"):
        Corrections(only=" ")


def test_lines_are_those_of_the_file_where_a_series_was_chosen() -> None:
    both = mixed("k", "a", "b", "cheap", "interleaved").astype({"close": object})
    both.iloc[21, list(both).index("close")] = "x"
    with pytest.raises(UnreadableFile, match=r"Received: 'x' \(line 23"):
        read(csv(both), "x.csv", corrections=Corrections(only="b"))
    assert len(read(csv(both), "x.csv", corrections=Corrections(only="a"))) == 48


# ---------------------------------------------------------------------------- side by side


def beside(form: str, *labels: str) -> pd.DataFrame:
    """The prices once for each label, times 1, 2 and so on."""
    times = rows()[["time"]]
    parts = [
        (HOURS[PRICES] * (i + 1)).rename(columns=lambda name, to=label: form.format(name, to))
        for i, label in enumerate(labels)
    ]
    return pd.concat([times, *(part.reset_index(drop=True) for part in parts)], axis=1)


@pytest.mark.parametrize("form", ["{}_{}", "{1} {0}", "{} ({})", "('{}', '{}')", "{}|{}"])
def test_coins_side_by_side(form: str) -> None:
    content = csv(beside(form, "BTC-USD", "ETH-EUR"))
    with pytest.raises(SeveralSeries, match="BTC-USD") as error:
        read(content, "x.csv")
    assert set(error.value.names) == {"BTC-USD", "ETH-EUR"}
    if "(" in form and "'" not in form:
        return
    history = read(content, "x.csv", corrections=Corrections(only="eth"))
    np.testing.assert_allclose(history.candles[PRICES], HOURS[PRICES] * 2)
    assert (history.coin, history.quote) == ("ETH", "EUR")


def test_coins_that_are_quotes_too() -> None:
    content = csv(beside("{} [{}]", "BTC", "ETH"))
    with pytest.raises(SeveralSeries, match="several prices side by side"):
        read(content, "x.csv")
    history = read(content, "x.csv", corrections=Corrections(only="eth"))
    np.testing.assert_allclose(history.candles[PRICES], HOURS[PRICES] * 2)
    assert (history.coin, history.quote) == ("ETH", "USD")


@pytest.mark.parametrize("form", ["{}_{}", "{1} {0}", "{} ({})", "{1}{0}", "{}.{}"])
def test_bid_beside_ask(form: str) -> None:
    content = csv(beside(form, "bid", "ask"))
    with pytest.raises(SeveralSeries, match=r"Received: .*[Aa]sk.* and .*[Bb]id"):
        read(content, "x.csv")
    history = read(content, "x.csv", corrections=Corrections(only="ask"))
    np.testing.assert_allclose(history.candles[PRICES], HOURS[PRICES] * 2)


@pytest.mark.parametrize("first", ["ticker", "price"])
def test_pandas_headers_of_several_coins(first: str) -> None:
    both = pd.concat({"BTC-USD": HOURS, "ETH-EUR": HOURS * 2}, axis=1)
    content = (both if first == "ticker" else both.swaplevel(axis=1)).to_csv().encode()
    with pytest.raises(SeveralSeries, match="BTC-USD, ETH-EUR"):
        read(content, "x.csv")
    history = read(content, "x.csv", corrections=Corrections(only="ETH"))
    np.testing.assert_allclose(history.candles, HOURS * 2)


def test_records_and_lists_of_several_coins_in_json() -> None:
    seconds = HOURS.index.as_unit("s").asi8.tolist()
    lists = {
        name: [[t, *row] for t, row in zip(seconds, (HOURS * n).to_numpy().tolist(), strict=True)]
        for name, n in (("XXBTZUSD", 1), ("XETHZEUR", 2))
    }
    content = json.dumps({"error": [], "result": lists}).encode()
    with pytest.raises(SeveralSeries, match="XXBTZUSD, XETHZEUR"):
        read(content, "x.json")
    history = read(content, "x.json", corrections=Corrections(only="ETH"))
    np.testing.assert_allclose(history.candles, HOURS * 2)
    assert (history.coin, history.quote) == ("ETH", "EUR")


def test_a_frame_of_several_series() -> None:
    both = mixed("k", "a", "b", "near", "interleaved")
    with pytest.raises(InvalidInput, match="'a' and 'b'"):
        frames.read(both, coin="BTC")
    history = frames.read(both, coin="BTC", only="b")
    np.testing.assert_allclose(history.candles, OTHERS["near"])
    wide = pd.concat({"BTC-EUR": HOURS, "ETH-USD": HOURS * 2}, axis=1)
    assert frames.read(wide, coin="BTC", only="BTC").quote == "EUR"
    np.testing.assert_allclose(frames.read(wide, coin="ETH", only="ETH").candles, HOURS * 2)


# ---------------------------------------------------------------------------- as reported


@pytest.mark.parametrize(
    ("name", "only", "rows", "first"),
    [
        ("asset_id_interleaved.csv", "3", 36, 0.5),
        ("asset_id_one_after_the_other.csv", "13", 36, 0.52),
    ],
)
def test_reported_columns_of_coins(data_folder, name: str, only: str, rows: int, first: float):
    path = data_folder / "reports" / "coin_column_of_another_name" / name
    with pytest.raises(SeveralSeries, match="'13' and "):
        read(path, name)
    history = read(path, name, corrections=Corrections(only=only))
    assert (len(history), history.candles["open"].iloc[0]) == (rows, first)


def test_reported_symbols_of_other_scripts(data_folder) -> None:
    path = data_folder / "reports" / "symbols_of_other_scripts" / "chinese.csv"
    with pytest.raises(SeveralSeries, match="'币安人生USDT' and '我踏马来了USDT'"):
        read(path, path.name)
    history = read(path, path.name, corrections=Corrections(only="我踏马来了"))
    assert (history.coin, history.quote, len(history)) == ("我踏马来了", "USD", 36)


def series_records(*symbols: str, quote: str | None = None) -> list[dict[str, object]]:
    """A list of series, each with a symbol and rows of its own."""
    text = {} if quote is None else {"quote": quote}
    return [
        {
            "symbol": symbol,
            **text,
            "candles": [
                {"time": 1_700_000_400 + 3600 * i, "open": p, "high": p, "low": p, "close": p}
                for i in range(30)
                for p in [100.0 * (place + 1) + i]
            ],
        }
        for place, symbol in enumerate(symbols)
    ]


def test_a_list_of_series_has_each_by_its_symbol() -> None:
    content = json.dumps(series_records("BTC", "ETH", "SOL")).encode()
    with pytest.raises(SeveralSeries, match="3 lists of rows, BTC, ETH, SOL") as raised:
        read(content, "prices.json")
    assert list(raised.value.names) == ["BTC", "ETH", "SOL"]
    history = read(content, "prices.json", corrections=Corrections(only="ETH"))
    assert (history.coin, len(history), history.candles["close"].iloc[0]) == ("ETH", 30, 200.0)
    with pytest.raises(SeveralSeries, match="must be in the file: 'BTC', 'ETH', 'SOL'"):
        read(content, "prices.json", corrections=Corrections(only="XRP"))


def test_a_list_of_series_keeps_their_quote_and_two_of_one_symbol() -> None:
    content = json.dumps(series_records("BTC", "ETH", quote="EUR")).encode()
    history = read(content, "prices.json", corrections=Corrections(only="BTC"))
    assert (history.coin, history.quote) == ("BTC", "EUR")
    content = json.dumps(series_records("BTC", "BTC")).encode()
    with pytest.raises(SeveralSeries) as raised:
        read(content, "prices.json")
    assert list(raised.value.names) == ["BTC", "BTC (series 2)"]


def test_a_list_of_one_series_needs_no_choice() -> None:
    history = read(json.dumps(series_records("ETH")).encode(), "prices.json")
    assert (history.coin, len(history)) == ("ETH", 30)
