"""Who usually reprints whom, and the texts an outlet's furniture is learned from."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from bot.store.engine import Tx
from bot.store.schema import articles, outlets, stories

_MOST_COPIES = 2_000  # of the outlets asked about, the newest: enough to see a custom


def reprints(tx: Tx, outlet_ids: Collection[int], *, since: datetime) -> dict[tuple[str, str], int]:
    """Return how often one of these outlets had the origin of another's copy, by (origin's, copy's) name."""
    copies, firsts = articles.alias("copies"), articles.alias("firsts")
    theirs, ours = outlets.alias("theirs"), outlets.alias("ours")
    newest = (
        sa.select(copies.c.story_id, copies.c.outlet_id)
        .where(copies.c.outlet_id.in_(outlet_ids), copies.c.seen_at >= since)
        .where(copies.c.story_id.is_not(None))
        .order_by(copies.c.seen_at.desc())
        .limit(_MOST_COPIES)
        .subquery()
    )
    rows = tx.execute(
        sa.select(theirs.c.name, ours.c.name, sa.func.count())
        .select_from(newest)
        .join(stories, stories.c.id == newest.c.story_id)
        .join(firsts, firsts.c.id == stories.c.origin_id)
        .join(theirs, theirs.c.id == firsts.c.outlet_id)
        .join(ours, ours.c.id == newest.c.outlet_id)
        .where(firsts.c.outlet_id.in_(outlet_ids), firsts.c.outlet_id != newest.c.outlet_id)
        .group_by(theirs.c.name, ours.c.name)
    )
    return {(origin, copy): times for origin, copy, times in rows}


def outlets_since(tx: Tx, since: datetime) -> list[int]:
    """Return the outlets that had an article since then."""
    recent = articles.select().where(
        articles.c.outlet_id == outlets.c.id, articles.c.seen_at >= since
    )
    return list(tx.execute(sa.select(outlets.c.id).where(recent.exists())).scalars())


def recent_texts(tx: Tx, outlet_id: int, *, since: datetime, limit: int) -> list[str]:
    """Return the bodies of an outlet's newest articles that are nobody's copies, at most `limit`."""
    found = (
        sa.select(articles.c.body)
        .where(articles.c.outlet_id == outlet_id, articles.c.seen_at >= since)
        .where(articles.c.state == "filed", articles.c.copy_of.is_(None), articles.c.body != "")
        .order_by(articles.c.seen_at.desc())
        .limit(limit)
    )
    return list(tx.execute(found).scalars())
