"""The way into the console, and why an article did not come, as the chat tells it."""

import re
from dataclasses import replace

import pytest

from bot.chat import console
from bot.chat.command import Request
from bot.config import Chat
from bot.domain.errors import UserError
from bot.domain.model import ChatKind, Role, Subscriber, SubscriberState
from bot.domain.outlet import Failure, FailureKind
from bot.store import console as doors
from bot.store import subscribers, watches
from bot.store.console import ConsoleRole
from tests.world import World

STRIKE = (
    "Dockers in the harbour of Poti began a strike at dawn on Monday after talks on pay had failed."
    " No ship was unloaded, and a queue of nine vessels waited outside the breakwater by noon."
    " The port authority called the walkout unlawful and promised a statement before the evening."
)
LIMITS = Chat(console_url="https://outpost.example")


@pytest.fixture
def world(tmp_path):
    made = World(f"sqlite:///{tmp_path / 'outpost.db'}")
    yield made
    made.store.close()


def ask(world, run, argument="", *, kind=ChatKind.PRIVATE, role=Role.SUBSCRIBER, chat_id=7):
    def answer(tx):
        stranger = Subscriber(0, chat_id, kind, "Ani", "en", SubscriberState.GONE)
        chat = subscribers.find(tx, chat_id) or stranger
        return run(
            tx,
            Request(chat, world.now, argument, role=role, limits=LIMITS, user_id=chat_id),
        )

    reply = world.store.call(answer)
    return reply.html or reply


def missed(world, argument, **kw):
    return ask(world, console.missed, argument, **kw)


def test_an_admin_gets_a_link_that_opens_the_console_once(world):
    reply = ask(world, console.console, role=Role.ADMIN)
    [key] = re.fullmatch(r"https://outpost\.example/enter\?key=(\S+)", reply.params["url"]).groups()
    enter = {"admins": {7}, "agent": "", "now": world.now}
    assert world.store.call(doors.use_link, key, **enter)
    assert world.store.call(doors.use_link, key, **enter) is None


def test_a_group_never_sees_a_link(world):
    with pytest.raises(UserError, match=r"console\.private"):
        ask(world, console.console, role=Role.ADMIN, kind=ChatKind.GROUP)


def test_who_was_let_in_gets_a_link_and_nobody_else(world):
    with pytest.raises(UserError, match=r"console\.not_yours"):
        ask(world, console.console)
    world.store.call(doors.let_in, 7, ConsoleRole.VIEWER, name="Vera", by=1, now=world.now)
    assert "/enter?key=" in ask(world, console.console).params["url"]


def test_missed_asks_what_about(world):
    with pytest.raises(UserError, match=r"missed\.usage"):
        ask(world, console.missed, " ")


async def test_an_alert_that_went_out_is_told_with_its_time(world):
    world.watch(7, "harbour strike")
    await world.publish("Daily Echo", STRIKE, title="Port <shut>")
    assert "on its way" in missed(world, "port shut")
    await world.deliver_all()
    said = missed(world, "PORT shut")
    assert "You were told on" in said
    assert "Port &lt;shut&gt;" in said


async def test_a_copy_names_its_original(world):
    world.watch(7, "harbour strike")
    await world.publish("Daily Echo", STRIKE)
    await world.deliver_all()
    await world.publish("Coast Mail", STRIKE, title="Reprinted")
    assert "a repost of what Daily Echo wrote" in missed(world, "reprinted")


async def test_an_update_is_said_to_be_one(world):
    world.watch(7, "harbour strike")
    await world.publish("Daily Echo", STRIKE)
    await world.publish("Daily Echo", STRIKE + "More follows.", title="Strike goes on")
    assert "an update by Daily Echo of its own article" in missed(world, "goes on")


async def test_a_watch_that_came_near_is_named_with_what_it_lacked(world):
    world.watch(7, "harbour tariff")
    world.watch(7, "strike -talks")
    await world.publish("Daily Echo", STRIKE)
    said = missed(world, "https://daily-echo.example/articles/1")
    assert "NOT talks" in said
    world.watch(9, "harbour tariff")
    said = missed(world, "report", chat_id=9)
    assert "<code>harbour tariff</code> lacks tariff" in said


async def test_missed_knows_the_aliases_of_a_watch(world):
    watch_id = world.watch(7, "quay tariff")
    watch = world.store.call(watches.mine, world.subscribe(7).id, watch_id)
    world.store.call(watches.change, replace(watch, own=("quay=harbour",)))
    await world.publish("Daily Echo", STRIKE)
    assert "<code>quay tariff</code> lacks tariff" in missed(world, "report")


async def test_a_chat_that_was_paused_hears_that_it_is_held(world):
    world.watch(7, "harbour strike")
    chat = world.subscribe(7)
    world.store.call(subscribers.set_state, chat.id, SubscriberState.PAUSED, now=world.now)
    await world.publish("Daily Echo", STRIKE)
    assert "held back while this chat is paused" in missed(world, "report")


async def test_what_was_never_seen_is_told_by_its_outlet(world):
    world.subscribe(7)
    url = await world.open_outlet("Daily Echo")
    said = missed(world, "https://daily-echo.example/articles/unseen")
    assert "I read Daily Echo" in said
    assert "not among the outlets" in missed(world, "https://nobody.example/x")
    assert "None of the newest headlines" in missed(world, "no such words")
    world.reader.listed[url] = Failure(FailureKind.DNS, "no such host")
    await world.poll_all()
    assert "Daily Echo cannot be read" in missed(world, "https://daily-echo.example/unseen")
