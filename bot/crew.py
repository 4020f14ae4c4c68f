"""Hands for the stages: claims work, gives each item a task, and survives whatever goes wrong with it.

`except Exception` is here, in `guarded`, and where the chats answer a command: a bug costs one item for now.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from bot.domain.errors import DatabaseDown

log = logging.getLogger(__name__)

Item = TypeVar("Item")

DOWN_S = (
    3.0  # a tick that failed sleeps, mostly for want of a database; those due meanwhile are skipped
)


AGAIN = {"again": True}  # of a line that comes every few seconds while the database is away


async def guarded(what: str, work: Awaitable[object], *, ticks: bool = False) -> bool:
    """Do one piece of work and return whether it went; what goes wrong is logged, and costs this piece.

    ticks: it is one of many, and the next will say the same.
    """
    try:
        await work
        return True
    except DatabaseDown as e:
        said = "%s: the database does not answer, trying again: %s"
        log.error(said, what, e, extra=AGAIN if ticks else None)
    except Exception:
        log.exception("%s failed: this is a bug, please report it", what)
    return False


class Crew(Generic[Item]):
    """The hands of one stage: claims as many items as hands are free, and gives each a task of its own."""

    def __init__(
        self,
        name: str,
        at_once: int,
        *,
        claim: Callable[[int, Sequence[Item]], Awaitable[Sequence[Item]]],
        work: Callable[[Item], Awaitable[object]],
        key: Callable[[Item], Hashable],
    ) -> None:
        self.name = name
        self._at_once = at_once
        self._claim = claim
        self._work = work
        self._key = key
        self._hands: dict[asyncio.Task[bool], Item] = {}
        self._freed = asyncio.Event()  # a hand, since the last claim began
        self._claiming = asyncio.Lock()  # a tick and a wake at once must not claim twice the hands

    @property
    def in_hand(self) -> list[Item]:
        """Return what is being worked on."""
        return list(self._hands.values())

    @property
    def at_work(self) -> bool:
        """Return whether anything is in hand, or came out of it since the last claim began.

        Either may have kept that claim from taking more.
        """
        return bool(self._hands) or self._freed.is_set()

    async def tick(self) -> bool:
        """Claim what is due and start on it; return whether more may be due than there are hands.

        What this process still works on is not started twice.
        """
        async with self._claiming:
            self._freed.clear()
            free = self._at_once - len(self._hands)
            if free <= 0:
                return True
            busy = {self._key(item) for item in self.in_hand}
            claimed = await self._claim(free, self.in_hand)
            for item in claimed:
                if self._key(item) in busy:
                    continue  # its lease ran out while it was in hand
                task = asyncio.create_task(guarded(self.name, self._work(item)))
                self._hands[task] = item
                task.add_done_callback(self._free)
            return len(claimed) >= free

    def _free(self, task: asyncio.Task[bool]) -> None:
        del self._hands[task]
        self._freed.set()

    async def free_hand(self, within_s: float) -> None:
        """Wait until some work has been done since the last claim began, at most so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._freed.wait()

    async def finish(self, grace_s: float) -> None:
        """Wait for what is in hand, at most so many seconds; the rest goes back by its lease."""
        async with self._claiming:  # what is being claimed would be nobody's until its lease ends
            pass
        if self._hands:
            _, late = await asyncio.wait(self._hands, timeout=grace_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


async def guarded_tick(what: str, tick: Callable[[], Awaitable[object]]) -> None:
    """Make the guarded call at each tick. After one that failed, seconds pass before the next."""
    if not await guarded(what, tick(), ticks=True):
        await asyncio.sleep(DOWN_S)
