"""Which alerts a sender takes from the outbox: fair between chats, news before corrections."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.model import ChatKind, Outcome, Sent
from bot.store import alerts, deliveries, subscribers
from bot.store.schema import stories

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def outbox(store):
    return Outbox(store)


class Outbox:
    """Alerts by the word: `raise_for(chat)`, and what a claim then takes."""

    def __init__(self, store):
        self.store = store
        self.subscribers = {}

    def raise_for(self, chat_id, *, at=NOON, shown_as=None):
        return self.store.call(self._raise, chat_id, at, shown_as)

    def _raise(self, tx, chat_id, at, shown_as):
        subscriber = subscribers.subscribe(
            tx, chat_id=chat_id, kind=ChatKind.PRIVATE, title="", language="en", now=at
        )
        self.subscribers[chat_id] = subscriber.id
        story_id = tx.execute(
            stories.insert().values(opened_at=at).returning(stories.c.id)
        ).scalar_one()
        row = alerts.alerts.insert().values(
            subscriber_id=subscriber.id,
            story_id=story_id,
            state="open",
            revision=2,
            delivered_revision=1 if shown_as else 0,
            message_id=shown_as,
            due_at=at,
            created_at=at,
        )
        return tx.execute(row.returning(alerts.alerts.c.id)).scalar_one()

    def claim(self, limit=16, **more):
        return self.store.call(
            alerts.claim_due, NOON + timedelta(minutes=1), limit=limit, lease_s=60, **more
        )


def test_a_chat_with_hundreds_due_gets_one_hand_and_the_others_theirs(outbox):
    for _ in range(200):
        outbox.raise_for(7)
    late = outbox.raise_for(8, at=NOON + timedelta(seconds=5))
    claimed = outbox.claim()
    assert [a.chat_id for a in claimed] == [7, 8]
    assert claimed[1].id == late


def test_news_goes_before_corrections_however_old_they_are(outbox):
    outbox.raise_for(7, shown_as=33)
    outbox.raise_for(8, at=NOON + timedelta(seconds=5))
    assert [a.chat_id for a in outbox.claim(1)] == [8]
    assert [a.message_id for a in outbox.claim()] == [33]


def test_who_is_written_to_or_rests_is_left_out(outbox):
    for chat_id in (7, 8, 9):
        outbox.raise_for(chat_id)
    claimed = outbox.claim(busy=[7, 8])
    assert [a.chat_id for a in claimed] == [9]


def test_a_claim_is_given_back_when_its_lease_ends(outbox):
    alert = outbox.raise_for(7)
    assert [a.id for a in outbox.claim()] == [alert]
    assert outbox.claim() == []
    later = NOON + timedelta(minutes=3)
    [again] = outbox.store.call(alerts.claim_due, later, limit=1, lease_s=60)
    assert (again.id, again.attempts) == (alert, 2)


def test_all_are_taken_in_the_end_each_once(outbox):
    ids = {outbox.raise_for(chat) for chat in (1, 1, 1, 2, 2, 3) for _ in range(3)}
    taken = []
    while claimed := outbox.claim(4):
        taken += [a.id for a in claimed]
    assert sorted(taken) == sorted(ids)


def test_what_was_sent_in_the_last_minute_is_read_back_for_the_limits(outbox):
    outbox.raise_for(7)
    outbox.raise_for(8)
    first, second = outbox.claim()
    record = alerts.record_delivery
    for alert, outcome, at in (
        (first, Outcome(Sent.OK, 1), NOON),
        (first, Outcome(Sent.OK, 1), NOON + timedelta(seconds=30)),
        (second, Outcome(Sent.LATER), NOON + timedelta(seconds=31)),
        (second, Outcome(Sent.UNCERTAIN), NOON + timedelta(seconds=32)),
    ):
        outbox.store.call(record, alert, outcome, edit=False, now=at)
    found = outbox.store.call(deliveries.sent_since, NOON + timedelta(seconds=1))
    assert found == [(7, NOON + timedelta(seconds=30)), (8, NOON + timedelta(seconds=32))]
