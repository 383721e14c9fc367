"""Price files: what is read, exactly; and what is refused, with the reason."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput, UnreadableFile
from cryptoforecast.prices.candles.resample import resample
from cryptoforecast.prices.files import bounds
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.price_file import read
from cryptoforecast.types import PriceHistory

HOURS = pd.date_range("2024-03-01", periods=6, freq="h", tz="UTC", unit="ns")
ROWS = [(10.0 + i, 12.0 + i, 9.0 + i, 11.0 + i, 5.0 * i) for i in range(6)]


def csv(header: str, times: list[str], rows: list[tuple[float, ...]] | None = None) -> bytes:
    lines = [header]
    for time, row in zip(times, rows or ROWS, strict=False):
        lines.append(",".join([time, *(f"{value:g}" for value in row)]))
    return ("\n".join(lines) + "\n").encode()


def own(times: list[str] | None = None, rows: list[tuple[float, ...]] | None = None) -> bytes:
    times = times or [f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in HOURS]
    return csv("time,open,high,low,close,volume", times, rows)


def check(history: PriceHistory) -> None:
    """Assert that the six candles came out."""
    assert history.candles.index.equals(HOURS.rename("time"))
    assert history.candles.index.dtype == "datetime64[ns, UTC]"
    assert [tuple(row) for row in history.candles.to_numpy()] == ROWS
    assert history.interval == "1h"


# ---------------------------------------------------------------------------- layouts


SECONDS = [int(time.timestamp()) for time in HOURS]


@pytest.mark.parametrize(
    ("name", "content", "unit"),
    [
        ("own", own(), "unknown"),
        ("naive", own([f"{time:%Y-%m-%d %H:%M:%S}" for time in HOURS]), "unknown"),
        ("offset", own([f"{time.tz_convert('Asia/Tokyo').isoformat()}" for time in HOURS]),
         "unknown"),
        ("s", csv("timestamp,open,high,low,close,volume", [f"{s}" for s in SECONDS]), "unknown"),
        ("float s", csv("Timestamp,Open,High,Low,Close,Volume", [f"{s}.0" for s in SECONDS]),
         "unknown"),
        ("ms", csv("timestamp,open,high,low,close,volume", [f"{s}000" for s in SECONDS]),
         "unknown"),
        ("us", csv("timestamp,open,high,low,close,volume", [f"{s}000000" for s in SECONDS]),
         "unknown"),
        ("ns", csv("timestamp,open,high,low,close,volume", [f"{s}000000000" for s in SECONDS]),
         "unknown"),
        ("kaggle old",
         csv("Timestamp,Open,High,Low,Close,Volume_(BTC),Volume_(Currency),Weighted_Price",
             [f"{s}" for s in SECONDS], [(*row, 1.0, 1.0) for row in ROWS]), "coins"),
        ("yahoo classic",
         csv("Date,Open,High,Low,Close,Adj Close,Volume",
             [f"{time:%Y-%m-%d %H:%M}" for time in HOURS],
             [(*row[:4], row[3], row[4]) for row in ROWS]), "quote"),
        ("yfinance",
         csv("Date,Open,High,Low,Close,Volume,Dividends,Stock Splits",
             [f"{time:%Y-%m-%d %H:%M:%S}+00:00" for time in HOURS],
             [(*row, 0.0, 0.0) for row in ROWS]), "quote"),
        ("semicolons", own().replace(b",", b";"), "unknown"),
        ("tabs", own().replace(b",", b"\t"), "unknown"),
        ("byte order mark, CRLF", b"\xef\xbb\xbf" + own().replace(b"\n", b"\r\n"), "unknown"),
        ("trailing blank lines", own() + b"\n\n\n", "unknown"),
        ("quoted", own().replace(b"T", b"T").replace(b"time,", b'"time",'), "unknown"),
        ("gzip", gzip.compress(own()), "unknown"),
        ("two gzip members", gzip.compress(own()[:50]) + gzip.compress(own()[50:]), "unknown"),
    ],
)  # fmt: skip
def test_layouts(name: str, content: bytes, unit: str) -> None:
    history = read(content, "BTCUSDT_1h.csv")
    check(history)
    assert history.volume_unit == unit
    assert (history.coin, history.source) == ("BTC", "file BTCUSDT_1h.csv")
    assert not history.simulated
    assert {"columns", "time", "delimiter", "interval"} <= set(history.quality.decisions)


def test_path_bytes_and_stream_read_alike(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(own())
    check(read(path, path.name))
    check(read(io.BytesIO(own()), "x.csv"))
    with path.open("rb") as stream:
        check(read(stream, "x.csv"))


@pytest.mark.parametrize("index_name", ["time", "timestamp", None])
@pytest.mark.parametrize("zone", ["UTC", None, "America/New_York"])
def test_parquet_with_times_in_the_index(index_name: str | None, zone: str | None) -> None:
    times = HOURS.tz_localize(None) if zone is None else HOURS.tz_convert(zone)
    frame = pd.DataFrame(ROWS, columns=["open", "high", "low", "close", "volume"], index=times)
    buffer = io.BytesIO()
    frame.rename_axis(index_name).to_parquet(buffer)
    check(read(buffer.getvalue(), "x.parquet"))


def test_parquet_with_times_in_a_column() -> None:
    frame = pd.DataFrame(ROWS, columns=["Open", "High", "Low", "Close", "Volume"])
    frame.insert(0, "Open time", HOURS.as_unit("ms"))
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    check(read(buffer.getvalue(), "x.parquet"))


def test_volume_may_be_missing() -> None:
    content = csv("time,open,high,low,close", [str(s) for s in SECONDS], [r[:4] for r in ROWS])
    history = read(content, "x.csv")
    assert history.candles["volume"].isna().all()
    assert history.volume_unit == "unknown"


def test_disorder_and_repetition_are_settled_and_counted() -> None:
    head, *lines = own().decode().splitlines()
    changed = lines[2].replace("13", "13.5")
    content = "\n".join([head, *reversed(lines), changed]).encode()
    history = read(content, "x.csv")
    assert history.quality.duplicates == 1
    assert history.candles["close"].iloc[2] == 13.5
    assert history.candles.index.equals(HOURS.rename("time"))


def test_rows_without_a_price_are_left_out_and_reported() -> None:
    head, *lines = own().decode().splitlines()
    lines[1] = lines[1].split(",")[0] + ",,,,,"
    lines[3] = lines[3].split(",")[0] + ",null,null,null,null,null"
    history = read("\n".join([head, *lines]).encode(), "x.csv")
    assert len(history) == 4
    assert history.quality.missing == 2
    problem = history.quality.problems[0]
    assert (problem.kind, problem.count, problem.first_line) == ("without a price", 2, 3)


# ---------------------------------------------------------------------------- intervals


def minutes(rows: int = 600, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 1e-3, rows)))
    frame = pd.DataFrame({"open": close * 0.999, "high": close * 1.002, "low": close * 0.998})
    frame["close"], frame["volume"] = close, rng.uniform(0, 5, rows)
    frame.index = pd.date_range("2024-03-01 00:20", periods=rows, freq="min", tz="UTC", unit="ns")
    return frame.rename_axis("time")


def as_csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv().encode()


def test_minutes_are_merged_and_a_last_hour_that_is_not_whole_is_dropped() -> None:
    frame = minutes()
    history = read(as_csv(frame), "x.csv", interval="1h")
    assert history.interval == "1h"
    pd.testing.assert_frame_equal(history.candles, resample(frame, "1m", "1h"), check_freq=False)
    assert frame.index[-1] == pd.Timestamp("2024-03-01 10:19Z")
    assert history.end == pd.Timestamp("2024-03-01 09:00Z")
    assert read(as_csv(frame), "x.csv").interval == "1m"


def test_minutes_without_a_trade_are_skipped_and_still_close_their_hour() -> None:
    frame = minutes(640)
    frame.iloc[100:107] = np.nan
    frame.iloc[630:640] = np.nan
    history = read(as_csv(frame), "x.csv", interval="1h")
    # 00:20 + 640 minutes ends the hour of 10:00, though its last ten minutes had no trade.
    assert history.end == pd.Timestamp("2024-03-01 10:00Z")
    last = frame.loc["2024-03-01 10:00":"2024-03-01 10:59"].dropna()
    assert history.candles["close"].iloc[-1] == last["close"].iloc[-1]
    assert history.candles["high"].iloc[-1] == last["high"].max()
    assert history.candles["volume"].iloc[-1] == pytest.approx(last["volume"].sum())


def test_an_interval_that_is_not_ours_can_be_merged_into_one_that_is() -> None:
    frame = minutes(720).iloc[::3]
    history = read(as_csv(frame), "x.csv", interval="1h")
    assert history.interval == "1h"
    with pytest.raises(UnreadableFile, match=r"Received: 3m\. Have them merged into 15m, 30m, 1h"):
        read(as_csv(frame), "x.csv")


@pytest.mark.parametrize(
    ("spacing", "message"),
    [
        ("10s", r"Received: 10 s\. Have them merged into 1m, 5m, .*--interval"),
        ("3h", r"Received: 3h\. Have them merged into 6h, 12h, 1d, 3d, 1w "),
        ("5D", r"Received: 5d, which none of these is a multiple of\. Download shorter candles"),
        ("MS", r"Received: 31d, months of unequal length, which none"),
        ("QE", r"Received: 92d, months of unequal length, which none"),
    ],
)
def test_spacings_that_are_not_ours_are_refused_with_what_can_be_done(
    spacing: str, message: str
) -> None:
    frame = minutes(30)
    frame.index = pd.date_range("2017-01-01", periods=30, freq=spacing, tz="UTC", name="time")
    with pytest.raises(UnreadableFile, match=message):
        read(as_csv(frame), "x.csv")


@pytest.mark.parametrize("spacing", ["5D", "MS"])
def test_what_makes_no_candle_of_ours_is_refused_whatever_is_asked_for(spacing: str) -> None:
    frame = minutes(30)
    frame.index = pd.date_range("2017-01-01", periods=30, freq=spacing, tz="UTC", name="time")
    with pytest.raises(UnreadableFile, match="Download shorter candles"):
        read(as_csv(frame), "x.csv", interval="1w")


def test_shorter_candles_than_the_file_has_are_refused() -> None:
    with pytest.raises(InvalidInput, match="Received: 1h candles, 15m wanted"):
        read(own(), "x.csv", interval="15m")
    with pytest.raises(InvalidInput, match="Received: 'hourly'"):
        read(own(), "x.csv", interval="hourly")


def test_no_whole_candle_is_refused() -> None:
    message = r"at least one whole 1d candle\. Received: 6 rows, which make none\. Ask for shorter"
    with pytest.raises(UnreadableFile, match=message):
        read(own(), "x.csv", interval="1d")


# ---------------------------------------------------------------------------- refused


BROKEN_GZIP = gzip.compress(own() * 50)[:-30]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"  \n \n", "empty"),
        (b"\x00\x01\x02garbage\x00" * 99, "binary data"),
        (b"\xff\xfe\x00t" * 9, "No column for time"),
        (b"\x89PNG\r\n\x1a\n" + b"\x80" * 50, "not text"),
        (b"<!DOCTYPE html><html>Not found</html>", "web page"),
        (b'{"prices": [[1,2]]}', "rows of two numbers, a time and one price"),
        (b"PK\x03\x04rest of a workbook", "zip archive is damaged"),
        (b"PAR1 and nothing that follows PAR1", "Parquet file is damaged"),
        (b"ARROW1 and nothing that follows", "damaged: .* Save it again as Feather version 2"),
        (BROKEN_GZIP, "gzip archive is damaged"),
        (b"\x1f\x8b not really", "gzip archive is damaged"),
        (b"a,b,x\n1,2,3\n", "No column for time, open, high, low, close was found. Received: a, b"),
        (b"time,open,high,low\n1,2,3,4\n", "No column for close"),
        (b"1.5,2.5,3.5,4.5\n" * 9, "seems to have no header"),
        (b"time,open,high,low,close\n", "header without rows"),
        (own().replace(b",12,", b",abc,", 1), r"Received: 'abc' \(line 3, column 'open'|line"),
        (own().replace(b"11,13,10,12", b"11,13,10,1.234.567.890", 1), "spreadsheet has altered"),
        (own().replace(b"11,13,10,12", b'11,13,10,"1,2"', 1), "between low and high"),
        (own().replace(b"11,13,10,12", b"11,13,-10,12", 1), r"Received: -10 as low \(line 3"),
        (own().replace(b"11,13,10,12", b"11,13,0,12", 1), r"Received: 0 as low \(line 3"),
        (own().replace(b"11,13,10,12", b"11,inf,10,12", 1), r"Received: inf as high \(line 3"),
        (own().replace(b"2024-03-01T02:00:00Z", b"yesterday", 1), r"'yesterday' \(line 4"),
        (own().replace(b"2024-03-01T02:00:00Z", b"", 1), r"Received: nan \(line 4"),
        (own([f"{s % 10_000}" for s in SECONDS]), "since 1970"),
        (own(None, [(r[0], r[2], r[1], r[3], 1.0) for r in ROWS]), "between low and high"),
        (own()[:60], "at least 2 candles"),
        (own() + b"2024-03-01T06:00:00Z,1,2,3,4,5,6,7,8\n", "line 8"),
        (
            own()
            .replace(b",15,12\n", b",15,12,000\n")
            .replace(b"10,12,9,11,0\n", b"10,12,9,1,100,0\n"),
            "7 in line 2",
        ),
        (own() + b"\xff\xfe,1,2,3,4,5\n", "UTF-8"),
    ],
)
def test_what_cannot_be_read_rightly_is_refused_with_the_reason(
    content: bytes, message: str
) -> None:
    with pytest.raises(UnreadableFile, match=message) as caught:
        read(content, "prices.csv")
    assert str(caught.value).startswith("prices.csv can't be read. ")


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"nowhere.csv can't be read. No such file"):
        read(tmp_path / "nowhere.csv", "nowhere.csv")
    with pytest.raises(UnreadableFile, match="Is a directory"):
        read(tmp_path, "folder")


def test_size_is_bounded_packed_and_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_BYTES", 10_000)
    with pytest.raises(UnreadableFile, match="Received: more"):
        read(b"x" * 10_001, "x.csv")
    with pytest.raises(UnreadableFile, match="Received: more"):
        read(io.BytesIO(b"x" * 10_001), "x.csv")
    bomb = gzip.compress(own() + b"0,1,1,1,1,1\n" * 1_000_000)
    assert len(bomb) < 50_000
    monkeypatch.setattr(bounds, "MAX_BYTES", 100_000)
    with pytest.raises(UnreadableFile, match="Received: more"):
        read(bomb, "x.csv.gz")


def test_rows_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from cryptoforecast.prices.files.readers import arrow

    monkeypatch.setattr(bounds, "MAX_ROWS", 500)
    monkeypatch.setattr(arrow, "MAX_ROWS", 500)
    with pytest.raises(UnreadableFile, match="million rows"):
        read(as_csv(minutes(501)), "x.csv")
    buffer = io.BytesIO()
    minutes(501).to_parquet(buffer)
    with pytest.raises(UnreadableFile, match="million rows"):
        read(buffer.getvalue(), "x.parquet")


def test_names_are_shown_without_their_folder_and_markup() -> None:
    history = read(own(), "../../etc/<b>BTC</b>.csv")
    assert history.source == "file b_.csv"
    assert read(own(), "x" * 130).source == f"file {'x' * 120}"
    assert read(own(), "/").source == "file unnamed"


# ---------------------------------------------------------------------------- coins


def test_the_coin_given_wins_and_is_checked() -> None:
    assert read(own(), "BTCUSDT.csv", coin="eth").coin == "ETH"
    with pytest.raises(InvalidInput, match="at most 20 characters"):
        read(own(), "BTCUSDT.csv", coin="../x")


@pytest.mark.parametrize(
    ("name", "coin", "ticker", "quote"),
    [
        ("BTCUSDT.csv", None, "BTC", "USD"),
        ("BTC-EUR.csv", None, "BTC", "EUR"),
        ("ETH_BTC-1h.csv", None, "ETH", "BTC"),
        ("bitcoin_cash.csv", None, "BCH", "USD"),
        ("prices.csv", None, "UNKNOWN", "USD"),
        ("prices.csv", "btc/krw", "BTC", "KRW"),
        ("BTC-EUR.csv", "bitcoin", "BTC", "EUR"),
        ("BTC-EUR.csv", "狗狗币", "狗狗币", "EUR"),
    ],
)
def test_the_name_and_the_user_say_coin_and_quote(
    name: str, coin: str | None, ticker: str, quote: str
) -> None:
    history = read(own(), name, coin=coin)
    assert (history.coin, history.quote) == (ticker, quote)


def test_a_column_names_the_coin_where_the_file_does_not() -> None:
    rows = [f"2024-03-0{day},Bitcoin Cash,1,2,1,2" for day in range(1, 10)]
    text = "\n".join(["time,name,open,high,low,close", *rows])
    assert read(text.encode(), "prices.csv").coin == "BCH"


# ---------------------------------------------------------------------------- options


def test_options_are_checked_before_the_file_is_read() -> None:
    with pytest.raises(InvalidInput, match="hourly"):
        read(b"", "x.csv", interval="hourly")
    with pytest.raises(InvalidInput, match="nothing"):
        read(b"", "x.csv", repairs=["nothing"])


def test_the_symbol_in_the_file_names_the_coin_whatever_its_name_says() -> None:
    content = own().replace(b"\n", b",ETHUSDT\n").replace(b"volume,ETHUSDT", b"volume,symbol")
    assert read(content, "x.csv").coin == "ETH"
    assert read(content, "BTC.csv").coin == "ETH"
    assert read(own(), "BTC.csv").coin == "BTC"
    assert read(content, "x.csv", coin="sol").coin == "SOL"


def test_what_the_user_corrects_is_told() -> None:
    assert "corrected" not in read(own(), "x.csv").quality.decisions
    corrected = read(own(), "x.csv", corrections=Corrections(delimiter=","))
    assert "corrected" in corrected.quality.decisions


# ---------------------------------------------------------------------------- real files


@pytest.mark.parametrize(
    ("name", "coin", "interval", "rows", "points"),
    [
        ("hourly/BTCUSDT_1h_binance_2017-08_2025-09.csv.gz", "BTC", "1h", 71_228,
         {"2017-12-17 00:00": 19_400, "2018-12-15 00:00": 3_200, "2020-12-31 23:00": 28_900,
          "2021-11-08 23:00": 67_500, "2022-12-31 23:00": 16_540, "2023-12-31 23:00": 42_280,
          "2024-12-31 23:00": 93_500}),
        ("hourly/BTCUSD_1h_spliced_2011-09_2025-09.csv.gz", "BTC", "1h", 115_537,
         {"2017-01-01 23:00": 998}),
        ("hourly/ETHUSDT_1h_perp_2023-01_2025-09.parquet", "ETH", "1h", 24_096, {}),
        ("daily/BTC-USD_1d_yfinance_history.csv", "BTC", "1d", 3_759,
         {"2020-12-31": 28_900, "2024-12-31": 93_500}),
        ("daily/BTC-USD_1d_yahoo_classic.csv", "BTC", "1d", 3_212, {"2022-12-31": 16_540}),
    ],
)  # fmt: skip
def test_real_files_give_the_prices_that_were(
    data_folder: Path, name: str, coin: str, interval: str, rows: int, points: dict[str, float]
) -> None:
    history = read(data_folder / name, name)
    assert (history.coin, history.interval, len(history)) == (coin, interval, rows)
    for time, price in points.items():
        close = history.candles["close"].loc[pd.Timestamp(time, tz="UTC")]
        assert close == pytest.approx(price, rel=0.03)


def test_a_real_exchange_file_has_its_known_gaps(data_folder: Path) -> None:
    name = "hourly/BTCUSDT_1h_binance_2017-08_2025-09.csv.gz"
    assert read(data_folder / name, name).quality.missing == 19


def test_real_minutes_of_the_old_layout_make_hours(data_folder: Path) -> None:
    name = "minute/kaggle_old_layout_NaN_BTCUSD_1m_2011-12_2013-03.csv.gz"
    history = read(data_folder / name, name, interval="1h")
    assert history.volume_unit == "coins"
    assert history.quality.problems[0].kind == "without a price"
    assert not history.candles[["open", "high", "low", "close"]].isna().any().any()


def test_numbers_mangled_by_a_spreadsheet_are_refused(data_folder: Path) -> None:
    path = data_folder / "messy" / "UNUSABLE_excel_corrupted_coin_Bitcoin.csv"
    with pytest.raises(UnreadableFile, match=r"line 2.*spreadsheet has altered"):
        read(path, path.name)
