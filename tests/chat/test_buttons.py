"""Every button that is shown can be pressed: found by pressing them all, over HTTP, until none is new."""

import re
from collections import deque

import pytest

from bot import texts
from bot.app import COMMANDS
from tests.chat.live import silence, until
from tests.chat.test_everywhere import ADMIN, ANI, ROOMS, STALE, entered, world  # noqa: F401 - a fixture

TYPED = (
    "/start", "/watches", "/settings", "/digest", "/quiet", "/pause", "/export", "/search harbour",
    "/trend harbour", "/watch Lachin", "/watch port OR quay", "/watch порт", "/watch (quay",
    "/wacth tug", "harbour", "/lang", "/timezone", "/timezone San", "/stop", "/help",
)  # fmt: skip
LAST = ("unwatch", "cancel", "drop", "pack", "unmute", "forget")  # after what they would end
# Under no message that such a chat is shown here: test_everywhere presses them, or says why not.
RARE = {
    "react", "post", "unite", "turn", "open", "opml", "prospect", "enter", "narrow", "broad", "fired",
    "forget", "packs", "pack",
}  # fmt: skip
# An admin's menu before that admin has spoken; a choice that was chosen already.
INNOCENT = ("setMyCommands", "message is not modified")
MOST = 400


def kind_of(data):
    """Return what kind of button it is: a number, or one of a list, is like any other."""
    name, _, argument = re.sub(r"^for:\d+:", "", data).partition(":")
    if name in ("lang", "timezone", "pack", "where", "name_off", "form_off", "watch"):
        argument = re.sub(r":[^:]+$", ":x", argument) if name != "watch" else "x"
    if name in ("card", "names", "form_list"):
        return name, argument  # of each watch
    return name, re.sub(r"[0-9a-f]{8}|\d+", "n", argument)


class Presser:
    """Presses what it has not pressed yet, what ends things last."""

    def __init__(self, room):
        self.room, self.api = room, room.api
        self.seen, self.pressed, self.faults = set(), [], []
        self.ready, self.later = deque(), deque()

    def look(self):
        for message in self.api.shown(self.room.chat_id):
            for row in message.buttons:
                for button in row:
                    data = button.get("callback_data")
                    if data and kind_of(data) not in self.seen:
                        self.seen.add(kind_of(data))
                        ends = kind_of(data)[0] in LAST
                        (self.later if ends else self.ready).append((message.message_id, data))

    async def press_all(self):
        self.look()
        while self.ready or self.later:
            message_id, data = (self.ready or self.later).popleft()
            await self.press(message_id, data)
            self.look()
            assert len(self.pressed) < MOST

    async def press(self, message_id, data):
        if kind_of(data)[0] == "forget":
            return
        shown = self.api.chat(self.room.chat_id).messages[message_id]
        query = self.api.in_loop(self.api.world.press, shown, data, ANI)
        await until(lambda: self.api.answer_of(query) is not None)
        await silence(self.api, self.room.store)
        said = self.api.answer_of(query).get("text", "")
        newest = self.api.shown(self.room.chat_id)[-1].text
        if texts.say("en", "command.failed") in (said, newest) or STALE in said:
            self.faults.append(f"{data}: {said!r} {newest[:80]!r}")
        self.pressed.append(data)


@pytest.mark.parametrize("kind", ROOMS)
@pytest.mark.timeout(300)
async def test_every_button_that_is_shown_can_be_pressed(world, bot_api, kind):  # noqa: F811 - fixtures
    room = await entered(world, bot_api, kind)
    presser = Presser(room)
    for line in TYPED:
        about = room.line("", line) if kind == "channel" and line.startswith("/watch") else line
        await room.do(about, ANI)
        presser.look()
    await room.do(room.filled("why:{alert}") if kind == "private" else "keep", ANI)
    await presser.press_all()
    assert presser.faults == []
    assert [r for r in bot_api.refused if not any(word in r for word in INNOCENT)] == []
    if kind == "private":
        untyped = {c.name for c in COMMANDS if not c.typed}
        assert untyped - RARE - {kind_of(data)[0] for data in presser.pressed} == set()
    assert ADMIN.id not in bot_api.world.chats or not bot_api.shown(ADMIN.id)
