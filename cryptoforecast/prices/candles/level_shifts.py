"""Level shifts: where the unit of the prices changes between two candles.

A coin is redenominated, or a token is swapped for another one: from one candle to the next every
price is, for example, a thousand times larger. No market moved. A crash differs from it: its prices
fall inside a candle and not between two, the candles around it range widely, and the ratio is no
round number. Nothing here changes a price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cryptoforecast.prices.candles import ticks
from cryptoforecast.types import Array

#: Names of the two repairs: leave out what is before a shift, or bring it into the new unit.
CUT, RESCALE = "level_shift_cut", "level_shift_rescale"
#: A smaller ratio of two levels is a move of the market.
MIN_RATIO = 1.5
#: No market moves by this ratio in one candle and is calm before and after.
MIN_IMPOSSIBLE_RATIO = 50.0
#: Candles that each level must have. Where no market moves so far, the newest one needs fewer.
MIN_LEVEL_CANDLES, MIN_LAST_CANDLES = 6, 2
#: Candles of each level that are looked at.
LEVEL_CANDLES = 24
#: With a smaller ratio a change of the volume says nothing.
MIN_VOLUME_RATIO = 4.0
# The volume of a redenominated coin changes inversely but for this factor, on a log scale.
_MAX_VOLUME_ERROR = 0.7
# Across a gap in time, a shift is so many times as large as a usual move in that time.
_TIMES_OF_MOVE = 6.0
# A shift is at least so many times as large as any range beside it, on a log scale.
_TIMES_OF_RANGE = 3.0
# The typical ranges of the two levels differ by this factor at most; ranges below the second
# figure, log-return, count as equal to it.
_MAX_RANGE_RATIO, _MIN_RANGE = 4.0, 0.002
#: Numbers that coins are divided or multiplied by, times a power of ten.
ROUND_RATIOS = (1.0, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
# How far, on a log scale, a ratio may be from a power of ten: at least, at most, and across a gap.
_MIN_DISTANCE, _MAX_DISTANCE, _MAX_MOVE_IN_GAP = 0.005, 0.1, 0.25
# How far it may be from another round number.
_MAX_ROUNDING = 0.03


@dataclass(frozen=True)
class LevelShift:
    """A change of the unit of the prices.

    Attributes:
        row: First candle that is wholly in the new unit.
        first: First candle that is not wholly in the old unit: ``row``, or the one before it if the
            unit changed inside that candle.
        ratio: Prices in the new unit over prices in the old one; a round number where it is near
            one.
        raw: The ratio of the open of ``row`` to the last close in the old unit.
        traded_coins: Whether the volume is counted in coins, so that it changed inversely.
    """

    row: int
    first: int
    ratio: float
    raw: float
    traded_coins: bool


def find(candles: pd.DataFrame) -> tuple[LevelShift, ...]:
    """Find where the unit of the prices changes.

    Around a shift both levels must be calm, and last for some candles. If the prices jump
    between two candles without a gap in time, this is enough: a market goes on where it stopped. If
    the jump lies inside a candle or across a gap in time, or if there are closes alone, the volume
    must have changed inversely, or no market moves so far (``MIN_IMPOSSIBLE_RATIO``), or, across a
    gap, the ratio is a power of ten. A fall inside a candle may be a crash, whatever the volume.
    Candles up to ``LEVEL_CANDLES`` after a shift decide about it.

    Args:
        candles: Canonical frame.

    Returns:
        The shifts in time order.
    """
    moves = np.abs(np.diff(np.log(candles["close"].to_numpy(float))))
    jumps = np.flatnonzero(moves >= np.log(MIN_RATIO)) + 1
    if not len(jumps):
        return ()
    sizes, edges = moves[jumps - 1], np.r_[0, jumps, len(candles)]
    room = np.diff(edges)
    some = (room[:-1] >= MIN_LEVEL_CANDLES) & (room[1:] >= MIN_LAST_CANDLES)
    some |= sizes >= np.log(MIN_IMPOSSIBLE_RATIO)
    if not some.any():
        return ()
    shifts = (
        _shift(candles, _Around(candles, *_levels_at(jumps, sizes, int(i), len(candles))))
        for i in np.flatnonzero(some)
    )
    return tuple(shift for shift in shifts if shift is not None)


def _levels_at(jumps: Array, sizes: Array, i: int, count: int) -> tuple[int, int, int]:
    """Return where the level before a jump begins, its row, and where the level after it ends.

    Args:
        jumps: ``(m,)`` rows, rising.
        sizes: ``(m,)``, on a log scale.
        i: The jump.
        count: Candles of the history.
    """
    near = slice(max(0, i - LEVEL_CANDLES), i + LEVEL_CANDLES + 1)
    rows, large = jumps[near], np.ones(len(jumps[near]), dtype=bool)
    if sizes[i] >= np.log(MIN_IMPOSSIBLE_RATIO):  # moves of the market end no level
        large = sizes[near] > sizes[i] / _TIMES_OF_RANGE
    row = int(jumps[i])
    before, after = rows[large & (rows < row)], rows[large & (rows > row)]
    return (
        int(before[-1]) if len(before) else 0,
        row,
        int(after[0]) if len(after) else count,
    )


class _Around:
    """The candles before and after a jump of the close, as logarithms.

    Args:
        candles: Canonical frame.
        begin: Row of the jump before, or 0.
        row: First close after the jump.
        end: Row of the jump after, or the number of candles.
    """

    def __init__(self, candles: pd.DataFrame, begin: int, row: int, end: int) -> None:
        first = max(begin, row - LEVEL_CANDLES)
        some = candles.iloc[first : min(end, row + LEVEL_CANDLES)]
        self.row, at = row, row - first
        self.newest = end == len(candles)
        open_, high, low, close = (
            np.log(some[name].to_numpy(float)) for name in ("open", "high", "low", "close")
        )
        top = np.maximum(np.maximum(high, low), np.maximum(open_, close))
        bottom = np.minimum(np.minimum(high, low), np.minimum(open_, close))
        range_ = top - bottom
        # How far a candle reaches from the close before it.
        reach = np.maximum(top[1:], close[:-1]) - np.minimum(bottom[1:], close[:-1])
        self.jump = float(close[at] - close[at - 1])
        size = abs(self.jump)
        self.closes_alone = bool((range_ == 0).all())
        self.inside = bool(range_[at] > size / _TIMES_OF_RANGE)
        self.new = at + self.inside  # first candle of the new level, counted from ``first``
        last = at - 1  # last candle of the old level
        self.between = float(open_[self.new] - close[last]) if self.new < len(close) else np.nan
        self.old_close, self.new_close = close[:at], close[self.new :]
        self.old_reach, self.new_reach = reach[:last], reach[self.new :]
        if not self.inside and len(range_) > at:
            self.new_reach = np.r_[range_[at], self.new_reach]
        times = some.index.asi8
        self.apart = float((times[at] - times[last]) / np.median(np.diff(times)))
        volume = some["volume"].to_numpy(float)
        self.old_volume, self.new_volume = volume[:at], volume[self.new :]

    @property
    def two_levels(self) -> bool:
        """Whether all closes of each level are nearer to it than to the other one."""
        needed = MIN_LAST_CANDLES if self.impossible and self.newest else MIN_LEVEL_CANDLES
        if len(self.old_close) < MIN_LEVEL_CANDLES or len(self.new_close) < needed:
            return False
        old, new = np.median(self.old_close), np.median(self.new_close)
        middle = (old + new) / 2
        sides = np.sign(new - old) * np.r_[middle - self.old_close, self.new_close - middle]
        return bool((sides > 0).all() and abs(new - old) > abs(self.jump) / 2)

    @property
    def calm(self) -> bool:
        """Whether no candle ranges as in a crash, and both levels move alike."""
        size = abs(self.jump)
        reaches = (self.old_reach, self.new_reach)
        widest = max(reach.max(initial=0) for reach in reaches)
        usual = [max(float(np.median(reach)), _MIN_RANGE) for reach in reaches]
        alike = max(usual) / min(usual) <= _MAX_RANGE_RATIO
        alive = all((reach > 0).any() for reach in reaches)
        moves = _TIMES_OF_MOVE * max(usual) * np.sqrt(self.apart) if self.late else 0.0
        quiet = widest <= size / _TIMES_OF_RANGE and size >= moves
        return bool(quiet and (self.impossible or (alike and alive)))

    @property
    def late(self) -> bool:
        """Whether candles are absent between the two levels."""
        return self.apart > 1.5

    @property
    def impossible(self) -> bool:
        """Whether no market moves so far in one candle."""
        return bool(abs(self.jump) >= np.log(MIN_IMPOSSIBLE_RATIO))

    @property
    def traded_coins(self) -> bool:
        """Whether the volume is counted in coins; assumed where the volume does not show it."""
        error = self._volume_error(self.new_volume)
        return error is None or error < abs(self.jump) / 2

    @property
    def inverse_volume(self) -> bool:
        """Whether the volume changed inversely for good; that of a crash falls again."""
        half = len(self.new_volume) // 2
        parts = (self.new_volume[:half], self.new_volume[half:])
        errors = [self._volume_error(part) for part in parts]
        return all(error is not None and error < _MAX_VOLUME_ERROR for error in errors)

    def _volume_error(self, new_volume: Array) -> float | None:
        """Measure how far the volume is from having changed inversely, on a log scale.

        Returns:
            ``None`` where the volume is unknown, or the change too small to tell.
        """
        old, new = _typical(self.old_volume), _typical(new_volume)
        if not (old > 0 and new > 0) or abs(self.jump) < np.log(MIN_VOLUME_RATIO):
            return None
        return abs(float(np.log(new / old)) + self.jump)

    @property
    def distance(self) -> float:
        """How far the ratio may be from a round one, on a log scale."""
        usual = float(np.median(np.r_[self.old_reach, self.new_reach]))
        return float(np.clip(4 * usual, _MIN_DISTANCE, _MAX_DISTANCE))


def _shift(candles: pd.DataFrame, around: _Around) -> LevelShift | None:
    """Return the level shift at a jump, ``None`` where the market moved."""
    if not (around.two_levels and around.calm):
        return None
    old, new = np.exp(around.old_close[-1]), np.exp(around.new_close[0])
    begin = max(0, around.row - ticks.BLOCK_CANDLES // 2)
    tick = ticks.coarse_tick(candles.iloc[begin : around.row + ticks.BLOCK_CANDLES // 2])
    if tick is not None and abs(new - old) < (ticks.MAX_TICKS + 0.5) * tick.size:
        return None
    traded = around.inside or around.closes_alone  # a fall may be a crash, whatever the volume
    if (traded or around.late) and not around.impossible:
        halted = not traded and _to_power(around.jump) <= around.distance
        if not (halted or (around.inverse_volume and (around.jump > 0 or not traded))):
            return None
    return LevelShift(
        row=around.row + around.inside,
        first=around.row,
        ratio=_round(around.between, around.distance, around.apart),
        raw=float(np.exp(around.between)),
        traded_coins=around.traded_coins,
    )


def _to_power(log_ratio: float) -> float:
    """Measure how far a ratio is from the nearest power of ten other than 1, on a log scale."""
    size = abs(log_ratio)
    return float(abs(size - max(1, round(size / np.log(10))) * np.log(10)))


def _round(log_ratio: float, distance: float, apart: float) -> float:
    """Return the ratio of a logarithm, or a round number that it is near to.

    Args:
        log_ratio: The logarithm.
        distance: How far the market may have moved in a candle, log-return.
        apart: Candles between the two levels. Across a gap only powers of ten are rounded to.
    """
    size = abs(log_ratio)
    power = np.floor(size / np.log(10))
    numbers = np.array([part * 10 ** (power + up) for up in (0, 1) for part in ROUND_RATIOS])
    best = float(numbers[np.argmin(np.abs(np.log(numbers) - size))])
    if _to_power(log_ratio) <= min(distance * np.sqrt(apart), _MAX_MOVE_IN_GAP):
        best = 10.0 ** max(1, round(size / np.log(10)))
    elif apart > 1.5 or abs(np.log(best) - size) > min(distance, _MAX_ROUNDING):
        return float(np.exp(log_ratio))
    return best if log_ratio > 0 else 1 / best


def _as_decimals(values: Array) -> Array:
    """Round to 15 digits, so that 0.02009359 times 1,000 is 20.09359 and not 20.093590000000003."""
    with np.errstate(divide="ignore", invalid="ignore"):
        digits = 14 - np.floor(np.log10(values))
        scale = 10.0 ** np.clip(np.nan_to_num(digits), 0, 300)
        result: Array = np.round(values * scale) / scale
    return np.where(np.isfinite(result) & (result > 0), result, values)


def ratio_text(ratio: float) -> str:
    """Say how a price compares with the one before, such as "1,000 times larger"."""
    larger = ratio > 1
    times = ratio if larger else 1 / ratio
    number = f"{times:,.0f}" if abs(times - round(times)) < 1e-9 * times else f"{times:,.4g}"
    if times >= 10_000:
        number = f"{times:,.0f}"
    return f"{number} times {'larger' if larger else 'smaller'}"


def _typical(volume: Array) -> float:
    """Return the median of the volumes above 0; 0 where there is none."""
    volumes = volume[np.isfinite(volume) & (volume > 0)]
    return float(np.median(volumes)) if len(volumes) else 0.0


def rescaled(
    candles: pd.DataFrame, shifts: Sequence[LevelShift], *, raw: bool = False
) -> tuple[pd.DataFrame, Array]:
    """Bring all candles into the newest unit.

    Args:
        candles: Canonical frame. It is not changed.
        shifts: Those that ``find`` found in it.
        raw: Whether to use the ``raw`` ratio of each shift, so that each level begins exactly where
            the one before it ended.

    Returns:
        All candles, and which of them are in one unit each, ``(n,)`` bool: where the unit changed
        inside a candle, its prices mean nothing.
    """
    prices, volumes = np.ones(len(candles)), np.ones(len(candles))
    keep = np.ones(len(candles), dtype=bool)
    for shift in shifts:
        ratio = shift.raw if raw else shift.ratio
        prices[: shift.first] *= ratio
        if shift.traded_coins:
            volumes[: shift.first] /= ratio
        keep[shift.first : shift.row] = False
    values = candles.to_numpy(float, copy=True)
    old = prices != 1
    values[old, :4] *= prices[old, None]
    values[old, 4] *= volumes[old]
    if not raw:
        values[old] = _as_decimals(values[old])
    result = pd.DataFrame(values, index=candles.index, columns=candles.columns)
    return result, keep
