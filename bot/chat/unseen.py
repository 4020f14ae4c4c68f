"""What subscribers see of outlets that went out of sight: a watch is no better than its outlets."""

from bot.chat.command import Request
from bot.domain.rhythm import Sight
from bot.render import MAX_OUTLET, flag, short
from bot.store import sight
from bot.store.engine import Tx
from bot.texts import span

NAMED = 3  # the rest is a number: the page is about watches
MOST = 1_000  # counted


def unseen_lines(tx: Tx, req: Request) -> list[str]:
    """Return a line for each outlet out of sight, the latest first, as HTML; [] if all are seen."""
    found = sight.blind(tx, limit=MOST)
    lines: list[str] = []
    for outlet in found[:NAMED]:
        key = "watches.silent" if outlet.why == Sight.SILENT else "watches.failing"
        name = f"{flag(outlet.country)} {short(outlet.name, MAX_OUTLET)}".strip()
        lines.append(req.say(key, outlet=name, span=span(req.language, req.now - outlet.since)))
    if len(found) > NAMED:
        lines.append(req.say("watches.unseen_more", n=len(found) - NAMED))
    return lines
