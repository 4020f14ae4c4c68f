"""Worker processes: limits that end them, and a pool that goes on without them."""

import asyncio
import json
import os
import resource
import signal
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters import worker as inside
from bot.adapters.feeds import ParsedFeed
from bot.adapters.workers import Workers
from bot.domain.notes import Note, Oddity
from bot.domain.outlet import Entry, Failure, FailureKind, FeedKind, Page
from tests.adapters.sites import rss

URL = "https://outlet.example/rss"
posix = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and limits are POSIX")


def feed_of(body: bytes):
    return {"body": body, "url": URL, "content_type": "", "kind": FeedKind.FEED}


def process_of(pool: Workers):
    return pool._idle._queue[-1]._process


async def busy(pid: int) -> None:
    """Wait until a process has begun to work on its job: a tenth of a second of CPU into it."""

    def ticks() -> int:
        return int(Path(f"/proc/{pid}/stat").read_text().split()[13])

    before = ticks()
    while ticks() < before + 10:
        await asyncio.sleep(0.01)


async def read(pool: Workers, body: bytes):
    options = feed_of(body)
    return await pool.read_entries(options.pop("body"), **options)


async def test_one_process_does_many_jobs():
    async with Workers(1) as pool:
        first = await read(pool, rss("A", "Б"))
        pid = process_of(pool).pid
        page = await pool.extract_page(b"<html></html>", url=URL, content_type="", language="")
        again = await read(pool, b"nonsense")
        assert process_of(pool).pid == pid
    assert [e.title for e in first.entries] == ["A", "Б"]
    assert page.kind is FailureKind.EMPTY
    assert again.kind is FailureKind.NOT_A_FEED


async def test_jobs_wait_for_a_worker_and_all_are_done():
    async with Workers(2) as pool:
        found = await asyncio.gather(*(read(pool, rss(str(n))) for n in range(12)))
    assert [f.entries[0].title for f in found] == [str(n) for n in range(12)]


SLOW = b"<rss version='2.0'><channel>" + b"<x>" * 900_000


@posix
async def test_a_job_that_passes_its_cpu_is_killed_and_named(caplog):
    async with Workers(1) as pool:
        await read(pool, rss("A"))
        pid = process_of(pool).pid
        reading = asyncio.create_task(read(pool, SLOW))
        await busy(pid)  # ten seconds would be long to wait for
        resource.prlimit(pid, resource.RLIMIT_CPU, (1, resource.RLIM_INFINITY))
        failure = await reading
        after = await read(pool, rss("B"))
    assert failure == Failure(FailureKind.ABSURD, "took more than 10 s of CPU to read")
    assert f"worker killed url={URL}" in caplog.text
    assert after.entries[0].title == "B"


@posix
async def test_a_job_that_passes_its_memory_is_killed_and_the_next_is_done():
    greedy = b"<rss version='2.0'><channel><item><title>" + b"&lt;" * 2_400_000
    async with Workers(1) as pool:
        await read(pool, rss("A"))
        resource.prlimit(process_of(pool).pid, resource.RLIMIT_AS, (100_000_000, 100_000_000))
        failure = await read(pool, greedy)
        after = await read(pool, rss("B"))
    assert failure == Failure(FailureKind.ABSURD, "took more than 512 MB to read")
    assert isinstance(after, ParsedFeed)


@posix
async def test_a_worker_limits_itself():
    async with Workers(1) as pool:
        await read(pool, rss("A"))
        pid = process_of(pool).pid
        assert resource.prlimit(pid, resource.RLIMIT_AS)[0] == 512 * 1024 * 1024
        assert 10 <= resource.prlimit(pid, resource.RLIMIT_CPU)[0] <= 20
        assert resource.prlimit(pid, resource.RLIMIT_CORE)[0] == 0


@posix
async def test_a_worker_killed_mid_parse_costs_one_job():
    async with Workers(1) as pool:
        await read(pool, rss("A"))
        pid = process_of(pool).pid
        reading = asyncio.create_task(read(pool, SLOW))
        await busy(pid)
        os.kill(pid, signal.SIGTERM)
        failure = await reading
        after = await read(pool, rss("B"))
    assert failure.kind is FailureKind.ABSURD
    assert "the parser broke on it" in failure.detail
    assert isinstance(after, ParsedFeed)


async def test_a_worker_that_does_not_answer_is_given_up():
    async with Workers(1, wall_s=0.3) as pool:
        failure = await read(pool, SLOW)
        pool._wall_s = 60
        after = await read(pool, rss("B"))
    assert failure == Failure(FailureKind.ABSURD, "not read within 0.3 s")
    assert isinstance(after, ParsedFeed)


async def test_a_job_that_is_cancelled_leaves_a_clean_pool():
    async with Workers(1) as pool:
        reading = asyncio.create_task(read(pool, SLOW))
        await asyncio.sleep(0.3)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert isinstance(await read(pool, rss("B")), ParsedFeed)


ANSWERS = [
    Failure(FailureKind.EMPTY, "the answer is empty"),
    ParsedFeed(
        (
            Entry("https://o.example/1", "Тест", published_at=datetime(2026, 11, 23, tzinfo=UTC)),
            Entry("u", "t"),
        ),
        title="O",
        notes=(Note(Oddity.NO_GUIDS), Note(Oddity.ILL_FORMED, detail="line 3: no element")),
        form="rss20",
        ttl_s=60,
        parts=("https://o.example/a.xml",),
    ),
    Page(
        "text",
        published_at=datetime(2026, 11, 23, tzinfo=UTC),
        links=("https://o.example/",),
        based_on=("A",),
    ),
    Page("text"),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda a: type(a).__name__)
def test_answers_survive_the_way_between_processes(answer):
    head, *entries = list(inside.to_lines(answer))
    assert (
        inside.from_lines(json.loads(head), [inside.entry_from(line) for line in entries]) == answer
    )


def test_only_what_the_wire_knows_is_sent():
    with pytest.raises(TypeError):
        list(inside.to_lines(replace(ANSWERS[0], detail=object())))


def test_nesting_that_no_parser_can_follow_is_the_documents_fault(monkeypatch):
    def deep(*args, **kwargs):
        raise RecursionError

    monkeypatch.setattr(inside, "read_entries", deep)
    job = {"url": URL, "content_type": "", "kind": "feed"}
    assert inside.do("entries", b"<rss/>", job).kind is FailureKind.ABSURD
