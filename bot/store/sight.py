"""Which outlets are out of sight, and which watches lose by it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.domain.rhythm import Rhythm
from bot.store.engine import Tx
from bot.store.schema import articles, feeds, matches, outlets, watches

LOSERS_DAYS = 30  # a watch that an outlet fed within them loses by its silence


@dataclass(frozen=True, slots=True)
class Watched:
    """One outlet with the rhythms of its feeds. blind_since: as the admins were told, None if it is seen."""

    outlet_id: int
    name: str
    country: str
    blind_since: datetime | None
    blind_why: str | None
    rhythms: Sequence[Rhythm]


def watched(tx: Tx) -> list[Watched]:
    """Return every outlet that is polled."""
    by_outlet: dict[int, list[Rhythm]] = defaultdict(list)
    for row in tx.execute(
        sa.select(feeds.c.outlet_id, feeds.c.rhythm).where(feeds.c.retired_at.is_(None))
    ):
        by_outlet[row.outlet_id].append(Rhythm.from_json(row.rhythm))
    rows = tx.execute(sa.select(outlets).where(outlets.c.retired_at.is_(None)))
    return [
        Watched(r.id, r.name, r.country, r.blind_since, r.blind_why, by_outlet[r.id]) for r in rows
    ]


def lose_sight(tx: Tx, outlet_id: int, *, since: datetime, why: str) -> bool:
    """Mark an outlet as out of sight. False: another process has, and has told the admins."""
    marked = (
        outlets.update()
        .where(outlets.c.id == outlet_id, outlets.c.blind_since.is_(None))
        .values(blind_since=since, blind_why=why)
    )
    return tx.execute(marked.returning(outlets.c.id)).first() is not None


def regain_sight(tx: Tx, outlet_id: int) -> bool:
    """Mark an outlet as seen again. False: another process has."""
    marked = (
        outlets.update()
        .where(outlets.c.id == outlet_id, outlets.c.blind_since.is_not(None))
        .values(blind_since=None, blind_why=None)
    )
    return tx.execute(marked.returning(outlets.c.id)).first() is not None


def losers(tx: Tx, outlet_id: int, now: datetime, *, limit: int) -> list[str]:
    """Return the queries that this outlet's articles matched lately, the most often first."""
    rows = tx.execute(
        sa.select(watches.c.query)
        .join_from(articles, matches, matches.c.article_id == articles.c.id)
        .join(watches, watches.c.id == matches.c.watch_id)
        .where(
            articles.c.outlet_id == outlet_id,
            articles.c.seen_at >= now - timedelta(days=LOSERS_DAYS),
            watches.c.stopped_at.is_(None),
        )
        .group_by(watches.c.query)
        .order_by(sa.func.count().desc(), watches.c.query)
        .limit(limit)
    )
    return list(rows.scalars())


@dataclass(frozen=True, slots=True)
class Blind:
    """An outlet that is out of sight, as /watches names it."""

    name: str
    country: str
    since: datetime
    why: str


def blind(tx: Tx, *, limit: int) -> list[Blind]:
    """Return the outlets out of sight, the latest first: that is news, what is long dead is known."""
    rows = tx.execute(
        sa.select(outlets.c.name, outlets.c.country, outlets.c.blind_since, outlets.c.blind_why)
        .where(outlets.c.blind_since.is_not(None), outlets.c.retired_at.is_(None))
        .order_by(outlets.c.blind_since.desc(), outlets.c.name)
        .limit(limit)
    )
    return [Blind(r.name, r.country, r.blind_since, r.blind_why) for r in rows]
