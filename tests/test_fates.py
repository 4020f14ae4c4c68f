"""The ledger says of every article what became of it for whom, and why: kept with the decision itself."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from bot.domain.model import Outcome, Sent, SubscriberState
from bot.domain.outlet import Failure, FailureKind
from bot.store import alerts, ledger, subscribers
from bot.store.filters import Filters
from bot.store.ledger import Line
from bot.store.schema import alerts as alerts_table
from tests.world import World

STRIKE = (
    "Dockers in the harbour of Poti began a strike at dawn on Monday after talks on pay had failed."
    " No ship was unloaded, and a queue of nine vessels waited outside the breakwater by noon."
    " The port authority called the walkout unlawful and promised a statement before the evening."
)


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    made = World(database_url)
    yield made
    made.store.close()


def newest(world: World, **filters: str) -> Line:
    return world.store.look(ledger.read_log, Filters(**filters)).lines[0]


async def test_sent_with_message_time_and_edits(world: World) -> None:
    world.watch(7, "harbour")
    await world.publish("Daily Echo", STRIKE)
    assert newest(world).state == "waiting"
    await world.deliver_all()
    told = newest(world)
    assert (told.state, told.chat, told.message_id, told.told_at) == (
        "told", "chat 7", 1001, world.now,
    )  # fmt: skip
    await world.publish("Coast Mail", STRIKE)
    await world.deliver_all()
    copied = newest(world)
    assert copied.state == "copy"
    assert {"rule", "score", "copy_of", "kind"} <= set(copied.reason)


async def test_excluded_by_which_word(world: World) -> None:
    world.watch(7, "harbour -talks")
    await world.publish("Daily Echo", STRIKE)
    found = newest(world, outcome="excluded")
    assert (found.state, found.reason["not"]) == ("excluded", ["talks"])


async def test_held_because_the_chat_is_paused_and_told_when_it_is_back(world: World) -> None:
    world.watch(7, "harbour")
    chat = world.subscribe(7)
    world.store.call(subscribers.set_state, chat.id, SubscriberState.PAUSED, now=world.now)
    await world.publish("Daily Echo", STRIKE)
    held = newest(world, outcome="held")
    assert (held.state, held.held_by) == ("held", "paused")
    world.store.call(subscribers.set_state, chat.id, SubscriberState.ACTIVE, now=world.now)
    await world.deliver_all()
    assert newest(world, outcome="held").state == "told"


async def test_held_because_the_story_is_muted(world: World) -> None:
    world.watch(7, "harbour")
    await world.publish("Daily Echo", STRIKE)
    await world.deliver_all()
    first = sa.select(alerts_table.c.id)
    world.store.call(lambda tx: alerts.mute(tx, tx.execute(first).scalar_one()))
    await world.publish("Coast Mail", STRIKE)
    held = newest(world)
    assert (held.state, held.held_by, held.outlet) == ("held", "muted", "Coast Mail")


async def test_held_because_the_chat_blocked_the_bot(world: World) -> None:
    world.watch(7, "harbour")
    await world.publish("Daily Echo", STRIKE)
    world.messenger.answers = [Outcome(Sent.GONE, detail="bot was blocked by the user")]
    await world.deliver_all()
    held = newest(world)
    assert (held.state, held.held_by) == ("held", "gone")
    assert "blocked" in held.reason["error"]


async def test_failed_with_the_error_and_the_attempts(world: World) -> None:
    world.watch(7, "harbour")
    await world.publish("Daily Echo", STRIKE)
    world.messenger.answers = [Outcome(Sent.REFUSED, detail="message is too long")]
    await world.deliver_all()
    failed = newest(world, outcome="failed")
    assert failed.state == "failed"
    assert failed.reason == {"error": "message is too long", "attempts": 1}


async def test_not_fetched_and_matched_on_the_summary_only(world: World) -> None:
    world.watch(7, "harbour")
    gone = Failure(FailureKind.NOT_FOUND, "HTTP 404")
    await world.publish("Daily Echo", STRIKE, page=gone)
    assert newest(world).page_failure == "HTTP 404"
