"""The features: network inputs made of candles, where row *t* reads rows up to *t* alone.

Every feature reads a fixed number of earlier rows, its warm-up. So a forecast made from the last
``lookback`` + warm-up candles equals a forecast made from the whole history.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.learning import feature_values, indicators, ranges
from cryptoforecast.learning.columns import Columns
from cryptoforecast.types import Array, is_signal, signal_name
from cryptoforecast.types.signals import NAME

#: A column with a spread below this share of its largest value is constant, up to rounding.
EPSILON_SPREAD = 1e-9


@dataclass(frozen=True)
class Feature:
    """A named input of a network.

    Attributes:
        name: The name in ``--features``.
        help: One sentence for the user who chooses features.
        warmup: Earlier rows that it reads.
        columns: Network inputs that it makes.
        compute: Makes ``(n, columns)`` float64 of ``n`` candles, NaN in the warm-up.
        scale_free: Whether it is independent of a market's general level of volatility, so that
            a network can use it for a coin that it was not trained on.
    """

    name: str
    help: str
    warmup: int
    columns: int
    compute: Callable[[Columns], Array]
    scale_free: bool = False


FEATURES: dict[str, Feature] = {
    feature.name: feature
    for feature in (
        Feature("close", "The closing price itself.", 0, 1, feature_values.of_close("close")),
        Feature(
            "return",
            "How far the close moved in this candle (log-return).",
            1,
            1,
            feature_values.of_close("return"),
        ),
        Feature(
            "abs_return",
            "How large that move was, on a log scale.",
            1,
            1,
            feature_values.of_close("abs_return"),
        ),
        Feature(
            "range",
            "How far high and low lie apart, on a log scale.",
            0,
            1,
            feature_values.candle_range,
        ),
        Feature(
            "scaled_return",
            "How far the close moved, in average true ranges of the last 168 candles.",
            ranges.USUAL,
            1,
            feature_values.scaled_return,
            scale_free=True,
        ),
        Feature(
            "scaled_move",
            "How large that move was, on a log scale.",
            ranges.USUAL,
            1,
            feature_values.scaled_move,
            scale_free=True,
        ),
        Feature(
            "scaled_range",
            "How far this candle ranged against the last 168, on a log scale.",
            ranges.USUAL,
            1,
            feature_values.scaled_range,
            scale_free=True,
        ),
        Feature(
            "short_range",
            "How far the last 24 candles ranged against the last 168.",
            ranges.USUAL,
            1,
            feature_values.short_range,
            scale_free=True,
        ),
        Feature(
            "long_range",
            "How far the last 504 candles ranged against the last 168.",
            ranges.LONG,
            1,
            feature_values.long_range,
            scale_free=True,
        ),
        Feature(
            "volume",
            "Volume against its last 24 candles.",
            feature_values.VOLUME_ROWS - 1,
            1,
            feature_values.volume,
            scale_free=True,
        ),
        Feature(
            "hour",
            "Hour of the day (UTC), as a circle.",
            0,
            2,
            feature_values.hour,
            scale_free=True,
        ),
        Feature(
            "half_day",
            "Hour of the half day (UTC), as a circle: what comes twice a day.",
            0,
            2,
            feature_values.half_day,
            scale_free=True,
        ),
        Feature(
            "week",
            "Moment of the week (UTC), as a circle.",
            0,
            2,
            feature_values.week,
            scale_free=True,
        ),
        Feature(
            "weekend",
            "Whether it is Saturday or Sunday (UTC).",
            0,
            1,
            feature_values.weekend,
            scale_free=True,
        ),
        Feature(
            "rsi",
            "Relative strength index: the share of rises in the last moves (14 candles).",
            indicators.WILDER_ROWS,
            1,
            feature_values.of_candles(indicators.rsi),
        ),
        Feature(
            "macd",
            "MACD (12, 26, 9) and its histogram, as shares of the close.",
            indicators.MACD_ROWS - 1,
            2,
            feature_values.of_candles(indicators.macd),
        ),
        Feature(
            "bollinger",
            "Where the close lies in its Bollinger band (20, 2), and the band's width.",
            indicators.BOLLINGER_ROWS - 1,
            2,
            feature_values.of_candles(indicators.bollinger),
        ),
        Feature(
            "atr",
            "Average true range of 14 candles as a share of the close, on a log scale.",
            indicators.WILDER_ROWS,
            1,
            feature_values.of_candles(indicators.atr),
        ),
        Feature(
            "averages",
            "The close against its means over 10, 50 and 100 candles.",
            max(indicators.AVERAGE_ROWS) - 1,
            len(indicators.AVERAGE_ROWS),
            feature_values.of_candles(indicators.averages),
        ),
    )
}


def of(name: str) -> Feature:
    """Return the feature of a name that ``check`` accepts; the one of a signal is made here."""
    return _of_signal(name) if is_signal(name) else FEATURES[name]


def _of_signal(name: str) -> Feature:
    help = "A signal beside the price, and whether it is missing."
    return Feature(name, help, 0, 2, functools.partial(_signal, name))


def _signal(name: str, columns: Columns) -> Array:
    """Return a signal's value, NaN where it is missing, and 1 where it is, ``(n, 2)``.

    Raises:
        InvalidInput: If the candles do not have the signal.
    """
    if name not in columns.candles:
        own = signal_name(name)
        raise InvalidInput(
            f"The model reads the signal {own} beside the prices. Received: prices without it. Add "
            f"it (--signal {own} or --signal {own}=FILE on the command line, signals= in Python), "
            "or choose a model without signals."
        )
    values = columns.candles[name].to_numpy(float)
    return np.column_stack([values, np.isnan(values)])


def signals(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the signals among features, in their order."""
    return tuple(filter(is_signal, names))


#: Features that depend on the time of a candle alone. Some are the same in all candles of a day.
CLOCK = ("hour", "half_day", "week", "weekend")


def has_volume(candles: pd.DataFrame) -> bool:
    """Return whether there are volumes to learn from: they must vary in the first half already."""
    early = max(len(candles) // 2, feature_values.VOLUME_ROWS)
    volume = np.nan_to_num(candles["volume"].to_numpy(float)[:early])
    return bool(np.ptp(volume) > 0) if len(volume) else False


def owners(names: tuple[str, ...]) -> list[str]:
    """Name the feature of each network input, in their order."""
    return [name for name in names for _ in range(of(name).columns)]


def constant(raw: Array, names: tuple[str, ...]) -> tuple[str, ...]:
    """Name the features that never vary.

    Args:
        raw: ``(n, inputs)`` inputs; rows with a NaN, as in the warm-up, do not count. Where a
            signal is missing, its own value alone does not count.
        names: The features that make these inputs, in the order of the inputs.

    Returns:
        The features without a column that varies by more than a rounding error, in their order;
        none if fewer than two rows count.
    """
    may_be_missing = np.array([is_signal(name) for name in owners(names)])
    rows = raw[(np.isfinite(raw) | may_be_missing).all(axis=1)]
    if len(rows) < 2:
        return ()
    values = np.ma.masked_invalid(rows)
    vary = np.ma.ptp(values, axis=0) > EPSILON_SPREAD * np.abs(values).max(axis=0)
    vary = np.ma.filled(vary, False)
    varying = {name for name, varies in zip(owners(names), vary, strict=True) if varies}
    return tuple(name for name in names if name not in varying)


def warmup(names: tuple[str, ...]) -> int:
    """Count the rows before the lookback that these features read."""
    return max(of(name).warmup for name in names)


def width(names: tuple[str, ...]) -> int:
    """Count the network inputs that these features make."""
    return sum(of(name).columns for name in names)


def matrix(candles: pd.DataFrame, names: tuple[str, ...]) -> Array:
    """Compute the inputs of a network, ``(n, inputs)`` float64; row *t* reads rows up to *t*.

    Args:
        candles: ``n`` rows, see ``PriceHistory.candles``.
        names: Keys of ``FEATURES`` or inputs of signals, in the order of the network's inputs.

    Raises:
        InvalidInput: If a name is unknown, comes twice, or there is none, or if the candles lack a
            signal.
    """
    return stack(Columns(candles), names)


def stack(columns: Columns, names: tuple[str, ...]) -> Array:
    """Compute the inputs as ``matrix`` does, from columns that the caller uses again."""
    check(names)
    return np.hstack([of(name).compute(columns) for name in names])


def matrix_of_closes(close: Array, names: tuple[str, ...]) -> Array:
    """Compute the inputs as ``matrix`` does, from closes alone.

    Args:
        close: ``(n,)``, quote currency.
        names: Keys of ``feature_values.CLOSE_FEATURES``.
    """
    return np.column_stack([feature_values.CLOSE_FEATURES[name](close) for name in names])


def check(names: tuple[str, ...]) -> None:
    """Check that there are names, and that each is known and comes once.

    Raises:
        InvalidInput: Otherwise.
    """
    unknown = [name for name in names if name not in FEATURES and not _is_name(name)]
    if unknown or not names or len(set(names)) != len(names):
        raise InvalidInput(
            f"`features` must be different names out of {', '.join(FEATURES)}, or of signals, such "
            f"as signal:fear_greed. Received: {', '.join(names) or 'none'}."
        )


def _is_name(name: str) -> bool:
    return is_signal(name) and bool(NAME.fullmatch(signal_name(name)))
