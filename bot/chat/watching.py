"""Starting and changing a watch, with what it would have told lately. COMMANDS is at the end."""

import re
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.chat.archive import REHEARSED_DAYS, Looked, rehearsal, rehearse
from bot.chat.command import Command, Reply, Request, Rows, fits
from bot.chat.naming import forms_off, heard, kept_aliases, mine, save, some
from bot.domain.errors import UserError
from bot.domain.filters import meets
from bot.domain.model import Document, Role, Subscriber, SubscriberState, Watch
from bot.domain.narrowing import LIMITS, NARROWER, limits, narrower, switches
from bot.domain.packing import packed
from bot.domain.query import Query, parse_query
from bot.domain.syntax import Filter, cost
from bot.render import MAX_QUERY, short
from bot.store import archive, outlets, subscribers, watches
from bot.store.engine import Tx

OPEN_NAMES = 12  # named in the answer to /watch
JUDGED = 200  # articles that the archive must have before a share of them says anything


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a watch would have found lately, None while nobody can say. pct: of all articles."""

    looked: Looked | None
    pct: float


def watch(tx: Tx, req: Request) -> Reply:
    """/watch <query>: start a watch, and tell what it would have told lately.

    It is on at once: nothing is missed while its owner thinks about "keep" and "cancel". Only one that
    takes a large share of all articles is asked about first.
    Raises UserError: no query, a bad one, too long, too many.
    """
    if not req.argument:
        raise UserError("watch.usage")
    parsed = _parsed(req, req.argument)
    subscriber = subscribers.enrol(tx, req.subscriber, req.now)
    refused = _refused(tx, req, subscriber, parsed)
    if refused:
        return refused
    seen = req.found if isinstance(req.found, Rehearsed) else rehearse_watch(tx, req)
    if seen.looked and seen.pct > req.limits.broad_pct:
        return _asked_first(tx, req, subscriber, seen, seen.looked)
    return _begun(tx, req, subscriber, parsed, seen.looked)


def _refused(tx: Tx, req: Request, subscriber: Subscriber, query: Query) -> Reply | None:
    """Return what to say if the chat has that watch already. Raises UserError: too many."""
    same = watches.same(tx, subscriber.id, str(query))
    if same:
        return Reply("watch.exists", {"query": same.query}, _stop_row(req, same))
    limit = req.limits.watches_per_subscriber
    if watches.count(tx, subscriber.id) >= limit:
        raise UserError("watch.limit", n=limit)
    return None


def _begun(
    tx: Tx, req: Request, subscriber: Subscriber, query: Query, looked: Looked | None
) -> Reply:
    keys = packed(query, req.names)
    added = watches.add(tx, subscriber.id, str(query), req.now, keys)
    paused = subscriber.state is SubscriberState.PAUSED
    key = "watch.added_paused" if paused else "watch.added"
    return _introduced(tx, req, key, added, query, looked=looked)


def _asked_first(
    tx: Tx, req: Request, subscriber: Subscriber, seen: Rehearsed, looked: Looked
) -> Reply:
    """Return the question whether so broad a watch is meant. The query waits for a day."""
    number = archive.note_search(tx, subscriber.id, str(looked.query), req.now)
    params = {
        "query": short(str(looked.query), MAX_QUERY),
        "pct": round(seen.pct),
        "daily": max(1, round(looked.about(len(looked.stories)) / looked.days)),
    }
    row = [req.button("button.broad", f"broad:{number}:all")]
    parts = [req.say("watch.broad", **params)]
    if looked.less:
        query, left = short(str(looked.less.query), MAX_QUERY), looked.about(looked.less.stories)
        parts.append(req.say("rehearsal.too_many", query=query, n=left))
        row.append(req.button("button.narrower", f"broad:{number}:{looked.less.way}"))
    cancel_row = (req.button("button.cancel_watch", f"broad:{number}:no"),)
    rows = (tuple(row), cancel_row)
    return Reply("watch.broad", params, rows, html="" if len(parts) == 1 else "\n\n".join(parts))


def broad(tx: Tx, req: Request) -> Reply:
    """Button of the question about a broad watch: as it is, narrower in the way offered, or not at all."""
    answer = re.fullmatch(r"([0-9]{1,18}):(all|near|title|lang|no)", req.argument)
    query = archive.search_of(tx, req.subscriber.id, int(answer[1])) if answer else None
    if answer is None or query is None:
        return Reply(toast="toast.stale")
    if answer[2] == "no":
        return Reply("watch.broad_not", {"query": short(query, MAX_QUERY)}, edit=True)
    parsed = parse_query(query)
    if answer[2] in NARROWER:
        parsed = narrower(parsed, answer[2], req.language) or parsed
    refused = _refused(tx, req, req.subscriber, parsed)
    return replace(refused or _begun(tx, req, req.subscriber, parsed, None), edit=True)


def _parsed(req: Request, text: str) -> Query:
    """Return the query typed. Raises UserError: too long, or a mistake in it."""
    return affordable(req, parse_query(check_length(req, text)))


def check_length(req: Request, text: str) -> str:
    """Return the text of a watch as it is. Raises UserError: too long."""
    if len(text) > req.limits.query_chars:
        raise UserError("watch.too_long", n=req.limits.query_chars)
    return text


def affordable(req: Request, query: Query) -> Query:
    """Return the query. Raises UserError if it asks for more words than this chat may."""
    asked, limit = cost(query.root), req.limits.query_cost
    if asked > limit:
        raise UserError("watch.too_costly", cost=asked, most=limit)
    return query


def _introduced(
    tx: Tx, req: Request, key: str, watch: Watch, query: Query, *, looked: Looked | None
) -> Reply:
    """Return what is said of a watch that is new, or changed: hints, its names, its rehearsal."""
    parts: list[str] = [req.say(key, query=watch.query)]
    if never := _unmet(tx, query):
        parts.append(req.say("watch.never", filter=short(" OR ".join(map(str, never)), MAX_QUERY)))
    offers: Rows = ()
    for hint in query.hints[:1]:
        parts += [req.say(hint.key, word=hint.word), req.say("query.try", query=hint.suggestion)]
        data = f"watch:{hint.suggestion}"
        offers = ((req.button("button.try", data),),) if fits(data) else ()
    names = [name for name, on in heard(req, watch) if on]
    if names:
        shown = some(req, names, OPEN_NAMES)
        parts.append(req.say("names.heard", names=shown, n=len(names)))
    if names or switches(query):
        offers = (*offers, (req.button("button.names", f"names:{watch.id}"),))
    if looked:
        parts += rehearsal(req, looked)
        return Reply(html="\n\n".join(parts), buttons=(*offers, *_choice(req, watch, looked)))
    if len(parts) == 1:
        return Reply(key, {"query": watch.query}, (*offers, *_stop_row(req, watch)))
    return Reply(html="\n\n".join(parts), buttons=(*offers, *_stop_row(req, watch)))


def _unmet(tx: Tx, query: Query) -> list[Filter]:
    """Return the filters of the first limit that no outlet of ours meets, so that nothing can pass it."""
    limited = {name: limits(query, name) for name in LIMITS}
    if not any(limited.values()):
        return []
    ours = [
        Document("", language=o.language, outlet=o.name, country=o.country, url=o.homepage)
        for o in outlets.polled_briefly(tx)
    ]
    for name, values in limited.items():
        if ours and values and not any(meets(our, name, value) for our in ours for value in values):
            return [Filter(name, value) for value in values]
    return []


def rehearse_watch(tx: Tx, req: Request) -> Rehearsed:
    """Return what the watch typed would have found lately, and how much of all that is."""
    looked = rehearse(tx, req, req.argument)
    return Rehearsed(looked, _share_pct(tx, req, looked) if looked else 0.0)


def _share_pct(tx: Tx, req: Request, looked: Looked) -> float:
    """Return which part of the late articles was found; 0 while there are too few to judge by."""
    since = req.now - timedelta(days=REHEARSED_DAYS)
    every = archive.find(tx, None, since=since, limit=JUDGED).total
    return 100 * looked.about(len(looked.kept)) / every if every >= JUDGED else 0.0


def rehearse_edit(tx: Tx, req: Request) -> Looked | None:
    """Return what a watch would find with the words typed after its number, and its aliases."""
    found, text = mine(tx, req)
    return rehearse(tx, req, text, found.own, forms_off(found))


def _stop_row(req: Request, watch: Watch) -> Rows:
    return ((req.button("button.stop_watch", f"unwatch:{watch.id}"),),)


def _choice(req: Request, watch: Watch, looked: Looked) -> Rows:
    """Return keep, change and cancel; before them the narrower watch, if there would be too much."""
    row = (
        req.button("button.keep_watch", f"kept:{watch.id}"),
        req.button("button.change_watch", f"edit:{watch.id}"),
        req.button("button.cancel_watch", f"cancel:{watch.id}"),
    )
    if looked.less:
        return ((req.button("button.narrower", f"narrow:{watch.id}:{looked.less.way}"),), row)
    return (row,)


def kept(tx: Tx, req: Request) -> Reply:
    """Button: the watch is as it should be."""
    found, _ = mine(tx, req)
    return Reply("watch.added", {"query": found.query}, _stop_row(req, found), edit=True)


def cancel(tx: Tx, req: Request) -> Reply:
    """Button: after what was rehearsed, rather not."""
    found, _ = mine(tx, req)
    watches.stop(tx, req.subscriber.id, found.id, req.now)
    data = f"watch:{found.query}"
    again = ((req.button("button.watch_again", data),),) if fits(data) else ()
    return Reply("unwatch.done", {"query": found.query}, again, edit=True, toast="toast.stopped")


def edit(tx: Tx, req: Request) -> Reply:
    """/edit <number> <query>: change a watch in place; its history stays. Raises UserError as /watch does."""
    found, text = mine(tx, req)
    if not text:
        return Reply("edit.how", {"id": str(found.id), "query": found.query})
    parsed = _parsed(req, text)
    same = watches.same(tx, req.subscriber.id, str(parsed))
    if same:
        return Reply("watch.exists", {"query": same.query}, _stop_row(req, same))
    own = kept_aliases(req, parsed, found.own)
    changed = replace(found, query=str(parsed), off=forms_off(found), own=own)
    save(tx, req, changed)
    looked = req.found if isinstance(req.found, Looked) else rehearse_edit(tx, req)
    return _introduced(tx, req, "edit.done", changed, parsed, looked=looked)


def narrow(tx: Tx, req: Request) -> Reply:
    """Button of a rehearsal: ask for less, in the way that it offered. Argument: watch, way."""
    watch_id, _, way = req.argument.partition(":")
    found, _ = mine(tx, replace(req, argument=watch_id))
    less = narrower(parse_query(found.query), way, req.language) if way in NARROWER else None
    if less is None:
        return Reply(toast="toast.stale")
    text = check_length(req, str(less))
    if watches.same(tx, req.subscriber.id, text):
        return Reply(toast="toast.same_watch")
    changed = replace(found, query=text, own=kept_aliases(req, less, found.own))
    save(tx, req, changed)
    return Reply("edit.done", {"query": text}, _stop_row(req, changed), edit=True)


COMMANDS = (
    Command("watch", Role.SUBSCRIBER, watch, "menu.watch", changes=True, look=rehearse_watch),
    Command("edit", Role.SUBSCRIBER, edit, "menu.edit", changes=True, look=rehearse_edit),
    Command("kept", Role.SUBSCRIBER, kept, typed=False),
    Command("cancel", Role.SUBSCRIBER, cancel, changes=True, typed=False),
    Command("narrow", Role.SUBSCRIBER, narrow, changes=True, typed=False),
    Command("broad", Role.SUBSCRIBER, broad, changes=True, typed=False),
)
