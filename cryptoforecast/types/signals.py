"""Signals: series beside the price, where each value has the time at which it was known."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

#: How the input of a signal, and its column beside the candles, begin.
SIGNAL_PREFIX = "signal:"
#: What a signal may be called.
NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True, eq=False)
class Signal:
    """A series beside the price, such as an index of sentiment.

    Attributes:
        name: What it is called: lower-case letters, digits and underscores.
        values: ``(n,)`` float64, finite. Its index is when each value was known: UTC in ns, rising.
        max_age: For so long after that time a value is used. Then the signal is missing.
        about: Where it comes from, when its values are known and how long they are used, in a few
            words. A saved model has these on its card.
        simulated: Whether the values are simulated, and not those of a real signal.
    """

    name: str
    values: pd.Series
    max_age: pd.Timedelta
    about: str
    simulated: bool = False

    @property
    def input(self) -> str:
        """Name of the input: ``"signal:fear_greed"``."""
        return f"{SIGNAL_PREFIX}{self.name}"


def is_signal(name: str) -> bool:
    """Return whether an input, or a column beside the candles, is a signal."""
    return name.startswith(SIGNAL_PREFIX)


def signal_name(name: str) -> str:
    """Return the name of the signal that an input reads: ``"fear_greed"``."""
    return name.removeprefix(SIGNAL_PREFIX)
