"""The commands of everyone: subscribing, watching, pausing, leaving. COMMANDS is at the end."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bot import texts, topics
from bot.chat import (
    alert,
    archive,
    card,
    channels,
    exchange,
    forms,
    hours,
    naming,
    packs,
    preferences,
    trend,
    watching,
    why,
)
from bot.chat.command import Command, Reply, Request, Rows, fits, number
from bot.chat.unseen import unseen_lines
from bot.domain.errors import UserError
from bot.domain.model import Button, ChatKind, Role, SubscriberState, Watch
from bot.domain.query import parse_query
from bot.render import MAX_LABEL, short
from bot.store import subscribers, watches
from bot.store.engine import Tx
from bot.texts import keywords

PAGE = 8  # watches on a page: as many buttons as a phone shows above the keyboard
SUGGESTIONS = ("start.suggest_1", "start.suggest_2", "start.suggest_3", "start.suggest_4")
LONGEST_PAUSE = timedelta(days=366)
MAX_SHOWN = 150  # characters of a query in a list, of two units each at worst

_PAUSE = re.compile(r"(\d{1,5})\s*([^\W\d]+)\.?")
# "until 8:00" in any language: a word before or after, or none; an hour alone needs the word.
_CLOCK = re.compile(
    r"(?:[^\W\d]+\s+)?(\d{1,2})[:.](\d{2})(?:[^\W\d\s]|[\s'’-])*|[^\W\d]+\s+(\d{1,2})"
)
_SEVERAL = re.compile(
    r"#?[0-9]{1,18}(?:[\s,]+#?[0-9]{1,18}){1,11}"
)  # as many as a message has room for


def start(tx: Tx, req: Request) -> Reply:
    """/start: subscribe the chat, or bring it back; a newcomer is offered a first watch."""
    if req.argument.startswith("w_"):
        return exchange.start_shared(tx, req, req.argument[2:])
    known = req.subscriber
    subscriber = subscribers.bring_back(tx, req.subscriber, req.now)
    n = watches.count(tx, subscriber.id)
    if not n:
        group = known.kind in (ChatKind.GROUP, ChatKind.SUPERGROUP)
        return Reply("start.group" if group else "start.welcome", buttons=_suggestions(req))
    if known.state is SubscriberState.ACTIVE:
        return Reply("start.again", {"n": n})
    return Reply("start.back", {"n": n})


def _suggestions(req: Request) -> Rows:
    queries = [texts.say(req.language, key) for key in SUGGESTIONS]
    rows = tuple((Button(q, f"watch:{q}"),) for q in queries if fits(f"watch:{q}"))
    return (*rows, (req.button("button.packs", "packs"),))


def help_(tx: Tx, req: Request) -> Reply:
    """/help: the commands of this role, and how to write a watch."""
    lines = [
        req.say("help.line", name=c.name, what=req.say(c.menu)) for c in req.commands if c.menu
    ]
    parts = (req.say("help.intro"), "\n".join(lines), req.say("help.query"))
    return Reply(html="\n\n".join(parts))


def list_watches(tx: Tx, req: Request) -> Reply:
    """/watches [page]: the chat's watches, each with its card and a way to stop it; outlets out of sight."""
    page = int(req.argument) if re.fullmatch(r"[0-9]{1,4}", req.argument) else 1
    return _page(tx, req, page)


def _page(tx: Tx, req: Request, page: int, *, toast: str = "") -> Reply:
    """Return that page, counted from 1, or the last one if there are not so many."""
    n = watches.count(tx, req.subscriber.id)
    if not n:
        return Reply("watches.none", buttons=_suggestions(req), edit=True, toast=toast)
    page = min(max(1, page), -(-n // PAGE))
    shown = watches.of_subscriber(tx, req.subscriber.id, offset=(page - 1) * PAGE, limit=PAGE)
    paused = req.subscriber.state is SubscriberState.PAUSED
    title = req.say("watches.title_paused" if paused else "watches.title", n=n)
    buttons: list[tuple[Button, ...]] = [
        (
            Button(f"✏️ #{w.watch.id} {_label(w.watch)}", f"card:{w.watch.id}"),
            req.button("button.stop_numbered", f"drop:{w.watch.id}:{page}", id=str(w.watch.id)),
        )
        for w in shown
    ]
    turn = []
    if page > 1:
        turn.append(req.button("button.previous", f"watches:{page - 1}"))
    if page * PAGE < n:
        turn.append(req.button("button.next", f"watches:{page + 1}"))
    if turn:
        buttons.append(tuple(turn))
    html = "\n".join((title, "", *(_line(req, w) for w in shown)))
    if unseen := unseen_lines(tx, req):
        html = "\n".join((html, "", *unseen))
    return Reply(html=html, buttons=tuple(buttons), edit=True, toast=toast)


def _label(watch: Watch) -> str:
    return short(watch.title or watch.query, MAX_LABEL)


def _line(req: Request, listed: watches.Listed) -> str:
    watch_id, query = str(listed.watch.id), short(listed.watch.query, MAX_SHOWN)
    if listed.last_at is None:
        words = req.say("watches.line_none", id=watch_id, query=query)
    else:
        ago = texts.ago(req.language, listed.last_at, req.now)
        words = req.say("watches.line", id=watch_id, query=query, n=listed.matched, ago=ago)
    if mode := hours.own_mode(req, listed.watch):
        words = texts.Html(f"{words}\n{mode}")
    title = short(listed.watch.title, MAX_LABEL)
    return f"<b>{texts.escape(title)}</b>\n{words}" if title else words


def drop(tx: Tx, req: Request) -> Reply:
    """Button of /watches: stop that watch and show the page anew. Argument: watch id, page."""
    watch_id, _, page = req.argument.partition(":")
    if not (watch_id.isdecimal() and page.isdecimal()):
        return Reply(toast="toast.stale")
    watches.stop(tx, req.subscriber.id, int(watch_id), req.now)
    return _page(tx, req, int(page), toast="toast.stopped")


def unwatch(tx: Tx, req: Request) -> Reply:
    """/unwatch <number, numbers or query>: stop watches; without an argument, show them all.

    Raises UserError where this chat has no such watch.
    """
    if not req.argument:
        return _page(tx, req, 1)
    numbers = _SEVERAL.fullmatch(req.argument)
    if numbers and not watches.same(tx, req.subscriber.id, req.argument):
        return _stop_several(tx, req, re.findall("[0-9]+", req.argument))
    stopped = _stop(tx, req)
    if stopped is None and req.pressed:
        return Reply(toast="toast.stopped_before")
    if stopped is None:
        raise UserError("unwatch.unknown", argument=short(req.argument, MAX_SHOWN))
    data = f"watch:{stopped}"
    again = ((req.button("button.watch_again", data),),) if fits(data) else ()
    return Reply("unwatch.done", {"query": stopped}, again, toast="toast.stopped")


def _stop_several(tx: Tx, req: Request, numbers: Sequence[str]) -> Reply:
    """Stop the watches of these numbers; say of each what became of it."""
    lines: list[str] = []
    for typed in dict.fromkeys(numbers):
        stopped = watches.stop(tx, req.subscriber.id, int(typed), req.now)
        if stopped:
            query = short(stopped.query, MAX_SHOWN)
            lines.append(req.say("unwatch.done", query=query))
        else:
            lines.append(req.say("unwatch.unknown", argument=typed))
    return Reply(html="\n".join(lines))


def _stop(tx: Tx, req: Request) -> str | None:
    """Stop the watch that the argument names; return its query, None if there is none."""
    watch_id = number(req.argument.removeprefix("#"))
    if watch_id is None:
        same = watches.same(tx, req.subscriber.id, str(parse_query(req.argument)))
        if same is None:
            return None
        watch_id = same.id
    stopped = watches.stop(tx, req.subscriber.id, watch_id, req.now)
    return stopped.query if stopped else None


def pause(tx: Tx, req: Request) -> Reply:
    """/pause [30m|8h|2d|1w|until 8:00]: hold alerts, for good or a while. Raises UserError: no such time."""
    until = _end_of_pause(req) if req.argument else None
    state = SubscriberState.PAUSED
    subscribers.set_state(tx, req.subscriber.id, state, now=req.now, until=until)
    resume_row = (req.button("button.resume", "resume"),)
    if until is None:
        spans = (("1h", 1), ("8h", 8), ("1d", 24), ("1w", 168))
        row = tuple(
            Button(texts.span(req.language, timedelta(hours=h)), f"pause:{data}")
            for data, h in spans
        )
        morning = (req.button("button.until", "pause:until 8:00", time="8:00"),)
        return Reply("pause.done", buttons=(row, morning, resume_row), edit=True)
    return Reply("pause.until", _moment(req, until), (resume_row,), edit=True)


def _moment(req: Request, at: datetime) -> dict[str, object]:
    return {"moment": req.moment(at), "zone": req.offset(at)}


def _end_of_pause(req: Request) -> datetime:
    """Return when a pause ends. Raises UserError if that cannot be read, or is above a year away."""
    typed = req.argument.strip()
    length = _PAUSE.fullmatch(typed)
    if length and (unit := keywords.unit(length[2])):
        span = timedelta(**{unit: int(length[1])})
        if timedelta() < span <= LONGEST_PAUSE:
            return req.now + span
    clock = _CLOCK.fullmatch(typed)
    hour, minute = (int(clock[1] or clock[3]), int(clock[2] or 0)) if clock else (24, 0)
    if hour < 24 and minute < 60:
        return _next(req, hour, minute)
    raise UserError("pause.usage")


def _next(req: Request, hour: int, minute: int) -> datetime:
    """Return when the chat's clocks next show that time."""
    here = req.now.astimezone(req.zone)
    then = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if then <= here:
        then += timedelta(days=1)  # by the wall clock: a day may have 23 hours
    return then.astimezone(UTC)


def resume(tx: Tx, req: Request) -> Reply:
    """/resume: alerts again, those held meanwhile first."""
    subscribers.set_state(tx, req.subscriber.id, SubscriberState.ACTIVE, now=req.now)
    return Reply("resume.done", edit=True)


def stop(tx: Tx, req: Request) -> Reply:
    """/stop: ask whether to forget the chat."""
    row = (req.button("button.forget", "forget"), req.button("button.keep", "keep"))
    return Reply("stop.confirm", {"n": watches.count(tx, req.subscriber.id)}, (row,))


def forget(tx: Tx, req: Request) -> Reply:
    """Button of /stop: forget the chat, with its watches, alerts and history."""
    subscribers.forget(tx, req.subscriber.id)
    return Reply("stop.done", edit=True)


def unite(tx: Tx, req: Request) -> Reply:
    """Button in a forum: tell here what a topic watched. Argument: the topic."""
    thread_id = number(req.argument)
    topic = subscribers.find(tx, req.subscriber.chat_id, thread_id) if thread_id else None
    if topic is None or not watches.count(tx, topic.id):
        return Reply(toast="toast.stale")
    subscribers.leave_topic(tx, topic, req.now)
    here = subscribers.find(tx, topic.chat_id)
    if here and here.state is SubscriberState.GONE:
        subscribers.set_state(tx, here.id, SubscriberState.ACTIVE, now=req.now)
    return Reply("topic.here", {"topic": topics.name_of(topic)}, edit=True)


def keep(tx: Tx, req: Request) -> Reply:
    """Button of /stop: forget nothing."""
    return Reply("stop.kept", edit=True)


COMMANDS = (
    *watching.COMMANDS,
    *naming.COMMANDS,
    *forms.COMMANDS,
    *card.COMMANDS,
    Command("watches", Role.SUBSCRIBER, list_watches, "menu.watches", remote=True),
    Command("unwatch", Role.SUBSCRIBER, unwatch, "menu.unwatch", changes=True),
    Command("pause", Role.SUBSCRIBER, pause, "menu.pause", changes=True, known=True),
    Command("resume", Role.SUBSCRIBER, resume, "menu.resume", changes=True, known=True),
    *why.COMMANDS,
    *alert.COMMANDS,
    *archive.COMMANDS,
    *trend.COMMANDS,
    *exchange.COMMANDS,
    *packs.COMMANDS,
    *channels.COMMANDS,
    *hours.COMMANDS,
    *preferences.COMMANDS,
    Command("help", Role.SUBSCRIBER, help_, "menu.help"),
    Command("start", Role.SUBSCRIBER, start, "menu.start", changes=True),
    Command("stop", Role.SUBSCRIBER, stop, "menu.stop", changes=True, known=True),
    Command("drop", Role.SUBSCRIBER, drop, changes=True, typed=False),
    Command("forget", Role.SUBSCRIBER, forget, changes=True, typed=False, known=True),
    Command("unite", Role.SUBSCRIBER, unite, changes=True, typed=False),
    Command("keep", Role.SUBSCRIBER, keep, typed=False),
)
