"""Real files as people have them: the right prices, or the right refusal."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.price_file import read
from cryptoforecast.types import PriceHistory

BTC = {
    "2017-01-01": 998, "2017-12-17": 19_400, "2018-12-15": 3_200, "2020-12-31": 28_900,
    "2021-11-08": 67_500, "2022-12-31": 16_540, "2023-12-31": 42_280, "2024-12-31": 93_500,
}  # fmt: skip


def counts(history: PriceHistory) -> dict[str, int]:
    return {problem.kind: problem.count for problem in history.quality.problems}


@pytest.mark.parametrize(
    ("name", "coin", "rows", "first", "problems"),
    [
        ("BTCUSDT-1h-2024-12.csv", "BTC", 744, 96_340.6, {}),
        ("BTCUSDT-1h-2025-01.csv", "BTC", 744, 94_401.14, {}),
        ("btc_1d_investing_en_2016_2023.csv", "BTC", 2_587, 428.7, {"ohlc_violations": 9}),
        ("btc_1h_tradingview_isoZ_novolume_2018_2020.csv", "BTC", 18_620, 15_099.0, {}),
        ("cdd_Binance_BTCUSDT_1h_urlline_2021-06.csv.gz", "BTC", 33_413, 4_308.83,
         {"duplicates": 2_649, "missing": 16}),
        ("kaggle_coin_Ethereum_1d.csv", "ETH", 2_160, 0.7533249855041504, {}),
        ("kraken_XBTUSD_60_headerless.csv.gz", "BTC", 70_253, 122.0, {"missing": 10_856}),
        ("yfinance_three_header_rows_ETH-USD_1d.csv", "ETH", 1_560, 1_988.456298828125, {}),
    ],
)  # fmt: skip
def test_messy_files(
    data_folder: Path,
    name: str,
    coin: str,
    rows: int,
    first: float,
    problems: dict[str, int],
) -> None:
    history = read(data_folder / "messy" / name, name)
    assert (history.coin, len(history)) == (coin, rows)
    assert history.candles["close"].iloc[0] == first
    assert problems.items() <= counts(history).items()
    if coin == "BTC":
        assert_true_prices(history)


def assert_true_prices(history: PriceHistory) -> None:
    """Compare the day's last close with what it was, wherever the file has that day."""
    for day, price in BTC.items():
        close = history.candles["close"].loc[day:day]
        if len(close) and history.end >= pd.Timestamp(f"{day}T23:00Z") - history.candle_length:
            assert close.iloc[-1] == pytest.approx(price, rel=0.05)


def test_every_daily_and_hourly_file(data_folder: Path) -> None:
    paths = [*(data_folder / "daily").iterdir(), *(data_folder / "hourly").iterdir()]
    assert paths
    for path in paths:
        history = read(path, path.name)
        assert history.coin == path.name.split("USD")[0].rstrip("-")
        assert history.interval == ("1d" if path.parent.name == "daily" else "1h")
        assert history.quality.duplicates == 0
        if history.coin == "BTC":
            assert_true_prices(history)


@pytest.mark.parametrize(
    ("name", "zone", "interval", "rows", "start", "first"),
    [
        ("decimal_comma_with_exponent/PEPEUSDT.csv", None, "1h", 48, "2024-03-01", 1.23e-05),
        ("last_row_is_the_live_price/daily.csv", None, "1d", 60, "2024-01-01", 27_000.0),
        ("clocks_repeat_half_hours/london_30m.csv", "Europe/London", "30m", 144, "2023-10-28",
         27_000.0),
        ("local_time_shows_in_the_clock_change/new_york_1h.csv", "America/New_York", "1h", 220,
         "2023-11-01", 27_000.0),
        ("bitmex_closing_times/XBTUSD_1h.csv", None, "1h", 48, "2024-03-01", 27_000.0),
    ],
)  # fmt: skip
def test_reported_files(
    data_folder: Path,
    name: str,
    zone: str | None,
    interval: str,
    rows: int,
    start: str,
    first: float,
) -> None:
    path = data_folder / "reports" / name
    history = read(path, path.name, corrections=Corrections(zone=zone))
    assert (history.interval, len(history)) == (interval, rows)
    assert history.start == pd.Timestamp(start, tz="UTC")
    assert history.end == history.start + (rows - 1) * history.candle_length
    assert history.candles["open"].iloc[0] == first


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("local_time_shows_in_the_clock_change/new_york_1h.csv", "2023-11-05 01:00 twice .*--zone"),
        ("two_lengths_in_one_file/days_then_hours.csv", "1h and 1d candles.*merged into 1d"),
        ("epochs_rounded_by_a_spreadsheet/hourly.csv", r"all their digits.*1\.70925E\+12"),
    ],
)
def test_reported_files_that_are_refused(data_folder: Path, name: str, reason: str) -> None:
    path = data_folder / "reports" / name
    with pytest.raises(UnreadableFile, match=reason):
        read(path, path.name)


def test_two_units_of_time_meet_without_a_gap(data_folder: Path) -> None:
    names = ("BTCUSDT-1h-2024-12.csv", "BTCUSDT-1h-2025-01.csv")
    december, january = (read(data_folder / "messy" / name, name) for name in names)
    assert december.end == pd.Timestamp("2024-12-31 23:00Z")
    assert january.start == pd.Timestamp("2025-01-01 00:00Z")
    assert (december.quality.decisions["time"], january.quality.decisions["time"]) == (
        "ms since 1970, UTC",
        "us since 1970, UTC",
    )


def test_an_absurd_candle_is_reported_and_kept(data_folder: Path) -> None:
    name = "cdd_Binance_BTCUSDT_1h_urlline_2021-06.csv.gz"
    history = read(data_folder / "messy" / name, name)
    assert history.candles["open"].iloc[0] == 16_199.91
    outliers = next(each for each in history.quality.problems if each.kind == "outliers")
    assert outliers.detail == "the earliest at 2017-08-17 04:00"


def test_closing_labels_become_opening_times(data_folder: Path) -> None:
    name = "kaggle_coin_Ethereum_1d.csv"
    history = read(data_folder / "messy" / name, name)
    assert history.start == pd.Timestamp("2015-08-08", tz="UTC")
    assert history.end == pd.Timestamp("2021-07-06", tz="UTC")
    assert history.quality.decisions["label"].startswith("23:59:59 is the end of its candle")


def test_what_a_spreadsheet_mangled_is_refused(data_folder: Path) -> None:
    name = "UNUSABLE_excel_corrupted_coin_Bitcoin.csv"
    with pytest.raises(UnreadableFile, match=r"line 2.*spreadsheet has altered"):
        read(data_folder / "messy" / name, name)


def test_sources_joined_are_reported(data_folder: Path) -> None:
    name = "hourly/BTCUSD_1h_spliced_2011-09_2025-09.csv.gz"
    assert counts(read(data_folder / name, name))["splices"] == 30


def test_the_verbatim_head_of_the_minute_file(data_folder: Path) -> None:
    name = "minute/kaggle_verbatim_head_BTCUSD_1m.csv"
    history = read(data_folder / name, name)
    assert (history.interval, len(history)) == ("1m", 9_999)
    assert history.start == pd.Timestamp("2012-01-01 10:01Z")


@pytest.mark.parametrize("folder", ["daily", "hourly", "messy"])
def test_no_real_market_is_taken_for_another_unit_or_a_coarse_tick(
    data_folder: Path, folder: str
) -> None:
    for path in sorted((data_folder / folder).glob("*.*")):
        if not path.name.startswith("UNUSABLE"):
            kinds = counts(read(path, path.name))
            assert not {"level_shift", "coarse_tick"} & kinds.keys(), path.name


def test_a_redenominated_coin_and_a_coin_of_two_satoshi(data_folder: Path) -> None:
    reports = data_folder / "reports"
    path = reports / "redenominated_coin" / "BTTUSDT.csv"
    (shift,) = read(path, path.name).quality.problems
    assert (shift.kind, shift.first_line) == ("level_shift", 62)
    assert shift.detail == "from 2024-03-03 12:00 on prices are 1,000 times larger"
    rescaled = read(path, path.name, repairs=["level_shift_rescale"]).candles
    assert rescaled["open"].iloc[0] == 20.0
    assert rescaled["volume"].iloc[0] == 0.008871
    assert len(read(path, path.name, repairs=["level_shift_cut"])) == 60
    path = reports / "one_tick_is_an_outlier" / "two_satoshi.csv"
    quality = read(path, path.name).quality
    assert quality.outliers == 0
    assert [problem.detail for problem in quality.problems] == [
        "one tick, 0.00000001, is 40 % of the price"
    ]
