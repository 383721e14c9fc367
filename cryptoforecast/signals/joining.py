"""The join of signals and candles: each candle gets what was known when it closed.

Nothing that was known later can reach a candle, whatever a signal's own times are.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
import pandas as pd

from cryptoforecast.types import Array, PriceHistory, Signal


def with_signals(history: PriceHistory, signals: Iterable[Signal]) -> PriceHistory:
    """Put signals beside the candles.

    Args:
        history: ``n`` candles.
        signals: Signals of different names. One that the history has already is replaced.

    Returns:
        The history with a column for each signal, and with a note on each signal that is simulated
        or has no value at the last candle.
    """
    columns, about, notes = {}, dict(history.signals), list(history.notes)
    for signal in signals:
        columns[signal.input] = known_at(signal, history.candles.index + history.candle_length)
        about[signal.name] = signal.about
        notes += _notes(signal, columns[signal.input])
    if not columns:
        return history
    candles = history.candles.assign(**columns)
    return dataclasses.replace(
        history, candles=candles, signals=about, notes=tuple(dict.fromkeys(notes))
    )


def known_at(signal: Signal, times: pd.DatetimeIndex) -> Array:
    """Return the last value that was known at each time, ``(n,)``.

    It is NaN before the first value, and where the last one is older than the signal's
    ``max_age``.

    Args:
        signal: ``m`` values.
        times: ``(n,)`` UTC.
    """
    releases, moments = signal.values.index.asi8, times.as_unit("ns").asi8
    rows = np.searchsorted(releases, moments, side="right") - 1
    values = signal.values.to_numpy(float)[np.maximum(rows, 0)]
    ages = moments - releases[np.maximum(rows, 0)]
    missing = (rows < 0) | (ages > signal.max_age.value)
    return np.where(missing, np.nan, values)


def _notes(signal: Signal, column: Array) -> list[str]:
    """Say of a signal that it is simulated, or that it is missing in the candles."""
    notes = []
    if signal.simulated:
        notes.append(f"The signal {signal.name} is simulated: {signal.about}.")
    missing = np.isnan(column)
    if missing.all():
        notes.append(f"The signal {signal.name} has no value in the time of these prices.")
    elif missing[-1]:
        notes.append(
            f"The signal {signal.name} is missing at the last candle: its last value, known on "
            f"{signal.values.index[-1]:%Y-%m-%d %H:%M} UTC, is too old."
        )
    return notes
