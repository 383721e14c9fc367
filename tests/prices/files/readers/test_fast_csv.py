"""Long files: the short way through them gives what reading them whole gives."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import csv

from cryptoforecast.errors import InvalidInput, UnreadableFile
from cryptoforecast.prices import read
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.readers import block_merging, blocks, fast_csv
from cryptoforecast.types import PriceHistory

BLOCK = 3_000


def minutes(rows: int, seed: int = 0, start: str = "2024-03-01 00:17") -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    close = np.round(100 * np.exp(np.cumsum(rng.normal(0, 1e-3, rows))), 6)
    frame = pd.DataFrame({"open": close * 0.999, "high": close * 1.002, "low": close * 0.998})
    frame["close"], frame["volume"] = close, np.round(rng.uniform(0, 5, rows), 5)
    frame.index = pd.date_range(start, periods=rows, freq="min", tz="UTC", unit="ns")
    return frame.rename_axis("time")


def text(frame: pd.DataFrame, times: str, absent: str = "") -> bytes:
    seconds = frame.index.as_unit("s").asi8
    units = {"s": 1, "ms": 1_000, "us": 1_000_000}
    words = {
        "iso": "%Y-%m-%d %H:%M:%S",
        "zoned": "%Y-%m-%dT%H:%M:%S+00:00",
        "words": "%b %d, %Y %H:%M",
    }
    if times in units:
        spelt = seconds * units[times]
    elif times == "float":
        spelt = [f"{second}.0" for second in seconds]
    else:
        spelt = frame.index.strftime(words[times])
    return frame.set_axis(pd.Index(spelt, name="time")).to_csv(na_rep=absent).encode()


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", BLOCK)


def both(
    content: bytes, interval: str = "1h", corrections: Corrections | None = None
) -> tuple[PriceHistory, PriceHistory, bool]:
    """Read a file the short way if it can be, and whole; tell whether it could."""
    folded: list[bool] = []
    fold = fast_csv.read_and_merge

    def watched(*args: object) -> object:
        folded.append((result := fold(*args)) is not None)  # type: ignore[arg-type]
        return result

    with pytest.MonkeyPatch.context() as patch:
        # Of minutes, an hour is about a block, and a day two or three.
        patch.setattr(blocks, "BLOCK_BYTES", 10 * BLOCK if interval == "1d" else BLOCK)
        patch.setattr(fast_csv, "read_and_merge", watched)
        short = read(content, "x.csv", interval=interval, corrections=corrections)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast_csv, "read_and_merge", lambda *_: None)
        whole = read(content, "x.csv", interval=interval, corrections=corrections)
    return short, whole, folded == [True]


def check_same(short: PriceHistory, whole: PriceHistory) -> None:
    # Sums are taken in parts, so that volume may differ in the last bit.
    pd.testing.assert_frame_equal(short.candles, whole.candles, rtol=1e-12)
    prices = ["open", "high", "low", "close"]
    assert (short.candles[prices] == whole.candles[prices]).all(axis=None)
    assert short.quality == whole.quality
    assert short.volume_unit == whole.volume_unit
    assert short.coin == whole.coin


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(400, 900),
    seed=st.integers(0, 9),
    times=st.sampled_from(["s", "ms", "us", "float", "iso", "zoned"]),
    newest_first=st.booleans(),
    lost=st.lists(st.integers(0, 399), max_size=30),
    absent=st.lists(st.integers(1, 398), max_size=200),
    interval=st.sampled_from(["5m", "1h", "1d"]),
    line_end=st.sampled_from([b"\n", b"\r\n"]),
    mark=st.booleans(),
)
def test_the_short_way_gives_what_reading_whole_gives(
    rows: int,
    seed: int,
    times: str,
    newest_first: bool,
    lost: list[int],
    absent: list[int],
    interval: str,
    line_end: bytes,
    mark: bool,
) -> None:
    start = "2024-03-01 00:17" if interval != "1d" else "2024-02-29 22:00"
    frame = minutes(max(rows, 5 * 1440) if interval == "1d" else rows, seed, start)
    frame.iloc[lost, :4] = np.nan
    frame = frame.drop(frame.index[absent])
    if newest_first:
        frame = frame[::-1]
    content = text(frame, times, "NaN").replace(b"\n", line_end)
    short, whole, folded = both(b"\xef\xbb\xbf" * mark + content, interval)
    check_same(short, whole)
    assert folded


def test_a_packed_file_with_symbol_and_odd_volume_goes_the_short_way() -> None:
    frame = minutes(700)
    frame.iloc[33, 4], frame.iloc[500, 4] = -1.0, np.nan
    frame["symbol"] = "ETH/USDT"
    short, whole, folded = both(gzip.compress(text(frame, "s")))
    check_same(short, whole)
    assert folded
    assert short.coin == "ETH"
    problem = next(each for each in short.quality.problems if each.kind == "volume")
    assert (problem.count, problem.first_line) == (1, 35)


def swapped(frame: pd.DataFrame) -> pd.DataFrame:
    order = np.arange(len(frame))
    order[[300, 301]] = [301, 300]
    return frame.iloc[order]


def with_time(frame: pd.DataFrame, row: int, time: str) -> pd.DataFrame:
    index = frame.index.to_series()
    index.iloc[row] = pd.Timestamp(time, tz="UTC")
    return frame.set_axis(pd.DatetimeIndex(index, name="time"))


FRAME = minutes(800)
ODD = {
    "a time twice": text(with_time(FRAME, 301, "2024-03-01 05:17"), "s"),
    "out of order": text(swapped(FRAME), "s"),
    "off the grid": text(with_time(FRAME, 301, "2024-03-01 05:18:20"), "s"),
    "times in words": text(FRAME, "words"),
    "a blank line": text(FRAME, "s").replace(b"\n17", b"\n\n17", 1),
    "two kinds of time": b"".join(
        (text(FRAME[:400], "s"), text(FRAME[400:], "ms").partition(b"\n")[2])
    ),
    "a last line cut off": text(FRAME, "s").rstrip(b"\n").rpartition(b",")[0] + b",",
    "a short row": text(FRAME, "s").replace(b"\n17", b"\n9,9\n17", 1),
    "a line without end": text(FRAME, "s") + b"1" * 60_000,
    "a line cut off": text(FRAME, "s").rpartition(b".")[0].rpartition(b",")[0],
    "trades": text(FRAME[["close", "volume"]].rename(columns={"close": "price"}), "s"),
    "ends of candles": text(FRAME, "s").replace(b"time", b"close_time", 1),
    "a source": text(FRAME.assign(source="simulated"), "s"),
}


@pytest.mark.parametrize("content", ODD.values(), ids=ODD.keys())
def test_whatever_is_odd_is_read_whole(content: bytes) -> None:
    short, whole, folded = both(content)
    assert not folded
    check_same(short, whole)
    assert len(short) >= 12


@pytest.mark.parametrize(
    "corrections",
    [Corrections(zone="Asia/Tokyo"), Corrections(label="close"), Corrections(label="open")],
    ids=["zone", "close", "open"],
)
def test_what_the_user_says_about_times_is_followed(corrections: Corrections) -> None:
    content = text(FRAME, "iso")
    short, whole, folded = both(content, corrections=corrections)
    assert not folded
    check_same(short, whole)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (text(FRAME.replace(FRAME.iloc[700, 3], 0.0), "s"), r"above 0.*line 702"),
        (text(FRAME.replace(FRAME.iloc[700, 3], np.inf), "s"), r"above 0.*line 702"),
        (text(FRAME.assign(high=FRAME["low"]), "s"), "between low and high"),
        (text(FRAME.assign(symbol=["BTC"] * 790 + ["ETH"] * 10), "s"), r"one coin.*line 792"),
        (text(FRAME, "s") + b"not,a,row,of,prices,at,all\n", "as many columns|regular"),
    ],
    ids=["zero", "infinite", "shape", "two coins", "long row"],
)
@pytest.mark.usefixtures("small_blocks")
def test_what_is_wrong_far_down_is_refused_with_its_line(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        read(content, "x.csv", interval="1h")


@pytest.mark.usefixtures("small_blocks")
def test_an_interval_that_does_not_fit_is_refused_at_the_first_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reports: list[int] = []
    call = block_merging.Merger.__call__

    def counted(self: block_merging.Merger, block: object) -> object:
        reports.append(1)
        return call(self, block)  # type: ignore[arg-type]

    monkeypatch.setattr(block_merging.Merger, "__call__", counted)
    hours = minutes(800).set_axis(pd.date_range("2024", periods=800, freq="h", tz="UTC"))
    with pytest.raises(InvalidInput, match="1h candles, 15m wanted"):
        read(text(hours.rename_axis("time"), "s"), "x.csv", interval="15m")
    assert len(reports) == 1


def peak_of_reading(path: Path) -> tuple[int, int]:
    """Make hours of a file in a process of its own; return how many, and its peak in MB."""
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("needs /proc: what the kernel counts for a child begins at its parent's size")
    program = (
        "import re, sys; from pathlib import Path; from cryptoforecast.prices import read\n"
        "history = read(Path(sys.argv[1]), 'BTCUSD.csv', interval='1h')\n"
        "status = Path('/proc/self/status').read_text()\n"
        "print(len(history), int(re.search(r'VmHWM:\\s+(\\d+)', status)[1]) // 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    rows, megabytes = (int(word) for word in done.stdout.split())
    return rows, megabytes


@pytest.mark.slow
def test_minutes_of_years_fit_the_small_machine(tmp_path: Path) -> None:
    """Four million minutes: six times the memory that is allowed if they were held as text."""
    frame = minutes(100_000, start="2015-01-01")
    prices = pa.Table.from_pandas(frame, preserve_index=False)
    path = tmp_path / "minutes.csv"
    first = frame.index.as_unit("s").asi8
    with path.open("wb") as file:
        file.write(",".join(["time", *frame.columns]).encode() + b"\n")
        for i in range(40):
            times = pa.array(first + i * 100_000 * 60)
            part = prices.add_column(0, "time", times)
            csv.write_csv(part, file, csv.WriteOptions(include_header=False))
    rows, megabytes = peak_of_reading(path)
    assert rows == 4_000_000 // 60
    assert megabytes < 400


@pytest.mark.slow
def test_real_minutes_of_seven_years_fit_it_too(data_folder: Path) -> None:
    path = data_folder / "minute" / "kaggle_layout_BTCUSD_1m_2013-04_2019-12.csv.gz"
    rows, megabytes = peak_of_reading(path)
    assert rows == 59_184
    assert megabytes < 400


@pytest.mark.parametrize("times", ["s", "words"])
def test_more_candles_than_are_wanted_are_refused_before_they_are_all_read(times: str) -> None:
    content = text(FRAME, times)
    with pytest.raises(InvalidInput, match=r"At most 700 candles.*Choose longer candles, such as"):
        read(content, "x.csv", max_candles=700)
    assert len(read(content, "x.csv", max_candles=800)) == 800
    assert len(read(content, "x.csv", interval="5m", max_candles=700)) == 160
