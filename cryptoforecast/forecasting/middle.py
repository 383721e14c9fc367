"""Draw the median of a forecast to the last price where its past moves were not right.

A network has learnt which way prices went next. On other coins, or in other times, following it
may make errors larger; where it is right, its move should stay. So it is measured which share of
the predicted move is kept. Several shares are compared, and the one with the smallest absolute
errors in the past is taken. It is drawn towards 0 where its gain may be chance.
"""

from __future__ import annotations

import numpy as np

from cryptoforecast.forecasting.calibration import CALIBRATION_ROWS, MIN_OUTCOMES, REFRESH_ROWS
from cryptoforecast.types import MEDIAN, QUANTILES, Array, Forecast

#: Shares of the predicted move that are compared.
SHARES = np.linspace(0, 1, 6)
#: A share is multiplied by ``1 - SHRINKAGE / t^2``, with its gain ``t`` in standard errors, and is
#: 0 where that is negative. Values of 0.7 to 6 were tried on validation rows. With this one no
#: coin's errors were 0.1 % or more larger than the last price's, and little real gain was lost.
SHRINKAGE = 1.4
#: Smallest width of a band by which errors are divided, log-return.
MIN_WIDTH = 1e-9
_LOW, _HIGH = QUANTILES.index(0.1), QUANTILES.index(0.9)


def shares(forecast: Forecast) -> Array:
    """Measure the share of each predicted move to keep, from the outcomes known at its origin.

    Errors are divided by the width of the 80 % band, so that calm and wild candles count alike. The
    shares are measured every ``REFRESH_ROWS`` rows, on the last ``CALIBRATION_ROWS`` outcomes.
    The outcome of step ``k`` is known ``k`` rows after its origin.

    Args:
        forecast: Forecasts of one predictor from ``n`` consecutive rows; the predicted move is
            the median.

    Returns:
        ``(n, horizon)`` between 0 and 1; 0 where fewer than ``MIN_OUTCOMES`` are known.
    """
    result = np.zeros((len(forecast), forecast.horizon))
    starts = np.arange(0, len(forecast), REFRESH_ROWS)
    low, medians, high = (
        forecast.quantiles[..., level].astype(float) for level in (_LOW, MEDIAN, _HIGH)
    )
    widths = np.maximum(high - low, MIN_WIDTH)
    moves, outcomes = (medians / widths).T.copy(), (forecast.actual_returns / widths).T.copy()
    for step in range(1, forecast.horizon + 1):
        past_outcomes = np.maximum(0, starts - step + 1)
        blocks = _step_shares(moves[step - 1], outcomes[step - 1], past_outcomes, step)
        result[:, step - 1] = np.repeat(blocks, REFRESH_ROWS)[: len(forecast)]
    return result


def _step_shares(move: Array, outcome: Array, past_outcomes: Array, step: int) -> Array:
    """Measure the share of one step, at each of several moments.

    Args:
        move: ``(n,)`` predicted, in widths of the band.
        outcome: ``(n,)`` what followed, in the same unit.
        past_outcomes: ``(moments,)`` rows whose outcome is known at each moment; never falls.
        step: 1 to the horizon.

    Returns:
        ``(moments,)`` between 0 and 1.
    """
    gains = np.abs(outcome) - np.abs(outcome - SHARES[:, None] * move)
    valid = np.isfinite(gains).all(axis=0)
    gains[:, ~valid] = 0
    first = np.searchsorted(past_outcomes, past_outcomes - CALIBRATION_ROWS)
    counts, sums, squares = (
        _between(values, past_outcomes, first)
        for values in (valid.astype(float)[None], gains, gains**2)
    )
    means = sums / np.maximum(counts, 1)
    best = means.argmax(axis=1)
    rows = np.arange(len(past_outcomes))
    gain = means[rows, best]
    variance = squares[rows, best] / np.maximum(counts[:, 0], 1) - gain**2
    # Outcomes of step k overlap over k - 1 candles, so k of them have the information of one.
    noise = np.maximum(variance, 0) * step / np.maximum(counts[:, 0], 1)
    trust = 1 - SHRINKAGE * noise / np.maximum(gain**2, np.finfo(float).tiny)
    enough = (counts[:, 0] >= MIN_OUTCOMES) & (gain > 0)
    return np.where(enough, SHARES[best] * np.maximum(trust, 0), 0.0)


def _between(values: Array, ends: Array, first: Array) -> Array:
    """Sum the columns of ``(k, n)`` values between an earlier end and each end.

    Args:
        values: ``(k, n)``.
        ends: ``(moments,)`` columns, never falling; each sum stops before its end.
        first: ``(moments,)``, index in ``ends`` of the column at which each sum begins.

    Returns:
        ``(moments, k)``.
    """
    parts = [part.sum(axis=1) for part in np.split(values, ends, axis=1)[:-1]]
    totals = np.cumsum(parts, axis=0)
    sums: Array = totals - totals[first]
    return sums
