"""Web servers on loopback that behave as outlets do, at their best and at their worst."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.adapters.web_reader import WebReader
from bot.domain.outlet import Failure, Feed, FeedKind, FeedReading

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

ITEM = "<item><title>{title}</title><link>{link}</link><guid>{guid}</guid><pubDate>{date}</pubDate></item>"


def rss(*titles: str, site: str = "https://outlet.example", extra: str = "") -> bytes:
    """Return a feed with these entries."""
    items = "".join(
        ITEM.format(title=t, link=f"{site}/{n}", guid=f"g{n}", date="Mon, 23 Nov 2026 10:00:00 GMT")
        for n, t in enumerate(titles)
    )
    return (
        f'<rss version="2.0"><channel><title>Outlet</title>{extra}{items}</channel></rss>'.encode()
    )


def feed(url: str, **changes: Any) -> Feed:
    """Return a feed to poll at that address."""
    values: dict[str, Any] = {"kind": FeedKind.FEED, "language": "en", "country": "GB", **changes}
    return Feed(1, 1, "Outlet", url, **values)


def reader(**changes: Any) -> WebReader:
    """Return a reader that may dial loopback, and does not wait."""
    values: dict[str, Any] = {
        "user_agent": "Outpost/test (+https://contact.example)",
        "allow_private": ["127.0.0.0/8"],
        "feed_gap_s": 0,
        "page_gap_s": 0,
        "workers": 1,
        **changes,
    }
    return WebReader(**values)


@contextlib.asynccontextmanager
async def site(
    handler: Handler, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """Serve every path with one handler; yield the address of the root, without a slash."""
    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
    await runner.setup()
    listening = socket.create_server(
        (host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET
    )
    await web.SockSite(runner, listening, ssl_context=tls).start()
    named = f"[{host}]" if ":" in host else host
    try:
        yield f"http{'s' if tls else ''}://{named}:{listening.getsockname()[1]}"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def raw_site(talk: Talk, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serve bytes by hand; yield the address of the root."""
    talks: set[asyncio.Task[None]] = set()

    async def accepted(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        talks.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await source.readuntil(b"\r\n\r\n")
            await talk(source, sink)
        sink.transport.abort()
        talks.discard(task)

    server = await asyncio.start_server(accepted, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in list(talks):
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        await server.wait_closed()


class Names(AbstractResolver):
    """A resolver under the test's thumb: each name has a list of answers, the last one repeats."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): list(lists) for name, lists in answers.items()}
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the next answer for a name."""
        self.asked.append(host)
        lists = self.answers.get(host)
        if not lists:
            raise OSError(f"no such name: {host}")
        addresses = lists.pop(0) if len(lists) > 1 else lists[0]
        return [
            ResolveResult(
                hostname=host,
                host=a,
                port=port,
                family=socket.AF_INET6 if ":" in a else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for a in addresses
        ]

    async def close(self) -> None:
        """Nothing to close."""


OK_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n"


def answer(body: bytes = b"", status: int = 200, **headers: str) -> Handler:
    """Return a handler that gives every request the same answer; underscores in names are hyphens."""

    async def handler(request: web.Request) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=body, status=status, headers=named)

    return handler


async def read(handler: Handler, path: str = "/", **changes: Any) -> FeedReading:
    """Poll a server once, as a feed with these fields."""
    async with site(handler) as root, reader() as eyes:
        return await eyes.read_feed(feed(root + path, **changes))


async def failing(handler: Handler, path: str = "/", **changes: Any) -> Failure:
    """Poll a server once, and expect it to fail."""
    reading = await read(handler, path, **changes)
    assert isinstance(reading, Failure)
    return reading
