"""Why somebody was, or was not, told of an article: the facts behind /missed and `outpost why`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from bot.domain.article import document_of
from bot.domain.errors import QueryError
from bot.domain.misses import Miss, explain
from bot.domain.model import Article
from bot.domain.names import Names
from bot.domain.query import parse_query
from bot.domain.urls import canonical_url
from bot.store import articles as articles_store
from bot.store import ledger
from bot.store.engine import Tx
from bot.store.filters import TEXT_CHARS
from bot.store.schema import articles, feeds, outlets, watches

LOOKED_AT = 8_000  # newest articles whose headlines are searched for words
CHUNK = 2_000
WATCHES = 200  # newest, of one subscriber or of all, looked through for the nearest miss


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A watch that did not fire, and how near it came."""

    watch_id: int
    query: str
    miss: Miss


@dataclass(frozen=True, slots=True)
class Why:
    """What became of an article, for one subscriber or for all.

    article None: never seen; then outlet is the one whose site it is on, "" if no outlet's, and
    polled_at, failure are of its feeds. lines: what was decided, oldest first. near: watches that did not
    fire, nearest first. state: new, filed or again. others: decisions for other subscribers.
    """

    article: Article | None
    url: str = ""
    state: str = ""
    page_failure: str | None = None
    outlet: str = ""
    polled_at: datetime | None = None
    failure: str | None = None
    lines: Sequence[ledger.Line] = ()
    near: Sequence[NearMiss] = ()
    others: int = 0
    original: Article | None = None  # what it is a copy of


def explain_article(
    tx: Tx,
    words: str,
    names: Names,
    *,
    subscriber_id: int | None = None,
    anybodys: bool = False,
) -> Why:
    """Return what became of the article at a URL, or of the newest one whose headline has these words.

    subscriber_id: whose decisions and watches are wanted; None, everybody's decisions, and of watches,
    where anybodys says so, the newest WATCHES of all.
    """
    url = words.strip() if "://" in words else ""
    found = _by_url(tx, url) if url else _by_words(tx, words)
    if found is None:
        return _never_seen(tx, url)
    article_id, state, failure = found
    [article] = articles_store.by_ids(tx, [article_id])
    lines = ledger.of_articles(tx, [article.id])
    mine = [x for x in lines if subscriber_id in (None, x.subscriber_id)]
    original = articles_store.by_ids(tx, [article.copy_of]) if article.copy_of else []
    wanted = anybodys if subscriber_id is None else subscriber_id > 0
    return Why(
        article=article,
        url=article.url,
        state=state,
        page_failure=failure,
        outlet=article.outlet,
        lines=mine,
        near=() if mine or not wanted else _near(tx, article, subscriber_id, names),
        others=len(lines) - len(mine),
        original=original[0] if original else None,
    )


def _by_url(tx: Tx, url: str) -> tuple[int, str, str | None] | None:
    found = sa.select(articles.c.id, articles.c.state, articles.c.page_failure)
    row = tx.execute(found.where(articles.c.url.in_({url, canonical_url(url)})).limit(1)).first()
    return (row.id, row.state, row.page_failure) if row else None


def _by_words(tx: Tx, text: str) -> tuple[int, str, str | None] | None:
    """Look through the newest headlines for one that has all the words."""
    words = text[:TEXT_CHARS].casefold().split()
    before = None
    for _ in range(LOOKED_AT // CHUNK if words else 0):
        part = sa.select(
            articles.c.id, articles.c.title, articles.c.state, articles.c.page_failure
        ).where(articles.c.id > 0)
        if before is not None:
            part = part.where(articles.c.id < before)
        rows = tx.execute(part.order_by(articles.c.id.desc()).limit(CHUNK)).all()
        for row in rows:
            if all(word in row.title.casefold() for word in words):
                return row.id, row.state, row.page_failure
        if len(rows) < CHUNK:
            break
        before = rows[-1].id
    return None


def _never_seen(tx: Tx, url: str) -> Why:
    """Say whether the page is of an outlet we poll at all. Outlets are few: their sites are compared here."""
    host = _host(url)
    polls = (
        sa.select(
            outlets.c.name, outlets.c.homepage, feeds.c.url, feeds.c.polled_at, feeds.c.failure
        )
        .join_from(outlets, feeds, feeds.c.outlet_id == outlets.c.id)
        .where(feeds.c.retired_at.is_(None))
    )
    for row in tx.execute(polls) if host else ():
        if host in (_host(row.homepage), _host(row.url)):
            return Why(None, url=url, outlet=row.name, polled_at=row.polled_at, failure=row.failure)
    return Why(None, url=url)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:  # a broken IPv6 address
        return ""


def _near(tx: Tx, article: Article, subscriber_id: int | None, names: Names) -> list[NearMiss]:
    document = document_of(article)
    active = (
        sa.select(watches.c.id, watches.c.query, watches.c.off, watches.c.own)
        .where(watches.c.stopped_at.is_(None), watches.c.id > 0)
        .order_by(watches.c.id.desc())
        .limit(WATCHES)
    )
    if subscriber_id is not None:
        active = active.where(watches.c.subscriber_id == subscriber_id)
    near = []
    for watch_id, text, off, own in tx.execute(active).all():
        try:
            miss = explain(parse_query(text), document, names, off or (), own or ())
        except QueryError:
            continue  # it cannot be read any more; the log says so already
        near.append(NearMiss(watch_id, text, miss))
    near.sort(key=lambda n: (not n.miss.fires, not n.miss.excluded, -_share(n.miss)))
    return near


def _share(miss: Miss) -> float:
    return len(miss.has) / max(1, len(miss.has) + len(miss.lacks))


def as_json(why: Why) -> dict[str, Any]:
    """Return the facts as plain values, for `outpost why --json` and the API."""
    return {
        "url": why.url,
        "seen": why.article is not None,
        "title": why.article.title if why.article else None,
        "outlet": why.outlet or None,
        "state": why.state or None,
        "archived": why.article.archived if why.article else None,
        "page_failure": why.page_failure,
        "copy_of": why.original.url if why.original else None,
        "evidence": dict(why.article.evidence) if why.article else {},
        "decisions": [
            {
                "at": x.at.isoformat(),
                "chat": x.chat,
                "outcome": x.outcome,
                "state": x.state,
                "told_at": x.told_at.isoformat() if x.told_at else None,
                "message_id": x.message_id,
                "digest_id": x.digest_id or None,
                "held_until": x.held_until.isoformat() if x.held_until else None,
                "reason": dict(x.reason),
            }
            for x in why.lines
        ],
        "near_misses": [
            {
                "watch": n.query,
                "has": list(n.miss.has),
                "lacks": list(n.miss.lacks),
                "barred_by": list(n.miss.barred_by),
            }
            for n in why.near
        ],
    }
