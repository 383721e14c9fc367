"""The Market page: what the price did, its chart with indicators, and whether to trust it."""

import json

import pandas as pd
import pytest

from cryptoforecast.service import market_view
from cryptoforecast.types import INTERVALS
from cryptoforecast.ui import inputs, market
from tests.pages.conftest import shown, words

pytestmark = pytest.mark.one_service


def heading(page) -> str:
    (title,) = page.title  # one h1
    return shown(title.value)


def figure(page) -> dict:
    (chart,) = page.get("plotly_chart")
    return json.loads(chart.proto.spec)


def traces(page) -> dict:
    return {trace["name"]: trace for trace in figure(page)["data"]}


def at(open_page, interval: str, **query: str):
    page = open_page("market", **query)
    page.selectbox(key="interval").set_value(interval).run()
    return page


def test_the_heading_says_what_the_price_did_and_its_age_is_below(open_page):
    page = open_page("market")
    assert " in 1 week, to $" in heading(page)
    assert heading(page).startswith(("Up ", "Down "))
    text = words(page)
    assert "Lowest $" in text
    assert "last candle closed" in text
    assert "Good to practise with, not real" in text
    assert "They say nothing about a real market." in text
    assert "Nothing speaks against these prices" not in text
    assert len(traces(page)["price"]["close"]["bdata"]) > 0
    assert not page.metric


@pytest.mark.parametrize("interval", list(market.SPANS))
def test_the_first_range_has_candles_of_the_chosen_length_one_by_one(open_page, interval):
    page = at(open_page, interval)
    (first, days), *_ = market.SPANS[interval].items()
    assert f"in {first}" in heading(page)
    candles = traces(page)["price"]
    assert candles["type"] == "candlestick"
    assert "Hollow candles rose, filled ones fell." in words(page)
    assert days is not None
    assert len(candles["x"]) == int(days * INTERVALS["1d"] / INTERVALS[interval])


@pytest.mark.parametrize("interval", ["1h", "1d"])
def test_longer_ranges_count_back_from_the_last_close(open_page, interval):
    page = at(open_page, interval)
    last = pd.Timestamp(traces(page)["price"]["x"][-1])
    for span, days in list(market.SPANS[interval].items())[1:]:
        page.segmented_control(key=f"span_{interval}").set_value(span).run()
        assert not page.exception
        assert not page.error
        closes = traces(page)["price"]
        assert closes["type"] == "scatter"
        assert "Hollow candles" not in words(page)
        assert pd.Timestamp(closes["x"][-1]) == last
        if days is None:
            assert "since" in heading(page)
        else:
            first = last + INTERVALS[interval] - pd.Timedelta(days=days)
            simulated = pd.Timestamp("2022-01-01")
            assert pd.Timestamp(closes["x"][0]) == max(first, simulated)
            assert f"in {span}" in heading(page)


def test_every_candle_of_the_forecast_page_is_here_too():
    assert list(market.SPANS) == list(inputs.WINDOWS)


def test_a_part_of_the_time_is_shown_alone_and_left_again(open_page):
    day = inputs.since("1h", INTERVALS["1d"] * 3)
    part = f"{day:%Y-%m-%dT%H:%M}/{day + INTERVALS['1d']:%Y-%m-%dT%H:%M}"
    page = open_page("market", part=part)
    assert f"from {day.day} {day:%b} 00:00 to" in heading(page)
    assert len(traces(page)["price"]["x"]) == 25
    button = next(button for button in page.button if button.label == "Whole range")
    page = button.click().run()
    assert "in 1 week" in heading(page)
    assert "part" not in page.query_params


def test_a_part_that_says_nothing_shows_the_whole_range(open_page):
    page = open_page("market")
    for part in ("x", "a/b", "2020-01-01/2020-02-01", "NaT/NaT", "2026-13-01/2", "/"):
        page.query_params["part"] = part
        page.run()
        assert not page.exception
        assert not page.error
        assert "in 1 week" in heading(page)


def test_every_indicator_is_drawn_and_stands_in_the_address(open_page):
    page = open_page("market")
    before = set(traces(page))
    page.get("button_group")[1].set_value([*market_view.DRAWABLE]).run()
    assert not page.exception
    assert page.query_params["indicators"] == ",".join(market_view.DRAWABLE)
    added = set(traces(page)) - before
    assert {"mean of 50", "upper end", "RSI", "MACD", "histogram", "true range", "move"} <= added
    linked = open_page("market", indicators="rsi,gone,<b>")
    assert set(traces(linked)) - before == {"RSI"}


def test_the_axis_is_logarithmic_when_chosen(open_page):
    page = open_page("market")
    assert figure(page)["layout"]["yaxis"]["type"] == "linear"
    page.toggle(key="log").set_value(True).run()
    assert figure(page)["layout"]["yaxis"]["type"] == "log"


@pytest.mark.parametrize("phone", [False, True])
def test_a_finger_on_the_chart_scrolls_the_page_and_a_pointer_selects(open_page, headers, phone):
    headers["User-Agent"] = f"Mozilla/5.0 (any) Chrome/140.0{' Mobile' * phone} Safari/537.36"
    page = open_page("market")
    assert figure(page)["layout"]["dragmode"] == (False if phone else "select")
    assert ("Drag across the chart" in words(page)) is not phone


def test_the_prices_of_a_file_are_shown_too(open_page, tmp_path):
    from cryptoforecast.service import shared
    from cryptoforecast.types import OWNER
    from tests import synthetic

    name = shared().prices.open(synthetic.history(900), user=OWNER)
    page = open_page("market", coin=name)
    assert not page.error
    assert "since" in heading(page)
    page.segmented_control(key="span_file").set_value("2 weeks").run()
    assert "in 2 weeks" in heading(page)
    assert "ago" not in words(page)


def test_an_unknown_coin_is_refused_once(open_page):
    page = open_page("market", coin="ZZZZ")
    assert [error.value.split(" ")[0] for error in page.error] == ["ZZZZ-USD"]
    assert not page.title
