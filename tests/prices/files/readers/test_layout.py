"""How a text file is laid out, by its first bytes."""

from __future__ import annotations

import codecs

import pytest

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.readers.layout import (
    decode,
    find_column_names,
    find_layout,
)
from tests import growth

HEADER = b"time,open,high,low,close,volume\n"
ROWS = b"".join(b"2024-03-01 %02d:00,10,12,9,11,5\n" % hour for hour in range(24))


@pytest.mark.parametrize(
    ("mark", "encoding", "codec"),
    [
        (codecs.BOM_UTF8, "utf-8", "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16"), (b"", "utf-8", "utf-8"),
    ],
)  # fmt: skip
def test_a_byte_order_mark_tells_the_encoding(mark: bytes, encoding: str, codec: str) -> None:
    assert decode(mark + "Datum é".encode(encoding)) == ("Datum é", codec)


def test_a_character_cut_at_the_end_of_the_head_is_no_fault() -> None:
    assert decode("ab é".encode()[:-1])[0] == "ab "


def test_names_in_an_old_encoding_are_read_in_the_first_five_lines() -> None:
    old = "Eröffnung;abc".encode("cp1252")
    for line in range(1, 7):
        content = b"\n" * (line - 1) + old
        if line <= 5:
            assert decode(content)[1] == "cp1252"
            continue
        with pytest.raises(UnreadableFile, match=r"not text in UTF-8 \(.* in line 6\)"):
            decode(content)


@pytest.mark.parametrize(
    "content",
    [b"a\x00b", b"a\x01b", b"a\x7fb", codecs.BOM_UTF16_LE + b"\x00\xd8", b"ab\x0b"],
)
def test_control_characters_are_no_text(content: bytes) -> None:
    with pytest.raises(UnreadableFile, match=r"binary data|not text"):
        find_layout(content + b"\n" + HEADER, Corrections())


@pytest.mark.parametrize(
    ("delimiter", "shown"), [(",", ","), (";", ";"), ("\t", "tab"), ("|", "|")]
)
def test_each_usual_delimiter_is_found(delimiter: str, shown: str) -> None:
    layout = find_layout((HEADER + ROWS).replace(b",", delimiter.encode()), Corrections())
    assert (layout.delimiter, layout.skip, layout.encoding) == (delimiter, 1, "utf-8")
    assert layout.names == ("time", "open", "high", "low", "close", "volume")
    assert layout.decisions == {"delimiter": shown}


def test_another_delimiter_must_be_given() -> None:
    content = (HEADER + ROWS).replace(b",", b"!")
    with pytest.raises(UnreadableFile, match="No column for"):
        find_layout(content, Corrections())
    assert find_layout(content, Corrections(delimiter="!")).delimiter == "!"


def test_the_message_is_of_the_delimiter_that_gives_most_columns() -> None:
    content = b"a;b;c,d\n" * 3
    with pytest.raises(UnreadableFile, match=r"Received: a, b, c,d\."):
        find_layout(content, Corrections())


def test_the_message_is_of_the_delimiter_that_the_names_have_too() -> None:
    """A comma that is a decimal mark is in each row as well, and in no name."""
    head = b"Datum;Hoch\n01.09.2024;58.355,84\n02.09.2024;59.100,10\n"
    with pytest.raises(UnreadableFile, match="No column for open, low, close was found"):
        find_layout(head, Corrections())


def test_a_long_row_is_refused_unless_its_cells_are_empty() -> None:
    lines = (HEADER + ROWS).splitlines(keepends=True)
    lines[3] = lines[3].replace(b"\n", b",\n")
    assert find_layout(b"".join(lines), Corrections()).skip == 1
    lines[3] = lines[3].replace(b",\n", b",7\n")
    with pytest.raises(UnreadableFile, match=r"line of the table, 6\. Received: 7 in line 4"):
        find_layout(b"".join(lines), Corrections())


def test_the_last_line_of_a_full_head_is_not_looked_at() -> None:
    """It is cut off somewhere, perhaps within a number or a character."""
    long = ROWS.replace(b",5\n", b",5," + b"x" * 2_900 + b"\n") * 2
    head = HEADER.replace(b"\n", b",note\n") + long
    cut = b"\n1,2,3,4,5,6,7,8,9"
    head = head[: 65_536 - len(cut)] + cut
    assert find_layout(head, Corrections()).skip == 1
    with pytest.raises(UnreadableFile, match="Received: 9 in line"):
        find_layout(head.replace(b"x", b"", 1), Corrections())
    with pytest.raises(UnreadableFile, match="Received: 9 in line"):
        find_layout(head[:100] + cut, Corrections())


@pytest.mark.parametrize(
    "start",
    [b"<html>", b"<!DOCTYPE html>", b"<?xml version='1.0'?>", b" <table border=0>", b"<RSS v>"],
)
def test_markup_is_refused_as_what_it_is(start: bytes) -> None:
    with pytest.raises(UnreadableFile, match="web page or XML"):
        find_layout(b"\n" + start + b"\n" + HEADER + ROWS, Corrections())
    assert find_layout(b"<Ticker> prices\n" + HEADER + ROWS, Corrections()).skip == 2


def test_an_empty_file_says_so() -> None:
    for content in (b"", b" \n\t\n", b"\r\r"):
        with pytest.raises(UnreadableFile, match="The file is empty"):
            find_layout(content, Corrections())


def test_names_are_found_in_a_table_that_is_not_of_prices() -> None:
    assert find_column_names(b"a;b\n1;2\n") == ("a", "b")
    assert find_column_names(b"a;b,c\n1;2,3\n", ",") == ("a;b", "c")
    assert find_column_names(b"no table") == ()
    assert find_column_names(b"1;2;3\n4;5;6\n") == ("column 1", "column 2", "column 3")


@pytest.mark.parametrize(
    ("rows", "different", "may_name"),
    [(1, 1, True), (2, 2, True), (3, 2, True), (3, 3, False), (24, 12, True), (24, 13, False)],
)
def test_a_column_whose_values_repeat_may_name_the_series(
    rows: int, different: int, may_name: bool
) -> None:
    """A measure, and a column that plays a role, never do."""
    lines = [
        f"2024-03-{day + 1:02d},10,12,9,11,5,{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[day % different]},0.5"
        for day in range(rows)
    ]
    content = "\n".join([HEADER.decode().strip() + ",note,share", *lines, ""]).encode()
    assert find_layout(content, Corrections()).others == ("note",) * may_name


@pytest.mark.parametrize(
    ("first", "digit", "last"), [(".", "1", "x"), ("", "1", ""), ("1.", "0", "")]
)
def test_a_long_cell_of_digits_costs_no_more_than_its_length(
    first: str, digit: str, last: str
) -> None:
    """It was 33 s for the longer one."""

    def find(digits: int) -> None:
        cell = first + digit * digits + last
        lines = [f"2024-03-{day + 1:02d},10,12,9,11,5,{cell}" for day in range(2)]
        content = "\n".join([HEADER.decode().strip() + ",note", *lines, ""]).encode()
        assert find_layout(content, Corrections()).others == ("note",)

    assert growth.of_time(find, 4_000, 40_000) < 40


def test_four_hundred_lines_are_looked_at() -> None:
    rows = [b"2024-03-01 00:00,10,12,9,11,5\n"] * 400
    long = b"2024-03-01 00:00,10,12,9,11,5,7\n"
    assert find_layout(b"".join([HEADER, *rows[:399], long]), Corrections()).skip == 1
    with pytest.raises(UnreadableFile, match="Received: 7 in line 400"):
        find_layout(b"".join([HEADER, *rows[:398], long]), Corrections())


def test_an_encoding_other_than_utf_8_is_told() -> None:
    names = HEADER.decode().replace("volume", "Umsätze").replace(",", ";")
    for encoding, shown in (("utf-8", None), ("utf-8-sig", None), ("cp1252", "cp1252"),
                            ("utf-16", "utf-16")):  # fmt: skip
        content = (names + ROWS.decode().replace(",", ";")).encode(encoding)
        assert find_layout(content, Corrections()).decisions.get("encoding") == shown


@pytest.mark.parametrize("content", [b"abc \x81", b"ab \xe4;c", b"1;\xe4;2"])
def test_bytes_that_are_no_old_encoding_of_words_are_refused(content: bytes) -> None:
    with pytest.raises(UnreadableFile, match=r"not text in UTF-8 \(.* in line 1\)"):
        decode(content)


def test_zero_bytes_are_binary_whatever_else_is_there() -> None:
    with pytest.raises(UnreadableFile, match="Received: binary data"):
        decode(b"abc\x00\xe4;\x81")


def test_quotes_need_not_be_regular() -> None:
    assert find_column_names(b'"a"b,c\n1,2\n') == ("ab", "c")
