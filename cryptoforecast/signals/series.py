"""Signals made of times and values: what each must be, and when a value counts as known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.types import Signal
from cryptoforecast.types.signals import NAME

#: Times that are written as text must lie in [FIRST, LAST).
FIRST, LAST = pd.Timestamp("2000-01-01", tz="UTC"), pd.Timestamp("2100-01-01", tz="UTC")
#: Longest lag, and longest time for which a value may be used.
MAX_SPAN = pd.Timedelta(days=366)
#: Without a maximum age of its own, a value is used for so many usual distances between values.
USUAL_AGE = 3
_UNITS = {"m": "min", "min": "min", "h": "h", "d": "D", "w": "W"}
_SPAN = re.compile(r"(\d{1,6}(?:\.\d{1,6})?) ?(m|min|h|d|w)")


def from_series(
    name: str,
    series: pd.Series,
    source: str,
    *,
    lag: pd.Timedelta | None = None,
    max_age: pd.Timedelta | None = None,
    simulated: bool = False,
) -> Signal:
    """Make a signal from values and their times.

    Args:
        name: What it is called: at most 32 lower-case letters, digits and underscores, the first
            a letter.
        series: ``(n,)`` numbers; NaN is no value. Its index is in UTC, in any order.
        source: Where it comes from, in a few words.
        lag: How long after its time each value was known. By default the usual distance between
            two values: a value that sums up the day which begins at its time is known when it ends.
        max_age: For so long after that a value is used; by default ``USUAL_AGE`` distances.
        simulated: Whether the values are simulated, and not those of a real signal.

    Raises:
        InvalidInput: If the name, a number or a span of time is outside the rules, or a time comes
            twice with different values.
        NotEnoughData: If there are fewer than two values.
    """
    if not NAME.fullmatch(name):
        raise InvalidInput(
            "A signal's name must be of at most 32 lower-case letters, digits and underscores, the "
            f"first a letter. Received: {name!r:.60}. Give it one (NAME=FILE on the command line)."
        )
    values = _in_order(name, series)
    usual = pd.Timedelta(int(np.median(np.diff(values.index.asi8))), "ns")
    lag = _checked("lag", usual if lag is None else lag, pd.Timedelta(0))
    least = pd.Timedelta(seconds=1)
    max_age = _checked("max_age", USUAL_AGE * usual if max_age is None else max_age, least)
    about = f"{source}, known {text_of(lag)} after its time, used for up to {text_of(max_age)}"
    return Signal(name, values.set_axis(values.index + lag), max_age, about, simulated)


def from_texts(
    name: str,
    time: Sequence[str],
    value: Sequence[float],
    lag: str | None = None,
    max_age: str | None = None,
) -> Signal:
    """Make a signal from values, and from times and spans of time that are written as text.

    Args:
        name: What it is called, see ``from_series``.
        time: ``(n,)`` times, ISO 8601; UTC where there is no zone.
        value: ``(n,)`` numbers.
        lag: See ``from_series`` and ``span_of``.
        max_age: See ``from_series`` and ``span_of``.

    Raises:
        InvalidInput: If a time can't be read, there are not as many times as values, or one of
            them is outside the rules; see ``from_series``.
        NotEnoughData: If there are fewer than two values.
    """
    if len(time) != len(value):
        raise InvalidInput(
            f"A signal has as many times as values. Received: {len(time):,} and {len(value):,}. "
            "Send as many of each."
        )
    try:
        index = pd.DatetimeIndex(pd.to_datetime(list(time), utc=True, format="ISO8601"))
        if index.hasnans:  # pandas takes "", "NaT" and the like for no time
            raise ValueError(repr(time[int(np.argmax(index.isna()))]))
        in_range = bool(((index >= FIRST) & (index < LAST)).all())
        index = index.as_unit("ns") if in_range else index
    except (ValueError, OverflowError, TypeError) as error:
        raise InvalidInput(
            "The times of a signal are ISO 8601, such as 2026-01-31T12:00:00Z. Received: one that "
            f"is not ({str(error).partition('. ')[0]:.150}). Write it so."
        ) from error
    if not in_range:
        raise InvalidInput(
            f"The times of a signal are of {FIRST.year} to {LAST.year - 1}. Received: "
            f"{index.min():%Y-%m-%d} to {index.max():%Y-%m-%d}. Leave out the others."
        )
    spans = {
        key: span_of(text) for key, text in (("lag", lag), ("max_age", max_age)) if text is not None
    }
    return from_series(name, pd.Series(list(value), index=index), "a request", **spans)


def span_of(text: str) -> pd.Timedelta:
    """Read a span of time, such as ``1d``, ``90m`` or ``0h``.

    Raises:
        InvalidInput: If it is none.
    """
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None:
        raise InvalidInput(
            f"A span of time must be a number of m, h, d or w, such as 1d. Received: {text!r:.40}."
        )
    return pd.Timedelta(float(match[1]), _UNITS[match[2]])


def text_of(span: pd.Timedelta) -> str:
    """Write a span of time as ``span_of`` reads it: ``1d``."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if span.total_seconds() and not span.total_seconds() % length:
            return f"{int(span.total_seconds() // length)}{unit}"
    return f"{span.total_seconds() / 60:g}m"


def name_of_file(file: str) -> str:
    """Make a signal's name from a file's: ``"mood_index"`` from ``Mood index.csv``."""
    stem = Path(file).name.partition(".")[0].lower()
    return re.sub(r"[^a-z0-9]+", "_", stem).strip("_")[:32]


def _in_order(name: str, series: pd.Series) -> pd.Series:
    """Return the values in the order of their times, each time once."""
    series = series[series.notna()].astype(float)
    if not np.isfinite(series.to_numpy()).all():
        raise InvalidInput(
            f"The values of a signal must be finite. Received: an infinite one of {name}."
        )
    index = pd.DatetimeIndex(series.index).as_unit("ns")
    series = series.set_axis(index).sort_index(kind="stable")
    series = series[~(series.index.duplicated() & (series == series.shift()).to_numpy())]
    doubled = series.index.duplicated()
    if doubled.any():
        raise InvalidInput(
            "A signal must have one value at a time. Received: several values of "
            f"{name} at {series.index[doubled][0]:%Y-%m-%d %H:%M} UTC. Leave all but one out."
        )
    if len(series) < 2:
        raise NotEnoughData(f"A signal needs two values at least. Received: {len(series)}.")
    return series


def _checked(name: str, span: pd.Timedelta, least: pd.Timedelta) -> pd.Timedelta:
    if not least <= span <= MAX_SPAN:
        raise InvalidInput(
            f"`{name}` must be {text_of(least)} to {text_of(MAX_SPAN)}. Received: {text_of(span)}."
        )
    return span
