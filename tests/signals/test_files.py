"""Signals of one's own: files as people have them, read as safely as prices."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from cryptoforecast.errors import CryptoForecastError, InvalidInput, UnreadableFile
from cryptoforecast.signals.files import read
from cryptoforecast.signals.series import from_series, span_of, text_of

DAY = pd.Timedelta(days=1)
INDEX = "date,value\n2024-01-01,40\n2024-01-02,-3.5\n2024-01-03,\n2024-01-04,61\n"


def test_times_values_and_what_is_known_about_them(tmp_path: Path) -> None:
    path = tmp_path / "Fear and Greed.csv"
    path.write_text(INDEX)
    for source in (path, INDEX.encode(), gzip.compress(INDEX.encode())):
        signal = read(source, path.name, lag=pd.Timedelta(hours=2))
        assert signal.name == "fear_and_greed"
        assert signal.values.tolist() == [40, -3.5, 61]
        assert signal.values.index[0] == pd.Timestamp("2024-01-01 02:00", tz="UTC")
        assert signal.about == (
            "file Fear and Greed.csv, known 2h after its time, used for up to 108h"
        )


def test_parquet_and_other_dialects(tmp_path: Path) -> None:
    path = tmp_path / "mood.parquet"
    times = pd.date_range("2024-01-01", periods=5, freq="D", tz="UTC")
    pd.DataFrame({"time": times, "a": 1.0, "b": range(5)}).to_parquet(path)
    assert read(path, path.name, column="b").values.tolist() == [0, 1, 2, 3, 4]
    german = b"Datum;Wert\n01.02.2024;0,25\n13.02.2024;-1,50\n"
    assert read(german, "x.csv").values.tolist() == [0.25, -1.5]
    seconds = b"timestamp,index\n1704067200,1\n1704153600,2\n"
    assert read(seconds, "x.csv").values.index[0] == pd.Timestamp("2024-01-02", tz="UTC")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"date,a,b\n2024-01-01,1,2\n2024-01-02,1,2\n", "one column of a, b. Received: none"),
        (b"date,value\n2024-01-01,high\n2024-01-02,low\n", "can't be read as a signal"),
        (b"date,value\n2024-01-01,1\n", "two values at least. Received: 1"),
        (b"date,value\n2024-01-01,1\n2024-01-01,2\n2024-01-02,1\n", "one value at a time"),
        (b"a,b,c\n1,2,3\n", "needs a column of times"),
        (b"\x00\x01\x02", "needs a column of times"),
        (b"", "needs a column of times"),
        (b"date,value\n2024-01-01,1e999\n2024-01-02,2\n2024-01-03,2\n", "finite|plain number"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(CryptoForecastError, match=message):
        read(content, "mood.csv")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile):
        read(tmp_path / "no.csv", "no.csv")


def test_a_lag_into_the_future_is_refused() -> None:
    times = pd.date_range("2024-01-01", periods=3, freq="D", tz="UTC")
    series = pd.Series([1.0, 2.0, 3.0], times)
    with pytest.raises(InvalidInput, match=r"`lag` must be 0m to 366d. Received: -1d"):
        from_series("mood", series, "a test", lag=-DAY)
    with pytest.raises(InvalidInput, match="name must be of at most 32 lower-case letters"):
        from_series("Mood!", series, "a test")


def test_spans_are_written_as_they_are_read() -> None:
    for text in ("1d", "90m", "36h", "0m"):
        assert text_of(span_of(text)) == text
    assert span_of("2 W") == 14 * DAY
    with pytest.raises(InvalidInput, match=r"such as 1d. Received: 'soon'"):
        span_of("soon")
