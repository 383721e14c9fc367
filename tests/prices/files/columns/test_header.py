"""Where a table begins, and what its columns are by the line that names them."""

from __future__ import annotations

import pytest

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.columns.choice import Preference
from cryptoforecast.prices.files.columns.header import find_header, find_names
from cryptoforecast.prices.files.columns.headerless import recognise_columns
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.price_file import read
from tests.prices.files import samples

DAYS = samples.candles("1d", 71, "2024-03-25")


def test_an_index_without_a_name_may_stand_before_the_four_prices_alone() -> None:
    """This is what ``frame[["open", "high", "low", "close"]].to_csv()`` writes."""
    prices = DAYS.drop(columns="volume").rename_axis(None)
    content = prices.to_csv().encode()
    assert content.startswith(b",open,high,low,close\n")
    candles = read(content, "x.csv").candles
    assert candles.index.equals(DAYS.index)
    assert candles["close"].tolist() == DAYS["close"].tolist()


def test_a_line_before_the_names_is_left_out() -> None:
    rows = [["My prices"], [], ["time", "open", "high", "low", "close"], ["2024-03-01", *"1213"]]
    header = find_header(rows, {})
    assert header is not None
    assert header[2] == 3
    assert header[3] == {"preamble": "2 lines before the column names left out"}


def test_a_correction_names_the_first_column_whatever_it_holds() -> None:
    rows = [["BTC", f"{t:%Y-%m-%d}", *map(str, row)] for t, row in DAYS.T.items()]
    roles = dict(zip(("time", "open", "high", "low", "close"), range(2, 7), strict=True))
    corrections = Corrections(columns={role: f"column {place}" for role, place in roles.items()})
    history = read(samples.lines(rows), "x.csv", corrections=corrections)
    assert history.candles.index.equals(DAYS.index)


def test_a_first_column_of_another_name_is_not_taken_for_the_time() -> None:
    prices = DAYS.reset_index(drop=True).rename_axis("number").to_csv().encode()
    with pytest.raises(UnreadableFile, match="No column for time was found"):
        read(prices, "x.csv")
    counted = DAYS.reset_index(drop=True).rename_axis(None).to_csv().encode()
    with pytest.raises(UnreadableFile, match="No column for time was found"):
        read(counted, "x.csv")


def test_a_header_may_be_all_there_is() -> None:
    with pytest.raises(UnreadableFile, match="a header without rows"):
        read(b"time,open,high,low,close", "x.csv")


def test_one_other_ticker_below_the_names_is_noticed() -> None:
    lines = samples.three_headers(DAYS).decode().split("\n")
    lines[1] = "Ticker,ETH-USD,BTC-USD,BTC-USD,BTC-USD,BTC-USD"
    with pytest.raises(UnreadableFile, match="Received: BTC-USD, ETH-USD in line 2"):
        read("\n".join(lines).encode(), "x.csv")


@pytest.mark.parametrize("title", [b"Bitcoin,1,hour", b"2024,hour,1", b"2024,1"])
def test_a_title_with_a_number_is_no_row_of_prices(title: bytes) -> None:
    content = title + b"\n" + samples.own(DAYS).split(b"\n", 1)[1]
    history = read(content, "x.csv")
    assert history.candles.index.equals(DAYS.index)
    assert history.quality.decisions["preamble"] == "1 line before the first row left out"


def test_prices_without_a_time_may_have_few_rows() -> None:
    with pytest.raises(UnreadableFile, match="No column for time was found"):
        read(b"Close,High,Low,Open\n1,2,1,1", "x.csv")


def test_lines_of_a_header_are_counted() -> None:
    header = samples.three_headers(DAYS).decode().splitlines()
    rows = [line.split(",") for line in header]
    three = find_header(rows, {})
    assert three is not None
    assert (three.skip, three.decisions) == (3, {"header": "3 lines"})
    names, tickers = ["Date", *rows[0][1:]], ["", *rows[1][1:]]
    two = find_header([names, tickers, *rows[3:]], {})
    assert two is not None
    assert (two.skip, two.decisions) == (2, {"header": "2 lines"})
    one = find_header([names, *rows[3:]], {})
    assert one is not None
    assert (one.skip, one.decisions) == (1, {})


def test_a_date_and_a_time_of_day_are_joined_unless_the_user_gives_the_time() -> None:
    rows = [["Date", "Time", "Open", "High", "Low", "Close"], ["2024-03-01", "09:30", *"1211"]]
    header = find_header(rows, {})
    assert header is not None
    assert (header.roles["time"], header.roles["clock"]) == ("Date", "Time")
    header = find_header(rows, {"time": "Date"})
    assert header is not None
    assert "clock" not in header.roles


NAMES = ["time", "open", "high", "low", "close"]
ROW = ["2024-03-01", *"1211"]


def test_a_table_begins_in_the_first_forty_lines() -> None:
    title = [["My prices"]]
    header = find_header([*title * 39, NAMES, ROW], {})
    assert header is not None
    assert header.skip == 40
    assert find_header([*title * 40, NAMES, ROW], {}) is None
    days = [line.split(",") for line in samples.own(DAYS).decode().splitlines()[1:]]
    assert recognise_columns([*title * 39, *days], {}).skip == 39
    with pytest.raises(UnreadableFile, match="No column for time"):
        recognise_columns([*title * 40, *days], {})


def test_a_time_and_a_price_are_header_enough() -> None:
    for names in (["time", "price"], ["time", "price", "volume"]):
        header = find_header([names, ["2024-03-01", "1", "2"]], {})
        assert header is not None
        assert header.names == tuple(names)


@pytest.mark.parametrize(
    ("name", "time", "is_index"),
    [
        ("", "2024-03-01", True), ("Unnamed: 0", "2024-03-01", True), ("index", "1709251200", True),
        ("", "1" * 19, True), ("", "1" * 20, False), ("", "170925120", False),
        ("number", "2024-03-01", False),
    ],
)  # fmt: skip
def test_an_index_without_a_name_has_dates_or_long_numbers(
    name: str, time: str, is_index: bool
) -> None:
    header = find_header([[name, *NAMES[1:]], [""], [time, *"1211"]], {})
    assert (header is not None) is is_index
    assert header is None or header.roles["time"] == "time"


@pytest.mark.parametrize(
    ("date", "time", "joined"),
    [
        ("2024-03-01", "09:30", True), ("2024-03-01", "930", True), ("20240301", "093000", True),
        ("20240301", "1", True), ("1 March", "09:30 am", True), ("1 March", "930", False),
        ("20240301", "0930000", False), ("2024-03-01", "x", False),
        ("2024-03-01 09:30", "09:30", False), ("202403011", "930", False),
    ],
)  # fmt: skip
def test_a_time_of_day_is_known_by_its_digits(date: str, time: str, joined: bool) -> None:
    header = find_header([["Date", "Time", *NAMES[1:]], [""], [date, time, *"1211"]], {})
    assert header is not None
    assert ("clock" in header.roles) is joined


def test_a_row_that_is_too_short_shows_no_time_of_day() -> None:
    header = find_header([["Date", "Time", *NAMES[1:]], ["2024-03-01", "09:30", *"121"]], {})
    assert header is not None
    assert "clock" not in header.roles


def test_a_second_line_of_names_says_only_that_there_are_dates() -> None:
    names = ["Price", *NAMES[1:]]
    assert find_header([names, ["Date", "", "", "", ""], ROW], {}) is not None
    assert find_header([names, ["Date", "x", "", "", ""], ROW], {}) is None


def test_a_line_that_says_date_is_one_of_the_three_below_the_names() -> None:
    names, other, date = ["Price", *NAMES[1:]], ["x", *"1211"], ["Date", "", "", "", ""]
    header = find_header([names, other, other, date, ROW], {})
    assert header is not None
    assert (header.skip, header.decisions) == (4, {"header": "4 lines"})
    assert find_header([names, other, other, other, date, ROW], {}) is None
    assert find_header([names, other, []], {}) is None


def test_tickers_below_a_complete_header_are_of_one_coin() -> None:
    with pytest.raises(UnreadableFile, match="Received: BTC-USD, ETH-USD in line 2"):
        find_header([NAMES, ["", "BTC-USD", "BTC-USD", "ETH-USD", "ETH-USD"], ROW], {})


def test_a_chosen_coin_of_several_below_a_header_is_read() -> None:
    # The other coin's line of tickers is no fault once the user has said which one it is.
    names = ["time", "open", "high", "low", "close", "open", "high", "low", "close"]
    tickers = ["", *["BTC-USD"] * 4, *["ETH-EUR"] * 4]
    header = find_header([names, tickers, ["2024-03-01", *"12112422"]], {}, Preference(only="ETH"))
    assert header is not None
    assert [header.roles[role].split()[-1] for role in ("open", "close")] == ["ETH-EUR"] * 2


def test_one_line_before_the_table_is_counted_unless_it_is_blank() -> None:
    for title, decisions in (("x", "1 line before the column names left out"), ("", None)):
        header = find_header([[title], NAMES, ROW], {})
        assert header is not None
        assert header.decisions.get("preamble") == decisions


def test_a_title_need_not_have_the_columns_that_the_user_names() -> None:
    rows = [["My", "prices"], [*NAMES[:-1], "last"], ROW]
    header = find_header(rows, {"close": "last"})
    assert header is not None
    assert (header.skip, header.roles["close"]) == (2, "last")


@pytest.mark.parametrize(
    ("names", "row"),
    [(NAMES, ["2024-03-01", *"1312"]), (NAMES, ["1709251200", *"2222"]),
     (["time", "price"], ["2024-03-01", "1"])],
)  # fmt: skip
def test_names_may_stand_below_their_rows(names: list[str], row: list[str]) -> None:
    header = find_header([row, names, row], {})
    assert header is not None
    assert (header.skip, header.names) == (0, tuple(names))
    assert header.decisions == {"header": "in line 2; the row above it is read too"}
    header = find_header([["My prices"], row, row, names], {})
    assert header is not None
    assert header.skip == 1
    assert header.decisions == {
        "header": "in line 4; the 2 rows above it are read too",
        "preamble": "1 line before the first row left out",
    }


@pytest.mark.parametrize(
    "row",
    [
        ["2024-03-01", *"0301"], ["2024-03-01", "1", "3", "-1", "2"], ["2024-03-01", *"1322"],
        ["2024-03-01", *"2321"], ["2024-03-01", *"4312"], ["2024-03-01", *"2314"],
        ["2", "2024-03-01", "3", "1", "2", "2"], ["2024-03-01", "x", *"3122"],
    ],
)  # fmt: skip
def test_rows_above_names_that_do_not_fit_them_are_refused(row: list[str]) -> None:
    with pytest.raises(UnreadableFile, match=r"names in line 3, and .* not fit them \(line 2\)"):
        find_header([["2024-03-01", *"1312"], row, NAMES], {})


@pytest.mark.parametrize("title", [list("12345"), ["from", "2024-03-01", "1", "2", "3"]])
def test_a_title_with_numbers_or_a_date_is_no_row(title: list[str]) -> None:
    header = find_header([title, NAMES, ROW], {})
    assert header is not None
    assert (header.skip, "header" in header.decisions) == (2, False)


@pytest.mark.parametrize(
    ("tickers", "symbol"),
    [
        (["Ticker", *["BTC-USD"] * 4], "BTC-USD"), (["", *["ETH-EUR"] * 4], "ETH-EUR"),
        (["Ticker", *["BTC-USD"] * 3, "ETH-USD"], ""), (["Ticker", *["prices"] * 4], ""),
        (["title", *["BTC-USD"] * 4], ""), (["Ticker", *["BTC-USD"] * 2], ""),
    ],
)  # fmt: skip
def test_one_ticker_above_all_names_is_the_symbol(tickers: list[str], symbol: str) -> None:
    header = find_header([tickers, NAMES, ROW], {})
    assert header is not None
    assert header.symbol == symbol


def test_names_are_of_the_header_or_of_the_widest_line() -> None:
    assert find_names([[["a title"], NAMES, ROW]]) == tuple(NAMES)
    assert find_names([[["a;b"]], [["a", "b"]]]) == ("a", "b")
    assert find_names([[["a", "b"], ["c", "d", ""]]]) == ("c", "d", "column 3")
    assert find_names([[["a;$ 1"]], [["a", "$ 1"]]]) == ("column 1", "column 2")
    assert find_names([[["a", "2024-03-01"]]]) == ("column 1", "column 2")
    assert find_names([[["one"], ["two"]]]) == ()
    assert find_names([[*[["title"]] * 39, ["a", "b"]]]) == ("a", "b")
    assert find_names([[*[["title"]] * 40, ["a", "b"]]]) == ()


def test_names_of_two_coins_are_names_all_the_same() -> None:
    rows = [[*NAMES, "x"], ["", "BTC-USD", "BTC-USD", "ETH-USD", "ETH-USD", ""]]
    assert find_names([rows]) == tuple(rows[0])
