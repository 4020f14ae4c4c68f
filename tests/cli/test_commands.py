"""Every command explains itself, with an example, and the shell completes its name."""

import os
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from bot.cli import cli


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every command and group."""
    yield path
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("path", list(commands(cli)), ids=" ".join)
def test_every_command_shows_an_example_of_itself(path):
    done = CliRunner().invoke(cli, [*path, "--help"])
    assert done.exit_code == 0
    _, found, example = done.output.partition("Example")
    assert found
    assert " ".join(("outpost", *path)) in example


@pytest.mark.parametrize(
    ("typed", "completed"), [("outpost ev", "eval"), ("outpost outlets re", "retire")]
)
def test_the_shell_completes_commands(typed, completed):
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    done = subprocess.run(
        [sys.executable, "-m", "bot"],
        env={**os.environ, "_OUTPOST_COMPLETE": "bash_complete", **words},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert f"plain,{completed}" in done.stdout.splitlines()
