"""Digests: several alerts of one chat told in one message.

The alert rows stay the outbox: those with the same digest_id are claimed, shown and marked together. A
digest's own row says why it is one, and which page the chat has turned to. A channel has no buttons to turn
pages by, so each page is a digest of its own there.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.domain.hours import TIMED
from bot.domain.model import Alert, ChatKind, DigestView
from bot.store import articles as articles_store
from bot.store.engine import Tx, chunked
from bot.store.schema import alerts, articles, digests, matches, stories, subscribers, watches

PAGE = 15  # stories of a page: three rows of buttons, and headlines long enough in 4096 characters
CHATS = 32  # whose time has come and that are served in one transaction; the next claim takes more
SURPLUS = "surplus"
ALONE = 0  # the digest_id of what is to come by itself

_UNTOLD = (alerts.c.state == "open") & alerts.c.message_id.is_(None)


def gather(tx: Tx, now: datetime, *, busy: Collection[int] = ()) -> None:
    """Put what was held until now into the outbox: one digest for each chat.

    busy: chats to leave for later, which are being written to. What is one alone comes by itself.
    """
    due = (alerts.c.state == "held") & alerts.c.state_reason.in_(TIMED) & (alerts.c.due_at <= now)
    chats = sa.select(alerts.c.subscriber_id).where(due)
    if busy:
        written = sa.select(subscribers.c.id).where(subscribers.c.chat_id.in_(busy))
        chats = chats.where(alerts.c.subscriber_id.not_in(written))
    for subscriber_id in tx.execute(chats.distinct().limit(CHATS)).scalars().all():
        rows = tx.execute(
            sa.select(alerts.c.id, alerts.c.state_reason)
            .where(due, alerts.c.subscriber_id == subscriber_id)
            .order_by(alerts.c.id)
            .with_for_update()
        ).all()
        if rows:  # else another process was faster
            ids = [row.id for row in rows]
            _fold(tx, subscriber_id, ids, why=rows[-1].state_reason, now=now)


def fold_surplus(tx: Tx, picked: Collection[int], *, over: int, now: datetime) -> dict[int, int]:
    """Make a digest of the oldest alerts of each subscriber that has more than `over` waiting.

    The newest half of that number still come one by one. picked: the alerts to be sent next, one of a
    subscriber. Returns, for those of them that are to wait for a digest now, an alert of that.
    """
    alone = _UNTOLD & alerts.c.digest_id.is_(None)
    owners = sa.select(alerts.c.subscriber_id, alerts.c.id).where(alerts.c.id.in_(picked))
    picked_of = {row.subscriber_id: row.id for row in tx.execute(owners)}
    crowd = (
        sa.select(alerts.c.subscriber_id)
        .where(alone, alerts.c.subscriber_id.in_(list(picked_of)))
        .group_by(alerts.c.subscriber_id)
        .having(sa.func.count() > over)
    )
    folded: dict[int, int] = {}
    for subscriber_id in tx.execute(crowd).scalars().all():
        waiting = sa.select(alerts.c.id).where(alone, alerts.c.subscriber_id == subscriber_id)
        ids = tx.execute(waiting.order_by(alerts.c.id).with_for_update()).scalars().all()
        oldest = ids[: len(ids) - over // 2]
        _fold(tx, subscriber_id, oldest, why=SURPLUS, now=now)
        if picked_of[subscriber_id] in ids:  # else its digest is due before those
            folded[picked_of[subscriber_id]] = oldest[0]
    return folded


def _fold(tx: Tx, subscriber_id: int, ids: Sequence[int], *, why: str, now: datetime) -> None:
    """Let these alerts be told now, in the digest that waits for the chat already, or in one of their own.

    A channel's take a page each, the one that waits being filled first.
    """
    kind = sa.select(subscribers.c.kind).where(subscribers.c.id == subscriber_id)
    paged = tx.execute(kind).scalar_one() == ChatKind.CHANNEL.value
    waiting = (
        sa.select(alerts.c.digest_id, sa.func.count().label("n"))
        .where(_UNTOLD, alerts.c.subscriber_id == subscriber_id, alerts.c.digest_id > ALONE)
        .group_by(alerts.c.digest_id)
        .order_by(alerts.c.digest_id.desc())
    )
    last = tx.execute(waiting.limit(1)).one_or_none()
    room = max(0, PAGE - last.n) if last and paged else len(ids)
    if last:
        _put(tx, ids[:room], last.digest_id)
        ids = ids[room:]
    for part in chunked(ids, PAGE if paged else max(1, len(ids))):
        digest_id = None
        if len(part) > 1:
            new = digests.insert().values(subscriber_id=subscriber_id, why=why, created_at=now)
            digest_id = tx.execute(new.returning(digests.c.id)).scalar_one()
        _put(tx, part, digest_id)


def _put(tx: Tx, ids: Sequence[int], digest_id: int | None) -> None:
    """Due as they are, alerts keep their order among digests and those that come alone."""
    values = {"state": "open", "state_reason": "", "digest_id": digest_id}
    for part in chunked(ids, 500):
        tx.execute(alerts.update().where(alerts.c.id.in_(part)).values(**values))


def dissolve(tx: Tx, ids: Sequence[int]) -> None:
    """Let the alerts of a digest that Telegram refuses come one by one: whichever is at fault fails alone."""
    alone = {"digest_id": ALONE, "attempts": 0, "due_at": alerts.c.created_at}
    for part in chunked(ids, 500):
        untold = alerts.c.id.in_(part) & _UNTOLD
        tx.execute(alerts.update().where(untold).values(**alone))


def view(tx: Tx, alert: Alert) -> DigestView:
    """Return the digest that an alert is told in, at the page its chat has turned to.

    Grouped by the watch that fired first; two stories that turned out to be one are shown once.
    """
    row = tx.execute(sa.select(digests).where(digests.c.id == alert.digest_id)).one()
    members = _members(tx, alert)
    by_story: dict[int, int] = {}
    for m in members:
        by_story.setdefault(m.shown, m.id)
    shown = list(by_story.items())
    pages = max(1, -(-len(shown) // PAGE))
    page = min(max(1, row.page), pages)
    first = (page - 1) * PAGE
    return DigestView(
        alert=alert,
        why=row.why,
        stories=tuple(
            (alert_id, articles_store.view_story(tx, story_id, alert.subscriber_id))
            for story_id, alert_id in shown[first : first + PAGE]
        ),
        page=page,
        pages=pages,
        first=first + 1,
        n=len(shown),
        since=min((m.created_at for m in members), default=row.created_at),
        covers={m.id: m.revision for m in members},
    )


def _members(tx: Tx, alert: Alert) -> Sequence[Any]:
    shown = sa.func.coalesce(stories.c.merged_into, stories.c.id).label("shown")
    mine = (
        sa.select(matches.c.article_id, matches.c.watch_id)
        .join_from(matches, watches)
        .where(watches.c.subscriber_id == alert.subscriber_id)
        .subquery()
    )
    watch_id = sa.func.coalesce(sa.func.min(mine.c.watch_id), 0)
    return tx.execute(
        sa.select(alerts.c.id, alerts.c.revision, alerts.c.created_at, shown)
        .join_from(alerts, stories, stories.c.id == alerts.c.story_id)
        .join(articles, articles.c.story_id == shown, isouter=True)
        .join(mine, mine.c.article_id == articles.c.id, isouter=True)
        .where(alerts.c.digest_id == alert.digest_id, alerts.c.state != "merged")
        .group_by(alerts.c.id, alerts.c.revision, alerts.c.created_at, shown)
        .order_by(watch_id, alerts.c.id)
    ).all()


def member(tx: Tx, subscriber_id: int, digest_id: int) -> int | None:
    """Return an alert of that digest, None if the chat has no such digest."""
    some = sa.select(sa.func.min(alerts.c.id)).where(
        alerts.c.digest_id == digest_id, alerts.c.subscriber_id == subscriber_id
    )
    return tx.execute(some).scalar()


def turn(tx: Tx, digest_id: int, page: int) -> None:
    """Note that the chat has turned to that page, so that later edits show it too."""
    tx.execute(digests.update().where(digests.c.id == digest_id).values(page=page))


def mark_told(tx: Tx, digest_id: int, now: datetime) -> None:
    """Note when a digest was first delivered."""
    untold = digests.c.told_at.is_(None) & (digests.c.id == digest_id)
    tx.execute(digests.update().where(untold).values(told_at=now))
