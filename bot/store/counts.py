"""Small facts about time that every process shares."""

from datetime import datetime, timedelta

from bot.store.engine import Tx, insert
from bot.store.schema import counters


def due_again(tx: Tx, name: str, now: datetime, *, gap: timedelta) -> bool:
    """Return whether something was last done that long ago or never; it counts as done now."""
    at = int(now.timestamp())
    first = insert(tx, counters).values(name=name, value=at)
    done = first.on_conflict_do_update(
        index_elements=[counters.c.name],
        set_={"value": at},
        where=counters.c.value <= at - int(gap.total_seconds()),
    )
    return tx.execute(done.returning(counters.c.value)).first() is not None
