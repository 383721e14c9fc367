"""Network inputs from candles: what row *t* holds depends on rows up to *t* alone.

Every feature reads a fixed number of earlier rows (its warm-up), so a forecast made from the
last ``lookback`` + warm-up candles equals one made from the whole history.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.learning import indicators, ranges
from cryptoforecast.types import Array

#: Added before a logarithm of a return or range, so that 0 stays finite: 1 basis point.
FLOOR = 1e-4
#: Likewise, before that of a move or range in average true ranges.
SCALED_FLOOR = 0.05
#: Rows in the average that volume is compared with.
VOLUME_ROWS = 24


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
    compute: Callable[[pd.DataFrame], Array]
    scale_free: bool = False


def log_returns(close: Array) -> Array:
    """Compute ln(close[t] / close[t-1]), shape ``(n,)``; NaN in the first row."""
    result = np.full(len(close), np.nan)
    result[1:] = np.log(close[1:] / close[:-1])
    return result


def _close(close: Array) -> Array:
    return close


def _abs_return(close: Array) -> Array:
    return np.log(np.abs(log_returns(close)) + FLOOR)


#: Features of the close alone: ``(n,)`` closes -> ``(n,)``.
OF_CLOSE: dict[str, Callable[[Array], Array]] = {
    "close": _close,
    "return": log_returns,
    "abs_return": _abs_return,
}


def _of_close(name: str) -> Callable[[pd.DataFrame], Array]:
    return lambda candles: OF_CLOSE[name](candles["close"].to_numpy(float))[:, None]


def _range(candles: pd.DataFrame) -> Array:
    span = np.log(candles["high"].to_numpy(float) / candles["low"].to_numpy(float))
    return np.log(np.maximum(span, 0.0) + FLOOR)[:, None]


def _scaled_return(candles: pd.DataFrame) -> Array:
    moved = log_returns(candles["close"].to_numpy(float))
    return (moved / ranges.unit(candles))[:, None]


def _scaled_move(candles: pd.DataFrame) -> Array:
    return np.log(np.abs(_scaled_return(candles)) + SCALED_FLOOR)


def _scaled_range(candles: pd.DataFrame) -> Array:
    scaled = ranges.true_ranges(candles) / ranges.unit(candles)
    return np.log(scaled + SCALED_FLOOR)[:, None]


def _short_range(candles: pd.DataFrame) -> Array:
    short, usual, _ = ranges.averages(candles)
    return np.log(short / usual)[:, None]


def _long_range(candles: pd.DataFrame) -> Array:
    _, usual, long = ranges.averages(candles)
    return np.log(long / usual)[:, None]


def _volume(candles: pd.DataFrame) -> Array:
    """Log of volume against its mean over ``VOLUME_ROWS``; 0 where all of that is unknown.

    A candle of unknown volume among others counts as one without any.

    A plain sum over lags instead of a running mean: each row's value is then the same to the
    last bit whichever row the history starts at.
    """
    volume = np.nan_to_num(candles["volume"].to_numpy(float), nan=0.0, posinf=0.0)
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


def _hour(candles: pd.DataFrame) -> Array:
    index = pd.DatetimeIndex(candles.index)
    angle = 2 * np.pi * (index.hour.to_numpy() + index.minute.to_numpy() / 60) / 24
    return np.column_stack([np.sin(angle), np.cos(angle)])


def _half_day(candles: pd.DataFrame) -> Array:
    sine, cosine = _hour(candles).T
    return np.column_stack([2 * sine * cosine, cosine**2 - sine**2])


def _week(candles: pd.DataFrame) -> Array:
    index = pd.DatetimeIndex(candles.index)
    days = index.day_of_week.to_numpy() + index.hour.to_numpy() / 24
    angle = 2 * np.pi * days / 7
    return np.column_stack([np.sin(angle), np.cos(angle)])


def _weekend(candles: pd.DataFrame) -> Array:
    day = pd.DatetimeIndex(candles.index).day_of_week.to_numpy()
    return (day >= 5).astype(float)[:, None]


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
            indicators.rsi,
        ),
        Feature(
            "macd",
            "MACD (12, 26, 9) and its histogram, as shares of the close.",
            indicators.MACD_ROWS - 1,
            2,
            indicators.macd,
        ),
        Feature(
            "bollinger",
            "Where the close lies in its Bollinger band (20, 2), and the band's width.",
            indicators.BOLLINGER - 1,
            2,
            indicators.bollinger,
        ),
        Feature(
            "atr",
            "Average true range of 14 candles as a share of the close, on a log scale.",
            indicators.WILDER_ROWS,
            1,
            indicators.atr,
        ),
        Feature(
            "averages",
            "The close against its means over 10, 50 and 100 candles.",
            max(indicators.AVERAGES) - 1,
            len(indicators.AVERAGES),
            indicators.averages,
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
    check(names)
    return np.hstack([FEATURES[name].compute(candles) for name in names])


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
