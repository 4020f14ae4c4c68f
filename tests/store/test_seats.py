"""One sender and one reader of updates for each bot, and a standby; stages woken by notices."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.errors import DatabaseDown
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


HOLDER = """
import sys, time
from bot.store.engine import Store
from bot.store.seats import Seat
print(Seat(Store(sys.argv[1]), "sender:1").take(), flush=True)
time.sleep(60)
"""


def test_beside_an_sqlite_file_a_seat_is_free_as_soon_as_its_holder_is_killed(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    store = Store(url)
    seat, other = Seat(store, "sender:2"), Seat(store, "reader:2")
    with subprocess.Popen([sys.executable, "-c", HOLDER, url], stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"True\n"
        assert not seat.take()  # another token, but the same outbox
        assert other.take()
        holder.kill()
    assert seat.take()
    assert seat.take()  # still its own
    seat.leave()
    assert Seat(store, "sender:2").take()
    store.close()


def test_a_seat_beside_a_folder_that_cannot_be_written_says_which_file(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'a.db'}")
    (tmp_path / "a.db-sender").mkdir()
    with pytest.raises(DatabaseDown, match=r"a\.db-sender: Is a directory"):
        Seat(store, "sender:1").take()
    store.close()


def test_a_database_in_memory_has_no_second_process() -> None:
    store = Store("sqlite://")
    assert Seat(store, "sender:1").take()
    assert Seat(store, "sender:1").take()
    store.call(notices.wake, "ingest")  # nobody to wake, and no fault
    store.close()
