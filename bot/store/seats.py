"""Seats that one process at a time may hold: the sender and the reader of updates of one bot.

A seat is a PostgreSQL advisory lock of a session, on a connection of its own: when its holder dies the
server frees it, and a standby that asks every few seconds takes over. SQLite is one process's database,
and there the seat is always free.
"""

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
        self._shared = store.dialect == "postgresql"
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
            if self._shared
            else None
        )

    def take(self) -> bool:
        """Return whether this process holds the seat, taking it if it is free. Raises DatabaseDown."""
        if self._engine is None:
            return True
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

    def leave(self) -> None:
        """Give the seat up; ending the session is what frees it."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.invalidate()
            connection.close()
