"""Several forecasters on several coins: means, ranks, and wins that are more than chance.

Each forecaster is compared with the reference on each coin. The claims are divided between all of
these comparisons (Holm), those on forecasters that the test was made for in one group and those on
all others in another, as in the leaderboard of one coin.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.evaluation import losses
from cryptoforecast.evaluation.comparison import Difference, compare_pairs
from cryptoforecast.types import Array, Backtest, CoinBoard, CoinStanding
from cryptoforecast.types.confidence import beyond_chance

#: Metrics that have a loss at each origin, whose means can be divided.
METRICS = ("pinball", "mae", "rmse", "mape", "smape")
REFERENCE = "naive"


@dataclass(frozen=True, eq=False)
class CoinLosses:
    """What the table needs to know of the test of one coin.

    Attributes:
        step: The last step.
        tested: Names of the forecasters that the test was made for.
        losses: Loss at each origin by forecaster, ``(n,)``.
    """

    step: int
    tested: tuple[str, ...]
    losses: Mapping[str, Array]

    @classmethod
    def of(cls, test: Backtest, metric: str = "pinball") -> CoinLosses:
        """Take the losses of the last step of a test.

        Raises:
            InvalidInput: If the metric is none of ``METRICS``.
        """
        check_metric(metric)
        step = test.spec.horizon
        by_name = {
            name: losses.of_metric(forecast, metric, step)
            for name, forecast in test.forecasts.items()
        }
        return cls(step, tuple(test.verdicts), by_name)


def check_metric(metric: str) -> None:
    """Raise ``InvalidInput`` unless this is one of ``METRICS``."""
    if metric not in METRICS:
        raise InvalidInput(
            f"Coins are compared by one of {', '.join(METRICS)}. Received: {metric!r:.40}."
        )


def board(coins: Mapping[str, CoinLosses], metric: str = "pinball") -> CoinBoard:
    """Put forecasters and coins into one table.

    Args:
        coins: The losses of each coin, at the same step.
        metric: The metric that they were taken by.
    """
    first = next(iter(coins.values()))
    names = [name for name in first.losses if all(name in one.losses for one in coins.values())]
    means = pd.DataFrame(
        {
            coin: {name: _mean(one.losses[name], metric) for name in names}
            for coin, one in coins.items()
        }
    )
    ratios = means / means.loc[REFERENCE]
    ranks = means.rank().mean(axis=1)
    differences = {
        **_differences(coins, [name for name in names if name in first.tested], first.step),
        **_differences(coins, [name for name in names if name not in first.tested], first.step),
    }
    standings = [
        CoinStanding(
            name,
            {coin: float(ratios.loc[name, coin]) for coin in coins},
            float(ratios.loc[name].mean()),
            float(ranks[name]),
            _beyond(differences, name, better=True),
            _beyond(differences, name, better=False),
        )
        for name in names
    ]
    standings.sort(key=lambda one: math.inf if math.isnan(one.mean) else one.mean)
    return CoinBoard(metric, first.step, REFERENCE, tuple(coins), tuple(standings))


def _mean(values: Array, metric: str) -> float:
    """Average the losses of a forecaster; the root of squared ones."""
    mean = float(np.nanmean(values)) if np.isfinite(values).any() else math.nan
    return math.sqrt(mean) if metric == "rmse" else mean


def _differences(
    coins: Mapping[str, CoinLosses], names: Sequence[str], step: int
) -> dict[tuple[str, str], Difference]:
    """Compare some forecasters with the reference on every coin, corrected for their number."""
    keys = [(coin, name) for coin in coins for name in names if name != REFERENCE]
    pairs = {
        f"{number}": (coins[coin].losses[name], coins[coin].losses[REFERENCE])
        for number, (coin, name) in enumerate(keys)
    }
    compared = compare_pairs(pairs, step)
    return {key: compared[f"{number}"] for number, key in enumerate(keys)}


def _beyond(
    differences: Mapping[tuple[str, str], Difference], name: str, *, better: bool
) -> tuple[str, ...]:
    """Return the coins on which a forecaster differs by more than chance, in one direction."""
    return tuple(
        coin
        for (coin, other), one in differences.items()
        if other == name and beyond_chance(one.low, one.high) and (one.low > 0) == better
    )
