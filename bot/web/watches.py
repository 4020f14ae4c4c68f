"""Watches and subscribers: what fires how often, how much of it in vain, what is noisy and what is dead."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from bot.store import console, insight, watches
from bot.store.engine import Tx
from bot.web.log import download
from bot.web.view import Answer, Moved, Shown, Visit, missing

PAGE = 50


def show(tx: Tx, visit: Visit) -> Shown:
    """The page of watches; ?subscriber: of one of them only."""
    before, subscriber = visit.number("before"), visit.number("subscriber")
    rows = insight.read_watches(tx, before=before, subscriber_id=subscriber, limit=PAGE + 1)
    first = before is None and subscriber is None
    return Shown(
        "watches.html",
        {
            "title": visit.say("web.watches"),
            "rows": rows[:PAGE],
            "more": rows[PAGE - 1].id if len(rows) > PAGE else None,
            "noisy": insight.read_noisy(tx) if first else (),
            "counted": insight.COUNTED,
        },
    )


def show_subscribers(tx: Tx, visit: Visit) -> Shown:
    """The page of subscribers."""
    rows = insight.read_subscribers(tx, before=visit.number("before"), limit=PAGE + 1)
    return Shown(
        "subscribers.html",
        {
            "title": visit.say("web.subscribers"),
            "rows": rows[:PAGE],
            "more": rows[PAGE - 1].id if len(rows) > PAGE else None,
        },
    )


def export(tx: Tx, visit: Visit) -> Answer:
    """The watches as a file."""
    rows = insight.read_watches(tx, subscriber_id=visit.number("subscriber"), limit=1_000)
    lines = [plain(asdict(row) | {"precision": row.precision}) for row in rows]
    return download(lines, "watches", visit.query.get("as", "csv"))


def export_subscribers(tx: Tx, visit: Visit) -> Answer:
    """The subscribers as a file."""
    lines = [plain(asdict(row)) for row in insight.read_subscribers(tx, limit=1_000)]
    return download(lines, "subscribers", visit.query.get("as", "csv"))


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its times as text."""
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items()}


def stop(tx: Tx, visit: Visit) -> Answer:
    """Stop somebody's watch."""
    watch_id, owner = visit.number("watch"), visit.number("owner")
    if watch_id is None or owner is None:
        return missing(visit)
    stopped = watches.stop(tx, owner, watch_id, visit.now)
    if stopped is None:
        return missing(visit)
    console.note(
        tx,
        visit.session.user_id,
        "watch stop",
        target=stopped.query,
        detail={"watch": watch_id, "subscriber": owner},
        now=visit.now,
    )
    return Moved("/watches", "web.done_stop")
