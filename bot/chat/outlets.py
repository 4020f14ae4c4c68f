"""The outlets, for admins: their health, adding one, their exchange as OPML. COMMANDS is at the end."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

from bot import texts
from bot.adapters.opml import Skipped, parse_opml, write_opml
from bot.chat.command import Command, Reply, Request, number
from bot.domain.addresses import Guard
from bot.domain.errors import UserError
from bot.domain.model import Attachment, Role
from bot.domain.outlet import Failure, OutletEntry
from bot.domain.prospect import COUNTRIES, Given, Prospect, read_given
from bot.domain.urls import is_web_url
from bot.render import MAX_OUTLET, flag, link, notes_in_words, short
from bot.store import feeds, prospects
from bot.store import outlets as stored
from bot.store.engine import Tx
from bot.texts import Html, escape

PAGE = 10  # lines; with the limits below a page stays far under 4096 characters
MAX_DETAIL = 100
MAX_URL = 200
NAMED = 8  # outlets of a document that are named


def outlets(tx: Tx, req: Request) -> Reply:
    """/outlets: the health of every feed, those that fail first. Argument: how many feeds to pass over.

    /outlets opml: all of them as a file, which the bot takes back.
    """
    if req.argument.lower() == "opml":
        return _exported(tx, req)
    n = feeds.count_active(tx)
    if not n:
        return Reply("outlets.none", edit=True)
    offset = min(number(req.argument) or 0, (n - 1) // PAGE * PAGE)
    row = []
    if offset:
        row.append(req.button("button.previous", f"outlets:{max(0, offset - PAGE)}"))
    if offset + PAGE < n:
        row.append(req.button("button.next", f"outlets:{offset + PAGE}"))
    shown = [_health(req, h) for h in feeds.health(tx, offset=offset, limit=PAGE)]
    html = "\n".join((req.say("outlets.title", n=n), "", *shown))
    return Reply(html=html, buttons=(tuple(row),) if row else (), edit=True)


def _health(req: Request, feed: feeds.Health) -> Html:
    name = f"{flag(feed.country)} {short(feed.outlet, MAX_OUTLET)}".strip()
    params: dict[str, object] = {
        "outlet": link(escape(name), feed.url),
        "polled": _ago(req, feed.polled_at),
        "new": _ago(req, feed.new_at),
        "rhythm": _rhythm(req, feed),
        "interval": texts.span(req.language, timedelta(seconds=feed.interval_s), seconds=True),
        "detail": notes_in_words(req.language, feed.notes, MAX_DETAIL),
    }
    if feed.failure:
        params |= {"failure": req.say(f"failure.{feed.failure}"), "n": feed.failures}
        return texts.html(req.language, "outlets.failing", **params)
    if feed.polled_at is None:
        return texts.html(req.language, "outlets.waiting", **params)
    return texts.html(req.language, "outlets.odd" if feed.notes else "outlets.fine", **params)


def _rhythm(req: Request, feed: feeds.Health) -> Html:
    """Return how many new articles it brings in a day, or in a week where that is less than one."""
    if feed.per_day is None:
        return req.say("outlets.rhythm_unknown")
    if feed.per_day >= 1:
        return req.say("outlets.per_day", n=round(feed.per_day))
    return req.say("outlets.per_week", n=max(1, round(7 * feed.per_day)))


def _ago(req: Request, at: datetime | None) -> str:
    return texts.ago(req.language, at, req.now) if at else texts.say(req.language, "time.never")


def _exported(tx: Tx, req: Request) -> Reply:
    found = stored.polled(tx)
    if not found:
        raise UserError("outlets.none")
    return Reply(
        "outlets.exported", {"n": len(found)}, file=Attachment("outlets.opml", write_opml(found))
    )


def addoutlet(tx: Tx, req: Request) -> Reply:
    """/addoutlet <address> [country] [language] [name]: have it looked at; a tap on the answer adds it.

    Raises UserError: no address, or a country that is none.
    """
    address, _, rest = req.argument.partition(" ")
    url = address if "://" in address else f"https://{address}"
    if "." not in address or not is_web_url(url):
        raise UserError("addoutlet.usage")
    given = read_given(rest)
    if given.country and given.country not in COUNTRIES:
        raise UserError("addoutlet.country", country=given.country)
    _propose(tx, req, url=url, given=given)
    return Reply("addoutlet.looking", {"url": short(url, MAX_URL)})


def _propose(
    tx: Tx,
    req: Request,
    *,
    url: str = "",
    given: Given | None = None,
    found: tuple[OutletEntry, ...] | None = None,
) -> int:
    return prospects.propose(
        tx,
        chat_id=req.subscriber.chat_id,
        thread_id=req.subscriber.thread_id or None,
        language=req.language,
        url=url,
        given=given or Given(),
        found=found,
        now=req.now,
    )


def opml(tx: Tx, req: Request) -> Reply:
    """Answer to an .opml document: what it would add, and a button. Raises UserError: none can be read."""
    if not req.file:
        raise UserError("opml.unread")
    read = parse_opml(req.file, Guard(req.limits.own_networks))
    if isinstance(read, Failure):
        raise UserError("opml.broken", detail=short(read.detail, MAX_DETAIL))
    new = stored.unpolled(tx, read.outlets)
    n_feeds = sum(len(entry.feeds) for entry in read.outlets)
    skipped = _passed_over(req, read.skipped)
    if not new:
        known = [req.say("opml.nothing_new", n=n_feeds)] if n_feeds else []
        return Reply(html="\n\n".join((*known, *skipped)))
    proposal = _propose(tx, req, found=tuple(new))
    fresh = sum(len(entry.feeds) for entry in new)
    names = [f"{flag(e.country)} {short(e.name, MAX_OUTLET)}".strip() for e in new]
    parts = [
        req.say("opml.found", n=len(new), feeds=fresh),
        escape("\n".join((*names[:NAMED], *(["…"] if len(names) > NAMED else [])))),
    ]
    if n_feeds > fresh:
        parts.append(req.say("opml.known", n=n_feeds - fresh))
    if any(not (e.country and e.language) for e in new):
        parts.append(req.say("opml.unsaid"))
    parts += skipped
    row = (
        req.button("button.add_all", f"prospect:{proposal}:all", n=len(new)),
        req.button("button.add_not", f"prospect:{proposal}:no"),
    )
    return Reply(html="\n\n".join(parts), buttons=(row,))


def _passed_over(req: Request, skipped: tuple[Skipped, ...]) -> list[Html]:
    """Return what is said of outlines that cannot be taken: nothing if there are none."""
    if not skipped:
        return []
    lines = [
        texts.say(req.language, f"opml.skip_{s.why}", said=short(s.said, MAX_DETAIL))
        for s in skipped[:NAMED]
    ]
    named = [
        f"• {short(s.name, MAX_OUTLET)}: {line}" for s, line in zip(skipped, lines, strict=False)
    ]
    more = ["…"] if len(skipped) > NAMED else []
    return [
        Html(req.say("opml.skipped", n=len(skipped)) + "\n" + escape("\n".join((*named, *more))))
    ]


def decide(tx: Tx, req: Request) -> Reply:
    """Button of a proposal: add one of its outlets (counted from 0), all, or none."""
    answer = re.fullmatch(r"([0-9]{1,18}):(all|no|[0-9])", req.argument)
    found = prospects.get(tx, int(answer[1]), req.subscriber.chat_id) if answer else None
    if answer is None or found is None or found.found is None:
        return Reply(toast="toast.stale")
    chosen = _chosen(found, answer[2])
    if answer[2] != "no" and not chosen:
        return Reply(toast="toast.stale")
    prospects.drop(tx, found.id)
    if not chosen:
        return Reply("addoutlet.dropped", edit=True)
    new = stored.unpolled(tx, chosen)
    if not new:
        return Reply("opml.nothing_new", {"n": sum(len(e.feeds) for e in chosen)}, edit=True)
    stored.add(tx, [_as_known(tx, entry) for entry in new], req.now)
    n_feeds = sum(len(entry.feeds) for entry in new)
    if len(new) > 1:
        return Reply("opml.done", {"n": len(new), "feeds": n_feeds}, edit=True)
    params = {"outlet": new[0].name, "feed": short(new[0].feeds[0].url, MAX_URL)}
    return Reply("addoutlet.done", params, edit=True)


def _chosen(found: Prospect, answer: str) -> tuple[OutletEntry, ...]:
    entries = found.found or ()
    if answer == "all":
        return entries
    return entries[int(answer) :][:1] if answer.isdecimal() else ()


def _as_known(tx: Tx, entry: OutletEntry) -> OutletEntry:
    """Return the entry as a feed more of the outlet of that name, where there is one."""
    known = stored.find(tx, entry.name)
    return replace(known, feeds=entry.feeds) if known else entry


COMMANDS = (
    Command("outlets", Role.ADMIN, outlets, "menu.outlets"),
    Command("addoutlet", Role.ADMIN, addoutlet, "menu.addoutlet"),
    Command("opml", Role.ADMIN, opml, typed=False),
    Command("prospect", Role.ADMIN, decide, typed=False),
)
