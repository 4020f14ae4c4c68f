"""Watches, and the revision log by which every process follows them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.domain.hours import Mode
from bot.domain.model import Watch
from bot.domain.packing import Packed
from bot.store import holds
from bot.store.engine import Tx, chunked, next_value
from bot.store.schema import (
    articles,
    counters,
    forgotten_watches,
    matches,
    watches,
)

REVISION = "watch_revision"


def set_own_mode(tx: Tx, watch: Watch, mode: Mode | None, now: datetime) -> None:
    """Tell of a watch so from now on; None: as its chat is told of the others."""
    own = None if mode is None else str(mode)
    tx.execute(watches.update().where(watches.c.id == watch.id).values(mode=own))
    holds.replan(tx, watch.subscriber_id, now)


def with_own_mode(tx: Tx, subscriber_id: int, *, limit: int) -> list[Watch]:
    """Return the active watches of a chat that are told otherwise than the chat, oldest first."""
    other = _active(subscriber_id).where(watches.c.mode.is_not(None))
    rows = tx.execute(other.order_by(watches.c.id).limit(limit))
    return [_watch(row) for row in rows.mappings()]


def prune_forgotten(tx: Tx, upto: int) -> int:
    """Take forgotten watches out of the log up to a revision that all know; return the newest revision.

    A process that missed it matches on, and tells nobody: `subscribers_of` finds no owner.
    """
    tx.execute(forgotten_watches.delete().where(forgotten_watches.c.revision <= upto))
    return newest_revision(tx)


def add(
    tx: Tx, subscriber_id: int, query: str, now: datetime, packed: Packed | None = None
) -> Watch:
    """Start a watch. query: as parse_query prints it. packed: its keys, None to make them later."""
    new = watches.insert().values(
        subscriber_id=subscriber_id,
        query=query,
        created_at=now,
        revision=next_value(tx, REVISION),
        **_kept(packed),
    )
    return _watch(tx.execute(new.returning(*_COLUMNS)).mappings().one())


def _kept(packed: Packed | None) -> dict[str, str | None]:
    return {
        "packed": packed.text if packed else None,
        "stamp": packed.stamp if packed else None,
    }


_COLUMNS = [c for c in watches.c if c.name not in ("packed", "stamp")]


def _watch(row: sa.RowMapping) -> Watch:
    return Watch(**{**row, "off": tuple(row["off"] or ()), "own": tuple(row["own"] or ())})


def same(tx: Tx, subscriber_id: int, query: str) -> Watch | None:
    """Return the subscriber's active watch with that very query, if there is one."""
    rows = tx.execute(_active(subscriber_id).where(watches.c.query == query).limit(1))
    row = rows.mappings().one_or_none()
    return _watch(row) if row else None


def _active(subscriber_id: int) -> sa.Select[tuple[object, ...]]:
    return sa.select(*_COLUMNS).where(
        watches.c.subscriber_id == subscriber_id, watches.c.stopped_at.is_(None)
    )


def stop(tx: Tx, subscriber_id: int, watch_id: int, now: datetime) -> Watch | None:
    """Stop a watch of that subscriber and return it; None if they have no such active watch."""
    statement = (
        watches.update()
        .where(
            watches.c.id == watch_id,
            watches.c.subscriber_id == subscriber_id,
            watches.c.stopped_at.is_(None),
        )
        .values(stopped_at=now, revision=next_value(tx, REVISION), **_kept(None))
        .returning(*_COLUMNS)
    )
    row = tx.execute(statement).mappings().one_or_none()
    return _watch(row) if row else None


def mine(tx: Tx, subscriber_id: int, watch_id: int) -> Watch | None:
    """Return an active watch of that chat, None if it has none such."""
    row = (
        tx.execute(_active(subscriber_id).where(watches.c.id == watch_id)).mappings().one_or_none()
    )
    return _watch(row) if row else None


def change(tx: Tx, watch: Watch, packed: Packed | None = None) -> None:
    """Save a watch's query, title, aliases and switched-off names; every process will follow.

    packed: the keys of the watch as it is now, None to make them later.
    """
    tx.execute(
        watches.update()
        .where(watches.c.id == watch.id)
        .values(
            query=watch.query,
            title=watch.title,
            off=list(watch.off) or None,
            own=list(watch.own) or None,
            revision=next_value(tx, REVISION),
            **_kept(packed),
        )
    )


def set_token(tx: Tx, watch_id: int, token: str) -> None:
    """Let a watch be found by a token, for the link that shares it."""
    tx.execute(watches.update().where(watches.c.id == watch_id).values(token=token))


def by_token(tx: Tx, token: str) -> Watch | None:
    """Return the watch that a link shares, stopped or not; None if there is none."""
    rows = tx.execute(sa.select(*_COLUMNS).where(watches.c.token == token))
    row = rows.mappings().one_or_none()
    return _watch(row) if row else None


def count(tx: Tx, subscriber_id: int) -> int:
    """Return how many watches are active in a chat."""
    active = _active(subscriber_id).subquery()
    return tx.execute(sa.select(sa.func.count()).select_from(active)).scalar_one()


@dataclass(frozen=True, slots=True)
class Listed:
    """A watch as /watches shows it. last_at: when it last matched an article, None for never."""

    watch: Watch
    matched: int
    last_at: datetime | None


def of_subscriber(tx: Tx, subscriber_id: int, *, offset: int = 0, limit: int = 100) -> list[Listed]:
    """Return a page of a chat's active watches, oldest first, with how often each matched."""
    rows = tx.execute(_active(subscriber_id).order_by(watches.c.id).offset(offset).limit(limit))
    found = [_watch(row) for row in rows.mappings()]
    return [Listed(watch, *matched(tx, watch.id)) for watch in found]


def matched(tx: Tx, watch_id: int) -> tuple[int, datetime | None]:
    """Return how many articles a watch matched, and when the last was filed, None for never."""
    counted = (
        sa.select(sa.func.count(), sa.func.max(articles.c.filed_at))
        .join_from(matches, articles)
        .where(matches.c.watch_id == watch_id)
    )
    n, last = tx.execute(counted).one()
    return n, last


@dataclass(frozen=True, slots=True)
class Saved:
    """An active watch as the matcher takes it. packed None: its keys were not made yet."""

    id: int
    revision: int
    query: str
    off: Sequence[str]
    own: Sequence[str]
    packed: Packed | None


def _saved(row: Any) -> Saved:
    watch_id, revision, query, off, own, packed, stamp, *_ = row
    keys = None if packed is None else Packed(packed, stamp or "")
    return Saved(watch_id, revision, query, off or (), own or (), keys)


_KEYS = [watches.c[n] for n in ("id", "revision", "query", "off", "own", "packed", "stamp")]


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened to the watches since a revision. A number in both: stopped, then given out again."""

    revision: int
    stopped: Sequence[int]
    started: Sequence[Saved]


def newest_revision(tx: Tx) -> int:
    """Return the newest revision of the watch log, 0 if nobody ever watched.

    Revisions become visible in order: the counter's row is locked until its change has committed.
    """
    newest = tx.execute(sa.select(counters.c.value).where(counters.c.name == REVISION)).scalar()
    return newest or 0


def changes_since(tx: Tx, revision: int) -> Changes:
    """Return the watches started, changed, stopped and forgotten after `revision`, and the newest one."""
    newest = newest_revision(tx)
    if newest <= revision:
        return Changes(revision, (), ())
    rows = tx.execute(
        sa.select(*_KEYS, watches.c.stopped_at)
        .where(watches.c.revision > revision)
        .order_by(watches.c.revision)
    ).all()
    forgotten = sa.select(forgotten_watches.c.watch_id).where(
        forgotten_watches.c.revision > revision
    )
    stopped = [*tx.execute(forgotten).scalars(), *(r.id for r in rows if r.stopped_at is not None)]
    return Changes(newest, stopped, [_saved(row) for row in rows if row.stopped_at is None])


_AT_ONCE = 5_000  # rows of a million in memory


def every_active(tx: Tx) -> Iterator[Saved]:
    """Yield all active watches."""
    statement = sa.select(*_KEYS).where(watches.c.stopped_at.is_(None))
    for row in tx.execute(statement, execution_options={"yield_per": _AT_ONCE}):
        yield _saved(row)


def stale(tx: Tx, stamp: str, *, after: int, limit: int) -> list[Saved]:
    """Return active watches whose keys were made with another stamp, or never, by id beginning after that."""
    other = watches.c.stamp.is_distinct_from(stamp)
    rows = tx.execute(
        sa.select(*_KEYS)
        .where(watches.c.id > after, watches.c.stopped_at.is_(None), other)
        .order_by(watches.c.id)
        .limit(limit)
    )
    return [_saved(row) for row in rows]


def save_packed(tx: Tx, made: Sequence[tuple[Saved, Packed]]) -> None:
    """Keep keys made anew, unless the watch has changed meanwhile. It is no change of the watch."""
    statement = (
        watches.update()
        .where(watches.c.id == sa.bindparam("at"), watches.c.revision == sa.bindparam("was"))
        .values(packed=sa.bindparam("text"), stamp=sa.bindparam("made_with"))
    )
    rows = [
        {"at": old.id, "was": old.revision, "text": new.text, "made_with": new.stamp}
        for old, new in made
    ]
    if rows:
        tx.execute(statement, rows)


def subscribers_of(tx: Tx, watch_ids: Sequence[int]) -> dict[int, int]:
    """Return, by watch id, the subscriber of each watch that is still active."""
    owners: dict[int, int] = {}
    for part in chunked(watch_ids, 5_000):
        active = sa.and_(watches.c.id.in_(part), watches.c.stopped_at.is_(None))
        rows = tx.execute(sa.select(watches.c.id, watches.c.subscriber_id).where(active))
        owners |= {row.id: row.subscriber_id for row in rows}
    return owners
