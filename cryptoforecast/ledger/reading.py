"""Queries of the ledger: its series, their records, their entries, and what is due."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import pandas as pd
import sqlalchemy as sa

from cryptoforecast.errors import InvalidInput
from cryptoforecast.ledger import rows, series_store, sums, tables
from cryptoforecast.types import INTERVALS
from cryptoforecast.types.ledger import LedgerEntry, SeriesName
from cryptoforecast.types.ledger_record import LedgerRecord, LedgerSeries

_OUTCOME = "outcome_"
#: Series in one answer, at most.
MAX_SERIES = 500
#: Positions in one query, at most: a database bounds their number.
MAX_NUMBERS = 500


def series(
    connection: sa.Connection,
    model: str | None = None,
    predictor: str | None = None,
    coin: str | None = None,
    interval: str | None = None,
) -> list[LedgerSeries]:
    """Return the series with the most forecasts, at most ``MAX_SERIES``, and their counts.

    Args:
        connection: To the ledger.
        model: Only those of this model.
        predictor: Only those of this predictor.
        coin: Only those of this ticker, or of this pair such as ``"BTC-EUR"``.
        interval: Only those of this candle length.
    """
    table = tables.series.c
    statement = _series_rows().order_by(table.recorded.desc(), table.id).limit(MAX_SERIES)
    for column, value in (
        (table.model, model), (table.predictor, predictor), (table.interval, interval)
    ):  # fmt: skip
        if value is not None:
            statement = statement.where(column == value)
    if coin is not None:
        pair = table.coin + "-" + table.quote
        statement = statement.where(sa.or_(table.coin == coin.upper(), pair == coin.upper()))
    return [_series(row) for row in connection.execute(statement).mappings()]


def record(connection: sa.Connection, name: SeriesName, step: int) -> LedgerRecord:
    """Return what the graded forecasts of a series show at one step.

    Raises:
        InvalidInput: If there is no such series, or no such step.
    """
    if not 1 <= step <= name.horizon:
        raise InvalidInput(f"`step` must be 1 to {name.horizon}. Received: {step}.")
    statement = _series_rows().where(*series_store.of_series(name))
    row = connection.execute(statement).mappings().first()
    if row is None:
        raise InvalidInput(
            f"The ledger has no forecast of {name.market} {name.interval} by {name.model:.80} "
            f"({name.predictor:.80}). Record one, or choose another."
        )
    weeks = connection.execute(
        sa.select(tables.tallies.c.week, tables.tallies.c.figures).where(
            tables.tallies.c.series == row["id"]
        )
    )
    return sums.record(
        _series(row),
        {week: sums.values(figures) for week, figures in weeks},
        sums.values(row["evidence"]),
        step,
    )


def entries(connection: sa.Connection, name: SeriesName | None, limit: int) -> list[LedgerEntry]:
    """Return forecasts with their outcomes, the newest first.

    Args:
        connection: To the ledger.
        name: Only those of this series.
        limit: How many, at most.
    """
    statement = _entries()
    if name is None:
        statement = statement.order_by(tables.forecasts.c.position.desc())
    else:
        statement = statement.where(*_of(name)).order_by(tables.forecasts.c.origin.desc())
    return _read(connection.execute(statement.limit(limit)))


def apart(connection: sa.Connection, name: SeriesName, step: int, limit: int) -> list[LedgerEntry]:
    """Return forecasts of a series whose spans up to a step do not overlap, the newest first.

    Args:
        connection: To the ledger.
        name: The series.
        step: Candles between two origins.
        limit: How many origins, counted back from the newest one; one may have no forecast.
    """
    origin = tables.forecasts.c.origin
    last = sa.select(origin).where(*_of(name)).order_by(origin.desc()).limit(1)
    newest = connection.execute(last).scalar()
    if newest is None:
        return []
    length = step * INTERVALS[name.interval]
    origins = [rows.time_text(rows.time_of(newest) - number * length) for number in range(limit)]
    statement = _entries().where(*_of(name), origin.in_(origins)).order_by(origin.desc())
    return _read(connection.execute(statement))


def newest(connection: sa.Connection, names: Sequence[SeriesName], limit: int) -> list[LedgerEntry]:
    """Return the newest forecasts of some series together, the newest first.

    Args:
        connection: To the ledger.
        names: The series.
        limit: How many, at most.
    """
    place = tables.forecasts.c.position
    of_each = (
        sa.select(place).where(*_of(name)).order_by(tables.forecasts.c.origin.desc()).limit(limit)
        for name in names
    )
    positions = heapq.nlargest(
        limit, (position for one in of_each for position in connection.execute(one).scalars())
    )
    result = []
    for first in range(0, len(positions), MAX_NUMBERS):
        page = place.in_(positions[first : first + MAX_NUMBERS])
        result += _read(connection.execute(_entries().where(page).order_by(place.desc())))
    return result


def entry(connection: sa.Connection, position: int) -> LedgerEntry:
    """Return the forecast at a position, with its outcome; one must have been recorded there."""
    statement = _entries().where(tables.forecasts.c.position == position)
    (only,) = _read(connection.execute(statement))
    return only


def due(
    connection: sa.Connection, now: pd.Timestamp, limit: int, after: LedgerEntry | None = None
) -> list[LedgerEntry]:
    """Return open forecasts whose last candle has closed, the first due first.

    Args:
        connection: To the ledger.
        now: The time, UTC.
        limit: How many, at most.
        after: Only those that come after this one in that order.
    """
    place = sa.tuple_(tables.waiting.c.due_at, tables.waiting.c.forecast)
    statement = (
        _entries()
        .join(tables.waiting, tables.waiting.c.forecast == tables.forecasts.c.position)
        .where(tables.waiting.c.due_at <= rows.time_text(now))
        .order_by(tables.waiting.c.due_at, tables.waiting.c.forecast)
    )
    if after is not None:
        statement = statement.where(place > (rows.time_text(after.forecast.due_at), after.position))
    return _read(connection.execute(statement.limit(limit)))


def _of(name: SeriesName) -> list[sa.ColumnElement[bool]]:
    """Return the conditions that a forecast is one of a series."""
    return [tables.forecasts.c[key] == value for key, value in rows.of_series(name).items()]


def _series_rows() -> sa.Select[tuple[object, ...]]:
    """Return the rows of the series, each with the time at which its next forecast is due."""
    next_due = (
        sa.select(sa.func.min(tables.waiting.c.due_at))
        .where(tables.waiting.c.series == tables.series.c.id)
        .scalar_subquery()
    )
    return sa.select(*tables.series.c, next_due.label("due"))


def _entries() -> sa.Select[tuple[object, ...]]:
    outcome = [column.label(_OUTCOME + column.name) for column in tables.outcomes.c]
    joined = tables.forecasts.join(
        tables.chain, tables.chain.c.position == tables.forecasts.c.position
    ).outerjoin(tables.outcomes, tables.outcomes.c.forecast == tables.forecasts.c.position)
    return sa.select(tables.forecasts, tables.chain.c.hash, *outcome).select_from(joined)


def _read(result: sa.CursorResult[tuple[object, ...]]) -> list[LedgerEntry]:
    return [_entry(row) for row in result.mappings()]


def _entry(row: rows.Row) -> LedgerEntry:
    outcome = {column.name: row[_OUTCOME + column.name] for column in tables.outcomes.c}
    return LedgerEntry(
        position=row["position"],
        hash=row["hash"],
        forecast=rows.forecast_of(row),
        outcome=None if outcome["position"] is None else rows.outcome_of(outcome),
    )


def _series(row: rows.Row) -> LedgerSeries:
    counts = series_store.read(row).counts()
    due_at = None if row["due"] is None else rows.time_of(row["due"])
    return LedgerSeries(name=rows.series_of(row), **counts, next_due=due_at)
