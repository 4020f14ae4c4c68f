"""Who hears the commands: one process, which may lose its seat for a moment."""

import asyncio

import pytest

from bot import listener
from bot.domain.errors import DatabaseDown


class Chairs:
    """A seat that is held, out of reach or another's, as a test says look by look; then held for good."""

    def __init__(self, *looks):
        self.looks = list(looks)

    def take(self):
        look = self.looks.pop(0) if self.looks else True
        if isinstance(look, Exception):
            raise look
        return look


class Talk:
    """A chat that counts how often it is begun, and ends the second time."""

    begun = 0

    async def run(self):
        self.begun += 1
        if self.begun == 1:
            await asyncio.Event().wait()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(listener, "SEAT_S", 0.01)


async def test_a_database_that_is_away_is_no_other_process(caplog):
    talk, away = Talk(), DatabaseDown("connection refused")
    await listener.Listener(talk, Chairs(True, away, away, True)).run()
    assert talk.begun == 2
    assert "connection refused" in caplog.text
    assert "another process" not in caplog.text


async def test_a_seat_that_another_took_is_waited_for(caplog):
    talk = Talk()
    await listener.Listener(talk, Chairs(True, False, False, True)).run()
    assert talk.begun == 2
    assert caplog.text.count("another process hears the commands") == 1
