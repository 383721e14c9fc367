"""Parquet and Feather: the types, the sizes, and the column of times."""

from __future__ import annotations

import decimal
import io

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files import bounds
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.readers import arrow
from cryptoforecast.prices.files.readers.feather import read_feather
from cryptoforecast.prices.files.readers.parquet import read_parquet
from cryptoforecast.prices.files.table import Table
from tests.prices.files import samples

HOURS = samples.candles("1h", 48)
KINDS = {"Parquet": read_parquet, "Feather": read_feather}


def table(**more: pa.Array) -> pa.Table:
    frame = pa.Table.from_pandas(HOURS.reset_index(), preserve_index=False)
    return pa.table({name: frame.column(name) for name in frame.column_names} | more)


def read(columns: pa.Table, kind: str, **options: object) -> Table:
    stream = io.BytesIO()
    if kind == "Parquet":
        parquet.write_table(columns, stream, **options)
    else:
        feather.write_feather(columns, stream, compression="lz4", **options)
    stream.seek(0)
    return KINDS[kind](stream, Corrections())


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_has_the_columns_with_a_role(kind: str) -> None:
    result = read(table(other=pa.array(range(48))), kind)
    assert list(result.frame) == ["time", "open", "high", "low", "close", "volume"]
    pd.testing.assert_frame_equal(result.frame.set_index("time"), HOURS, check_freq=False)
    assert (result.unit, result.first, result.decisions) == ("row", 1, {"format": kind})
    assert not result.yahoo
    assert read(table(**{"Adj Close": pa.array(range(48))}), kind).yahoo


@pytest.mark.parametrize("kind", KINDS)
def test_the_only_timestamps_are_the_times_whatever_their_name(kind: str) -> None:
    renamed = table().rename_columns(["when", *HOURS.columns])
    assert read(renamed, kind).roles["time"] == "when"
    two = renamed.append_column("then", renamed.column("when"))
    with pytest.raises(UnreadableFile, match="No column for time was found"):
        read(two, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_decimals_dates_and_texts_are_converted(kind: str) -> None:
    prices = pa.array([decimal.Decimal("27.5")] * 48, pa.decimal128(10, 2))
    days = pa.array(pd.date_range("2024-03-01", periods=48).date)
    result = read(table(time=days, open=prices, symbol=pa.array(["BTC"] * 48)), kind).frame
    assert result["open"].tolist() == [27.5] * 48
    assert result["time"].tolist() == pd.date_range("2024-03-01", periods=48).tolist()
    assert result["symbol"].dtype == "str"


def test_numbers_in_a_dictionary_are_written_out() -> None:
    prices = table()["open"].combine_chunks().dictionary_encode()
    assert read(table(open=prices), "Parquet").frame["open"].tolist() == HOURS["open"].tolist()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [47, 48])
def test_the_rows_are_bounded(kind: str, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow, "MAX_ROWS", rows)
    if rows == 48:
        assert len(read(table(), kind).frame) == 48
        return
    with pytest.raises(UnreadableFile, match="million rows"):
        read(table(), kind)


@pytest.mark.parametrize("text", [pa.string(), pa.large_string()])
def test_the_bytes_of_text_are_those_of_every_row(text: pa.DataType) -> None:
    texts = pa.array(["x" * 100] * 47 + [None], text)
    schema = pa.schema({"symbol": text})
    with_null = texts.dictionary_encode(null_encoding="encode")
    for column in (texts.dictionary_encode(), with_null, texts.cast(pa.string_view())):
        types = arrow.value_types(schema, {"symbol": "symbol"})
        result = arrow.make_table([("symbol", column)], types, schema, {}, "Parquet", 4_700)
        assert result.frame["symbol"].isna().sum() == 1
        with pytest.raises(UnreadableFile, match="Received: more"):
            arrow.make_table([("symbol", column)], types, schema, {}, "Parquet", 4_699)


def test_texts_are_as_short_as_times_and_names_on_average(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow, "FREE_TEXT", 1_000)
    schema = pa.schema({"symbol": pa.string()})
    types = arrow.value_types(schema, {"symbol": "symbol"})
    short, long = (pa.array(["x" * length] * 48).dictionary_encode() for length in (120, 121))
    assert len(arrow.make_table([("symbol", short)], types, schema, {}, "x", 10**6).frame) == 48
    with pytest.raises(UnreadableFile, match=r"100 bytes on average\. .* column 'symbol'"):
        arrow.make_table([("symbol", long)], types, schema, {}, "x", 10**6)


def test_the_bytes_of_numbers_in_a_dictionary_are_eight_a_row() -> None:
    column = pa.array([27.5] * 48).dictionary_encode()
    schema = pa.schema({"open": column.type})
    types = arrow.value_types(schema, {"open": "open"})
    result = arrow.make_table([("open", column)], types, schema, {}, "Parquet", 8 * 48)
    assert result.frame["open"].tolist() == [27.5] * 48
    with pytest.raises(UnreadableFile, match="Received: more"):
        arrow.make_table([("open", column)], types, schema, {}, "Parquet", 8 * 48 - 1)


def test_text_that_is_no_utf8_is_damage() -> None:
    ends = pa.array([0, 2], pa.int32()).buffers()[1]
    damaged = pa.Array.from_buffers(pa.string(), 1, [None, ends, pa.py_buffer(b"\xff\xfe")])
    schema = pa.schema({"symbol": pa.string()})
    with pytest.raises(ValueError, match="Invalid UTF8"):
        arrow.make_table(
            [("symbol", damaged)], {"symbol": pa.string()}, schema, {}, "Parquet", 10**6
        )


def test_a_group_s_size_is_checked_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "FREE_PIECE", -20_000)
    with pytest.raises(UnreadableFile, match=r"A page of a file of 0\.0[0-9]* MB may unpack to"):
        read(table(), "Parquet")
    monkeypatch.undo()
    monkeypatch.setattr(bounds, "MAX_ROWS", 47)
    with pytest.raises(UnreadableFile, match="A price file may have"):
        read(table(), "Parquet")
