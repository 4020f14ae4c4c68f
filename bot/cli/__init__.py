"""The command `outpost`. Exit codes: 0 done, 1 it could not be done, 2 wrong settings or usage.

Each command imports what it needs when it runs: all of it takes two seconds, and --help needs none.
"""

import asyncio
import importlib
import json
import logging
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import click

from bot.cli.outlets import outlets
from bot.cli.words import log_to_stderr, one_line, visible, wait_for
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
    """Outpost: media-monitoring alerts for Telegram.

    \b
    Examples:
      outpost demo              see it work, without token or network
      outpost check             is this installation in order?
      outpost run               poll, match, tell, until Ctrl-C
      outpost COMMAND --help    what a command does, with examples
    """
    log_to_stderr(log_level, form=log_format)


def _roles(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...]:
    if value is None:
        return ROLES
    roles = tuple(part.strip() for part in value.split(",") if part.strip())
    unknown = [role for role in roles if role not in ROLES]
    if unknown or not roles:
        raise click.BadParameter(f"{', '.join(unknown) or 'none'}; there are {', '.join(ROLES)}")
    return roles


def _complete_roles(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Offer the roles that are not in the list yet, after its last comma."""
    *given, last = incomplete.split(",")
    before = "".join(f"{role}," for role in given)
    return [before + role for role in ROLES if role.startswith(last) and role not in given]


_CHAT = click.option(
    "--chat",
    type=click.Choice(["telegram", "terminal"]),
    default="telegram",
    show_default=True,
    help="Where the chat is; the terminal needs no token.",
)


_ROLES = click.option(
    "--roles",
    shell_complete=_complete_roles,
    callback=_roles,
    help="Comma-separated: poll,ingest,deliver,chat,web. All if not named.",
)


@cli.command()
@_ROLES
@_CHAT
def run(roles: tuple[str, ...], chat: str) -> None:
    """Run the bot until SIGTERM or Ctrl-C. SIGHUP reads the outlets file again.

    \b
    Examples:
      outpost run
      outpost run --chat terminal
      outpost --log-format json run --roles poll,ingest
    """
    import uvloop

    from bot import app

    with one_line(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(app.run(load_settings(), roles=roles, terminal=chat == "terminal"))


@cli.command()
def migrate() -> None:
    """Bring the database to the schema this version needs.

    Example: outpost migrate
    """
    from bot.store import revisions
    from bot.store.engine import Store

    steps = logging.getLogger("alembic.runtime.migration")
    steps.setLevel(logging.INFO)  # each step as it begins, and nothing of its set-up
    steps.addFilter(lambda record: str(record.msg).startswith("Running"))
    with one_line():
        store = Store(load_settings().database_url.get_secret_value())
        store.call(revisions.migrate, shipped("migrations"))
        click.echo(f"the database is at revision {store.call(revisions.current)}")
        store.close()


@cli.command()
@_ROLES
@_CHAT
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
def check(roles: tuple[str, ...], chat: str, as_json: bool) -> None:
    """Examine the installation: settings, outlets, names, database, disk, clock, token.

    One line for each look; a fault says what to do, and ends the command with 1.

    \b
    Examples:
      outpost check
      outpost check --chat terminal        as for outpost run --chat terminal: no token is missed
      outpost check --roles poll,ingest    for a machine that runs these: none is missed there either
    """
    from bot.app import utc_now
    from bot.cli import doctor

    with one_line():
        settings, terminal = load_settings(), chat == "terminal"
        found = asyncio.run(doctor.examine(settings, utc_now, roles=roles, terminal=terminal))
    if as_json:
        click.echo(json.dumps([f.as_json() for f in found], ensure_ascii=False, indent=2))
    else:
        for finding in found:
            click.echo(finding.line())
    faults = sum(finding.state == doctor.FAULT for finding in found)
    if not as_json:
        click.echo(f"faults: {faults}" if faults else "all is well")
    sys.exit(1 if faults else 0)


@cli.command("poll-once")
@click.argument("url")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def poll_once(url: str, as_json: bool) -> None:
    """Show what one feed or page gives, and why. Nothing is stored.

    Example: outpost poll-once https://eurasianet.org/rss
    """
    from bot.cli import doctor
    from bot.render import note_in_words

    in_english = partial(note_in_words, "en")

    with one_line():
        wait_for(f"asking {url}, a dozen requests at most")
        found = asyncio.run(doctor.explain(load_settings(), url))
        click.echo(
            json.dumps(found.as_json(), ensure_ascii=False, indent=2)
            if as_json
            else "\n".join(map(visible, found.as_table(in_english).splitlines()))
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
    """Show the main job on a small local press: no token, no internet, under a minute.

    Example: outpost demo --no-input
    """
    from bot.demo import play

    log_to_stderr("error")
    with one_line():
        sys.exit(play.run(no_input=no_input))


cli.add_command(outlets)


@cli.group("eval")
def evaluate() -> None:
    """Measure quality on labelled data, or by what people said.

    --keep puts the figures into the database, where the console's page Quality shows them over time.

    \b
    Examples:
      outpost eval watches cases.jsonl
      outpost eval reposts labelled/ --json
      outpost eval verdicts
    """


def _evaluation(name: str, summary: str, argument: str) -> None:
    """Add `outpost eval NAME`: every one reads a path and prints a table or JSON."""
    example = f"Example: outpost eval {name} {argument.lower()} --json"

    @evaluate.command(name, help=f"{summary}\n\n{example}")
    @click.argument("path", metavar=argument, type=click.Path(path_type=Path))
    @click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
    @click.option("--keep", is_flag=True, help="Keep the figures in the database, for the console.")
    def command(path: Path, as_json: bool, keep: bool) -> None:
        module = importlib.import_module(f"bot.evals.{name}")  # each is heavy, and needed alone
        with one_line():
            figures: dict[str, float] = {}
            code = module.run(path, as_json, figures)
            if keep and not code:  # a share of nothing is no figure
                _keep(name, figures)
            sys.exit(code)


def _keep(what: str, figures: Mapping[str, float]) -> None:
    """Keep what was measured beside earlier measurements."""
    from bot.app import open_database, utc_now
    from bot.store.measurements import Measurement, keep
    from bot.web.health import our_version

    store = open_database(load_settings())
    store.call(keep, Measurement(utc_now(), what, our_version(), figures))
    store.close()


_evaluation("watches", "Watch matching, on a file of cases.", "CASES.jsonl")
_evaluation("reposts", "Repost recognition, on labelled pairs.", "DIR")
_evaluation("feeds", "Feed reading, on recorded feeds.", "DIR")
_evaluation("pages", "Text extraction, on recorded pages.", "DIR")


@evaluate.command("verdicts")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option(
    "--pairs",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write what was said of copies to DIR instead, as `eval reposts DIR` reads it.",
)
def verdicts(as_json: bool, folder: Path | None) -> None:
    """What people's verdicts say of folding and matching, from the database.

    \b
    Examples:
      outpost eval verdicts --json
      outpost eval verdicts --pairs said/  (then: outpost eval reposts said/)
    """
    from bot.app import utc_now
    from bot.evals import verdict_pairs
    from bot.evals import verdicts as said

    with one_line():
        settings = load_settings()
        if folder is not None:
            sys.exit(verdict_pairs.write(settings, folder))
        sys.exit(said.run(settings, utc_now(), as_json=as_json))


def main() -> None:
    """Run the command line."""
    cli(prog_name="outpost")
