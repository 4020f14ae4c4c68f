"""The door before Telegram: whoever wants to send waits here for a turn (bot.domain.pacing)."""

import asyncio
import itertools
import math
import time
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import asynccontextmanager

from bot.domain.pacing import Pacer, Rank


class Turnstile:
    """Lets senders through one by one, as the pacer says. One per bot token and process.

    clock: steady seconds. Belongs to the event loop it is first used on.
    """

    def __init__(
        self, pacer: Pacer | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._pacer = Pacer() if pacer is None else pacer  # an empty one is false
        self._clock = clock
        self._tickets = itertools.count()
        self._waiting: dict[Hashable, asyncio.Future[float]] = {}  # to be told when they may go
        self._keeper: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    @asynccontextmanager
    async def turn(self, chat_id: int, rank: Rank) -> AsyncGenerator[None]:
        """Wait until one message may go to that chat, and hold on to the turn until it is answered."""
        ticket = next(self._tickets)
        passed: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting[ticket] = passed
        self._pacer.ask(ticket, chat_id, rank, self._clock())
        self._news.set()
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep())
        try:
            await passed
            yield
        finally:
            self._waiting.pop(ticket, None)
            self._pacer.withdraw(ticket)
            if (
                passed.done() and not passed.cancelled()
            ):  # let through, be it too late for a cancelled one
                self._answered(passed.result())

    def _answered(self, left: float) -> None:
        now = self._clock()
        self._pacer.answered(now, now - left)
        self._news.set()

    def hold(self, chat_id: int, for_s: float) -> None:
        """Send nothing to a chat for so long: Telegram said so."""
        now = self._clock()
        self._pacer.hold(chat_id, now + for_s, now)

    def take_over(self) -> None:
        """Go on where another sender may have left off just now."""
        self._pacer.take_over(self._clock())

    def recall(self, chat_id: int, ago_s: float) -> None:
        """Count a message that an earlier process sent; in the order of their times."""
        self._pacer.recall(chat_id, self._clock() - ago_s)

    def resting(self) -> set[int]:
        """Return the chats that will not get a turn within half a second, whoever asks."""
        return self._pacer.resting(self._clock())

    async def _keep(self) -> None:
        """Give turns while anybody waits."""
        while self._waiting:
            self._news.clear()
            ticket, wait = self._pacer.next(self._clock())
            if ticket is not None:
                passed = self._waiting.get(ticket)
                if passed and not passed.done():
                    passed.set_result(self._clock())
                else:  # cancelled, and has not left the line yet
                    self._answered(self._clock())
                await asyncio.sleep(0)  # the one let through leaves the line first
            elif math.isinf(wait):
                await self._news.wait()
            else:
                await self._sleep(wait)

    async def _sleep(self, wait: float) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), wait)
        except TimeoutError:
            return
