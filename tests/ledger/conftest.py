"""Every test of the ledger runs in SQLite and in PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ledger import making


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    """Close what a test has opened."""
    yield
    while making.DATABASES:
        making.DATABASES.pop().close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.sqlite"
    make: Callable[[], str] = request.getfixturevalue("new_database")
    return make()


@pytest.fixture
def new_database(postgresql_server: str) -> Callable[[], str]:
    """Return a function that makes an empty database in PostgreSQL and returns its URL."""
    import psycopg

    def make() -> str:
        name = f"ledger_{uuid.uuid4().hex}"
        address = f"host={postgresql_server} user=postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://postgres@/{name}?host={postgresql_server}"

    return make
