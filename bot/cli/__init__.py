"""The command `outpost`. Exit codes: 0 done, 1 it could not be done, 2 wrong settings or usage.

Each command imports what it needs when it runs: all of it takes two seconds, and --help needs none.
"""

import asyncio
import importlib
import json
import sys
from pathlib import Path

import click

from bot.cli.outlets import outlets
from bot.cli.words import log_to_stderr, one_line
from bot.config import ROLES, load_settings, shipped


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="outpost")
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
)
@click.option(
    "--log-format",
    type=click.Choice(["auto", "text", "json"]),
    default="auto",
    show_default=True,
    help="Lines for people or JSON for machines; auto: as it is shown on a terminal or not.",
)
def cli(log_level: str, log_format: str) -> None:
    """Outpost: media-monitoring alerts for Telegram."""
    log_to_stderr(log_level, form=log_format)


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

    with one_line(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
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
    from bot.cli import doctor

    with one_line():
        faults = asyncio.run(doctor.faults(load_settings()))
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
    from bot.cli import doctor

    with one_line():
        found = asyncio.run(doctor.explain(load_settings(), url))
        click.echo(
            json.dumps(found.as_json(), ensure_ascii=False, indent=2)
            if as_json
            else found.as_table()
        )
        if not found.ok:
            sys.exit(1)


@cli.command()
@click.argument("article", metavar="URL|WORDS...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of sentences.")
def why(article: tuple[str, ...], as_json: bool) -> None:
    """Say what became of an article, for every subscriber it concerned.

    Example: outpost why https://eurasianet.org/some-report
    """
    from bot.cli import ledger

    with one_line():
        sys.exit(ledger.explain(load_settings(), " ".join(article), as_json=as_json))


@cli.command()
@click.option("--no-input", is_flag=True, help="Only the scripted part; ends by itself.")
def demo(no_input: bool) -> None:
    """Show the main job on a small local press: no token, no internet, under a minute."""
    from bot.demo import play

    log_to_stderr("error")
    with one_line():
        sys.exit(play.run(no_input=no_input))


cli.add_command(outlets)


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


@evaluate.command("verdicts")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def verdicts(as_json: bool) -> None:
    """What people's verdicts say of folding and matching, from the database."""
    from bot.app import utc_now
    from bot.evals import verdicts as said

    with one_line():
        url = load_settings().database_url.get_secret_value()
        sys.exit(said.run(url, utc_now(), as_json=as_json))


def main() -> None:
    """Run the command line."""
    cli(prog_name="outpost")
