"""The figures of the lessons draw what was computed, and hide what is to be guessed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from cryptoforecast.charts import lessons as figures
from cryptoforecast.charts import stages as stage_figures
from cryptoforecast.evaluation import backtest
from cryptoforecast.learning import specs
from cryptoforecast.lessons import recipe
from cryptoforecast.lessons.delay import delay
from cryptoforecast.lessons.stages import stages
from cryptoforecast.types import Delay, ForecastStages
from tests import synthetic


@pytest.fixture(scope="module")
def result():
    return backtest.holdout(synthetic.history(1200), specs.make(network="cone", horizon=24))


@pytest.fixture(scope="module")
def one(result) -> ForecastStages:
    return stages(result, 5)


@pytest.fixture(scope="module")
def late(result) -> Delay:
    return delay(result)


def texts(figure) -> str:
    return " ".join(note.text for note in figure.layout.annotations)


@pytest.mark.parametrize("name", stage_figures.STAGES)
@pytest.mark.parametrize("dark", [False, True])
def test_a_stage_is_drawn_and_said(one, name, dark):
    figure = stage_figures.stage(one, name, dark=dark)
    assert figure.layout.title.text is None
    assert figure.layout.showlegend is False
    assert stage_figures.summary_stage(one, name).endswith(".")


def test_the_candles_end_with_the_last_one_that_is_known(one):
    (candles,) = stage_figures.stage(one, "candles").data
    assert len(candles.close) == one.origin + 1
    assert candles.close[-1] == one.close
    assert f"these {len(one.changes)} hours" in texts(stage_figures.stage(one, "candles"))


def test_changes_are_bars_in_percent(one):
    (bars,) = stage_figures.stage(one, "changes").data
    closes = one.candles["close"].to_numpy()[one.first - 1 : one.origin + 1]
    np.testing.assert_allclose(bars.y, 100 * (closes[1:] / closes[:-1] - 1), rtol=1e-5)


@pytest.mark.parametrize(("name", "unit"), [("range", 1.0), ("price", None)])
def test_range_and_price_say_the_same_forecast(one, name, unit):
    figure = stage_figures.stage(one, name)
    happened = next(trace for trace in figure.data if trace.name == "what happened")
    middle = next(trace for trace in figure.data if trace.name == "middle")
    scale = 100 if unit else one.close
    base = 0 if unit else one.close
    np.testing.assert_allclose(
        np.asarray(happened.y[1:]), base + scale * np.expm1(one.actual), rtol=1e-5
    )
    np.testing.assert_allclose(
        np.asarray(middle.y[1:]), base + scale * np.expm1(one.quantiles[:, 4]), rtol=1e-4, atol=1e-5
    )
    assert len(figure.layout.annotations) == 3


def test_the_recipe_is_hidden_until_it_is_known():
    test = recipe.precomputed()
    (shown,) = figures.recipe(test, everything=True, with_outcome=False).data
    assert np.isnan(np.asarray(shown.y)[test.learnt + 12 :]).all()
    figure = figures.recipe(test, everything=True, with_outcome=True)
    assert [trace.name for trace in figure.data] == ["log-returns", "popular recipe", "actual"]
    np.testing.assert_allclose(np.asarray(figure.data[1].y), test.popular, rtol=1e-6)
    assert "popular recipe" in texts(figure)
    assert "popular" not in figures.summary_recipe(test, with_outcome=False)


def test_a_forecast_is_pulled_back_by_whole_candles(late):
    figure = figures.delay(late, 7)
    forecast, actual = figure.data
    assert forecast.x[0] == actual.x[0]
    np.testing.assert_allclose(np.asarray(forecast.y), late.predicted[7:], rtol=1e-6)
    assert len(forecast.x) == len(actual.x) - 7
    # The line is wide where it fits, and only there.
    assert figures.delay(late, late.best).data[0].line.width > forecast.line.width


def test_the_curve_names_its_lowest_point(late):
    assert texts(figures.delay_curve(late, 3)) == f"<b>{late.best} h</b>"
    moved = dataclasses.replace(late, gaps=late.gaps[::-1].copy())
    assert texts(figures.delay_curve(moved, 3)) == f"<b>{len(late.gaps) - 1 - late.best} h</b>"
    assert f"by {late.best} hours" in figures.summary_delay_curve(late)
