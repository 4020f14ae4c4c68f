"""The strict server is worth its name: it is driven by the real library and answers as Telegram does."""

import asyncio
import json
import time

import httpx
import pytest
import telegram
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from tests.e2e.bot_api import BotApi
from tests.e2e.telegram_chats import Fault, FloodGate, User
from tests.e2e.telegram_html import BadMarkup, parse_html
from tests.e2e.telegram_spec import Spec

ANI = User(7, "Ani", "hy")


@pytest.fixture
def api():
    with BotApi() as server:
        server.person(ANI)
        yield server


@pytest.fixture
async def bot(api):
    request = telegram.request.HTTPXRequest(connection_pool_size=4, read_timeout=1.0)
    polling = telegram.request.HTTPXRequest(read_timeout=5.0)
    async with telegram.Bot(
        api.token,
        base_url=f"{api.url}/bot",
        base_file_url=f"{api.url}/file/bot",
        request=request,
        get_updates_request=polling,
    ) as bot:
        yield bot


# -- markup -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "text", "entities"),
    [
        ("plain", "plain", []),
        ("<b>Harbour</b> strike", "Harbour strike", [("bold", 0, 7)]),
        ("a &lt;b&gt; &amp;amp; &quot;c&quot;", 'a <b> &amp; "c"', []),
        ("&#1345;&#x4E00; &nbsp; & &unknown;", "Ձ一 &nbsp; & &unknown;", []),
        ("😀<b>x</b>", "😀x", [("bold", 2, 1)]),
        ("<B>up</b>", "up", [("bold", 0, 2)]),
        ("<b></b>x", "x", []),
        ("<b>x<i>y</i></b>", "xy", [("bold", 0, 2), ("italic", 1, 1)]),
        ('<a href="https://x.am/?a=1&amp;b=2">t</a>', "t", [("text_link", 0, 1)]),
        ('<a href="not a link">t</a>', "t", []),
        ("<blockquote expandable>q</blockquote>", "q", [("expandable_blockquote", 0, 1)]),
        ('<span class="tg-spoiler">q</span>', "q", [("spoiler", 0, 1)]),
        ("  <b> x </b>  ", "x", [("bold", 0, 1)]),
        ("2 > 1", "2 > 1", []),
    ],
)
def test_markup_is_read_as_telegram_reads_it(html, text, entities):
    parsed = parse_html(html)
    assert parsed.text == text
    assert [(e["type"], e["offset"], e["length"]) for e in parsed.entities] == entities


@pytest.mark.parametrize(
    ("html", "error"),
    [
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("Ձ <p>x</p>", 'Unsupported start tag "p" at byte offset 3'),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("1 <2", "Unclosed start tag at byte offset 2"),
        ("<a href=x,y>t</a>", "Unexpected end of name token at byte offset 8"),
        ('<a href="x', "Unclosed start tag at byte offset 0"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ('<span class="x">q</span>', 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ('<a ="x">t</a>', 'Empty attribute name in the tag "a" at byte offset 0'),
    ],
)
def test_broken_markup_is_refused_in_telegrams_words(html, error):
    with pytest.raises(BadMarkup) as e:
        parse_html(html)
    assert str(e.value) == error


# -- messages -----------------------------------------------------------------------------------


async def test_a_message_is_shown_with_its_entities_and_buttons(api, bot):
    keyboard = telegram.InlineKeyboardMarkup(
        [[telegram.InlineKeyboardButton("Stop", callback_data="unwatch:1")]]
    )
    sent = await bot.send_message(7, "<b>Port</b> shut", parse_mode="HTML", reply_markup=keyboard)

    [message] = api.shown(7)
    assert (message.text, message.labels(), message.edits) == ("Port shut", ["Stop"], 0)
    assert sent.message_id == message.message_id
    assert sent.parse_entities() == {sent.entities[0]: "Port"}

    await bot.edit_message_text("Port open", 7, sent.message_id)
    [message] = api.shown(7)
    assert (message.text, message.labels(), message.history) == ("Port open", [], ["Port shut"])


LONG = "x" * 4097
ROW = telegram.InlineKeyboardButton("x", callback_data="x")


@pytest.mark.parametrize(
    ("text", "more", "error"),
    [
        ("<b>x", {"parse_mode": "HTML"}, "Can't parse entities: can't find end tag"),
        (LONG, {}, "Message is too long"),
        ("😀" * 2049, {}, "Message is too long"),
        ("  ", {}, "Message text is empty"),
        ("<b> </b>", {"parse_mode": "HTML"}, "Text must be non-empty"),
        ("x", {"reply_parameters": telegram.ReplyParameters(99)}, "Message to be replied not found"),
        (
            "x",
            {"reply_markup": telegram.InlineKeyboardMarkup.from_button(
                telegram.InlineKeyboardButton("x", callback_data="я" * 33))},
            "Button_data_invalid",
        ),
        (
            "x",
            {"reply_markup": telegram.InlineKeyboardMarkup.from_button(
                telegram.InlineKeyboardButton("x", url="nonsense"))},
            "Inline keyboard button url",
        ),
        ("x", {"reply_markup": telegram.InlineKeyboardMarkup([[ROW] * 9])}, "Reply_markup_too_long"),
        ("x", {"api_kwargs": {"colour": "red"}}, 'Unknown parameter "colour"'),
        ("x", {"api_kwargs": {"disable_notification": "perhaps"}}, "must be a Boolean"),
        ("x", {"api_kwargs": {"link_preview_options": {"on": True}}}, "unknown ['on']"),
    ],
)  # fmt: skip
async def test_what_telegram_would_refuse_is_refused(api, bot, text, more, error):
    with pytest.raises(BadRequest) as e:
        await bot.send_message(7, text, **more)
    assert error.lower() in str(e.value).lower()
    assert api.shown(7) == []
    assert len(api.refused) == 1


async def test_a_message_of_exactly_4096_characters_is_taken_whatever_its_markup(api, bot):
    await bot.send_message(7, "<b>" + "&lt;" * 4096 + "</b>", parse_mode="HTML")
    assert api.shown(7)[0].text == "<" * 4096


async def test_an_edit_that_changes_nothing_and_one_of_nothing_are_refused(api, bot):
    sent = await bot.send_message(7, "<b>x</b>", parse_mode="HTML")
    with pytest.raises(BadRequest, match="essage is not modified: specified new message content"):
        await bot.edit_message_text("<strong>x</strong>", 7, sent.message_id, parse_mode="HTML")
    with pytest.raises(BadRequest, match="essage to edit not found"):
        await bot.edit_message_text("y", 7, 404)
    theirs = api.say(7, "hello")
    with pytest.raises(BadRequest, match="essage can't be edited"):
        await bot.edit_message_text("y", 7, theirs)


async def test_closed_chats_say_why(api, bot):
    with pytest.raises(BadRequest, match="hat not found"):
        await bot.send_message(404, "x")
    api.block(7)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(7, "x")
    api.unblock(7)
    await bot.send_message(7, "x")
    api.add_group(-5, kind="group", creator=ANI)
    api.block(-5)
    with pytest.raises(Forbidden, match="bot was kicked from the group chat"):
        await bot.send_message(-5, "x")
    api.unblock(-5)
    api.migrate(-5, -1005)
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(-5, "x")
    assert moved.value.new_chat_id == -1005


async def test_files_are_kept_and_can_be_fetched_again(api, bot):
    sent = await bot.send_document(7, b"watch;hits\n", filename="watches.csv", caption="Yours")
    file = await bot.get_file(sent.document.file_id)
    assert bytes(await file.download_as_bytearray()) == b"watch;hits\n"
    assert api.shown(7)[0].text == "Yours"
    with pytest.raises(BadRequest, match=r"(?i)image_process_failed"):
        await bot.send_photo(7, b"no picture")


# -- updates ------------------------------------------------------------------------------------


async def test_what_people_do_comes_as_updates_until_it_is_confirmed(api, bot):
    api.say(7, "/watch@outpost_test_bot port")
    first = await bot.get_updates(timeout=2)
    again = await bot.get_updates(timeout=2)
    assert [u.update_id for u in first] == [u.update_id for u in again]
    message = first[0].message
    assert message.from_user.language_code == "hy"
    assert message.parse_entities() == {message.entities[0]: "/watch@outpost_test_bot"}

    assert await bot.get_updates(offset=first[0].update_id + 1) == ()
    assert api.pending() == 0


async def test_a_long_poll_waits_and_answers_at_once_when_something_comes(api, bot):
    poll = asyncio.create_task(bot.get_updates(timeout=3))
    await asyncio.sleep(0.2)
    began = time.monotonic()
    api.say(7, "/help")
    [update] = await poll
    assert update.message.text == "/help"
    assert time.monotonic() - began < 1


async def test_the_older_of_two_pollers_is_told_of_the_other(api, bot):
    poll = asyncio.create_task(bot.get_updates(timeout=3))
    await asyncio.sleep(0.2)
    assert await bot.get_updates(timeout=0) == ()
    with pytest.raises(Conflict, match="terminated by other getUpdates request"):
        await poll


async def test_a_tap_must_be_answered_and_only_once(api, bot):
    keyboard = telegram.InlineKeyboardMarkup(
        [[telegram.InlineKeyboardButton("Stop", callback_data="unwatch:1")]]
    )
    sent = await bot.send_message(7, "x", reply_markup=keyboard)
    query_id = api.tap(7, sent.message_id, "Stop")
    [update] = await bot.get_updates(timeout=2)
    assert (update.callback_query.data, update.callback_query.message.message_id) == (
        "unwatch:1",
        sent.message_id,
    )
    assert api.answer_of(query_id) is None
    await update.callback_query.answer("Stopped")
    assert api.answer_of(query_id) == {"text": "Stopped"}
    with pytest.raises(BadRequest, match="uery is too old and response timeout expired"):
        await update.callback_query.answer()


async def test_joining_blocking_and_reacting_are_told_to_those_who_listen(api, bot):
    api.add_group(-100, creator=ANI)
    api.block(7)
    sent_to = api.chat(-100)
    message = await bot.send_message(-100, "x")
    api.react(-100, message.message_id, "👎", ANI)
    updates = await bot.get_updates(timeout=1)
    assert [u.my_chat_member.new_chat_member.status for u in updates] == ["member", "kicked"]
    assert sent_to.title == "Newsroom"

    api.unblock(-100)
    api.set_bot(-100, "administrator")
    await bot.get_updates(offset=updates[-1].update_id + 3, allowed_updates=["message_reaction"])
    api.react(-100, message.message_id, "👎", ANI)
    [update] = await bot.get_updates(timeout=1)
    assert update.message_reaction.new_reaction[0].emoji == "👎"


async def test_in_a_group_the_bot_hears_commands_but_not_talk(api, bot):
    api.add_group(-100, creator=ANI)
    api.say(-100, "good morning", ANI)
    api.say(-100, "/help@some_other_bot", ANI)
    api.say(-100, "/help", ANI, anonymous=True)
    updates = await bot.get_updates(timeout=1, allowed_updates=["message"])
    [message] = [u.message for u in updates if u.message]
    assert (message.text, message.sender_chat.id) == ("/help", -100)


async def test_members_and_menus(api, bot):
    api.add_group(-100, creator=ANI)
    api.say(-100, "/help", User(8, "Boris"))
    assert (await bot.get_chat_member(-100, 7)).status == "creator"
    assert (await bot.get_chat_member(-100, 8)).status == "member"
    assert [m.user.id for m in await bot.get_chat_administrators(-100)] == [7]
    assert (await bot.get_chat(-100)).title == "Newsroom"

    scope = telegram.BotCommandScopeChat(7)
    await bot.set_my_commands([("watch", "Watch for words")], scope=scope)
    assert [c.command for c in await bot.get_my_commands(scope=scope)] == ["watch"]
    assert await bot.get_my_commands() == ()
    with pytest.raises(BadRequest, match=r"(?i)bot_command_invalid"):
        await bot.set_my_commands([("Watch", "x")])
    with pytest.raises(BadRequest, match=r"(?i)bot_command_description_invalid"):
        await bot.set_my_commands([("watch", "x" * 257)])
    assert await bot.leave_chat(-100)
    with pytest.raises(Forbidden, match="bot is not a member of the supergroup chat"):
        await bot.send_message(-100, "x")


# -- trouble ------------------------------------------------------------------------------------


async def test_a_wrong_token_is_unauthorized_and_an_unknown_method_unknown(api, bot):
    stranger = telegram.Bot("1:wrong", base_url=f"{api.url}/bot")
    with pytest.raises(InvalidToken):
        await stranger.initialize()
    await stranger.shutdown()
    with pytest.raises(telegram.error.EndPointNotFound):
        await bot.do_api_request("fly")


async def test_flood_limits_are_enforced_where_asked(api, bot):
    api.flood = FloodGate(burst=2)
    await bot.send_message(7, "1")
    sent = await bot.send_message(7, "2")
    with pytest.raises(RetryAfter) as e:
        await bot.edit_message_text("3", 7, sent.message_id)
    assert e.value._retry_after.total_seconds() == 1
    assert len(api.shown(7)) == 2
    assert len(api.flood.violations) == 1


def test_the_gate_counts_seconds_overall_and_minutes_per_group():
    gate = FloodGate()
    assert [gate.wait_s(chat, now=0.0) for chat in range(1, 31)] == [0.0] * 30
    assert gate.wait_s(99, now=0.5) == pytest.approx(0.5)
    assert gate.wait_s(99, now=1.01) == 0
    assert [gate.wait_s(-1, now=2 + n * 2.0) for n in range(20)] == [0.0] * 20
    assert gate.wait_s(-1, now=42.0) == pytest.approx(20.0)
    assert gate.peak == 30


@pytest.mark.parametrize(
    ("kind", "error", "shown"),
    [
        ("drop_before", NetworkError, 0),
        ("drop_after", NetworkError, 1),
        ("status_before", NetworkError, 0),
        ("status_after", NetworkError, 1),
        ("garbage_before", TelegramError, 0),
        ("garbage_after", TelegramError, 1),
        ("slow_after", NetworkError, 1),
        ("flood", RetryAfter, 0),
    ],
)
async def test_a_fault_spoils_one_call_before_or_after_it_took_effect(api, bot, kind, error, shown):
    api.faults.append(Fault(kind, "sendMessage", delay_s=1.5))
    with pytest.raises(error):
        await bot.send_message(7, "x")
    assert len(api.shown(7)) == shown
    assert api.lost_answers == (1 if kind.endswith("_after") else 0)
    await bot.send_message(7, "y")


async def test_the_server_can_go_down_and_come_back_on_its_port(api, bot):
    await bot.send_message(7, "x")
    api.close()
    with pytest.raises(NetworkError):
        await bot.send_message(7, "y")
    api.open()
    await bot.send_message(7, "z")
    assert [m.text for m in api.shown(7)] == ["x", "z"]


def test_the_published_specification_is_the_judge(shared_data):
    spec = Spec()
    assert len(spec.methods) > 150
    assert spec.method("sendmessage") == "sendMessage"
    read = spec.read("sendMessage", {"chat_id": "7", "text": "9", "disable_notification": "true"})
    assert read == {"chat_id": 7, "text": "9", "disable_notification": True}
    markup = {"inline_keyboard": [[{"text": "x", "callback_data": "y"}]]}
    read = spec.read("sendMessage", {"chat_id": 7, "text": "", "reply_markup": json.dumps(markup)})
    assert read["reply_markup"] == markup


async def test_the_people_can_be_played_over_http_too(api, bot):
    """As when the server is a process of its own."""
    async with httpx.AsyncClient(base_url=f"{api.url}/control") as control:
        said = await control.post("/say", json={"chat_id": 7, "text": "/start"})
        assert said.json() == 1
        await bot.send_message(7, "hello")
        shown = await control.post("/shown", json={"chat_id": 7})
        assert [m["text"] for m in shown.json()] == ["hello"]
        assert (await control.post("/flood")).json()["refused"] == []
        assert (await control.post("/fly")).status_code == 404


# -- groups, topics, channels -------------------------------------------------------------------

FORUM, CHANNEL = -1005, -1006


@pytest.fixture
def docks(api):
    api.add_group(FORUM, creator=ANI, is_forum=True)
    return api.add_topic(FORUM, "Docks")


async def test_a_topic_is_written_to_by_its_id_and_general_by_none(api, bot, docks):
    sent = await bot.send_message(FORUM, "x", message_thread_id=docks)
    assert (sent.message_thread_id, sent.is_topic_message) == (docks, True)
    assert (await bot.send_message(FORUM, "x")).message_thread_id is None
    for wrong in (1, docks + 50):
        with pytest.raises(BadRequest, match="essage thread not found"):
            await bot.send_message(FORUM, "x", message_thread_id=wrong)


async def test_a_topic_exists_in_forums_alone(api, bot):
    api.add_group(-100, creator=ANI)
    with pytest.raises(BadRequest, match="essage thread not found"):
        await bot.send_message(-100, "x", message_thread_id=5)


async def test_a_closed_topic_is_for_those_who_manage_topics(api, bot, docks):
    for thread_id, named in ((docks, docks), (0, None)):
        api.close_topic(FORUM, thread_id)
        with pytest.raises(BadRequest, match="opic_closed"):
            await bot.send_message(FORUM, "x", message_thread_id=named)
    api.set_bot(FORUM, "administrator")
    with pytest.raises(BadRequest, match="opic_closed"):
        await bot.send_message(FORUM, "x")
    api.set_bot(FORUM, "administrator", rights=frozenset(["can_manage_topics"]))
    await bot.send_message(FORUM, "x")


async def test_a_deleted_topic_is_not_found_and_takes_its_messages_along(api, bot, docks):
    sent = await bot.send_message(FORUM, "x", message_thread_id=docks)
    api.delete_topic(FORUM, docks)
    with pytest.raises(BadRequest, match="essage thread not found"):
        await bot.send_message(FORUM, "x", message_thread_id=docks)
    with pytest.raises(BadRequest, match="essage to edit not found"):
        await bot.edit_message_text("y", FORUM, sent.message_id)


async def test_topics_are_told_of_with_each_message_and_general_is_not(api, bot, docks):
    api.say(FORUM, "/help", ANI, thread_id=docks)
    before = api.say(FORUM, "/help", ANI)
    api.say(FORUM, "/help@outpost_test_bot", ANI, reply_to=before)
    updates = await bot.get_updates()
    made, there, here, answer = [u.message for u in updates if u.message]
    assert made.forum_topic_created.name == "Docks"
    assert (there.message_thread_id, there.is_topic_message) == (docks, True)
    assert there.reply_to_message.forum_topic_created.name == "Docks"
    assert (here.message_thread_id, here.is_topic_message) == (None, None)
    assert (answer.message_thread_id, answer.is_topic_message) == (before, None)  # as Telegram does


async def test_only_an_administrator_who_may_post_writes_in_a_channel(api, bot):
    api.add_group(CHANNEL, "Herald", kind="channel", creator=ANI, username="herald")
    await bot.send_message("@herald", "x")
    api.set_bot(CHANNEL, "administrator", rights=frozenset())
    with pytest.raises(BadRequest, match="eed administrator rights in the channel chat"):
        await bot.send_message(CHANNEL, "x")
    api.block(CHANNEL)
    with pytest.raises(Forbidden, match="kicked from the channel chat"):
        await bot.send_message(CHANNEL, "x")


async def test_what_a_channel_says_is_no_message_of_a_person(api, bot):
    api.add_group(CHANNEL, "Herald", kind="channel", creator=ANI)
    api.say(CHANNEL, "news", ANI)
    post = (await bot.get_updates())[-1].channel_post
    assert (post.from_user, post.sender_chat.id) == (None, CHANNEL)


async def test_a_bot_without_rights_in_a_group_is_told_so(api, bot):
    api.add_group(-100, creator=ANI, silenced=True)
    assert not (await bot.get_chat(-100)).permissions.can_send_messages
    with pytest.raises(BadRequest, match="ot enough rights to send text messages to the chat"):
        await bot.send_message(-100, "x")
    api.set_bot(-100, "administrator")
    await bot.send_message(-100, "x")
    api.set_bot(-100, "restricted")
    change = (await bot.get_updates())[-1].my_chat_member
    assert not change.new_chat_member.can_send_messages
    with pytest.raises(BadRequest, match="ot enough rights"):
        await bot.send_message(-100, "x")


async def test_a_stranger_is_not_written_to_first(api, bot):
    api.stranger(User(9, "Nino"))
    with pytest.raises(Forbidden, match="can't initiate conversation"):
        await bot.send_message(9, "x")
    api.say(9, "/start")
    await bot.send_message(9, "x")


async def test_who_hides_behind_a_chat_is_told_by_that_chat(api, bot):
    api.add_group(CHANNEL, "Herald", kind="channel", creator=ANI)
    api.add_group(-100, creator=ANI)
    api.say(-100, "/help", ANI, anonymous=True)
    api.say(-100, "/help", ANI, as_channel=CHANNEL)
    admin, channel = [u.message for u in await bot.get_updates() if u.message]
    assert (admin.from_user.username, admin.sender_chat.id) == ("GroupAnonymousBot", -100)
    assert (channel.from_user.username, channel.sender_chat.id) == ("Channel_Bot", CHANNEL)


async def test_reactions_in_a_group_are_told_to_an_administrator_alone(api, bot):
    api.add_group(-100, creator=ANI)
    sent = await bot.send_message(-100, "x")
    await bot.get_updates(allowed_updates=["message_reaction"])
    api.react(-100, sent.message_id, "👎", ANI)
    assert not [u for u in await bot.get_updates() if u.message_reaction]
    api.set_bot(-100, "administrator")
    api.react(-100, sent.message_id, "👎", ANI)
    assert [u for u in await bot.get_updates() if u.message_reaction]
