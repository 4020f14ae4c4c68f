"""What an article costs on disk, by table, on SQLite and PostgreSQL; and so what a year costs.

    python -m tests.benchmarks.growth [--articles 4000] [--a-day 40] [--only sqlite|postgresql]

Real articles of the recorded data (../shared/data/dedup) go through the pipeline, whole texts in the feed,
20 watches, every alert delivered. a-day: articles an outlet publishes, of 1,000 outlets. A table's indexes
count with it. What is let go after a while is counted for as long as it is kept by default.
"""

import argparse
import asyncio
import gzip
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from bot.config import Clustering, Keep
from bot.domain.outlet import Changed, Entry
from bot.store.engine import Store, Tx
from bot.store.schema import metadata
from tests.chaos.postgres import OwnPostgres
from tests.world import World

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data" / "dedup" / "articles.jsonl.gz"
OUTLETS, CHATS = 10, 20
WATCHED = (
    "minister",
    "police",
    "market",
    "election",
    "court",
    "bank",
    "war",
    "film",
    "club",
    "oil",
)
# What a table's rows are kept for, in days; the others, for good.
KEPT_DAYS = {
    "article_keys": Clustering().window_h / 24,
    "archive": Keep().texts_days,
    "deliveries": Keep().deliveries_days,
    "decisions": Keep().ledger_days,
    "matches": Keep().ledger_days,
    "alerts": Keep().ledger_days,
}


def recorded(n: int) -> list[dict[str, str]]:
    """Return so many recorded articles."""
    with gzip.open(RECORDED, "rt", encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines]
    return [a for a in found if len(a["text"]) >= 200][:n]


async def fill(world: World, articles: list[dict[str, str]]) -> None:
    """Publish them in ten outlets, fifty at a poll, and deliver what comes of it."""
    for n in range(CHATS):
        world.watch(101 + n, WATCHED[n % len(WATCHED)])
    feeds = [await world.open_outlet(f"Outlet {n}") for n in range(OUTLETS)]
    for start in range(0, len(articles), 50 * OUTLETS):
        for n, feed in enumerate(feeds):
            part = articles[start + 50 * n : start + 50 * (n + 1)]
            entries = [
                Entry(
                    url=f"{feed}/news/2026/03/{a['id'].replace(':', '-')}",
                    title=a["title"] or a["text"][:70],
                    summary=a["summary"],
                    body=a["text"],
                    published_at=world.now - timedelta(seconds=k),
                )
                for k, a in enumerate(part)
            ]
            world.reader.listed[feed] = Changed(tuple(entries), body_hash=str(start))
        await world.poll_all()
        await world.ingest_all()
        await world.deliver_all()


def sizes(tx: Tx) -> dict[str, int]:
    """Return the bytes of each table, its indexes included."""
    if tx.dialect.name == "postgresql":
        return {
            table: int(
                tx.execute(sa.text(f"SELECT pg_total_relation_size('{table}')")).scalar_one()
            )
            for table in metadata.tables
        }
    rows = tx.execute(
        sa.text(
            "SELECT coalesce(m.tbl_name, s.name), sum(s.pgsize) FROM dbstat s"
            " LEFT JOIN sqlite_schema m ON m.name = s.name GROUP BY 1"
        )
    )
    found: dict[str, int] = {}
    for table, size in rows:
        name = "archive" if table.startswith("archive") else table
        found[name] = found.get(name, 0) + size
    return found


def report(store: Store, empty: dict[str, int], a_day: int) -> None:
    """Print what an article costs, and what stands on disk after a year of 1,000 outlets."""
    count = sa.text(
        "SELECT count(*), sum(length(title) + length(summary)), sum(length(body)) FROM articles"
    )
    n, heads, bodies = store.call(lambda tx: tx.execute(count).one())
    year = 1_000 * a_day * 365
    print(
        f"{n:,} articles, {heads / n:.0f} characters of headline and summary, {bodies / n:.0f} of text"
    )
    total = 0.0
    for table, size in sorted(store.call(sizes).items(), key=lambda item: -item[1]):
        each = (size - empty.get(table, 0)) / n
        share = min(1.0, KEPT_DAYS.get(table, 365) / 365)
        if table == "articles":  # its texts go, the rest stays
            short = each * (heads / n + 350) / ((heads + bodies) / n + 350)
            at_rest = short + (each - short) * Keep().texts_days / 365
        else:
            at_rest = each * share
        total += at_rest
        if each >= 1:
            print(
                f"  {table:14} {each:7.0f} bytes an article, {at_rest * year / 1e9:6.1f} GB after a year"
            )
    print(
        f"  in all {total * year / 1e9:.0f} GB after a year of 1,000 outlets, {a_day} articles a day each"
    )


@contextmanager
def world_on(kind: str) -> Iterator[World]:
    """Open an empty world on a database of that kind."""
    if kind == "postgresql":
        with OwnPostgres() as server:
            world = World(server.url)
            yield world
            world.store.close()
        return
    with tempfile.TemporaryDirectory() as folder:
        world = World(f"sqlite:///{Path(folder) / 'outpost.db'}")
        yield world
        world.store.close()


def main() -> None:
    """Measure on both."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    arguments.add_argument("--articles", type=int, default=4_000)
    arguments.add_argument("--a-day", type=int, default=40)
    arguments.add_argument("--only", choices=["sqlite", "postgresql"])
    asked = arguments.parse_args()
    articles = recorded(asked.articles)
    for kind in [asked.only] if asked.only else ["sqlite", "postgresql"]:
        with world_on(kind) as world:
            empty = world.store.call(sizes)
            asyncio.run(fill(world, articles))
            print(f"## {kind}")
            report(world.store, empty, asked.a_day)


if __name__ == "__main__":
    main()
