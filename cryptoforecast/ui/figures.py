"""The figures of the Forecast page, each drawn once as long as its forecast is in memory.

Drawing a figure takes ten to twenty milliseconds, which is most of a page's run, and a rerun shows
most figures unchanged. A figure takes about 150 kB, twice that once it is encoded. Nobody may
change a figure.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from cryptoforecast import charts
from cryptoforecast.cache import LruCaches
from cryptoforecast.types import Backtest, Forecast, NextSteps, Probability, Touch

if TYPE_CHECKING:
    import plotly.graph_objects as go

#: Figures of one forecast in memory: light and dark ones, and some of its steps.
MAX_FIGURES = 12

_figures: LruCaches[go.Figure] = LruCaches(MAX_FIGURES)


def fan(
    future: NextSteps, *, dark: bool, zone: str | None = None, other: Forecast | None = None
) -> go.Figure:
    """Return the figure of what comes next, for a card; see ``charts.fan``."""
    return cached(
        future.forecast,
        ("fan", future.history.quote, dark, zone, other),
        lambda: charts.fan(future, dark=dark, zone=zone, titled=False, other=other),
    )


def predicted_vs_actual(result: Backtest, step: int, *, dark: bool) -> go.Figure:
    """Return the figure of a test; see ``charts.predicted_vs_actual``."""
    return cached(
        result.forecast,
        ("test", step, result.history.quote, dark),
        lambda: charts.predicted_vs_actual(result, step, dark=dark),
    )


def probability_by_step(
    future: NextSteps,
    one: Probability,
    touch: Touch | None = None,
    *,
    dark: bool,
    zone: str | None = None,
) -> go.Figure:
    """Return the figure of one price; see ``charts.probability_by_step``."""
    return cached(
        future.forecast,
        ("probability", one.level, one.direction, future.history.quote, dark, zone),
        lambda: charts.probability_by_step(future, one, touch, dark=dark, zone=zone),
    )


def cached(forecast: Forecast, key: Hashable, draw: Callable[[], go.Figure]) -> go.Figure:
    """Return a figure of a forecast, drawn unless it is in memory.

    Args:
        forecast: The forecast that it shows. Its figures leave memory together with it.
        key: Everything else that shapes the figure.
        draw: Draws the figure.
    """
    return _figures.of(forecast).get_or_make(key, lambda: _encoded_once(draw()))


def _encoded_once(figure: go.Figure) -> go.Figure:
    """Let a finished figure encode its numbers once, not at every rerun."""
    numbers = figure.to_dict()
    figure.to_dict = lambda: numbers
    return figure
