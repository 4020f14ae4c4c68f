"""The keys by which articles are found again, and the candidates that share some.

A key that many articles share (a phrase of the day) finds only the newest of them: a look-up stays short,
whatever the press writes.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.domain.clustering import Candidate
from bot.store.engine import Tx
from bot.store.schema import article_keys, articles, outlets, stories

PER_KEY = 24  # articles looked at for one key, the newest; twice as many found no more copies
PARTS = 256  # of the space of keys, which are spread evenly over it

# Articles by how many keys they share, newest first among equals: one look-up of the primary key for each
# key. SQLite has no LATERAL, so there the oldest article still wanted bounds each look-up instead.
_SHARED = {
    "sqlite": sa.text(
        "SELECT found.article_id FROM json_each(:wanted) AS wanted CROSS JOIN article_keys AS found"
        " ON found.key = wanted.value AND found.article_id >= coalesce((SELECT article_id FROM article_keys"
        " WHERE key = wanted.value ORDER BY article_id DESC LIMIT 1 OFFSET :each - 1), 0)"
        " GROUP BY found.article_id ORDER BY count(*) DESC, found.article_id DESC LIMIT :most"
    ),
    "postgresql": sa.text(
        "SELECT found.article_id FROM unnest(CAST(:wanted AS bigint[])) AS wanted (key) CROSS JOIN LATERAL"
        " (SELECT article_id FROM article_keys WHERE article_keys.key = wanted.key"
        " ORDER BY article_id DESC LIMIT :each) AS found"
        " GROUP BY found.article_id ORDER BY count(*) DESC, found.article_id DESC LIMIT :most"
    ),
}
# Apart from the look-up: most new articles share nothing, and behind a pooler each statement is planned.
_SELECT = (
    "SELECT articles.id, articles.story_id, articles.outlet_id, articles.seen_at, articles.published_at,"
    " articles.sketch, articles.copy_of IS NULL OR articles.id = stories.origin_id AS is_first,"
    " articles.language, outlets.name, articles.url, stories.origin_id"
    " FROM articles JOIN outlets ON outlets.id = articles.outlet_id"
    " JOIN stories ON stories.id = articles.story_id"
    " WHERE articles.sketch IS NOT NULL AND articles.id "
)
_ROWS = {
    dialect: sa.text(_SELECT + among).columns(
        articles.c.id,
        articles.c.story_id,
        articles.c.outlet_id,
        articles.c.seen_at,
        articles.c.published_at,
        articles.c.sketch,
        sa.column("is_first", sa.Boolean),
        articles.c.language,
        outlets.c.name,
        articles.c.url,
        stories.c.origin_id,
    )
    for dialect, among in (
        ("sqlite", "IN (SELECT value FROM json_each(:wanted))"),
        ("postgresql", "= ANY (CAST(:wanted AS bigint[]))"),
    )
}
_ADD = {
    "sqlite": sa.text(
        "INSERT INTO article_keys (key, article_id) SELECT value, :article_id FROM json_each(:wanted)"
        " WHERE true ON CONFLICT DO NOTHING"
    ),
    "postgresql": sa.text(
        "INSERT INTO article_keys (key, article_id)"
        " SELECT DISTINCT key, :article_id FROM unnest(CAST(:wanted AS bigint[])) AS added (key)"
        " ON CONFLICT DO NOTHING"
    ),
}


def candidates(
    tx: Tx, keys: Sequence[int], *, since: datetime, limit: int, besides: Collection[int] = ()
) -> list[Candidate]:
    """Return the filed articles that share most keys, and the origins of their stories.

    since: articles seen before it are passed over, but an origin is given whatever its age. limit: of
    articles found by keys; the origins come on top, and the articles of `besides`, whatever they say.
    """
    asked = {"wanted": _wanted(tx, keys), "each": PER_KEY, "most": limit}
    ids = [row[0] for row in tx.execute(_SHARED[tx.dialect.name], asked)]
    found = [row for row in _rows(tx, {*ids, *besides}) if row[3] >= since or row[0] in besides]
    missing = {row[-1] for row in found} - {row[0] for row in found} - {None}
    return [_candidate(row) for row in [*found, *_rows(tx, missing)]]


def _rows(tx: Tx, ids: Collection[int]) -> Sequence[Sequence[Any]]:
    return tx.execute(_ROWS[tx.dialect.name], {"wanted": _wanted(tx, ids)}).all() if ids else ()


def _candidate(row: Sequence[Any]) -> Candidate:
    return Candidate(
        article_id=row[0],
        story_id=row[1],
        outlet_id=row[2],
        seen_at=row[3],
        published_at=row[4],
        sketch=row[5],
        first=row[6],
        language=row[7],
        outlet=row[8],
        url=row[9],
    )


def add_keys(tx: Tx, article_id: int, keys: Iterable[int]) -> None:
    """Let an article be found by these keys, besides those it has."""
    wanted = _wanted(tx, keys)
    tx.execute(_ADD[tx.dialect.name], {"wanted": wanted, "article_id": article_id})


def _wanted(tx: Tx, numbers: Iterable[int]) -> str | list[int]:
    """Return numbers as one parameter: a statement for each costs more than the rows."""
    return json.dumps(list(numbers)) if tx.dialect.name == "sqlite" else list(numbers)


def drop_keys(tx: Tx, article_id: int, keys: Iterable[int]) -> None:
    """Let an article no longer be found by these keys: its text has changed."""
    statement = article_keys.delete().where(article_keys.c.key.in_(list(keys)))
    tx.execute(statement.where(article_keys.c.article_id == article_id))


def oldest_since(tx: Tx, since: datetime) -> int:
    """Return the lowest id of the articles seen since then, or one above all ids if there are none."""
    of_outlets = articles.c.outlet_id.in_(sa.select(outlets.c.id))  # so that its index serves
    oldest = sa.select(sa.func.min(articles.c.id)).where(of_outlets, articles.c.seen_at >= since)
    found = tx.execute(oldest).scalar()
    return int(found or (tx.execute(sa.select(sa.func.max(articles.c.id))).scalar() or 0) + 1)


def prune(tx: Tx, *, below: int, part: int) -> int:
    """Forget the keys of articles with ids below that (see oldest_since), in one part; return how many went.

    part: 0..PARTS-1, each a stretch of the table, which is ordered by key: a transaction each, and nobody
    waits for long.
    """
    width = 2**64 // PARTS
    low = part * width - 2**63
    gone = tx.execute(
        article_keys.delete().where(
            article_keys.c.key.between(low, low + width - 1), article_keys.c.article_id < below
        )
    )
    return int(gone.rowcount)
