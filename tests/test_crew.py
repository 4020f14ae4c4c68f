"""Hands of a stage: who is slow holds up nobody else."""

import asyncio
from collections.abc import Sequence

from bot.crew import Crew


async def test_work_done_while_more_was_being_claimed_makes_room_at_once() -> None:
    """A claim leaves out the outlets in hand, and takes time in which one of them may be done."""
    claims = [["slow page", "first"], [], ["second"]]
    may_end = {title: asyncio.Event() for title in ("slow page", "first", "second")}

    async def claim(_free: int, in_hand: Sequence[str]) -> list[str]:
        if "first" in in_hand:
            may_end["first"].set()
            while "first" in crew.in_hand:
                await asyncio.sleep(0)
        return claims.pop(0)

    async def work(title: str) -> None:
        await may_end[title].wait()

    crew = Crew("ingest", 4, claim=claim, work=work, key=lambda title: title)
    await crew.tick()
    await crew.tick()
    async with asyncio.timeout(10):  # far below the hour that nobody should wait
        await crew.free_hand(3_600)
        await crew.tick()
    assert crew.in_hand == ["slow page", "second"]
    may_end["slow page"].set()
    may_end["second"].set()
    await crew.finish(1)
    assert not crew.in_hand


async def test_with_nothing_in_hand_and_nothing_done_nobody_is_at_work() -> None:
    async def nothing(_free: int, _in_hand: Sequence[str]) -> list[str]:
        return []

    async def never(title: str) -> None:
        raise AssertionError(title)

    crew = Crew("ingest", 4, claim=nothing, work=never, key=lambda title: title)
    await crew.tick()
    assert not crew.at_work
