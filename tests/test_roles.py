"""The roles at work: what one tick leaves undone, and for how long."""

from collections.abc import Iterator

import pytest

from bot.app import COMMANDS
from bot.chat.desk import Desk
from bot.domain.outlet import Changed, Entry
from bot.roles import PER_OUTLET, Roles
from bot.scout import Scout
from tests.world import World


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    world = World(database_url)
    yield world
    world.store.close()


def at_work(world: World) -> Roles:
    pipeline = world.pipeline
    names, limits = pipeline.lookout.names, pipeline.settings.limits
    desk = Desk(world.store, COMMANDS, admins={1}, limits=limits, names=names)
    scout = Scout(world.store, lambda url: pytest.fail("nobody asked"), pipeline.now)
    return Roles(
        pipeline,
        roles={"ingest"},
        desk=desk,
        chat=None,
        port=None,
        scout=scout,
        telegram=None,
        replies=None,
    )


async def test_a_burst_of_one_outlet_is_worked_off_without_waiting_for_the_next_tick(
    world: World,
) -> None:
    url = await world.open_outlet("Daily Echo")
    world.reader.listed[url] = Changed(
        tuple(
            Entry(f"https://daily-echo.example/{n}", f"Report {n}", body=f"Words of {n}. " * 60)
            for n in range(4 * PER_OUTLET)
        ),
        body_hash="burst",
    )
    await world.poll_all()
    [ingest] = [tick for name, _, tick in at_work(world)._ticks() if name == "ingest"]
    await ingest()
    assert world.pipeline.counts.total() - world.pipeline.counts["poll.changed"] == 4 * PER_OUTLET
