"""Candles of every length are read as they are, and keep the labels that the file gives them."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.price_file import read
from cryptoforecast.types import INTERVALS
from tests.prices.files import samples


def candles(interval: str, start: str, rows: int = 60) -> pd.DataFrame:
    index = pd.date_range(start, periods=rows, freq=INTERVALS[interval], tz="UTC", name="time")
    return samples.candles("1h", rows).set_axis(index)


def files_of(frame: pd.DataFrame) -> dict[str, bytes]:
    buffer = io.BytesIO()
    frame.reset_index().to_parquet(buffer)
    epochs = frame.set_axis(pd.Index(frame.index.as_unit("ms").asi8, name="time"))
    return {
        "csv": samples.own(frame),
        "newest first": samples.own(frame[::-1]),
        "epochs": epochs.to_csv().encode(),
        "json": epochs.reset_index().to_json(orient="records").encode(),
        "parquet": buffer.getvalue(),
    }


def check(content: bytes, frame: pd.DataFrame, interval: str, **options: Corrections) -> None:
    history = read(content, "x", **options)
    assert history.interval == interval
    assert history.candles.index.equals(frame.index.as_unit("ns"))
    assert history.candles["open"].tolist() == frame["open"].tolist()
    assert history.quality.missing == 0
    assert not history.quality.problems


@pytest.mark.parametrize("interval", INTERVALS)
def test_every_interval_in_every_format(interval: str) -> None:
    frame = candles(interval, "2019-03-04")
    for content in files_of(frame).values():
        check(content, frame, interval)


@pytest.mark.parametrize(
    ("interval", "start"),
    [
        # Weeks from any day, three days from any day, funding hours, half hours of Kolkata.
        *(("1w", f"2019-03-{day:02d}") for day in range(4, 11)),
        *(("3d", f"2019-03-{day:02d}") for day in range(4, 7)),
        ("1d", "2019-03-04 04:00"), ("12h", "2019-03-04 04:00"), ("8h", "2019-03-04 04:00"),
        ("6h", "2019-03-04 03:00"), ("4h", "2019-03-04 01:00"), ("2h", "2019-03-04 01:00"),
        ("2h", "2019-03-04 00:30"), ("1h", "2019-03-04 00:30"), ("1w", "2019-03-04 05:30"),
    ],
)  # fmt: skip
def test_the_phase_is_that_of_the_file(interval: str, start: str) -> None:
    frame = candles(interval, start)
    files = files_of(frame)
    for kind in ("csv", "json"):
        check(files[kind], frame, interval)


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("before", ["1ms", "1s"])
def test_closing_labels_of_every_interval(interval: str, before: str) -> None:
    frame = candles(interval, "2019-03-04")
    labels = frame.index + INTERVALS[interval] - pd.Timedelta(before)
    check(files_of(frame.set_axis(labels.rename("time")))["epochs"], frame, interval)


@pytest.mark.parametrize(
    ("interval", "start"),
    [("8h", "2019-03-04 04:00"), ("1d", "2019-03-04 05:00"), ("1w", "2019-03-10"),
     ("3d", "2019-03-05"), ("1h", "2019-03-04 00:30"), ("4h", "2019-03-04 01:00")],
)  # fmt: skip
@pytest.mark.parametrize("before", ["1us", "1ms", "1s", "1min"])
def test_closing_labels_of_candles_of_another_phase(interval: str, start: str, before: str) -> None:
    frame = candles(interval, start)
    labels = frame.index + INTERVALS[interval] - pd.Timedelta(before)
    check(files_of(frame.set_axis(labels.rename("time")))["parquet"], frame, interval)


@pytest.mark.parametrize("interval", INTERVALS)
def test_closing_times_of_every_interval(interval: str) -> None:
    frame = candles(interval, "2019-03-04")
    content = samples.own(frame.set_axis((frame.index + INTERVALS[interval]).rename("time")))
    check(content, frame, interval, corrections=Corrections(label="close"))


@pytest.mark.parametrize("interval", ["2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w"])
@pytest.mark.parametrize("fine", ["1h", "2h"])
def test_merged_into_every_multiple(fine: str, interval: str) -> None:
    if INTERVALS[interval] % INTERVALS[fine] or interval == fine:
        return
    rows = 3 * int(INTERVALS["1w"] / INTERVALS[fine])
    frame = candles(fine, "1970-01-05", rows)
    frame.index = frame.index + pd.Timedelta("18270D")
    assert frame.index[0].day_name() == "Monday"
    history = read(samples.own(frame.rename_axis("time")), "x", interval=interval)
    expected = frame.resample(INTERVALS[interval], origin=frame.index[0]).agg(
        {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    )
    assert history.interval == interval
    assert history.candles["open"].tolist() == expected["open"].tolist()
    assert history.candles["high"].tolist() == expected["high"].tolist()
    assert history.candles["low"].tolist() == expected["low"].tolist()
    assert history.candles["close"].tolist() == expected["close"].tolist()
