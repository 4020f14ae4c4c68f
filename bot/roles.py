"""The roles at work: which tick does what how often, whose hands are how many, and how it all ends.

APScheduler only ticks, in memory; what is due is in the database, so a late tick or a second process
skips nothing.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Collection, Coroutine
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot import attic, lantern
from bot.adapters.messenger import TelegramMessenger
from bot.chat.desk import Desk
from bot.chat.replies import Replies
from bot.crew import AGAIN, Crew, guarded_tick
from bot.domain.errors import DatabaseDown
from bot.domain.model import Article, Due
from bot.domain.outlet import Feed
from bot.domain.prospect import Prospect
from bot.listener import SEAT_S, Chat, Listener
from bot.pipeline import Pipeline
from bot.scout import Scout
from bot.sender import Sender
from bot.store import notices, prospects, subscribers, turns, watches
from bot.store.seats import Seat
from bot.web import server

log = logging.getLogger(__name__)

GRACE_S = 15.0  # for what is in hand at the end; with what follows, below the 20 s promised
INGEST_AT_ONCE = 16
SCOUT_AT_ONCE = 2
PER_OUTLET = 2  # pages of one outlet at once: the second waits its turn while the first is read
DELIVER_AT_ONCE = 16
LONGEST_FILING = timedelta(minutes=10)  # a transaction that raises alerts ends long before

Tick = Callable[[], Coroutine[Any, Any, object]]


def poll_crew(pipeline: Pipeline) -> Crew[Feed]:
    """Return the hands that poll feeds."""
    return Crew(
        "poll",
        pipeline.settings.polling.at_once,
        claim=lambda free, _: pipeline.claim_feeds(free),
        work=pipeline.poll,
        key=lambda feed: feed.id,
    )


def scout_crew(scout: Scout) -> Crew[Prospect]:
    """Return the hands that look at proposed outlets."""
    return Crew(
        "prospect",
        SCOUT_AT_ONCE,
        claim=lambda free, _: scout.claim(free),
        work=scout.look,
        key=lambda prospect: prospect.id,
    )


def ingest_crew(pipeline: Pipeline) -> Crew[Article]:
    """Return the hands that ingest articles."""
    return Crew(
        "ingest",
        INGEST_AT_ONCE,
        claim=lambda free, busy: pipeline.claim_articles(
            free, per_outlet=PER_OUTLET, busy={a.outlet_id for a in busy}
        ),
        work=pipeline.ingest,
        key=lambda article: article.id,
    )


def deliver_crew(pipeline: Pipeline, resting: Callable[[], set[int]]) -> Crew[Due]:
    """Return the hands that deliver. resting: the chats that flood limits keep waiting."""
    return Crew(
        "deliver",
        DELIVER_AT_ONCE,
        claim=lambda free, busy: pipeline.claim_alerts(
            free, busy={v.alert.chat_id for v in busy} | resting(), in_hand=len(busy)
        ),
        work=pipeline.deliver,
        key=lambda view: view.alert.id,
    )


class Roles:
    """One process at work: its ticks, hands, seats and pages, as far as its roles go."""

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        roles: Collection[str],
        desk: Desk,
        chat: Chat | None,
        port: socket.socket | None,
        scout: Scout,
        telegram: TelegramMessenger | None,
        replies: Replies | None,
    ) -> None:
        self.settings = pipeline.settings
        self.store = pipeline.store
        self.roles = frozenset(roles)
        self.pipeline = pipeline
        self.desk = desk
        self.port = port
        self.stopping = asyncio.Event()
        self._now = pipeline.now
        self._scout = scout
        token = self.settings.telegram_bot_token
        bot_id = token.get_secret_value().partition(":")[0] if token else ""
        seat = Seat(self.store, f"reader:{bot_id}")
        self._listener = Listener(chat, seat) if chat else None
        self._polls = poll_crew(pipeline)
        self._scouts = scout_crew(scout)
        self._ingests = ingest_crew(pipeline)
        resting = telegram.resting if telegram else set[int]
        self._deliveries = deliver_crew(pipeline, resting)
        self._sender = Sender(
            self.store,
            Seat(self.store, f"sender:{bot_id}"),
            self._deliveries,
            telegram=telegram,
            replies=replies,
            now=self._now,
        )
        self._ingesting = asyncio.Lock()
        self._forget_upto = 0  # the revision of the watch log at the last look
        self._resumed: datetime | None = (
            None  # alerts since then may be held for chats that are back
        )

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
                next_run_time=self._now(),
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
            if self._listener:
                self._listener.leave()

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
            every += [("watches", 1, self._follow), ("forgotten", 3_600, self._prune)]
        if "deliver" in self.roles:
            every += [("deliver", often, self._sender.work), ("resume", 15, self._resume)]
        return every

    async def _ingest(self) -> None:
        """Work off what is new: as hands become free they take more.

        An outlet's articles are claimed a few at a time, so what is left may be due as soon as one is done.
        """
        if self._ingesting.locked():
            if self.pipeline.lookout.ready:
                await self._ingests.tick()
            return
        async with self._ingesting:
            await self.pipeline.lookout.make_ready(self.store)
            while not self.stopping.is_set():
                await self._ingests.tick()
                if not self._ingests.at_work:
                    break
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
        await attic.clear_out(self.store, self.settings.keep, window_h=window_h, now=self._now())

    async def _look_out(self) -> None:
        """Tell the admins which outlets went out of sight, or came back."""
        for outlet in await self.store.run(lantern.look, self.desk.admins, self._now()):
            log.warning("sight of outlet=%s changed", outlet)

    async def _forget_stale(self) -> None:
        """Let go of domains at rest, and of proposals that nobody confirmed."""
        await self.store.run(turns.prune, self._now())
        await self.store.run(prospects.prune, self._now())

    async def _resume(self) -> None:
        now = self._now()
        await self.store.run(subscribers.resume_due, now, since=self._resumed)
        self._resumed = now - LONGEST_FILING

    async def _serve(self, port: socket.socket) -> None:
        site = server.make_app(
            self.store,
            settings=self.settings,
            names=self.pipeline.lookout.names,
            now=self._now,
            counts=lambda: self.pipeline.counts,
            admins=self.desk.admins,
            explain=self._scout.explain,
        )
        proxies = tuple(str(network) for network in self.settings.web.proxies)
        await server.serve(site, port, proxies=proxies)

    async def _until_stopped(self) -> None:
        tasks: list[asyncio.Task[Any]] = [asyncio.create_task(self.stopping.wait())]
        if self._listener:
            tasks.append(asyncio.create_task(self._listener.run()))
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
                log.warning("no notices for now, the ticks go on: %s", e, extra=AGAIN)
            await asyncio.sleep(SEAT_S)
        await self.stopping.wait()
