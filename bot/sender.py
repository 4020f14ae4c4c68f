"""The one sender of a bot: works off the outbox and the replies while it has the seat.

Flood limits are the bot's, so all its messages leave through one process; the others stand by.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.adapters.messenger import TelegramMessenger
from bot.chat.replies import Replies
from bot.crew import Crew
from bot.domain.model import Due
from bot.store import deliveries
from bot.store.engine import Store
from bot.store.seats import Seat

log = logging.getLogger(__name__)

RESTING_S = 0.5  # after which a chat that flood limits keep waiting is looked at again
BATCH_S = 0.1  # hands that become free together share a claim; the others wait at the door anyway
LAST_WORDS_S = 5.0
A_MINUTE = timedelta(seconds=61)  # the longest of Telegram's limits, and the way there


class Sender:
    """Sends while this process holds the seat. telegram, replies: None for a terminal."""

    def __init__(
        self,
        store: Store,
        seat: Seat,
        crew: Crew[Due],
        *,
        telegram: TelegramMessenger | None,
        replies: Replies | None,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._seat = seat
        self._crew = crew
        self._telegram = telegram
        self._replies = replies
        self._now = now
        self._seated: bool | None = None  # None before the first look
        self._stopping = False
        self._at_it = asyncio.Lock()

    def resting(self) -> set[int]:
        """Return the chats that flood limits keep waiting."""
        return self._telegram.resting() if self._telegram else set()

    async def work(self) -> None:
        """Work off what waits, if this process has the seat; else stand by for it. Raises DatabaseDown."""
        if not await self._sit():
            return
        if self._replies:
            await self._replies.look()
        if self._at_it.locked():
            return
        async with self._at_it:
            while await self._crew.tick() or self.resting():
                await self._crew.free_hand(RESTING_S)
                await asyncio.sleep(BATCH_S)
                if self._stopping or not await self._sit():
                    return
                if self._replies:
                    await self._replies.look()

    async def stop(self) -> None:
        """Begin nothing more; give replies under way a moment."""
        self._stopping = True
        async with self._at_it:
            pass
        if self._replies:
            await self._replies.finish(LAST_WORDS_S)

    def leave(self) -> None:
        """Give the seat up at once."""
        self._seat.leave()

    async def _sit(self) -> bool:
        """Return whether this process has the seat; one who has just taken it recalls the last minute."""
        seated = await asyncio.to_thread(self._seat.take)
        if self._replies:
            self._replies.active = seated
        if seated and not self._seated and self._telegram:
            now = self._now()
            self._telegram.take_over()
            for chat_id, at in await self._store.run(deliveries.sent_since, now - A_MINUTE):
                self._telegram.recall(chat_id, (now - at).total_seconds())
        if seated and self._seated is False:
            log.info("this process sends the alerts now")
        elif not seated and self._seated is not False:
            log.warning("another process sends the alerts: standing by until it ends")
        self._seated = seated
        return seated
