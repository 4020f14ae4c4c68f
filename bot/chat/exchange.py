"""Taking watches along: /export, /import, /share and the links that share a watch. COMMANDS is at the end."""

import csv
import io
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from bot import texts
from bot.chat.command import Command, Reply, Request
from bot.chat.naming import MAX_OWN, mine
from bot.chat.watching import affordable, enrol, watch
from bot.domain.errors import UserError
from bot.domain.model import Attachment, Role
from bot.domain.packing import packed
from bot.domain.query import parse_query
from bot.render import MAX_QUERY, short
from bot.store import alerts, watches
from bot.store.engine import Tx

FORMAT = 1
MOST_ALERTS = 20_000  # of the history, the newest
MOST_ROWS = 1_000  # of an import
SHOWN_FAULTS = 5
MAX_TITLE = 60


def export(tx: Tx, req: Request) -> Reply:
    """/export [json|csv]: the chat's watches and history as a file; alone, ask which."""
    kind = req.argument.lower()
    if kind == "json":
        body = json.dumps(_everything(tx, req), ensure_ascii=False, indent=1).encode()
    elif kind == "csv":
        body = _table(tx, req).encode("utf-8-sig")  # a BOM, or Excel takes it for Latin-1
    else:
        row = (req.button("button.json", "export:json"), req.button("button.csv", "export:csv"))
        return Reply("export.ask", buttons=(row,))
    n = watches.count(tx, req.subscriber.id)
    return Reply("export.done", {"n": n}, file=Attachment(f"outpost.{kind}", body))


def _everything(tx: Tx, req: Request) -> dict[str, Any]:
    listed = watches.of_subscriber(tx, req.subscriber.id, limit=req.limits.watches_per_subscriber)
    return {
        "outpost": FORMAT,
        "exported_at": req.now.isoformat(),
        "language": req.language,
        "zone": req.subscriber.zone,
        "watches": [
            {
                "query": w.watch.query,
                "title": w.watch.title,
                "off": list(w.watch.off),
                "own": list(w.watch.own),
                "created_at": w.watch.created_at.isoformat(),
                "matched": w.matched,
            }
            for w in listed
        ],
        "alerts": [{**a, "told_at": a["told_at"].isoformat()} for a in _history(tx, req)],
    }


def _history(tx: Tx, req: Request) -> list[dict[str, Any]]:
    return alerts.history(tx, req.subscriber.id, limit=MOST_ALERTS)


def _table(tx: Tx, req: Request) -> str:
    """Return watches and alerts as one table: kind, query, title, outlet, url, time."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(("kind", "query", "title", "outlet", "url", "at"))
    for w in _everything(tx, req)["watches"]:
        table.writerow(("watch", *map(_safe, (w["query"], w["title"])), "", "", w["created_at"]))
    for a in _history(tx, req):
        cells = (_safe(a["title"]), _safe(a["outlet"]), a["url"], a["told_at"].isoformat())
        table.writerow(("alert", "", *cells))
    return out.getvalue()


def _safe(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: a headline may begin with =."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t") else cell


def import_(tx: Tx, req: Request) -> Reply:
    """/import, with a file or lines: start the watches in it. Raises UserError: nothing in it.

    Takes what /export gives, or a query on each line. Watches that are there already are left alone.
    """
    rows = list(_rows(req.argument))[:MOST_ROWS]
    if not rows:
        raise UserError("import.usage")
    subscriber = req.subscriber if req.subscriber.id else enrol(tx, req)
    added, faults, room = 0, [], req.limits.watches_per_subscriber
    room -= watches.count(tx, subscriber.id)
    for row in rows:
        try:
            query = str(affordable(req, parse_query(row["query"][: req.limits.query_chars])))
        except UserError:
            faults.append(row["query"])
            continue
        if watches.same(tx, subscriber.id, query):
            continue
        if added >= room:
            faults.append(row["query"])
            continue
        off, own = tuple(row["off"]), tuple(row["own"])
        keys = packed(query, req.names, off, own)
        new = watches.add(tx, subscriber.id, query, req.now, keys)
        if row["title"] or off or own:
            watches.change(tx, replace(new, title=row["title"], off=off, own=own), keys)
        added += 1
    parts: list[str] = [req.say("import.done", n=added)]
    if faults:
        listed = texts.Html(
            "\n".join(
                f"<code>{texts.escape(short(q, MAX_QUERY))}</code>" for q in faults[:SHOWN_FAULTS]
            )
        )
        parts.append(req.say("import.faults", n=len(faults), queries=listed))
    return Reply(html="\n\n".join(parts))


def _rows(text: str) -> Iterator[dict[str, Any]]:
    """Yield query, title, off and own of each watch in an export, as JSON or CSV, or in plain lines."""
    words = text.lstrip("\ufeff").strip()
    try:
        given = json.loads(words) if words.startswith("{") else None
    except json.JSONDecodeError:
        raise UserError("import.usage") from None
    if isinstance(given, dict):
        found = given.get("watches")
        for one in found if isinstance(found, list) else ():
            if isinstance(one, Mapping):
                yield _row(one)
    elif words.startswith("kind,query,"):
        for line in csv.DictReader(io.StringIO(words)):
            if line.get("kind") == "watch":
                yield _row(
                    {
                        **line,
                        "query": _unsafe(line.get("query")),
                        "title": _unsafe(line.get("title")),
                    }
                )
    else:
        yield from (_row({"query": line.strip()}) for line in words.splitlines() if line.strip())


def _unsafe(cell: str | None) -> str:
    text = cell or ""
    return text[1:] if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@", "\t") else text


def _row(saved: Mapping[str, Any]) -> dict[str, Any]:
    title = short(str(saved.get("title") or ""), MAX_TITLE)
    own = [text for text in _listed(saved.get("own"), MAX_OWN) if text.count("=") == 1]
    off = _listed(saved.get("off"), 100)
    return {"query": str(saved.get("query") or ""), "title": title, "off": off, "own": own}


def _listed(given: object, most: int) -> list[str]:
    return [str(text)[:100] for text in given[:most]] if isinstance(given, list) else []


def share(tx: Tx, req: Request) -> Reply:
    """/share <number>: a link by which others start the same watch."""
    found, _ = mine(tx, req)
    token = found.token or secrets.token_urlsafe(9)
    watches.set_token(tx, found.id, token)
    link = f"https://t.me/{req.bot_name}?start=w_{token}"
    return Reply("share.done", {"query": short(found.query, MAX_QUERY), "link": link})


def start_shared(tx: Tx, req: Request, token: str) -> Reply:
    """Return the reply to /start w_<token>: the shared watch, offered. Raises UserError: no such watch."""
    shared = watches.by_token(tx, token)
    if shared is None:
        raise UserError("share.unknown")
    subscriber = enrol(tx, req)
    here = replace(req, subscriber=subscriber, argument=shared.query, found=None)
    return watch(tx, here)


COMMANDS = (
    Command("share", Role.SUBSCRIBER, share, "menu.share", remote=True),
    Command("export", Role.SUBSCRIBER, export, "menu.export", changes=True, known=True),
    Command("import", Role.SUBSCRIBER, import_, "menu.import", changes=True),
)
