"""Outlets: their rhythm as a picture, what is wrong with them in words, and: poll now, or rest for a day."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot import texts
from bot.domain.rhythm import Outlook, Rhythm, outlook
from bot.store import console, feeds, health
from bot.store.engine import Tx
from bot.web import charts
from bot.web.log import download, printable
from bot.web.view import Answer, Moved, Shown, Visit, missing

PAGE = 50
REST = timedelta(hours=24)


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
    rows = rows[:PAGE]
    if visit.query.get("trouble"):
        rows = [r for r in rows if r.outlook.since or any(f.trouble for f in r.feeds)]
    context = {"title": visit.say("web.outlets"), "rows": rows, "more": more}
    return Shown("outlets.html", context)


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
    failure = row["failure"]
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
        trouble=texts.plain(visit.say(f"failure.{failure}")) if failure else "",
        detail=row["failure_detail"] or row["note"] or "",
        retired=row["retired_at"] is not None,
        per_day=round(rhythm.rate_per_h * 24, 1) if rhythm.known else 0.0,
        bars=charts.bars(rhythm.hours, hours, width=96, height=24),
    )


def export(tx: Tx, visit: Visit) -> Answer:
    """All outlets as a file, a line for each feed."""
    lines: list[dict[str, Any]] = []
    after = ""
    while rows := read_rows(tx, visit, after=after, limit=500):
        after = rows[-1].outlet.name
        lines += [_line(row, feed) for row in rows for feed in row.feeds]
    return download(lines, "outlets", visit.query.get("as", "csv"))


def _line(row: OutletRow, feed: FeedRow) -> dict[str, Any]:
    return {
        "outlet": row.outlet.name,
        "country": row.outlet.country,
        "language": row.outlet.language,
        "sight": row.outlook.sight.value,
        "feed": feed.url,
        "kind": feed.kind,
        "polled_at": feed.polled_at.isoformat() if feed.polled_at else None,
        "new_at": feed.new_at.isoformat() if feed.new_at else None,
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
