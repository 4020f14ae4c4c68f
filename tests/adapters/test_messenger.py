"""What Telegram's answers mean: the real library, over HTTP, against the strict server."""

import logging
import os

import pytest

from bot.adapters import messenger as messenger_module
from bot.adapters.messenger import TelegramMessenger, open_bot, plain
from bot.domain.model import Button, Message, Outcome, Sent
from tests.e2e.telegram_chats import Fault, FloodGate

HELLO = Message(
    "<b>Port</b> shut", ((Button("Stop", "unwatch:1"), Button("Read", url="https://a.am/1")),)
)


@pytest.fixture
async def messenger(bot_api, monkeypatch):
    monkeypatch.setattr(messenger_module, "READ_TIMEOUT_S", 0.5)
    bot_api.person(7)
    bot = open_bot(bot_api.token, bot_api.url)
    yield TelegramMessenger(bot)
    await bot.shutdown()


async def test_a_message_is_shown_bold_with_buttons_and_without_preview(bot_api, messenger):
    outcome = await messenger.send(7, HELLO)

    [shown] = bot_api.shown(7)
    assert outcome == Outcome(Sent.OK, message_id=shown.message_id)
    assert (shown.text, shown.entities) == (
        "Port shut",
        [{"type": "bold", "offset": 0, "length": 4}],
    )
    assert shown.labels() == ["Stop", "Read"]
    assert (shown.preview, shown.silent) == (False, False)


async def test_a_silent_message_makes_no_sound(bot_api, messenger):
    await messenger.send(7, Message("x", silent=True))
    assert bot_api.shown(7)[0].silent


async def test_an_edit_replaces_text_and_buttons(bot_api, messenger):
    sent = await messenger.send(7, HELLO)
    outcome = await messenger.edit(7, sent.message_id, Message("Port open"))

    [shown] = bot_api.shown(7)
    assert outcome == Outcome(Sent.OK, message_id=sent.message_id)
    assert (shown.text, shown.labels(), shown.preview) == ("Port open", [], False)


async def test_an_edit_that_changes_nothing_is_a_success(bot_api, messenger):
    sent = await messenger.send(7, HELLO)
    assert await messenger.edit(7, sent.message_id, HELLO) == Outcome(Sent.OK, sent.message_id)
    assert bot_api.shown(7)[0].edits == 0


async def test_an_edit_of_a_message_that_was_deleted_is_refused_and_says_why(bot_api, messenger):
    outcome = await messenger.edit(7, 99, HELLO)
    assert outcome.sent is Sent.REFUSED
    assert "message to edit not found" in outcome.detail.lower()


async def test_a_message_goes_to_its_topic(bot_api, messenger):
    bot_api.add_group(-100, is_forum=True)
    docks = bot_api.add_topic(-100, "Docks")
    await messenger.send(-100, HELLO, thread_id=docks)
    assert bot_api.shown(-100)[0].thread_id == docks


async def test_a_topic_that_is_closed_or_deleted_is_not_the_whole_chats_end(bot_api, messenger):
    bot_api.add_group(-100, is_forum=True)
    docks = bot_api.add_topic(-100, "Docks")
    bot_api.close_topic(-100, docks)
    assert (await messenger.send(-100, HELLO, thread_id=docks)).sent is Sent.TOPIC_CLOSED
    bot_api.delete_topic(-100, docks)
    assert (await messenger.send(-100, HELLO, thread_id=docks)).sent is Sent.TOPIC_GONE
    assert (await messenger.send(-100, HELLO)).sent is Sent.OK


async def test_a_chat_that_blocked_the_bot_is_gone_and_says_why(bot_api, messenger):
    bot_api.block(7)
    outcome = await messenger.send(7, HELLO)
    assert outcome.sent is Sent.GONE
    assert "blocked by the user" in outcome.detail


async def test_a_chat_nobody_knows_is_gone(bot_api, messenger):
    assert (await messenger.send(404, HELLO)).sent is Sent.GONE


async def test_a_channel_where_the_bot_may_not_write_is_gone(bot_api, messenger):
    bot_api.add_group(-100, kind="channel", rights=frozenset())
    assert (await messenger.send(-100, HELLO)).sent is Sent.GONE


async def test_a_group_that_became_a_supergroup_has_moved(bot_api, messenger):
    bot_api.add_group(-5, kind="group")
    bot_api.migrate(-5, -1005)
    outcome = await messenger.send(-5, HELLO)
    assert (outcome.sent, outcome.new_chat_id) == (Sent.MOVED, -1005)


async def test_a_flood_limit_says_how_long_to_wait(bot_api, messenger):
    bot_api.flood = FloodGate(burst=0)  # full at once, however slow this machine is
    outcome = await messenger.send(7, HELLO)
    assert (outcome.sent, outcome.retry_after_s) == (Sent.LATER, 1)


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("drop_before", 0),
        ("drop_after", 1),
        ("status_before", 0),
        ("status_after", 1),
        ("garbage_before", 0),
        ("garbage_after", 1),
        ("slow_after", 1),
    ],
)
async def test_an_answer_that_never_came_or_cannot_be_read_is_uncertain(
    bot_api, messenger, kind, shown
):
    bot_api.faults.append(Fault(kind, delay_s=0.8))
    outcome = await messenger.send(7, HELLO)
    assert outcome.sent is Sent.UNCERTAIN
    assert len(bot_api.shown(7)) == shown
    assert bot_api.token not in outcome.detail


async def test_a_request_that_never_left_is_tried_later(bot_api, messenger):
    bot_api.close()
    assert (await messenger.send(7, HELLO)).sent is Sent.LATER


async def test_a_token_that_is_refused_keeps_the_message_and_the_secret(bot_api, messenger):
    bot_api.token = "1:other"
    outcome = await messenger.send(7, HELLO)
    assert outcome == Outcome(Sent.LATER, detail="Telegram refuses the token")


async def test_what_telegram_cannot_parse_goes_out_as_plain_text(bot_api, messenger):
    outcome = await messenger.send(7, Message("<b>Fish & chips &lt;1 < 2</b>", HELLO.buttons))
    [shown] = bot_api.shown(7)
    assert outcome.sent is Sent.OK
    assert "can't parse entities" in outcome.detail.lower()
    assert shown.text == "Fish & chips <1 < 2"
    assert shown.labels() == ["Stop", "Read"]


async def test_what_is_too_long_is_cut_instead_of_lost(bot_api, messenger):
    outcome = await messenger.send(7, Message("😀" * 3000))
    assert outcome.sent is Sent.OK
    assert bot_api.shown(7)[0].text == "😀" * 2047 + "…"


async def test_buttons_telegram_refuses_do_not_cost_the_message(bot_api, messenger):
    broken = Message("<b>x</b>", ((Button("Read", url="nonsense"),),))
    outcome = await messenger.send(7, broken)
    assert outcome.sent is Sent.OK
    assert bot_api.shown(7)[0].text == "x"


async def test_half_a_character_does_not_stop_a_message(bot_api, messenger):
    assert (await messenger.send(7, Message("x \ud83d y"))).sent is Sent.OK
    assert bot_api.shown(7)[0].text == "x ? y"


async def test_an_empty_message_is_refused_for_good(bot_api, messenger):
    assert (await messenger.send(7, Message(" "))).sent is Sent.REFUSED


async def test_the_token_never_reaches_the_log(bot_api, messenger, caplog):
    caplog.set_level(logging.DEBUG, logger="bot")
    logging.getLogger().setLevel(logging.INFO)
    bot_api.faults.append(Fault("garbage_after"))
    await messenger.send(7, HELLO)
    await messenger.send(7, HELLO)
    assert bot_api.token not in caplog.text


def test_plain_text_keeps_what_only_looks_like_markup():
    assert plain("a < b &amp; <i>c</i> > d") == "a < b & c > d"


def test_flood_limits_come_without_a_warning():
    assert os.environ["PTB_TIMEDELTA"] == "1"
