"""Stories that are mended: an article leaves one and joins another, and the messages follow.

Everything here wants all stories to be locked (locks.lock_stories).
"""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from bot.store import alerts
from bot.store.articles import open_story
from bot.store.engine import Tx
from bot.store.schema import alerts as alerts_table
from bot.store.schema import articles, matches, stories, watches


def move_article(
    tx: Tx,
    article_id: int,
    story_id: int | None,
    *,
    copy_of: int | None,
    evidence: Mapping[str, object],
    now: datetime,
) -> int:
    """Put an article into another story, or into one of its own (None), and return that story's id.

    Messages already sent are corrected: those of the story it leaves lose it, those of the story it
    joins gain it. A subscriber whose watch matched it has a message about the story it is in now.
    """
    old = tx.execute(sa.select(articles.c.story_id).where(articles.c.id == article_id)).scalar_one()
    new = open_story(tx, article_id, now) if story_id is None else story_id
    if new == old:
        return new
    tx.execute(
        articles.update()
        .where(articles.c.id == article_id)
        .values(story_id=new, copy_of=copy_of, evidence=dict(evidence) or None)
    )
    rest = tx.execute(
        sa.select(articles.c.id).where(articles.c.story_id == old).order_by(articles.c.id).limit(1)
    ).scalar()
    if rest is None:
        _merge(tx, old, new)
    else:
        tx.execute(
            stories.update()
            .where(stories.c.id == old, stories.c.origin_id == article_id)
            .values(origin_id=rest, origin=None)
        )
        revise(tx, old)
    revise(tx, new)
    told = alerts.subscribers_told(tx, new)
    fired = _interested(tx, article_id)
    alerts.raise_or_revise(tx, {s: w for s, w in fired.items() if s not in told}, new, now)
    return new


def _merge(tx: Tx, old: int, new: int) -> None:
    """Let a story that became empty go on as another; a chat told of both sees the same in both messages."""
    told = sa.select(alerts_table.c.subscriber_id).where(alerts_table.c.story_id == new)
    tx.execute(
        alerts_table.update()
        .where(alerts_table.c.story_id == old, alerts_table.c.subscriber_id.not_in(told))
        .values(story_id=new)
    )
    # What was merged into it before goes on with it: a message finds its story in one step.
    earlier = sa.select(stories.c.id).where(stories.c.merged_into == old)
    for story_id in tx.execute(earlier).scalars().all():
        revise(tx, story_id)
    ended = sa.or_(stories.c.id == old, stories.c.merged_into == old)
    tx.execute(stories.update().where(ended).values(merged_into=new))
    # Nobody is told twice: a message that is not out yet need not go out at all.
    waiting = (alerts_table.c.story_id == old) & alerts_table.c.message_id.is_(None)
    tx.execute(
        alerts_table.update()
        .where(waiting)
        .values(
            state="merged", state_reason=f"story {new}", delivered_revision=alerts_table.c.revision
        )
    )
    revise(tx, old)


def revise(tx: Tx, story_id: int) -> None:
    """Let every message about a story be shown anew."""
    tx.execute(
        alerts_table.update()
        .where(alerts_table.c.story_id == story_id, alerts_table.c.state != "merged")
        .values(revision=alerts_table.c.revision + 1)
    )


def _interested(tx: Tx, article_id: int) -> dict[int, list[int]]:
    """Return, by subscriber, the watches that the article fulfils."""
    rows = tx.execute(
        sa.select(watches.c.subscriber_id, watches.c.id)
        .join_from(matches, watches)
        .where(matches.c.article_id == article_id, watches.c.stopped_at.is_(None))
    )
    found: dict[int, list[int]] = {}
    for row in rows:
        found.setdefault(row.subscriber_id, []).append(row.id)
    return found
