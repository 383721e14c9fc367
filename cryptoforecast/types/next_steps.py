"""The next steps after the last candle, how their band came about, and probabilities in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from cryptoforecast.types.forecasts import Forecast
from cryptoforecast.types.learning import MEDIAN, QUANTILES
from cryptoforecast.types.prices import INTERVALS, Array, PriceHistory


@dataclass(frozen=True, eq=False)
class Calibration:
    """How the latest band was rescaled, by outcomes that were known at its origin.

    Attributes:
        window: Past forecasts that are used, at most.
        outcomes: Past forecasts that were used, each with a known outcome at the last step.
        since: Origin of the first of them, UTC.
        factors: ``(horizon, 9)``, factors by which the distance of each quantile from the median
            was multiplied.
    """

    window: int
    outcomes: int
    since: pd.Timestamp
    factors: Array


@dataclass(frozen=True, eq=False)
class Spread:
    """How much the networks of an ensemble differ, which is the effect of the random seed.

    Attributes:
        networks: Networks of the ensemble.
        point: ``(horizon,)``, standard deviation of their point forecasts, log-return.
        width: ``(horizon,)``, standard deviation of the widths of their own 80 % bands, as a
            share of the mean width.
    """

    networks: int
    point: Array
    width: Array


@dataclass(frozen=True, eq=False)
class Member:
    """A predictor whose band is part of a stack, and its present weight.

    Attributes:
        name: Name of the predictor.
        weights: ``(horizon,)``, its weight at each step, a fraction. Those of all members sum to 1;
            one below 0 corrects another member.
    """

    name: str
    weights: Array


@dataclass(frozen=True, eq=False)
class NextSteps:
    """The forecast of the next steps, from the last closed candle.

    Attributes:
        model: Name of the saved model, or of its network.
        history: The prices that the forecast was made from.
        forecast: The forecast from one origin; its ``actual`` is all NaN.
        warnings: Sentences that a user should read before the numbers.
        calibration: How the band was rescaled; ``None`` where it was not.
        spread: How much the networks of an ensemble differ; ``None`` for a single network.
        earlier: Makes the forecasts of the same predictor from earlier origins of a history, whose
            whole path is known; ``None`` if they are not wanted.
        members: The predictors that a stack combines; none for a single predictor.
    """

    model: str
    history: PriceHistory
    forecast: Forecast
    warnings: tuple[str, ...] = ()
    calibration: Calibration | None = None
    spread: Spread | None = None
    earlier: Callable[[PriceHistory], Forecast] | None = None
    members: tuple[Member, ...] = ()

    @cached_property
    def closing_times(self) -> pd.DatetimeIndex:
        """When the close of each step is known, ``(horizon,)`` UTC: no candle is missing there."""
        first, length = self.forecast.closes_at(1)[0], INTERVALS[self.forecast.interval]
        return pd.date_range(first, periods=self.forecast.horizon, freq=length)

    def likely(self, level: int) -> tuple[float, float, float]:
        """Return where the price ends at the last step, quote currency: low, middle, high.

        Args:
            level: Per cent between low and high, such as 80.
        """
        last = self.forecast.quantile_prices[0, -1]
        column = QUANTILES.index(round(0.5 - level / 200, 3))
        return float(last[column]), float(last[MEDIAN]), float(last[-1 - column])

    @property
    def weights(self) -> pd.DataFrame:
        """One row a step: ``step``, and the weight of each member under its name, a fraction."""
        weights = {each.name: each.weights for each in self.members}
        return pd.DataFrame({"step": range(1, self.forecast.horizon + 1), **weights})


@dataclass(frozen=True, eq=False)
class Probability:
    """The probability that the price ends above, or below, a level.

    Attributes:
        level: The level, quote currency.
        direction: ``"above"`` or ``"below"``.
        by_step: ``(horizon,)``, probability at each step, a fraction; NaN where the band is
            undefined.
    """

    level: float
    direction: str
    by_step: Array

    @property
    def last(self) -> float:
        """The probability at the last step, a fraction."""
        return float(self.by_step[-1])
