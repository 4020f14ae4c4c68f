"""Outlets follow their file without losing history; polls are claimed once and remembered."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.domain.notes import Note, Oddity
from bot.domain.outlet import (
    Changed,
    Entry,
    Failure,
    FailureKind,
    Feed,
    OutletEntry,
    OutletFeed,
    Unchanged,
)
from bot.domain.rhythm import Rhythm
from bot.domain.schedule import BREAKER_SCORE, Plan
from bot.store import articles, feeds
from bot.store.engine import Store, Tx
from bot.store.schema import articles as articles_table

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SOON = NOW + timedelta(minutes=5)


def outlet(name: str = "Echo", *urls: str, country: str = "AM") -> OutletEntry:
    found = tuple(OutletFeed(url) for url in urls or ("https://echo.example/rss",))
    return OutletEntry(name, "https://echo.example", country, "hy", found)


def plan(due_at: datetime = SOON, **values: object) -> Plan:
    return Plan(due_at=due_at, rhythm=Rhythm(known=True, listed=3), **values)  # type: ignore[arg-type]  # as each test has it


def claim(store: Store, now: datetime = NOW, limit: int = 10) -> list[Feed]:
    return store.call(feeds.claim_due, now, limit=limit, lease_s=60)


def test_reading_the_same_file_again_changes_nothing(store: Store) -> None:
    first = store.call(feeds.sync_outlets, [outlet()], NOW)
    assert (first.added, first.changed, first.retired) == (1, 0, 0)
    again = store.call(feeds.sync_outlets, [outlet()], NOW)
    assert (again.added, again.changed, again.retired) == (0, 0, 0)


def test_an_outlet_that_leaves_the_file_is_not_polled_and_keeps_its_articles(store: Store) -> None:
    store.call(feeds.sync_outlets, [outlet()], NOW)
    [feed] = claim(store)
    entry = [entry_of("https://echo.example/1")]
    store.call(articles.add_new, feed, entry, archived=False, now=NOW)

    gone = store.call(feeds.sync_outlets, [], NOW)
    assert gone.retired == 1
    assert claim(store, NOW + timedelta(days=1)) == []
    assert store.call(count_articles) == 1

    back = store.call(feeds.sync_outlets, [outlet()], NOW + timedelta(days=2))
    assert back.changed == 1
    [found] = claim(store, NOW + timedelta(days=2))
    assert found.id == feed.id


def entry_of(url: str) -> Entry:
    return Entry(url=url, title="Report")


def count_articles(tx: Tx) -> int:
    return tx.execute(sa.select(sa.func.count()).select_from(articles_table)).scalar_one()


def test_a_changed_country_reaches_the_feed(store: Store) -> None:
    store.call(feeds.sync_outlets, [outlet()], NOW)
    store.call(feeds.sync_outlets, [outlet(country="TR")], NOW)
    [feed] = claim(store)
    assert feed.country == "TR"


def test_a_feed_that_moves_to_another_outlet_keeps_its_validators(store: Store) -> None:
    store.call(feeds.sync_outlets, [outlet("Echo")], NOW)
    [feed] = claim(store)
    reading = Changed((), etag='"1"')
    store.call(feeds.record_poll, feed, reading, plan(), new=0, now=NOW)
    store.call(feeds.sync_outlets, [outlet("Echo Daily")], NOW)
    [moved] = claim(store, NOW + timedelta(days=1))
    assert (moved.outlet, moved.etag) == ("Echo Daily", '"1"')


def test_a_claimed_feed_is_left_alone_until_its_lease_ends(store: Store) -> None:
    store.call(feeds.sync_outlets, [outlet()], NOW)
    assert len(claim(store)) == 1
    assert claim(store, NOW + timedelta(seconds=59)) == []
    assert len(claim(store, NOW + timedelta(seconds=61))) == 1


def test_the_longest_due_feeds_are_claimed_first(store: Store) -> None:
    names = [f"https://echo.example/{n}" for n in range(4)]
    store.call(feeds.sync_outlets, [outlet("Echo", *names)], NOW)
    for n, feed in enumerate(claim(store)):
        due = NOW + timedelta(minutes=10 - n)
        store.call(feeds.record_poll, feed, Unchanged(), plan(due), new=0, now=NOW)
    later = claim(store, NOW + timedelta(hours=1), limit=2)
    assert sorted(feed.url[-1] for feed in later) == ["2", "3"]


def test_what_a_poll_leaves_behind_is_there_for_the_next(store: Store) -> None:
    store.call(feeds.sync_outlets, [outlet()], NOW)
    [feed] = claim(store)
    assert feed.first_polled_at is None
    reading = Changed((), etag='"1"', last_modified="Mon", body_hash="abc")
    store.call(feeds.record_poll, feed, reading, plan(), new=0, now=NOW)
    [feed] = claim(store, SOON)
    assert (feed.etag, feed.last_modified, feed.body_hash) == ('"1"', "Mon", "abc")
    assert feed.first_polled_at == NOW
    assert feed.rhythm.listed == 3
    assert feed.interval_s == 300


def test_failures_add_up_and_end_with_the_first_answer(store: Store) -> None:
    store.call(feeds.sync_outlets, [outlet()], NOW)
    for n in range(2):
        [feed] = claim(store, SOON)
        assert feed.failures == n
        down = Failure(FailureKind.SERVER, "503 Service Unavailable")
        store.call(feeds.record_poll, feed, down, plan(), new=0, now=NOW)
    [health] = store.call(feeds.health, offset=0, limit=10)
    assert (health.failures, health.failure) == (2, "5xx")
    assert health.detail == "503 Service Unavailable"
    assert health.new_at is None

    [feed] = claim(store, SOON)
    assert feed.first_polled_at is None  # what could not be read is no first poll
    store.call(feeds.record_poll, feed, Changed(()), plan(), new=1, now=SOON)
    [health] = store.call(feeds.health, offset=0, limit=10)
    assert (health.failures, health.failure, health.new_at) == (0, None, SOON)


def test_a_feed_that_was_not_asked_has_neither_failed_nor_answered(store: Store) -> None:
    store.call(feeds.sync_outlets, [outlet()], NOW)
    [feed] = claim(store)
    held = Failure(FailureKind.HELD, "not asked: the domain wants silence")
    store.call(feeds.record_poll, feed, held, plan(), new=0, now=NOW)
    [health] = store.call(feeds.health, offset=0, limit=10)
    assert (health.failures, health.failure, health.polled_at) == (0, None, None)
    assert health.due_at == SOON


def test_a_feed_that_moved_for_good_is_asked_at_its_new_address(store: Store) -> None:
    store.call(feeds.sync_outlets, [outlet()], NOW)
    [feed] = claim(store)
    there = "https://www.echo.example/rss"
    store.call(feeds.record_poll, feed, Changed(()), plan(move_to=there), new=0, now=NOW)
    assert [f.url for f in claim(store, SOON)] == [there]
    synced = store.call(feeds.sync_outlets, [outlet()], NOW)  # the file still names the old one
    assert (synced.added, synced.retired) == (0, 0)


def test_a_feed_whose_new_address_is_dead_is_asked_at_home_again(store: Store) -> None:
    store.call(feeds.sync_outlets, [outlet()], NOW)
    [feed] = claim(store)
    there, down = "https://www.echo.example/rss", Failure(FailureKind.DNS, "no such name")
    store.call(feeds.record_poll, feed, Changed(()), plan(move_to=there), new=0, now=NOW)
    store.call(feeds.record_poll, feed, down, plan(), new=0, now=NOW)
    assert [f.url for f in claim(store, SOON)] == [there]  # one failure is no reason yet
    given_up = Plan(due_at=SOON, rhythm=Rhythm(known=True, score=BREAKER_SCORE))
    store.call(feeds.record_poll, feed, down, given_up, new=0, now=NOW)
    assert [f.url for f in claim(store, SOON)] == ["https://echo.example/rss"]


def test_an_overrun_window_is_said(store: Store) -> None:
    store.call(feeds.sync_outlets, [outlet()], NOW)
    [feed] = claim(store)
    missed = Plan(due_at=SOON, rhythm=Rhythm(known=True, listed=3, missed=30, missed_at=NOW))
    store.call(feeds.record_poll, feed, Changed(()), missed, new=0, now=NOW)
    [health] = store.call(feeds.health, offset=0, limit=10)
    assert health.notes == (Note(Oddity.MISSED, n=30),)


def test_every_feed_that_is_polled_shares_the_budget(store: Store) -> None:
    store.call(feeds.sync_outlets, [outlet("A"), outlet("B", "https://b.example/rss")], NOW)
    assert len(store.call(feeds.rhythms)) == store.call(feeds.count_active) == 2


def test_an_outlet_with_a_thousand_waiting_leaves_hands_for_the_others(store):
    """And what is claimed is claimed once, however the looks at the waiting overlap."""
    [big, small] = [
        OutletEntry(name, f"https://{name}.am", "AM", "en", (OutletFeed(f"https://{name}.am/rss"),))
        for name in ("big", "small")
    ]
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    store.call(feeds.sync_outlets, [big, small], now)
    found = {f.url: f for f in store.call(feeds.claim_due, now, limit=10, lease_s=60)}
    for feed, n in (("https://big.am/rss", 1_200), ("https://small.am/rss", 3)):
        entries = [Entry(url=f"{feed}/{k}", title=f"Report {k}") for k in range(n)]
        store.call(articles.add_new, found[feed], entries, archived=False, now=now)

    def claim(**more):
        return store.call(articles.claim_new, now, lease_s=60, **more)

    taken = claim(limit=16, per_outlet=2, busy=())
    assert sorted(a.outlet for a in taken) == ["big", "big", "small", "small"]
    rest = claim(limit=2_000, per_outlet=2_000, busy=())
    assert len({a.id for a in [*taken, *rest]}) == len(taken) + len(rest) == 1_203
