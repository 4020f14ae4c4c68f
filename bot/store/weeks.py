"""What people said of the decisions of each week.

The one thing to know: a verdict counts for the week of the article it is on, not for the day it was given.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.domain.model import VerdictKind
from bot.store.engine import Tx
from bot.store.schema import articles, audit, decisions, verdicts

VERDICTS = 2_000  # of the newest, at most, that are looked through
WEEKS = 12
COUNTED_A_WEEK = 2_000  # decisions of one kind
JOINED = "joined"


@dataclass(frozen=True, slots=True)
class Judged:
    """How often people disagreed, among the newest decisions of one kind."""

    decided: int
    wrong: int

    @property
    def precision(self) -> float | None:
        """Return the share nobody disagreed with, 0..1; None where nothing was decided."""
        return 1 - self.wrong / self.decided if self.decided else None


@dataclass(frozen=True, slots=True)
class Week:
    """What people said of one week's decisions, at most COUNTED_A_WEEK of a kind. start: its Monday, UTC.

    missed: articles that somebody was not told of; joined: copies that only a person recognised.
    """

    start: datetime
    folding: Judged
    watches: Judged
    missed: int
    joined: int

    @property
    def recall(self) -> float | None:
        """Return the share told of what should have been, as far as people missed it."""
        right = self.watches.decided - self.watches.wrong
        return right / (right + self.missed) if right + self.missed else None

    @property
    def folding_recall(self) -> float | None:
        """Return the share folded of what should have been, as far as admins joined it by hand."""
        right = self.folding.decided - self.folding.wrong
        return right / (right + self.joined) if right + self.joined else None


def monday_of(at: datetime) -> datetime:
    """Return the start of the week that holds a moment: its Monday, midnight of the same zone."""
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def read_weeks(tx: Tx, now: datetime, *, weeks: int = WEEKS) -> list[Week]:
    """Return the newest weeks, oldest first, from the first that has a decision."""
    starts = [monday_of(now) - timedelta(weeks=n) for n in range(weeks - 1, -2, -1)]
    # Ids grow with time: a week is a span of ids, found once for each border.
    borders = [_first_id(tx, start) for start in starts]
    spoken = _spoken(tx, starts[0])
    found: list[Week] = []
    for start, first, last in zip(starts, borders, borders[1:], strict=False):
        said = spoken.get(start, Counter())
        week = Week(
            start,
            folding=Judged(_decided(tx, "copy", first, last), said[VerdictKind.NOT_A_COPY.value]),
            watches=Judged(_decided(tx, "told", first, last), said[VerdictKind.NOT_RELEVANT.value]),
            missed=said[VerdictKind.MISSED.value],
            joined=said[JOINED],
        )
        if found or week.folding.decided or week.watches.decided:
            found.append(week)
    return found


def _first_id(tx: Tx, at: datetime) -> int:
    """Return the id of the first decision at or after a moment; one past the last if there is none."""
    first = sa.select(decisions.c.id).where(decisions.c.at >= at).order_by(decisions.c.at).limit(1)
    found = tx.execute(first).scalar()
    return found or (tx.execute(sa.select(sa.func.max(decisions.c.id))).scalar() or 0) + 1


def _decided(tx: Tx, outcome: str, first: int, last: int) -> int:
    some = (
        sa.select(decisions.c.id)
        .where(decisions.c.outcome == outcome, decisions.c.id >= first, decisions.c.id < last)
        .limit(COUNTED_A_WEEK)
        .subquery()
    )
    return tx.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()


def _spoken(tx: Tx, since: datetime) -> dict[datetime, Counter[str]]:
    """Return verdicts by the week of the article they are on, and joins by hand by their own week."""
    said = (
        sa.select(articles.c.seen_at.label("at"), verdicts.c.kind, verdicts.c.article_id)
        .join_from(verdicts, articles, articles.c.id == verdicts.c.article_id)
        .where(verdicts.c.id > 0)
        .order_by(verdicts.c.id.desc())
        .limit(VERDICTS)
    )
    joins = (
        sa.select(audit.c.at, sa.literal(JOINED).label("kind"), audit.c.id.label("article_id"))
        .where(audit.c.action == "verdict copy", audit.c.id > 0)
        .order_by(audit.c.id.desc())
        .limit(VERDICTS)
    )
    by_week: dict[datetime, set[tuple[str, int]]] = {}
    for row in (*tx.execute(said), *tx.execute(joins)):
        if row.at >= since:
            by_week.setdefault(monday_of(row.at), set()).add((row.kind, row.article_id))
    return {week: Counter(kind for kind, _ in pairs) for week, pairs in by_week.items()}
