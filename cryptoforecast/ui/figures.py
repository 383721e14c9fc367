"""Figures of the Forecast page, each drawn once for as long as its forecast is remembered.

Drawing one takes ten to twenty milliseconds, most of a page's run, and a rerun shows most of them
again as they were. A figure is some 150 kB, as much again once written, and is never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

from cryptoforecast import charts
from cryptoforecast.cache import LruCaches
from cryptoforecast.types import Backtest, Forecast, NextSteps, Probability

if TYPE_CHECKING:
    import plotly.graph_objects as go

#: Figures of one forecast that are kept: light and dark, and some of its steps.
KEPT = 12

_drawn: LruCaches[go.Figure] = LruCaches(KEPT)
_stills: LruCaches[str] = LruCaches(KEPT)


def fan(ahead: NextSteps, *, dark: bool) -> go.Figure:
    """Draw what comes next; see ``charts.fan``."""
    return kept(ahead.forecast, ("fan", dark), lambda: charts.fan(ahead, dark=dark))


def fan_still(ahead: NextSteps, alt: str, *, dark: bool) -> str:
    """Draw the picture of what comes next; see ``charts.still``."""
    return _stills.of(ahead.forecast).answer(
        (alt, dark), lambda: charts.still(fan(ahead, dark=dark), alt)
    )


def predicted_vs_actual(result: Backtest, step: int, *, dark: bool) -> go.Figure:
    """Draw the test; see ``charts.predicted_vs_actual``."""
    return kept(
        result.forecast,
        ("test", step, dark),
        lambda: charts.predicted_vs_actual(result, step, dark=dark),
    )


def probability_map(ahead: NextSteps, around: Sequence[Probability], *, dark: bool) -> go.Figure:
    """Draw the chances of several prices; see ``charts.probability_map``."""
    asked = tuple((one.level, one.direction) for one in around)
    return kept(
        ahead.forecast,
        ("chances", asked, dark),
        lambda: charts.probability_map(ahead, around, dark=dark),
    )


def probability_by_step(ahead: NextSteps, one: Probability, *, dark: bool) -> go.Figure:
    """Draw the chance of one price at every step; see ``charts.probability_by_step``."""
    return kept(
        ahead.forecast,
        ("chance", one.level, one.direction, dark),
        lambda: charts.probability_by_step(ahead, one, dark=dark),
    )


def compare_errors(result: Backtest, *, dark: bool) -> go.Figure:
    """Draw every predictor's pinball loss; see ``charts.compare_errors``."""
    return kept(
        result.forecast,
        ("errors", *result.scores, dark),
        lambda: charts.compare_errors(
            result.scores, metric="pinball", simulated=result.history.simulated, dark=dark
        ),
    )


def coverage(result: Backtest, *, dark: bool) -> go.Figure:
    """Draw how often every band held the price; see ``charts.coverage``."""
    return kept(
        result.forecast,
        ("coverage", *result.scores, dark),
        lambda: charts.coverage(covered(result), simulated=result.history.simulated, dark=dark),
    )


def covered(result: Backtest) -> dict[str, dict[int, float]]:
    """Return by predictor and level (%) the share of prices inside, at the last step."""
    return {
        name: {80: steps[-1].coverage_80, 95: steps[-1].coverage_95}
        for name, steps in result.scores.items()
    }


def kept(forecast: Forecast, key: Hashable, draw: Callable[[], go.Figure]) -> go.Figure:
    """Return a figure of a forecast, drawn unless it was before.

    Args:
        forecast: what it shows; forgotten with it.
        key: all else that shapes it.
        draw: makes it.
    """
    return _drawn.of(forecast).answer(key, lambda: _written(draw()))


def _written(figure: go.Figure) -> go.Figure:
    """Let a figure that is finished copy and encode its numbers once, not at every rerun."""
    numbers = figure.to_dict()
    figure.to_dict = lambda: numbers
    return figure
