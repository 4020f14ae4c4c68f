"""Senders wait for their turn at the door, and leave it cleanly."""

import asyncio
import time

import pytest

from bot.adapters.turnstile import Turnstile
from bot.domain.pacing import Limits, Pacer, Rank

FAST = Limits(per_s=200, slack_s=0.0, most_in_a_second=1000, private_per_s=50, private_burst=1)
LONG_S = 60  # for what takes a moment, on however slow a machine
ROUNDING_S = 1e-6


class Clock:
    """Stands still until it is told to run: what is asked meanwhile is asked at one moment."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    async def run_until_done(self, *tasks):
        async with asyncio.timeout(LONG_S):
            while not all(task.done() for task in tasks):
                self.now += 0.005
                await asyncio.sleep(0.001)


async def through(door, chat_id, rank=Rank.ALERT):
    """Take a turn, and be answered at once."""
    async with door.turn(chat_id, rank):
        pass


async def asked(door, how_many):
    """Wait until so many stand at the door."""
    async with asyncio.timeout(LONG_S):
        while len(door._waiting) < how_many:
            await asyncio.sleep(0)


async def test_senders_go_through_at_the_pace_of_the_limits():
    door, began = Turnstile(Pacer(FAST)), time.monotonic()
    await asyncio.gather(*(through(door, chat) for chat in range(1, 41)))
    assert time.monotonic() - began >= 39 / 200 - ROUNDING_S
    began = time.monotonic()
    await asyncio.gather(*(through(door, 1) for _ in range(6)))
    assert time.monotonic() - began >= 5 / 50 - ROUNDING_S


async def test_a_later_but_more_urgent_sender_goes_first():
    clock, order = Clock(), []
    door = Turnstile(Pacer(FAST), clock=clock)

    async def send(name, chat_id, rank):
        await through(door, chat_id, rank)
        order.append(name)

    await through(door, 9, Rank.REPLY)
    edit = asyncio.create_task(send("edit", 1, Rank.EDIT))
    await asked(door, 1)
    alert = asyncio.create_task(send("alert", 2, Rank.ALERT))
    await asked(door, 2)
    await clock.run_until_done(edit, alert)
    assert order == ["alert", "edit"]


async def test_a_held_chat_waits_and_is_named_at_rest():
    door = Turnstile(Pacer(FAST))
    door.hold(7, 60)
    assert door.resting() == {7}
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(through(door, 7), 0.05)
    await asyncio.wait_for(through(door, 8), LONG_S)


async def test_who_is_cancelled_does_not_stop_the_others():
    clock = Clock()
    door = Turnstile(Pacer(FAST), clock=clock)
    await through(door, 1)
    tasks = [asyncio.create_task(through(door, 1)) for _ in range(3)]
    await asked(door, 3)
    tasks[0].cancel()
    await clock.run_until_done(*tasks)
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(done[0], asyncio.CancelledError)
    assert done[1:] == [None, None]


async def test_no_more_are_under_way_unanswered_than_a_second_may_have():
    """Whatever the way does to them, no second of Telegram's has more."""
    door, left = Turnstile(Pacer(Limits(per_s=1e6, slack_s=1.0, most_in_a_second=3))), []
    answer = asyncio.Event()

    async def send(chat_id):
        async with door.turn(chat_id, Rank.ALERT):
            left.append(chat_id)
            await answer.wait()

    tasks = [asyncio.create_task(send(chat)) for chat in range(1, 6)]
    cancelled = asyncio.create_task(send(6))
    await asyncio.sleep(0.05)
    assert left == [1, 2, 3]
    cancelled.cancel()
    answer.set()
    async with asyncio.timeout(LONG_S):
        await asyncio.gather(*tasks)
    assert left == [1, 2, 3, 4, 5]
