"""`outpost outlets`: list, add, retire, import and export outlets."""

import asyncio
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.words import fail, one_line, visible, wait_for
from bot.config import load_settings

if TYPE_CHECKING:
    from bot.domain.outlet import OutletEntry
    from bot.store.feeds import Health

MAX_DETAIL = 300  # characters of what was odd in a feed


@click.group()
def outlets() -> None:
    """List, add and retire outlets; exchange them as OPML.

    \b
    Examples:
      outpost outlets list
      outpost outlets add https://oc-media.org --country GE --language en
    """


def _span(then: datetime | None, now: datetime) -> str:
    """Return how long ago, short enough for a table."""
    if then is None:
        return "never"
    minutes = int((now - then).total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"


def interval(s: int) -> str:
    """Return how long between two polls."""
    return f"{s} s" if s < 120 else f"{s // 60} min"


def _rhythm(per_day: float | None) -> str:
    """Return how much a feed brings, in words."""
    if per_day is None:
        return "rhythm unknown"
    return f"{per_day:.0f} a day" if per_day >= 1 else f"{max(1, round(7 * per_day))} a week"


def _detail(feed: "Health") -> str:
    """Return why a feed fails, or what was odd in it, "" if nothing was."""
    from bot.render import notes_in_words

    return feed.detail or notes_in_words("en", feed.notes, MAX_DETAIL)


@outlets.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def list_outlets(as_json: bool) -> None:
    """Show each feed: last polled, last new, rhythm, interval, and what is wrong.

    Example: outpost outlets list
    """
    from bot import app
    from bot.store import feeds

    with one_line():
        store = app.open_database(load_settings(), new=False)
        now = app.utc_now()
        found = store.call(feeds.health, offset=0, limit=10_000)
        store.close()
    if as_json:
        rows = [
            {
                "outlet": h.outlet,
                "country": h.country,
                "url": h.url,
                "polled_at": h.polled_at.isoformat() if h.polled_at else None,
                "new_at": h.new_at.isoformat() if h.new_at else None,
                "per_day": None if h.per_day is None else round(h.per_day, 2),
                "interval_s": h.interval_s,
                "failures": h.failures,
                "failure": h.failure,
                "detail": _detail(h),
            }
            for h in found
        ]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for h in found:
        state = f"{h.failure} x{h.failures}: {h.detail}" if h.failure else _detail(h)
        state = state or ("ok" if h.polled_at else "waits for its first poll")
        polled, new = _span(h.polled_at, now), _span(h.new_at, now)
        click.echo(f"{h.outlet} ({h.country})  {h.url}")
        every = f", every {interval(h.interval_s)}" if h.interval_s else ""
        click.echo(f"    polled {polled}, new {new}, {_rhythm(h.per_day)}{every}; {state}")
    click.echo(f"{len(found)} feeds")


@outlets.command()
@click.argument("url")
@click.option("--name", help="As readers know it; the feed's title if not given.")
@click.option("--country", default="", help="ISO 3166-1, such as AM; its domain says if not given.")
@click.option("--language", default="", help="BCP 47, such as hy; its feed says if not given.")
def add(url: str, name: str | None, country: str, language: str) -> None:
    """Add an outlet by the address of its homepage or feed; its feed is found.

    Example: outpost outlets add https://oc-media.org --country GE --language en
    """
    from bot import app
    from bot.adapters.explanation import nothing_to_poll, outlet_of
    from bot.cli import doctor
    from bot.store import outlets as store_outlets

    with one_line():
        settings = load_settings()
        wait_for(f"looking for the feed of {url}, a dozen requests at most")
        found = asyncio.run(doctor.explain(settings, url))
        if not found.candidates:
            fail(nothing_to_poll(found), 1)
        entry = outlet_of(found, name=name, country=country, language=language)
        store = app.open_database(settings)
        owner = store.call(store_outlets.owner, entry.feeds[0].url)
        if owner not in (None, entry.name):
            store.close()
            fail(f"{entry.feeds[0].url} is polled already, as {owner!r}: retire that first", 1)
        before = store.call(store_outlets.find, entry.name)
        done = store.call(store_outlets.add, [entry], app.utc_now())
        store.close()
    feed = entry.feeds[0]
    click.echo(f"{entry.name} ({entry.country}, {entry.language}): {feed.url} ({feed.kind.value})")
    changes = ", ".join(_changes(before, entry)) if before else ""
    new = f"{done.added} feeds added, {done.changed} brought back"
    said = new if done.added or done.changed else "it is polled already"
    click.echo(said + (f"; changed: {changes}" if changes else ""))


def _changes(before: "OutletEntry", after: "OutletEntry") -> Iterator[str]:
    """Yield what adding a feed changed of an outlet that was known."""
    for name in ("country", "language", "homepage"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield f"{name} from {old or 'none'} to {new}"


@outlets.command()
@click.argument("name")
def retire(name: str) -> None:
    """Poll an outlet no more; its history stays.

    Example: outpost outlets retire "OC Media"
    """
    from bot import app
    from bot.store import outlets as store_outlets

    with one_line():
        store = app.open_database(load_settings(), new=False)
        done = store.call(store_outlets.retire, name, app.utc_now())
        store.close()
    if not done:
        fail(f"no outlet named {name!r} is polled: see `outpost outlets list`", 1)
    click.echo(f"{name} is polled no more")


@outlets.command("import")
@click.argument("file", type=click.Path(path_type=Path))
def import_opml(file: Path) -> None:
    """Add the outlets of an OPML file. What cannot be taken is named on standard error.

    Example: outpost outlets import subscriptions.opml
    """
    from bot import app, texts
    from bot.adapters.opml import parse_opml
    from bot.domain.addresses import Guard
    from bot.domain.outlet import Failure
    from bot.store import outlets as store_outlets

    try:
        body = file.read_bytes()
    except OSError as e:
        fail(f"{file}: {e.strerror}", 2)
    with one_line():
        settings = load_settings()
    found = parse_opml(body, Guard(str(n) for n in settings.network.allow_private))
    if isinstance(found, Failure):
        fail(f"{file}: {found.detail}", 2)
    for s in found.skipped:
        why = texts.say("en", f"opml.skip_{s.why}", said=s.said)
        click.echo(f"outpost: passed over: {visible(s.name or '-')}: {visible(why)}", err=True)
    if not found.outlets:
        fail(f"{file}: no outlet in it can be polled", 2)
    with one_line():
        store = app.open_database(settings)
        new = store.call(store_outlets.unpolled, found.outlets)
        done = store.call(store_outlets.add, new, app.utc_now())
        store.close()
    n_known = sum(len(e.feeds) for e in found.outlets) - sum(len(e.feeds) for e in new)
    click.echo(
        f"{len(found.outlets)} outlets; {done.added} feeds added, {done.changed} brought back,"
        f" {n_known} polled already"
    )


@outlets.command("export")
def export_opml() -> None:
    """Write every polled outlet to standard output as OPML.

    Example: outpost outlets export > outlets.opml
    """
    from bot import app
    from bot.adapters.opml import write_opml
    from bot.store import outlets as store_outlets

    with one_line():
        store = app.open_database(load_settings(), new=False)
        found = store.call(store_outlets.polled)
        store.close()
    sys.stdout.buffer.write(write_opml(found))
