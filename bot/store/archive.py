"""The archive: every filed article, found by the beginnings of its words. See bot/domain/needles.py."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, TSVECTOR

from bot.domain.model import Article, Document
from bot.domain.needles import Both, Either, Needle, Starts
from bot.store.engine import Tx
from bot.store.schema import archive, articles, outlets, searches

MAX_WORDS = 5_000  # of one article; a page longer than that is a list of something


def enter(tx: Tx, article: Article, keys: Iterable[str]) -> None:
    """Make an article findable by these keys, in place of those it had before if it has a story already."""
    words = sorted(keys)[:MAX_WORDS]
    if article.story_id is not None:
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


MOST = 20_000  # candidates that are counted one by one; beyond, their density tells
_FLOOR_SAMPLE = 1_000


def _floor(tx: Tx, since: datetime) -> int:
    """Return an id below which no article is as young as that; the index knows ids, not times.

    Articles are filed in the order they are seen, and are published before: the first by publication
    is not quite the first by id.
    """
    first = sa.select(archive.c.id).where(archive.c.at >= since).order_by(archive.c.at)
    lowest = sa.select(sa.func.min(first.limit(_FLOOR_SAMPLE).subquery().c.id))
    return tx.execute(lowest).scalar() or 0


def _newest_id(tx: Tx) -> int:
    return tx.execute(sa.select(sa.func.max(archive.c.id))).scalar() or 0


def _matching(tx: Tx, wanted: Needle | None, floor: int) -> tuple[sa.Select[Any], Any]:
    """Return the select of the ids that the index finds from that id on, and its column."""
    if wanted is None:
        return sa.select(archive.c.id).where(archive.c.id >= floor), archive.c.id
    if tx.dialect.name == "postgresql":
        query = sa.cast(_tsquery(wanted), TSQUERY)
        found = sa.cast(archive.c.words, TSVECTOR).op("@@")(query)
        return sa.select(archive.c.id).where(found, archive.c.id >= floor), archive.c.id
    words = sa.table("archive_words", sa.column("rowid"), sa.column("archive_words"))
    found = words.c.archive_words.op("MATCH")(_fts(wanted))
    return sa.select(words.c.rowid).where(found, words.c.rowid >= floor), words.c.rowid


@dataclass(frozen=True, slots=True)
class Found:
    """What the index has for a needle: the newest candidates' numbers, and about how many there are.

    exact: `total` was counted, not estimated.
    """

    ids: Sequence[int]
    total: int
    exact: bool


def find(tx: Tx, wanted: Needle | None, *, since: datetime, limit: int) -> Found:
    """Return the newest candidates since then, and their number, in bounded time."""
    floor = _floor(tx, since)
    statement, column = _matching(tx, wanted, floor)
    newest = statement.order_by(column.desc())
    if wanted is None:
        ids = list(tx.execute(newest.limit(limit)).scalars())
        return Found(ids, max(len(ids), _newest_id(tx) - floor), exact=False)
    if tx.dialect.name == "postgresql":
        every = _some(tx, statement)
        if len(every) <= MOST:
            return Found(sorted(every, reverse=True)[:limit], len(every), exact=True)
        # So common that a walk back from the newest article soon has enough.
        tx.execute(sa.text("SET LOCAL enable_bitmapscan = off"))
        ids = list(tx.execute(newest.limit(limit)).scalars())
        tx.execute(sa.text("SET LOCAL enable_bitmapscan = on"))
    else:  # FTS5 gives ids in order, and stops when it has enough
        every = list(tx.execute(newest.limit(MOST + 1)).scalars())
        if len(every) <= MOST:
            return Found(every[:limit], len(every), exact=True)
        ids = every
    span, whole = _newest_id(tx) - ids[-1] + 1, _newest_id(tx) - floor + 1
    return Found(ids[:limit], max(MOST, len(ids) * whole // span), exact=False)


def _some(tx: Tx, statement: sa.Select[Any]) -> list[int]:
    """Return up to MOST + 1 ids by way of the GIN index, whatever the planner believes of rare words."""
    tx.execute(sa.text("SET LOCAL enable_seqscan = off"))
    tx.execute(sa.text("SET LOCAL enable_indexscan = off"))  # the walk along the primary key
    ids = list(tx.execute(statement.limit(MOST + 1)).scalars())
    tx.execute(sa.text("SET LOCAL enable_seqscan = on"))
    tx.execute(sa.text("SET LOCAL enable_indexscan = on"))
    return ids


@dataclass(frozen=True, slots=True)
class Mention:
    """How many articles of an outlet on a day the index has. day: "2026-11-23", UTC."""

    day: str
    outlet_id: int
    outlet: str
    country: str
    n: int


def mentions(tx: Tx, wanted: Needle, *, since: datetime, about: int) -> list[Mention]:
    """Return the candidates since then by day and outlet.

    about: how many there are, as `find` says; where they are too many, every n-th is counted for n.
    """
    step = max(1, about // MOST)
    statement, column = _matching(tx, wanted, _floor(tx, since))
    hits = statement.with_only_columns(column.label("id")).where(column % step == 0).cte("hits")
    if tx.dialect.name == "postgresql":
        day = sa.func.to_char(sa.func.timezone("UTC", archive.c.at), "YYYY-MM-DD")
    else:
        day = sa.func.strftime("%Y-%m-%d", archive.c.at)
    counted = (
        sa.select(day.label("day"), archive.c.outlet_id, sa.func.count().label("n"))
        .join_from(hits, archive, archive.c.id == hits.c.id)
        .where(archive.c.at >= since)
        .group_by(sa.text("1"), archive.c.outlet_id)
        .subquery()
    )
    rows = tx.execute(
        sa.select(
            counted.c.day,
            counted.c.outlet_id,
            outlets.c.name,
            outlets.c.country,
            counted.c.n * step,
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


def documents(tx: Tx, ids: Sequence[int], *, since: datetime) -> list[tuple[Kept, Document]]:
    """Return those of the candidates that are as young as that, newest first, and their words."""
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
        .where(archive.c.id.in_(ids), archive.c.at >= since)
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
