"""A small world for pipeline tests: a real database, a fake reader, a messenger that keeps what is shown."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.config import Pages, Settings, shipped
from bot.domain.model import ChatKind, Message, Outcome, Sent, Subscriber
from bot.domain.names import load_names
from bot.domain.outlet import (
    Changed,
    Entry,
    Feed,
    FeedReading,
    OutletEntry,
    OutletFeed,
    PageReading,
)
from bot.domain.provenance import load_provenance
from bot.domain.query import parse_query
from bot.pipeline import Pipeline
from bot.store import feeds, revisions, subscribers, watches
from bot.store.engine import Store

ADMIN = 1  # whose word on copies binds
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass
class FakeReader:
    """Outlets that a test publishes in: what each feed lists, and what each page says."""

    listed: dict[str, FeedReading] = field(default_factory=dict)
    pages: dict[str, PageReading] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def read_feed(self, feed: Feed) -> FeedReading:
        self.asked.append(feed.url)
        return self.listed.get(feed.url, Changed(()))

    async def read_page(
        self, url: str, *, language: str = "", user_agent: str | None = None
    ) -> PageReading:
        self.asked.append(url)
        return self.pages[url]


@dataclass
class FakeMessenger:
    """Keeps what each chat shows, by message id; answers with the outcomes a test queues."""

    shown: dict[int, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    answers: list[Outcome] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)  # as they were sent
    sends: int = 0
    edits: int = 0

    async def send(
        self, chat_id: int, message: Message, *, thread_id: int | None = None
    ) -> Outcome:
        self.sends += 1
        if self.answers:
            outcome = self.answers.pop(0)
            if outcome.sent is not Sent.OK:
                return outcome
        message_id = 1000 + self.sends
        self.messages.append(message)
        self.shown[chat_id][message_id] = message.html
        return Outcome(Sent.OK, message_id=message_id)

    async def edit(self, chat_id: int, message_id: int, message: Message) -> Outcome:
        self.edits += 1
        if self.answers:
            return self.answers.pop(0)
        self.shown[chat_id][message_id] = message.html
        return Outcome(Sent.OK, message_id=message_id)


class World:
    """One database, one pipeline, a clock that a test moves."""

    def __init__(self, url: str) -> None:
        self.store = Store(url)
        self.store.call(revisions.migrate, shipped("migrations"))
        self.now = START
        self.reader = FakeReader()
        self.messenger = FakeMessenger()
        self.outlets: dict[str, OutletEntry] = {}
        self.pipeline = self.new_process()

    def new_process(self) -> Pipeline:
        """Return another pipeline on the same database, as after a restart or on another machine."""
        config = shipped("config")
        return Pipeline(
            self.store,
            reader=self.reader,
            messenger=self.messenger,
            settings=Settings(admins=frozenset({ADMIN}), pages=Pages(under_chars=150)),
            names=load_names((config / "names.toml").read_text("utf-8")),
            sources=load_provenance((config / "provenance.toml").read_text("utf-8")),
            now=lambda: self.now,
        )

    def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span)

    def subscribe(self, chat_id: int, kind: ChatKind = ChatKind.PRIVATE) -> Subscriber:
        return self.store.call(
            subscribers.subscribe,
            chat_id=chat_id,
            kind=kind,
            title=f"chat {chat_id}",
            language="en",
            now=self.now,
        )

    def watch(self, chat_id: int, query: str) -> int:
        subscriber = self.subscribe(chat_id)
        text = str(parse_query(query))
        return self.store.call(watches.add, subscriber.id, text, self.now).id

    async def open_outlet(self, name: str, *, country: str = "AM", language: str = "en") -> str:
        """Found an outlet with an empty feed and poll it once, so that what follows is news."""
        host = f"https://{name.lower().replace(' ', '-')}.example"
        url = f"{host}/rss"
        self.outlets[name] = OutletEntry(name, host, country, language, (OutletFeed(url),))
        self.store.call(feeds.sync_outlets, list(self.outlets.values()), self.now)
        await self.poll_all()
        return url

    def list_entry(self, feed_url: str, url: str, *, body: str = "", title: str = "Report") -> None:
        """Let a feed list one entry more."""
        before = self.reader.listed.get(feed_url)
        entries = before.entries if isinstance(before, Changed) else ()
        entry = Entry(url=url, title=title, body=body, published_at=self.now)
        self.reader.listed[feed_url] = Changed((*entries, entry), body_hash=url)

    def retitle(self, outlet: str, title: str) -> None:
        """Let an outlet change the headline of all that its feed lists."""
        [feed] = self.outlets[outlet].feeds
        before = self.reader.listed[feed.url]
        assert isinstance(before, Changed)
        entries = tuple(replace(e, title=title) for e in before.entries)
        self.reader.listed[feed.url] = Changed(entries, body_hash=title)

    async def publish(
        self,
        outlet: str,
        text: str,
        *,
        title: str = "Report",
        author: str = "",
        page: PageReading | None = None,
    ) -> str:
        """Publish an article whose feed carries the full text; return what ingesting it came to."""
        if outlet not in self.outlets:
            await self.open_outlet(outlet)
        [feed] = self.outlets[outlet].feeds
        host = self.outlets[outlet].homepage
        number = len(self.reader.asked)
        entry = Entry(
            url=f"{host}/articles/{number}",
            title=title,
            summary=text[:100] if page else "",
            body="" if page else text,
            author=author,
            published_at=self.now,
        )
        if page:
            self.reader.pages[entry.url] = page
        self.reader.listed[feed.url] = Changed((entry,), body_hash=str(number))
        await self.poll_all()
        outcomes = await self.ingest_all()
        return outcomes[-1]

    async def poll_all(self) -> list[str]:
        self.pass_time(hours=2)  # every feed is due again
        return [await self.pipeline.poll(f) for f in await self.pipeline.claim_feeds(1000)]

    async def ingest_all(self) -> list[str]:
        articles = await self.pipeline.claim_articles(1000, per_outlet=1000, busy=())
        return [await self.pipeline.ingest(a) for a in articles]

    async def deliver_all(self) -> list[str]:
        self.pass_time(minutes=1)
        due = []
        while views := await self.pipeline.claim_alerts(1000):  # one a subscriber each time
            due += views
        return [await self.pipeline.deliver(view) for view in due]
