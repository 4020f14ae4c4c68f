"""/digest and /quiet, and the buttons of a digest, over HTTP through the real library."""

import pytest
import sqlalchemy as sa

from bot.adapters.messenger import TelegramMessenger, open_bot
from bot.domain.errors import UserError
from bot.domain.hours import Mode, Quiet
from bot.domain.model import ChatKind
from bot.store import digests, subscribers, watches
from bot.store.schema import alerts
from tests.chat import test_dispatch
from tests.chat.live import OpenDoor, taps
from tests.chat.test_dispatch import ANI, BORIS, says, until
from tests.world import World

api = test_dispatch.api

GROUP, FORUM, CHANNEL = -100500001, -100500002, -100500003


@pytest.fixture
def world(tmp_path):
    world = World(f"sqlite:///{tmp_path / 'outpost.db'}")
    yield world
    world.store.close()


@pytest.fixture
def store(world):
    return world.store


def last(api):
    return api.shown(ANI.id)[-1]


async def tap(api, message, label, *, edits):
    """Tap a button; return the message it edited, or the new one."""
    shown, before = len(api.shown(ANI.id)), message.text
    query = api.tap(ANI.id, message.message_id, label)
    await until(lambda: api.answer_of(query) is not None)
    if not edits:
        await until(lambda: len(api.shown(ANI.id)) > shown)
        return last(api)
    await until(lambda: of(api, message.message_id).text != before)
    return of(api, message.message_id)


def of(api, message_id):
    return next(m for m in api.shown(ANI.id) if m.message_id == message_id)


async def test_a_chat_chooses_when_it_is_told_by_typing_and_by_taps(api, store):
    await says(api, ANI.id, "/start")
    await says(api, ANI.id, "/lang en")
    await says(api, ANI.id, "/watch harbour")
    alone = await says(api, ANI.id, "/digest")
    assert "at once" in alone.text
    assert "UTC" in alone.text
    assert "10:30" not in alone.text
    assert "once an hour" in (await says(api, ANI.id, "/digest hourly")).text
    assert "at 10:30" in (await says(api, ANI.id, "/digest daily 10:30")).text
    assert store.call(subscribers.find, ANI.id).mode == "daily 10:30"
    refused = await says(api, ANI.id, "/digest weekly")
    assert "weekly" in refused.text
    assert "/digest daily 8:30" in refused.text
    daily = await tap(api, alone, "Daily at 18:00", edits=True)
    assert "at 18:00" in daily.text
    assert "at once" in (await tap(api, daily, "At once", edits=True)).text
    assert "at once" in (await says(api, ANI.id, "/digest off")).text

    assert "8:00" in (await says(api, ANI.id, "/digest daily")).text
    own = await says(api, ANI.id, "/digest 1 daily 9:00")
    assert "9:00" in own.text
    assert "#1" in (await says(api, ANI.id, "/digest")).text
    assert "as the other" in (await tap(api, own, "As the other watches", edits=True)).text
    assert "99" in (await says(api, ANI.id, "/digest 99 hourly")).text


async def test_a_chat_keeps_hours_quiet_by_typing_and_by_taps(api, store):
    await says(api, ANI.id, "/start")
    await says(api, ANI.id, "/lang en")
    none = await says(api, ANI.id, "/quiet")
    held = await tap(api, none, "22:00–7:00", edits=True)
    assert "held" in held.text
    silent = await tap(api, held, "Send without a sound", edits=True)
    assert "without a sound" in silent.text
    assert store.call(subscribers.find, ANI.id).quiet == "22:00-7:00 silent"
    assert "held" in (await tap(api, silent, "Hold them until the end", edits=True)).text
    assert "25-7" in (await says(api, ANI.id, "/quiet 25-7")).text
    assert "1:00" in (await says(api, ANI.id, "/quiet 1-6 silent")).text
    assert store.call(subscribers.find, ANI.id).quiet == "1:00-6:00 silent"
    assert (
        "held" in (await says(api, ANI.id, "/quiet 22-7")).text
    )  # silent no more: it was not said
    assert store.call(subscribers.find, ANI.id).quiet == "22:00-7:00"
    await says(api, ANI.id, "/quiet off")
    assert store.call(subscribers.find, ANI.id).quiet == ""


async def a_digest(api, world, chat, *, stories):
    """Let a chat watch, hold so many stories for a daily digest, and send what is due over HTTP."""
    world.store.call(subscribers.set_language, chat.id, "en")
    world.store.call(watches.add, chat.id, "harbour", world.now)
    world.store.call(subscribers.set_mode, chat.id, Mode.parse("daily 8:30"), world.now)
    await publish(world, stories)
    world.pass_time(days=2)
    return await send(api, world)


async def publish(world, stories):
    for n in range(stories):
        text = f"News of the harbour, number {n}. " + " ".join(f"w{n}x{k}" for k in range(60))
        await world.publish("Daily Echo", text, title=f"<Report> & {n}")


async def send(api, world):
    """Send what is due over HTTP; return the outcomes."""
    bot = open_bot(api.token, api.url)
    world.messenger = TelegramMessenger(bot, OpenDoor())
    world.pipeline = world.new_process()
    try:
        return await world.deliver_all()
    finally:
        await bot.shutdown()


async def test_a_digest_turns_its_pages_and_opens_each_story(api, world):
    await says(api, ANI.id, "/start")
    await says(api, ANI.id, "/lang en")
    assert await a_digest(api, world, world.subscribe(ANI.id), stories=17) == ["ok"]
    first = last(api)
    assert "17 alerts" in first.text
    assert "<Report> & 14" in first.text
    assert "<Report> & 15" not in first.text
    second = await tap(api, first, "and 2 more →", edits=True)
    assert "16. <Report> & 15" in second.text
    whole = await tap(api, second, "17", edits=False)
    assert "<Report> & 16" in whole.text
    assert "Why?" in whole.labels()
    why = await tap(api, whole, "Why?", edits=False)
    assert "daily message" in why.text
    back = await tap(api, second, "← Back", edits=True)
    assert "1. <Report> & 0" in back.text
    which = await says(api, ANI.id, "/why", reply_to=first.message_id)
    assert "several stories" in which.text
    asked = await says(api, ANI.id, "/why", reply_to=whole.message_id)
    assert "<Report> & 16" in asked.text
    muted = await says(api, ANI.id, "/mute", reply_to=whole.message_id)
    assert "<Report> & 16" in muted.text
    assert world.store.call(mutes) == 1


def mutes(tx):
    """Return how many alerts are muted."""
    muted = sa.select(sa.func.count()).select_from(alerts).where(alerts.c.state == "muted")
    return tx.execute(muted).scalar_one()


async def test_a_group_gets_a_digest_whose_pages_any_member_may_turn(api, world):
    api.add_group(GROUP, creator=ANI)
    await until(lambda: api.shown(GROUP))
    group = world.store.call(subscribers.find, GROUP)
    assert await a_digest(api, world, group, stories=digests.PAGE + 1) == ["ok"]
    told = api.shown(GROUP)[-1]
    await taps(api, GROUP, told, "and 1 more →", BORIS)
    await until(lambda: "16. <Report> & 15" in api.shown(GROUP)[-1].text)
    shown = len(api.shown(GROUP))
    await taps(api, GROUP, told, "16", BORIS)
    await until(lambda: len(api.shown(GROUP)) > shown)
    assert "<Report> & 15" in api.shown(GROUP)[-1].text


async def test_a_topic_gets_its_own_digest_there_and_opens_stories_there(api, world):
    api.add_group(FORUM, creator=ANI, is_forum=True)
    await until(lambda: api.shown(FORUM))
    docks = api.add_topic(FORUM, "Docks")
    await says(api, FORUM, "/watch quay", ANI, thread_id=docks)
    there = world.store.call(subscribers.find, FORUM, docks)
    assert await a_digest(api, world, there, stories=2) == ["ok"]
    told = api.shown(FORUM)[-1]
    assert "2 alerts" in told.text
    assert told.thread_id == docks
    await taps(api, FORUM, told, "2", ANI)
    await until(lambda: api.shown(FORUM)[-1].message_id != told.message_id)
    whole = api.shown(FORUM)[-1]
    assert "<Report> & 1" in whole.text
    assert whole.thread_id == docks


async def test_a_channel_gets_every_page_of_a_digest_one_after_another(api, world):
    api.add_group(CHANNEL, "Herald", kind="channel", creator=ANI)
    channel = world.subscribe(CHANNEL, ChatKind.CHANNEL)
    stories = 2 * digests.PAGE + 2
    assert await a_digest(api, world, channel, stories=stories) == ["ok"] * 3
    told = api.shown(CHANNEL)[-3:]
    assert [sum(f"<Report> & {n}\n" in m.text for m in told) for n in range(stories)] == (
        [1] * stories
    )
    assert "<Report> & 31" in told[-1].text
    assert not any(m.buttons for m in told)
    assert not any("Tap a number" in m.text for m in told)


async def test_telegram_is_asked_to_make_no_sound_in_silent_quiet_hours_alone(api, world):
    await says(api, ANI.id, "/start")
    chat = world.subscribe(ANI.id)
    world.store.call(watches.add, chat.id, "harbour", world.now)
    await publish(world, 1)
    assert await send(api, world) == ["ok"]
    assert api.called("sendMessage")[-1]["disable_notification"] == "false"
    world.store.call(subscribers.set_quiet, chat.id, Quiet.parse("0:00-23:59 silent"), world.now)
    text = "Hail fell on the harbour. " + " ".join(f"hail{k}" for k in range(60))
    await world.publish("Daily Echo", text, title="Hail")
    assert await send(api, world) == ["ok"]
    assert api.called("sendMessage")[-1]["disable_notification"] == "true"


def test_a_number_that_is_none_is_answered_with_how_to_type_it(ask):
    ask("start")
    with pytest.raises(UserError, match=r"digest\.usage") as raised:
        ask(f"digest {'9' * 30} hourly")
    assert raised.value.params["argument"] == f"{'9' * 30} hourly"
