"""The log of deliveries, read back: for the flood limits, and for who asks when a message was edited."""

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


def edited_at(tx: Tx, alert_id: int) -> datetime | None:
    """Return when an alert's message was last edited, None if it never was."""
    edits = (
        deliveries.c.alert_id == alert_id,
        deliveries.c.edit,
        deliveries.c.outcome == Sent.OK.value,
    )
    at: datetime | None = tx.execute(sa.select(sa.func.max(deliveries.c.at)).where(*edits)).scalar()
    return at
