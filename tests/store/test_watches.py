"""Watches, and the log by which every process follows them."""

from dataclasses import replace
from datetime import UTC, datetime

from bot.domain.model import ChatKind, Subscriber
from bot.domain.packing import Packed
from bot.store import subscribers, watches
from bot.store.engine import Store
from bot.store.schema import forgotten_watches
from bot.store.schema import watches as table

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def subscribe(store: Store, chat_id: int = 7) -> Subscriber:
    return store.call(
        subscribers.subscribe,
        chat_id=chat_id,
        kind=ChatKind.PRIVATE,
        title="Anna",
        language="hy",
        now=NOW,
    )


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
    changes = store.call(watches.changes_since, 0)
    assert [w.id for w in changes.started] == [first.id]

    second = store.call(watches.add, anna.id, "Tegh", NOW)
    store.call(watches.stop, anna.id, first.id, NOW)
    later = store.call(watches.changes_since, changes.revision)
    assert [w.id for w in later.started] == [second.id]
    assert later.stopped == [first.id]
    assert store.call(watches.changes_since, later.revision).started == ()


def test_watches_that_are_forgotten_reach_every_process_by_the_log(store: Store) -> None:
    anna, boris = subscribe(store, 7), subscribe(store, 8)
    on = store.call(watches.add, anna.id, "Lachin", NOW)
    off = store.call(watches.add, anna.id, "Shushi", NOW)
    store.call(watches.add, boris.id, "Tegh", NOW)
    before = store.call(watches.changes_since, 0)
    store.call(watches.stop, anna.id, off.id, NOW)  # and nobody has heard of that yet
    store.call(subscribers.forget, anna.id)
    after = store.call(watches.changes_since, before.revision)
    assert after.started == []
    assert sorted(after.stopped) == [on.id, off.id]


def test_of_a_chat_that_stopped_nothing_but_numbers_is_left_and_those_go_too(store: Store) -> None:
    anna = subscribe(store)
    watch = store.call(watches.add, anna.id, "Lachin", NOW, Packed("f|lachin|lachin", "1:x"))
    store.call(subscribers.forget, anna.id)
    rows = store.call(lambda tx: [tuple(r) for r in tx.execute(forgotten_watches.select())])
    newest = store.call(watches.newest_revision)
    assert rows == [(newest, watch.id)]
    assert store.call(lambda tx: tx.execute(table.select()).all()) == []

    assert store.call(watches.prune_forgotten, newest - 1) == newest
    assert store.call(watches.changes_since, newest - 1).stopped == [watch.id]
    store.call(watches.prune_forgotten, newest)
    assert store.call(watches.changes_since, newest - 1).stopped == []


def test_keys_are_kept_with_a_watch_and_go_with_the_query_they_were_made_of(store: Store) -> None:
    anna = subscribe(store)
    keys = Packed("f|lachin|lachin", "1:x")
    watch = store.call(watches.add, anna.id, "Lachin", NOW, keys)
    assert store.call(watches.changes_since, 0).started[0].packed == keys
    assert store.call(watches.stale, "1:x", after=0, limit=9) == []
    assert [w.id for w in store.call(watches.stale, "2:x", after=0, limit=9)] == [watch.id]
    assert store.call(watches.stale, "2:x", after=watch.id, limit=9) == []

    store.call(watches.change, replace(watch, query="Tegh", own=("Tegh=Tech",)))
    [unmade] = store.call(watches.stale, "1:x", after=0, limit=9)
    assert (unmade.query, unmade.own, unmade.packed) == ("Tegh", ["Tegh=Tech"], None)


def test_keys_made_anew_are_not_kept_for_a_watch_that_changed_meanwhile(store: Store) -> None:
    anna = subscribe(store)
    still = store.call(watches.add, anna.id, "Tegh", NOW)
    watch = store.call(watches.add, anna.id, "Lachin", NOW)
    old = store.call(watches.stale, "1:x", after=0, limit=9)
    store.call(watches.change, replace(watch, query="Goris"))
    store.call(watches.save_packed, [(one, Packed(one.query, "1:x")) for one in old])
    found = {w.id: w.packed for w in store.call(lambda tx: list(watches.every_active(tx)))}
    assert found == {still.id: Packed("Tegh", "1:x"), watch.id: None}


def test_watches_are_listed_in_the_order_they_were_set(store: Store) -> None:
    anna = subscribe(store)
    for query in ("Lachin", "Tegh", "Goris"):
        store.call(watches.add, anna.id, query, NOW)
    page = store.call(watches.of_subscriber, anna.id, offset=1, limit=1)
    assert [(found.watch.query, found.matched) for found in page] == [("Tegh", 0)]
