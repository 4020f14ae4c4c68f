"""Subscribers: chats and topics that are told, in what state, how and when."""

from datetime import datetime

import sqlalchemy as sa

from bot.domain.hours import Held, Mode, Quiet
from bot.domain.model import ChatKind, Subscriber, SubscriberState
from bot.store import holds
from bot.store.engine import Tx, insert, next_value
from bot.store.schema import (
    alerts,
    forgotten_watches,
    keepers,
    prospects,
    subscribers,
    watches,
)
from bot.store.watches import REVISION, of_subscriber, same

BECAME_SUPERGROUP = "the group became a supergroup"  # state_reason of what moved with its chat
TOPIC_DELETED = "the topic was deleted"  # of what moved to General


def find(tx: Tx, chat_id: int, thread_id: int = 0) -> Subscriber | None:
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


def enrol(tx: Tx, chat: Subscriber, now: datetime) -> Subscriber:
    """Return a chat as it is; one that nobody has started, id 0, with a row from now on."""
    return chat if chat.id else bring_back(tx, chat, now)


def bring_back(tx: Tx, chat: Subscriber, now: datetime) -> Subscriber:
    """Return a chat, started or brought back to ACTIVE."""
    return subscribe(
        tx,
        chat_id=chat.chat_id,
        kind=chat.kind,
        title=chat.title,
        language=chat.language,
        now=now,
        thread_id=chat.thread_id,
        zone=chat.zone,
    )


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


def resume_due(tx: Tx, now: datetime, *, since: datetime | None = None) -> list[int]:
    """End the pauses whose time is over; return the subscribers' ids.

    An alert that was raised, and not committed, while its chat came back is held for nobody. Those raised
    since then (None: all) are released too.
    """
    over = sa.select(subscribers.c.id).where(
        subscribers.c.state == SubscriberState.PAUSED.value,
        subscribers.c.paused_until <= now,
    )
    ids = list(tx.execute(over.limit(1000)).scalars())
    for subscriber_id in ids:
        set_state(tx, subscriber_id, SubscriberState.ACTIVE, now=now)
    for subscriber_id in _passed_by(tx, since):
        holds.replan(tx, subscriber_id, now)
    return ids


def _passed_by(tx: Tx, since: datetime | None) -> list[int]:
    """Return the chats that are back, and have alerts held as if they were not."""
    away = alerts.c.state_reason.in_((Held.PAUSED.value, Held.GONE.value))
    held = sa.and_(alerts.c.state == "held", away)
    if since is not None:
        held &= alerts.c.due_at >= since
    back = sa.select(alerts.c.subscriber_id).join_from(alerts, subscribers).distinct()
    active = subscribers.c.state == SubscriberState.ACTIVE.value
    return list(tx.execute(back.where(held, active).limit(1000)).scalars())


def move_chat(tx: Tx, chat_id: int, new_chat_id: int, now: datetime) -> None:
    """Follow a group that became a supergroup, with its topics if it has any.

    What the old group was told stays as it is: its messages cannot be reached from the new one.
    """
    for old in of_chat(tx, chat_id):
        _move(tx, old, new_chat_id, old.thread_id, now, why=BECAME_SUPERGROUP)


def leave_topic(tx: Tx, subscriber: Subscriber, now: datetime) -> None:
    """Let a topic that is no more be told in the General of its forum from now on."""
    if subscriber.thread_id:
        _move(tx, subscriber, subscriber.chat_id, 0, now, why=TOPIC_DELETED)


def _move(
    tx: Tx, old: Subscriber, chat_id: int, thread_id: int, now: datetime, *, why: str
) -> None:
    """Take a subscriber's watches elsewhere; one who is there already takes them over."""
    row = sa.select(subscribers.c.id).where(subscribers.c.id == old.id)
    tx.execute(row.with_for_update())  # before its alerts, as whoever tells does
    new = find(tx, chat_id, thread_id)
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
    untold = sa.and_(alerts.c.subscriber_id == old.id, alerts.c.message_id.is_(None))
    waiting = alerts.c.state.in_(("open", "held"))  # not what failed, or is told by another message
    tx.execute(
        alerts.update()
        .where(untold, waiting, alerts.c.story_id.not_in(known))
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
