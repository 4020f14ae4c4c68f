"""`outpost check`: what is wrong with this installation, and what to do about it.

Every look is made, whatever the others find. A fault keeps the bot from its work; a warning does not.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from bot.adapters import sentry
from bot.adapters.explanation import Explanation
from bot.adapters.messenger import clock_of, open_bot, token_fault
from bot.app import make_reader, read_names, read_provenance
from bot.config import PREFIX, ROLES, TALKING, Settings, config_file, shipped, unread_variables
from bot.domain.errors import DatabaseDown, OutpostError, SchemaError, SettingsError
from bot.outlets_file import load_outlets
from bot.store import revisions
from bot.store.engine import Store, Tx, is_missing, sqlite_file
from bot.store.health import read_queues, troubled_feeds

FAULT, WARNING, FINE = "fault", "warning", "ok"
FULL_BYTES = 100_000_000  # free on a disk: below it SQLite may fail in the middle of the day
TIGHT_BYTES = 1_000_000_000
SKEW_S = 60.0  # of our clock against Telegram's
MANY_FAILED = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found. state: fault, warning or ok. remedy: what to do, "" where all is well."""

    what: str
    state: str
    said: str
    remedy: str = ""

    def line(self) -> str:
        """Return it as one line."""
        words = f"{self.said}: {self.remedy}" if self.remedy else self.said
        return f"{self.state:8}{self.what:11}{' '.join(words.split())}"

    def as_json(self) -> dict[str, str]:
        """Return it as plain values."""
        return asdict(self)


Look = Callable[[Settings, datetime], Iterator[Finding]]


async def examine(
    settings: Settings,
    now: Callable[[], datetime],
    *,
    roles: Collection[str] = ROLES,
    terminal: bool = False,
) -> list[Finding]:
    """Make every look; the findings in the order of the looks.

    roles, terminal: as `outpost run` is called here; neither a terminal nor some roles need a token.
    """
    found = [f for look in LOOKS for f in await asyncio.to_thread(_made, look, settings, now())]
    found.append(await _clock(settings, now))
    if terminal:
        return [*found, Finding("token", FINE, "none is needed: the chat is on the terminal")]
    if settings.telegram_bot_token is None and not TALKING & set(roles):
        return [*found, Finding("token", FINE, f"none is needed for {','.join(roles)}")]
    return [*found, await _token(settings)]


def _made(look: Look, settings: Settings, now: datetime) -> list[Finding]:
    return list(look(settings, now))


def _settings(settings: Settings, _: datetime) -> Iterator[Finding]:
    file = config_file(settings.config_dir, "settings.toml")
    yield Finding("settings", FINE, f"{file}, and the environment over it")
    if not settings.admins:
        remedy = "set OUTPOST_ADMINS to your Telegram user id"
        yield Finding("settings", WARNING, "nobody is an admin", remedy)
    for name in unread_variables():
        remedy = f"settings are {PREFIX}SECTION__NAME; see README"
        yield Finding("settings", WARNING, f"{name} is set, and nothing reads it", remedy)
    if settings.sentry_dsn is not None and not sentry.is_installed():
        yield _in_two("settings", SettingsError(sentry.LACKING))
    if settings.web.host not in ("127.0.0.1", "::1", "localhost") and not settings.web.url:
        said = (
            f"the console listens on {settings.web.host}, and links lead to {settings.console_url}"
        )
        yield Finding("settings", WARNING, said, "set web.url to where admins reach it")
    elif settings.console_url.startswith("http://") and settings.web.url:
        said = f"web.url is {settings.console_url}: sessions travel unencrypted"
        yield Finding("settings", WARNING, said, "put TLS before it and write https://")


def _outlets(settings: Settings, _: datetime) -> Iterator[Finding]:
    file = config_file(settings.config_dir, "outlets.toml")
    try:
        entries = load_outlets(settings.config_dir)
    except SettingsError as e:
        for fault in str(e).split("\n"):
            yield Finding(
                "outlets", FAULT, fault, "mend the file, or its rights; README shows an outlet"
            )
        return
    if not entries:
        remedy = "add one there, or with `outpost outlets add`"
        yield Finding("outlets", FAULT, f"{file} names no outlet: nothing is polled", remedy)
        return
    n = sum(len(entry.feeds) for entry in entries)
    yield Finding("outlets", FINE, f"{file}: {len(entries)} outlets, {n} feeds")


def _names(settings: Settings, _: datetime) -> Iterator[Finding]:
    for what, name, read in (
        ("names", "names.toml", read_names),
        ("names", "provenance.toml", read_provenance),
    ):
        try:
            read(settings)
        except SettingsError as e:
            remedy = "mend the file, or take it away: the packaged one is used then"
            yield Finding(what, FAULT, str(e), remedy)
        else:
            yield Finding(what, FINE, f"{config_file(settings.config_dir, name)}")


def _database(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Look at the database as it is: an SQLite file that is not there yet is made when the bot runs."""
    url = settings.database_url.get_secret_value()
    file = sqlite_file(url)
    if file is not None and (place := _unwritable(file)):
        remedy = "let the bot's user write there: the file and its folder are to be that user's own"
        yield Finding("database", FAULT, f"{place} cannot be written", remedy)
        return
    if file is not None and is_missing(file):
        yield Finding("database", FINE, f"{file} is made when the bot first runs")
        return
    remedy = "is DATABASE_URL right, the server up, the file readable and no other program's?"
    try:
        store = Store(url)
    except SettingsError as e:
        yield _in_two("database", e)
        return
    try:
        at, newest = store.call(revisions.standing, shipped("migrations"))
        if at == newest:
            yield Finding("database", FINE, f"{store.dialect} at revision {at}")
            yield from store.look(_contents, now)
        else:
            yield _old(store.dialect, at, newest)
    except DatabaseDown as e:
        yield Finding("database", FAULT, str(e), remedy)
    except SchemaError as e:
        yield _in_two("database", e)
    finally:
        store.close()


def _unwritable(file: Path) -> Path | None:
    """Return which of a database's file and folder, as far as they are there, we may not write."""
    there = (place for place in (file, file.absolute().parent) if not is_missing(place))
    return next((place for place in there if not os.access(place, os.W_OK)), None)


def _in_two(what: str, error: OutpostError) -> Finding:
    """Return the fault of a message that says what to do after a semicolon."""
    said, _, remedy = str(error).partition("; ")
    return Finding(what, FAULT, said, remedy)


def _old(dialect: str, at: str | None, newest: str) -> Finding:
    said = f"{dialect} at revision {at or 'none'}, this version needs {newest}"
    if dialect == "sqlite":
        return Finding("database", FINE, f"{said}; it is migrated when the bot runs")
    return Finding("database", FAULT, said, "run `outpost migrate`")


def _contents(tx: Tx, now: datetime) -> list[Finding]:
    found = []
    failing, of = troubled_feeds(tx)
    if failing:
        said, remedy = f"{failing} of {of} feeds failed at their last poll", "outpost outlets list"
        found.append(Finding("outlets", WARNING, said, remedy))
    queues = read_queues(tx, now)
    if queues.failed >= MANY_FAILED:
        said = f"{queues.failed} alerts could not be sent"
        found.append(Finding("alerts", WARNING, said, "see the console's log, state failed"))
    return found


def _disk(settings: Settings, _: datetime) -> Iterator[Finding]:
    file = sqlite_file(settings.database_url.get_secret_value())
    places = {Path(tempfile.gettempdir()), *([file.absolute().parent] if file else [])}
    for place in sorted(places):
        try:
            free = shutil.disk_usage(place).free
        except OSError as e:
            remedy = "make the folder, and let the bot's user write there"
            yield Finding("disk", FAULT, f"{place}: {e.strerror}", remedy)
            continue
        said = f"{free / 1e9:.1f} GB free at {place}"
        if free < FULL_BYTES:
            yield Finding("disk", FAULT, said, "make room: nothing can be saved on a full disk")
        elif free < TIGHT_BYTES:
            yield Finding("disk", WARNING, said, "make room before it is full")
        else:
            yield Finding("disk", FINE, said)


LOOKS: tuple[Look, ...] = (_settings, _outlets, _names, _database, _disk)


async def _clock(settings: Settings, now: Callable[[], datetime]) -> Finding:
    """Compare our clock with Telegram's, which tells its time to everybody."""
    theirs = await clock_of(settings.telegram_api_url)
    if theirs is None:
        said, remedy = "not looked at, for Telegram did not tell its time", "is there a network?"
        return Finding("clock", WARNING, said, remedy)
    skew = abs((now() - theirs).total_seconds())
    said = f"{skew:.0f} s from Telegram's"
    if skew > SKEW_S:
        return Finding("clock", FAULT, said, "let NTP set it: timedatectl set-ntp true")
    return Finding("clock", FINE, said)


async def _token(settings: Settings) -> Finding:
    """Ask Telegram whether it knows the token."""
    if settings.telegram_bot_token is None:
        remedy = "get one from @BotFather; without one, `outpost check --chat terminal`"
        return Finding("token", FAULT, "TELEGRAM_BOT_TOKEN is not set", remedy)
    bot = open_bot(settings.telegram_bot_token.get_secret_value(), settings.telegram_api_url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(bot.shutdown)
        fault = await token_fault(bot)
    if fault:
        said, _, remedy = fault.partition("; ")
        return Finding("token", FAULT, said, remedy or "is there a way to the network?")
    return Finding("token", FINE, "Telegram knows the bot")


async def explain(settings: Settings, url: str) -> Explanation:
    """Return what one URL gives, for `outpost poll-once`."""
    async with make_reader(settings) as reader:
        return await reader.explain(url)
