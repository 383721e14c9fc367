"""DataFrames as data scientists have them: one set of candles, whatever its shape."""

from __future__ import annotations

import decimal
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.prices import frames
from cryptoforecast.prices.files import price_file, writing
from cryptoforecast.types import PriceHistory
from tests import synthetic

ROWS = 80
HISTORY = synthetic.history(ROWS)
CANDLES = HISTORY.candles


def read(frame: object, **options: object) -> PriceHistory:
    return frames.read(frame, **{"coin": "BTC", **options})  # type: ignore[arg-type]


def of_ether(kind: str) -> pd.DataFrame:
    if kind == "levels":
        frame = titled()
        frame.columns = pd.MultiIndex.from_product([frame.columns, ["ETH-USD"]])
        return frame
    if kind == "names":
        return CANDLES.rename(columns=lambda name: f"{name} ETHUSDT")
    return CANDLES.assign(symbol="ETH/USDT")


def titled(candles: pd.DataFrame = CANDLES) -> pd.DataFrame:
    return candles.rename(columns=str.capitalize)


def yfinance_history() -> pd.DataFrame:
    """What ``Ticker.history`` gives."""
    frame = titled().rename_axis("Datetime")
    frame.index = frame.index.as_unit("s").tz_convert("America/New_York")
    return frame.assign(Dividends=0.0, **{"Stock Splits": 0.0})


def yfinance_download(levels: tuple[str, str] = ("Price", "Ticker")) -> pd.DataFrame:
    """What ``download`` gives of one ticker."""
    frame = titled()[["Close", "High", "Low", "Open", "Volume"]]
    frame.columns = pd.MultiIndex.from_product([frame.columns, ["BTC-USD"]], names=levels)
    return frame if levels[0] == "Price" else frame.swaplevel(axis=1)


def ccxt_numbered() -> pd.DataFrame:
    return pd.DataFrame(ccxt_rows())


def ccxt_rows() -> list[list[float]]:
    times = CANDLES.index.as_unit("ms").asi8
    return [[int(time), *row] for time, row in zip(times, CANDLES.to_numpy(), strict=True)]


def ccxt_named() -> pd.DataFrame:
    return pd.DataFrame(
        ccxt_rows(), columns=["timestamp", "open", "high", "low", "close", "volume"]
    )


def binance() -> pd.DataFrame:
    """Twelve numbered columns, the prices as text."""
    rows = ccxt_rows()
    return pd.DataFrame(
        [
            [time, *map(repr, map(float, row)), time + 3_599_999, "1.5", 7, "1", "1", "0"]
            for time, *row in rows
        ]
    )


def exchange(unit: str) -> pd.DataFrame:
    frame = CANDLES.reset_index(drop=True)
    frame.insert(0, "open_time", CANDLES.index.as_unit(unit).asi8)
    return frame.assign(close_time=frame["open_time"] + 1, trades=5)


def times(make: Callable[[pd.DatetimeIndex], object], name: str = "Date") -> pd.DataFrame:
    frame = titled().reset_index(drop=True)
    frame.insert(0, name, make(CANDLES.index))
    return frame


SHAPES: dict[str, Callable[[], pd.DataFrame]] = {
    "our own": lambda: CANDLES,
    "history of yfinance": yfinance_history,
    "download of yfinance": yfinance_download,
    "download by ticker": lambda: yfinance_download(("Ticker", "Price")),
    "download, index reset": lambda: yfinance_download().rename_axis("Date").reset_index(),
    "download by ticker, index reset": lambda: (
        yfinance_download(("Ticker", "Price")).rename_axis("Date").reset_index()
    ),
    "rows of ccxt": ccxt_numbered,
    "rows of ccxt, newest first": lambda: ccxt_numbered().iloc[::-1],
    "rows of ccxt, indexed by time": lambda: pd.DataFrame(
        CANDLES.to_numpy(), index=CANDLES.index.tz_localize(None)
    ),
    "named rows of ccxt": ccxt_named,
    "indexed by milliseconds": lambda: ccxt_named().set_index("timestamp"),
    "rows of Binance": binance,
    "columns in capitals": lambda: ccxt_named().rename(columns=str.upper),
    **{
        f"exchange client, {unit}": lambda unit=unit: exchange(unit)
        for unit in ("s", "ms", "us", "ns")
    },
    "index of milliseconds without a name": lambda: (
        ccxt_named().set_index("timestamp").rename_axis(None)
    ),
    "epochs as floats": lambda: times(lambda index: index.as_unit("s").asi8.astype(float)),
    "text with Z": lambda: times(lambda index: index.strftime("%Y-%m-%dT%H:%M:%SZ")),
    "text without a zone": lambda: times(lambda index: index.strftime("%Y-%m-%d %H:%M:%S")),
    "text with offsets": lambda: times(
        lambda index: [each.isoformat() for each in index.tz_convert("Europe/Berlin")]
    ),
    "index of text": lambda: CANDLES.set_axis(CANDLES.index.strftime("%Y-%m-%d %H:%M")),
    "naive datetimes": lambda: times(lambda index: index.tz_localize(None)),
    "datetimes of Python": lambda: times(
        lambda index: pd.Series([each.to_pydatetime() for each in index], dtype=object)
    ),
    "datetimes under an odd name": lambda: times(lambda index: index, "wann"),
    "datetimes of Arrow": lambda: times(
        lambda index: pd.Series(index).astype("timestamp[us, tz=UTC][pyarrow]")
    ),
    "numbers of Arrow": lambda: CANDLES.astype("double[pyarrow]"),
    "nullable numbers": lambda: CANDLES.astype("Float64"),
    "decimals": lambda: CANDLES.map(lambda value: decimal.Decimal(repr(float(value)))),
    "text of numbers": lambda: CANDLES.map(lambda value: repr(float(value))),
    "periods": lambda: CANDLES.set_axis(CANDLES.index.tz_localize(None).to_period("h")),
    "indexed by symbol and time": lambda: pd.concat(
        {"BTC/USDT": CANDLES}, names=["symbol", "timestamp"]
    ),
    "other columns beside": lambda: CANDLES.assign(rsi=50.0, signal="hold", target=np.nan),
    "columns in another order": lambda: CANDLES[["volume", "close", "low", "high", "open"]],
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("order", ["as it is", "reversed", "shuffled"])
def test_candles_are_the_same_in_any_shape(shape: str, order: str) -> None:
    frame = SHAPES[shape]()
    rows = {
        "as it is": slice(None),
        "reversed": slice(None, None, -1),
        "shuffled": np.random.default_rng(0).permutation(ROWS),
    }[order]
    table = frame.iloc[rows]
    before = table.copy(deep=True)
    reading = read(table)
    pd.testing.assert_frame_equal(reading.candles, CANDLES, check_freq=False)
    assert reading.fingerprint == HISTORY.fingerprint
    assert reading.interval == "1h"
    pd.testing.assert_frame_equal(table, before)


def test_a_file_and_a_frame_of_the_same_candles_are_the_same(tmp_path) -> None:
    path = tmp_path / "BTCUSDT_1h.csv"
    writing.write(HISTORY, path)
    assert price_file.read(path, path.name).fingerprint == read(yfinance_history()).fingerprint


def test_unknown_and_negative_zero_volumes_have_one_fingerprint(tmp_path) -> None:
    candles = CANDLES.copy()
    candles.loc[candles.index[:2], "volume"] = [-np.nan, 0.0]
    same = candles.copy()
    same.loc[candles.index[:2], "volume"] = [-1.0, -0.0]  # a negative volume is taken as unknown
    assert read(candles).fingerprint == read(same).fingerprint


def test_what_is_not_in_the_candles_is_kept_beside_them() -> None:
    reading = read(CANDLES, coin="eth-usd", source="my exchange", simulated=True)
    assert (reading.coin, reading.source, reading.simulated) == ("ETH", "my exchange", True)
    assert reading.notes == ()
    assert pd.Timestamp.now("UTC") - reading.fetched_at < pd.Timedelta(minutes=1)
    assert not read(CANDLES).simulated
    assert read(CANDLES).source == "frame"


def test_a_frame_that_says_simulated_is_simulated() -> None:
    assert read(CANDLES.assign(source="simulated")).simulated


def test_the_unit_of_the_volume_is_known_of_yahoo_alone() -> None:
    assert read(yfinance_history()).volume_unit == "quote"
    assert read(CANDLES).volume_unit == "unknown"


def test_candles_are_merged_into_longer_ones_as_of_a_file(tmp_path) -> None:
    path = tmp_path / "BTCUSDT_1h.csv"
    writing.write(HISTORY, path)
    merged = price_file.read(path, path.name, interval="4h")
    reading = read(ccxt_named().iloc[::-1], interval="4h")
    assert reading.fingerprint == merged.fingerprint
    assert (reading.interval, len(reading)) == ("4h", ROWS // 4)


@pytest.mark.parametrize("name", ["close_time", "Close time"])
def test_times_that_are_called_closing_end_their_candles(name: str) -> None:
    ends = CANDLES.index + pd.Timedelta(hours=1)
    assert read(CANDLES.set_axis(ends.rename(name))).fingerprint == HISTORY.fingerprint
    column = CANDLES.reset_index(drop=True).assign(**{name: ends.as_unit("ms").asi8})
    assert read(column).fingerprint == HISTORY.fingerprint
    just_before = ends - pd.Timedelta(milliseconds=1)
    assert read(CANDLES.set_axis(just_before)).fingerprint == HISTORY.fingerprint


def test_the_candles_are_the_historys_own() -> None:
    table = CANDLES.copy()
    reading = read(table)
    table.iloc[:] = 1.0
    pd.testing.assert_frame_equal(reading.candles, CANDLES, check_freq=False)


def test_a_candle_that_is_still_open_is_left_out() -> None:
    now = pd.Timestamp.now("UTC").floor("h")
    index = pd.date_range(end=now, periods=ROWS, freq="h", unit="ns")
    reading = read(CANDLES.set_axis(index))
    assert len(reading) == ROWS - 1
    assert reading.end == now - pd.Timedelta(hours=1)
    assert reading.notes == (
        "The last candle was left out, still open when the DataFrame was read.",
    )
    with pytest.raises(NotEnoughData, match=f"Received: {ROWS} that close after"):
        read(CANDLES.set_axis(index + pd.Timedelta(days=40)))


def test_rows_without_a_price_are_left_out_and_reported() -> None:
    candles = CANDLES.copy()
    candles.iloc[5] = np.nan
    candles.iloc[7, 0] = np.nan
    reading = read(candles)
    assert len(reading) == ROWS - 2
    (problem,) = [one for one in reading.quality.problems if one.kind == "without a price"]
    assert (problem.count, problem.first_line) == (2, 5)


def test_repairs_are_done_and_noted() -> None:
    candles = CANDLES.copy()
    candles.iloc[40] *= 5
    reading = read(candles, repairs=["outliers"])
    assert len(reading) == ROWS - 1
    assert len(reading.notes) == 1


# ------------------------------------------------------------------ closes alone


@pytest.mark.parametrize(
    "frame",
    [
        titled()[["Close"]],
        titled()[["Close", "Volume"]],
        CANDLES[["close"]].rename(columns={"close": "price"}),
        CANDLES[["close"]].rename(columns={"close": "Adj Close"}),
        yfinance_download()[["Close"]],
    ],
    ids=["close", "with volume", "price", "adjusted", "download"],
)
def test_a_close_alone_stands_for_all_four_prices(frame: pd.DataFrame) -> None:
    reading = read(frame)
    for name in ("open", "high", "low", "close"):
        np.testing.assert_array_equal(reading.candles[name], CANDLES["close"])
    assert reading.candles["volume"].isna().all() == (frame.shape[1] == 1)
    assert reading.notes == (price_file.CLOSES_ALONE,)


def test_closes_that_are_merged_have_a_range() -> None:
    reading = read(CANDLES[["close"]], interval="4h")
    four = CANDLES["close"].to_numpy().reshape(-1, 4)
    np.testing.assert_array_equal(reading.candles["high"], four.max(axis=1))
    assert reading.notes == ()


def test_single_trades_are_made_into_candles() -> None:
    rng = np.random.default_rng(0)
    seconds = np.sort(rng.integers(0, 36_000, 5_000))
    index = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(seconds, unit="s")
    trades = pd.DataFrame({"price": rng.uniform(99, 101, 5_000), "amount": 1.0}, index=index)
    reading = read(trades, interval="1h")
    assert len(reading) == 9
    assert reading.candles["volume"].sum() == (seconds < 32_400).sum()
    assert (reading.candles["high"] > reading.candles["low"]).all()


# ------------------------------------------------------------------ refused


def changed(row: int, column: int, value: float) -> pd.DataFrame:
    frame = CANDLES.copy()
    frame.iloc[row, column] = value
    return frame


REFUSED = {
    "no frame": ([1, 2], "pandas DataFrame. Received: list. Make a DataFrame of it first."),
    "a series": (CANDLES["close"], r"Received: Series. Use series.to_frame\('close'\)"),
    "no rows": (CANDLES.iloc[:0], "Candles are needed. Received: 0 rows and 5 columns"),
    "one row": (CANDLES.iloc[:1], "at least 2 candles"),
    "zero": (changed(7, 3, 0.0), r"Prices must be above 0. Received: 0 as close \(row 7; 1 row"),
    "negative": (changed(7, 2, -1.0), "Received: -1 as low"),
    "infinite": (changed(7, 1, np.inf), "Received: inf as high"),
    "repeated": (
        pd.concat([CANDLES, CANDLES.iloc[3:5]]),
        r"must have a time of its own. Received: 2 rows whose time is there again \(row 3 is the "
        r"first\). Keep one of each, such as df\[~df.index.duplicated\(keep='last'\)\]",
    ),
    "repeated in a column": (
        pd.concat([ccxt_named(), ccxt_named().iloc[:1]], ignore_index=True),
        r"df.drop_duplicates\(subset=TIME, keep='last'\)",
    ),
    "no times": (
        CANDLES.reset_index(drop=True),
        r"Missing: time\. Received: open, high, low, close, volume\. Make the times at which",
    ),
    "a close without times": (
        CANDLES[["close"]].reset_index(drop=True),
        r"Missing: time\. Received: close\. Make the times",
    ),
    "no close": (CANDLES[["open", "high", "low"]], "Missing: close. Received: time, open"),
    "no range": (CANDLES[["open", "close"]], "Missing: high, low. Received: time, open, close"),
    "nothing known": (CANDLES.rename(columns={"close": "settled"})[["settled"]], "Missing: close"),
    "several tickers": (
        pd.concat({"BTC-USD": titled(), "ETH-USD": titled()}, axis=1),
        r"Received: BTC-USD, ETH-USD side by side. Choose one, such as df.xs\('BTC-USD', axis=1, "
        r"level=0\)",
    ),
    "several symbols": (
        pd.concat({"BTC": CANDLES, "ETH": CANDLES}, names=["symbol", "time"]),
        "must hold one coin. Received: 'BTC' and 'ETH'",
    ),
    "two closes": (
        pd.concat([CANDLES, CANDLES[["close"]] + 1], axis=1),
        r"Each column must be there once. Received: 'close' and 'close \(column 6\)', which differ",
    ),
    "levels without prices": (
        pd.concat({"a": CANDLES.set_axis(list("vwxyz"), axis=1)}, axis=1),
        "Missing: time, close. Received: a v, a w, a x",
    ),
    "numbers of no shape": (pd.DataFrame(np.ones((9, 3, )) * [1.7e12, 5, np.nan]), "shape"),
    "complex numbers": (
        CANDLES.assign(close=CANDLES["close"] * 1j),
        "Columns must hold numbers, text or times. Received: complex128 in column 'close'",
    ),
    "numbered complex numbers": (ccxt_numbered() * (1 + 0j), "Received: complex128 in column 0"),
    "no numbers": (pd.DataFrame([["a", "b"], ["c", "d"]]), "shape"),
    "swapped columns": (
        CANDLES.rename(columns={"high": "low", "low": "high"}),
        "Open and close must lie between low and high",
    ),
    "times that can't be": (CANDLES.set_axis(np.arange(ROWS) + 7), "since 1970"),
    "an odd spacing": (CANDLES.set_axis(CANDLES.index[0] + 7 * (CANDLES.index - CANDLES.index[0])),
                       "Candles must be 1m, 5m"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_refused_with_the_reason(case: str) -> None:
    frame, reason = REFUSED[case]
    with pytest.raises(InvalidInput, match=reason):
        read(frame)


@pytest.mark.parametrize(
    ("case", "rule", "remedy"),
    [
        ("repeated", "Each candle must have a time of its own", "Keep one of each."),
        ("no times", "A series of prices needs times and the columns open, high", "Add them."),
        ("no close", "A series of prices needs times and the columns open, high", "Add them."),
        ("levels without prices", "A series of prices needs times and the columns", "Add them."),
        ("several tickers", "A series must hold one coin", "Choose one."),
    ],
)
def test_a_refusal_calls_the_frame_what_its_sender_does(case: str, rule: str, remedy: str) -> None:
    """A program that sends JSON knows neither a DataFrame nor pandas."""
    with pytest.raises(InvalidInput) as raised:
        read(REFUSED[case][0], noun="series")
    message = str(raised.value)
    assert message.startswith(f"The series can't be read. {rule}")
    assert message.endswith(remedy)
    assert "DataFrame" not in message


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"coin": "<b>"}, "a ticker, a name or a pair such as BTC-EUR"),
        ({"interval": "3h"}, "The interval must be one of"),
        ({"interval": "15m"}, "only be merged into longer ones"),
        ({"repairs": ["magic"]}, "magic"),
        ({"source": ""}, "`source` must be a text of 1 to 120 characters. Received: ''"),
        ({"source": 5}, "Received: 5"),
    ],
)
def test_a_wrong_option_is_refused(options: dict[str, object], reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        read(CANDLES, **options)


@pytest.mark.parametrize("kind", ["levels", "names", "rows"])
def test_a_frame_of_another_coin_than_it_is_called_says_so(kind: str) -> None:
    right, wrong = read(of_ether(kind), coin="ETH"), read(of_ether(kind), coin="BTC")
    assert "other_coin" not in {problem.kind for problem in right.quality.problems}
    problem = wrong.quality.problems[0]
    assert (problem.kind, problem.count, problem.repair) == ("other_coin", ROWS, "read as BTC")
    note = "These prices call their coin ETH, and are read as those of BTC."
    assert note in wrong.notes
    assert note not in right.notes


def test_a_name_that_is_no_listed_coin_may_be_any_name_of_the_coin() -> None:
    frame = CANDLES.assign(symbol="MYTOKEN")
    assert "other_coin" not in {problem.kind for problem in read(frame).quality.problems}
