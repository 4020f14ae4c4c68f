"""The desk: what was typed or tapped finds its command, its rights and its words."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.chat import admin, subscriber
from bot.chat.command import Caller, Command, Reply, fits
from bot.chat.desk import Desk
from bot.config import Chat as Settings
from bot.domain.errors import UserError
from bot.domain.model import ChatKind, Role
from bot.store import subscribers, watches
from bot.store.engine import Store

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PRIVATE, GROUP = ChatKind.PRIVATE, ChatKind.SUPERGROUP
OPERATOR = 1


def _write_and_regret(tx, req):
    watches.add(tx, req.subscriber.id, "harbour", req.now)
    raise UserError("watch.usage")


EXTRA = (Command("regret", Role.SUBSCRIBER, _write_and_regret),)


@pytest.fixture
def desk(store):
    return Desk(store, (*subscriber.COMMANDS, *admin.COMMANDS, *EXTRA), admins={OPERATOR})


class Chat:
    """Types and taps in one chat."""

    def __init__(self, desk, **kw):
        self.desk = desk
        self.caller = Caller(chat_id=7, user_id=42, **kw)

    async def type(self, text):
        order = self.desk.read(text, kind=self.caller.kind, bot_name="outpost_bot")
        return order and await self.desk.answer(order, self.caller, NOON)

    async def tap(self, data):
        return await self.desk.answer(self.desk.read_button(data), self.caller, NOON)


@pytest.fixture
def chat(desk):
    return Chat(desk)


async def test_a_command_is_run_and_its_reply_worded(chat):
    answer = await chat.type("/watch harbour strike")
    assert answer.message.html.startswith("Watching for <code>harbour strike</code>")
    labels = [[button.label for button in row] for row in answer.message.buttons]
    assert labels == [["Names and forms"], ["Stop this watch"]]


@pytest.mark.parametrize(
    "typed",
    ["/WATCH harbour", "/watch@outpost_bot harbour", "  /watch   harbour ", "/watch\nharbour"],
)
async def test_a_command_is_read_however_it_is_typed(chat, typed):
    assert "<code>harbour</code>" in (await chat.type(typed)).message.html


def test_a_command_for_another_bot_is_not_ours(desk):
    assert desk.read("/watch@other_bot harbour", kind=GROUP, bot_name="outpost_bot") is None
    assert desk.read("/watch@Outpost_Bot harbour", kind=GROUP, bot_name="outpost_bot")


@pytest.mark.parametrize("text", ["good morning", "/wacth harbour", "/dance"])
def test_in_a_group_we_are_silent_unless_spoken_to(desk, text):
    assert desk.read(text, kind=GROUP, bot_name="outpost_bot") is None


def test_an_unknown_command_that_names_us_is_answered_in_a_group(desk):
    assert desk.read("/wacth@outpost_bot", kind=GROUP, bot_name="outpost_bot").command is None


async def test_a_slip_is_guessed_and_can_be_tapped(chat):
    answer = await chat.type("/wacth harbour strike")
    assert "/watch harbour strike" in answer.message.html
    [[button]] = answer.message.buttons
    assert button.data == "watch:harbour strike"
    assert "Watching for" in (await chat.tap(button.data)).message.html


async def test_a_slip_too_long_for_a_button_is_guessed_without_one(chat):
    answer = await chat.type("/wacth " + "harbour " * 20)
    assert "/watch" in answer.message.html
    assert not answer.message.buttons


async def test_what_resembles_nothing_is_not_guessed(chat):
    answer = await chat.type("/qqqq")
    assert "I do not know /qqqq" in answer.message.html
    assert not answer.message.buttons


async def test_a_guess_never_offers_what_only_admins_may(chat):
    assert "/outlets" not in (await chat.type("/outlet")).message.html


async def test_prose_is_offered_as_a_watch(chat):
    answer = await chat.type("harbour strike")
    [[button]] = answer.message.buttons
    assert button.data == "watch:harbour strike"


@pytest.mark.parametrize("text", ["", "word " * 40, "-1", "(broken"])
async def test_prose_that_makes_no_watch_or_that_no_button_can_carry_gets_a_hint(chat, text):
    answer = await chat.type(text)
    assert "/help" in answer.message.html
    assert not answer.message.buttons


async def test_buttons_only_commands_cannot_be_typed(chat):
    await chat.type("/watch harbour")
    answer = await chat.type("/forget")
    assert "I do not know /forget" in answer.message.html


@pytest.mark.parametrize("data", ["gone:1", "", ":::", "log"])
async def test_no_tap_is_left_without_an_answer(chat, data):
    answer = await chat.tap(data)
    assert answer.toast
    assert answer.message is None


async def test_admins_commands_are_for_admins(desk):
    refused = await Chat(desk).type("/log")
    assert "for those who run this bot" in refused.message.html
    operator = Chat(desk)
    operator.caller = Caller(chat_id=OPERATOR, user_id=OPERATOR)
    assert "Nothing yet" in (await operator.type("/log")).message.html


async def test_only_administrators_of_a_group_change_what_it_watches(desk):
    member = Chat(desk, kind=GROUP, may_change=False)
    assert "Only an administrator" in (await member.type("/watch harbour")).message.html
    tapped = await member.tap("watch:harbour")
    assert (tapped.message, tapped.popup) == (None, True)
    assert "Only an administrator" in tapped.toast
    assert "No watches yet" in (await member.type("/watches")).message.html  # anyone may look


@pytest.mark.parametrize("command", ["/pause", "/resume", "/stop"])
async def test_a_chat_that_has_not_started_is_told_how_to(chat, command):
    assert "/start subscribes it" in (await chat.type(command)).message.html


async def test_a_mistake_leaves_nothing_half_done(chat, store):
    await chat.type("/start")
    answer = await chat.type("/regret")
    assert "Tell me what to look for" in answer.message.html
    known = store.call(subscribers.find, 7)
    assert store.call(watches.count, known.id) == 0


async def test_a_mistake_in_a_watch_is_shown_where_it_is(chat):
    answer = await chat.type("/watch harbour (strike")
    assert "<pre>harbour (strike\n        ^</pre>" in answer.message.html
    [[button]] = answer.message.buttons
    assert "Watching for" in (await chat.tap(button.data)).message.html


async def test_a_mistake_after_a_tap_is_a_popup_of_plain_words(chat):
    answer = await chat.tap("watch:(harbour")
    assert (answer.message, answer.popup) == (None, True)
    assert "<" not in answer.toast
    assert len(answer.toast) <= 200


async def test_only_a_tap_edits(chat):
    await chat.type("/watch harbour")
    assert not (await chat.type("/watches")).edit
    assert (await chat.tap("watches:1")).edit


async def test_a_database_out_of_reach_is_said_so(tmp_path):
    nowhere = Store(f"sqlite:///{tmp_path / 'no such folder' / 'outpost.db'}")
    chat = Chat(Desk(nowhere, subscriber.COMMANDS))
    answer = await chat.type("/watches")
    assert "Nothing was changed" in answer.message.html
    tapped = await chat.tap("watches:1")
    assert (tapped.message, tapped.popup) == (None, True)


async def test_an_unknown_language_is_spoken_to_in_english(desk):
    assert "Watching for" in (await Chat(desk, language="xx-YY").type("/watch a")).message.html


def test_the_menu_has_each_commands_line_by_role(desk):
    names = [name for name, _ in desk.menu(Role.SUBSCRIBER, "en")]
    assert names[:2] == ["watch", "edit"]
    assert "log" not in names
    assert {"log", "outlets"} < {name for name, _ in desk.menu(Role.ADMIN, "en")}
    assert all(what for _, what in desk.menu(Role.ADMIN, "en"))


@pytest.mark.parametrize(("data", "fit"), [("x" * 64, True), ("x" * 65, False), ("щ" * 33, False)])
def test_a_button_carries_64_bytes(data, fit):
    assert fits(data) is fit


def test_a_reply_may_be_a_toast_alone():
    assert Reply(toast="toast.stopped").key == ""


@pytest.mark.parametrize(
    ("role", "kind", "most"),
    [
        (Role.SUBSCRIBER, ChatKind.PRIVATE, (1, 4, 7)),
        (Role.SUBSCRIBER, ChatKind.SUPERGROUP, (2, 5, 8)),
        (Role.SUBSCRIBER, ChatKind.CHANNEL, (2, 5, 8)),
        (Role.ADMIN, ChatKind.PRIVATE, (3, 6, 9)),
        (Role.ADMIN, ChatKind.GROUP, (3, 6, 9)),
    ],
)
def test_limits_are_those_of_the_role_and_the_kind_of_chat(role, kind, most):
    limits = Settings(
        watches_per_subscriber=1,
        group_watches=2,
        admin_watches=3,
        searches_per_minute=4,
        group_searches_per_minute=5,
        admin_searches_per_minute=6,
        query_cost=7,
        group_query_cost=8,
        admin_query_cost=9,
    ).of(role, kind)
    assert (limits.watches_per_subscriber, limits.searches_per_minute, limits.query_cost) == most


async def test_a_group_has_its_own_limits_and_an_admin_in_it_an_admins(store):
    limits = Settings(watches_per_subscriber=1, group_watches=2, admin_watches=3)
    desk = Desk(store, subscriber.COMMANDS, admins={OPERATOR}, limits=limits)
    alone, group, admin_there = Chat(desk), Chat(desk, kind=GROUP), Chat(desk, kind=GROUP)
    group.caller = replace(group.caller, chat_id=-100)
    admin_there.caller = replace(group.caller, user_id=OPERATOR)
    added = [await c.type(f"/watch {w}") for c in (alone, group) for w in ("port", "quay", "tug")]
    words = ["Watching for" in a.message.html for a in added]
    assert words == [True, False, False, True, True, False]
    assert "Watching for" in (await admin_there.type("/watch crane")).message.html


async def test_a_watch_costs_what_it_asks_of_matching(store):
    desk = Desk(store, subscriber.COMMANDS, limits=Settings(query_cost=6))
    chat = Chat(desk)
    assert "Watching for" in (await chat.type("/watch harbour*")).message.html
    refused = await chat.type("/watch harbour* port OR quay")
    assert "it counts 7, and 6 are allowed" in refused.message.html
    imported = await chat.type("/import lamp\nharbour* (port OR quay)")
    assert "lamp" in (await chat.type("/watches")).message.html
    assert "quay" in imported.message.html
