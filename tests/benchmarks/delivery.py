"""How fast and how fairly alerts go out, against a server that enforces Telegram's flood limits.

    python -m tests.benchmarks.delivery [limits] [fair] [real] [fresh] [--seconds 60] [--postgres URL]

limits: 100,000 alerts to 20,000 chats through the pacer, in virtual time (an hour of it).
fair: what a chat with one alert waits while another has 5,000 waiting, in virtual time.
real: the real sender, 100,000 alerts to 20,000 chats in the outbox and 5,000 more to one of them, HTTP, for
    so many seconds of real time; all of it takes an hour: --seconds 3800.
fresh: the real sender while one chat has 5,000 waiting and 15 others a second get an alert each: how long
    each waits from its row to Telegram's answer.
real and fresh use SQLite, or the empty database at that URL. Rates are between the first message and the
last, by the server's clock.
"""

import argparse
import asyncio
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import sqlalchemy as sa

from bot.adapters.messenger import TelegramMessenger, open_bot
from bot.config import Delivery, Settings, shipped
from bot.crew import Crew
from bot.domain.model import AlertView
from bot.domain.names import load_names
from bot.domain.pacing import Pacer, Rank
from bot.domain.provenance import load_provenance
from bot.pipeline import Pipeline
from bot.sender import Sender
from bot.store import revisions
from bot.store.alerts import behind
from bot.store.engine import Store, Tx
from bot.store.schema import alerts, articles, feeds, outlets, stories, subscribers
from bot.store.seats import Seat
from tests.e2e.telegram_chats import FloodGate

ALLOWED_PER_S = 30
CHATS, EACH, CROWD = 20_000, 5, 5_000
HANDS = 16
BUSY = 1  # the chat with thousands waiting


def report_limits(_: object) -> None:
    """Send everything, and ask the gate whether it would have let it through."""
    pacer, gate, to = Pacer(), FloodGate(), []
    began = time.process_time()
    for chat in range(1, CHATS + 1):
        for _n in range(EACH):
            pacer.ask(len(to), chat, Rank.ALERT, 0.0)
            to.append(chat)
    now, sent, refused = 0.0, 0, 0
    while len(pacer):
        ticket, wait = pacer.next(now)
        if ticket is None:
            now += wait
            continue
        pacer.answered(now, 0.0)
        refused += gate.wait_s(to[int(str(ticket))], now) > 0
        sent += 1
    cpu = time.process_time() - began
    print(f"{sent:,} alerts to {CHATS:,} chats in {now:,.0f} s of virtual time")
    print(f"rate {sent / now:.1f} a second, {sent / now / ALLOWED_PER_S:.3f} of what is allowed")
    print(f"limits broken {refused}, most in one second {gate.peak}")
    print(f"CPU {cpu / sent * 1e6:.0f} us an alert, memory at most {_megabytes():.0f} MB")


def report_fair(_: object) -> None:
    """Let single alerts arrive at random, together with the crowd's just below what may be sent."""
    for busy in (BUSY, -BUSY):
        waits = _fair_waits(busy)
        kind = "private chat" if busy > 0 else "group"
        print(
            f"a {kind} has {CROWD:,} waiting; {len(waits):,} others have one each: {_spread(waits)}"
        )


def _fair_waits(busy: int) -> list[float]:
    chance, pacer = random.Random(1), Pacer()
    for n in range(CROWD):
        pacer.ask(("crowd", n), busy, Rank.ALERT, 0.0)
    arrivals, at = [], 0.0
    while at < 600:
        at += chance.expovariate(20)
        arrivals.append((at, chance.randrange(2, CHATS)))
    waits, now, n = [], 0.0, 0
    while n < len(arrivals) or len(waits) < len(arrivals):
        while n < len(arrivals) and arrivals[n][0] <= now:
            pacer.ask(n, arrivals[n][1], Rank.ALERT, now)
            n += 1
        ticket, wait = pacer.next(now)
        if ticket is not None:
            pacer.answered(now, 0.0)
        if isinstance(ticket, int):
            waits.append(now - arrivals[ticket][0])
        if ticket is None:
            until = arrivals[n][0] - now if n < len(arrivals) else wait
            now += max(1e-6, min(wait, until))
    return waits


def report_real(options: argparse.Namespace) -> None:
    """Run the real sender for a while on a full outbox."""
    with _telegram() as address, _outbox(options.postgres) as store:
        store.call(fill, each=EACH)
        took, cpu = asyncio.run(_send(store, address, options.seconds))
        found = httpx.post(f"{address['TELEGRAM_API_URL']}/control/flood", timeout=60).json()
        shown = f"{address['TELEGRAM_API_URL']}/control/shown"
        crowd = len(httpx.post(shown, json={"chat_id": BUSY}, timeout=60).json())
        left, (told, took_s) = store.call(behind), store.call(_before_the_crowd_alone)
    sent, broken, span = found["passed"], found["violations"], found["span_s"]
    rate = (told - 1) / took_s
    print(
        f"{sent:,} messages in {span:.0f} s ({took:.0f} with start and end), {left:,} left:",
        end=" ",
    )
    print(f"while more than one chat waited {told:,} in {took_s:.0f} s,", end=" ")
    print(f"{rate:.2f} a second, {rate / ALLOWED_PER_S:.3f} of what is allowed")
    print(f"most in one second {found['peak']}, limits broken {len(broken)} {broken[:3]},", end=" ")
    print(f"refused {len(found['refused'])}, the crowd's chat got {crowd} of its {CROWD:,}")
    print(f"CPU {cpu / max(sent, 1) * 1e3:.1f} ms a message, memory at most {_megabytes():.0f} MB")


def report_fresh(options: argparse.Namespace) -> None:
    """Raise single alerts at random while one chat has thousands waiting; read the delivery log."""
    with _telegram() as address, _outbox(options.postgres) as store:
        store.call(fill, each=0)
        asyncio.run(_send(store, address, options.seconds, meanwhile=_raise_singles))
        broken = httpx.post(f"{address['TELEGRAM_API_URL']}/control/flood", timeout=60).json()[
            "violations"
        ]
        waits = store.call(_waits)
        waiting = store.call(behind)
    print(f"{len(waits):,} single alerts: {_spread(waits)}; limits broken {len(broken)}", end=", ")
    print(f"{waiting:,} still wait, nearly all of them the crowd's")


async def _raise_singles(store: Store, seconds: float) -> None:
    chance, until = random.Random(1), time.monotonic() + seconds - 3
    for chat in chance.sample(range(2, CHATS), CHATS - 2):
        if time.monotonic() > until:
            return
        await store.run(
            lambda tx, chat=chat: tx.execute(
                alerts.insert(), [_alert(chat, 1 + chat % CROWD, now())]
            )
        )
        await asyncio.sleep(chance.expovariate(15))


def _before_the_crowd_alone(tx: Tx) -> tuple[int, float]:
    """Return how many alerts were told until the last of all other chats, and the seconds that took.

    After that the crowd's chat gets one a second, which is all it may get.
    """
    of_others = sa.select(sa.func.max(alerts.c.told_at)).where(alerts.c.subscriber_id != BUSY)
    until = tx.execute(of_others).scalar_one()
    told = sa.select(sa.func.count(), sa.func.min(alerts.c.told_at))
    number, began = tx.execute(told.where(alerts.c.told_at <= until)).one()
    return number, (until - began).total_seconds()


def _waits(tx: Tx) -> list[float]:
    told = sa.select(alerts.c.created_at, alerts.c.told_at)
    rows = tx.execute(told.where(alerts.c.subscriber_id != BUSY, alerts.c.told_at.is_not(None)))
    return [(told_at - created_at).total_seconds() for created_at, told_at in rows]


@contextmanager
def _telegram() -> Iterator[dict[str, str]]:
    """Run the strict server, its flood limits on, in a process of its own."""
    words = ["-m", "tests.e2e.bot_api", "--port", "0", "--flood", "--people", str(CHATS)]
    server = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        yield json.loads(server.stdout.readline())
    finally:
        server.terminate()
        server.wait()


@contextmanager
def _outbox(postgres: str) -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(postgres or f"sqlite:///{Path(folder) / 'outpost.db'}")
        store.call(revisions.migrate, shipped("migrations"))
        yield store
        store.close()


async def _send(
    store: Store,
    address: dict[str, str],
    seconds: float,
    meanwhile: Callable[[Store, float], Awaitable[None]] | None = None,
) -> tuple[float, float]:
    """Send for so long, or until nothing waits. Return the seconds it took and the CPU seconds it cost."""
    bot = open_bot(address["TELEGRAM_BOT_TOKEN"], address["TELEGRAM_API_URL"])
    messenger = TelegramMessenger(bot)
    pipeline = make_pipeline(store, messenger)
    sender: Sender
    crew: Crew[AlertView] = Crew(
        "deliver",
        HANDS,
        claim=lambda free, busy: pipeline.claim_alerts(
            free, busy={v.alert.chat_id for v in busy} | sender.resting()
        ),
        work=pipeline.deliver,
        key=lambda view: view.alert.id,
    )
    sender = Sender(store, Seat(store, "sender"), crew, telegram=messenger, replies=None, now=now)
    began, cpu = time.monotonic(), time.process_time()
    working = asyncio.create_task(_tick(sender))
    beside = asyncio.create_task(meanwhile(store, seconds)) if meanwhile else None
    while time.monotonic() - began < seconds and await store.run(behind):
        await asyncio.sleep(min(2, seconds))
    working.cancel()
    await sender.stop()
    await crew.finish(10)
    await asyncio.gather(working, return_exceptions=True)
    if beside:
        await beside
    await bot.shutdown()
    return time.monotonic() - began, time.process_time() - cpu


async def _tick(sender: Sender) -> None:
    """Look as often as the app's scheduler does on SQLite."""
    while True:
        await sender.work()
        await asyncio.sleep(0.25)


def make_pipeline(store: Store, messenger: TelegramMessenger) -> Pipeline:
    """Return a pipeline that only delivers."""
    return Pipeline(
        store,
        reader=None,  # type: ignore[arg-type]  # nothing is polled here
        messenger=messenger,
        settings=Settings(delivery=Delivery(digest_over=100_000)),  # one message an alert
        names=load_names((shipped("config") / "names.toml").read_text("utf-8")),
        sources=load_provenance((shipped("config") / "provenance.toml").read_text("utf-8")),
        now=now,
    )


def now() -> datetime:
    return datetime.now(UTC)


def fill(tx: Tx, *, each: int) -> None:
    """Write an outbox: every chat so many alerts, one chat five thousand, of five thousand stories."""
    at = now() - timedelta(minutes=5)
    outlet = {
        "id": 1,
        "name": "Wire",
        "homepage": "https://wire.example",
        "country": "AM",
        "language": "en",
    }
    tx.execute(outlets.insert(), [outlet])
    feed = {
        "id": 1,
        "outlet_id": 1,
        "url": "https://wire.example/rss",
        "kind": "feed",
        "due_at": at,
    }
    tx.execute(feeds.insert(), [feed])
    tx.execute(stories.insert(), [{"id": n, "opened_at": at, "origin_id": n} for n in _to(CROWD)])
    tx.execute(articles.insert(), [_article(n, at) for n in _to(CROWD)])
    tx.execute(subscribers.insert(), [_subscriber(n, at) for n in _to(CHATS)])
    due = [(1, story) for story in _to(CROWD)]
    due += [(chat, 1 + (chat + k) % CROWD) for chat in range(2, CHATS + 1) for k in range(each)]
    rows = [_alert(chat, story, at) for chat, story in due]
    for start in range(0, len(rows), 10_000):
        tx.execute(alerts.insert(), rows[start : start + 10_000])
    tx.execute(sa.text("ANALYZE"))


def _to(n: int) -> range:
    return range(1, n + 1)


def _article(n: int, at: datetime) -> dict[str, object]:
    empty = dict.fromkeys(("summary", "body", "author", "source"), "")
    return {
        **empty,
        "id": n,
        "outlet_id": 1,
        "feed_id": 1,
        "url": f"https://wire.example/{n}",
        "title": f"Notice {n} of the harbour office",
        "language": "en",
        "seen_at": at,
        "archived": False,
        "state": "filed",
        "due_at": at,
        "story_id": n,
    }


def _subscriber(n: int, at: datetime) -> dict[str, object]:
    names = {"kind": "private", "title": "", "language": "en", "state": "active"}
    return {**names, "id": n, "chat_id": n, "created_at": at}


def _alert(subscriber_id: int, story_id: int, at: datetime) -> dict[str, object]:
    return {
        "subscriber_id": subscriber_id,
        "story_id": story_id,
        "state": "open",
        "revision": 1,
        "due_at": at,
        "created_at": at,
    }


def _spread(waits: Sequence[float]) -> str:
    cuts = statistics.quantiles(waits, n=100)
    return f"half within {cuts[49]:.2f} s, 99 of 100 within {cuts[98]:.2f} s, at most {max(waits):.2f} s"


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


PARTS: dict[str, Callable[[argparse.Namespace], None]] = {
    "limits": report_limits,
    "fair": report_fair,
    "real": report_real,
    "fresh": report_fresh,
}


def main() -> None:
    """Run the parts that are asked for."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    arguments.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all if none is named")
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--postgres", default="", help="URL of an empty database")
    asked = arguments.parse_args()
    for name in asked.parts or PARTS:
        print(f"## {name}")
        PARTS[name](asked)
        print()


if __name__ == "__main__":
    main()
