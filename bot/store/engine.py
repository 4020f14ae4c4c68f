"""The engine per dialect, and `Store.run`: one plain function, one transaction, one thread.

SQLite: WAL, busy_timeout and BEGIN IMMEDIATE. Without the last, two transactions that read and then
write lose updates or fail at once with "database is locked", whatever the timeout.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url

from bot.domain.errors import DatabaseDown, SettingsError
from bot.store.schema import counters

Tx = sa.Connection
P = ParamSpec("P")
T = TypeVar("T")

BUSY_TIMEOUT_MS = 30_000  # longer than any transaction of ours; a claim waits instead of failing
THREADS = 8  # a transaction each; SQLite still has one writer


def database_url(text: str) -> sa.URL:
    """Return the URL SQLAlchemy needs. Raises SettingsError for what is neither SQLite nor PostgreSQL.

    postgres:// (Heroku's spelling) and postgresql:// both mean the psycopg 3 driver.
    """
    try:
        url = make_url(text)
    except sa.exc.ArgumentError:
        raise SettingsError(
            "DATABASE_URL cannot be read; it looks like sqlite:///outpost.db"
            " or postgresql://user:password@host/name"
        ) from None
    kind = url.get_backend_name()
    if kind in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+psycopg")
    if kind == "sqlite":
        return url.set(drivername="sqlite+pysqlite")
    raise SettingsError(f"DATABASE_URL names {kind!r}; Outpost runs on sqlite or postgresql")


def sqlite_file(text: str) -> Path | None:
    """Return the file of the SQLite database at that URL; None for any other, or what is no plain file."""
    try:
        url = database_url(text)
    except SettingsError:
        return None
    plain = url.get_backend_name() == "sqlite" and "uri" not in url.query
    return Path(url.database) if plain and url.database not in (None, "", ":memory:") else None


def is_missing(file: Path) -> bool:
    """Return whether a file is not there. One that may not be looked for is not missing."""
    try:
        file.stat()
    except OSError as e:
        return isinstance(e, FileNotFoundError)
    return False


def make_engine(text: str) -> sa.Engine:
    """Return an engine for the database at that URL. Nothing is connected yet."""
    url = database_url(text)
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    return _postgresql(url)


# Of a connection whose other end is cut off, not dead: either side gives it up within 6 s. Without this
# the server would wait for hours, and with it everybody who wants a lock of its stories.
KEEPALIVE = {
    "tcp_keepalives_idle": 3,
    "tcp_keepalives_interval": 1,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": 6000,
}
TIMEOUTS = {
    "connect_timeout": 10,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 6000,
}
PREPARE_AFTER = 5  # uses of a statement by one connection, as psycopg would by itself
IDLE_IN_TRANSACTION = "15s"  # no transaction of ours waits for anything: its process has stopped
CUT_OFF = "25P03"  # what the server says to one who idled so long
DEADLOCK = "40P01"  # to one of those who wait for each other; nothing of it was done
AGAIN = 3  # deadlocks of one call before it is given up for now


def _postgresql(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(
        url,
        pool_size=THREADS,
        pool_pre_ping=True,
        connect_args={"prepare_threshold": None, **TIMEOUTS},
    )

    @sa.event.listens_for(engine, "connect", insert=True)  # before SQLAlchemy's first questions
    def _guard(connection: Any, _record: Any) -> None:
        encoding = connection.info.parameter_status("server_encoding")
        if encoding not in ("UTF8", None):  # None: of a pooler that does not say
            raise SettingsError(
                f"DATABASE_URL names a database with the encoding {encoding}, which cannot hold every"
                " language; make it anew with: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0"
            )
        # Said in SQL: a pooler refuses what it does not know of in the first message.
        wanted = {**KEEPALIVE, "idle_in_transaction_session_timeout": f"'{IDLE_IN_TRANSACTION}'"}
        with connection.cursor() as cursor:
            cursor.execute("; ".join(f"SET {name} = {value}" for name, value in wanted.items()))
            [own] = cursor.execute("SELECT pg_backend_pid()").fetchone()
        connection.commit()
        # Prepared statements spare a third of a look-up for reposts, and do not survive a pooler in
        # transaction mode. Behind one we were told another process than the one that answers.
        if connection.info.backend_pid == own:
            connection.prepare_threshold = PREPARE_AFTER

    return engine


def _sqlite(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(
        url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False}
    )

    @sa.event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA synchronous=NORMAL")  # WAL: a crash of the process loses nothing
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        reads = connection.get_execution_options().get("postgresql_readonly")
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


# What SQLite says when it, not our statement, is at fault; everything else it says is a bug of ours.
SQLITE_TROUBLE = (
    "locked", "busy", "full", "disk i/o", "unable to open", "readonly", "malformed", "not a database",
)  # fmt: skip


def _is_trouble(error: sa.exc.DBAPIError, dialect: str) -> bool:
    """Return whether the database is at fault, and the same may well go through later."""
    if dialect != "sqlite":
        cut_off = getattr(error.orig, "sqlstate", None) == CUT_OFF
        return cut_off or isinstance(error, sa.exc.OperationalError)
    words = str(error.orig).lower()
    return any(word in words for word in SQLITE_TROUBLE)


def first_line(error: object) -> str:
    """Return what an error says, in one line; its kind if it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


class Store:
    """The database of one process."""

    def __init__(self, url: str) -> None:
        self.engine = make_engine(url)
        self._reading = self.engine.execution_options(postgresql_readonly=True)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="store")

    @property
    def dialect(self) -> str:
        """Return "sqlite" or "postgresql"."""
        return self.engine.dialect.name

    def call(self, f: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run f(tx, ...) in one transaction, here and now. Raises DatabaseDown, and whatever f raises.

        f is called again if others waited for it while it waited for them.
        """
        return self._call(self.engine, f, *args, **kwargs)

    def look(self, f: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run f(tx, ...), which only reads, so that no writer of SQLite waits. Raises as `call` does."""
        return self._call(self._reading, f, *args, **kwargs)

    def _call(
        self,
        engine: sa.Engine,
        f: Callable[Concatenate[Tx, P], T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        deadlocks = 0
        while True:
            try:
                with engine.begin() as tx:
                    return f(tx, *args, **kwargs)
            except sa.exc.DBAPIError as e:
                deadlocks += 1
                if getattr(e.orig, "sqlstate", None) == DEADLOCK and deadlocks <= AGAIN:
                    continue
                if e.connection_invalidated or _is_trouble(e, self.dialect):
                    said = first_line(e.orig)
                    if self.dialect == "sqlite":  # it does not say which file
                        said = f"{said}: {self.engine.url.database}"
                    raise DatabaseDown(said) from e
                raise

    async def run(
        self, f: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run f(tx, ...) in one transaction in a thread. Raises as `call` does."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: self.call(f, *args, **kwargs))

    async def read(
        self, f: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run f(tx, ...), which only reads, as `look` does, in a thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: self.look(f, *args, **kwargs))

    def close(self) -> None:
        """Finish what runs and let the connections go."""
        self._threads.shutdown(wait=True)
        self.engine.dispose()


def insert(tx: Tx, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """Return the dialect's own INSERT, which knows ON CONFLICT."""
    return sqlite.insert(table) if tx.dialect.name == "sqlite" else postgresql.insert(table)


def next_value(tx: Tx, name: str) -> int:
    """Raise a counter by one and return it. The row is locked until the transaction ends."""
    statement = insert(tx, counters).values(name=name, value=1)
    bumped = statement.on_conflict_do_update(
        index_elements=[counters.c.name], set_={"value": counters.c.value + 1}
    ).returning(counters.c.value)
    value: int = tx.execute(bumped).scalar_one()
    return value


def chunked(rows: Sequence[T], size: int) -> list[Sequence[T]]:
    """Return the rows in parts: SQLite takes 32,766 variables a statement, PostgreSQL 65,535."""
    return [rows[i : i + size] for i in range(0, len(rows), size)]
