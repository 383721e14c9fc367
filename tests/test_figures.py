"""A figure is drawn once, and leaves memory together with its forecast."""

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
def future():
    model, history = synthetic.model(), synthetic.history(120)
    forecast = inference.forecast(model, history, range(119, 120))
    return NextSteps("model", history, forecast, ())


def test_the_same_figure_is_drawn_once(future, monkeypatch):
    first = figures.fan(future, dark=False)
    assert first.to_json() == charts.fan(future, dark=False, titled=False).to_json()
    dark = figures.fan(future, dark=True)
    assert dark.to_json() != first.to_json()
    monkeypatch.setattr(charts, "fan", None)
    again = dataclasses.replace(future, warnings=("later",))
    assert figures.fan(again, dark=False) is first
    assert figures.fan(again, dark=True) is dark


def test_a_figure_copies_its_numbers_once(future):
    first = figures.fan(future, dark=False)
    numbers = first.to_dict()
    assert first.to_dict() is numbers
    assert (
        first.to_json() == first.to_json() == charts.fan(future, dark=False, titled=False).to_json()
    )


def test_a_figure_with_the_default_beside_it_is_another_one(future):
    alone = figures.fan(future, dark=False)
    other = dataclasses.replace(future.forecast, predictor="default")
    beside = figures.fan(future, dark=False, other=other)
    assert len(beside.data) == len(alone.data) + 2  # both ends of its 80 % range
    assert figures.fan(future, dark=False, other=other) is beside
    assert figures.fan(future, dark=False) is alone


def test_a_forecast_has_a_few_figures_and_takes_them_along(future):
    values = {
        number: figures.cached(future.forecast, number, go.Figure)
        for number in range(3 * figures.MAX_FIGURES)
    }
    for number in range(2 * figures.MAX_FIGURES, 3 * figures.MAX_FIGURES):  # no new drawing
        assert figures.cached(future.forecast, number, lambda: None) is values[number]
    for number in range(2 * figures.MAX_FIGURES):
        assert figures.cached(future.forecast, number, go.Figure) is not values[number]
    forecast = weakref.ref(future.forecast)
    object.__setattr__(future, "forecast", None)
    gc.collect()
    assert forecast() is None, "the figures keep their forecast in memory"
