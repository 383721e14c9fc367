"""Figures of bands have the counted shares, and their sentences say the same."""

import json
from dataclasses import replace

import numpy as np
import pytest

from cryptoforecast import charts
from cryptoforecast.charts import style
from cryptoforecast.evaluation import reliability
from cryptoforecast.types import QUANTILES, Share
from tests.charts.examples import backtest, named, title_text


def result(horizon=3, simulated=False):
    return backtest(1000, horizon, simulated)


def unknown():
    test = result()
    actual = np.full_like(test.forecast.actual, np.nan)
    return replace(test, forecasts={"lstm": replace(test.forecast, actual=actual)})


FIGURES = {
    "reliability": lambda test, dark: charts.reliability(reliability.measure(test, 2), dark=dark),
    "pit": lambda test, dark: charts.pit(reliability.measure(test, 2), dark=dark),
    "by step": lambda test, dark: charts.coverage_by_step(reliability.by_step(test), dark=dark),
    "by regime": lambda test, dark: charts.coverage_by_regime(
        reliability.measure(test, 2), dark=dark
    ),
}
SENTENCES = {
    "reliability": lambda test: charts.summary_reliability(reliability.measure(test, 2)),
    "pit": lambda test: charts.summary_pit(reliability.measure(test, 2)),
    "by step": lambda test: charts.summary_coverage_by_step(reliability.by_step(test)),
    "by regime": lambda test: charts.summary_coverage_by_regime(reliability.measure(test, 2)),
}


@pytest.mark.parametrize("name", list(FIGURES))
@pytest.mark.parametrize("dark", [False, True])
def test_figures_look_like_the_others(name, dark):
    figure, other = FIGURES[name](result(), dark), FIGURES[name](result(), not dark)
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == style.CLEAR
    assert figure.layout.font.color == style.theme(dark).ink
    assert figure.layout.uirevision == other.layout.uirevision
    assert figure.layout.xaxis.title.text
    assert figure.layout.yaxis.title.text
    assert len(figure.to_json()) < 60_000


@pytest.mark.parametrize("name", list(FIGURES))
def test_simulated_prices_are_labelled_and_real_ones_are_not(name):
    assert "Simulated prices" in title_text(FIGURES[name](result(simulated=True), False))
    assert "imulated" not in title_text(FIGURES[name](result(), False))


@pytest.mark.parametrize("name", list(FIGURES))
def test_without_outcomes_figures_are_empty_and_sentences_say_so(name):
    json.loads(FIGURES[name](unknown(), False).to_json())
    assert SENTENCES[name](unknown()).startswith("No outcome is known")


def test_quantiles_lie_beside_what_they_promise():
    measurement = reliability.measure(result(), 2)
    figure = charts.reliability(measurement)
    line = named(figure, "measured, with 95 % interval")
    np.testing.assert_allclose(line.x, 100 * np.array(QUANTILES))
    np.testing.assert_allclose(line.y, [100 * share.value for share in measurement.observed])
    low = np.array(line.y) - np.array(line.error_y.arrayminus)
    np.testing.assert_allclose(low, [100 * share.low for share in measurement.observed], atol=1e-9)
    assert "2 hours ahead" in title_text(figure)
    assert f"{measurement.origins:,} outcomes" in title_text(figure)


def test_the_parts_of_the_forecast_add_up():
    measurement = reliability.measure(result(), 2)
    figure = charts.pit(measurement)
    bars = named(figure, "measured, with 95 % interval")
    assert sum(bars.y) == pytest.approx(100)
    assert list(named(figure, "as promised").y) == [5, 5]
    assert list(bars.x) == [2.5 + 5 * part for part in range(20)]
    assert len(bars.width) == 20
    assert 4 < min(bars.width) == max(bars.width) < 5
    assert [tuple(ends) for ends in bars.customdata] == [(5 * i, 5 * i + 5) for i in range(20)]
    high = np.array(bars.y) + np.array(bars.error_y.array)
    np.testing.assert_allclose(high, [100 * share.high for share in measurement.pit])


def test_every_step_and_both_levels_are_shown():
    coverages = reliability.by_step(result(6))
    figure = charts.coverage_by_step(coverages)
    for level in (80, 95):
        line = named(figure, f"{level} % range")
        assert list(line.x) == [1, 2, 3, 4, 5, 6]
        np.testing.assert_allclose(
            line.y, [100 * shares[level].value for shares in coverages.steps]
        )
    assert {shape.y0 for shape in figure.layout.shapes} == {80, 95}
    assert figure.layout.xaxis.title.text == "hours ahead"
    symbols = {trace.marker.symbol for trace in figure.data}
    assert len(symbols) == len(figure.data)


@pytest.mark.parametrize(("horizon", "distance"), [(12, 1), (13, None)])
def test_few_steps_have_a_tick_each(horizon, distance):
    figure = charts.coverage_by_step(reliability.by_step(result(horizon)))
    assert figure.layout.xaxis.dtick == distance
    assert tuple(figure.layout.xaxis.range) == (0.5, horizon + 0.5)


def test_regimes_are_shown_from_calm_to_restless():
    measurement = reliability.measure(result(), 2)
    figure = charts.coverage_by_regime(measurement)
    line, wide = named(figure, "80 % range"), named(figure, "95 % range")
    assert list(figure.layout.xaxis.ticktext) == ["calm", "usual", "restless"]
    assert [round(x) for x in line.x] == list(figure.layout.xaxis.tickvals)
    assert set(line.x).isdisjoint(wide.x)
    expected = [100 * regime.coverage[80].value for regime in measurement.regimes]
    np.testing.assert_allclose(line.y, expected)


def test_what_is_off_by_more_than_chance_is_counted():
    measurement = reliability.measure(result(), 2)

    def share(value, low, high):
        return Share(value, low, high)

    right = tuple(share(level, level - 0.001, level + 0.001) for level in QUANTILES)
    wrong = (share(0.05, 0.04, 0.06), *right[1:-1], share(0.96, 0.95, 0.97))
    for observed, text in (
        (right, "Of the nine lines none is off"),
        ((*right[:-1], wrong[-1]), "Of the nine lines 1 is off"),
        (wrong, "Of the nine lines 2 are off"),
    ):
        assert text in charts.summary_reliability(replace(measurement, observed=observed))
    assert (
        "should have ended below the 2.5 % line (quantile) of the LSTM network; 5 % did. That is"
        in charts.summary_reliability(replace(measurement, observed=wrong))
    )
    flat = (share(0.05, 0.04, 0.06),) * 20
    ends, more = share(0.1, 0.09, 0.11), share(0.06, 0.051, 0.07)
    for pit, texts in (
        (
            flat,
            ("10 % of the prices ended in the outer two of 20", "50 % in the middle", "no parts"),
        ),
        ((ends, *flat[1:]), ("15 % of the prices", "50 % in the middle half", "1 part is off")),
        ((*flat[:5], more, *flat[6:14], more, *flat[15:]), ("52 % in the middle", "2 parts are")),
        ((*flat[:4], more, *flat[5:15], more, *flat[16:]), ("50 % in the middle", "2 parts are")),
    ):
        sentence = charts.summary_pit(replace(measurement, pit=pit))
        assert all(text in sentence for text in texts), sentence


def test_the_lowest_and_the_highest_coverage_have_their_step():
    coverages = reliability.by_step(result(3))
    shares = [Share(value, 0.0, 1.0) for value in (0.7, 0.9, 0.8)]
    coverages = replace(coverages, steps=tuple({80: share, 95: share} for share in shares))
    assert charts.summary_coverage_by_step(coverages) == (
        "The 80 % range of the LSTM network holds 70 % of the prices 1 hour ahead, its lowest "
        "share, and 90 % 2 hours ahead, its highest."
    )
    single = replace(coverages, steps=coverages.steps[:1])
    assert charts.summary_coverage_by_step(single) == (
        "The 80 % range of the LSTM network holds 70 % of the prices 1 hour ahead."
    )


def test_sentences_say_what_the_figures_show():
    measurement, steps = reliability.measure(result(), 2), reliability.by_step(result())
    text = charts.summary_coverage_by_regime(measurement)
    assert text.startswith("2 hours ahead the 80 % range of the LSTM network held ")
    for regime in measurement.regimes:
        value = f"{100 * regime.coverage[80].value:.1f} %".replace(".0 %", " %")
        assert f"{value} when the market was {regime.name}" in text
    text = charts.summary_coverage_by_step(steps)
    values = [100 * shares[80].value for shares in steps.steps]
    for value in (min(values), max(values)):
        assert f"{value:.1f} %".replace(".0 %", " %") in text
    text = charts.summary_reliability(measurement)
    off = [
        abs(share.value - level)
        for share, level in zip(measurement.observed, QUANTILES, strict=True)
    ]
    worst = measurement.observed[int(np.argmax(off))]
    assert f"{100 * worst.value:.1f} %".replace(".0 %", " %") in text
    assert "of the nine lines" in text.lower()
    ends = 100 * (measurement.pit[0].value + measurement.pit[-1].value)
    assert f"{ends:.1f} %".replace(".0 %", " %") in charts.summary_pit(measurement)
