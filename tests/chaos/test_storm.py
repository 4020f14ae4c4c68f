"""A short storm on each database, in every run: nothing is lost, and the balance is printed."""

import os
import random
import resource
import sqlite3
import time

import psycopg
import pytest

from tests.chaos.storm import Storm
from tests.e2e.installation import Installation
from tests.e2e.press import Press

SECONDS = float(os.environ.get("STORM_SECONDS", "45"))


@pytest.fixture
def press():
    with Press() as press:
        yield press


@pytest.fixture
def outpost(tmp_path, bot_api, press, database_url):
    outpost = Installation(tmp_path, bot_api, press, database_url)
    yield outpost
    outpost.kill()
    print(outpost.log[-20_000:])


def test_nothing_is_lost_in_a_storm(outpost, capsys):
    trouble = full_disk(outpost) if is_sqlite(outpost) else cut_connections(outpost)
    storm = Storm(outpost, seed=3, extra=trouble)
    balance = storm.run(SECONDS)
    with capsys.disabled():
        print(f"\n{outpost.database_url.partition(':')[0]}: {balance}")
    assert balance.lost == []
    assert balance.commands_lost == []
    assert balance.watches_doubled == 0
    assert balance.doubled <= balance.ambiguous + balance.in_hand
    assert balance.floods == []
    assert balance.refused == []
    assert balance.tracebacks == []
    assert balance.left == 0
    assert balance.stop_s < 20
    if is_sqlite(outpost):
        with sqlite3.connect(outpost.folder / "outpost.db") as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def is_sqlite(outpost):
    return outpost.database_url.startswith("sqlite")


def full_disk(outpost):
    """Return a trouble: for a moment no process may write a byte beyond what its files have."""

    def fill(chance: random.Random) -> str:
        pids = [p.pid for p in outpost.running if p.poll() is None]
        for pid in pids:
            limit(pid, 1)
        time.sleep(chance.uniform(0.2, 1.5))
        for pid in pids:
            limit(pid, resource.RLIM_INFINITY)
        return "full disk"

    return fill


def cut_connections(outpost):
    """Return a trouble: the server drops every connection, as when it restarts or fails over."""

    def cut(_: random.Random) -> str:
        with psycopg.connect(outpost.database_url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        return "connections cut"

    return cut


def limit(pid, size):
    try:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    except ProcessLookupError:
        return  # killed meanwhile
