"""The way in to price files: read one into a price history."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from cryptoforecast.errors import NotEnoughData, SeveralSeries, UnreadableFile
from cryptoforecast.prices.candles import quality
from cryptoforecast.prices.candles.repairs import check, repair, with_repairs
from cryptoforecast.prices.candles.resample import step_of
from cryptoforecast.prices.candles.symbols import Symbol, guess, read_symbol, symbol_of
from cryptoforecast.prices.files.bounds import MAX_ROWS, give_back_memory
from cryptoforecast.prices.files.columns.quote import ASSUMED, HOW_TO_SAY
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.open_candles import closed_reading
from cryptoforecast.prices.files.opening import Report, open_source
from cryptoforecast.prices.files.readers.formats import read_candles
from cryptoforecast.prices.files.table import Reading
from cryptoforecast.types import PriceHistory, Problem
from cryptoforecast.types.prices import UNKNOWN_COIN
from cryptoforecast.types.quotes import COINS, DEFAULT_QUOTE, DOLLARS, MONEY, quote_of

#: Note on candles that are made of one price each.
CLOSES_ALONE = (
    "Each candle holds its close alone, so open, high and low are taken to be the close. The "
    "volatility cone and other figures of the range within a candle are undefined."
)


def read(
    source: Path | bytes | BinaryIO,
    name: str,
    *,
    coin: str | None = None,
    interval: str | None = None,
    corrections: Corrections | None = None,
    repairs: Collection[str] = (),
    max_candles: int = MAX_ROWS,
    report: Report | None = None,
    room: float = math.inf,
    now: pd.Timestamp | None = None,
) -> PriceHistory:
    """Read a price file: delimited text, JSON (either may be in gzip or zip), Parquet, Feather.

    The reader finds the delimiter, the encoding, the header, the columns and the formats of numbers
    and dates, and records them in the quality report's ``decisions``. It refuses a file that can
    be read in two ways. A column ``source`` that says ``simulated`` marks the prices as simulated.

    Args:
        source: Path, content, or an open binary file.
        name: The file's name, for messages and for guessing the coin.
        coin: Ticker or pair, such as ``"BTC-EUR"``; by default what the file calls it, else guessed
            from its name, else ``"UNKNOWN"``.
        interval: Merge into candles of this length; as in the file by default.
        corrections: What the user says about the file, where the reader would decide otherwise.
        repairs: Names of ``repairs.REPAIRS``, done on the final candles; none by default.
        max_candles: Candles that a text or Parquet file may have if ``interval`` is not given.
        report: Called with the share of the file that has been read.
        room: Bytes of memory that the rows may take while they are read.
        now: Candles that close after this time, UTC, are left out; the clock by default.

    Returns:
        Closed candles with source ``"file NAME"``. Rows without a price are left out and reported,
        and so are a live price at the end and candles that are still open.

    Raises:
        UnreadableFile: If the file can't be read without doubt; the message names the place.
        InvalidInput: If ``interval`` is unknown or no multiple of the file's candle length, a
            repair is unknown or leaves hardly a candle, or there are more candles than
            ``max_candles`` or than there is room for.
        NotEnoughData: If no candle has closed.
    """
    now = pd.Timestamp.now("UTC") if now is None else now
    check(repairs)
    if interval is not None:
        step_of(interval)
    name = re.sub(r"[^\w .()+-]", "_", Path(name).name)[:120] or "unnamed"
    own = None if coin is None else symbol_of(coin)
    corrections = corrections or Corrections()
    summary = corrections.summary
    if "unlisted" in repairs:
        corrections = dataclasses.replace(corrections, unlisted=True)
    if own and own.quote and corrections.quote is None:
        corrections = dataclasses.replace(corrections, quote=own.quote)
    try:
        with open_source(source, report) as stream:
            reading = read_candles(stream, corrections, interval, max_candles, report, room)
        give_back_memory()
        symbol = _symbol(own, reading, name, corrections)
        reading, notes = closed_reading(reading, now, "file")
    except SeveralSeries as error:
        raise SeveralSeries(f"{name} can't be read. {error}", error.names) from error
    except (UnreadableFile, NotEnoughData) as error:
        raise type(error)(f"{name} can't be read. {error}") from error
    if summary:
        reading.decisions["corrected"] = summary
    history = to_history(reading, symbol, f"file {name}", repairs)
    return dataclasses.replace(history, fetched_at=now, notes=(*notes, *history.notes))


def _symbol(own: Symbol | None, reading: Reading, name: str, corrections: Corrections) -> Symbol:
    """Settle coin and quote: as the user says, else the file, else its name.

    Args:
        own: What the user says.
        reading: Candles as they were read; its decisions gain the quote that the name says.
        name: The file's name.
        corrections: The quote that the user says.

    Raises:
        UnreadableFile: If the file and its name say different quotes, and the user none.
    """
    inside = read_symbol(reading.symbol) if reading.symbol else None
    outside = guess(name)
    by_name = (outside.quote if outside else None) or _money_in(name)
    if _is_quote_of_other(inside, own or outside, reading, corrections):
        reading = dataclasses.replace(reading, quote=inside.ticker if inside else "")
        reading.decisions["currency"] = f"{reading.quote} (the columns of the prices say)"
        inside = None
    ticker = next((symbol.ticker for symbol in (own, inside, outside) if symbol), UNKNOWN_COIN)
    # A coin's prices are not in itself: "Open (BTC)" says which coin it is.
    inner = None if reading.quote == ticker in COINS else reading.quote or None
    if corrections.quote is not None:
        return Symbol(ticker, corrections.quote)
    if inner and by_name and inner != by_name and "prices" not in reading.decisions:
        raise UnreadableFile(
            f"Prices must be in one currency. Received: {by_name} in the file's name, and "
            f"{reading.decisions.get('currency', inner)} in the file. Say which is right "
            f"({HOW_TO_SAY})."
        )
    if inner is None:
        says = f"{by_name} (the file's name says)" if by_name else ASSUMED.format("file")
        reading.decisions["currency"] = says
    return Symbol(ticker, inner or by_name)


def _is_quote_of_other(
    inside: Symbol | None, coin: Symbol | None, reading: Reading, corrections: Corrections
) -> bool:
    """Tell whether the coin in the names of the prices is what another coin is quoted in.

    Args:
        inside: The coin that the file names.
        coin: The coin that the user or the file's name says.
        reading: The candles. Only a file with the prices of one coin may be meant so.
        corrections: Which series the user wants, if the file has several.
    """
    if inside is None or coin is None or not reading.by_columns:
        return False
    alone = corrections.only is None and "prices" not in reading.decisions
    return alone and not inside.quote and inside.ticker in COINS and inside.ticker != coin.ticker


def _money_in(name: str) -> str | None:
    """Return the one currency that is a word of a file's name: ``prices_in_eur.csv``."""
    words = {word for word in re.findall("[A-Za-z]+", name) if word != "try"}
    quotes = {quote_of(word) for word in words if word.upper() in MONEY.keys() | DOLLARS}
    return quotes.pop() if len(quotes) == 1 else None


def _other_coin(reading: Reading, symbol: Symbol) -> tuple[Problem, ...]:
    """Report that the prices name another coin than the user does."""
    ticker, inside = symbol.ticker, read_symbol(reading.symbol) if reading.symbol else None
    if inside is None or inside.ticker not in COINS or inside.ticker in (ticker, symbol.quote):
        return ()
    detail = f"these prices call their coin {inside.ticker}, and are read as those of {ticker}"
    return (Problem("other_coin", len(reading.candles), None, f"read as {ticker}", detail),)


def to_history(
    reading: Reading, symbol: Symbol, source: str, repairs: Collection[str]
) -> PriceHistory:
    """Make a price history of candles: repair them, and report their quality.

    Args:
        reading: Candles as they were read.
        symbol: Ticker of the coin, and its quote.
        source: See ``PriceHistory``.
        repairs: Names of ``repairs.REPAIRS`` to do.

    Raises:
        InvalidInput: If a repair is unknown, or hardly a candle would remain.
    """
    result = repair(reading.candles, repairs, reading.lines, reading.splices)
    other = _other_coin(reading, symbol)
    report = quality.report(
        result.candles,
        reading.interval,
        duplicates=reading.duplicates,
        decisions=reading.decisions,
        problems=(*other, *reading.problems, *result.problems),
        lines=result.lines,
        splices=result.splices,
    )
    return PriceHistory(
        coin=symbol.ticker,
        interval=reading.interval,
        candles=result.candles,
        source=source,
        fetched_at=pd.Timestamp.now("UTC"),
        simulated=reading.simulated,
        volume_unit=reading.volume_unit,
        quote=symbol.quote or DEFAULT_QUOTE,
        notes=(
            *(f"{problem.detail[:1].upper()}{problem.detail[1:]}." for problem in other),
            *[CLOSES_ALONE] * reading.closes_alone,
            *result.notes,
        ),
        quality=dataclasses.replace(report, problems=with_repairs(report.problems, result.candles)),
    )
