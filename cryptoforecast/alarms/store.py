"""Rules, alarms and messages in the database of the ledger.

Several processes may look at the same rules. An occasion is stored once, whoever finds it, and a
message is taken by one process before it is sent. If that process is killed, nobody can know
whether the message has arrived: it is not sent again, and its state says so.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Sequence

import pandas as pd
import sqlalchemy as sa

from cryptoforecast.alarms import tables
from cryptoforecast.errors import InvalidInput
from cryptoforecast.ledger.database import Database
from cryptoforecast.ledger.rows import Row, time_of, time_text
from cryptoforecast.types.alarms import (
    GIVEN_UP,
    SENDING,
    SENT,
    UNSURE,
    WAITING,
    Alarm,
    AlarmRule,
    Delivery,
    RaisedAlarm,
    SetRule,
)

#: Rules at once, and alarms in one answer.
MAX_RULES, MAX_ALARMS = 100, 1_000
#: A message is tried so often at most, and only until its alarm is so old.
MAX_ATTEMPTS, MAX_AGE = 10, pd.Timedelta(days=2)
#: A message that has been in the hands of a process for longer was left by it.
MAX_SENDING = pd.Timedelta(minutes=5)


class AlarmStore:
    """What is set, what was raised, and what became of the messages.

    Every method raises ``LedgerUnavailable`` if the database does not answer.

    Args:
        database: That of the ledger.
        clock: Returns the time, UTC.
    """

    def __init__(self, database: Database, clock: Callable[[], pd.Timestamp]) -> None:
        self._database, self._clock = database, clock

    # ------------------------------------------------------------------ rules

    def add(self, rule: AlarmRule) -> SetRule:
        """Set a rule.

        Raises:
            InvalidInput: If it is set already, or there are too many.
            LedgerUnavailable: If the database does not answer.
        """
        now = self._clock()
        row = dataclasses.asdict(rule)
        same = [tables.rules.c[name] == row[name] for name in tables.RULE]
        with self._database.writing() as connection:
            number = connection.execute(sa.select(tables.rules.c.number).where(*same)).scalar()
            if number is not None:
                raise InvalidInput(
                    f"An alarm is set once. Received: one that is set already, as number {number}. "
                    "Change it, or leave it."
                )
            count = connection.execute(sa.select(sa.func.count()).select_from(tables.rules))
            if count.scalar_one() >= MAX_RULES:
                raise InvalidInput(
                    f"At most {MAX_RULES} alarms can be set. Received: one more. Remove one first."
                )
            row["created_at"] = time_text(now)
            number = _number(connection.execute(sa.insert(tables.rules), row))
        return SetRule(number, time_of(time_text(now)), rule)

    def remove(self, number: int) -> None:
        """Remove a rule; what it has raised stays.

        Raises:
            InvalidInput: If there is no such rule.
            LedgerUnavailable: If the database does not answer.
        """
        statement = sa.delete(tables.rules).where(tables.rules.c.number == number)
        removed = 0
        if self._database.exists:
            with self._database.writing() as connection:
                removed = connection.execute(statement).rowcount
        if not removed:
            raise InvalidInput(
                f"No alarm has the number {number}. `alarms list` shows those that are set."
            )

    def rules(self) -> list[SetRule]:
        """Return all rules, in the order in which they were set."""
        if not self._database.exists:
            return []
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(tables.rules).order_by(tables.rules.c.number))
            return [_rule(row) for row in rows.mappings()]

    # ------------------------------------------------------------------ alarms

    def raise_new(self, alarms: Sequence[Alarm]) -> list[RaisedAlarm]:
        """Store those alarms whose occasions are new, and return them."""
        if not alarms:
            return []
        now = time_text(self._clock())
        new = []
        with self._database.writing() as connection:
            for alarm in alarms:
                match = sa.select(tables.alarms.c.number).where(
                    tables.alarms.c.rule == alarm.rule, tables.alarms.c.occasion == alarm.occasion
                )
                if connection.execute(match).first() is None:
                    row = {**dataclasses.asdict(alarm), "raised_at": now}
                    key = connection.execute(sa.insert(tables.alarms), row).inserted_primary_key
                    new.append(
                        RaisedAlarm(int(key[0]) if key is not None else 0, time_of(now), alarm)
                    )
        return new

    def newest(self, limit: int) -> list[RaisedAlarm]:
        """Return the newest alarms, the newest first, with what became of their messages.

        Args:
            limit: How many, 1 to ``MAX_ALARMS``.

        Raises:
            InvalidInput: If the limit is outside the rules.
        """
        if not 1 <= limit <= MAX_ALARMS:
            raise InvalidInput(f"`limit` must be 1 to {MAX_ALARMS:,}. Received: {limit}.")
        if not self._database.exists:
            return []
        statement = sa.select(tables.alarms).order_by(tables.alarms.c.number.desc()).limit(limit)
        with self._database.reading() as connection:
            return _with_deliveries(connection, statement)

    # ------------------------------------------------------------------ messages

    def unsent(self, destination: str) -> list[RaisedAlarm]:
        """Return the alarms whose message is to be sent to a destination, the oldest first."""
        since = time_text(self._clock() - MAX_AGE)
        here = sa.and_(
            tables.deliveries.c.alarm == tables.alarms.c.number,
            tables.deliveries.c.destination == destination,
        )
        statement = (
            sa.select(tables.alarms)
            .outerjoin(tables.deliveries, here)
            .where(
                tables.alarms.c.raised_at >= since,
                sa.or_(tables.deliveries.c.state.is_(None), tables.deliveries.c.state == WAITING),
            )
            .order_by(tables.alarms.c.number)
            .limit(MAX_ALARMS)
        )
        with self._database.reading() as connection:
            return _with_deliveries(connection, statement)

    def take(self, number: int, destination: str) -> bool:
        """Take a message, to send it; return whether no other process has it, or had it.

        Args:
            number: Of the alarm.
            destination: Name of the destination.
        """
        now = time_text(self._clock())
        with self._database.writing() as connection:
            row = connection.execute(_delivery(number, destination)).mappings().first()
            if row is not None and row["state"] != WAITING:
                return False
            if row is None:
                new = {"alarm": number, "destination": destination, "state": SENDING}
                new |= {"attempts": 1, "changed_at": now}
                connection.execute(sa.insert(tables.deliveries), new)
            else:
                changes = {"state": SENDING, "attempts": row["attempts"] + 1, "changed_at": now}
                connection.execute(_change(number, destination).values(**changes))
        return True

    def settle(self, number: int, destination: str, *, delivered: bool) -> str:
        """Store what became of a message that this process has taken, and return its state."""
        with self._database.writing() as connection:
            attempts = (
                connection.execute(_delivery(number, destination)).mappings().one()["attempts"]
            )
            state = SENT if delivered else GIVEN_UP if attempts >= MAX_ATTEMPTS else WAITING
            changes = {"state": state, "changed_at": time_text(self._clock())}
            connection.execute(_change(number, destination).values(**changes))
        return state

    def tidy(self) -> int:
        """Settle what was left: by a process that ended, or because its alarm is too old.

        Returns:
            How many messages are not sent again from now on.
        """
        now = self._clock()
        stale = tables.deliveries.c.changed_at < time_text(now - MAX_SENDING)
        old = sa.select(tables.alarms.c.number).where(
            tables.alarms.c.raised_at < time_text(now - MAX_AGE)
        )
        update = sa.update(tables.deliveries)
        state = tables.deliveries.c.state
        with self._database.writing() as connection:
            unsure = connection.execute(
                update.where(state == SENDING, stale).values(state=UNSURE)
            ).rowcount
            given_up = connection.execute(
                update.where(state == WAITING, tables.deliveries.c.alarm.in_(old)).values(
                    state=GIVEN_UP
                )
            ).rowcount
        return int(unsure + given_up)


def _number(result: sa.CursorResult[tuple[object, ...]]) -> int:
    """Return the number of a row that was inserted."""
    key = result.inserted_primary_key
    return int(key[0]) if key is not None else 0


def _rule(row: Row) -> SetRule:
    rule = AlarmRule(**{name: row[name] for name in tables.RULE})
    return SetRule(row["number"], time_of(row["created_at"]), rule)


def _delivery(number: int, destination: str) -> sa.Select[tuple[str, int]]:
    return sa.select(tables.deliveries.c.state, tables.deliveries.c.attempts).where(
        tables.deliveries.c.alarm == number, tables.deliveries.c.destination == destination
    )


def _change(number: int, destination: str) -> sa.Update:
    return sa.update(tables.deliveries).where(
        tables.deliveries.c.alarm == number, tables.deliveries.c.destination == destination
    )


def _with_deliveries(
    connection: sa.Connection, statement: sa.Select[tuple[object, ...]]
) -> list[RaisedAlarm]:
    rows = connection.execute(statement).mappings().all()
    numbers = [row["number"] for row in rows]
    deliveries: dict[int, list[Delivery]] = defaultdict(list)
    for each in connection.execute(
        sa.select(tables.deliveries)
        .where(tables.deliveries.c.alarm.in_(numbers))
        .order_by(tables.deliveries.c.destination)
    ).mappings():
        delivery = Delivery(each["destination"], each["state"], each["attempts"])
        deliveries[each["alarm"]].append(delivery)
    names = ("rule", "occasion", "title", "sentence", "rate", "path")
    return [
        RaisedAlarm(
            row["number"],
            time_of(row["raised_at"]),
            Alarm(**{name: row[name] for name in names}),
            tuple(deliveries[row["number"]]),
        )
        for row in rows
    ]
