"""Closing times are turned into opening times, by their clock or because somebody says so."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.prices import frames
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.labels import opening_times
from cryptoforecast.prices.files.price_file import read
from cryptoforecast.types import INTERVALS
from tests.prices.files import samples

DAY = pd.Timedelta("1D")
OPENS = pd.date_range("2024-03-01", periods=100, freq="D", unit="ns").asi8
LENGTH = DAY.value


@pytest.mark.parametrize(
    ("before", "label"),
    [
        ("1us", "23:59:59.999999"), ("1ms", "23:59:59.999000"), ("1s", "23:59:59"),
        ("1min", "23:59:00"),
    ],
)  # fmt: skip
def test_times_just_before_the_end_are_closing_times(before: str, label: str) -> None:
    closes = OPENS + LENGTH - pd.Timedelta(before).value
    opens, decision = opening_times(closes, DAY, False)
    assert opens.tolist() == OPENS.tolist()
    assert decision.startswith(f"{label} is the end of its candle")


def test_hours_of_a_zone_that_is_half_an_hour_off_have_ends_too() -> None:
    hour = pd.Timedelta("1h")
    half_past = pd.date_range("2024-03-01 00:30", periods=100, freq="h", unit="ns").asi8
    opens, decision = opening_times(half_past + 59 * 60 * 10**9, hour, False)
    assert opens.tolist() == half_past.tolist()
    assert decision.startswith("01:29:00 is the end of its candle")


def test_other_times_are_opening_times() -> None:
    for before in ("2us", "2s", "2min", "1h"):
        times = OPENS + LENGTH - pd.Timedelta(before).value
        opens, decision = opening_times(times, DAY, False)
        assert opens.tolist() == times.tolist()
        assert decision == ""


def test_a_minute_before_the_end_is_no_closing_time_of_candles_of_few_minutes() -> None:
    for minutes, moved in ((5, False), (9, False), (10, True), (15, True)):
        length = pd.Timedelta(minutes=minutes)
        closes = np.arange(50) * length.value + length.value - pd.Timedelta("1min").value
        assert bool(opening_times(closes, length, False)[1]) is moved


@pytest.mark.parametrize(("others", "moved"), [(0, 100), (5, 95), (6, 0)])
def test_some_rows_may_have_another_time(others: int, moved: int) -> None:
    """An update of today's candle has the time at which it was saved, and stays where it is."""
    closes = OPENS + LENGTH - pd.Timedelta("1s").value
    closes[:others] -= pd.Timedelta("9h").value
    opens, decision = opening_times(closes, DAY, False)
    assert (opens == OPENS).sum() == moved
    assert (opens == closes).sum() == 100 - moved
    if moved:
        assert decision.startswith("23:59:59 ")


@pytest.mark.parametrize(
    ("length", "apart", "moved"),
    [("1D", "1h", True), ("1D", "61min", False), ("4h", "20min", True), ("4h", "21min", False)],
)
def test_ends_differ_by_an_hour_and_a_twelfth_of_a_candle_at_most(
    length: str, apart: str, moved: bool
) -> None:
    """Days of a zone end an hour earlier in summer; other times are no ends of candles."""
    spacing = pd.Timedelta(length)
    opens = np.arange(100) * spacing.value
    opens[60:] -= pd.Timedelta(apart).value
    closes = opens + spacing.value - pd.Timedelta("1s").value
    label_times, decision = opening_times(closes, spacing, False)
    assert label_times.tolist() == (opens if moved else closes).tolist()
    assert bool(decision) is moved


def files_of(frame: pd.DataFrame) -> dict[str, bytes]:
    buffer = io.BytesIO()
    frame.reset_index().to_parquet(buffer)
    records = frame.reset_index().to_json(orient="records", date_format="iso")
    return {
        "csv": frame.to_csv(date_format="%Y-%m-%dT%H:%M:%S.000Z").encode(),
        "json": records.encode(),
        "parquet": buffer.getvalue(),
    }


@pytest.mark.parametrize("interval", ["1m", "5m", "1h", "1d"])
def test_the_times_of_bitmex_are_closing_times(interval: str) -> None:
    index = pd.date_range("2024-03-01", periods=50, freq=INTERVALS[interval], tz="UTC")
    frame = samples.candles("1h", 50).set_axis(index)
    bitmex = frame.set_axis((index + INTERVALS[interval]).rename("timestamp"))
    bitmex = bitmex.assign(symbol="XBTUSD", homeNotional=1.0, foreignNotional=1.0)
    for content in files_of(bitmex).values():
        history = read(content, "x")
        assert history.candles.index.equals(index.as_unit("ns").rename("time"))
        assert history.quality.decisions["label"].startswith("closing times; ")
        corrections = read(content, "x", corrections=Corrections(label="open"))
        assert corrections.start == index[1]
    assert frames.read(bitmex, coin="BTC").start == index[0]
    for name in ("homeNotional", "foreignNotional"):
        bitmex = bitmex.drop(columns=name)
        expected = index[0 if "foreignNotional" in bitmex else 1]
        assert read(files_of(bitmex)["csv"], "x").start == expected


def test_the_fast_way_knows_bitmex_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cryptoforecast.prices.files.readers.blocks.BLOCK_BYTES", 1_000)
    index = pd.date_range("2024-03-01", periods=96, freq="h", tz="UTC")
    frame = samples.candles("1h", 96).set_axis((index + pd.Timedelta("1h")).rename("timestamp"))
    content = files_of(frame.assign(homeNotional=1.0, foreignNotional=1.0))["csv"]
    daily = read(content, "x", interval="1d").candles
    assert daily.index.tolist() == index[::24].tolist()
    assert daily["open"].tolist() == frame["open"].iloc[::24].tolist()


def test_the_times_of_tradestation_are_closing_times() -> None:
    frame = samples.candles("1h", 48)
    rows = [[f"{t:%m/%d/%Y}", f"{t:%H:%M}", *map(str, row[:4]), "5", "6"]
            for t, row in zip(frame.index + pd.Timedelta("1h"), frame.to_numpy(), strict=True)
            ]  # fmt: skip
    header = ["Date", "Time", "Open", "High", "Low", "Close", "Up", "Down"]
    corrections = Corrections(day_first=False)
    history = read(samples.lines(rows, header), "x.csv", corrections=corrections)
    assert history.start == frame.index[0]
    header[-1] = "Sideways"
    other = read(samples.lines(rows, header), "x.csv", corrections=corrections)
    assert other.start == frame.index[1]


@pytest.mark.parametrize("end", ["23:59:59", "23:59:59.999", "23:59"])
def test_days_of_a_zone_end_at_another_hour_in_summer(end: str) -> None:
    frame = samples.candles("1d", 300, "2023-01-01").tz_localize(None)
    labels = frame.set_axis(frame.index + pd.Timedelta(f"{end}:00"[:8] + end[8:]))
    content = samples.dated(labels, "%Y-%m-%d %H:%M:%S.%f")
    for zone in ("America/New_York", "Europe/London"):
        history = read(content, "x.csv", corrections=Corrections(zone=zone))
        opens = history.candles.index.tz_convert(zone)
        apart = opens.tz_localize(None) - frame.index
        assert abs(apart).max() == pd.Timedelta("1h")
        assert (apart == pd.Timedelta(0)).sum() == 299


def test_closing_times_that_are_said_to_be_so_move_by_one_candle() -> None:
    opens, decision = opening_times(OPENS + LENGTH, DAY, True)
    assert opens.tolist() == OPENS.tolist()
    assert decision.startswith("closing times; ")


@pytest.mark.parametrize(("others", "moved"), [(5, 95), (6, 0)])
def test_some_rows_may_be_off_the_second(others: int, moved: int) -> None:
    closes = OPENS + LENGTH - pd.Timedelta("1s").value
    closes[:others] -= pd.Timedelta("7s").value
    opens, _ = opening_times(closes, DAY, False)
    assert (opens == OPENS).sum() == moved
    assert (opens == closes).sum() == 100 - moved


def test_candles_of_half_a_minute_have_ends_too() -> None:
    length = pd.Timedelta("30s")
    opens = np.arange(50) * length.value
    closes = opens + length.value - pd.Timedelta("1ms").value
    assert opening_times(closes, length, False)[0].tolist() == opens.tolist()
