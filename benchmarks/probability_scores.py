"""Scores of probability forecasts: Brier score, calibration error, calibration bins."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cryptoforecast.evaluation import reliability
from cryptoforecast.types import Array, Share

#: Number of equal bins of a probability.
BINS = 10


@dataclass(frozen=True)
class Bin:
    """Forecasts with about the same probability, and how often the events happened.

    Attributes:
        probability: Mean probability, a fraction.
        happened: Share of the events that happened.
        count: Number of forecasts.
    """

    probability: float
    happened: Share
    count: int


def brier(probabilities: Array, happened: Array) -> float:
    """Compute the Brier score, the mean of (probability - outcome)^2; smaller is better.

    Source: Brier (1950), "Verification of forecasts expressed in terms of probability".

    Args:
        probabilities: ``(...)`` forecast probabilities, fractions.
        happened: ``(...)`` whether each event happened.

    Returns:
        0 to 1; NaN if there is no forecast, or if a probability is undefined.
    """
    return float(np.mean((probabilities - happened) ** 2)) if probabilities.size else math.nan


def calibration_error(probabilities: Array, happened: Array, bins: int = BINS) -> float:
    """Compute the expected calibration error of probabilities.

    This is the mean over equal bins of |mean probability - share that happened|, weighted by the
    number of forecasts in each. Source: Naeini, Cooper and Hauskrecht (2015), "Obtaining well
    calibrated probabilities using Bayesian binning".

    Args:
        probabilities: ``(...)`` forecast probabilities, fractions.
        happened: ``(...)`` whether each event happened.
        bins: Number of bins.

    Returns:
        A fraction; NaN if there is no forecast, or if a probability is undefined.
    """
    if not probabilities.size or np.isnan(probabilities).any():
        return math.nan
    numbers, differences = _numbers(probabilities, bins).ravel(), probabilities - happened
    return float(np.abs(np.bincount(numbers, differences.ravel())).sum() / probabilities.size)


def calibration_bins(
    probabilities: Array, happened: Array, step: int, bins: int = BINS
) -> tuple[Bin, ...]:
    """Sort forecasts into equal bins and count how often the events of each happened.

    Args:
        probabilities: ``(n, m)`` of ``m`` events at each of ``n`` origins in time order, fractions.
        happened: ``(n, m)`` whether each event happened.
        step: Step of the outcomes, which overlap for more than one.
        bins: Number of bins; empty ones are left out.
    """
    numbers, result = _numbers(probabilities, bins), []
    for number in range(bins):
        inside = numbers == number
        if inside.any():
            # Outcomes of one origin are related, as overlapping ones are.
            blocks = step * probabilities.shape[1]
            (share,) = reliability.shares(happened[inside][:, None], blocks)
            result.append(Bin(float(probabilities[inside].mean()), share, int(inside.sum())))
    return tuple(result)


def _numbers(probabilities: Array, bins: int) -> Array:
    """Return the number of each forecast's bin; a probability of 1 is in the last."""
    numbers: Array = np.minimum((probabilities * bins).astype(int), bins - 1)
    return numbers
