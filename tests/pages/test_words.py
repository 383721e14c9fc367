"""The words of the pages: undefined figures, names, and text that others wrote."""

from __future__ import annotations

import dataclasses
import math
import re

import pytest

from cryptoforecast.types import INTERVALS, SavedModel
from cryptoforecast.ui import model_facts, words
from tests import synthetic
from tests.browser.payloads import INVISIBLE, TEXTS
from tests.pages.conftest import shown


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_an_undefined_figure_is_a_dash(value):
    assert words.money(value, "EUR") == words.percent(value) == words.DASH


def test_figures_have_their_unit_and_decimals():
    assert words.money(64_123.456, "USD") == "$64,123.46"
    assert words.money(0.00012346, "USD") == "$0.0001235"
    assert words.percent(0.7834) == "78.3 %"
    assert words.percent(-0.0012) == "-0.1 %"


def test_every_candle_length_has_a_name():
    assert [words.prices(interval).split()[-1] for interval in INTERVALS] == ["prices"] * len(
        INTERVALS
    )
    assert words.prices("1h") == "hourly prices"


@pytest.mark.parametrize("text", TEXTS)
def test_text_of_others_has_no_character_that_markdown_reads(text):
    escaped = words.plain(text)
    assert shown(escaped) == text
    assert not re.search(r"[\\`*_<>$~|@]|https?:/|www\\.|:(?!small\[\]| )", escaped)
    assert escaped.replace(":small[]", "").count("[") == 0


@pytest.mark.parametrize("text", INVISIBLE)
def test_what_nobody_sees_is_made_visible(text):
    assert words.plain(text).isprintable()


def test_a_sentence_stays_readable():
    assert words.plain('80 % of (1 + 2), it\'s "x": 5.5?') == '&#56;0 % of (1 + 2), it\'s "x": 5.5?'
    assert words.plain("") == ""


def test_passes_are_counted_in_one_way():
    """The final ones stand by themselves, so that 40 at most stay 40 at most."""
    spec = synthetic.spec(epochs=6, final=0.5)
    record = dataclasses.replace(synthetic.model().record, epochs=9)
    assert words.passes(spec, record) == "6 passes and 3 final ones"
    one = synthetic.spec(epochs=1, final=1.0)
    assert words.passes(one, dataclasses.replace(record, epochs=2)) == "1 pass and 1 final one"
    plain = synthetic.spec(epochs=6)
    assert words.passes(plain, dataclasses.replace(record, epochs=5)) == "5 passes"


def test_what_simulated_prices_are_is_said_once():
    for source in ("simulated", "file a.csv"):
        model = synthetic.model(source=source, simulated=True)
        one = SavedModel("mine", False, model).summary
        assert model_facts.facts(one, guest=False)["Prices"].count("simulated") == 1
