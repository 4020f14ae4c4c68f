"""A pool of worker processes that parse, off the event loop and within limits.

A worker that passes its 10 s of CPU or 512 MB, or trips over what it reads, dies; its job becomes a
failure that says so, the log names the address, and the next job gets a new worker.
"""

import asyncio
import json
import logging
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from types import TracebackType
from typing import Self

import bot
from bot.adapters.feeds import ParsedFeed
from bot.adapters.plain import storable
from bot.adapters.worker import (
    CPU_S,
    MEMORY_BYTES,
    OUT_OF_MEMORY,
    Reading,
    entry_from,
    from_lines,
)
from bot.domain.outlet import Failure, FailureKind, FeedKind, Page

HOME = Path(bot.__file__).resolve().parents[1]  # where `-m bot...` finds us, whatever the folder
log = logging.getLogger(__name__)

WALL_S = 60.0  # for a machine so busy that 10 s of CPU take longer, or a worker that sleeps
PIECE_BYTES = 262_144
LINE_BYTES = 64_000_000
YIELD_EVERY = 20  # entries decoded before other tasks get their turn


class Workers:
    """An async context manager; start it where the event loop lives. Processes start when first needed."""

    def __init__(self, count: int = 2, *, wall_s: float = WALL_S) -> None:
        """count: processes, at least 1."""
        self._idle: asyncio.LifoQueue[_Worker | None] = asyncio.LifoQueue()
        self._count = count
        self._wall_s = wall_s

    async def __aenter__(self) -> Self:
        for _ in range(self._count):
            self._idle.put_nowait(None)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for _ in range(self._count):
            worker = await self._idle.get()
            if worker is not None:
                await worker.end()

    async def read_entries(
        self, body: bytes, *, url: str, content_type: str, kind: FeedKind
    ) -> ParsedFeed | Failure:
        """Parse what a feed's address answered."""
        job = {"task": "entries", "url": url, "content_type": content_type, "kind": kind.value}
        found = await self._do(job, body)
        return found if isinstance(found, ParsedFeed | Failure) else _confused(url)

    async def extract_page(
        self, body: bytes, *, url: str, content_type: str, language: str
    ) -> Page | Failure:
        """Extract the article of a page."""
        job = {"task": "page", "url": url, "content_type": content_type, "language": language}
        found = await self._do(job, body)
        return found if isinstance(found, Page | Failure) else _confused(url)

    async def _do(self, job: dict[str, str], body: bytes) -> Reading:
        worker = await self._idle.get()
        kept: _Worker | None = None
        try:
            worker = worker or await _Worker.start()
            async with asyncio.timeout(self._wall_s):
                found = await worker.do(job, body)
            kept = worker
        except TimeoutError:
            found = Failure(FailureKind.ABSURD, f"not read within {self._wall_s:g} s")
        except (EOFError, OSError):  # asyncio.IncompleteReadError is an EOFError
            found = await _post_mortem(worker, job["url"])
        finally:
            if worker is not None and kept is None:
                await worker.kill()
            self._idle.put_nowait(kept)
        return found


class _Worker:
    def __init__(self, process: Process) -> None:
        self._process = process
        self._last_words = b""
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls) -> Self:
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bot.adapters.worker",
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                cwd=HOME,
                limit=LINE_BYTES,
                start_new_session=True,  # Ctrl+C is for us; we end our workers ourselves
            )
        )

    async def _listen(self) -> None:
        assert self._process.stderr  # noqa: S101  - we asked for the pipe
        while piece := await self._process.stderr.read(4096):
            self._last_words = (self._last_words + piece)[-4096:]

    async def do(self, job: dict[str, str], body: bytes) -> Reading:
        """Hand over one job and wait. Raises EOFError or OSError if the process dies over it."""
        sink, source = self._process.stdin, self._process.stdout
        assert sink is not None  # noqa: S101  - we asked for the pipes
        assert source is not None  # noqa: S101  - the same
        sink.write(json.dumps({**job, "size": len(body)}).encode() + b"\n")
        for start in range(0, len(body), PIECE_BYTES):
            sink.write(body[start : start + PIECE_BYTES])
            await sink.drain()
        await sink.drain()
        head = json.loads(await source.readuntil(b"\n"))
        entries = []
        for number in range(head["entries"]):
            entries.append(entry_from(await source.readuntil(b"\n")))
            if number % YIELD_EVERY == 0:
                await asyncio.sleep(0)
        return from_lines(head, entries)

    async def death(self) -> tuple[int, str]:
        """Return how the process died: its return code and its last line."""
        code = await self._process.wait()
        await self._listening
        lines = self._last_words.decode("utf-8", "replace").strip().splitlines()
        return code, storable(lines[-1][:200]) if lines else ""

    async def end(self) -> None:
        """Let an idle worker go."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(5):
                await self._process.wait()
                await self._listening
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End a worker that is busy, or dead already."""
        if self._process.returncode is None:
            self._process.kill()
        if self._process.stdin:
            self._process.stdin.close()
        await self._process.wait()
        await self._listening


async def _post_mortem(worker: _Worker | None, url: str) -> Failure:
    if worker is None:
        return Failure(FailureKind.ABSURD, "no process could be started to read it")
    try:
        async with asyncio.timeout(5):
            code, words = await worker.death()
    except TimeoutError:
        code, words = 0, "it closed its mouth"
    if code == -signal.SIGXCPU:
        why = f"took more than {CPU_S} s of CPU to read"
    elif code in (OUT_OF_MEMORY, -signal.SIGKILL):
        why = f"took more than {MEMORY_BYTES // 1024**2} MB to read"
    else:
        why = f"the parser broke on it: {words or f'exit code {code}'}"
    log.warning("worker killed url=%s why=%s", url, why)
    return Failure(FailureKind.ABSURD, why)


def _confused(url: str) -> Failure:
    return Failure(FailureKind.ABSURD, f"the worker answered another question for {url}"[:200])
