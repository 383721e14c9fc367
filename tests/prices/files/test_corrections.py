"""What the user says of a file wins, in every format, or is refused: it is never passed over."""

from __future__ import annotations

import io
import json

import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput, UnreadableFile
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.price_file import read
from tests.prices.files import samples

CANDLES = samples.candles()
#: Names no reader knows, and what they are.
NAMES = {"time": "when", "open": "first", "high": "top", "low": "bottom", "close": "final"}


def _named() -> pd.DataFrame:
    frame = CANDLES.drop(columns="volume").rename(columns=NAMES)
    return frame.rename_axis("when").reset_index()


def _packed(kind: str) -> bytes:
    frame, target = _named(), io.BytesIO()
    if kind == "parquet":
        frame.to_parquet(target)
    elif kind == "feather":
        frame.to_feather(target)
    elif kind == "csv":
        frame.to_csv(target, index=False)
    else:
        frame["when"] = frame["when"].dt.strftime("%Y-%m-%d %H:%M")
        rows = frame.to_dict("records")
        lists = [list(frame.columns), *(list(row.values()) for row in rows)]
        return json.dumps(rows if kind == "records" else lists).encode()
    return target.getvalue()


KINDS = ("csv", "records", "lists", "parquet", "feather")


@pytest.mark.parametrize("kind", KINDS)
def test_columns_of_any_name_in_every_format(kind: str) -> None:
    with pytest.raises(UnreadableFile):
        read(_packed(kind), "x")
    history = read(_packed(kind), "x", corrections=Corrections(columns=NAMES))
    pd.testing.assert_frame_equal(
        history.candles.drop(columns="volume"), CANDLES.drop(columns="volume"), check_freq=False
    )
    assert history.quality.decisions["corrected"].startswith("columns time=when, open=first")


@pytest.mark.parametrize("kind", KINDS)
def test_columns_by_their_place_in_every_format(kind: str) -> None:
    places = {role: f"column {i + 1}" for i, role in enumerate(NAMES)}
    history = read(_packed(kind), "x", corrections=Corrections(columns=places))
    assert history.candles["close"].tolist() == CANDLES["close"].tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_that_is_not_there_is_refused_with_those_that_are(kind: str) -> None:
    wrong = Corrections(columns=NAMES | {"close": "Last"})
    with pytest.raises(UnreadableFile, match=r"when, first, top, bottom, final.* 'Last'"):
        read(_packed(kind), "x", corrections=wrong)


def test_one_wrong_column_of_a_known_layout_is_refused_too() -> None:
    with pytest.raises(UnreadableFile, match=r"time, open, high, low, close, volume.*'Last'"):
        read(samples.own(CANDLES), "x.csv", corrections=Corrections(columns={"close": "Last"}))


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"columns": {"closing": "close"}}, "time, clock, open.*'closing'"),
        ({"columns": {"source": "close"}}, "'source'"),
        ({"columns": {"open": "x", "close": "x"}}, "one role.*'x' as open and close"),
        ({"delimiter": ";;"}, "one character"),
        ({"delimiter": "é"}, "one character"),
        ({"delimiter": "\n"}, "one character"),
        ({"delimiter": "."}, "part of numbers"),
        ({"delimiter": '"'}, "part of numbers"),
        ({"zone": "Mars/Base"}, "Europe/Berlin"),
        ({"decimal": "'"}, "point or a comma"),
    ],
)
def test_what_can_not_be_meant_is_refused(wrong: dict[str, object], match: str) -> None:
    with pytest.raises(InvalidInput, match=match):
        Corrections(**wrong)


def test_the_word_tab_stands_for_the_character() -> None:
    content = samples.own(CANDLES).replace(b",", b"\t")
    history = read(content, "x.csv", corrections=Corrections(delimiter="tab"))
    assert len(history) == len(CANDLES)
    assert history.quality.decisions["corrected"] == "delimiter tab"
    assert Corrections(delimiter="tab") == Corrections(delimiter="\t")


@pytest.mark.parametrize("kind", ["records", "lists", "parquet", "feather"])
def test_a_delimiter_is_for_delimited_text_only(kind: str) -> None:
    corrections = Corrections(columns=NAMES, delimiter=";")
    with pytest.raises(UnreadableFile, match="Only delimited text has a delimiter"):
        read(_packed(kind), "x", corrections=corrections)


# ---------------------------------------------------------------------------- without a header


def _swapped() -> bytes:
    """No header, and open and close exchanged: the shape alone can't tell them apart."""
    order = ["close", "high", "low", "open", "volume"]
    times = CANDLES.index.as_unit("s").asi8
    table = CANDLES[order].assign(time=times)[["time", *order]]
    return table.to_csv(index=False, header=False).encode()


def test_columns_without_names_are_called_by_their_place() -> None:
    with pytest.raises(UnreadableFile, match=r"another shape.*column 1, column 2 and so on"):
        read(_swapped(), "x.csv")
    places = {"time": 1, "close": 2, "high": 3, "low": 4, "open": 5, "volume": 6}
    corrections = Corrections(columns={role: f"column {place}" for role, place in places.items()})
    history = read(_swapped(), "x.csv", corrections=corrections)
    pd.testing.assert_frame_equal(history.candles, CANDLES, check_freq=False)


def test_a_first_row_is_not_taken_for_names() -> None:
    """Words in every row look like a header; the figures below the places given do not."""
    rows = [
        ["BTCUSD", f"{time:%Y-%m-%d %H:%M}", *(f"{row[name]:.2f}" for name in list(NAMES)[1:])]
        for time, row in CANDLES.iterrows()
    ]
    corrections = Corrections(columns={role: f"column {i + 2}" for i, role in enumerate(NAMES)})
    history = read(samples.lines(rows), "x.csv", corrections=corrections)
    assert len(history) == len(CANDLES)
    assert history.start == CANDLES.index[0]


def test_a_place_beyond_the_last_column_is_refused() -> None:
    corrections = Corrections(columns={"close": "column 9"})
    with pytest.raises(UnreadableFile, match=r"column 1, column 2.*'column 9'"):
        read(_swapped(), "x.csv", corrections=corrections)


def test_json_lists_without_names_take_places_too() -> None:
    rows = [[float(cell) for cell in line.split(b",")] for line in _swapped().splitlines()]
    places = {"time": 1, "close": 2, "high": 3, "low": 4, "open": 5}
    corrections = Corrections(columns={role: f"column {place}" for role, place in places.items()})
    history = read(json.dumps(rows).encode(), "x.json", corrections=corrections)
    assert history.candles["open"].tolist() == CANDLES["open"].tolist()


# ---------------------------------------------------------------------------- what wins over what


def test_another_column_for_one_role_leaves_the_others_as_found() -> None:
    frame = CANDLES.assign(Mark=CANDLES["close"] - 0.5)
    history = read(samples.own(frame), "x.csv", corrections=Corrections(columns={"close": "Mark"}))
    assert history.candles["close"].tolist() == frame["Mark"].tolist()
    assert history.candles["open"].tolist() == frame["open"].tolist()


def test_a_column_given_a_role_has_no_other() -> None:
    """``volume`` is another column now, so the one of that name has no role left."""
    frame = CANDLES.assign(Lots=CANDLES["volume"] / 10)
    corrections = Corrections(columns={"volume": "Lots"})
    history = read(samples.own(frame), "x.csv", corrections=corrections)
    assert history.candles["volume"].tolist() == frame["Lots"].tolist()
    corrections = Corrections(columns={"close": "open", "open": "close"})
    history = read(samples.own(CANDLES), "x.csv", corrections=corrections)
    assert history.candles["open"].tolist() == CANDLES["close"].tolist()


def test_candles_that_are_named_win_over_a_price_that_is_found() -> None:
    names = {"open": "first", "high": "top", "low": "bottom", "close": "price"}
    frame = CANDLES.rename(columns=names)
    history = read(samples.own(frame), "x.csv", corrections=Corrections(columns=names))
    assert history.candles["open"].tolist() == CANDLES["open"].tolist()


def test_a_date_and_a_time_of_day_of_any_name() -> None:
    frame = CANDLES.reset_index(drop=True)
    frame.insert(0, "Tag", CANDLES.index.strftime("%Y-%m-%d"))
    frame.insert(1, "Stunde", CANDLES.index.strftime("%H:%M"))
    corrections = Corrections(columns={"time": "Tag", "clock": "Stunde"})
    history = read(frame.to_csv(index=False).encode(), "x.csv", corrections=corrections)
    assert (history.start, history.end) == (CANDLES.index[0], CANDLES.index[-1])


def test_a_correction_takes_no_label_from_simulated_prices() -> None:
    frame = CANDLES.assign(Mark=CANDLES["close"] - 0.5, source="simulated")
    content = samples.own(frame)
    assert read(content, "x.csv", corrections=Corrections(columns={"close": "Mark"})).simulated
    with pytest.raises(UnreadableFile):
        read(content, "x.csv", corrections=Corrections(columns={"volume": "source"}))


def test_an_order_of_dates_that_can_not_be_is_refused_with_its_line() -> None:
    frame = samples.candles("1d", 40, "2024-03-01")
    frame.index = frame.index.strftime("%d/%m/%Y")
    content = frame.rename_axis("Date").to_csv().encode()
    assert len(read(content, "x.csv", corrections=Corrections(day_first=True))) == 40
    with pytest.raises(UnreadableFile, match=r"month first.*'13/03/2024' \(line 14\).*other order"):
        read(content, "x.csv", corrections=Corrections(day_first=False))


def test_the_zone_is_for_times_that_carry_none() -> None:
    frame = samples.candles(start="2024-01-10")
    bare = frame.tz_localize(None).to_csv().encode()
    berlin = Corrections(zone="Europe/Berlin")
    shifted = read(bare, "x.csv", corrections=berlin)
    assert shifted.start == frame.index[0] - pd.Timedelta(hours=1)
    assert shifted.quality.decisions["corrected"] == "zone Europe/Berlin"
    target = io.BytesIO()
    frame.tz_localize(None).to_parquet(target)
    assert read(target.getvalue(), "x.parquet", corrections=berlin).start == shifted.start
    assert read(samples.own(frame), "x.csv", corrections=berlin).start == frame.index[0]


def test_the_label_says_which_end_of_its_candle_a_time_names() -> None:
    content = samples.own(CANDLES)
    closing = read(content, "x.csv", corrections=Corrections(label="close"))
    assert closing.start == CANDLES.index[0] - pd.Timedelta(hours=1)
    late = CANDLES.set_axis(CANDLES.index + pd.Timedelta(minutes=59, seconds=59))
    assert read(samples.own(late), "x.csv").start == CANDLES.index[0]
    rest = read(samples.own(late), "x.csv", corrections=Corrections(label="open"))
    assert rest.start == late.index[0]


def test_the_decimal_mark_is_held_to_in_plain_numbers_too() -> None:
    """``27.100`` is a plain number, unless the user says that the comma is the decimal mark."""
    days = samples.candles("1d", 20)
    rows = [
        [f"{t:%Y-%m-%d}", *(f"{p:,.0f}".replace(",", ".") for p in row)]
        for t, *row in days[["open", "high", "low", "close"]].round(-3).itertuples()
    ]
    content = samples.lines(rows, ["Date", "Open", "High", "Low", "Close"], ";")
    assert read(content, "x.csv").candles["open"].iloc[0] == 27
    corrections = Corrections(decimal=",")
    assert read(content, "x.csv", corrections=corrections).candles["open"].iloc[0] == 27_000
    with pytest.raises(UnreadableFile, match=r"plain number.*'27000\.0'"):
        read(samples.own(CANDLES), "x.csv", corrections=corrections)
