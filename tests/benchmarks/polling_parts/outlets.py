"""A thousand outlets on loopback, polled on their rhythm by one process; and feeds of 50 MB meanwhile."""

import asyncio
import heapq
import random
import statistics
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.adapters.web_reader import WebReader
from bot.domain import schedule
from bot.domain.outlet import Changed, Failure, Feed, FeedKind
from bot.domain.schedule import PollRules
from tests.benchmarks.polling_parts.serving import cpu_s, memory_mb, server

OUTLETS = 1_000
SECONDS = 40
RULES = PollRules(min_interval_s=120, max_interval_s=3600, polls_per_minute=OUTLETS / 15)


async def report() -> None:
    """Print the share of a core that polling takes, and the event loop's lag, with big feeds and without."""
    idle = Lags()
    watching = asyncio.create_task(idle.watch())
    await asyncio.sleep(5)
    watching.cancel()
    print(f"with nothing to do: {idle} - what a busy machine alone costs")
    async with server() as port:
        reader = WebReader(
            user_agent="Outpost/bench",
            allow_private=["127.0.0.0/8"],
            feed_gap_s=2,
            page_gap_s=5,
            workers=2,
        )
        async with reader:
            feeds = await _first_readings(reader, port)
            await _measure(reader, feeds, "on their rhythm")
            heavy = asyncio.create_task(_heavy(reader, port))
            await _measure(reader, feeds, "while feeds of 9 and 50 MB are read")
            heavy.cancel()
            await asyncio.gather(heavy, return_exceptions=True)
            print(f"resident memory {memory_mb():.0f} MB")


async def _first_readings(reader: WebReader, port: int) -> list[Feed]:
    chance = random.Random(1)
    feeds = []
    for n in range(OUTLETS):
        rate = max(0.02, chance.lognormvariate(-1, 1.6))
        url = f"http://127.{1 + n // 250}.0.{1 + n % 250}:{port}/feed/{n}?rate={rate:.3f}"
        feeds.append(Feed(n, n, f"Outlet {n}", url, FeedKind.FEED, "en", "GB"))
    started = time.monotonic()
    readings = await asyncio.gather(*(reader.read_feed(f) for f in feeds))
    print(f"{OUTLETS} outlets read for the first time in {time.monotonic() - started:.1f} s")
    now = datetime.now(UTC)
    known = []
    for feed, reading in zip(feeds, readings, strict=True):
        assert isinstance(reading, Changed), reading
        plan = schedule.plan_poll(feed, reading, new=[], now=now, rules=RULES, pace=600, chance=0.5)
        known.append(
            replace(
                feed,
                rhythm=plan.rhythm,
                etag=reading.etag,
                body_hash=reading.body_hash,
                first_polled_at=now,
            )
        )
    return known


async def _measure(reader: WebReader, feeds: list[Feed], what: str) -> None:
    now = datetime.now(UTC)
    pace = schedule.pace((f.rhythm for f in feeds), now, RULES)
    chance = random.Random(2)
    waits = [schedule.interval_s(f.rhythm, now, RULES, pace) for f in feeds]
    due = [(now + timedelta(seconds=chance.uniform(0, w)), n) for n, w in enumerate(waits)]
    heapq.heapify(due)
    lags = Lags()
    watching = asyncio.create_task(lags.watch())
    started, cpu = time.monotonic(), cpu_s()
    under_way: set[asyncio.Task[None]] = set()
    polls = 0
    while time.monotonic() - started < SECONDS:
        now = datetime.now(UTC)
        while due[0][0] <= now:
            _, n = heapq.heappop(due)
            task = asyncio.create_task(_poll(reader, feeds, n, pace=pace, due=due, chance=chance))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            polls += 1
        await asyncio.sleep(0.1)
    spent = cpu_s() - cpu
    await asyncio.gather(*under_way)
    watching.cancel()
    wall = time.monotonic() - started
    print(f"{what}: {polls} polls in {wall:.0f} s, {spent / wall:.1%} of a core, {lags}")


async def _poll(
    reader: WebReader,
    feeds: list[Feed],
    n: int,
    *,
    pace: float,
    due: list[tuple[datetime, int]],
    chance: random.Random,
) -> None:
    now = datetime.now(UTC)
    asked = schedule.prepare_poll(feeds[n], now, chance=chance.random())
    reading = await reader.read_feed(asked)
    assert not isinstance(reading, Failure), reading
    plan = schedule.plan_poll(
        feeds[n], reading, new=[], now=now, rules=RULES, pace=pace, chance=chance.random()
    )
    feeds[n] = replace(feeds[n], rhythm=plan.rhythm, etag=reading.etag or feeds[n].etag)
    heapq.heappush(due, (plan.due_at, n))


class Lags:
    """How late a timer of 5 ms comes, in seconds, and how much of that the loop's own thread worked.

    The rest is the machine's: on one with more to do than cores, a process waits for its turn.
    """

    def __init__(self) -> None:
        self.late: list[float] = []
        self.own: list[float] = []

    async def watch(self) -> None:
        """Measure until cancelled."""
        while True:
            before, worked = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0.005)
            self.late.append(time.perf_counter() - before - 0.005)
            self.own.append(time.thread_time() - worked)

    def __str__(self) -> str:
        late, own = (statistics.quantiles(of, n=100) for of in (self.late, self.own))
        return (
            f"event loop lag median {late[49] * 1000:.2f} ms, p99 {late[98] * 1000:.2f} ms, most "
            f"{max(self.late) * 1000:.1f} ms; its own work between two timers p99 {own[98] * 1000:.2f} ms, "
            f"most {max(self.own) * 1000:.1f} ms"
        )


async def _heavy(reader: WebReader, port: int) -> None:
    for n in range(10_000):
        path = ("big", "heavy")[n % 2]
        feed = Feed(
            1, 1, "x", f"http://127.9.9.{1 + n % 200}:{port}/{path}", FeedKind.FEED, "en", "GB"
        )
        await reader.read_feed(feed)
