"""The blind-outlet alarm: one notice to the admins when an outlet goes out of sight, one when it is back."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot import render, texts
from bot.domain.model import Message
from bot.domain.rhythm import Notice, Outlook, Sight, notice, outlook
from bot.store import sight, subscribers, updates
from bot.store.engine import Tx

NAMED = 5  # watches in a notice


def look(tx: Tx, admins: Iterable[int], now: datetime) -> list[str]:
    """Compare every outlet with its rhythm and tell the admins what changed; return the outlets' names.

    admins: Telegram user ids; the private chat with a person has the person's id.
    """
    changed = []
    for outlet in sight.watched(tx):
        seen = outlook(outlet.rhythms, now, alarmed=outlet.blind_since is not None)
        if _change(tx, outlet, seen):
            changed.append(outlet.name)
            losers = sight.losers(tx, outlet.outlet_id, now, limit=NAMED)
            for admin in admins:
                _tell(tx, admin, outlet, seen, losers=losers, now=now)
    return changed


def _change(tx: Tx, outlet: sight.Watched, seen: Outlook) -> bool:
    """Note what the admins are to be told, and return whether that falls to this process."""
    match notice(Sight(outlet.blind_why or Sight.SEEN), seen):
        case Notice.LOST if seen.since is not None:
            return sight.lose_sight(tx, outlet.outlet_id, since=seen.since, why=seen.sight.value)
        case Notice.BACK:
            return sight.regain_sight(tx, outlet.outlet_id)
        case _:
            return False


def _tell(
    tx: Tx,
    admin: int,
    outlet: sight.Watched,
    seen: Outlook,
    *,
    losers: Sequence[str],
    now: datetime,
) -> None:
    known = subscribers.find(tx, admin)
    language = known.language if known else ""
    since = seen.since or outlet.blind_since or now
    words = texts.html(
        language,
        f"outlet.{seen.sight.value}",
        outlet=f"{render.flag(outlet.country)} {render.short(outlet.name, 60)}".strip(),
        span=texts.span(language, now - since),
    )
    if losers and seen.sight is not Sight.SEEN:
        named = " · ".join(f"<code>{texts.escape(render.short(q, 80))}</code>" for q in losers)
        lost = texts.html(language, "outlet.losers", queries=texts.Html(named))
        words = texts.Html(f"{words}\n\n{lost}")
    updates.keep_reply(
        tx, chat_id=admin, thread_id=None, edits=None, message=Message(words), now=now
    )
