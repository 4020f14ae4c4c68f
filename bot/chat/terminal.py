"""The chat on a terminal: lines in, messages out, through the desk that Telegram's chat uses too.

One person sits here: chat 1, who is also an admin. A line is a command, `re 5 /why` (a command in
reply to message 5), or the number of a button.
"""

import asyncio
import codecs
import logging
import os
import re
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from bot import texts
from bot.adapters.terminal import TerminalMessenger
from bot.chat.command import Caller
from bot.chat.desk import Desk
from bot.chat.replies import in_words
from bot.domain.model import ChatKind, Message

log = logging.getLogger(__name__)
LOCAL_ID = 1  # chat and user in one; Telegram's private chats have the id of their user as well
READ_BYTES = 65_536
MAX_LINE = 20_000  # characters; Telegram cuts at 4,096
GREETING = (
    "Type a command (/start, /help), one in reply to a message (re 5 /why),"
    " or the number of a button. Ctrl-D ends."
)

_REPLY = re.compile(r"re\s+(\d{1,9})(?:\s+(.*))?", re.IGNORECASE | re.DOTALL)
_TAP = re.compile(r"(?:tap\s+)?\[?(\d{1,9})\]?", re.IGNORECASE)


class Lines:
    """What is typed, line by line, until the end of input; the loop is never blocked.

    One who stops asking loses nothing: whoever asks next goes on with the next line.
    A thread reads, since a loop cannot wait for a regular file (`< commands.txt`). It reads the
    descriptor itself: a daemon thread inside sys.stdin's lock would abort the interpreter's exit.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._chunks: asyncio.Queue[bytes] | None = None  # until a line is asked for
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._lines: deque[str] = deque()
        self._rest = ""
        self._ended = False

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        if self._chunks is None:
            self._chunks = asyncio.Queue(maxsize=1)  # little is read before it is asked for
            self._start(self._chunks, asyncio.get_running_loop())
        while not self._lines and not self._ended:
            self._take(await self._chunks.get())
        if not self._lines:
            raise StopAsyncIteration
        return self._lines.popleft()

    def _take(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + self._decoder.decode(chunk)).split("\n")
        self._rest = self._rest[:MAX_LINE]  # a line without end is cut, or it would fill the memory
        self._lines += [line[:MAX_LINE] for line in lines]
        if not chunk:
            self._ended = True
            self._lines += [self._rest] if self._rest else []

    def _start(self, chunks: asyncio.Queue[bytes], loop: asyncio.AbstractEventLoop) -> None:
        def put(chunk: bytes) -> None:
            asyncio.run_coroutine_threadsafe(chunks.put(chunk), loop).result()

        def pump() -> None:
            # RuntimeError, CancelledError: the loop is closed, or closing; nobody listens any more.
            with suppress(RuntimeError, CancelledError):
                while chunk := _read(self._fd):
                    put(chunk)
                put(b"")

        threading.Thread(target=pump, name="terminal", daemon=True).start()


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, READ_BYTES)
    except OSError:  # the terminal is gone
        return b""


class TerminalChat:
    """Answers lines. now: the clock; language: BCP 47 of the person, "" for English."""

    def __init__(
        self,
        desk: Desk,
        messenger: TerminalMessenger,
        now: Callable[[], datetime],
        *,
        language: str = "",
    ) -> None:
        self._desk = desk
        self._messenger = messenger
        self._now = now
        self._language = language
        self._greeted = False

    async def run(self, lines: AsyncIterator[str]) -> None:
        """Answer each line until there are no more."""
        if not self._greeted:
            self._messenger.note(GREETING)
        self._greeted = True
        async for line in lines:
            try:
                await asyncio.shield(self.hear(line))  # a seat that is lost loses no command
            except Exception:  # as in crew.guarded: a bug costs one command, not the polling
                log.exception("a command failed: this is a bug, please report it")
                words = texts.say(texts.nearest(self._language), "command.failed")
                await self._messenger.send(LOCAL_ID, Message(texts.escape(words)))

    async def hear(self, line: str) -> None:
        """Answer one line; an empty one is not answered."""
        line = line.strip()
        if tap := _TAP.fullmatch(line):
            await self._tap(int(tap[1]))
        elif reply := _REPLY.fullmatch(line):
            await self._reply(int(reply[1]), reply[2] or "")
        elif line:
            await self._type(line, self._caller())

    async def _reply(self, number: int, line: str) -> None:
        if not line.startswith("/"):
            self._messenger.note(f"  (a command is missing, such as: re {number} /why)")
            return
        found = self._messenger.message(number)
        if found is None:
            self._messenger.note(f"  (there is no message {number} in this session)")
            return
        message_id, message = found
        answered = tuple(b.data for row in message.buttons for b in row)
        await self._type(line, replace(self._caller(), reply_to=message_id, answered=answered))

    async def _type(self, line: str, caller: Caller) -> None:
        order = self._desk.read(line, kind=ChatKind.PRIVATE)
        if order is None:
            return
        if order.of:
            self._messenger.note(f"  (nothing done: {order.of} is a channel, a terminal has none)")
            return
        answer = await self._desk.answer(order, caller, self._now())
        if answer.message:
            await self._messenger.send(LOCAL_ID, in_words(answer.message))

    async def _tap(self, number: int) -> None:
        tapped = self._messenger.tapped(number)
        if tapped is None:
            self._messenger.note(f"  (no message shows a button {number})")
            return
        order = self._desk.read_button(tapped.button.data)
        answer = await self._desk.answer(order, self._caller(tapped.message_id), self._now())
        if answer.toast:
            self._messenger.note(f"  ({answer.toast})")
        if answer.message and answer.edit:
            await self._messenger.edit(LOCAL_ID, tapped.message_id, in_words(answer.message))
        elif answer.message:
            await self._messenger.send(LOCAL_ID, in_words(answer.message))

    def _caller(self, message_id: int | None = None) -> Caller:
        return Caller(
            chat_id=LOCAL_ID,
            title="Terminal",
            language=self._language,
            user_id=LOCAL_ID,
            message_id=message_id,
        )
