"""Chats beside each other: a slow command of one holds up no other, and a kill loses none."""

import asyncio
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
import telegram

from bot import texts
from bot.chat import dispatch, subscriber
from bot.chat.command import Command, Reply
from bot.chat.desk import Desk
from bot.chat.lanes import Lanes
from bot.domain.errors import UserError
from bot.domain.model import Button, Role
from bot.store import subscribers, updates, watches
from bot.store.engine import Store
from bot.store.schema import metadata
from tests.chat.live import says, silence, talking, taps, until
from tests.e2e.telegram_chats import User

ANI, BORIS, CARL = User(7, "Ani"), User(8, "Boris"), User(9, "Carl")


class Archive:
    """An archive whose reading ends when a test says so."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.reading: list[str] = []

    def look(self, tx, req):
        """Read it, which takes as long as it takes."""
        self.reading.append(req.argument)
        assert self.open.wait(60)
        return req.argument

    def dig(self, tx, req):
        """/dig <words>: answer with what was read; "stale" answers a tap with a toast alone."""
        if req.argument == "stale":
            return Reply(toast="toast.stale")
        if req.argument == "never":
            raise UserError("search.usage")
        if req.argument == "broken":
            raise RuntimeError
        again = (
            Button("Again", "dig:again"),
            Button("Stale", "dig:stale"),
            Button("No", "dig:never"),
            Button("Break", "dig:broken"),
        )
        return Reply(html=f"found {req.found}", buttons=(again,), edit=True)


@pytest.fixture
def archive():
    archive = Archive()
    yield archive
    archive.open.set()  # or the threads that read would never end


@pytest.fixture
def store(database_url):
    store = Store(database_url)
    store.call(metadata.create_all)
    yield store
    store.close()


@pytest.fixture
async def api(bot_api, store, archive):
    for person in (ANI, BORIS, CARL):
        bot_api.person(person)
    dig = Command("dig", Role.SUBSCRIBER, archive.dig, look=archive.look)
    desk = Desk(store, (*subscriber.COMMANDS, dig))
    async with talking(bot_api, desk, soon_s=dispatch.SOON_S):
        await until(lambda: bot_api.called("getUpdates"))
        yield bot_api
        archive.open.set()
    assert bot_api.refused == []


async def test_a_slow_search_of_one_chat_holds_up_no_button_of_another(api, store, archive):
    listed = await says(api, 8, "/watch quay cranes")
    for chat in (7, 9):  # as many as are let into the archive at once
        api.say(chat, f"/dig {chat}")
    await until(lambda: len(archive.reading) == 2)
    api.say(7, "/watch port")  # its turn is after the search

    await taps(api, 8, listed, "Stop this watch")
    await until(lambda: "Stopped" in api.shown(8)[-1].text)  # or it is taken for the next answer
    assert "no watches" in (await says(api, 8, "/watches")).text.lower()
    assert api.shown(7) == api.shown(9) == []
    assert store.call(subscribers.find, 7) is None

    archive.open.set()
    await silence(api, store)
    assert [m.text.partition("\n")[0][:7] for m in api.shown(7)] == ["found 7", "Watchin"]
    assert [m.text for m in api.shown(9)] == ["found 9"]


async def test_however_many_search_the_store_has_hands_left_for_alerts(api, store, archive):
    chats = range(100, 120)
    for chat in chats:
        api.person(User(chat))
        api.say(chat, "/dig gold")
    await until(lambda: len(archive.reading) == 2)
    for n in range(20):  # as the pipeline works beside them
        assert await store.run(lambda tx, n=n: tx.execute(sa.select(n)).scalar()) == n
    await says(api, 8, "/watches")
    assert len(archive.reading) == 2
    archive.open.set()
    await silence(api, store)
    assert [len(api.shown(chat)) for chat in chats] == [1] * 20


async def test_each_update_is_taken_once_however_often_it_is_told(api, store, archive):
    api.say(7, "/dig slowly")
    await until(lambda: archive.reading)
    for n in range(3):
        await says(api, 8, f"/watch port {n}")
    told = len(api.called("getUpdates"))
    await until(lambda: len(api.called("getUpdates")) > told + 2)
    archive.open.set()
    await silence(api, store)
    assert archive.reading == ["slowly"]
    assert store.call(watches.count, store.call(subscribers.find, 8).id) == 3
    assert len(api.shown(8)) == 3


async def test_a_tap_that_takes_its_time_is_answered_at_once_and_then_in_the_chat(
    api, store, archive
):
    archive.open.set()
    found = await says(api, 7, "/dig gold")
    archive.open.clear()
    for label in ("Again", "Stale", "No", "Break"):
        archive.open.clear()
        answer = await taps(api, 7, found, label)
        assert answer["text"] == texts.say("en", "toast.wait")
        archive.open.set()
        await silence(api, store)
    first, stale, never, broken = api.shown(7)
    assert (first.text, first.edits) == ("found again", 1)
    assert stale.text == texts.say("en", "toast.stale")
    assert never.text.startswith(texts.plain(texts.html("en", "search.usage"))[:20])
    assert broken.text == texts.say("en", "command.failed")


async def test_a_kill_in_the_middle_of_a_slow_command_loses_none_and_repeats_none(
    bot_api, store, database_url
):
    for person in (ANI, BORIS):
        bot_api.person(person)
    words = [sys.executable, "-m", "tests.chat.slow_bot", bot_api.token, bot_api.url, database_url]
    root = Path(__file__).parents[2]
    with subprocess.Popen(words, cwd=root) as process:
        bot_api.say(7, "/dig gold")
        bot_api.say(7, "/watch port")
        for n in range(3):
            bot_api.say(8, f"/watch quay {n}")
        await until(lambda: len(bot_api.shown(8)) == 3, timeout_s=60)
        await until(lambda: not store.call(updates.waiting_replies))  # or the kill would double one
        assert bot_api.shown(7) == []
        process.send_signal(signal.SIGKILL)

    archive = Archive()
    archive.open.set()
    dig = Command("dig", Role.SUBSCRIBER, archive.dig, look=archive.look)
    async with talking(bot_api, Desk(store, (*subscriber.COMMANDS, dig))):
        await silence(bot_api, store)
    assert [m.text[:8] for m in bot_api.shown(7)] == ["found go", "Watching"]
    assert store.call(watches.count, store.call(subscribers.find, 8).id) == 3
    assert len(bot_api.shown(8)) == 3


async def test_who_stops_hearing_and_begins_again_begins_with_what_was_not_answered():
    """Else the next getUpdates would confirm commands that waited for a database that was away."""
    away = asyncio.Event()

    async def settle(update):
        if update.update_id > 31:
            await away.wait()

    lanes = Lanes(settle)
    lanes.take([said(number, chat_id=number) for number in (30, 31, 32, 33)])
    await lanes.rest()
    assert lanes.offset == 32
    await lanes.close()
    assert lanes.offset == 32


def said(number, *, chat_id):
    """Return an update: a message that was said in a chat."""
    chat = telegram.Chat(chat_id, "private")
    message = telegram.Message(number, datetime.now(UTC), chat, text="/help")
    return telegram.Update(number, message=message)
