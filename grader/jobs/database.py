"""The connection to the queue's database: SQLite on one machine, PostgreSQL for a fleet. The tables are made and brought up to date here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from grader.jobs import tables
from grader.jobs.model import UnavailableError
from grader.jobs.settings import JobSettings

BUSY_S = 20
CONNECT_S = 5
MIGRATION_LOCK = 0x67726164
POOL = 5
READING = {"reading": True}


class Database:
    """Transactions on the queue's tables. Thread-safe; opens nothing before the first one."""

    def __init__(self, settings: JobSettings) -> None:
        self.sqlite = not settings.database_url
        self._folder = settings.folder
        self.engine = self._sqlite(settings) if self.sqlite else self._postgres(settings)
        self._ready = False

    # Parameters are hidden: an error's text goes to logs and to the workflow engine's tables, where no erasure looks for a URL.
    def _sqlite(self, settings: JobSettings) -> sa.Engine:
        engine = sa.create_engine(settings.sqlalchemy_url, connect_args={"timeout": BUSY_S}, hide_parameters=True)
        sa.event.listen(engine, "connect", _sqlite_modes)
        sa.event.listen(engine, "begin", _immediate)
        return engine

    def _postgres(self, settings: JobSettings) -> sa.Engine:
        engine = sa.create_engine(
            settings.sqlalchemy_url, hide_parameters=True, pool_size=POOL, max_overflow=POOL, pool_pre_ping=True, pool_timeout=CONNECT_S,
            connect_args={"connect_timeout": CONNECT_S, "application_name": "grader", "options": "-c statement_timeout=15000"},
        )  # fmt: skip
        return engine.execution_options(schema_translate_map={None: tables.SCHEMA})

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """One transaction that writes. UnavailableError when the database does not answer; a mistake in a statement stays what it is."""
        with self._translated():
            self._prepare()
            with self.engine.begin() as connection:
                yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """One consistent look that writes nothing and, on SQLite, waits for no writer. Raises as `transaction` does."""
        with self._translated():
            self._prepare()
            with self.engine.connect().execution_options(**READING) as connection:
                yield connection

    def _prepare(self) -> None:
        if not self._ready:
            self.migrate()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.InternalError, PoolTimeoutError) as error:
            raise UnavailableError(f"The database of the queue does not answer: {_first_line(error)}") from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise UnavailableError(f"The database of the queue went away: {_first_line(error)}") from error
            raise

    def migrate(self) -> None:
        """Make the tables, or bring them up to this version. Safe when several processes start at once."""
        if self.sqlite:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UnavailableError(f"Cannot write to {self._folder}: {error.strerror}") from error
        with self.engine.begin() as connection:
            if not self.sqlite:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
                connection.execute(sa.schema.CreateSchema(tables.SCHEMA, if_not_exists=True))
            tables.metadata.create_all(connection)
            found = connection.execute(sa.select(sa.func.max(tables.version.c.version))).scalar()
            if found is None:
                connection.execute(tables.version.insert().values(version=tables.VERSION))
            elif found > tables.VERSION:
                raise UnavailableError(f"The queue's database is of version {found}, newer than this grader ({tables.VERSION}): upgrade the grader.")
        self._ready = True

    def now(self) -> sa.ColumnElement[float]:
        """The database's clock in seconds since 1970: the only one that all workers share."""
        text = "(julianday('now') - 2440587.5) * 86400.0" if self.sqlite else "extract(epoch from clock_timestamp())::float8"
        return sa.literal_column(text, sa.Float)

    def insert_new(self, table: sa.Table, values: dict[str, Any]) -> Any:
        """INSERT that does nothing when the primary key is taken."""
        insert = sqlite.insert if self.sqlite else postgresql.insert
        return insert(table).values(**values).on_conflict_do_nothing()

    def close(self) -> None:
        self.engine.dispose()


def _sqlite_modes(connection: Any, _record: Any) -> None:
    """WAL, since readers must not wait for a writer; it stays with the file, so the workflow engine's connections have it too."""
    connection.isolation_level = None  # we begin transactions ourselves: see _immediate
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _immediate(connection: sa.Connection) -> None:
    """A transaction that turns from reading to writing half-way is refused under load; one that says so first waits its turn."""
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get("reading") else "BEGIN IMMEDIATE")


def _first_line(error: Exception) -> str:
    return " ".join(str(getattr(error, "orig", None) or error).split())[:200]
