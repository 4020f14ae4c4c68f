"""Outlets on loopback that publish when a test says so: feeds, pages, conditional answers, bad manners."""

import asyncio
import hashlib
import html
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

from aiohttp import web

from tests.e2e.loopback import Loopback

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Published:
    """One article as its outlet has it."""

    slug: str
    title: str
    text: str
    byline: str
    at: datetime


@dataclass(slots=True)
class Outlet:
    """One publisher. feed: answers in place of the feed, to misbehave. full: whole texts in the feed.

    listed: how many articles the feed has, the newest. front: whether it has a front page, which names
    the feed.
    """

    key: str
    name: str
    country: str = "AM"
    language: str = "en"
    full: bool = False
    listed: int = 50
    front: bool = False
    articles: list[Published] = field(default_factory=list)
    feed: Answer | None = None
    polls: int = 0
    unchanged: int = 0  # polls answered 304
    reads: int = 0  # of pages
    host: str = "127.0.0.1"
    port: int = 0
    _runner: web.AppRunner | None = None

    @property
    def home(self) -> str:
        return f"http://{self.host}:{self.port}"

    def publish(
        self, title: str, text: str, *, byline: str = "", slug: str = "", at: datetime | None = None
    ) -> str:
        """Publish now (dated `at`, which is now by default); return the article's URL."""
        slug = slug or f"a{len(self.articles) + 1}"
        article = Published(slug, title, text, byline, at or datetime.now(UTC))
        self.articles = [*self.articles, article]  # a new list: the server reads in another thread
        return f"{self.home}/{slug}"

    def rss(self) -> str:
        """Return the feed, newest first."""
        items = "".join(self._item(a) for a in reversed(self.articles[-self.listed :]))
        return (
            '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"'
            ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
            ' xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"<channel><title>{html.escape(self.name)}</title><link>{self.home}</link>"
            f"<description>News</description>{items}</channel></rss>"
        )

    def _item(self, a: Published) -> str:
        url, words = f"{self.home}/{a.slug}", a.text.split()
        body = "".join(f"<p>{html.escape(p)}</p>" for p in a.text.split("\n\n"))
        full = f"<content:encoded><![CDATA[{body}]]></content:encoded>" if self.full else ""
        author = f"<dc:creator>{html.escape(a.byline)}</dc:creator>" if a.byline else ""
        return (
            f"<item><title>{html.escape(a.title)}</title><link>{url}</link><guid>{url}</guid>"
            f"<pubDate>{format_datetime(a.at)}</pubDate>{author}"
            f"<description>{html.escape(' '.join(words[:30]))}</description>{full}</item>"
        )

    def front_page(self) -> str:
        """Return the homepage: it names the feed as browsers and readers expect."""
        return (
            f'<!doctype html><html lang="{self.language}"><head><title>{html.escape(self.name)}</title>'
            '<link rel="alternate" type="application/rss+xml" href="/feed.xml"></head>'
            "<body><h1>News</h1></body></html>"
        )

    def page(self, a: Published) -> str:
        """Return an article's page, furniture and all."""
        paragraphs = "".join(f"<p>{html.escape(p)}</p>" for p in a.text.split("\n\n"))
        byline = f'<p class="byline">By {html.escape(a.byline)}</p>' if a.byline else ""
        return (
            f'<!doctype html><html lang="{self.language}"><head><title>{html.escape(a.title)}'
            f'</title><meta name="author" content="{html.escape(a.byline)}"></head><body>'
            f'<header><a href="/">{html.escape(self.name)}</a></header><main><article>'
            f"<h1>{html.escape(a.title)}</h1>{byline}{paragraphs}</article></main>"
            "<footer>All rights reserved</footer></body></html>"
        )


class Press(Loopback):
    """All outlets of a test. Use as a context manager, after `add`ing them or during."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        super().__init__(host)
        self.outlets: dict[str, Outlet] = {}

    def add(self, key: str, name: str = "", **more: object) -> Outlet:
        """Add an outlet with an address of its own; it listens at once."""
        outlet = Outlet(key, name or key.title(), host=self.host, **more)  # type: ignore[arg-type]  # an outlet's own words
        self.outlets[key] = outlet
        asyncio.run_coroutine_threadsafe(self._serve(outlet), self._loop).result(10)
        return outlet

    async def _serve(self, outlet: Outlet) -> None:
        async def feed(request: web.Request) -> web.StreamResponse:
            outlet.polls += 1
            if outlet.feed:
                return await outlet.feed(request)
            body = outlet.rss().encode()
            etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            if request.headers.get("If-None-Match") == etag:
                outlet.unchanged += 1
                return web.Response(status=304, headers={"ETag": etag})
            headers = {"ETag": etag}
            return web.Response(body=body, content_type="application/rss+xml", headers=headers)

        async def page(request: web.Request) -> web.Response:
            outlet.reads += 1
            found = [a for a in outlet.articles if a.slug == request.match_info["slug"]]
            if not found:
                return web.Response(status=404)
            return web.Response(text=outlet.page(found[-1]), content_type="text/html")

        async def front(_: web.Request) -> web.Response:
            status = 200 if outlet.front else 404
            return web.Response(text=outlet.front_page(), content_type="text/html", status=status)

        async def no_robots(_: web.Request) -> web.Response:
            return web.Response(status=404)

        app = web.Application()
        app.router.add_get("/feed.xml", feed)
        app.router.add_get("/robots.txt", no_robots)
        app.router.add_get("/", front)
        app.router.add_get("/{slug}", page)
        outlet._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await outlet._runner.setup()
        await web.TCPSite(outlet._runner, outlet.host, outlet.port).start()
        outlet.port = outlet._runner.addresses[0][1]

    async def _open(self) -> None:
        for outlet in self.outlets.values():
            if outlet._runner is None:
                await self._serve(outlet)

    async def _close(self) -> None:
        for outlet in self.outlets.values():
            if outlet._runner:
                await outlet._runner.cleanup()
                outlet._runner = None

    def outlets_toml(self) -> str:
        """Return the outlets file that names these outlets."""
        return "\n".join(
            f'[[outlet]]\nname = "{o.name}"\nhomepage = "{o.home}"\ncountry = "{o.country}"\n'
            f'language = "{o.language}"\n[[outlet.feed]]\nurl = "{o.home}/feed.xml"\n'
            for o in self.outlets.values()
        )

    def wait_polled(self, *outlets: Outlet, timeout_s: float = 30.0) -> None:
        """Wait until each outlet's next poll has been asked for, and so the one before is recorded."""
        before = {o.key: o.polls for o in outlets}
        self.wait_for(
            lambda: all(o.polls >= before[o.key] + 2 for o in outlets),
            timeout_s,
            "every outlet is polled",
        )

    def describe(self) -> str:
        """Return how often each outlet was asked."""
        return "\n".join(
            f"{o.name}: {o.polls} polls, {o.reads} pages" for o in self.outlets.values()
        )


# -- bad manners ----------------------------------------------------------------------------------


def answering(body: bytes, content_type: str = "application/rss+xml", status: int = 200) -> Answer:
    """Return an outlet's manner of answering the same thing always."""

    async def answer(_: web.Request) -> web.Response:
        headers = {"Content-Type": content_type}
        return web.Response(body=body, status=status, headers=headers)

    return answer


async def hang(_: web.Request) -> web.Response:
    """Accept, and never answer."""
    await asyncio.sleep(300)
    return web.Response()


async def endless(request: web.Request) -> web.StreamResponse:
    """Answer without an end, as fast as it is read."""
    response = web.StreamResponse(headers={"Content-Type": "application/rss+xml"})
    await response.prepare(request)
    began = time.monotonic()
    while time.monotonic() - began < 60:
        await response.write(b"<item><title>more</title></item>" * 2_000)
    return response


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">'
    + b"".join(
        b'<!ENTITY %c "%s">' % (c + 1, b"&%c;" % c * 10) for c in range(ord("a"), ord("a") + 9)
    )
    + b"]><rss version='2.0'><channel><title>&j;</title></channel></rss>"
)
