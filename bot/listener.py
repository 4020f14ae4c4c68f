"""The one listener of a bot: hears commands while it has the seat; the others stand by.

Telegram hands each update to whoever asks first, so only one process may ask.
"""

import asyncio
import logging
from typing import Protocol

from bot.crew import AGAIN
from bot.domain.errors import DatabaseDown
from bot.store.seats import Seat

log = logging.getLogger(__name__)

SEAT_S = 2.0  # between two looks at a seat; with the lock freed in 6 s at worst, taken over in 8


class Chat(Protocol):
    """Whatever hears commands: Telegram, a terminal, a demo."""

    async def run(self) -> None:
        """Hear and answer until cancelled, or until nobody speaks any more."""


class Listener:
    """Holds a chat while this process has the seat."""

    def __init__(self, chat: Chat, seat: Seat) -> None:
        self._chat = chat
        self._seat = seat

    async def run(self) -> None:
        """Hold the chat while this process has the seat; else stand by for it. Ends when the chat does."""
        while True:
            await self._wait()
            talking = asyncio.create_task(self._undaunted())
            losing = asyncio.create_task(self._until_lost())
            try:
                await asyncio.wait((talking, losing), return_when=asyncio.FIRST_COMPLETED)
                if talking.done():
                    return talking.result()
            finally:
                for task in (talking, losing):
                    task.cancel()
                await asyncio.gather(talking, losing, return_exceptions=True)

    async def _wait(self) -> None:
        told = False
        while not (seated := await self._seated()):
            if seated is False and not told:
                log.warning("another process hears the commands: standing by until it ends")
                told = True
            await asyncio.sleep(SEAT_S)
        if told:
            log.info("this process hears the commands now")

    async def _until_lost(self) -> None:
        while await self._seated():  # noqa: ASYNC110 - the server does not tell us
            await asyncio.sleep(SEAT_S)

    async def _seated(self) -> bool | None:
        """Return whether this process has the seat, None where the database cannot say."""
        try:
            return await asyncio.to_thread(self._seat.take)
        except DatabaseDown as e:
            log.error("the database does not answer, trying again: %s", e, extra=AGAIN)
            return None

    async def _undaunted(self) -> None:
        """Converse to the end; a database that is away for a while ends nothing."""
        while True:
            try:
                return await self._chat.run()
            except DatabaseDown as e:
                log.error("chat: the database does not answer, trying again: %s", e, extra=AGAIN)
                await asyncio.sleep(SEAT_S)

    def leave(self) -> None:
        """Give the seat up at once."""
        self._seat.leave()
