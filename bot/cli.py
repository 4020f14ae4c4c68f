"""The command `outpost`. Exit codes: 0 done, 1 it could not be done, 2 wrong settings or usage.

Each command imports what it needs when it runs: all of it takes two seconds, and --help needs none.
"""

import asyncio
import importlib
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from bot.config import ROLES, load_settings, shipped
from bot.domain.errors import OutpostError, SettingsError

log = logging.getLogger(__name__)


class OneLine(logging.Formatter):
    """A log line is one line, whatever an outlet put into it; a traceback follows on its own lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line with its line breaks escaped."""
        line = super().formatMessage(record)
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


def log_to_stderr(level: str) -> None:
    """Send the log to stderr. The libraries that would log the token or chatter are silenced."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in (
        "httpx",
        "httpcore",
        "alembic",
        "trafilatura",
        "htmldate",
        "uvicorn",
    ):
        logging.getLogger(name).setLevel(logging.WARNING)
    # It warns of each tick that comes while the last one still works: that is how ticks are meant.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


@contextmanager
def one_line() -> Iterator[None]:
    """Turn what we raise on purpose into one line and an exit code."""
    try:
        yield
    except SettingsError as e:
        fail(str(e), 2)
    except OutpostError as e:
        fail(str(e), 1)


def fail(words: str, code: int) -> None:
    """Say it in one line on stderr and exit."""
    click.echo(f"outpost: {words}", err=True)
    sys.exit(code)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="outpost")
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
)
def cli(log_level: str) -> None:
    """Outpost: media-monitoring alerts for Telegram."""
    log_to_stderr(log_level)


def _roles(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...]:
    if value is None:
        return ROLES
    roles = tuple(part.strip() for part in value.split(",") if part.strip())
    unknown = [role for role in roles if role not in ROLES]
    if unknown or not roles:
        raise click.BadParameter(f"{', '.join(unknown) or 'none'}; there are {', '.join(ROLES)}")
    return roles


@cli.command()
@click.option(
    "--roles",
    callback=_roles,
    help="Comma-separated: poll,ingest,deliver,chat,web. All if not named.",
)
@click.option(
    "--chat",
    type=click.Choice(["telegram", "terminal"]),
    default="telegram",
    show_default=True,
    help="Where the chat is; the terminal needs no token.",
)
def run(roles: tuple[str, ...], chat: str) -> None:
    """Run the bot until SIGTERM or Ctrl-C. SIGHUP reads the outlets file again."""
    import uvloop

    from bot import app

    with one_line():
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(app.run(load_settings(), roles=roles, terminal=chat == "terminal"))


@cli.command()
def migrate() -> None:
    """Bring the database to the schema this version needs."""
    from bot.store import revisions
    from bot.store.engine import Store

    with one_line():
        store = Store(load_settings().database_url.get_secret_value())
        store.call(revisions.migrate, shipped("migrations"))
        click.echo(f"the database is at revision {store.call(revisions.current)}")
        store.close()


@cli.command()
def check() -> None:
    """Check settings, outlets file, database and token; one line per fault."""
    from bot import app

    with one_line():
        faults = asyncio.run(app.faults(load_settings()))
        for fault in faults:
            click.echo(fault)
        if faults:
            sys.exit(1)
        click.echo("all is well")


@cli.command("poll-once")
@click.argument("url")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def poll_once(url: str, as_json: bool) -> None:
    """Show what one feed or page gives, and why. Nothing is stored.

    Example: outpost poll-once https://eurasianet.org/rss
    """
    from bot import app

    with one_line():
        found = asyncio.run(app.explain(load_settings(), url))
        click.echo(
            json.dumps(found.as_json(), ensure_ascii=False, indent=2)
            if as_json
            else found.as_table()
        )
        if not found.ok:
            sys.exit(1)


@cli.command()
@click.option("--no-input", is_flag=True, help="Only the scripted part; ends by itself.")
def demo(no_input: bool) -> None:
    """Show the main job on a small local press: no token, no internet, under a minute."""
    from bot.demo import play

    log_to_stderr("error")
    with one_line():
        sys.exit(play.run(no_input=no_input))


@cli.group("eval")
def evaluate() -> None:
    """Measure quality on labelled data."""


def _evaluation(name: str, summary: str, argument: str) -> None:
    """Add `outpost eval NAME`: every one reads a path and prints a table or JSON."""

    @evaluate.command(name, help=summary)
    @click.argument("path", metavar=argument, type=click.Path(path_type=Path))
    @click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
    def command(path: Path, as_json: bool) -> None:
        module = importlib.import_module(f"bot.evals.{name}")  # each is heavy, and needed alone
        with one_line():
            sys.exit(module.run(path, as_json))


_evaluation("watches", "Watch matching, on a file of cases.", "CASES.jsonl")
_evaluation("reposts", "Repost recognition, on labelled pairs.", "DIR")
_evaluation("feeds", "Feed reading, on recorded feeds.", "DIR")
_evaluation("pages", "Text extraction, on recorded pages.", "DIR")


def main() -> None:
    """Run the command line."""
    cli(prog_name="outpost")
