"""A server on loopback with a thread and a loop of its own, so that tests and processes can use it."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any, Self, TypeVar

T = TypeVar("T")


class Loopback:
    """The life of such a server. Subclasses give `_open` and `_close`, run on the server's loop.

    host: the address it listens on, where other hosts are to reach it too.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None

    async def _open(self) -> None:
        raise NotImplementedError

    async def _close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread:
            self._thread.join(10)
        self._loop.close()

    def open(self) -> None:
        """Start to listen, on the same port as before if there was one."""
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)

    def close(self) -> None:
        """Stop listening: the server is down. What it knows is kept."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)

    def in_loop(self, f: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run on the server's own thread, so that no two threads touch its state at once."""

        async def call() -> T:
            return f(*args, **kwargs)

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(10)

    def wait_for(self, predicate: Callable[[], T], timeout_s: float = 10.0, what: str = "") -> T:
        """Return the first true value of `predicate`; fail with `describe()` if it never is."""
        until = time.monotonic() + timeout_s
        while not (value := predicate()):
            if time.monotonic() > until:
                raise AssertionError(f"never happened: {what or predicate}\n{self.describe()}")
            time.sleep(0.02)
        return value

    def describe(self) -> str:
        """Return what is known, for the message of a failed wait."""
        return ""
