"""A database with one chat in it, and commands asked as the desk would ask them."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.chat import admin, subscriber
from bot.chat.command import Reply, Request
from bot.config import Chat, shipped
from bot.domain.model import ChatKind, Role, Subscriber, SubscriberState
from bot.domain.names import Names, load_names
from bot.store import subscribers, watches
from bot.store.engine import Store
from bot.store.schema import metadata
from tests.e2e.telegram_html import parse_html
from tests.world import World

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CHAT = 7
COMMANDS = (*subscriber.COMMANDS, *admin.COMMANDS)
NAMES = load_names((shipped("config") / "names.toml").read_text("utf-8"))
STRIKE = (
    "Dockers in the harbour of Port Elva began a strike on Monday, and no ship was unloaded by noon. "
    "The owners said that they would answer the demands of the union on Tuesday, after a meeting of the "
    "board. Grain prices rose at once in three cities, and bakers asked the ministry for help. "
)
ROAD = (
    "Дорога в Лачин закрыта после обвала, сообщили спасатели. Движение обещают открыть к утру, если "
    "позволит погода. Водителей просят остаться в городе и ждать новых сообщений службы дорог. "
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return an empty SQLite database with our tables."""
    opened = Store(f"sqlite:///{tmp_path / 'chat.db'}")
    opened.call(metadata.create_all)
    yield opened
    opened.close()


@pytest.fixture
def tx(store: Store) -> Iterator[sa.Connection]:
    """Return an open transaction."""
    with store.engine.begin() as connection:
        yield connection


class Asker:
    """Asks commands of one chat within one transaction."""

    def __init__(self, tx: sa.Connection, *, chat: int = CHAT) -> None:
        self.tx = tx
        self.chat = chat
        self.now = NOON
        self.kind = ChatKind.PRIVATE
        self.limits = Chat()
        self.names = Names.empty()

    def __call__(
        self,
        line: str,
        *,
        role: Role = Role.SUBSCRIBER,
        pressed: bool = False,
        reply_to: int | None = None,
        message_id: int | None = None,
    ) -> Reply:
        """Run "name argument" as typed, or "name:argument" as tapped."""
        name, _, argument = line.partition(":" if pressed else " ")
        [command] = [c for c in COMMANDS if c.name == name]
        request = Request(
            subscriber=self.subscriber,
            now=self.now,
            argument=argument,
            role=role,
            limits=self.limits,
            names=self.names,
            commands=[c for c in COMMANDS if c.typed and c.role in (Role.SUBSCRIBER, role)],
            user_id=self.chat,
            pressed=pressed,
            reply_to=reply_to,
            message_id=message_id,
            bot_name="outpost_bot",
        )
        return command.run(self.tx, request)

    def tap(self, data: str, **kw: Any) -> Reply:
        """Run what a button carries."""
        return self(data if ":" in data else f"{data}:", pressed=True, **kw)

    @property
    def subscriber(self) -> Subscriber:
        """Return the chat as it is now; id 0 if it has not started."""
        stranger = Subscriber(0, self.chat, self.kind, "Ani", "en", SubscriberState.GONE)
        return subscribers.find(self.tx, self.chat) or stranger

    def queries(self) -> list[str]:
        """Return what the chat watches."""
        return [w.watch.query for w in watches.of_subscriber(self.tx, self.subscriber.id)]


@pytest.fixture
def ask(tx: sa.Connection) -> Asker:
    """Return the one chat that asks."""
    return Asker(tx)


@pytest.fixture
async def archived(database_url: str) -> AsyncIterator[Asker]:
    """An archive with a strike in two outlets and a road in a third; yields who asks it."""
    world = World(database_url)
    world.subscribe(CHAT)
    await world.open_outlet("Daily Echo")
    await world.open_outlet("Coast Mail", country="GE")
    await world.open_outlet("Hill News", country="RU", language="ru")
    await world.publish("Daily Echo", STRIKE, title="Port at a standstill")
    await world.publish("Coast Mail", STRIKE + "Reporting by Daily Echo.", title="Docks: no work")
    await world.publish("Hill News", ROAD, title="Горы отрезаны")
    with world.store.engine.begin() as tx:
        ask = Asker(tx)
        ask.now, ask.names = world.now, NAMES
        yield ask
    world.store.close()


def words(reply: Reply) -> str:
    """Return what a reply shows."""
    return parse_html(reply.html).text


def data(reply: Reply) -> list[str]:
    """Return what the buttons of a reply carry, in reading order."""
    return [button.data for row in reply.buttons for button in row]
