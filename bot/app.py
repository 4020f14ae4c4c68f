"""The composition root: builds everything, starts the roles, owns the clock and the signals."""

import asyncio
import errno
import logging
import signal
import socket
import sys
from collections.abc import Collection
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from typing import Any

from bot.adapters.messenger import TelegramMessenger, open_bot
from bot.adapters.sentry import report_bugs
from bot.adapters.terminal import TerminalMessenger, wants_color
from bot.adapters.web_reader import WebReader
from bot.chat import admin, console, subscriber
from bot.chat.desk import Desk
from bot.chat.dispatch import TelegramChat
from bot.chat.replies import Replies
from bot.chat.terminal import Lines, TerminalChat
from bot.config import TALKING, Settings, config_file, shipped
from bot.courtesy import Courtesy
from bot.crew import AGAIN, DOWN_S, guarded
from bot.domain.errors import DatabaseDown, OutpostError, PortError, SchemaError, SettingsError
from bot.domain.names import Names, load_names
from bot.domain.provenance import Provenance, load_provenance
from bot.listener import Chat
from bot.outlets_file import load_outlets
from bot.pipeline import Messenger, Pipeline
from bot.roles import Roles
from bot.scout import Scout
from bot.store import alerts, chats, feeds, revisions
from bot.store.engine import Store, is_missing, sqlite_file
from bot.web import server
from bot.web.health import our_version

log = logging.getLogger(__name__)

COMMANDS = (*subscriber.COMMANDS, *admin.COMMANDS, *console.COMMANDS)


def utc_now() -> datetime:
    """Return the time: the only clock of the house."""
    return datetime.now(UTC)  # noqa: TID251 - this is the clock


def open_database(settings: Settings, *, new: bool = True) -> Store:
    """Return the store, at the schema this version needs: how every command opens its database.

    new False: for a command that only asks, an SQLite file that is not there is a mistake.
    Raises SchemaError, DatabaseDown, SettingsError.

    An SQLite file is migrated as it is opened; PostgreSQL asks for `outpost migrate`, since several
    processes may be running an older version.
    """
    url = settings.database_url.get_secret_value()
    file = sqlite_file(url)
    if file is not None and not new and is_missing(file):
        raise SettingsError(
            f"there is no database at {file.absolute()} yet: the bot makes it when it first runs;"
            " if it runs elsewhere, set DATABASE_URL to what it has there"
        )
    store = Store(url)
    try:
        _bring_up(store)
    except OutpostError:
        store.close()
        raise
    return store


def _bring_up(store: Store) -> None:
    folder = shipped("migrations")
    at, newest = store.call(revisions.standing, folder)
    if at == newest:
        return
    if store.dialect != "sqlite":
        raise SchemaError(
            f"the database is at revision {at or 'none'}, this version needs {newest}:"
            " run `outpost migrate`"
        )
    store.call(revisions.migrate, folder)


def read_names(settings: Settings) -> Names:
    """Return the names table. Raises SettingsError."""
    return load_names(_read(settings, "names.toml"))


def read_provenance(settings: Settings) -> Provenance:
    """Return the patterns by which articles name their source. Raises SettingsError."""
    return load_provenance(_read(settings, "provenance.toml"))


def _read(settings: Settings, name: str) -> str:
    file = config_file(settings.config_dir, name)
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise SettingsError(f"{file}: {e}") from None


async def sync_outlets(store: Store, settings: Settings) -> None:
    """Bring the database's outlets in line with the outlets file. Raises SettingsError, DatabaseDown."""
    entries = load_outlets(settings.config_dir)
    synced = await store.run(feeds.sync_outlets, entries, utc_now())
    if synced.retired and not entries:
        log.warning("outlets.toml names no outlet any more: every one of its feeds is retired")
    log.info(
        "outlets: %d feeds added, %d changed, %d retired",
        synced.added,
        synced.changed,
        synced.retired,
    )


def make_reader(settings: Settings, store: Store | None = None) -> WebReader:
    """Return the reader of feeds and pages that these settings ask for.

    store: through which it minds what other processes do, None for one that is alone.
    """
    request_s = settings.network.total_timeout_s
    return WebReader(
        user_agent=f"Outpost/0.1 (+{settings.network.contact})",
        allow_private=[str(network) for network in settings.network.allow_private],
        total_s=request_s,
        at_once=settings.polling.at_once,
        feed_gap_s=settings.polling.feed_gap_s,
        page_gap_s=settings.polling.page_gap_s,
        shared=Courtesy(store, request_s=request_s, now=utc_now) if store else None,
    )


async def run(settings: Settings, *, roles: Collection[str], terminal: bool = False) -> None:
    """Run these roles until SIGTERM, SIGINT, or the end of the terminal's input.

    Raises SettingsError, SchemaError, DatabaseDown, PortError, TokenError.
    """
    if settings.sentry_dsn is not None:
        report_bugs(settings.sentry_dsn.get_secret_value(), release=our_version())
    if settings.telegram_bot_token is None and TALKING & set(roles) and not terminal:
        raise SettingsError(
            "TELEGRAM_BOT_TOKEN is not set: get one from @BotFather,"
            " or try it without: outpost run --chat terminal"
        )
    store = open_database(settings)
    async with AsyncExitStack() as stack:
        stack.callback(store.close)
        messenger: Messenger
        replies: Replies | None = None
        names = read_names(settings)
        desk = Desk(store, COMMANDS, admins=settings.admins, limits=settings.limits, names=names)
        chat: Chat | None
        if terminal:
            shown = TerminalMessenger(
                sys.stdout,
                color=wants_color(sys.stdout),
                first_id=int(utc_now().timestamp()),  # above those of earlier sessions
            )
            desk = Desk(store, COMMANDS, admins={1}, limits=settings.limits, names=names)
            typed = TerminalChat(desk, shown, utc_now)
            messenger, chat = shown, _Typed(typed) if "chat" in roles else None
            replies = Replies(store, shown, now=utc_now)
        else:
            messenger, chat, replies = await _telegram(settings, store, desk, roles, stack)
        await run_with(
            settings,
            store,
            roles=roles,
            messenger=messenger,
            desk=desk,
            chat=chat,
            replies=replies,
        )


class _Typed:
    """The terminal's chat, reading what is typed: one reader, however often its seat is lost."""

    def __init__(self, chat: TerminalChat) -> None:
        self._chat = chat
        self._lines = Lines(sys.stdin.fileno())

    async def run(self) -> None:
        await self._chat.run(self._lines)


async def _telegram(
    settings: Settings, store: Store, desk: Desk, roles: Collection[str], stack: AsyncExitStack
) -> tuple[Messenger, Chat | None, Replies | None]:
    if settings.telegram_bot_token is None:
        return _Nobody(), None, None
    bot = open_bot(settings.telegram_bot_token.get_secret_value(), settings.telegram_api_url)
    stack.push_async_callback(bot.shutdown)
    messenger = TelegramMessenger(bot)
    replies = Replies(store, messenger, now=utc_now, active=False)  # the sender's seat decides
    if "chat" not in roles:
        return messenger, None, replies
    return messenger, TelegramChat(bot, desk, store, now=utc_now, replies=replies), replies


class _Nobody:
    """The messenger of a process that neither delivers nor chats; using it is a bug."""

    async def send(self, *_: object, **__: object) -> Any:
        raise AssertionError("this process does not deliver")

    edit = send


async def run_with(
    settings: Settings,
    store: Store,
    *,
    roles: Collection[str],
    messenger: Messenger,
    desk: Desk,
    chat: Chat | None,
    replies: Replies | None = None,
) -> None:
    """Run these roles with a messenger and a chat that somebody else built."""
    names, sources = read_names(settings), read_provenance(settings)
    await sync_outlets(store, settings)
    await store.run(chats.heed, settings.chat.allow, admins=settings.admins, now=utc_now())
    async with make_reader(settings, store) as reader:
        pipeline = Pipeline(
            store,
            reader=reader,
            messenger=messenger,
            settings=settings,
            names=names,
            sources=sources,
            now=utc_now,
        )
        at_work = Roles(
            pipeline,
            roles=roles,
            desk=desk,
            chat=chat,
            port=open_port(settings, alone=set(roles) == {"web"}) if "web" in roles else None,
            scout=Scout(store, reader.explain, utc_now),
            telegram=messenger if isinstance(messenger, TelegramMessenger) else None,
            replies=replies,
        )
        _heed_signals(at_work)
        log.info("outpost runs: roles %s, database %s", ",".join(sorted(roles)), store.dialect)
        if "chat" in roles and "deliver" not in roles:
            log.info("replies leave through the sender: another process must have the role deliver")
        await at_work.run()
    log.info("outpost stopped; %d alerts wait in the outbox", await store.run(alerts.behind))


def open_port(settings: Settings, *, alone: bool) -> socket.socket | None:
    """Return the socket of the web role; None, and said so, where it cannot listen.

    alone: the process has no other role. It raises PortError then, rather than run and do nothing.
    """
    host, port = settings.web.host, settings.port
    try:
        return server.listen(port, host=host)
    except OSError as e:
        choice = "PORT" if e.errno in (errno.EADDRINUSE, errno.EACCES) else "web.host"
        said = (
            f"no web pages: cannot listen on {host}, port {port}: {e.strerror or e}; set {choice}"
        )
        if alone:
            raise PortError(said) from None
        log.error("%s", said)
        return None


def _heed_signals(at_work: Roles) -> None:
    """SIGTERM and SIGINT end the run; SIGHUP reads the outlets file again."""
    loop = asyncio.get_running_loop()

    def reload() -> None:
        task = loop.create_task(guarded("reload", _reload(at_work)))
        background.add(task)
        task.add_done_callback(background.discard)

    background: set[asyncio.Task[bool]] = set()
    with suppress(NotImplementedError, RuntimeError):  # not the main thread, or not POSIX
        loop.add_signal_handler(signal.SIGTERM, at_work.stopping.set)
        loop.add_signal_handler(signal.SIGINT, at_work.stopping.set)
        loop.add_signal_handler(signal.SIGHUP, reload)


async def _reload(at_work: Roles) -> None:
    """Read the outlets file again, however long the database is away."""
    while True:
        try:
            return await sync_outlets(at_work.store, at_work.settings)
        except SettingsError as e:
            log.error("the outlets file was not read again, the old one stays in force: %s", e)
            return None
        except DatabaseDown as e:
            log.error("reload: the database does not answer, trying again: %s", e, extra=AGAIN)
            await asyncio.sleep(DOWN_S)
