"""Scores of probability forecasts: Brier score, calibration, discrimination."""

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


def discrimination(probabilities: Array, happened: Array) -> float:
    """Compute how well the probabilities of one event tell the cases apart, over all events.

    This is the area under the ROC curve of each event, and the mean over the events that happened
    in some of the cases and not in all: the share of pairs, one that happened and one that did
    not, in which the first had the higher probability. A tie counts half.

    Args:
        probabilities: ``(n, m)`` of ``m`` events in ``n`` cases.
        happened: ``(n, m)`` whether each event happened.

    Returns:
        0 to 1, 0.5 for chance; NaN if no event has both outcomes.
    """
    from sklearn.metrics import roc_auc_score  # a second to import

    areas = [
        roc_auc_score(outcome, values)
        for outcome, values in zip(happened.T, probabilities.T, strict=True)
        if 0 < outcome.mean() < 1
    ]
    return float(np.mean(areas)) if areas else math.nan


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
