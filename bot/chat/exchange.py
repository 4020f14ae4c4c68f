"""Taking watches along: /export, /import, /share and the links that share a watch. COMMANDS is at the end."""

import csv
import io
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import available_timezones

from bot import texts
from bot.chat.command import Command, Reply, Request
from bot.chat.naming import MAX_OWN, mine
from bot.chat.watching import affordable, check_length, watch
from bot.domain.errors import UserError
from bot.domain.hours import Mode, Quiet
from bot.domain.model import Attachment, Role, Subscriber, Watch
from bot.domain.packing import Packed, packed
from bot.domain.query import parse_query
from bot.render import MAX_HEADLINE, MAX_QUERY, MAX_URL, short
from bot.store import history, subscribers, watches
from bot.store.engine import Tx


@dataclass(frozen=True, slots=True)
class Saved:
    """What a file brings along. language, zone: "" where it names none that we have."""

    watches: Sequence[dict[str, Any]] = ()
    told: Sequence[history.Told] = ()
    language: str = ""
    zone: str = ""
    preview: bool = False
    mode: Mode | None = None  # None: left as it is, and so quiet
    quiet: Quiet | None = None

    @property
    def anything(self) -> bool:
        """Return whether there is anything in it."""
        chat = (self.language, self.zone, self.preview, self.mode, self.quiet)
        return bool(self.watches or self.told or any(chat))


FORMAT = 1
SETTINGS = ("language", "zone", "preview", "mode", "quiet")  # of a chat
COLUMNS = ("kind", "query", "title", "outlet", "url", "at", "mode", "off", "own")
LISTED = "|"  # between the items of a cell; none has it
MOST_ALERTS = 20_000  # of the history, the newest
MOST_ROWS = 1_000  # of an import
SHOWN_FAULTS = 5
SHOWN_ADDED = 8
MAX_TITLE = 60


def export(tx: Tx, req: Request) -> Reply:
    """/export [json|csv]: the chat's watches and history as a file; alone, ask which."""
    body = req.found if isinstance(req.found, bytes) else written(tx, req)
    if body is None:
        row = (req.button("button.json", "export:json"), req.button("button.csv", "export:csv"))
        return Reply("export.ask", buttons=(row,))
    n = watches.count(tx, req.subscriber.id)
    return Reply("export.done", {"n": n}, file=Attachment(f"outpost.{req.argument.lower()}", body))


def written(tx: Tx, req: Request) -> bytes | None:
    """Return the file that is asked for, None if none is. It may take a second, and only reads."""
    match req.argument.lower():
        case "json":
            return json.dumps(_everything(tx, req), ensure_ascii=False, indent=1).encode()
        case "csv":
            return _table(tx, req).encode("utf-8-sig")  # a BOM, or Excel takes it for Latin-1
    return None


def _everything(tx: Tx, req: Request) -> dict[str, Any]:
    listed = watches.of_subscriber(tx, req.subscriber.id, limit=req.limits.watches_per_subscriber)
    return {
        "outpost": FORMAT,
        "exported_at": req.now.isoformat(),
        "language": req.language,
        "zone": req.subscriber.zone,
        "preview": req.subscriber.preview,
        "mode": req.subscriber.mode,
        "quiet": req.subscriber.quiet,
        "watches": [
            {
                "query": w.watch.query,
                "title": w.watch.title,
                "off": list(w.watch.off),
                "own": list(w.watch.own),
                "mode": w.watch.mode,
                "created_at": w.watch.created_at.isoformat(),
                "matched": w.matched,
            }
            for w in listed
        ],
        "alerts": [{**a._asdict(), "told_at": a.told_at.isoformat()} for a in _told(tx, req)],
    }


def _told(tx: Tx, req: Request) -> list[history.Told]:
    return history.of_chat(tx, req.subscriber.id, limit=MOST_ALERTS)


def _table(tx: Tx, req: Request) -> str:
    """Return settings, watches and alerts as one table. A setting's name and value are query and title."""
    out = io.StringIO()
    table = csv.DictWriter(out, COLUMNS, restval="")
    table.writeheader()
    everything = _everything(tx, req)
    for name in SETTINGS:
        value = everything[name]
        words = "on" if value is True else "" if value is False else value
        table.writerow({"kind": "setting", "query": name, "title": _safe(words)})
    for w in everything["watches"]:
        own, off = (LISTED.join(w[name]) for name in ("own", "off"))
        row = {"query": _safe(w["query"]), "title": _safe(w["title"]), "at": w["created_at"]}
        more = {"mode": w["mode"] or "", "off": _safe(off), "own": _safe(own)}
        table.writerow({"kind": "watch", **row, **more})
    for a in _told(tx, req):
        row = {"title": _safe(a.title), "outlet": _safe(a.outlet), "url": a.url}
        table.writerow({"kind": "alert", "at": a.told_at.isoformat(), **row})
    return out.getvalue()


def _safe(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: a headline may begin with =."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t") else cell


def import_(tx: Tx, req: Request) -> Reply:
    """/import, with a file or lines: bring watches, settings, history along. Raises UserError: nothing in it.

    Takes what /export gives, or a query on each line. Watches that are there already are left alone.
    """
    taken = req.found if isinstance(req.found, Taken) else take(tx, req)
    saved = taken.saved
    subscriber = subscribers.enrol(tx, req.subscriber, req.now)
    added, faults = _start(tx, req, subscriber, taken)
    _settle(tx, req, subscriber, saved)
    told = history.bring(tx, subscriber.id, saved.told)
    done = texts.html(saved.language or req.language, "import.done", n=len(added))
    shown = [f"#{w.id} <code>{texts.escape(short(w.query, MAX_QUERY))}</code>" for w in added]
    more = ["…"] if len(added) > SHOWN_ADDED else []
    parts: list[str] = ["\n".join((done, *shown[:SHOWN_ADDED], *more))]
    if told:
        parts.append(req.say("import.told", n=told))
    if faults:
        listed = texts.Html(
            "\n".join(
                f"<code>{texts.escape(short(q, MAX_QUERY))}</code>" for q in faults[:SHOWN_FAULTS]
            )
        )
        parts.append(req.say("import.faults", n=len(faults), queries=listed))
    return Reply(html="\n\n".join(parts))


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that was read. watches: (row, query, its keys); faults: the queries that cannot be read."""

    saved: Saved
    watches: Sequence[tuple[dict[str, Any], str, Packed]]
    faults: Sequence[str]


def take(tx: Tx, req: Request) -> Taken:
    """Read a file, and make the keys of its watches, while nobody waits. Raises UserError: nothing in it."""
    saved = _read(req.argument)
    if not saved.anything:
        raise UserError("import.usage")
    made, faults = [], []
    for row in saved.watches:
        try:
            query = affordable(req, parse_query(check_length(req, row["query"])))
        except UserError:
            faults.append(row["query"])
            continue
        made.append((row, str(query), packed(query, req.names, row["off"], row["own"])))
    return Taken(saved, made, faults)


def _settle(tx: Tx, req: Request, subscriber: Subscriber, saved: Saved) -> None:
    """Let the chat be spoken to as it was where the file was written."""
    if saved.language:
        subscribers.set_language(tx, subscriber.id, saved.language)
    if saved.zone:
        subscribers.set_zone(tx, subscriber.id, saved.zone, req.now)
    if saved.preview:
        subscribers.set_preview(tx, subscriber.id, True)
    if saved.mode:
        subscribers.set_mode(tx, subscriber.id, saved.mode, req.now)
    if saved.quiet:
        subscribers.set_quiet(tx, subscriber.id, saved.quiet, req.now)


def _start(
    tx: Tx, req: Request, subscriber: Subscriber, taken: Taken
) -> tuple[list[Watch], list[str]]:
    """Start watches; return them, and the queries that were not taken."""
    added: list[Watch] = []
    faults, room = list(taken.faults), req.limits.watches_per_subscriber
    room -= watches.count(tx, subscriber.id)
    for row, query, keys in taken.watches:
        if watches.same(tx, subscriber.id, query):
            continue
        if len(added) >= room:
            faults.append(row["query"])
            continue
        off, own = tuple(row["off"]), tuple(row["own"])
        new = watches.add(tx, subscriber.id, query, req.now, keys)
        if row["title"] or off or own:
            watches.change(tx, replace(new, title=row["title"], off=off, own=own), keys)
        if row["mode"]:
            watches.set_own_mode(tx, new, row["mode"], req.now)
        added.append(new)
    return added, faults


def _read(text: str) -> Saved:
    """Return what an export has, as JSON or CSV, or queries in plain lines. Raises UserError: broken."""
    words = text.lstrip("\ufeff").strip()
    try:
        given = json.loads(words) if words.startswith("{") else None
    except (ValueError, RecursionError):  # a number of 5,000 digits is a ValueError, too
        raise UserError("import.usage") from None
    if isinstance(given, dict):
        return _of_json(given)
    if words.startswith("kind,query,"):
        return _of_csv(words)
    lines_ = [line.strip() for line in words.splitlines() if line.strip()]
    return Saved(tuple(_row({"query": line}) for line in lines_[:MOST_ROWS]))


def _of_csv(words: str) -> Saved:
    cells = ("query", "title", "outlet", "off", "own")
    try:
        lines = list(csv.DictReader(io.StringIO(words, newline="")))
    except csv.Error:  # a cell of 130,000 characters, such as a quote that is never closed makes
        raise UserError("import.usage") from None
    rows = [{**line, **{name: _unsafe(line.get(name)) for name in cells}} for line in lines]
    told = ({**row, "told_at": row.get("at")} for row in rows if row["kind"] == "alert")
    chat = {row["query"]: row["title"] for row in rows if row["kind"] == "setting"}
    lists = ("off", "own")
    listed = [
        {**row, **{name: row[name].split(LISTED) if row[name] else [] for name in lists}}
        for row in rows
        if row["kind"] == "watch"
    ]
    preview = chat.get("preview") == "on"
    return _of_json({**chat, "preview": preview, "watches": listed, "alerts": list(told)})


def _of_json(given: Mapping[str, Any]) -> Saved:
    language, zone = str(given.get("language") or ""), str(given.get("zone") or "")
    return Saved(
        tuple(_row(one) for one in _mappings(given.get("watches")))[:MOST_ROWS],
        _told_of(_mappings(given.get("alerts"))),
        language=language if language in texts.languages() else "",
        zone=zone if zone in available_timezones() else "",
        preview=given.get("preview") is True,
        mode=Mode.parse(str(given.get("mode") or "")),
        quiet=Quiet.parse(str(given.get("quiet") or "")),
    )


def _mappings(given: object) -> list[Mapping[str, Any]]:
    return [one for one in given if isinstance(one, Mapping)] if isinstance(given, list) else []


def _told_of(rows: Iterable[Mapping[str, Any]]) -> tuple[history.Told, ...]:
    """Return the alerts of an export; what has no time or no address is none."""
    found: dict[str, history.Told] = {}
    for row in rows:
        url = texts.printable(str(row.get("url") or ""))[:MAX_URL]
        try:
            at = datetime.fromisoformat(str(row.get("told_at")))
            told_at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            continue
        if url.startswith(("http://", "https://")) and len(found) < MOST_ALERTS:
            title, outlet = (
                short(str(row.get(n) or ""), MAX_HEADLINE) for n in ("title", "outlet")
            )
            found.setdefault(url, history.Told(told_at, title, outlet, url))
    return tuple(found.values())


def _unsafe(cell: str | None) -> str:
    text = cell or ""
    return text[1:] if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@", "\t") else text


def _row(saved: Mapping[str, Any]) -> dict[str, Any]:
    title = short(str(saved.get("title") or ""), MAX_TITLE)
    own = [text for text in _listed(saved.get("own"), MAX_OWN) if text.count("=") == 1]
    off = _listed(saved.get("off"), 100)
    mode = Mode.parse(str(saved.get("mode") or ""))
    query = str(saved.get("query") or "")
    return {"query": query, "title": title, "off": off, "own": own, "mode": mode}


def _listed(given: object, most: int) -> list[str]:
    return [str(text)[:100] for text in given[:most]] if isinstance(given, list) else []


def share(tx: Tx, req: Request) -> Reply:
    """/share <number>: a link by which others start the same watch."""
    found, _ = mine(tx, req, usage="share.usage")
    if not req.bot_name:  # a terminal
        return Reply("share.no_bot", {"query": found.query})
    token = found.token or secrets.token_urlsafe(9)
    watches.set_token(tx, found.id, token)
    link = f"https://t.me/{req.bot_name}?start=w_{token}"
    return Reply("share.done", {"query": short(found.query, MAX_QUERY), "link": link})


def start_shared(tx: Tx, req: Request, token: str) -> Reply:
    """Return the reply to /start w_<token>: the shared watch, offered. Raises UserError: no such watch."""
    shared = watches.by_token(tx, token)
    if shared is None:
        raise UserError("share.unknown")
    subscriber = subscribers.bring_back(tx, req.subscriber, req.now)
    here = replace(req, subscriber=subscriber, argument=shared.query, found=None)
    return watch(tx, here)


COMMANDS = (
    Command("share", Role.SUBSCRIBER, share, "menu.share", remote=True),
    Command(
        "export", Role.SUBSCRIBER, export, "menu.export", changes=True, known=True, look=written
    ),
    Command("import", Role.SUBSCRIBER, import_, "menu.import", changes=True, look=take),
)
