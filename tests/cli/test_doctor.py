"""The doctor says what is wrong and what to do, one line a finding, and ends with 1 for a fault only."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import cli, doctor
from bot.config import shipped
from bot.store import revisions
from bot.store.engine import Store
from tests.e2e.bot_api import BotApi

OUTLET = """
[[outlet]]
name = "Echo"
homepage = "https://echo.example"
country = "AM"
language = "hy"
[[outlet.feed]]
url = "https://echo.example/rss"
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of an installation in good order, but without a token."""
    config = tmp_path / "config"
    config.mkdir()
    (config / "outlets.toml").write_text(OUTLET)
    monkeypatch.setenv("OUTPOST_CONFIG", str(config))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/outpost.db")
    monkeypatch.setenv("OUTPOST_ADMINS", "7")
    monkeypatch.delenv("TELEGRAM_BOT_TOKEN", raising=False)
    return tmp_path


def checked(*arguments: str) -> tuple[int, dict[tuple[str, str], list[str]]]:
    """Run it; return the exit code and, by what and state, the remedies."""
    done = CliRunner().invoke(cli, ["--log-level", "error", "check", "--json", *arguments])
    found: dict[tuple[str, str], list[str]] = {}
    for finding in json.loads(done.stdout):
        found.setdefault((finding["what"], finding["state"]), []).append(finding["remedy"])
    return done.exit_code, found


def test_an_installation_in_good_order_is_well(here, monkeypatch):
    with BotApi() as api:
        monkeypatch.setenv("TELEGRAM_BOT_TOKEN", api.token)
        monkeypatch.setenv("TELEGRAM_API_URL", api.url)
        code, found = checked()
    assert code == 0
    assert {what for what, _ in found} >= {"settings", "outlets", "names", "database", "disk"}
    assert found["token", "ok"]
    assert "fault" not in {state for _, state in found}


def test_a_token_that_telegram_does_not_know_is_a_fault_with_a_remedy(here, monkeypatch):
    with BotApi() as api:
        monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "999:wrong")
        monkeypatch.setenv("TELEGRAM_API_URL", api.url)
        code, found = checked()
    assert code == 1
    assert "@BotFather" in found["token", "fault"][0]


def test_the_terminal_needs_no_token(here, monkeypatch):
    with BotApi() as api:
        monkeypatch.setenv("TELEGRAM_API_URL", api.url)
        code, found = checked()
        assert code == 1
        assert "outpost check --chat terminal" in found["token", "fault"][0]
        code, found = checked("--chat", "terminal")
    assert code == 0
    assert {("token", "ok"), ("clock", "ok")} <= set(found)


@pytest.mark.parametrize(("off", "state"), [(5, "ok"), (90, "fault"), (-90, "fault")])
async def test_a_clock_that_is_off_is_a_fault(here, monkeypatch, off, state):
    with BotApi() as api:
        monkeypatch.setenv("TELEGRAM_BOT_TOKEN", api.token)
        monkeypatch.setenv("TELEGRAM_API_URL", api.url)
        wrong = datetime.now(UTC) + timedelta(seconds=off)
        found = await doctor.examine(doctor_settings(), lambda: wrong)
    assert [f.state for f in found if f.what == "clock"] == [state]


@pytest.mark.parametrize(
    ("roles", "state"),
    [("poll,ingest", "ok"), ("web", "ok"), ("deliver", "fault"), ("chat", "fault")],
)
def test_a_token_is_missed_only_by_the_roles_that_talk(here, roles, state):
    _, found = checked("--roles", roles)
    assert ("token", state) in found


def test_a_clock_that_could_not_be_compared_is_said(here, monkeypatch):
    monkeypatch.setenv("TELEGRAM_API_URL", "http://127.0.0.1:1")
    for token in ("", "999:right"):
        monkeypatch.setenv("TELEGRAM_BOT_TOKEN", token)
        code, found = checked()
        assert code == 1
        assert ("clock", "warning") in found
        assert ("token", "fault") in found


def test_a_variable_that_nothing_reads_is_a_warning(here, monkeypatch):
    monkeypatch.setenv("OUTPOST_NOSUCH", "1")
    _, found = checked()
    assert found["settings", "warning"] == ["settings are OUTPOST__SECTION__NAME; see README"]


@pytest.mark.parametrize("installed", [True, False])
def test_a_sentry_that_is_not_installed_is_a_fault(here, monkeypatch, installed):
    monkeypatch.setenv("SENTRY_DSN", "https://key@sentry.example/1")
    monkeypatch.setattr(doctor.sentry, "is_installed", lambda: installed)
    _, found = checked()
    assert found.get(("settings", "fault")) == (
        None if installed else ["pip install '.[sentry]' in this folder"]
    )


def doctor_settings():
    from bot.config import load_settings

    return load_settings()


@pytest.mark.parametrize(
    ("name", "written", "remedy"),
    [
        ("outlets.toml", "[[outlet]", "mend the file"),
        ("outlets.toml", "", "outlets add"),
        ("names.toml", "nonsense = [", "mend the file"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_fault(here, name, written, remedy):
    (here / "config" / name).write_text(written)
    code, found = checked()
    assert code == 1
    [said, *_] = found[name.removesuffix(".toml"), "fault"]
    assert remedy in said


def test_a_database_that_refuses_is_a_fault_and_its_password_is_not_told(here, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:secret@127.0.0.1:1/d")
    done = CliRunner().invoke(cli, ["--log-level", "error", "check"])
    assert done.exit_code == 1
    assert "fault   database" in done.output
    assert "secret" not in done.output


def test_a_file_that_is_no_database_is_a_fault(here):
    (here / "outpost.db").write_text("Dear diary,\n" * 500)
    code, found = checked()
    assert code == 1
    assert "no other program's" in found["database", "fault"][0]


def test_an_old_database_says_how_it_is_migrated(here, postgres_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    _, found = checked()
    assert found["database", "fault"] == ["run `outpost migrate`"]


def test_failing_feeds_and_missing_admins_are_warnings(here, monkeypatch):
    monkeypatch.delenv("OUTPOST_ADMINS")
    store = Store(f"sqlite:///{here}/outpost.db")
    store.call(revisions.migrate, shipped("migrations"))

    def fail(tx):
        tx.exec_driver_sql(
            "INSERT INTO outlets (name, homepage, country, language) VALUES ('E', 'x', 'AM', 'hy')"
        )
        tx.exec_driver_sql(
            "INSERT INTO feeds (outlet_id, url, kind, due_at, failure)"
            " VALUES (1, 'https://e.example/rss', 'feed', '2026-01-01 00:00:00.000000', 'gone')"
        )

    store.call(fail)
    store.close()
    _, found = checked()
    assert "OUTPOST_ADMINS" in found["settings", "warning"][0]
    assert found["outlets", "warning"] == ["outpost outlets list"]


@pytest.mark.parametrize(
    ("free", "state"), [(50_000_000, "fault"), (500_000_000, "warning"), (9_000_000_000, "ok")]
)
def test_a_full_disk_is_a_fault_before_it_is_full(here, monkeypatch, free, state):
    usage = type("Usage", (), {"free": free})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)
    _, found = checked()
    assert {s for what, s in found if what == "disk"} == {state}


@pytest.mark.parametrize("place", ["outpost.db", "."])
def test_a_database_that_cannot_be_written_is_a_fault(here, monkeypatch, place):
    (here / "outpost.db").touch()
    locked = (here / place).resolve()  # root may write anywhere, so the system's answer is put on
    monkeypatch.setattr(doctor.os, "access", lambda path, _: Path(path).resolve() != locked)
    code, found = checked()
    assert code == 1
    assert "own" in found["database", "fault"][0]
