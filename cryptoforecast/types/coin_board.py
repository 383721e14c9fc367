"""Several forecasters on several coins, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class CoinStanding:
    """One forecaster on all coins.

    Attributes:
        predictor: Its name.
        ratios: Its loss over that of the reference, by coin; NaN where it is undefined.
        mean: Mean of the ratios.
        rank: Mean rank of its losses, from 1 for the lowest; equal losses share the mean of their
            ranks.
        better: Coins on which it is better than the reference by more than chance, corrected for
            the number of comparisons on all coins (Holm).
        worse: Coins on which it is worse in the same way.
    """

    predictor: str
    ratios: Mapping[str, float]
    mean: float
    rank: float
    better: tuple[str, ...]
    worse: tuple[str, ...]


@dataclass(frozen=True)
class CoinBoard:
    """All forecasters on all coins by one metric at the last step, the lowest mean first.

    Attributes:
        metric: ``"pinball"`` or another loss of ``Scores``.
        step: The step of the forecasts.
        reference: Name of the forecaster that the others are compared with.
        coins: The coins, in the order in which they were given.
        standings: One for each forecaster that was tested on every coin.
    """

    metric: str
    step: int
    reference: str
    coins: tuple[str, ...]
    standings: tuple[CoinStanding, ...]
