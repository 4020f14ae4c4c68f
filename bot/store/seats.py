"""Seats that one process at a time may hold: the sender and the reader of updates of one bot.

A seat is a PostgreSQL advisory lock of a session, on a connection of its own: when its holder dies the
server frees it, and a standby that asks every few seconds takes over. Beside an SQLite file it is a lock
on a file (flock(2)), which the kernel frees as soon as its holder dies; a database in memory has no second
process. An SQLite file is one bot's, whatever token its processes have.
"""

import fcntl
import os
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa

from bot.domain.errors import DatabaseDown
from bot.store.engine import KEEPALIVE, TIMEOUTS, Store, first_line

# A holder that is cut off, not dead, is found out by the server within 6 s: idle, then three probes.
OPTIONS = " ".join(f"-c {name}={value}" for name, value in KEEPALIVE.items())


class Seat:
    """One seat of one process. Its methods block: call them in a thread."""

    def __init__(self, store: Store, name: str) -> None:
        """name: what is shared, such as "sender:" and a bot's id; the same in every process."""
        self._store = store
        self._kind = name.partition(":")[0]
        self._lock: int | None = None  # the descriptor of the locked file
        self._number = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)
        self._connection: sa.Connection | None = None
        self._engine = (
            sa.create_engine(
                store.engine.url,
                poolclass=sa.NullPool,
                connect_args={
                    "prepare_threshold": None,
                    "options": OPTIONS,
                    **TIMEOUTS,
                    "connect_timeout": 5,
                },
                isolation_level="AUTOCOMMIT",
            )
            if store.dialect == "postgresql"
            else None
        )

    def take(self) -> bool:
        """Return whether this process holds the seat, taking it if it is free. Raises DatabaseDown."""
        if self._engine is None:
            return self._lock is not None or self._lock_file()
        try:
            if self._connection is not None:
                self._connection.execute(sa.text("SELECT 1"))
                return True
            connection = self._engine.connect()
            if connection.execute(self._try_lock()).scalar():
                self._connection = connection
                return True
            connection.close()
        except sa.exc.DBAPIError as e:
            self.leave()
            raise DatabaseDown(first_line(e.orig)) from e
        return False

    def _try_lock(self) -> sa.Select[Any]:
        return sa.select(sa.func.pg_try_advisory_lock(self._number))

    def _lock_file(self) -> bool:
        database = self._store.look(lambda tx: tx.exec_driver_sql("PRAGMA database_list").all())
        file = database[0][2]
        if not file:  # in memory
            return True
        try:
            lock = os.open(f"{file}-{self._kind}", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as e:
            raise DatabaseDown(f"{e.filename}: {e.strerror}") from e
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            os.close(lock)
            if isinstance(e, BlockingIOError):
                return False
            raise DatabaseDown(f"{file}-{self._kind} cannot be locked: {e.strerror}") from e
        self._lock = lock
        return True

    def leave(self) -> None:
        """Give the seat up; ending the session, or closing the file, is what frees it."""
        if self._lock is not None:
            # The file stays: whoever opened it before it was removed would lock what nobody sees.
            lock, self._lock = self._lock, None
            os.close(lock)
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.invalidate()
            connection.close()
