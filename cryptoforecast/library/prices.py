"""Prices of the library: fetched, read from a file, or taken from a DataFrame."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from numbers import Real
from os import PathLike
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.library.values import Value, candles, heading, moment, paragraphs, table
from cryptoforecast.service import choices, shared
from cryptoforecast.texts import printable
from cryptoforecast.types import PriceHistory, QualityReport

#: What ``fetch`` may do where no live source answers.
SIMULATED = ("refuse", "allow", "only")
#: First and last candles that a notebook shows.
_SHOWN = 3
#: Settings of a file's layout, and their types: see ``Corrections``.
_READING: dict[str, type] = {
    "delimiter": str, "columns": Mapping, "day_first": bool, "zone": str, "label": str,
    "decimal": str, "only": str, "quote": str,
}  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Prices(Value):
    """Closed candles of one coin, made by ``fetch``, ``read`` or ``from_frame``.

    Two are equal if their candles are, wherever these came from.

    Attributes:
        history: The candles with all that is known of them, as the app itself uses them.
    """

    history: PriceHistory

    def __post_init__(self) -> None:
        """Refuse candles made by hand that are out of order.

        Raises:
            InvalidInput: If times have no zone, repeat or do not rise.
        """
        index = self.history.candles.index
        if index.tz is None or not (index.is_monotonic_increasing and index.is_unique):
            raise InvalidInput(
                "Candles must have rising times in UTC. Received: times that have no zone, repeat "
                "or are out of order. Use cryptoforecast.from_frame, which sorts them."
            )

    def __len__(self) -> int:
        return len(self.history)

    @property
    def coin(self) -> str:
        """Ticker, such as ``"BTC"``."""
        return self.history.coin

    @property
    def interval(self) -> str:
        """Candle length, such as ``"1h"``."""
        return self.history.interval

    @property
    def quote(self) -> str:
        """Currency of the prices, such as ``"USD"``, ``"EUR"`` or ``"BTC"``."""
        return self.history.quote

    @property
    def source(self) -> str:
        """Where the prices come from, such as ``"yahoo"`` or ``"file BTCUSDT_1h.csv"``."""
        return self.history.source

    @property
    def simulated(self) -> bool:
        """Whether the prices are not from a real market."""
        return self.history.simulated

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences to read before the prices are used."""
        return self.history.notes

    @property
    def quality(self) -> QualityReport:
        """Report on gaps, outliers, candles without volume and whatever else is odd."""
        return self.history.quality

    @property
    def fingerprint(self) -> str:
        """Content hash of the interval and every candle, 16 hexadecimal digits."""
        return self.history.fingerprint

    def frame(self) -> pd.DataFrame:
        """Copy the candles into a DataFrame.

        Returns:
            One row a candle, in time order. Index ``time``, the candle's open in UTC; columns
            ``open high low close`` in the currency ``quote``, and ``volume``, NaN where unknown.
        """
        return self.history.candles.copy()

    def __repr__(self) -> str:
        history = self.history
        start, end = (moment(time, history.interval) for time in (history.start, history.closes_at))
        return (
            f"Prices({candles(history)}, {len(history):,} candles, {start} to {end} UTC, "
            f"from {printable(history.source)})"
        )

    def _repr_html_(self) -> str:
        frame = self.history.candles
        if len(frame) > 2 * _SHOWN:
            frame = pd.concat([frame.head(_SHOWN), frame.tail(_SHOWN)])
        return heading(repr(self)) + paragraphs(self.notes) + table(frame)


def fetch(
    coin: str,
    interval: str = "1h",
    *,
    start: str | date | pd.Timestamp | None = None,
    end: str | date | pd.Timestamp | None = None,
    days: float | None = None,
    simulated: str = "refuse",
) -> Prices:
    """Fetch live prices of a coin, closed candles only.

    Args:
        coin: Ticker, name or pair in the ways of exchanges, such as ``"BTC"``, ``"bitcoin"``,
            ``"BTC/USDT"`` or ``"BTC-EUR"``.
        interval: Candle length: 1m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h, 1d, 3d or 1w.
        start: Open of the first candle; a time without a zone is UTC. By default as far back as
            the source goes.
        end: Candles open before this time; now by default.
        days: Length of the window up to ``end``, in place of ``start``.
        simulated: What happens where no live source answers and no prices are cached:
            ``"refuse"`` raises an error, ``"allow"`` gives prices of the simulated market, which
            are labelled as such. ``"only"`` gives these at once and asks no source.

    Returns:
        Prices in ``quote``, USD unless the coin is a pair in another currency. Their notes say how
        old they are, and why an earlier source did not answer.

    Raises:
        SourceUnavailable: If no source answers, and simulated prices are refused or do not exist,
            as those of a listed coin in another currency than USD.
        InvalidInput: If the coin, the interval or the window is outside the rules.
        NotEnoughData: If no closed candle lies in the window.

    Example:
        >>> import cryptoforecast as cf
        >>> prices = cf.fetch("BTC", start="2024-01-01", end="2024-03-01", simulated="only")
        >>> prices.coin, prices.interval, len(prices), prices.simulated
        ('BTC', '1h', 1440, True)
    """
    if simulated not in SIMULATED:
        raise InvalidInput(
            f"`simulated` must be {', '.join(SIMULATED[:-1])} or {SIMULATED[-1]}. "
            f"Received: {simulated!r}."
        )
    _check_coin(coin)
    if days is not None and (not isinstance(days, Real) or isinstance(days, bool)):
        raise InvalidInput(
            f"`days` must be a number. Received: {days!r:.40}. Give one such as 365."
        )
    service = shared().prices
    query = choices.window(coin, interval, start=start, end=end, days=days)
    if simulated == "only":
        return Prices(service.simulated(query))
    return Prices(service.history(query, prices="live" if simulated == "refuse" else "any"))


def read(
    path_or_file: str | PathLike[str] | BinaryIO,
    *,
    coin: str | None = None,
    interval: str | None = None,
    repair: str | Collection[str] = (),
    **reading: object,
) -> Prices:
    r"""Read a price file: delimited text, JSON, Parquet or Feather, packed or not.

    Args:
        path_or_file: Path of the file, or the file itself, open for reading bytes.
        coin: Ticker; by default what the file calls it, else guessed from its name.
        interval: Merge into candles of this length; by default as in the file.
        repair: Repairs to make: outliers, ohlc_violations, flat_tail or flat, named as in
            ``quality``; level_shift_cut or level_shift_rescale where the coin's unit changed; or
            unlisted for prices of 0 before the first one. None by default.
        reading: How the file is written, where the reader should not decide by itself.
            ``delimiter`` is one character or ``"tab"``; ``columns`` has a column's name by its
            role, such as ``{"time": "Date"}``; ``day_first`` says whether 03/04/2024 is in April;
            ``zone`` is that of times without one, such as ``"Europe/Berlin"``; ``label`` is
            ``"open"`` or ``"close"``, the end of the candle that a time names; ``decimal`` is
            ``"."`` or ``","``; ``only`` is the one series to read of a file that has several, such
            as ``"ETH"``; ``quote`` is the currency of the prices, such as ``"EUR"``.

    Returns:
        Prices in the file's currency, USD where it names none; rows without a price are left out
        and reported in ``quality``.

    Raises:
        UnreadableFile: If the file can't be read without doubt; says what was seen and where.
        InvalidInput: If an argument is outside the rules.

    Example:
        >>> import io
        >>> import cryptoforecast as cf
        >>> rows = [f"2024-01-{day:02},{day},{day + 2},{day},{day + 1}" for day in range(1, 31)]
        >>> file = io.BytesIO("\n".join(["date,open,high,low,close", *rows]).encode())
        >>> cf.read(file, coin="BTC")
        Prices(BTC 1d, 30 candles, 2024-01-01 to 2024-01-31 UTC, from file unnamed)
    """
    if coin is not None:
        _check_coin(coin)
    source: Path | BinaryIO
    if isinstance(path_or_file, str | PathLike):
        source = Path(path_or_file)
        name = source.name
    else:
        source = path_or_file
        name = str(getattr(source, "name", ""))
        if not hasattr(source, "read") or isinstance(source, io.TextIOBase):
            raise InvalidInput(
                "A price file is a path, or a file open for reading bytes. Received: "
                f"{type(source).__name__}. Give its path, or open(path, 'rb')."
            )
    history = shared().prices.read(
        source,
        name,
        coin=coin,
        interval=interval,
        corrections=_corrections(reading),
        repairs=_names(repair),
    )
    return Prices(history)


def from_frame(
    df: pd.DataFrame,
    *,
    coin: str,
    interval: str | None = None,
    source: str = "frame",
    simulated: bool = False,
    repair: str | Collection[str] = (),
    only: str | None = None,
    quote: str | None = None,
) -> Prices:
    """Make prices of a DataFrame: of yfinance, of ccxt, or of an exchange's client.

    Args:
        df: One row a candle, in any order; it stays as it is. Times are the index or a column:
            datetimes (UTC where they have no zone), ISO 8601 text, or seconds, milliseconds,
            microseconds or nanoseconds since 1970. Columns are open, high, low, close and volume
            in any case, or numbered in the order in which exchanges write them. The close alone
            is enough; open, high and low are then taken to be the close, and the notes say so.
        coin: Ticker such as ``"BTC"``.
        interval: Merge into candles of this length; by default the most frequent spacing.
        source: Where the prices come from, in a few words.
        simulated: Whether the prices are not from a real market; whatever is made of them says so.
        repair: Repairs to make, as of ``read``; none by default.
        only: The one series to read of a frame that has several, as of ``read``.
        quote: Currency of the prices; by default what the frame names, else USD.

    Returns:
        Prices sorted. Rows without a price are left out and reported in ``quality``; a
        candle that is still open now is left out as well.

    Raises:
        InvalidInput: If times are missing or repeated, if a price is zero, negative or infinite,
            or if the frame can't be read without doubt.
        NotEnoughData: If no candle has closed.

    Example:
        >>> import pandas as pd
        >>> import cryptoforecast as cf
        >>> times = pd.date_range("2024-01-01", periods=48, freq="h", tz="America/New_York")
        >>> df = pd.DataFrame({"Close": range(100, 148)}, index=times)
        >>> cf.from_frame(df, coin="BTC", simulated=True)
        Prices(BTC 1h simulated, 48 candles, 2024-01-01 05:00 to 2024-01-03 05:00 UTC, from frame)
    """
    _check_coin(coin)
    if not isinstance(simulated, bool):
        raise InvalidInput(
            f"`simulated` of a DataFrame must be True or False. Received: {simulated!r:.40}."
        )
    history = shared().prices.from_frame(
        df,
        coin=coin,
        interval=interval,
        source=source,
        simulated=simulated,
        repairs=_names(repair),
        only=only,
        quote=quote,
    )
    return Prices(history)


def history_of(prices: Prices) -> PriceHistory:
    """Return the candles of prices, and refuse anything else.

    Raises:
        InvalidInput: If these are no ``Prices``.
    """
    if isinstance(prices, Prices):
        return prices.history
    remedy = "Use cryptoforecast.fetch, read or from_frame."
    if isinstance(prices, pd.DataFrame | pd.Series):
        remedy = 'Make them of it: cryptoforecast.from_frame(df, coin="BTC").'
    raise InvalidInput(f"`prices` must be Prices. Received: {type(prices).__name__}. {remedy}")


def _check_coin(coin: object) -> None:
    """Refuse anything but text as a coin.

    Raises:
        InvalidInput: If it is something else.
    """
    if not isinstance(coin, str):
        raise InvalidInput(
            f'`coin` must be one ticker, such as "BTC". Received: {coin!r:.60}. Give its text; '
            "several coins need a call each."
        )


def _names(names: str | Collection[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _corrections(reading: Mapping[str, object]) -> choices.Corrections:
    """Check the settings of a file's layout.

    Raises:
        InvalidInput: For an unknown name, or a value of another type.
    """
    for name, value in reading.items():
        if name not in _READING:
            raise InvalidInput(
                f"The reading of a file takes {', '.join(_READING)}. Received: {name!r:.40}. "
                "Leave it out."
            )
        if value is not None and not isinstance(value, _READING[name]):
            raise InvalidInput(
                f"`{name}` must be of type {_READING[name].__name__}. Received: {value!r:.60}."
            )
    values = {name: value for name, value in reading.items() if value is not None}
    return choices.Corrections(**values)  # type: ignore[arg-type]
