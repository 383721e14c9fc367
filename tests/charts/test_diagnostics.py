"""Figures of errors are small and labelled, and their sentences say the same."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.charts import diagnostics as figures
from cryptoforecast.charts import error_groups, style, wording
from cryptoforecast.charts.thinning import LIMIT
from cryptoforecast.evaluation import backtest, diagnostics
from cryptoforecast.forecasting.baselines import volatility
from cryptoforecast.learning import specs
from cryptoforecast.types import Backtest
from tests import synthetic

STEP = 2


def judge(rows: int = 2000, simulated: bool = False) -> Backtest:
    spec = specs.make(network="har", horizon=STEP)
    history = synthetic.history(rows, simulated=simulated)
    return backtest.holdout(history, spec, baselines=("naive", "cone", "har"))


@pytest.fixture(scope="module")
def result() -> Backtest:
    return judge()


def sigma(result: Backtest) -> np.ndarray:
    candles = result.history.candles
    return volatility(candles)[candles.index.get_indexer(result.forecast.origins)]


def free_run(origins: int = 40, direct: float = np.nan) -> pd.DataFrame:
    return pd.DataFrame(
        {"step": [1, 2], "direct": [0.004, direct], "free_run": [0.004, 0.012],
         "naive": [0.004, 0.005], "origins": origins},
    )  # fmt: skip


FIGURES = {
    "delay": lambda j, dark: figures.delay(
        j, STEP, diagnostics.delays(j.forecast, STEP), dark=dark
    ),
    "residuals": lambda j, dark: figures.residuals(
        j, STEP, diagnostics.residuals(j.forecast, STEP), dark=dark
    ),
    "histogram": lambda j, dark: figures.histogram(
        j, STEP, diagnostics.histogram(j.forecast, STEP), dark=dark
    ),
    "autocorrelation": lambda j, dark: figures.autocorrelation(
        j, STEP, diagnostics.autocorrelation(j.forecast, STEP), dark=dark
    ),
    "hour": lambda j, dark: error_groups.by_clock(
        j, STEP, diagnostics.by_hour(j.forecast, STEP), "hour", dark=dark
    ),
    "weekday": lambda j, dark: error_groups.by_clock(
        j, STEP, diagnostics.by_weekday(j.forecast, STEP), "weekday", dark=dark
    ),
    "regime": lambda j, dark: error_groups.by_regime(
        j,
        STEP,
        diagnostics.by_regime(j.forecast, j.forecasts["naive"], STEP, sigma(j)),
        dark=dark,
    ),
    "free run": lambda j, dark: figures.free_run(j, free_run(), dark=dark),
}


@pytest.mark.parametrize("name", list(FIGURES))
def test_figures_look_like_the_others_and_name_their_axes(result, name):
    light, dark = (FIGURES[name](result, dark) for dark in (False, True))
    for figure, theme in ((light, style.LIGHT), (dark, style.DARK)):
        assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == style.CLEAR
        assert figure.layout.font.color == theme.ink
        assert figure.layout.xaxis.title.text
        assert figure.layout.yaxis.title.text
        json.loads(figure.to_json())
    assert light.layout.uirevision == dark.layout.uirevision
    assert len(light.layout.title.text) <= 50


@pytest.mark.parametrize("name", list(FIGURES))
def test_simulated_prices_are_labelled(result, name):
    def words(figure):
        return f"{figure.layout.title.text} {figure.layout.title.subtitle.text}"

    assert "imulated" not in words(FIGURES[name](result, False))
    assert "Simulated prices" in words(FIGURES[name](judge(600, simulated=True), False))


def test_no_figure_is_large():
    long = judge(71_000)
    for draw in FIGURES.values():
        figure = draw(long, False)
        assert len(figure.to_json()) < 300_000
        assert all(len(trace.x) <= LIMIT for trace in figure.data)


# ------------------------------------------------------------------ numbers


def named(figure, name):
    return next(trace for trace in figure.data if trace.name == name)


def test_the_delay_is_drawn_with_its_target_and_its_origin(result):
    frame = diagnostics.delays(result.forecast, STEP)
    figure = FIGURES["delay"](result, False)
    np.testing.assert_allclose(named(figure, "error").x, frame["shift"])
    np.testing.assert_allclose(named(figure, "error").y, frame["error"])
    assert [(note.x, note.text) for note in figure.layout.annotations] == [
        (0, "its target"), (STEP, "the last price"),
    ]  # fmt: skip
    assert [line.x0 for line in figure.layout.shapes] == [0, STEP]
    assert "2 hours ahead" in figure.layout.title.subtitle.text


def test_errors_over_time_are_in_per_cent(result):
    frame = diagnostics.residuals(result.forecast, STEP)
    figure = FIGURES["residuals"](result, False)
    for name, column in (("error", "residual"), ("running average", "average")):
        trace = named(figure, name)
        np.testing.assert_allclose(trace.y, 100 * (np.exp(frame[column]) - 1), rtol=1e-4)
        times = pd.to_datetime(np.asarray(trace.x), utc=True)
        assert list(times) == list(frame["closes_at"])


def test_the_histogram_stands_in_the_middle_of_each_bin(result):
    frame = diagnostics.histogram(result.forecast, STEP)
    figure = FIGURES["histogram"](result, False)
    for name, column in (("errors", "count"), ("normal distribution", "normal")):
        np.testing.assert_allclose(named(figure, name).y, frame[column])
        np.testing.assert_allclose(named(figure, name).x, (frame["low"] + frame["high"]) / 2)


def test_correlations_are_drawn_over_the_range_of_chance(result):
    frame = diagnostics.autocorrelation(result.forecast, STEP)
    figure = FIGURES["autocorrelation"](result, False)
    for name, column in (("errors", "residual"), ("sizes of errors", "size")):
        np.testing.assert_allclose(named(figure, name).x, frame["lag"])
        np.testing.assert_allclose(named(figure, name).y, frame[column])
    low, high = (trace for trace in figure.data if trace.name == "chance")
    np.testing.assert_allclose(low.y, -frame["bound"])
    np.testing.assert_allclose(high.y, frame["bound"])
    assert (low.fill, high.fill) == (None, "tonexty")
    # Targets of forecasts that are fewer candles apart overlap.
    assert [line.x0 for line in figure.layout.shapes] == [STEP - 0.5]
    assert "right of the dashed line" in figure.layout.title.subtitle.text
    single = figures.autocorrelation(result, 1, frame)
    assert not single.layout.shapes
    assert "dashed" not in single.layout.title.subtitle.text


@pytest.mark.parametrize("unit", ["hour", "weekday"])
def test_groups_have_their_error_and_half_of_their_band(result, unit):
    frame = getattr(diagnostics, f"by_{unit}")(result.forecast, STEP)
    figure = FIGURES[unit](result, False)
    bars, band = figure.data
    assert list(bars.x) == list(band.x) == list(frame[unit])
    np.testing.assert_allclose(bars.y, 100 * frame["error"], rtol=1e-5)
    np.testing.assert_allclose(band.y, 100 * frame["half_width"], rtol=1e-5)
    np.testing.assert_allclose(band.customdata, 100 * frame["covered"], rtol=1e-5)
    assert list(bars.customdata) == list(frame["origins"])
    assert figure.layout.xaxis.type == (None if unit == "hour" else "category")


def test_the_free_run_is_beside_the_direct_forecast_and_the_last_price(result):
    frame = free_run(direct=0.007)
    figure = figures.free_run(result, frame)
    lines = {
        "fed its own forecasts": "free_run", "predicted at once": "direct", "last price": "naive",
    }  # fmt: skip
    for name, column in lines.items():
        np.testing.assert_allclose(named(figure, name).x, frame["step"])
        np.testing.assert_allclose(named(figure, name).y, 100 * frame[column], rtol=1e-5)
    assert "from 40 starting points" in figure.layout.title.subtitle.text


# ------------------------------------------------------------------ sentences


def test_the_last_price_is_called_delayed_and_a_seer_is_not(result):
    forecast = result.forecast
    text = figures.summary_delay(result, STEP, diagnostics.delays(forecast, STEP))
    assert "the chart itself, moved by 2 hours: it is the last price itself." in text
    assert text.startswith("Yes. ")
    near = forecast.predicted * (1 + 0.001 * np.sin(np.arange(len(forecast))))[:, None]
    near = dataclasses.replace(forecast, predicted=near)
    frame = diagnostics.delays(near, STEP)
    text = figures.summary_delay(result, STEP, frame)
    share = frame["error"][STEP] / frame["error"][0]
    assert f"{wording.percent(share)} as far from the last price as from its target" in text
    seer = dataclasses.replace(forecast, predicted=forecast.actual)
    text = figures.summary_delay(result, STEP, diagnostics.delays(seer, STEP))
    assert text.startswith("No. ")
    assert "do not just repeat the last price" in text
    close = result.history.candles["close"]
    late = close.shift(1).reindex(forecast.origins).to_numpy()[:, None].repeat(STEP, axis=1)
    laggard = dataclasses.replace(forecast, predicted=late)
    text = figures.summary_delay(result, STEP, diagnostics.delays(laggard, STEP))
    assert text.startswith("Nearly. ")
    assert "are closest to those of 3 hours before" in text
    still = pd.DataFrame({"shift": range(9), "error": 0.0, "relative": np.nan})
    assert "never moved" in figures.summary_delay(result, STEP, still)


def test_a_mean_error_has_its_side(result):
    forecast = result.forecast
    low = dataclasses.replace(forecast, predicted=forecast.actual * 0.99)
    frame = diagnostics.residuals(low, STEP)
    assert " are 1.0 % too low on average" in figures.summary_residuals(result, STEP, frame)
    high = dataclasses.replace(forecast, predicted=forecast.actual * 1.02)
    frame = diagnostics.residuals(high, STEP)
    assert " are 2.0 % too high on average" in figures.summary_residuals(result, STEP, frame)


def test_the_largest_error_has_its_sign_and_its_time(result):
    times = pd.date_range("2024-05-01", periods=3, freq="h", tz="UTC")
    frame = pd.DataFrame({"closes_at": times, "residual": [0.01, -0.03, 0.02], "average": 0.0})
    assert figures.summary_residuals(result, STEP, frame) == (
        "Forecasts 2 hours ahead are neither too high nor too low on average, and the average "
        "miss is 2.0 % of the forecast; the largest error is −3.0 %, Wed 1 May 2024, 01:00 UTC."
    )
    # A price of 2 where 1 was forecast, and one of 0.5: a move is measured from the forecast.
    frame["residual"] = np.log([2, 0.5, 1])
    assert figures.summary_residuals(result, STEP, frame) == (
        "Forecasts 2 hours ahead are neither too high nor too low on average, and the average "
        "miss is 50.0 % of the forecast; the largest error is +100 %, Wed 1 May 2024, 00:00 UTC."
    )


def test_tails_are_heavy_above_half_more_than_a_normals():
    frame = pd.DataFrame({"low": [-4, -1, 3], "high": [-3, 1, 4], "count": [15, 970, 15],
                          "normal": [10, 980, 10]})  # fmt: skip
    assert figures.summary_histogram(frame).startswith("No heavy tails: 3.0 %")
    frame["count"] = [16, 968, 16]
    text = figures.summary_histogram(frame)
    assert text.startswith("Heavy tails: 3.2 %")
    assert text.endswith("with a normal distribution it would be 2.0 %.")


def test_heavy_tails_are_called_so():
    frame = pd.DataFrame({"low": [-4, -1, 3], "high": [-3, 1, 4], "count": [20, 960, 20],
                          "normal": [1.3, 997.4, 1.3]})  # fmt: skip
    assert figures.summary_histogram(frame).startswith("Heavy tails: 4.0 % of the errors")
    frame["count"] = [1, 998, 1]
    assert figures.summary_histogram(frame).startswith("No heavy tails: 0.20 %")
    assert "do not vary" in figures.summary_histogram(frame.iloc[:0])


def test_patterns_differ_from_groups_of_large_errors():
    def frame(residual, size):
        return pd.DataFrame({"lag": range(1, 25), "residual": residual, "size": size,
                             "bound": 0.05, "size_bound": 0.05})  # fmt: skip

    nothing = figures.summary_autocorrelation(1, frame(0.0, 0.0))
    assert "no clear pattern" in nothing
    assert "large errors do not come in groups" in nothing
    spells = figures.summary_autocorrelation(1, frame(0.0, 0.3))
    assert "come in groups" in spells
    assert "(24 of 24)" in spells
    pattern = figures.summary_autocorrelation(3, frame(0.2, 0.3))
    assert "follow a pattern" in pattern
    assert "(22 of 22" in pattern
    assert "less than 3 candles apart" in pattern
    assert "do not vary" in figures.summary_autocorrelation(1, frame(np.nan, np.nan))


def test_a_test_too_short_for_targets_apart_is_not_called_constant():
    frame = pd.DataFrame({"lag": [1, 2], "residual": [0.5, 0.4], "size": [0.1, 0.1],
                          "bound": [0.1, 0.1], "size_bound": [0.1, 0.1]})  # fmt: skip
    assert "too few forecasts" in figures.summary_autocorrelation(24, frame)


def test_a_few_correlations_beyond_chance_are_chance():
    def forecast(beyond):
        residual = np.where(np.arange(24) < beyond, 0.06, 0.0)
        frame = pd.DataFrame({"lag": range(1, 25), "residual": residual, "size": 0.0,
                              "bound": 0.05, "size_bound": 0.05})  # fmt: skip
        return figures.summary_autocorrelation(1, frame)

    # Of 24 with a chance of 5 % each, 4 or fewer come in 99.4 % of cases (binomial).
    assert "no clear pattern" in forecast(4)
    assert "(4 of 24 distances" in forecast(4)
    assert "follow a pattern" in forecast(5)


def test_the_clock_names_its_calmest_and_wildest_time():
    frame = pd.DataFrame({"hour": [0, 7, 14], "origins": 10, "error": [0.004, 0.002, 0.009],
                          "half_width": [0.007, 0.004, 0.013], "covered": 0.8})  # fmt: skip
    text = error_groups.summary_by_clock(frame, "hour")
    assert "smallest in candles that open at 07:00 UTC (0.20 % of the price)" in text
    assert "largest in those that open at 14:00 UTC (0.90 %)" in text
    assert "the range widens with them" in text
    constant = error_groups.summary_by_clock(frame.assign(half_width=0.01), "hour")
    assert "equally wide at all times" in constant
    assert "no range to compare" in error_groups.summary_by_clock(frame.iloc[:1], "hour")
    undefined = error_groups.summary_by_clock(frame.assign(half_width=np.nan), "hour")
    assert "no range" in undefined
    against = error_groups.summary_by_clock(frame.assign(half_width=[0.007, 0.009, 0.002]), "hour")
    assert "hardly widens with them" in against


@pytest.mark.parametrize(
    ("chance", "text"),
    [
        (0.43, "By chance alone they differ as much in 43 of 100 cases, so this may be chance."),
        (0.05, "in 5 of 100 cases, so it is more than chance."),
        (0.002, "in fewer than 1 of 100 cases, so it is more than chance."),
    ],
)
def test_the_clock_says_whether_its_difference_may_be_chance(chance: float, text: str) -> None:
    frame = pd.DataFrame({"weekday": ["Mon", "Tue"], "origins": 10, "error": [0.004, 0.002],
                          "half_width": [0.007, 0.004], "covered": 0.8})  # fmt: skip
    assert error_groups.summary_by_clock(frame, "weekday", chance).endswith(text)
    assert "chance" not in error_groups.summary_by_clock(frame, "weekday")


def test_regimes_say_what_the_band_gains_or_that_there_are_none(result):
    frame = diagnostics.by_regime(result.forecast, result.forecasts["naive"], STEP, sigma(result))
    text = error_groups.summary_by_regime(frame)
    assert "in calm markets" in text
    gain = 100 * (1 - frame["pinball"].iloc[0] / frame["pinball_naive"].iloc[0])
    text = text.replace("−", "-")
    assert f"calm {gain:+.1f}" in text or f"calm {gain:+.2f}" in text
    empty = frame.iloc[:0]
    assert "did not vary" in error_groups.summary_by_regime(empty)
    assert len(error_groups.by_regime(result, STEP, empty).data[0].x) == 0


def test_a_free_run_is_compared_at_its_last_step(result):
    text = figures.summary_free_run(result, free_run())
    assert (
        "the HAR regression ends 1.2 % off the price; the last price alone would be 0.50 %" in text
    )
    assert "small errors in one direction add up" in text
    even = free_run().assign(free_run=[0.004, 0.0051])
    assert "about where the last price does" in figures.summary_free_run(result, even)
    far = free_run().assign(free_run=[0.004, 0.002])
    closer = figures.summary_free_run(result, far)
    assert closer.endswith(
        "It ends closer than the last price does: here the steps gained something."
    )
    assert "at once 0.70 %" in figures.summary_free_run(result, free_run(direct=0.007))
