"""Figures of forecasts have the forecasts' numbers, and their sentences say the same."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from cryptoforecast import charts
from cryptoforecast.charts import style
from cryptoforecast.errors import InvalidInput
from cryptoforecast.types import price_text
from tests.charts.examples import backtest, named, next_steps, times, title_text


def test_predicted_vs_actual_shows_the_chosen_step_at_its_time():
    result = backtest(horizon=6)
    figure, frame = charts.predicted_vs_actual(result, 4), result.forecast.frame(4)
    for name in ("actual", "predicted", "residual"):
        trace = named(figure, name)
        np.testing.assert_allclose(trace.y, frame[name], rtol=1e-6, atol=0.01)
        assert list(times(trace)) == list(frame["closes_at"])
    band = np.asarray(named(figure, "predicted").customdata)
    np.testing.assert_allclose(band, frame[["q0.1", "q0.9"]], rtol=1e-6)
    edges = [trace for trace in figure.data if trace.name == "80 % range"]
    np.testing.assert_allclose([edge.y for edge in edges], band.T, rtol=1e-6)
    assert "4 hours ahead" in title_text(figure)
    assert f"{len(frame)} hours" in title_text(figure)
    assert figure.layout.yaxis2.domain[1] < figure.layout.yaxis.domain[0]


def test_predicted_vs_actual_says_when_points_are_left_out():
    figure = charts.predicted_vs_actual(backtest(20_000))
    title = title_text(figure).replace("<br>", " ")
    assert f"{len(figure.data[0].x):,} points shown" in title
    assert "points shown" not in title_text(charts.predicted_vs_actual(backtest()))


def test_an_undefined_band_is_left_out():
    result = backtest()
    undefined = dataclasses.replace(result.forecast, quantiles=result.forecast.quantiles * math.nan)
    figure = charts.predicted_vs_actual(dataclasses.replace(result, forecasts={"lstm": undefined}))
    assert "80 % range" not in {trace.name for trace in figure.data}


@pytest.mark.parametrize("step", [0, 7])
def test_a_step_outside_the_horizon_is_refused(step):
    with pytest.raises(InvalidInput, match=rf"1 to the horizon, 6. Received: {step}"):
        charts.predicted_vs_actual(backtest(horizon=6), step)


def test_the_fan_opens_at_the_last_close_and_nests():
    coming = next_steps(24)
    figure = charts.fan(coming)
    tops = [next(t for t in figure.data if t.name == f"{n} %" and t.fill) for n in (95, 80, 50)]
    for top in tops:
        assert times(top)[0] == coming.history.closes_at
        assert times(top)[-1] == coming.history.closes_at + pd.Timedelta(hours=24)
        assert top.y[0] == pytest.approx(coming.forecast.close[0], rel=1e-6)
    assert tops[0].y[-1] > tops[1].y[-1] > tops[2].y[-1]
    assert tops[1].y[-1] == pytest.approx(coming.forecast.quantile_prices[0, -1, 6], rel=1e-6)
    assert times(named(figure, "median"))[0] == coming.history.closes_at
    assert len(named(figure, "close").x) == 72
    assert times(named(figure, "close"))[-1] == coming.history.closes_at
    first, second, third, *_ = [note.text for note in figure.layout.annotations]
    assert (first, second, third) == ("95 %", "50 %", "80 %")  # a style sheet counts on the order
    assert all(not text.text.startswith("<b>") for text in figure.layout.annotations[3:5])
    labels = {note.text for note in figure.layout.annotations}
    assert {"50 %", "80 %", "95 %"} <= labels
    strong = {text for text in labels if text.startswith("<b>")}
    last = coming.forecast.quantile_prices[0, -1]
    assert strong == {f"<b>{style.plain(price_text(last[i], whole=True))}</b>" for i in (2, 4, 6)}
    assert {style.plain(price_text(last[i], whole=True)) for i in (0, 8)} <= labels


@pytest.mark.parametrize(("horizon", "mode"), [(1, "markers"), (3, "markers"), (4, "lines")])
def test_the_median_of_many_steps_is_a_line(horizon, mode):
    assert named(charts.fan(next_steps(horizon)), "median").mode == mode


@pytest.mark.parametrize("horizon", [1, 3, 24])
def test_another_forecast_is_dotted_where_its_range_ends(horizon):
    coming = next_steps(horizon)
    other = dataclasses.replace(coming.forecast, quantiles=3 * coming.forecast.quantiles)
    figure = charts.fan(coming, other=other)
    dotted = [trace for trace in figure.data if trace.line.dash == "dot"]
    ends = [trace.y[-1] for trace in dotted]
    assert ends == pytest.approx(list(other.quantile_prices[0, -1, [2, 6]]), rel=1e-6)
    band = next(trace for trace in figure.data if trace.name == "80 %" and trace.fill)
    for trace in dotted:
        assert list(trace.x) == list(band.x)
        assert horizon < 24 or trace.y[0] == pytest.approx(coming.forecast.close[0], rel=1e-6)
        low, high = figure.layout.yaxis.range
        assert low < min(trace.y) <= max(trace.y) < high
    # The labels of the bands cover the dotted lines that would cross them.
    covers = {note.text: note.bgcolor for note in figure.layout.annotations}
    assert covers["80 %"] == style.LIGHT.surface
    assert not any(note.bgcolor for note in charts.fan(coming).layout.annotations)


def test_a_figure_in_a_card_says_nothing_that_the_card_says():
    coming = next_steps(24)
    figure = charts.fan(coming, titled=False, other=coming.forecast)
    assert figure.layout.title.text is None
    assert figure.layout.height is None
    assert not figure.layout.showlegend
    dotted = [trace for trace in figure.data if trace.line.dash == "dot"]
    ends = [trace.y[-1] for trace in dotted]
    assert ends == pytest.approx(list(coming.forecast.quantile_prices[0, -1, [2, 6]]), rel=1e-6)


def test_one_step_is_a_box_around_its_candle():
    coming = next_steps(1, interval="1d")
    figure = charts.fan(coming)
    box = next(trace for trace in figure.data if trace.name == "80 %" and trace.fill)
    left, right = times(box)
    assert left < coming.history.closes_at + pd.Timedelta(days=1) < right
    assert right - left < pd.Timedelta(days=1)
    assert "the next 1 day" in title_text(figure)


def test_sentences_say_what_the_figures_show():
    result = backtest(horizon=3)
    residual = result.forecast.frame(3)["residual"].abs()
    text = charts.summary_predicted(result, 3)
    assert f"{price_text(residual.mean())} on average" in text
    assert f"{price_text(residual.max())} at most" in text
    assert "3 hours ahead" in text
    coming = next_steps(24, simulated=True)
    text = charts.summary_fan(coming)
    for i in (2, 4, 6):
        assert price_text(coming.forecast.quantile_prices[0, -1, i]) in text
    assert text.startswith(
        "By Sun 3 Sep 2017, 16:00 UTC, 24 hours after the last close, the BTC simulated price"
    )
