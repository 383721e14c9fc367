"""Baselines: forecasters that a network has to beat, from the last price to boosted trees.

Each is fitted on the rows before the test span. Those of ``simple`` forecast that the price stays
or drifts, ``har`` also forecasts the volatility, and ``regression`` the direction as well.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

from cryptoforecast.forecasting.baselines.common import Baseline
from cryptoforecast.forecasting.baselines.har import Har
from cryptoforecast.forecasting.baselines.regression import Boosting, Linear
from cryptoforecast.forecasting.baselines.simple import Cone, Drift, Naive, volatility
from cryptoforecast.types import PriceHistory, Split

__all__ = [
    "BASELINES", "HEAVY", "QUICK", "Baseline", "Boosting", "Cone", "Drift", "Har", "Linear",
    "Naive", "fit", "volatility",
]  # fmt: skip

#: Every baseline by its name; a new one is a class with ``fit``, added here.
BASELINES: Mapping[str, type[Baseline]] = {
    "naive": Naive, "cone": Cone, "drift": Drift, "har": Har, "linear": Linear,
    "boosting": Boosting,
}  # fmt: skip

#: Those that take up to some seconds, or load scikit-learn. No page waits for them unless the user
#: asks for them.
HEAVY: tuple[str, ...] = ("linear", "boosting")
QUICK: tuple[str, ...] = tuple(name for name in BASELINES if name not in HEAVY)


def fit(names: Collection[str], history: PriceHistory, split: Split) -> list[Baseline]:
    """Fit baselines on the rows of a split before its test span, in the order of ``BASELINES``.

    Args:
        names: Names of the baselines.
        history: ``n`` candles; only rows from ``split.first`` to ``split.fit_end`` are used.
        split: Split of the history.

    Raises:
        NotEnoughData: If there are too few rows.
    """
    rows = dataclasses.replace(history, candles=history.candles.iloc[split.first :])
    return [
        kind.fit(rows, split.fit_end - split.first, split.horizon)
        for name, kind in BASELINES.items()
        if name in names
    ]
