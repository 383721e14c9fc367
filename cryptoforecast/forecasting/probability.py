"""The probability of ending above or below a price, from the nine quantiles of a forecast.

One distribution is laid through the nine quantiles. Between the outer two, the log-odds of ending
at or below a return are a monotone rational quadratic spline through the nine known points
(Gregory and Delbourgo 1982, "Piecewise rational quadratic interpolation to monotonic data"). It
is smooth and strictly rising, and its inverse has a closed form as well. Beyond the outer quantiles
lies a generalised Pareto tail (Pickands 1975, "Statistical inference using extreme order
statistics"). All forecasts share one shape of the tail; its scale is the one with which the
density goes on without a step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cryptoforecast.errors import InvalidInput
from cryptoforecast.types import MEDIAN, QUANTILES, Array, Forecast, NextSteps, Probability

#: Price levels in one request, at most. The page itself shows two ladders and the user's own price.
MAX_LEVELS = 40
#: Highest price level, in any currency.
MAX_LEVEL = 1e15
#: Shape of the tails: 0 would fall like an exponential, larger ones fall slower.
TAIL = 0.2
#: Smallest distance of two quantiles, log-return: the band of a flat market has no width.
MIN_GAP = 1e-9
#: Smallest number of prices in a ladder, roughly.
_RUNGS = 6

_LEVELS = np.array(QUANTILES)
_KNOTS = np.log(_LEVELS / (1 - _LEVELS))
_RISES = np.diff(_KNOTS)
#: Probability beyond each of the outer quantiles.
_OUTER = QUANTILES[0]


def check(levels: Sequence[float]) -> None:
    """Refuse price levels that no price can have, or too many of them.

    Raises:
        InvalidInput: If there are more than ``MAX_LEVELS``, or one is not above 0 and at most
            ``MAX_LEVEL``.
    """
    if len(levels) > MAX_LEVELS:
        raise InvalidInput(
            f"At most {MAX_LEVELS} price levels can be asked for at once. Received: {len(levels)}. "
            "Leave some out."
        )
    for level in levels:
        if not 0 < level <= MAX_LEVEL:
            raise InvalidInput(
                f"A price level must be above 0 and at most {MAX_LEVEL:g}. Received: "
                f"{level:g}. Give one such as 65000."
            )


def of_next_steps(
    steps: NextSteps, above: Sequence[float], below: Sequence[float] = ()
) -> tuple[Probability, ...]:
    """Compute the probabilities of the next steps, for each price level.

    Args:
        steps: The next steps, from one origin.
        above: Price levels; each gets the probability of ending above it.
        below: Price levels; each gets the probability of ending below it.

    Raises:
        InvalidInput: If ``check`` refuses the levels of both kinds together.
    """
    check([*above, *below])
    forecast = steps.forecast
    probabilities = [
        Probability(level, "above", above_price(forecast, level)[0]) for level in above
    ]
    return (
        *probabilities,
        *(Probability(level, "below", below_price(forecast, level)[0]) for level in below),
    )


def ladder(steps: NextSteps) -> list[float]:
    """Choose round prices that span the 95 % band of the last step, rising.

    Returns:
        About 6 to 15 prices, quote currency; the last close alone where the band has no width or is
        undefined.
    """
    forecast = steps.forecast
    low, high = forecast.quantile_prices[0, -1, [0, -1]]
    if not (math.isfinite(low) and math.isfinite(high) and high - low > MIN_GAP * high):
        return [float(forecast.close[0])]
    spacing = round_step((high - low) / _RUNGS)
    first, last = math.ceil(low / spacing), math.floor(high / spacing)
    decimals = -math.floor(math.log10(spacing))
    return [round(number * spacing, decimals) for number in range(max(first, 1), last + 1)]


def round_step(size: float) -> float:
    """Round down to 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(size))
    return max(times for times in (1.0, 2.0, 5.0) if times * power <= size * (1 + 1e-9)) * power


def above_price(forecast: Forecast, level: float) -> Array:
    """Compute the probability that the close ends above a level, at every origin and step.

    Args:
        forecast: Forecasts of one predictor.
        level: A price, above 0.

    Returns:
        ``(n, horizon)`` fractions; NaN where the band is undefined.

    Raises:
        InvalidInput: If ``check`` refuses the level.
    """
    return above(_returns_to(forecast, level), forecast.quantiles)


def below_price(forecast: Forecast, level: float) -> Array:
    """Compute the probability that the close ends at or below a level; see ``above_price``."""
    return below(_returns_to(forecast, level), forecast.quantiles)


def below(returns: Array, quantiles: Array) -> Array:
    """Compute the distribution function: the probability of a return at or below the given one.

    Args:
        returns: ``(...)`` log-returns.
        quantiles: ``(..., 9)`` forecast quantiles of the log-return, not falling.

    Returns:
        ``(...)`` fractions, strictly rising with the return; NaN where either is undefined.
    """
    return _probability(log_odds(returns, quantiles))


def above(returns: Array, quantiles: Array) -> Array:
    """Compute the probability of a return above the given one, also where it is tiny.

    It is 1 - ``below``, without the rounding of that difference.
    """
    return _probability(-log_odds(returns, quantiles))


def log_odds(returns: Array, quantiles: Array) -> Array:
    """Compute ln(P / (1 - P)) of a return at or below the given one; see ``below``."""
    curve = _curve(quantiles, np.shape(returns))
    returns = np.broadcast_to(np.asarray(returns, dtype=float), curve.is_defined.shape)
    lowest, highest = curve.knots[..., 0], curve.knots[..., -1]
    piece = (curve.knots <= returns[..., None]).sum(axis=-1) - 1
    part = curve.part(np.clip(piece, 0, len(_RISES) - 1))
    into = np.clip((returns - part.left) / part.width, 0, 1)
    both = into * (1 - into)
    bend = part.first + part.last - 2 * part.slope
    risen = (part.slope * into**2 + part.first * both) / (part.slope + bend * both)
    inside = part.bottom + part.rise * risen
    low = -_tail(lowest - returns, curve.steepness[..., 0])
    high = _tail(returns - highest, curve.steepness[..., -1])
    outside = np.where(returns < lowest, low, high)
    result = np.where((lowest <= returns) & (returns <= highest), inside, outside)
    return np.where(curve.is_defined & ~np.isnan(returns), result, np.nan)


def quantile(shares: Array, quantiles: Array) -> Array:
    """Compute the quantile function, the inverse of ``below``.

    Args:
        shares: ``(...)`` probabilities between 0 and 1.
        quantiles: ``(..., 9)`` forecast quantiles of the log-return, not falling.

    Returns:
        ``(...)`` log-returns; minus and plus infinity at 0 and 1; NaN where a share lies
        outside, or a quantile is undefined.
    """
    curve = _curve(quantiles, np.shape(shares))
    shares = np.broadcast_to(np.asarray(shares, dtype=float), curve.is_defined.shape)
    inner = np.clip(shares, _OUTER, 1 - _OUTER)
    risen = np.clip(np.log(inner / (1 - inner)), _KNOTS[0], _KNOTS[-1])
    piece = np.searchsorted(_KNOTS, risen, side="right") - 1
    part = curve.part(np.clip(piece, 0, len(_RISES) - 1))
    height = risen - part.bottom
    bend = height * (part.first + part.last - 2 * part.slope)
    square = part.rise * (part.slope - part.first) + bend
    linear, constant = part.rise * part.first - bend, -part.slope * height
    root = np.sqrt(np.maximum(linear**2 - 4 * square * constant, 0))
    inside = part.left + part.width * 2 * constant / (-linear - root)
    low = curve.knots[..., 0] - _excess(shares) / _hazard(curve.steepness[..., 0])
    high = curve.knots[..., -1] + _excess(1 - shares) / _hazard(curve.steepness[..., -1])
    result = np.where(shares < _OUTER, low, np.where(shares > 1 - _OUTER, high, inside))
    return np.where(curve.is_defined & (shares >= 0) & (shares <= 1), result, np.nan)


def pit(forecast: Forecast) -> Array:
    """Compute where each actual fell in its forecast distribution, 0 to 1.

    Uniform if the forecasts are right (probability integral transform: Dawid 1984, "Present
    position and potential developments: the prequential approach").

    Returns:
        ``(n, horizon)``; NaN where the actual or the band is unknown.
    """
    return below(forecast.actual_returns, forecast.quantiles)


def _returns_to(forecast: Forecast, level: float) -> Array:
    """Compute the log-return from each close to a level, ``(n, 1)``."""
    check([level])
    # A quotient of prices could leave the range of numbers; a difference of logs can't.
    returns: Array = (math.log(level) - np.log(forecast.close))[:, None]
    return returns


@dataclass(frozen=True, eq=False)
class _Part:
    """One piece of each spline, between two knots; all ``(...)``.

    ``left`` and ``width`` are returns, ``bottom`` and ``rise`` log-odds; ``slope`` is the mean
    one, ``first`` and ``last`` those at the ends.
    """

    left: Array
    width: Array
    bottom: Array
    rise: Array
    slope: Array
    first: Array
    last: Array


@dataclass(frozen=True, eq=False)
class _Curve:
    """Splines of the log-odds over the return.

    Attributes:
        knots: ``(..., 9)`` returns.
        slopes: ``(..., 8)`` mean slope between two knots.
        steepness: ``(..., 9)`` slope at each knot.
        is_defined: ``(...)`` whether all nine quantiles are.
    """

    knots: Array
    slopes: Array
    steepness: Array
    is_defined: Array

    def part(self, piece: Array) -> _Part:
        """Take the piece of this number, 0 to 7, of each spline."""

        def at(values: Array, column: Array) -> Array:
            return np.take_along_axis(values, column[..., None], axis=-1)[..., 0]

        left = at(self.knots, piece)
        return _Part(
            left=left,
            width=at(self.knots, piece + 1) - left,
            bottom=_KNOTS[piece],
            rise=_RISES[piece],
            slope=at(self.slopes, piece),
            first=at(self.steepness, piece),
            last=at(self.steepness, piece + 1),
        )


def _curve(quantiles: Array, shape: tuple[int, ...]) -> _Curve:
    """Lay a spline through each nine quantiles, repeated so that ``(...)`` fits ``shape``.

    The slope at an inner knot is the weighted harmonic mean of its neighbours' (Fritsch and
    Butland 1984, "A method for constructing local monotone piecewise cubic interpolants"); at the
    outer ones it is the neighbour's.
    """
    quantiles = np.asarray(quantiles, dtype=float)
    is_defined = np.isfinite(quantiles).all(axis=-1)
    points = np.where(is_defined[..., None], quantiles, 0)
    rising = (np.diff(points, axis=-1) >= MIN_GAP).all(axis=-1, keepdims=True)
    knots = np.where(rising, points, _separated(points))
    widths = np.diff(knots, axis=-1)
    slopes = _RISES / widths
    before, after = widths[..., :-1], widths[..., 1:]
    divisors = (2 * after + before) / slopes[..., :-1] + (after + 2 * before) / slopes[..., 1:]
    inner = 3 * (before + after) / divisors
    steepness = np.concatenate([slopes[..., :1], inner, slopes[..., -1:]], axis=-1)
    wide = np.broadcast_shapes(shape, is_defined.shape)
    knots, slopes, steepness = (
        np.broadcast_to(each, (*wide, each.shape[-1])) for each in (knots, slopes, steepness)
    )
    return _Curve(knots, slopes, steepness, np.broadcast_to(is_defined, wide))


def _separated(quantiles: Array) -> Array:
    """Move ties apart by ``MIN_GAP``, away from the median."""
    by = MIN_GAP * (np.arange(len(QUANTILES)) - MEDIAN)
    distances = quantiles - by
    up = np.maximum.accumulate(distances[..., MEDIAN:], axis=-1)
    down = np.minimum.accumulate(distances[..., MEDIAN::-1], axis=-1)[..., ::-1]
    separate: Array = np.concatenate([down[..., :-1], up], axis=-1) + by
    return separate


def _probability(log_odds: Array) -> Array:
    """Undo ln(P / (1 - P)) without overflow, and without rounding a small P away."""
    small = np.exp(-np.abs(log_odds))
    probability: Array = np.where(log_odds >= 0, 1, small) / (1 + small)
    return probability


def _hazard(steepness: Array) -> Array:
    """Compute the density at an outer quantile over the probability beyond it."""
    return (1 - _OUTER) * steepness


def _tail(beyond: Array, steepness: Array) -> Array:
    """Compute the log-odds against ending this far beyond an outer quantile."""
    excess = np.maximum(beyond, 0) * _hazard(steepness)
    log = math.log(_OUTER) - np.log1p(TAIL * excess) / TAIL
    logs: Array = np.log1p(-np.exp(log)) - log
    return logs


def _excess(shares: Array) -> Array:
    """Compute how far beyond an outer quantile a share lies, in units of 1 / hazard."""
    with np.errstate(divide="ignore"):  # probability 0 lies infinitely far
        logs = np.log(np.clip(shares, 0, _OUTER) / _OUTER)
    excess: Array = np.expm1(-TAIL * logs) / TAIL
    return excess
