"""What a poll costs in CPU, against httpx and a bare socket; and that ten thousand leave nothing behind."""

import asyncio
import gc
import socket
import ssl
from collections.abc import Awaitable, Callable

import aiohttp
import httpx

from bot.adapters.web_reader import WebReader
from bot.domain.outlet import Changed, Feed, FeedKind, Unchanged
from tests.benchmarks.polling_parts.serving import CERTIFICATE, cpu_s, memory_mb, server

POLLS = 600
MANY = 10_000


def _reader(**changes: object) -> WebReader:
    return WebReader(
        user_agent="Outpost/bench",
        allow_private=["127.0.0.0/8"],
        feed_gap_s=0,
        page_gap_s=0,
        workers=1,
        **changes,  # type: ignore[arg-type]  # whatever a caller changes
    )


def _feed(url: str, etag: str | None = None) -> Feed:
    return Feed(1, 1, "Outlet", url, FeedKind.FEED, "en", "GB", etag=etag)


async def _per_poll(poll: Callable[[int], Awaitable[None]]) -> float:
    for number in range(20):
        await poll(number)
    started = cpu_s()
    for number in range(POLLS):
        await poll(number)
    return (cpu_s() - started) / POLLS * 1000


async def report() -> None:
    """Print milliseconds of CPU per conditional poll, each over a connection of its own as outlets need."""
    for tls in (True, False):
        async with server(tls=tls) as port:
            costs = await _costs(port, tls=tls)
        floor = costs["bare socket"]
        print(
            f"{'TLS' if tls else 'plain'}, a 304 over a new connection, {POLLS} polls, ms of CPU each:"
        )
        for name, cost in costs.items():
            print(f"{name:16}{cost:>8.2f}{cost / floor:>8.2f} of the floor")


async def _costs(port: int, *, tls: bool) -> dict[str, float]:
    trust = ssl.create_default_context(cafile=CERTIFICATE)
    root = f"http{'s' if tls else ''}://127.0.0.1:{port}"
    async with _reader() as reader:
        first = await reader.read_feed(_trusting(reader, trust, _feed(f"{root}/feed/1?rate=0.001")))
        assert isinstance(first, Changed), first
        etag = first.etag or ""

        def bare() -> None:
            _bare(port, etag, trust if tls else None)

        async def through_socket(number: int) -> None:
            bare()

        async def through_reader(number: int) -> None:
            read = await reader.read_feed(_feed(f"{root}/feed/1?rate=0.001", etag))
            assert isinstance(read, Unchanged), read

        costs = {"bare socket": await _per_poll(through_socket)}
        costs["Outpost"] = await _per_poll(through_reader)
    costs["aiohttp alone"] = await _aiohttp_alone(root, etag, trust if tls else True)
    limits = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(verify=trust, limits=limits, trust_env=False) as client:

        async def through_httpx(number: int) -> None:
            answer = await client.get(f"{root}/feed/1?rate=0.001", headers={"If-None-Match": etag})
            assert answer.status_code == 304

        costs["httpx"] = await _per_poll(through_httpx)
    return costs


async def _aiohttp_alone(root: str, etag: str, trust: ssl.SSLContext | bool) -> float:
    """Return what our client's library takes for the same, with nothing of ours around it."""
    connector = aiohttp.TCPConnector(force_close=True, ssl=trust)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def poll(number: int) -> None:
            asked = {"If-None-Match": etag}
            async with session.get(f"{root}/feed/1?rate=0.001", headers=asked) as answer:
                assert answer.status == 304

        return await _per_poll(poll)


def _trusting(reader: WebReader, trust: ssl.SSLContext, feed: Feed) -> Feed:
    session = reader._client._session
    assert session is not None
    connector = session.connector
    connector._ssl = trust  # type: ignore[union-attr]  # the session is open
    connector._force_close = True  # type: ignore[union-attr]  # every outlet has a connection of its own
    return feed


def _bare(port: int, etag: str, trust: ssl.SSLContext | None) -> None:
    """Make one poll with as little as can be: a blocking socket, one send, one read."""
    with socket.create_connection(("127.0.0.1", port)) as plain:
        sock = trust.wrap_socket(plain, server_hostname="127.0.0.1") if trust else plain
        with sock:
            asked = (
                f"GET /feed/1?rate=0.001 HTTP/1.1\r\nHost: 127.0.0.1\r\nIf-None-Match: {etag}\r\n"
            )
            sock.sendall(f"{asked}Connection: close\r\n\r\n".encode())
            got = b""
            while b"\r\n\r\n" not in got and (piece := sock.recv(65_536)):
                got += piece
            assert got.startswith(b"HTTP/1.1 304"), got


async def report_memory() -> None:
    """Print the resident memory through ten thousand polls of as many addresses, half of them changed."""
    async with server() as port, _reader() as reader:
        for number in range(1, MANY + 1):
            host = f"127.{1 + number % 20}.{number // 250 % 250}.{number % 250}"
            url = f"http://{host}:{port}/feed/{number}?rate=1"
            first = await reader.read_feed(_feed(url))
            assert isinstance(first, Changed), first
            if number % 2:
                await reader.read_feed(_feed(url, first.etag))
            if number in (1, 1_000, 2_500, 5_000, 7_500, MANY):
                gc.collect()
                await asyncio.sleep(0)
                print(f"{number:>6} feeds read, {memory_mb():.1f} MB")
