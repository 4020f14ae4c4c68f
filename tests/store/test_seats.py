"""One sender and one reader of updates for each bot, and a standby; stages woken by notices."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing

import pytest
import sqlalchemy as sa

from bot.store import notices
from bot.store.engine import Store
from bot.store.seats import Seat


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Store]:
    store = Store(postgres_url)
    yield store
    store.close()


class Seats:
    """Makes seats, and gives up every one of them in the end."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._made: list[Seat] = []

    def seat(self, name: str) -> Seat:
        self._made.append(Seat(self._store, name))
        return self._made[-1]

    def leave(self) -> None:
        for seat in self._made:
            seat.leave()


@pytest.fixture
def seats(postgres: Store) -> Iterator[Seats]:
    seats = Seats(postgres)
    yield seats
    seats.leave()


@pytest.mark.postgres
def test_a_seat_is_held_by_one_process_and_free_when_its_session_ends(seats: Seats) -> None:
    first, second = seats.seat("sender:1"), seats.seat("sender:1")
    other = seats.seat("sender:2")
    assert first.take()
    assert first.take()  # still its own
    assert not second.take()
    assert other.take()  # another bot's
    first.leave()
    assert second.take()
    assert not first.take()


@pytest.mark.postgres
def test_a_holder_whose_session_the_server_ended_must_ask_again(
    postgres: Store, seats: Seats
) -> None:
    first, second = seats.seat("sender:1"), seats.seat("sender:1")
    assert first.take()
    end = sa.text(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
        " AND pid <> pg_backend_pid()"
    )
    postgres.call(lambda tx: tx.execute(end).all())
    with pytest.raises(Exception, match="terminat"):
        first.take()
    assert second.take()
    assert not first.take()


@pytest.mark.postgres
async def test_a_notice_wakes_after_the_commit(postgres: Store) -> None:
    heard: list[str] = []

    async def listen() -> None:
        async with aclosing(notices.listen(postgres.engine.url)) as woken:
            heard.append(await anext(woken))

    listening = asyncio.create_task(listen())
    for _ in range(100):
        await postgres.run(notices.wake, "ingest")
        done, _ = await asyncio.wait([listening], timeout=0.1)
        if done:
            break
    assert heard == ["ingest"]


def test_on_sqlite_the_seat_is_always_free(tmp_path: object) -> None:
    store = Store(f"sqlite:///{tmp_path}/a.db")
    assert Seat(store, "sender:1").take()
    assert Seat(store, "sender:1").take()
    store.call(notices.wake, "ingest")  # nobody to wake, and no fault
    store.close()
