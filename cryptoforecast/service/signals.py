"""The signals of the service: known ones by their name, other coins, and those of files."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput, SourceUnavailable
from cryptoforecast.service.open_signals import OpenSignals
from cryptoforecast.service.price_choices import COINS
from cryptoforecast.service.prices import PriceService
from cryptoforecast.settings import Settings
from cryptoforecast.signals.joining import known_at, with_signals
from cryptoforecast.signals.series import from_series, from_texts, name_of_file, span_of
from cryptoforecast.types import MarketQuery, PriceHistory, Signal, is_signal, signal_name
from cryptoforecast.types.quotes import market_name
from cryptoforecast.types.signals import SIGNAL_PREFIX

if TYPE_CHECKING:
    from cryptoforecast.signals.live import LiveSignals
    from cryptoforecast.signals.sources import SignalSource

__all__ = [
    "MAX_SIGNALS", "SIGNALS", "SignalService", "check_names",
    "check_own_name", "check_read", "from_series", "from_texts",
    "input_of", "missing_files", "name_of_file", "share_known", "signal_inputs", "span_of",
]  # fmt: skip

#: Signals beside one history.
MAX_SIGNALS = 8
#: Signals that can be had by their name, and what they are; the ticker of another coin is one too.
SIGNALS: Mapping[str, str] = {
    "fear_greed": "Fear & Greed of alternative.me, each day since 2018: 0 is fear, 100 is greed. "
    "A value counts as known an hour after midnight UTC.",
    "dvol": "Deribit's DVOL, each hour since 2021: the volatility that options on Bitcoin (beside "
    "Ether, on Ether) expect.",
}


class SignalService:
    """Signals beside prices.

    Args:
        settings: Where signals are cached, and whether the network may be asked.
        prices: Gives the candles of other coins.
        sources: Where live signals come from; by default those of ``LiveSignals``.

    Attributes:
        open: The signals that users of the pages have added, each for its session.
    """

    def __init__(
        self,
        settings: Settings,
        prices: PriceService,
        sources: Sequence[SignalSource] | None = None,
    ) -> None:
        self._settings = settings
        self._prices = prices
        self._sources = sources
        self._lock = threading.Lock()
        self._made: LiveSignals | None = None
        self.open = OpenSignals()

    @property
    def _live(self) -> LiveSignals:
        """The live signals, made when they are first used: two would fetch everything twice."""
        from cryptoforecast.signals.live import LiveSignals

        with self._lock:
            if self._made is None:
                self._made = LiveSignals(self._settings, self._sources)
            return self._made

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
        """Read a user's own signal; see ``signals.files.read``. One file is read at a time.

        Raises:
            UnreadableFile: If the file can't be read without doubt.
            InvalidInput: If it has several columns of values, or a setting is outside the rules.
            NotEnoughData: If it has fewer than two values.
        """
        from cryptoforecast.signals import files  # loads the readers of files

        with self._prices.turn() as room:
            return files.read(
                source, file, name=name, column=column, lag=lag, max_age=max_age, room=room
            )

    def value_columns(self, source: Path | bytes | BinaryIO) -> list[str]:
        """Return the names of a file's columns that are not its times, whatever they hold."""
        from cryptoforecast.signals import files

        return files.value_columns(source)

    def beside(
        self,
        history: PriceHistory,
        features: Iterable[str],
        own: Iterable[Signal] = (),
        *,
        wait: float | None = None,
    ) -> PriceHistory:
        """Put the signals that a model reads beside prices.

        Args:
            history: ``n`` candles.
            features: Inputs of the model; those that are no signals are left aside.
            own: Signals of files, which are not looked up by their name.
            wait: Seconds that a source may take; the settings' deadline by default. With 0 the
                cache answers, and the source is asked in the background.

        Raises:
            InvalidInput: If there are too many, or one is unknown.
            SourceUnavailable: If one can't be had, now or from the cache.
        """
        signals = {signal.name: signal for signal in own}
        names = [signal_name(name) for name in features if is_signal(name)]
        check_names(names, history.coin, {*signals, *history.signals})
        missing = [name for name in names if name not in signals and name not in history.signals]
        signals |= {name: self._by_name(name, history, wait) for name in missing}
        return with_signals(history, [signals[name] for name in names if name in signals])

    def _by_name(self, name: str, history: PriceHistory, wait: float | None) -> Signal:
        """Return a signal by its name alone."""
        if name in SIGNALS:
            return self._live.signal(name, history, wait)
        return self._of_coin(name, history, wait)

    def _of_coin(self, name: str, history: PriceHistory, wait: float | None) -> Signal:
        """Return the moves (log-returns) of another coin, each known when its candle closes."""
        length = history.candle_length
        query = MarketQuery(
            market_name(name.upper(), history.quote),
            history.interval,
            history.start - length,
            history.closes_at,
        )
        if history.simulated:
            other = self._prices.simulated(query)
        else:
            other = self._prices.history(query, wait)
        if other.simulated is not history.simulated:
            raise SourceUnavailable(
                f"The prices of {name.upper()} could not be had. {' '.join(other.notes)} Leave the "
                f"signal {name} out, or try again later."
            )
        close = other.candles["close"]
        return from_series(
            name,
            np.log(close / close.shift()),
            f"moves of {other.market} ({other.source})",
            lag=length,
            max_age=length / 2,  # the move of an earlier candle is no move of this one
        )


def check_names(names: Sequence[str], coin: str, own: Collection[str] = ()) -> None:
    """Refuse signals that can't be put beside the prices of a coin.

    Args:
        names: Signals that a model reads.
        coin: Ticker of the coin.
        own: Signals that need not be looked up by their name.

    Raises:
        InvalidInput: If there are too many, or one is unknown.
    """
    if len(names) > MAX_SIGNALS:
        raise InvalidInput(
            f"A model may read {MAX_SIGNALS} signals. Received: {len(names)}. Leave some out."
        )
    for name in names:
        if name in own or name in SIGNALS or (name.upper() in COINS and name.upper() != coin):
            continue
        raise InvalidInput(
            f"There is no signal {name}. The known ones are {', '.join(SIGNALS)} and the tickers "
            f"of other coins, such as eth. Give one of your own as a file (--signal {name}=FILE "
            "on the command line, signals= in Python, Customise on the Forecast page)."
        )


def check_read(name: str, features: Sequence[str]) -> None:
    """Refuse a signal that a model does not read.

    Raises:
        InvalidInput: If it is none of these inputs.
    """
    if input_of(name) not in features:
        reads = ", ".join(features) or "no inputs"
        raise InvalidInput(
            f"A signal must be an input of the model. Received: {name}, and a model that reads "
            f"{reads}. Leave it out."
        )


def check_own_name(name: str) -> None:
    """Refuse a name under which a user would take a file for a known signal.

    Raises:
        InvalidInput: If there is a known signal of this name.
    """
    if name in SIGNALS or name.upper() in COINS:
        raise InvalidInput(
            f"A signal of your own needs another name than a known one. Received: {name}. Call it "
            f"my_{name}."
        )


def missing_files(
    features: Iterable[str], history: PriceHistory, own: Iterable[Signal]
) -> list[str]:
    """Return the names of the signals that a model reads and that only a file can give.

    Args:
        features: Inputs of the model.
        history: The prices, with the signals beside them.
        own: The signals of files that the user has given.
    """
    there = {*SIGNALS, *history.signals, *(signal.name for signal in own)}
    names = [signal_name(name) for name in features if is_signal(name)]
    return [name for name in names if name not in there and name.upper() not in COINS]


def share_known(signal: Signal, history: PriceHistory) -> float:
    """Return the share of the candles at which a signal has a value, 0 to 1."""
    known = known_at(signal, history.candles.index + history.candle_length)
    return float(np.isfinite(known).mean())


def input_of(name: str) -> str:
    """Return the input that a signal makes: ``"signal:fear_greed"``."""
    return f"{SIGNAL_PREFIX}{name}"


def signal_inputs(history: PriceHistory) -> tuple[str, ...]:
    """Return the inputs of all known signals beside a history: indices, then other coins."""
    coins = [ticker.lower() for ticker in COINS if ticker != history.coin]
    return tuple(map(input_of, (*SIGNALS, *coins)))
