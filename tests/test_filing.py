"""Articles that several processes file at once on PostgreSQL: no story twice, and nobody waits in vain."""

import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import chain

import pytest
import sqlalchemy as sa

from bot.domain.model import SubscriberState
from bot.pipeline import Look, Pipeline
from bot.store import locks, schema, subscribers
from bot.store.engine import Tx
from tests.test_pipeline import FOOTBALL
from tests.world import World

pytestmark = pytest.mark.postgres

OPENING = (
    "Dockers in the harbour of Poti walked out on Monday after talks on night shifts failed. "
    "The union says four hundred of its members will stay away until the port authority answers. "
    "Two grain ships wait in the roads, and a third has turned towards Batumi. "
)
REST = (
    "Traders in Tbilisi expect delays of several days for wheat and for containers from Odesa. "
    "A mediator named by the ministry of economy is due to meet both sides on Wednesday morning. "
    "Farmers of the plain have begun to store their maize in tents beside the railway line. "
)


@pytest.fixture
def world(postgres_url: str) -> Iterator[World]:
    world = World(postgres_url)
    yield world
    world.store.close()


@pytest.fixture
def beside() -> Iterator[ThreadPoolExecutor]:
    """Return threads for other processes' transactions."""
    with ThreadPoolExecutor(4) as threads:
        yield threads


async def looks(world: World, *texts: str) -> list[Look]:
    """Let outlets publish these texts, ten minutes apart; return the articles as a process has read them."""
    urls = [await world.open_outlet(f"Outlet {n}") for n in range(len(texts))]
    for n, (url, text) in enumerate(zip(urls, texts, strict=True)):
        title = " ".join(text.split()[:5])
        world.list_entry(url, f"https://outlet-{n}.example/{n}", body=text, title=title)
        world.pass_time(minutes=10)
    await world.poll_all()
    claimed = await world.pipeline.claim_articles(1000, per_outlet=10, busy=())
    assert len(claimed) == len(texts)
    return [world.pipeline._look(article, None, world.now) for article in claimed]


def waiting(world: World) -> int:
    """Return how many transactions wait for another's lock."""
    asked = sa.text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    return world.store.call(lambda tx: tx.execute(asked).scalar_one())


def has_to_wait(world: World, other: Future[object]) -> None:
    """See that the other transaction waits for a lock. Nothing but the server knows, so it is asked."""
    until = time.monotonic() + 60
    while not waiting(world):
        assert not other.done(), "it did not wait"
        assert time.monotonic() < until
        time.sleep(0.01)


async def test_articles_that_may_not_be_copies_are_filed_beside_each_other(world, beside) -> None:
    strike, football = await looks(world, OPENING + REST, FOOTBALL)
    with world.store.engine.begin() as tx:
        assert world.pipeline._file(tx, strike) == "new_story"
        other = beside.submit(world.store.call, world.pipeline._file, football)
        assert other.result(timeout=60) == "new_story"  # while the first is not committed


async def test_of_two_copies_at_once_the_second_waits_and_joins_the_first(world, beside) -> None:
    world.watch(7, "harbour")
    first, second = await looks(world, OPENING + REST, OPENING + REST + "Reporting by Outlet 0.")
    with world.store.engine.begin() as tx:
        assert world.pipeline._file(tx, first) == "new_story"
        other = beside.submit(world.store.call, world.pipeline._file, second)
        has_to_wait(world, other)
    assert other.result(timeout=60) == "copy"
    assert await world.deliver_all() == ["ok"]
    [message] = world.messenger.shown[7].values()
    assert "Outlet 0" in message
    assert "Outlet 1" in message


async def test_two_extracts_of_a_story_that_share_nothing_join_it_one_after_another(
    world, beside
) -> None:
    opening, whole, rest = await looks(world, OPENING, OPENING + REST, REST)
    assert not set(opening.prints.made.keys) & set(rest.prints.made.keys)
    assert world.store.call(world.pipeline._file, whole) == "new_story"
    with world.store.engine.begin() as tx:
        assert world.pipeline._file(tx, opening) == "copy"
        other = beside.submit(world.store.call, world.pipeline._file, rest)
        has_to_wait(world, other)
    assert other.result(timeout=60) == "copy"
    story = world.store.call(lambda tx: tx.execute(sa.select(schema.stories)).one())
    assert story.origin_id == opening.article.id  # the second knew of the first


@pytest.mark.parametrize("person_first", [True, False])
async def test_whoever_mends_a_story_and_whoever_files_wait_for_each_other(
    world, beside, person_first: bool
) -> None:
    [strike] = await looks(world, OPENING + REST)

    def file(tx: Tx) -> object:
        return world.pipeline._file(tx, strike)

    both: list[Callable[[Tx], object]] = [locks.lock_stories, file]
    before, after = both if person_first else reversed(both)
    with world.store.engine.begin() as tx:
        before(tx)
        other = beside.submit(world.store.call, after)
        has_to_wait(world, other)
    other.result(timeout=60)


async def test_an_article_that_two_processes_read_differently_is_filed_once(world, beside) -> None:
    """Its lease ran out, and its page said something else to the second."""
    mine, other_text = await looks(world, OPENING, FOOTBALL)
    theirs = replace(mine, prints=other_text.prints)
    assert not set(mine.prints.made.keys) & set(theirs.prints.made.keys)
    with world.store.engine.begin() as tx:
        assert world.pipeline._file(tx, theirs) == "new_story"
        other = beside.submit(world.store.call, world.pipeline._file, mine)
        has_to_wait(world, other)
    assert other.result(timeout=60) == "known"


async def test_an_article_that_is_read_again_waits_for_what_is_being_filed(world, beside) -> None:
    await world.publish("Daily Echo", FOOTBALL, title="Match moved")
    feed = await world.open_outlet("Coast Mail")
    world.retitle("Daily Echo", "Match moved to the small stadium")
    world.list_entry(feed, "https://coast-mail.example/1", body=OPENING, title="Dockers walk out")
    await world.poll_all()
    claimed = await world.pipeline.claim_articles(10, per_outlet=1, busy=())
    again, strike = (world.pipeline._look(article, None, world.now) for article in claimed)
    assert (again.before.story_id, strike.before.story_id) == (1, None)
    with world.store.engine.begin() as tx:
        assert world.pipeline._file(tx, strike) == "new_story"
        other = beside.submit(world.store.call, world.pipeline._file, again)
        has_to_wait(world, other)
    assert other.result(timeout=60) == "again"


async def test_an_alert_raised_while_its_chat_comes_back_is_not_held_for_good(
    world, beside
) -> None:
    chat = world.subscribe(7)
    world.watch(7, "harbour")
    world.store.call(subscribers.set_state, chat.id, SubscriberState.PAUSED, now=world.now)
    [strike] = await looks(world, OPENING)
    with world.store.engine.begin() as tx:
        world.pipeline._file(tx, strike)  # it saw the pause
        back = (subscribers.set_state, chat.id, SubscriberState.ACTIVE)
        beside.submit(world.store.call, *back, now=world.now).result(timeout=60)
    assert await world.deliver_all() == []
    world.store.call(subscribers.resume_due, world.now, since=world.now)
    assert await world.deliver_all() == []  # it is older than that
    world.store.call(subscribers.resume_due, world.now, since=None)
    assert await world.deliver_all() == ["ok"]


def invented(n: int) -> str:
    """Return a text of its own: no two share a run of words."""
    chance = random.Random(n)
    words = ["".join(chance.choices("abcdefghiklmnoprstu", k=7)) for _ in range(120)]
    return "Harbour " + ". ".join(" ".join(words[i : i + 12]) for i in range(0, 120, 12)) + "."


async def test_however_processes_interleave_each_story_is_told_once_with_all_its_copies(
    world, beside
) -> None:
    world.watch(7, "harbour")
    texts = [invented(n) for n in range(12) for _ in range(8)]
    random.Random(7).shuffle(texts)
    read = await looks(world, *texts)
    processes = [world.new_process() for _ in range(4)]
    for process in processes:
        await process.lookout.make_ready(world.store)

    def work(process: Pipeline, mine: Sequence[Look]) -> list[str]:
        return [world.store.call(process._file, look) for look in mine]

    # Neighbours are of one text, so that copies meet: each process takes every fourth.
    read.sort(key=lambda look: look.article.body)
    shares = [beside.submit(work, process, read[k::4]) for k, process in enumerate(processes)]
    done = [share.result(timeout=300) for share in shares]
    assert Counter(chain.from_iterable(done)) == {"new_story": 12, "copy": 84}
    while await world.deliver_all():
        pass
    shown = world.messenger.shown[7].values()
    assert len(shown) == 12
    named = [set(re.findall(r"Outlet \d+", message)) for message in shown]
    assert [len(outlets) for outlets in named] == [8] * 12
    assert len(set.union(*named)) == len(texts)
