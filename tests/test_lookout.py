"""Watches in memory: read once by their stored keys, then followed change by change, on both databases."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from bot.config import shipped
from bot.domain.model import Document
from bot.domain.names import Names, load_names
from bot.domain.packing import Packed, packed
from bot.lookout import Lookout
from bot.store import subscribers, watches
from bot.store.engine import Store
from bot.store.schema import articles as article_rows
from bot.store.schema import matches as match_rows
from bot.store.schema import watches as table
from tests.world import World

TABLE = (shipped("config") / "names.toml").read_text("utf-8")
NAMES = load_names(TABLE)
ROAD = Document("Дорога в Лачин закрыта", language="ru")
MATCH = Document("Harbour shut for football", language="en")


@pytest.fixture
def world(database_url):
    made = World(database_url)
    yield made
    made.store.close()


def fired(world, lookout, document):
    return [m.watch_id for m in world.store.call(lookout.match, document).matched]


def keys(world):
    return {w.id: w.packed for w in world.store.call(lambda tx: list(watches.every_active(tx)))}


async def test_watches_are_ready_before_the_first_article_and_fire_as_ever(world):
    road, harbour = world.watch(7, "Lachin"), world.watch(7, "harbour -football")
    lookout = Lookout(NAMES)
    await lookout.make_ready(world.store)
    assert (len(lookout), lookout.ready) == (2, True)
    assert fired(world, lookout, ROAD) == [road]
    assert fired(world, lookout, MATCH) == []
    assert lookout.glance(MATCH).barred == {harbour: ("football",)}


async def test_keys_are_made_once_and_kept_for_the_next_start(world):
    watch_id = world.watch(7, "Lachin OR (harbour -football)")
    assert keys(world) == {watch_id: None}
    await Lookout(NAMES).make_ready(world.store)
    assert keys(world) == {watch_id: packed("Lachin OR (harbour -football)", NAMES)}


async def test_a_start_believes_stored_keys_and_parses_nothing(world):
    watch_id = world.watch(7, "Lachin")
    other = replace(packed("harbour", NAMES))  # to see which of the two is read
    [saved] = world.store.call(lambda tx: list(watches.every_active(tx)))
    world.store.call(watches.save_packed, [(saved, other)])
    lookout = Lookout(NAMES)
    await lookout.make_ready(world.store)
    assert fired(world, lookout, Document("The harbour", language="en")) == [watch_id]
    assert fired(world, lookout, ROAD) == []


async def test_another_table_of_names_makes_the_keys_anew(world):
    watch_id = world.watch(7, "Lachin")
    await Lookout(Names.empty()).make_ready(world.store)
    stale = keys(world)[watch_id]
    lookout = Lookout(NAMES)
    assert stale.stamp != lookout.stamp
    await lookout.make_ready(world.store)
    assert keys(world)[watch_id].stamp == lookout.stamp
    assert fired(world, lookout, ROAD) == [watch_id]


def test_keys_of_another_version_are_not_believed_while_it_still_runs(world):
    watch_id = world.watch(7, "Lachin")
    [saved] = world.store.call(lambda tx: list(watches.every_active(tx)))
    world.store.call(watches.save_packed, [(saved, Packed("f|harbour|harbour", "0:old"))])
    assert fired(world, Lookout(NAMES), ROAD) == [watch_id]


async def test_a_watch_that_cannot_be_read_any_more_stops_nobody_else(world, caplog):
    bad, good = world.watch(7, "harbour"), world.watch(7, "Lachin")
    world.store.call(
        lambda tx: tx.execute(table.update().where(table.c.id == bad).values(query="(("))
    )
    lookout = Lookout(NAMES)
    await lookout.make_ready(world.store)
    assert f"watch={bad} cannot be read any more" in caplog.text
    assert fired(world, lookout, ROAD) == [good]


async def test_a_chat_that_stops_leaves_the_other_watches_as_they_are_in_every_process(world):
    world.watch(7, "Lachin")
    kept = world.watch(8, "Лачин")
    lookout = Lookout(NAMES)
    await lookout.make_ready(world.store)
    world.store.call(subscribers.forget, world.subscribe(7).id)
    world.store.look(lookout.follow)
    assert len(lookout) == 1
    assert fired(world, lookout, ROAD) == [kept]


async def test_a_number_that_is_given_out_again_is_the_new_watch(world):
    world.watch(7, "harbour")
    lookout = Lookout(NAMES)
    await lookout.make_ready(world.store)
    world.store.call(subscribers.forget, world.subscribe(7).id)
    again = world.watch(8, "Lachin")
    assert fired(world, lookout, ROAD) == [again]
    assert fired(world, lookout, MATCH) == []


async def test_a_watch_that_says_not_no_more_excludes_nothing(world):
    watch_id = world.watch(7, "harbour -football")
    lookout = Lookout(NAMES)
    await lookout.make_ready(world.store)
    watch = world.store.call(watches.mine, world.subscribe(7).id, watch_id)
    world.store.call(watches.change, replace(watch, query="harbour tariff"))
    assert fired(world, lookout, MATCH) == []
    assert lookout.glance(MATCH).barred == {}


async def test_what_one_process_changes_the_next_article_of_another_hears(world, database_url):
    """A process reads the log in the transaction that files the article: there is nothing to wait for."""
    stopped = world.watch(7, "road")
    lookout = Lookout(NAMES)
    await lookout.make_ready(world.store)
    other = Store(database_url)  # as another process has it: connections and a memory of its own
    try:
        chat = world.subscribe(7)
        added = other.call(watches.add, chat.id, "Lachin", world.now)
        assert fired(world, lookout, ROAD) == [added.id]
        other.call(watches.change, replace(added, query="harbour"))
        other.call(watches.stop, chat.id, stopped, world.now)
        assert fired(world, lookout, ROAD) == []
        assert fired(world, lookout, MATCH) == [added.id]
        other.call(watches.change, replace(added, own=("Lachin=дорога",)))
        assert fired(world, lookout, Document("Дорога закрыта", language="ru")) == [added.id]
    finally:
        other.close()


async def test_an_article_records_the_revision_it_was_matched_at(world):
    world.watch(7, "harbour")
    await world.publish(
        "Daily Echo", "The harbour is shut, and no ship has left. " * 9, title="First"
    )
    first = world.store.look(watches.newest_revision)
    late = world.watch(8, "harbour")
    await world.publish(
        "Daily Echo", "Trucks wait at the harbour for a ferry to come. " * 9, title="Second"
    )
    rows = world.store.look(
        lambda tx: tx.execute(
            sa.select(article_rows.c.title, article_rows.c.watch_revision).order_by("id")
        ).all()
    )
    revisions = {title: revision for title, revision in rows if title in ("First", "Second")}
    assert revisions == {"First": first, "Second": world.store.look(watches.newest_revision)}
    assert revisions["First"] < revisions["Second"]
    fires = world.store.look(
        lambda tx: tx.execute(
            sa.select(article_rows.c.title).join(match_rows).where(match_rows.c.watch_id == late)
        ).all()
    )
    assert fires == [("Second",)]  # once, and of nothing that was matched before it was there


async def test_what_a_not_shut_out_is_told_with_the_aliases_of_the_watch(world):
    watch_id = world.watch(7, "harbour -football")
    lookout = Lookout(NAMES)
    await lookout.make_ready(world.store)
    watch = world.store.call(watches.mine, world.subscribe(7).id, watch_id)
    world.store.call(watches.change, replace(watch, own=("harbour=quay", "football=soccer")))
    document = Document("The quay is shut for soccer", language="en")
    assert fired(world, lookout, document) == []
    assert lookout.glance(document).barred == {watch_id: ("football",)}
