"""Prices that no network can learn from: the page says what they lack, and stays usable."""

from __future__ import annotations

import numpy as np
import pytest

from cryptoforecast.service import shared
from cryptoforecast.types import OWNER
from tests import synthetic
from tests.pages.conftest import customise, setting, words

pytestmark = pytest.mark.one_service


@pytest.mark.parametrize("rows", [2, 5, 50, 150])
def test_a_short_file_says_how_much_is_missing(open_page, rows):
    page = open_page("", coin=shared().prices.open(synthetic.history(rows), user=OWNER))
    shown = page.error[0].value
    assert f"{rows} candles" in shown
    assert "at least 40 candles" in shown or "of about" in shown
    assert "Choose a longer history" in shown
    assert "Traceback" not in words(page)


@pytest.mark.parametrize("volume", [0.0, np.nan])
def test_a_dead_market_is_refused_beside_the_form_before_anything_trains(open_page, volume):
    service = shared()
    page = open_page(
        "",
        coin=service.prices.open(synthetic.dead(synthetic.history(2000), 900, volume), user=OWNER),
    )
    assert "the market seems dead" in words(page)
    page.button(key="train-own").click().run()
    assert not page.exception
    assert "the last 900 of 2,000 candles (45 %) repeat" in page.error[0].value
    assert "flat_tail" in words(page)
    assert not page.session_state["runs"]


@pytest.mark.parametrize("volume", [0.0, np.nan, 5.0])
def test_an_input_that_is_not_there_is_refused_beside_the_form(open_page, volume):
    history = synthetic.history(900)
    quiet = history.candles.assign(volume=volume)
    page = open_page(
        "", coin=shared().prices.open(synthetic.history(900, candles=quiet), user=OWNER)
    )
    inputs = setting(customise(page), "features")
    assert inputs.value == ["return", "abs_return", "range", "hour", "weekend"]
    inputs.set_value(["return", "volume"])
    customise(page).button(key="train").click()
    customise(page)
    assert "Received: volume, which never does" in page.error[0].value
    assert not page.session_state["runs"]


@pytest.mark.parametrize("volume", [0.0, np.nan])
def test_prices_without_volume_are_tested_and_forecast(open_page, volume):
    history = synthetic.history(900)
    quiet = history.candles.assign(volume=volume)
    page = open_page(
        "", coin=shared().prices.open(synthetic.history(900, candles=quiet), user=OWNER)
    )
    assert not page.error
    assert page.title[0].value.startswith("&#56;0 % likely")
    # The prices end before those that the model learnt from: no figure would be fair.
    assert "Not a fair test" in words(page)
    assert "past forecasts" not in words(page)


@pytest.mark.parametrize(("rows", "first"), [(600, "cone"), (900, "global-1h-lstm")])
def test_a_short_file_begins_with_a_model_that_can_read_it(open_page, rows, first):
    page = open_page("", coin=shared().prices.open(synthetic.history(rows), user=OWNER))
    assert page.selectbox(key="model").value == first
    assert not page.error
