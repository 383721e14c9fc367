"""Numbers as people and programs write them, with one decimal mark a file."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.price_file import read
from cryptoforecast.prices.files.table import Table
from cryptoforecast.prices.files.values.numbers import (
    ABSENT,
    find_decimal_mark,
    is_number,
    read_numbers,
    refuse_words,
)
from tests import growth
from tests.prices.files import samples

DAYS = samples.candles("1d", 60, "2023-03-14")


def table(values: list[str | None], *, role: str = "open", foreign: bool = False) -> Table:
    column = pd.Series(values, dtype="str")
    return Table(pd.DataFrame({"x": column}), {role: "x"}, "line", 2, foreign=foreign)


def numbers(*values: str | None, role: str = "open", mark: str = ".") -> list[float]:
    return read_numbers(table([*values], role=role), role, mark).tolist()


def test_a_german_file_with_thousands_and_fractions_has_decimal_commas() -> None:
    """1.100 alone may be a thousand or a fraction; 0,52 in the same file tells that it is both."""
    names = ["Datum", "Eröffn.", "Hoch", "Tief", "Zuletzt", "Vol."]
    rows = [[f"{t:%d.%m.%Y}", "1.100", "1.300", "1.000", "1.200", "0,52"] for t in DAYS.index]
    candles = read(samples.lines(rows, names, ";"), "x.csv").candles
    assert candles.iloc[0].tolist() == [1100, 1300, 1000, 1200, 0.52]


def test_grouped_points_are_fractions_unless_the_names_are_of_a_language_with_commas() -> None:
    assert find_decimal_mark(table(["1.100"]), ("open",), Corrections()) == "."
    with pytest.raises(UnreadableFile, match=r"'1\.100' \(line 2, .*thousand or a fraction"):
        find_decimal_mark(table(["1.100"], foreign=True), ("open",), Corrections())


def test_the_first_doubtful_number_is_named() -> None:
    with pytest.raises(UnreadableFile, match=r"'1,100' \(line 4, column 'x'\)"):
        find_decimal_mark(table(["27", "28", "1,100", "1,200"]), ("open",), Corrections())
    frame = pd.DataFrame({"a": ["1", "1,100"], "b": ["1,200", "1"]}, dtype="str")
    both = Table(frame, {"open": "a", "close": "b"}, "line", 2)
    with pytest.raises(UnreadableFile, match=r"'1,100' \(line 3, column 'a'\)"):
        find_decimal_mark(both, ("open", "close"), Corrections())


@pytest.mark.parametrize("text", ["0.5", "12.5", "12.34", "1.2345", "1234.567", "1,234.5",
                                  "1,234,567", "12,34,567", "1,23,456.5",
                                  "-0.001", "+7.1"])  # fmt: skip
def test_numbers_that_only_a_decimal_point_explains(text: str) -> None:
    assert find_decimal_mark(table([text, "1,100"]), ("open",), Corrections()) == "."
    with pytest.raises(UnreadableFile, match="mixed"):
        find_decimal_mark(table([text, "0,5"]), ("open",), Corrections())


@pytest.mark.parametrize("text", ["0,5", "12,5", "12,34", "1,2345", "1234,567", "1.234,5", "-0,1"])
def test_numbers_that_only_a_decimal_comma_explains(text: str) -> None:
    assert find_decimal_mark(table([text, "1.100"]), ("open",), Corrections()) == ","


@pytest.mark.parametrize("exponent", ["E-05", "e+04", "E7", "e-120"])
@pytest.mark.parametrize("mantissa", ["1,230", "1,2", "12,345", "123,456", "1,23456", ",5", "7,"])
def test_a_mark_before_an_exponent_is_the_decimal_mark(mantissa: str, exponent: str) -> None:
    """Read as a thousand, 1,230E-05 would be a thousand times too large."""
    for mark in (",", "."):
        text = mantissa.replace(",", mark) + exponent
        other = "1.100" if mark == "," else "1,100"
        assert find_decimal_mark(table([text, other]), ("open",), Corrections()) == mark
        value = float(mantissa.replace(",", ".") + exponent)
        assert numbers(text, "-" + text, mark=mark) == [value, -value]
        with pytest.raises(UnreadableFile, match="must be a plain number"):
            numbers(text, mark="." if mark == "," else ",")
        with pytest.raises(UnreadableFile, match="mixed"):
            find_decimal_mark(table([text, "0.5" if mark == "," else "0,5"]), ("open",),
                              Corrections())  # fmt: skip


@pytest.mark.parametrize("column", ["open", "high", "low", "close", "volume"])
@pytest.mark.parametrize("names", ["english", "german"])
def test_decimal_commas_with_exponents_in_any_column(column: str, names: str) -> None:
    frame = samples.candles("1h", 48, "2024-03-13") * [1e-9, 1e-9, 1e-9, 1e-9, 1e3]
    header = {
        "english": ("time", "open", "high", "low", "close", "volume"),
        "german": ("Datum", "Eröffn.", "Hoch", "Tief", "Schluss", "Volumen"),
    }[names]
    rows = [
        [f"{t:%d.%m.%Y %H:%M}", *(
            (f"{value:.3E}" if name == column else f"{value:.9f}").replace(".", ",")
            for name, value in row.items())]
        for t, row in frame.iterrows()
    ]  # fmt: skip
    reading = read(samples.lines(rows, header, ";"), "x.csv").candles
    expected = [float(f"{value:.3E}") for value in frame[column]]
    assert reading[column].tolist() == expected
    other = "close" if column == "open" else "open"
    assert reading[other].tolist() == [float(f"{value:.9f}") for value in frame[other]]


STYLES = {
    "plain": "{:.2f}", "short": "{:.1f}", "three": "{:.3f}", "long": "{:.7f}", "whole": "{:.0f}",
    "exponent": "{:.3E}", "long exponent": "{:.6e}", "grouped": "{:,.2f}",
    "grouped three": "{:,.3f}", "grouped whole": "{:,.0f}",
}  # fmt: skip


@given(
    st.lists(
        st.tuples(st.floats(1e-9, 1e9), st.sampled_from(sorted(STYLES))), min_size=1, max_size=30
    ),
    st.sampled_from(".,"),
)
@example([(267_295_494.0, "grouped whole")], ",")  # looks like a spreadsheet's damage
def test_numbers_are_read_rightly_or_refused(written: list[tuple[float, str]], mark: str) -> None:
    """Whatever the styles, no number is read a thousand times too large or too small."""
    texts = [STYLES[style].format(value) for value, style in written]
    expected = [float(text.replace(",", "")) for text in texts]
    if mark == ",":
        texts = [text.translate(str.maketrans(",.", ".,")) for text in texts]
    # Points that part thousands are known in a language that writes them.
    source = table([*texts], foreign=mark == ",")
    try:
        decimal_mark = find_decimal_mark(source, ("open",), Corrections())
        numbers_read = read_numbers(source, "open", decimal_mark).tolist()
    except UnreadableFile:
        assert any("," in text or "." in text for text in texts)
    else:
        assert numbers_read == expected


def test_exponents_alone_show_no_mark() -> None:
    assert find_decimal_mark(table(["1E-05", "12e3"]), ("open",), Corrections()) == "."
    with pytest.raises(UnreadableFile, match="thousand or a fraction"):
        find_decimal_mark(table(["1E-05", "1,230"]), ("open",), Corrections())


def test_cells_without_a_number_show_no_decimal_mark() -> None:
    assert find_decimal_mark(table(["27", None]), ("open",), Corrections()) == "."
    assert find_decimal_mark(table(["27", None], foreign=True), ("open",), Corrections()) == "."
    assert find_decimal_mark(table(["0.5", None]), ("open",), Corrections()) == "."
    assert find_decimal_mark(table(["0,5", None]), ("open",), Corrections()) == ","
    with pytest.raises(UnreadableFile, match=r"'1,100' \(line 2"):
        find_decimal_mark(table(["1,100", None]), ("open",), Corrections())


def test_columns_that_came_as_numbers_show_no_decimal_mark() -> None:
    frame = pd.DataFrame({"a": [0.5], "b": pd.Series(["1,100"], dtype="str")})
    with pytest.raises(UnreadableFile, match=r"'1,100' \(line 2, column 'b'\)"):
        find_decimal_mark(
            Table(frame, {"open": "a", "close": "b"}, "line", 2), ("open", "close"), Corrections()
        )


def test_the_mark_that_the_user_gives_is_taken_without_looking() -> None:
    for mark in (".", ","):
        corrections = Corrections(decimal=mark)
        assert find_decimal_mark(table(["0.5", "0,5"]), ("open",), corrections) == mark


def test_the_words_for_no_value_are_these() -> None:
    words = "NULL null NaN nan NA N/A n/a None none - -- #N/A"
    assert sorted(ABSENT) == sorted(["", *words.split(" ")])


@pytest.mark.parametrize("absent", ABSENT)
def test_words_for_no_value_are_absent(absent: str) -> None:
    assert numbers("1.5", absent, None) == pytest.approx([1.5, *[float("nan")] * 2], nan_ok=True)


def test_a_volume_of_one_dash_is_unknown() -> None:
    records = [
        {"t": int(time.timestamp()), **{name[0]: value for name, value in row.items()}}
        for time, row in DAYS.T.to_dict().items()
    ]
    records[7]["v"] = "-"
    volume = read(json.dumps(records).encode(), "x.json").candles["volume"]
    assert pd.isna(volume.iloc[7])
    assert volume.drop(volume.index[7]).tolist() == DAYS["volume"].drop(DAYS.index[7]).tolist()


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [
        ("1,234.5", ".", 1234.5), ("1.234,5", ",", 1234.5), ("1,234", ".", 1234),
        ("1.234", ",", 1234), ("1,234,567", ".", 1_234_567), ("$ 27", ".", 27), ("-€5", ".", -5),
        ("27 100.5", ".", 27_100.5), ("27\u202f100", ".", 27_100), ("27'100", ".", 27_100),
        ("1.5e3", ".", 1500), ("1,5E-3", ",", 0.0015), (".5", ".", 0.5), ("5.", ".", 5),
        ("+7", ".", 7), (" 7 ", ".", 7), ("1e100", ".", 1e100),
        ("12,34,567", ".", 1_234_567), ("₹1,23,456.75", ".", 123_456.75),
        ("₹12,34,56,789", ".", 123_456_789), ("A$5", ".", 5), ("5 US$", ".", 5),
    ],
)  # fmt: skip
def test_numbers_are_read(text: str, mark: str, value: float) -> None:
    assert numbers(text, mark=mark) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5K", 1500), ("1.5 k", 1500), ("2M", 2e6), ("2b", 2e9), ("3T", 3e12), ("7", 7)],
)
def test_units_are_for_volume_and_turnover_only(text: str, value: float) -> None:
    assert numbers(text, "1", role="volume") == [value, 1]
    assert numbers(text, "1", role="turnover") == [value, 1]
    if value != 7:
        with pytest.raises(UnreadableFile, match=r"The open must be a plain number.*\(line 3"):
            numbers("1", text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("1.234.567", "spreadsheet has altered"), ("-14.748.800", "spreadsheet has altered"),
        ("inf", "Remove or correct such rows"), ("-Infinity", "decimal points"),
        ("TRUE", "Remove or correct such rows"), ("abc", "decimal points"),
        ("1,23,4", "decimal points"), ("123,45,678", "decimal points"), 
        ("1,2,345", "decimal points"),
        ("B$ 5", "decimal points"), ("12.34.56", "decimal points"), ("1e1000", "decimal points"),
        ("1 23", "decimal points"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused_with_line_and_remedy(text: str, hint: str) -> None:
    with pytest.raises(
        UnreadableFile, match=rf"{re.escape(text[:4])}.*\(line 4, column 'x'\).*{hint}"
    ):
        numbers("1", "2", text, "x")


def test_columns_that_came_as_numbers_are_taken_as_they_are() -> None:
    assert is_number(pd.Series([1, 2]))
    assert is_number(pd.Series([1.5, None]))
    assert not is_number(pd.Series([True, False]))
    assert not is_number(pd.Series(["1"], dtype="str"))
    frame = pd.DataFrame({"x": pd.array([1, None], dtype="Int64")})
    read_ = read_numbers(Table(frame, {"open": "x"}, "row", 1), "open", ",")
    assert read_.tolist() == pytest.approx([1, float("nan")], nan_ok=True)


# Each took 5 to 13 seconds of the processor's time as the open of 200 rows, and a hundredth of it
# where it was a tenth as long.
@pytest.mark.parametrize(
    ("piece", "times"), [("1 ", 30_000), ("1,111", 12_000), ("1,11", 15_000), ("1$", 30_000)],
    ids=["spaces", "thousands", "lakhs", "signs"],
)  # fmt: skip
def test_a_cell_longer_than_any_number_is_refused_at_once(piece: str, times: int) -> None:
    def refuse(values: Table) -> None:
        for read_all in (
            lambda: find_decimal_mark(values, ("open",), Corrections()),
            lambda: read_numbers(values, "open", "."),
        ):
            with pytest.raises(UnreadableFile, match=r"The open must be a plain number.*\(line 3,"):
                read_all()

    short, long = (table(["1", *[piece * n + "x"] * 200]) for n in (times // 10, times))
    assert growth.of_time(refuse, short, long) < 40


def test_prices_with_signs_are_read_whether_or_not_they_repeat() -> None:
    for texts in (["1 000,5 €", "2 000,5 €"] * 75, [f"{i} 000,5 €" for i in range(1, 151)]):
        column = table([*texts])
        assert find_decimal_mark(column, ("open",), Corrections()) == ","
        assert read_numbers(column, "open", ",")[1] == 2000.5


def test_the_longest_numbers_are_read() -> None:
    assert numbers("0." + "1" * 98, "1" * 78) == [float("0." + "1" * 98), float("1" * 78)]


@pytest.mark.parametrize("longer", [0, 1])
def test_a_number_has_a_hundred_characters_at_most(longer: int) -> None:
    text = "0." + "1" * (98 + longer)
    if not longer:
        assert numbers(text, "2")[0] == float(text)
        return
    with pytest.raises(UnreadableFile, match="The open must be a plain number"):
        numbers(text, "2")


def test_a_column_that_begins_with_texts_is_refused_before_it_is_read() -> None:
    """Numbers with signs are no texts, and cells without a value count for neither."""
    for sound in (["$1,234.50"] * 600, ["word"] * 400 + ["1"] * 200, ["-"] * 600):
        refuse_words(table([*sound]), ("open",))
    words = ["-"] * 400 + ["word"] * 570 + ["1"] * 30
    with pytest.raises(
        UnreadableFile, match=r"The open must be a plain number.*'word' \(line 402,"
    ):
        refuse_words(table([*words]), ("open",))


@pytest.mark.parametrize(
    ("texts", "is_refused"),
    [
        (["-"] * 500 + ["word"] * 500, True),  # half of the head has a text
        (["-"] * 501 + ["word"] * 9_000, False),
        (["-"] * 500 + ["word"] * 499 + ["-"] * 9_000, False),
        (["1"] * 100 + ["word"] * 900, False),  # nine tenths of them are no numbers
        (["1"] * 99 + ["word"] * 901, True),
        (["w" * 100] * 1_000, True),
        (["w" * 101] + ["word"] * 999, False),  # too long for a number: refused by itself
        (["1"] * 1_000 + ["word"] * 90_000, False),
    ],
)  # fmt: skip
def test_texts_are_looked_for_in_the_first_thousand_rows(
    texts: list[str], is_refused: bool
) -> None:
    column = table([*texts])
    if is_refused:
        with pytest.raises(UnreadableFile, match="The open must be a plain number"):
            refuse_words(column, ("volume", "open"))
    else:
        refuse_words(column, ("volume", "open"))


def test_columns_that_came_as_numbers_are_no_words() -> None:
    frame = pd.DataFrame({"a": [np.inf] * 600, "b": pd.Series(["word"] * 600, dtype="str")})
    both = Table(frame, {"open": "a", "close": "b"}, "line", 2)
    with pytest.raises(UnreadableFile, match="The close must be a plain number"):
        refuse_words(both, ("open", "close"))


def test_the_first_wrong_text_is_named_though_rows_without_one_come_before() -> None:
    with pytest.raises(UnreadableFile, match=r"Received: 'x' \(line 4, "):
        numbers(None, "1", "x", "y")
    with pytest.raises(UnreadableFile, match=rf"Received: '{'x' * 40}' \(line 3, "):
        numbers(None, "x" * 41)


@pytest.mark.parametrize(("text", "is_altered"), [("-111" + ".111" * 24, True),
                                                  ("-111" + ".111" * 25, False)])  # fmt: skip
def test_a_spreadsheet_has_altered_numbers_of_a_hundred_characters_at_most(
    text: str, is_altered: bool
) -> None:
    with pytest.raises(UnreadableFile) as raised:
        numbers(text)
    assert ("spreadsheet has altered" in str(raised.value)) is is_altered


def test_spaces_around_a_number_do_not_make_it_too_long() -> None:
    assert numbers(" " * 200 + "7.5" + " " * 200, "1") == [7.5, 1]
    with pytest.raises(UnreadableFile, match=r"The open must be.*\(line 3, "):
        numbers(" " * 200 + "7.5", "9" * 101)


def test_each_column_is_a_step_at_which_the_whole_file_has_been_read() -> None:
    shares: list[float] = []
    frame = pd.DataFrame({"a": ["1.5", "2.5"], "b": [1.0, 2.0]})
    both = Table(frame, {"open": "a", "close": "b"}, "line", 2, report=shares.append)
    assert find_decimal_mark(both, ("open", "close"), Corrections()) == "."
    assert shares == [1.0, 1.0]
    for role in ("open", "close"):
        read_numbers(both, role, ".")
    assert shares == [1.0] * 4
