"""A message that went out while the database was away is written down when it is back, and not sent again."""

import pytest

from bot.domain.errors import DatabaseDown
from tests.world import World

STRIKE = "Dockers at the harbour walked out on Monday over shifts of fourteen hours. " * 6


@pytest.fixture
def world(database_url):
    world = World(database_url)
    yield world
    world.store.close()


async def test_a_sent_message_is_remembered_although_the_disk_was_full(world: World, monkeypatch):
    world.watch(7, "harbour")
    await world.publish("Daily Echo", STRIKE)
    world.pass_time(minutes=1)
    [view] = await world.pipeline.claim_alerts(10)
    real, refused = world.store.call, []

    def call(f, *args, **kwargs):
        if len(refused) < 2:
            refused.append(f)
            raise DatabaseDown("database or disk is full")
        return real(f, *args, **kwargs)

    monkeypatch.setattr(world.store, "call", call)
    assert await world.pipeline.deliver(view) == "ok"
    world.pass_time(hours=1)
    assert await world.pipeline.claim_alerts(10) == []
    assert world.messenger.sends == 1
    assert len(refused) == 2
