"""Databases of searches."""

from tests.ledger.conftest import new_database as new_database
