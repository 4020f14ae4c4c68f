"""Outlets that commands add and retire, beside those of the outlets file."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from bot.domain.outlet import FeedKind, OutletEntry, OutletFeed
from bot.store.engine import Tx, chunked
from bot.store.feeds import Synced, put_outlet
from bot.store.schema import feeds, outlets

_WITH_FEEDS = (
    sa.select(outlets, feeds.c.url, feeds.c.kind)
    .join_from(outlets, feeds)
    .order_by(outlets.c.name, feeds.c.id)
)


def add(tx: Tx, entries: Sequence[OutletEntry], now: datetime) -> Synced:
    """Add outlets by hand, or bring retired ones back; the outlets file will leave them alone.

    An outlet whose name is known gains the feeds. A feed of another outlet moves to this one.
    """
    added = changed = 0
    for entry in entries:
        stored = tx.execute(sa.select(outlets).where(outlets.c.name == entry.name)).one_or_none()
        urls = [feed.url for feed in entry.feeds]
        rows = tx.execute(sa.select(feeds).where(feeds.c.url.in_(urls)))
        put = put_outlet(tx, entry, stored, {row.url: row for row in rows}, now)
        tx.execute(outlets.update().where(outlets.c.name == entry.name).values(by_hand=True))
        added, changed = added + put.added, changed + put.changed
    return Synced(added=added, changed=changed, retired=0)


def owner(tx: Tx, url: str) -> str | None:
    """Return the outlet that a feed is polled for, None if it is not polled."""
    rows = tx.execute(
        sa.select(outlets.c.name)
        .join_from(feeds, outlets)
        .where(feeds.c.url == url, feeds.c.retired_at.is_(None))
    )
    name: str | None = rows.scalar()
    return name


def unpolled(tx: Tx, entries: Sequence[OutletEntry]) -> list[OutletEntry]:
    """Return the outlets with those of their feeds that are not polled yet, where there are any."""
    urls = {feed.url for entry in entries for feed in entry.feeds}
    known: set[str] = set()
    for part in chunked(sorted(urls), 1_000):
        polled = sa.select(feeds.c.url).where(feeds.c.url.in_(part), feeds.c.retired_at.is_(None))
        known.update(tx.execute(polled).scalars())
    left = (
        replace(entry, feeds=tuple(f for f in entry.feeds if f.url not in known))
        for entry in entries
    )
    return [entry for entry in left if entry.feeds]


def find(tx: Tx, name: str) -> OutletEntry | None:
    """Return the outlet of that name, if it is polled, without its feeds."""
    row = tx.execute(
        sa.select(outlets).where(outlets.c.name == name, outlets.c.retired_at.is_(None))
    ).first()
    if row is None:
        return None
    return OutletEntry(row.name, row.homepage, row.country, row.language, (), row.user_agent)


def retire(tx: Tx, name: str, now: datetime) -> bool:
    """Poll an outlet no more, whatever the file says. Its history stays. False: no such active outlet."""
    found = tx.execute(
        outlets.update()
        .where(outlets.c.name == name, outlets.c.retired_at.is_(None))
        .values(retired_at=now, by_hand=True, blind_since=None, blind_why=None)
        .returning(outlets.c.id)
    ).scalar()
    if found is None:
        return False
    tx.execute(feeds.update().where(feeds.c.outlet_id == found).values(retired_at=now))
    return True


def restore(tx: Tx, name: str, now: datetime) -> bool:
    """Poll a retired outlet again, with the feeds it had. False: no such retired outlet."""
    rows = tx.execute(_WITH_FEEDS.where(outlets.c.name == name, outlets.c.retired_at.is_not(None)))
    entries = _entries(rows)
    if not entries:
        return False
    add(tx, entries, now)
    return True


def name_of(tx: Tx, outlet_id: int) -> str | None:
    """Return an outlet's name, None if there is no such outlet."""
    found = sa.select(outlets.c.name).where(outlets.c.id == outlet_id)
    name: str | None = tx.execute(found).scalar()
    return name


class Brief(NamedTuple):
    """An outlet as lists show it. country: ISO 3166-1 alpha-2; language: BCP 47."""

    id: int
    name: str
    country: str
    language: str
    homepage: str


def polled_briefly(tx: Tx) -> list[Brief]:
    """Return every outlet that is polled, by name."""
    o = outlets.c
    columns = o.id, o.name, o.country, o.language, o.homepage
    rows = tx.execute(
        sa.select(*columns).where(outlets.c.retired_at.is_(None)).order_by(outlets.c.name)
    )
    return [Brief(*row) for row in rows]


def polled(tx: Tx) -> list[OutletEntry]:
    """Return every outlet that is polled, with its feeds, by name."""
    active = _WITH_FEEDS.where(outlets.c.retired_at.is_(None), feeds.c.retired_at.is_(None))
    return _entries(tx.execute(active))


def _entries(rows: Iterable[Any]) -> list[OutletEntry]:
    found: dict[str, OutletEntry] = {}
    for row in rows:
        feed = OutletFeed(row.url, FeedKind(row.kind))
        before = found[row.name].feeds if row.name in found else ()
        found[row.name] = OutletEntry(
            name=row.name,
            homepage=row.homepage,
            country=row.country,
            language=row.language,
            feeds=(*before, feed),
            user_agent=row.user_agent,
        )
    return list(found.values())
