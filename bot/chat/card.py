"""One watch on a card: what it is, where it may be heard, what taps can change. COMMANDS is at the end."""

import re
from collections.abc import Sequence
from dataclasses import replace

from bot import texts
from bot.chat.command import Command, Reply, Request, Rows, in_rows, tick
from bot.chat.hours import own_mode
from bot.chat.naming import heard, left_out, mine, save, some
from bot.chat.watching import OPEN_NAMES, check_length
from bot.domain.model import Button, Role, Watch
from bot.domain.narrowing import LIMITS, askable, limited, limits
from bot.domain.query import parse_query
from bot.render import MAX_LABEL, MAX_QUERY, flag, short
from bot.store import outlets, watches
from bot.store.engine import Tx
from bot.texts import escape

PER_PAGE = 20  # outlets to tick on a page
MAX_SHOWN = 300  # characters of a query, and of what it is limited to


def card(tx: Tx, req: Request) -> Reply:
    """Button of /watches: one watch, with what can be changed about it."""
    found, _ = mine(tx, req)
    return shown(tx, req, found)


def shown(tx: Tx, req: Request, watch: Watch) -> Reply:
    """Return the card of a watch."""
    query = short(watch.query, MAX_SHOWN)
    parts: list[str] = [req.say("card.title", id=str(watch.id), query=query)]
    if watch.title:
        parts.insert(0, f"<b>{escape(short(watch.title, MAX_LABEL))}</b>")
    n, last_at = watches.matched(tx, watch.id)
    if last_at:
        parts.append(req.say("card.matched", n=n, ago=texts.ago(req.language, last_at, req.now)))
    else:
        parts.append(req.say("card.no_match"))
    parts += _limits(req, watch)
    if mode := own_mode(req, watch):
        parts.append(mode)
    names = [name for name, on in heard(req, watch) if on]
    if names:
        listed = some(req, names, OPEN_NAMES)
        parts.append(req.say("names.heard", names=listed, n=len(names)))
    parts += left_out(req, watch)
    return Reply(html="\n".join(parts), buttons=_buttons(req, watch), edit=True)


def _limits(req: Request, watch: Watch) -> list[str]:
    """Return a line for each kind of limit that the watch has."""
    query, lines = parse_query(watch.query), []
    for kind in LIMITS:
        if values := limits(query, kind):
            listed = texts.listed([_called(req, kind, v) for v in values])
            lines.append(str(req.say(f"card.only_{kind}", listed=short(listed, MAX_SHOWN))))
    return lines


def _called(req: Request, kind: str, value: str) -> str:
    """Return what a reader calls the value of a limit."""
    if kind == "country":
        return f"{flag(value)} {texts.country_name(req.language, value)}".strip()
    if kind == "lang":
        return texts.language_name(req.language, value) or value
    return value


def _buttons(req: Request, watch: Watch) -> Rows:
    number = watch.id
    return (
        (
            req.button("button.names", f"names:{number}"),
            req.button("button.change_watch", f"edit:{number}"),
        ),
        tuple(req.button(f"button.where_{kind}", f"where:{number}:{kind}") for kind in LIMITS),
        (
            req.button("button.when", f"digest:{number}"),
            req.button("button.share", f"share:{number}"),
            req.button("button.stop_watch", f"unwatch:{number}"),
        ),
        (req.button("button.watches", "watches"),),
    )


# Where it may be heard


def where(tx: Tx, req: Request) -> Reply:
    """Button: limit a watch to countries, languages or outlets, each ticked by a tap; none ticked is all.

    Argument: watch, kind, then nothing, `p` and a page, `all`, or what to tick. Raises UserError: too long.
    """
    asked = re.fullmatch(r"([0-9]{1,18}):([a-z]+)(?::(.+))?", req.argument)
    if not asked or asked[2] not in LIMITS:
        return Reply(toast="toast.stale")
    found, _ = mine(tx, replace(req, argument=asked[1]))
    kind, tapped = asked[2], asked[3] or "p1"
    choices = _choices(tx, kind)
    if turned := re.fullmatch(r"p([0-9]{1,3})", tapped):
        return _where_page(req, found, kind, choices, int(turned[1]))
    query = parse_query(found.query)
    ticked = limits(query, kind)
    value = dict(choices).get(tapped)
    if tapped != "all" and value is None:
        return Reply(toast="toast.stale")
    if value is None:
        ticked = ()
    elif value in ticked:
        ticked = tuple(v for v in ticked if v != value)
    else:
        ticked = (*ticked, value)
    text = check_length(req, str(limited(query, kind, ticked)))
    if text != found.query and watches.same(tx, req.subscriber.id, text):
        return Reply(toast="toast.same_watch")
    changed = replace(found, query=text)
    save(tx, req, changed)
    keys = [key for key, _ in choices]
    page = keys.index(tapped) // PER_PAGE + 1 if tapped in keys else 1
    return _where_page(req, changed, kind, choices, page)


def _choices(tx: Tx, kind: str) -> list[tuple[str, str]]:
    """Return (what a button carries, value of the filter) for each that our outlets have."""
    polled = outlets.polled_briefly(tx)
    if kind == "outlet":
        return [(str(o.id), o.name) for o in polled if askable(kind, o.name)]
    values = {o.country if kind == "country" else o.language.split("-")[0] for o in polled}
    return [(value, value) for value in sorted(values - {""})]


def _where_page(
    req: Request, watch: Watch, kind: str, choices: Sequence[tuple[str, str]], page: int
) -> Reply:
    ticked = limits(parse_query(watch.query), kind)
    data = f"where:{watch.id}:{kind}"
    pages = max(1, -(-len(choices) // PER_PAGE))
    page = min(max(1, page), pages)
    buttons = [
        Button(
            f"{tick(value in ticked)} {short(_called(req, kind, value), MAX_LABEL)}",
            f"{data}:{key}",
        )
        for key, value in choices[(page - 1) * PER_PAGE : page * PER_PAGE]
    ]
    turn = []
    if page > 1:
        turn.append(req.button("button.previous", f"{data}:p{page - 1}"))
    if page < pages:
        turn.append(req.button("button.next", f"{data}:p{page + 1}"))
    end = [req.button("button.done", f"card:{watch.id}")]
    if ticked:
        end.insert(0, req.button("button.no_limit", f"{data}:all"))
    rows = (*in_rows(buttons, 2), *([tuple(turn)] if turn else ()), tuple(end))
    params = {"query": short(watch.query, MAX_QUERY)}
    return Reply(f"where.{kind}", params, rows, edit=True)


COMMANDS = (
    Command("card", Role.SUBSCRIBER, card, typed=False, remote=True),
    Command("where", Role.SUBSCRIBER, where, changes=True, typed=False),
)
