"""Verdicts: what people said of decisions; and rulings: what admins said of two articles, which binds.

Both are facts beside the ledger and change none of it.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.domain.model import VerdictKind
from bot.store.engine import Tx, insert
from bot.store.schema import articles, matches, outlets, rulings, subscribers, verdicts, watches


def give(
    tx: Tx,
    kind: VerdictKind,
    *,
    subscriber_id: int,
    user_id: int,
    article_id: int,
    other_id: int = 0,
    now: datetime,
) -> bool:
    """Keep a verdict; return whether it is new. other_id: the article it is said to be no copy of."""
    new = insert(tx, verdicts).values(
        at=now,
        subscriber_id=subscriber_id,
        user_id=user_id,
        kind=kind.value,
        article_id=article_id,
        other_id=other_id,
    )
    return bool(tx.execute(new.on_conflict_do_nothing()).rowcount)


def take_back(
    tx: Tx, kind: VerdictKind, *, subscriber_id: int, user_id: int, article_id: int
) -> None:
    """Forget a verdict, if it was given."""
    tx.execute(
        verdicts.delete().where(
            verdicts.c.subscriber_id == subscriber_id,
            verdicts.c.user_id == user_id,
            verdicts.c.article_id == article_id,
            verdicts.c.kind == kind.value,
        )
    )


def rule(
    tx: Tx, article_id: int, other_id: int, *, one_text: bool, user_id: int, now: datetime
) -> None:
    """Keep an admin's word on two articles, in place of what was said before. The caller mends the story."""
    low, high = sorted((article_id, other_id))
    said = {"one_text": one_text, "user_id": user_id, "at": now}
    new = insert(tx, rulings).values(article_id=low, other_id=high, **said)
    pair = [rulings.c.article_id, rulings.c.other_id]
    tx.execute(new.on_conflict_do_update(index_elements=pair, set_=said))


def rulings_on(tx: Tx, article_id: int) -> dict[int, bool]:
    """Return what admins said of this article and others, by the other's id: True, one text; False, not."""
    rows = tx.execute(
        sa.select(rulings.c.article_id, rulings.c.other_id, rulings.c.one_text).where(
            sa.or_(rulings.c.article_id == article_id, rulings.c.other_id == article_id)
        )
    )
    return {high if low == article_id else low: one_text for low, high, one_text in rows}


def ruled_pairs(tx: Tx) -> list[tuple[int, int, bool]]:
    """Return every ruling: the two articles, and whether they are one text."""
    pairs = sa.select(rulings.c.article_id, rulings.c.other_id, rulings.c.one_text)
    rows = tx.execute(pairs.order_by(rulings.c.article_id, rulings.c.other_id))
    return [(low, high, one_text) for low, high, one_text in rows]


def doubted_pairs(tx: Tx) -> list[tuple[int, int]]:
    """Return the pairs of which a reader said that they are not one text, the lower id first."""
    rows = tx.execute(
        sa.select(verdicts.c.article_id, verdicts.c.other_id)
        .where(verdicts.c.kind == VerdictKind.NOT_A_COPY.value, verdicts.c.other_id != 0)
        .distinct()
    )
    return sorted({(min(pair), max(pair)) for pair in map(tuple, rows)})


@dataclass(frozen=True, slots=True)
class Said:
    """One verdict as the admins read it. other: headline of the article it is no copy of, "" if none."""

    id: int
    at: datetime
    kind: str
    chat: str
    chat_id: int
    outlet: str
    title: str
    url: str
    other: str


def newest(tx: Tx, *, before: int | None, limit: int) -> list[Said]:
    """Return verdicts, newest first; before: only those with a smaller id."""
    others = articles.alias("others")
    statement = (
        sa.select(
            verdicts.c.id,
            verdicts.c.at,
            verdicts.c.kind,
            subscribers.c.title.label("chat"),
            subscribers.c.chat_id,
            outlets.c.name.label("outlet"),
            articles.c.title,
            articles.c.url,
            sa.func.coalesce(others.c.title, "").label("other"),
        )
        .join_from(verdicts, subscribers)
        .join(articles, articles.c.id == verdicts.c.article_id)
        .join(outlets)
        .outerjoin(others, others.c.id == verdicts.c.other_id)
        .order_by(verdicts.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(verdicts.c.id < before)
    return [Said(**row) for row in tx.execute(statement).mappings()]


@dataclass(frozen=True, slots=True)
class Precision:
    """How often people found irrelevant what a watch fired on, in stories. name: the watch's query."""

    name: str
    matched: int
    not_relevant: int

    @property
    def share(self) -> float:
        """Return what was not called irrelevant, 0..1."""
        return 1 - self.not_relevant / self.matched if self.matched else 1.0


def precision(tx: Tx, *, limit: int = 100) -> list[Precision]:
    """Return the watches that verdicts fell on, worst first. A story counts once, whatever was said of it."""
    said = (
        sa.select(articles.c.story_id, verdicts.c.subscriber_id)
        .join_from(verdicts, articles, articles.c.id == verdicts.c.article_id)
        .where(verdicts.c.kind == VerdictKind.NOT_RELEVANT.value)
        .distinct()
        .subquery()
    )
    refused = sa.func.count(said.c.story_id.distinct())
    worst = (
        sa.select(watches.c.id, watches.c.query, refused)
        .join_from(said, articles, articles.c.story_id == said.c.story_id)
        .join(matches, matches.c.article_id == articles.c.id)
        .join(
            watches,
            (watches.c.id == matches.c.watch_id)
            & (watches.c.subscriber_id == said.c.subscriber_id),
        )
        .group_by(watches.c.id, watches.c.query)
        .order_by(refused.desc())
        .limit(limit)
    )
    rows = tx.execute(worst).all()
    fired = (
        sa.select(matches.c.watch_id, sa.func.count(articles.c.story_id.distinct()))
        .join_from(matches, articles, articles.c.id == matches.c.article_id)
        .where(matches.c.watch_id.in_([watch_id for watch_id, _, _ in rows]))
        .group_by(matches.c.watch_id)
    )
    matched = {watch_id: n for watch_id, n in tx.execute(fired)}
    found = [Precision(query, matched.get(watch_id, 0), n) for watch_id, query, n in rows]
    return sorted(found, key=lambda p: p.share)
