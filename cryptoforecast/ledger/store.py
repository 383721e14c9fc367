"""The ledger: what is written to it, in one chain, and what is read from it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import sqlalchemy as sa

from cryptoforecast.errors import InvalidInput
from cryptoforecast.ledger import chain, rows, tables
from cryptoforecast.ledger.database import Database
from cryptoforecast.ledger.series_store import SeriesStore
from cryptoforecast.types.ledger import LedgerForecast, LedgerFuture, LedgerHead, LedgerOutcome

#: How far the clocks of machines that write one ledger may differ.
MAX_CLOCK_DIFFERENCE = pd.Timedelta(seconds=5)


def _same(table: sa.Table, columns: Sequence[str]) -> sa.Select[tuple[int]]:
    """Return the query for a row that has the same values in some columns."""
    return sa.select(table.c.position).where(
        *(table.c[name] == sa.bindparam(name) for name in columns)
    )


#: A forecaster has one forecast from an origin, and a forecast one outcome.
_UNIQUE = (*tables.SERIES, "origin")
_SAME_FORECAST = _same(tables.forecasts, _UNIQUE)
_SAME_OUTCOME = _same(tables.outcomes, ("forecast",))


class Ledger:
    """Forecasts and their outcomes; entries are only ever added.

    Several processes may write at once. Each call of ``record`` and ``grade`` is written as a
    whole or not at all.

    Args:
        database: Where it lies.
        clock: Returns the time, UTC.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], pd.Timestamp] = lambda: pd.Timestamp.now("UTC"),
    ) -> None:
        self._database, self._clock = database, clock

    def record(self, forecasts: Sequence[LedgerForecast]) -> list[int | None]:
        """Write forecasts, each with the time at which that is done.

        Args:
            forecasts: Forecasts whose first candle has not closed.

        Returns:
            The position of each; ``None`` for one from an origin from which the same forecaster
            has a forecast already.

        Raises:
            InvalidInput: If one is recorded after its first candle has closed, or the clock is
                behind what it should be. Nothing is written then.
            LedgerUnavailable: If the database does not answer.
        """
        new = [(_checked(forecast), rows.of_forecast(forecast)) for forecast in forecasts]
        with self._database.writing() as connection:
            writer = _Writer(connection, self._clock())
            for forecast in forecasts:
                _check_time(forecast, writer.now)
            positions = [writer.add_forecast(*each) for each in new]
            writer.finish()
        return positions

    def grade(self, outcomes: Sequence[LedgerOutcome]) -> list[int | None]:
        """Write outcomes of recorded forecasts.

        Returns:
            The position of each; ``None`` for one whose forecast has an outcome already.

        Raises:
            InvalidInput: If there is no such forecast, or the clock is behind what it should be.
            LedgerUnavailable: If the database does not answer.
        """
        with self._database.writing() as connection:
            writer = _Writer(connection, self._clock())
            positions = [writer.add_outcome(outcome) for outcome in outcomes]
            writer.finish()
        return positions

    def future(self) -> LedgerFuture | None:
        """Return what is known of entries whose times have not come; ``None`` if there are none.

        A clock that was ahead wrote them. Nothing can follow them until ``set_clock_back``.

        Raises:
            LedgerUnavailable: If the database does not answer.
        """
        with self._database.reading() as connection:
            return _future(connection, self._clock())

    def set_clock_back(self) -> int | None:
        """Write an entry from which time goes on now, although the last entries have later times.

        These are not changed. The new entry says after which entry they begin.

        Returns:
            The position of the entry; ``None`` where the time of the last one has come.

        Raises:
            LedgerUnavailable: If the database does not answer.
        """
        with self._database.writing() as connection:
            now = self._clock()
            future = _future(connection, now)
            if future is None:
                return None
            writer = _Writer(connection, future.last)
            position = writer.add_clock(now, future.after)
            writer.finish()
        return position

    def head(self) -> LedgerHead:
        """Return the end of the chain.

        Raises:
            LedgerUnavailable: If the database does not answer.
        """
        with self._database.reading() as connection:
            return head(connection)


class _Writer:
    """Adds entries in one transaction, and counts them."""

    def __init__(self, connection: sa.Connection, now: pd.Timestamp) -> None:
        self._connection = connection
        self._head = head(connection)
        self._series = SeriesStore(connection)
        self._rows: dict[str, list[dict[str, object]]] = {
            "chain": [], "forecasts": [], "outcomes": [], "clocks": [],
        }  # fmt: skip
        self._added: set[tuple[object, ...]] = set()
        self.now = _time_after(connection, self._head, now)

    def add_forecast(self, forecast: LedgerForecast, row: dict[str, object]) -> int | None:
        if self._has(_SAME_FORECAST, {name: row[name] for name in _UNIQUE}):
            return None
        row = {**row, "made_at": rows.time_text(self.now)}
        position = self._add(chain.FORECAST, "forecasts", row)
        self._series.add_forecast(position, forecast)
        return position

    def add_outcome(self, outcome: LedgerOutcome) -> int | None:
        forecast = self._connection.execute(
            sa.select(tables.forecasts).where(tables.forecasts.c.position == outcome.forecast)
        ).mappings().first()  # fmt: skip
        if forecast is None:
            raise InvalidInput(
                f"An outcome needs a recorded forecast. Received: position {outcome.forecast}, "
                "where there is none."
            )
        if self._has(_SAME_OUTCOME, {"forecast": outcome.forecast}):
            return None
        # What is counted is what can be read again.
        row = rows.of_outcome(dataclasses.replace(outcome, graded_at=self.now))
        position = self._add(chain.OUTCOME, "outcomes", row)
        self._series.add_outcome(rows.forecast_of(forecast), rows.outcome_of(row))
        return position

    def add_clock(self, now: pd.Timestamp, after: int) -> int:
        return self._add(chain.CLOCK, "clocks", {"set_at": rows.time_text(now), "after": after})

    def finish(self) -> None:
        """Write what was added."""
        for name, new in self._rows.items():
            if new:
                self._connection.execute(sa.insert(tables.metadata.tables[name]), new)
        self._series.write()

    def _add(self, kind: str, table: str, row: dict[str, object]) -> int:
        position, previous = self._head.position + 1, self._head.hash
        row = {"position": position, **row}
        digest = chain.entry_hash(previous, kind, row)
        self._rows["chain"].append(
            {"position": position, "kind": kind, "previous": previous, "hash": digest}
        )
        self._rows[table].append(row)
        self._head = LedgerHead(position, digest)
        return position

    def _has(self, question: sa.Select[tuple[int]], values: dict[str, object]) -> bool:
        """Return whether a row is there, or was added a moment ago; if not, it is added now."""
        key = tuple(values.values())
        if key in self._added:
            return True
        self._added.add(key)
        return self._connection.execute(question, values).first() is not None


def head(connection: sa.Connection) -> LedgerHead:
    """Read the end of the chain."""
    last = connection.execute(
        sa.select(tables.chain.c.position, tables.chain.c.hash)
        .order_by(tables.chain.c.position.desc())
        .limit(1)
    ).first()
    return LedgerHead(0, chain.BEGINNING) if last is None else LedgerHead(last[0], last[1])


def _time_after(connection: sa.Connection, end: LedgerHead, now: pd.Timestamp) -> pd.Timestamp:
    """Return the time of a new entry, which is never before that of the last one.

    Raises:
        InvalidInput: If the clock is behind by more than ``MAX_CLOCK_DIFFERENCE``.
    """
    last = _time_of(connection, end.position) or now
    if now < last - MAX_CLOCK_DIFFERENCE:
        raise InvalidInput(
            "The ledger takes entries in the order of time. Received: a clock at "
            f"{rows.time_text(now)}, and an entry of {rows.time_text(last)}. Set the clock right."
        )
    return max(now, last)


def _time_of(connection: sa.Connection, position: int) -> pd.Timestamp | None:
    """Return when an entry was written; ``None`` where there is none."""
    for time in tables.TIMES:
        text = connection.execute(sa.select(time).where(time.table.c.position == position)).scalar()
        if text is not None:
            return rows.time_of(text)
    return None


def last_until(connection: sa.Connection, time: str, before: int) -> int:
    """Return the last entry before a position that was written no later than a time.

    Args:
        connection: To the ledger.
        time: The time, as ``rows.time_text`` writes it.
        before: The position.

    Returns:
        Its position; 0 where there is none.
    """
    positions = [
        connection.execute(
            sa.select(sa.func.max(each.table.c.position)).where(
                each <= time, each.table.c.position < before
            )
        ).scalar()
        for each in tables.TIMES
    ]
    return max((position for position in positions if position is not None), default=0)


def _future(connection: sa.Connection, now: pd.Timestamp) -> LedgerFuture | None:
    end = head(connection).position
    last = _time_of(connection, end)
    if last is None or now >= last - MAX_CLOCK_DIFFERENCE:
        return None
    after = last_until(connection, rows.time_text(now), end + 1)
    forecasts, outcomes = tables.forecasts, tables.outcomes
    real = forecasts.c.simulated == 0
    of_outcomes = outcomes.join(forecasts, outcomes.c.forecast == forecasts.c.position)
    matches = (
        connection.execute(statement.limit(1)).first() is not None
        for statement in (
            sa.select(forecasts.c.position).where(forecasts.c.position > after, real),
            sa.select(outcomes.c.position)
            .select_from(of_outcomes)
            .where(outcomes.c.position > after, real),
        )
    )
    return LedgerFuture(last, after, simulated=not any(matches))


def _check_time(forecast: LedgerForecast, time: pd.Timestamp) -> None:
    """Refuse a forecast whose outcome may be known, or that is older than its prices."""
    first = forecast.closes_at(1)
    if time >= first:
        raise InvalidInput(
            "A forecast is recorded before its first candle closes. Received: one of "
            f"{forecast.series.market} {forecast.series.interval} at {rows.time_text(time)}, whose "
            f"first candle closed at {rows.time_text(first)}. Fetch newer prices."
        )
    if time < forecast.known_at - MAX_CLOCK_DIFFERENCE:
        raise InvalidInput(
            "A forecast is recorded after its last known candle has closed. Received: a clock at "
            f"{rows.time_text(time)}, and a candle that closes at "
            f"{rows.time_text(forecast.known_at)}. Set the clock right."
        )


def _checked(forecast: LedgerForecast) -> LedgerForecast:
    """Refuse a forecast without a whole band."""
    for prices in (forecast.quantiles, forecast.naive, forecast.cone):
        if not (np.isfinite(prices).all() and (prices > 0).all()):
            raise InvalidInput(
                "A recorded forecast has a range at every step. Received: one without, from too "
                "few candles. Use a longer history."
            )
    return forecast
