"""Small files that unpack, or are parsed, to something huge are refused in time and in memory."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files import bounds
from cryptoforecast.prices.files.column_names import column_names
from cryptoforecast.prices.files.price_file import read
from tests.prices.files import bombs

#: How many times as long as 100,000 sound rows a small file may take.
MAX_TIMES = 50
MAX_MEGABYTES = 150.0
# What several codecs or a few sizes of one shape are for is the long form in `benchmarks/bombs.py`.
_LEFT_OUT = ("snappy", "brotli", "lz4, ", "none", "plain", "rising", "same rows", "quoted lines")

_PROGRAM = """
import json, re, sys, time
from pathlib import Path
import pyarrow.compute, pyarrow.csv, pyarrow.parquet
from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.prices.files.price_file import read
from tests.prices.files.bombs import seconds_of_sound_rows
def memory(field):
    return int(re.search(field + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
for path in sorted(Path(sys.argv[1]).iterdir()):
    content = path.read_bytes()
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    started, answer = time.process_time(), "read"
    try:
        read(content, "x")
    except CryptoForecastError as error:
        answer = "refused"
    except BaseException as error:
        answer = repr(error)[:200]
    seconds = time.process_time() - started
    print(json.dumps([path.name, seconds, memory("VmHWM") - before, answer]), flush=True)
print(json.dumps(seconds_of_sound_rows(read)))  # last, since it leaves room in the memory
"""


def files() -> Iterator[tuple[str, bytes]]:
    """Yield one file of each shape."""
    for kind, name, make in bombs.bombs(rows=1_000_000, packed=160, plain=2):
        if not any(word in f"{name}, " for word in _LEFT_OUT):
            yield f"{kind} {name}".replace("/", " "), make()


def test_no_small_file_takes_more_time_or_memory_than_it_may(tmp_path: Path) -> None:
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("needs /proc, which tells the peak of a process")
    count = 0
    for name, content in files():
        (tmp_path / name).write_bytes(content)
        count += 1
    assert count > 100
    command = [sys.executable, "-c", _PROGRAM, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    *results, sound = map(json.loads, done.stdout.splitlines())
    broken = [
        result
        for result in results
        if result[1] > MAX_TIMES * sound
        or result[2] > MAX_MEGABYTES
        or result[3] not in ("read", "refused")
    ]
    assert not broken
    assert len(results) == count


@pytest.mark.parametrize("megabytes", [1, 3])
def test_a_line_is_bounded_before_it_is_split(megabytes: int) -> None:
    for name in ("line after rows", "commas after rows", "letters after rows"):
        content = bombs.gzipped(bombs.TEXT[name](megabytes))
        with pytest.raises(UnreadableFile, match="A line of a price file may have 65,536 bytes"):
            read(content, "x")


def test_a_quote_that_is_never_closed_is_bounded() -> None:
    content = bombs.gzipped(bombs.TEXT["open quote over lines"](40))
    with pytest.raises(UnreadableFile):
        read(content, "x")


def test_a_file_may_have_as_many_rows_as_its_bytes_are_for() -> None:
    of_file = bounds.Bounds(6_000_000)
    of_file.check_rows(1_250_000)
    with pytest.raises(UnreadableFile, match="A file of 6 MB may have 1,250,000 rows"):
        of_file.check_rows(1_250_001)
    assert bounds.Bounds(200_000_000).rows == bounds.MAX_ROWS


def test_pages_are_counted_before_they_are_unpacked() -> None:
    """A text of 36 MB is found although nothing at the end of the file tells of it."""
    table = bombs._table(48, symbol=pa.array(["x" * 36_000_000, *[""] * 47]))
    content = bombs._parquet(table, compression="zstd", write_statistics=False)
    with pytest.raises(UnreadableFile, match=r"A page of a file .* may unpack to"):
        read(content, "x")


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_wrong_counts_at_the_end_of_a_parquet_file_do_not_help(version: str) -> None:
    for rows, text, reason in (
        (300_000, 5_000, "it has more values than its end says"),
        (10_000, 11_000, "it has fewer rows than its end says"),
        (10_000, 1_000_000, "may have 255,... rows"),
    ):
        true = bombs.wrong_counts(rows, rows, data_page_version=version)
        content = bombs.wrong_counts(rows, text, data_page_version=version)
        # It is sound but for the counts, which Arrow believes.
        assert parquet.ParquetFile(io.BytesIO(true)).metadata.num_rows == rows
        assert parquet.ParquetFile(io.BytesIO(content)).metadata.num_rows == text
        assert len(content) == len(true)
        with pytest.raises(UnreadableFile, match=reason):
            read(content, "x")
        if rows < 250_000:
            assert len(read(true, "x")) == rows


def test_a_description_that_grows_is_not_followed() -> None:
    for make in (bombs.growing_parquet, bombs.growing_feather):
        # With few levels it is sound for Arrow; 24 levels would be 16 million columns.
        for levels in (13, 24):
            with pytest.raises(UnreadableFile, match="may describe 5,000 columns, each of them"):
                read(make(levels), "x")
    assert len(read(bombs.growing_parquet(4), "x")) == 48
    assert pa.ipc.open_file(bombs.growing_feather(4)).schema.names == ["c"]


def test_the_names_of_a_bomb_are_not_looked_for() -> None:
    for kind, name, make in bombs.bombs(rows=100_000, packed=2, plain=1):
        if kind in ("Parquet", "Feather", "archive"):
            assert len(column_names(make())) <= 1_000, name


def test_times_beyond_the_years_of_python_are_refused() -> None:
    for values, type_ in (
        ([2**62] * 48, pa.timestamp("s")), ([-(2**62)] * 48, pa.timestamp("us")),
        ([2**31 - 1] * 48, pa.date32()), ([2**62] * 48, pa.date64()),
    ):  # fmt: skip
        for make in (bombs._parquet, bombs._feather):
            try:
                content = make(bombs._table(48, time=pa.array(values, type_)))
            except pa.ArrowException:
                continue
            with pytest.raises(UnreadableFile):
                read(content, "x")


@pytest.mark.parametrize("close", [b"27,5", b"word"])
def test_nothing_of_a_file_stays_in_memory_once_it_was_read(close: bytes) -> None:
    """Arrow counts what is left of the texts before Python looks for what nobody needs."""
    rows = (b"%d;27,5;28,5;26,5;%b;3\n" % (1_609_459_200 + 3600 * i, close) for i in range(900))
    content = bombs.HEADER.replace(b",", b";") + b"".join(rows)
    gc.collect()
    gc.disable()
    try:
        before = pa.total_allocated_bytes()
        with contextlib.suppress(UnreadableFile):
            assert len(read(content, "x")) == 900
        assert pa.total_allocated_bytes() <= before
    finally:
        gc.enable()


def test_nobody_who_left_is_read_for() -> None:
    class Goodbye(BaseException):
        """As Streamlit ends a script."""

    for content in (bombs.good_rows(40_000), bombs._parquet(bombs._table(1_000))):
        shares: list[float] = []
        read(content, "x", report=shares.append)
        # Also after all of it was read, between the steps that follow.
        assert shares[-4:] == [1.0] * 4
        for last in (0, len(shares) - 1):
            calls = iter(range(last))

            def report(_share: float, calls: Iterator[int] = calls) -> None:
                if next(calls, None) is None:
                    raise Goodbye

            with pytest.raises(Goodbye):
                read(content, "x", report=report)
