"""The log of deliveries, read back: what was sent in the last minute, for the flood limits."""

from datetime import datetime

import sqlalchemy as sa

from bot.domain.model import Sent
from bot.store.engine import Tx
from bot.store.schema import alerts, deliveries, subscribers

MOST = 2_000  # more than 61 seconds hold at Telegram's overall limit


def sent_since(tx: Tx, since: datetime) -> list[tuple[int, datetime]]:
    """Return (chat id, time) of the messages and edits that went out since then, oldest first."""
    newest = sa.select(deliveries).order_by(deliveries.c.id.desc()).limit(MOST).subquery()
    rows = tx.execute(
        sa.select(subscribers.c.chat_id, newest.c.at)
        .join_from(newest, alerts, alerts.c.id == newest.c.alert_id)
        .join(subscribers, subscribers.c.id == alerts.c.subscriber_id)
        .where(newest.c.at > since, newest.c.outcome.in_((Sent.OK.value, Sent.UNCERTAIN.value)))
        .order_by(newest.c.id)
    )
    return [(row.chat_id, row.at) for row in rows]
