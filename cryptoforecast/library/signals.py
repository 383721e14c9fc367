"""Signals of the library: series beside the price, each value with when it was known."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.service import shared
from cryptoforecast.service.signals import from_series, input_of, span_of
from cryptoforecast.types import PriceHistory, Signal

#: A signal, or the name of a known one: ``"fear_greed"``, ``"dvol"``, or a coin such as ``"eth"``.
Signals = Iterable[str | Signal]


def signal(
    source: str | os.PathLike[str] | pd.Series,
    name: str | None = None,
    *,
    lag: str | timedelta | None = None,
    max_age: str | timedelta | None = None,
    column: str | None = None,
) -> Signal:
    """Make a signal of a file or of a pandas Series, for a network to read beside the price.

    Args:
        source: Path of a file with a column of times and one of values, or numbers by their time;
            times without a zone are in UTC.
        name: What it is called; by default the name of the file. A Series needs one.
        lag: How long after its time each value was known, such as ``"1d"``; by default the usual
            distance of two values.
        max_age: For how long after that a value is used; by default three such distances. Then the
            signal is missing.
        column: The file's column of values, if it has several.

    Returns:
        The signal, for the argument ``signals`` of ``backtest``, ``train`` and the others.

    Raises:
        UnreadableFile: If the file can't be read without doubt.
        InvalidInput: If a Series has no times or no name, or an argument is outside the rules.
        NotEnoughData: If there are fewer than two values.

    Example:
        >>> import cryptoforecast as cf
        >>> import pandas as pd
        >>> days = pd.date_range("2024-01-01", "2024-03-01", tz="UTC")
        >>> mood = cf.signal(pd.Series(range(len(days)), days), "mood", lag="2h")
        >>> mood.about
        'a Series, known 2h after its time, used for up to 3d'
    """
    known_after, used_for = _span(lag), _span(max_age)
    if isinstance(source, pd.Series):
        if not isinstance(name, str) or not isinstance(source.index, pd.DatetimeIndex):
            raise InvalidInput(
                "A signal made of a Series needs times as its index, and a name. Received: "
                f"{type(source.index).__name__}, name {name!r:.60}. Give both."
            )
        index = source.index
        index = index.tz_localize("UTC") if index.tz is None else index.tz_convert("UTC")
        return from_series(
            name, source.set_axis(index), "a Series", lag=known_after, max_age=used_for
        )
    if not isinstance(source, str | os.PathLike):
        raise InvalidInput(
            "A signal is made of the path of a file or of a Series. Received: "
            f"{type(source).__name__}."
        )
    path = Path(source)
    return shared().signals.read(
        path, path.name, name=name, column=column, lag=known_after, max_age=used_for
    )


def inputs(signals: Signals) -> tuple[str, ...]:
    """Return the inputs that signals make.

    Raises:
        InvalidInput: If one is neither a name nor a ``Signal``.
    """
    if isinstance(signals, str | Signal):
        signals = (signals,)
    names = []
    for each in signals:
        if not isinstance(each, str | Signal):
            raise InvalidInput(
                "`signals` must be names such as fear_greed, or made by cryptoforecast.signal. "
                f"Received: {type(each).__name__}."
            )
        names.append(each.input if isinstance(each, Signal) else input_of(each))
    return tuple(dict.fromkeys(names))


def beside(history: PriceHistory, features: tuple[str, ...], signals: Signals) -> PriceHistory:
    """Put the signals that a network reads beside its prices.

    Raises:
        InvalidInput: If the network does not read one of these signals, or one is unknown.
        SourceUnavailable: If one can't be had.
    """
    unread = [name for name in inputs(signals) if name not in features]
    if unread:
        raise InvalidInput(
            f"A signal must be an input of the network. Received: {unread[0]}, and one that reads "
            f"{', '.join(features)}. Leave it out."
        )
    several = (signals,) if isinstance(signals, str | Signal) else signals
    own = [each for each in several if isinstance(each, Signal)]
    return shared().signals.beside(history, features, own)


def _span(span: str | timedelta | None) -> pd.Timedelta | None:
    """Read a span of time."""
    if span is None:
        return None
    return span_of(span) if isinstance(span, str) else pd.Timedelta(span)
