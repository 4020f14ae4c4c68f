"""What becomes of a watch whose topic was closed or deleted, and how the chat's administrators hear of it.

Closed: alerts are held, as in a pause, until the topic is open again. Deleted: they come in the General
topic from then on. Either is said once, in General, which whoever may open or delete topics reads.
"""

from datetime import datetime

from bot import texts
from bot.domain.model import Button, Due, Message, Outcome, Sent, Subscriber, SubscriberState
from bot.store import alerts, subscribers, updates, watches
from bot.store.engine import Tx

CLOSED = "the topic is closed"  # SubscriberState.GONE's reason
SEPARATOR = " › "  # between the names of a forum and of its topic


def title(forum: str, thread_id: int, name: str) -> str:
    """Return what a topic's subscriber is called. name: "" where Telegram did not say it."""
    return f"{forum}{SEPARATOR}{name or f'#{thread_id}'}" if thread_id else forum


def name_of(topic: Subscriber) -> str:
    """Return a topic's own name."""
    return topic.title.rpartition(SEPARATOR)[2]


def lose(tx: Tx, view: Due, outcome: Outcome, now: datetime) -> None:
    """Heed Telegram's word that the topic of a message not sent yet takes no more."""
    alert = view.alert
    here = subscribers.find(tx, alert.chat_id, alert.thread_id)
    if here is None or here.id != alert.subscriber_id:
        return  # it moved meanwhile
    if outcome.sent is Sent.TOPIC_GONE and here.thread_id:
        _say(tx, here, "topic.gone", now)
        subscribers.leave_topic(tx, here, now)
        alerts.mark_later(tx, view.covers, due_at=now, reason=outcome.detail)
        return
    if here.thread_id and here.state is not SubscriberState.GONE:
        _say(tx, here, "topic.closed", now)
    subscribers.set_state(tx, here.id, SubscriberState.GONE, now=now, reason=CLOSED)


def reopen(tx: Tx, chat_id: int, thread_id: int, now: datetime) -> None:
    """Tell a topic that was closed what was held for it."""
    here = subscribers.find(tx, chat_id, thread_id)
    if here and (here.state, here.state_reason) == (SubscriberState.GONE, CLOSED):
        subscribers.set_state(tx, here.id, SubscriberState.ACTIVE, now=now)


def _say(tx: Tx, topic: Subscriber, key: str, now: datetime) -> None:
    """Tell the General topic, in the language of the one that is lost."""
    if not watches.count(tx, topic.id):
        return
    words = texts.html(topic.language, key, topic=name_of(topic))
    here = Button(texts.say(topic.language, "button.tell_here"), f"unite:{topic.thread_id}")
    buttons = ((here,),) if key == "topic.closed" else ()
    updates.keep_reply(
        tx,
        chat_id=topic.chat_id,
        thread_id=None,
        edits=None,
        message=Message(words, buttons),
        now=now,
    )
