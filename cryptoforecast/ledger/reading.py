"""Questions to the ledger: its series, their records, their entries, and what is due."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import sqlalchemy as sa

from cryptoforecast.errors import InvalidInput
from cryptoforecast.ledger import rows, series_store, sums, tables
from cryptoforecast.types.ledger import LedgerEntry, LedgerRecord, LedgerSeries, SeriesName

_OUTCOME = "outcome_"
#: Series in one answer, at most.
MAX_SERIES = 500


def all_series(connection: sa.Connection) -> list[LedgerSeries]:
    """Return the series with the most forecasts, at most ``MAX_SERIES``, and their counts."""
    due = (
        sa.select(sa.func.min(tables.waiting.c.due_at))
        .where(tables.waiting.c.series == tables.series.c.id)
        .scalar_subquery()
    )
    statement = sa.select(tables.series, due.label("due")).order_by(
        tables.series.c.recorded.desc(), tables.series.c.id
    )
    found = connection.execute(statement.limit(MAX_SERIES)).mappings()
    return [_series(row) for row in found]


def record(connection: sa.Connection, name: SeriesName, step: int) -> LedgerRecord:
    """Return what the graded forecasts of a series show at one step.

    Raises:
        InvalidInput: If there is no such series, or no such step.
    """
    if not 1 <= step <= name.horizon:
        raise InvalidInput(f"`step` must be 1 to {name.horizon}. Received: {step}.")
    statement = sa.select(
        tables.series,
        sa.select(sa.func.min(tables.waiting.c.due_at))
        .where(tables.waiting.c.series == tables.series.c.id)
        .scalar_subquery()
        .label("due"),
    )
    row = connection.execute(statement.where(*series_store.of_series(name))).mappings().first()
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


def entries(
    connection: sa.Connection, name: SeriesName | None, limit: int, before: int | None = None
) -> list[LedgerEntry]:
    """Return forecasts with their outcomes, the newest first.

    Args:
        connection: To the ledger.
        name: Only those of this series.
        limit: How many, at most.
        before: Only those with a smaller position.
    """
    statement = _entries()
    if name is None:
        statement = statement.order_by(tables.forecasts.c.position.desc())
    else:
        named = rows.of_series(name).items()
        statement = statement.where(*(tables.forecasts.c[key] == value for key, value in named))
        statement = statement.order_by(tables.forecasts.c.origin.desc())
    if before is not None:
        statement = statement.where(tables.forecasts.c.position < before)
    return _read(connection.execute(statement.limit(limit)))


def due(connection: sa.Connection, now: pd.Timestamp, limit: int) -> list[LedgerEntry]:
    """Return open forecasts whose last candle has closed, the first due first."""
    statement = (
        _entries()
        .join(tables.waiting, tables.waiting.c.forecast == tables.forecasts.c.position)
        .where(tables.waiting.c.due_at <= rows.time_text(now))
        .order_by(tables.waiting.c.due_at, tables.forecasts.c.position)
    )
    return _read(connection.execute(statement.limit(limit)))


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


def names(found: Sequence[LedgerSeries]) -> list[SeriesName]:
    """Return the names of series."""
    return [series.name for series in found]
