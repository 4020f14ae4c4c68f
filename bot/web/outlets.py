"""Outlets: their rhythm as a picture, what is wrong with them in words; poll now, rest, add, retire."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import FormData

from bot.adapters.explanation import Explanation, outlet_of
from bot.domain.errors import SettingsError
from bot.domain.notes import read_notes
from bot.domain.rhythm import Outlook, Rhythm, outlook
from bot.render import notes_in_words
from bot.store import choices, console, feeds, health
from bot.store import outlets as outlets_store
from bot.store.engine import Tx
from bot.web import charts, evidence
from bot.web.files import as_asked
from bot.web.frame import Ask
from bot.web.log import printable
from bot.web.view import Answer, Moved, Shown, Visit, missing

PAGE = 50
MAX_DETAIL = 300  # characters of what was odd in a feed
REST = timedelta(hours=24)
MAX_URL = 2_000
PREVIEWED = 5  # entries of a feed that is looked at

Explain = Callable[[str], Awaitable[Explanation]]


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One feed as the page shows it. trouble: in the reader's words, "" if all is well."""

    id: int
    url: str
    kind: str
    polled_at: datetime | None
    new_at: datetime | None
    due_at: datetime
    interval_s: int
    failures: int
    trouble: str
    detail: str
    retired: bool
    per_day: float
    bars: list[charts.Bar]


@dataclass(frozen=True, slots=True)
class OutletRow:
    """One outlet: what is seen of it now, and its feeds."""

    outlet: health.Outlet
    outlook: Outlook
    feeds: list[FeedRow]


def show(tx: Tx, visit: Visit) -> Shown:
    """The page of outlets, by name, a page at a time; ?trouble=1: of this page only those in trouble."""
    rows = read_rows(tx, visit, after=printable(visit.query.get("after", ""))[:200], limit=PAGE + 1)
    more = rows[PAGE - 1].outlet.name if len(rows) > PAGE else None
    rows = [row for row in rows[:PAGE] if _wanted(visit, row)]
    context = {"title": visit.say("web.outlets"), "rows": rows, "more": more}
    return Shown("outlets.html", context)


def _wanted(visit: Visit, row: OutletRow) -> bool:
    troubled = row.outlook.since or any(feed.trouble for feed in row.feeds)
    return bool(troubled) or not visit.query.get("trouble")


def finder(explain: Explain) -> Ask:
    """Return what asks the network what an address of the form gives; private ones are refused."""

    async def ask(form: FormData) -> Explanation:
        return await explain(printable(str(form.get("url", "")))[:MAX_URL])

    return ask


def look(tx: Tx, visit: Visit) -> Shown:
    """What an address gives: its feeds and newest entries, and the form that adds it as an outlet."""
    found = visit.found
    assert isinstance(found, Explanation)  # noqa: S101 - the server's wiring
    console.note(tx, visit.session.user_id, "outlet look", target=found.url, now=visit.now)
    return _looked(tx, visit, found, name=found.title or urlsplit(found.url).hostname or "")


def _looked(
    tx: Tx,
    visit: Visit,
    found: Explanation,
    *,
    name: str,
    country: str = "",
    language: str = "",
    wrong: str = "",
) -> Shown:
    known = choices.outlet_choices(tx)
    trouble = evidence.trouble(visit.language, found.failure.kind) if found.failure else ""
    return Shown(
        "outlet_add.html",
        {
            "title": visit.say("web.add_outlet"),
            "found": found,
            "trouble": trouble,
            "entries": found.entries[:PREVIEWED],
            "given": {"name": name[:100], "country": country, "language": language},
            "countries": sorted({o.country for o in known}),
            "languages": sorted({o.language for o in known}),
            "wrong": wrong,
        },
        status=400 if wrong else 200,
    )


def add(tx: Tx, visit: Visit) -> Answer:
    """Poll an outlet that was looked at, from now on; the outlets file leaves it alone."""
    found = visit.found
    assert isinstance(found, Explanation)  # noqa: S101 - the server's wiring
    given = {
        k: printable(str(visit.form.get(k, ""))).strip() for k in ("name", "country", "language")
    }
    try:
        feed = str(visit.form.get("feed", "")) or None
        entry = outlet_of(found, feed_url=feed, **given)
    except SettingsError:
        named = any(feed in (None, c.url) for c in found.candidates)
        wrong = visit.say("web.wrong_outlet" if named else "web.found_no_feed")
        return _looked(tx, visit, found, wrong=wrong, **given)
    owner = outlets_store.owner(tx, entry.feeds[0].url)
    if owner not in (None, entry.name):
        wrong = visit.say("web.polled_already", outlet=owner)
        return _looked(tx, visit, found, wrong=wrong, **given)
    outlets_store.add(tx, [entry], visit.now)
    detail = {"feed": entry.feeds[0].url, "country": entry.country, "language": entry.language}
    by = visit.session.user_id
    console.note(tx, by, "outlet add", target=entry.name, detail=detail, now=visit.now)
    return Moved("/outlets", "web.done_add")


def retire(tx: Tx, visit: Visit) -> Answer:
    """Poll an outlet no more, or again; its history stays."""
    outlet_id, act = visit.number("outlet"), str(visit.form.get("act", ""))
    name = outlets_store.name_of(tx, outlet_id or 0)
    acts = {"retire": outlets_store.retire, "restore": outlets_store.restore}
    if name is None or act not in acts or not acts[act](tx, name, visit.now):
        return missing(visit)
    console.note(tx, visit.session.user_id, f"outlet {act}", target=name, now=visit.now)
    return Moved("/outlets", f"web.done_{act}")


def read_rows(tx: Tx, visit: Visit, *, after: str, limit: int) -> list[OutletRow]:
    """Return a page of outlets."""
    return [
        OutletRow(
            outlet,
            outlook([Rhythm.from_json(f["rhythm"]) for f in outlet.feeds], visit.now),
            [_feed(visit, row) for row in outlet.feeds],
        )
        for outlet in health.read_outlets(tx, after=after, limit=limit)
    ]


def _feed(visit: Visit, row: Any) -> FeedRow:
    rhythm = Rhythm.from_json(row["rhythm"])
    failure, noted = row["failure"], read_notes((row["note"] or "").splitlines())
    hours = [f"{hour:02}:00 UTC" for hour in range(len(rhythm.hours))]
    return FeedRow(
        id=row["id"],
        url=row["moved_to"] or row["url"],
        kind=row["kind"],
        polled_at=row["polled_at"],
        new_at=row["new_at"],
        due_at=row["due_at"],
        interval_s=row["interval_s"],
        failures=row["failures"],
        trouble=evidence.trouble(visit.language, failure) if failure else "",
        detail=row["failure_detail"] or notes_in_words(visit.language, noted, MAX_DETAIL),
        retired=row["retired_at"] is not None,
        per_day=round(rhythm.rate_per_h * 24, 1) if rhythm.known else 0.0,
        bars=charts.bars(rhythm.hours, hours, width=96, height=24),
    )


def export(tx: Tx, visit: Visit) -> Answer:
    """All outlets, or those in trouble, as a file: a line for each feed."""
    lines: list[dict[str, Any]] = []
    after = ""
    while rows := read_rows(tx, visit, after=after, limit=500):
        after = rows[-1].outlet.name
        lines += [_line(row, feed) for row in rows if _wanted(visit, row) for feed in row.feeds]
    return as_asked(visit, lines, "outlets")


def _line(row: OutletRow, feed: FeedRow) -> dict[str, Any]:
    return {
        "outlet": row.outlet.name,
        "country": row.outlet.country,
        "language": row.outlet.language,
        "sight": row.outlook.sight.value,
        "feed": feed.url,
        "kind": feed.kind,
        "polled_at": feed.polled_at,
        "new_at": feed.new_at,
        "interval_s": feed.interval_s,
        "failures": feed.failures,
        "trouble": feed.trouble,
        "detail": feed.detail,
        "retired": feed.retired,
    }


def change(tx: Tx, visit: Visit) -> Answer:
    """Poll a feed now, or let it rest for a day."""
    act = str(visit.form.get("act", ""))
    due_at = {"poll": visit.now, "rest": visit.now + REST}.get(act)
    feed_id = visit.number("feed")
    if due_at is None or feed_id is None:
        return missing(visit)
    url = feeds.set_due(tx, feed_id, due_at)
    if url is None:
        return missing(visit)
    console.note(tx, visit.session.user_id, f"outlet {act}", target=url, now=visit.now)
    return Moved("/outlets", f"web.done_{act}")
