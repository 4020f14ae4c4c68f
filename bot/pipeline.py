"""The pipeline, top to bottom: poll -> ingest -> deliver.

Each stage claims rows, does its I/O with no transaction open, and saves the outcome in one transaction.
What is known, what matched and what is to be told commit together, so nothing is seen and then lost.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from bot import render, texts
from bot.aftermath import settle
from bot.config import Settings
from bot.digest import digest
from bot.domain import clustering, hours, needles, schedule
from bot.domain.article import document_of, tidy, with_page
from bot.domain.errors import DatabaseDown
from bot.domain.identity import settle_entries
from bot.domain.model import Article, ChatKind, DigestView, Due, Message, Outcome
from bot.domain.names import Names
from bot.domain.outlet import Changed, Failure, FailureKind, Feed, FeedReading, Page, PageReading
from bot.domain.provenance import Provenance
from bot.domain.reach import Reach
from bot.kin import Kin, Prints
from bot.lookout import Lookout, Sighting
from bot.store import (
    archive,
    articles,
    feeds,
    ledger,
    locks,
    notices,
    outbox,
    stories,
)
from bot.store.engine import Store, Tx
from bot.telling import evidence_of, tell, tell_again

log = logging.getLogger(__name__)

SAVE_PAUSES_S = (0.2, 0.5, 1, 2, 4, 8)  # together about the grace that SIGTERM leaves


class Reader(Protocol):
    """The outlets' side of the world. Never raises for the outside's faults: they are values."""

    async def read_feed(self, feed: Feed) -> FeedReading:
        """Ask for a feed once, conditionally where it left validators."""

    async def read_page(
        self, url: str, *, language: str = "", user_agent: str | None = None
    ) -> PageReading:
        """Fetch an article's page and extract its text and provenance."""


class Messenger(Protocol):
    """The subscribers' side of the world."""

    async def send(
        self, chat_id: int, message: Message, *, thread_id: int | None = None
    ) -> Outcome:
        """Send one message, to a topic if one is given.

        Not idempotent: UNCERTAIN means the chat may already show it.
        """

    async def edit(self, chat_id: int, message_id: int, message: Message) -> Outcome:
        """Replace a message. Idempotent: OK if it shows the same already."""


Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Look:
    """One reading of an article. again_at: when its page is to be tried once more, None for never."""

    before: Article  # as it was claimed
    article: Article
    failure: str | None
    again_at: datetime | None
    held: bool  # the page was not asked for: its outlet is to be left alone for now
    sighting: Sighting
    prints: Prints
    needles: Collection[str]  # by which the archive finds it

    @property
    def changed(self) -> bool:
        """Whether it may read otherwise than before.

        A page that failed once more changed nothing, and the feed's change was the first attempt.
        """
        return self.failure is None or self.before.attempts <= 1


class Pipeline:
    """The three stages, with the objects they need handed in."""

    def __init__(
        self,
        store: Store,
        *,
        reader: Reader,
        messenger: Messenger,
        settings: Settings,
        names: Names,
        sources: Provenance,
        now: Clock,
    ) -> None:
        self.store = store
        self.reader = reader
        self.messenger = messenger
        self.settings = settings
        self.lookout = Lookout(names)
        self.kin = Kin(sources, settings.clustering)
        self.now = now
        self.reach = Reach()
        self.counts: Counter[str] = Counter()  # stage.outcome -> items, since the start
        self.pace = float(settings.polling.min_interval_s)
        self._poll_rules = schedule.PollRules(
            min_interval_s=settings.polling.min_interval_s,
            max_interval_s=settings.polling.max_interval_s,
            polls_per_minute=settings.polling.polls_per_minute,
        )

    # Stage 1: poll

    async def claim_feeds(self, limit: int) -> list[Feed]:
        """Take up to `limit` feeds that are due."""
        return await self.store.run(
            feeds.claim_due, self.now(), limit=limit, lease_s=self.settings.work.lease_s
        )

    async def set_pace(self) -> None:
        """Share the budget of polls among all feeds anew, from what is known of their rhythms."""
        rhythms = await self.store.run(feeds.rhythms)
        self.pace = schedule.pace(rhythms, self.now(), self._poll_rules)

    async def poll(self, feed: Feed) -> str:
        """Stage 1. Returns the outcome to count: "changed", "unchanged" or "failed"."""
        asked = schedule.prepare_poll(feed, self.now(), chance=random.random())  # noqa: S311 - jitter
        reading = await self.reader.read_feed(asked)
        new = await self.store.run(self._record, feed, reading)
        outcome = {Changed: "changed", Failure: "failed"}.get(type(reading), "unchanged")
        if isinstance(reading, Failure):
            log.warning("poll feed=%s outcome=failed why=%s", feed.url, reading.detail)
        else:
            log.info("poll feed=%s outcome=%s new=%d", feed.url, outcome, new)
        return self._count("poll", outcome)

    def _record(self, tx: Tx, feed: Feed, reading: FeedReading) -> int:
        now = self.now()
        new: list[datetime | None] = []
        if isinstance(reading, Changed):
            settled = settle_entries(reading.entries, feed_url=feed.url, now=now)
            entries = [tidy(e) for e in settled]
            archived = feed.first_polled_at is None
            since = now - timedelta(hours=self.settings.clustering.window_h)
            articles.note_changes(tx, feed, entries, since=since, now=now)
            new = articles.add_new(tx, feed, entries, archived=archived, now=now)
        plan = schedule.plan_poll(
            feed,
            reading,
            new=new,
            now=now,
            rules=self._poll_rules,
            pace=self.pace,
            chance=random.random(),  # noqa: S311 - jitter
        )
        feeds.record_poll(tx, feed, reading, plan, new=len(new), now=now)
        if plan.missed:
            log.warning("feed=%s: about %d entries may have been missed", feed.url, plan.missed)
        if plan.caught_lying:
            log.warning("feed=%s says 304 with news in it: its validators are not used", feed.url)
        if new:
            notices.wake(tx, "ingest")
        return len(new)

    # Stage 2: ingest

    async def claim_articles(
        self, limit: int, *, per_outlet: int, busy: Iterable[int]
    ) -> list[Article]:
        """Take up to `limit` articles that are not filed yet."""
        return await self.store.run(
            articles.claim_new,
            self.now(),
            limit=limit,
            per_outlet=per_outlet,
            busy=busy,
            lease_s=self.settings.work.lease_s,
        )

    async def ingest(self, article: Article) -> str:
        """Stage 2. Returns the outcome to count: "new_story", "copy", "archived", "again" or "known"."""
        page = await self._read_page(article)
        look = await asyncio.to_thread(self._look, article, page, self.now())
        outcome = await self.store.run(self._file, look)
        log.info("ingest article=%d outcome=%s url=%s", article.id, outcome, article.url)
        return self._count("ingest", outcome)

    async def _read_page(self, article: Article) -> PageReading | None:
        """Fetch the page where the feed gave less than a full text; None where there is no need to."""
        pages = self.settings.pages
        if article.archived or not pages.fetch or len(article.body) >= pages.under_chars:
            return None
        return await self.reader.read_page(
            article.url, language=article.language, user_agent=article.user_agent
        )

    def _look(self, article: Article, page: PageReading | None, now: datetime) -> Look:
        """Do all the work that needs no database: outside the transaction, and while others file."""
        read = page if isinstance(page, Page) else None
        full = with_page(article, read)
        document = document_of(full)
        return Look(
            before=article,
            article=full,
            failure=page.detail if isinstance(page, Failure) else None,
            again_at=self._again_at(article, page, now),
            held=isinstance(page, Failure) and page.kind is FailureKind.HELD,
            sighting=self.lookout.glance(document),
            prints=self.kin.take_prints(full, read, before=article),
            needles=needles.keys(document),
        )

    def _file(self, tx: Tx, look: Look) -> str:
        now = self.now()
        article = articles.unfiled(tx, look.before, look.prints.made.keys)
        if article is None:
            return "known"
        seen = self.lookout.match(tx, document_of(look.article), look.sighting)
        decision = self.kin.place(tx, look.article, look.prints, now)
        evidence, copy_of = self._reasons(tx, article, look, decision)
        if article.story_id is None:
            story_id = self._join(tx, look, decision, now)
        else:
            story_id = self._mend(tx, article, decision, evidence, now)
        articles.file(
            tx,
            look.article,
            story_id=story_id,
            sketch=look.prints.made.sketch,
            copy_of=copy_of,
            evidence=evidence,
            page_failure=look.failure,
            again_at=look.again_at,
            attempts=article.attempts - look.held,
            watch_revision=seen.revision,
            now=now,
        )
        archive.enter(tx, look.article, look.needles)
        if decision or article.story_id is not None:  # else it was named as the story was opened
            self.kin.name_origin(tx, story_id, now)
        if article.archived:
            return "archived"
        if article.story_id is not None:
            if look.changed:
                tell_again(tx, article.id, story_id, seen.matched, evidence, now=now)
            return "again"
        tell(tx, article.id, story_id, seen.matched, evidence, now=now)
        ledger.exclude(tx, article.id, seen.barred, now)
        return "copy" if decision else "new_story"

    def _join(self, tx: Tx, look: Look, decision: clustering.Decision | None, now: datetime) -> int:
        """Return the story that an article without one joins, or opens."""
        if decision is None:
            origin = self.kin.read_origin(look.article, look.prints)
            return articles.open_story(tx, look.article.id, now, origin=origin)
        locks.lock_story(tx, decision.story_id)
        return decision.story_id

    def _reasons(
        self, tx: Tx, article: Article, look: Look, decision: clustering.Decision | None
    ) -> tuple[Mapping[str, object], int | None]:
        """Return why an article is in its story, and of which article it is a copy."""
        if article.evidence.get("rule") == "verdict":  # a person put it where it is
            return article.evidence, article.copy_of
        if decision:
            return evidence_of(decision), decision.copy_of
        return self.kin.translated(tx, look.article, look.prints), None

    def _again_at(
        self, article: Article, page: PageReading | None, now: datetime
    ) -> datetime | None:
        """Return when to try the page once more. Nobody waits for it: what the feed says is told at once."""
        pages = self.settings.pages
        if not isinstance(page, Failure):
            return None
        if page.kind is FailureKind.HELD:  # not asked at all: no attempt
            return now + timedelta(seconds=page.retry_after_s or pages.retry_s)
        if article.attempts >= pages.attempts:
            return None
        return now + timedelta(seconds=pages.retry_s * article.attempts)

    def _mend(
        self,
        tx: Tx,
        article: Article,
        decision: clustering.Decision | None,
        evidence: Mapping[str, object],
        now: datetime,
    ) -> int:
        """Decide anew on an article whose text is fuller now than when it was filed; return its story."""
        assert article.story_id is not None  # noqa: S101 - the caller asked
        if article.evidence.get("rule") == "verdict":
            return article.story_id
        if decision is None and article.copy_of is None:
            return article.story_id  # the first of its story, and still nobody's copy
        if decision is not None and decision.story_id == article.story_id:
            return article.story_id
        left = article.story_id
        story_id = stories.move_article(
            tx,
            article.id,
            decision.story_id if decision else None,
            copy_of=decision.copy_of if decision else None,
            evidence=evidence,
            now=now,
        )
        if articles.of_story(tx, left):
            self.kin.name_origin(tx, left, now)
        return story_id

    async def tend(self) -> None:
        """Keep the memory of texts in order: furniture learned, keys that left the window forgotten."""
        gone = await self.kin.tend(self.store, self.now())
        log.info("tend keys_forgotten=%d", gone)

    # Stage 3: deliver

    async def claim_alerts(
        self, limit: int, *, busy: Collection[int] = (), in_hand: int = 0
    ) -> list[Due]:
        """Take up to `limit` alerts and digests whose message is behind, with what each is to show.

        busy: ids of the chats to leave out for now.
        """
        allowed = self.reach.allow(limit, self.now(), in_hand=in_hand)
        if not allowed:
            return []
        return await self.store.run(
            outbox.load_due,
            self.now(),
            limit=allowed,
            lease_s=self.settings.work.lease_s,
            busy=busy,
            digest_over=self.settings.delivery.digest_over,
        )

    async def deliver(self, view: Due) -> str:
        """Stage 3. Returns the outcome to count: a value of Sent."""
        alert = view.alert
        message = digest(view) if isinstance(view, DigestView) else render.alert(view)
        if alert.kind is ChatKind.CHANNEL:  # its readers are not those who may press them
            message = replace(message, buttons=())
        if alert.message_id is None:
            thread_id = alert.thread_id or None
            quiet, zone = hours.Quiet.parse(alert.quiet), texts.zone(alert.zone)
            message = replace(message, silent=hours.is_silent(quiet, zone, self.now()))
            outcome = await self.messenger.send(alert.chat_id, message, thread_id=thread_id)
        else:
            outcome = await self.messenger.edit(alert.chat_id, alert.message_id, message)
        self.reach.note(outcome, self.now())
        await self._save_outcome(view, outcome)
        log.info(
            "deliver alert=%d%s revision=%d outcome=%s %s",
            alert.id,
            f" digest={alert.digest_id} alerts={len(view.covers)}" if alert.digest_id else "",
            alert.revision,
            outcome.sent.value,
            outcome.detail,
        )
        return self._count("deliver", outcome.sent.value)

    async def _save_outcome(self, view: Due, outcome: Outcome) -> None:
        """Write an attempt down, and try hard to: a message whose sending is forgotten is sent again."""
        alert = view.alert
        for pause_s in SAVE_PAUSES_S:
            try:
                return await self.store.run(settle, view, outcome, self.settings, self.now())
            except DatabaseDown as e:
                log.error("alert=%d was %s, not saved yet: %s", alert.id, outcome.sent.value, e)
                await asyncio.sleep(pause_s)
        await self.store.run(settle, view, outcome, self.settings, self.now())

    def _count(self, stage: str, outcome: str) -> str:
        self.counts[f"{stage}.{outcome}"] += 1
        return outcome
