"""Outlets and feeds: what the outlets file names, which feeds are due, and what a poll left behind."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.domain.notes import Note, Oddity, read_notes
from bot.domain.outlet import (
    Changed,
    Failure,
    FailureKind,
    Feed,
    FeedKind,
    FeedReading,
    OutletEntry,
)
from bot.domain.rhythm import Rhythm
from bot.domain.schedule import Plan, is_open
from bot.store.engine import Tx
from bot.store.schema import feeds, outlets


@dataclass(frozen=True, slots=True)
class Health:
    """One feed as /outlets shows it. failures: in a row. None times: never.

    detail: of its failure. notes: what was odd in the last reading that brought anything.
    per_day: new articles it is expected to bring in a day; None while nothing is known of it.
    """

    feed_id: int
    outlet: str
    country: str
    url: str
    polled_at: datetime | None
    new_at: datetime | None
    due_at: datetime
    interval_s: int
    failures: int
    failure: str | None
    detail: str
    notes: tuple[Note, ...]
    per_day: float | None = None


OUTLETS_LOCK = 0x6F75746C  # any number, the same in every process ("outl")

_FEED = sa.select(
    feeds.c.id,
    feeds.c.outlet_id,
    outlets.c.name.label("outlet"),
    # What the outlets file names stays its key; a feed that moved is asked at its new address.
    sa.func.coalesce(feeds.c.moved_to, feeds.c.url).label("url"),
    feeds.c.kind,
    outlets.c.language,
    outlets.c.country,
    feeds.c.etag,
    feeds.c.last_modified,
    feeds.c.body_hash,
    feeds.c.first_polled_at,
    feeds.c.interval_s,
    feeds.c.failures,
    feeds.c.rhythm,
    outlets.c.user_agent,
).join_from(feeds, outlets)


@dataclass(frozen=True, slots=True)
class Synced:
    """What reading the outlets file changed, in feeds."""

    added: int
    changed: int
    retired: int


def sync_outlets(tx: Tx, entries: Sequence[OutletEntry], now: datetime) -> Synced:
    """Make the database's outlets those of the file. What the file no longer names is retired, not deleted.

    An outlet is known by its name, a feed by its URL: a feed that moves to another outlet keeps its history.
    What a command added stays, and what a command retired stays retired.
    """
    if tx.dialect.name == "postgresql":  # processes that start together read the same file
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(OUTLETS_LOCK)))
    stored = {row.name: row for row in tx.execute(sa.select(outlets))}
    shut = {name for name, o in stored.items() if o.by_hand and o.retired_at is not None}
    kept = {o.id for o in stored.values() if o.by_hand}
    entries = [e for e in entries if e.name not in shut]
    known = {row.url: row for row in tx.execute(sa.select(feeds))}
    theirs = {u for u, row in known.items() if row.outlet_id in kept and row.retired_at is None}
    ours = {o.id: name for name, o in stored.items()}
    put = [
        put_outlet(tx, _without(e, theirs, known, ours), stored.get(e.name), known, now)
        for e in entries
    ]
    names = {e.name for e in entries}
    urls = {f.url for e in entries for f in e.feeds}
    gone = [
        row.id
        for url, row in known.items()
        if url not in urls and row.retired_at is None and row.outlet_id not in kept
    ]
    lost = [
        o.id
        for name, o in stored.items()
        if name not in names and o.retired_at is None and not o.by_hand
    ]
    tx.execute(feeds.update().where(feeds.c.id.in_(gone)).values(retired_at=now))
    tx.execute(outlets.update().where(outlets.c.id.in_(lost)).values(retired_at=now))
    return Synced(
        added=sum(p.added for p in put), changed=sum(p.changed for p in put), retired=len(gone)
    )


def _without(
    entry: OutletEntry,
    theirs: Collection[str],
    known: Mapping[str, sa.Row[tuple[object, ...]]],
    names: Mapping[int, str],
) -> OutletEntry:
    """Return an entry of the file without the feeds that a command gave to another outlet."""
    kept = tuple(
        f
        for f in entry.feeds
        if f.url not in theirs or names.get(known[f.url].outlet_id) == entry.name
    )
    return replace(entry, feeds=kept)


def put_outlet(
    tx: Tx,
    entry: OutletEntry,
    stored: sa.Row[tuple[object, ...]] | None,
    known: Mapping[str, sa.Row[tuple[object, ...]]],
    now: datetime,
) -> Synced:
    """Make one outlet and its feeds what the entry says. stored, known: its row and its feeds', by URL."""
    outlet_id = _put_row(tx, entry, stored)
    added = changed = 0
    for feed in entry.feeds:
        values = {"outlet_id": outlet_id, "kind": feed.kind.value, "retired_at": None}
        row = known.get(feed.url)
        if row is None:
            tx.execute(feeds.insert().values(url=feed.url, due_at=now, **values))
            added += 1
        elif any(getattr(row, k) != v for k, v in values.items()):
            tx.execute(feeds.update().where(feeds.c.id == row.id).values(due_at=now, **values))
            changed += 1
    return Synced(added=added, changed=changed, retired=0)


def _put_row(tx: Tx, entry: OutletEntry, row: sa.Row[tuple[object, ...]] | None) -> int:
    values = {
        "homepage": entry.homepage,
        "country": entry.country,
        "language": entry.language,
        "user_agent": entry.user_agent,
        "retired_at": None,
    }
    if row is None:
        new = outlets.insert().values(name=entry.name, **values).returning(outlets.c.id)
        outlet_id: int = tx.execute(new).scalar_one()
        return outlet_id
    if any(getattr(row, k) != v for k, v in values.items()):
        tx.execute(outlets.update().where(outlets.c.id == row.id).values(**values))
    return int(row.id)


def claim_due(tx: Tx, now: datetime, *, limit: int, lease_s: int) -> list[Feed]:
    """Take up to `limit` feeds whose poll is due, longest due first.

    A claimed feed is invisible to other claims for lease_s seconds, then comes back by itself.
    """
    due = (
        sa.select(feeds.c.id)
        .where(feeds.c.retired_at.is_(None), feeds.c.due_at <= now)
        .order_by(feeds.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")  # a CTE, or PostgreSQL may re-run the LIMIT and lease too many
    )
    lease = sa.update(feeds).where(feeds.c.id.in_(sa.select(due.c.id))).returning(feeds.c.id)
    ids = tx.execute(lease.values(due_at=now + timedelta(seconds=lease_s))).scalars().all()
    rows = tx.execute(_FEED.where(feeds.c.id.in_(ids)).order_by(feeds.c.id)).mappings()
    return [_feed(row) for row in rows]


def _feed(row: sa.RowMapping) -> Feed:
    kind, rhythm = FeedKind(row["kind"]), Rhythm.from_json(row["rhythm"])
    return Feed(**{**row, "kind": kind, "rhythm": rhythm})


def record_poll(
    tx: Tx, feed: Feed, reading: FeedReading, plan: Plan, *, new: int, now: datetime
) -> None:
    """Keep what a poll found and taught. new: how many articles it brought."""
    values: dict[str, object] = {
        "polled_at": now,
        "due_at": plan.due_at,
        "interval_s": max(0, round((plan.due_at - now).total_seconds())),
        "rhythm": plan.rhythm.to_json(),
    }
    if isinstance(reading, Failure) and reading.kind is FailureKind.HELD:
        values = {"due_at": plan.due_at}  # not asked: it knows no more than before
    elif isinstance(reading, Failure):
        values |= {
            "failures": feed.failures + 1,
            "failure": reading.kind.value,
            "failure_detail": reading.detail[:500],
        }
        if is_open(plan.rhythm):  # where it moved to is down: the file's address may lead elsewhere
            values |= {"moved_to": None}
    else:
        values |= {"failures": 0, "failure": None, "failure_detail": None}
        values |= {"etag": reading.etag, "last_modified": reading.last_modified}
    if isinstance(reading, Changed):
        lately = plan.rhythm.missed_lately(now)
        missed = (Note(Oddity.MISSED, n=lately),) if lately else ()
        note = "\n".join(map(str, (*reading.notes, *missed)))
        values |= {"body_hash": reading.body_hash, "note": note or None}
        values |= {"first_polled_at": now} if feed.first_polled_at is None else {}
        values |= {"new_at": now} if new else {}
    tx.execute(feeds.update().where(feeds.c.id == feed.id).values(**values))
    if plan.move_to:
        _move(tx, feed, plan.move_to)


def _move(tx: Tx, feed: Feed, url: str) -> None:
    """Follow a feed to its new address, unless another feed is already there."""
    taken = sa.select(feeds.c.id).where(feeds.c.url == url)
    if tx.execute(taken).first() is None:
        tx.execute(feeds.update().where(feeds.c.id == feed.id).values(moved_to=url))


def rhythms(tx: Tx) -> list[Rhythm]:
    """Return what is known of every feed that is polled: the budget of polls is shared among them."""
    rows = tx.execute(sa.select(feeds.c.rhythm).where(feeds.c.retired_at.is_(None)))
    return [Rhythm.from_json(row) for row in rows.scalars()]


def health(tx: Tx, *, offset: int, limit: int) -> list[Health]:
    """Return a page of all active feeds, those that fail first, then by outlet."""
    rows = tx.execute(
        sa.select(
            feeds.c.id.label("feed_id"),
            outlets.c.name.label("outlet"),
            outlets.c.country,
            feeds.c.url,
            feeds.c.polled_at,
            feeds.c.new_at,
            feeds.c.due_at,
            feeds.c.interval_s,
            feeds.c.failures,
            feeds.c.failure,
            sa.func.coalesce(feeds.c.failure_detail, "").label("detail"),
            sa.func.coalesce(feeds.c.note, "").label("notes"),
            feeds.c.rhythm,
        )
        .join_from(feeds, outlets)
        .where(feeds.c.retired_at.is_(None))
        .order_by(feeds.c.failures.desc(), outlets.c.name, feeds.c.id)
        .offset(offset)
        .limit(limit)
    )
    return [_health(row) for row in rows.mappings()]


def _health(row: sa.RowMapping) -> Health:
    told = dict(row)
    rhythm = Rhythm.from_json(told.pop("rhythm"))
    told["notes"] = read_notes(told["notes"].splitlines())
    return Health(**told, per_day=24 * rhythm.rate_per_h if rhythm.known else None)


def count_active(tx: Tx) -> int:
    """Return how many feeds are polled."""
    active = sa.select(sa.func.count()).select_from(feeds).where(feeds.c.retired_at.is_(None))
    return tx.execute(active).scalar_one()


def set_due(tx: Tx, feed_id: int, due_at: datetime) -> str | None:
    """Let a feed be polled at that time; return its URL, None if it is not polled at all."""
    active = (feeds.c.id == feed_id) & feeds.c.retired_at.is_(None)
    moved = feeds.update().where(active).values(due_at=due_at).returning(feeds.c.url)
    url: str | None = tx.execute(moved).scalar()
    return url
