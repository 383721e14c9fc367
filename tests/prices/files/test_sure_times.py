"""Local times beside epochs, in any zone and under any name: the epochs win."""

from __future__ import annotations

import io
from zoneinfo import available_timezones

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.price_file import read
from cryptoforecast.types import PriceHistory

ROWS = 150
ZONES = sorted(name for name in available_timezones() if "/" in name)
SOME_ZONES = st.sampled_from(ZONES)
MOMENTS = st.datetimes(
    pd.Timestamp("2012-01-01").to_pydatetime(), pd.Timestamp("2025-12-01").to_pydatetime()
)
NOW = pd.Timestamp("2026-06-01", tz="UTC")


def frame(start: object, step: str = "1h") -> pd.DataFrame:
    """Candles that open at round hours from a time on."""
    times = pd.date_range(pd.Timestamp(start).floor("h"), periods=ROWS, freq=step, tz="UTC")  # type: ignore[arg-type]
    close = 100 * np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.01, ROWS)))
    opens = np.r_[100, close[:-1]]
    columns = {"open": opens, "high": np.maximum(opens, close) * 1.001}
    columns |= {"low": np.minimum(opens, close) * 0.999, "close": close}
    return pd.DataFrame(columns, index=times)


def local(times: pd.DatetimeIndex, zone: str, form: str = "%Y-%m-%d %H:%M:%S") -> pd.Index:
    return times.tz_convert(zone).strftime(form)


def csv(candles: pd.DataFrame, **columns: object) -> bytes:
    return candles.assign(**columns).to_csv(index=False).encode()  # type: ignore[arg-type]


def opened(content: bytes, zone: str | None = None) -> PriceHistory:
    return read(content, "BTC.csv", corrections=Corrections(zone=zone), now=NOW)


def assert_same(history: PriceHistory, candles: pd.DataFrame) -> None:
    assert list(history.candles.index) == list(candles.index)
    assert history.candles["close"].to_numpy() == pytest.approx(candles["close"].to_numpy())


@settings(max_examples=25, deadline=None)
@given(zone=SOME_ZONES, start=MOMENTS, step=st.sampled_from(["15min", "1h", "4h"]))
def test_epochs_win_over_local_times_of_any_zone(zone: str, start: object, step: str) -> None:
    candles = frame(start, step)
    epochs = candles.index.as_unit("s").asi8
    history = opened(csv(candles, time=local(candles.index, zone), timestamp=epochs))
    assert_same(history, candles)
    assert "'timestamp'" in history.quality.decisions["times"]


@pytest.mark.parametrize(
    "sure", ["timestamp", "epoch", "unix_ms", "ts", "opentime", "Timestamp (UTC)"]
)
@pytest.mark.parametrize("named", ["time", "date", "datetime", "Date (EST)", "local time"])
def test_whatever_the_columns_are_called(named: str, sure: str) -> None:
    candles = frame("2024-07-01")
    wall = local(candles.index, "America/New_York", "%Y-%m-%d %H:%M")
    epochs = candles.index.as_unit("ms").asi8
    for columns in ({named: wall, sure: epochs}, {sure: epochs, named: wall}):
        history = opened(csv(candles, **columns))
        assert_same(history, candles)
        assert f"time={sure}" in history.quality.decisions["columns"]


@settings(max_examples=12, deadline=None)
@given(zone=SOME_ZONES, start=MOMENTS)
def test_times_with_an_offset_win_too(zone: str, start: object) -> None:
    candles = frame(start)
    zoned = candles.index.tz_convert("Asia/Kolkata").map(lambda time: time.isoformat())
    history = opened(csv(candles, time=local(candles.index, zone), datetime=zoned))
    assert_same(history, candles)


def test_a_zone_that_is_given_moves_no_epochs() -> None:
    candles = frame("2024-07-01")
    epochs = candles.index.as_unit("s").asi8
    content = csv(candles, time=local(candles.index, "Europe/Berlin"), timestamp=epochs)
    for zone in (None, "Europe/Berlin", "Asia/Tokyo"):
        assert_same(opened(content, zone), candles)


def test_epochs_of_something_else_are_left_aside() -> None:
    """The time of the last trade in each candle is no time of the candle."""
    candles = frame("2024-07-01")
    trades = candles.index.as_unit("s").asi8 + 3600 - np.arange(ROWS) % 50
    history = opened(csv(candles, time=local(candles.index, "UTC"), timestamp=trades))
    assert_same(history, candles)
    assert "times" not in history.quality.decisions


def test_epochs_that_are_not_in_every_row_are_left_aside() -> None:
    candles = frame("2024-07-01")
    epochs = pd.Series(candles.index.as_unit("s").asi8, candles.index, "Int64")
    epochs.iloc[20:30] = pd.NA
    history = opened(csv(candles, time=local(candles.index, "UTC"), timestamp=epochs))
    assert_same(history, candles)
    assert "times" not in history.quality.decisions


def test_the_user_decides_in_the_end() -> None:
    candles = frame("2024-07-01")
    epochs = candles.index.as_unit("s").asi8
    content = csv(candles, time=local(candles.index, "Europe/Berlin"), timestamp=epochs)
    corrections = Corrections(columns={"time": "time"}, zone="Europe/Berlin")
    assert_same(read(content, "BTC.csv", corrections=corrections, now=NOW), candles)
    shown = read(content, "BTC.csv", corrections=Corrections(columns={"time": "time"}), now=NOW)
    assert shown.start == candles.index[0] + pd.Timedelta("2h")


@pytest.mark.parametrize("kind", ["json", "parquet", "feather"])
def test_every_format_reads_the_epochs(kind: str) -> None:
    candles = frame("2024-07-01")
    epochs = candles.index.as_unit("s").asi8
    table = candles.assign(time=local(candles.index, "Asia/Tokyo"), timestamp=epochs)
    buffer = io.BytesIO()
    if kind == "json":
        buffer.write(table.reset_index(drop=True).to_json(orient="records").encode())
    elif kind == "parquet":
        table.to_parquet(buffer, index=False)
    else:
        table.reset_index(drop=True).to_feather(buffer)
    assert_same(opened(buffer.getvalue()), candles)


# ---------------------------------------------------------------------------- a wrong zone

CHANGING = ("America/New_York", "Europe/Berlin", "Australia/Sydney", "America/Santiago")


@pytest.mark.parametrize("true", CHANGING)
@pytest.mark.parametrize("wrong", [*CHANGING, "Asia/Tokyo", "Africa/Lagos"])
def test_a_wrong_zone_costs_no_candle_in_silence(true: str, wrong: str) -> None:
    """The clocks of the true zone go back in the file, and those of the wrong one do not."""
    days = pd.date_range("2024-01-01", "2024-12-31", tz="UTC")
    offsets = [day.tz_convert(true).utcoffset() for day in days]
    back = next(i for i in range(1, len(days)) if offsets[i] < offsets[i - 1])
    candles = frame(days[back] - pd.Timedelta("3D"))
    content = csv(candles, time=local(candles.index, true))
    if not answers(content, wrong):
        assert true != wrong
        with pytest.raises(UnreadableFile, match=wrong):
            opened(content, wrong)
        return
    history = opened(content, wrong)
    assert len(history) == ROWS
    assert not [p for p in history.quality.problems if p.kind == "duplicates"]


def answers(content: bytes, zone: str) -> bool:
    try:
        opened(content, zone)
    except UnreadableFile:
        return False
    return True
