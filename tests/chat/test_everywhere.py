"""Every command, button and mistake in every kind of chat: over HTTP, through the real library.

A command of the product that has no line in CASES fails: say there what it answers, and it is tried in a
private chat, a group, a topic of a forum, and for a channel.
"""

import re
from dataclasses import dataclass, replace

import pytest

from bot.adapters.messenger import TelegramMessenger, open_bot
from bot.app import COMMANDS
from bot.chat.desk import Desk
from bot.chat.naming import key_of
from bot.domain.model import ChatKind
from bot.store import alerts, archive, prospects, subscribers, updates, watches
from bot.store.prospects import Given
from tests.chat.live import now, silence, talking, until
from tests.e2e.telegram_chats import User
from tests.world import World

ADMIN, ANI, BORIS = User(1, "Olga"), User(7, "Ani"), User(8, "Boris")
GROUP, FORUM, CHANNEL = -100500001, -100500002, -100500003
STRIKE = (
    "Dockers in the harbour of Port Elva began a strike on Monday, and no ship was unloaded. " * 3
)

STALE = "no longer works"
NOT_YOURS = "Only an administrator"
NOT_ADMIN = "for those who run this bot"


@dataclass(frozen=True)
class Case:
    """What is said or tapped, and what is to be read then. Patterns are searched for in screens and toasts.

    In them {watch} is a watch of that chat, {alert} its alert. wrong, error: a mistake and the answer to it.
    """

    right: str
    says: str
    wrong: str = ""
    error: str = ""
    away: str = ""  # what is to be read where it is asked for a channel, if that is another thing


# By the command's name. A line begins with / where it is typed; else it is a button's data.
CASES = {
    "watch": Case("/watch quay", "Watching for quay", "/watch (quay", "quay"),
    "edit": Case("/edit {watch} crane", "crane", "/edit 999 crane", "999"),
    "kept": Case("kept:{watch}", "Watching for", "kept:999", STALE),
    "cancel": Case("cancel:{watch}", "Stopped", "cancel:999", STALE),
    "narrow": Case("narrow:{watch}:title", "title:", "narrow:999:title", STALE),
    "broad": Case("broad:{search}:all", "Watching for", "broad:999:all", STALE),
    "name": Case("/name {watch} Docks", "Docks", "/name 999 Docks", "999"),
    "alias": Case("/alias {watch} Berdzor", "Other names", "/alias 999 Berdzor", "999"),
    "card": Case("card:{watch}", "harbour", "card:999", STALE),
    "where": Case("where:{watch}:country", "harbour", "where:x", STALE),
    "names": Case("names:{watch}", ".", "names:999", STALE),
    "name_off": Case("name_off:{aliased}:{name}", "▫️|How I", "name_off:{watch}:0", STALE),
    "forms": Case("forms:{watch}:0", "How I understand", "forms:999:0", STALE),
    "form_list": Case("form_list:{inflected}", "forms by which", "form_list:999", STALE),
    "form_off": Case("form_off:{inflected}:{form}", "forms by which", "form_off:{watch}:x", STALE),
    "watches": Case("/watches", "harbour"),
    "unwatch": Case("/unwatch {watch}", "Stopped", "/unwatch 999", "999"),
    "pause": Case("/pause 8h", "Paused|paused|until", "/pause soon", "/pause"),
    "resume": Case("/resume", "again|on"),
    "story": Case("/story", "Port at a standstill", "/story nonsense", "story|alert"),
    "why": Case("/why", "harbour", "/why nonsense", "Which one"),
    "mute": Case("/mute", "Port at a standstill", away="Which one"),
    "unmute": Case("unmute:{alert}", ".", "unmute:999", STALE),
    "fired": Case("fired:{alert}", "Which of these watches", "fired:999", STALE),
    "no": Case("no:{alert}", "Thank|Noted|noted", "no:999", STALE),
    "nocopy": Case("nocopy:{alert}:{copy}", ".", "nocopy:999:1", STALE),
    "open": Case("open:{alert}", "Port at a standstill", "open:999", STALE),
    "turn": Case("turn:999:1", STALE),  # its pages are turned in test_hours.py
    "react": Case("react:{message}+", "", "react:x", ""),
    "search": Case("/search harbour", "Port at a standstill", "/search", "/search"),
    "trend": Case("/trend harbour", ".", "/trend", "/trend"),
    "share": Case("/share {watch}", "start=w_", "/share 999", "999"),
    "export": Case("/export csv", "watch", "/export tape", "."),
    "import": Case("/import lamp", "1", "/import", "/import|/export"),
    "packs": Case("packs", "."),
    "pack": Case("pack:GE", ".", "pack:XX", STALE),
    "channels": Case("/channels", "channel|Channel"),
    "post": Case("post:{message}", "Port at a standstill", "post:x", "."),
    "digest": Case("/digest hourly", "once an hour", "/digest weekly", "weekly"),
    "quiet": Case("/quiet 22:00-7:00", "22:00", "/quiet 25-7", "25-7"),
    "settings": Case("/settings", "Language: English"),
    "preview": Case("/preview on", "preview of the article"),
    "lang": Case("/lang en", "English", "/lang tlh", "tlh"),
    "timezone": Case("/timezone Tbilisi", "Tbilisi", "/timezone Xyzzyx", "Xyzzyx"),
    "help": Case("/help", "/watch"),
    "start": Case("/start", "watch"),
    "stop": Case("/stop", "forget|Forget"),
    "drop": Case("drop:{watch}:1", "Stopped|harbour", "drop:x", STALE),
    "unite": Case("unite:{topic}", "Docks", "unite:999", STALE),
    "keep": Case("keep", "."),
    "log": Case("/log", "Port at a standstill"),
    "outlets": Case("/outlets", "Daily Echo"),
    "addoutlet": Case("/addoutlet https://a.example/rss", "a.example", "/addoutlet", "/addoutlet"),
    "opml": Case("opml", "."),
    "prospect": Case("prospect:{prospect}:no", ".", "prospect:999:all", STALE),
    "verdicts": Case("/verdicts", "."),
    "missed": Case("/missed harbour", ".", "/missed", "/missed"),
    "console": Case("/console", "/enter|private"),
    "enter": Case("/enter", ".", "", ""),
    # The last of all: nothing is left after it.
    "forget": Case("forget", "forgotten|Forgotten|deleted"),
}
BY_COMMAND = {c.name: c for c in COMMANDS}
ORDER = [n for n in CASES if n != "unite"]  # of a forum alone


def test_every_command_has_its_place():
    assert set(CASES) == set(BY_COMMAND)
    assert {n for n, c in CASES.items() if c.right.startswith("/")} == {
        n for n, c in BY_COMMAND.items() if c.typed
    }


class Room:
    """One kind of chat: where people speak, and whom they speak for."""

    def __init__(self, api, store, kind, *, chat_id, about, thread_id=0):
        self.api, self.store, self.kind = api, store, kind
        self.chat_id, self.about, self.thread_id = chat_id, about, thread_id
        self.fresh, self.faults = [], []

    @property
    def subscriber(self):
        return self.store.call(subscribers.find, self.about, self.thread_id)

    def filled(self, line):
        """Put numbers in: of a new watch, of the alert there is."""
        here = self.subscriber
        known = {
            "watch": lambda: self.store.call(watches.add, here.id, "harbour AND port", now()).id,
            "search": lambda: self.store.call(archive.note_search, here.id, "tug", now()),
            "prospect": lambda: self.store.call(
                prospects.propose,
                chat_id=self.chat_id,
                thread_id=None,
                language="en",
                url="https://a.example/",
                given=Given(),
                found=(),
                now=now(),
            ),
            "alert": lambda: self.alert.alert.id,
            "message": lambda: self.alert.alert.message_id,
            "copy": lambda: 2,
            "inflected": lambda: self.store.call(watches.add, here.id, "порт", now()).id,
            "aliased": lambda: self.aliased(here.id),
            "name": lambda: key_of("Berdzor"),
            "form": lambda: key_of("порта"),
            "topic": lambda: self.thread_id or 999,
        }
        return re.sub(r"\{(\w+)\}", lambda m: str(known[m[1]]()), line)

    def aliased(self, subscriber_id):
        watch = self.store.call(watches.add, subscriber_id, "harbour AND port", now())
        self.store.call(watches.change, replace(watch, own=("harbour=Berdzor",)))
        return watch.id

    @property
    def alert(self):
        told = self.store.call(alerts.by_story, self.subscriber.id, 1)
        assert told
        return told

    def screens(self):
        return {m.message_id: (m.text, m.edits) for m in self.api.shown(self.chat_id)}

    async def do(self, line, user):
        """Say or tap it; return all that is new to read then, toasts included."""
        before = self.screens()
        toast = ""
        if line.startswith("/"):
            replied = line.split()[0] in ("/story", "/why", "/mute") and " " not in line
            reply_to = self.alert.alert.message_id if replied and self.kind != "channel" else None
            thread = self.thread_id or None
            self.api.say(self.chat_id, line, user, reply_to=reply_to, thread_id=thread)
        else:
            toast = await self.tap(line, user)
        await silence(self.api, self.store)
        self.fresh = [m for m in self.api.shown(self.chat_id) if m.message_id not in before]
        new = [text for key, (text, n) in self.screens().items() if before.get(key) != (text, n)]
        return "\n".join([toast, *new]).strip()

    async def tap(self, data, user):
        last = [m for m in self.api.shown(self.chat_id) if m.thread_id == (self.thread_id or None)][
            -1
        ]
        query = self.api.in_loop(self.api.world.press, last, data, user)
        await until(lambda: self.api.answer_of(query) is not None)
        return self.api.answer_of(query).get("text", "")

    def line(self, name, line):
        """Return what to say here: for a channel it is said for that, from a private chat."""
        if self.kind != "channel":
            return line
        if line.startswith("/"):
            word, _, rest = line.partition(" ")
            return f"{word} @herald {rest}".strip()
        return f"for:{self.subscriber.id}:{line}"

    async def expect(self, name, line, pattern, user):
        said = self.line(name, self.filled(line))
        read = await self.do(said, user)
        if (pattern and not re.search(pattern, read)) or (bool(pattern) is not bool(read)):
            self.faults.append(f"{said!r}: no {pattern!r} in {read!r}")
        if any(m.thread_id != (self.thread_id or None) for m in self.fresh):
            self.faults.append(f"{said!r}: answered in another topic")


ROOMS = {
    "private": {"chat_id": ANI.id, "about": ANI.id},
    "group": {"chat_id": GROUP, "about": GROUP},
    "topic": {"chat_id": FORUM, "about": FORUM},
    "channel": {"chat_id": ANI.id, "about": CHANNEL},
}


@pytest.fixture
async def world(tmp_path, bot_api):
    """People, their chats, and a desk that answers them; each chat was told of one story."""
    world = World(f"sqlite:///{tmp_path / 'everywhere.db'}")
    for person in (ADMIN, ANI, BORIS):
        bot_api.person(person)
    desk = Desk(world.store, COMMANDS, admins={ADMIN.id}, names=world.pipeline.lookout.names)
    bot = open_bot(bot_api.token, bot_api.url)
    world.messenger = TelegramMessenger(bot)
    world.pipeline = world.new_process()
    async with talking(bot_api, desk):
        yield world
    await bot.shutdown()
    world.store.close()


async def entered(world, api, kind):
    """Return a room in which the bot was met, a watch set, and a story told with one copy."""
    room = Room(api, world.store, kind, **ROOMS[kind])
    if kind == "group":
        api.add_group(GROUP, creator=ANI)
    elif kind == "topic":
        api.add_group(FORUM, creator=ANI, is_forum=True)
        room.thread_id = api.add_topic(FORUM, "Docks")
    elif kind == "channel":
        api.say(ANI.id, "/start")
        await silence(api, world.store)
        api.add_group(CHANNEL, "Herald", kind="channel", creator=ANI, username="herald")
    await silence(api, world.store)
    await room.do(room.line("watch", "/watch harbour strike"), ANI)
    for outlet in ("Daily Echo", "Coast Mail"):
        await world.publish(outlet, STRIKE, title="Port at a standstill")
        await world.deliver_all()
    return room


@pytest.mark.parametrize("kind", ROOMS)
async def test_every_command_button_and_mistake_is_answered(world, bot_api, kind):
    room = await entered(world, bot_api, kind)
    [alert] = [m for m in bot_api.shown(room.about) if "Port at a standstill" in m.text]
    assert alert.thread_id == (room.thread_id or None)
    assert bool(alert.buttons) is (kind != "channel")
    for name in ORDER:
        await tried(room, name)
    if kind == "topic":
        await united(room)
    assert not room.faults, "\n".join(room.faults)
    assert bot_api.refused == [] or "setMyCommands" in bot_api.refused[0]


async def tried(room, name):
    """Try a command as whoever may, then as others, with a mistake, and with a number that is none."""
    command, case = BY_COMMAND[name], CASES[name]
    if room.kind == "channel" and not (command.changes or command.remote):
        return
    user = ADMIN if command.role == "admin" else ANI
    if user is ADMIN and room.kind == "private":
        refused = await room.do(room.filled(case.right), ANI)
        if NOT_ADMIN not in refused:
            room.faults.append(f"{name}: {refused!r} to one who is no admin")
        return
    await denied(room, name)
    if case.wrong:
        await room.expect(name, case.wrong, case.error, user)
    says = case.away if room.kind == "channel" and case.away else case.says
    await room.expect(name, case.right, says, user)


async def denied(room, name):
    """Others than administrators change nothing in a group, and nothing of a channel."""
    if not BY_COMMAND[name].changes or room.kind == "private" or name == "forget":
        return
    if room.kind == "channel":
        return
    await room.expect(name, CASES[name].right, NOT_YOURS, BORIS)


async def united(room):
    docks, room.thread_id = room.thread_id, 0
    room.store.call(
        subscribers.subscribe,
        chat_id=FORUM,
        thread_id=docks,
        kind=ChatKind.SUPERGROUP,
        title="Newsroom › Docks",
        language="en",
        now=now(),
    )
    there = room.store.call(subscribers.find, FORUM, docks)
    room.store.call(watches.add, there.id, "buoy", now())
    await room.expect("unite", CASES["unite"].wrong, STALE, ANI)
    await room.expect("unite", f"unite:{docks}", CASES["unite"].says, ANI)
    assert [w.watch.query for w in room.store.call(watches.of_subscriber, room.subscriber.id)] == [
        "buoy"
    ]


async def test_a_post_forwarded_by_an_administrator_shows_its_alert_with_its_buttons(
    world, bot_api
):
    room = await entered(world, bot_api, "channel")
    [post] = bot_api.shown(CHANNEL)
    bot_api.in_loop(bot_api.world.forward, ANI.id, CHANNEL, post.message_id)
    await silence(bot_api, world.store)
    shown = bot_api.shown(ANI.id)[-1]
    assert "Port at a standstill" in shown.text
    mute = next(b for row in shown.buttons for b in row if ":mute:" in b["callback_data"])
    await room.tap(mute["callback_data"], ANI)
    await silence(bot_api, world.store)
    assert room.alert.state == "muted"

    bot_api.say(BORIS.id, "/start")
    bot_api.in_loop(bot_api.world.forward, BORIS.id, CHANNEL, post.message_id)
    await silence(bot_api, world.store)
    story = bot_api.shown(BORIS.id)[-1]  # to others it is the story of the link in it
    assert "Port at a standstill" in story.text
    assert not [b for row in story.buttons for b in row if "for:" in b.get("callback_data", "")]


async def test_alerts_of_a_closed_topic_wait_and_those_of_a_deleted_one_come_in_general(
    world, bot_api
):
    room = await entered(world, bot_api, "topic")
    docks = room.thread_id
    bot_api.close_topic(FORUM, docks)
    await world.publish("Daily Echo", STRIKE[::-1] + " harbour strike", title="Second day")
    await world.deliver_all()
    assert room.subscriber.state_reason == "the topic is closed"
    await world.deliver_all()
    bot_api.close_topic(FORUM, docks, closed=False)
    await silence(bot_api)
    world.now = now()  # as the chat has it
    await world.deliver_all()
    assert [m.thread_id for m in bot_api.shown(FORUM) if "Second day" in m.text] == [docks]

    bot_api.delete_topic(FORUM, docks)
    await world.publish("Daily Echo", "harbour strike " + STRIKE.upper()[::-1], title="Third day")
    for _ in range(2):
        await world.deliver_all()
    assert [m.thread_id for m in bot_api.shown(FORUM) if "Third day" in m.text] == [None]
    notes = [r.message.html for r in world.store.call(updates.waiting_replies)]  # for the sender
    assert ["is closed" in n for n in notes] == [True, False]
    assert ["is no more" in n for n in notes] == [False, True]
    assert sorted(bot_api.refused) == [
        "sendMessage: Bad Request: TOPIC_CLOSED",
        "sendMessage: Bad Request: message thread not found",
    ]  # once each, by the first alert; nobody else could tell
    bot_api.refused.clear()


async def test_nothing_said_in_a_channel_is_answered_there(world, bot_api):
    room = await entered(world, bot_api, "channel")
    before = len(bot_api.shown(CHANNEL))
    for command in COMMANDS:
        bot_api.say(CHANNEL, f"/{command.name}", ANI)
    await silence(bot_api, world.store)
    assert len(bot_api.shown(CHANNEL)) == before
    assert room.faults == []


async def test_a_tap_under_a_post_of_a_channel_does_not_wait_for_ever(world, bot_api):
    await entered(world, bot_api, "channel")
    [post] = bot_api.shown(CHANNEL)
    query = bot_api.in_loop(bot_api.world.press, post, "mute:1", ANI)
    await until(lambda: bot_api.answer_of(query) is not None)
    assert bot_api.shown(CHANNEL) == [post]
