"""Every mistake is told in its own words, over HTTP through the real library; none is taken for a bug."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

import bot
from bot import texts
from bot.app import COMMANDS
from bot.chat.desk import Desk
from bot.config import Chat
from bot.store import archive, subscribers, watches
from bot.store.engine import Store
from bot.store.schema import metadata
from tests.chat.live import now, says, silence, talking, until
from tests.chat.test_everywhere import CASES
from tests.e2e.telegram_chats import User

ADMIN, ANI, BORIS = User(1, "Olga"), User(7, "Ani"), User(8, "Boris")
GROUP = -100500
BROKEN = ("outlets.opml", b"<opml><body>")

# By the key of its text: what is said, and by whom (in private, where no chat is named).
MISTAKES = {
    "addoutlet.country": ("/addoutlet https://a.example XX", ADMIN),
    "addoutlet.usage": ("/addoutlet here", ADMIN),
    "alias.no_such_word": ("/alias 1 xyz=Foo", ANI),
    "alias.no_word": ("/alias 1 !!", ANI),
    "alias.none": ("/alias 1 -Nowhere", ANI),
    "alias.too_many": ("/alias 2 one more", ANI),
    "alias.usage": ("/alias", ANI),
    "channel.private": ("/channels", GROUP),
    "channel.unknown": ("/watches @nowhere", ANI),
    "command.admin_only": ("/log", ANI),
    "command.group_admin_only": ("/watch tide", GROUP),
    "command.start_first": ("/pause", BORIS),
    "console.not_yours": ("/enter", ANI),
    "console.private": ("/enter", GROUP),
    "digest.usage": ("/digest weekly", ANI),
    "edit.usage": ("/edit", ANI),
    "import.usage": ("/import", ANI),
    "lang.unknown": ("/lang tlh", ANI),
    "missed.usage": ("/missed", ANI),
    "name.usage": ("/name", ANI),
    "opml.broken": ("", ADMIN),
    "outlets.none": ("/outlets opml", ADMIN),
    "pause.usage": ("/pause soon", ANI),
    "preview.usage": ("/preview maybe", ANI),
    "quiet.usage": ("/quiet 25-7", ANI),
    "search.usage": ("/search", ANI),
    "share.unknown": ("/start w_nothing", ANI),
    "share.usage": ("/share", ANI),
    "story.reply": ("/story", ANI),
    "story.unknown": ("/story https://nowhere.example/", ANI),
    "timezone.unknown": ("/timezone Xyzzyx", ANI),
    "trend.days": ("/trend harbour 999", ANI),
    "trend.usage": ("/trend", ANI),
    "unwatch.unknown": ("/unwatch 999", ANI),
    "watch.too_costly": ("/watch " + " OR ".join(f"w{n}" for n in range(30)), ANI),
    "watch.too_long": ("/watch " + "long " * 60, ANI),
    "watch.usage": ("/watch", ANI),
}
# Told in a test beside what leads there.
ELSEWHERE = {
    "command.not_served",  # test_groups
    "digest.which",  # test_hours
    "opml.unread",  # test_everywhere, by a tap
    "search.too_often",  # below
    "toast.stale",  # test_everywhere
    "watch.limit",  # below
}


def raised():
    """Yield every key that the code tells a person of a mistake by."""
    for path in Path(bot.__file__).parent.glob("chat/*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "UserError":
                yield from (
                    c.value
                    for c in ast.walk(node.args[0])
                    if isinstance(c, ast.Constant) and isinstance(c.value, str)
                )
            for word in getattr(node, "keywords", ()):
                if word.arg == "usage" and isinstance(word.value, ast.Constant):
                    yield word.value.value


def test_every_mistake_that_is_told_has_its_place():
    usual = "edit.usage"  # where naming.mine is asked for no other
    assert {usual, *filter(None, raised())} == {*MISTAKES, *ELSEWHERE}


def pattern(key):
    """Return what a text looks like, whatever is filled in."""
    forms = texts.catalogue("en").texts[key]
    each = (re.sub(r"\\\{\w+\\\}", ".*", re.escape(texts.plain(form))) for form in forms)
    return "|".join(each)


@pytest.fixture
async def api(bot_api, tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'outpost.db'}")
    store.call(metadata.create_all)
    for person in (ADMIN, ANI, BORIS):
        bot_api.person(person)
    limits = Chat(query_chars=200, query_cost=20, searches_per_minute=2, watches_per_subscriber=3)
    desk = Desk(store, COMMANDS, admins={ADMIN.id}, limits=limits)
    bot_api.store = store
    async with talking(bot_api, desk):
        yield bot_api
    store.close()
    refused = [r for r in bot_api.refused if "setMyCommands" not in r]
    assert set(refused) <= {"getChat: Bad Request: chat not found"}  # of a channel that is none


async def test_every_mistake_is_told_in_its_own_words(api):
    await says(api, ANI.id, "/watch harbour")
    await says(api, ANI.id, "/watch quay")
    listed = api.store.call(subscribers.find, ANI.id).id
    full = api.store.call(watches.mine, listed, 2)
    names = tuple(f"quay=pier{chr(97 + n)}" for n in range(20))
    api.store.call(watches.change, replace(full, own=names))
    await says(api, BORIS.id, "/help")
    api.add_group(GROUP, creator=ANI)
    await until(lambda: api.shown(GROUP))
    faults = []
    for key, (line, who) in MISTAKES.items():
        chat, user = (GROUP, BORIS) if who == GROUP else (who.id, who)
        document = BROKEN if key == "opml.broken" else None
        answer = await says(api, chat, line, user, document=document)
        if not re.search(pattern(key), answer.text, re.DOTALL):
            faults.append(f"{key}: {line!r} was answered with {answer.text!r}")
    assert not faults, "\n".join(faults)


async def test_limits_are_told_with_their_number(api):
    for n in range(3):
        await says(api, ANI.id, f"/watch quay{'abc'[n]}")
    told = await says(api, ANI.id, "/watch one more")
    assert re.search(pattern("watch.limit"), told.text)
    listed = api.store.call(subscribers.find, ANI.id).id
    for _ in range(2):
        api.store.call(archive.note_search, listed, "quay", now())
    for line in ("/search quay", "/trend quay"):
        assert re.search(pattern("search.too_often"), (await says(api, ANI.id, line)).text)


async def test_no_command_or_button_fails_in_a_chat_that_nobody_started(api):
    """Each in a private chat of its own: some of them start it."""
    failed = []
    for n, (name, case) in enumerate(CASES.items()):
        person = api.person(User(5_000 + n, name))
        line = re.sub(r"\{\w+\}", "1", case.right)
        if line.startswith("/"):
            answers = [(await says(api, person.id, line)).text]
        else:
            shown = await says(api, person.id, "/help")
            query = api.in_loop(api.world.press, shown, line, person)
            await until(lambda q=query: api.answer_of(q) is not None)
            await silence(api, api.store)
            answers = [api.answer_of(query).get("text", ""), api.shown(person.id)[-1].text]
        if any(texts.say("en", "command.failed") in answer for answer in answers):
            failed.append(line)
    assert failed == []
