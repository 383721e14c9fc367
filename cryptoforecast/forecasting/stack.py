"""A stack: one forecast whose band is combined from those of its members.

Each member knows something that the others don't. A network knows the pattern of the last candles
in many markets, and HAR the volatility of this one over weeks. Their bands are combined in four
stages, and each uses only what was known at the origin:

1. Each member's band is moved so that its median is the last price. The mean of these bands is
   taken; of their widths the logarithms are averaged.
2. The width of the mean is corrected by a ridge regression (see ``band_width``). Some of its
   regressors say how far each member's width lies from the mean, so that the better member gets
   the larger weight. The penalty draws the weights towards equal ones.
3. The median moves to where the network sees it, as far as its past moves were right (see
   ``middle``).
4. Each level is calibrated (see ``level_factors``).

Combining forecasts by their logarithms with weights from past outcomes goes back to Granger and
Ramanathan (1984), "Improved methods of combining forecasts".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cryptoforecast.forecasting import band_width, calibration, level_factors, middle
from cryptoforecast.forecasting.network import NetworkPredictor
from cryptoforecast.forecasting.predictor import Predictor
from cryptoforecast.types import (
    MEDIAN,
    QUANTILES,
    Array,
    Calibration,
    Forecast,
    Member,
    PriceHistory,
)

NAME = "stack"
#: Names of the baselines that are members beside the network.
MEMBERS = ("har",)
#: Penalties of the regression of widths, see ``band_width.PENALTY``: of its usual regressors, and
#: of the members' deviations from the mean. Of 100 to 3,000 the first was the best on the
#: validation rows of hours (3,000 was a little better for days). Of 5 to 300 the second was the
#: best.
PENALTIES = 300.0, 20.0
#: Smallest width of a band, log-return: the band of a flat market has none.
MIN_WIDTH = 1e-9
_LOW, _HIGH = QUANTILES.index(0.1), QUANTILES.index(0.9)
# Rows whose bands are averaged at once: few enough for the processor's cache.
_BLOCK_ROWS = 512


@dataclass(frozen=True, eq=False)
class Stacked:
    """The forecasts of a stack and of its members, from the same origins.

    Attributes:
        forecasts: Forecast by predictor: the other members, the network and then the stack; the
            stack alone where the members' forecasts are not wanted.
        members: Weight of each member at the last origin, the network first.
        calibration: How the mean band was rescaled at the last origin; ``None`` if fewer than
            ``calibration.MIN_OUTCOMES`` outcomes were known.
    """

    forecasts: Mapping[str, Forecast]
    members: tuple[Member, ...]
    calibration: Calibration | None

    @property
    def forecast(self) -> Forecast:
        """The forecast of the stack."""
        return self.forecasts[NAME]


@dataclass(frozen=True, eq=False)
class Stack:
    """A predictor that combines the bands of a network and of others.

    Attributes:
        network: The network; its direction moves the median.
        others: Predictors whose forecasts from any row depend on candles up to it alone.
        burn_in: Whether rows before the first origin give outcomes. Without them the first
            origins have the mean band as it is.
    """

    network: NetworkPredictor
    others: tuple[Predictor, ...]
    burn_in: bool = True

    @property
    def name(self) -> str:
        return NAME

    def forecast(self, history: PriceHistory, rows: range) -> Forecast:
        """Forecast from each of ``rows``; row *t* looks at candles up to *t*.

        Raises:
            NotEnoughData: If the first origin has too few candles before it.
        """
        return self.alone(history, rows).forecast

    def with_members(self, history: PriceHistory, rows: range) -> Stacked:
        """Forecast as ``forecast`` does, and return the forecasts of the members as well.

        A member's forecast is that of ``member.forecast(history, rows)``.

        Raises:
            NotEnoughData: If the first origin has too few candles before it.
        """
        own, others = self._uncalibrated(history, rows)
        network, _ = self.network.calibrated(own, history, rows)
        stacked = self._stacked([own, *others], history, rows)
        past = len(own) - len(rows)
        alone = {each.predictor: each[past:] for each in others}
        forecasts = {**alone, network.predictor: network, **stacked.forecasts}
        return dataclasses.replace(stacked, forecasts=forecasts)

    def alone(self, history: PriceHistory, rows: range) -> Stacked:
        """Forecast as ``with_members`` does, without the forecasts of the members.

        Raises:
            NotEnoughData: If the first origin has too few candles before it.
        """
        own, others = self._uncalibrated(history, rows)
        return self._stacked([own, *others], history, rows)

    def _uncalibrated(self, history: PriceHistory, rows: range) -> tuple[Forecast, list[Forecast]]:
        """Let the network and the others forecast from ``rows`` and the rows of the burn-in."""
        earlier = self.network.with_burn_in(rows) if self.burn_in else rows
        own = self.network.uncalibrated_forecast(history, earlier)
        return own, [each.forecast(history, earlier) for each in self.others]

    def _stacked(self, members: Sequence[Forecast], history: PriceHistory, rows: range) -> Stacked:
        past = len(members[0]) - len(rows)
        forecast, weights, factors = combined(members, history, past)
        outcomes = max(0, rows[-1] - forecast.horizon - (rows.start - past) + 1)
        summary = None
        if outcomes >= calibration.MIN_OUTCOMES:
            since = history.candles.index[rows.start - past]
            summary = Calibration(calibration.CALIBRATION_ROWS, outcomes, since, factors)
        return Stacked({NAME: forecast}, weights, summary)


def combined(
    members: Sequence[Forecast], history: PriceHistory, burn_in: int
) -> tuple[Forecast, tuple[Member, ...], Array]:
    """Combine the forecasts of several predictors into one.

    Args:
        members: Forecasts from the same consecutive rows, the network's first; row *t* of each
            depends on candles up to *t* alone.
        history: ``n`` candles. Candles up to each origin are used, and later ones only as outcomes
            that are known by then.
        burn_in: Number of first rows that only give outcomes.

    Returns:
        The forecast from the rows after the burn-in; the weight of each member at the last row;
        and the factors ``(horizon, 9)`` by which the mean band was rescaled there.
    """
    network = members[0]
    quantiles, deviations = _mean_band(members)
    mean = dataclasses.replace(network, predictor=NAME, quantiles=quantiles)
    widths, weights = band_width.fit(mean, history, deviations, PENALTIES)
    moves = network.quantiles[..., MEDIAN] * middle.shares(network)
    quantiles *= widths[..., None].astype(np.float32)
    quantiles += moves[..., None].astype(np.float32)
    with_moves = dataclasses.replace(mean, predicted=network.close[:, None] * np.exp(moves))
    by = level_factors.factors(with_moves, burn_in)
    stacked = calibration.calibrated(with_moves, burn_in, by)
    return stacked, _weights(members, weights), widths[-1, :, None] * by[-1]


def _mean_band(members: Sequence[Forecast]) -> tuple[Array, Array]:
    """Average bands around the last price, and measure how much each differs from the mean.

    Where a member's band is undefined, the mean is that of the others.

    Returns:
        Quantiles ``(n, horizon, 9)`` with a median of 0, and ``(n, 2 (members - 1))``: by how much
        the logarithm of each member's width, except the last, exceeds the mean, at the first step
        and at the last.
    """
    widths = np.stack([
        (each.quantiles[..., _HIGH] - each.quantiles[..., _LOW]).astype(float) for each in members
    ])  # fmt: skip
    has_width = np.isfinite(widths)
    logs = np.where(has_width, np.log(np.maximum(widths, MIN_WIDTH)), 0)
    counts = np.where(has_width.any(axis=0), has_width.sum(axis=0), np.nan)
    mean = logs.sum(axis=0) / counts
    shares = np.where(has_width, np.exp(mean - logs), 0).astype(np.float32) / counts.astype(
        np.float32
    )
    quantiles = np.empty(members[0].quantiles.shape, np.float32)
    # In blocks of rows: of a long history all of them at once would take many times its memory.
    for start in range(0, len(quantiles), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        block = np.zeros_like(quantiles[rows])
        for each, there, share in zip(members, has_width, shares, strict=True):
            band = each.quantiles[rows].astype(np.float32)
            band -= band[..., MEDIAN, None]
            band *= share[rows, :, None]
            block += band if there[rows].all() else np.where(there[rows, :, None], band, 0)
        quantiles[rows] = block
    quantiles[np.isnan(mean)] = np.nan
    deviations = np.where(has_width, logs - mean, 0)[:-1, :, [0, -1]]
    return quantiles, np.concatenate(deviations, axis=1) if len(deviations) else mean[:, :0]


def _weights(members: Sequence[Forecast], weights: Array) -> tuple[Member, ...]:
    """Turn the weights of deviations into weights of members, whose sum is 1 at each step.

    A member's weight is the effect of its width if it differs as much at the first step as at the
    last one.
    """
    both = weights.reshape(len(members) - 1, 2, weights.shape[1]).sum(axis=1)
    every = np.vstack([both, np.zeros(both.shape[1])])
    shares = 1 / len(members) + every - every.mean(axis=0)
    return tuple(Member(each.predictor, share) for each, share in zip(members, shares, strict=True))
