"""Digests and quiet hours, from what is raised to what the chat shows, on both databases."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from bot.domain.hours import Mode, Quiet
from bot.domain.model import ChatKind, Outcome, Sent, SubscriberState
from bot.store import alerts as outbox
from bot.store import digests, ledger, subscribers, watches
from bot.store.schema import alerts, decisions, deliveries
from bot.store.schema import digests as digest_rows
from tests.world import World

ANI = 7
NEWS = (
    "Dockers at the harbour of Batum walked out on Monday over shifts of fourteen hours.",
    "Hail fell on the vineyards above the harbour, and growers lost a third of the grapes.",
    "The harbour museum shows the cranes that lifted tea and manganese for a century.",
    "A ferry turned back to the harbour with smoke in its engine room, and nobody was hurt.",
)


@pytest.fixture
def world(database_url):
    world = World(database_url)
    yield world
    world.store.close()


def wish(world, chat_id=ANI, *, kind=ChatKind.PRIVATE, mode=None, quiet=None):
    chat = world.subscribe(chat_id, kind)
    if mode:
        world.store.call(subscribers.set_mode, chat.id, Mode.parse(mode), world.now)
    if quiet:
        world.store.call(subscribers.set_quiet, chat.id, Quiet.parse(quiet), world.now)
    return chat


async def publish(world, n=0):
    """Publish a story of its own, of which the harbour is one word; return its headline."""
    text = f"{NEWS[n % len(NEWS)]} " + " ".join(f"w{n}x{k}" for k in range(60))
    await world.publish("Daily Echo", text, title=f"Report {n}", author="")
    return f"Report {n}"


async def a_minute(world):
    """Let a minute pass, and deliver what a sender would take then."""
    world.pass_time(minutes=1)
    for view in await world.pipeline.claim_alerts(9):
        await world.pipeline.deliver(view)


def shown(world, chat_id=ANI):
    return list(world.messenger.shown[chat_id].values())


def rows(world, table, *columns):
    return world.store.call(
        lambda tx: tx.execute(sa.select(*columns or [table]).order_by(table.c.id)).all()
    )


async def test_an_hourly_digest_tells_of_all_in_one_message_when_the_hour_is_full(world):
    world.watch(ANI, "harbour")
    wish(world, mode="hourly")
    world.now = datetime(2026, 3, 2, 9, 1, tzinfo=UTC)
    titles = [await publish(world, n) for n in range(3)]
    held = rows(world, alerts)
    assert {(a.state, a.state_reason) for a in held} == {("held", "hourly")}
    assert all(a.due_at.minute == 0 for a in held)
    said = rows(world, decisions)
    assert {d.outcome for d in said} == {"held"}
    assert all(d.reason["held"] == "hourly" for d in said)
    assert [d.reason["until"] for d in said] == [a.due_at.isoformat() for a in held]
    world.now = max(a.due_at for a in held)
    await world.deliver_all()
    [message] = shown(world)
    assert all(title in message for title in titles)
    assert {a.message_id for a in rows(world, alerts)} == set(world.messenger.shown[ANI])
    [log] = rows(world, deliveries)
    assert log.digest_id == rows(world, digest_rows)[0].id
    lines = world.store.call(ledger.of_articles, [d.article_id for d in said])
    assert [(x.state, x.digest_id) for x in lines] == [("told", log.digest_id)] * 3


async def test_nothing_comes_before_its_time_and_a_process_that_slept_over_it_sends_it(world):
    world.watch(ANI, "harbour")
    wish(world, mode="daily 8:30")
    titles = [await publish(world, n) for n in range(2)]
    assert await world.deliver_all() == []
    world.pass_time(days=3)
    world.pipeline = world.new_process()
    assert await world.deliver_all() == ["ok"]
    [message] = shown(world)
    assert all(title in message for title in titles)
    assert await world.deliver_all() == []


async def test_what_is_one_alone_comes_as_an_alert_of_its_own(world):
    world.watch(ANI, "harbour")
    wish(world, mode="hourly")
    await publish(world)
    world.pass_time(hours=2)
    assert await world.deliver_all() == ["ok"]
    assert rows(world, digest_rows) == []
    assert "🔎" in shown(world)[0]


async def test_a_watch_may_be_more_urgent_than_its_chat(world):
    urgent = world.watch(ANI, "ferry")
    world.watch(ANI, "harbour")
    chat = wish(world, mode="daily 8:30")
    found = world.store.call(watches.mine, chat.id, urgent)
    world.store.call(watches.set_own_mode, found, Mode(), world.now)
    await publish(world, 0)
    await publish(world, 3)
    assert await world.deliver_all() == ["ok"]
    assert ["Report 3" in m for m in shown(world)] == [True]


async def test_a_held_alert_comes_at_once_when_a_copy_fires_a_more_urgent_watch(world):
    world.watch(ANI, "harbour")
    chat = wish(world, mode="daily 8:30")
    text = NEWS[0] + " " + " ".join(f"word{k}" for k in range(60))
    await world.publish("Daily Echo", text)
    assert await world.deliver_all() == []
    urgent = world.watch(ANI, "sirens")
    found = world.store.call(watches.mine, chat.id, urgent)
    world.store.call(watches.set_own_mode, found, Mode(), world.now)
    assert await world.publish("Coast Mail", text + " Sirens were heard.") == "copy"
    assert await world.deliver_all() == ["ok"]


async def test_quiet_hours_hold_alerts_and_end_with_a_digest(world):
    world.watch(ANI, "harbour")
    wish(world, quiet="0:00-23:00")
    titles = [await publish(world, n) for n in range(2)]
    assert {a.state_reason for a in rows(world, alerts)} == {"quiet"}
    assert await world.deliver_all() == []
    world.now = world.now.replace(hour=23, minute=0)
    assert await world.deliver_all() == ["ok"]
    assert "quiet hours" in shown(world)[0]
    assert all(title in shown(world)[0] for title in titles)


async def test_silent_quiet_hours_send_without_a_sound(world):
    world.watch(ANI, "harbour")
    wish(world, quiet="0:00-23:00 silent")
    await publish(world)
    assert await world.deliver_all() == ["ok"]
    assert [m.silent for m in world.messenger.messages] == [True]


async def test_a_copy_of_a_story_that_a_digest_told_edits_the_digest(world):
    world.watch(ANI, "harbour")
    wish(world, mode="hourly")
    text = NEWS[0] + " " + " ".join(f"word{k}" for k in range(60))
    await world.publish("Daily Echo", text, title="Walkout")
    await publish(world, 1)
    world.pass_time(hours=2)
    await world.deliver_all()
    assert await world.publish("Coast Mail", text) == "copy"
    assert await world.deliver_all() == ["ok"]
    [message] = shown(world)
    assert "1 repost" in message
    assert world.store.call(outbox.behind) == 0


async def test_a_surplus_folds_into_one_digest_and_the_newest_come_one_by_one(world):
    world.watch(ANI, "harbour")
    for n in range(15):
        await publish(world, n)
    outcomes = await world.deliver_all()
    assert (
        outcomes == ["ok"] * 7
    )  # the digest of 9, then the newest half of the 12 that are let wait
    first, *rest = shown(world)
    assert all(f"Report {n}<" in first for n in range(9))
    assert [[f"Report {n}<" in m for n in range(9, 15)].index(True) for m in rest] == list(range(6))
    assert {a.delivered_revision for a in rows(world, alerts)} == {1}
    told = [a for a in rows(world, alerts) if a.digest_id]
    assert len({a.message_id for a in told}) == 1
    assert len(told) == 9


async def test_what_a_pause_held_comes_as_a_digest_if_it_is_much(world):
    world.watch(ANI, "harbour")
    chat = wish(world)
    world.store.call(subscribers.set_state, chat.id, SubscriberState.PAUSED, now=world.now)
    for n in range(13):
        await publish(world, n)
    assert await world.deliver_all() == []
    world.store.call(subscribers.set_state, chat.id, SubscriberState.ACTIVE, now=world.now)
    assert await world.deliver_all() == ["ok"] * 7
    assert "7 alerts" in shown(world)[0]


async def test_a_pause_keeps_what_was_held_for_a_time_and_its_end_asks_anew(world):
    world.watch(ANI, "harbour")
    chat = wish(world, mode="hourly")
    for n in range(2):
        await publish(world, n)
    world.store.call(subscribers.set_state, chat.id, SubscriberState.PAUSED, now=world.now)
    world.pass_time(days=1)
    assert await world.deliver_all() == []
    world.store.call(subscribers.set_state, chat.id, SubscriberState.ACTIVE, now=world.now)
    assert await world.deliver_all() == ["ok"]
    assert "2 alerts" in shown(world)[0]


async def test_turned_off_a_digest_lets_go_of_what_it_held(world):
    world.watch(ANI, "harbour")
    chat = wish(world, mode="daily 8:30")
    await publish(world)
    world.store.call(subscribers.set_mode, chat.id, Mode(), world.now)
    assert await world.deliver_all() == ["ok"]


async def test_a_digest_whose_answer_was_lost_is_sent_again_whole_with_what_came_meanwhile(world):
    world.watch(ANI, "harbour")
    wish(world, mode="hourly")
    for n in range(2):
        await publish(world, n)
    world.pass_time(hours=2)
    world.messenger.answers = [Outcome(Sent.UNCERTAIN, detail="lost")]
    assert await world.deliver_all() == ["uncertain"]
    await publish(world, 2)
    world.pass_time(hours=2)
    assert await world.deliver_all() == ["ok"]
    assert all(f"Report {n}" in shown(world)[0] for n in range(3))
    assert {a.state for a in rows(world, alerts)} == {"open"}


async def test_a_process_killed_between_claim_and_outcome_gives_the_digest_back(world):
    world.watch(ANI, "harbour")
    wish(world, mode="hourly")
    for n in range(2):
        await publish(world, n)
    world.pass_time(hours=2)
    [lost] = await world.pipeline.claim_alerts(9)
    assert len(lost.covers) == 2
    world.pipeline = world.new_process()
    assert await world.pipeline.claim_alerts(9) == []  # leased
    world.pass_time(minutes=10)
    assert await world.deliver_all() == ["ok"]
    assert await world.deliver_all() == []
    assert len(shown(world)) == 1


async def test_wishes_that_change_while_a_digest_is_on_its_way_neither_lose_nor_double_it(world):
    world.watch(ANI, "harbour")
    chat = wish(world, mode="hourly")
    for n in range(2):
        await publish(world, n)
    world.pass_time(hours=2)
    [view] = await world.pipeline.claim_alerts(9)
    world.store.call(subscribers.set_mode, chat.id, Mode.parse("daily 8:30"), world.now)
    assert await world.pipeline.deliver(view) == "ok"
    world.pass_time(days=2)
    assert await world.deliver_all() == []
    assert {(a.state, a.digest_id is None) for a in rows(world, alerts)} == {("open", False)}


async def test_while_telegram_is_away_one_message_tries_the_way_and_the_rest_keep_their_order(
    world,
):
    world.watch(ANI, "harbour")
    for n in range(4):
        await publish(world, n)
    world.messenger.answers = [Outcome(Sent.LATER, detail="no route")] * 1_000
    for _ in range(360):  # six hours, a minute each
        await a_minute(world)
    assert 100 < world.messenger.sends < 370  # at most one a minute, over all chats
    world.messenger.answers = []
    for _ in range(6):
        await a_minute(world)
    order = [next(n for n in range(4) if f"Report {n}" in m) for m in shown(world)]
    assert order == [0, 1, 2, 3]


async def test_pages_of_a_digest_hold_every_story_once(world):
    world.watch(ANI, "harbour")
    wish(world, mode="daily 8:30")
    for n in range(digests.PAGE + 3):
        await publish(world, n)
    world.pass_time(days=2)
    [view] = await world.pipeline.claim_alerts(9)
    assert (view.n, view.pages, len(view.stories)) == (digests.PAGE + 3, 2, digests.PAGE)
    world.store.call(digests.turn, view.alert.digest_id, 2)
    second = world.store.call(digests.view, view.alert)
    assert (second.first, len(second.stories)) == (digests.PAGE + 1, 3)
    ids = [alert_id for alert_id, _ in (*view.stories, *second.stories)]
    assert sorted(ids) == sorted(view.covers)


async def test_a_channel_gets_each_page_of_a_digest_as_a_message_of_its_own(world):
    world.watch(ANI, "harbour")
    wish(world, kind=ChatKind.CHANNEL, mode="daily 8:30")
    n = 2 * digests.PAGE + 1
    for k in range(n):
        await publish(world, k)
    world.pass_time(days=2)
    assert await world.deliver_all() == ["ok"] * 3
    first, second, alone = shown(world)
    assert [f"Report {k}<" in first for k in range(n)] == [k < digests.PAGE for k in range(n)]
    assert all(f"Report {k}<" in second for k in range(digests.PAGE, n - 1))
    assert f"Report {n - 1}<" in alone
    assert not any(m.buttons for m in world.messenger.messages)
    assert "Tap a number" not in first


async def test_a_channels_surplus_fills_the_page_that_waits_before_it_takes_another(world):
    world.watch(ANI, "harbour")
    world.subscribe(ANI, ChatKind.CHANNEL)
    for k in range(20):
        await publish(world, k)
    world.messenger.answers = [Outcome(Sent.LATER, detail="no route")]
    await a_minute(world)
    for k in range(20, 33):
        await publish(world, k)
    for _ in range(9):
        await a_minute(world)
    told = [[k for k in range(33) if f"Report {k}<" in m] for m in shown(world)]
    assert told == [[*range(15)], [*range(15, 27)], *([k] for k in range(27, 33))]


async def test_a_digest_that_telegram_refuses_comes_as_single_alerts_of_which_one_fails(world):
    world.watch(ANI, "harbour")
    wish(world, mode="daily 8:30")
    for n in range(14):  # more than are let wait
        await publish(world, n)
    world.pass_time(days=2)
    refused = Outcome(Sent.REFUSED, detail="Bad Request: MESSAGE_MALFORMED")
    world.messenger.answers = [refused]
    assert await world.deliver_all() == ["refused"]
    assert "failed" not in {d.outcome for d in rows(world, decisions)}
    world.messenger.answers = [refused]
    assert await world.deliver_all() == ["refused"] + ["ok"] * 13
    assert [[f"Report {n}<" in m for n in range(1, 14)].index(True) for m in shown(world)] == (
        list(range(13))
    )
    states = [(a.state, a.digest_id) for a in rows(world, alerts)]
    assert states == [("failed", digests.ALONE)] + [("open", None)] * 13
    assert [d.outcome for d in rows(world, decisions)].count("failed") == 1
    assert await world.deliver_all() == []
