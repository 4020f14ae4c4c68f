"""Clears out what is older than the operator wants to keep, hourly and a little at a time."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from bot.config import Keep
from bot.store import counts, pruning
from bot.store.engine import Store, Tx

log = logging.getLogger(__name__)

BATCH = 500  # rows looked at in one transaction: some 20 ms, and no story is locked
PAUSE_S = 0.1  # between two of them, for those who wait to write
GAP = timedelta(minutes=59)  # one process does it for all

Clear = Callable[..., int | None]


async def clear_out(store: Store, keep: Keep, *, window_h: int, now: datetime) -> int:
    """Let go of what has had its days; return how many batches it took. Once an hour, whoever asks.

    window_h: hours in which a story is open for copies. What is still needed stays: see store.pruning.
    """
    if not await store.run(counts.due_again, "cleared_out", now, gap=GAP):
        return 0
    open_since = now - timedelta(hours=window_h)
    ledger = now - timedelta(days=keep.ledger_days)
    tasks: tuple[tuple[str, Clear], ...] = (
        (
            "texts",
            partial(
                pruning.clear_texts,
                before=now - timedelta(days=keep.texts_days),
                open_since=open_since,
            ),
        ),
        (
            "deliveries",
            partial(pruning.clear_deliveries, before=now - timedelta(days=keep.deliveries_days)),
        ),
        ("decisions", partial(pruning.clear_decisions, before=ledger)),
        ("alerts", partial(pruning.clear_alerts, before=ledger, open_since=open_since)),
        ("digests", partial(pruning.clear_digests, before=ledger)),
    )
    batches = 0
    for what, clear in tasks:
        taken = await _in_batches(store, clear)
        batches += taken
        log.info("cleared what=%s batches=%d", what, taken)
    return batches


async def _in_batches(store: Store, clear: Clear) -> int:
    def one(tx: Tx, after: int) -> int | None:
        return clear(tx, after=after, limit=BATCH)

    mark: int | None = 0
    batches = 0
    while mark is not None:
        mark = await store.run(one, mark)
        batches += 1
        await asyncio.sleep(PAUSE_S)
    return batches
