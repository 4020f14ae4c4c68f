"""What is not sent because its watch was stopped first: nothing of it comes, and the ledger says why."""

import pytest
import sqlalchemy as sa

from bot.domain.hours import Mode
from bot.domain.model import SubscriberState
from bot.store import ledger, stories, subscribers, watches
from bot.store.filters import Filters
from bot.store.schema import alerts, articles
from tests.world import World

ANI = 7
HARBOUR = "Dockers at the harbour of Batum walked out on Monday over shifts of fourteen hours. "
HAIL = "Hail fell on the vineyards above the river, and growers lost a third of the grapes. "
MUSEUM = "The museum shows the cranes that lifted tea and manganese at the harbour for a century. "


@pytest.fixture
def world(database_url):
    world = World(database_url)
    yield world
    world.store.close()


def stop(world, watch_id):
    world.store.call(watches.stop, world.subscribe(ANI).id, watch_id, world.now)


def wait_for(world, mode):
    world.store.call(subscribers.set_mode, world.subscribe(ANI).id, Mode.parse(mode), world.now)


async def publish(world, text, *, outlet="Daily Echo", n=0):
    title = text.split(" ", 3)[2].title()
    return await world.publish(outlet, text + " ".join(f"w{n}x{k}" for k in range(60)), title=title)


async def shown_after_a_day(world):
    world.pass_time(days=1)
    await world.deliver_all()
    return list(world.messenger.shown[ANI].values())


def lines(world):
    found = world.store.call(ledger.read_log, Filters(), limit=9).lines
    return [(line.state, line.held_by) for line in found]


async def test_what_waits_for_a_digest_does_not_come_once_its_watch_is_stopped(world):
    stopped = world.watch(ANI, "harbour")
    world.watch(ANI, "vineyards")
    wait_for(world, "daily 8:30")
    await publish(world, HARBOUR)
    await publish(world, HAIL, n=1)
    await publish(world, MUSEUM, n=2)
    stop(world, stopped)
    [message] = await shown_after_a_day(world)
    assert "vineyards" in message
    assert "harbour" not in message
    assert sorted(lines(world)) == [("held", "stopped"), ("held", "stopped"), ("told", "daily")]


async def test_a_chat_that_stopped_its_only_watch_hears_nothing(world):
    stopped = world.watch(ANI, "harbour")
    wait_for(world, "hourly")
    await publish(world, HARBOUR)
    await publish(world, MUSEUM, n=2)
    stop(world, stopped)
    assert await shown_after_a_day(world) == []
    assert world.store.call(lambda tx: tx.execute(alerts.select()).all())  # kept, with its reason


async def test_an_alert_on_its_way_does_not_come_once_its_watch_is_stopped(world):
    stopped = world.watch(ANI, "harbour")
    await publish(world, HARBOUR)
    stop(world, stopped)
    assert await shown_after_a_day(world) == []
    assert lines(world) == [("held", "stopped")]


async def test_a_story_that_another_watch_fired_on_comes_all_the_same(world):
    stopped = world.watch(ANI, "harbour")
    world.watch(ANI, "dockers")
    await publish(world, HARBOUR)
    stop(world, stopped)
    assert len(await shown_after_a_day(world)) == 1


async def test_a_watch_that_was_stopped_by_mistake_and_begun_again_loses_nothing(world):
    stopped = world.watch(ANI, "harbour")
    wait_for(world, "daily 8:30")
    await publish(world, HARBOUR)
    stop(world, stopped)
    world.watch(ANI, "harbour")
    assert len(await shown_after_a_day(world)) == 1


async def test_a_copy_on_which_a_living_watch_fires_brings_the_story_after_all(world):
    stopped = world.watch(ANI, "harbour")
    await publish(world, HARBOUR)
    stop(world, stopped)
    assert await shown_after_a_day(world) == []
    world.watch(ANI, "dockers")
    assert await publish(world, HARBOUR, outlet="Evening Post") == "copy"
    [message] = await shown_after_a_day(world)
    assert "Dockers" in message
    assert lines(world) == [("told", ""), ("told", "")]


async def test_a_copy_that_no_living_watch_fires_on_brings_nothing(world):
    stopped = world.watch(ANI, "harbour")
    await publish(world, HARBOUR)
    stop(world, stopped)
    assert await shown_after_a_day(world) == []
    assert await publish(world, HARBOUR, outlet="Evening Post") == "copy"
    assert await shown_after_a_day(world) == []


async def test_a_message_that_is_out_still_follows_its_story(world):
    stopped = world.watch(ANI, "harbour")
    await publish(world, HARBOUR)
    assert len(await shown_after_a_day(world)) == 1
    stop(world, stopped)
    await publish(world, HARBOUR, outlet="Evening Post")
    [message] = await shown_after_a_day(world)
    assert "Evening Post" in message


@pytest.mark.parametrize("away", ["paused", "gone"])
async def test_a_story_that_comes_after_all_waits_for_a_chat_that_is_away(world, away):
    stopped = world.watch(ANI, "harbour")
    await publish(world, HARBOUR)
    stop(world, stopped)
    assert await shown_after_a_day(world) == []
    world.watch(ANI, "dockers")
    chat = world.subscribe(ANI)
    world.store.call(subscribers.set_state, chat.id, SubscriberState(away), now=world.now)
    await publish(world, HARBOUR, outlet="Evening Post")
    assert await shown_after_a_day(world) == []
    world.store.call(subscribers.set_state, chat.id, SubscriberState.ACTIVE, now=world.now)
    assert len(await shown_after_a_day(world)) == 1


async def test_a_story_that_was_told_tells_once_of_the_one_it_turns_out_to_be(world):
    stopped = world.watch(ANI, "harbour")
    await publish(world, HARBOUR)
    stop(world, stopped)
    assert await shown_after_a_day(world) == []
    world.watch(ANI, "vineyards")
    await publish(world, HAIL, n=1)
    assert len(await shown_after_a_day(world)) == 1
    first, second = world.store.call(
        lambda tx: tx.execute(sa.select(articles.c.id, articles.c.story_id).order_by("id")).all()
    )
    world.store.call(
        stories.move_article,
        second.id,
        first.story_id,
        copy_of=first.id,
        evidence={},
        now=world.now,
    )
    [message] = await shown_after_a_day(world)
    assert "Batum" in message or "Dockers" in message
