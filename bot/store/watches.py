"""Subscribers and their watches, and the revision log by which every process follows the watches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.domain.model import ChatKind, Subscriber, SubscriberState, Watch
from bot.store.engine import Tx, insert, next_value
from bot.store.schema import alerts, articles, counters, matches, subscribers, watches

REVISION = "watch_revision"


def find_subscriber(tx: Tx, chat_id: int) -> Subscriber | None:
    """Return the subscriber of a chat, None if the chat never subscribed or stopped."""
    rows = tx.execute(sa.select(subscribers).where(subscribers.c.chat_id == chat_id))
    row = rows.mappings().one_or_none()
    return _subscriber(row) if row else None


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
    )


def subscribe(
    tx: Tx, *, chat_id: int, kind: ChatKind, title: str, language: str, now: datetime
) -> Subscriber:
    """Return the chat's subscriber, made or brought back to ACTIVE. Its watches and history stay."""
    values = {"kind": kind.value, "title": title, "state": SubscriberState.ACTIVE.value}
    new = insert(tx, subscribers).values(
        chat_id=chat_id, language=language, created_at=now, **values
    )
    again = new.on_conflict_do_update(
        index_elements=[subscribers.c.chat_id],
        set_={**values, "state_reason": "", "paused_until": None},
    )
    row = tx.execute(again.returning(subscribers)).mappings().one()
    release_held(tx, row["id"], now)
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
        release_held(tx, subscriber_id, now)
    else:
        _hold_untold(tx, subscriber_id, state)


def set_language(tx: Tx, subscriber_id: int, language: str) -> None:
    """Speak that language to a chat from now on."""
    mine = subscribers.update().where(subscribers.c.id == subscriber_id)
    tx.execute(mine.values(language=language))


def set_zone(tx: Tx, subscriber_id: int, zone: str) -> None:
    """Tell a chat times in that zone, an IANA name."""
    mine = subscribers.update().where(subscribers.c.id == subscriber_id)
    tx.execute(mine.values(zone=zone))


def _hold_untold(tx: Tx, subscriber_id: int, state: SubscriberState) -> None:
    """Take what waits for a chat out of the outbox. A pause still lets told messages be edited: silently."""
    waiting = alerts.c.revision > alerts.c.delivered_revision
    if state is SubscriberState.PAUSED:
        waiting = alerts.c.message_id.is_(None)
    tx.execute(
        alerts.update()
        .where(alerts.c.subscriber_id == subscriber_id, alerts.c.state == "open", waiting)
        .values(state="held", state_reason=state.value)
    )


def release_held(tx: Tx, subscriber_id: int, now: datetime) -> None:
    """Put alerts that were held for a chat back into the outbox."""
    tx.execute(
        alerts.update()
        .where(alerts.c.subscriber_id == subscriber_id, alerts.c.state == "held")
        .values(state="open", state_reason="", due_at=now)
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


def move_chat(tx: Tx, chat_id: int, new_chat_id: int) -> None:
    """Follow a group that became a supergroup. A subscriber already at the new id keeps its place."""
    taken = sa.select(subscribers.c.id).where(subscribers.c.chat_id == new_chat_id)
    if tx.execute(taken).first() is None:
        tx.execute(
            subscribers.update()
            .where(subscribers.c.chat_id == chat_id)
            .values(chat_id=new_chat_id, kind=ChatKind.SUPERGROUP.value)
        )
        # Messages of the old group cannot be edited from the new one.
        moved = sa.select(subscribers.c.id).where(subscribers.c.chat_id == new_chat_id)
        tx.execute(
            alerts.update()
            .where(alerts.c.subscriber_id.in_(moved), alerts.c.message_id.is_not(None))
            .values(delivered_revision=alerts.c.revision)
        )


def forget(tx: Tx, subscriber_id: int) -> None:
    """Delete all that is kept of a chat: watches, alerts, deliveries, decisions."""
    active = sa.select(watches.c.id).where(
        watches.c.subscriber_id == subscriber_id, watches.c.stopped_at.is_(None)
    )
    if tx.execute(active.limit(1)).first() is not None:
        # Rows that vanish leave no revision behind, so the log says "read all again".
        next_value(tx, "watch_purge")
    tx.execute(subscribers.delete().where(subscribers.c.id == subscriber_id))


def add(tx: Tx, subscriber_id: int, query: str, now: datetime) -> Watch:
    """Start a watch. query: as parse_query prints it."""
    new = watches.insert().values(
        subscriber_id=subscriber_id,
        query=query,
        created_at=now,
        revision=next_value(tx, REVISION),
    )
    return _watch(tx.execute(new.returning(watches)).mappings().one())


def _watch(row: sa.RowMapping) -> Watch:
    return Watch(**{**row, "off": tuple(row["off"] or ())})


def same(tx: Tx, subscriber_id: int, query: str) -> Watch | None:
    """Return the subscriber's active watch with that very query, if there is one."""
    rows = tx.execute(_active(subscriber_id).where(watches.c.query == query).limit(1))
    row = rows.mappings().one_or_none()
    return _watch(row) if row else None


def _active(subscriber_id: int) -> sa.Select[tuple[object, ...]]:
    return sa.select(watches).where(
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
        .values(stopped_at=now, revision=next_value(tx, REVISION))
        .returning(watches)
    )
    row = tx.execute(statement).mappings().one_or_none()
    return _watch(row) if row else None


def mine(tx: Tx, subscriber_id: int, watch_id: int) -> Watch | None:
    """Return an active watch of that chat, None if it has none such."""
    row = (
        tx.execute(_active(subscriber_id).where(watches.c.id == watch_id)).mappings().one_or_none()
    )
    return _watch(row) if row else None


def change(tx: Tx, watch: Watch) -> None:
    """Save a watch's query, title and switched-off names; every process will follow."""
    tx.execute(
        watches.update()
        .where(watches.c.id == watch.id)
        .values(
            query=watch.query,
            title=watch.title,
            off=list(watch.off) or None,
            revision=next_value(tx, REVISION),
        )
    )


def set_token(tx: Tx, watch_id: int, token: str) -> None:
    """Let a watch be found by a token, for the link that shares it."""
    tx.execute(watches.update().where(watches.c.id == watch_id).values(token=token))


def by_token(tx: Tx, token: str) -> Watch | None:
    """Return the watch that a link shares, stopped or not; None if there is none."""
    rows = tx.execute(sa.select(watches).where(watches.c.token == token))
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
    return [Listed(watch, *_counted(tx, watch.id)) for watch in found]


def _counted(tx: Tx, watch_id: int) -> tuple[int, datetime | None]:
    counted = (
        sa.select(sa.func.count(), sa.func.max(articles.c.filed_at))
        .join_from(matches, articles)
        .where(matches.c.watch_id == watch_id)
    )
    n, last = tx.execute(counted).one()
    return n, last


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened to the watches since a revision. purge: all must be read again."""

    revision: int
    purge: int
    started: Sequence[Watch]
    stopped: Sequence[int]


def changes_since(tx: Tx, revision: int, purge: int) -> Changes:
    """Return the watches started and stopped after `revision`, and the newest revision and purge.

    Start from (0, 0). If the purge differs from the one given, `started` holds every active watch.
    Revisions become visible in order: the counter's row is locked until its change has committed.
    """
    rows = tx.execute(sa.select(counters).where(counters.c.name.in_([REVISION, "watch_purge"])))
    values = {row.name: row.value for row in rows}
    newest, purged = values.get(REVISION, 0), values.get("watch_purge", 0)
    since = revision if purged == purge else 0
    if since == newest and purged == purge:
        return Changes(newest, purged, (), ())
    found = [
        _watch(row)
        for row in tx.execute(
            sa.select(watches).where(watches.c.revision > since).order_by(watches.c.revision)
        ).mappings()
    ]
    return Changes(
        revision=newest,
        purge=purged,
        started=[w for w in found if w.stopped_at is None],
        stopped=[w.id for w in found if w.stopped_at is not None],
    )


def subscribers_of(tx: Tx, watch_ids: Sequence[int]) -> dict[int, int]:
    """Return, by watch id, the subscriber of each watch that is still active."""
    rows = tx.execute(
        sa.select(watches.c.id, watches.c.subscriber_id).where(
            watches.c.id.in_(watch_ids), watches.c.stopped_at.is_(None)
        )
    )
    return {row.id: row.subscriber_id for row in rows}
