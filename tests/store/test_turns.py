"""Turns at domains over several processes: one in flight, a gap between two, silence that all heed."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.politeness import Politeness
from bot.courtesy import Courtesy
from bot.store import turns
from bot.store.engine import Store

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
URL = "https://news.outlet.example/rss"


def take(store: Store, *, at_s: float, domain: str = "outlet.example", gap_s: float = 2):
    now = NOON + timedelta(seconds=at_s)
    return store.call(turns.take, domain, gap_s=gap_s, lease_s=45, now=now)


def leave(store: Store, until: datetime | None, *, at_s: float, hold_s: int | None = None) -> None:
    assert until
    now, reason = NOON + timedelta(seconds=at_s), "asked to wait" if hold_s else ""
    store.call(turns.leave, "outlet.example", until, hold_s=hold_s, reason=reason, now=now)


def test_a_turn_is_one_process_s_and_another_domain_s_is_free(store: Store) -> None:
    assert take(store, at_s=0).until
    assert take(store, at_s=1).until is None
    assert take(store, at_s=1, domain="other.example").until


def test_the_gap_counts_from_the_end_of_the_last_request(store: Store) -> None:
    leave(store, take(store, at_s=0).until, at_s=10)
    turn = take(store, at_s=11)
    assert (turn.until, turn.wait_s, turn.reason) == (None, 1.0, "")
    assert take(store, at_s=12, gap_s=5).until is None  # a page waits longer than a feed
    assert take(store, at_s=12).until


def test_silence_that_one_process_was_asked_for_keeps_all_away(store: Store) -> None:
    leave(store, take(store, at_s=0).until, at_s=1, hold_s=3600)
    turn = take(store, at_s=601)
    assert (turn.until, turn.wait_s, turn.reason) == (None, 3000, "asked to wait")
    assert take(store, at_s=3602).until


def test_the_turn_of_a_dead_process_is_free_when_its_lease_ends(store: Store) -> None:
    assert take(store, at_s=0).until
    assert take(store, at_s=44).until is None
    assert take(store, at_s=46).until


def test_a_turn_given_back_too_late_is_not_taken_from_the_next(store: Store) -> None:
    slow = take(store, at_s=0).until
    assert take(store, at_s=46).until
    leave(store, slow, at_s=47)
    assert take(store, at_s=50).until is None


def test_a_domain_at_rest_is_forgotten_and_one_that_wants_silence_is_not(store: Store) -> None:
    leave(store, take(store, at_s=0).until, at_s=1, hold_s=20_000)
    take(store, at_s=0, domain="other.example")
    assert store.call(turns.prune, NOON + timedelta(hours=2)) == 1
    assert take(store, at_s=7_200).reason
    assert store.call(turns.prune, NOON + timedelta(hours=7)) == 1


@pytest.fixture
def second(database_url: str, store: Store) -> Iterator[Store]:
    """Return the same database as another process opens it."""
    other = Store(database_url)
    yield other
    other.close()


def process(store: Store, *, max_wait_s: float = 30) -> Politeness:
    shared = Courtesy(store, request_s=30, now=lambda: datetime.now(UTC))
    return Politeness(max_wait_s=max_wait_s, shared=shared)


async def test_two_processes_take_turns_at_one_domain(store: Store, second: Store) -> None:
    one, two = process(store), process(second)
    assert await one.enter(URL, gap_s=0.01) is None
    waiting = asyncio.create_task(two.enter(URL, gap_s=0.01))
    done, _ = await asyncio.wait([waiting], timeout=0.3)
    assert not done
    await one.leave(URL)
    assert await waiting is None
    await two.leave(URL)


async def test_a_retry_after_told_to_one_process_silences_the_other(
    store: Store, second: Store
) -> None:
    one, two = process(store), process(second)
    assert await one.enter(URL, gap_s=0) is None
    await one.leave(URL, hold_s=600, reason="its server asked us to wait")
    away = await two.enter(URL, gap_s=0)
    assert away is not None
    assert 590 <= away[0] <= 600
    assert away[1] == "its server asked us to wait"


async def test_silence_outlives_a_restart(store: Store) -> None:
    before = process(store)
    assert await before.enter(URL, gap_s=0) is None
    await before.leave(URL, hold_s=600, reason="its server asked us to wait")
    assert await process(store).enter(URL, gap_s=0) is not None


async def test_one_who_would_wait_too_long_for_another_process_comes_back_later(
    store: Store, second: Store
) -> None:
    assert await process(store).enter(URL, gap_s=0) is None
    away = await process(second, max_wait_s=0.2).enter(URL, gap_s=2)
    assert away == (2, "another process asks the same domain")


async def test_a_database_that_is_away_keeps_nobody_from_reading(tmp_path) -> None:
    nowhere = Store(f"sqlite:///{tmp_path / 'not' / 'there.db'}")
    alone = process(nowhere)
    assert await alone.enter(URL, gap_s=0) is None
    await alone.leave(URL)
    nowhere.close()
