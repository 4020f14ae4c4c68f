"""One text is one story, however many processes file it and in whatever order it came."""

import asyncio
import random
import subprocess
import sys
from collections import defaultdict

import pytest
import sqlalchemy as sa

from bot.store.schema import articles, stories
from tests.world import World

OUTLETS, TEXTS = 5, 4


def text(number: int) -> str:
    draw = random.Random(number)
    return " ".join(f"word{draw.randrange(4000)}" for _ in range(120))


@pytest.mark.parametrize("seed", [1, 2])
def test_two_processes_open_no_story_twice_for_one_text(database_url, seed):
    asyncio.run(publish(database_url, random.Random(seed)))
    command = [sys.executable, "-m", "tests.store.filing", database_url]
    workers = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    for worker in workers:
        _, errors = worker.communicate(timeout=120)
        assert worker.returncode == 0, errors.decode()
    world = World(database_url)
    filed = defaultdict(set)
    with world.store.engine.connect() as tx:
        for story_id, body in tx.execute(sa.select(articles.c.story_id, articles.c.body)):
            filed[body.split(" ", 1)[1]].add(story_id)
        opened = tx.execute(sa.select(sa.func.count()).select_from(stories)).scalar()
    world.store.close()
    assert {len(one) for one in filed.values()} == {1}
    assert (len(filed), opened) == (TEXTS, TEXTS)


async def publish(url: str, draw: random.Random) -> None:
    world = World(url)
    feeds = [await world.open_outlet(f"Outlet {n}") for n in range(OUTLETS)]
    listed = [(feed, n) for feed in feeds for n in range(TEXTS)]
    draw.shuffle(listed)
    for place, (feed, number) in enumerate(listed):
        world.list_entry(feed, f"{feed[:-4]}/{number}", body=f"Dateline{place} {text(number)}")
    await world.poll_all()
    world.store.close()
