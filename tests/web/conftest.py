"""The console over a filled database, served over HTTP, and clients that are signed in or not."""

import asyncio
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from bot.adapters.explanation import Explanation
from bot.config import Settings
from bot.domain.names import Names
from bot.store import console
from bot.store.console import ConsoleRole
from bot.store.engine import Store
from bot.web import server
from tests.adapters.sites import reader, rss
from tests.full_log import Size, filled

SIZE = Size(articles=600, outlets=12, subscribers=10, watches=30)
ADMIN, VIEWER, STRANGER = 7, 8, 9


class Site:
    """One console and its database. now: its clock, which a test moves."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = SIZE.end + timedelta(minutes=1)
        self.socket = server.listen(0)
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.app = server.make_app(
            store,
            settings=Settings(OUTPOST_ADMINS=str(ADMIN), PORT=self.port),
            names=Names.empty(),
            now=lambda: self.now,
            counts=lambda: {"poll.changed": 3, "deliver.ok": 2},
            explain=self.explain,
        )
        self.allow_private = ["127.0.0.0/8"]
        self._clients: list[httpx.Client] = []
        person = {"name": "Vera", "by": ADMIN, "now": self.now}
        store.call(console.let_in, VIEWER, ConsoleRole.VIEWER, **person)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        self._wait_for_the_door()

    def _wait_for_the_door(self) -> None:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            time.sleep(0.01)
        raise TimeoutError("the console does not listen")

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(server.serve(self.app, self.socket))
        with suppress(asyncio.CancelledError):
            await self._task

    async def explain(self, url: str) -> Explanation:
        """Look at an address with the real reader."""
        async with reader(allow_private=self.allow_private) as eyes:
            return await eyes.explain(url)

    def close(self) -> None:
        """Stop serving."""
        for client in self._clients:
            client.close()
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(timeout=10)

    def visitor(self) -> httpx.Client:
        """Return a browser that is not signed in."""
        client = httpx.Client(base_url=self.url, timeout=20)
        self._clients.append(client)
        return client

    def link(self, user: int = ADMIN) -> str:
        return self.store.call(console.make_link, user, language="en", now=self.now)

    def enter(self, user: int = ADMIN) -> httpx.Client:
        """Return a browser that came in by a link."""
        browser = self.visitor()
        answer = browser.post("/enter", data={"key": self.link(user)})
        assert answer.status_code == 303, answer.text
        return browser


def csrf(browser: httpx.Client) -> str:
    """Return the token that the pages put into their forms."""
    [token, *_] = re.findall(r'name="csrf" value="([^"]+)"', browser.get("/access").text)
    return token


@pytest.fixture
def site(tmp_path) -> Iterator[Site]:
    store = filled(f"sqlite:///{tmp_path / 'outpost.db'}", SIZE)
    made = Site(store)
    yield made
    made.close()
    store.close()


@pytest.fixture
def admin(site: Site) -> httpx.Client:
    return site.enter(ADMIN)


@pytest.fixture
def viewer(site: Site) -> httpx.Client:
    return site.enter(VIEWER)


LINK = b"<link rel='alternate' type='application/rss+xml' href='/rss'>"
HOME = b"<html><head><title>Echo</title>" + LINK + b"</head></html>"


class Echo(BaseHTTPRequestHandler):
    """A small outlet: a homepage that names its feed."""

    def do_GET(self) -> None:
        body = {
            "/": HOME,
            "/rss": rss("Snow &lt;script&gt;alert(1)&lt;/script&gt; on the pass", "Late"),
        }
        found = body.get(self.path)
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/html" if self.path == "/" else "application/rss+xml")
        self.end_headers()
        self.wfile.write(found or b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def echo() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
