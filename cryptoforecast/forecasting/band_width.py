"""Adapt the width of a band to its market: to the hour, and to how far prices have just ranged.

A network knows the hours and the spells of the markets it learnt from. Those of this coin, and of
late, may differ, and a model that has never seen the coin can't know them. So what its forecasts
before missed is regressed on what was known when they were made: a ridge regression (Hoerl and
Kennard 1970) of how far prices went on to range, over the width that was forecast. Every width is
multiplied by what the regression expects. Levels are left to ``calibration``, which comes after.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from cryptoforecast.forecasting.calibration import REFRESH, WINDOW
from cryptoforecast.learning import ranges, threads
from cryptoforecast.types import INTERVALS, MEDIAN, QUANTILES, Array, Forecast, PriceHistory

#: Candles in the averages that are looked at.
SPANS = (1, 2, 4, 8, 24, 72, 168, 504)
#: What is added to a range before its logarithm, in average true ranges of 168 candles.
FLOOR = 0.05
#: Weight of the ridge's doubt one step ahead: like so many outcomes that call for no change. Of 30
#: to 1,500 the smaller served hours of coins left out of training best, the larger days.
PENALTY = 100.0
#: Outcomes needed for each thing that is looked at.
FEWEST_EACH = 18
#: A width is multiplied or divided by no more than this.
MOST = 3.0
# Ends of the 80 % band, whose width stands for all.
_LOW, _HIGH = QUANTILES.index(0.1), QUANTILES.index(0.9)


def adapted(forecast: Forecast, history: PriceHistory) -> Forecast:
    """Rescale each band by what the forecasts before it, and what is known, call for.

    The regression is fitted anew every ``REFRESH`` rows to at most ``WINDOW`` outcomes whose last
    step was known by then.

    Args:
        forecast: forecasts of one predictor from consecutive rows of the history.
        history: what it looked at; candles up to each origin are used, and later ones only as
            outcomes that are known by then.

    Returns:
        The same forecasts with other widths; median and points unchanged. The first are as they
        were, for want of outcomes.
    """
    return rescaled(forecast, factors(forecast, history))


def rescaled(forecast: Forecast, by: Array) -> Forecast:
    """Multiply the widths of bands by ``(n, horizon)`` factors, median and points unchanged."""
    if (by == 1).all():
        return forecast
    quantiles = forecast.quantiles.copy()
    # Step by step: of a long history all of them at once would take many times its memory.
    for step in range(forecast.horizon):
        middle = quantiles[:, step, MEDIAN : MEDIAN + 1]
        quantiles[:, step] = middle + (quantiles[:, step] - middle) * by[:, step, None]
    return dataclasses.replace(forecast, quantiles=quantiles)


def factors(forecast: Forecast, history: PriceHistory) -> Array:
    """Find what ``adapted`` multiplies the widths by.

    Returns:
        ``(n, horizon)`` between 1 / ``MOST`` and ``MOST``; 1 where too few outcomes are known.
    """
    threads.keep_to_one()
    known, missed = _clues_and_misses(forecast, history)
    whole = np.isfinite(known).all(axis=1)
    found = np.ones(missed.shape)
    # What was known at row t: outcomes of origins up to t - horizon.
    starts = range(0, len(forecast), REFRESH)
    edges = [max(0, start - forecast.horizon + 1) for start in starts]
    usable = whole & np.isfinite(missed).all(axis=1)
    sums = _Sums(known, missed, usable, edges)
    for i, start in enumerate(starts):
        weights, centre = sums.fit(i)
        rows = np.arange(start, min(start + REFRESH, len(forecast)))
        rows = rows[whole[rows]]
        if weights is not None:
            found[rows] = np.exp(
                np.clip((known[rows] - centre) @ weights, -np.log(MOST), np.log(MOST))
            )
    return found


class _Sums:
    """Sums of products over the rows before each edge, so that a fit costs no pass over the data.

    Args:
        known: ``(n, clues)``.
        missed: ``(n, horizon)``.
        usable: ``(n,)`` which rows count.
        edges: rows, rising, ``REFRESH`` apart.
    """

    def __init__(self, known: Array, missed: Array, usable: Array, edges: list[int]) -> None:
        width = known.shape[1] + 1
        self._at = np.zeros((len(edges), width, width + missed.shape[1]))
        total = np.zeros_like(self._at[0])
        for i, edge in enumerate(edges):
            some = slice(edges[i - 1] if i else 0, edge)
            rows = np.column_stack([np.ones(edge - some.start), known[some], missed[some]])
            rows = rows[usable[some]]
            total = total + rows[:, :width].T @ rows
            self._at[i] = total

    def fit(self, edge: int) -> tuple[Array | None, Array]:
        """Fit to the last ``WINDOW`` rows before an edge.

        Returns:
            Weights ``(clues, horizon)``, None where too few rows are known, and the mean of each
            clue.
        """
        first = edge - WINDOW // REFRESH
        sums = self._at[edge] - (self._at[first] if first >= 0 else 0)
        width = len(sums)
        count, totals = sums[0, 0], sums[0] / max(sums[0, 0], 1.0)
        centre = totals[1:width]
        if count < FEWEST_EACH * (width - 1):
            return None, centre
        products = sums[1:] - count * np.outer(centre, totals)
        square, target = products[:, 1:width], products[:, width:]
        spread = np.sqrt(np.maximum(square.diagonal() / count, 0))
        spread = np.where(spread > 1e-9, spread, np.inf)
        strength, turn = np.linalg.eigh(square / np.outer(spread, spread))
        # Outcomes of a step overlap: so many of them tell as much as one.
        doubt = PENALTY * np.arange(1, target.shape[1] + 1)
        weights = turn @ ((turn.T @ (target / spread[:, None])) / (strength[:, None] + doubt))
        return weights / spread[:, None], centre


def _clues_and_misses(forecast: Forecast, history: PriceHistory) -> tuple[Array, Array]:
    """Measure what was known at each origin, and how wide its band should have been.

    Returns:
        ``(n, clues)``, NaN where an average reaches back too far, and ``(n, horizon)`` logarithms
        of the range that followed over the width forecast, NaN where it is not known.
    """
    index = history.candles.index
    first = int(index.get_loc(forecast.origins[0]))
    begin = max(0, first - max(SPANS))
    candles = history.candles.iloc[begin : first + len(forecast)]
    moved = pd.Series(ranges.true_ranges(candles))
    averages = np.column_stack([moved.rolling(n).mean().to_numpy() for n in SPANS])
    usual = np.maximum(averages[:, SPANS.index(ranges.USUAL)], ranges.FLOOR)[:, None]
    floor = FLOOR * usual[first - begin :]
    recent = np.log(np.delete(averages[first - begin :], SPANS.index(ranges.USUAL), 1) + floor)
    with np.errstate(divide="ignore", invalid="ignore"):
        width = np.log(forecast.quantiles[..., _HIGH] - forecast.quantiles[..., _LOW], dtype=float)
        # Ranges of the next k candles; beyond the last candle nothing is known.
        total = np.nancumsum(moved.to_numpy())[first - begin :]
        ahead = np.full((len(forecast), forecast.horizon), np.nan)
        for step in range(1, forecast.horizon + 1):
            ahead[:-step, step - 1] = (total[step:] - total[:-step]) / step
        missed = np.log(np.add(ahead, floor, out=ahead), out=ahead)
        missed -= width
    # In units of the usual range, as the level itself wanders: what it was tells little of later.
    level = np.log(usual[first - begin :])
    clock = _clock(forecast.origins, forecast.interval)
    own = width[:, [0, -1]]
    return np.hstack([clock, recent - level, own - level]), missed


def _clock(origins: pd.DatetimeIndex, interval: str) -> Array:
    """Mark the hour that the next candle opens in, on working days and at weekends apart.

    Candles of a day or longer have a day of the week instead.
    """
    opens = origins + INTERVALS[interval]
    day = opens.day_of_week.to_numpy()
    marks: Array
    if INTERVALS[interval] >= INTERVALS["1d"]:
        marks = np.eye(7)[day]
    else:
        marks = np.eye(48)[opens.hour.to_numpy() + 24 * (day >= 5)]
    return marks
