"""Whoever rewrites the record is found: a hundred rewrites of every kind."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cryptoforecast.ledger import chain, tables, verification
from cryptoforecast.ledger.database import Database
from cryptoforecast.types.ledger import LedgerHead, Verification
from tests.ledger import making

Rewrite = Callable[[sqlite3.Connection, np.random.Generator], None]
HASHED = [
    (table.name, column.name)
    for table in (tables.chain, tables.forecasts, tables.outcomes)
    for column in table.columns
    if column.name != "position"
]
COUNTED = [("series", "settled"), ("series", "evidence"), ("tallies", "figures"),
           ("waiting", "due_at")]  # fmt: skip


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, LedgerHead]:
    """A ledger of some dozens of entries, and its head, which was published."""
    path = tmp_path_factory.mktemp("original") / "ledger.sqlite"
    ledger, database, clock = making.opened(f"sqlite:///{path}")
    making.fill(ledger, clock, 20)
    head = ledger.head()
    database.close()
    return path, head


def verified(path: Path, published: LedgerHead | None) -> Verification:
    database = Database(f"sqlite:///{path}")
    try:
        with database.reading() as connection:
            return verification.verify(connection, published)
    finally:
        database.close()


def _position(base: sqlite3.Connection, rng: np.random.Generator, table: str) -> int:
    positions = [row[0] for row in base.execute(f"SELECT position FROM {table} ORDER BY position")]
    return int(rng.choice(positions[1:-1]))


def _changed(value: object) -> object:
    if isinstance(value, str):
        return value.replace("1", "2", 1) if "1" in value else value + "1"
    return value + (1 if isinstance(value, int) else 1e-9 * value)


def edit(table: str, column: str) -> Rewrite:
    """Change one value by the least that counts."""

    def rewrite(base: sqlite3.Connection, rng: np.random.Generator) -> None:
        position = _position(base, rng, table)
        where = f"WHERE position = {position}"
        (value,) = base.execute(f'SELECT "{column}" FROM {table} {where}').fetchone()
        base.execute(f'UPDATE {table} SET "{column}" = ? {where}', (_changed(value),))

    return rewrite


def edit_counted(table: str, column: str) -> Rewrite:
    """Change what is counted beside the entries: a hit more."""

    def rewrite(base: sqlite3.Connection, rng: np.random.Generator) -> None:
        if table == "waiting":
            base.execute("DELETE FROM waiting WHERE forecast = (SELECT MAX(forecast) FROM waiting)")
            return
        (value,) = base.execute(f"SELECT {column} FROM {table}").fetchone()
        new = value + 1 if isinstance(value, int) else value.replace(".0,", ".5,", 1)
        assert new != value
        base.execute(f"UPDATE {table} SET {column} = ?", (new,))

    return rewrite


def delete(base: sqlite3.Connection, rng: np.random.Generator) -> None:
    position = _position(base, rng, "chain")
    for table in ("chain", "forecasts", "outcomes"):
        base.execute(f"DELETE FROM {table} WHERE position = {position}")


def delete_a_row_alone(base: sqlite3.Connection, rng: np.random.Generator) -> None:
    table = str(rng.choice(["chain", "forecasts", "outcomes"]))
    base.execute(f"DELETE FROM {table} WHERE position = {_position(base, rng, table)}")


def insert(base: sqlite3.Connection, rng: np.random.Generator) -> None:
    """Add a forecast to the end, without a place in the chain."""
    position = _position(base, rng, "forecasts")
    row = list(base.execute(f"SELECT * FROM forecasts WHERE position = {position}").fetchone())
    row[0] = base.execute("SELECT MAX(position) + 1 FROM chain").fetchone()[0]
    row[2] = "another"
    base.execute(f"INSERT INTO forecasts VALUES ({','.join('?' * len(row))})", row)


def insert_before_the_first(base: sqlite3.Connection, rng: np.random.Generator) -> None:
    position = _position(base, rng, "outcomes")
    base.execute(f"UPDATE outcomes SET position = {-position} WHERE position = {position}")


def swap(base: sqlite3.Connection, rng: np.random.Generator) -> None:
    """Let two forecasts change places, each with its link."""
    one, other = _position(base, rng, "forecasts"), _position(base, rng, "forecasts")
    if one == other:
        other = base.execute(
            f"SELECT position FROM forecasts WHERE position > {one} ORDER BY position"
        ).fetchone()[0]
    for table in ("forecasts", "chain"):
        for before, after in ((one, -1), (other, one), (-1, other)):
            base.execute(f"UPDATE {table} SET position = {after} WHERE position = {before}")


def rechain(change: Rewrite) -> Rewrite:
    """Rewrite, and compute the whole chain anew."""

    def rewrite(base: sqlite3.Connection, rng: np.random.Generator) -> None:
        change(base, rng)
        base.row_factory = sqlite3.Row
        entries = sorted(
            (row["position"], kind, dict(row))
            for kind, table in ((chain.FORECAST, "forecasts"), (chain.OUTCOME, "outcomes"))
            for row in base.execute(f"SELECT * FROM {table}")
        )
        base.execute("DELETE FROM chain")
        previous = chain.BEGINNING
        for position, kind, row in entries:
            digest = chain.entry_hash(previous, kind, row)
            base.execute(
                "INSERT INTO chain VALUES (?, ?, ?, ?)", (position, kind, previous, digest)
            )
            previous = digest

    return rewrite


def cut_off(base: sqlite3.Connection, rng: np.random.Generator) -> None:
    """Remove the last entries, and count anew as if they had never been."""
    for table in ("chain", "forecasts", "outcomes"):
        base.execute(f"DELETE FROM {table} WHERE position > 60")


ALONE: list[Rewrite] = [
    *[edit(*one) for one in HASHED], *[edit_counted(*one) for one in COUNTED],
    *[delete] * 8, *[delete_a_row_alone] * 8, *[insert] * 4, insert_before_the_first,
    *[swap] * 10,
]  # fmt: skip
WITH_A_HEAD: list[Rewrite] = [
    *[rechain(edit(table, column)) for table, column in HASHED
      if table != "chain" and column != "forecast"], cut_off,
]  # fmt: skip


def test_an_untouched_ledger_is_intact(original):
    path, head = original
    assert head.position > 60
    for published in (None, head, LedgerHead(head.position, head.hash)):
        result = verified(path, published)
        assert result.intact, result.problems
        assert result.head == head
    assert result.forecasts + result.outcomes == head.position


def test_a_hundred_rewrites_are_found(original, tmp_path):
    path, head = original
    rewrites = [(one, None) for one in ALONE] + [(one, head) for one in WITH_A_HEAD]
    while len(rewrites) < 100:
        rewrites.append((ALONE[len(rewrites) % len(HASHED)], None))
    missed = []
    for number, (rewrite, published) in enumerate(rewrites):
        copy = tmp_path / f"{number}.sqlite"
        shutil.copy(path, copy)
        base = sqlite3.connect(copy)
        with base:
            rewrite(base, np.random.default_rng(number))
        base.close()
        result = verified(copy, published)
        if result.intact or not result.problems:
            missed.append((number, rewrite))
        copy.unlink()
    assert missed == []


def test_a_chain_made_anew_is_found_by_a_published_head_alone(original, tmp_path):
    """The control: without a head, a rewrite with its chain and sums made anew is not found."""
    path, head = original
    copy = tmp_path / "ledger.sqlite"
    shutil.copy(path, copy)
    base = sqlite3.connect(copy)
    with base:
        rechain(edit("forecasts", "version"))(base, np.random.default_rng(5))
    base.close()
    assert verified(copy, None).intact
    result = verified(copy, head)
    assert "do not lead to the published head" in result.problems[0]


def test_a_head_of_entries_that_are_gone_says_how_many_there_are(original):
    path, head = original
    result = verified(path, LedgerHead(head.position + 5, "f" * 64))
    assert f"There are only {head.position}" in result.problems[0]


def test_an_entry_of_foreign_content_is_a_problem_and_no_failure(original, tmp_path):
    path, _ = original
    copy = tmp_path / "ledger.sqlite"
    shutil.copy(path, copy)

    def spoil(base, rng):
        base.execute("UPDATE forecasts SET quantiles = 'none' WHERE position = 1")

    base = sqlite3.connect(copy)
    with base:
        rechain(spoil)(base, np.random.default_rng(0))
    base.close()
    assert "can't be read" in verified(copy, None).problems[0]
