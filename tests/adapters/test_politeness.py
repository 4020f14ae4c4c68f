"""Turns per registrable domain: who shares one, who waits, and who is told to stay away."""

import asyncio

import pytest

from bot.adapters import politeness
from bot.adapters.politeness import Politeness, domain_of

DOMAINS = [
    ("https://www.bbc.co.uk/news", "bbc.co.uk"),
    ("https://feeds.bbc.co.uk/rss", "bbc.co.uk"),
    ("https://news.outlet.com.tr/", "outlet.com.tr"),
    ("https://новости.рф/", "новости.рф"),
    ("http://127.0.0.1:8123/x", "127.0.0.1:8123"),
    ("http://localhost/x", "localhost"),
    ("http://[2606:2800::1]/", "2606:2800::1"),
    ("http://localhost:port/", "localhost"),
    ("http://10.0.0.1:port/", "10.0.0.1"),
    ("https://news.outlet.example/", "outlet.example"),
]


@pytest.mark.parametrize(("url", "domain"), DOMAINS)
def test_whose_patience_is_used_up(url, domain):
    assert domain_of(url) == domain


async def until(happened):
    """Let the others run until it has happened, however slow the machine."""
    async with asyncio.timeout(60):
        while not happened():
            await asyncio.sleep(0)


async def queued(turns, domain):
    """Wait until somebody waits for a turn there."""
    await until(lambda: turns._domains[domain].waiting)


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


async def test_one_domain_has_one_turn_and_another_its_own():
    turns = Politeness(max_wait_s=10)
    assert await turns.enter("https://a.example/1", gap_s=0) is None
    second = asyncio.create_task(turns.enter("https://b.a.example/2", gap_s=0))
    assert await turns.enter("https://c.test/", gap_s=0) is None
    await queued(turns, "a.example")
    assert not second.done()
    await turns.leave("https://a.example/1")
    assert await second is None


async def test_those_who_wait_learn_that_silence_was_asked_for():
    turns = Politeness(max_wait_s=10)
    await turns.enter("https://a.example/1", gap_s=0)
    waiting = asyncio.create_task(turns.enter("https://a.example/2", gap_s=0))
    await queued(turns, "a.example")
    await turns.leave("https://a.example/1", hold_s=300, reason="too many")
    assert await waiting == (300, "too many")
    assert (await turns.enter("https://a.example/3", gap_s=0))[1] == "too many"


async def test_a_shorter_silence_does_not_end_a_longer_one():
    clock = Clock()
    turns = Politeness(max_wait_s=10, clock=clock)
    await turns.enter("https://a.example/", gap_s=0)
    await turns.leave("https://a.example/", hold_s=300, reason="x")
    clock.now += 299
    assert await turns.enter("https://a.example/", gap_s=0) == (1, "x")
    clock.now += 2
    assert await turns.enter("https://a.example/", gap_s=0) is None


async def test_who_gives_up_waiting_takes_no_turn():
    turns = Politeness(max_wait_s=100)
    await turns.enter("https://a.example/", gap_s=0)
    await turns.leave("https://a.example/")
    resting = asyncio.create_task(turns.enter("https://a.example/", gap_s=50))
    await until(turns._domains["a.example"].turn.locked)
    resting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await resting
    assert await turns.enter("https://a.example/", gap_s=0) is None


async def test_domains_at_rest_are_forgotten_and_held_ones_are_not(monkeypatch):
    monkeypatch.setattr(politeness, "SWEEP_AT", 5)
    clock = Clock()
    turns = Politeness(max_wait_s=10, clock=clock)
    for n in range(5):
        await turns.enter(f"https://outlet{n}.example/", gap_s=0)
        await turns.leave(f"https://outlet{n}.example/", hold_s=500 if n == 0 else None)
    clock.now += 100
    await turns.enter("https://last.example/", gap_s=0)
    await turns.leave("https://last.example/")
    assert set(turns._domains) == {"outlet0.example", "last.example"}


async def test_a_server_that_takes_its_time_is_waited_for_no_longer_than_is_allowed():
    """Who queues behind slow requests waits for them too, not for the gaps alone."""
    clock = Clock()
    turns = Politeness(max_wait_s=45, clock=clock)
    await turns.enter("https://slow.example/", gap_s=0)
    clock.now += 30
    await turns.leave("https://slow.example/")
    assert await turns.enter("https://slow.example/", gap_s=0) is None
    second = asyncio.create_task(turns.enter("https://slow.example/", gap_s=0))
    await queued(turns, "slow.example")
    away = await asyncio.wait_for(turns.enter("https://slow.example/", gap_s=0), 5)
    assert away == (60, "1 requests to the same domain are before it")
    await turns.leave("https://slow.example/")
    assert await second is None


async def test_whoever_the_guess_was_wrong_for_is_told_in_the_end():
    turns = Politeness(max_wait_s=0.01)
    await turns.enter("https://stuck.example/", gap_s=0)
    away = await asyncio.wait_for(turns.enter("https://stuck.example/", gap_s=0), 5)
    assert away is not None
    await turns.leave("https://stuck.example/")
    assert await turns.enter("https://stuck.example/", gap_s=0) is None
    await turns.leave("https://stuck.example/")
