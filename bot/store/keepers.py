"""Who looks after a channel, or a group, from a private chat.

Only whom to offer it to, and whom to tell of it: whether they may, Telegram is asked at each command.
"""

import sqlalchemy as sa

from bot.domain.model import ChatKind, SubscriberState
from bot.store.engine import Tx, insert
from bot.store.schema import keepers, subscribers


def add(tx: Tx, subscriber_id: int, user_id: int) -> None:
    """Note that a person looks after a chat."""
    new = insert(tx, keepers).values(subscriber_id=subscriber_id, user_id=user_id)
    tx.execute(new.on_conflict_do_nothing())


def channels_of(tx: Tx, user_id: int, *, limit: int) -> list[tuple[int, str]]:
    """Return (subscriber id, title) of the channels that a person looks after and the bot may post in."""
    rows = tx.execute(
        sa.select(subscribers.c.id, subscribers.c.title)
        .join_from(keepers, subscribers)
        .where(
            keepers.c.user_id == user_id,
            subscribers.c.kind == ChatKind.CHANNEL.value,
            subscribers.c.state != SubscriberState.GONE.value,
        )
        .order_by(subscribers.c.title, subscribers.c.id)
        .limit(limit)
    )
    return [(row.id, row.title) for row in rows]


def of_chat(tx: Tx, subscriber_id: int) -> list[int]:
    """Return the Telegram user ids of those who look after a chat."""
    mine = sa.select(keepers.c.user_id).where(keepers.c.subscriber_id == subscriber_id)
    return list(tx.execute(mine.order_by(keepers.c.user_id)).scalars())
