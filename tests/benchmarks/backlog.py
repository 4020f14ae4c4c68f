"""1, 2 and 4 worker processes on one backlog of articles, on PostgreSQL: how much faster, and is it right.

    python -m tests.benchmarks.backlog [--articles 20000] [--processes 1,2,4]

Each backlog is the same: whole texts of invented words, every fifth a copy of an earlier one, 200 watches.
The processes are `outpost run --roles ingest`. Time is from the first article filed to the last, by the
database. Then it is counted that no article was handled twice and no story opened twice.
"""

import argparse
import os
import random
import re
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import sqlalchemy as sa

from bot.domain.model import ChatKind
from bot.store import subscribers, watches
from bot.store.engine import Store, Tx
from bot.store.schema import articles, feeds, outlets, stories
from tests.chaos.postgres import OwnPostgres
from tests.e2e.bot_api import TOKEN
from tests.e2e.installation import Outpost

OUTLETS = 50
COPY_OF_FIVE = 5
HANDLED = re.compile(r"ingest article=(\d+) outcome=(\w+)")


def text(n: int) -> str:
    """Return the n-th text, of some 2,000 characters; no two share a sentence."""
    chance = random.Random(n)
    letters = "abcdefghijklmnoprstuvz"
    words = ["".join(chance.choices(letters, k=chance.randint(3, 9))) for _ in range(280)]
    words[40] = f"watched{n % 200}x"
    return ". ".join(" ".join(words[i : i + 14]).capitalize() for i in range(0, 280, 14)) + "."


def fill(tx: Tx, n: int) -> None:
    """Write the backlog: entries as polls would have left them."""
    now = datetime.now(UTC)
    names = [
        {"id": k, "name": f"Outlet {k}", "homepage": f"https://o{k}.example"} for k in _to(OUTLETS)
    ]
    tx.execute(outlets.insert(), [{**o, "country": "AM", "language": "en"} for o in names])
    urls = [{"id": k, "outlet_id": k, "url": f"https://o{k}.example/rss"} for k in _to(OUTLETS)]
    later = now + timedelta(days=1)
    tx.execute(feeds.insert(), [{**f, "kind": "feed", "due_at": later} for f in urls])
    for start in range(0, n, 2_000):
        tx.execute(articles.insert(), [_row(k, now) for k in range(start, min(n, start + 2_000))])
    for k in range(200):
        person = subscribers.subscribe(
            tx, chat_id=k + 1, kind=ChatKind.PRIVATE, title="", language="en", now=now
        )
        watches.add(tx, person.id, f"watched{k}x", now)
    tx.execute(sa.text("SELECT setval('articles_id_seq', :n)"), {"n": n})


def _to(n: int) -> range:
    return range(1, n + 1)


def _row(k: int, now: datetime) -> dict[str, object]:
    of = k - 500 if k % COPY_OF_FIVE == 0 and k >= 500 else k  # a copy comes a while after
    return {
        "id": k + 1,
        "outlet_id": 1 + k % OUTLETS,
        "feed_id": 1 + k % OUTLETS,
        "url": f"https://o{k % OUTLETS}.example/{k}",
        "title": f"Report {k}",
        "summary": "",
        "body": text(of if of % COPY_OF_FIVE else _origin(of)),
        "author": "",
        "source": "",
        "language": "en",
        "seen_at": now,
        "published_at": now - timedelta(hours=1) + timedelta(milliseconds=k),
        "archived": False,
        "state": "new",
        "due_at": now - timedelta(hours=1) + timedelta(milliseconds=k),
    }


def _origin(k: int) -> int:
    """Return the text that a chain of copies goes back to."""
    return k % 500


def distinct(n: int) -> int:
    """Return how many stories so many articles are."""
    return len({_origin(k) if k % COPY_OF_FIVE == 0 else k for k in range(n)})


def run(processes: int, n: int) -> float:
    """Work the backlog off with so many processes; print, and return articles a second."""
    with OwnPostgres() as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config").mkdir()
        (folder / "config" / "outlets.toml").write_text("", "utf-8")
        outpost = Outpost(
            folder,
            {
                "DATABASE_URL": server.url,
                "TELEGRAM_BOT_TOKEN": TOKEN,
                "OUTPOST_CONFIG": str(folder / "config"),
                "OUTPOST__WORK__LEASE_S": "120",
            },
        )
        migrated = outpost.command("migrate")
        assert migrated.returncode == 0, migrated.stderr
        store = Store(server.url)
        store.call(fill, n)
        running = [outpost.start("ingest") for _ in range(processes)]
        try:
            _wait(store, running)
            codes = outpost.stop()
        finally:
            outpost.kill()
        span = sa.select(sa.func.min(articles.c.filed_at), sa.func.max(articles.c.filed_at))
        first, last = store.call(lambda tx: tx.execute(span).one())
        opened = store.call(
            lambda tx: tx.execute(
                sa.select(sa.func.count()).where(stories.c.merged_into.is_(None))
            ).scalar_one()
        )
        store.close()
        handled = Counter(
            int(i) for i, outcome in HANDLED.findall(outpost.log) if outcome != "known"
        )
    twice = sum(times - 1 for times in handled.values())
    rate = n / (last - first).total_seconds()
    print(
        f"{processes} processes: {rate:.0f} articles a second; handled {len(handled):,} of {n:,},"
        f" twice {twice}; stories {opened:,} of {distinct(n):,} distinct texts; exit codes {codes}",
        flush=True,
    )
    return rate


def _wait(store: Store, running: list[object]) -> None:
    left = sa.select(sa.func.count()).where(articles.c.state == "new")
    while store.call(lambda tx: tx.execute(left).scalar_one()):
        assert running
        time.sleep(1)


def main() -> None:
    """Run the backlog with each number of processes."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    arguments.add_argument("--articles", type=int, default=20_000)
    arguments.add_argument("--processes", default="1,2,4")
    asked = arguments.parse_args()
    print(f"{asked.articles:,} articles, {os.cpu_count()} cores, psycopg {psycopg.__version__}")
    rates = {p: run(p, asked.articles) for p in map(int, asked.processes.split(","))}
    first = next(iter(rates.values()))
    print(
        "throughput to that of one:", ", ".join(f"{p}: {r / first:.2f}" for p, r in rates.items())
    )


if __name__ == "__main__":
    main()
