"""Rows of prices in JSON documents of many structures."""

from __future__ import annotations

import itertools
import json

import pytest

from cryptoforecast.errors import SeveralSeries, UnreadableFile
from cryptoforecast.prices.files.columns.choice import Choice
from cryptoforecast.prices.files.columns.roles import choose_roles
from cryptoforecast.prices.files.price_file import read
from cryptoforecast.prices.files.readers import json_rows
from cryptoforecast.prices.files.readers.json_rows import Json, Rows, flatten_records
from tests import growth


def find_rows(document: Json) -> Rows:
    return json_rows.find_rows(document).rows


ROW: dict[str, Json] = {"time": 1, "open": 2, "high": 3, "low": 1, "close": 2}
ROWS: list[Json] = [ROW, {**ROW, "time": 2}]


def nested(value: Json, depth: int) -> Json:
    for _ in range(depth):
        value = {"x": value}
    return value


def test_rows_are_found_at_any_usual_depth() -> None:
    for depth in range(6):
        assert find_rows(nested(ROWS, depth)) == ROWS
    with pytest.raises(UnreadableFile, match="Received: no lists of rows"):
        find_rows(nested(ROWS, 6))


def test_of_several_lists_the_one_with_prices_is_taken() -> None:
    assert find_rows({"news": [{"title": "x"}], "rows": ROWS}) == ROWS
    with pytest.raises(SeveralSeries, match="Received: 2 lists of rows, BTC, ETH") as error:
        find_rows({"BTC": ROWS, "ETH": ROWS})
    assert error.value.names == ("BTC", "ETH")
    other: list[Json] = [{**ROW, "close": 3}]
    choice = json_rows.find_rows({"BTC-USD": ROWS, "ETH-USD": other}, "eth")
    assert (choice.rows, choice.symbol) == (other, "ETH-USD")
    with pytest.raises(UnreadableFile, match="Received: 2 lists of rows"):
        find_rows({"a": [{"x": 1}], "b": [{"y": 1}]})


def test_pairs_of_time_and_number_are_no_candles() -> None:
    with pytest.raises(UnreadableFile, match="2 lists of a time and one number each"):
        find_rows({"prices": [[1, 2.0]], "caps": [[1, 2.0]]})
    with pytest.raises(UnreadableFile, match="2 lists of rows"):
        find_rows({"prices": [[1, 2.0]], "caps": [[1, 2.0, 3.0]]})


def test_one_record_around_the_rows_is_looked_into() -> None:
    assert find_rows([{"ticker": "btc", "data": ROWS}]) == ROWS
    assert find_rows([ROW]) == [ROW]
    around: list[Json] = [{"x": [{"x": ROWS}]}]
    assert find_rows(around) == ROWS
    assert find_rows([{"x": around}]) == [{"x": ROWS}]


def test_names_and_rows_beside_each_other() -> None:
    names, data = list(ROW), [list(ROW.values())] * 2
    assert find_rows({"columns": names, "data": data}) == [ROW, ROW]
    untimed = {"columns": names[1:], "data": [row[1:] for row in data], "index": [1, 2]}
    assert find_rows(untimed) == ROWS
    timed = {"columns": names, "data": data, "index": [7, 8]}
    assert find_rows(timed) == [ROW, ROW]
    short = {"columns": names, "data": [data[0], data[1][1:]]}
    assert find_rows(short) == [data[0], data[1][1:]]


@pytest.mark.parametrize(
    "key", ["2024-03-01", "2024-03-01T00:00:00Z", "1709251200", "2024-03-01 1"]
)
def test_records_by_their_time(key: str) -> None:
    untimed = {name: value for name, value in ROW.items() if name != "time"}
    assert find_rows({"x": {key: untimed}}) == [{"time": key, **untimed}]


def test_columns_by_row() -> None:
    by_number = {name: {"0": value, "1": value} for name, value in ROW.items()}
    assert find_rows(by_number) == [ROW, ROW]
    by_time = {name: {"2024-03-01": 5, "2024-03-02": 6} for name in list(ROW)[1:]}
    assert find_rows(by_time) == [
        {"time": "2024-03-01", **dict.fromkeys(list(ROW)[1:], 5)},
        {"time": "2024-03-02", **dict.fromkeys(list(ROW)[1:], 6)},
    ]
    with pytest.raises(UnreadableFile, match="other rows than 'time'"):
        find_rows(by_number | {"low": {"0": 1}})


def test_one_list_for_each_column() -> None:
    columns: dict[str, Json] = {name: [value, value] for name, value in ROW.items()}
    assert find_rows(columns) == [ROW, ROW]
    assert find_rows({"s": "ok", "x": {"y": columns}}) == [ROW, ROW]
    assert find_rows({"x": [columns], "notes": ["a", "b", "c"]}) == [ROW, ROW]
    assert find_rows(columns | {"notes": [["a"], "b"]}) == [ROW, ROW]
    with pytest.raises(UnreadableFile, match=r"times, 2\. Received: 3 in 'low'"):
        find_rows(columns | {"low": [1, 1, 1]})
    with pytest.raises(UnreadableFile, match="2 lists of rows"):
        find_rows({"a": columns, "b": columns})


def test_values_of_records_within_records_are_lifted() -> None:
    inner = {name: value for name, value in ROW.items() if name != "time"}
    assert flatten_records([{"time": 1, "quote": {"x": inner}}]) == [ROW]
    record: dict[str, Json] = {"time": 1, "quote": {"USD": inner}}
    in_dollars = {f"USD {name}": value for name, value in inner.items()}
    assert flatten_records([record]) == [{"time": 1, **in_dollars}]
    unpriced: dict[str, Json] = {"time": 1, "quote": {"USD": {**inner, "trades": 5}}}
    assert flatten_records([unpriced]) == [{"time": 1, **in_dollars, "trades": 5}]
    flat = [ROW]
    assert flatten_records(flat) is flat
    both: dict[str, Json] = {"time": 1, "open": 9, "quote": inner}
    assert flatten_records([both])[0]["open"] == 9
    twice: dict[str, Json] = {"time": 1, "quote": {"USD": inner, "EUR": inner}}
    in_euros = {f"EUR {name}": value for name, value in inner.items()}
    assert flatten_records([record, twice])[1] == {"time": 1, **in_dollars, **in_euros}
    names: dict[str, Json] = {"a": {"name": "x", "open": 1}, "b": {"name": "y"}}
    assert flatten_records([names]) == [{"name": "x", "open": 1}]


UNTIMED: dict[str, Json] = {name: value for name, value in ROW.items() if name != "time"}


def test_records_within_records_are_lifted_to_five_levels() -> None:
    deep: list[dict[str, Json]] = [{"time": 1, "quote": nested(UNTIMED, 4)}]
    assert flatten_records(deep) == [ROW]
    deeper: list[dict[str, Json]] = [{"time": 1, "quote": nested(UNTIMED, 5)}]
    assert flatten_records(deeper) == [{"time": 1, "x": UNTIMED}]


def test_lists_of_columns_may_be_at_different_depths_to_the_fifth() -> None:
    prices: dict[str, Json] = {name: [value, value] for name, value in UNTIMED.items()}
    times: dict[str, Json] = {"time": [1, 1]}
    assert find_rows(times | {"x": nested(prices, 4)}) == [ROW, ROW]
    with pytest.raises(UnreadableFile, match="Received: no lists of rows"):
        find_rows(times | {"x": nested(prices, 5)})


def test_rows_in_columns_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_rows, "MAX_JSON_ROWS", 2)
    for rows in (2, 3):
        by_row: Json = {name: dict.fromkeys("012"[:rows], value) for name, value in ROW.items()}
        lists: Json = {name: [value] * rows for name, value in ROW.items()}
        for document in (by_row, lists):
            if rows == 2:
                assert find_rows(document) == [ROW, ROW]
                continue
            with pytest.raises(UnreadableFile, match="A JSON file may have 30 MB"):
                find_rows(document)


def test_names_and_rows_of_other_lengths_than_the_times() -> None:
    split: dict[str, Json] = {"columns": list(UNTIMED), "data": [list(UNTIMED.values())] * 2}
    assert find_rows(split | {"index": [1]}) == [UNTIMED, UNTIMED]
    with pytest.raises(UnreadableFile, match="Received: no lists of rows"):
        find_rows(split | {"data": []})


def test_columns_by_row_stand_alone() -> None:
    by_number: dict[str, Json] = {name: {"0": value, "1": value} for name, value in ROW.items()}
    with pytest.raises(UnreadableFile, match="Received: no lists of rows"):
        find_rows(by_number | {"status": "ok"})
    with pytest.raises(UnreadableFile, match="Received: no lists of rows"):
        find_rows({name: {"a": value, "b": value} for name, value in ROW.items()})
    with pytest.raises(UnreadableFile, match="Received: no lists of rows"):
        find_rows({name: {"0": value, "1": value} for name, value in UNTIMED.items()})


def test_two_records_around_rows_are_two_series() -> None:
    with pytest.raises(SeveralSeries, match="Received: 2 lists of rows") as error:
        find_rows([{"data": ROWS}, {"data": ROWS}])
    assert error.value.names == ("series 1", "series 2")


def test_many_series_with_the_same_names_are_told_apart_fast(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Six thousand series took half a minute, because each one's names were looked at anew."""
    looked_at: list[tuple[str, ...]] = []

    def choose(names: tuple[str, ...]) -> Choice:
        looked_at.append(names)
        return choose_roles(names)

    monkeypatch.setattr(json_rows, "choose_roles", choose)
    wide: Json = {**ROW, **{f"k{i}": 1 for i in range(180)}}
    lists: Json = {f"c{i}": [1] for i in range(900)}

    def many_series(count: int) -> None:
        looked_at.clear()
        with pytest.raises(SeveralSeries, match=f"Received: {count} lists of rows"):
            find_rows([{"s": f"x{i}", "d": [wide]} for i in range(count)])
        assert 0 < len(looked_at) == len(set(looked_at))

    def many_columns(count: int) -> None:
        looked_at.clear()
        with pytest.raises(UnreadableFile, match="Received: no lists of rows"):
            find_rows({f"x{i}": lists for i in range(count)})
        assert 0 < len(looked_at) == len(set(looked_at))

    assert growth.of_time(many_series, 300, 3_000) < 40
    assert growth.of_time(many_columns, 20, 200) < 40


def test_records_of_different_names_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_rows, "_MAX_NAMES", 2_000)
    wide = [ROW | {f"{i} {k}": 1 for k in range(95)} for i in range(21)]
    with pytest.raises(SeveralSeries, match="Received: 18 lists of rows"):
        find_rows([{"d": [each]} for each in wide[:18]])
    with pytest.raises(UnreadableFile, match="Received: more than 2,000 names in different"):
        find_rows([{"d": [each]} for each in wide])


def test_blank_lines_are_bounded() -> None:
    rows = "".join(json.dumps(ROW | {"time": 1_709_251_200 + 86_400 * i}) + "\n" for i in range(3))
    for blank in (100_000, 100_001):
        content = (rows + "\n" * blank).encode()
        if blank == 100_000:
            assert len(read(content, "BTC.json")) == 3
            continue
        with pytest.raises(UnreadableFile, match="A JSON file may have 30 MB"):
            read(content, "BTC.json")


def test_a_record_of_many_records_is_flattened_in_its_own_time() -> None:
    """The time grew with the square of the names: eight seconds for the most of these."""
    turns = itertools.count()

    def flatten(count: int) -> None:
        turn = next(turns)  # names that were never seen before
        wide: dict[str, Json] = {f"{turn} k{i}": 1 for i in range(count)}
        assert flatten_records([{"time": 1, "all": wide}]) == [{"time": 1, **wide}]

    assert growth.of_time(flatten, 1_000, 30_000) < 80


@pytest.mark.parametrize("half", [r"\ud800", r"\uDFFF", r"\ud83dx\ude00", r"\ud83d\\\ude00"])
@pytest.mark.parametrize("name", ["symbol", "note"])
def test_half_a_character_is_refused(half: str, name: str) -> None:
    rows = [{**ROW, "time": 1_704_067_200 + 3600 * i, name: "HALF"} for i in range(9)]
    whole, by_line = json.dumps(rows), "\n".join(json.dumps(row) for row in rows)
    for content in (
        whole,
        by_line,
        whole.replace(name, half),
        json.dumps({name: "HALF", "d": rows}),
    ):
        with pytest.raises(UnreadableFile, match=r"half of one, written as \\u[dD]"):
            read(content.replace("HALF", half).encode(), "x.json")


@pytest.mark.parametrize("text", [r"\ud83d\ude00", r"\\ud800", r"\u20ac"])
def test_whole_characters_in_escapes_are_read(text: str) -> None:
    rows = [{**ROW, "time": 1_704_067_200 + 3600 * i, "note": "TEXT"} for i in range(9)]
    assert len(read(json.dumps(rows).replace("TEXT", text).encode(), "x.json").candles) == 9
