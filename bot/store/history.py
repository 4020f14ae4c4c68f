"""What a chat was told, and what another bot told it before, as its /export says."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from bot.store.engine import Tx, chunked, insert
from bot.store.schema import alerts, articles, imported_alerts, outlets, stories

AT_ONCE = 1_000  # rows of an insert: five values each, and SQLite takes 32,766


class Told(NamedTuple):
    """One alert of a chat's history: the article that its story began with, as it was told."""

    told_at: datetime
    title: str
    outlet: str
    url: str


def of_chat(tx: Tx, subscriber_id: int, *, limit: int) -> list[Told]:
    """Return what a chat was told, newest first; an address once."""
    columns = alerts.c.told_at, articles.c.title, outlets.c.name, articles.c.url
    ours = tx.execute(
        sa.select(*columns)
        .join_from(alerts, stories, stories.c.id == alerts.c.story_id)
        .join(articles, articles.c.id == stories.c.origin_id)
        .join(outlets, outlets.c.id == articles.c.outlet_id)
        .where(alerts.c.subscriber_id == subscriber_id, alerts.c.told_at.is_not(None))
        .order_by(alerts.c.id.desc())
        .limit(limit)
    )
    brought = tx.execute(
        sa.select(*(imported_alerts.c[name] for name in Told._fields))
        .where(imported_alerts.c.subscriber_id == subscriber_id)
        .order_by(imported_alerts.c.id)
        .limit(limit)
    )
    rows = [Told(*row) for result in (brought, ours) for row in result]  # ours last: it wins
    found = {row.url: row for row in rows}
    return sorted(found.values(), key=lambda row: row.told_at, reverse=True)[:limit]


def bring(tx: Tx, subscriber_id: int, rows: Sequence[Told]) -> int:
    """Keep what another bot told a chat; return how many of these were not kept before."""
    new = 0
    for part in chunked(rows, AT_ONCE):
        values = [{"subscriber_id": subscriber_id, **row._asdict()} for row in part]
        kept = insert(tx, imported_alerts).values(values).on_conflict_do_nothing()
        new += len(tx.execute(kept.returning(imported_alerts.c.id)).all())
    return new
