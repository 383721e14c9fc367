"""Candles out of a DataFrame, by the rules of the file reader.

What a column means, which numbers are prices and how times are read is decided by
``prices.files``. This module has only what a DataFrame has and a file lacks: an index, columns in
two levels, columns that are numbered, and types.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput, UnreadableFile
from cryptoforecast.prices.candles.repairs import check as check_repairs
from cryptoforecast.prices.candles.resample import step_of
from cryptoforecast.prices.candles.symbols import symbol_of
from cryptoforecast.prices.files.candles import candles_from_table
from cryptoforecast.prices.files.columns.choice import role_of
from cryptoforecast.prices.files.columns.dialects import ALIASES, plain_name
from cryptoforecast.prices.files.columns.quote import ASSUMED
from cryptoforecast.prices.files.columns.roles import (
    are_enough,
    choose_roles,
    is_closing,
    is_foreign,
    is_yahoo,
    unique_names,
)
from cryptoforecast.prices.files.columns.shapes import roles_by_shape, unknown_shape
from cryptoforecast.prices.files.columns.tickers import quote_of_ticker
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.open_candles import closed_reading
from cryptoforecast.prices.files.price_file import to_history
from cryptoforecast.prices.files.table import PRICES, Reading, Table
from cryptoforecast.types import Array, PriceHistory

#: Rows by which columns without names are recognised.
MAX_SAMPLE = 1_000
#: Characters the name of a source may have.
MAX_SOURCE = 120
# What a frame is called by those who know pandas, for whom a remedy may be in its words.
_FRAME = "DataFrame"


def read(
    frame: pd.DataFrame,
    *,
    coin: str,
    interval: str | None = None,
    source: str = "frame",
    simulated: bool = False,
    repairs: Collection[str] = (),
    now: pd.Timestamp | None = None,
    only: str | None = None,
    quote: str | None = None,
    noun: str = _FRAME,
) -> PriceHistory:
    """Make a history from a DataFrame, which is not changed.

    Args:
        frame: One row a candle, in any order. Times are the index or a column: datetimes (UTC
            where they have no zone), ISO 8601 text, or seconds, milliseconds, microseconds or
            nanoseconds since 1970. Columns are named in any case, or numbered as exchanges order
            them; a column of closes alone is enough.
        coin: Ticker or symbol, such as ``"BTC"``.
        interval: Merge into candles of this length; the most frequent spacing by default.
        source: Where the prices come from, in a few words.
        simulated: Whether the prices are not from a real market.
        repairs: Names of ``repairs.REPAIRS``, done on the final candles; none by default.
        now: Candles that close after this time, UTC, are left out; the clock by default.
        only: The one series to read, where rows or columns are of several.
        quote: Currency of the prices; by default what the frame or the coin's symbol says.
        noun: What notes and errors call the frame.

    Returns:
        Closed candles; rows without a price are left out and reported, and so are a live price at
        the end and candles that are still open.

    Raises:
        InvalidInput: If an argument is outside its rules, or the frame can't be read without doubt;
            the message says what was seen and where.
        NotEnoughData: If no candle has closed.
    """
    if not isinstance(frame, pd.DataFrame):
        hint = " Use series.to_frame('close')." if isinstance(frame, pd.Series) else ""
        raise InvalidInput(
            f"Prices are read from a pandas DataFrame. Received: {type(frame).__name__}."
            f"{hint or ' Make a DataFrame of it first.'}"
        )
    if not isinstance(source, str) or not 0 < len(source) <= MAX_SOURCE:
        raise InvalidInput(
            f"`source` must be a text of 1 to {MAX_SOURCE} characters. Received: {source!r:.60}."
        )
    check_repairs(repairs)
    if interval is not None:
        step_of(interval)
    symbol = symbol_of(coin)
    unlisted = "unlisted" in repairs
    corrections = Corrections(only=only, quote=quote or symbol.quote, unlisted=unlisted)
    try:
        table = tabulate(frame, corrections, noun)
        reading = candles_from_table(table, corrections, interval)
    except UnreadableFile as error:
        raise InvalidInput(f"The {noun} can't be read. {error}") from error
    _refuse_repeated(frame, reading, noun)
    now = pd.Timestamp.now("UTC") if now is None else now
    reading, notes = closed_reading(reading, now, noun)
    if not reading.quote:
        reading.decisions["currency"] = ASSUMED.format(noun)
    symbol = dataclasses.replace(symbol, quote=reading.quote or None)
    history = to_history(reading, symbol, source, repairs)
    return dataclasses.replace(
        history,
        simulated=simulated or history.simulated,
        fetched_at=now,
        notes=(*notes, *history.notes),
    )


def tabulate(
    frame: pd.DataFrame, corrections: Corrections | None = None, noun: str = _FRAME
) -> Table:
    """Find the times and prices of a DataFrame.

    Args:
        frame: See ``read``.
        corrections: Which of several series or currencies is wanted.
        noun: What errors call the frame.

    Returns:
        Copies of the columns that matter.

    Raises:
        UnreadableFile: If they are not there, or there are those of several coins.
    """
    if frame.empty:
        raise UnreadableFile(
            f"Candles are needed. Received: {len(frame)} rows and {frame.shape[1]} columns."
        )
    if isinstance(frame.index, pd.MultiIndex):
        frame = frame.reset_index(allow_duplicates=True)
    corrections = corrections or Corrections()
    symbol = _pair_of(frame.columns)
    names = _names(frame.columns, corrections.only, noun)
    parts = [frame.iloc[:, i] for i in range(frame.shape[1])]
    decisions: dict[str, str] = {}
    if names:
        roles = _by_name(names, parts, corrections, decisions)
        names = list(unique_names(names))
        index = _times_of(frame.index, "time" in roles)
    else:
        names = [f"column {i + 1}" for i in range(len(parts))]
        index = _times_of(frame.index, True)
        roles = _by_shape(names, parts, index)
    if index is not None:
        names, parts = [str(index.name), *names], [index, *parts]
        roles = {role: name for role, name in roles.items() if role_of(role) != "time"}
        roles["time"] = str(index.name)
    _check_roles(names, roles, noun)
    return dataclasses.replace(_table(names, parts, roles, decisions), symbol=symbol)


def _names(labels: pd.Index, only: str | None, noun: str) -> list[str]:
    """Name the columns as a file would; empty where they are numbered."""
    if isinstance(labels, pd.MultiIndex):
        return _of_one_ticker(labels, only, noun)
    if all(isinstance(label, int | np.integer) for label in labels):
        return []
    return [str(label) for label in labels]


def _pair_of(labels: pd.Index) -> str:
    """Return the one pair that a level of the columns names; empty where there is none."""
    if not isinstance(labels, pd.MultiIndex):
        return ""
    levels = ({*map(str, labels.get_level_values(i))} - {""} for i in range(labels.nlevels))
    pairs = [name for level in levels if len(level) == 1 for name in level if quote_of_ticker(name)]
    return pairs[0] if len(pairs) == 1 else ""


def _of_one_ticker(labels: pd.MultiIndex, only: str | None, noun: str) -> list[str]:
    """Take the level that names prices, where the other names one ticker, or the wanted one.

    Raises:
        UnreadableFile: If there are several tickers, one beside the other.
    """
    levels = [[str(label) for label in labels.get_level_values(i)] for i in range(labels.nlevels)]
    words = [{plain_name(name) for name in level} & {*ALIASES["close"]} for level in levels]
    if len(levels) != 2 or not any(words):
        names = [" ".join(each) for each in zip(*levels, strict=True)]
        raise _missing(names, ("time", "close"), noun)
    at = 0 if words[0] else 1
    beside = zip(levels[at], levels[1 - at], strict=True)
    tickers = sorted({ticker for word, ticker in beside if word and ticker})
    if len(tickers) > 1 and only is not None:
        pairs = zip(levels[at], levels[1 - at], strict=True)
        return [f"{word} {ticker}" if word and ticker else word or ticker for word, ticker in pairs]
    if len(tickers) > 1:
        example = f", such as df.xs({tickers[0]!r}, axis=1, level={1 - at})"
        raise UnreadableFile(
            f"A {noun} must hold one coin. Received: {', '.join(tickers)[:80]} side by side. "
            f"Choose one{example if noun == _FRAME else ''}."
        )
    # A column that was an index before has a name in one level only.
    return [name or other for name, other in zip(levels[at], levels[1 - at], strict=True)]


def _by_name(
    names: Sequence[str],
    parts: Sequence[pd.Series],
    corrections: Corrections,
    decisions: dict[str, str],
) -> dict[str, str]:
    """Find roles by name; the only column of datetimes is the time in any case.

    Raises:
        UnreadableFile: If the names show several series, and the user names none of them.
    """
    choice = choose_roles(names, None, corrections.preference)
    if choice.refusal:
        raise choice.refusal
    decisions.update(choice.decisions)
    roles = choice.roles
    if "time" not in roles:
        with_dates = [name for name, part in zip(names, parts, strict=True) if _is_dated(part)]
        if len(with_dates) == 1:
            roles["time"] = with_dates[0]
    return roles


def _by_shape(
    names: Sequence[str], parts: Sequence[pd.Series], index: pd.Series | None
) -> dict[str, str]:
    """Recognise an exchange's numbered columns by the numbers of the first candles."""
    columns = list(parts) if index is None else [index, *parts]
    labels = list(names) if index is None else [str(index.name), *names]
    numbers = np.column_stack([_numbers(part) for part in columns])
    rows = numbers[np.argsort(numbers[:, 0], kind="stable")]
    sound = np.isfinite(rows[:, : min(len(columns), 5)]).all(axis=1)
    if not sound.any():
        raise unknown_shape(len(columns))
    roles = roles_by_shape(rows[sound][:MAX_SAMPLE])
    return {role: labels[position] for position, role in roles.items()}


def _numbers(part: pd.Series) -> Array:
    if _is_dated(part):
        return np.asarray(pd.DatetimeIndex(part).asi8, dtype=float)
    _check_real(part)
    numbers = pd.to_numeric(part, errors="coerce")
    return np.asarray(numbers.to_numpy(dtype=float, na_value=np.nan))


def _check_real(part: pd.Series) -> None:
    """Refuse complex numbers, of which half would be dropped.

    Raises:
        UnreadableFile: If the column holds them.
    """
    if pd.api.types.is_complex_dtype(part.dtype):
        raise UnreadableFile(
            f"Columns must hold numbers, text or times. Received: {part.dtype} in column "
            f"{part.name!r}. Save one number a column."
        )


def _is_dated(part: pd.Series) -> bool:
    return bool(pd.api.types.is_datetime64_any_dtype(part.dtype))


def _times_of(index: pd.Index, has_times: bool) -> pd.Series | None:
    """Return the index as a column of times; ``None`` if it only counts the rows.

    Args:
        index: Of the frame.
        has_times: Whether a column holds times; an index of datetimes, or one that is called so,
            comes before it.
    """
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    called = index.name is not None and plain_name(index.name) in ALIASES["time"]
    has_dates = isinstance(index, pd.DatetimeIndex)
    if not (has_dates or called) and (has_times or index.equals(pd.RangeIndex(len(index)))):
        return None
    # An index that is called "close_time" holds the ends of the candles.
    return pd.Series(index, name=str(index.name) if called else "time")


def _table(
    names: Sequence[str],
    parts: Sequence[pd.Series],
    roles: Mapping[str, str],
    decisions: Mapping[str, str],
) -> Table:
    values: dict[str, pd.Series] = {}
    for name, part in zip(names, parts, strict=True):
        values.setdefault(name, part)
    own_names = dict.fromkeys(roles.values())
    for name in own_names:
        _check_real(values[name])
    return Table(
        frame=pd.DataFrame(
            {name: values[name].reset_index(drop=True).copy() for name in own_names}
        ),
        roles=roles,
        unit="row",
        first=0,
        yahoo=is_yahoo(names),
        closing=is_closing(roles, names),
        foreign=is_foreign(names),
        decisions={**decisions, "format": "DataFrame"},
        others=[name for name in values if name not in own_names and _may_name(values[name])],
        load=lambda names: pd.DataFrame(
            {name: values[name].reset_index(drop=True) for name in names}
        ),
    )


def _may_name(part: pd.Series) -> bool:
    """Tell whether a column may name series: text, categories or whole numbers."""
    kinds = pd.api.types
    if kinds.is_bool_dtype(part.dtype):
        return False
    if kinds.is_object_dtype(part.dtype):
        return all(isinstance(value, str) or value is None for value in part)
    text = kinds.is_string_dtype(part.dtype) or isinstance(part.dtype, pd.CategoricalDtype)
    return bool(text or kinds.is_integer_dtype(part.dtype))


def _check_roles(names: Sequence[str], roles: Mapping[str, str], noun: str) -> None:
    """Refuse a frame without times, or with some but not all of the four prices.

    Raises:
        UnreadableFile: If a column is missing; the message names those that are there.
    """
    if are_enough(roles):
        return
    needed = PRICES if {*PRICES} & roles.keys() - {"close"} else ("close",)
    raise _missing(names, [role for role in ("time", *needed) if role not in roles], noun)


def _missing(names: Sequence[str], missing: Sequence[str], noun: str) -> UnreadableFile:
    """Make the error for a frame that lacks columns."""
    place, remedy = "", "Add them."
    if noun == _FRAME:
        place = ", as its index or as a column,"
        remedy = "Rename its columns, such as df.rename(columns={'settled': 'close'})."
    if noun == _FRAME and [*missing] == ["time"]:
        remedy = (
            "Make the times at which its candles open the index, such as df.set_index('opened')."
        )
    return UnreadableFile(
        f"A {noun} of prices needs times{place} and the columns open, high, low and close, or "
        f"close alone. Missing: {', '.join(missing)}. Received: {', '.join(names)[:200]}. {remedy}"
    )


def _refuse_repeated(frame: pd.DataFrame, reading: Reading, noun: str) -> None:
    """Refuse several candles of one time: which of them counts must not follow from their order.

    Raises:
        InvalidInput: If there are any.
    """
    duplicates = [problem for problem in reading.problems if problem.kind == "duplicates"]
    if not duplicates:
        return
    count = "1 row" if reading.duplicates == 1 else f"{reading.duplicates:,} rows"
    example = ", such as df[~df.index.duplicated(keep='last')]"
    if isinstance(frame.index, pd.RangeIndex):
        example = ", such as df.drop_duplicates(subset=TIME, keep='last')"
    raise InvalidInput(
        f"The {noun} can't be read. Each candle must have a time of its own. Received: "
        f"{count} whose time is there again (row {duplicates[0].first_line} is the first). "
        f"Keep one of each{example if noun == _FRAME else ''}."
    )
