"""The archive: every filed article, found by the beginnings of its words. See bot/domain/needles.py."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

from bot.domain.model import Article, Document
from bot.domain.needles import Both, Either, Needle, Starts
from bot.store.engine import Tx
from bot.store.schema import archive, articles, outlets, searches

MAX_WORDS = 5_000  # of one article; a page longer than that is a list of something


def enter(tx: Tx, article: Article, keys: Iterable[str]) -> None:
    """Make an article findable by these keys, in place of those it had before."""
    words = sorted(keys)[:MAX_WORDS]
    tx.execute(archive.delete().where(archive.c.article_id == article.id))
    at = min(article.published_at or article.seen_at, article.seen_at)
    values: dict[str, Any] = {"article_id": article.id, "at": at, "outlet_id": article.outlet_id}
    if tx.dialect.name == "postgresql":
        values["words"] = sa.func.array_to_tsvector(sa.cast(words, ARRAY(sa.Text)))
        tx.execute(archive.insert().values(**values))
        return
    new = tx.execute(archive.insert().values(**values).returning(archive.c.id)).scalar_one()
    tx.execute(
        sa.text("INSERT INTO archive_words (rowid, words) VALUES (:id, :words)"),
        {"id": new, "words": " ".join(words)},
    )


def _fts(wanted: Needle) -> str:
    """Return a needle as FTS5 reads it."""
    match wanted:
        case Starts(texts):
            return "(" + " OR ".join(f'"{_bare(t)}" *' for t in sorted(texts)) + ")"
        case Both(parts):
            return "(" + " AND ".join(map(_fts, parts)) + ")"
        case Either(parts):
            return "(" + " OR ".join(map(_fts, parts)) + ")"


def _tsquery(wanted: Needle) -> str:
    """Return a needle as PostgreSQL's tsquery."""
    match wanted:
        case Starts(texts):
            return "(" + " | ".join(f"'{_bare(t)}':*" for t in sorted(texts)) + ")"
        case Both(parts):
            return "(" + " & ".join(map(_tsquery, parts)) + ")"
        case Either(parts):
            return "(" + " | ".join(map(_tsquery, parts)) + ")"


def _bare(text: str) -> str:
    """Return a word without what either language would read as its own: keys have no such letters."""
    return "".join(c for c in text if c.isalnum() or ord(c) > 127)


def _hits(tx: Tx, wanted: Needle | None, since: datetime) -> sa.Select[Any]:
    """Return the select of what the index finds since then. None: every article."""
    found = sa.select(archive.c.id, archive.c.article_id, archive.c.at, archive.c.outlet_id)
    if wanted is None:
        return found.where(archive.c.at >= since)
    if tx.dialect.name == "postgresql":
        query = sa.cast(_tsquery(wanted), sa.dialects.postgresql.TSQUERY)
        return found.where(
            sa.cast(archive.c.words, TSVECTOR).op("@@")(query), archive.c.at >= since
        )
    words = sa.table("archive_words", sa.column("rowid"), sa.column("archive_words"))
    matching = words.c.archive_words.op("MATCH")(_fts(wanted))
    joined = found.join_from(words, archive, archive.c.id == words.c.rowid)
    return joined.where(matching, archive.c.at >= since)


@dataclass(frozen=True, slots=True)
class Found:
    """What the index has for a needle: the newest articles' ids, and how many there are in all."""

    ids: Sequence[int]
    total: int


def find(tx: Tx, wanted: Needle | None, *, since: datetime, limit: int) -> Found:
    """Return the newest candidates since then, and their number. `wanted` says what is indexed of them.

    On PostgreSQL the CTE is materialised, or the planner would walk the whole archive from its end for
    a rare word.
    """
    if tx.dialect.name == "postgresql":
        hits = (
            _hits(tx, wanted, since).cte("hits").prefix_with("MATERIALIZED", dialect="postgresql")
        )
        newest = sa.select(hits.c.article_id, sa.func.count().over()).order_by(hits.c.id.desc())
        rows = tx.execute(newest.limit(limit)).all()
        return Found([row[0] for row in rows], rows[0][1] if rows else 0)
    plain = _hits(tx, wanted, since)
    newest = plain.with_only_columns(archive.c.article_id)
    ids = tx.execute(newest.order_by(archive.c.id.desc()).limit(limit)).scalars().all()
    total = len(ids)
    if total == limit:
        counted = sa.select(sa.func.count()).select_from(plain.subquery())
        total = tx.execute(counted).scalar_one()
    return Found(ids, total)


@dataclass(frozen=True, slots=True)
class Mention:
    """How many articles of an outlet on a day the index has. day: "2026-11-23", UTC."""

    day: str
    outlet_id: int
    outlet: str
    country: str
    n: int


def mentions(tx: Tx, wanted: Needle | None, *, since: datetime) -> list[Mention]:
    """Return the candidates since then by day and outlet."""
    hits = _hits(tx, wanted, since).cte("hits").prefix_with("MATERIALIZED", dialect="postgresql")
    if tx.dialect.name == "postgresql":
        day = sa.func.to_char(sa.func.timezone("UTC", hits.c.at), "YYYY-MM-DD")
    else:
        day = sa.func.strftime("%Y-%m-%d", hits.c.at)
    counted = (
        sa.select(day.label("day"), hits.c.outlet_id, sa.func.count().label("n"))
        .group_by(sa.text("1"), hits.c.outlet_id)
        .subquery()
    )
    rows = tx.execute(
        sa.select(
            counted.c.day, counted.c.outlet_id, outlets.c.name, outlets.c.country, counted.c.n
        )
        .join_from(counted, outlets, outlets.c.id == counted.c.outlet_id)
        .order_by(counted.c.day, outlets.c.name)
    )
    return [Mention(*row) for row in rows]


def first_at(tx: Tx) -> datetime | None:
    """Return when the archive begins, None if it is empty."""
    return tx.execute(sa.select(sa.func.min(archive.c.at))).scalar()


@dataclass(frozen=True, slots=True)
class Kept:
    """An article of the archive as a list of results shows it."""

    id: int
    story_id: int | None
    url: str
    title: str
    outlet: str
    country: str
    at: datetime


VERIFIED_CHARS = 20_000  # of a body; what stands further down is not worth a second


def documents(tx: Tx, ids: Sequence[int]) -> list[tuple[Kept, Document]]:
    """Return those articles, newest first, with what the matcher reads of them."""
    statement = (
        sa.select(
            articles.c.id,
            articles.c.story_id,
            articles.c.url,
            articles.c.title,
            articles.c.summary,
            sa.func.substr(articles.c.body, 1, VERIFIED_CHARS).label("body"),
            articles.c.language,
            articles.c.author,
            outlets.c.name.label("outlet"),
            outlets.c.country,
            archive.c.at,
        )
        .join_from(archive, articles, articles.c.id == archive.c.article_id)
        .join(outlets, outlets.c.id == articles.c.outlet_id)
        .where(archive.c.article_id.in_(ids))
        .order_by(archive.c.id.desc())
    )
    return [(_kept(row), _document(row)) for row in tx.execute(statement).mappings()]


def _kept(row: sa.RowMapping) -> Kept:
    return Kept(**{name: row[name] for name in Kept.__slots__})


def _document(row: sa.RowMapping) -> Document:
    return Document(
        title=row["title"],
        summary=row["summary"],
        body=row["body"],
        language=row["language"],
        outlet=row["outlet"],
        country=row["country"],
        author=row["author"],
        url=row["url"],
    )


def note_search(tx: Tx, subscriber_id: int, query: str, now: datetime) -> int:
    """Keep what a chat searched for, for the pages that follow; return its number. A day is enough."""
    old = searches.c.at < now - timedelta(days=1)
    tx.execute(searches.delete().where(searches.c.subscriber_id == subscriber_id, old))
    new = searches.insert().values(subscriber_id=subscriber_id, query=query, at=now)
    number: int = tx.execute(new.returning(searches.c.id)).scalar_one()
    return number


def search_of(tx: Tx, subscriber_id: int, number: int) -> str | None:
    """Return what that search was for, None if it is forgotten or another chat's."""
    mine = searches.c.subscriber_id == subscriber_id, searches.c.id == number
    return tx.execute(sa.select(searches.c.query).where(*mine)).scalar()


def count_searches(tx: Tx, subscriber_id: int, since: datetime) -> int:
    """Return how often a chat has searched since then."""
    mine = searches.c.subscriber_id == subscriber_id, searches.c.at >= since
    return tx.execute(sa.select(sa.func.count()).select_from(searches).where(*mine)).scalar_one()
