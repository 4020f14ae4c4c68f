"""When a chat is told: /digest and /quiet, and turning the pages of a digest. COMMANDS is at the end."""

import re
from dataclasses import replace
from datetime import time

from bot.chat.command import Command, Reply, Request, Rows
from bot.chat.naming import mine
from bot.digest import digest as show_digest
from bot.domain.errors import UserError
from bot.domain.hours import Mode, Pace, Quiet, clock
from bot.domain.model import Button, Role, Watch
from bot.render import MAX_QUERY, short
from bot.store import alerts, digests, subscribers, watches
from bot.store.engine import Tx
from bot.texts import Html
from bot.texts.keywords import in_english

OFFERED = (time(8), time(18))  # of a daily digest, by a tap
NIGHTS = ("22:00-7:00", "23:00-8:00")
MAX_SHOWN = 60  # characters of what was typed
MAX_OWN = 20  # watches with a mode of their own that are named

_NUMBER = re.compile(r"#?[0-9]{1,18}")  # of a watch
# The time may have a word before it, or an ending: "daily at 8:30", "ամեն օր ժամը 8:30-ին".
_DAILY = re.compile(r"daily(?: (?:[^\W\d]+ )?(\d{1,2}(?:[:.]\d{2})?)(?:-[^\W\d]+)?)?")


def digest(tx: Tx, req: Request) -> Reply:
    """/digest [number] [hourly|daily 8:30|off]: how soon the chat, or one watch, is told; alone, show it.

    Raises UserError: no such watch, nothing that is known.
    """
    first, _, _ = req.argument.partition(" ")
    if _NUMBER.fullmatch(first):
        watch, wish = mine(tx, req)
        return _of_watch(tx, req, watch, wish)
    if req.argument:
        mode = Mode() if _is_off(req.argument) else _mode(req, req.argument)
        subscribers.set_mode(tx, req.subscriber.id, mode, req.now)
        req = replace(req, subscriber=replace(req.subscriber, mode=str(mode)))
    parts: list[str] = [pace_line(req)]
    own = watches.with_own_mode(tx, req.subscriber.id, limit=MAX_OWN)
    if own:
        parts.append("\n".join(_own_line(req, watch) for watch in own))
    return Reply(html="\n\n".join((*parts, *_hint(req))), buttons=_modes(req, ""), edit=True)


def _is_off(wish: str) -> bool:
    return in_english(wish) == "off"


def _mode(req: Request, wish: str) -> Mode:
    typed = in_english(wish)
    if daily := _DAILY.fullmatch(typed):
        typed = f"daily {daily[1] or clock(OFFERED[0])}"
    mode = Mode.parse(typed)
    if mode is None:
        raise UserError("digest.usage", argument=short(wish, MAX_SHOWN))
    return mode


def _of_watch(tx: Tx, req: Request, watch: Watch, wish: str) -> Reply:
    """Show or set how soon one watch is told; "off" lets it follow the chat again."""
    if wish:
        mode = None if _is_off(wish) else _mode(req, wish)
        watches.set_own_mode(tx, watch, mode, req.now)
        watch = replace(watch, mode=None if mode is None else str(mode))
    last = (
        req.button("button.as_chat", f"digest:{watch.id} off"),
        req.button("button.card", f"card:{watch.id}"),
    )
    buttons = (*_modes(req, f"{watch.id} "), last)
    html = "\n\n".join((_own_line(req, watch), *_hint(req)))
    return Reply(html=html, buttons=buttons, edit=True)


def pace_line(req: Request) -> Html:
    """Return how soon the chat is told."""
    mode = Mode.parse(req.subscriber.mode) or Mode()
    return req.say(f"digest.now_{mode.pace}", **_clock(req, mode))


def quiet_line(req: Request) -> Html:
    """Return which hours are quiet in the chat, and what that means."""
    now = Quiet.parse(req.subscriber.quiet)
    if now is None:
        return req.say("quiet.none")
    params = {"start": clock(now.start), "end": clock(now.end), "zone": req.offset(req.now)}
    return req.say("quiet.silent" if now.silent else "quiet.held", **params)


def _own_line(req: Request, watch: Watch) -> Html:
    mode = Mode.parse(watch.mode) if watch.mode else None
    params = {"id": str(watch.id), "query": short(watch.title or watch.query, MAX_QUERY)}
    if mode is None:
        return req.say("digest.watch_as_chat", **params)
    return req.say(f"digest.watch_{mode.pace}", **params, **_clock(req, mode))


def own_mode(req: Request, watch: Watch) -> Html:
    """Return how a watch is told where its chat is told otherwise, else nothing."""
    mode = Mode.parse(watch.mode or "")
    if mode is None or watch.mode == req.subscriber.mode:
        return Html("")
    return req.say(f"watches.mode_{mode.pace}", **_clock(req, mode))


def _clock(req: Request, mode: Mode) -> dict[str, object]:
    daily = mode.pace is Pace.DAILY
    return {"time": clock(mode.at), "zone": req.offset(req.now)} if daily else {}


def _hint(req: Request) -> tuple[Html, ...]:
    """Return how to set a time zone, where none was."""
    return () if req.subscriber.zone else (req.say("hours.utc"),)


def _modes(req: Request, watch: str) -> Rows:
    daily = tuple(
        req.button("button.daily", f"digest:{watch}daily {clock(at)}", time=clock(at))
        for at in OFFERED
    )
    return (
        (
            req.button("button.instant", f"digest:{watch}instant"),
            req.button("button.hourly", f"digest:{watch}hourly"),
        ),
        daily,
    )


def quiet(tx: Tx, req: Request) -> Reply:
    """/quiet [22:00-7:00 [silent]|off]: hours without a sound; alone, show them.

    Alerts are held meanwhile and come as one digest; with "silent" they come without a sound.
    Raises UserError: no such hours.
    """
    now = Quiet.parse(req.subscriber.quiet)
    if req.argument:
        now = None if _is_off(req.argument) else _quiet(req.argument, now)
        subscribers.set_quiet(tx, req.subscriber.id, now, req.now)
        req = replace(req, subscriber=replace(req.subscriber, quiet=str(now or "")))
    html = "\n\n".join((quiet_line(req), *_hint(req)))
    if now is None:
        nights = tuple(Button(_span(n), f"quiet:{n}") for n in NIGHTS)
        return Reply(html=html, buttons=(nights,), edit=True)
    other = replace(now, silent=not now.silent)
    key = "button.quiet_hold" if now.silent else "button.quiet_silent"
    buttons = ((req.button(key, f"quiet:{other}"),), (req.button("button.quiet_off", "quiet:off"),))
    return Reply(html=html, buttons=buttons, edit=True)


def _span(hours: str) -> str:
    return hours.replace("-", "–")


def _quiet(wish: str, now: Quiet | None) -> Quiet:
    """Return the hours that are wished for. "silent" or "held" alone changes those there are."""
    typed = in_english(wish)
    if now and typed in ("silent", "held"):
        return replace(now, silent=typed == "silent")
    found = Quiet.parse(typed)
    if found is None:
        raise UserError("quiet.usage", argument=short(wish, MAX_SHOWN))
    return found


def turn(tx: Tx, req: Request) -> Reply:
    """Button of a digest: show that page of it, in place. Argument: digest, page."""
    asked = re.fullmatch(r"([0-9]{1,18}):([0-9]{1,6})", req.argument)
    digest_id = int(asked[1]) if asked else 0
    alert_id = digests.member(tx, req.subscriber.id, digest_id)
    told = alerts.of_chat(tx, req.subscriber.id, alert_id) if alert_id else None
    if asked is None or told is None:
        return Reply(toast="toast.stale")
    digests.turn(tx, digest_id, int(asked[2]))
    message = show_digest(digests.view(tx, told.alert))
    return Reply(html=message.html, buttons=message.buttons, edit=True)


COMMANDS = (
    Command("digest", Role.SUBSCRIBER, digest, "menu.digest", changes=True, known=True),
    Command("quiet", Role.SUBSCRIBER, quiet, "menu.quiet", changes=True, known=True),
    Command("turn", Role.SUBSCRIBER, turn, typed=False),
)
