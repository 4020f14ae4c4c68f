"""The blind-outlet alarm: an outlet that goes quiet is noticed once, and once when it is back."""

import re
from collections.abc import Iterator

import pytest

from bot import lantern
from bot.domain.outlet import Failure, FailureKind
from bot.store import sight, updates
from tests.world import World

ADMIN = 1
REPORT = (
    "A long enough report on the weather of the valley, number {n}, with words of its own: {n}{n}."
)


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    world = World(database_url)
    yield world
    world.store.close()


def notices(world: World) -> list[str]:
    """Let the lantern look, and return what the admin is told in all."""
    world.store.call(lantern.look, [ADMIN], world.now)
    found = world.store.call(updates.waiting_replies)
    return [re.sub("<[^>]*>", "", reply.message.html) for reply in found]


async def live(world: World, *, hours: int) -> None:
    """Let the outlet publish every two hours."""
    for n in range(hours // 2):
        await world.publish("Daily Echo", REPORT.format(n=n) * 3, title=f"Report {n}")


async def test_an_outlet_in_its_rhythm_raises_no_alarm(world: World) -> None:
    await live(world, hours=60)
    assert notices(world) == []


async def test_an_outlet_silent_far_beyond_its_rhythm_is_noticed_once_and_once_when_back(
    world: World,
) -> None:
    world.watch(7, "valley")
    await live(world, hours=60)
    for _ in range(30):
        await world.poll_all()  # the feed answers, and lists nothing new
    [gone] = notices(world)
    assert gone.startswith("🙈 🇦🇲 Daily Echo has brought nothing new for")
    assert "valley" in gone  # the watch that loses sight
    assert notices(world) == [gone]  # once
    [blind] = world.store.call(sight.blind, limit=10)
    assert (blind.name, blind.why) == ("Daily Echo", "silent")

    await world.publish("Daily Echo", REPORT.format(n=99) * 3, title="Back")
    _, back = notices(world)
    assert back.startswith("👁 🇦🇲 Daily Echo is back in sight")
    assert world.store.call(sight.blind, limit=10) == []


async def test_an_outlet_that_cannot_be_read_is_noticed(world: World) -> None:
    await live(world, hours=12)
    [feed] = world.outlets["Daily Echo"].feeds
    world.reader.listed[feed.url] = Failure(FailureKind.NOT_FOUND, "404 Not Found")
    for _ in range(4):
        await world.poll_all()
        world.pass_time(hours=20)
    [gone] = notices(world)
    assert "cannot be read" in gone
