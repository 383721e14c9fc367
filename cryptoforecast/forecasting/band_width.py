"""Adapt the width of a band to its market: to the hour of the day and to recent ranges.

A network has learnt the busy hours and the volatile spells of its training prices. Those of this
coin may differ, and those of today as well. So a ridge regression (Hoerl and Kennard 1970) explains
how wrong the widths of earlier forecasts were. Its target is a log ratio: the logarithm of the
mean true range of the candles that followed, over the width that was forecast. Its regressors are
what was known at each origin. Every width is then multiplied by the ratio that the regression
expects. ``calibration``, which comes after, corrects the share of prices inside each level.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from cryptoforecast.forecasting.calibration import CALIBRATION_ROWS, REFRESH_ROWS
from cryptoforecast.learning import ranges, threads
from cryptoforecast.types import INTERVALS, MEDIAN, QUANTILES, Array, Forecast, PriceHistory

#: Candles in the averages of ranges that are regressors.
SPANS = (1, 2, 4, 8, 24, 72, 168, 504)
#: Added to a range before its logarithm is taken, in average true ranges of 168 candles.
EPSILON_RANGE = 0.05
#: Penalty of the ridge regression at step 1: it has the effect of so many outcomes whose width was
#: right. Of 30 to 1,500, smaller ones were best for hours and larger ones for days, both of coins
#: that were left out of training.
PENALTY = 100.0
#: Outcomes needed for each regressor.
MIN_OUTCOMES_EACH = 18
#: A width is multiplied or divided by no more than this.
MAX_FACTOR = 3.0
# Ends of the 80 % band, whose width stands for all levels.
_LOW, _HIGH = QUANTILES.index(0.1), QUANTILES.index(0.9)


def rescaled(forecast: Forecast, by: Array) -> Forecast:
    """Multiply the widths of bands, and leave medians and points as they are.

    Args:
        forecast: ``n`` forecasts of one predictor.
        by: ``(n, horizon)`` factors.
    """
    if (by == 1).all():
        return forecast
    quantiles = forecast.quantiles.copy()
    # Step by step: of a long history all of them at once would take many times its memory.
    for step in range(forecast.horizon):
        middle = quantiles[:, step, MEDIAN : MEDIAN + 1]
        quantiles[:, step] = middle + (quantiles[:, step] - middle) * by[:, step, None]
    return dataclasses.replace(forecast, quantiles=quantiles)


def factors(forecast: Forecast, history: PriceHistory) -> Array:
    """Estimate the factor of each width from earlier forecasts; see ``fit``."""
    return fit(forecast, history)[0]


def fit(
    forecast: Forecast,
    history: PriceHistory,
    more: Array | None = None,
    penalties: tuple[float, float] = (PENALTY, PENALTY),
) -> tuple[Array, Array]:
    """Estimate the factor of each width from earlier forecasts.

    The regression is fitted again every ``REFRESH_ROWS`` rows, to at most ``CALIBRATION_ROWS``
    outcomes whose last step was known at that row.

    Args:
        forecast: Forecasts of one predictor from consecutive rows of the history.
        history: ``n`` candles. Candles up to each origin are used, and later ones only as outcomes
            that are known by then.
        more: ``(n, k)`` further regressors, known at each origin; none by default.
        penalties: At step 1, of the usual regressors and of the further ones; see ``PENALTY``.

    Returns:
        The factors ``(n, horizon)`` between 1 / ``MAX_FACTOR`` and ``MAX_FACTOR``, 1 where too few
        outcomes are known; and the weights ``(k, horizon)`` of the further regressors at the last
        origin, 0 where too few are known.
    """
    threads.keep_to_one()
    regressors, log_ratios = _regression_data(forecast, history)
    own = regressors.shape[1]
    penalty = np.full(own, penalties[0])
    if more is not None:
        regressors = np.hstack([regressors, more])
        penalty = np.append(penalty, np.full(more.shape[1], penalties[1]))
    complete = np.isfinite(regressors).all(axis=1)
    result = np.ones(log_ratios.shape)
    # At row t, outcomes of origins up to t - horizon are known.
    starts = range(0, len(forecast), REFRESH_ROWS)
    edges = [max(0, start - forecast.horizon + 1) for start in starts]
    usable = complete & np.isfinite(log_ratios).all(axis=1)
    sums = _Sums(regressors, log_ratios, usable, edges, penalty)
    last = np.zeros((regressors.shape[1] - own, forecast.horizon))
    for i, start in enumerate(starts):
        weights, centre = sums.fit(i)
        rows = np.arange(start, min(start + REFRESH_ROWS, len(forecast)))
        rows = rows[complete[rows]]
        if weights is not None:
            expected = (regressors[rows] - centre) @ weights
            result[rows] = np.exp(np.clip(expected, -np.log(MAX_FACTOR), np.log(MAX_FACTOR)))
            last = weights[own:]
    return result, last


class _Sums:
    """Sums of products over the rows before each edge, from which a fit is computed.

    Args:
        regressors: ``(n, regressors)``.
        log_ratios: ``(n, horizon)``.
        usable: ``(n,)``, whether a row counts.
        edges: Rows, rising, ``REFRESH_ROWS`` apart.
        penalty: ``(regressors,)``, at step 1; see ``PENALTY``.
    """

    def __init__(
        self,
        regressors: Array,
        log_ratios: Array,
        usable: Array,
        edges: list[int],
        penalty: Array,
    ) -> None:
        self._penalty = penalty
        width = regressors.shape[1] + 1
        self._sums = np.zeros((len(edges), width, width + log_ratios.shape[1]))
        total = np.zeros_like(self._sums[0])
        for i, edge in enumerate(edges):
            some = slice(edges[i - 1] if i else 0, edge)
            rows = np.column_stack([np.ones(edge - some.start), regressors[some], log_ratios[some]])
            rows = rows[usable[some]]
            total = total + rows[:, :width].T @ rows
            self._sums[i] = total

    def fit(self, edge: int) -> tuple[Array | None, Array]:
        """Fit to the last ``CALIBRATION_ROWS`` rows before an edge.

        Returns:
            Weights ``(regressors, horizon)``, ``None`` where too few rows are known, and the mean
            of each regressor.
        """
        first = edge - CALIBRATION_ROWS // REFRESH_ROWS
        sums = self._sums[edge] - (self._sums[first] if first >= 0 else 0)
        width = len(sums)
        count, totals = sums[0, 0], sums[0] / max(sums[0, 0], 1.0)
        centre = totals[1:width]
        if count < MIN_OUTCOMES_EACH * (width - 1):
            return None, centre
        products = sums[1:] - count * np.outer(centre, totals)
        square, target = products[:, 1:width], products[:, width:]
        spread = np.sqrt(np.maximum(square.diagonal() / count, 0))
        spread = np.where(spread > 1e-9, spread, np.inf)
        # Multiplying a regressor by a number makes its weight smaller, and so its penalty. So each
        # regressor gets the unit that gives it its own penalty.
        spread = spread * np.sqrt(self._penalty / self._penalty[0])
        strength, turn = np.linalg.eigh(square / np.outer(spread, spread))
        # Outcomes of step k overlap over k - 1 candles, so k of them have the information of one.
        penalty = self._penalty[0] * np.arange(1, target.shape[1] + 1)
        weights = turn @ ((turn.T @ (target / spread[:, None])) / (strength[:, None] + penalty))
        return weights / spread[:, None], centre


def _regression_data(forecast: Forecast, history: PriceHistory) -> tuple[Array, Array]:
    """Compute the regressors of each origin, and the log ratios of its widths.

    Returns:
        Regressors ``(n, regressors)``, NaN where an average reaches back too far, and log ratios
        ``(n, horizon)``: the logarithm of the mean true range of the next k candles over the width
        that was forecast for step k, NaN where it is not known.
    """
    index = history.candles.index
    first = int(index.get_loc(forecast.origins[0]))
    begin = max(0, first - max(SPANS))
    candles = history.candles.iloc[begin : first + len(forecast)]
    true_ranges = pd.Series(ranges.true_ranges(candles))
    averages = np.column_stack([true_ranges.rolling(n).mean().to_numpy() for n in SPANS])
    usual = np.maximum(averages[:, SPANS.index(ranges.USUAL)], ranges.MIN_RANGE)[:, None]
    epsilon = EPSILON_RANGE * usual[first - begin :]
    recent = np.log(np.delete(averages[first - begin :], SPANS.index(ranges.USUAL), 1) + epsilon)
    with np.errstate(divide="ignore", invalid="ignore"):
        width = np.log(forecast.quantiles[..., _HIGH] - forecast.quantiles[..., _LOW], dtype=float)
        # Ranges of the next k candles; beyond the last candle nothing is known.
        total = np.nancumsum(true_ranges.to_numpy())[first - begin :]
        log_ratios = np.full((len(forecast), forecast.horizon), np.nan)
        for step in range(1, forecast.horizon + 1):
            log_ratios[:-step, step - 1] = (total[step:] - total[:-step]) / step
        np.log(np.add(log_ratios, epsilon, out=log_ratios), out=log_ratios)
        log_ratios -= width
    # Ranges are relative to the usual range: the level of the market drifts and predicts little.
    level = np.log(usual[first - begin :])
    clock = _clock(forecast.origins, forecast.interval)
    end_widths = width[:, [0, -1]]
    return np.hstack([clock, recent - level, end_widths - level]), log_ratios


def _clock(origins: pd.DatetimeIndex, interval: str) -> Array:
    """Mark the hour in which the next candle opens, separately for working days and weekends.

    Candles of a day or longer have the day of the week instead.

    Returns:
        ``(n, 48)``, or ``(n, 7)`` for candles of a day or longer; 1 in one column, else 0.
    """
    opens = origins + INTERVALS[interval]
    day = opens.day_of_week.to_numpy()
    marks: Array
    if INTERVALS[interval] >= INTERVALS["1d"]:
        marks = np.eye(7)[day]
    else:
        marks = np.eye(48)[opens.hour.to_numpy() + 24 * (day >= 5)]
    return marks
