"""What follows from one attempt to bring a message up to date, for every alert it tells of."""

import random
from datetime import datetime, timedelta

from bot import alarm, topics
from bot.config import Settings
from bot.domain import schedule
from bot.domain.model import Due, Outcome, Sent, SubscriberState
from bot.store import alerts, digests, subscribers
from bot.store.engine import Tx

NOT_EDITED = (Sent.REFUSED, Sent.TOPIC_CLOSED, Sent.TOPIC_GONE)
# From then on a minute, not half an hour: nobody pays for what surely did not arrive, or an edit made twice.
HARMLESS_TRIES = 6


def settle(tx: Tx, view: Due, outcome: Outcome, settings: Settings, now: datetime) -> None:
    """Write one attempt down, and what follows from it for every alert of the message."""
    alert = view.alert
    edit = alert.message_id is not None
    alerts.record_delivery(tx, alert, outcome, edit=edit, now=now)
    if outcome.complaint:
        told = settings.admins
        alarm.unparsed(tx, told, story_id=alert.story_id, complaint=outcome.complaint, now=now)
    if outcome.sent is Sent.OK or (edit and outcome.sent in NOT_EDITED):
        # A message that cannot be edited, say because it was deleted, is never sent anew.
        _note_shown(tx, view, outcome, edit_gap_s=settings.delivery.edit_gap_s, now=now)
    elif outcome.sent is Sent.GONE:
        gone = SubscriberState.GONE
        subscribers.set_state(tx, alert.subscriber_id, gone, now=now, reason=outcome.detail)
    elif outcome.sent is Sent.MOVED and outcome.new_chat_id is not None:
        subscribers.move_chat(tx, alert.chat_id, outcome.new_chat_id, now)
        later = schedule.retry_delivery_at(now, attempts=1)
        alerts.mark_later(tx, view.covers, due_at=later, reason=outcome.detail)
    elif outcome.sent in (Sent.TOPIC_CLOSED, Sent.TOPIC_GONE):
        topics.lose(tx, view, outcome, now)
    elif outcome.sent is Sent.REFUSED and alert.digest_id:
        digests.dissolve(tx, list(view.covers))
    elif outcome.sent is Sent.REFUSED:
        alerts.mark_failed(tx, view.covers, outcome.detail)
    else:
        _try_again(tx, view, outcome, now)


def _note_shown(tx: Tx, view: Due, outcome: Outcome, *, edit_gap_s: int, now: datetime) -> None:
    alert = view.alert
    alerts.mark_shown(
        tx,
        view.covers,
        message_id=outcome.message_id or alert.message_id,
        digest_id=alert.digest_id or None,
        due_at=now + timedelta(seconds=edit_gap_s),
        now=now,
    )
    if alert.message_id is not None:
        return
    alerts.hasten_news(tx, alert.subscriber_id)
    if alert.digest_id:
        digests.mark_told(tx, alert.digest_id, now)


def _try_again(tx: Tx, view: Due, outcome: Outcome, now: datetime) -> None:
    alert, unsent = view.alert, outcome.sent is Sent.LATER
    news = alert.message_id is None
    if unsent and news and not outcome.retry_after_s:
        # Nobody can be reached. `reach` says when the way is tried again, with the oldest of all.
        alerts.mark_later(tx, view.covers, due_at=None, reason=outcome.detail)
        return
    due_at = schedule.retry_delivery_at(
        now,
        attempts=min(alert.attempts, HARMLESS_TRIES) if unsent or not news else alert.attempts,
        retry_after_s=outcome.retry_after_s,
        chance=random.random(),  # noqa: S311 - jitter
    )
    alerts.mark_later(tx, view.covers, due_at=due_at, reason=outcome.detail)
    if unsent and news:
        alerts.delay_news(tx, alert.subscriber_id, due_at)
