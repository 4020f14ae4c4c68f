"""How a chat wants to be spoken to: its language, time zone and previews. COMMANDS is at the end."""

from collections.abc import Sequence
from dataclasses import replace

from bot import texts
from bot.chat.command import Command, Reply, Request, Rows, in_rows
from bot.chat.hours import pace_line, quiet_line
from bot.domain.errors import UserError
from bot.domain.model import Button, Role, SubscriberState
from bot.render import short
from bot.store import subscribers
from bot.store.engine import Tx
from bot.texts import zones
from bot.texts.keywords import in_english

MAX_SHOWN = 60  # characters of what was typed


def lang(tx: Tx, req: Request) -> Reply:
    """/lang [code or name]: speak that language; alone, offer them all. Raises UserError: none we have."""
    if not req.argument:
        return Reply("lang.ask", buttons=_languages(), edit=True)
    wanted = req.argument.casefold()
    for language in texts.languages():
        names = {
            language,
            *(texts.language_name(r, language).casefold() for r in texts.languages()),
        }
        if wanted in names:
            subscribers.set_language(tx, req.subscriber.id, language)
            return Reply("lang.done", language=language, edit=True)
    raise UserError("lang.unknown", language=short(req.argument, MAX_SHOWN))


def _languages() -> Rows:
    """Return a button for each language, called as its speakers call it."""
    known = texts.languages()
    named = [Button(texts.language_name(one, one).capitalize(), f"lang:{one}") for one in known]
    return in_rows(named, 2)


def timezone(tx: Tx, req: Request) -> Reply:
    """/timezone [city]: tell times as that city's clocks do; alone, offer some. Raises UserError: unknown."""
    if not req.argument:
        there = {"moment": req.moment(req.now), "zone": req.offset(req.now)}
        return Reply("timezone.ask", there, _cities(req, zones.OFFERED), edit=True)
    found = zones.find(req.argument, req.now)
    if not found:
        raise UserError("timezone.unknown", city=short(req.argument, MAX_SHOWN))
    if len(found) > 1 or (not req.pressed and _guessed(req, found[0])):
        city = short(req.argument, MAX_SHOWN)
        return Reply("timezone.which", {"city": city}, _cities(req, found))
    subscribers.set_zone(tx, req.subscriber.id, found[0], req.now)
    moved = replace(req, subscriber=replace(req.subscriber, zone=found[0]))
    params = {
        "city": zones.city(req.language, found[0]),
        "moment": moved.moment(req.now),
        "zone": moved.offset(req.now),
    }
    return Reply("timezone.done", params, edit=True)


def _guessed(req: Request, zone: str) -> bool:
    """Return whether the zone is only near to what was typed, and so to be confirmed."""
    return not zones.means(req.argument, zone)


def _cities(req: Request, names: Sequence[str]) -> Rows:
    return in_rows([Button(zones.city(req.language, z), f"timezone:{z}") for z in names], 2)


def preview(tx: Tx, req: Request) -> Reply:
    """/preview [on|off]: let alerts show a preview of the page, or none; alone, tell which, with buttons.

    Raises UserError: neither.
    """
    word = in_english(req.argument)
    if not word:
        return settings(tx, req)
    if word not in ("on", "off"):
        raise UserError("preview.usage", argument=short(req.argument, MAX_SHOWN))
    wanted = word == "on"
    subscribers.set_preview(tx, req.subscriber.id, wanted)
    changed = replace(req, subscriber=replace(req.subscriber, preview=wanted))
    toast = "preview.on" if wanted else "preview.off"
    return replace(settings(tx, changed), toast=toast)


def settings(tx: Tx, req: Request) -> Reply:
    """/settings: how and when this chat is spoken to, and buttons to change it."""
    chat = req.subscriber
    language = texts.language_name(req.language, req.language)
    there = {"moment": req.moment(req.now), "zone": req.offset(req.now)}
    lines = [
        req.say("settings.title"),
        req.say("settings.language", language=language),
        req.say("settings.time", **there),
        pace_line(req),
        *([quiet_line(req)] if chat.quiet else []),
        req.say("preview.on" if chat.preview else "preview.off"),
    ]
    paused = chat.state is SubscriberState.PAUSED
    if paused and chat.paused_until:
        until = {"moment": req.moment(chat.paused_until), "zone": req.offset(chat.paused_until)}
        lines.append(req.say("pause.until", **until))
    show = "button.preview_off" if chat.preview else "button.preview_on"
    rows = (
        (req.button("button.language", "lang"), req.button("button.time", "timezone")),
        (req.button("button.digest", "digest"), req.button("button.quiet", "quiet")),
        (
            req.button(show, f"preview:{'off' if chat.preview else 'on'}"),
            req.button("button.resume", "resume")
            if paused
            else req.button("button.pause", "pause"),
        ),
        (req.button("button.watches", "watches"), req.button("button.export", "export")),
    )
    return Reply(html="\n".join(lines), buttons=rows, edit=True)


COMMANDS = (
    Command("settings", Role.SUBSCRIBER, settings, "menu.settings", known=True, remote=True),
    Command("preview", Role.SUBSCRIBER, preview, "menu.preview", changes=True, known=True),
    Command("lang", Role.SUBSCRIBER, lang, "menu.lang", changes=True, known=True),
    Command("timezone", Role.SUBSCRIBER, timezone, "menu.timezone", changes=True, known=True),
)
