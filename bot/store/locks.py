"""Who waits for whom while stories are made and mended, or two processes would open one story twice.

PostgreSQL only: SQLite has one writer anyway (BEGIN IMMEDIATE). Each is held until the transaction ends.
"""

from collections.abc import Iterable

import sqlalchemy as sa

from bot.store.engine import Tx
from bot.store.schema import stories

STORIES = 20201029  # any number that no other lock of ours uses
_KIN = sa.text(
    "SELECT count(pg_advisory_xact_lock(:kind, half)) FROM unnest(CAST(:halves AS int[])) AS wanted (half)"
)


def hold_stories(tx: Tx) -> None:
    """Let this transaction alone mend stories. Nothing is filed beside it."""
    if _shared(tx):
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(STORIES)))


def hold_kin(tx: Tx, keys: Iterable[int]) -> None:
    """Let articles without a story be filed beside each other, but for those that share a key.

    No article that has a story changes it meanwhile (see hold_stories). The upper halves of the keys are
    locked in order, so that no two transactions wait for each other; there are fewer of them than the 64
    locks for each connection that PostgreSQL keeps room for.
    """
    if _shared(tx):
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(STORIES)))
        tx.execute(_KIN, {"kind": STORIES, "halves": sorted({key >> 32 for key in keys})})


def hold_story(tx: Tx, story_id: int) -> None:
    """Let one article at a time join a story: the next one's origin and telling know of it."""
    if _shared(tx):
        held = sa.select(stories.c.id).where(stories.c.id == story_id)
        tx.execute(held.with_for_update(key_share=True))


def _shared(tx: Tx) -> bool:
    return tx.dialect.name == "postgresql"
