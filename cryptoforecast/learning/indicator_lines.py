"""The features that a chart can show: what networks read, in units that users know.

Each is computed by its feature and then brought back from the scale of the network. So a chart
shows exactly what a network reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.learning import features, indicators
from cryptoforecast.learning.columns import Columns
from cryptoforecast.types import Array, Indicator


@dataclass(frozen=True)
class Drawable:
    """How a feature is drawn.

    Attributes:
        label: Its name where the user chooses it.
        title: Its name in a chart.
        help: What it says, in plain words.
        lines: Takes the closes, ``(n,)``, and the feature, ``(n, columns)``; returns the lines by
            name, ``(n,)`` each.
        on_prices: Whether the lines lie on the prices.
        unit: See ``Indicator``.
        guides: Values that are marked in its panel.
    """

    label: str
    title: str
    help: str
    lines: Callable[[Array, Array], dict[str, Array]]
    on_prices: bool = False
    unit: str = ""
    guides: tuple[float, ...] = ()


def _averages(close: Array, feature: Array) -> dict[str, Array]:
    means = close[:, None] * np.exp(-feature)
    return {f"mean of {rows}": means[:, i] for i, rows in enumerate(indicators.AVERAGE_ROWS)}


def _bollinger(close: Array, feature: Array) -> dict[str, Array]:
    position, width = feature[:, 0], np.exp(feature[:, 1]) - indicators.EPSILON_SHARE
    # The width is that of the whole band as a share of its mean.
    mean = close / (1 + position * width / 2)
    half = mean * width / 2
    return {"upper end": mean + half, "mean": mean, "lower end": mean - half}


def _rsi(_: Array, feature: Array) -> dict[str, Array]:
    return {"RSI": 100 * feature[:, 0]}


def _macd(_: Array, feature: Array) -> dict[str, Array]:
    return {"MACD": 100 * feature[:, 0], "histogram": 100 * feature[:, 1]}


def _atr(_: Array, feature: Array) -> dict[str, Array]:
    return {"true range": 100 * (np.exp(feature[:, 0]) - indicators.EPSILON_SHARE)}


def _volume(_: Array, feature: Array) -> dict[str, Array]:
    return {"volume": 1.01 * np.exp(feature[:, 0]) - 0.01}


def _ratio(_: Array, feature: Array) -> dict[str, Array]:
    return {"ratio": np.exp(feature[:, 0])}


def _scaled(_: Array, feature: Array) -> dict[str, Array]:
    return {"move": feature[:, 0]}


#: By the name of the feature.
DRAWABLE: dict[str, Drawable] = {
    "averages": Drawable(
        "Averages",
        "Averages (10, 50, 100)",
        "The mean of the last 10, 50 and 100 closes.",
        _averages,
        True,
    ),
    "bollinger": Drawable(
        "Bollinger band",
        "Bollinger band (20)",
        "The mean of 20 closes, and twice their usual distance from it (standard deviation).",
        _bollinger,
        True,
    ),
    "rsi": Drawable(
        "RSI",
        "RSI (14)",
        "The share of rises in the last moves: relative strength index.",
        _rsi,
        guides=(30.0, 70.0),
    ),
    "macd": Drawable(
        "MACD",
        "MACD (12, 26, 9), share of the price",
        "A short average of the closes above a long one, in % of the price.",
        _macd,
        unit="%",
        guides=(0.0,),
    ),
    "atr": Drawable(
        "True range",
        "True range (14), share of the price",
        "How far a candle usually ranges, in % of the price: average true range.",
        _atr,
        unit="%",
    ),
    "scaled_return": Drawable(
        "Move",
        "Move, in usual ranges of 168 candles",
        "How far the close moved, in usual ranges of the last 168 candles.",
        _scaled,
        unit="x",
        guides=(0.0,),
    ),
    "short_range": Drawable(
        "Range",
        "Range of 24 candles against 168",
        "How far the last 24 candles ranged, against the last 168.",
        _ratio,
        unit="x",
        guides=(1.0,),
    ),
    "volume": Drawable(
        "Volume ratio",
        "Volume against its last 24 candles",
        "Volume against the mean of its last 24 candles.",
        _volume,
        unit="x",
        guides=(1.0,),
    ),
}


def warmup(names: Sequence[str]) -> int:
    """Count the earlier candles that indicators read before the first one that they show."""
    return max((features.FEATURES[name].warmup for name in names if name in DRAWABLE), default=0)


def lines(candles: pd.DataFrame, names: Sequence[str]) -> tuple[Indicator, ...]:
    """Compute indicators of candles.

    Args:
        candles: ``n`` rows, see ``PriceHistory.candles``.
        names: Names of ``DRAWABLE``.

    Raises:
        InvalidInput: If a name is unknown.
    """
    unknown = [name for name in names if name not in DRAWABLE]
    if unknown:
        raise InvalidInput(
            f"Indicators must be names out of {', '.join(DRAWABLE)}. Received: "
            f"{', '.join(unknown)}. Choose others."
        )
    columns = Columns(candles)
    result = []
    for name in names:
        drawable = DRAWABLE[name]
        computed = drawable.lines(columns.close, features.FEATURES[name].compute(columns))
        result.append(
            Indicator(
                name,
                drawable.title,
                computed,
                drawable.on_prices,
                drawable.unit,
                drawable.guides,
            )
        )
    return tuple(result)
