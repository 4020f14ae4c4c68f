"""Watches to start from, by country: chosen by a tap at /start, changed and stopped like any other."""

from bot import texts
from bot.chat.command import Command, Reply, Request, in_rows
from bot.domain.model import Button, Role
from bot.domain.query import parse_query
from bot.render import flag
from bot.store import subscribers, watches
from bot.store.engine import Tx

# Names alone: a watch hears them in every script and language.
PACKS = {
    "AM": ("Armenia", "Pashinyan", "Yerevan", "Syunik OR Meghri OR Goris"),
    "AZ": ("Azerbaijan", "Aliyev", "Baku", "Lachin OR Shusha OR Nakhchivan"),
    "GE": ("Georgia", "Tbilisi", "Kobakhidze OR Ivanishvili", "Abkhazia OR Tskhinvali"),
    "TR": ("Turkey", "Erdogan", "Ankara OR Istanbul"),
    "UA": ("Ukraine", "Zelensky", "Kyiv OR Kharkiv OR Odesa"),
    "RU": ("Russia", "Putin", "Moscow OR Dagestan OR Chechnya"),
}


def packs(tx: Tx, req: Request) -> Reply:
    """Button of /start: show the countries."""
    buttons = [
        Button(f"{flag(c)} {texts.country_name(req.language, c)}", f"pack:{c}") for c in PACKS
    ]
    return Reply("packs.ask", buttons=in_rows(buttons, 2), edit=True)


def pack(tx: Tx, req: Request) -> Reply:
    """Button: start the watches of a country, those that are not there yet and for which there is room."""
    if req.argument not in PACKS:
        return Reply(toast="toast.stale")
    subscriber = subscribers.enrol(tx, req.subscriber, req.now)
    room = req.limits.watches_per_subscriber - watches.count(tx, subscriber.id)
    queries = [str(parse_query(text)) for text in PACKS[req.argument]]
    new = [q for q in queries if watches.same(tx, subscriber.id, q) is None][: max(0, room)]
    for query in new:
        watches.add(tx, subscriber.id, query, req.now)
    row = (req.button("button.packs", "packs"), req.button("button.watches", "watches"))
    return Reply("import.done", {"n": len(new)}, (row,), edit=True)


COMMANDS = (
    Command("packs", Role.SUBSCRIBER, packs, typed=False),
    Command("pack", Role.SUBSCRIBER, pack, changes=True, typed=False),
)
