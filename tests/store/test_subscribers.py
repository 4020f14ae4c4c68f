"""Subscribers: who is told, and when a pause is over."""

from datetime import timedelta

from bot.domain.model import SubscriberState
from bot.store import subscribers
from bot.store.engine import Store
from tests.store.test_watches import NOW, subscribe


def test_subscribing_twice_is_one_subscriber_who_keeps_the_language(store: Store) -> None:
    first, again = subscribe(store), subscribe(store)
    assert first.id == again.id
    assert again.language == "hy"
    assert store.call(subscribers.find, 7) == again
    assert store.call(subscribers.find, 8) is None


def test_a_pause_ends_by_itself(store: Store) -> None:
    anna = subscribe(store)
    until = NOW + timedelta(hours=1)
    store.call(subscribers.set_state, anna.id, SubscriberState.PAUSED, now=NOW, until=until)
    assert store.call(subscribers.resume_due, NOW) == []
    assert store.call(subscribers.resume_due, until) == [anna.id]
    found = store.call(subscribers.find, 7)
    assert found is not None
    assert found.state is SubscriberState.ACTIVE


def test_a_pause_without_end_lasts(store: Store) -> None:
    anna = subscribe(store)
    store.call(subscribers.set_state, anna.id, SubscriberState.PAUSED, now=NOW)
    assert store.call(subscribers.resume_due, NOW + timedelta(days=900)) == []
