"""Delimited text of plain numbers, and read row by row where numbers are written otherwise."""

from __future__ import annotations

import io

import pytest

from cryptoforecast.errors import InvalidInput, UnreadableFile
from cryptoforecast.prices.files import bounds
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.readers import csv, lines
from cryptoforecast.prices.files.table import Table

HEADER = "time,open,high,low,close,volume"
PLAIN = "1709251200,10,12,9,11,5"
# A number with a unit, so that the file is read as text.
TEXT = "1709251200,10,12,9,11,5K"
TRADE = "1709251200,10,5"


def read(lines: list[str], max_candles: int = 1_000_000, **corrections: str) -> Table:
    content = "\n".join(lines).encode() + b"\n"
    return csv.read_csv(lambda: io.BytesIO(content), Corrections(**corrections), max_candles)


@pytest.mark.parametrize("row", [PLAIN, TEXT])
def test_rows_below_the_header_are_counted_from_its_line(row: str) -> None:
    table = read(["My prices", HEADER, *[row] * 5])
    assert len(table.frame) == 5
    assert (table.where(0), table.where(4)) == ("line 3", "line 7")
    assert table.column("close").astype(float).tolist() == [11] * 5


def test_a_decimal_comma_makes_every_number_a_text() -> None:
    assert read([HEADER, *[PLAIN] * 3]).column("open").tolist() == [10.0] * 3
    assert read([HEADER, *[PLAIN] * 3], decimal=",").column("open").tolist() == ["10"] * 3
    foreign = read(["Datum,Eröffn.,Hoch,Tief,Zuletzt,Vol.", *[PLAIN] * 3])
    assert foreign.foreign
    assert foreign.column("open").tolist() == ["10"] * 3


@pytest.mark.parametrize("row", [PLAIN, TEXT])
def test_candles_are_bounded_and_trades_are_not(row: str) -> None:
    assert len(read([HEADER, *[row] * 5], max_candles=5).frame) == 5
    with pytest.raises(InvalidInput, match="At most 4 candles"):
        read([HEADER, *[row] * 5], max_candles=4)
    assert len(read(["time,price,volume", *[TRADE] * 5], max_candles=4).frame) == 5


@pytest.mark.parametrize("row", [PLAIN, TEXT])
def test_rows_are_bounded(row: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_ROWS", 5)
    assert len(read([HEADER, *[row] * 5]).frame) == 5
    with pytest.raises(UnreadableFile, match="million rows"):
        read([HEADER, *[row] * 6])


def test_rows_of_text_are_bounded_more_closely(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv, "_MAX_TEXT_ROWS", 5)
    assert len(read([HEADER, *[TEXT] * 5]).frame) == 5
    assert len(read([HEADER, *[PLAIN] * 6]).frame) == 6
    with pytest.raises(UnreadableFile, match="written with separators or units may fill"):
        read([HEADER, *[TEXT] * 6])


@pytest.mark.parametrize("more", [",7", ",7,8"])
def test_a_long_row_far_down_is_refused_with_its_line(
    more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv, "_CHUNK_ROWS", 100)
    rows = [TEXT] * 450
    rows[427] += more
    with pytest.raises(UnreadableFile, match=r"in line 430|line 430"):
        read(["My prices", HEADER, *rows])


@pytest.mark.parametrize(("rows", "count"), [(2, 2), (3, 2), (4, 3)])
def test_a_last_line_that_ends_early_is_left_out(rows: int, count: int) -> None:
    """Of two rows nothing tells that the last column is always filled."""
    table = read([HEADER, *[TEXT] * (rows - 1), "1709251200,10,12,9,1"])
    assert len(table.frame) == count
    line = f"line {rows + 1} is cut off, left out"
    assert table.decisions.get("last line") == (line if count < rows else None)


@pytest.mark.parametrize("row", [PLAIN, TEXT])
def test_a_last_line_is_measured_by_a_column_that_plays_no_role(row: str) -> None:
    """Only the last column shows that a line was cut off, whatever it is called."""
    header = f"{HEADER},flag,source id"
    table = read([header, *[f"{row},1,x"] * 4, f"{row},1"])
    assert len(table.frame) == 4
    assert table.decisions["last line"] == "line 6 is cut off, left out"
    assert len(read([header, *[f"{row},1,x"] * 4, f"{row},,x"]).frame) == 5


def test_a_last_line_stays_where_others_end_as_early() -> None:
    short = "1709251200,10,12,9,1"
    table = read([HEADER, TEXT, short, TEXT, short])
    assert len(table.frame) == 4
    assert "last line" not in table.decisions


def test_headers_between_the_rows_are_blanked_and_counted() -> None:
    table = read([HEADER, PLAIN, HEADER, PLAIN, HEADER, PLAIN])
    assert table.column("close").isna().tolist() == [False, True, False, True, False]
    assert table.decisions["header"] == "repeated 2 times; these rows were left out"
    once = read([HEADER, PLAIN, HEADER, PLAIN])
    assert once.decisions["header"] == "repeated once; this row was left out"
    assert "header" not in read([HEADER, TEXT, TEXT]).decisions


def test_blank_lines_are_rows_without_values() -> None:
    table = read([HEADER, TEXT, "", TEXT, " "])
    assert table.column("close").isna().tolist() == [False, True, False, True]
    assert "last line" not in table.decisions


def test_spaces_and_words_for_no_value_are_no_text() -> None:
    table = read([HEADER, TEXT, "1709251200, 10, 12,NULL,11, 5K"])
    assert table.column("open").tolist() == ["10", "10"]
    assert table.column("low").isna().tolist() == [False, True]


def test_a_quotation_mark_that_is_never_closed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_PARSED", 2_000_000)
    rule = r"One row of a price file may fill 2 MB of text\. Received: more, perhaps because a"
    with pytest.raises(UnreadableFile, match=rf"{rule} quotation mark is never closed\."):
        read([HEADER, TEXT, f'"{TEXT}', *[TEXT] * 100_000])


def test_a_header_alone_is_no_table() -> None:
    with pytest.raises(UnreadableFile, match="a header without rows"):
        read([HEADER])
