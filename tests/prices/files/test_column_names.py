"""What columns are called is known whether or not the file can be read."""

from __future__ import annotations

import gzip
import io
import json

import pytest

from cryptoforecast.prices.files.column_names import column_names
from tests.prices.files import samples

CANDLES = samples.candles()
NAMES = ["time", "open", "high", "low", "close", "volume"]


def test_a_header_is_found_in_every_format() -> None:
    for kind, content in {
        "csv": samples.own(CANDLES),
        "gzip": gzip.compress(samples.own(CANDLES)),
        "title": b"My prices\n\n" + samples.own(CANDLES),
    }.items():
        assert column_names(content) == NAMES, kind
    for write in ("to_parquet", "to_feather"):
        target = io.BytesIO()
        getattr(CANDLES.reset_index(), write)(target)
        assert column_names(target) == NAMES, write


def test_names_that_no_reader_knows_are_found_too() -> None:
    assert column_names(b"a;b;c\n1;2;3\n4;5;6\n") == ["a", "b", "c"]
    assert column_names(b"a;b,x;c\n1;2;3\n4;5;6\n", ",") == ["a;b", "x;c"]
    assert column_names(b"a,,a\n1,2,3\n") == ["a", "column 2", "a (column 3)"]


def test_columns_without_names_go_by_their_place() -> None:
    assert column_names(samples.binance(CANDLES)) == [f"column {i + 1}" for i in range(12)]
    assert column_names(b'BTC,"27,000.5",3\n' * 9) == ["column 1", "column 2", "column 3"]


@pytest.mark.parametrize("wrapped", [False, True])
def test_json_rows_of_any_kind(wrapped: bool) -> None:
    for rows, expected in (
        ([{"t": 1, "c": 2.5}] * 9, ["t", "c"]),
        ([["t", "c"], [1, 2.5]], ["t", "c"]),
        ([[1, 2.5, "3"]] * 9, ["column 1", "column 2", "column 3"]),
        ([{"t": 1, "c": 2.5}] * 90_000, ["t", "c"]),
    ):
        content = json.dumps({"data": {"rows": rows}} if wrapped else rows)
        assert column_names(content.encode()) == expected


def test_what_is_no_table_has_no_names() -> None:
    for content in (b"", b"\x89PNG\r\n\x1a\n" + bytes(99), b"PAR1" + bytes(99), b"[[[[", b"{}"):
        assert column_names(content) == []


def test_a_stream_is_read_in_place_and_left_open() -> None:
    stream = io.BytesIO(samples.own(CANDLES))
    stream.seek(0, io.SEEK_END)
    assert column_names(stream) == NAMES
    assert not stream.closed
