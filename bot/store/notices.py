"""Waking other processes: PostgreSQL's LISTEN and NOTIFY.

A notice only says "look now"; what is due is in the tables, and the ticks would find it a little later.
So nothing is lost where notices do not arrive: SQLite, a pooler in transaction mode, a broken connection.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import psycopg
import sqlalchemy as sa

from bot.domain.errors import DatabaseDown
from bot.store.engine import Tx, first_line

CHANNEL = "outpost"


def wake(tx: Tx, stage: str) -> None:
    """Tell every process, once this transaction has committed, that a stage has something to do."""
    if tx.dialect.name == "postgresql":
        tx.execute(sa.select(sa.func.pg_notify(CHANNEL, stage)))


async def listen(url: sa.URL) -> AsyncGenerator[str, None]:
    """Yield the stages that are woken; close it to let the connection go. PostgreSQL only.

    Raises DatabaseDown when the connection ends.
    """
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        connection = await psycopg.AsyncConnection.connect(address, autocommit=True)
        try:
            await connection.execute(f"LISTEN {CHANNEL}")
            async with aclosing(connection.notifies()) as found:
                async for notice in found:
                    yield notice.payload
        finally:
            await connection.close()
    except psycopg.Error as e:
        raise DatabaseDown(first_line(e)) from e
