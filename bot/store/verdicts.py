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
    """How often people found what matched irrelevant. name: a watch's query, or an outlet."""

    name: str
    matched: int
    not_relevant: int

    @property
    def share(self) -> float:
        """Return what was not called irrelevant, 0..1."""
        return 1 - self.not_relevant / self.matched if self.matched else 1.0


def precision(tx: Tx, *, by: str, limit: int = 100) -> list[Precision]:
    """Return the watches (by="watch") or outlets (by="outlet") that verdicts fell on, worst first.

    An article counts once, however many people speak of it.
    """
    name = watches.c.query if by == "watch" else outlets.c.name
    key = watches.c.id if by == "watch" else outlets.c.id
    spoken = sa.and_(
        verdicts.c.article_id == matches.c.article_id,
        verdicts.c.subscriber_id == watches.c.subscriber_id,
        verdicts.c.kind == VerdictKind.NOT_RELEVANT.value,
    )
    refused = sa.func.count(verdicts.c.article_id.distinct())
    statement = (
        sa.select(name, sa.func.count(matches.c.article_id.distinct()), refused)
        .join_from(matches, watches)
        .join(articles, articles.c.id == matches.c.article_id)
        .join(outlets)
        .outerjoin(verdicts, spoken)
        .group_by(key, name)
        .having(refused > 0)
        .order_by(refused.desc())
        .limit(limit)
    )
    found = [Precision(*row) for row in tx.execute(statement)]
    return sorted(found, key=lambda p: p.share)
