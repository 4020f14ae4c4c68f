"""An update is answered once, however often Telegram repeats it."""

from datetime import UTC, datetime

import pytest

from bot.domain.model import Button, Message
from bot.store import updates
from bot.store.engine import Store
from bot.store.schema import answered_updates, metadata, replies

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def store(database_url):
    store = Store(database_url)
    store.call(lambda tx: metadata.create_all(tx, tables=[answered_updates, replies]))
    yield store
    store.close()


def test_an_update_is_answered_once_in_whatever_order_they_are(store):
    for update_id, new in ((701, True), (700, True), (700, False), (701, False), (702, True)):
        assert store.call(updates.mark_answered, update_id, NOON) is new


def test_a_new_numbering_after_a_silent_week_is_no_repetition(store):
    store.call(updates.mark_answered, 700_000, NOON)
    assert store.call(updates.mark_answered, 12, NOON) is True


def test_what_telegram_tells_no_more_is_forgotten(store):
    store.call(updates.mark_answered, 5, NOON)
    store.call(updates.mark_answered, 6, NOON + 2 * updates.KEPT)
    left = store.call(lambda tx: tx.execute(answered_updates.select()).all())
    assert [row.update_id for row in left] == [6]


def test_an_update_is_answered_only_if_the_transaction_commits(store):
    def fail(tx):
        updates.mark_answered(tx, 5, NOON)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.call(fail)
    assert store.call(updates.mark_answered, 5, NOON) is True


def test_a_reply_waits_until_it_is_sent(store):
    message = Message(
        "<b>x</b>", ((Button("Stop", "unwatch:1"), Button("Read", url="https://a.am")),)
    )
    first = store.call(
        updates.keep_reply, chat_id=7, thread_id=None, edits=3, message=message, now=NOON
    )
    second = store.call(
        updates.keep_reply, chat_id=-100, thread_id=5, edits=None, message=message, now=NOON
    )
    assert store.call(updates.waiting_replies) == [first, second]
    assert first.message == message
    store.call(updates.drop_reply, first.id)
    assert store.call(updates.waiting_replies) == [second]
