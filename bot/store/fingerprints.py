"""The keys by which articles are found again, and the candidates that share some.

A key that many articles share (a phrase of the day) finds only the newest of them: the look-up stays short
whatever the press writes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from urllib.parse import urlsplit

import sqlalchemy as sa

from bot.domain.clustering import Candidate
from bot.store.engine import Tx
from bot.store.schema import article_keys, articles, outlets, stories

PER_KEY = 40  # articles looked at for one key, the newest

_CANDIDATE = (
    sa.select(
        articles.c.id,
        articles.c.story_id,
        articles.c.outlet_id,
        articles.c.seen_at,
        articles.c.published_at,
        articles.c.sketch,
        articles.c.language,
        articles.c.url,
        articles.c.copy_of,
        outlets.c.name.label("outlet"),
        stories.c.origin_id,
    )
    .join_from(articles, outlets, articles.c.outlet_id == outlets.c.id)
    .join(stories, articles.c.story_id == stories.c.id)
    .where(articles.c.sketch.is_not(None))
)


def candidates(tx: Tx, keys: Sequence[int], *, since: datetime, limit: int) -> list[Candidate]:
    """Return the filed articles that share most keys, and the origins of their stories.

    since: articles seen before it are passed over, but an origin is given whatever its age. limit: of
    articles found by keys; the origins come on top.
    """
    if not keys:
        return []
    ids = [row[0] for row in tx.execute(_most_shared(len(keys)), _parameters(keys, limit))]
    if not ids:
        return []
    statement = _CANDIDATE.where(articles.c.id.in_(ids), articles.c.seen_at >= since)
    found = tx.execute(statement).mappings().all()
    missing = {row["origin_id"] for row in found} - {row["id"] for row in found} - {None}
    if missing:
        found = [*found, *tx.execute(_CANDIDATE.where(articles.c.id.in_(missing))).mappings()]
    return [_candidate(row) for row in found]


def _candidate(row: sa.RowMapping) -> Candidate:
    return Candidate(
        article_id=row["id"],
        story_id=row["story_id"],
        outlet_id=row["outlet_id"],
        seen_at=row["seen_at"],
        published_at=row["published_at"],
        sketch=row["sketch"],
        first=row["copy_of"] is None or row["id"] == row["origin_id"],
        language=row["language"],
        outlet=row["outlet"],
        host=urlsplit(row["url"]).hostname or "",
        url=row["url"],
    )


@lru_cache
def _most_shared(count: int) -> sa.TextClause:
    """Return the look-up of `count` keys: articles by how many they share, newest first among equals.

    A UNION of limited look-ups, one for each key: both databases answer each from the primary key alone.
    """
    one = (
        "SELECT article_id FROM (SELECT article_id FROM article_keys WHERE key = :k{}"
        " ORDER BY article_id DESC LIMIT :each) AS found"
    )
    every = " UNION ALL ".join(one.format(number) for number in range(count))
    return sa.text(
        f"SELECT article_id FROM ({every}) AS shared GROUP BY article_id"  # noqa: S608 - numbers only
        " ORDER BY count(*) DESC, article_id DESC LIMIT :most"
    )


def _parameters(keys: Sequence[int], limit: int) -> dict[str, int]:
    return {f"k{number}": key for number, key in enumerate(keys)} | {"most": limit, "each": PER_KEY}


def add_keys(tx: Tx, article_id: int, keys: Iterable[int]) -> None:
    """Let an article be found by these keys and no others: what it had before is forgotten."""
    rows = [{"key": key, "article_id": article_id} for key in set(keys)]
    if rows:
        tx.execute(article_keys.insert(), rows)


def drop_keys(tx: Tx, article_id: int, keys: Iterable[int]) -> None:
    """Let an article no longer be found by these keys."""
    statement = article_keys.delete().where(article_keys.c.key.in_(list(keys)))
    tx.execute(statement.where(article_keys.c.article_id == article_id))


def prune(tx: Tx, *, before: datetime, limit: int = 20_000) -> int:
    """Forget keys of articles seen before that time, at most `limit`; return how many went."""
    newest = sa.select(sa.func.max(articles.c.id)).where(articles.c.seen_at < before)
    last = tx.execute(newest).scalar()
    if last is None:
        return 0
    old = sa.select(article_keys.c.key, article_keys.c.article_id)
    old = old.where(article_keys.c.article_id <= last).limit(limit)
    pairs = tx.execute(old).all()
    for key, article_id in pairs:
        tx.execute(
            article_keys.delete().where(
                article_keys.c.key == key, article_keys.c.article_id == article_id
            )
        )
    return len(pairs)
