"""Who usually reprints whom, and the texts an outlet's furniture is learned from."""

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.store.engine import Tx
from bot.store.schema import articles, outlets, stories

CUSTOM = timedelta(days=30)  # how far back it is counted who reprints whom
_MOST_COPIES = 2_000  # of the outlets asked about, the newest: enough to see a custom


def reprints(
    tx: Tx, outlet_ids: Collection[int] | None, *, since: datetime
) -> dict[tuple[str, str], int]:
    """Return how often one of these outlets had the origin of another's copy, by (origin's, copy's) name.

    None: of all outlets. The newest articles count, up to a bound.
    """
    copies, firsts = articles.alias("copies"), articles.alias("firsts")
    theirs, ours = outlets.alias("theirs"), outlets.alias("ours")
    recent = (
        sa.select(copies.c.story_id, copies.c.outlet_id)
        .where(copies.c.seen_at >= since, copies.c.story_id.is_not(None))
        .limit(_MOST_COPIES)
    )
    if outlet_ids is None:  # by the index of copies
        recent = recent.where(copies.c.copy_of.is_not(None)).order_by(copies.c.id.desc())
    else:
        mine = copies.c.outlet_id.in_(outlet_ids)
        recent = recent.where(mine).order_by(copies.c.seen_at.desc())
    newest = recent.subquery()
    counted = (
        sa.select(theirs.c.name, ours.c.name, sa.func.count())
        .select_from(newest)
        .join(stories, stories.c.id == newest.c.story_id)
        .join(firsts, firsts.c.id == stories.c.origin_id)
        .join(theirs, theirs.c.id == firsts.c.outlet_id)
        .join(ours, ours.c.id == newest.c.outlet_id)
        .where(firsts.c.outlet_id != newest.c.outlet_id)
        .group_by(theirs.c.name, ours.c.name)
    )
    if outlet_ids is not None:
        counted = counted.where(firsts.c.outlet_id.in_(outlet_ids))
    return {(origin, copy): times for origin, copy, times in tx.execute(counted)}


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
