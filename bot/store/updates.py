"""Which of Telegram's updates have been answered: the offset moves in the transaction that answers."""

import sqlalchemy as sa

from bot.store.engine import Tx, insert
from bot.store.schema import counters

OFFSET = "update_offset"

# Telegram repeats what was not confirmed: one batch of at most 100. An id further back than this is
# no repetition: after a week without updates Telegram goes on from a random number.
REPEATED = 1_000


def offset(tx: Tx) -> int:
    """Return the id of the last update answered, 0 if there was none."""
    rows = tx.execute(sa.select(counters.c.value).where(counters.c.name == OFFSET))
    return rows.scalar() or 0


def advance(tx: Tx, update_id: int) -> bool:
    """Note that this transaction answers the update. False: it was answered before, do nothing.

    Updates are to be answered in the order of their ids.
    """
    first = insert(tx, counters).values(name=OFFSET, value=update_id)
    done = first.on_conflict_do_update(
        index_elements=[counters.c.name],
        set_={"value": update_id},
        where=sa.or_(counters.c.value < update_id, counters.c.value - REPEATED > update_id),
    ).returning(counters.c.value)
    return tx.execute(done).first() is not None
