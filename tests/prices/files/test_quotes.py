"""The currency of prices, wherever a file marks it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoforecast.errors import InvalidInput, SeveralSeries, UnreadableFile
from cryptoforecast.prices import frames
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.price_file import read
from tests.prices.files import samples

HOURS = samples.candles("1h", 30)
PRICES = ["open", "high", "low", "close"]
ROWS = HOURS.reset_index().assign(time=HOURS.index.strftime("%Y-%m-%d %H:%M"))

Marked = tuple[pd.DataFrame, str]


def csv(frame: pd.DataFrame) -> bytes:
    content: bytes = frame.to_csv(index=False).encode()
    return content


def in_header(form: str) -> Callable[[str], Marked]:
    return lambda quote: (
        ROWS.rename(columns={name: form.format(name, quote) for name in PRICES}),
        "x.csv",
    )


def in_cells(form: str) -> Callable[[str], Marked]:
    return lambda quote: (
        ROWS.assign(**{name: [form.format(v, quote) for v in ROWS[name]] for name in PRICES}),
        "x.csv",
    )


def in_column(name: str, form: str) -> Callable[[str], Marked]:
    return lambda quote: (ROWS.assign(**{name: form.format(quote)}), "x.csv")


def in_name(form: str) -> Callable[[str], Marked]:
    return lambda quote: (ROWS, form.format(quote))


MARKS: dict[str, Callable[[str], Marked]] = {
    **{form: in_header(form) for form in (
        "{} ({})", "{}_{}", "{} {}", "{}{}", "{1} {0}", "{} [{}]", "{} in {}", "price_{}.{}")},
    **{f"cells {form}": in_cells(form) for form in ("{} {}", "{1} {0}", "{:.1f}{}")},
    **{f"symbol {form}": in_column("symbol", form) for form in (
        "BTC/{}", "BTC-{}", "BTC{}", "btc_{}")},
    "column quote": in_column("quote", "{}"),
    "column currency": in_column("currency", "{}"),
    **{f"name {form}": in_name(form) for form in (
        "BTC-{}.csv", "BTC_{}-1h.csv", "btc{}_1d.csv", "bitcoin_{}.csv")},
}  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(quote=st.sampled_from(["EUR", "KRW", "GBP", "JPY", "USD"]), mark=st.sampled_from([*MARKS]))
def test_a_currency_is_found_however_it_is_marked(quote: str, mark: str) -> None:
    for spelling in (quote, quote.lower()):
        frame, name = MARKS[mark](spelling)
        history = read(csv(frame), name)
        assert history.quote == quote
        assert history.quality.decisions["currency"].startswith(quote)
        np.testing.assert_allclose(history.candles[PRICES], HOURS[PRICES], rtol=1e-4)


@pytest.mark.parametrize(
    ("word", "quote"),
    [
        ("Euro", "EUR"), ("US Dollars", "USD"), ("US$", "USD"), ("원", "KRW"), ("Yen", "JPY"),
        ("人民币", "CNY"), ("BTC/EUR", "EUR"), ("BTC-KRW", "KRW"), ("руб.", "RUB"),
    ],
)  # fmt: skip
def test_words_in_brackets(word: str, quote: str) -> None:
    frame, name = in_header("{} ({})")(word)
    history = read(csv(frame), name)
    assert (history.coin, history.quote) == ("BTC" if "BTC" in word else "UNKNOWN", quote)


@pytest.mark.parametrize(
    ("sign", "quote"), [("€", "EUR"), ("£", "GBP"), ("₩", "KRW"), ("$", "USD"), ("R$", "BRL")]
)
def test_signs(sign: str, quote: str) -> None:
    for form in ("{1}{0}", "{0} {1}", "{1} {0}"):
        for mark in (in_header("{} ({})"), in_cells(form)):
            frame, name = mark(sign)
            assert read(csv(frame), name).quote == quote


@pytest.mark.parametrize("form", ["{} (sats)", "{} [mBTC]", "{}_satoshi", "{} (Cents)"])
def test_parts_of_a_currency_are_refused_whatever_the_user_says(form: str) -> None:
    content = csv(ROWS.rename(columns={name: form.format(name) for name in PRICES}))
    for quote in (None, "BTC"):
        with pytest.raises(UnreadableFile, match="must be in a whole currency"):
            read(content, "x.csv", corrections=Corrections(quote=quote))


def test_a_sign_of_two_currencies_needs_a_word() -> None:
    frame, name = in_cells("{1}{0}")("¥")
    with pytest.raises(UnreadableFile, match=r"¥, which is JPY or CNY.*--quote"):
        read(csv(frame), name)
    assert read(csv(frame), name, corrections=Corrections(quote="jpy")).quote == "JPY"
    assert read(csv(frame.assign(symbol="BTC/CNY")), name).quote == "CNY"


def test_coins_that_others_are_quoted_in() -> None:
    history = read(csv(ROWS.assign(symbol="ETH/BTC")), "x.csv")
    assert (history.coin, history.quote) == ("ETH", "BTC")
    history = read(csv(ROWS), "ETH_BTC-1h.csv")
    assert (history.coin, history.quote) == ("ETH", "BTC")
    bitcoin = ROWS.rename(columns={name: f"{name} (BTC)" for name in PRICES})
    assert read(csv(bitcoin), "ETH.csv").quote == "BTC"
    # No price of bitcoin is in bitcoin: the header says what the prices are of.
    assert read(csv(bitcoin), "bitcoin.csv").quote == "USD"


@pytest.mark.parametrize(
    ("header", "symbol", "name"),
    [("EUR", "BTC/USD", "x.csv"), ("EUR", None, "BTCUSDT.csv"), ("", "BTC-EUR", "BTC-KRW.csv")],
)
def test_marks_that_contradict_each_other(header: str, symbol: str | None, name: str) -> None:
    frame = in_header("{} ({})")(header)[0] if header else ROWS
    content = csv(frame if symbol is None else frame.assign(symbol=symbol))
    with pytest.raises(UnreadableFile, match=r"one currency\. Received: .*EUR"):
        read(content, name)
    history = read(content, name, corrections=Corrections(quote="EUR"))
    assert history.quote == "EUR"
    assert history.quality.decisions["currency"].startswith("EUR (as you say")
    assert read(content, name, coin="BTC-EUR").quote == "EUR"


def test_what_the_user_says_is_checked_and_wins() -> None:
    with pytest.raises(InvalidInput, match=r"such as USD, EUR, KRW or BTC\. Received: 'XYZ'"):
        Corrections(quote="XYZ")
    assert Corrections(quote="usdt").quote == "USD"
    assert read(csv(ROWS), "BTCUSDT.csv", corrections=Corrections(quote="EUR")).quote == "EUR"
    assert read(csv(ROWS), "x.csv", coin="BTC/KRW").quote == "KRW"
    assert read(csv(ROWS), "x.csv").quote == "USD"


def test_a_currency_that_nothing_names_is_assumed_and_said() -> None:
    decisions = read(csv(ROWS), "x.csv").quality.decisions
    assert decisions["currency"].startswith("USD, because the file names none; say another (")
    assert "--quote CODE" in decisions["currency"]
    bitcoin = ROWS.rename(columns={name: f"{name} (BTC)" for name in PRICES})
    # "(BTC)" says what the prices of bitcoin are of, not what they are in.
    decisions = read(csv(bitcoin), "bitcoin.csv").quality.decisions
    assert decisions["currency"].startswith("USD, because")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_currency_that_is_not_there_is_refused_with_those_that_are(kind: str) -> None:
    both = [ROWS[PRICES].add_suffix(f" ({quote})") for quote in ("CNY", "USD")]
    frame = pd.concat([ROWS.drop(columns=PRICES), *both], axis=1)
    content = csv(frame) if kind == "csv" else frame.to_parquet()
    with pytest.raises(SeveralSeries, match=r"in the file: 'CNY', 'USD'\. Received: 'EUR'"):
        read(content, f"x.{kind}", corrections=Corrections(only="EUR"))
    with pytest.raises(SeveralSeries, match=r"prices in CNY, USD\. Received: EUR"):
        read(content, f"x.{kind}", corrections=Corrections(quote="EUR"))
    assert read(content, f"x.{kind}", corrections=Corrections(only="CNY")).quote == "CNY"


def test_a_currency_alone_is_no_coin() -> None:
    for name in ("prices_in_eur.csv", "eur.csv"):
        history = read(csv(ROWS), name)
        assert (history.coin, history.quote) == ("UNKNOWN", "EUR")


def test_a_long_file_that_is_merged_says_its_currency_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cryptoforecast.prices.files.readers.blocks.BLOCK_BYTES", 500)
    minutes = samples.candles("1m", 600)
    content = minutes.rename(columns=lambda name: f"{name} (EUR)").to_csv().encode()
    assert read(content, "x.csv", interval="1h").quote == "EUR"
    content = minutes.assign(symbol="BTC-KRW").to_csv().encode()
    history = read(content, "x.csv", interval="1h")
    assert (history.coin, history.quote) == ("BTC", "KRW")


def test_a_frame() -> None:
    for frame in (HOURS.rename(columns=lambda name: f"{name}_eur"), HOURS.assign(symbol="BTC-EUR")):
        assert frames.read(frame, coin="BTC").quote == "EUR"
    assert frames.read(HOURS, coin="BTC-KRW").quote == "KRW"
    assert frames.read(HOURS, coin="BTC", quote="EUR").quote == "EUR"


# ---------------------------------------------------------------------------- documents


def test_what_a_document_says_outside_its_rows() -> None:
    rows = [{"t": int(t.timestamp()), **dict(zip("ohlcv", row, strict=True))}
            for t, row in zip(HOURS.index, HOURS.to_numpy().tolist(), strict=True)]  # fmt: skip
    for document in (
        {"ticker": "X:BTCEUR", "status": "OK", "results": rows},
        {"meta": {"symbol": "BTC-EUR", "currency": "EUR"}, "values": rows},
        {"result": {"XXBTZEUR": rows, "last": 1}},
    ):
        history = read(json.dumps(document).encode(), "x.json")
        assert (history.coin, history.quote) == ("BTC", "EUR")


def test_upbit() -> None:
    rows = [
        {"market": "KRW-BTC", "candle_date_time_utc": f"{t:%Y-%m-%dT%H:%M:%S}",
         "candle_date_time_kst": f"{t + pd.Timedelta(hours=9):%Y-%m-%dT%H:%M:%S}",
         "opening_price": row[0], "high_price": row[1], "low_price": row[2], "trade_price": row[3],
         "timestamp": int(t.timestamp() * 1000) + 3_599_123, "candle_acc_trade_price": row[3] * 9,
         "candle_acc_trade_volume": row[4], "unit": 60}
        for t, row in zip(HOURS.index, HOURS.to_numpy().tolist(), strict=True)
    ]  # fmt: skip
    for content in (json.dumps(rows[::-1]).encode(), csv(pd.DataFrame(rows))):
        history = read(content, "candles.json")
        pd.testing.assert_frame_equal(history.candles, HOURS, check_freq=False)
        assert (history.coin, history.quote, history.volume_unit) == ("BTC", "KRW", "coins")


def test_records_of_several_currencies_within_a_record() -> None:
    names = [*PRICES, "volume"]
    rows = [
        {"time": int(t.timestamp()), "quote": {
            quote: dict(zip(names, [price * n for price in row], strict=True))
            for quote, n in (("EUR", 2), ("USD", 1))}}
        for t, row in zip(HOURS.index, HOURS.to_numpy().tolist(), strict=True)
    ]  # fmt: skip
    content = json.dumps(rows).encode()
    history = read(content, "x.json")
    assert history.quote == "USD"
    assert history.quality.decisions["prices"] == "those in USD; left out: EUR"
    np.testing.assert_allclose(history.candles, HOURS)
    history = read(content, "x.json", corrections=Corrections(quote="EUR"))
    assert history.quote == "EUR"
    np.testing.assert_allclose(history.candles, HOURS * 2)


@pytest.mark.parametrize(
    ("words", "quote"),
    [
        ("in US-Dollar", "USD"), ("in US Dollars", "USD"), ("in Euro", "EUR"), ("euros", "EUR"),
        ("руб.", "RUB"), ("A$", "AUD"), ("(A$)", "AUD"), ("[HK$]", "HKD"), ("US$", "USD"),
        ("R$", "BRL"), ("(R$)", "BRL"), ("C$", "CAD"), ("in Yen", "JPY"), ("(bitcoin)", "BTC"),
    ],
)  # fmt: skip
def test_words_and_signs_after_a_name(words: str, quote: str) -> None:
    names = {name: f"{name.title()} {words}" for name in PRICES}
    history = read(csv(ROWS.rename(columns=names)), "x.csv")
    assert history.quote == quote
    np.testing.assert_allclose(history.candles, HOURS)


def test_prices_in_two_currencies_in_words() -> None:
    euros = ROWS.assign(**{f"{name} in Euro": ROWS[name] * 0.9 for name in PRICES})
    dollars = {name: f"{name} in US-Dollar" for name in PRICES}
    history = read(csv(euros.rename(columns=dollars)), "x.csv")
    assert history.quote == "USD"
    np.testing.assert_allclose(history.candles, HOURS)


@pytest.mark.parametrize(
    ("sign", "quote"),
    [("US$", "USD"), ("A$", "AUD"), ("HK$", "HKD"), ("C$ ", "CAD"), ("NT$", "TWD"), ("S$", "SGD")],
)
@pytest.mark.parametrize("form", ["{1}{0}", "{0} {1}"])
def test_dollars_of_other_states(form: str, sign: str, quote: str) -> None:
    frame, name = in_cells(form)(sign)
    history = read(csv(frame), name)
    assert history.quote == quote
    np.testing.assert_allclose(history.candles, HOURS)


def test_an_unknown_dollar_is_no_number() -> None:
    frame, name = in_cells("B${}")("")
    with pytest.raises(UnreadableFile, match="plain number"):
        read(csv(frame), name)


@pytest.mark.parametrize("name", ["quote", "quote_currency", "vs_currency", "asset_id_quote"])
def test_a_column_of_quotes_may_have_words_and_no_unknown_currency(name: str) -> None:
    for text, quote in {"euro": "EUR", "€": "EUR", "US Dollar": "USD", "krw": "KRW"}.items():
        assert read(csv(ROWS.assign(**{name: text})), "x.csv").quote == quote
    content = csv(ROWS.assign(**{name: "KZT"}))
    with pytest.raises(UnreadableFile, match=rf"known currency. Received: 'KZT' in .*'{name}'"):
        read(content, "x.csv")
    assert read(content, "x.csv", corrections=Corrections(quote="EUR")).quote == "EUR"
    history = read(csv(ROWS.assign(symbol="BTCUSDT", currency="Bitcoin")), "x.csv")
    assert (history.coin, history.quote) == ("BTC", "USD")


def test_alpha_vantage_names_coin_and_market() -> None:
    meta = {"2. Digital Currency Code": "ETH", "4. Market Code": "EUR", "7. Time Zone": "UTC"}
    series = {
        f"{time:%Y-%m-%d %H:%M}": {
            f"{i}. {name}": str(row[name]) for i, name in enumerate(HOURS, start=1)
        }
        for time, row in HOURS.iterrows()
    }
    content = json.dumps({"Meta Data": meta, "Time Series": series}).encode()
    history = read(content, "x.json")
    assert (history.coin, history.quote) == ("ETH", "EUR")
    np.testing.assert_allclose(history.candles, HOURS)


@pytest.mark.parametrize("name", ["time", "open_time", "Datetime"])
@pytest.mark.parametrize("epochs", ["unix", "unix_timestamp"])
def test_times_since_1970_are_surer_than_local_ones_beside_them(name: str, epochs: str) -> None:
    local = HOURS.index.tz_convert("Asia/Seoul").strftime("%Y-%m-%d %H:%M")
    seconds = [int(time.timestamp()) for time in HOURS.index]
    frame = ROWS.drop(columns="time").assign(**{epochs: seconds})
    frame.insert(0, name, local)
    for history in (read(csv(frame), "x.csv"), frames.read(frame, coin="BTC")):
        assert history.start == HOURS.index[0]


@pytest.mark.parametrize("pair", ["BTC-EUR", "ETH-BTC", "SOL-USD"])
@pytest.mark.parametrize("first", ["Price", "Ticker"])
def test_the_ticker_of_a_yfinance_table_names_coin_and_quote(pair: str, first: str) -> None:
    frame = HOURS.rename(columns=str.title)
    levels = [frame.columns, [pair]] if first == "Price" else [[pair], frame.columns]
    order = ["Price", "Ticker"] if first == "Price" else ["Ticker", "Price"]
    frame.columns = pd.MultiIndex.from_product(levels, names=order)
    frame.index.name = "Date"
    coin, quote = pair.split("-")
    history = read(frame.to_csv().encode(), "data.csv")
    assert (history.coin, history.quote) == (coin, quote)
    np.testing.assert_allclose(history.candles, HOURS)
    assert frames.read(frame, coin=coin).quote == quote
    with pytest.raises(UnreadableFile, match="KRW"):
        read(frame.to_csv().encode(), f"{coin}-KRW.csv")


def test_a_word_above_or_below_the_names_is_no_ticker() -> None:
    for word in ("prices", "float64", "USD"):
        names, rows = csv(ROWS).split(b"\n", 1)
        line = f",{','.join([word] * 5)}\n".encode()
        for content in (line + names + b"\n" + rows, names + b"\n" + line + rows):
            history = read(content, "data.csv")
            assert (history.coin, history.quote) == ("UNKNOWN", "USD")
            assert len(history.candles) == len(HOURS)


@pytest.mark.parametrize(
    ("name", "coin", "quote"),
    [
        ("prices_in_another_currency/BTC-EUR.csv", "BTC", "EUR"),
        ("prices_in_another_currency/ETH_BTC-1h.csv", "ETH", "BTC"),
        ("prices_in_another_currency/header_says_eur.csv", "UNKNOWN", "EUR"),
        ("coin_named_like_another/bitcoin_cash.csv", "BCH", "USD"),
        ("coin_named_like_another/name_column.csv", "BCH", "USD"),
    ],
)
def test_reported_files(data_folder, name: str, coin: str, quote: str) -> None:
    path = data_folder / "reports" / name
    history = read(path, path.name)
    assert (history.coin, history.quote) == (coin, quote)


@pytest.mark.parametrize("form", ["open_btc", "btc_open", "open btc", "Open (BTC)"])
@pytest.mark.parametrize(
    ("name", "coin", "quote"),
    [("ETH-1h.csv", "ETH", "BTC"), ("BTC-1h.csv", "BTC", "USD"), ("WIF_BTC_1h.csv", "WIF", "BTC")],
)
def test_a_coin_in_the_header_is_what_another_coins_prices_are_in(
    form: str, name: str, coin: str, quote: str
) -> None:
    words = {word: re.sub("open", word, form, flags=re.IGNORECASE) for word in PRICES}
    rows = [
        ",".join(map(str, (1_700_000_400 + 3600 * i, 1 + i, 2 + i, 1 + i, 2 + i)))
        for i in range(30)
    ]
    content = "\n".join([",".join(("time", *words.values())), *rows]).encode()
    history = read(content, name)
    assert (history.coin, history.quote) == (coin, quote)
    with pytest.raises(UnreadableFile, match="Received: USD in the file's name, and BTC"):
        read(content, "ETH-USD_1h.csv")
