"""Indicators as a chart shows them, in units that a user reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptoforecast.types.prices import Array


@dataclass(frozen=True, eq=False)
class Indicator:
    """An indicator of each candle of a history.

    Attributes:
        name: The name of the feature that it shows.
        title: What it is called in a chart.
        lines: By name, ``(n,)`` each; NaN in the warm-up. In the quote currency where they lie on
            the prices, otherwise in ``unit``.
        on_prices: Whether the lines lie on the prices. Otherwise they have a panel of their own.
        unit: ``"%"`` (a percentage, not a fraction), ``"x"`` (a ratio) or ``""``.
        guides: Values that are marked in its panel.
    """

    name: str
    title: str
    lines: Mapping[str, Array]
    on_prices: bool
    unit: str = ""
    guides: tuple[float, ...] = ()
