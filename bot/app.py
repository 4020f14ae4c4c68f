"""The composition root: builds everything, starts the roles, owns the clock, the signals and the ticks.

APScheduler only ticks, in memory; what is due is in the database, so a late tick or a second process
skips nothing.
"""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable, Collection, Coroutine
from contextlib import AsyncExitStack, aclosing, suppress
from datetime import UTC, datetime
from typing import Any, Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot import attic, lantern
from bot.adapters.messenger import TelegramMessenger, open_bot
from bot.adapters.sentry import report_bugs
from bot.adapters.terminal import TerminalMessenger, wants_color
from bot.adapters.web_reader import WebReader
from bot.chat import admin, console, subscriber
from bot.chat.command import Desk
from bot.chat.dispatch import TelegramChat
from bot.chat.replies import Replies
from bot.chat.terminal import TerminalChat, read_lines
from bot.config import Settings, config_file, load_outlets, shipped
from bot.courtesy import Courtesy
from bot.crew import Crew, guarded, guarded_tick
from bot.domain.errors import DatabaseDown, SchemaError, SettingsError
from bot.domain.model import Article, Due, Feed
from bot.domain.names import Names, load_names
from bot.domain.prospect import Prospect
from bot.domain.provenance import Provenance, load_provenance
from bot.pipeline import Messenger, Pipeline
from bot.scout import Scout
from bot.sender import Sender
from bot.store import alerts, chats, feeds, notices, prospects, revisions, turns, watches
from bot.store.engine import Store
from bot.store.seats import Seat
from bot.web import server
from bot.web.health import our_version
from bot.web.outlets import Explain

log = logging.getLogger(__name__)

GRACE_S = (
    15.0  # for what is in hand at the end; with what follows, below the 20 s that are promised
)
INGEST_AT_ONCE = 16
SCOUT_AT_ONCE = 2
FORGET_S = 3_600.0  # processes follow the watch log each second
PER_OUTLET = 2  # pages of one outlet at once: the second waits its turn while the first is read
DELIVER_AT_ONCE = 16
SEAT_S = 2.0  # between two looks at a seat; with the lock freed in 6 s at worst, taken over in 8
COMMANDS = (*subscriber.COMMANDS, *admin.COMMANDS, *console.COMMANDS)

Tick = Callable[[], Coroutine[Any, Any, object]]


def utc_now() -> datetime:
    """Return the time: the only clock of the house."""
    return datetime.now(UTC)  # noqa: TID251 - this is the clock


class Chat(Protocol):
    """Whatever hears commands: Telegram, a terminal, a demo."""

    async def run(self) -> None:
        """Hear and answer until cancelled, or until nobody speaks any more."""


async def _undaunted(chat: Chat) -> None:
    """Converse to the end; a database that is away for a while ends nothing."""
    while True:
        try:
            return await chat.run()
        except DatabaseDown as e:
            log.error("chat: the database does not answer, trying again: %s", e)
            await asyncio.sleep(SEAT_S)


class App:
    """One process: its pipeline, its desk, its roles."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        roles: Collection[str],
        pipeline: Pipeline,
        desk: Desk,
        chat: Chat | None,
        port: socket.socket | None = None,
        explain: Explain | None = None,
        telegram: TelegramMessenger | None = None,
        replies: Replies | None = None,
        scout: Scout,
    ) -> None:
        self.settings = settings
        self.store = store
        self.roles = frozenset(roles)
        self.pipeline = pipeline
        self.desk = desk
        self.chat = chat
        self.port = port
        self._explain = explain
        self.stopping = asyncio.Event()
        token = settings.telegram_bot_token
        bot_id = token.get_secret_value().partition(":")[0] if token else ""
        self._reader = Seat(store, f"reader:{bot_id}")
        self._polls: Crew[Feed] = Crew(
            "poll",
            settings.polling.at_once,
            claim=lambda free, _: pipeline.claim_feeds(free),
            work=pipeline.poll,
            key=lambda feed: feed.id,
        )
        self._ingests: Crew[Article] = Crew(
            "ingest",
            INGEST_AT_ONCE,
            claim=lambda free, busy: pipeline.claim_articles(
                free, per_outlet=PER_OUTLET, busy={a.outlet_id for a in busy}
            ),
            work=pipeline.ingest,
            key=lambda article: article.id,
        )
        self._scouts: Crew[Prospect] = Crew(
            "prospect",
            SCOUT_AT_ONCE,
            claim=lambda free, _: scout.claim(free),
            work=scout.look,
            key=lambda prospect: prospect.id,
        )
        self._deliveries: Crew[Due] = Crew(
            "deliver",
            DELIVER_AT_ONCE,
            claim=lambda free, busy: pipeline.claim_alerts(
                free,
                busy={v.alert.chat_id for v in busy} | self._sender.resting(),
                in_hand=len(busy),
            ),
            work=pipeline.deliver,
            key=lambda view: view.alert.id,
        )
        self._sender = Sender(
            store,
            Seat(store, f"sender:{bot_id}"),
            self._deliveries,
            telegram=telegram,
            replies=replies,
            now=utc_now,
        )
        self._ingesting = asyncio.Lock()
        self._forget_upto = 0  # the revision of the watch log at the last look

    async def run(self) -> None:
        """Work until told to stop; then finish what is in hand."""
        scheduler = AsyncIOScheduler(timezone=UTC)
        for what, every_s, tick in self._ticks():
            scheduler.add_job(
                guarded_tick,
                "interval",
                args=(what, tick),
                seconds=every_s,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,  # however late: what is due is in the database
                next_run_time=utc_now(),
            )
        scheduler.start()
        try:
            await self._until_stopped()
        finally:
            scheduler.pause()
            self.stopping.set()
            await self._sender.stop()
            async with self._ingesting:
                pass
            crews = (self._polls, self._scouts, self._ingests, self._deliveries)
            await asyncio.gather(*(crew.finish(GRACE_S) for crew in crews))
            scheduler.shutdown(wait=False)
            self._sender.leave()
            self._reader.leave()

    def _ticks(self) -> list[tuple[str, float, Tick]]:
        # On PostgreSQL a notice wakes a stage at once, and the ticks only find what has become due.
        often = 2.0 if self.store.dialect == "postgresql" else 0.25
        every: list[tuple[str, float, Tick]] = []
        if "poll" in self.roles:
            every += [("pace", 60, self.pipeline.set_pace), ("poll", 0.5, self._polls.tick)]
            every += [("sight", 60, self._look_out), ("prospect", 2, self._scouts.tick)]
            every += [("stale", 3_600, self._forget_stale)]
        if "ingest" in self.roles:
            every += [("ingest", often, self._ingest), ("tend", 3_600, self.pipeline.tend)]
            every += [("clear", 3_600, self._clear_out)]
            every += [("watches", 1, self._follow), ("forgotten", FORGET_S, self._prune)]
        if "deliver" in self.roles:
            every += [("deliver", often, self._sender.work), ("resume", 15, self._resume)]
        return every

    async def _ingest(self) -> None:
        """Work off what is new: as hands become free they take more."""
        if self._ingesting.locked():
            return
        async with self._ingesting:
            await self.pipeline.lookout.make_ready(self.store)
            while await self._ingests.tick() and not self.stopping.is_set():
                await self._ingests.free_hand(SEAT_S)

    async def _follow(self) -> None:
        """Take changes of watches in as they come, so that no article waits for many of them."""
        if self.pipeline.lookout.ready:
            await self.store.read(self.pipeline.lookout.follow)

    async def _prune(self) -> None:
        """Let go of the numbers of watches that were forgotten a while ago: all have heard of it."""
        self._forget_upto = await self.store.run(watches.prune_forgotten, self._forget_upto)

    async def _clear_out(self) -> None:
        """Let go of what has had its days."""
        window_h = self.settings.clustering.window_h
        await attic.clear_out(self.store, self.settings.keep, window_h=window_h, now=utc_now())

    async def _look_out(self) -> None:
        """Tell the admins which outlets went out of sight, or came back."""
        for outlet in await self.store.run(lantern.look, self.desk.admins, utc_now()):
            log.warning("sight of outlet=%s changed", outlet)

    async def _forget_stale(self) -> None:
        """Let go of domains at rest, and of proposals that nobody confirmed."""
        await self.store.run(turns.prune, utc_now())
        await self.store.run(prospects.prune, utc_now())

    async def _resume(self) -> None:
        await self.store.run(watches.resume_due, utc_now())

    async def _serve(self, port: socket.socket) -> None:
        site = server.make_app(
            self.store,
            settings=self.settings,
            names=self.pipeline.lookout.names,
            now=utc_now,
            counts=lambda: self.pipeline.counts,
            admins=self.desk.admins,
            explain=self._explain,
        )
        proxies = tuple(str(network) for network in self.settings.web.proxies)
        await server.serve(site, port, proxies=proxies)

    async def _until_stopped(self) -> None:
        tasks: list[asyncio.Task[Any]] = [asyncio.create_task(self.stopping.wait())]
        if self.chat is not None:
            tasks.append(asyncio.create_task(self._converse(self.chat)))
        if self.port is not None:
            tasks.append(asyncio.create_task(self._serve(self.port)))
        if self.store.dialect == "postgresql":
            tasks.append(asyncio.create_task(self._heed_notices()))
        done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for task in done:
            task.result()  # raises what ended it

    async def _converse(self, chat: Chat) -> None:
        """Hold the chat while this process has the reader's seat; else stand by for it."""
        while True:
            await self._wait_for(self._reader)
            talking = asyncio.create_task(_undaunted(chat))
            losing = asyncio.create_task(self._until_lost(self._reader))
            try:
                await asyncio.wait((talking, losing), return_when=asyncio.FIRST_COMPLETED)
                if talking.done():
                    return talking.result()
                log.warning("another process may read the updates now: standing by")
            finally:
                for task in (talking, losing):
                    task.cancel()
                await asyncio.gather(talking, losing, return_exceptions=True)

    async def _wait_for(self, seat: Seat) -> None:
        waiting = False
        while not await self._holds(seat):
            if not waiting:
                log.info("another process reads the updates: standing by")
            waiting = True
            await asyncio.sleep(SEAT_S)

    async def _until_lost(self, seat: Seat) -> None:
        while await self._holds(seat):  # noqa: ASYNC110 - the server does not tell us
            await asyncio.sleep(SEAT_S)

    async def _holds(self, seat: Seat) -> bool:
        try:
            return await asyncio.to_thread(seat.take)
        except DatabaseDown as e:
            log.error("the database does not answer, trying again: %s", e)
            return False

    async def _heed_notices(self) -> None:
        """Let the stages look as soon as another process says so."""
        stages: dict[str, Tick] = {}
        if "poll" in self.roles:
            stages["prospect"] = self._scouts.tick
        if "ingest" in self.roles:
            stages["ingest"] = self._ingest
        if "deliver" in self.roles:
            stages["deliver"] = self._sender.work
        while stages:
            try:
                async with aclosing(notices.listen(self.store.engine.url)) as woken:
                    async for stage in woken:
                        if stage in stages:
                            await guarded_tick(stage, stages[stage])
            except DatabaseDown as e:
                log.warning("no notices for now, the ticks go on: %s", e)
            await asyncio.sleep(SEAT_S)
        await self.stopping.wait()


def open_database(settings: Settings) -> Store:
    """Return the store, at the schema this version needs. Raises SchemaError, DatabaseDown.

    An SQLite file is migrated as it is opened; PostgreSQL asks for `outpost migrate`, since several
    processes may be running an older version.
    """
    store = Store(settings.database_url.get_secret_value())
    folder = shipped("migrations")
    at, newest = store.call(revisions.current), revisions.head(folder)
    if at == newest:
        return store
    if store.dialect == "sqlite":
        store.call(revisions.migrate, folder)
        return store
    raise SchemaError(
        f"the database is at revision {at or 'none'}, this version needs {newest}: run `outpost migrate`"
    )


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

    Raises SettingsError, SchemaError, DatabaseDown, TokenRefused.
    """
    if settings.sentry_dsn is not None:
        report_bugs(settings.sentry_dsn.get_secret_value(), release=our_version())
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
            messenger, chat = shown, _Typed(TerminalChat(desk, shown, utc_now))
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
    """The terminal's chat, reading what is typed."""

    def __init__(self, chat: TerminalChat) -> None:
        self._chat = chat

    async def run(self) -> None:
        await self._chat.run(read_lines(sys.stdin.fileno()))


async def _telegram(
    settings: Settings, store: Store, desk: Desk, roles: Collection[str], stack: AsyncExitStack
) -> tuple[Messenger, Chat | None, Replies | None]:
    if settings.telegram_bot_token is None:
        if {"deliver", "chat"} & set(roles):
            raise SettingsError(
                "TELEGRAM_BOT_TOKEN is not set: get one from @BotFather,"
                " or try it without: outpost run --chat terminal"
            )
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
        app = App(
            settings,
            store,
            roles=roles,
            pipeline=pipeline,
            desk=desk,
            chat=chat,
            port=open_port(settings) if "web" in roles else None,
            explain=reader.explain,
            telegram=messenger if isinstance(messenger, TelegramMessenger) else None,
            replies=replies,
            scout=Scout(store, reader.explain, utc_now),
        )
        _listen(app)
        log.info("outpost runs: roles %s, database %s", ",".join(sorted(roles)), store.dialect)
        if "chat" in roles and "deliver" not in roles:
            log.info("replies leave through the sender: another process must have the role deliver")
        await app.run()
    log.info("outpost stopped; %d alerts wait in the outbox", await store.run(alerts.behind))


def open_port(settings: Settings) -> socket.socket | None:
    """Return the socket of the web role; None, and said so, where the port is taken."""
    try:
        return server.listen(settings.port, host=settings.web.host)
    except OSError as e:
        log.error("port %d cannot be opened, no web pages (set PORT): %s", settings.port, e)
        return None


def _listen(app: App) -> None:
    """SIGTERM and SIGINT end the run; SIGHUP reads the outlets file again."""
    loop = asyncio.get_running_loop()

    def reload() -> None:
        task = loop.create_task(guarded("reload", _reload(app)))
        background.add(task)
        task.add_done_callback(background.discard)

    background: set[asyncio.Task[None]] = set()
    with suppress(NotImplementedError, RuntimeError):  # not the main thread, or not POSIX
        loop.add_signal_handler(signal.SIGTERM, app.stopping.set)
        loop.add_signal_handler(signal.SIGINT, app.stopping.set)
        loop.add_signal_handler(signal.SIGHUP, reload)


async def _reload(app: App) -> None:
    try:
        await sync_outlets(app.store, app.settings)
    except SettingsError as e:
        log.error("the outlets file was not read again, the old one stays in force: %s", e)
