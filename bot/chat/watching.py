"""Starting, changing and naming a watch, and how it is understood. COMMANDS is at the end."""

import re
from dataclasses import replace

from bot.chat.archive import Looked, crowded, narrower, rehearsal, rehearse
from bot.chat.command import Command, Reply, Request, fits
from bot.domain.errors import UserError
from bot.domain.meaning import understood
from bot.domain.model import Button, Role, Subscriber, SubscriberState, Watch
from bot.domain.query import Query, parse_query
from bot.render import MAX_LABEL, MAX_QUERY, short
from bot.store import watches
from bot.store.engine import Tx

MAX_TITLE = 60  # characters of a watch's own name
MAX_NAMES = 40  # names of a watch that can be switched: buttons on one screen
OPEN_NAMES = 12  # named in the answer to /watch

Rows = tuple[tuple[Button, ...], ...]

_NUMBERED = re.compile(r"#?([0-9]{1,18})(?:\s+(.*))?", re.DOTALL)


def enrol(tx: Tx, req: Request) -> Subscriber:
    """Return the chat's subscriber, made if there is none."""
    chat = req.subscriber
    return watches.subscribe(
        tx,
        chat_id=chat.chat_id,
        kind=chat.kind,
        title=chat.title,
        language=chat.language,
        now=req.now,
    )


def watch(tx: Tx, req: Request) -> Reply:
    """/watch <query>: start a watch, and tell what it would have told lately.

    It is on at once: nothing is missed while its owner thinks about "keep" and "cancel".
    Raises UserError: no query, a bad one, too long, too many.
    """
    if not req.argument:
        raise UserError("watch.usage")
    parsed = _parsed(req, req.argument)
    query = str(parsed)
    subscriber = req.subscriber if req.subscriber.id else enrol(tx, req)
    same = watches.same(tx, subscriber.id, query)
    if same:
        return Reply("watch.exists", {"query": query}, _stop_row(req, same))
    limit = req.limits.watches_per_subscriber
    if watches.count(tx, subscriber.id) >= limit:
        raise UserError("watch.limit", n=limit)
    added = watches.add(tx, subscriber.id, query, req.now)
    paused = subscriber.state is SubscriberState.PAUSED
    key = "watch.added_paused" if paused else "watch.added"
    return _introduced(tx, req, key, added, parsed)


def _parsed(req: Request, text: str) -> Query:
    """Return the query typed. Raises UserError: too long, or a mistake in it."""
    if len(text) > req.limits.query_chars:
        raise UserError("watch.too_long", n=req.limits.query_chars)
    return parse_query(text)


def _introduced(tx: Tx, req: Request, key: str, watch: Watch, query: Query) -> Reply:
    """Return what is said of a watch that is new, or changed: hints, its names, its rehearsal."""
    looked = req.found if isinstance(req.found, Looked) else rehearse_watch(tx, req)
    parts: list[str] = [req.say(key, query=watch.query)]
    offers: Rows = ()
    for hint in query.hints[:1]:
        parts += [req.say(hint.key, word=hint.word), req.say("query.try", query=hint.suggestion)]
        data = f"watch:{hint.suggestion}"
        offers = ((req.button("button.try", data),),) if fits(data) else ()
    names = _names(req, watch)
    if names:
        shown = ", ".join(name for name, on in names[:OPEN_NAMES] if on)
        parts.append(req.say("names.heard", names=shown, n=len(names)))
        offers = (*offers, (req.button("button.names", f"names:{watch.id}"),))
    if looked:
        parts += rehearsal(req, looked)
        return Reply(html="\n\n".join(parts), buttons=(*offers, *_choice(req, watch, looked)))
    if len(parts) == 1:
        return Reply(key, {"query": watch.query}, _stop_row(req, watch))
    return Reply(html="\n\n".join(parts), buttons=(*offers, *_stop_row(req, watch)))


def rehearse_watch(tx: Tx, req: Request) -> Looked | None:
    """Return what the watch typed would have found lately."""
    return rehearse(tx, req)


def rehearse_edit(tx: Tx, req: Request) -> Looked | None:
    """Return what the watch would find with the words typed after its number."""
    return rehearse(tx, req, numbered=True)


def _stop_row(req: Request, watch: Watch) -> Rows:
    return ((req.button("button.stop_watch", f"unwatch:{watch.id}"),),)


def _choice(req: Request, watch: Watch, looked: Looked) -> Rows:
    """Return keep, change and cancel; before them the narrower watch, if there would be too much."""
    row = (
        req.button("button.keep_watch", f"kept:{watch.id}"),
        req.button("button.change_watch", f"edit:{watch.id}"),
        req.button("button.cancel_watch", f"cancel:{watch.id}"),
    )
    if crowded(looked) and narrower(looked.query):
        return ((req.button("button.headlines", f"headlines:{watch.id}"),), row)
    return (row,)


def mine(tx: Tx, req: Request) -> tuple[Watch, str]:
    """Return the watch that the argument begins with, and what follows. Raises UserError: none such."""
    typed = _NUMBERED.fullmatch(req.argument)
    found = watches.mine(tx, req.subscriber.id, int(typed[1])) if typed else None
    if typed is None or found is None:
        key = "toast.stale" if req.pressed else "unwatch.unknown" if req.argument else "edit.usage"
        raise UserError(key, argument=short(req.argument, MAX_QUERY))
    return found, (typed[2] or "").strip()


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
    changed = replace(found, query=str(parsed), off=())
    watches.change(tx, changed)
    looked = req.found if isinstance(req.found, Looked) else rehearse_edit(tx, req)
    return _introduced(tx, replace(req, found=looked), "edit.done", changed, parsed)


def headlines(tx: Tx, req: Request) -> Reply:
    """Button: ask headlines alone."""
    found, _ = mine(tx, req)
    narrow = str(parse_query(f"title:({found.query})"))
    changed = replace(found, query=narrow)
    watches.change(tx, changed)
    return Reply("edit.done", {"query": narrow}, _stop_row(req, changed), edit=True)


def name(tx: Tx, req: Request) -> Reply:
    """/name <number> <words>: call a watch by a name of one's own; without words, by its query again."""
    found, title = mine(tx, req)
    changed = replace(found, title=short(title, MAX_TITLE))
    watches.change(tx, changed)
    params = {"query": found.query, "name": changed.title}
    return Reply("name.done" if title else "name.none", params)


# Names that count as well


def _names(req: Request, watch: Watch) -> list[tuple[str, bool]]:
    """Return the other names that a watch hears, each with whether it is on; always in one order."""
    terms = understood(parse_query(watch.query), req.names, frozenset(watch.off))
    every = dict.fromkeys(text for term in terms for text, _ in term.names)
    return [(text, text not in watch.off) for text in every][:MAX_NAMES]


def names(tx: Tx, req: Request) -> Reply:
    """Button: show every name that a watch hears of, each to be switched by a tap."""
    found, _ = mine(tx, req)
    return _names_page(req, found)


def switch(tx: Tx, req: Request) -> Reply:
    """Button of names: switch one. Argument: watch, place in the list."""
    watch_id, _, place = req.argument.partition(":")
    found, _ = mine(tx, replace(req, argument=watch_id))
    listed = _names(req, found)
    if not place.isdecimal() or int(place) >= len(listed):
        return Reply(toast="toast.stale")
    text, on = listed[int(place)]
    off = (*found.off, text) if on else tuple(t for t in found.off if t != text)
    changed = replace(found, off=off)
    watches.change(tx, changed)
    return _names_page(req, changed)


def _names_page(req: Request, watch: Watch) -> Reply:
    listed = _names(req, watch)
    if not listed:
        return Reply(toast="toast.no_names")
    buttons = [
        Button(f"{'✅' if on else '▫️'} {short(text, MAX_LABEL)}", f"name_off:{watch.id}:{i}")
        for i, (text, on) in enumerate(listed)
    ]
    rows = tuple(tuple(buttons[i : i + 3]) for i in range(0, len(buttons), 3))
    done = ((req.button("button.keep_watch", f"kept:{watch.id}"),),)
    params = {"query": short(watch.query, MAX_QUERY)}
    return Reply("names.page", params, (*rows, *done), edit=True)


COMMANDS = (
    Command("watch", Role.SUBSCRIBER, watch, "menu.watch", changes=True, look=rehearse_watch),
    Command("edit", Role.SUBSCRIBER, edit, "menu.edit", changes=True, look=rehearse_edit),
    Command("name", Role.SUBSCRIBER, name, "menu.name", changes=True),
    Command("kept", Role.SUBSCRIBER, kept, typed=False),
    Command("cancel", Role.SUBSCRIBER, cancel, changes=True, typed=False),
    Command("headlines", Role.SUBSCRIBER, headlines, changes=True, typed=False),
    Command("names", Role.SUBSCRIBER, names, changes=True, typed=False),
    Command("name_off", Role.SUBSCRIBER, switch, changes=True, typed=False),
)
