"""Small files whose every cell is odd in another way are read, or refused, in time and memory."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files import bounds
from cryptoforecast.prices.files.columns import symbols
from cryptoforecast.prices.files.price_file import read
from cryptoforecast.prices.files.readers.lines import in_utf8
from cryptoforecast.prices.files.values.months import find_months
from cryptoforecast.prices.files.values.zones import MAX_ZONES, without_remarks
from tests.prices.files import bombs, text_bombs
from tests.prices.files.test_bombs import MAX_MEGABYTES, MAX_TIMES

ROWS = 240_000
#: Files that took more than they may, and their rows.
_LARGE = {
    "invented months, gzip": ROWS, "times with remarks, written out": ROWS,
    "long names, 1000, PLAIN, zstd, 2.0": ROWS, "UTC with long remarks, gzip": 500_000,
    "dates of no order, gzip": 400_000, "symbols, gzip": 400_000,
    "long fractions, written out": 300_000, "remarks, written out": 400_000,
    "volumes with units, gzip": 400_000,
}  # fmt: skip
_OTHERS = (
    "Parquet long symbol, snappy",
    "JSON lines, plain",
    "text quoted lines after rows, plain",
)
_PROGRAM = """
import json, os, re, sys, time
from pathlib import Path
import pyarrow.compute, pyarrow.csv, pyarrow.parquet
from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.prices.files.price_file import read
from tests.prices.files.bombs import good_rows, seconds_of_sound_rows
def memory(field):
    return int(re.search(field + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
read(good_rows(), "x")
for path in Path(sys.argv[1]).iterdir():
    if os.fork():
        os.wait()
        continue
    content = path.read_bytes()
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    started, answer = time.process_time(), "read"
    try:
        read(content, "x", interval="1h")
    except CryptoForecastError as error:
        answer = "refused"
    seconds = time.process_time() - started
    print(json.dumps([path.name, seconds, memory("VmHWM") - before, answer]), flush=True)
    os._exit(0)
print(json.dumps(seconds_of_sound_rows(read)))
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")
def test_a_column_of_odd_cells_takes_no_more_than_it_may(tmp_path: Path) -> None:
    """Each is read in a process of its own, whose peak of memory is that of this file."""
    for name, rows in _LARGE.items():
        make = next(make for _, each, make in text_bombs.text_bombs(rows) if each == name)
        (tmp_path / name).write_bytes(make())
    for kind, name, make in bombs.bombs():
        if f"{kind} {name}" in _OTHERS:
            (tmp_path / name).write_bytes(make())
    command = [sys.executable, "-c", _PROGRAM, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    *results, sound = map(json.loads, done.stdout.splitlines())
    assert len(results) == len(_LARGE) + len(_OTHERS)
    most = MAX_TIMES * sound
    assert not [each for each in results if each[1] > most or each[2] > MAX_MEGABYTES]


def test_times_have_no_more_text_than_the_bytes_of_the_file_are_for() -> None:
    of_file = bounds.Bounds(1_000_000)
    of_file.check_texts("times", 100_000, 10_300_000, "Write them.")
    with pytest.raises(UnreadableFile, match=r"100,000 times of a file of 1 MB may take 10 MB as"):
        of_file.check_texts("times", 100_000, 10_300_001, "Write them.")


def test_more_symbols_than_there_are_coins_are_refused() -> None:
    lines = [f"c{row},{1704067200 + 60 * row},1,1,1,1" for row in range(symbols.MAX_SERIES + 1)]
    for count, reason in (
        (-1, "50000 in all"),
        (None, r"50,000 coins. Received: 50,001 different"),
    ):
        content = "\n".join(["symbol,time,open,high,low,close", *lines[:count]]).encode()
        with pytest.raises(UnreadableFile, match=reason):
            read(content, "x", interval="1h")


def test_minutes_without_a_trade_are_read_out_of_an_archive() -> None:
    times = pd.date_range("2024-01-01", periods=400_000, freq="min").strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = "\n".join(["time,open,high,low,close,volume", *(f"{time},1,1,1,1,0" for time in times)])
    content = gzip.compress(lines.encode(), 9)
    assert len(content) < 3 * len(times)
    assert len(read(content, "x")) == len(times)


def test_a_name_in_a_dictionary_is_that_of_the_candles() -> None:
    rows = 240_000
    table = text_bombs.Rows("symbols", rows, 1).table()
    table = table.set_column(5, "close", pa.array(np.ones(rows)))
    stream = io.BytesIO()
    parquet.write_table(table, stream)
    history = read(stream.getvalue(), "x", interval="1h")
    assert history.quality.decisions["format"] == "Parquet"
    assert len(history) == rows // 60


def test_words_are_no_months_where_there_are_too_many() -> None:
    words = [text_bombs._word(i) for i in range(999)]
    assert find_months([*words, "March"]) == {"March": 3}
    assert find_months([*words, "zzz", "March"]) == {}


def test_columns_of_words_are_refused_by_a_few_of_them() -> None:
    content = text_bombs._text(text_bombs.Rows("invented months", 30_000, 30_000))
    with pytest.raises(UnreadableFile, match=r"'1 aaaaa 2024' .line 2.* others that are no times"):
        read(content, "x")


def test_remarks_after_an_offset_or_utc_are_not_told_apart() -> None:
    labels = ["+01:00 (Central European)", "UTC (one of them)", "GMT+0200 [x]",
              "+0000 UTC m=+0.000123", "Europe/Berlin", "", "Z", "(no zone at all)"]  # fmt: skip
    plain = ["+01:00", "UTC", "GMT+0200", "+0000", *labels[4:]]
    assert list(without_remarks(pd.Series(labels, dtype="str"))) == plain
    content = text_bombs._text(text_bombs.Rows("UTC with remarks", 3_000, 3_000))
    assert len(read(content, "x", interval="1h")) == 50


def test_more_zones_than_there_are_are_refused() -> None:
    zones = [f"{h:+03d}:{m:02d}" for h in range(14) for m in range(60)][: MAX_ZONES + 1]
    for count in (MAX_ZONES, MAX_ZONES + 1):
        times = [f"1 Mar 2024 12:00 {zones[i]}" for i in range(count)]
        content = "\n".join(["time,open,high,low,close", *(f"{time},1,1,1,1" for time in times)])
        if count == MAX_ZONES:
            assert len(read(content.encode(), "x")) > 1
        else:
            with pytest.raises(UnreadableFile, match=r"may name 700 zones. Received: 701"):
                read(content.encode(), "x")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_text_is_opened_as_utf_8_in_pieces(encoding: str) -> None:
    text = "Zeit,€,🚀\r\n" * 50_000
    assert in_utf8(io.BytesIO(text.encode(encoding)), encoding).read() == text.encode()


def test_utf_16_is_parsed_as_numbers_and_its_damage_is_refused() -> None:
    content = bombs.good_rows(20_000).decode().encode("utf-16")
    history = read(content, "x", interval="1h")
    assert "numbers" not in history.quality.decisions
    assert history.quality.decisions["encoding"] == "utf-16"
    for damaged in (content[:-1], content[:-2] + b"\x00\xd8"):
        with pytest.raises(UnreadableFile, match="Save it as UTF-8"):
            read(damaged, "x")


def test_empty_texts_are_counted_as_values() -> None:
    """Hundreds of columns of them would take hundreds of megabytes once they are read."""
    content = text_bombs._written(text_bombs._blank(60_000, 100), compression="zstd")
    with pytest.raises(UnreadableFile, match=r"may have 3[0-9] MB, unpacked"):
        read(content, "x")


def test_long_texts_without_a_dictionary_are_read_in_few_rows() -> None:
    content = text_bombs._written(
        text_bombs._repeated(100, "x" * 70_000), compression="zstd", use_dictionary=False
    )
    with pytest.raises(UnreadableFile, match="may have 65,536 bytes"):
        read(content, "x")
