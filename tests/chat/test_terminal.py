"""A person at a terminal types commands and taps buttons by their numbers."""

import asyncio
import io
import os
import threading
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from bot.adapters.terminal import TerminalMessenger
from bot.chat import admin, subscriber
from bot.chat.command import Command, Reply
from bot.chat.desk import Desk
from bot.chat.terminal import LOCAL_ID, MAX_LINE, Lines, TerminalChat
from bot.domain.model import Button, Message, Role
from bot.store import subscribers, watches
from bot.store.engine import Store
from bot.store.schema import metadata
from tests.world import World

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


class Person:
    """Somebody at a terminal: types a line, reads what appears."""

    def __init__(self, store: Store) -> None:
        self.out = io.StringIO()
        self.messenger = TerminalMessenger(self.out, columns=100)
        desk = Desk(store, (*subscriber.COMMANDS, *admin.COMMANDS), admins={LOCAL_ID})
        self.chat = TerminalChat(desk, self.messenger, lambda: NOW, language="en")
        self._read = 0

    async def types(self, line: str) -> str:
        """Type a line; return what appeared."""
        await self.chat.hear(line)
        text = self.out.getvalue()[self._read :]
        self._read += len(text)
        return text


@pytest.fixture
def person(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'outpost.db'}")
    store.call(metadata.create_all)
    yield Person(store)
    store.close()


async def test_a_command_is_answered_by_a_message(person):
    shown = await person.types("/watch Lachin NOT football")
    assert "message 1:" in shown
    assert "Lachin -football" in shown


async def test_a_button_is_tapped_by_its_number(person):
    await person.types("/start")
    added = await person.types("/watch harbour strike")
    number = added.rpartition("[")[2].partition("]")[0]
    assert "#1 harbour strike" in await person.types("/watches")
    assert "harbour strike" in await person.types(f"tap {number}")
    assert "#1 harbour strike" not in await person.types("/watches")


async def test_a_tap_on_a_list_edits_the_list(person):
    await person.types("/watch harbour")
    await person.types("/watch strike")
    shown = await person.types("/watches")
    last = shown.rpartition("[")[2].partition("]")[0]
    assert "message 3, edited:" in await person.types(last)


async def test_a_number_that_no_button_has_is_answered(person):
    assert await person.types("99") == "  (no message shows a button 99)\n"


async def test_a_reply_to_no_message_is_answered(person):
    assert await person.types("re 7 /why") == "  (there is no message 7 in this session)\n"


async def test_an_alert_that_was_opened_from_a_digest_is_muted_by_a_reply(tmp_path):
    world = World(f"sqlite:///{tmp_path / 'outpost.db'}")
    world.watch(LOCAL_ID, "harbour")
    await world.publish("Daily Echo", f"The harbour is shut. {'Rain. ' * 40}", title="Port shut")
    person = Person(world.store)
    await person.messenger.send(LOCAL_ID, Message("Port shut", ((Button("Mute", "mute:1"),),)))
    assert "Port shut" in await person.types("re 1 /mute")
    world.store.close()


async def test_a_reply_without_a_command_is_no_watch(person):
    assert "such as: re 28 /why" in await person.types("re 28 hello")


@pytest.mark.parametrize(
    "line",
    [
        "/stop @herald", "/pause @herald 8h", "/lang @herald hy", "/watch @herald harbour",
        "/watch -1001234567890 harbour",
    ],
)  # fmt: skip
async def test_what_is_asked_for_a_channel_is_not_done_to_the_terminals_own_chat(person, line):
    await person.types("/start")
    before = person.chat._desk.store.call(subscribers.find, LOCAL_ID)
    assert "a terminal has none" in await person.types(line)
    assert person.chat._desk.store.call(subscribers.find, LOCAL_ID) == before
    assert person.chat._desk.store.call(watches.count, before.id) == 0


async def test_a_watch_is_not_shared_by_a_link_that_leads_to_no_bot(person):
    await person.types("/watch harbour strike")
    shown = await person.types("/share 1")
    assert "t.me" not in shown
    assert "/watch harbour strike" in shown


async def test_a_reply_reaches_the_command_with_the_message_that_it_answers(tmp_path):
    heard = []

    def why(tx, req):
        heard.append(req.reply_to)
        return Reply(html="because")

    store = Store(f"sqlite:///{tmp_path / 'outpost.db'}")
    store.call(metadata.create_all)
    messenger = TerminalMessenger(io.StringIO(), first_id=500)
    chat = TerminalChat(Desk(store, [Command("why", Role.SUBSCRIBER, why)]), messenger, lambda: NOW)
    await messenger.send(LOCAL_ID, Message("an alert"))
    await chat.hear("re 1 /why")
    store.close()
    assert heard == [501]


async def test_the_person_at_the_terminal_is_an_admin(person):
    assert "/log" in await person.types("/help")
    assert "admin" not in (await person.types("/outlets")).lower()


async def test_a_query_that_cannot_be_read_gets_its_caret_under_the_fault(person):
    lines = (await person.types('/watch harbour "strike')).splitlines()
    fault = next(line for line in lines if 'harbour "strike' in line)
    caret = lines[lines.index(fault) + 1]
    assert caret.index("^") == fault.index('"')


async def test_an_empty_line_is_not_answered(person):
    assert await person.types("   ") == ""


async def test_lines_are_read_from_a_pipe_while_the_loop_goes_on():
    source, sink = os.pipe()
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    lines = Lines(source)
    try:
        first = asyncio.ensure_future(anext(lines))
        await asyncio.sleep(0.01)
        assert not first.done()
        assert ticks > 1
        os.write(sink, "/watch Լաչին\n/wat".encode())
        assert await first == "/watch Լաչին"
        os.write(sink, b"ches")
        os.close(sink)
        assert [line async for line in lines] == ["/watches"]
    finally:
        ticking.cancel()
        os.close(source)


async def test_who_stops_listening_and_listens_again_misses_no_line():
    source, sink = os.pipe()
    lines = Lines(source)
    with suppress(TimeoutError):  # the seat is lost while nothing is typed
        await asyncio.wait_for(anext(lines), 0.02)
    os.write(sink, b"/watch Lachin\n/watches\n")
    assert await anext(lines) == "/watch Lachin"
    os.close(sink)
    assert [line async for line in lines] == ["/watches"]
    assert [line async for line in lines] == []
    os.close(source)


async def test_lines_are_read_from_a_file(tmp_path):
    script = tmp_path / "commands.txt"
    script.write_text("/start\n/watch Lachin\n")
    with script.open() as file:
        assert [line async for line in Lines(file.fileno())] == ["/start", "/watch Lachin"]


async def test_a_letter_cut_in_two_by_the_pipe_is_read_whole():
    source, sink = os.pipe()
    raw = "Лачин\n".encode()

    def write() -> None:
        for byte in raw:
            os.write(sink, bytes([byte]))
        os.close(sink)

    threading.Thread(target=write).start()
    assert [line async for line in Lines(source)] == ["Лачин"]
    os.close(source)


async def test_the_end_of_input_ends_the_chat(person, tmp_path):
    script = tmp_path / "commands.txt"
    script.write_text("/watch Lachin")
    with script.open() as file:
        await person.chat.run(Lines(file.fileno()))
    shown = person.out.getvalue()
    assert shown.startswith("Type a command")
    assert "Lachin" in shown


async def test_a_bug_in_a_command_costs_that_command_and_not_the_terminal(tmp_path):
    def broken(tx, req):
        raise KeyError("end")

    store = Store(f"sqlite:///{tmp_path / 'outpost.db'}")
    store.call(metadata.create_all)
    out, script = io.StringIO(), tmp_path / "commands.txt"
    commands = (*subscriber.COMMANDS, Command("broken", Role.SUBSCRIBER, broken))
    chat = TerminalChat(Desk(store, commands), TerminalMessenger(out, columns=100), lambda: NOW)
    script.write_text("/broken\n/watch Lachin\n")
    with script.open() as file:
        await chat.run(Lines(file.fileno()))
    store.close()
    apology, _, after = out.getvalue().partition("message 2:")
    assert "Something went wrong on my side" in apology
    assert "Lachin" in after


async def test_a_line_without_end_is_cut_and_does_not_fill_the_memory():
    reader, writer = os.pipe()
    endless = threading.Thread(target=_write, args=(writer, b"x" * 3_000_000 + b"\n/help\n"))
    endless.start()
    lines = [line async for line in Lines(reader)]
    endless.join()
    os.close(reader)
    assert [len(line) for line in lines] == [MAX_LINE, 5]
    assert lines[1] == "/help"


def _write(fd, data):
    with os.fdopen(fd, "wb") as pipe:
        pipe.write(data)
