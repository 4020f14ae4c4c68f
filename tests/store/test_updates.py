"""An update is answered once, however often Telegram repeats it."""

from datetime import UTC, datetime

import pytest

from bot.domain.model import Button, Message
from bot.store import updates
from bot.store.engine import Store
from bot.store.schema import counters, metadata, replies

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def store(database_url):
    store = Store(database_url)
    store.call(lambda tx: metadata.create_all(tx, tables=[counters, replies]))
    yield store
    store.close()


def test_a_repeated_update_is_answered_once(store):
    assert store.call(updates.offset) == 0
    assert store.call(updates.advance, 700) is True
    assert store.call(updates.advance, 700) is False
    assert store.call(updates.advance, 699) is False
    assert store.call(updates.advance, 701) is True
    assert store.call(updates.offset) == 701


def test_a_new_numbering_after_a_silent_week_is_no_repetition(store):
    store.call(updates.advance, 700_000)
    assert store.call(updates.advance, 12) is True
    assert store.call(updates.advance, 12) is False
    assert store.call(updates.offset) == 12


def test_the_offset_moves_only_if_the_transaction_commits(store):
    def fail(tx):
        updates.advance(tx, 5)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.call(fail)
    assert store.call(updates.advance, 5) is True


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
