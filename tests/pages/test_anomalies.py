"""The Anomalies page: the finding, the promise beside what was measured, the list."""

import pytest

from cryptoforecast.service import shared
from cryptoforecast.types import OWNER
from cryptoforecast.ui import inputs
from tests import synthetic
from tests.pages.conftest import shown, words

pytestmark = pytest.mark.one_service


def heading(page):
    (title,) = page.title
    return shown(title.value)


def test_the_heading_is_the_finding_and_the_list_has_as_many_rows(open_page):
    page = open_page("anomalies")
    count = heading(page).split()[0]
    assert " in 30 days, 1 expected" in heading(page)
    (table,) = page.table
    assert len(table.value) == int(count)
    assert list(table.value.columns)[1:4] == ["Move", "Rarity", "Expected"]
    assert len(page.get("plotly_chart")) == 1
    text = words(page)
    assert "less than 1 in 720" in text
    assert "Measured on real test months" in text
    assert "Measured on simulated prices" in text
    assert "Alarms a month (tick: promised)" in text


def test_more_alarms_are_promised_and_come(open_page):
    page = open_page("anomalies")
    page.select_slider(key="alarms_1h").set_value("20").run()
    assert not page.exception
    assert " in 30 days, 20 expected" in heading(page)
    assert int(heading(page).split()[0]) > 5
    assert "less than 1 in 36" in words(page)
    page.selectbox(key="coin").set_value("ETH").run()
    assert " in 30 days, 20 expected" in heading(page)


def test_the_link_holds_the_threshold(open_page):
    page = open_page("anomalies", alarms_1h="0.5", coin="LTC")
    assert "0.5 expected" in heading(page)


@pytest.mark.parametrize("interval", list(inputs.WINDOWS))
def test_each_candle_length_has_a_finding(open_page, interval):
    page = open_page("anomalies", interval=interval)
    assert not page.error
    assert " surprising " in heading(page)
    assert ("Measured on real test months" in words(page)) == (interval in ("1h", "1d"))


def test_too_short_a_file_is_refused_in_words(open_page):
    name = shared().prices.open(synthetic.history(200), user=OWNER)
    page = open_page("anomalies", coin=name)
    assert "Anomalies need at least" in words(page)


def test_a_file_of_prices_that_no_model_fits_is_judged_too(open_page):
    name = shared().prices.open(synthetic.history(700), user=OWNER)
    page = open_page("anomalies", coin=name)
    assert " surprising hour" in heading(page)
