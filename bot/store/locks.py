"""Who waits for whom while stories are made and mended, or two processes would open one story twice.

PostgreSQL only: SQLite has one writer anyway (BEGIN IMMEDIATE). Each lock lasts until its transaction ends.
The order is: all stories, or kin; then a story's row; then the subscribers' rows; then their alerts.
"""

from collections.abc import Iterable

import sqlalchemy as sa

from bot.store.engine import Tx
from bot.store.schema import stories

STORIES = 20201029  # any number that no other lock of ours uses
_KIN = sa.text(
    "SELECT count(pg_advisory_xact_lock(:kind, n)) FROM unnest(CAST(:numbers AS int[])) AS wanted (n)"
)


def lock_stories(tx: Tx) -> None:
    """Let this transaction alone mend stories. Nothing is filed beside it."""
    if _many_write(tx):
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(STORIES)))


def lock_kin(tx: Tx, article_id: int, keys: Iterable[int]) -> None:
    """Let an article without a story be filed beside others, but for those that share a key with it.

    No article that has a story changes it meanwhile (see lock_stories). What is locked are the upper halves
    of the keys, and the article itself, in order, so that no two transactions wait for each other. They are
    fewer than the 64 locks for each connection that PostgreSQL keeps room for. A number that means a key
    here and an article there costs a wait.
    """
    if _many_write(tx):
        numbers = {key >> 32 for key in keys} | {article_id & 0x7FFFFFFF}
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(STORIES)))
        tx.execute(_KIN, {"kind": STORIES, "numbers": sorted(numbers)})


def lock_story(tx: Tx, story_id: int) -> None:
    """Let one article at a time join a story: the next one's origin and telling know of it."""
    if _many_write(tx):
        row = sa.select(stories.c.id).where(stories.c.id == story_id)
        tx.execute(row.with_for_update(key_share=True))


def _many_write(tx: Tx) -> bool:
    return tx.dialect.name == "postgresql"
