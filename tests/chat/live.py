"""A bot that talks: the real library over HTTP between a desk and the strict server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from bot.adapters.messenger import TelegramMessenger, open_bot
from bot.adapters.turnstile import Turnstile
from bot.chat.desk import Desk
from bot.chat.dispatch import TelegramChat
from bot.chat.replies import Replies
from bot.domain.pacing import Rank
from bot.store import updates
from bot.store.engine import Store
from tests.e2e.bot_api import BotApi
from tests.e2e.telegram_chats import Shown, User

T = TypeVar("T")


def now() -> datetime:
    return datetime.now(UTC)


class OpenDoor(Turnstile):
    """Lets everything through at once."""

    @asynccontextmanager
    async def turn(self, chat_id: int, rank: Rank) -> AsyncIterator[None]:
        """Do not wait."""
        yield


@asynccontextmanager
async def talking(
    api: BotApi, desk: Desk, *, soon_s: float = 60
) -> AsyncIterator[asyncio.Task[None]]:
    """Hear commands until the block ends. Flood limits, which other tests are about, are not kept.

    soon_s: of a tap; a busy machine must not make it say that it was heard before it says what came of it.
    """
    bot = open_bot(api.token, api.url)
    replies = Replies(desk.store, TelegramMessenger(bot, OpenDoor()), now=now)
    chat = TelegramChat(bot, desk, desk.store, now=now, replies=replies, soon_s=soon_s)
    task = asyncio.create_task(chat.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await bot.shutdown()


async def until(predicate: Callable[[], T], timeout_s: float = 20.0) -> T:
    """Return the first true value; the chats it would have been seen in are in pytest's output."""
    for _ in range(int(timeout_s / 0.02)):
        if value := predicate():
            return value
        await asyncio.sleep(0.02)
    raise AssertionError("never happened")


async def says(
    api: BotApi, chat_id: int, text: str, user: User | None = None, **more: Any
) -> Shown:
    """Say something and return what the bot then shows besides."""
    before = len(api.shown(chat_id))
    api.say(chat_id, text, user, **more)
    await until(lambda: len(api.shown(chat_id)) > before)
    return api.shown(chat_id)[-1]


async def taps(
    api: BotApi, chat_id: int, message: Shown, label: str, user: User | None = None
) -> dict[str, Any]:
    """Press a button and return what the tap was answered with."""
    query = api.tap(chat_id, message.message_id, label, user)
    answer = await until(lambda: api.answer_of(query) is not None and [api.answer_of(query)])
    return answer[0]


async def silence(api: BotApi, store: Store | None = None) -> None:
    """Wait until the bot has confirmed everything; store: and all that it had to say is out."""
    await until(lambda: api.pending() == 0)
    if store:
        await until(lambda: not store.call(updates.waiting_replies))
