"""Watches and subscribers: what fires how often, how much of it in vain, what is noisy and what is dead."""

from collections.abc import Collection
from dataclasses import asdict

from bot.config import Chat
from bot.domain.model import ChatKind, Role
from bot.store import chats, console, insight, watches
from bot.store.chats import ChatRule
from bot.store.console import ConsoleRole
from bot.store.engine import Tx
from bot.web.files import as_asked, everything
from bot.web.view import Answer, Build, Moved, Shown, Visit, missing

PAGE = 50
SERVED: dict[str, bool | None] = {"serve": True, "bar": False, "default": None}
MOST_WATCHES = 10_000  # as the setting has it


def show(tx: Tx, visit: Visit) -> Shown:
    """The page of watches; ?subscriber: of one of them only."""
    before, subscriber = visit.number("before"), visit.number("subscriber")
    rows = insight.read_watches(tx, before=before, subscriber_id=subscriber, limit=PAGE + 1)
    first = before is None and subscriber is None
    return Shown(
        "watches.html",
        {
            "title": visit.say("web.watches"),
            "rows": rows[:PAGE],
            "more": rows[PAGE - 1].id if len(rows) > PAGE else None,
            "noisy": insight.read_noisy(tx) if first else (),
            "dead": insight.read_dead(tx, visit.now) if first else (),
            "counted": insight.COUNTED,
        },
    )


def show_subscribers(limits: Chat, admins: Collection[int]) -> Build:
    """Return the page of subscribers: who is served, as what, and how many watches each may have."""

    def page(tx: Tx, visit: Visit) -> Shown:
        rows = insight.read_subscribers(tx, before=visit.number("before"), limit=PAGE + 1)
        rules = chats.rules_of(tx, [row.chat_id for row in rows])
        return Shown(
            "subscribers.html",
            {
                "title": visit.say("web.subscribers"),
                "rows": rows[:PAGE],
                "more": rows[PAGE - 1].id if len(rows) > PAGE else None,
                "rules": rules,
                "all_rules": chats.all_rules(tx) if visit.role is ConsoleRole.ADMIN else (),
                "served": {
                    row.chat_id: chats.is_served(
                        rules.get(row.chat_id, ChatRule(row.chat_id)), limits.allow
                    )
                    for row in rows
                },
                "allow": sorted(limits.allow),
                "most": {
                    row.chat_id: limits.of(
                        Role.ADMIN if row.chat_id in admins else Role.SUBSCRIBER,
                        ChatKind(row.kind),
                    ).watches_per_subscriber
                    for row in rows
                },
                "admins": admins,
            },
        )

    return page


def change_subscriber(tx: Tx, visit: Visit) -> Answer:
    """Serve a chat, or not, or as the settings say; or let it have so many watches."""
    chat_id, act = _chat(str(visit.form.get("chat", ""))), str(visit.form.get("act", ""))
    if chat_id is None or act not in (*SERVED, "limit"):
        return missing(visit)
    by = visit.session.user_id
    if act == "limit":
        most = visit.number("most")
        if most is not None and not 1 <= most <= MOST_WATCHES:
            return missing(visit)
        chats.limit(tx, chat_id, most, by=by, now=visit.now)
    else:
        chats.serve(tx, chat_id, SERVED[act], by=by, now=visit.now)
    detail = {"watches": visit.number("most")} if act == "limit" else {}
    console.note(tx, by, f"chat {act}", target=str(chat_id), detail=detail, now=visit.now)
    return Moved("/subscribers", "web.done_chat")


def _chat(text: str) -> int | None:
    """Return the id of a chat; those of groups are negative."""
    digits = text.strip().removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 18 and int(digits)):
        return None
    return int(text.strip())


def export(tx: Tx, visit: Visit) -> Answer:
    """The watches of the page as a file."""

    def read(before: int | None, limit: int) -> list[insight.WatchRow]:
        subscriber = visit.number("subscriber")
        return insight.read_watches(tx, before=before, subscriber_id=subscriber, limit=limit)

    rows = everything(read, lambda row: row.id)
    lines = [asdict(row) | {"precision": row.precision} for row in rows]
    return as_asked(visit, lines, "watches")


def export_subscribers(tx: Tx, visit: Visit) -> Answer:
    """The subscribers as a file."""

    def read(before: int | None, limit: int) -> list[insight.SubscriberRow]:
        return insight.read_subscribers(tx, before=before, limit=limit)

    return as_asked(visit, [asdict(r) for r in everything(read, lambda r: r.id)], "subscribers")


def stop(tx: Tx, visit: Visit) -> Answer:
    """Stop somebody's watch."""
    watch_id, owner = visit.number("watch"), visit.number("owner")
    if watch_id is None or owner is None:
        return missing(visit)
    stopped = watches.stop(tx, owner, watch_id, visit.now)
    if stopped is None:
        return missing(visit)
    console.note(
        tx,
        visit.session.user_id,
        "watch stop",
        target=stopped.query,
        detail={"watch": watch_id, "subscriber": owner},
        now=visit.now,
    )
    return Moved("/watches", "web.done_stop")
