"""The words of the pages: undefined figures, names, and text that others wrote."""

from __future__ import annotations

import math

import pytest

from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.types import INTERVALS
from cryptoforecast.ui import words


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_an_undefined_figure_is_a_dash(value):
    assert words.money(value, "EUR") == words.percent(value) == words.DASH


def test_figures_have_their_unit_and_decimals():
    assert words.money(64_123.456, "USD") == "$64,123.46"
    assert words.money(0.00012346, "USD") == "$0.0001235"
    assert words.percent(0.7834) == "78.3 %"
    assert words.percent(-0.0012) == "-0.1 %"


def test_every_candle_length_and_baseline_has_a_name():
    assert [words.prices(interval).split()[-1] for interval in INTERVALS] == ["prices"] * len(
        INTERVALS
    )
    assert words.prices("1h") == "hourly prices"
    assert words.BASELINES.keys() == BASELINES.keys()


def test_text_of_others_is_no_markup():
    assert words.plain("![x](http://elsewhere)") == r"!\[x\](http://elsewhere)"
    assert words.plain("<b>") == r"\<b>"
    assert words.plain("80 % of 1 * 2") == "80 % of 1 * 2"
