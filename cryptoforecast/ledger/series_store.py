"""The sums of each series, stored beside the entries: read, added to and written back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import sqlalchemy as sa

from cryptoforecast.ledger import rows, sums, tables
from cryptoforecast.ledger.sums import SeriesSums
from cryptoforecast.types.ledger import LedgerForecast, LedgerOutcome, SeriesName

_NAMES = (*tables.SERIES, "horizon")
_NUMBER = sa.select(tables.series.c.id).where(
    *(tables.series.c[name] == sa.bindparam(name) for name in _NAMES)
)
_COUNT_MORE = (
    sa.update(tables.series)
    .where(tables.series.c.id == sa.bindparam("number"))
    .values(recorded=tables.series.c.recorded + sa.bindparam("more"))
)


@dataclass
class _Loaded:
    """The sums of one series while outcomes are added: those of the weeks that change."""

    number: int
    sums: SeriesSums


class SeriesStore:
    """Adds entries to the sums of their series, in the transaction of a writer.

    Args:
        connection: Of the writer; no other one writes meanwhile.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._loaded: dict[SeriesName, _Loaded] = {}
        self._numbers: dict[SeriesName, int] = {}
        self._recorded: Counter[int] = Counter()
        self._waiting: list[dict[str, object]] = []
        self._settled: list[int] = []

    def add_forecast(self, position: int, forecast: LedgerForecast) -> None:
        """Count a new forecast, which waits for its outcome."""
        number = self._number(forecast.series)
        self._recorded[number] += 1
        due = rows.time_text(forecast.due_at)
        self._waiting.append({"forecast": position, "series": number, "due_at": due})

    def add_outcome(self, forecast: LedgerForecast, outcome: LedgerOutcome) -> None:
        """Count an outcome, and let its forecast wait no longer."""
        loaded = self._load(forecast.series)
        week = sums.week_of(forecast)
        if week not in loaded.sums.weeks:
            figures = self._connection.execute(
                sa.select(tables.tallies.c.figures).where(
                    tables.tallies.c.series == loaded.number, tables.tallies.c.week == week
                )
            ).scalar()
            if figures is not None:
                loaded.sums.weeks[week] = sums.values(figures)
        loaded.sums.add(forecast, outcome)
        self._settled.append(outcome.forecast)

    def write(self) -> None:
        """Write what has changed."""
        for loaded in self._loaded.values():
            write(self._connection, loaded.number, loaded.sums)
        if self._waiting:
            # This comes after the sums, since these write the count from before.
            more = [{"number": one, "more": count} for one, count in self._recorded.items()]
            self._connection.execute(_COUNT_MORE, more)
            self._connection.execute(sa.insert(tables.waiting), self._waiting)
        if self._settled:
            statement = sa.delete(tables.waiting).where(
                tables.waiting.c.forecast == sa.bindparam("position")
            )
            self._connection.execute(statement, [{"position": one} for one in self._settled])

    def _load(self, name: SeriesName) -> _Loaded:
        if name not in self._loaded:
            number = self._number(name)
            row = self._connection.execute(
                sa.select(tables.series).where(tables.series.c.id == number)
            ).mappings().one()  # fmt: skip
            self._loaded[name] = _Loaded(number, read(row))
        return self._loaded[name]

    def _number(self, name: SeriesName) -> int:
        """Return the number of a series; a new one gets a row."""
        if name not in self._numbers:
            number = self._connection.execute(_NUMBER, rows.of_series(name)).scalar()
            if number is None:
                number = insert(self._connection, name, SeriesSums(name.horizon))
            self._numbers[name] = number
        return self._numbers[name]


def of_series(name: SeriesName) -> list[sa.ColumnElement[bool]]:
    """Return the conditions that find a series in its table."""
    return [tables.series.c[column] == value for column, value in rows.of_series(name).items()]


def read(row: rows.Row) -> SeriesSums:
    """Read the sums of a series from its row, without its weeks."""
    return SeriesSums(
        horizon=row["horizon"],
        recorded=row["recorded"],
        settled=row["settled"],
        source_gone=row["source_gone"],
        candle_revised=row["candle_revised"],
        evidence=sums.values(row["evidence"]),
    )


def insert(connection: sa.Connection, name: SeriesName, counted: SeriesSums) -> int:
    """Write a new series, without its weeks, and return its number."""
    row = {
        **rows.of_series(name), **counted.counts(), "evidence": sums.text(counted.evidence)
    }  # fmt: skip
    added = connection.execute(sa.insert(tables.series), row).inserted_primary_key
    return int(added[0]) if added is not None else 0


def write(connection: sa.Connection, number: int, counted: SeriesSums) -> None:
    """Write the sums of a series over those that were there."""
    connection.execute(
        sa.update(tables.series)
        .where(tables.series.c.id == number)
        .values(**counted.counts(), evidence=sums.text(counted.evidence))
    )
    for week, figures in counted.weeks.items():
        connection.execute(
            sa.delete(tables.tallies).where(
                tables.tallies.c.series == number, tables.tallies.c.week == week
            )
        )
        connection.execute(
            sa.insert(tables.tallies),
            {"series": number, "week": week, "figures": sums.text(figures)},
        )
