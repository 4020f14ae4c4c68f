"""Subscribers and their watches, and the revision log by which every process follows the watches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.domain.hours import Mode, Quiet
from bot.domain.model import ChatKind, Subscriber, SubscriberState, Watch
from bot.domain.packing import Packed
from bot.store import holds
from bot.store.engine import Tx, chunked, insert, next_value
from bot.store.schema import (
    alerts,
    articles,
    counters,
    forgotten_watches,
    keepers,
    matches,
    prospects,
    subscribers,
    watches,
)

REVISION = "watch_revision"


def find_subscriber(tx: Tx, chat_id: int, thread_id: int = 0) -> Subscriber | None:
    """Return the subscriber of a chat or topic, None if that never subscribed or stopped."""
    rows = tx.execute(
        sa.select(subscribers).where(
            subscribers.c.chat_id == chat_id, subscribers.c.thread_id == thread_id
        )
    )
    row = rows.mappings().one_or_none()
    return _subscriber(row) if row else None


def chat_of(tx: Tx, subscriber_id: int) -> int | None:
    """Return the chat of a subscriber, None if there is no such subscriber."""
    mine = sa.select(subscribers.c.chat_id).where(subscribers.c.id == subscriber_id)
    return tx.execute(mine).scalar()


def of_chat(tx: Tx, chat_id: int) -> list[Subscriber]:
    """Return the subscribers of a chat: of a forum, one for each topic, its General first."""
    rows = tx.execute(
        sa.select(subscribers)
        .where(subscribers.c.chat_id == chat_id)
        .order_by(subscribers.c.thread_id)
    )
    return [_subscriber(row) for row in rows.mappings()]


def _subscriber(row: sa.RowMapping) -> Subscriber:
    return Subscriber(
        id=row["id"],
        chat_id=row["chat_id"],
        kind=ChatKind(row["kind"]),
        title=row["title"],
        language=row["language"],
        state=SubscriberState(row["state"]),
        paused_until=row["paused_until"],
        state_reason=row["state_reason"],
        zone=row["zone"],
        thread_id=row["thread_id"],
        mode=row["mode"],
        quiet=row["quiet"],
        preview=row["preview"],
    )


def subscribe(
    tx: Tx,
    *,
    chat_id: int,
    kind: ChatKind,
    title: str,
    language: str,
    now: datetime,
    thread_id: int = 0,
    zone: str = "",
) -> Subscriber:
    """Return the subscriber, made or brought back to ACTIVE. Its watches, history, zone and language stay."""
    values = {"kind": kind.value, "title": title, "state": SubscriberState.ACTIVE.value}
    new = insert(tx, subscribers).values(
        chat_id=chat_id,
        thread_id=thread_id,
        language=language,
        zone=zone,
        created_at=now,
        **values,
    )
    again = new.on_conflict_do_update(
        index_elements=[subscribers.c.chat_id, subscribers.c.thread_id],
        set_={**values, "state_reason": "", "paused_until": None},
    )
    row = tx.execute(again.returning(subscribers)).mappings().one()
    holds.replan(tx, row["id"], now)
    return _subscriber(row)


def set_state(
    tx: Tx,
    subscriber_id: int,
    state: SubscriberState,
    *,
    now: datetime,
    until: datetime | None = None,
    reason: str = "",
) -> None:
    """Pause, resume or lose a chat. until: when a pause ends by itself, None for never."""
    tx.execute(
        subscribers.update()
        .where(subscribers.c.id == subscriber_id)
        .values(state=state.value, paused_until=until, state_reason=reason)
    )
    if state is SubscriberState.ACTIVE:
        holds.replan(tx, subscriber_id, now)
    else:
        _hold_untold(tx, subscriber_id, state)


def set_language(tx: Tx, subscriber_id: int, language: str) -> None:
    """Speak that language to a chat from now on."""
    mine = subscribers.update().where(subscribers.c.id == subscriber_id)
    tx.execute(mine.values(language=language))


def set_zone(tx: Tx, subscriber_id: int, zone: str, now: datetime) -> None:
    """Tell a chat times in that zone, an IANA name, and keep its hours by it."""
    mine = subscribers.update().where(subscribers.c.id == subscriber_id)
    tx.execute(mine.values(zone=zone))
    holds.replan(tx, subscriber_id, now)


def set_mode(tx: Tx, subscriber_id: int, mode: Mode, now: datetime) -> None:
    """Tell a chat so from now on; what is held or waits comes as it would have."""
    mine = subscribers.update().where(subscribers.c.id == subscriber_id)
    tx.execute(mine.values(mode=str(mode)))
    holds.replan(tx, subscriber_id, now)


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


def set_quiet(tx: Tx, subscriber_id: int, quiet: Quiet | None, now: datetime) -> None:
    """Keep those hours of each day quiet; None: none."""
    mine = subscribers.update().where(subscribers.c.id == subscriber_id)
    tx.execute(mine.values(quiet="" if quiet is None else str(quiet)))
    holds.replan(tx, subscriber_id, now)


def set_preview(tx: Tx, subscriber_id: int, preview: bool) -> None:
    """Show previews in a chat's alerts from now on, or none."""
    mine = subscribers.update().where(subscribers.c.id == subscriber_id)
    tx.execute(mine.values(preview=preview))


def _hold_untold(tx: Tx, subscriber_id: int, state: SubscriberState) -> None:
    """Take what waits for a chat out of the outbox. A pause still lets told messages be edited: silently."""
    untold = alerts.c.message_id.is_(None)
    waiting = alerts.c.revision > alerts.c.delivered_revision
    if state is SubscriberState.PAUSED:
        waiting = untold
    tx.execute(
        alerts.update()
        .where(alerts.c.subscriber_id == subscriber_id, waiting)
        .where(alerts.c.state.in_(("open", "held")))
        .values(
            state="held",
            state_reason=state.value,
            digest_id=sa.case((untold, None), else_=alerts.c.digest_id),
        )
    )


def resume_due(tx: Tx, now: datetime) -> list[int]:
    """End the pauses whose time is over; return the subscribers' ids."""
    over = sa.select(subscribers.c.id).where(
        subscribers.c.state == SubscriberState.PAUSED.value,
        subscribers.c.paused_until <= now,
    )
    ids = list(tx.execute(over.limit(1000)).scalars())
    for subscriber_id in ids:
        set_state(tx, subscriber_id, SubscriberState.ACTIVE, now=now)
    return ids


def move_chat(tx: Tx, chat_id: int, new_chat_id: int, now: datetime) -> None:
    """Follow a group that became a supergroup, with its topics if it has any.

    What the old group was told stays as it is: its messages cannot be reached from the new one.
    """
    for old in of_chat(tx, chat_id):
        _move(tx, old, new_chat_id, old.thread_id, now, why="the group became a supergroup")


def leave_topic(tx: Tx, subscriber: Subscriber, now: datetime) -> None:
    """Let a topic that is no more be told in the General of its forum from now on."""
    if subscriber.thread_id:
        _move(tx, subscriber, subscriber.chat_id, 0, now, why="the topic was deleted")


def _move(
    tx: Tx, old: Subscriber, chat_id: int, thread_id: int, now: datetime, *, why: str
) -> None:
    """Take a subscriber's watches elsewhere; one who is there already takes them over."""
    new = find_subscriber(tx, chat_id, thread_id)
    told = sa.and_(alerts.c.subscriber_id == old.id, alerts.c.message_id.is_not(None))
    tx.execute(alerts.update().where(told).values(state="closed", state_reason=why))
    if new is None:
        moved = {"chat_id": chat_id, "thread_id": thread_id, "kind": ChatKind.SUPERGROUP.value}
        tx.execute(subscribers.update().where(subscribers.c.id == old.id).values(**moved))
        return
    for listed in of_subscriber(tx, old.id, limit=10_000):
        if same(tx, new.id, listed.watch.query) is None:
            values = {"subscriber_id": new.id, "revision": next_value(tx, REVISION)}
            tx.execute(watches.update().where(watches.c.id == listed.watch.id).values(**values))
    known = sa.select(alerts.c.story_id).where(alerts.c.subscriber_id == new.id)
    waiting = sa.and_(alerts.c.subscriber_id == old.id, alerts.c.message_id.is_(None))
    tx.execute(
        alerts.update()
        .where(waiting, alerts.c.story_id.not_in(known))
        .values(subscriber_id=new.id, state="open", digest_id=None)
    )
    if new.state is SubscriberState.ACTIVE:
        holds.replan(tx, new.id, now)
    else:
        _hold_untold(tx, new.id, new.state)
    gone = {"state": SubscriberState.GONE.value, "state_reason": why}
    tx.execute(subscribers.update().where(subscribers.c.id == old.id).values(**gone))
    _hold_untold(tx, old.id, SubscriberState.GONE)


def forget(tx: Tx, subscriber_id: int) -> None:
    """Delete all that is kept of a chat: watches, alerts, deliveries, decisions, verdicts, what it asked.

    The numbers of its watches stay in the log until every process has followed.
    """
    revision = sa.literal(next_value(tx, REVISION), sa.BigInteger)
    mine = sa.select(revision, watches.c.id).where(watches.c.subscriber_id == subscriber_id)
    tx.execute(forgotten_watches.insert().from_select(["revision", "watch_id"], mine))
    gone = subscribers.delete().where(subscribers.c.id == subscriber_id)
    chat_id = tx.execute(gone.returning(subscribers.c.chat_id)).scalar()
    tx.execute(prospects.delete().where(prospects.c.chat_id == chat_id))
    tx.execute(keepers.delete().where(keepers.c.user_id == chat_id))  # of a person's private chat


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
