"""The outbox, the delivery log, and decisions as they are made; store/ledger.py reads those."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.domain.hours import TIMED, Hold
from bot.domain.model import Alert, ChatKind, Outcome, Sent, SubscriberState
from bot.store import digests, holds
from bot.store.engine import Tx, chunked, insert
from bot.store.schema import alerts, articles, decisions, deliveries, subscribers

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
    subscribers.c.preview,
    (alerts.c.state == "muted").label("muted"),
    subscribers.c.thread_id,
    subscribers.c.kind,
    subscribers.c.quiet,
    alerts.c.digest_id,
).join_from(alerts, subscribers)


_BEHIND = (alerts.c.state == "open") & (alerts.c.revision > alerts.c.delivered_revision)


def subscribers_told(tx: Tx, story_id: int) -> dict[int, str]:
    """Return who has, or is about to have, a message about the story: alert's state by subscriber's id."""
    told = sa.select(alerts.c.subscriber_id, alerts.c.state).where(alerts.c.story_id == story_id)
    return {row.subscriber_id: row.state for row in tx.execute(told)}


def raise_or_revise(
    tx: Tx, fired: Mapping[int, Collection[int]], story_id: int, now: datetime
) -> dict[int, Hold | None]:
    """Raise alerts, or let those already raised show the story anew. Returns why each is held, if it is.

    fired: by subscriber, the watches that the article fulfils, none for a copy. A held alert comes earlier
    if a more urgent watch fires. A chat that was forgotten meanwhile is not in the answer.
    A lease is not moved by a revision, or two senders would send the first message twice.
    """
    outcomes: dict[int, Hold | None] = {}
    for part in chunked(sorted(fired), AT_ONCE):
        planned = holds.plan(tx, {i: fired[i] for i in part}, now)
        for urgent in (True, False):
            new = [
                {
                    "subscriber_id": subscriber_id,
                    "story_id": story_id,
                    "state": "held" if held else "open",
                    "state_reason": held.why.value if held else "",
                    "revision": 1,
                    "due_at": held.until or now if held else now,
                    "created_at": now,
                }
                for subscriber_id, held in planned.items()
                if urgent == bool(fired[subscriber_id] and (held is None or held.until))
            ]
            if new:
                tx.execute(_upsert(tx, urgent=urgent), new)
        outcomes |= planned
    return outcomes


def _upsert(tx: Tx, *, urgent: bool) -> sa.Insert:
    """Return the statement that raises an alert. urgent: it takes one that is held for longer forward."""
    new = insert(tx, alerts)
    revised: dict[str, Any] = {"revision": alerts.c.revision + 1}
    if urgent:
        timed = sa.or_(*(alerts.c.state_reason == why.value for why in TIMED))  # IN takes no batch
        later = (alerts.c.state == "held") & timed
        later &= alerts.c.due_at > new.excluded.due_at
        for name in ("state", "state_reason", "due_at"):
            revised[name] = sa.case((later, new.excluded[name]), else_=alerts.c[name])
    return new.on_conflict_do_update(
        index_elements=[alerts.c.subscriber_id, alerts.c.story_id], set_=revised
    )


def claim_due(
    tx: Tx,
    now: datetime,
    *,
    limit: int,
    lease_s: int,
    busy: Collection[int] = (),
    digest_over: int | None = None,
) -> list[Alert]:
    """Take up to `limit` alerts whose message is missing or out of date: news first, longest due first.

    Those of one digest are taken together, and one of them returned. digest_over: of a chat that has more
    alerts than that waiting, the oldest become a digest. None: never.

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
            if news and digest_over is not None:
                first = digests.fold_surplus(tx, picked.values(), over=digest_over, now=now)
                picked = {chat: first.get(alert, alert) for chat, alert in picked.items()}
            ids += picked.values()
            left_out |= set(picked)
    rows = tx.execute(_ALERT.where(alerts.c.id.in_(ids)))
    found = {row["id"]: _alert(row) for row in rows.mappings()}
    together = {alert.digest_id for alert in found.values() if alert.digest_id}
    taken = alerts.c.id.in_(ids) | (alerts.c.digest_id.in_(together) & _BEHIND)
    until = now + timedelta(seconds=lease_s)
    lease = alerts.update().where(taken)
    tx.execute(lease.values(due_at=until, attempts=alerts.c.attempts + 1))
    return [replace(found[i], attempts=found[i].attempts + 1) for i in ids]


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
        .where(_BEHIND, alerts.c.due_at <= now, unsent if news else sa.not_(unsent))
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
    """Append one attempt to the delivery log; to the ledger too if nothing follows it: refused, or gone.

    A digest that is refused is followed by its alerts, each alone.
    """
    tx.execute(
        deliveries.insert().values(
            at=now,
            alert_id=alert.id,
            revision=alert.revision,
            edit=edit,
            outcome=outcome.sent.value,
            detail=outcome.detail[:500],
            message_id=outcome.message_id,
            digest_id=alert.digest_id or None,
        )
    )
    if outcome.sent is Sent.REFUSED and not edit and not alert.digest_id:
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
    tx: Tx,
    covers: Mapping[int, int],
    *,
    message_id: int | None,
    digest_id: int | None = None,
    due_at: datetime,
    now: datetime,
) -> None:
    """The chat shows these revisions of these alerts. due_at: the earliest moment of the next edit."""
    for revision in sorted(set(covers.values())):
        _update(
            tx,
            [i for i, shown in covers.items() if shown == revision],
            delivered_revision=revision,
            message_id=message_id,
            digest_id=digest_id,
            due_at=due_at,
            attempts=0,
            # What was to be held while it was on its way is told all the same.
            state=sa.case((alerts.c.state == "held", "open"), else_=alerts.c.state),
            state_reason="",
            told_at=sa.func.coalesce(alerts.c.told_at, now),
        )


def mark_later(tx: Tx, ids: Collection[int], *, due_at: datetime | None, reason: str) -> None:
    """Try again at due_at; None: in the turn that they had. What was to be held meanwhile stays so."""
    still = alerts.c.state == "open"
    turn = alerts.c.created_at if due_at is None else due_at
    _update(tx, ids, still, due_at=turn, state_reason=reason[:500])


def mark_failed(tx: Tx, ids: Collection[int], reason: str) -> None:
    """Give alerts up, visibly: Telegram will never take their message, or was asked too often."""
    _update(tx, ids, state="failed", state_reason=reason[:500])


def _update(tx: Tx, ids: Collection[int], *where: sa.ColumnElement[bool], **values: object) -> None:
    for part in chunked(list(ids), 500):
        tx.execute(alerts.update().where(alerts.c.id.in_(part), *where).values(**values))


def delay_news(tx: Tx, subscriber_id: int, due_at: datetime) -> None:
    """Let what a chat has not been told wait until due_at at least, so that its news keep their order."""
    sooner = alerts.c.due_at < due_at
    tx.execute(alerts.update().where(_news_of(subscriber_id), sooner).values(due_at=due_at))


def hasten_news(tx: Tx, subscriber_id: int) -> None:
    """Let what a chat has not been told wait no longer, each in the turn that it had."""
    moved = alerts.c.due_at > alerts.c.created_at
    turn = alerts.update().where(_news_of(subscriber_id), moved)
    tx.execute(turn.values(due_at=alerts.c.created_at))


def _news_of(subscriber_id: int) -> sa.ColumnElement[bool]:
    mine = (alerts.c.subscriber_id == subscriber_id) & alerts.c.message_id.is_(None)
    return mine & (alerts.c.state == "open")


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
    every = list(decided)
    if not every:
        return
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
        for one in every
    ]
    tx.execute(decisions.insert(), rows)


def behind(tx: Tx) -> int:
    """Return how many alerts wait in the outbox."""
    return tx.execute(sa.select(sa.func.count()).where(_BEHIND)).scalar_one()


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
