"""One column of several: its prices never depend on the order of the columns."""

from __future__ import annotations

import io
import json
import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices import frames
from cryptoforecast.prices.files.columns.dialects import Meaning, meaning
from cryptoforecast.prices.files.columns.roles import roles_by_name
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.price_file import read
from tests.prices.files import samples

HOURS = samples.candles("1h", 24)
PRICES = ["open", "high", "low", "close"]
SECONDS = HOURS.index.as_unit("s").asi8
ROWS = HOURS.reset_index().assign(time=HOURS.index.strftime("%Y-%m-%d %H:%M"))


def csv(frame: pd.DataFrame, mark: str = ",") -> bytes:
    content: bytes = frame.to_csv(index=False, sep=mark).encode()
    return content


def klines() -> pd.DataFrame:
    """What a recorder of an exchange's stream writes."""
    few = {"s": "BTCUSDT", "i": "1h", "x": True, "q": 2.5, "V": 1.5, "Q": 3, "B": 0}
    numbers = {"f": range(24), "L": range(500, 524), "T": SECONDS + 3_599, "t": SECONDS}
    prices = {name[0]: HOURS[name].to_numpy() for name in HOURS}
    return pd.DataFrame({**numbers, **prices}).assign(**few)


def beside(other: float) -> pd.DataFrame:
    """Dollars, and another currency at ``other`` times their price."""
    dollars = ROWS.rename(columns={name: f"{name} (USD)" for name in PRICES})
    foreign = ROWS[PRICES].mul(other).add_suffix(" (CNY)")
    return pd.concat([foreign, dollars], axis=1)


FILES = {
    "plain": ROWS,
    "capitals": ROWS.rename(columns=str.title).assign(closes=1.5),
    "stream": klines(),
    "currencies": beside(7.2),
    "volumes": ROWS.drop(columns="volume").assign(
        **{"Volume USDT": 5.5, "Volume BTC": ROWS["volume"], "Volume (EUR)": 9.5}
    ),
    "no volume": ROWS.drop(columns="volume").assign(VOL=0, TICKVOL=ROWS["volume"]),
    "sides": pd.concat([ROWS, ROWS[PRICES].add_suffix("_bid")], axis=1),
}


@settings(deadline=None, max_examples=40)
@given(
    name=st.sampled_from([*FILES]),
    order=st.randoms(use_true_random=False),
    doubled=st.integers(0, 30),
    mark=st.sampled_from(",;\t|"),
)
def test_the_order_of_columns_and_doubles_change_nothing(
    name: str, order: random.Random, doubled: int, mark: str
) -> None:
    frame = FILES[name]
    twice = list(frame)[doubled % len(frame.columns)]
    columns = [*frame, twice, twice][: len(frame.columns) + doubled % 3]
    order.shuffle(columns)
    history = read(csv(frame[columns], mark), "x.csv")
    pd.testing.assert_frame_equal(history.candles, HOURS, check_freq=False)


@settings(deadline=None, max_examples=40)
@given(name=st.sampled_from([*FILES]), order=st.randoms(use_true_random=False))
def test_nor_in_json_parquet_or_a_frame(name: str, order: random.Random) -> None:
    columns = [*FILES[name]]
    order.shuffle(columns)
    frame = FILES[name][columns]
    content = json.dumps(frame.to_dict("records")).encode()
    packed = io.BytesIO()
    frame.to_parquet(packed)
    candles = read(packed.getvalue(), "x").candles
    pd.testing.assert_frame_equal(candles, HOURS, check_freq=False)
    pd.testing.assert_frame_equal(read(content, "x").candles, HOURS, check_freq=False)
    pd.testing.assert_frame_equal(frames.read(frame, coin="X").candles, HOURS, check_freq=False)


@pytest.mark.parametrize("name", ["time", *PRICES, "volume"])
def test_columns_of_one_name_with_other_values_are_refused(name: str) -> None:
    later = ROWS[name].iloc[::-1].to_numpy()
    doubled = pd.concat([ROWS, pd.DataFrame({f" {name}": later})], axis=1)
    expected = rf"'{name}' and '{name} \(column 7\)', which differ \(line 2\).*--columns {name}="
    with pytest.raises(UnreadableFile, match=expected):
        read(csv(doubled), "x.csv")
    corrections = Corrections(columns={name: name})
    history = read(csv(doubled), "x.csv", corrections=corrections)
    assert history.candles["close"].tolist() == HOURS["close"].tolist()


@pytest.mark.parametrize("form", ["[{}]", '{{"data": [{}]}}', "lines"])
def test_names_that_a_record_has_twice(form: str) -> None:
    for other in (0, 5):
        rows = [
            json.dumps(row)[:-1] + f', "close": {row["close"] + other}}}'
            for row in ROWS.to_dict("records")
        ]
        content = "\n".join(rows) if form == "lines" else form.format(", ".join(rows))
        if other:
            with pytest.raises(UnreadableFile, match="'close' twice in a record"):
                read(content.encode(), "x.json")
            continue
        candles = read(content.encode(), "x.json").candles
        pd.testing.assert_frame_equal(candles, HOURS, check_freq=False)


def test_a_column_that_is_empty_or_of_words_has_no_say() -> None:
    for values in (np.nan, "n.a."):
        frame = ROWS.assign(Open=values).rename(columns={"Open": "OPEN", "open": "Open"})
        for columns in ([*frame], [*frame][::-1]):
            candles = read(csv(frame[columns]), "x.csv").candles
            pd.testing.assert_frame_equal(candles, HOURS, check_freq=False)


def test_prices_without_a_currency_must_be_those_of_one_beside_them() -> None:
    same = pd.concat([ROWS, ROWS[PRICES].add_suffix(" (EUR)")], axis=1)
    assert read(csv(same), "x.csv").quote == "EUR"
    other = pd.concat([ROWS, ROWS[PRICES].mul(1.1).add_suffix(" (EUR)")], axis=1)
    with pytest.raises(UnreadableFile, match=r"'open' and 'open \(EUR\)', which differ"):
        read(csv(other), "x.csv")


@pytest.mark.parametrize("form", ["{} ({})", "{}_{}", "{1} {0}", "{}{}"])
def test_dollars_are_taken_of_several_currencies_unless_the_user_says(form: str) -> None:
    frame = beside(7.2).rename(columns=lambda name: _in_form(name, form))
    history = read(csv(frame), "btc.csv")
    assert history.quality.decisions["prices"] == "those in USD; left out: CNY"
    np.testing.assert_allclose(history.candles, HOURS)
    history = read(csv(frame), "btc.csv", corrections=Corrections(quote="CNY"))
    np.testing.assert_allclose(history.candles[PRICES], HOURS[PRICES] * 7.2)
    euros = frame.rename(columns=lambda name: name.replace("USD", "EUR"))
    with pytest.raises(UnreadableFile, match=r"CNY.*and.*EUR.*several prices side by side"):
        read(csv(euros), "btc.csv")


def test_a_dollar_coin_is_taken_for_dollars_where_no_column_says_dollars() -> None:
    frame = beside(7.2).rename(columns=lambda name: name.replace("USD", "USDT"))
    history = read(csv(frame), "btc.csv")
    assert history.quality.decisions["prices"] == "those in USDT; left out: CNY"
    np.testing.assert_allclose(history.candles, HOURS)


def test_the_columns_that_the_user_gives_are_taken() -> None:
    frame = beside(7.2).rename(columns=lambda name: name.replace("USD", "EUR"))
    for columns in (
        {name: f"{name} (EUR)" for name in PRICES},
        {name: f"column {i + 6}" for i, name in enumerate(PRICES)},
        {"close": "close (EUR)"},
    ):
        history = read(csv(frame), "btc.csv", corrections=Corrections(columns=columns))
        pd.testing.assert_frame_equal(history.candles, HOURS, check_freq=False)
        assert history.quote == "EUR"


def _in_form(name: str, form: str) -> str:
    price, _, currency = name.partition(" (")
    return form.format(price, currency[:-1]) if currency else name


@pytest.mark.parametrize("name", ["a _" * 20_000, "(" * 60_000, "open " * 12_000, "/" * 60_000])
def test_a_long_name_says_nothing_and_costs_little(name: str) -> None:
    assert meaning(name).label == ""


def test_the_case_tells_names_apart_and_otherwise_nothing_does() -> None:
    history = read(csv(klines()), "x.csv")
    assert (history.coin, history.quote) == ("BTC", "USD")
    assert roles_by_name([*klines()])["low"] == "l"
    capitals = ["T", "O", "H", "L", "C", "V", "l", "t"]
    roles = roles_by_name(capitals)
    assert [roles[role] for role in ("time", "low", "volume")] == ["T", "L", "V"]
    roles = roles_by_name(["Time", "Open", "High", "Low", "Close", "CLOSE"])
    assert (roles["close"], "close 2" in roles) == ("Close", False)
    roles = roles_by_name(["time", "open", "high", "low", "Close", "CLOSE"])
    assert roles["close 2"] == "CLOSE"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Open (EUR)", ("open", "EUR")), ("close_usdt", ("close", "USDT")),
        ("closeUsd", ("close", "USD")), ("Bid High", ("high", "bid")), ("o.ask", ("o", "ask")),
        ("Close €", ("close", "EUR")), ("Low [R$]", ("low", "BRL")),
        ("price_krw", ("price", "KRW")),
        ("Datum/Date", ("date", "")), ("开盘 Open", ("open", "")), ("Open开盘价", ("open", "")),
        ("Дата / Date", ("date", "")), ("High/Low", ("highlow", "")), ("lowest", ("lowest", "")),
        ("Price Change", ("pricechange", "")), ("open (USD) (column 6)", ("open", "USD")),
        ("Volume EUR", ("volumeeur", "")), ("<DTYYYYMMDD>", ("dtyyyymmdd", "")),
        ("Latest", ("latest", "")), ("Close_BTC", ("closebtc", "")),
    ],
)  # fmt: skip
def test_what_a_name_says(name: str, expected: tuple[str, str]) -> None:
    assert meaning(name) == Meaning(*expected)


# ---------------------------------------------------------------------------- late headers


NAMES = b"open_time,open,high,low,close,volume,close_time,quote_volume,count,a,b,ignore"


@pytest.mark.parametrize("at", [1, 20, 47, 60, 99])
@pytest.mark.parametrize("times", [1, 2])
def test_rows_above_the_names_are_read_too(at: int, times: int) -> None:
    hours = samples.candles("1h", 100)
    lines = samples.binance(hours).splitlines()
    for _ in range(times):
        lines.insert(at, NAMES)
    candles = read(b"\n".join(lines), "x.csv").candles
    pd.testing.assert_frame_equal(candles, hours, check_freq=False)


@pytest.mark.parametrize("at", [1, 60])
def test_names_that_do_not_fit_the_rows_above_them_are_refused(at: int) -> None:
    lines = samples.binance(samples.candles("1h", 100)).splitlines()
    lines.insert(at, NAMES.replace(b"high,low", b"low,high"))
    with pytest.raises(UnreadableFile, match=f"line {at + 1}"):
        read(b"\n".join(lines), "x.csv")


def test_rows_above_the_names_that_lack_a_column_are_refused() -> None:
    lines = samples.kraken(samples.candles("1h", 60)).decode().splitlines()
    short = [line.rsplit(",", 1)[0] for line in lines[:10]]
    names = "time,open,high,low,close,volume,trades"
    with pytest.raises(UnreadableFile, match=r"names in line 11, .* \(line 10\)"):
        read("\n".join([*short, names, *lines[10:]]).encode(), "x.csv")


@pytest.mark.parametrize("above", ["0,1,2,3,4,5,6", "2024-01-01,2024-12-31", "BTC,60,1", "1,2,3"])
def test_numbers_above_the_names_may_be_a_title(above: str) -> None:
    lines = samples.kraken(HOURS).decode()
    content = f"{above}\ntime,open,high,low,close,volume,trades\n{lines}"
    assert len(read(content.encode(), "x.csv")) == len(HOURS)


def test_trades_above_their_names() -> None:
    seconds = 1_709_251_200 + np.cumsum(np.random.default_rng(3).integers(1, 40, 600))
    lines = [f"{second},{27_000 + second % 7},0.5" for second in seconds]
    named = read("\n".join(["time,price,amount", *lines]).encode(), "x.csv")
    late = read("\n".join([*lines[:9], "time,price,amount", *lines[9:]]).encode(), "x.csv")
    pd.testing.assert_frame_equal(late.candles, named.candles)


# ---------------------------------------------------------------------------- as reported


@pytest.mark.parametrize(
    ("name", "rows", "first", "columns"),
    [
        ("two_currencies_side_by_side/btc_cny.csv", 60, 26_917.71, "open (USD)"),
        ("two_currencies_side_by_side/usd_twice.csv", 60, 26_917.71, "open (USD)"),
        ("names_that_differ_in_case/stream_klines.csv", 48, 26_992.51, "low=l,"),
        ("header_below_the_first_rows/april_without_may_with.csv", 61, 26_866.82, "low=low"),
        ("metatrader5_zero_volume/BTCUSD_H1.csv", 48, 26_992.51, "volume=<TICKVOL>"),
    ],
)
def test_reported_files(data_folder, name: str, rows: int, first: float, columns: str) -> None:
    path = data_folder / "reports" / name
    history = read(path, path.name)
    assert (len(history), history.candles["low"].iloc[0]) == (rows, first)
    assert columns in history.quality.decisions["columns"]
