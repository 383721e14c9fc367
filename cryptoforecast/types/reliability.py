"""Reliability: how often the band of a test held, by its level, the market and the step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptoforecast.types.evaluation import Backtest


@dataclass(frozen=True)
class Share:
    """A counted share with its confidence interval; NaN where nothing was counted.

    Attributes:
        value: Share of the cases, a fraction.
        low: Lower end of the 95 % confidence interval of the probability behind the share.
        high: Upper end of that interval.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Regime:
    """How a band did in one third of a test's origins, grouped by the market's volatility.

    Attributes:
        name: ``"calm"``, ``"usual"`` or ``"restless"``.
        origins: Origins in this third.
        low: Lowest volatility at these origins, log-return in one candle.
        high: Highest volatility at these origins, log-return in one candle.
        coverage: Share of the outcomes inside the band, by its level in %.
        pinball: Mean pinball loss over the origins and ``QUANTILES``, log-return.
    """

    name: str
    origins: int
    low: float
    high: float
    coverage: Mapping[int, Share]
    pinball: float


@dataclass(frozen=True, eq=False)
class Reliability:
    """Whether the band of the model under test was reliable, at one step of a test.

    Attributes:
        backtest: The test.
        step: The step, 1 to the horizon.
        origins: Outcomes that were counted.
        observed: Share of the outcomes at or below each of ``QUANTILES``.
        pit: Share of the outcomes in each of several equally likely parts of the forecast
            distribution, from the lowest prices to the highest (probability integral transform).
        coverage: Share of the outcomes inside the band, by its level in %.
        regimes: The same for the calm, the usual and the restless third of the origins.
    """

    backtest: Backtest
    step: int
    origins: int
    observed: tuple[Share, ...]
    pit: tuple[Share, ...]
    coverage: Mapping[int, Share]
    regimes: tuple[Regime, ...]


@dataclass(frozen=True, eq=False)
class CoverageBySteps:
    """Share of the outcomes inside the band of the model under test, at each step.

    Attributes:
        backtest: The test.
        steps: For each step from 1 to the horizon, the share by the level of the band in %.
    """

    backtest: Backtest
    steps: tuple[Mapping[int, Share], ...]
