"""Text that is not ours: one line, visible, and no formula in a spreadsheet."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from cryptoforecast import texts
from cryptoforecast.service import files


def test_a_text_is_one_line_of_what_can_be_seen():
    assert (
        texts.printable(" two\nlines\x1b[2J\u202eleft\u200b ")
        == r"two lines\x1b[2J\u202eleft\u200b"
    )
    assert texts.printable("币安人生 – é ₿") == "币安人生 – é ₿"
    assert texts.lines_text(["a  b", "c\nd"]) == "a  b\nc\\nd\n"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_spreadsheet_computes_no_text(text):
    assert texts.cell(text) == f"'{text}"


def test_numbers_times_and_other_texts_of_a_csv_stay():
    times = pd.date_range("2024-01-01", periods=2, freq="12h", tz="UTC")
    table = pd.DataFrame({
        "time": times, "change": [-1.5, 2.0], "coin": ["=HYPERLINK(1)", "BTC"], "count": [1, -2],
        "mixed": ["-x", -3],
    })  # fmt: skip
    read = pd.read_csv(io.StringIO(files.csv_text(table)))
    assert read["coin"].tolist() == ["'=HYPERLINK(1)", "BTC"]
    assert read["mixed"].tolist() == ["'-x", "-3"]
    assert read["change"].tolist() == [-1.5, 2.0]
    same = ["time", "change", "count"]
    assert files.csv_text(table[same]) == table[same].to_csv(index=False)


def test_a_table_in_a_file_has_no_formula_either(tmp_path):
    table = pd.DataFrame({"source": ["@x"], "miss": [-1.0]})
    files.write_table(table, tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text() == "source,miss\n'@x,-1.0\n"
    files.write_table(table, tmp_path / "x.parquet")  # no spreadsheet reads it
    assert pd.read_parquet(tmp_path / "x.parquet")["source"].tolist() == ["@x"]
