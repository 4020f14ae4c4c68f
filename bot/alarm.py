"""Tells the admins of a bug that no subscriber can mend: Telegram would not take what we wrote."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot import texts
from bot.domain.model import Message
from bot.store import counts, subscribers, updates
from bot.store.engine import Tx

GAP = timedelta(hours=1)  # one notice is enough: the same fault is in every message of its kind


def unparsed(
    tx: Tx, admins: Iterable[int], *, story_id: int, complaint: str, now: datetime
) -> None:
    """Say that an alert went out plainer than it was meant, once an hour at most.

    complaint: Telegram's words. admins: Telegram user ids, as of their private chats.
    """
    if not counts.due_again(tx, "alarm_unparsed", now, gap=GAP):
        return
    for admin in admins:
        known = subscribers.find(tx, admin)
        words = texts.html(
            known.language if known else "", "alarm.unparsed", story=story_id, complaint=complaint
        )
        updates.keep_reply(
            tx, chat_id=admin, thread_id=None, edits=None, message=Message(words), now=now
        )
