"""A NOT word that shuts an article out is written in the ledger, for each subscriber once."""

import pytest

from bot.store import ledger
from bot.store.filters import Filters
from tests.world import World

MATCH = (
    "The harbour of Poti is shut for the day because the football cup final is played on its quay,"
    " and thousands of supporters have come by train from the capital to see the match there."
)


@pytest.fixture
def world(tmp_path):
    made = World(f"sqlite:///{tmp_path / 'outpost.db'}")
    yield made
    made.store.close()


def log(world):
    lines = world.store.call(ledger.read_log, Filters()).lines
    return [(line.chat_id, line.outcome, line.reason) for line in lines]


async def test_a_watch_kept_from_firing_by_not_is_in_the_ledger_with_the_word(world):
    barred = world.watch(7, "harbour -football")
    world.watch(8, "harbour tariff -football")
    world.watch(9, "harbour -tennis")
    assert await world.publish("Daily Echo", MATCH) == "new_story"
    told, excluded = sorted(log(world), reverse=True)
    assert told[:2] == (9, "told")
    assert excluded == (7, "excluded", {"watches": [barred], "not": ["football"]})


async def test_a_subscriber_who_is_told_by_another_watch_is_not_excluded(world):
    world.watch(7, "harbour -football")
    world.watch(7, "supporters")
    await world.publish("Daily Echo", MATCH)
    assert [line[:2] for line in log(world)] == [(7, "told")]


async def test_a_watch_that_was_stopped_excludes_nothing(world):
    watch_id = world.watch(7, "harbour -football")
    await world.publish("Daily Echo", MATCH)
    from bot.store import watches

    owner = world.subscribe(7)
    world.store.call(watches.stop, owner.id, watch_id, world.now)
    await world.publish("Daily Echo", MATCH.replace("Poti", "Batumi"), title="Another report")
    assert len(log(world)) == 1
