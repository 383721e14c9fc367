"""How rare an outcome is under the distribution that was forecast for it.

The shape of a distribution beyond its outer quantiles is an assumption (see ``probability``). In
the markets that it was tried on, moves that it expects once in 1,000 hours came twice as often. So
probabilities below ``EDGE`` are corrected by earlier outcomes of the same forecasts. The excess of
-ln p over -ln ``EDGE`` has an exponential distribution with a mean of 1 if the tail is right; its
mean over past outcomes says how much heavier the tail is (Hill 1975, "A simple general approach to
inference about the tail of a distribution"). A generalised Pareto distribution with this mean
(Pickands 1975) gives the corrected probability.

All logarithms of probabilities are natural ones, and two-sided: 2 min(F, 1 - F).
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from cryptoforecast.forecasting import probability
from cryptoforecast.types import Array

#: Probabilities above this one are those of the calibrated band, and are right as they are. Of
#: 0.01 to 0.1, this was the best on hours of five coins before 2024-02-15 and on simulated ones.
EDGE = 0.05
#: Past rows that the mean excess is measured on. Of 4,000, 8,000 and all, this one was as good as
#: any.
PAST_ROWS = 8000
#: Mean excess before there are outcomes, and the number of outcomes that it counts for. Means of
#: 1.1 to 1.3 and numbers of 50 to 300 were tried.
PRIOR_MEAN, PRIOR_COUNT = 1.2, 100
#: Shape of the generalised Pareto distribution. Of 0 to 0.3, this was the best between real markets
#: (heavier) and simulated ones (lighter).
SHAPE = 0.05
#: Number of past sums of normal scores that the prior variance of such a sum counts for. The prior
#: variance is that of independent scores: 1 for each score in the sum.
VARIANCE_COUNT = 500
# Smallest probability: its logarithm and its normal score are finite.
_SMALLEST = 1e-300
_LOG_EDGE, _LOG_2 = math.log(EDGE), math.log(2)


def log_probabilities(returns: Array, quantiles: Array) -> Array:
    """Compute the probability of ending as far out as each return, or farther.

    Args:
        returns: ``(n,)`` log-returns.
        quantiles: ``(n, 9)`` forecast quantiles of them.

    Returns:
        ``(n,)`` logarithms of two-sided probabilities, at most 0; NaN where undefined.
    """
    odds = np.abs(probability.log_odds(returns, quantiles))
    logs: Array = _LOG_2 - odds - np.log1p(np.exp(-odds))
    return logs


def corrected(logs: Array) -> Array:
    """Correct probabilities beyond ``EDGE`` by how rare earlier outcomes turned out to be.

    Args:
        logs: ``(n,)`` logarithms of the probabilities of consecutive outcomes; NaN where unknown.

    Returns:
        ``(n,)``; row *t* looks at rows up to *t*.
    """
    far = logs < _LOG_EDGE
    excess = np.where(far, _LOG_EDGE - logs, 0.0)
    count = PRIOR_COUNT + _sums_before(far.astype(float), PAST_ROWS)
    mean = (PRIOR_COUNT * PRIOR_MEAN + _sums_before(excess, PAST_ROWS)) / count
    scale = mean * (1 - SHAPE)
    return np.where(far, _LOG_EDGE - np.log1p(SHAPE * excess / scale) / SHAPE, logs)


def together(logs: Array, rose: Array, count: int) -> Array:
    """Compute how rare the last outcomes are when they are taken together.

    Each outcome becomes a normal score. The score of ``count`` of them is their sum, divided by
    the standard deviation of earlier such sums. Where markets turn back, these sums are smaller
    than sums of independent scores. Surprises of opposite directions cancel.

    Args:
        logs: ``(n,)`` logarithms of corrected probabilities of consecutive outcomes.
        rose: ``(n,)`` bool, whether each outcome is above the median.
        count: Outcomes that are taken together.

    Returns:
        ``(n,)`` logarithms of corrected probabilities; row *t* looks at rows up to *t*. NaN where
        one of the outcomes is unknown.
    """
    sums = np.full(len(logs), np.nan)
    if len(logs) >= count:
        scores = _normal_scores(logs, rose)
        windows = np.lib.stride_tricks.sliding_window_view(scores, count)
        sums[count - 1 :] = windows.sum(axis=1)
    has_sum = np.isfinite(sums)
    # Only sums that share no outcome with this one.
    squares = _sums_before(np.where(has_sum, sums**2, 0.0), PAST_ROWS, count - 1)
    number = _sums_before(has_sum.astype(float), PAST_ROWS, count - 1)
    variance = (squares + VARIANCE_COUNT * count) / (number + VARIANCE_COUNT)
    return corrected(_normal_logs(sums / np.sqrt(variance)))


def _normal_scores(logs: Array, rose: Array) -> Array:
    """Turn two-sided probabilities into normal deviates with the given directions."""
    shares = np.maximum(np.exp(logs) / 2, _SMALLEST)
    inverse = NormalDist().inv_cdf
    sizes = np.array([-inverse(share) if share == share else math.nan for share in shares.tolist()])
    return np.where(rose, sizes, -sizes)


def _normal_logs(scores: Array) -> Array:
    """Compute the logarithms of two-sided probabilities of normal deviates."""
    shares = [math.erfc(abs(score) / math.sqrt(2)) for score in scores.tolist()]
    logs: Array = np.log(np.maximum(shares, _SMALLEST))
    return logs


def _sums_before(values: Array, count: int, apart: int = 0) -> Array:
    """Sum the ``count`` values before each row, without the ``apart`` ones just before it."""
    totals = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.maximum(0, np.arange(len(values)) - apart)
    sums: Array = totals[ends] - totals[np.maximum(0, ends - count)]
    return sums
