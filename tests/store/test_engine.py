"""What SQLite and PostgreSQL must be told, and how their failures are named."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from bot.domain.errors import DatabaseDown, SettingsError
from bot.store.engine import Store, Tx, database_url, next_value, sqlite_file
from bot.store.schema import counters, subscribers
from tests.conftest import database_at

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "driver"),
    [
        ("sqlite:///outpost.db", "sqlite+pysqlite"),
        ("postgres://u:p@h/d", "postgresql+psycopg"),
        ("postgresql://u:p@h/d", "postgresql+psycopg"),
    ],
)
def test_every_usual_spelling_of_a_database_is_understood(text: str, driver: str) -> None:
    assert database_url(text).drivername == driver


@pytest.mark.parametrize("text", ["mysql://h/d", "not a url", ""])
def test_another_database_is_refused_without_repeating_its_password(text: str) -> None:
    with pytest.raises(SettingsError):
        database_url(text)


def test_sqlite_keeps_a_write_ahead_log_and_waits_for_its_turn(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'a.db'}")

    def pragma(tx: Tx, name: str) -> object:
        return tx.exec_driver_sql(f"PRAGMA {name}").scalar()

    assert store.call(pragma, "journal_mode") == "wal"
    assert store.call(pragma, "busy_timeout") == 30_000
    assert store.call(pragma, "foreign_keys") == 1
    store.close()


COUNT = """
import sys
from bot.store.engine import Store, next_value
store = Store(sys.argv[1])
for _ in range(300):
    store.call(next_value, "n")
"""


def test_four_processes_that_read_and_then_write_lose_no_update(store: Store) -> None:
    url = store.engine.url.render_as_string(hide_password=False).replace("+pysqlite", "")
    url = url.replace("+psycopg", "")
    workers = [subprocess.Popen([sys.executable, "-c", COUNT, url]) for _ in range(4)]
    assert [worker.wait(timeout=120) for worker in workers] == [0, 0, 0, 0]
    assert store.call(next_value, "n") == 1201


def test_a_mistake_rolls_everything_back(store: Store) -> None:
    def fail(tx: Tx) -> None:
        next_value(tx, "n")
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        store.call(fail)
    assert store.call(next_value, "n") == 1


def test_a_naive_time_never_reaches_the_database(store: Store) -> None:
    with pytest.raises(sa.exc.StatementError, match="naive datetime"):
        store.call(_subscribe, datetime(2026, 3, 2, 9, 0))  # noqa: DTZ001 - the point


def test_a_time_comes_back_in_utc(store: Store) -> None:
    store.call(_subscribe, NOW.astimezone(timezone(timedelta(hours=4))))

    def read(tx: Tx) -> datetime:
        found: datetime = tx.execute(sa.select(subscribers.c.created_at)).scalar_one()
        return found

    assert store.call(read) == NOW
    assert store.call(read).tzinfo is UTC


def _subscribe(tx: Tx, at: datetime) -> None:
    tx.execute(
        subscribers.insert().values(
            chat_id=1, kind="private", title="", language="en", state="active", created_at=at
        )
    )


def test_a_database_that_cannot_be_opened_is_down_not_a_bug(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'no' / 'folder' / 'a.db'}")
    with pytest.raises(DatabaseDown, match="unable to open"):
        store.call(next_value, "n")
    store.close()


def test_a_file_that_is_no_database_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("garbage, and more garbage, enough to fill a page header" * 20)
    store = Store(f"sqlite:///{tmp_path / 'a.db'}")
    with pytest.raises(DatabaseDown, match="not a database"):
        store.call(next_value, "n")
    store.close()


def test_a_mistake_of_ours_in_sql_is_not_taken_for_a_database_that_is_down(store: Store) -> None:
    with pytest.raises(sa.exc.DBAPIError):
        store.call(lambda tx: tx.exec_driver_sql("SELECT nonsense FROM counters"))


def test_a_server_that_is_not_there_is_down_and_its_password_is_not_told() -> None:
    store = Store("postgresql://someone:secret@127.0.0.1:1/nothing")
    with pytest.raises(DatabaseDown) as e:
        store.call(next_value, "n")
    assert "secret" not in str(e.value)
    store.close()


@pytest.mark.postgres
def test_a_database_that_cannot_hold_every_language_is_refused_in_one_line(
    postgres_server: str,
) -> None:
    made = (
        "CREATE DATABASE ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    )
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute(made)
    store = Store(database_at(postgres_server, "ascii"))
    with pytest.raises(SettingsError, match="encoding SQL_ASCII"):
        store.call(lambda tx: tx.execute(sa.select(1)))
    store.close()
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute("DROP DATABASE ascii")


async def test_a_full_disk_loses_nothing_that_was_saved(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'a.db'}")
    await store.run(counters.create)
    await store.run(next_value, "n")
    pages = await store.run(lambda tx: tx.exec_driver_sql("PRAGMA page_count").scalar_one())

    def fill(tx: Tx) -> None:
        tx.exec_driver_sql(f"PRAGMA max_page_count={pages + 1}")  # what a full disk answers
        for n in range(10_000):
            next_value(tx, f"{n:064}")

    with pytest.raises(DatabaseDown, match="full"):
        await store.run(fill)
    assert await store.run(next_value, "n") == 2
    store.close()


def test_a_file_that_cannot_be_opened_is_named(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/nowhere/x.db")
    with pytest.raises(DatabaseDown, match=r"unable to open database file: .*/nowhere/x\.db"):
        store.call(lambda tx: tx.exec_driver_sql("SELECT 1"))
    store.close()


@pytest.mark.postgres
def test_of_two_that_wait_for_each_other_both_are_done(postgres_url: str) -> None:
    store = Store(postgres_url)
    store.call(counters.create)
    for name in "ab":
        store.call(next_value, name)
    both_hold_one, tries = threading.Barrier(2, timeout=60), []

    def raise_both(tx: Tx, names: str) -> None:
        first = names not in tries
        tries.append(names)
        next_value(tx, names[0])
        if first:
            both_hold_one.wait()
        next_value(tx, names[1])

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(store.call, raise_both, names) for names in ("ab", "ba")]:
            done.result(timeout=60)
    assert len(tries) == 3
    assert [store.call(next_value, name) for name in "ab"] == [4, 4]
    store.close()


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:///outpost.db", "outpost.db"),
        ("sqlite:////var/lib/outpost/outpost.db", "/var/lib/outpost/outpost.db"),
        ("sqlite:////srv/a%20b.db?timeout=5", "/srv/a b.db"),
        ("sqlite:///:memory:", None),
        ("sqlite://", None),
        ("sqlite:///file:/srv/x.db?uri=true", None),
        ("postgresql://user@host/name", None),
        ("nonsense", None),
    ],
)
def test_the_file_of_a_database_is_the_one_that_is_opened(url, file):
    assert sqlite_file(url) == (None if file is None else Path(file))
