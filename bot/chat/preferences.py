"""How a chat wants to be spoken to: its language and its time zone. COMMANDS is at the end."""

from collections.abc import Sequence
from dataclasses import replace

from bot import texts
from bot.chat.command import Command, Reply, Request
from bot.domain.errors import UserError
from bot.domain.model import Button, Role
from bot.render import short
from bot.store import watches
from bot.store.engine import Tx
from bot.texts import zones

Rows = tuple[tuple[Button, ...], ...]
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
            watches.set_language(tx, req.subscriber.id, language)
            return Reply("lang.done", language=language, edit=True)
    raise UserError("lang.unknown", language=short(req.argument, MAX_SHOWN))


def _languages() -> Rows:
    """Return a button for each language, called as its speakers call it."""
    known = texts.languages()
    named = [Button(texts.language_name(one, one).capitalize(), f"lang:{one}") for one in known]
    return _in_pairs(named)


def _in_pairs(buttons: Sequence[Button]) -> Rows:
    return tuple(tuple(buttons[i : i + 2]) for i in range(0, len(buttons), 2))


def timezone(tx: Tx, req: Request) -> Reply:
    """/timezone [city]: tell times as that city's clocks do; alone, offer some. Raises UserError: unknown."""
    if not req.argument:
        there = {"moment": req.moment(req.now), "zone": req.offset(req.now)}
        return Reply("timezone.ask", there, _cities(req, zones.OFFERED), edit=True)
    found = zones.find(req.argument)
    if not found:
        raise UserError("timezone.unknown", city=short(req.argument, MAX_SHOWN))
    if len(found) > 1 or (not req.pressed and _guessed(req, found[0])):
        city = short(req.argument, MAX_SHOWN)
        return Reply("timezone.which", {"city": city}, _cities(req, found))
    watches.set_zone(tx, req.subscriber.id, found[0], req.now)
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
    return _in_pairs([Button(zones.city(req.language, z), f"timezone:{z}") for z in names])


COMMANDS = (
    Command("lang", Role.SUBSCRIBER, lang, "menu.lang", changes=True, known=True),
    Command("timezone", Role.SUBSCRIBER, timezone, "menu.timezone", changes=True, known=True),
)
