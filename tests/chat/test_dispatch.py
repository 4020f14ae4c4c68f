"""Commands over Telegram: the real library, over HTTP, between the strict server and the real desk."""

import asyncio
import logging

import pytest

from bot import texts
from bot.adapters.messenger import open_bot
from bot.chat import admin, subscriber
from bot.chat.command import Command
from bot.chat.desk import Desk
from bot.chat.dispatch import TelegramChat
from bot.domain.errors import DatabaseDown, TokenError
from bot.domain.model import Role, SubscriberState
from bot.store import subscribers, updates, watches
from bot.store.engine import Store
from bot.store.schema import metadata
from tests.chat import live
from tests.chat.live import now, says, silence, until
from tests.e2e.telegram_chats import Fault, User

ADMIN = User(1, "Olga", "ru")
ANI = User(7, "Ani", "hy")
BORIS = User(8, "Boris", "ka")
GROUP = -100500


def broken(tx, req):
    watches.add(tx, req.subscriber.id, "half done", req.now)
    raise RuntimeError("a bug")


COMMANDS = (*subscriber.COMMANDS, *admin.COMMANDS, Command("broken", Role.SUBSCRIBER, broken))


@pytest.fixture
def store(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'outpost.db'}")
    store.call(metadata.create_all)
    yield store
    store.close()


@pytest.fixture
async def api(bot_api, store):
    for person in (ANI, BORIS):
        bot_api.person(person)
    async with running(bot_api, store):
        await until(lambda: bot_api.called("getUpdates"))
        yield bot_api
        print(bot_api.transcript())
    assert bot_api.refused == [] or "setMyCommands" in bot_api.refused[0]


def running(api, store):
    """A chat that hears commands, until the block ends."""
    return live.talking(api, Desk(store, COMMANDS, admins={ADMIN.id}))


async def test_a_newcomer_subscribes_watches_and_lists(api, store):
    hello = await says(api, 7, "/start")
    assert hello.labels()
    assert "harbour strike" in (await says(api, 7, "/watch harbour strike")).text
    listed = await says(api, 7, "/watches")
    assert "harbour strike" in listed.text
    assert store.call(subscribers.find, 7).state is SubscriberState.ACTIVE


async def test_a_tap_is_answered_and_edits_the_message_it_was_under(api):
    await says(api, 7, "/start")
    await says(api, 7, "/watch quay cranes")
    listed = await says(api, 7, "/watches")
    query = api.tap(7, listed.message_id, listed.labels()[1])
    answer = await until(lambda: api.answer_of(query))
    assert answer["text"]
    await until(lambda: api.shown(7)[-1].edits)
    assert "quay cranes" not in api.shown(7)[-1].text
    again = api.tap(7, listed.message_id, api.shown(7)[-1].labels()[0])
    await until(lambda: api.answer_of(again) is not None)


async def test_a_mistyped_command_is_guessed_and_talk_gets_a_hint(api):
    guess = await says(api, 7, "/wacth port")
    assert guess.labels() == ["/watch port"]
    assert (await says(api, 7, "harbour strike")).labels()


async def test_in_a_group_only_administrators_change_watches(api, store):
    api.add_group(GROUP, creator=ANI)
    await until(lambda: api.shown(GROUP))  # a polite first message, nobody asked
    refused = await says(api, GROUP, "/watch port", BORIS)
    assert store.call(watches.count, store.call(subscribers.find, GROUP).id) == 0
    assert "port" not in refused.text
    await says(api, GROUP, "/watch@outpost_test_bot port", ANI)
    await says(api, GROUP, "/watch harbour", ANI, anonymous=True)
    assert store.call(watches.count, store.call(subscribers.find, GROUP).id) == 2

    listed = await says(api, GROUP, "/watches", BORIS)
    query = api.tap(GROUP, listed.message_id, listed.labels()[1], BORIS)
    assert (await until(lambda: api.answer_of(query)))["show_alert"]
    assert store.call(watches.count, store.call(subscribers.find, GROUP).id) == 2


async def test_in_a_group_talk_and_others_commands_are_not_answered(api):
    api.world.privacy = False
    api.add_group(GROUP, creator=ANI)
    await until(lambda: api.shown(GROUP))
    for text in ("good morning", "/help@some_other_bot", "/weather"):
        api.say(GROUP, text, ANI)
    await silence(api)
    assert len(api.shown(GROUP)) == 1


async def test_an_answer_in_a_topic_stays_in_the_topic(api):
    api.add_group(GROUP, creator=ANI, is_forum=True)
    await until(lambda: api.shown(GROUP))
    docks = api.add_topic(GROUP, "Docks")
    assert (await says(api, GROUP, "/watches", ANI, thread_id=docks)).thread_id == docks


async def test_a_chat_that_blocks_is_gone_and_comes_back(api, store):
    await says(api, 7, "/start")
    await says(api, 7, "/watch port")
    api.block(7)
    await until(lambda: store.call(subscribers.find, 7).state is SubscriberState.GONE)
    assert store.call(subscribers.find, 7).state_reason
    api.unblock(7)
    await until(lambda: store.call(subscribers.find, 7).state is SubscriberState.ACTIVE)
    assert store.call(watches.count, store.call(subscribers.find, 7).id) == 1


async def test_a_group_that_throws_the_bot_out_keeps_its_watches_for_later(api, store):
    api.add_group(GROUP, creator=ANI)
    await until(lambda: api.shown(GROUP))
    await says(api, GROUP, "/watch port", ANI)
    api.block(GROUP)
    await until(lambda: store.call(subscribers.find, GROUP).state is SubscriberState.GONE)
    api.unblock(GROUP)
    await until(lambda: store.call(subscribers.find, GROUP).state is SubscriberState.ACTIVE)
    await until(lambda: len(api.shown(GROUP)) == 3)


async def test_a_group_is_followed_when_it_becomes_a_supergroup(api, store):
    api.add_group(-5, kind="group", creator=ANI)
    await until(lambda: api.shown(-5))
    await says(api, -5, "/watch port", ANI)
    api.migrate(-5, -1005)
    moved = await until(lambda: store.call(subscribers.find, -1005))
    assert store.call(watches.count, moved.id) == 1
    assert store.call(subscribers.find, -5) is None
    assert "port" in (await says(api, -1005, "/watches", ANI)).text


async def test_menus_are_set_per_role_and_for_an_admin_as_soon_as_there_is_a_chat(api):
    await until(lambda: ("default", "") in api.world.commands)
    everybody = [c["command"] for c in api.world.commands["default", ""]]
    assert "watch" in everybody
    assert "log" not in everybody
    api.person(ADMIN)
    await says(api, ADMIN.id, "/start")
    await until(lambda: (f"chat:{ADMIN.id}", "") in api.world.commands)
    assert "log" in [c["command"] for c in api.world.commands[f"chat:{ADMIN.id}", ""]]


async def test_a_bug_costs_one_command_and_is_apologised_for(api, store, caplog):
    await says(api, 7, "/start")
    sorry = await says(api, 7, "/broken")
    assert sorry.text == texts.say("hy", "command.failed")  # in her own language
    assert "a bug" in caplog.text
    assert store.call(watches.count, store.call(subscribers.find, 7).id) == 0
    assert "port" in (await says(api, 7, "/watch port")).text


async def test_a_database_out_of_reach_delays_a_command_and_loses_none(api, store, monkeypatch):
    await says(api, 7, "/start")
    real, failures = store.call, []

    def call(f, *args, **kwargs):
        if len(failures) < 2:
            failures.append(f)
            raise DatabaseDown("disk full")
        return real(f, *args, **kwargs)

    monkeypatch.setattr(store, "call", call)
    assert "port" in (await says(api, 7, "/watch port")).text
    assert len(failures) == 2


async def test_an_unanswered_command_is_answered_by_the_next_process(bot_api, store):
    bot_api.person(ANI)
    async with running(bot_api, store) as task:
        await until(lambda: bot_api.called("getUpdates"))
        task.cancel()
        for text in ("/start", "/watch one", "/watch two", "/watch three"):
            bot_api.say(7, text)
    async with running(bot_api, store):
        await until(lambda: len(bot_api.shown(7)) == 4)
    assert store.call(watches.count, store.call(subscribers.find, 7).id) == 3


async def test_a_repeated_update_does_nothing(bot_api, store):
    bot_api.person(ANI)
    bot_api.say(7, "/start")
    bot_api.say(7, "/watch port")
    for update in bot_api.world.updates:
        store.call(updates.mark_answered, update["update_id"], now())
    async with running(bot_api, store):
        await until(lambda: bot_api.pending() == 0)
        bot_api.say(7, "/help")
        await until(lambda: bot_api.shown(7))
    assert len(bot_api.shown(7)) == 1
    assert store.call(subscribers.find, 7) is None


async def test_a_reply_that_was_not_sent_is_sent_by_the_next_process(bot_api, store):
    bot_api.person(ANI)
    bot_api.faults.append(Fault("flood", "sendMessage", retry_after=60, times=9))
    async with running(bot_api, store) as task:
        bot_api.say(7, "/start")
        await until(lambda: bot_api.called("sendMessage") or bot_api.faults[0].times < 9)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    bot_api.faults.clear()
    assert bot_api.shown(7) == []
    async with running(bot_api, store):
        await until(lambda: bot_api.shown(7))
    assert store.call(updates.waiting_replies) == []


async def test_telegram_down_at_the_start_is_waited_out(bot_api, store, caplog):
    caplog.set_level(logging.INFO)
    bot_api.person(ANI)
    bot_api.close()
    async with running(bot_api, store):
        await until(lambda: "does not answer" in caplog.text)
        bot_api.open()
        assert (await says(bot_api, 7, "/start")).text
    assert bot_api.token not in caplog.text


async def test_a_token_that_is_refused_ends_the_chat_with_one_clear_line(bot_api, store):
    bot = open_bot("1:wrong", bot_api.url)
    chat = TelegramChat(bot, Desk(store, COMMANDS), store, now=now)
    with pytest.raises(TokenError, match="TELEGRAM_BOT_TOKEN") as e:
        await chat.run()
    assert "1:wrong" not in str(e.value)
    await bot.shutdown()


async def test_a_second_reader_is_waited_for_and_said_so(api, caplog):
    other = open_bot(api.token, api.url)
    await other.get_updates(timeout=0)
    await until(lambda: "another process reads this bot's updates" in caplog.text)
    await other.shutdown()
    assert "port" in (await says(api, 7, "/watch port")).text


async def test_an_export_arrives_as_a_file_and_a_trend_of_nothing_as_words(api):
    await says(api, 8, "/start")
    await says(api, 8, "/watch harbour strike")
    asked = await says(api, 8, "/export")
    before = len(api.shown(8))
    query = api.tap(8, asked.message_id, "export:json")
    await until(lambda: len(api.shown(8)) > before)
    assert await until(lambda: api.answer_of(query) is not None)
    sent = api.shown(8)[-1]
    assert (sent.file["kind"], sent.file["name"]) == ("document", "outpost.json")
    assert b"harbour strike" in sent.file["bytes"]
    assert not (await says(api, 8, "/trend harbour")).file


async def test_a_thumb_down_is_heard_and_answered_with_nothing(api, store):
    hello = await says(api, 8, "/start")
    before = len(api.shown(8))
    api.react(8, hello.message_id, "👎")
    await silence(api)
    assert len(api.shown(8)) == before


async def test_a_shared_link_names_the_bot(api):
    await says(api, 8, "/start")
    await says(api, 8, "/watch harbour strike")
    shared = await says(api, 8, "/share 1")
    assert "https://t.me/outpost_test_bot?start=w_" in shared.text
    token = shared.text.rpartition("start=")[2]
    assert "harbour strike" in (await says(api, 7, f"/start {token}")).text


async def test_every_new_command_is_answered_in_the_readers_language(api):
    await says(api, 7, "/start")
    for line in (
        "/lang",
        "/timezone",
        "/timezone Երևան",
        "/search նավահանգիստ",
        "/story",
        "/why",
        "/mute",
    ):
        assert (await says(api, 7, line)).text
