"""`outpost run` where it cannot do what it is asked to: it says so and ends, so that a supervisor sees it."""

import configparser
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bot import app
from bot.cli import cli
from bot.config import load_settings

UNIT = Path(__file__).resolve().parents[2] / "docs" / "deploy" / "outpost.service"


@pytest.fixture
def taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Stand in an empty folder with PORT set to one that another program has; return it."""
    monkeypatch.chdir(tmp_path)
    for name in ("OUTPOST_CONFIG", "TELEGRAM_BOT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///outpost.db")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))
        yield port


def run_web() -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["--log-level", "error", "run", "--roles", "web"])
    return done.exit_code, done.stderr


def test_a_process_for_the_console_alone_ends_where_its_port_is_taken(taken):
    code, said = run_web()
    assert code == 1
    [line] = said.splitlines()
    assert f"port {taken}" in line
    assert line.endswith("; set PORT")


def test_a_wrong_host_is_not_blamed_on_the_port(taken, monkeypatch):
    monkeypatch.setenv("OUTPOST__WEB__HOST", "nosuch.invalid")
    code, said = run_web()
    assert code == 1
    [line] = said.splitlines()
    assert "nosuch.invalid" in line
    assert line.endswith("; set web.host")


def test_a_process_with_more_to_do_goes_on_without_the_console(taken):
    assert app.open_port(load_settings(), alone=False) is None


def test_wrong_settings_stop_the_unit_for_good():
    """systemd heeds RestartPreventExitStatus for the main process only."""
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.read_string(UNIT.read_text("utf-8"))
    service = unit["Service"]
    assert service["RestartPreventExitStatus"] == "2"
    assert not {"execstartpre", "execcondition"} & set(service)


def test_the_shell_completes_roles_after_each_comma():
    option = next(p for p in cli.commands["run"].params if p.name == "roles")
    context = click.Context(cli.commands["run"])
    offered = {
        words: [item.value for item in option.shell_complete(context, words)]
        for words in ("p", "poll,", "x")
    }
    assert offered["p"] == ["poll"]
    assert offered["poll,"] == ["poll,ingest", "poll,deliver", "poll,chat", "poll,web"]
    assert offered["x"] == []


def test_a_terminal_talks_only_with_the_role_chat(tmp_path, monkeypatch):
    monkeypatch.delenv("OUTPOST_CONFIG", raising=False)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'outpost.db'}")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "outlets.toml").write_text("")
    command = [sys.executable, "-m", "bot", "run", "--chat", "terminal", "--roles", "ingest"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdin.write(b"/help\n")
        process.stdin.close()
        assert any(b"outpost runs: roles ingest" in line for line in process.stderr)
        with pytest.raises(subprocess.TimeoutExpired):  # nobody listens, so no end of input ends it
            process.wait(1)
        process.terminate()
        assert process.wait(20) == 0
        assert process.stdout.read() == b""


def test_a_run_that_lacks_its_token_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("OUTPOST_CONFIG", "TELEGRAM_BOT_TOKEN", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    done = CliRunner().invoke(cli, ["--log-level", "error", "run"])
    assert (done.exit_code, "TELEGRAM_BOT_TOKEN is not set" in done.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []
