"""Updates under way: those of one chat one after another, those of other chats beside them.

Telegram repeats whatever stands from the offset on. So the offset is that of the oldest update that is not
done, and what is under way or done is passed over when it is told again.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import telegram

PATIENCE_S = 0.2  # between two looks for news while something is under way: that is told each time


class Lanes:
    """At most as many updates as Telegram tells at once, a hundred. settle: answers one, and never fails."""

    def __init__(self, settle: Callable[[telegram.Update], Awaitable[None]]) -> None:
        self._settle = settle
        self._lanes: dict[int, deque[telegram.Update]] = {}  # by chat
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: set[int] = set()  # ids of those under way
        self._done: set[int] = set()  # of those that may be told again
        self._last: int | None = None

    @property
    def offset(self) -> int | None:
        """Return what confirms all that is done before the oldest that is not; None at the beginning."""
        if self._open:
            return min(self._open)
        return None if self._last is None else self._last + 1

    def take(self, told: Sequence[telegram.Update]) -> None:
        """Begin with those that are new. told: all there is from `offset` on, oldest first."""
        for update in told:
            if update.update_id not in self._open and update.update_id not in self._done:
                self._begin(update)
            self._last = update.update_id
        self._done.intersection_update(u.update_id for u in told)

    def forget(self) -> None:
        """Forget the numbering, unless something is under way: Telegram may begin a new one."""
        self._last = None

    async def rest(self) -> None:
        """Return when all is done, or a moment has passed."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=PATIENCE_S)

    async def close(self) -> None:
        """Finish what is in hand; the rest was not confirmed, and will be told again.

        Whoever goes on here, after another process heard the commands for a while, begins with that rest.
        """
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._open:
            self._last = min(self._open) - 1
        self._lanes.clear()
        self._open.clear()
        self._done.clear()

    def _begin(self, update: telegram.Update) -> None:
        self._open.add(update.update_id)
        key = lane_of(update)
        lane = self._lanes.setdefault(key, deque())
        lane.append(update)
        if len(lane) == 1:
            task = asyncio.create_task(self._work(key, lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self, key: int, lane: deque[telegram.Update]) -> None:
        while lane:
            await self._settle(lane[0])
            done = lane.popleft().update_id
            self._open.discard(done)
            self._done.add(done)
        del self._lanes[key]


def lane_of(update: telegram.Update) -> int:
    """Return the chat within which an update has its turn; of a group that moves, the new one."""
    message = update.message
    if message and message.migrate_to_chat_id:
        return message.migrate_to_chat_id
    chat = update.effective_chat
    user = update.effective_user
    return chat.id if chat else user.id if user else 0
