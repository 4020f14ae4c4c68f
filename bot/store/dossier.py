"""One story with all that is kept of it: articles, who was told and when, attempts, verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.domain.hours import TIMED
from bot.domain.model import Article
from bot.domain.urls import canonical_url
from bot.store import articles as articles_store
from bot.store import ledger
from bot.store.engine import Tx
from bot.store.schema import (
    alerts,
    articles,
    deliveries,
    matches,
    stories,
    subscribers,
    verdicts,
    watches,
)

MOST = 500  # rows of each kind; a story has tens
LARGEST_ID = 2**63 - 1
MERGES = 20  # followed, from a story to the one it turned out to be


@dataclass(frozen=True, slots=True)
class Told:
    """One subscriber's message about the story."""

    alert_id: int
    subscriber_id: int
    chat: str
    state: str
    state_reason: str
    revision: int
    delivered_revision: int
    message_id: int | None
    created_at: datetime
    told_at: datetime | None
    digest_id: int | None
    due_at: datetime

    @property
    def held_until(self) -> datetime | None:
        """Return until when it is held; None: it is not, or until its chat is back."""
        return self.due_at if self.state == "held" and self.state_reason in TIMED else None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to bring a message up to date."""

    at: datetime
    alert_id: int
    revision: int
    edit: bool
    outcome: str
    detail: str
    digest_id: int | None


@dataclass(frozen=True, slots=True)
class Said:
    """One verdict on an article of the story."""

    at: datetime
    kind: str
    article_id: int
    other_id: int
    user_id: int
    chat: str


@dataclass(frozen=True, slots=True)
class Fired:
    """A watch that fired on an article. hits: (term, form, rule, place, start, end)."""

    article_id: int
    watch_id: int
    query: str
    subscriber_id: int
    hits: Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Dossier:
    """All of one story. articles: in order of publication or, undated, of being seen."""

    story_id: int
    opened_at: datetime
    origin_id: int | None
    origin: Mapping[str, Any]
    articles: Sequence[Article]
    lines: Sequence[ledger.Line]
    told: Sequence[Told]
    attempts: Sequence[Attempt]
    verdicts: Sequence[Said]
    fired: Sequence[Fired]


def read_story(tx: Tx, story_id: int) -> Dossier | None:
    """Return a story, or the one it was merged into; None if there is none."""
    row = _follow(tx, story_id)
    if row is None:
        return None
    found = articles_store.of_story(tx, row.id)
    found.sort(key=lambda a: (a.published_at or a.seen_at, a.id))
    ids = [article.id for article in found]
    told = _told(tx, row.id)
    return Dossier(
        story_id=row.id,
        opened_at=row.opened_at,
        origin_id=row.origin_id,
        origin=row.origin or {},
        articles=found,
        lines=ledger.of_articles(tx, ids),
        told=told,
        attempts=_attempts(tx, told),
        verdicts=_verdicts(tx, ids),
        fired=_fired(tx, ids),
    )


def find_article(tx: Tx, url: str) -> Article | None:
    """Return the article at an address, however it is written; None if there is none."""
    try:
        spellings = {url, canonical_url(url)}
    except ValueError:  # no address at all
        return None
    ids = tx.execute(sa.select(articles.c.id).where(articles.c.url.in_(spellings)).limit(1))
    found = articles_store.by_ids(tx, list(ids.scalars()))
    return found[0] if found else None


def is_subscriber(tx: Tx, subscriber_id: int) -> bool:
    """Return whether there is a subscriber with that id."""
    found = sa.select(subscribers.c.id).where(subscribers.c.id == subscriber_id)
    return tx.execute(found).first() is not None


def _follow(tx: Tx, story_id: int) -> Any:
    if story_id > LARGEST_ID:
        return None
    for _ in range(MERGES):
        row = tx.execute(sa.select(stories).where(stories.c.id == story_id)).one_or_none()
        if row is None or row.merged_into is None:
            return row
        story_id = row.merged_into
    return row


def _told(tx: Tx, story_id: int) -> list[Told]:
    rows = tx.execute(
        sa.select(
            alerts.c.id.label("alert_id"),
            alerts.c.subscriber_id,
            subscribers.c.title.label("chat"),
            alerts.c.state,
            alerts.c.state_reason,
            alerts.c.revision,
            alerts.c.delivered_revision,
            alerts.c.message_id,
            alerts.c.created_at,
            alerts.c.told_at,
            alerts.c.digest_id,
            alerts.c.due_at,
        )
        .join_from(alerts, subscribers, subscribers.c.id == alerts.c.subscriber_id)
        .where(alerts.c.story_id == story_id)
        .order_by(alerts.c.id)
        .limit(MOST)
    )
    return [Told(**row) for row in rows.mappings()]


def _attempts(tx: Tx, told: Sequence[Told]) -> list[Attempt]:
    """Return the attempts for these alerts, alone or in a digest."""
    alone = deliveries.c.alert_id.in_([t.alert_id for t in told])
    together = deliveries.c.digest_id.in_({t.digest_id for t in told if t.digest_id})
    # A union: of an OR, SQLite would walk the whole table by id, as the rows are to be in order.
    ids = sa.union(
        sa.select(deliveries.c.id).where(alone),
        sa.select(deliveries.c.id).where(together),
    )
    rows = tx.execute(
        sa.select(
            deliveries.c.at,
            deliveries.c.alert_id,
            deliveries.c.revision,
            deliveries.c.edit,
            deliveries.c.outcome,
            deliveries.c.detail,
            deliveries.c.digest_id,
        )
        .where(deliveries.c.id.in_(ids))
        .order_by(deliveries.c.id)
        .limit(MOST)
    )
    return [Attempt(**row) for row in rows.mappings()]


def _verdicts(tx: Tx, ids: Sequence[int]) -> list[Said]:
    rows = tx.execute(
        sa.select(
            verdicts.c.at,
            verdicts.c.kind,
            verdicts.c.article_id,
            verdicts.c.other_id,
            verdicts.c.user_id,
            subscribers.c.title.label("chat"),
        )
        .join_from(verdicts, subscribers, subscribers.c.id == verdicts.c.subscriber_id)
        .where(verdicts.c.article_id.in_(ids))
        .order_by(verdicts.c.id)
        .limit(MOST)
    )
    return [Said(**row) for row in rows.mappings()]


def _fired(tx: Tx, ids: Sequence[int]) -> list[Fired]:
    rows = tx.execute(
        sa.select(
            matches.c.article_id,
            matches.c.watch_id,
            watches.c.query,
            watches.c.subscriber_id,
            matches.c.hits,
        )
        .join_from(matches, watches, watches.c.id == matches.c.watch_id)
        .where(matches.c.article_id.in_(ids))
        .order_by(matches.c.article_id, matches.c.watch_id)
        .limit(MOST)
    )
    return [Fired(**row) for row in rows.mappings()]
