"""The outlets of the benchmarks: a process of its own, so that its CPU is not ours.

    python tests/benchmarks/polling_parts/server.py [CERTIFICATE]

Prints its port. `/feed/N?rate=R` publishes R articles an hour, each feed at moments of its own, with an
ETag; `/big` sends 50 MB; `/heavy` a feed of some 9 MB.
"""

import asyncio
import ssl
import sys
import time
from email.utils import formatdate

from aiohttp import web

ITEM = (
    "<item><title>Harbour strike, day {n}: talks go on in the town hall</title><link>https://o.example/{feed}/{n}</link>"
    "<guid>{feed}-{n}</guid><pubDate>{date}</pubDate><description>{text}</description></item>"
)
TEXT = "Dockers walked out over the new rota, their union said. " * 8
LISTED = 30


def feed_body(feed: int, newest: int, rate: float) -> bytes:
    """Return a feed of the newest entries up to that number."""
    items = "".join(
        ITEM.format(feed=feed, n=n, date=formatdate(n * 3600 / rate, usegmt=True), text=TEXT)
        for n in range(newest, newest - LISTED, -1)
    )
    return (
        f'<rss version="2.0"><channel><title>Outlet {feed}</title>{items}</channel></rss>'.encode()
    )


HEAVY = feed_body(0, 500_000, 1.0).replace(TEXT.encode(), TEXT.encode() * 600)


async def answer(request: web.Request) -> web.Response:
    """Answer one poll."""
    if request.path == "/big":
        return web.Response(body=b"<rss>" + b"a" * 50_000_000)
    if request.path == "/heavy":
        return web.Response(body=HEAVY)
    feed, rate = int(request.path.rpartition("/")[2]), float(request.query.get("rate", "1"))
    newest = int((time.time() + feed * 7) * rate / 3600)
    etag = f'"{newest}"'
    if request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers={"ETag": etag})
    return web.Response(
        body=feed_body(feed, newest, rate),
        headers={"ETag": etag, "Content-Type": "application/rss+xml", "Connection": "close"},
    )


async def main() -> None:
    """Serve until the pipe closes."""
    tls = None
    if len(sys.argv) > 1:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(sys.argv[1])
    runner = web.ServerRunner(web.Server(answer, keepalive_timeout=1))
    await runner.setup()
    site = web.TCPSite(runner, "0.0.0.0", 0, ssl_context=tls)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
