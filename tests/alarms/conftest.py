"""Every test of the alarms' store runs in SQLite and in PostgreSQL, as those of the ledger do."""

from tests.ledger.conftest import _close, new_database, url

__all__ = ["_close", "new_database", "url"]
