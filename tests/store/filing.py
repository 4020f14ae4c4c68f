"""One process that files what is new until nothing is: run by test_repost_race, twice at once."""

import asyncio
import sys

from tests.world import World


async def work(url: str) -> None:
    world = World(url)
    world.pass_time(hours=24)  # later than all that was published
    while claimed := await world.pipeline.claim_articles(2, per_outlet=100, busy=()):
        await asyncio.gather(*(world.pipeline.ingest(article) for article in claimed))
    world.store.close()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1]))
