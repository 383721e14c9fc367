"""The Market page: candles, the last price with its age, the data report."""

import pytest

from cryptoforecast.types import INTERVALS
from cryptoforecast.ui import inputs, market
from tests.pages.conftest import words


def test_it_shows_the_last_price_with_its_age_and_the_candles(open_page):
    page = open_page("market")
    last = page.metric[0]
    assert last.label == "Last simulated close of BTC"
    assert last.value.startswith("$")
    assert "ago" in last.delta
    assert len(page.get("plotly_chart")) == 1
    assert "No findings" in words(page)


def test_every_span_and_axis_can_be_shown(open_page):
    page = open_page("market")
    page.selectbox(key="interval").set_value("1d").run()
    page.selectbox(key="coin").set_value("ETH").run()
    for span in ("3 months", "5 years"):
        page.segmented_control(key="span_1d").set_value(span)
        page.toggle(key="log").set_value(True).run()
        assert not page.exception
        assert not page.error
        assert "ETH" in page.metric[0].label


def test_every_candle_of_the_forecast_page_is_here_too():
    assert list(market.SPANS) == list(market.SPAN) == list(inputs.WINDOWS)


@pytest.mark.parametrize("interval", list(market.SPANS))
def test_each_candle_and_span_is_shown(open_page, interval):
    page = _at(open_page, interval)
    changes = [metric.value for metric in page.metric if metric.label.startswith("Change")]
    assert len(changes) == 2
    assert "–" not in changes
    for span in market.SPANS[interval]:
        page.segmented_control(key=f"span_{interval}").set_value(span).run()
        assert not page.exception
        assert not page.error
        assert page.selectbox(key="interval").value == interval
        assert len(page.get("plotly_chart")) == 1


def test_the_last_price_of_weeks_is_that_of_their_last_day(open_page):
    page, days = _at(open_page, "1w"), _at(open_page, "1d")
    assert [m.value for m in page.metric] == [m.value for m in days.metric]


def test_the_candles_shown_first_are_drawn_as_they_are():
    for interval, span in market.SPAN.items():
        days = market.SPANS[interval][span]
        assert days is not None
        assert days * INTERVALS["1d"] / INTERVALS[interval] <= 450 or interval == "1h"


def _at(open_page, interval: str):
    page = open_page("market")
    page.selectbox(key="interval").set_value(interval).run()
    return page


def test_an_unknown_coin_is_refused_once(open_page):
    page = open_page("market", coin="ZZZZ")
    assert [error.value.split(" ")[0] for error in page.error] == ["ZZZZ-USD"]
    assert not page.metric
