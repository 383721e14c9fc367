"""The prices of the service: live prices, simulated prices, and those of files."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.prices import LivePrices, simulate
from cryptoforecast.prices.live.query import validate
from cryptoforecast.service.line import Line
from cryptoforecast.service.memory import Memory
from cryptoforecast.service.open_files import PREFIX, OpenFiles
from cryptoforecast.settings import Settings
from cryptoforecast.types import MarketQuery, PriceHistory, User

if TYPE_CHECKING:
    from cryptoforecast.prices.files.corrections import Corrections
    from cryptoforecast.prices.live.sources import Source
    from cryptoforecast.types.diagnosis import Diagnosis

#: Share of the free memory that the rows of a file may take while they are read.
SHARE_OF_MEMORY = 0.65
#: Which prices may answer: those of a live source, or simulated ones too.
PRICES = ("live", "any")


class PriceService:
    """Live prices, and the files that were opened.

    Args:
        settings: Where prices are cached, whether the network may be asked, and how many candles
            of opened files are held in memory.
        sources: Where live prices come from, in order of preference; by default those of
            ``LivePrices``.
        memory: Into which the rows of a file must fit; by default what the settings allow.
    """

    def __init__(
        self,
        settings: Settings,
        sources: Sequence[Source] | None = None,
        memory: Memory | None = None,
    ) -> None:
        self._settings = settings
        self._memory = Memory(settings.memory) if memory is None else memory
        self._live = LivePrices(settings, sources)
        self._line = Line()
        self._files = OpenFiles(settings.session_candles, settings.server_candles)

    def history(
        self, query: MarketQuery, wait: float | None = None, *, prices: str = "any"
    ) -> PriceHistory:
        """Return the best prices available within ``wait`` seconds; see ``LivePrices.history``.

        The name of an opened file in place of a coin gives the prices of that file.

        Args:
            query: Coin, interval and window.
            wait: Seconds that the sources may take; the settings' deadline by default.
            prices: ``"live"`` requires prices of a live source, fetched now or before; ``"any"``
                allows simulated ones.

        Raises:
            InvalidInput: If no source can answer the query, the file is no longer in memory, or
                ``prices`` is none of ``PRICES``.
            NotEnoughData: If no closed candle lies in the window.
            SourceUnavailable: If live prices are needed, no source answers and none are cached.
        """
        check_prices(prices)
        self._files.drop_left()
        if is_file(query.coin):
            return self.file(query.coin)
        return self._live.history(query, wait, simulated=prices == "any")

    def of_source(self, source: str, query: MarketQuery) -> PriceHistory:
        """Return prices of one live source, and of no other.

        Args:
            source: Its name, as in ``PriceHistory.source``.
            query: Coin, interval and window.

        Raises:
            InvalidInput: If there is no such source, or the query is outside the rules.
            NotEnoughData: If no closed candle lies in the window.
            SourceUnavailable: If it does not answer, and none of its prices are cached.
        """
        return self._live.only(source).history(query, simulated=False)

    def check_source(self, source: str, coin: str = "") -> None:
        """Refuse a name that no live source has, and a coin that the source can't have.

        Args:
            source: Its name, as in ``PriceHistory.source``.
            coin: The coin; ``""`` to look at the name alone.

        Raises:
            InvalidInput: If there is no such source, or it can't have the coin.
        """
        live = self._live.only(source)
        if coin:
            live.check(coin)

    def simulated(self, query: MarketQuery) -> PriceHistory:
        """Return prices of the simulated market, and ask no source.

        Raises:
            InvalidInput: If the coin, the interval or the window is outside the rules.
            NotEnoughData: If no closed candle lies in the window.
        """
        query = validate(query)
        return simulate(query.coin, query.interval, query.start, query.end)

    def refreshing(self, query: MarketQuery) -> bool:
        """Return whether a live source is being asked for these prices now."""
        return not is_file(query.coin) and self._live.refreshing(query)

    def diagnose(
        self,
        coin: str = "BTC",
        *,
        every_coin: bool = False,
        record: Path | None = None,
        report: Callable[[str], None] | None = None,
    ) -> Diagnosis:
        """Ask each live source by itself, without the cache; see ``doctor.Doctor``.

        Args:
            coin: The coin that is asked for.
            every_coin: Whether to ask for all coins of the list too.
            record: A new folder in which to keep what the sources answer.
            report: Called with a sentence before each step that may take seconds.

        Raises:
            InvalidInput: If live prices are switched off, the text stands for no coin, or the
                folder can't be written.
        """
        if not self._settings.live:
            raise InvalidInput(
                "The doctor asks the live sources. Received: CRYPTOFORECAST_LIVE=0, which switches "
                "them off. Set it to 1."
            )
        from cryptoforecast.prices.live.doctor import Doctor

        return Doctor(self._settings).examine(
            coin, every_coin=every_coin, record=record, report=report
        )

    def read(
        self,
        source: Path | bytes | BinaryIO,
        name: str,
        *,
        coin: str | None = None,
        interval: str | None = None,
        corrections: Corrections | None = None,
        repairs: Collection[str] = (),
        to_open: bool = False,
        report: Callable[[float], None] | None = None,
        wait: Callable[[int], None] | None = None,
    ) -> PriceHistory:
        """Read a price file; see ``price_file.read``. One file is read at a time.

        Args:
            source: Path, content, or an open binary file.
            name: The file's name.
            coin: Ticker; by default what the file says.
            interval: Merge into candles of this length; by default as in the file.
            corrections: What the user says about the file, instead of what the reader finds.
            repairs: Names of repairs to make.
            to_open: Whether to refuse a file that has too many candles for ``open``.
            report: Called with the share of the file that has been read; it may raise to end the
                reading.
            wait: Called a few times a second with how many files are read before this one; it may
                raise to leave the line.

        Raises:
            UnreadableFile: If the file cannot be read without doubt.
            InvalidInput: If an argument is outside the rules, or the file is too long for ``open``
                or for the memory.
        """
        from cryptoforecast.prices.files import price_file
        from cryptoforecast.prices.files.bounds import MAX_ROWS as MAX_ROWS_OF_A_FILE

        with self.turn(wait) as room:
            return price_file.read(
                source,
                name,
                coin=coin,
                interval=interval,
                corrections=corrections,
                repairs=repairs,
                max_candles=self._files.session_candles if to_open else MAX_ROWS_OF_A_FILE,
                report=report,
                room=room,
            )

    @contextlib.contextmanager
    def turn(self, wait: Callable[[int], None] | None = None) -> Iterator[float]:
        """Wait until no other file is read, and keep others waiting until the context ends.

        Args:
            wait: Called a few times a second with how many files are read before; it may raise to
                leave the line.

        Returns:
            Bytes of memory that the rows of a file may take meanwhile.
        """
        with self._line.turn(wait):
            yield SHARE_OF_MEMORY * 1e6 * self._memory.free

    def from_frame(
        self,
        frame: pd.DataFrame,
        *,
        coin: str,
        interval: str | None = None,
        source: str = "frame",
        simulated: bool = False,
        repairs: Collection[str] = (),
        only: str | None = None,
        quote: str | None = None,
        noun: str = "DataFrame",
    ) -> PriceHistory:
        """Read a DataFrame by the rules of a price file; see ``frames.read``.

        Raises:
            InvalidInput: If the frame cannot be read without doubt.
            NotEnoughData: If no candle has closed.
        """
        from cryptoforecast.prices import frames

        return frames.read(
            frame,
            coin=coin,
            interval=interval,
            source=source,
            simulated=simulated,
            repairs=repairs,
            only=only,
            quote=quote,
            noun=noun,
        )

    def column_names(
        self, source: Path | bytes | BinaryIO, delimiter: str | None = None
    ) -> list[str]:
        """Return the column names of a price file, whether or not its prices can be read."""
        from cryptoforecast.prices.files.column_names import column_names

        return column_names(source, delimiter)

    def open(
        self,
        history: PriceHistory,
        *,
        user: User,
        is_present: Callable[[str], bool] = lambda _: True,
    ) -> str:
        """Hold the prices of a file in memory, and return the name that stands for them.

        Whoever has the name can read the prices. It can't be guessed, even from the file itself.

        Args:
            history: The prices.
            user: Who opens the file.
            is_present: Returns whether a session is still connected. Where there is no room, files
                of sessions that have left go first.

        Raises:
            InvalidInput: If there are too many candles, or no room for them.
        """
        return self._files.open(history, user, is_present)

    def file(self, name: str, *, user: User | None = None) -> PriceHistory:
        """Return the prices of an opened file.

        Args:
            name: The name that ``open`` returned.
            user: Who follows the name; the file stays in memory while they are present.

        Raises:
            InvalidInput: If the file is no longer in memory.
        """
        history = self._files.get(name, user)
        if history is None:
            raise InvalidInput(
                f"The prices of this file are no longer in memory. Received: {name[:40]}. "
                "Open the file again on the Data page, or choose a coin."
            )
        return history


def check_prices(prices: str) -> None:
    """Check a choice of the prices that may answer.

    Raises:
        InvalidInput: If it is none of ``PRICES``.
    """
    if prices not in PRICES:
        raise InvalidInput(
            f"`prices` must be {' or '.join(PRICES)}. Received: {prices!r:.40}. live requires "
            "those of a live source, any allows simulated ones."
        )


def is_file(coin: str) -> bool:
    """Return whether this names an opened file instead of a coin."""
    return coin.startswith(PREFIX)
