"""Implements pipeline.Reader: feeds and pages over HTTP, as values; polite, bounded, and never raising.

One request: a turn at its domain, then one of the places for requests under way, then the request; what
comes back is parsed in a worker process.
"""

import asyncio
import hashlib
import re
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self

from aiohttp.abc import AbstractResolver

from bot.adapters.explanation import Explanation, explain
from bot.adapters.feeds import MAX_ENTRIES, ParsedFeed
from bot.adapters.plain import storable
from bot.adapters.politeness import Politeness, Shared, domain_of
from bot.adapters.reading import address_to_ask
from bot.adapters.web_client import Answer, WebClient, failure_of_status
from bot.adapters.workers import Workers
from bot.domain.notes import Note, Oddity
from bot.domain.outlet import (
    Changed,
    Entry,
    Failure,
    FailureKind,
    Feed,
    FeedKind,
    FeedReading,
    Page,
    PageReading,
    Unchanged,
)

__all__ = ["Explanation", "WebReader"]

FEED_BYTES = 10_000_000
PAGE_BYTES = 5_000_000
INDEX_PARTS = 3  # sitemaps read of an index at one poll
MAX_WAIT_S = 45.0  # for a turn at a domain; below the lease of a claimed feed
HOLD_S = 60  # of silence after a 429 that names no time
ACCEPT_FEED = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, "
    "text/xml;q=0.9, */*;q=0.5"
)
ACCEPT_PAGE = "text/html, application/xhtml+xml, */*;q=0.5"


class WebReader:
    """Reads feeds and pages. An async context manager; one for the whole process."""

    def __init__(
        self,
        *,
        user_agent: str,
        allow_private: Iterable[str] = (),
        connect_s: float = 10.0,
        read_s: float = 10.0,
        total_s: float = 30.0,
        at_once: int = 64,
        feed_gap_s: float = 2.0,
        page_gap_s: float = 5.0,
        workers: int = 2,
        feed_bytes: int = FEED_BYTES,
        page_bytes: int = PAGE_BYTES,
        resolver: AbstractResolver | None = None,
        shared: Shared | None = None,
    ) -> None:
        """user_agent: the whole header, with a contact URL. allow_private: networks we may dial.

        feed_gap_s, page_gap_s: between two requests to one registrable domain. shared: the turns of all
        processes, None for one that is alone.
        """
        self._client = WebClient(
            user_agent=user_agent,
            allow_private=allow_private,
            connect_s=connect_s,
            read_s=read_s,
            total_s=total_s,
            concurrent=at_once,
            resolver=resolver,
        )
        self._places = asyncio.Semaphore(at_once)
        self._politeness = Politeness(max_wait_s=MAX_WAIT_S, shared=shared)
        self._workers = Workers(workers)
        self._feed_gap_s, self._page_gap_s = feed_gap_s, page_gap_s
        self._feed_bytes, self._page_bytes = feed_bytes, page_bytes
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._open.enter_async_context(self._client)
        await self._open.enter_async_context(self._workers)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._open.aclose()

    async def read_feed(self, feed: Feed) -> FeedReading:
        """Poll a feed once, conditionally where it left validators. Never raises for the outside's faults."""
        headers = {"Accept": ACCEPT_FEED}
        if feed.etag:
            headers["If-None-Match"] = feed.etag
        if feed.last_modified:
            headers["If-Modified-Since"] = feed.last_modified
        answer = await self._ask_feed(address_to_ask(feed.url), headers, feed.user_agent)
        if isinstance(answer, Failure):
            return answer
        if answer.status == 304:
            return _not_modified(feed, answer)
        if answer.status != 200:
            return failure_of_status(answer)
        return await self._read_body(feed, answer)

    async def _read_body(self, feed: Feed, answer: Answer) -> FeedReading:
        body_hash = await asyncio.to_thread(lambda: hashlib.sha256(answer.body).hexdigest())
        if body_hash == feed.body_hash:
            return Unchanged(_validator(answer, "ETag"), _validator(answer, "Last-Modified"))
        parsed = await self._parse(answer, feed.kind, feed.user_agent)
        if isinstance(parsed, Failure):
            return parsed
        if not parsed.entries and feed.first_polled_at is not None:
            return Failure(FailureKind.EMPTY, "a feed suddenly without entries")
        if parsed.parts:
            return _of_index(parsed, answer, feed)
        return _changed(parsed, answer, body_hash)

    async def _parse(
        self, answer: Answer, kind: FeedKind, user_agent: str | None
    ) -> ParsedFeed | Failure:
        parsed = await self._workers.read_entries(
            answer.body, url=answer.url, content_type=answer.content_type, kind=kind
        )
        if isinstance(parsed, Failure) or not parsed.parts:
            return parsed
        return await self._read_parts(parsed, user_agent)

    async def _read_parts(self, index: ParsedFeed, user_agent: str | None) -> ParsedFeed | Failure:
        """Read the likeliest sitemaps of an index, one level deep, as one feed."""
        entries: list[Entry] = []
        read = hashlib.sha256()
        fault: Failure | None = None
        for url in index.parts[:INDEX_PARTS]:
            answer = await self._ask_feed(url, {"Accept": ACCEPT_FEED}, user_agent)
            if isinstance(answer, Answer) and answer.status != 200:
                answer = failure_of_status(answer)
            if isinstance(answer, Answer):
                part = await self._workers.read_entries(
                    answer.body, url=url, content_type="", kind=FeedKind.SITEMAP
                )
                if isinstance(part, ParsedFeed):
                    entries += part.entries
                    await asyncio.to_thread(read.update, answer.body)
                    continue
                answer = part
            fault = fault or replace(answer, detail=f"{url}: {answer.detail}"[:300])
        if fault and not entries:
            return fault
        notes = (Note(Oddity.PART, detail=fault.detail),) if fault else ()
        entries = entries[:MAX_ENTRIES]
        return replace(index, entries=tuple(entries), notes=notes, parts_hash=read.hexdigest())

    async def read_page(
        self, url: str, *, language: str = "", user_agent: str | None = None
    ) -> PageReading:
        """Fetch an article's page and extract it. Never raises for the outside's faults.

        user_agent: instead of ours, for outlets that refuse it.
        A site without TLS is asked again over http: canonical addresses are https (see domain.urls).
        """
        answer = await self._ask_page(url, user_agent)
        if isinstance(answer, Failure) and answer.kind in (FailureKind.CONNECT, FailureKind.TLS):
            plain = re.sub(r"^https://", "http://", url)
            answer = await self._ask_page(plain, user_agent) if plain != url else answer
        if isinstance(answer, Failure):
            return answer
        if answer.status != 200:
            return failure_of_status(answer)
        return await self._extract(answer, language)

    async def explain(self, url: str) -> Explanation:
        """Say what one address gives, and why. Never raises for the outside's faults."""
        return await explain(self, url)

    async def fetch(self, url: str) -> Answer | Failure:
        """Return the whole answer of an address, if it is a 200. For `explain`."""
        answer = await self._ask_feed(url, {"Accept": f"{ACCEPT_FEED}, text/html;q=0.9"}, None)
        return (
            failure_of_status(answer)
            if isinstance(answer, Answer) and answer.status != 200
            else answer
        )

    async def read(self, answer: Answer, kind: FeedKind) -> ParsedFeed | Failure:
        """Return the entries in an answer. For `explain`."""
        return await self._parse(answer, kind, None)

    async def page(self, answer: Answer) -> Page | Failure:
        """Return the article in an answer. For `explain`."""
        return await self._extract(answer, "")

    async def _extract(self, answer: Answer, language: str) -> PageReading:
        return await self._workers.extract_page(
            answer.body, url=answer.url, content_type=answer.content_type, language=language
        )

    async def _ask_feed(
        self, url: str, headers: Mapping[str, str], user_agent: str | None
    ) -> Answer | Failure:
        return await self._ask(url, self._feed_gap_s, self._feed_bytes, headers, user_agent)

    async def _ask_page(self, url: str, user_agent: str | None) -> Answer | Failure:
        headers = {"Accept": ACCEPT_PAGE}
        return await self._ask(url, self._page_gap_s, self._page_bytes, headers, user_agent)

    async def _ask(
        self,
        url: str,
        gap_s: float,
        max_bytes: int,
        headers: Mapping[str, str],
        user_agent: str | None,
    ) -> Answer | Failure:
        """Make one request in its turn. HELD: there was none, and retry_after_s says when to come back."""
        visit = _Visit(self._politeness, self._places, gap_s)
        hold_s: int | None = None
        try:
            if refused := await visit.go_to(url):
                return refused
            answer = await self._client.get(
                url, max_bytes=max_bytes, headers=headers, user_agent=user_agent, hop=visit.go_to
            )
            hold_s = _silence_s(answer)
        finally:
            await visit.leave(hold_s)
        return answer


class _Visit:
    """A turn at one domain after another, as redirects lead, and a place while it is had."""

    def __init__(self, politeness: Politeness, places: asyncio.Semaphore, gap_s: float) -> None:
        self._politeness, self._places, self._gap_s = politeness, places, gap_s
        self._patience_s = MAX_WAIT_S  # for all its turns together
        self._turn_at = ""  # the address a turn was taken for; "" for none
        self._placed = False

    async def go_to(self, url: str) -> Failure | None:
        """Take a turn there. A redirect within the domain stays in the turn that is had."""
        if self._turn_at and domain_of(url) == domain_of(self._turn_at):
            return None
        await (
            self.leave()
        )  # before waiting for the next: two that wait for each other's would wait in vain
        clock = asyncio.get_running_loop().time
        began = clock()
        away = await self._politeness.enter(url, gap_s=self._gap_s, within_s=self._patience_s)
        self._patience_s = max(0.0, self._patience_s - (clock() - began))
        if away:
            return Failure(FailureKind.HELD, f"not asked: {away[1]}", retry_after_s=away[0])
        self._turn_at = url
        await self._places.acquire()
        self._placed = True
        return None

    async def leave(self, hold_s: int | None = None) -> None:
        """Give back what is had. hold_s: for so long the server wants silence."""
        if self._placed:
            self._places.release()
            self._placed = False
        if self._turn_at:
            reason = "its server asked us to wait"
            left, self._turn_at = self._turn_at, ""
            await self._politeness.leave(left, hold_s=hold_s, reason=reason)


def _silence_s(answer: Answer | Failure) -> int | None:
    """Return for how long a server wants silence: its Retry-After, or a minute after a bare 429."""
    if isinstance(answer, Failure) or answer.status not in (429, 503):
        return None
    asked = failure_of_status(answer).retry_after_s
    return HOLD_S if asked is None and answer.status == 429 else asked


def _not_modified(feed: Feed, answer: Answer) -> Unchanged | Failure:
    if not feed.etag and not feed.last_modified:
        return Failure(FailureKind.STATUS, "304 to a request that was not conditional")
    return Unchanged(_validator(answer, "ETag") or feed.etag, feed.last_modified)


def _validator(answer: Answer, name: str) -> str | None:
    """Return a header to send back at the next poll; None for one that cannot be kept as it came."""
    value = answer.headers.get(name)
    return value if value is None or storable(value) == value else None


def _of_index(parsed: ParsedFeed, answer: Answer, feed: Feed) -> Changed | Unchanged:
    """Return the reading of a sitemap index, known by what its sitemaps said.

    Many an index stays the same for years while its sitemaps change: by its own validators and bytes
    they would never be asked again.
    """
    if parsed.parts_hash == feed.body_hash:
        return Unchanged()
    changed = _changed(parsed, answer, parsed.parts_hash)
    return replace(changed, etag=None, last_modified=None)


def _changed(parsed: ParsedFeed, answer: Answer, body_hash: str) -> Changed:
    hints = (parsed.ttl_s, _max_age_s(answer.headers.get("Cache-Control", "")))
    return Changed(
        entries=parsed.entries,
        etag=_validator(answer, "ETag"),
        last_modified=_validator(answer, "Last-Modified"),
        body_hash=body_hash,
        title=parsed.title,
        notes=parsed.notes or (() if parsed.entries else (Note(Oddity.EMPTY),)),
        moved_to=storable(answer.moved_to) if answer.moved_to else None,
        hint_s=max((h for h in hints if h), default=None),
    )


def _max_age_s(cache_control: str) -> int | None:
    found = re.search(r"(?:^|[,\s])max-age=(\d{1,8})", cache_control)
    return int(found[1]) if found else None
