"""Senders wait for their turn at the door, and leave it cleanly."""

import asyncio
import time

import pytest

from bot.adapters.turnstile import Turnstile
from bot.domain.pacing import Limits, Pacer, Rank

FAST = Limits(per_s=200, burst=1, private_per_s=50, private_burst=1)


async def test_senders_go_through_at_the_pace_of_the_limits():
    door, began = Turnstile(Pacer(FAST)), time.monotonic()
    await asyncio.gather(*(door.turn(chat, Rank.ALERT) for chat in range(1, 41)))
    assert time.monotonic() - began >= 39 / 200
    began = time.monotonic()
    await asyncio.gather(*(door.turn(1, Rank.ALERT) for _ in range(6)))
    assert time.monotonic() - began >= 5 / 50


async def test_a_later_but_more_urgent_sender_goes_first():
    door, order = Turnstile(Pacer(FAST)), []

    async def send(name, chat_id, rank):
        await door.turn(chat_id, rank)
        order.append(name)

    await door.turn(9, Rank.REPLY)
    edit = asyncio.create_task(send("edit", 1, Rank.EDIT))
    await asyncio.sleep(0)
    alert = asyncio.create_task(send("alert", 2, Rank.ALERT))
    await asyncio.gather(edit, alert)
    assert order == ["alert", "edit"]


async def test_a_held_chat_waits_and_is_named_at_rest():
    door = Turnstile(Pacer(FAST))
    door.hold(7, 60)
    assert door.resting() == {7}
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(door.turn(7, Rank.ALERT), 0.05)
    await asyncio.wait_for(door.turn(8, Rank.ALERT), 1)


async def test_who_is_cancelled_does_not_stop_the_others():
    door = Turnstile(Pacer(FAST))
    first = asyncio.create_task(door.turn(1, Rank.ALERT))
    await first
    tasks = [asyncio.create_task(door.turn(1, Rank.ALERT)) for _ in range(3)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    done = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 1)
    assert isinstance(done[0], asyncio.CancelledError)
    assert done[1:] == [None, None]
