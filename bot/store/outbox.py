"""The outbox: what is due, with what each message is to show."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.domain.model import Alert, AlertView, Due
from bot.store import alerts, articles, digests
from bot.store.engine import Tx
from bot.store.schema import alerts as alerts_table
from bot.store.schema import articles as articles_table
from bot.store.schema import matches, stories, watches


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

    What was held until now comes out first. What only watches fired for that were stopped since stays
    untold. digest_over: see alerts.claim_due.
    """
    digests.gather(tx, now, busy=busy)
    claimed = alerts.claim_due(
        tx, now, limit=limit, lease_s=lease_s, busy=busy, digest_over=digest_over
    )
    unwanted = _withdraw(tx, claimed)
    due: list[Due] = []
    for alert in claimed:
        if alert.digest_id:
            digest = digests.view(tx, alert)
            due += [digest] if digest.covers else []
        elif alert.id not in unwanted:
            story = articles.view_story(tx, alert.story_id, alert.subscriber_id)
            due.append(AlertView(alert, story))
    return due


def _withdraw(tx: Tx, claimed: Sequence[Alert]) -> set[int]:
    """Take out of the outbox, and return, what only watches fired for that are stopped by now.

    One that was stopped and begun again by the same query goes on. What a chat has been told stays as it is.
    """
    again = watches.alias("again")
    goes_on = sa.exists().where(
        again.c.subscriber_id == watches.c.subscriber_id,
        again.c.query == watches.c.query,
        again.c.stopped_at.is_(None),
    )
    shown = sa.func.coalesce(stories.c.merged_into, stories.c.id)
    together = {alert.digest_id for alert in claimed if alert.digest_id}
    mine = sa.or_(
        alerts_table.c.id.in_([alert.id for alert in claimed]),
        alerts_table.c.digest_id.in_(together),
    )
    fired = (
        sa.select(alerts_table.c.id)
        .join_from(alerts_table, stories, stories.c.id == alerts_table.c.story_id)
        .join(articles_table, articles_table.c.story_id == shown)
        .join(matches, matches.c.article_id == articles_table.c.id)
        .join(watches, watches.c.id == matches.c.watch_id)
        .where(mine, alerts_table.c.message_id.is_(None), alerts_table.c.state == "open")
        .where(watches.c.subscriber_id == alerts_table.c.subscriber_id)
        .group_by(alerts_table.c.id)
        .having(sa.func.max(sa.case((goes_on, 1), else_=0)) == 0)
    )
    unwanted = set(tx.execute(fired).scalars())
    if unwanted:
        values = {"state": "stopped", "digest_id": None, "attempts": 0}
        tx.execute(alerts_table.update().where(alerts_table.c.id.in_(unwanted)).values(**values))
    return unwanted
