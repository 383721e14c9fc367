"""The Data page: a file is read, reported on, and forecast."""

from __future__ import annotations

import dataclasses
import io
import tomllib

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.prices.files import bounds, writing
from cryptoforecast.service import PriceService, is_file, shared, trust
from cryptoforecast.types import OWNER, User
from cryptoforecast.ui import data
from cryptoforecast.ui.opened import MAX_FILES
from tests import synthetic
from tests.pages.conftest import ROOT, shown, words
from tests.prices.files import samples

pytestmark = pytest.mark.one_service


@pytest.fixture
def csv(tmp_path) -> bytes:
    path = tmp_path / "ETHUSDT_1h.csv"
    writing.write(dataclasses.replace(synthetic.history(900), coin="ETH"), path)
    return path.read_bytes()


def upload(page, name: str, content: bytes):
    if not page.get("file_uploader"):
        page = step(page, "Open")
    return page.file_uploader(key="upload").set_value((name, content, "text/csv")).run()


def step(page, name: str):
    """Go to a step of the page."""
    page = page.segmented_control(key="step").set_value(name).run()
    assert not page.exception, page.exception
    return page


def heading(page) -> str:
    (title,) = page.title  # one h1
    return shown(title.value)


def opened(page):
    """The prices of the file that is looked at."""
    return shared().prices.file(page.session_state["files"][-1])


def test_a_file_is_read_reported_on_and_forecast(open_page, csv):
    page = upload(open_page("data"), "ETHUSDT_1h.csv", csv)
    assert not page.exception
    assert not page.error
    assert heading(page) == "Good to forecast"
    text = words(page)
    assert "ETHUSDT_1h.csv · 900 hours of ETH in USD" in text
    assert "All 900 hours are there" in text
    assert len(page.get("plotly_chart")) == 1

    name = page.session_state["files"][-1]
    assert is_file(name)
    forecast = open_page("", coin=name)
    assert not forecast.error
    assert "80 % likely" in heading(forecast)
    # These hours closed long ago, which stands beside their price.
    close = opened(page).closes_at
    price = next(each.value for each in forecast.get("html") if "cf-price" in each.value)
    assert f"<i>, {close.day} {close:%b} {close.year}</i>" in price
    assert not [choice for choice in forecast.get("button_group") if choice.key == "interval"]


def test_findings_are_shown_with_their_line(open_page, csv):
    lines = csv.decode().splitlines()
    page = upload(open_page("data"), "ETH.csv", "\n".join([*lines, lines[400]]).encode())
    assert not page.exception
    assert "1 hour came with the time of another" in words(page)
    assert heading(page) == "Good to forecast, with things to watch"
    assert "Taken to be prices in USD" in words(page)
    findings = next(table.value for table in page.dataframe if "Finding" in table.value)
    assert "Duplicates" in set(findings["Finding"])


def test_minutes_are_merged_into_hours(open_page, csv):
    page = step(upload(open_page("data"), "prices.csv", csv), "Read")
    page = choice(page, "merge").set_value("4h").run()
    assert "Read as 225 4-hour candles of ETH" in heading(page)
    page = step(page, "Check")  # the choice stays
    assert "225 4-hour candles" in words(page)


def test_what_can_not_be_read_is_refused_with_the_reason(open_page):
    page = upload(open_page("data"), "holiday.csv", b"\x89PNG\r\n\x1a\n" + bytes(200))
    assert "holiday.csv can't be read" in page.error[0].value
    assert "Traceback" not in words(page)


def test_without_a_file_it_says_what_it_takes(open_page):
    page = open_page("data")
    assert "200 MB" in words(page)
    assert not page.error


@pytest.mark.own_service
def test_the_files_in_memory_are_bounded(csv):
    from cryptoforecast.errors import InvalidInput

    service = shared()
    service.prices = PriceService(dataclasses.replace(service.settings, session_candles=1500))
    first = service.prices.open(synthetic.history(900, 1), user=OWNER)
    second = service.prices.open(synthetic.history(900, 2), user=OWNER)
    assert service.prices.file(second).source
    with pytest.raises(InvalidInput, match="no longer in memory"):
        service.prices.file(first)
    with pytest.raises(InvalidInput, match="Choose longer candles"):
        service.prices.open(synthetic.history(1501), user=OWNER)
    assert (
        len(service.prices.file(service.prices.open(synthetic.history(1500), user=OWNER))) == 1500
    )
    again = service.prices.read(io.BytesIO(csv), "ETHUSDT_1h.csv")
    assert service.prices.history(_query(service.prices.open(again, user=OWNER))) is again


@pytest.mark.own_service
def test_the_same_candles_of_another_coin_or_source_are_another_file():
    service, history = shared(), synthetic.history(900)
    simulated = service.prices.open(dataclasses.replace(history, simulated=True), user=OWNER)
    other = service.prices.open(
        dataclasses.replace(history, coin="ETH", source="file private.csv"), user=OWNER
    )
    assert simulated != other
    assert service.prices.file(simulated).simulated
    assert service.prices.file(other).coin == "ETH"
    assert service.prices.open(synthetic.history(900, simulated=True), user=OWNER) == simulated


@pytest.mark.own_service
def test_a_file_whose_place_was_taken_is_read_again(open_page, csv):
    service = shared()
    service.prices = PriceService(dataclasses.replace(service.settings, session_candles=1500))
    page = upload(open_page("data"), "ETHUSDT_1h.csv", csv)
    page_user = User("test session id", owner=True)  # as AppTest names it
    service.prices.open(synthetic.history(900, 1), user=page_user)
    assert not page.run().error
    assert "900 hours of ETH" in words(page)


def _query(name: str):
    from cryptoforecast.types import MarketQuery

    return MarketQuery(name)


# ---------------------------------------------------------------------------- corrections


def choice(page, name: str):
    """The select of this name for the file that is open."""
    return next(box for box in page.selectbox if str(box.key).endswith(f"-{name}"))


def repairs(page):
    return next((pills for pills in page.get("button_group") if "repairs" in str(pills.key)), None)


@pytest.fixture
def ambiguous() -> bytes:
    frame = samples.candles("1h", 200)
    frame.index = frame.index.strftime("%m/%d/%Y %H:%M")
    return frame.rename_axis("Date").to_csv().encode()


def test_an_ambiguous_date_is_refused_with_its_remedy_beside_it(open_page, ambiguous):
    page = upload(open_page("data"), "BTC.csv", ambiguous)
    assert "no row shows which is the day and which the month" in page.error[0].value
    assert "Say which comes first (Dates, below), or write" in page.error[0].value
    assert page.segmented_control(key="step").value == "Read"
    assert "can't be read yet" in heading(page)
    page = choice(page, "dates").set_value("month").run()
    assert not page.error
    assert "Read as 200 hours of BTC in USD" in heading(page)
    decided = page.table[0].value
    assert "month first (as you said)" in decided.set_index("What")["Decided"]["Times"]
    assert decided.set_index("What")["Decided"]["Corrected by you"] == "dates month first"


def test_all_is_automatic_until_changed_and_for_the_next_file_again(open_page, csv):
    page = step(upload(open_page("data"), "ETH.csv", csv), "Read")
    assert {box.value for box in page.selectbox} == {""}
    page = choice(page, "zone").set_value("Europe/Berlin").run()
    page = choice(page, "label").set_value("close").run()
    assert "closing times" in page.table[0].value.to_string()
    assert "candle's time" in choice(page, "label").label
    page = step(upload(page, "other.csv", csv.replace(b"Z,", b",")), "Read")
    assert {box.value for box in page.selectbox} == {""}
    assert "Corrected by you" not in page.table[0].value.to_string()


def test_columns_are_chosen_from_those_of_the_file(open_page, csv):
    renamed = csv.replace(b"time,open", b"when,first")
    page = upload(open_page("data"), "ETH.csv", renamed)
    assert "No column for time, open was found" in page.error[0].value
    assert choice(page, "close").options == [
        "Automatic", "when", "first", "high", "low", "close", "volume", "symbol",
    ]  # fmt: skip
    page = choice(page, "time").set_value("when").run()
    assert "No column for open was found" in page.error[0].value
    page = choice(page, "open").set_value("first").run()
    assert not page.error
    assert "900 hours of ETH" in heading(page)
    page = choice(page, "volume").set_value("first").run()
    assert "one role" in page.error[0].value


def test_trades_of_any_name_are_read(open_page):
    times = np.random.default_rng(1).integers(5, 60, 4_000).cumsum() + 1_700_000_000
    rows = "\n".join(f"{time},{100 + time % 7}" for time in times)
    page = upload(open_page("data"), "BTC.csv", f"moment,paid\n{rows}\n".encode())
    assert "which is which (Columns, below)" in page.error[0].value
    page = choice(page, "time").set_value("moment").run()
    page = choice(page, "price").set_value("paid").run()
    assert not page.error
    assert "Trades" in page.table[0].value.to_string()


def test_another_delimiter_forgets_columns_that_are_no_more(open_page, csv):
    page = step(upload(open_page("data"), "ETH.csv", csv), "Read")
    page = choice(page, "close").set_value("close").run()
    page = choice(page, "delimiter").set_value("|").run()
    assert "No column for" in page.error[0].value
    page = choice(page, "delimiter").set_value("").run()
    assert not page.error


# ---------------------------------------------------------------------------- repairs


def test_repairs_are_offered_only_where_there_is_something_to_repair(open_page, csv):
    assert repairs(upload(open_page("data"), "ETH.csv", csv)) is None


def test_a_repair_is_done_when_chosen_and_undone_when_not(open_page):
    history = synthetic.history(900)
    frame = history.candles.copy()
    frame.iloc[500, frame.columns.get_indexer(["high", "close"])] *= 4
    page = upload(open_page("data"), "ETH.csv", samples.own(frame))
    offered = repairs(page)
    assert offered is not None
    assert offered.options == ["Outliers"]
    assert "Leave out the candles with a price far from all prices around it (1 candle)" in words(
        page
    )
    page = offered.set_value(["outliers"]).run()
    text = words(page)
    assert "899 hours of ETH" in text
    assert "Repaired as asked (outliers): 1 candle left out." in text
    assert "(1 candle left out)" in text
    page = repairs(page).set_value([]).run()
    assert "900 hours of ETH" in words(page)
    assert len(page.session_state["files"]) == 1


def test_repairs_that_leave_nothing_can_be_taken_back(open_page):
    frame = samples.candles("1h", 60)
    frame[["open", "high", "low", "close"]] = 5.0
    frame["volume"] = 0.0
    page = upload(open_page("data"), "ETH.csv", samples.own(frame))
    page = repairs(page).set_value(["flat_tail"]).run()
    assert "Choose fewer repairs" in page.error[0].value
    page = repairs(page).set_value([]).run()
    assert not page.error


def test_the_servers_limit_is_the_one_that_is_stated():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert config["server"]["maxUploadSize"] == data.MAX_MEGABYTES
    assert data.MAX_MEGABYTES * 10**6 <= bounds.MAX_BYTES


def test_one_series_of_several_is_chosen(open_page):
    one = samples.candles("1h", 90)
    both = pd.concat([one.assign(k="BTC-EUR"), (one * 0.9).assign(k="<b>ETH</b>")])
    page = upload(open_page("data"), "market.csv", both.to_csv().encode())
    assert "'BTC-EUR' and '<b>ETH</b>'" in words(page)
    assert "(Series, below)" in page.error[0].value
    series = next(each for each in page.selectbox if each.label == "Series")
    assert [*series.options] == ["Choose one of the 2 series", "BTC-EUR", "<b>ETH</b>"]
    assert repairs(page) is None
    page = series.select("BTC-EUR").run()
    assert not page.error
    assert "Read as 90 hours of BTC in EUR" in heading(page)
    assert len(opened(page)) == 90


def test_zeros_before_a_listing_may_be_left_out(open_page):
    frame = samples.candles("1h", 90)
    frame.iloc[:9, :4] = 0.0
    page = upload(open_page("data"), "NEW.csv", frame.to_csv().encode())
    assert "Prices must be above 0" in page.error[0].value
    assert "(Repairs, below)" in page.error[0].value
    assert "(0 candles)" not in words(page)
    page = repairs(page).set_value(["unlisted"]).run()
    assert not page.error
    assert "Read as 81 hours" in heading(page)


def test_of_several_currencies_the_one_that_is_read_is_in_view(open_page):
    prices = samples.candles("1h", 90)[["open", "high", "low", "close"]]
    both = pd.concat([prices.add_suffix(f" ({quote})") for quote in ("CNY", "USD")], axis=1)
    page = upload(open_page("data"), "BTC.csv", both.to_csv().encode())
    assert not page.error
    captions = [each.value for each in page.caption]
    assert any("Read are those in USD; left out: CNY" in each for each in captions)


def test_a_file_that_is_too_short_to_forecast_says_so(open_page):
    for rows in (154, 155):
        content = samples.own(samples.candles("1h", rows))
        page = upload(open_page("data"), "ETH.csv", content)
        assert not page.error
        assert (heading(page) == "Too short to forecast") == (rows == 154)
        assert ("A forecast needs at least 155 candles" in words(page)) == (rows == 154)
        buttons = [each for each in page.button if each.label == "Forecast these prices"]
        assert len(buttons) == (rows == 155)
    assert not open_page("", coin=page.session_state["files"][-1]).error


def test_a_redenominated_coin_is_told_and_its_repairs_are_offered(open_page):
    frame = samples.candles("1h", 900)
    frame.iloc[400:, :4] *= 1000
    frame.iloc[400:, 4] /= 1000
    page = upload(open_page("data"), "ETH.csv", samples.own(frame))
    assert "The coin's unit changes: from 20" in words(page)
    assert "on prices are 1,000 times larger" in words(page)
    assert heading(page) == "Good to forecast after one repair"
    assert "in another unit than the first" in page.get("plotly_chart")[0].proto.alt
    page = repairs(page).set_value(["level_shift_rescale"]).run()
    assert not page.error
    assert "The coin's unit changes" not in words(page)
    assert "400 candles brought into the newest unit" in words(page)
    page = repairs(page).set_value([]).run()
    page = repairs(page).set_value(["level_shift_rescale", "level_shift_cut"]).run()
    assert "Choose one of them" in page.error[0].value
    page = repairs(page).set_value(["level_shift_cut"]).run()
    assert not page.error
    assert "500 hours of ETH" in words(page)


def test_a_thin_market_is_told_on_every_page(open_page):
    frame = samples.candles("1h", 900)
    satoshi = np.random.default_rng(0).integers(2, 4, 901) * 1e-8
    frame["open"], frame["close"] = satoshi[:-1], satoshi[1:]
    frame["high"], frame["low"] = (
        np.maximum(frame["open"], frame["close"]), np.minimum(frame["open"], frame["close"])
    )  # fmt: skip
    page = upload(open_page("data"), "ETH.csv", frame.round(8).to_csv().encode())
    sentence = "A thin market: one tick, 0.00000001, is 40 % of the price"
    assert sentence in words(page)
    assert heading(page) == "Good to forecast, with things to watch"
    assert sentence in words(open_page("", coin=page.session_state["files"][-1]))


# ---------------------------------------------------------------------------- opened files


def test_a_file_stays_on_the_page_with_its_repairs_and_corrections(open_page, csv):
    frame = synthetic.history(900).candles.copy()
    frame.iloc[500, frame.columns.get_indexer(["high", "close"])] *= 4
    page = upload(open_page("data"), "first.csv", samples.own(frame))
    page = repairs(page).set_value(["outliers"]).run()
    page = choice(step(page, "Read"), "label").set_value("close").run()
    first = page.session_state["files"][-1]
    page = upload(page, "second.csv", csv)
    assert "second.csv" in words(page)
    for name in ("market", "data"):
        page.switch_page(str(ROOT / "pages" / f"{name}.py")).run()
    assert "second.csv" in words(page)
    page = button(page, "first.csv").click().run()
    assert not page.error
    assert "first.csv · 899 hours" in words(page)
    assert repairs(page).value == ["outliers"]
    assert choice(step(page, "Read"), "label").value == "close"
    assert page.session_state["files"][0] == first
    assert page.query_params["file"] == first


def test_a_file_that_is_closed_is_gone_from_every_list(open_page, csv):
    page = upload(open_page("data"), "ETH.csv", csv)
    page = next(each for each in page.button if str(each.key).startswith("close-")).click().run()
    assert not page.exception
    assert page.session_state["files"] == []
    assert "Open a file of prices" in heading(page)
    assert "file" not in page.query_params
    assert not [each for each in page.button if each.label == "ETH.csv"]


def test_the_oldest_file_makes_room(open_page):
    page = open_page("data")
    for number in range(MAX_FILES + 2):
        page = upload(page, f"{number}.csv", samples.own(samples.candles("1h", 160 + number)))
    names = [shown(each.label) for each in page.button if str(each.key).startswith("open-")]
    assert names[:MAX_FILES] == [f"{number}.csv" for number in range(MAX_FILES + 1, 1, -1)]
    assert len(page.session_state["files"]) == MAX_FILES


def test_a_link_shows_the_report_of_a_file_to_others_without_its_repairs(open_page, csv):
    name = shared().prices.open(synthetic.history(900), user=OWNER)
    page = open_page("data", file=name)
    assert heading(page) == "Good to forecast"
    assert repairs(page) is None
    assert "Only the session that opened the file" in words(step(page, "Read"))
    gone = open_page("data", file="file-" + "0" * 16)
    assert "no longer in memory" in gone.error[0].value
    assert "Open a file of prices" in heading(gone)


def test_a_repair_is_one_click_beside_its_finding(open_page):
    page = open_page("data")
    page = page.button(key="sample").click().run()
    assert heading(page) == "Good to forecast after one repair"
    assert "simulated prices" in words(page)
    page = button(page, "Widen high and low").click().run()
    assert "High and low widened in 2 candles" in words(page)
    assert repairs(page).value == ["ohlc_violations"]
    page = button(page, "Undo the repair").click().run()
    assert heading(page) == "Good to forecast after one repair"
    page = step(page, "Forecast")
    assert [each.label for each in page.button][:3] == [
        "Forecast these prices", "Test forecasts on them", "Look at them",
    ]  # fmt: skip


def test_a_file_that_is_opened_twice_is_listed_once(open_page):
    page = open_page("data")
    for _ in range(2):
        page = step(page, "Open") if page.session_state["sources"] else page
        page = page.button(key="sample").click().run()
        assert not page.exception
    assert [source.id for source in page.session_state["sources"]] == ["sample"]


def test_the_repairs_that_prices_need_are_one_click_before_the_forecast(open_page):
    page = open_page("data")
    page = page.button(key="sample").click().run()
    assert heading(page) == "Good to forecast after one repair"
    (bad,) = [fact for fact in trust.facts(opened(page)) if fact.grade == "bad"]
    unrepaired = open_page("", coin=page.session_state["files"][-1])
    assert bad.text in words(unrepaired)
    button(page, "Repair and forecast").click().run()
    assert not page.exception
    assert "80 % likely" in heading(page)
    assert bad.text not in words(page)


def button(page, label: str):
    return next(each for each in page.button if each.label == label)
