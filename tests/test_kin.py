"""What has been read lately, in the pipeline: provenance, people's verdicts, custom and furniture."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from bot.domain.model import VerdictKind
from bot.store import schema, verdicts
from tests.test_pipeline import FOOTBALL, STRIKE
from tests.world import ADMIN, World


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    world = World(database_url)
    yield world
    world.store.close()


def number_of(world: World, outlet: str) -> int:
    found = (
        sa.select(schema.articles.c.id).join(schema.outlets).where(schema.outlets.c.name == outlet)
    )
    number: int = world.store.call(lambda tx: tx.execute(found).scalar_one())
    return number


def story_of(world: World, article_id: int) -> sa.Row:
    at = schema.articles.c.id == article_id
    found = sa.select(schema.stories).join(
        schema.articles, schema.articles.c.story_id == schema.stories.c.id
    )
    return world.store.call(lambda tx: tx.execute(found.where(at)).one())


async def test_the_outlet_that_a_copy_names_is_the_origin_though_it_came_second(
    world: World,
) -> None:
    assert (
        await world.publish("Coast Mail", f"By Ann Example for Daily Echo\n{STRIKE}") == "new_story"
    )
    assert await world.publish("Daily Echo", STRIKE, title="Dockers walk out") == "copy"
    echo = number_of(world, "Daily Echo")
    story = story_of(world, echo)
    assert story.origin_id == echo
    assert story.origin["phrase"] == "By Ann Example for Daily Echo"


async def test_keys_that_left_the_window_are_forgotten_and_others_stay(world: World) -> None:
    await world.publish("Daily Echo", STRIKE)
    world.pass_time(hours=80)
    await world.publish("Coast Mail", FOOTBALL)
    assert await world.pipeline.kin.tend(world.store, world.now) > 10
    found = sa.select(schema.article_keys.c.article_id)
    left = world.store.call(lambda tx: set(tx.execute(found).scalars()))
    assert left == {number_of(world, "Coast Mail")}
    assert await world.publish("Harbour News", FOOTBALL) == "copy"


async def test_an_outlets_furniture_is_learned_and_makes_no_copies(world: World) -> None:
    menu = "\n".join(
        f"This is line {n} of the menu that stands on every page of ours." for n in range(40)
    )
    for n in range(6):
        own = " ".join(f"own{n}x{w}" for w in range(40))
        await world.publish("Daily Echo", f"{own}\n{menu}", title=f"Report {n} of its own")
    await world.pipeline.tend()
    assert (
        await world.publish("Daily Echo", f"{FOOTBALL}\n{menu}", title="Match moved") == "new_story"
    )
    assert await world.publish("Daily Echo", f"{STRIKE}\n{menu}", title="Walkout") == "new_story"
    assert await world.publish("Coast Mail", FOOTBALL, title="Another pitch") == "copy"


@pytest.mark.parametrize(("who", "outcome"), [(ADMIN, "new_story"), (7, "copy")])
async def test_what_an_admin_called_no_copy_is_none_and_what_others_say_is_only_counted(
    world: World, who: int, outcome: str
) -> None:
    await world.publish("Daily Echo", STRIKE)
    feed = await world.open_outlet("Coast Mail")
    world.list_entry(feed, "https://coast-mail.example/1", body=STRIKE)
    await world.poll_all()
    world.store.call(
        verdicts.give,
        VerdictKind.NOT_A_COPY,
        subscriber_id=world.subscribe(7).id,
        user_id=who,
        article_id=number_of(world, "Coast Mail"),
        other_id=number_of(world, "Daily Echo"),
        now=world.now,
    )
    assert await world.ingest_all() == [outcome]
