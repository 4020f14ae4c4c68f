"""Stories that are mended: articles move, messages follow, and every message finds its story."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from bot.domain.article import tidy
from bot.domain.model import ChatKind, SubscriberState
from bot.domain.outlet import Entry, Failure, FailureKind
from bot.store import alerts, articles, stories, subscribers, watches
from bot.store.engine import Tx
from bot.store.schema import articles as articles_table
from tests.world import World

TEXTS = [
    f"The {thing} of the valley was seen again on Monday, and the {thing} keeper spoke at length "
    f"about {thing} seasons, {thing} prices and the old {thing} road that nobody has mended. " * 2
    for thing in ("harbour heron", "harbour granary", "harbour tannery")
]


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    world = World(database_url)
    yield world
    world.store.close()


def placed(tx: Tx) -> list[tuple[int, int]]:
    rows = tx.execute(
        sa.select(articles_table.c.id, articles_table.c.story_id).order_by(articles_table.c.id)
    )
    return [(row.id, row.story_id) for row in rows]


def move(world: World, article_id: int, story_id: int | None) -> int:
    return world.store.call(
        stories.move_article, article_id, story_id, copy_of=None, evidence={}, now=world.now
    )


async def told_of_three(world: World) -> list[tuple[int, int]]:
    world.watch(7, "harbour")
    for n, text in enumerate(TEXTS):
        await world.publish(f"Outlet {n}", text, title=f"Report {n}")
        await world.deliver_all()
    assert len(world.messenger.shown[7]) == 3
    return world.store.call(placed)


async def test_a_story_merged_into_one_that_merges_too_still_shows_something(world: World) -> None:
    (a, first), (b, second), (_, third) = await told_of_three(world)
    move(world, a, second)
    move(world, b, third)
    move(world, a, third)
    for story_id in (first, second, third):
        view = world.store.call(articles.view_story, story_id, 1)
        assert len(view.articles) == 3
    outcomes = await world.deliver_all()
    assert set(outcomes) == {"ok"}
    for message in world.messenger.shown[7].values():
        assert "Report" in message


async def test_a_story_that_became_empty_before_its_message_went_out_sends_none(
    world: World,
) -> None:
    world.watch(7, "harbour")
    await world.publish("Outlet 0", TEXTS[0], title="Report 0")
    await world.publish("Outlet 1", TEXTS[1], title="Report 1")
    (a, _), (_, second) = world.store.call(placed)
    move(world, a, second)
    assert await world.deliver_all() == ["ok"]
    assert len(world.messenger.shown[7]) == 1


async def test_a_page_that_fails_once_more_edits_nothing(world: World) -> None:
    world.watch(7, "Monday")
    down = Failure(FailureKind.SERVER, "503 Service Unavailable")
    await world.publish("Outlet 0", "On Monday little moved in the valley.", page=down)
    await world.deliver_all()
    world.pass_time(minutes=6)
    assert await world.ingest_all() == ["again"]
    assert await world.deliver_all() == []


async def test_what_a_person_put_apart_stays_apart_when_the_text_is_read_again(
    world: World,
) -> None:
    world.watch(7, "heron")
    await world.publish("Outlet 0", TEXTS[0], title="Report 0")
    await world.publish("Outlet 1", TEXTS[0], title="Report 1")
    (_, first), (b, again) = world.store.call(placed)
    assert first == again
    world.store.call(
        stories.move_article, b, None, copy_of=None, evidence={"rule": "verdict"}, now=world.now
    )
    apart = world.store.call(placed)
    assert apart[1][1] != first
    world.retitle("Outlet 1", "Report 1, corrected")
    await world.poll_all()
    assert await world.ingest_all() == ["again"]
    assert world.store.call(placed) == apart


async def test_a_group_that_subscribed_anew_takes_over_the_watches_of_the_old_one(
    world: World,
) -> None:
    world.watch(-7, "harbour")
    await world.publish("Outlet 0", TEXTS[0])  # waits for the old group
    world.watch(-1007, "granary")
    world.store.call(subscribers.move_chat, -7, -1007, world.now)

    old, new = (world.store.call(subscribers.find, c) for c in (-7, -1007))
    assert old is not None
    assert new is not None
    assert old.state is SubscriberState.GONE
    assert new.kind in (ChatKind.PRIVATE, ChatKind.SUPERGROUP)
    assert world.store.call(watches.count, new.id) == 2
    assert await world.deliver_all() == ["ok"]
    assert len(world.messenger.shown[-1007]) == 1
    await world.publish("Outlet 1", TEXTS[1])
    assert await world.deliver_all() == ["ok"]
    assert world.store.call(alerts.behind) == 0


async def test_messages_of_a_group_that_moved_are_never_edited_from_the_new_one(
    world: World,
) -> None:
    world.watch(-7, "harbour")
    await world.publish("Outlet 0", TEXTS[0])
    await world.deliver_all()
    world.store.call(subscribers.move_chat, -7, -1007, world.now)
    await world.publish("Outlet 1", TEXTS[0])
    assert await world.deliver_all() == []


def test_half_a_surrogate_pair_or_a_nul_never_reaches_the_database(world: World) -> None:
    kept = tidy(Entry(url="https://a.example/1", title="Half \ud83d of it\0", body="\udc80"))
    assert kept.title == "Half ? of it"
    assert kept.body == "?"
