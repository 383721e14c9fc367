"""Every figure is labelled, transparent and small, on light and dark pages."""

import json

import pytest

from cryptoforecast import charts
from cryptoforecast.charts import style
from cryptoforecast.charts.thinning import LIMIT
from cryptoforecast.types import NextSteps
from tests.charts.examples import (
    CURVE,
    backtest,
    forecast_of,
    next_steps,
    prices,
    title_text,
)

FIGURES = {
    "predicted": lambda dark, sim: charts.predicted_vs_actual(backtest(simulated=sim), dark=dark),
    "fan": lambda dark, sim: charts.fan(next_steps(simulated=sim), dark=dark),
    "fan of one step": lambda dark, sim: charts.fan(next_steps(1, simulated=sim), dark=dark),
    "candles": lambda dark, sim: charts.candles(prices(simulated=sim), dark=dark),
    "loss": lambda dark, sim: charts.loss_curve(CURVE, dark=dark),
}


@pytest.mark.parametrize("name", list(FIGURES))
@pytest.mark.parametrize("dark", [False, True])
def test_backgrounds_are_transparent_and_zoom_survives(name, dark):
    figure = FIGURES[name](dark, False)
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == style.CLEAR
    assert figure.layout.font.color == style.theme(dark).ink
    assert figure.layout.uirevision == FIGURES[name](not dark, False).layout.uirevision
    assert figure.layout.uirevision
    # On a dark page Plotly's white line below the line at the pointer would show.
    assert figure.layout.xaxis.showspikes == (not dark)
    assert figure.layout.xaxis.title.text
    json.loads(figure.to_json())


@pytest.mark.parametrize("name", [name for name in FIGURES if name != "loss"])
def test_simulated_prices_are_labelled_and_real_ones_are_not(name):
    assert "Simulated prices" in title_text(FIGURES[name](False, True))
    assert "imulated" not in title_text(FIGURES[name](False, False))


@pytest.mark.parametrize("name", ["predicted", "fan", "candles"])
def test_axes_name_their_units(name):
    layout = FIGURES[name](False, False).layout
    assert "UTC" in layout.xaxis.title.text
    assert layout.yaxis.tickformat.startswith("$")


def test_no_figure_is_large():
    long = prices(71_000)
    figures = [
        charts.candles(long),
        charts.predicted_vs_actual(backtest(71_000)),
        charts.predicted_vs_actual(backtest(71_000, 24), 24),
        charts.fan(
            NextSteps("x", long, forecast_of(long, range(70_999, 71_000), 48)), recent=71_000
        ),
    ]
    for figure in figures:
        assert len(figure.to_json()) < 300_000
        assert all(len(trace.x) <= LIMIT for trace in figure.data)
