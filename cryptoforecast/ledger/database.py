"""The database of the ledger: SQLite, or PostgreSQL by its URL, with one writer at a time."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from cryptoforecast.errors import InvalidInput, LedgerUnavailable

#: The newest version of the tables.
REVISION = "3"
#: Earlier versions that ``migrations`` brings up to date; ``None`` is a new database.
EARLIER: tuple[str | None, ...] = (None, "1", "2")
#: Seconds that a writer waits for another one.
MAX_WAIT = 60
#: Seconds that a server may take to answer at all, unless the URL says ``connect_timeout``.
MAX_CONNECT = 10
_MIGRATIONS = Path(__file__).parent / "migrations"
#: Key of the lock in PostgreSQL under which tables are made.
_LOCK = 20_261_128


class Database:
    """A database with the tables of the ledger, which are made when it is first used.

    Args:
        url: ``sqlite:///PATH`` or ``postgresql+psycopg://…``.

    Attributes:
        name: The URL without its password.

    Raises:
        InvalidInput: If the URL is neither, or its driver is not installed.
    """

    def __init__(self, url: str) -> None:
        self._url = _parsed(url)
        self.name = self._url.render_as_string(hide_password=True)
        self._is_sqlite = self._url.get_backend_name() == "sqlite"
        self._engine = _engine(self._url, self._is_sqlite)
        self._lock = threading.Lock()
        self._ready = False

    @property
    def exists(self) -> bool:
        """Whether there may be anything in it: a file of SQLite that is not there is empty."""
        return not self._is_sqlite or Path(self._url.database or "").is_file()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Open a transaction that reads one state of the ledger, whatever others write.

        Raises:
            LedgerUnavailable: If the database does not answer.
        """
        with self._failures():
            self._prepare()
            options = {} if self._is_sqlite else {"isolation_level": "REPEATABLE READ"}
            with self._engine.connect().execution_options(**options) as connection:
                yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Open a transaction that writes; no other writer is in one at the same time.

        Raises:
            LedgerUnavailable: If the database does not answer.
        """
        with self._failures():
            self._prepare()
            with self._begin("LOCK TABLE chain IN SHARE ROW EXCLUSIVE MODE") as connection:
                yield connection

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextlib.contextmanager
    def _begin(self, lock: str) -> Iterator[sa.Connection]:
        connected = self._engine.connect().execution_options(writing=True)
        with connected as connection, connection.begin():
            if not self._is_sqlite:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{MAX_WAIT}s'")
                connection.exec_driver_sql(lock)
            yield connection

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        """Turn failures of the database into an error of ours, which shows no password."""
        try:
            yield
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise LedgerUnavailable(
                f"The ledger {self.name} can't be used. Received: {reason:.200} Look at "
                "CRYPTOFORECAST_LEDGER and at the rights of its file or server."
            ) from error

    def _prepare(self) -> None:
        """Make the tables, or bring those of an earlier version up to date."""
        with self._lock:
            if self._ready:
                return
            if self._is_sqlite:
                _make_folder(Path(self._url.database or ""))
            with self._engine.connect() as connection:
                revision = _revision(connection)
            if revision != REVISION:
                with self._begin(f"SELECT pg_advisory_xact_lock({_LOCK})") as connection:
                    revision = _revision(connection)  # another process may have been faster
                    if revision != REVISION:
                        self._upgrade(connection, revision)
            self._ready = True

    def _upgrade(self, connection: sa.Connection, revision: str | None) -> None:
        if revision not in EARLIER:
            raise LedgerUnavailable(
                f"The ledger must be of version {REVISION} or older. Received: {revision} in "
                f"{self.name}. Install the newer version of this program that wrote it."
            )
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(connection: sa.Connection) -> str | None:
    """Return the version of the tables; ``None`` where there are none."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(
        sa.text("SELECT version_num FROM alembic_version")
    ).scalar()
    return version


def _parsed(url: str) -> sa.URL:
    rule = "CRYPTOFORECAST_LEDGER must be sqlite:///PATH or postgresql+psycopg://USER@HOST/NAME."
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InvalidInput(f"{rule} Received: something else.") from error
    # What lies in memory alone would be gone with the process.
    lasting = parsed.database not in (None, "", ":memory:")
    if parsed.drivername not in ("sqlite", "postgresql+psycopg") or not lasting:
        name = parsed.render_as_string(hide_password=True)
        raise InvalidInput(f"{rule} Received: {name!r:.100}.")
    return parsed


def _engine(url: sa.URL, is_sqlite: bool) -> sa.Engine:
    try:
        if not is_sqlite:
            if "connect_timeout" not in url.query:
                url = url.update_query_dict({"connect_timeout": str(MAX_CONNECT)})
            return sa.create_engine(url, pool_pre_ping=True)
        engine = sa.create_engine(url, connect_args={"timeout": MAX_WAIT})
    except (ImportError, NoSuchModuleError) as error:
        raise InvalidInput(
            "A ledger in PostgreSQL needs psycopg. Received: an installation without it. Install "
            "cryptoforecast[postgresql]."
        ) from error
    sa.event.listen(engine, "connect", _set_up)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up(connection: object, record: object) -> None:
    """Let transactions begin where we say, and readers read while one writes."""
    del record
    connection.isolation_level = None  # type: ignore[attr-defined]
    cursor = connection.cursor()  # type: ignore[attr-defined]
    try:
        if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            cursor.execute("PRAGMA journal_mode = WAL")
        # What was recorded is still there after a power failure.
        cursor.execute("PRAGMA synchronous = FULL")
    finally:
        cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerUnavailable(
            f"The ledger needs a folder that can be written. Received: {path.parent} "
            f"({error.strerror}). Set CRYPTOFORECAST_HOME or CRYPTOFORECAST_LEDGER."
        ) from error
