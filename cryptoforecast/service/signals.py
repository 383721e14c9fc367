"""The signals of the service: known ones by their name, and those of files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.service.prices import PriceService
from cryptoforecast.settings import Settings
from cryptoforecast.signals.joining import with_signals
from cryptoforecast.signals.series import from_series, name_of_file, span_of
from cryptoforecast.types import PriceHistory, Signal, is_signal, signal_name
from cryptoforecast.types.signals import SIGNAL_PREFIX

__all__ = ["MAX_SIGNALS", "SignalService", "from_series", "input_of", "name_of_file", "span_of"]

#: Signals beside one history.
MAX_SIGNALS = 8


class SignalService:
    """Signals beside prices.

    Args:
        settings: Where signals are cached, and whether the network may be asked.
        prices: Gives the candles of other coins.
    """

    def __init__(self, settings: Settings, prices: PriceService) -> None:
        self._settings = settings
        self._prices = prices

    def read(
        self,
        source: Path | bytes | BinaryIO,
        file: str,
        *,
        name: str | None = None,
        column: str | None = None,
        lag: pd.Timedelta | None = None,
        max_age: pd.Timedelta | None = None,
    ) -> Signal:
        """Read a signal of one's own; see ``signals.files.read``.

        Raises:
            UnreadableFile: If the file can't be read without doubt.
            InvalidInput: If it has several columns of values, or a setting is outside the rules.
            NotEnoughData: If it has fewer than two values.
        """
        from cryptoforecast.signals import files  # loads the readers of files

        return files.read(source, file, name=name, column=column, lag=lag, max_age=max_age)

    def beside(
        self, history: PriceHistory, features: Iterable[str], own: Iterable[Signal] = ()
    ) -> PriceHistory:
        """Put the signals that a model reads beside prices.

        Args:
            history: ``n`` candles.
            features: Inputs of the model; those that are no signals are left aside.
            own: Signals of files, by which the others are not looked up.

        Raises:
            InvalidInput: If there are too many, or one is unknown.
        """
        signals = {signal.name: signal for signal in own}
        names = [signal_name(name) for name in features if is_signal(name)]
        if len(names) > MAX_SIGNALS:
            raise InvalidInput(
                f"A model may read {MAX_SIGNALS} signals. Received: {len(names)}. Leave some out."
            )
        for name in {*names} - signals.keys() - history.signals.keys():
            raise InvalidInput(
                f"There is no signal {name}. Give it as a file (--signal {name}=FILE on the "
                "command line, signals= in Python)."
            )
        return with_signals(history, [signals[name] for name in names if name in signals])


def input_of(name: str) -> str:
    """Return the input that a signal makes: ``"signal:fear_greed"``."""
    return f"{SIGNAL_PREFIX}{name}"
