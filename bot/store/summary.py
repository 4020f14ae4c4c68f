"""What a database has done so far, in numbers."""

from dataclasses import dataclass

import sqlalchemy as sa

from bot.store.engine import Tx
from bot.store.schema import alerts, articles, deliveries, feeds


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts since the database was made. waiting: articles not filed yet.

    archived: articles that were in the feeds before the first poll; articles: those that came after it.
    copies: of the articles, those that joined a story: reposts, and outlets' own updates.
    """

    feeds: int
    unpolled: int
    archived: int
    articles: int
    waiting: int
    copies: int
    alerts: int
    edits: int


def summarise(tx: Tx) -> Summary:
    """Return the counts. Reads whole tables: for small databases and rare questions."""

    def number(table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
        return tx.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one()

    live = sa.and_(articles.c.archived.is_(False), articles.c.state == "filed")
    return Summary(
        feeds=number(feeds, feeds.c.retired_at.is_(None)),
        unpolled=number(feeds, feeds.c.retired_at.is_(None), feeds.c.first_polled_at.is_(None)),
        archived=number(articles, articles.c.archived.is_(True)),
        articles=number(articles, live),
        waiting=number(articles, articles.c.state == "new"),
        copies=number(articles, live, articles.c.copy_of.is_not(None)),
        alerts=number(alerts, alerts.c.told_at.is_not(None)),
        edits=number(deliveries, deliveries.c.edit.is_(True), deliveries.c.outcome == "ok"),
    )
