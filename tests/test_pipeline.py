"""The pipeline's promises, on both databases: told once, edited when copies come, nothing lost."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from bot.domain.model import Article, Outcome, Sent, SubscriberState
from bot.domain.outlet import Changed, Failure, FailureKind, Page
from bot.lookout import Lookout
from bot.store import articles, ledger, locks, schema, stories, subscribers, watches
from bot.store.filters import Filters
from tests.world import World

STRIKE = (
    "Dockers in the harbour of Poti walked out on Monday after talks on night shifts failed. "
    "The union says four hundred of its members will stay away until the port authority answers. "
    "Two grain ships wait in the roads, and a third has turned towards Batumi. "
    "The port authority called the walkout premature and asked for another week of talks. "
    "Traders in Tbilisi expect delays of several days for wheat and for containers from Odesa. "
    "A mediator named by the ministry of economy is due to meet both sides on Wednesday morning. "
)
FOOTBALL = (
    "The football federation moved Saturday's match to the smaller stadium because of the pitch. "
    "Tickets stay valid, the federation said, and the kick-off will be an hour later than planned. "
    "The groundsmen blame three weeks of rain and a concert that was held on the grass in May. "
)


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    world = World(database_url)
    yield world
    world.store.close()


def only(world: World, chat_id: int) -> str:
    [message] = world.messenger.shown[chat_id].values()
    return message


async def test_a_copy_edits_the_alert_instead_of_sending_another(world: World) -> None:
    world.watch(7, "harbour")
    world.watch(8, "football")

    assert await world.publish("Daily Echo", STRIKE, title="Dockers walk out") == "new_story"
    assert await world.deliver_all() == ["ok"]
    assert "Coast Mail" not in only(world, 7)

    copied = await world.publish(
        "Coast Mail", STRIKE + "Reporting by Daily Echo.", title="Port idle"
    )
    assert copied == "copy"
    assert await world.deliver_all() == ["ok"]

    assert "Coast Mail" in only(world, 7)
    assert world.messenger.sends == 1
    assert world.messenger.edits == 1
    assert not world.messenger.shown[8]


async def test_an_outlets_update_is_told_as_one_and_not_as_a_copy_of_its_reprinter(
    world: World,
) -> None:
    world.watch(7, "harbour")
    more = "On Tuesday evening the port authority agreed to meet the union without a mediator. "
    await world.publish("Daily Echo", STRIKE, title="Dockers walk out")
    copy = STRIKE + more + "Reporting by Daily Echo."
    await world.publish("Coast Mail", copy, title="Port talks at last")
    await world.publish("Daily Echo", STRIKE + more, title="Port talks at last")

    [line, *_] = world.store.call(ledger.read_log, Filters()).lines
    first, copy_, update = world.store.call(articles.of_story, line.story_id)
    assert (copy_.copy_of, copy_.evidence["kind"]) == (first.id, "copy")
    assert (update.copy_of, update.evidence["kind"]) == (first.id, "revision")
    await world.deliver_all()
    assert "updated by" in only(world, 7)


async def test_the_first_poll_of_a_feed_files_its_entries_and_alerts_nobody(world: World) -> None:
    world.watch(7, "harbour")
    url = "https://daily-echo.example/rss"
    world.list_entry(url, "https://daily-echo.example/old", body=STRIKE)
    await world.open_outlet("Daily Echo")
    assert await world.ingest_all() == ["archived"]
    assert await world.deliver_all() == []

    assert await world.publish("Coast Mail", STRIKE) == "copy"  # of what was filed
    assert await world.deliver_all() == ["ok"]  # nobody had heard of it


async def test_a_match_is_told_with_the_sentence_in_which_it_stands(world: World) -> None:
    world.watch(7, '"grain ships"')
    await world.publish("Daily Echo", STRIKE, title="Dockers walk out")
    await world.deliver_all()
    assert "Two <b>grain ships</b> wait in the roads" in only(world, 7)
    assert "https://daily-echo.example/articles/" in only(world, 7)


async def test_a_page_is_read_where_the_feed_has_only_a_summary(world: World) -> None:
    world.watch(7, "mediator")
    outcome = await world.publish("Daily Echo", STRIKE, page=Page(STRIKE))
    assert outcome == "new_story"
    await world.deliver_all()
    assert "mediator" in only(world, 7)


DOWN = Failure(FailureKind.SERVER, "503 Service Unavailable")


async def test_a_page_that_cannot_be_read_is_tried_again_and_then_the_summary_must_do(
    world: World,
) -> None:
    world.watch(7, "mediator")
    assert await world.publish("Daily Echo", STRIKE, page=DOWN) == "new_story"
    assert await world.ingest_all() == []  # not due yet
    world.pass_time(minutes=6)
    assert await world.ingest_all() == ["again"]
    world.pass_time(minutes=11)
    assert await world.ingest_all() == ["again"]
    world.pass_time(days=1)
    assert await world.ingest_all() == []
    assert await world.deliver_all() == []


async def test_a_page_whose_outlet_is_to_be_left_alone_costs_no_attempt(world: World) -> None:
    world.watch(7, "mediator")
    held = Failure(FailureKind.HELD, "not asked: the domain wants silence", retry_after_s=600)
    assert await world.publish("Daily Echo", STRIKE, page=held) == "new_story"
    for _ in range(5):
        world.pass_time(minutes=11)
        assert await world.ingest_all() == ["again"]
    world.reader.pages = dict.fromkeys(world.reader.pages, Page(STRIKE))
    world.pass_time(minutes=11)
    assert await world.ingest_all() == ["again"]
    assert await world.deliver_all() == ["ok"]


async def test_nobody_waits_for_a_page_whose_summary_matches(world: World) -> None:
    world.watch(7, "Poti")
    assert await world.publish("Daily Echo", STRIKE, page=DOWN) == "new_story"
    assert await world.deliver_all() == ["ok"]


async def test_a_full_text_that_comes_later_still_alerts(world: World) -> None:
    world.watch(7, "mediator")
    await world.publish("Daily Echo", STRIKE, page=DOWN)
    assert await world.deliver_all() == []
    world.reader.pages = dict.fromkeys(world.reader.pages, Page(STRIKE))
    world.pass_time(minutes=6)
    assert await world.ingest_all() == ["again"]
    assert await world.deliver_all() == ["ok"]
    assert "<b>mediator</b>" in only(world, 7)


async def test_a_full_text_that_proves_a_copy_joins_the_stories_and_their_messages(
    world: World,
) -> None:
    world.watch(7, "harbour OR weather")
    await world.publish("Daily Echo", STRIKE, title="Dockers walk out")
    await world.deliver_all()
    hidden = "The weather in the harbour was calm on Monday, and little moved on the quays."
    await world.publish("Coast Mail", hidden, title="Quiet quays", page=DOWN)
    await world.deliver_all()
    assert len(world.messenger.shown[7]) == 2

    world.reader.pages = dict.fromkeys(world.reader.pages, Page(STRIKE))
    world.pass_time(minutes=6)
    assert await world.ingest_all() == ["again"]
    await world.deliver_all()
    first, second = world.messenger.shown[7].values()
    assert "Coast Mail" in first
    assert "Daily Echo" in second  # it shows what it turned out to be


async def test_a_full_text_that_proves_another_report_splits_the_story_and_is_told(
    world: World,
) -> None:
    world.watch(7, "Poti")
    teaser = STRIKE[:230]
    await world.publish("Daily Echo", teaser + " " * 160, title="Dockers walk out")
    assert await world.publish("Coast Mail", STRIKE, title="Dockers walk out", page=DOWN) == "copy"
    await world.deliver_all()
    assert len(world.messenger.shown[7]) == 1

    other = FOOTBALL + " The stadium is in Poti. " + FOOTBALL[::-1]
    world.reader.pages = dict.fromkeys(world.reader.pages, Page(other))
    world.pass_time(minutes=6)
    assert await world.ingest_all() == ["again"]
    await world.deliver_all()
    first, second = world.messenger.shown[7].values()
    assert "Coast Mail" not in first
    assert "Coast Mail" in second


async def test_a_headline_that_the_outlet_changes_is_changed_in_the_message(world: World) -> None:
    world.watch(7, "harbour")
    await world.publish("Daily Echo", STRIKE, title="Dockers walk out")
    await world.deliver_all()
    world.retitle("Daily Echo", "Dockers return to work")
    await world.poll_all()
    assert await world.ingest_all() == ["again"]
    await world.deliver_all()
    assert "Dockers return to work" in only(world, 7)
    assert world.messenger.sends == 1


async def test_a_lost_answer_is_sent_again(world: World) -> None:
    world.watch(7, "harbour")
    await world.publish("Daily Echo", STRIKE)
    world.messenger.answers = [Outcome(Sent.UNCERTAIN, detail="ReadTimeout")]
    assert await world.deliver_all() == ["uncertain"]
    assert await world.deliver_all() == ["ok"]
    assert len(world.messenger.shown[7]) == 1


@pytest.mark.parametrize("edit", [True, False], ids=["edit", "message"])
async def test_an_edit_whose_answers_are_lost_is_made_again_sooner_than_a_message(
    world: World, edit: bool
) -> None:
    """An edit made twice harms nobody, a message sent twice does."""
    world.watch(7, "harbour")
    await world.publish("Daily Echo", STRIKE)
    if edit:
        await world.deliver_all()
        await world.publish("Coast Mail", STRIKE)
    for _ in range(9):
        world.messenger.answers = [Outcome(Sent.UNCERTAIN, detail="ReadTimeout")]
        world.pass_time(hours=1)
        assert await world.deliver_all() == ["uncertain"]
    world.pass_time(minutes=1)
    assert await world.deliver_all() == (["ok"] if edit else [])
    world.pass_time(minutes=20)
    assert await world.deliver_all() == ([] if edit else ["ok"])


async def test_a_flood_limit_holds_an_alert_back_as_long_as_telegram_says(world: World) -> None:
    world.watch(7, "harbour")
    await world.publish("Daily Echo", STRIKE)
    world.messenger.answers = [Outcome(Sent.LATER, retry_after_s=600)]
    assert await world.deliver_all() == ["later"]
    assert await world.deliver_all() == []
    world.pass_time(minutes=10)
    assert await world.deliver_all() == ["ok"]


async def test_a_chat_that_blocks_the_bot_keeps_its_watches_and_gets_its_alerts_when_it_is_back(
    world: World,
) -> None:
    world.watch(7, "harbour")
    await world.publish("Daily Echo", STRIKE)
    world.messenger.answers = [Outcome(Sent.GONE, detail="bot was blocked by the user")]
    assert await world.deliver_all() == ["gone"]
    found = world.store.call(subscribers.find, 7)
    assert found is not None
    assert found.state is SubscriberState.GONE
    world.pass_time(days=1)
    assert await world.deliver_all() == []

    world.subscribe(7)
    assert await world.deliver_all() == ["ok"]
    assert "harbour" in only(world, 7)


async def test_a_group_that_became_a_supergroup_is_followed(world: World) -> None:
    world.watch(-7, "harbour")
    await world.publish("Daily Echo", STRIKE)
    world.messenger.answers = [Outcome(Sent.MOVED, new_chat_id=-1007)]
    assert await world.deliver_all() == ["moved"]
    assert await world.deliver_all() == ["ok"]
    assert not world.messenger.shown[-7]
    assert "harbour" in only(world, -1007)


async def test_a_crash_while_sending_sends_again_after_the_lease(world: World) -> None:
    world.watch(7, "harbour")
    await world.publish("Daily Echo", STRIKE)
    [lost] = await world.pipeline.claim_alerts(10)  # and the process dies
    restarted = world.new_process()
    assert await restarted.claim_alerts(10) == []
    world.pass_time(minutes=3)
    [found] = await restarted.claim_alerts(10)
    assert found.alert.id == lost.alert.id
    assert await restarted.deliver(found) == "ok"


async def test_a_copy_that_comes_while_the_first_message_is_being_sent_sends_no_second(
    world: World,
) -> None:
    world.watch(7, "harbour")
    await world.publish("Daily Echo", STRIKE)
    [in_hand] = await world.pipeline.claim_alerts(10)
    await world.publish("Coast Mail", STRIKE)
    # publishing moved the clock past the lease; what counts is that one revision is shown after all
    assert await world.pipeline.deliver(in_hand) == "ok"
    assert await world.deliver_all() == ["ok"]
    assert "Coast Mail" in only(world, 7)
    assert await world.deliver_all() == []


async def test_ten_copies_in_a_minute_cost_one_edit(world: World) -> None:
    world.watch(7, "harbour")
    await world.publish("Daily Echo", STRIKE)
    await world.deliver_all()
    for n in range(10):
        await world.publish(f"Mirror {n}", STRIKE)
    assert await world.deliver_all() == ["ok"]
    assert world.messenger.edits == 1


async def test_a_paused_chat_gets_what_it_missed_when_it_resumes(world: World) -> None:
    world.watch(7, "harbour")
    subscriber = world.subscribe(7)
    paused = SubscriberState.PAUSED
    world.store.call(subscribers.set_state, subscriber.id, paused, now=world.now)
    await world.publish("Daily Echo", STRIKE)
    assert await world.deliver_all() == []
    active = SubscriberState.ACTIVE
    world.store.call(subscribers.set_state, subscriber.id, active, now=world.now)
    assert await world.deliver_all() == ["ok"]


async def test_a_watch_that_was_stopped_fires_no_more_in_any_process(world: World) -> None:
    watch_id = world.watch(7, "harbour")
    await world.publish("Daily Echo", FOOTBALL)  # the pipeline has read the watches
    subscriber = world.subscribe(7)
    world.store.call(watches.stop, subscriber.id, watch_id, world.now)
    await world.publish("Daily Echo", STRIKE)
    assert await world.deliver_all() == []


async def test_a_chat_that_stopped_is_forgotten(world: World) -> None:
    world.watch(7, "harbour")
    await world.publish("Daily Echo", STRIKE)
    subscriber = world.subscribe(7)
    world.store.call(subscribers.forget, subscriber.id)
    assert world.store.call(subscribers.find, 7) is None
    await world.publish("Coast Mail", STRIKE + " More on the harbour.")
    assert await world.deliver_all() == []
    assert world.store.call(ledger.read_log, Filters()).lines == []


async def test_the_log_says_what_was_sent_and_what_was_held_back_and_why(world: World) -> None:
    world.watch(7, "harbour")
    await world.publish("Daily Echo", STRIKE)
    await world.publish("Coast Mail", STRIKE)
    copied, told = world.store.call(ledger.read_log, Filters()).lines
    assert (told.outcome, told.outlet) == ("told", "Daily Echo")
    assert (copied.outcome, copied.outlet) == ("copy", "Coast Mail")
    assert copied.reason["kind"] == "copy"


async def test_a_slow_outlet_does_not_hold_up_the_others(world: World) -> None:
    slow, quick = [await world.open_outlet(name) for name in ("Slow", "Quick")]
    for n in range(5):
        world.list_entry(slow, f"https://slow.example/{n}")
    world.list_entry(quick, "https://quick.example/0")
    await world.poll_all()

    claimed = await world.pipeline.claim_articles(3, per_outlet=2, busy=())
    assert sorted(a.outlet for a in claimed) == ["Quick", "Slow", "Slow"]
    busy = {a.outlet_id for a in claimed}
    assert await world.pipeline.claim_articles(3, per_outlet=2, busy=busy) == []


async def test_two_processes_never_take_the_same_work(world: World) -> None:
    url = await world.open_outlet("Daily Echo")
    for n in range(6):
        world.list_entry(url, f"https://daily-echo.example/{n}")
    await world.poll_all()
    other = world.new_process()
    mine = await world.pipeline.claim_articles(3, per_outlet=10, busy=())
    theirs = await other.claim_articles(10, per_outlet=10, busy=())
    assert len(mine) == len(theirs) == 3
    assert not {a.id for a in mine} & {a.id for a in theirs}


async def test_an_article_of_an_expired_lease_is_filed_once(world: World) -> None:
    world.watch(7, "harbour")
    url = await world.open_outlet("Daily Echo")
    world.list_entry(url, "https://daily-echo.example/1", body=STRIKE)
    await world.poll_all()
    [mine] = await world.pipeline.claim_articles(10, per_outlet=10, busy=())
    world.pass_time(minutes=3)
    other = world.new_process()
    [theirs] = await other.claim_articles(10, per_outlet=10, busy=())
    assert await other.ingest(theirs) == "new_story"
    assert await world.pipeline.ingest(mine) == "known"


async def claimed(world: World, text: str) -> Article:
    """Publish an article and claim it, as a process does that is about to file it."""
    url = await world.open_outlet("Daily Echo")
    world.list_entry(url, "https://daily-echo.example/1", body=text)
    await world.poll_all()
    [article] = await world.pipeline.claim_articles(10, per_outlet=10, busy=())
    return article


async def test_a_watch_that_starts_or_ends_while_an_article_is_read_counts_when_it_is_filed(
    world: World,
) -> None:
    ended = world.watch(7, "harbour")
    article = await claimed(world, STRIKE)
    await world.pipeline.lookout.make_ready(world.store)
    look = world.pipeline._look(article, None, world.now)
    assert [m.watch_id for m in look.sighting.matched] == [ended]
    world.store.call(watches.stop, world.subscribe(7).id, ended, world.now)
    started = world.watch(8, "Poti")
    assert world.store.call(world.pipeline._file, look) == "new_story"
    assert await world.deliver_all() == ["ok"]
    assert list(world.messenger.shown) == [8]
    row = world.store.call(lambda tx: tx.execute(sa.select(schema.articles)).one())
    newest = world.store.call(watches.newest_revision)
    assert row.watch_revision == newest > look.sighting.revision
    fired = world.store.call(
        lambda tx: tx.execute(sa.select(schema.matches.c.watch_id)).scalars().all()
    )
    assert fired == [started]


async def test_an_article_is_matched_once_where_no_watch_has_changed(
    world: World, monkeypatch
) -> None:
    world.watch(7, "harbour")
    article = await claimed(world, STRIKE)
    await world.pipeline.lookout.make_ready(world.store)
    look = world.pipeline._look(article, None, world.now)
    monkeypatch.delattr(Lookout, "glance")  # under the lock nothing is matched again
    assert world.store.call(world.pipeline._file, look) == "new_story"
    assert await world.deliver_all() == ["ok"]


async def test_what_needs_no_lock_is_done_while_another_process_holds_it(world: World) -> None:
    """On PostgreSQL others file meanwhile; SQLite's one writer is not waited for either."""
    world.watch(7, "harbour")
    article = await claimed(world, STRIKE)
    await world.pipeline.lookout.make_ready(world.store)
    with world.store.engine.begin() as other:
        locks.lock_stories(other)
        look = await asyncio.wait_for(
            asyncio.to_thread(world.pipeline._look, article, None, world.now), timeout=60
        )
    assert look.prints.made.keys
    assert look.needles
    assert look.sighting.matched


async def test_a_person_who_moves_an_article_while_its_page_is_read_has_the_last_word(
    world: World,
) -> None:
    down = Failure(FailureKind.SERVER, "503 Service Unavailable")
    await world.publish("Daily Echo", STRIKE, title="Dockers walk out")
    await world.publish("Coast Mail", STRIKE, title="Dockers walk out", page=down)
    world.reader.pages = dict.fromkeys(world.reader.pages, Page(STRIKE))
    world.pass_time(minutes=6)
    [copy] = await world.pipeline.claim_articles(10, per_outlet=10, busy=())
    said = {"rule": "verdict"}
    apart = world.store.call(
        stories.move_article, copy.id, None, copy_of=None, evidence=said, now=world.now
    )
    assert await world.pipeline.ingest(copy) == "again"
    [kept] = world.store.call(articles.by_ids, [copy.id])
    assert (kept.story_id, kept.copy_of, kept.evidence) == (apart, None, said)


@pytest.mark.parametrize("copies", [False, True], ids=["a new story", "a copy"])
async def test_telling_thousands_takes_as_many_statements_as_telling_two(
    world: World, copies: bool
) -> None:
    counts = []
    texts = (
        FOOTBALL,
        STRIKE,
        " ".join(reversed(STRIKE.split())),
    )  # the first one finds nothing alike
    for number, chats in enumerate((range(1, 2), range(2, 4), range(4, 300))):
        for chat in chats:
            world.watch(chat, f"harbour{number}")
        text = f"The harbour{number} news. {texts[number]}"
        if copies:
            await world.publish(f"Outlet {number}", text)
        url = await world.open_outlet(f"Mail {number}")
        world.list_entry(url, f"https://mail.example/{number}", body=text)
        await world.poll_all()
        with statements(world) as asked:
            assert await world.ingest_all() == ["copy" if copies else "new_story"]
        counts.append(len(asked))
    assert counts[1] == counts[2]
    decided = world.store.call(ledger.read_log, Filters(), limit=1000).lines
    assert len({line.chat_id for line in decided}) == 299


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    """Collect the statements that writing transactions execute."""
    asked: list[str] = []

    def note(_connection, _cursor, statement, *_more) -> None:
        asked.append(statement)

    sa.event.listen(world.store.engine, "before_cursor_execute", note)
    yield asked
    sa.event.remove(world.store.engine, "before_cursor_execute", note)


async def test_articles_of_one_poll_are_told_in_the_order_they_were_published(world: World) -> None:
    world.watch(7, "harbour")
    url = await world.open_outlet("Daily Echo")
    for n, text in enumerate(
        (
            STRIKE,
            f"The harbour is closed. {FOOTBALL}",
            " ".join(f"harbour{n} stone{n}" for n in range(20)) + " harbour",
        )
    ):
        world.pass_time(minutes=10)
        world.list_entry(url, f"https://daily-echo.example/{n}", body=text, title=f"Number {n}")
    listed = world.reader.listed[url]
    assert isinstance(listed, Changed)
    newest_first = listed.entries[::-1]
    world.reader.listed[url] = Changed(newest_first, body_hash="newest first")
    await world.poll_all()
    await world.ingest_all()
    await world.deliver_all()
    told = [message.html for message in world.messenger.messages]
    assert [re.findall(r"Number \d", html)[0] for html in told] == [
        "Number 0",
        "Number 1",
        "Number 2",
    ]
