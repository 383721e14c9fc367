"""Figures of chances hold the chances, in bounds, labelled; and their sentences say the same."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from cryptoforecast import charts
from cryptoforecast.charts import style
from cryptoforecast.charts.probability import probability_text
from cryptoforecast.forecasting import probability
from cryptoforecast.types import Touch, price_text
from tests.charts.examples import named, next_steps, times, title_text


def example(horizon=24, simulated=False, **changes):
    """A forecast, the odds of 1 % above the last close, and those of a ladder."""
    given = replace(next_steps(horizon, simulated=simulated), **changes)
    level = float(given.forecast.close[0]) * 1.01
    (one,) = probability.of_next_steps(given, [level])
    return given, one, probability.of_next_steps(given, probability.ladder(given))


def figures(horizon, dark=False, simulated=False):
    given, one, around = example(horizon, simulated)
    return [
        charts.probability_by_step(given, one, dark=dark),
        charts.probability_map(given, around, dark=dark),
    ]


@pytest.mark.parametrize("horizon", [1, 2, 24, 48])
@pytest.mark.parametrize("dark", [False, True])
def test_figures_look_like_the_others(horizon, dark):
    for figure, other in zip(figures(horizon, dark), figures(horizon, not dark), strict=True):
        assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == style.CLEAR
        assert figure.layout.font.color == style.theme(dark).ink
        assert figure.layout.uirevision == other.layout.uirevision
        assert figure.layout.xaxis.title.text
        assert len(figure.to_json()) < 60_000
        json.loads(figure.to_json())


def test_simulated_prices_are_labelled_and_real_ones_are_not():
    for figure in figures(24, simulated=True):
        assert "Simulated prices" in title_text(figure)
    for figure in figures(24):
        assert "imulated" not in title_text(figure)


def test_the_line_holds_the_chances_at_their_times():
    given, one, _ = example()
    figure = charts.probability_by_step(given, one)
    line = named(figure, "chance")
    np.testing.assert_allclose(line.y, 100 * one.by_step)
    assert times(line)[0] == given.history.closes_at + given.history.candle_length
    assert tuple(figure.layout.yaxis.range) == (-3, 103)
    assert price_text(one.level) in title_text(figure)
    assert {note.text for note in figure.layout.annotations} == {
        probability_text(one.by_step[0]), probability_text(one.by_step[-1]),
    }  # fmt: skip


def test_the_chance_of_touching_is_a_line_of_its_own():
    given, one, _ = example()
    touch = Touch(one.level, np.linspace(0.1, 0.6, 24))
    figure = charts.probability_by_step(given, one, touch)
    np.testing.assert_allclose(named(figure, "touched").y, 100 * touch.by_step)
    assert "dotted: touched until then" in title_text(figure)
    assert "dotted" not in title_text(charts.probability_by_step(given, one))
    text = charts.summary_touch(given, touch)
    assert text == f"Chance of touching {price_text(one.level)} at any time until then: 60 %."


def test_the_map_holds_the_chances_by_price_and_step():
    given, _, around = example()
    (cells,) = charts.probability_map(given, around).data
    np.testing.assert_allclose(cells.z, [100 * one.by_step for one in around])
    assert [float(y.strip("$").replace(",", "")) for y in cells.y] == [one.level for one in around]
    assert (cells.x[0], cells.x[-1]) == ("1 hour", "24 hours")
    assert (cells.zmin, cells.zmax) == (0, 100)
    # Told apart without red and green, and even chances are the page's own colour.
    for dark in (False, True):
        (cells,) = charts.probability_map(given, around, dark=dark).data
        assert [colour for _, colour in cells.colorscale] == [
            style.BLUE, style.theme(dark).surface, style.ORANGE,
        ]  # fmt: skip


@pytest.mark.parametrize(("horizon", "size"), [(1, 8), (12, 8), (13, 4)])
def test_many_steps_have_small_markers(horizon, size):
    given, one, _ = example(horizon)
    assert named(charts.probability_by_step(given, one), "chance").marker.size == size


def test_prices_are_on_the_axis_that_shows_them():
    for horizon, across, up in ((24, "ahead", "price, USD"), (1, "price, USD", None)):
        given, _, around = example(horizon)
        layout = charts.probability_map(given, around).layout
        assert (layout.xaxis.title.text, layout.yaxis.title.text) == (across, up)


def test_one_step_is_a_strip_of_prices():
    given, _, around = example(1)
    (cells,) = charts.probability_map(given, around).data
    assert np.shape(cells.z) == (1, len(around))
    assert len(cells.x) == len(set(cells.x)) == len(around)
    assert cells.texttemplate


def test_undefined_probabilities_are_called_unknown():
    given = next_steps(3)
    undefined = replace(given.forecast, quantiles=given.forecast.quantiles * math.nan)
    given = replace(given, forecast=undefined)
    (one,) = probability.of_next_steps(given, [100.0])
    figure = charts.probability_by_step(given, one)
    assert not figure.layout.annotations
    assert charts.summary_probability(given, one).endswith(
        "by Sat 2 Sep 2017, 19:00 UTC (3 hours ahead): unknown; "
        "by Sat 2 Sep 2017, 17:00 UTC (1 hour ahead): unknown."
    )
    json.loads(charts.probability_map(given, (one,)).to_json())


def test_sentences_say_what_the_figures_show():
    given, one, around = example(simulated=True)
    text = charts.summary_probability(given, one)
    assert text == (
        f"Chance that the BTC simulated price ends above {price_text(one.level)} by "
        f"Sun 3 Sep 2017, 16:00 UTC (24 hours ahead): {probability_text(one.by_step[-1])}; "
        f"by Sat 2 Sep 2017, 17:00 UTC (1 hour ahead): {probability_text(one.by_step[0])}."
    )
    single, one, _ = example(1)
    assert "simulated" not in charts.summary_probability(single, one)
    assert charts.summary_probability(single, one).endswith(
        f"(1 hour ahead): {probability_text(one.by_step[0])}."
    )
    text = charts.summary_probabilities(given, around)
    assert " above each price by Sun 3 Sep 2017, 16:00 UTC (24 hours ahead): " in text
    for rung in around:
        assert f"${rung.level:,.0f} {probability_text(rung.by_step[-1])}" in text


@pytest.mark.parametrize(
    ("chance", "text"),
    [
        (0.0, "under 1 %"), (0.0099, "under 1 %"), (0.01, "1 %"), (0.414, "41 %"), (0.99, "99 %"),
        (0.9901, "over 99 %"), (1.0, "over 99 %"), (math.nan, "unknown"),
    ],
)  # fmt: skip
def test_a_chance_is_no_more_precise_than_it_is_known(chance, text):
    assert probability_text(chance) == text


@pytest.mark.parametrize(
    ("levels", "texts"),
    [
        ([64_500.0, 65_000.0], ["$64,500", "$65,000"]),
        ([0.088, 0.09], ["$0.088", "$0.090"]),
        ([3.1, 3.12], ["$3.10", "$3.12"]),
        ([1.19e-05, 1.2e-05], ["$0.0000119", "$0.0000120"]),
        ([9.7e8, 1e9], ["$970,000,000", "$1,000,000,000"]),
        ([2e-12, 4e-12], ["$0.000000000002", "$0.000000000004"]),
    ],
)
def test_round_prices_are_written_alike(levels, texts):
    given = next_steps(24)
    probabilities = [probability.of_next_steps(given, [level])[0] for level in levels]
    (cells,) = charts.probability_map(given, probabilities).data
    assert list(cells.y) == texts
