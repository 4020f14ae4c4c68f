"""Several processes that poll are one guest to an outlet: one request at a time, and a pause between two."""

import asyncio
import itertools
import time

import pytest
from aiohttp import web

from tests.e2e.installation import Installation
from tests.e2e.press import Press

GAP_S = 0.5
FEEDS = 6


@pytest.fixture
def database_url(postgres_url: str) -> str:
    """Return PostgreSQL's alone: several processes poll on no other."""
    return postgres_url


@pytest.mark.postgres
def test_two_processes_share_the_turns_and_the_silence_of_a_host(
    outpost: Installation, press: Press
) -> None:
    herald = press.add("herald", "Batum Herald")
    asked: list[tuple[float, float]] = []
    silence: list[float] = []

    async def slow(request: web.Request) -> web.Response:
        began = time.monotonic()
        await asyncio.sleep(0.1)
        asked.append((began, time.monotonic()))
        if len(asked) == 4 * FEEDS:
            silence.append(time.monotonic())
            return web.Response(status=429, headers={"Retry-After": "3600"})
        return web.Response(text=herald.rss(), content_type="application/rss+xml")

    herald.feed = slow
    herald.publish("Quays are quiet", "Nothing moved on the quays on Sunday.")
    feeds = "".join(
        f'[[outlet.feed]]\nurl = "{herald.home}/feed.xml?n={n}"\n' for n in range(FEEDS)
    )
    head = f'[[outlet]]\nname = "Batum Herald"\nhomepage = "{herald.home}"\n'
    file = outpost.folder / "config" / "outlets.toml"
    file.write_text(f'{head}country = "GE"\nlanguage = "en"\n{feeds}')
    outpost.environment["OUTPOST__POLLING__FEED_GAP_S"] = str(GAP_S)
    outpost.start("poll")
    outpost.start("poll")
    press.wait_for(lambda: silence, 120, "the server asks for silence")
    time.sleep(5)
    assert len(asked) == 4 * FEEDS  # both heed what one was told
    gaps = [later[0] - earlier[1] for earlier, later in itertools.pairwise(asked)]
    assert min(gaps) >= GAP_S * 0.9
    assert outpost.stop() == [0, 0]
