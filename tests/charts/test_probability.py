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
    coming = replace(next_steps(horizon, simulated=simulated), **changes)
    level = float(coming.forecast.close[0]) * 1.01
    (one,) = probability.of_next_steps(coming, [level])
    return coming, one, probability.of_next_steps(coming, probability.ladder(coming))


def figures(horizon, dark=False, simulated=False):
    coming, one, _ = example(horizon, simulated)
    return [charts.probability_by_step(coming, one, dark=dark)]


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
    coming, one, _ = example()
    figure = charts.probability_by_step(coming, one)
    line = named(figure, "chance")
    np.testing.assert_allclose(line.y, 100 * one.by_step)
    assert times(line)[0] == coming.history.closes_at + coming.history.candle_length
    assert tuple(figure.layout.yaxis.range) == (-3, 103)
    assert price_text(one.level) in title_text(figure)
    assert {note.text for note in figure.layout.annotations} == {
        probability_text(one.by_step[0]), probability_text(one.by_step[-1]),
    }  # fmt: skip


def test_the_chance_of_touching_is_a_line_of_its_own():
    coming, one, _ = example()
    touch = Touch(one.level, np.linspace(0.1, 0.6, 24))
    figure = charts.probability_by_step(coming, one, touch)
    np.testing.assert_allclose(named(figure, "touched").y, 100 * touch.by_step)
    assert "dotted: touched until then" in title_text(figure)
    ends = {each.text: each.yshift for each in figure.layout.annotations}
    own = probability_text(one.by_step[-1])
    assert ends["touched: 60 %"] > 0 > ends[own]  # each on its own side of the two lines
    assert "dotted" not in title_text(charts.probability_by_step(coming, one))
    text = charts.summary_touch(coming, touch)
    assert text == f"Chance of touching {price_text(one.level)} at any time until then: 60 %."


@pytest.mark.parametrize(("horizon", "size"), [(1, 8), (12, 8), (13, 4)])
def test_many_steps_have_small_markers(horizon, size):
    coming, one, _ = example(horizon)
    assert named(charts.probability_by_step(coming, one), "chance").marker.size == size


def test_undefined_probabilities_are_called_unknown():
    coming = next_steps(3)
    undefined = replace(coming.forecast, quantiles=coming.forecast.quantiles * math.nan)
    coming = replace(coming, forecast=undefined)
    (one,) = probability.of_next_steps(coming, [100.0])
    figure = charts.probability_by_step(coming, one)
    assert not figure.layout.annotations
    assert charts.summary_probability(coming, one).endswith(
        "at Sat 2 Sep 2017, 19:00 UTC (3 hours ahead): unknown; "
        "at Sat 2 Sep 2017, 17:00 UTC (1 hour ahead): unknown."
    )


def test_sentences_say_what_the_figures_show():
    coming, one, _ = example(simulated=True)
    text = charts.summary_probability(coming, one)
    assert text == (
        f"Chance that the BTC simulated price ends above {price_text(one.level)} at "
        f"Sun 3 Sep 2017, 16:00 UTC (24 hours ahead): {probability_text(one.by_step[-1])}; "
        f"at Sat 2 Sep 2017, 17:00 UTC (1 hour ahead): {probability_text(one.by_step[0])}."
    )
    single, one, _ = example(1)
    assert "simulated" not in charts.summary_probability(single, one)
    assert charts.summary_probability(single, one).endswith(
        f"(1 hour ahead): {probability_text(one.by_step[0])}."
    )


@pytest.mark.parametrize(
    ("chance", "text"),
    [
        (0.0, "under 1 %"), (0.0099, "under 1 %"), (0.01, "1 %"), (0.414, "41 %"), (0.99, "99 %"),
        (0.9901, "over 99 %"), (1.0, "over 99 %"), (math.nan, "unknown"),
    ],
)  # fmt: skip
def test_a_chance_is_no_more_precise_than_it_is_known(chance, text):
    assert probability_text(chance) == text
