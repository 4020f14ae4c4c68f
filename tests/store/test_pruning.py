"""What has had its days is let go, in small batches, and what is still needed stays whatever its age."""

import random
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot import attic
from bot.config import Keep
from bot.domain.hours import Mode
from bot.domain.model import Outcome, Sent, SubscriberState, VerdictKind
from bot.domain.needles import Starts
from bot.store import archive as archive_store
from bot.store import pruning, subscribers, verdicts
from bot.store.schema import alerts, archive, articles, decisions, deliveries, digests, matches
from tests.world import ADMIN, World

WORDS = (
    "quay",
    "lamp",
    "rope",
    "tide",
    "gull",
    "mast",
    "crane",
    "crew",
    "salt",
    "pier",
    "dawn",
    "fog",
)


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    world = World(database_url)
    yield world
    world.store.close()


def text(n: int) -> str:
    """Return a text of its own, which the watch for "harbour" finds."""
    chance = random.Random(n)
    return "The harbour. " + " ".join(
        chance.choice(WORDS) + str(chance.randrange(90)) for _ in range(90)
    )


def count(world: World, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    counted = sa.select(sa.func.count()).select_from(table).where(*where)
    return world.store.call(lambda tx: tx.execute(counted).scalar_one())


async def clear(world: World, *, days: int, **keep: int) -> None:
    """Let so many days pass, and clear out."""
    world.pass_time(days=days)
    await attic.clear_out(world.store, Keep(**keep), window_h=72, now=world.now)


async def told(world: World, n: int) -> None:
    for k in range(n):
        await world.publish("Daily Echo", text(k), title=f"Report {k}")
        await world.deliver_all()


async def test_what_has_had_its_days_goes_and_its_address_stays(world: World, monkeypatch) -> None:
    monkeypatch.setattr(attic, "BATCH", 2)
    world.watch(7, "harbour")
    await told(world, 5)
    assert (count(world, deliveries), count(world, archive), count(world, alerts)) == (5, 5, 5)
    await clear(world, days=100)
    assert (count(world, deliveries), count(world, archive), count(world, alerts)) == (0, 5, 5)
    await clear(world, days=100)
    assert count(world, archive) == 0
    gone = (articles.c.body == "", articles.c.sketch.is_(None), articles.c.title != "")
    assert count(world, articles, *gone) == 5
    assert (count(world, decisions), count(world, matches), count(world, alerts)) == (5, 5, 5)
    await clear(world, days=600)
    assert (count(world, decisions), count(world, matches), count(world, alerts)) == (0, 0, 0)
    assert count(world, articles) == 5  # what is known is not news again


async def test_a_digest_stays_while_an_alert_is_told_in_it(world: World) -> None:
    world.watch(7, "harbour")
    chat = world.subscribe(7)
    world.store.call(subscribers.set_mode, chat.id, Mode.parse("hourly"), world.now)
    for n in range(2):
        await world.publish("Daily Echo", text(n), title=f"Report {n}")
    world.pass_time(hours=2)
    assert await world.deliver_all() == ["ok"]
    world.pass_time(days=20)
    world.store.call(lambda tx: tx.execute(alerts.update().values(created_at=world.now)))
    await clear(world, days=20, ledger_days=31, texts_days=31)
    assert (count(world, alerts), count(world, digests)) == (2, 1)
    await clear(world, days=20, ledger_days=31, texts_days=31)
    assert (count(world, alerts), count(world, digests)) == (0, 0)


async def test_the_young_stay(world: World) -> None:
    world.watch(7, "harbour")
    await told(world, 2)
    await clear(world, days=30, texts_days=31, ledger_days=31, deliveries_days=31)
    assert count(world, articles, articles.c.body != "") == 2
    assert (count(world, deliveries), count(world, decisions), count(world, alerts)) == (2, 2, 2)


async def test_a_search_finds_what_is_left_and_nothing_of_what_went(world: World) -> None:
    world.watch(7, "harbour")
    await told(world, 3)
    world.pass_time(days=100)
    await world.publish("Daily Echo", text(9))
    await clear(world, days=100)
    wanted = Starts(frozenset({"harb"}))
    since = world.now - timedelta(days=1000)
    found = world.store.call(archive_store.find, wanted, since=since, limit=10)
    assert (len(found.ids), found.total) == (1, 1)


async def test_an_alert_that_is_not_out_keeps_its_texts_its_ledger_and_its_attempts(
    world: World,
) -> None:
    world.watch(7, "harbour")
    await world.publish("Daily Echo", text(1))
    world.messenger.answers = [Outcome(Sent.GONE, detail="bot was blocked by the user")]
    await world.deliver_all()
    await clear(world, days=800)
    assert count(world, articles, articles.c.body != "") == 1
    assert (count(world, deliveries), count(world, decisions), count(world, matches)) == (1, 2, 1)
    subscriber = world.subscribe(7)
    world.store.call(subscribers.set_state, subscriber.id, SubscriberState.ACTIVE, now=world.now)
    assert await world.deliver_all() == ["ok"]
    [shown] = world.messenger.shown[7].values()
    assert "harbour" in shown


async def test_an_open_story_keeps_its_first_text_and_its_alerts(world: World) -> None:
    world.watch(7, "harbour")
    await told(world, 1)
    story = world.store.call(lambda tx: tx.execute(sa.select(articles.c.story_id)).scalar_one())
    world.pass_time(days=800)
    await world.publish("Coast Mail", text(5))
    joined = articles.update().values(story_id=story)
    world.store.call(lambda tx: tx.execute(joined.where(articles.c.story_id != story)))
    await clear(world, days=1)
    assert count(world, articles, articles.c.body != "") == 2
    assert count(world, alerts, alerts.c.story_id == story) == 1


async def test_a_verdict_keeps_what_it_speaks_of(world: World) -> None:
    watch_id = world.watch(7, "harbour")
    await told(world, 2)
    subscriber = world.subscribe(7)
    world.store.call(
        verdicts.give,
        VerdictKind.NOT_RELEVANT,
        subscriber_id=subscriber.id,
        user_id=ADMIN,
        article_id=1,
        now=world.now,
    )
    await clear(world, days=800)
    assert count(world, articles, articles.c.body != "") == 1
    kept = (decisions.c.article_id == 1, matches.c.watch_id == watch_id)
    assert (count(world, decisions, kept[0]), count(world, matches, kept[1])) == (1, 1)
    [found] = world.store.call(verdicts.precision)
    assert (found.matched, found.not_relevant) == (1, 1)


async def test_one_process_an_hour_clears_out(world: World) -> None:
    keep = Keep()
    assert await attic.clear_out(world.store, keep, window_h=72, now=world.now) == 5
    assert await attic.clear_out(world.store, keep, window_h=72, now=world.now) == 0
    world.pass_time(hours=1)
    assert await attic.clear_out(world.store, keep, window_h=72, now=world.now) == 5


@pytest.mark.parametrize(
    "clear", ["clear_texts", "clear_deliveries", "clear_decisions", "clear_alerts"]
)
async def test_no_query_of_the_clearing_reads_a_table_whole(tmp_path, clear: str) -> None:
    """On SQLite, whose planner says so without a look at the tables' size."""
    world = World(f"sqlite:///{tmp_path / 'outpost.db'}")
    world.watch(7, "harbour")
    await told(world, 3)
    plans: list[str] = []

    def listen(conn, _cursor, statement, parameters, _context, _many):
        if statement.startswith(("SELECT", "DELETE", "UPDATE")):
            cursor = conn.connection.cursor()
            found = cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row[3] for row in found)

    sa.event.listen(world.store.engine, "before_cursor_execute", listen)
    more = {"open_since": world.now} if clear in ("clear_texts", "clear_alerts") else {}
    world.store.call(
        getattr(pruning, clear), after=0, before=world.now + timedelta(days=1), limit=2, **more
    )
    world.store.close()
    assert plans
    assert not [p for p in plans if p.startswith("SCAN")], plans
