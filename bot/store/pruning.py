"""What is let go when its days are over, in small batches; what is still needed stays whatever its age.

Each function looks at the next `limit` rows in the order of an index, beginning after a mark, and returns
the mark to go on from, None where the rows are young enough from there on. So rows that must stay are
passed once in a run, and no query reads a table whole.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.domain import needles
from bot.domain.article import document_of
from bot.store.archive import MAX_WORDS
from bot.store.articles import by_ids
from bot.store.engine import Tx
from bot.store.schema import (
    alerts,
    archive,
    articles,
    decisions,
    deliveries,
    digests,
    matches,
    verdicts,
)

Mark = int
_BEHIND = alerts.c.revision > alerts.c.delivered_revision  # waits for its message, or is held
_DELETE_WORDS = sa.text(
    "INSERT INTO archive_words (archive_words, rowid, words) VALUES ('delete', :id, :words)"
)


def clear_texts(
    tx: Tx, *, after: Mark, before: datetime, open_since: datetime, limit: int
) -> Mark | None:
    """Let go of old articles' texts, sketches and places in the archive; title, summary and address stay.

    before: of publication. open_since: a story with an article seen since then is open, and keeps its
    texts, as do those that an undelivered alert or a verdict is about.
    """
    rows, mark = _next(tx, archive, archive.c.at, after, before=before, limit=limit)
    chosen = (
        sa.select(archive.c.id, archive.c.article_id)
        .join_from(archive, articles, articles.c.id == archive.c.article_id)
        .where(archive.c.id.in_(rows), articles.c.state == "filed")
        .where(~_spoken_of(articles.c.id), ~_waited_for(articles.c.story_id))
        .where(~_is_open(articles.c.story_id, open_since))
    )
    found = {row.article_id: row.id for row in tx.execute(chosen)}
    if tx.dialect.name == "sqlite":
        for article in by_ids(
            tx, list(found)
        ):  # its index of words cannot forget a row by number alone
            words = " ".join(sorted(needles.keys(document_of(article)))[:MAX_WORDS])
            tx.execute(_DELETE_WORDS, {"id": found[article.id], "words": words})
    tx.execute(archive.delete().where(archive.c.id.in_(list(found.values()))))
    textless = articles.update().where(articles.c.id.in_(list(found)))
    tx.execute(textless.values(body="", sketch=None))
    return mark


def clear_deliveries(tx: Tx, *, after: Mark, before: datetime, limit: int) -> Mark | None:
    """Let go of old attempts at messages, except of those that are still to be brought up to date."""
    rows, mark = _next(tx, deliveries, deliveries.c.at, after, before=before, limit=limit)
    waiting = sa.exists().where(alerts.c.id == deliveries.c.alert_id, _BEHIND)
    tx.execute(deliveries.delete().where(deliveries.c.id.in_(rows), ~waiting))
    return mark


def clear_digests(tx: Tx, *, after: Mark, before: datetime, limit: int) -> Mark | None:
    """Let go of old digests that no alert is told in any more: while one is, their buttons turn pages."""
    rows, mark = _next(tx, digests, digests.c.created_at, after, before=before, limit=limit)
    told = sa.exists().where(alerts.c.digest_id == digests.c.id)
    tx.execute(digests.delete().where(digests.c.id.in_(rows), ~told))
    return mark


def clear_decisions(tx: Tx, *, after: Mark, before: datetime, limit: int) -> Mark | None:
    """Let go of old rows of the ledger and why their watches fired, except where a verdict speaks of them."""
    rows, mark = _next(tx, decisions, decisions.c.at, after, before=before, limit=limit)
    old = (
        sa.select(decisions.c.id, decisions.c.article_id)
        .where(decisions.c.id.in_(rows), ~_spoken_of(decisions.c.article_id))
        .where(~_article_waits(decisions.c.article_id))
    )
    found = {row.id: row.article_id for row in tx.execute(old)}
    tx.execute(decisions.delete().where(decisions.c.id.in_(list(found))))
    ids = sorted(set(found.values()))
    left = sa.exists().where(decisions.c.article_id == matches.c.article_id)
    tx.execute(matches.delete().where(matches.c.article_id.in_(ids), ~left))
    return mark


def clear_alerts(
    tx: Tx, *, after: Mark, before: datetime, open_since: datetime, limit: int
) -> Mark | None:
    """Let go of old alerts whose message shows all there is to show and whose story is closed."""
    rows, mark = _next(tx, alerts, alerts.c.created_at, after, before=before, limit=limit)
    done = sa.or_(~_BEHIND, alerts.c.state.in_(("failed", "muted", "merged")))
    closed = ~_is_open(alerts.c.story_id, open_since)
    tx.execute(alerts.delete().where(alerts.c.id.in_(rows), done, closed))
    return mark


def _next(
    tx: Tx, table: sa.Table, at: sa.Column[datetime], after: Mark, *, before: datetime, limit: int
) -> tuple[list[int], Mark | None]:
    """Return the ids of the next old rows, and the mark to go on from."""
    some = sa.select(table.c.id, at).where(table.c.id > after).order_by(table.c.id).limit(limit)
    found: Sequence[Any] = tx.execute(some).all()
    old = [row[0] for row in found if row[1] < before]
    # Ids follow time but for moments: a batch without an old row is where the young begin.
    return old, found[-1][0] if len(found) == limit and old else None


def _spoken_of(article_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    return sa.or_(
        sa.exists().where(verdicts.c.article_id == article_id),
        sa.exists().where(verdicts.c.other_id == article_id),
    )


def _waited_for(story_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        alerts.c.story_id == story_id, _BEHIND, alerts.c.state.in_(("open", "held"))
    )


def _article_waits(article_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    of = sa.select(articles.c.story_id).where(articles.c.id == article_id)
    return _waited_for(of.correlate(decisions).scalar_subquery())


def _is_open(story_id: sa.ColumnElement[int], since: datetime) -> sa.ColumnElement[bool]:
    others = articles.alias("others")
    return sa.exists().where(others.c.story_id == story_id, others.c.seen_at >= since)
