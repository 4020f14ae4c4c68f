"""The watches that fire most, as the console lists them to be looked at."""

import pytest

from bot.store import insight, watches
from tests.world import World


@pytest.fixture
def world(database_url):
    world = World(database_url)
    yield world
    world.store.close()


async def test_a_watch_that_was_stopped_is_noisy_no_more(world):
    loud = [world.watch(7, word) for word in ("harbour", "dockers", "shifts")]
    await world.publish("Daily Echo", "Dockers at the harbour walked out over long shifts. " * 5)
    for watch_id in loud[:2]:
        world.store.call(watches.stop, world.subscribe(7).id, watch_id, world.now)
    found = world.store.call(insight.read_noisy, limit=1)
    assert [(row.id, fires) for row, fires in found] == [(loud[2], 1)]
