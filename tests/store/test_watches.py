"""Subscribers, their watches, and the log by which every process follows the watches."""

from datetime import UTC, datetime, timedelta

from bot.domain.model import ChatKind, Subscriber, SubscriberState
from bot.store import watches
from bot.store.engine import Store

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def subscribe(store: Store, chat_id: int = 7) -> Subscriber:
    return store.call(
        watches.subscribe,
        chat_id=chat_id,
        kind=ChatKind.PRIVATE,
        title="Anna",
        language="hy",
        now=NOW,
    )


def test_subscribing_twice_is_one_subscriber_who_keeps_the_language(store: Store) -> None:
    first, again = subscribe(store), subscribe(store)
    assert first.id == again.id
    assert again.language == "hy"
    assert store.call(watches.find_subscriber, 7) == again
    assert store.call(watches.find_subscriber, 8) is None


def test_a_watch_is_found_again_by_its_query(store: Store) -> None:
    anna = subscribe(store)
    watch = store.call(watches.add, anna.id, "Lachin", NOW)
    assert store.call(watches.same, anna.id, "Lachin") == watch
    assert store.call(watches.same, anna.id, "Tegh") is None
    assert store.call(watches.count, anna.id) == 1


def test_only_its_owner_stops_a_watch_and_only_once(store: Store) -> None:
    anna, boris = subscribe(store, 7), subscribe(store, 8)
    watch = store.call(watches.add, anna.id, "Lachin", NOW)
    assert store.call(watches.stop, boris.id, watch.id, NOW) is None
    stopped = store.call(watches.stop, anna.id, watch.id, NOW)
    assert stopped is not None
    assert stopped.stopped_at == NOW
    assert store.call(watches.stop, anna.id, watch.id, NOW) is None
    assert store.call(watches.count, anna.id) == 0
    assert store.call(watches.subscribers_of, [watch.id]) == {}


def test_the_log_tells_what_changed_since_a_revision(store: Store) -> None:
    anna = subscribe(store)
    first = store.call(watches.add, anna.id, "Lachin", NOW)
    changes = store.call(watches.changes_since, 0, 0)
    assert [w.id for w in changes.started] == [first.id]

    second = store.call(watches.add, anna.id, "Tegh", NOW)
    store.call(watches.stop, anna.id, first.id, NOW)
    later = store.call(watches.changes_since, changes.revision, changes.purge)
    assert [w.id for w in later.started] == [second.id]
    assert later.stopped == [first.id]
    assert store.call(watches.changes_since, later.revision, later.purge).started == ()


def test_watches_that_are_forgotten_reach_every_process(store: Store) -> None:
    anna, boris = subscribe(store, 7), subscribe(store, 8)
    store.call(watches.add, anna.id, "Lachin", NOW)
    kept = store.call(watches.add, boris.id, "Tegh", NOW)
    before = store.call(watches.changes_since, 0, 0)
    store.call(watches.forget, anna.id)
    after = store.call(watches.changes_since, before.revision, before.purge)
    assert after.purge != before.purge
    assert [w.id for w in after.started] == [kept.id]


def test_a_pause_ends_by_itself(store: Store) -> None:
    anna = subscribe(store)
    until = NOW + timedelta(hours=1)
    store.call(watches.set_state, anna.id, SubscriberState.PAUSED, now=NOW, until=until)
    assert store.call(watches.resume_due, NOW) == []
    assert store.call(watches.resume_due, until) == [anna.id]
    found = store.call(watches.find_subscriber, 7)
    assert found is not None
    assert found.state is SubscriberState.ACTIVE


def test_a_pause_without_end_lasts(store: Store) -> None:
    anna = subscribe(store)
    store.call(watches.set_state, anna.id, SubscriberState.PAUSED, now=NOW)
    assert store.call(watches.resume_due, NOW + timedelta(days=900)) == []


def test_watches_are_listed_in_the_order_they_were_set(store: Store) -> None:
    anna = subscribe(store)
    for query in ("Lachin", "Tegh", "Goris"):
        store.call(watches.add, anna.id, query, NOW)
    page = store.call(watches.of_subscriber, anna.id, offset=1, limit=1)
    assert [(found.watch.query, found.matched) for found in page] == [("Tegh", 0)]
