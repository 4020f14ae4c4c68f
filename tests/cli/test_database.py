"""Every command opens the database in one way, and says in one line what keeps it from its work."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import cli
from bot.config import shipped
from bot.store import revisions
from bot.store.engine import Store, Tx

ASKING = (
    ("why", "harbour"),
    ("eval", "verdicts"),
    ("eval", "verdicts", "--pairs", "said"),
    ("outlets", "list"),
    ("outlets", "export"),
    ("run", "--roles", "ingest"),
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder, with nothing set but the database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///outpost.db")
    monkeypatch.delenv("OUTPOST_CONFIG", raising=False)
    return tmp_path


def said(*arguments: str) -> tuple[int, str]:
    """Run it; return the exit code and what it said on stderr."""
    done = CliRunner().invoke(cli, ["--log-level", "error", *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stderr


@pytest.mark.parametrize("command", ASKING[:-1], ids=" ".join)
def test_who_asks_where_there_is_no_database_is_told_so_and_none_is_made(command, here):
    code, errors = said(*command)
    assert code == 2
    [line] = errors.splitlines()
    assert f"there is no database at {here / 'outpost.db'} yet" in line
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("command", ASKING[:-1], ids=" ".join)
def test_an_old_database_is_brought_up_to_date_by_whoever_asks(command, here):
    (here / "outpost.db").touch()
    code, errors = said(*command)
    assert code in (0, 1)
    assert "revision" not in errors
    store = Store("sqlite:///outpost.db")
    at, newest = store.call(revisions.standing, shipped("migrations"))
    store.close()
    assert at == newest


@pytest.mark.parametrize("command", ASKING, ids=" ".join)
def test_postgresql_is_asked_to_be_migrated_first(command, monkeypatch, postgres_url):
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    code, errors = said(*command)
    assert code == 1
    [line] = [line for line in errors.splitlines() if not line.startswith("{")]  # the log is JSON
    assert "run `outpost migrate`" in line


def of_tomorrow(url: str) -> None:
    def leave(tx: Tx) -> None:
        revisions.migrate(tx, shipped("migrations"))
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    store = Store(url)
    store.call(leave)
    store.close()


@pytest.mark.parametrize("command", [*ASKING, ("migrate",)], ids=" ".join)
def test_a_database_of_a_newer_version_is_left_alone(command):
    of_tomorrow("sqlite:///outpost.db")
    code, errors = said(*command)
    assert code == 1
    [line] = [line for line in errors.splitlines() if not line.startswith("{")]  # the log is JSON
    assert "revision 9999, which this version does not know" in line


def test_a_newer_database_is_a_fault_of_the_installation(postgres_url, monkeypatch):
    for url in ("sqlite:///outpost.db", postgres_url):
        monkeypatch.setenv("DATABASE_URL", url)
        of_tomorrow(url)
        done = CliRunner().invoke(cli, ["--log-level", "error", "check", "--json"])
        [found] = [f for f in json.loads(done.stdout) if f["what"] == "database"]
        assert (done.exit_code, found["state"]) == (1, "fault")
        assert "9999" in found["said"]
        assert "backup" in found["remedy"]


def test_an_address_of_another_kind_of_database_says_which_there_are(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "mysql://u:secret@h/d")
    done = CliRunner().invoke(cli, ["--log-level", "error", "check", "--json"])
    [found] = [f for f in json.loads(done.stdout) if f["what"] == "database"]
    assert found["said"] == "DATABASE_URL names 'mysql'"
    assert found["remedy"] == "Outpost runs on sqlite or postgresql"
