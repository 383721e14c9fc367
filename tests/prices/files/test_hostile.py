"""Files made to waste time or memory, or to break the reader, are refused before they can."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files import bounds
from cryptoforecast.prices.files.column_names import column_names
from cryptoforecast.prices.files.columns import roles
from cryptoforecast.prices.files.columns.dialects import plain_name
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.price_file import read
from cryptoforecast.prices.files.readers import feather as feather_reader
from cryptoforecast.prices.files.readers import json_rows
from cryptoforecast.prices.files.readers import parquet as parquet_reader
from tests.prices.files import samples

HOURS = samples.candles("1h", 48)
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def refused(content: bytes, match: str, corrections: Corrections | None = None) -> None:
    with pytest.raises(UnreadableFile, match=match):
        read(content, "x", corrections=corrections)


def packed(frame: pa.Table, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    write = parquet.write_table if kind == "parquet" else feather.write_feather
    write(frame, buffer, **{"compression": "lz4", **options})
    return buffer.getvalue()


def table(**more: pa.Array) -> pa.Table:
    """The candles with other columns in place of theirs, or beside them."""
    frame = pa.Table.from_pandas(HOURS.reset_index(), preserve_index=False)
    columns = {name: frame.column(name) for name in frame.column_names}
    return pa.table(columns | more)


def table_of_names(names: list[str], kind: str) -> bytes:
    if kind == "csv":
        return ",".join(names).encode() + b"\n" + b"1," * (len(names) - 1) + b"1\n"
    if kind == "records":
        return json.dumps([dict.fromkeys(names, 1)] * 3).encode()
    if kind == "lists":
        return json.dumps([names, *[[1] * len(names)] * 3]).encode()
    return packed(pa.table({name: [1] for name in names}), kind)


# ---------------------------------------------------------------------------- names


KINDS = ("csv", "records", "lists", "parquet", "feather")


@pytest.mark.parametrize("kind", KINDS)
def test_more_columns_than_prices_have_are_refused(kind: str) -> None:
    names = [*HOURS.reset_index().columns, *(f"c{i}" for i in range(roles.MAX_COLUMNS))]
    content = table_of_names(names, kind)
    refused(content, r"may have 1,000 columns.* Received: 1,006 columns")
    assert column_names(content) == []


@pytest.mark.parametrize("kind", KINDS[:2] + KINDS[3:])
def test_longer_names_than_columns_have_are_refused(kind: str) -> None:
    names = [*HOURS.reset_index().columns, "(" * (roles.MAX_NAME + 1)]
    content = table_of_names(names, kind)
    refused(content, r"names of 200 characters\. Received: a name of 201 characters")
    assert column_names(content) == []


def test_lists_of_many_numbers_are_refused_as_too_many_columns() -> None:
    refused(json.dumps([list(range(5000))]).encode(), "Received: 5,000 columns")


def test_names_within_the_bounds_are_made_unique() -> None:
    names = roles.unique_names(["a"] * roles.MAX_COLUMNS)
    assert len(set(names)) == roles.MAX_COLUMNS
    assert names[:2] == ("a", "a (column 2)")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Volume (BTC)", "volume"), ("Volume (in BTC (coins))", "volume"), ("Open [$", "open"),
        ("((Close)", "close"), ("a) Close (USD)", "aclose"), ("(USD)", "usd"),
        ("Low (a] b", "lowb"),
    ],
)  # fmt: skip
def test_what_stands_in_brackets_is_no_part_of_a_name(name: str, expected: str) -> None:
    assert plain_name(name) == expected


def test_a_long_remark_in_place_of_a_time_is_left_out_without_being_read() -> None:
    remark = "1" + " " * 200 + "x 2024-03-09 00:00"
    content = samples.own(HOURS) + f"{remark},,,,,\n".encode()
    assert len(read(content, "x.csv")) == 48
    refused(samples.own(HOURS) + f"{remark},1,1,1,1,1\n".encode(), "Times must be")


# ---------------------------------------------------------------------------- memory


def repeated(rows: int = 48) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["x" * 1000]))


def test_repeated_text_is_bounded_by_its_size_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    content = packed(table(symbol=repeated()), "parquet")
    assert len(read(content, "x")) == 48
    monkeypatch.setattr(parquet_reader, "MAX_BYTES", 30_000)
    refused(content, "Received: more")


def test_text_written_as_differences_is_read_a_few_rows_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = packed(
        table(symbol=pa.array(["x" * 1000] * 48)),
        "parquet",
        use_dictionary=False,
        column_encoding={"symbol": "DELTA_BYTE_ARRAY"},
    )
    assert len(read(content, "x")) == 48
    monkeypatch.setattr(parquet_reader, "MAX_BYTES", 30_000)
    refused(content, "Received: more")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("parquet", pa.string()), ("parquet", pa.large_string()), ("parquet", pa.string_view()),
        ("feather", pa.string()), ("feather", pa.large_string()),
    ],
)  # fmt: skip
def test_text_of_every_type_is_read(kind: str, text: pa.DataType) -> None:
    times = pa.array(HOURS.index.strftime("%Y-%m-%d %H:%M").tolist(), text)
    history = read(packed(table(time=times, symbol=pa.array(["BTC", None] * 24, text)), kind), "x")
    assert history.candles.index.equals(HOURS.index)
    assert history.coin == "BTC"


@pytest.mark.parametrize("compression", ["lz4", "uncompressed"])
def test_a_feather_file_of_several_batches_is_read_in_their_order(compression: str) -> None:
    content = packed(table(), "feather", compression=compression, chunksize=20)
    candles = read(content, "x").candles
    pd.testing.assert_frame_equal(candles, HOURS, check_freq=False)


def test_the_size_of_a_feather_file_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    content = packed(table(), "feather")
    monkeypatch.setattr(feather_reader, "MAX_FEATHER_BYTES", len(content))
    assert len(read(content, "x")) == 48
    monkeypatch.setattr(feather_reader, "MAX_FEATHER_BYTES", len(content) - 1)
    refused(content, r"A Feather file may have .*Received: a larger file\. Save it as Parquet")


def test_what_a_feather_file_unpacks_to_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    content = packed(table(symbol=pa.array(["x" * 1000] * 48)), "feather")
    assert len(content) < 10_000
    monkeypatch.setattr(feather_reader, "MAX_UNPACKED_BYTES", 30_000)
    refused(content, r"Feather file may have .*unpacked.*Received: more")


def test_what_feather_can_unpack_without_bound_is_refused() -> None:
    """Zstandard makes gigabytes of kilobytes; dictionaries and views come in any number."""
    refused(packed(table(), "feather", compression="zstd"), "bytes that Zstandard begins with")
    refused(packed(table(symbol=repeated()), "feather"), r"dictionary.* in column 'symbol'")
    refused(packed(table(other=repeated()), "feather"), r"dictionary.* in column 'other'")
    inside = pa.StructArray.from_arrays([repeated()], names=["x"])
    refused(packed(table(other=inside), "feather"), r"struct.* in column 'other'")
    views = pa.array(["BTC"] * 48, pa.string_view())
    refused(packed(table(symbol=views), "feather"), r"string_view in column 'symbol'")
    assert len(read(packed(table(other=views), "feather"), "x")) == 48


def peak_of_reading(content: bytes) -> int:
    """Read a file in a process of its own that must refuse it; return its peak in MB."""
    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc, which tells the peak of a process")
    program = (
        "import re, sys; from pathlib import Path; from cryptoforecast.prices import read\n"
        "from cryptoforecast.errors import UnreadableFile\n"
        "try:\n    read(sys.stdin.buffer.read(), 'x')\n"
        "except UnreadableFile:\n"
        "    status = Path('/proc/self/status').read_text()\n"
        "    print(int(re.search(r'VmHWM:\\s+(\\d+)', status)[1]) // 1024)\n"
    )
    command = [sys.executable, "-c", program]
    return int(subprocess.run(command, input=content, capture_output=True, check=True).stdout)


@pytest.mark.slow
def test_a_small_feather_file_cannot_fill_the_memory() -> None:
    """Six columns of 160 MB each in 4 MB: one is unpacked, then the file is refused."""
    zeros = pa.array(np.zeros(20_000_000))
    names = ("time", "open", "high", "low", "close", "volume")
    content = packed(pa.table(dict.fromkeys(names, zeros)), "feather", chunksize=len(zeros))
    assert 3_000_000 < len(content) < 4_000_000
    assert peak_of_reading(content) < 500


def test_a_feather_file_damaged_anywhere_is_read_or_refused() -> None:
    sound = samples.columnar(HOURS, "feather")
    dice = np.random.default_rng(1)
    for _ in range(200):
        wrong = bytearray(sound)
        wrong[int(dice.integers(len(sound) - 1500, len(sound)))] = int(dice.integers(256))
        try:
            read(bytes(wrong), "x")
        except UnreadableFile:
            continue


@pytest.mark.parametrize(
    "content",
    [
        b"[" + b"{}," * 60 + b"{}]",
        b"[" + b"[]," * 60 + b"[]]",
        b"{}\n" + b"\n" * 60 + b"{}",
        json.dumps({name: [1709251200] * 60 for name in ("t", "o", "h", "l", "c")}).encode(),
        json.dumps({n: {str(i): 1 for i in range(60)} for n in ("time", "price")}).encode(),
    ],
    ids=["records", "lists", "lines", "columns", "turned"],
)
def test_rows_of_json_are_bounded(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    from cryptoforecast.prices.files.readers import json as json_reader

    for module in (json_rows, json_reader):
        monkeypatch.setattr(module, "MAX_JSON_ROWS", 50)
    refused(content, "million rows. Received: more. Save it as CSV or Parquet")


def test_json_is_bounded() -> None:
    refused(b"[" + b" " * json_rows.MAX_JSON_BYTES, "A JSON file may have 30 MB.*CSV or Parquet")


# ---------------------------------------------------------------------------- values


@pytest.mark.parametrize("kind", ["parquet", "feather"])
@pytest.mark.parametrize("bytes_", [pa.binary(), pa.large_binary(), pa.binary(1)], ids=str)
def test_bytes_in_place_of_numbers_are_refused(kind: str, bytes_: pa.DataType) -> None:
    content = packed(table(open=pa.array([b"\xff"] * 48, bytes_)), kind)
    refused(content, "must hold numbers, text or times. Received: .*binary.* in column 'open'")


@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_text_that_is_none_is_refused(kind: str) -> None:
    ends = pa.py_buffer(np.arange(49, dtype=np.int32).tobytes())
    text = pa.StringArray.from_buffers(48, ends, pa.py_buffer(b"\xff" * 48))
    refused(packed(table(open=text), kind), "UTF8")


def in_digits(content: bytes, digits: dict[int, int]) -> bytes:
    """Write the times in other digits; they stand first in their line."""
    rows = [re.split("([,;])", line, maxsplit=1) for line in content.decode().splitlines()]
    return "\n".join("".join([row[0].translate(digits), *row[1:]]) for row in rows).encode()


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M:%S"])
def test_digits_of_full_width_are_digits(form: str) -> None:
    frame = samples.candles("1h", 48, "2024-03-20")
    content = in_digits(samples.dated(frame, form), FULL_WIDTH)
    assert read(content, "x.csv").candles.index.equals(frame.index)


def test_digits_that_no_reader_knows_are_refused() -> None:
    refused(in_digits(samples.dated(HOURS, "%Y-%m-%d %H:%M"), ARABIC), "Times must be")


@pytest.mark.parametrize("content", [b"[[]]", b"[[], []]", b"[]\n[]"])
def test_empty_lists_are_no_candles(content: bytes) -> None:
    refused(content, "0 columns of another shape")


@pytest.mark.parametrize("name", ["volume", "symbol", "turnover", "source"])
def test_a_name_that_a_list_holds_twice_is_refused_for_numbers_only(name: str) -> None:
    stamps = HOURS.index.as_unit("s").asi8.tolist()
    body = [[t, *row, 7, 8] for t, row in zip(stamps, HOURS.iloc[:, :4].to_numpy().tolist(),
                                              strict=True)]  # fmt: skip
    header = ["time", "open", "high", "low", "close", name, name]
    content = json.dumps([header, *body]).encode()
    if name == "volume":
        refused(content, r"'volume' and 'volume \(column 7\)', which differ \(record 2\)")
        return
    history = read(content, "x.json")
    assert history.candles.index.equals(HOURS.index)


def test_one_column_alone_is_no_table() -> None:
    corrections = Corrections(columns={"price": "column 1"})
    refused(b"27000.5\n27001.5\n27002.5\n", "1 columns of another shape", corrections)


def test_a_zip_archive_that_unpacks_large_pieces_at_once_is_refused() -> None:
    for method in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            archive.writestr("a.csv", samples.own(HOURS))
        refused(buffer.getvalue(), f"packed by Deflate.*number {method}")


# ---------------------------------------------------------------------------- labels


def test_a_moved_label_that_meets_one_left_in_place_is_a_duplicate() -> None:
    days = samples.candles("1d", 60)
    index = pd.DatetimeIndex(days.index + pd.Timedelta("1D") - pd.Timedelta("1ms"))
    again = (days.iloc[[30]] * 1.001).set_axis(days.index[[30]])
    frame = pd.concat([days.set_axis(index).iloc[:31], again, days.set_axis(index).iloc[31:]])
    history = read(samples.own(frame.rename_axis("time")), "x.csv")
    assert history.candles.index.equals(days.index)
    assert history.quality.duplicates == 1
    # The copy is the last of the two in the file.
    assert history.candles["close"].iloc[30] == again["close"].iloc[0]
    assert "is the end of its candle" in history.quality.decisions["label"]
    assert "duplicates" in [problem.kind for problem in history.quality.problems]


def test_a_label_left_in_place_between_moved_ones_is_put_in_order() -> None:
    days = samples.candles("1d", 60)
    index = days.index + pd.Timedelta("1D") - pd.Timedelta("1ms")
    odd = days.index[30] + pd.Timedelta("1h")
    frame = pd.concat([days.set_axis(index), days.iloc[[30]].set_axis([odd]) * 1.01])
    candles = read(samples.own(frame.rename_axis("time")), "x.csv").candles
    assert candles.index.is_monotonic_increasing
    assert candles.index.is_unique
    assert odd in candles.index


def test_the_limits_are_those_that_the_messages_and_pages_name() -> None:
    assert (bounds.MAX_BYTES, bounds.MAX_ROWS) == (10**9, 12 * 10**6)
    assert (json_rows.MAX_JSON_BYTES, json_rows.MAX_JSON_ROWS) == (30 * 10**6, 2 * 10**6)
    assert feather_reader.MAX_FEATHER_BYTES == 4 * 10**6
    assert feather_reader.MAX_UNPACKED_BYTES == 100 * 10**6
    assert (roles.MAX_COLUMNS, roles.MAX_NAME) == (1000, 200)
