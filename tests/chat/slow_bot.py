"""A bot whose /dig never ends: run by test_lanes, which kills it."""

import asyncio
import sys

from bot.adapters.messenger import open_bot
from bot.chat import subscriber
from bot.chat.command import Command, Reply, Request
from bot.chat.desk import Desk
from bot.chat.dispatch import TelegramChat
from bot.domain.model import Role
from bot.store.engine import Store, Tx
from tests.chat.live import now


def look(tx: Tx, req: Request) -> None:
    """Read for longer than anybody waits."""
    asyncio.run(asyncio.sleep(600))


def dig(tx: Tx, req: Request) -> Reply:
    """Never be asked."""
    raise AssertionError


async def main(token: str, url: str, database_url: str) -> None:
    store = Store(database_url)
    commands = (*subscriber.COMMANDS, Command("dig", Role.SUBSCRIBER, dig, look=look))
    await TelegramChat(open_bot(token, url), Desk(store, commands), store, now=now).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
