"""The tables of the alarms, in the database of the ledger; no entry of the ledger is in them."""

from __future__ import annotations

from sqlalchemy import Column, Double, Integer, MetaData, String, Table, Text, UniqueConstraint

metadata = MetaData()

#: The columns of a rule, by the names of its attributes.
RULE = ("kind", "coin", "interval", "model", "source", "value", "step")

rules = Table(
    "alarm_rules",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("created_at", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("coin", String(32), nullable=False),
    Column("interval", String(8), nullable=False),
    Column("model", String(80), nullable=False),
    Column("source", String(32), nullable=False),
    Column("value", Double, nullable=False),
    Column("step", Integer, nullable=False),
    UniqueConstraint(*RULE, name="one_rule_of_a_kind"),
    sqlite_autoincrement=True,
)

alarms = Table(
    "alarms",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("rule", Integer, nullable=False),
    Column("occasion", String(80), nullable=False),
    Column("raised_at", String(32), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("rate", Text, nullable=False),
    Column("path", Text, nullable=False),
    UniqueConstraint("rule", "occasion", name="one_alarm_an_occasion"),
    sqlite_autoincrement=True,
)

deliveries = Table(
    "alarm_deliveries",
    metadata,
    Column("alarm", Integer, primary_key=True, autoincrement=False),
    Column("destination", String(80), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("changed_at", String(32), nullable=False),
)
