"""The tables of the ledger.

``chain``, ``forecasts``, ``outcomes`` and ``clocks`` are the ledger: their rows are inserted once,
and every column of theirs is hashed. ``series``, ``tallies`` and ``waiting`` are computed from
these, so that answers are quick; they can be made anew at any time.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

#: Large whole numbers; SQLite has one kind of them.
WHOLE = BigInteger().with_variant(Integer, "sqlite")

chain = Table(
    "chain",
    metadata,
    Column("position", WHOLE, primary_key=True, autoincrement=False),
    Column("kind", String(8), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

#: Columns of a series in ``forecasts`` and ``series``, all but the horizon.
SERIES = ("model", "predictor", "coin", "quote", "interval", "simulated")

forecasts = Table(
    "forecasts",
    metadata,
    Column("position", WHOLE, primary_key=True, autoincrement=False),
    Column("made_at", String(32), nullable=False),
    Column("model", String(80), nullable=False),
    Column("version", String(80), nullable=False),
    Column("predictor", String(32), nullable=False),
    Column("coin", String(32), nullable=False),
    Column("quote", String(16), nullable=False),
    Column("interval", String(8), nullable=False),
    Column("horizon", Integer, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("source", String(32), nullable=False),
    Column("simulated", SmallInteger, nullable=False),
    Column("origin", String(32), nullable=False),
    Column("last_close", Double, nullable=False),
    Column("due_at", String(32), nullable=False),
    Column("quantiles", Text, nullable=False),
    Column("naive", Text, nullable=False),
    Column("cone", Text, nullable=False),
    UniqueConstraint(*SERIES, "origin", name="one_forecast_an_origin"),
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("position", WHOLE, primary_key=True, autoincrement=False),
    Column("forecast", WHOLE, nullable=False, unique=True),
    Column("graded_at", String(32), nullable=False),
    Column("state", String(8), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("steps", Text, nullable=False),
)

#: Entries after which time goes on at ``set_at``: those between ``after`` and ``position`` have
#: times that had not come, because a clock was ahead.
clocks = Table(
    "clocks",
    metadata,
    Column("position", WHOLE, primary_key=True, autoincrement=False),
    Column("set_at", String(32), nullable=False),
    Column("after", WHOLE, nullable=False),
)

#: When an entry of each kind was written.
TIMES = (forecasts.c.made_at, outcomes.c.graded_at, clocks.c.set_at)

series = Table(
    "series",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("model", String(80), nullable=False),
    Column("predictor", String(32), nullable=False),
    Column("coin", String(32), nullable=False),
    Column("quote", String(16), nullable=False),
    Column("interval", String(8), nullable=False),
    Column("simulated", SmallInteger, nullable=False),
    Column("horizon", Integer, nullable=False),
    Column("recorded", Integer, nullable=False),
    Column("settled", Integer, nullable=False),
    Column("source_gone", Integer, nullable=False),
    Column("candle_revised", Integer, nullable=False),
    Column("evidence", Text, nullable=False),
    UniqueConstraint(*SERIES, "horizon", name="one_row_a_series"),
)

tallies = Table(
    "tallies",
    metadata,
    Column("series", Integer, primary_key=True, autoincrement=False),
    Column("week", String(10), primary_key=True),
    Column("figures", Text, nullable=False),
)

waiting = Table(
    "waiting",
    metadata,
    Column("forecast", WHOLE, primary_key=True, autoincrement=False),
    Column("series", Integer, nullable=False),
    Column("due_at", String(32), nullable=False),
    Index("waiting_by_due", "due_at"),
    Index("waiting_by_series", "series", "due_at"),
)
