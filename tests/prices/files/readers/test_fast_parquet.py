"""Long Parquet files: merged while they are read, they give what reading them whole gives."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet as arrow_parquet

from cryptoforecast.errors import InvalidInput, UnreadableFile
from cryptoforecast.prices import read
from cryptoforecast.prices.files.readers import fast_parquet, parquet
from tests.prices.files.readers.test_fast_csv import check_same, minutes

FRAME = minutes(700)
SECONDS = pa.array(FRAME.index.as_unit("s").asi8)


def packed(columns: dict[str, object]) -> bytes:
    stream = io.BytesIO()
    arrow_parquet.write_table(pa.table(columns), stream, row_group_size=250)
    return stream.getvalue()


def prices(frame: pd.DataFrame = FRAME) -> dict[str, object]:
    return {name: pa.array(frame[name].to_numpy()) for name in frame}


@pytest.fixture
def merged(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each file was merged while it was read."""
    merge, done = fast_parquet.read_and_merge, list[bool]()

    def watched(*args: object) -> object:
        done.append((result := merge(*args)) is not None)  # type: ignore[arg-type]
        return result

    monkeypatch.setattr(fast_parquet, "read_and_merge", watched)
    monkeypatch.setattr(parquet, "_ROWS_AT_ONCE", 90)
    return done


def check_both(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read(content, "x.parquet", interval="15m")
    monkeypatch.setattr(fast_parquet, "FEW_ROWS", 300)
    check_same(read(content, "x.parquet", interval="15m"), whole)


def holes() -> dict[str, object]:
    frame = FRAME.copy()
    frame.iloc[[5, 300, 301], 0] = np.nan
    frame.iloc[400, 4] = -1.0
    return {"time": SECONDS, **prices(frame)}


PLAIN = {
    "seconds": {"time": SECONDS, **prices()},
    "thousandths": {"open_time": pa.array(SECONDS.to_numpy() * 1000), **prices()},
    "datetimes": {"time": pa.array(FRAME.index), **prices()},
    "datetimes in seconds": {"time": SECONDS.cast(pa.timestamp("s")), **prices()},
    "newest first": {"time": SECONDS[::-1], **prices(FRAME[::-1])},
    "a symbol": {"symbol": pa.array(["BTCEUR"] * 700), "time": SECONDS, **prices()},
    "a symbol and more": {
        "n": pa.array(range(700)), "symbol": pa.array(["BTCEUR"] * 700).dictionary_encode(),
        "time": SECONDS, **prices(), "remark": pa.nulls(700),
    },
    "small numbers": {"time": SECONDS, **{name: column.cast(pa.float32())  # type: ignore[attr-defined]
                                          for name, column in prices().items()}},
    "holes": holes(),
    "gaps": {name: column.filter(pa.array(np.arange(700) % 200 < 190))  # type: ignore[attr-defined]
             for name, column in {"time": SECONDS, **prices()}.items()},
}  # fmt: skip
ODD = {
    "text": {"time": pa.array(FRAME.index.strftime("%Y-%m-%d %H:%M")), **prices()},
    "out of order": {"time": SECONDS.take(pa.array([1, 0, *range(2, 700)])), **prices()},
    "two symbols": {"coin": pa.array(["BTC"] * 350 + ["BTC-USD"] * 350),
                    "time": SECONDS, **prices()},
}  # fmt: skip


@pytest.mark.parametrize("columns", PLAIN.values(), ids=PLAIN)
def test_merged_while_it_is_read_it_is_the_same(
    columns: dict[str, object], merged: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    check_both(packed(columns), monkeypatch)
    assert merged == [False, True]


@pytest.mark.parametrize("columns", ODD.values(), ids=ODD)
def test_what_is_irregular_is_read_whole(
    columns: dict[str, object], merged: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_parquet, "FEW_ROWS", 300)
    content = packed(columns)
    with contextlib.suppress(UnreadableFile):
        read(content, "x.parquet", interval="15m")
    assert merged == [False]


def test_an_interval_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_parquet, "FEW_ROWS", 300)
    hours = pa.array(1_600_002_000 - 1_600_002_000 % 3600 + 3600 * np.arange(700))
    with pytest.raises(InvalidInput, match="1h candles, 15m wanted"):
        read(packed({"time": hours, **prices()}), "x.parquet", interval="15m")


@pytest.mark.slow
def test_two_million_rows_take_little_memory(tmp_path: Path) -> None:
    """Held whole they take 600 MB."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("needs /proc, which tells the peak of a process")
    rows = 2_000_000
    columns = {name: np.random.default_rng(0).uniform(99, 100, rows) for name in FRAME}
    columns["high"], columns["low"] = columns["open"] + 2, columns["open"] - 2
    path = tmp_path / "x.parquet"
    times = 1_420_070_400 + 60 * np.arange(rows)
    arrow_parquet.write_table(pa.table({"time": times, **columns}), path)
    program = (
        "import re, sys, pyarrow.compute, pyarrow.parquet; from pathlib import Path\n"
        "from cryptoforecast.prices import read\n"
        "def memory(field):\n"
        "    status = Path('/proc/self/status').read_text()\n"
        "    return int(re.search(field + r':\\s+(\\d+)', status)[1]) // 1024\n"
        "before = memory('VmRSS'); Path('/proc/self/clear_refs').write_text('5')\n"
        "print(len(read(Path(sys.argv[1]), 'x', interval='1h')), memory('VmHWM') - before)\n"
    )
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    candles, megabytes = map(int, done.stdout.split())
    assert candles == rows // 60
    assert megabytes < 300
