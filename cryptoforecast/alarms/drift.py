"""Whether ranges still hold as many prices as they promise, looked at after every outcome.

A range of 80 % promises that each price lies inside with probability 0.8, whatever came before.
The evidence against that is the likelihood of the hits under all other probabilities, weighed by
the distribution of Jeffreys, over their likelihood under the promise. Its expectation is at most 1
as long as the promise is kept, whenever one looks, so that it ever reaches 40 in at most one of 40
cases (Ville 1939; Robbins 1970; Waudby-Smith and Ramdas 2024). The mean over several ranges has the
same property. It begins anew with each quarter of the year, so that a good year does not hide a bad
month.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

#: So much evidence is an alarm; without a cause it comes in at most one of so many quarters.
CLAIM = 40
#: Both parameters of the beta distribution of Jeffreys.
_PRIOR = 0.5


def quarter(now: pd.Timestamp) -> pd.Timestamp:
    """Return when the quarter of the year began, UTC."""
    return pd.Timestamp(year=now.year, month=3 * ((now.month - 1) // 3) + 1, day=1, tz="UTC")


def evidence(hits: int, count: int, level: int) -> float:
    """Return the evidence that a range holds more or fewer prices than it promises.

    Args:
        hits: Prices inside.
        count: Prices in all, of forecasts that do not overlap.
        level: The promise, in %.
    """
    promise = level / 100
    misses = count - hits
    log = (
        _log_beta(hits + _PRIOR, misses + _PRIOR) - _log_beta(_PRIOR, _PRIOR)
        - hits * math.log(promise) - misses * math.log(1 - promise)
    )  # fmt: skip
    return math.exp(min(log, 700.0))


def mean_evidence(hits: Mapping[int, int], count: int) -> float:
    """Return the mean evidence against several ranges.

    Args:
        hits: Prices inside each, by its level in %.
        count: Prices in all.
    """
    return sum(evidence(inside, count, level) for level, inside in hits.items()) / len(hits)


def _log_beta(first: float, second: float) -> float:
    return math.lgamma(first) + math.lgamma(second) - math.lgamma(first + second)
