"""How every command speaks: a log of one-line entries, mistakes in one line, exit codes."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click

from bot.cli.logs import Outages, json_lines
from bot.domain.errors import OutpostError, SettingsError


class OneLine(logging.Formatter):
    """A log line is one line, whatever an outlet put into it; a traceback follows on its own lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line with its line breaks escaped."""
        return visible(super().formatMessage(record))


def visible(line: str) -> str:
    """Return a line of the outside's words that a terminal may show: what acts on it is spelled out."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


def log_to_stderr(level: str, *, form: str = "auto") -> None:
    """Send the log to stderr. The libraries that would log the token or chatter are silenced.

    form: "text" for people, "json" for machines, "auto" as stderr is a terminal or not.
    """
    handler = logging.StreamHandler()
    if form == "json" or (form == "auto" and not sys.stderr.isatty()):
        handler.setFormatter(json_lines())
    else:
        handler.setFormatter(OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(Outages())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in (
        "httpx",
        "httpcore",
        "alembic",
        "alembic.runtime.migration",
        "trafilatura",
        "htmldate",
        "uvicorn",
    ):
        logging.getLogger(name).setLevel(logging.WARNING)
    # It warns of each tick that comes while the last one still works: that is how ticks are meant.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)


@contextmanager
def one_line() -> Iterator[None]:
    """Turn what we raise on purpose into one line and an exit code."""
    try:
        yield
    except SettingsError as e:
        fail(str(e), 2)
    except OutpostError as e:
        fail(str(e), 1)


def wait_for(words: str) -> None:
    """Say on stderr what takes a while, where somebody watches."""
    if sys.stderr.isatty():
        click.echo(f"outpost: {words} ...", err=True)


def fail(words: str, code: int) -> NoReturn:
    """Say it on stderr, where each line tells who speaks, and exit."""
    for line in words.splitlines():
        click.echo(f"outpost: {line}", err=True)
    sys.exit(code)
