"""Figures that a rerun shows again are not drawn again, and go with their forecast."""

import dataclasses
import gc
import weakref

import plotly.graph_objects as go
import pytest

from cryptoforecast import charts
from cryptoforecast.learning import inference
from cryptoforecast.types import NextSteps
from cryptoforecast.ui import figures
from tests import synthetic


@pytest.fixture
def ahead():
    model, history = synthetic.model(), synthetic.history(120)
    forecast = inference.forecast(model, history, range(119, 120))
    return NextSteps("model", history, forecast, ())


def test_the_same_figure_is_drawn_once(ahead, monkeypatch):
    first = figures.fan(ahead, dark=False)
    assert first.to_json() == charts.fan(ahead, dark=False).to_json()
    dark = figures.fan(ahead, dark=True)
    assert dark.to_json() != first.to_json()
    monkeypatch.setattr(charts, "fan", None)
    again = dataclasses.replace(ahead, warnings=("later",))
    assert figures.fan(again, dark=False) is first
    assert figures.fan(again, dark=True) is dark


def test_a_figure_copies_its_numbers_once(ahead):
    first = figures.fan(ahead, dark=False)
    numbers = first.to_dict()
    assert first.to_dict() is numbers
    assert first.to_json() == first.to_json() == charts.fan(ahead, dark=False).to_json()


def test_the_picture_of_a_figure_is_drawn_once(ahead, monkeypatch):
    first = figures.fan_still(ahead, "What comes next", dark=False)
    assert first == charts.still(charts.fan(ahead, dark=False), "What comes next")
    dark = figures.fan_still(ahead, "What comes next", dark=True)
    assert dark != first != figures.fan_still(ahead, "Other words", dark=False)
    monkeypatch.setattr(charts, "still", None)
    assert figures.fan_still(ahead, "What comes next", dark=False) is first
    assert figures.fan_still(ahead, "What comes next", dark=True) is dark


def test_each_forecast_keeps_a_few_and_takes_them_along(ahead):
    for number in range(3 * figures.MAX_FIGURES):
        made = go.Figure()
        assert figures.cached(ahead.forecast, number, lambda made=made: made) is made
    kept = figures._figures.of(ahead.forecast)
    assert [number for number in range(3 * figures.MAX_FIGURES) if number in kept] == list(
        range(2 * figures.MAX_FIGURES, 3 * figures.MAX_FIGURES)
    )
    newest = 3 * figures.MAX_FIGURES - 1
    assert figures.cached(ahead.forecast, newest, lambda: None) is kept.get(newest) is made
    held = weakref.ref(ahead.forecast)
    object.__setattr__(ahead, "forecast", None)
    gc.collect()
    assert held() is None, "the figures keep their forecast alive"
