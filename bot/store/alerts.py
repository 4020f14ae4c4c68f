"""The outbox, the delivery log, and decisions as they are made; store/ledger.py reads those."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.domain.model import Alert, ChatKind, Outcome, Sent, SubscriberState
from bot.store.engine import Tx, chunked, insert
from bot.store.schema import alerts, articles, decisions, deliveries, outlets, stories, subscribers

AT_ONCE = 5_000  # subscribers in one statement

_ALERT = sa.select(
    alerts.c.id,
    alerts.c.subscriber_id,
    subscribers.c.chat_id,
    subscribers.c.language,
    alerts.c.story_id,
    alerts.c.revision,
    alerts.c.delivered_revision,
    alerts.c.attempts,
    alerts.c.message_id,
    subscribers.c.zone,
    (alerts.c.state == "muted").label("muted"),
    subscribers.c.thread_id,
    subscribers.c.kind,
).join_from(alerts, subscribers)


def subscribers_told(tx: Tx, story_id: int) -> set[int]:
    """Return the subscribers who have, or are about to have, a message about the story."""
    rows = tx.execute(sa.select(alerts.c.subscriber_id).where(alerts.c.story_id == story_id))
    return set(rows.scalars())


def subscribers_muted(tx: Tx, story_id: int) -> set[int]:
    """Return the subscribers who want to hear no more of the story."""
    muted = (alerts.c.story_id == story_id) & (alerts.c.state == "muted")
    return set(tx.execute(sa.select(alerts.c.subscriber_id).where(muted)).scalars())


def raise_or_revise(
    tx: Tx, subscriber_ids: Collection[int], story_id: int, now: datetime
) -> dict[int, str]:
    """Raise alerts, or let those already raised show the story anew. Returns "told" or "held" for each.

    A chat that is paused or gone has its new alert held: kept, and released when it is back. One that was
    forgotten meanwhile is not in the answer.
    A lease is not moved by a revision, or two senders would send the first message twice.
    """
    outcomes: dict[int, str] = {}
    for part in chunked(sorted(subscriber_ids), AT_ONCE):
        chats = sa.select(subscribers.c.id, subscribers.c.state).where(subscribers.c.id.in_(part))
        # Locked as a foreign key locks them: none is forgotten before this transaction ends.
        held = chats.order_by(subscribers.c.id).with_for_update(read=True, key_share=True)
        rows = tx.execute(held).all()
        active = SubscriberState.ACTIVE.value
        new = [
            {
                "subscriber_id": subscriber_id,
                "story_id": story_id,
                "state": "open" if state == active else "held",
                "state_reason": "" if state == active else state,
                "revision": 1,
                "due_at": now,
                "created_at": now,
            }
            for subscriber_id, state in rows
        ]
        if new:
            statement = insert(tx, alerts).on_conflict_do_update(
                index_elements=[alerts.c.subscriber_id, alerts.c.story_id],
                set_={"revision": alerts.c.revision + 1},
            )
            tx.execute(statement, new)
        outcomes |= {i: "told" if state == active else "held" for i, state in rows}
    return outcomes


def claim_due(
    tx: Tx,
    now: datetime,
    *,
    limit: int,
    lease_s: int,
    busy: Collection[int] = (),
) -> list[Alert]:
    """Take up to `limit` alerts whose message is missing or out of date: news first, longest due first.

    At most one for each chat, so that a chat (or a forum's topics) with hundreds due delays nobody.
    busy: chats to leave out: those being written to, and those that flood limits keep waiting.
    A claimed alert is invisible to other claims for lease_s seconds, then comes back by itself.
    Safe with several processes: PostgreSQL skips rows another claim holds; SQLite has one writer.
    """
    left_out = set(busy)
    ids: list[int] = []
    for news in (True, False):
        while len(ids) < limit:
            picked = _pick_due(tx, now, limit=limit - len(ids), news=news, left_out=left_out)
            if not picked:
                break
            ids += picked.values()
            left_out |= set(picked)
    lease = sa.update(alerts).where(alerts.c.id.in_(ids))
    until = now + timedelta(seconds=lease_s)
    tx.execute(lease.values(due_at=until, attempts=alerts.c.attempts + 1))
    rows = tx.execute(_ALERT.where(alerts.c.id.in_(ids)))
    found = {row["id"]: _alert(row) for row in rows.mappings()}
    return [found[alert_id] for alert_id in ids]


def _alert(row: Mapping[Any, Any]) -> Alert:
    return Alert(**{**row, "kind": ChatKind(row["kind"])})


def _pick_due(
    tx: Tx, now: datetime, *, limit: int, news: bool, left_out: Collection[int]
) -> dict[int, int]:
    """Return chat -> the alert of theirs that is due longest, locked until the end of tx."""
    unsent = alerts.c.message_id.is_(None)
    due = (
        sa.select(subscribers.c.chat_id, alerts.c.id)
        .join_from(alerts, subscribers)
        .where(alerts.c.state == "open", alerts.c.revision > alerts.c.delivered_revision)
        .where(alerts.c.due_at <= now, unsent if news else sa.not_(unsent))
        .where(subscribers.c.chat_id.not_in(left_out))
        .order_by(alerts.c.due_at, alerts.c.id)
        .limit(4 * limit)  # a chat may have several of them
        .with_for_update(skip_locked=True, of=alerts)
    )
    picked: dict[int, int] = {}
    for chat_id, alert_id in tx.execute(due):
        if len(picked) < limit:
            picked.setdefault(chat_id, alert_id)
    return picked


def record_delivery(tx: Tx, alert: Alert, outcome: Outcome, *, edit: bool, now: datetime) -> None:
    """Append one attempt to the delivery log; to the ledger too if nothing follows it: refused, or gone."""
    tx.execute(
        deliveries.insert().values(
            at=now,
            alert_id=alert.id,
            revision=alert.revision,
            edit=edit,
            outcome=outcome.sent.value,
            detail=outcome.detail[:500],
            message_id=outcome.message_id,
        )
    )
    if outcome.sent is Sent.REFUSED and not edit:
        reason = {"error": outcome.detail[:500], "attempts": alert.attempts}
        _decide_last(tx, alert, "failed", reason, now)
    elif outcome.sent is Sent.GONE:
        reason = {"held": SubscriberState.GONE.value, "error": outcome.detail[:500]}
        _decide_last(tx, alert, "held", reason, now)


def _decide_last(
    tx: Tx, alert: Alert, outcome: str, reason: Mapping[str, object], now: datetime
) -> None:
    """Append to the ledger what became of the article that the chat was last to be told of in the story."""
    newest = (
        sa.select(decisions.c.article_id)
        .join_from(articles, decisions, decisions.c.article_id == articles.c.id)
        .where(articles.c.story_id == alert.story_id)
        .where(decisions.c.subscriber_id == alert.subscriber_id)
        .order_by(decisions.c.id.desc())
        .limit(1)
    )
    article_id = tx.execute(newest).scalar()
    if article_id is not None:
        decide(tx, article_id, [Decided(alert.subscriber_id, outcome, reason)], now)


def mark_shown(
    tx: Tx, alert: Alert, *, message_id: int | None, due_at: datetime, now: datetime
) -> None:
    """The chat shows alert.revision. due_at: the earliest moment of the next edit."""
    tx.execute(
        alerts.update()
        .where(alerts.c.id == alert.id)
        .values(
            delivered_revision=alert.revision,
            message_id=message_id,
            due_at=due_at,
            attempts=0,
            state_reason="",
            told_at=sa.func.coalesce(alerts.c.told_at, now),
        )
    )


def mark_later(tx: Tx, alert: Alert, *, due_at: datetime, reason: str) -> None:
    """Try again at due_at."""
    tx.execute(
        alerts.update()
        .where(alerts.c.id == alert.id)
        .values(due_at=due_at, state_reason=reason[:500])
    )


def mark_failed(tx: Tx, alert: Alert, reason: str) -> None:
    """Give an alert up, visibly: Telegram will never take it, or was asked too often."""
    tx.execute(
        alerts.update()
        .where(alerts.c.id == alert.id)
        .values(state="failed", state_reason=reason[:500])
    )


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of an article for a subscriber.

    outcome: told, copy, excluded, held or failed. reason: JSON-able facts, never sentences.
    """

    subscriber_id: int
    outcome: str
    reason: Mapping[str, object]


def decide(tx: Tx, article_id: int, decided: Iterable[Decided], now: datetime) -> None:
    """Append to the ledger what became of an article."""
    outlet = sa.select(articles.c.outlet_id).where(articles.c.id == article_id)
    outlet_id = tx.execute(outlet).scalar_one()
    rows = [
        {
            "at": now,
            "article_id": article_id,
            "subscriber_id": one.subscriber_id,
            "outcome": one.outcome,
            "reason": dict(one.reason),
            "outlet_id": outlet_id,
        }
        for one in decided
    ]
    if rows:
        tx.execute(decisions.insert(), rows)


def behind(tx: Tx) -> int:
    """Return how many alerts wait in the outbox."""
    waiting = sa.select(sa.func.count()).where(
        alerts.c.state == "open", alerts.c.revision > alerts.c.delivered_revision
    )
    return tx.execute(waiting).scalar_one()


@dataclass(frozen=True, slots=True)
class Told:
    """One alert as its chat asks about it. state: open, held, failed, muted."""

    alert: Alert
    state: str
    created_at: datetime
    told_at: datetime | None


_TOLD = _ALERT.add_columns(alerts.c.state, alerts.c.created_at, alerts.c.told_at)


def _told(row: sa.RowMapping | None) -> Told | None:
    if row is None:
        return None
    values = dict(row)
    more = {name: values.pop(name) for name in ("state", "created_at", "told_at")}
    return Told(_alert(values), **more)


def of_chat(tx: Tx, subscriber_id: int, alert_id: int) -> Told | None:
    """Return an alert of that chat, None if it has no such alert."""
    mine = _TOLD.where(alerts.c.id == alert_id, alerts.c.subscriber_id == subscriber_id)
    return _told(tx.execute(mine).mappings().one_or_none())


def by_message(tx: Tx, subscriber_id: int, message_id: int) -> Told | None:
    """Return the alert that a message of the chat shows, None if it shows none."""
    mine = _TOLD.where(alerts.c.subscriber_id == subscriber_id, alerts.c.message_id == message_id)
    return _told(tx.execute(mine.order_by(alerts.c.id.desc()).limit(1)).mappings().one_or_none())


def thread_of(tx: Tx, chat_id: int, message_id: int) -> int:
    """Return the topic in which a message of that chat is an alert, 0 if it is none, or in no topic."""
    found = (
        sa.select(subscribers.c.thread_id)
        .join_from(alerts, subscribers)
        .where(subscribers.c.chat_id == chat_id, alerts.c.message_id == message_id)
        .limit(1)
    )
    return tx.execute(found).scalar() or 0


def teller_of(tx: Tx, chat_id: int, message_id: int) -> int | None:
    """Return the subscriber of that chat whose alert a message is, None if it is none."""
    found = (
        sa.select(subscribers.c.id)
        .join_from(alerts, subscribers)
        .where(subscribers.c.chat_id == chat_id, alerts.c.message_id == message_id)
        .limit(1)
    )
    return tx.execute(found).scalar()


def by_story(tx: Tx, subscriber_id: int, story_id: int) -> Told | None:
    """Return the chat's alert about a story, None if it has none."""
    mine = _TOLD.where(alerts.c.subscriber_id == subscriber_id, alerts.c.story_id == story_id)
    return _told(tx.execute(mine).mappings().one_or_none())


def mute(tx: Tx, alert_id: int) -> None:
    """Take an alert out of the outbox for good: its message stays as it is, copies go unmentioned."""
    tx.execute(alerts.update().where(alerts.c.id == alert_id).values(state="muted"))


def unmute(tx: Tx, alert_id: int, now: datetime) -> None:
    """Let a muted alert follow its story again."""
    tx.execute(
        alerts.update()
        .where(alerts.c.id == alert_id, alerts.c.state == "muted")
        .values(state="open", due_at=now)
    )


def history(tx: Tx, subscriber_id: int, *, limit: int) -> list[dict[str, Any]]:
    """Return what a chat was told, newest first: told_at, title, outlet and url of the story's origin."""
    rows = tx.execute(
        sa.select(
            alerts.c.told_at, articles.c.title, outlets.c.name.label("outlet"), articles.c.url
        )
        .join_from(alerts, stories, stories.c.id == alerts.c.story_id)
        .join(articles, articles.c.id == stories.c.origin_id)
        .join(outlets, outlets.c.id == articles.c.outlet_id)
        .where(alerts.c.subscriber_id == subscriber_id, alerts.c.told_at.is_not(None))
        .order_by(alerts.c.id.desc())
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]
