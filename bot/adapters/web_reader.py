"""Implements pipeline.Reader: feeds and pages over HTTP, as values."""

import asyncio
import hashlib
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from aiohttp.abc import AbstractResolver

from bot.adapters.feeds import ParsedFeed, parse_feed
from bot.adapters.pages import extract_page
from bot.adapters.web_client import Answer, WebClient, failure_of_status
from bot.domain.model import (
    Changed,
    Failure,
    FailureKind,
    Feed,
    FeedReading,
    PageReading,
    Unchanged,
)

FEED_BYTES = 10_000_000
PAGE_BYTES = 5_000_000
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
        feed_bytes: int = FEED_BYTES,
        page_bytes: int = PAGE_BYTES,
        resolver: AbstractResolver | None = None,
    ) -> None:
        """user_agent: the whole header, with a contact URL. allow_private: networks we may dial."""
        self._client = WebClient(
            user_agent=user_agent,
            allow_private=allow_private,
            connect_s=connect_s,
            read_s=read_s,
            total_s=total_s,
            resolver=resolver,
        )
        self._feed_bytes = feed_bytes
        self._page_bytes = page_bytes

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def read_feed(self, feed: Feed) -> FeedReading:
        """Poll a feed once, conditionally where it left validators. Never raises for the outside's faults."""
        headers = {"Accept": ACCEPT_FEED}
        if feed.etag:
            headers["If-None-Match"] = feed.etag
        if feed.last_modified:
            headers["If-Modified-Since"] = feed.last_modified
        answer = await self._client.get(
            feed.url, max_bytes=self._feed_bytes, headers=headers, user_agent=feed.user_agent
        )
        if isinstance(answer, Failure):
            return answer
        if answer.status == 304:
            return _not_modified(feed, answer)
        if answer.status != 200:
            return failure_of_status(answer)
        return await self._read(feed, answer)

    async def _read(self, feed: Feed, answer: Answer) -> FeedReading:
        etag, last_modified = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
        body_hash = hashlib.sha256(answer.body).hexdigest()
        if body_hash == feed.body_hash:
            return Unchanged(etag, last_modified)
        parsed = await asyncio.to_thread(
            parse_feed, answer.body, url=answer.url, content_type=answer.content_type
        )
        if isinstance(parsed, Failure):
            return parsed
        if not parsed.entries and feed.first_polled_at is not None:
            return Failure(FailureKind.EMPTY, "a feed without entries")
        return _changed(parsed, answer, body_hash)

    async def read_page(self, url: str, *, language: str = "") -> PageReading:
        """Fetch an article's page and extract it. Never raises for the outside's faults."""
        answer = await self._client.get(
            url, max_bytes=self._page_bytes, headers={"Accept": ACCEPT_PAGE}
        )
        if isinstance(answer, Failure):
            return answer
        if answer.status != 200:
            return failure_of_status(answer)
        return await asyncio.to_thread(
            extract_page,
            answer.body,
            url=answer.url,
            content_type=answer.content_type,
            language=language,
        )


def _not_modified(feed: Feed, answer: Answer) -> Unchanged | Failure:
    if not feed.etag and not feed.last_modified:
        return Failure(FailureKind.STATUS, "304 to a request that was not conditional")
    return Unchanged(answer.headers.get("ETag") or feed.etag, feed.last_modified)


def _changed(parsed: ParsedFeed, answer: Answer, body_hash: str) -> Changed:
    return Changed(
        entries=parsed.entries,
        etag=answer.headers.get("ETag"),
        last_modified=answer.headers.get("Last-Modified"),
        body_hash=body_hash,
        title=parsed.title,
        note=parsed.note or ("" if parsed.entries else "no entries yet"),
        moved_to=answer.moved_to,
    )
