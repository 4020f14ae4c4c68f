"""What commands find out before or beside a run: faults of the installation, what an address gives."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

from bot.adapters.explanation import Explanation
from bot.adapters.messenger import open_bot, token_fault
from bot.app import make_reader, read_names, read_provenance
from bot.config import Settings, check_outlet, load_outlets, shipped
from bot.domain.errors import DatabaseDown, OutpostError, SchemaError, SettingsError
from bot.domain.model import OutletEntry
from bot.store import revisions
from bot.store.engine import Store


async def faults(settings: Settings) -> list[str]:
    """Return what `outpost check` finds wrong, one line each: outlets file, names, database, token."""
    found = [
        fault
        for look in (_outlets_fault, read_names, read_provenance, _database_fault)
        if (fault := _fault(look, settings))
    ]
    if settings.telegram_bot_token is None:
        return [*found, "TELEGRAM_BOT_TOKEN is not set: get one from @BotFather"]
    bot = open_bot(settings.telegram_bot_token.get_secret_value(), settings.telegram_api_url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(bot.shutdown)
        if fault := await token_fault(bot):
            found.append(fault)
    return found


def _fault(look: Callable[[Settings], object], settings: Settings) -> str | None:
    try:
        look(settings)
    except (OutpostError, DatabaseDown) as e:
        return str(e)
    return None


def _outlets_fault(settings: Settings) -> None:
    if not load_outlets(settings.config_dir):
        raise SettingsError(
            f"{settings.config_dir}/outlets.toml names no outlet: nothing is polled"
        )


def _database_fault(settings: Settings) -> None:
    """Look at the database as it is: an SQLite file that is not there yet is made when the bot runs."""
    store = Store(settings.database_url.get_secret_value())
    try:
        at, newest = store.call(revisions.current), revisions.head(shipped("migrations"))
    finally:
        store.close()
    if at != newest and store.dialect != "sqlite":
        raise SchemaError(f"the database is at revision {at or 'none'}: run `outpost migrate`")


async def explain(settings: Settings, url: str) -> Explanation:
    """Return what one URL gives, for `outpost poll-once`."""
    async with make_reader(settings) as reader:
        return await reader.explain(url)


def outlet_of(found: Explanation, *, name: str | None, country: str, language: str) -> OutletEntry:
    """Return the outlet that an explained address makes. Raises SettingsError if there is nothing to poll.

    The first feed that was found is taken: they are in the order in which they are to be trusted.
    """
    if not found.candidates:
        why = found.failure.detail if found.failure else "no feed and no list of articles was found"
        raise SettingsError(f"{found.url}: {why}")
    feed = found.candidates[0]
    parts = urlsplit(found.url)
    entry = {
        "name": (name or found.title or parts.hostname or "").strip()[:100],
        "homepage": f"{parts.scheme}://{parts.netloc}",
        "country": country.upper(),
        "language": language,
        "feed": [{"url": feed.url, "kind": feed.kind.value}],
    }
    return check_outlet(entry)
