"""What could be read in two ways, or is no history of one coin, is refused with line and remedy."""

from __future__ import annotations

import io
import json
import zipfile

import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput, UnreadableFile
from cryptoforecast.prices.files import bounds
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.price_file import read
from tests.prices.files import samples

HOURS, DAYS = samples.candles("1h", 48), samples.candles("1d", 60)


def refused(content: bytes, match: str, name: str = "x.csv") -> None:
    with pytest.raises(UnreadableFile, match=match):
        read(content, name)


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


# ---------------------------------------------------------------------------- dates


def test_dates_that_may_be_either_are_refused_until_the_user_says() -> None:
    content = samples.dated(HOURS, "%m/%d/%Y %H:%M")
    refused(content, r"'03/01/2024 00:00' \(line 2\).*Dates on the Data page; --dates day-first")
    history = read(content, "x.csv", corrections=Corrections(day_first=False))
    assert history.candles.index.equals(HOURS.index)
    assert "month first" in history.quality.decisions["time"]
    first = read(content, "x.csv", corrections=Corrections(day_first=True))
    assert first.start == pd.Timestamp("2024-01-03", tz="UTC")


def test_the_first_ambiguous_line_is_named() -> None:
    frame = samples.candles("1h", 30, "2024-03-03 00:00")
    content = samples.dated(frame, "%d/%m/%Y %H:%M")
    # 03/03 is the same either way; 04/03 is not.
    refused(content, r"'04/03/2024 00:00' \(line 26\)")


def test_day_and_month_order_must_not_change() -> None:
    one, other = samples.dated(DAYS, "%d/%m/%Y"), samples.dated(DAYS, "%m/%d/%Y")
    content = one + other.split(b"\n", 1)[1]
    refused(content, r"day first in line 14, month first in line 74")


def test_years_of_two_digits_that_may_be_days_are_refused() -> None:
    hours = samples.candles("1h", 20, "2010-12-11")
    refused(samples.dated(hours, "%d.%m.%y %H:%M"), "which is the day and which the year")
    # Two orders fit the day and the month, whatever the year.
    days = samples.candles("1d", 9, "2024-03-01")
    refused(samples.dated(days, "%d/%m/%y"), r"'01/03/24' \(line 2\).*which the month")
    refused(samples.dated(DAYS, "%d/%m/99"), r"'01/03/99' \(line 2")


# ---------------------------------------------------------------------------- numbers


def test_numbers_that_may_be_thousands_or_fractions_are_refused() -> None:
    rows = [[f"{t:%Y-%m-%d}", "27,100", "27,300", "26,900", "27,200"] for t in DAYS.index]
    content = samples.lines(rows, ["Date", "Open", "High", "Low", "Close"], ";")
    refused(content, r"'27,100' \(line 2, column 'Open'\).*thousand or a fraction")
    whole = read(content, "x.csv", corrections=Corrections(decimal="."))
    assert whole.candles["open"].iloc[0] == 27_100
    parts = read(content, "x.csv", corrections=Corrections(decimal=","))
    assert parts.candles["open"].iloc[0] == 27.1


def test_points_and_commas_mixed_are_refused() -> None:
    content = samples.investing(DAYS).replace(b'"27,', b'"27.', 1).replace(b".88", b",88", 1)
    content = samples.semicolons(HOURS).decode("cp1252").replace(",", ".", 2).encode()
    refused(content, "points and commas mixed")


@pytest.mark.parametrize("word", ["abc", "12a", "1.2.3", "1 2", "#REF!", "1,23,4", "0x1F", "1e999"])
def test_text_in_numbers_is_refused_with_its_line(word: str) -> None:
    lines = samples.own(HOURS).decode().splitlines()
    cells = lines[30].split(",")
    cells[2] = f'"{word}"'
    lines[30] = ",".join(cells)
    refused("\n".join(lines).encode(), r"(line 31|mixed)")


def test_numbers_a_spreadsheet_mangled_are_refused() -> None:
    rows = [
        [f"{t:%Y-%m-%d}", "14.748.800.659.179.600", "134", "13.444.400.024.414.000", "92.5"]
        for t in DAYS.index
    ]
    content = samples.lines(rows, ["Date", "High", "Low", "Open", "Close"])
    refused(content, r"line 2.*spreadsheet has altered the numbers beyond repair")


# ---------------------------------------------------------------------------- coins


def test_two_coins_in_one_file_are_refused() -> None:
    frame = samples.am_pm(HOURS)
    both = frame + frame.split(b"\n", 1)[1].replace(b"BTCUSD", b"ETHUSD")
    refused(both, r"'BTCUSD' and 'ETHUSD' \(line 50, column 'Symbol'; 2 in all\)")
    cheap = samples.own(HOURS * 0.05).split(b"\n", 1)[1]
    refused(samples.own(HOURS) + cheap, r"quite different prices \(line 2 and line 50; 48 times")
    wide = b"Price,Close,Close,High,High,Low,Low,Open,Open\nTicker,BTC,ETH\n"
    refused(wide, "Received: Price, Close, Close, High")


def test_one_coin_spelled_in_two_ways_is_one() -> None:
    lines = samples.am_pm(HOURS).replace(b"BTCUSD", b"BTC/USD", 5)
    history = read(lines, "prices.csv")
    assert (history.coin, len(history)) == ("BTC", 48)


# ---------------------------------------------------------------------------- shape


def test_unnamed_columns_of_another_shape_are_refused() -> None:
    rows = [[str(i), *"5719"[i % 4 :], *"5719"[: i % 4]] for i in range(20)]
    refused(samples.lines(rows), "begins with numbers, so it seems to have no header")
    backward = samples.kraken(HOURS.assign(open=HOURS["close"], close=HOURS["open"]))
    refused(backward, "another shape")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"[]", "another shape|without rows|no lists"),
        (b"[1, 2", "damaged or cut off"),
        (b"[" * 100_000, "nested too deeply"),
        (b'[{"time": 1, "open": [1]}]', "No column for"),
        (b'{"prices": [[1, 2]], "caps": [[1, 2]]}', "2 lists of a time and one number"),
        (b'[[1, 2, 3], {"a": 1}]', "mixed kinds"),
        (b"[[1709251200, 1, 2, 1, 1], [1709254800, 1, 2]]", "Received: 3 in record 2"),
        (json.dumps([{"time": 1709251200 + i, "open": True, "high": 1, "low": 1, "close": 1}
                     for i in range(5)]).encode(), r"True \(record 1, column 'open'"),
        (b'{"t": 1}\n{"t": 2\n', r"line 2"),
    ],
)  # fmt: skip
def test_json_of_another_kind_is_refused(content: bytes, match: str) -> None:
    refused(content, match, "x.json")


@pytest.mark.parametrize("form", ["record", "line"])
def test_a_first_list_with_the_names_counts_where_a_place_is_named(form: str) -> None:
    def in_json(word: object) -> bytes:
        body = [[f"{t}", *row] for t, row in zip(HOURS.index, HOURS.to_numpy(), strict=True)]
        body[4][1] = word
        lists = [["time", *HOURS], *body]
        whole, lines = json.dumps(lists), "\n".join(map(json.dumps, lists))
        return (whole if form == "record" else lines).encode()

    refused(in_json("abc"), rf"'abc' \({form} 6, column 'open'", "x.json")
    refused(in_json([1]), rf"\[1\] \({form} 6, column 'open'", "x.json")
    problem = read(in_json(None), "x.json").quality.problems[0]
    assert (problem.kind, problem.first_line) == ("without a price", 6)


# ---------------------------------------------------------------------------- archives


def test_archives_of_several_or_no_files_are_refused() -> None:
    refused(zipped(a=b"1", b=b"2"), r"one file\. Received: 2 \(a, b\)")
    refused(zipped(), r"one file\. Received: 0")
    refused(zipped(**{"[Content_Types].xml": b"", "xl/sheet.xml": b""}), "spreadsheet")
    refused(zipped(a=zipped(b=b"1")), "archive within an archive")
    refused(zipped(a=samples.columnar(HOURS, "parquet")), "packed already")


def test_encrypted_and_cut_archives_are_refused() -> None:
    sound = bytearray(zipped(a=samples.own(HOURS)))
    refused(bytes(sound[:-40]), "zip archive is damaged")
    at = sound.rindex(b"PK\x01\x02") + 8
    sound[at] |= 1
    sound[6] |= 1
    refused(bytes(sound), "without a password")


def test_a_zip_bomb_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_BYTES", 100_000)
    refused(zipped(a=samples.own(HOURS) + b"0,1,1,1,1,1\n" * 1_000_000), "Received: more")


# ---------------------------------------------------------------------------- corrections


def test_corrections_decide() -> None:
    content = samples.own(HOURS).replace(b"time,open", b"when,first").replace(b"Z,", b",")
    refused(content, "No column for time, open")
    corrections = Corrections(
        columns={"time": "when", "open": "first"}, zone="Asia/Tokyo", label="close"
    )
    history = read(content, "x.csv", corrections=corrections)
    assert history.start == HOURS.index[0] - pd.Timedelta(hours=10)
    assert history.quality.decisions["label"].startswith("closing times")
    bars = samples.own(HOURS).replace(b",", b"!")
    assert len(read(bars, "x.csv", corrections=Corrections(delimiter="!"))) == 48


@pytest.mark.parametrize(
    "wrong", [{"delimiter": ""}, {"label": "middle"}, {"decimal": "'"}, {"zone": "Mars/Base"}]
)
def test_corrections_that_cannot_be_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="Received"):
        Corrections(**wrong)


def test_a_cut_last_line_is_left_out_and_said() -> None:
    content = samples.own(HOURS)
    history = read(content[: content.rindex(b",") - 3], "x.csv")
    assert len(history) == 47
    assert history.quality.decisions["last line"] == "line 49 is cut off, left out"


def test_a_footer_is_left_out_and_reported() -> None:
    history = read(samples.own(HOURS) + b"Total: 48\n", "x.csv")
    assert len(history) == 48
    assert history.quality.decisions["last line"] == "line 50 is cut off, left out"
