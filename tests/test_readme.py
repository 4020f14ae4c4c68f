"""What README says of settings, commands and files is what the program has."""

import re
import tomllib
from pathlib import Path

import pytest

from bot.app import COMMANDS
from bot.cli import cli
from bot.config import ROLES, SECTIONS, Settings
from bot.domain.query import parse_query
from bot.outlets_file import load_outlets

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
SHIPPED = (ROOT / "config" / "settings.toml").read_text("utf-8")

FILLED_IN = {"console_url", "own_networks"}  # made from other settings, so no choice of its own


def settings_in_readme() -> dict[str, tuple[str, str]]:
    """Return key -> (default, what it says) of the table of settings."""
    rows = re.findall(r"^\| `(\w+\.\w+)` \| `(.*?)` \| (.*) \|$", README, re.MULTILINE)
    return {key: (default, what) for key, default, what in rows}


def test_every_setting_is_there_with_its_default():
    shipped = tomllib.loads(SHIPPED)
    values = {f"{s}.{key}": value for s, keys in shipped.items() for key, value in keys.items()}
    told = {k: tomllib.loads(f"x = {v}")["x"] for k, (v, _) in settings_in_readme().items()}
    assert told == values


def test_every_setting_says_what_the_settings_file_says():
    for key, (_, what) in settings_in_readme().items():
        assert f"# {what}" in SHIPPED, key


def test_every_choice_of_the_program_is_in_the_settings_file():
    shipped = tomllib.loads(SHIPPED)
    for name in SECTIONS:
        section = Settings.model_fields[name].annotation
        assert section is not None
        assert set(shipped[name]) == set(section.model_fields) - FILLED_IN, name


def test_every_environment_variable_is_there():
    names = {str(f.validation_alias) for f in Settings.model_fields.values() if f.validation_alias}
    assert names == set(re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE))


def test_every_chat_command_is_there_and_no_other():
    [table] = re.findall(r"## In the chat\n(.*?)\n### ", README, re.DOTALL)
    rows = re.findall(r"^\| `/(\w+)", table, re.MULTILINE)
    assert sorted(rows) == sorted(c.name for c in COMMANDS if c.typed and c.menu)


def queries_in_readme() -> list[str]:
    """Return the examples of the table on how to write a watch."""
    [table] = re.findall(r"### How to write a watch\n(.*?)\nWords are", README, re.DOTALL)
    cells = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
    return [query for cell in cells for query in re.findall(r"`([^`]+)`", cell)]


@pytest.mark.parametrize("query", queries_in_readme())
def test_every_example_of_a_watch_can_be_read(query):
    # A filter alone finds nothing to watch for; the table shows them side by side.
    assert parse_query(f"word {query}")


def test_every_command_of_the_command_line_is_there():
    told = set(re.findall(r"^\| `outpost ([\w-]+)", README, re.MULTILINE))
    assert told == set(cli.commands)


def test_the_number_of_outlets_is_right():
    assert f"ships with {len(load_outlets(ROOT / 'config'))} outlets" in README


def test_the_procfile_names_every_role():
    lines = dict(
        line.split(": ", 1) for line in (ROOT / "Procfile").read_text("utf-8").splitlines()
    )
    assert lines.pop("release") == "outpost migrate"
    # A platform's router does not come by the loopback, where the console listens by default.
    assert lines.pop("web") == "OUTPOST__WEB__HOST=0.0.0.0 outpost run --roles web"
    assert lines == {role: f"outpost run --roles {role}" for role in ROLES if role != "web"}


@pytest.mark.parametrize("path", re.findall(r"\]\(((?!https?:)[^)#]+)\)", README))
def test_links_lead_somewhere(path):
    assert (ROOT / path).exists()


def test_the_two_commands_are_one_line_each_and_the_locks_name_no_index():
    assert re.search(r"^python3 -m venv .* && \.venv/bin/outpost demo$", README, re.MULTILINE)
    assert re.search(r"^python3 -m venv .* && \.venv/bin/pytest$", README, re.MULTILINE)
    for lock in ROOT.glob("requirements*.lock"):
        assert "://" not in lock.read_text("utf-8")
