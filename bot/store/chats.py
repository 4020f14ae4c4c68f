"""What admins decided of single chats: whether they are served, and how many watches they may have.

A rule stands over `chat.allow` and `chat.watches_per_subscriber`; what it leaves open is as they say.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.domain.model import SubscriberState
from bot.store import subscribers
from bot.store.engine import Tx, insert
from bot.store.schema import chat_rules
from bot.store.schema import subscribers as table

SHUT_OUT = "not served"  # state_reason of a subscriber whom a rule shut out
MOST = 1_000


@dataclass(frozen=True, slots=True)
class ChatRule:
    """One chat's rule. served, watches: None where it is as the settings say."""

    chat_id: int
    served: bool | None = None
    watches: int | None = None
    set_by: int = 0
    set_at: datetime | None = None


def rule_of(tx: Tx, chat_id: int) -> ChatRule:
    """Return a chat's rule, an empty one where there is none."""
    row = tx.execute(sa.select(chat_rules).where(chat_rules.c.chat_id == chat_id)).mappings()
    found = row.one_or_none()
    return ChatRule(**found) if found else ChatRule(chat_id)


def rules_of(tx: Tx, chat_ids: Collection[int]) -> Mapping[int, ChatRule]:
    """Return the rules that these chats have."""
    rows = tx.execute(sa.select(chat_rules).where(chat_rules.c.chat_id.in_(list(chat_ids))))
    return {row["chat_id"]: ChatRule(**row) for row in rows.mappings()}


def all_rules(tx: Tx) -> list[ChatRule]:
    """Return every rule, by chat."""
    rows = tx.execute(sa.select(chat_rules).order_by(chat_rules.c.chat_id).limit(MOST))
    return [ChatRule(**row) for row in rows.mappings()]


def is_served(rule: ChatRule, allow: Collection[int]) -> bool:
    """Return whether a chat is served. allow: of the settings; empty, everybody is."""
    if rule.served is not None:
        return rule.served
    return not allow or rule.chat_id in allow


def serve(tx: Tx, chat_id: int, served: bool | None, *, by: int, now: datetime) -> None:
    """Serve a chat, or not, or as the settings say (None). One shut out has its alerts held."""
    _put(tx, chat_id, {"served": served}, by=by, now=now)
    # A forum has a subscriber for each of its topics.
    known = sa.select(table.c.id, table.c.state_reason)
    for row in tx.execute(known.where(table.c.chat_id == chat_id)).all():
        if served is False:
            subscribers.set_state(tx, row.id, SubscriberState.GONE, now=now, reason=SHUT_OUT)
        elif row.state_reason == SHUT_OUT:
            subscribers.set_state(tx, row.id, SubscriberState.ACTIVE, now=now)


def heed(tx: Tx, allow: Collection[int], *, admins: Collection[int], now: datetime) -> None:
    """Hold what is for chats that are not served any more, and let go what was held for those that are.

    admins: Telegram user ids, as of their private chats, which are served always.
    """
    rules = {rule.chat_id: rule for rule in all_rules(tx)}
    known = sa.select(table.c.id, table.c.chat_id, table.c.state, table.c.state_reason)
    for row in tx.execute(known).all():
        rule = rules.get(row.chat_id) or ChatRule(row.chat_id)
        served = row.chat_id in admins or is_served(rule, allow)
        if served and row.state_reason == SHUT_OUT:
            subscribers.set_state(tx, row.id, SubscriberState.ACTIVE, now=now)
        elif not served and row.state != SubscriberState.GONE.value:
            subscribers.set_state(tx, row.id, SubscriberState.GONE, now=now, reason=SHUT_OUT)


def limit(tx: Tx, chat_id: int, most: int | None, *, by: int, now: datetime) -> None:
    """Let a chat have so many watches; None: as the settings say. Those above stay until it stops them."""
    _put(tx, chat_id, {"watches": most}, by=by, now=now)


def _put(tx: Tx, chat_id: int, values: Mapping[str, object], *, by: int, now: datetime) -> None:
    put = {**values, "set_by": by, "set_at": now}
    new = insert(tx, chat_rules).values(chat_id=chat_id, **put)
    tx.execute(new.on_conflict_do_update(index_elements=[chat_rules.c.chat_id], set_=put))
    empty = chat_rules.c.served.is_(None) & chat_rules.c.watches.is_(None)
    tx.execute(chat_rules.delete().where(chat_rules.c.chat_id == chat_id, empty))
