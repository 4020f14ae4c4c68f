"""Entries become articles, articles join stories."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.domain.model import Article, Hit, Match, Place, Rule, StoryView, Watch
from bot.domain.outlet import Entry, Feed
from bot.store import locks
from bot.store.engine import Tx, chunked, insert
from bot.store.schema import articles, matches, outlets, stories, watches

LOOKED_AT = 500  # articles that wait, in one look for some to claim

_ARTICLE = sa.select(
    articles.c.id,
    articles.c.outlet_id,
    outlets.c.name.label("outlet"),
    outlets.c.country,
    articles.c.language,
    articles.c.url,
    articles.c.title,
    articles.c.summary,
    articles.c.body,
    articles.c.author,
    articles.c.source,
    articles.c.published_at,
    articles.c.seen_at,
    articles.c.archived,
    articles.c.attempts,
    articles.c.story_id,
    articles.c.copy_of,
    articles.c.evidence,
    outlets.c.user_agent,
).join_from(articles, outlets)


def _article(row: sa.RowMapping | dict[str, Any]) -> Article:
    return Article(**{**row, "evidence": row["evidence"] or {}})


def add_new(
    tx: Tx, feed: Feed, entries: Iterable[Entry], *, archived: bool, now: datetime
) -> list[datetime | None]:
    """Make articles of the entries whose URL is new, and return when each was published.

    Entry URLs are canonical. They are filed, and told, in the order they were published; those without a
    time last, in the reverse of the feed's order, which is newest first by custom. archived: they are from
    the feed's first poll and will alert nobody.
    """
    once = {e.url: e for e in entries}
    each = sorted(reversed(once.values()), key=lambda e: e.published_at or now)
    rows = [
        {
            "outlet_id": feed.outlet_id,
            "feed_id": feed.id,
            "url": e.url,
            "title": e.title,
            "summary": e.summary,
            "body": e.body,
            "author": e.author,
            "source": e.source,
            "language": feed.language,
            "published_at": e.published_at,
            "seen_at": now,
            "archived": archived,
            "state": "new",
            "due_at": now,
        }
        for e in each
    ]
    added: list[datetime | None] = []
    for part in chunked(rows, 500):
        statement = insert(tx, articles).values(list(part)).on_conflict_do_nothing()
        added += tx.execute(statement.returning(articles.c.published_at)).scalars().all()
    return added


def claim_new(
    tx: Tx, now: datetime, *, limit: int, per_outlet: int, busy: Iterable[int], lease_s: int
) -> list[Article]:
    """Take up to `limit` articles not yet filed, oldest first. The lease comes back by itself.

    per_outlet: at most so many of one outlet; busy: outlets to leave out. Both keep an outlet whose
    pages are read slowly, one after another, from holding up the rest. However many wait, a look at some
    hundreds of them in their order is all it costs.
    """
    left_out, ids = set(busy), list[int]()
    of_outlet: Counter[int] = Counter()
    last: tuple[datetime, int] | None = None
    while len(ids) < limit:
        due = _due(tx, now, left_out, after=last)
        chosen: list[int] = []
        for article_id, outlet_id, due_at in due:
            last = due_at, article_id
            if of_outlet[outlet_id] < per_outlet and len(ids) + len(chosen) < limit:
                of_outlet[outlet_id] += 1
                chosen.append(article_id)
        ids += _locked(tx, now, chosen)
        left_out |= {outlet_id for outlet_id, n in of_outlet.items() if n >= per_outlet}
        if len(due) < LOOKED_AT:
            break
    lease = sa.update(articles).where(articles.c.id.in_(ids))
    until = now + timedelta(seconds=lease_s)
    tx.execute(lease.values(due_at=until, attempts=articles.c.attempts + 1))
    rows = tx.execute(_ARTICLE.where(articles.c.id.in_(ids)).order_by(articles.c.id))
    return [_article(row) for row in rows.mappings()]


def _due(
    tx: Tx, now: datetime, left_out: Iterable[int], *, after: tuple[datetime, int] | None
) -> Sequence[tuple[int, int, datetime]]:
    """Return (article, outlet, due_at) of the next that are due, longest due first."""
    due = (
        sa.select(articles.c.id, articles.c.outlet_id, articles.c.due_at)
        .where(articles.c.state != "filed", articles.c.due_at <= now)
        .where(articles.c.outlet_id.not_in(list(left_out)))
        .order_by(articles.c.due_at, articles.c.id)
        .limit(LOOKED_AT)
    )
    if after is not None:
        due = due.where(articles.c.due_at >= after[0])
        due = due.where(sa.or_(articles.c.due_at > after[0], articles.c.id > after[1]))
    return [(row.id, row.outlet_id, row.due_at) for row in tx.execute(due)]


def _locked(tx: Tx, now: datetime, ids: Sequence[int]) -> Sequence[int]:
    """Return those that no other claim has taken meanwhile, locked until the end of tx."""
    free = sa.select(articles.c.id).where(articles.c.id.in_(ids), articles.c.due_at <= now)
    free = free.where(articles.c.state != "filed")
    return tx.execute(free.with_for_update(skip_locked=True)).scalars().all()


def unfiled(tx: Tx, article: Article, keys: Iterable[int]) -> Article | None:
    """Return a claimed article with the story it is in by now; None if another process was faster.

    The lease may have run out, or a person may have moved it. Until tx ends nobody else files it, or what
    it may be a copy of (see locks). keys: those it is to be found by. What the faster one has of its page
    counts; where that failed, it is read again in its time.
    """
    first = article.story_id is None
    if first:
        locks.lock_kin(tx, article.id, keys)
    else:
        locks.lock_stories(tx)
    columns = (articles.c.state, articles.c.story_id, articles.c.copy_of, articles.c.evidence)
    row = tx.execute(sa.select(*columns).where(articles.c.id == article.id)).one()
    if row.state == "filed" or (first and row.story_id is not None):
        return None
    standing = {"story_id": row.story_id, "copy_of": row.copy_of, "evidence": row.evidence or {}}
    return replace(article, **standing)


def open_story(
    tx: Tx, article_id: int, now: datetime, *, origin: Mapping[str, object] | None = None
) -> int:
    """Open a story whose origin, as far as is known, is that article. origin: see set_origin."""
    values: dict[str, Any] = {"opened_at": now, "origin_id": article_id}
    if origin is not None:
        values["origin"] = dict(origin)
    new = stories.insert().values(**values).returning(stories.c.id)
    story_id: int = tx.execute(new).scalar_one()
    return story_id


def set_origin(tx: Tx, story_id: int, article_id: int, evidence: Mapping[str, object]) -> None:
    """Name the article that was written first, and why it is believed to be."""
    values = {"origin_id": article_id, "origin": dict(evidence)}
    tx.execute(stories.update().where(stories.c.id == story_id).values(**values))


def file(
    tx: Tx,
    article: Article,
    *,
    story_id: int,
    sketch: bytes,
    copy_of: int | None,
    evidence: Mapping[str, object],
    page_failure: str | None,
    again_at: datetime | None,
    attempts: int,
    watch_revision: int,
    now: datetime,
) -> None:
    """Write down what the page gave and which story the article belongs to.

    again_at: when its page is to be tried once more, None for never. attempts: made for it so far.
    """
    tx.execute(
        articles.update()
        .where(articles.c.id == article.id)
        .values(
            title=article.title,
            body=article.body,
            author=article.author,
            published_at=article.published_at,
            state="filed" if again_at is None else "again",
            due_at=again_at or now,
            attempts=attempts,
            filed_at=sa.func.coalesce(articles.c.filed_at, now),
            story_id=story_id,
            copy_of=copy_of,
            evidence=dict(evidence) or None,
            sketch=sketch,
            page_failure=page_failure,
            watch_revision=watch_revision,
        )
    )


CHANGE_GAP = timedelta(minutes=15)  # some feeds have a counter in their summaries


def note_changes(
    tx: Tx, feed: Feed, entries: Iterable[Entry], *, since: datetime, now: datetime
) -> int:
    """Let articles be read again whose feed has changed headline or summary; return how many.

    Only those seen since then: an old article that is touched up is no news. What is archived stays so.
    """
    changed = 0
    by_url = {e.url: e for e in entries}
    for part in chunked(list(by_url), 500):
        statement = sa.select(articles).where(
            articles.c.url.in_(part),
            articles.c.feed_id
            == feed.id,  # another feed of the outlet may always say it differently
            articles.c.state == "filed",
            articles.c.due_at <= now - CHANGE_GAP,
            articles.c.archived.is_(False),
            articles.c.seen_at >= since,
        )
        for row in tx.execute(statement).mappings().all():
            values = _changes(row, by_url[row["url"]])
            if values:
                again = articles.update().where(articles.c.id == row["id"])
                tx.execute(again.values(**values, state="again", due_at=now, attempts=0))
                changed += 1
    return changed


def _changes(row: sa.RowMapping, entry: Entry) -> dict[str, str]:
    """Return what an entry says differently. What it leaves out it does not take back."""
    return {
        name: new
        for name, new in (("title", entry.title), ("summary", entry.summary))
        if new and new != row[name]
    }


def by_ids(tx: Tx, ids: Sequence[int]) -> list[Article]:
    """Return those articles, oldest id first."""
    rows = tx.execute(_ARTICLE.where(articles.c.id.in_(ids)).order_by(articles.c.id))
    return [_article(row) for row in rows.mappings()]


def at_urls(tx: Tx, urls: Sequence[str]) -> list[Article]:
    """Return the filed articles at canonical URLs, oldest first."""
    filed = _ARTICLE.where(articles.c.url.in_(urls), articles.c.story_id.is_not(None))
    return [_article(row) for row in tx.execute(filed.order_by(articles.c.id)).mappings()]


def of_story(tx: Tx, story_id: int) -> list[Article]:
    """Return a story's articles: the origin first, then as they were published or, undated, seen."""
    origin = tx.execute(sa.select(stories.c.origin_id).where(stories.c.id == story_id)).scalar()
    first = (articles.c.id != (origin or 0), articles.c.id)  # a huge story is cut, never its origin
    rows = tx.execute(_ARTICLE.where(articles.c.story_id == story_id).order_by(*first).limit(200))
    found = [_article(row) for row in rows.mappings()]
    return sorted(found, key=lambda a: (a.id != origin, a.published_at or a.seen_at, a.id))


def with_sketches(tx: Tx, story_id: int) -> list[tuple[Article, bytes]]:
    """Return a story's filed articles, each with its sketch."""
    statement = _ARTICLE.add_columns(articles.c.sketch).where(
        articles.c.story_id == story_id, articles.c.sketch.is_not(None)
    )
    found = []
    for row in tx.execute(statement.order_by(articles.c.id).limit(200)).mappings():
        values = dict(row)
        sketch = values.pop("sketch")
        found.append((_article(values), sketch))
    return found


def view_story(tx: Tx, story_id: int, subscriber_id: int) -> StoryView:
    """Return a story as one subscriber sees it: its articles, and which of their watches it matched."""
    merged = sa.select(stories.c.merged_into).where(stories.c.id == story_id)
    story_id = tx.execute(merged).scalar() or story_id
    rows = tx.execute(
        sa.select(matches.c.article_id, matches.c.hits, watches)
        .join_from(articles, matches)
        .join(watches)
        .where(articles.c.story_id == story_id, watches.c.subscriber_id == subscriber_id)
        .order_by(matches.c.article_id, watches.c.id)
    )
    found = tuple((_watch(row), row["article_id"], _hits(row["hits"])) for row in rows.mappings())
    origin = tx.execute(sa.select(stories.c.origin).where(stories.c.id == story_id)).scalar() or {}
    return StoryView(
        story_id=story_id,
        articles=tuple(of_story(tx, story_id)),
        matches=found,
        written_by=origin["outlet"] if origin.get("external") else "",
    )


@dataclass(frozen=True, slots=True)
class Carrier:
    """An outlet that could carry a story. country: ISO 3166-1 alpha-2."""

    name: str
    country: str


def not_carrying(tx: Tx, story_id: int) -> list[Carrier]:
    """Return the outlets on our list that have no article in the story, by country and name."""
    carrying = sa.select(articles.c.outlet_id).where(articles.c.story_id == story_id)
    rows = tx.execute(
        sa.select(outlets.c.name, outlets.c.country)
        .where(outlets.c.retired_at.is_(None), outlets.c.id.not_in(carrying))
        .order_by(outlets.c.country, outlets.c.name)
        .limit(2_000)
    )
    return [Carrier(row.name, row.country) for row in rows]


def story_at(tx: Tx, url: str) -> int | None:
    """Return the story of the article at a canonical URL, None if we know none there."""
    return tx.execute(sa.select(articles.c.story_id).where(articles.c.url == url)).scalar()


def _watch(row: sa.RowMapping) -> Watch:
    return Watch(
        id=row["id"],
        subscriber_id=row["subscriber_id"],
        query=row["query"],
        created_at=row["created_at"],
        revision=row["revision"],
        stopped_at=row["stopped_at"],
        title=row["title"],
    )


def forget_hits(tx: Tx, article_id: int) -> None:
    """Drop where the watches stood in an article whose text has changed; that they fired stays."""
    tx.execute(matches.update().where(matches.c.article_id == article_id).values(hits=[]))


def add_matches(tx: Tx, article_id: int, matched: Iterable[Match]) -> None:
    """Keep why watches fire on an article as it reads now."""
    rows = [
        {
            "article_id": article_id,
            "watch_id": match.watch_id,
            "hits": [
                [h.term, h.form, h.rule.value, h.place.value, h.start, h.end] for h in match.hits
            ],
        }
        for match in matched
    ]
    statement = insert(tx, matches)
    again = statement.on_conflict_do_update(
        index_elements=[matches.c.article_id, matches.c.watch_id],
        set_={"hits": statement.excluded.hits},
    )
    if rows:
        tx.execute(again, rows)


def _hits(rows: Iterable[Sequence[Any]]) -> tuple[Hit, ...]:
    return tuple(
        Hit(term=t, form=f, rule=Rule(r), place=Place(p), start=s, end=e)
        for t, f, r, p, s, e in rows
    )
