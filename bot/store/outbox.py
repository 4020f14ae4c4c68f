"""The outbox: what is due, with what each message is to show."""

from collections.abc import Collection
from datetime import datetime

from bot.domain.model import AlertView, Due
from bot.store import alerts, articles, digests
from bot.store.engine import Tx


def load_due(
    tx: Tx,
    now: datetime,
    *,
    limit: int,
    lease_s: int,
    busy: Collection[int] = (),
    digest_over: int | None = None,
) -> list[Due]:
    """Claim alerts and read what each is to show, in one transaction.

    What was held until now comes out first. digest_over: see alerts.claim_due.
    """
    digests.gather(tx, now, busy=busy)
    claimed = alerts.claim_due(
        tx, now, limit=limit, lease_s=lease_s, busy=busy, digest_over=digest_over
    )
    return [
        digests.view(tx, alert)
        if alert.digest_id
        else AlertView(alert, articles.view_story(tx, alert.story_id, alert.subscriber_id))
        for alert in claimed
    ]
