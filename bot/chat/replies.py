"""Sends what commands say, in the background: each chat in order, no chat waiting for another.

A reply stands in a table until it is sent (bot.store.updates), so a crash repeats one at worst.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain, repeat
from typing import Protocol

from bot.adapters.chart import ChartError, draw
from bot.domain.errors import DatabaseDown
from bot.domain.model import Message, Outcome, Sent
from bot.domain.pacing import Rank
from bot.store import updates
from bot.store.engine import Store
from bot.store.updates import WaitingReply

log = logging.getLogger(__name__)

FIRST_WAITS_S = (1, 2, 4, 8, 16)  # after a failure, then 30 s each time
REMEMBERED = 10_000
MOST_DOUBTS = 6  # answers lost in a row, half a minute: a command's effect is kept anyway
NO_TOPIC = (Sent.TOPIC_CLOSED, Sent.TOPIC_GONE)
STALE = timedelta(hours=1)  # a reply this late answers nobody


def waits() -> Iterator[int]:
    """Return the pauses between tries, in seconds, without end."""
    return chain(FIRST_WAITS_S, repeat(30))


class Messenger(Protocol):
    """What shows replies; a forum has topics."""

    async def send(
        self, chat_id: int, message: Message, *, thread_id: int | None = None, rank: Rank
    ) -> Outcome:
        """Send one message."""

    async def edit(self, chat_id: int, message_id: int, message: Message, *, rank: Rank) -> Outcome:
        """Replace a message."""


class Replies:
    """The replies on their way, by chat.

    active: whether this process sends; if not, replies wait in their table for the one that does.
    """

    def __init__(
        self,
        store: Store,
        messenger: Messenger,
        *,
        now: Callable[[], datetime],
        active: bool = True,
    ) -> None:
        self.active = active
        self._store = store
        self._messenger = messenger
        self._now = now
        self._lanes: dict[int, deque[WaitingReply]] = {}  # chat -> replies in order
        self._tasks: set[asyncio.Task[None]] = set()
        self._pen = asyncio.Semaphore(1)  # a drawing process takes 100 MB for a second
        # Keys in a lane, or lately sent: a list just read may be out of date.
        self._taken: dict[tuple[int, datetime], None] = {}

    async def look(self) -> None:
        """Send what another process has left in the table, be it dead or not the sender."""
        if self.active:
            for reply in await self._store.run(updates.waiting_replies):
                self.send_soon(reply)

    def send_soon(self, reply: WaitingReply) -> None:
        """Send in the background, once, if this process sends at all."""
        if not self.active or reply.key in self._taken:
            return
        self._taken[reply.key] = None
        if len(self._taken) > REMEMBERED:
            del self._taken[next(iter(self._taken))]
        lane = self._lanes.setdefault(reply.chat_id, deque())
        lane.append(reply)
        if len(lane) == 1:
            task = asyncio.create_task(self._send_lane(reply.chat_id, lane))
            self._tasks.add(task)
            task.add_done_callback(self._done)

    async def finish(self, grace_s: float) -> None:
        """Give replies under way a moment; the next process sends what is not out by then."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("a reply failed: this is a bug, please report it", exc_info=error)

    async def _send_lane(self, chat_id: int, lane: deque[WaitingReply]) -> None:
        try:
            while lane:
                await self._send(lane[0])
                await self._drop(lane[0])
                lane.popleft()
        finally:  # what is left, if we are stopped, is in the table still
            for reply in lane:
                self._taken.pop(reply.key, None)
            del self._lanes[chat_id]

    async def _send(self, reply: WaitingReply) -> None:
        """Send until it is out, or never can be; for each answer that was lost, once more."""
        chat_id, edits, began, doubts = reply.chat_id, reply.edits, self._now(), 0
        message, thread_id = await self._drawn(reply.message), reply.thread_id
        for wait in waits():
            outcome = await self._show(chat_id, thread_id, edits, message)
            doubts += outcome.sent is Sent.UNCERTAIN
            if outcome.sent in (Sent.REFUSED, *NO_TOPIC) and edits is not None:
                edits = None  # the message it was to replace was deleted
            elif outcome.sent in NO_TOPIC and thread_id is not None:
                thread_id = None  # General is better than nothing
            elif outcome.sent is Sent.MOVED and outcome.new_chat_id:
                chat_id = outcome.new_chat_id
            elif _is_over(outcome.sent, doubts) or self._now() - began > STALE:
                log.info("reply chat=%d outcome=%s %s", chat_id, outcome.sent, outcome.detail)
                return
            else:
                await asyncio.sleep(outcome.retry_after_s or wait)

    async def _drawn(self, message: Message) -> Message:
        """Return the message with its picture drawn; with words instead, where it cannot be."""
        if not (message.file and message.file.chart):
            return message
        async with self._pen:
            try:
                body = await asyncio.to_thread(draw, message.file.chart)
            except ChartError as e:
                log.warning("a chart was not drawn: %s", e)
                return in_words(message)
        return replace(message, file=replace(message.file, body=body, chart=None))

    async def _show(
        self, chat_id: int, thread_id: int | None, edits: int | None, message: Message
    ) -> Outcome:
        if edits is not None:
            return await self._messenger.edit(chat_id, edits, message, rank=Rank.REPLY)
        return await self._messenger.send(chat_id, message, thread_id=thread_id, rank=Rank.REPLY)

    async def _drop(self, reply: WaitingReply) -> None:
        for wait in waits():
            try:
                return await self._store.run(updates.drop_reply, reply.id)
            except DatabaseDown as e:
                log.error("a reply that was sent waits for the database: %s", e)
                await asyncio.sleep(wait)


def in_words(message: Message) -> Message:
    """Return a message that has what its chart says in words."""
    if not (message.file and message.file.chart):
        return message
    return replace(message, html=f"{message.html}\n{message.file.instead}", file=None)


def _is_over(sent: Sent, doubts: int) -> bool:
    return sent in (Sent.OK, Sent.GONE, Sent.REFUSED, *NO_TOPIC) or doubts >= MOST_DOUBTS
