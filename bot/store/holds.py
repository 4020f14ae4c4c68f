"""Until when a chat's alerts are held: the plan for a new one, and for all when the chat's wishes change."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from bot import texts
from bot.domain.hours import Held, Hold, Mode, Quiet, hold
from bot.domain.model import SubscriberState
from bot.store.engine import Tx, chunked
from bot.store.schema import alerts, articles, matches, subscribers, watches

_WISHES = [subscribers.c[name] for name in ("state", "mode", "quiet", "zone")]
_OWN = watches.c.mode.label("own")


def plan(tx: Tx, fired: Mapping[int, Collection[int]], now: datetime) -> dict[int, Hold | None]:
    """Return how long each chat's alert is held for which these watches fired; None to tell it at once.

    A chat that is paused or gone has all its alerts held until it is back. Forgotten ones are left out.
    """
    chats = sa.select(subscribers.c.id, *_WISHES).where(subscribers.c.id.in_(list(fired)))
    # Locked as a foreign key locks them: none is forgotten before this transaction ends.
    locked = chats.order_by(subscribers.c.id).with_for_update(read=True, key_share=True)
    own = _own_modes(tx, [watch_id for ids in fired.values() for watch_id in ids])
    planned: dict[int, Hold | None] = {}
    for chat in tx.execute(locked):
        if chat.state != SubscriberState.ACTIVE.value:
            planned[chat.id] = Hold(Held(chat.state))
        else:
            modes = {own.get(watch_id) for watch_id in fired[chat.id]} or {None}
            planned[chat.id] = _hold(chat, modes, raised_at=now, now=now)
    return planned


def _own_modes(tx: Tx, watch_ids: Sequence[int]) -> dict[int, str]:
    """Return the modes of those watches that are told otherwise than their chats."""
    found: dict[int, str] = {}
    for part in chunked(watch_ids, 5_000):
        other = watches.c.id.in_(part) & watches.c.mode.is_not(None)
        found |= dict(tx.execute(sa.select(watches.c.id, watches.c.mode).where(other)).all())
    return found


def _hold(
    chat: Any,
    own: Iterable[str | None],
    *,
    raised_at: datetime,
    now: datetime,
) -> Hold | None:
    modes = [Mode.parse(mode or chat.mode) or Mode() for mode in own]
    quiet = Quiet.parse(chat.quiet)
    return hold(modes, quiet, texts.zone(chat.zone), raised_at=raised_at, now=now)


def replan(tx: Tx, subscriber_id: int, now: datetime) -> None:
    """Hold or release all that a chat has not been told, as its wishes are now; nothing of one not active."""
    wishes = sa.select(*_WISHES).where(subscribers.c.id == subscriber_id)
    chat = tx.execute(wishes).one()
    if chat.state != SubscriberState.ACTIVE.value:
        return
    planned: dict[Hold | None, list[int]] = {}
    for waiting, own in _untold(tx, subscriber_id):
        held = _hold(chat, own, raised_at=waiting.created_at, now=now)
        if held or waiting.state == "held":  # else it is on its way
            planned.setdefault(held, []).append(waiting.id)
    for held, ids in planned.items():
        values = {
            "state": "held" if held else "open",
            "state_reason": held.why.value if held else "",
            "due_at": held.until if held else now,
            "digest_id": None,
        }
        for part in chunked(ids, 500):
            tx.execute(alerts.update().where(alerts.c.id.in_(part)).values(**values))
    # Messages that are out, and only fell behind while the chat was away.
    shown = (alerts.c.subscriber_id == subscriber_id) & (alerts.c.state == "held")
    shown &= alerts.c.message_id.is_not(None)
    tx.execute(alerts.update().where(shown).values(state="open", state_reason="", due_at=now))


def _untold(tx: Tx, subscriber_id: int) -> Iterator[tuple[Any, set[str | None]]]:
    """Yield the alerts that wait or are held, each with the own modes of the watches that fired."""
    fired = sa.select(matches.c.article_id, _OWN).join_from(matches, watches)
    mine = fired.where(watches.c.subscriber_id == subscriber_id).subquery()
    rows = tx.execute(
        sa.select(alerts.c.id, alerts.c.created_at, alerts.c.state, mine)
        .join_from(alerts, articles, articles.c.story_id == alerts.c.story_id, isouter=True)
        .join(mine, mine.c.article_id == articles.c.id, isouter=True)
        .where(alerts.c.subscriber_id == subscriber_id, alerts.c.message_id.is_(None))
        .where(alerts.c.state.in_(("open", "held")))
        .order_by(alerts.c.id)
    )
    for _, group in groupby(rows, key=lambda row: row.id):
        found = list(group)
        yield found[0], {row.own for row in found if row.article_id is not None} or {None}
