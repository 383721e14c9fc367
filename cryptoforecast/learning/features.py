"""Network inputs from candles: what row *t* holds depends on rows up to *t* alone.

Every feature reads a fixed number of earlier rows (its warm-up), so a forecast made from the
last ``lookback`` + warm-up candles equals one made from the whole history.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.learning import indicators, ranges
from cryptoforecast.prices.candles.ranges import log_ranges
from cryptoforecast.types import Array

#: Added before a logarithm of a return or range, so that 0 stays finite: 1 basis point.
FLOOR = 1e-4
#: Likewise, before that of a move or range in average true ranges.
SCALED_FLOOR = 0.05
#: Rows in the average that volume is compared with.
VOLUME_ROWS = 24


class Columns:
    """Candles as arrays, and what several features are made from; each is worked out once.

    Args:
        candles: ``n`` rows, see ``PriceHistory.candles``.
    """

    def __init__(self, candles: pd.DataFrame) -> None:
        self.candles = candles

    @cached_property
    def close(self) -> Array:
        """``(n,)`` USD."""
        closes: Array = self.candles["close"].to_numpy(float)
        return closes

    @cached_property
    def true_ranges(self) -> Array:
        """See ``ranges.true_ranges``."""
        return ranges.true_ranges(self.candles)

    @cached_property
    def ranges(self) -> tuple[Array, Array, Array]:
        """See ``ranges.averages``."""
        return ranges.averages(self.true_ranges)

    @cached_property
    def scaled_return(self) -> Array:
        """``(n,)`` log-return in the usual range."""
        returns: Array = log_returns(self.close) / self.ranges[1]
        return returns

    @cached_property
    def hour(self) -> Array:
        """``(n,)`` hour of the day, UTC, with its fraction."""
        hours: Array = self._index.hour.to_numpy() + self._index.minute.to_numpy() / 60
        return hours

    @cached_property
    def day(self) -> Array:
        """``(n,)`` day of the week, 0 on Mondays."""
        days: Array = self._index.day_of_week.to_numpy()
        return days

    @property
    def _index(self) -> pd.DatetimeIndex:
        return pd.DatetimeIndex(self.candles.index)


@dataclass(frozen=True)
class Feature:
    """One named input.

    Attributes:
        name: as in ``--features``.
        help: one sentence for the person who picks it.
        warmup: earlier rows it reads.
        columns: how many network inputs it makes.
        compute: candles of ``n`` rows -> ``(n, columns)`` float64, NaN in the warm-up.
        scale_free: whether it says nothing of how restless a market is as a whole, so that a
            network can read it of a coin it has never seen.
    """

    name: str
    help: str
    warmup: int
    columns: int
    compute: Callable[[Columns], Array]
    scale_free: bool = False


def log_returns(close: Array) -> Array:
    """Compute ln(close[t] / close[t-1]), shape ``(n,)``; NaN in the first row."""
    result = np.full(len(close), np.nan)
    result[1:] = np.log(close[1:] / close[:-1])
    return result


def _close(close: Array) -> Array:
    return close


def _abs_return(close: Array) -> Array:
    returns: Array = np.log(np.abs(log_returns(close)) + FLOOR)
    return returns


#: Features of the close alone: ``(n,)`` closes -> ``(n,)``.
OF_CLOSE: dict[str, Callable[[Array], Array]] = {
    "close": _close,
    "return": log_returns,
    "abs_return": _abs_return,
}


def _of_close(name: str) -> Callable[[Columns], Array]:
    return lambda of: OF_CLOSE[name](of.close)[:, None]


def _indicator(compute: Callable[[pd.DataFrame], Array]) -> Callable[[Columns], Array]:
    return lambda of: compute(of.candles)


def _range(of: Columns) -> Array:
    span = log_ranges(of.candles)
    ranges: Array = np.log(np.maximum(span, 0.0) + FLOOR)[:, None]
    return ranges


def _scaled_return(of: Columns) -> Array:
    return of.scaled_return[:, None]


def _scaled_move(of: Columns) -> Array:
    moves: Array = np.log(np.abs(of.scaled_return) + SCALED_FLOOR)[:, None]
    return moves


def _scaled_range(of: Columns) -> Array:
    ranges: Array = np.log(of.true_ranges / of.ranges[1] + SCALED_FLOOR)[:, None]
    return ranges


def _short_range(of: Columns) -> Array:
    short, usual, _ = of.ranges
    ratios: Array = np.log(short / usual)[:, None]
    return ratios


def _long_range(of: Columns) -> Array:
    _, usual, long = of.ranges
    ratios: Array = np.log(long / usual)[:, None]
    return ratios


def _volume(of: Columns) -> Array:
    """Log of volume against its mean over ``VOLUME_ROWS``; 0 where all of that is unknown.

    A candle of unknown volume among others counts as one without any.

    A plain sum over lags instead of a running mean: each row's value is then the same to the
    last bit whichever row the history starts at.
    """
    volume = np.nan_to_num(of.candles["volume"].to_numpy(float), nan=0.0, posinf=0.0)
    n, rows = len(volume), VOLUME_ROWS
    result = np.full((n, 1), np.nan)
    if n < rows:
        return result
    mean = np.zeros(n - rows + 1)
    for lag in range(rows):
        mean += volume[lag : n - rows + 1 + lag]
    mean /= rows
    known = mean > 0
    ratio = np.divide(volume[rows - 1 :], mean, out=np.ones_like(mean), where=known)
    result[rows - 1 :, 0] = np.log((ratio + 0.01) / 1.01)
    return result


def _hour(of: Columns) -> Array:
    return _circle(of.hour, 24)


def _half_day(of: Columns) -> Array:
    sine, cosine = _hour(of).T
    return np.column_stack([2 * sine * cosine, cosine**2 - sine**2])


def _week(of: Columns) -> Array:
    return _circle(of.day + np.floor(of.hour) / 24, 7)


def _weekend(of: Columns) -> Array:
    return (of.day >= 5).astype(float)[:, None]


def _circle(time: Array, whole: int) -> Array:
    angle = 2 * np.pi * time / whole
    return np.column_stack([np.sin(angle), np.cos(angle)])


FEATURES: dict[str, Feature] = {
    feature.name: feature
    for feature in (
        Feature("close", "The closing price itself, in USD.", 0, 1, _of_close("close")),
        Feature(
            "return",
            "How far the close moved in this candle (log-return).",
            1,
            1,
            _of_close("return"),
        ),
        Feature(
            "abs_return",
            "How large that move was, on a log scale.",
            1,
            1,
            _of_close("abs_return"),
        ),
        Feature("range", "How far high and low lie apart, on a log scale.", 0, 1, _range),
        Feature(
            "scaled_return",
            "How far the close moved, in average true ranges of the last 168 candles.",
            ranges.USUAL,
            1,
            _scaled_return,
            scale_free=True,
        ),
        Feature(
            "scaled_move",
            "How large that move was, on a log scale.",
            ranges.USUAL,
            1,
            _scaled_move,
            scale_free=True,
        ),
        Feature(
            "scaled_range",
            "How far this candle ranged against the last 168, on a log scale.",
            ranges.USUAL,
            1,
            _scaled_range,
            scale_free=True,
        ),
        Feature(
            "short_range",
            "How far the last 24 candles ranged against the last 168.",
            ranges.USUAL,
            1,
            _short_range,
            scale_free=True,
        ),
        Feature(
            "long_range",
            "How far the last 504 candles ranged against the last 168.",
            ranges.LONG,
            1,
            _long_range,
            scale_free=True,
        ),
        Feature(
            "volume",
            "Volume against its last 24 candles.",
            VOLUME_ROWS - 1,
            1,
            _volume,
            scale_free=True,
        ),
        Feature("hour", "Hour of the day (UTC), as a circle.", 0, 2, _hour, scale_free=True),
        Feature(
            "half_day",
            "Hour of the half day (UTC), as a circle: what comes twice a day.",
            0,
            2,
            _half_day,
            scale_free=True,
        ),
        Feature("week", "Moment of the week (UTC), as a circle.", 0, 2, _week, scale_free=True),
        Feature(
            "weekend", "Whether it is Saturday or Sunday (UTC).", 0, 1, _weekend, scale_free=True
        ),
        Feature(
            "rsi",
            "Relative strength index: the share of rises in the last moves (14 candles).",
            indicators.WILDER_ROWS,
            1,
            _indicator(indicators.rsi),
        ),
        Feature(
            "macd",
            "MACD (12, 26, 9) and its histogram, as shares of the close.",
            indicators.MACD_ROWS - 1,
            2,
            _indicator(indicators.macd),
        ),
        Feature(
            "bollinger",
            "Where the close lies in its Bollinger band (20, 2), and the band's width.",
            indicators.BOLLINGER - 1,
            2,
            _indicator(indicators.bollinger),
        ),
        Feature(
            "atr",
            "Average true range of 14 candles as a share of the close, on a log scale.",
            indicators.WILDER_ROWS,
            1,
            _indicator(indicators.atr),
        ),
        Feature(
            "averages",
            "The close against its means over 10, 50 and 100 candles.",
            max(indicators.AVERAGES) - 1,
            len(indicators.AVERAGES),
            _indicator(indicators.averages),
        ),
    )
}


def warmup(names: tuple[str, ...]) -> int:
    """Rows before the lookback that these features read."""
    return max(FEATURES[name].warmup for name in names)


def width(names: tuple[str, ...]) -> int:
    """Network inputs that these features make."""
    return sum(FEATURES[name].columns for name in names)


def matrix(candles: pd.DataFrame, names: tuple[str, ...]) -> Array:
    """Stack features into ``(n, inputs)`` float64; row *t* reads rows up to *t*.

    Args:
        candles: ``n`` rows, see ``PriceHistory.candles``.
        names: keys of ``FEATURES``, in the order of the network's inputs.

    Raises:
        InvalidInput: if a name is not known.
    """
    return stack(Columns(candles), names)


def stack(of: Columns, names: tuple[str, ...]) -> Array:
    """Stack features as ``matrix`` does, of candles that more is asked of."""
    check(names)
    return np.hstack([FEATURES[name].compute(of) for name in names])


def matrix_of_closes(close: Array, names: tuple[str, ...]) -> Array:
    """Stack features as ``matrix`` does, from bare closes.

    Args:
        close: ``(n,)`` USD.
        names: keys of ``OF_CLOSE``.
    """
    return np.column_stack([OF_CLOSE[name](close) for name in names])


def check(names: tuple[str, ...]) -> None:
    """Raise ``InvalidInput`` unless every name is known, once, and there is one."""
    unknown = [name for name in names if name not in FEATURES]
    if unknown or not names or len(set(names)) != len(names):
        raise InvalidInput(
            f"`features` must be different names out of {', '.join(FEATURES)}. "
            f"Received: {', '.join(names) or 'none'}."
        )
