"""What watches and folding are worth: what fires how often, what people said, what a threshold changes.

The one thing to know: every figure is of the newest rows up to a bound, named here, and is shown with it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.domain.likeness import Regime
from bot.domain.model import VerdictKind
from bot.store.engine import Tx
from bot.store.schema import (
    articles,
    decisions,
    matches,
    outlets,
    subscribers,
    verdicts,
    watches,
)
from bot.store.weeks import VERDICTS, WEEKS, Judged, monday_of

COUNTED = 1_000  # matches of one watch, at most; more is shown as "1,000+"
RECENT_MATCHES = 10_000  # among which the noisiest watches are looked for
RECENT_DECISIONS = 2_000  # over which precision is told
RECENT_COPIES = 1_000  # which a threshold preview looks through
DEAD_AFTER = timedelta(days=30)
OLDEST_WATCHES = 500  # among which those that fire no more are looked for


@dataclass(frozen=True, slots=True)
class WatchRow:
    """One watch: how often it fired (at most COUNTED is counted), last, and how often in vain."""

    id: int
    query: str
    subscriber_id: int
    chat: str
    created_at: datetime
    stopped_at: datetime | None
    fired: int
    last_at: datetime | None
    not_relevant: int

    @property
    def precision(self) -> float | None:
        """Return the share of fires nobody called irrelevant, 0..1; None: it never fired."""
        return 1 - min(self.not_relevant, self.fired) / self.fired if self.fired else None

    def dead(self, now: datetime) -> bool:
        """Return whether it has been silent for so long that it may be wrong."""
        since = self.last_at or self.created_at
        return self.stopped_at is None and now - since > DEAD_AFTER


@dataclass(frozen=True, slots=True)
class SubscriberRow:
    """One subscriber as the admins see it: no words of the chat."""

    id: int
    chat_id: int
    kind: str
    title: str
    language: str
    state: str
    state_reason: str
    created_at: datetime
    watches: int
    last_told_at: datetime | None


def read_watches(
    tx: Tx, *, before: int | None = None, subscriber_id: int | None = None, limit: int = 50
) -> list[WatchRow]:
    """Return a page of active watches, newest first."""
    page = _watch_page().where(watches.c.stopped_at.is_(None), watches.c.id > 0)
    if before is not None:
        page = page.where(watches.c.id < before)
    if subscriber_id is not None:
        page = page.where(watches.c.subscriber_id == subscriber_id)
    rows = tx.execute(page.order_by(watches.c.id.desc()).limit(limit)).mappings()
    return [WatchRow(**row) for row in rows]


def read_noisy(tx: Tx, *, limit: int = 10) -> list[tuple[WatchRow, int]]:
    """Return the active watches that fired most among the newest RECENT_MATCHES matches, and how often."""
    newest = (
        sa.select(matches.c.watch_id)
        .where(matches.c.article_id > 0)
        .order_by(matches.c.article_id.desc())
        .limit(RECENT_MATCHES)
        .subquery()
    )
    fires = sa.func.count().label("fires")
    every = sa.select(newest.c.watch_id, fires).group_by(newest.c.watch_id).subquery()
    top = (
        sa.select(every)
        .join(watches, watches.c.id == every.c.watch_id)
        .where(watches.c.stopped_at.is_(None))
        .order_by(every.c.fires.desc())
        .limit(limit)
    )
    often = {row.watch_id: row.fires for row in tx.execute(top)}
    rows = tx.execute(_watch_page().where(watches.c.id.in_(list(often)))).mappings()
    found = [(WatchRow(**row), often[row["id"]]) for row in rows]
    return sorted(found, key=lambda pair: -pair[1])


def read_dead(tx: Tx, now: datetime, *, limit: int = 10) -> list[WatchRow]:
    """Return watches that have been silent for DEAD_AFTER, among the OLDEST_WATCHES, longest first."""
    newest = (
        sa.select(sa.func.max(matches.c.article_id))
        .where(matches.c.watch_id == watches.c.id)
        .correlate(watches)
        .scalar_subquery()
    )
    oldest = (
        sa.select(watches.c.id, watches.c.created_at, newest.label("article_id"))
        .where(watches.c.stopped_at.is_(None), watches.c.id > 0)
        .order_by(watches.c.id)
        .limit(OLDEST_WATCHES)
        .subquery()
    )
    since = sa.func.coalesce(articles.c.seen_at, oldest.c.created_at)
    silent = (
        sa.select(oldest.c.id)
        .join_from(oldest, articles, articles.c.id == oldest.c.article_id, isouter=True)
        .where(since < now - DEAD_AFTER)
        .order_by(since, oldest.c.id)
        .limit(limit)
    )
    ids = list(tx.execute(silent).scalars())
    rows = tx.execute(_watch_page().where(watches.c.id.in_(ids))).mappings()
    found = {row["id"]: WatchRow(**row) for row in rows}
    return [found[i] for i in ids]


def _watch_page() -> sa.Select[Any]:
    """Select watches, each with what is counted of it in the same statement: a page is one query."""
    fired = (
        sa.select(matches.c.article_id)
        .where(matches.c.watch_id == watches.c.id)
        .limit(COUNTED)
        .correlate(watches)
        .subquery()
    )
    newest = (
        sa.select(sa.func.max(matches.c.article_id))
        .where(matches.c.watch_id == watches.c.id)
        .correlate(watches)
        .scalar_subquery()
    )
    # A verdict is on a story, by one of its articles: what else of it the watch fired on is as wrong.
    said, same = articles.alias("said"), articles.alias("same")
    refused = (
        sa.select(sa.func.count(matches.c.article_id.distinct()))
        .join_from(verdicts, said, said.c.id == verdicts.c.article_id)
        .join(same, same.c.story_id == said.c.story_id)
        .join(matches, matches.c.article_id == same.c.id)
        .where(
            verdicts.c.subscriber_id == watches.c.subscriber_id,
            verdicts.c.kind == VerdictKind.NOT_RELEVANT.value,
            matches.c.watch_id == watches.c.id,
        )
        .correlate(watches)
    )
    last_at = sa.select(articles.c.seen_at).where(articles.c.id == newest).correlate(watches)
    return sa.select(
        watches.c.id,
        watches.c.query,
        watches.c.subscriber_id,
        subscribers.c.title.label("chat"),
        watches.c.created_at,
        watches.c.stopped_at,
        sa.select(sa.func.count()).select_from(fired).scalar_subquery().label("fired"),
        last_at.scalar_subquery().label("last_at"),
        refused.scalar_subquery().label("not_relevant"),
    ).join_from(watches, subscribers, subscribers.c.id == watches.c.subscriber_id)


def read_subscribers(tx: Tx, *, before: int | None = None, limit: int = 50) -> list[SubscriberRow]:
    """Return a page of subscribers, newest first, in one query."""
    active = (
        sa.select(watches.c.id)
        .where(watches.c.subscriber_id == subscribers.c.id, watches.c.stopped_at.is_(None))
        .limit(COUNTED)
        .correlate(subscribers)
        .subquery()
    )
    newest = (
        sa.select(decisions.c.at)
        .where(decisions.c.subscriber_id == subscribers.c.id)
        .order_by(decisions.c.id.desc())
        .limit(1)
        .correlate(subscribers)
    )
    kept = (name for name in SubscriberRow.__slots__ if name in subscribers.c)
    page = sa.select(
        *(subscribers.c[name] for name in kept),
        sa.select(sa.func.count()).select_from(active).scalar_subquery().label("watches"),
        newest.scalar_subquery().label("last_told_at"),
    ).where(subscribers.c.id > 0)
    if before is not None:
        page = page.where(subscribers.c.id < before)
    rows = tx.execute(page.order_by(subscribers.c.id.desc()).limit(limit)).mappings()
    return [SubscriberRow(**row) for row in rows]


@dataclass(frozen=True, slots=True)
class Quality:
    """folding: copies called no copy; watches: told ones called irrelevant. weekly: verdicts by week, kind.

    worst: outlets whose articles were called irrelevant most, with how often.
    """

    folding: Judged
    watches: Judged
    missed: int
    weekly: Mapping[datetime, Mapping[str, int]] = field(default_factory=dict)
    worst: Sequence[tuple[str, int]] = ()


def read_quality(tx: Tx, now: datetime) -> Quality:
    """Return what people's verdicts say of the newest decisions."""
    said = tx.execute(
        sa.select(verdicts.c.at, verdicts.c.kind, verdicts.c.article_id, outlets.c.name)
        .join_from(verdicts, articles, articles.c.id == verdicts.c.article_id)
        .join(outlets, outlets.c.id == articles.c.outlet_id)
        .where(verdicts.c.id > 0)
        .order_by(verdicts.c.id.desc())
        .limit(VERDICTS)
    ).all()
    weekly: dict[datetime, Counter[str]] = {}
    for row in said:
        weekly.setdefault(monday_of(row.at), Counter())[row.kind] += 1
    irrelevant = Counter(r.name for r in said if r.kind == VerdictKind.NOT_RELEVANT.value)
    return Quality(
        folding=_judged(tx, "copy", VerdictKind.NOT_A_COPY),
        watches=_judged(tx, "told", VerdictKind.NOT_RELEVANT),
        missed=sum(row.kind == VerdictKind.MISSED.value for row in said),
        weekly=dict(sorted(weekly.items())[-WEEKS:]),
        worst=irrelevant.most_common(10),
    )


def _judged(tx: Tx, outcome: str, kind: VerdictKind) -> Judged:
    newest = (
        sa.select(decisions.c.id, decisions.c.article_id)
        .where(decisions.c.outcome == outcome)
        .order_by(decisions.c.id.desc())
        .limit(RECENT_DECISIONS)
        .subquery()
    )
    decided, first = tx.execute(
        sa.select(sa.func.count(), sa.func.min(newest.c.article_id)).select_from(newest)
    ).one()
    spoken = (
        sa.select(verdicts.c.article_id)
        .where(verdicts.c.kind == kind.value, verdicts.c.article_id >= (first or 0))
        .order_by(verdicts.c.id.desc())
        .limit(VERDICTS)
        .subquery()
    )
    wrong = sa.select(sa.func.count(spoken.c.article_id.distinct()))
    return Judged(decided, min(decided, tx.execute(wrong).scalar_one()))


@dataclass(frozen=True, slots=True)
class Pair:
    """A copy and what it is a copy of. sure: it joined the story without doubt."""

    article_id: int
    story_id: int
    title: str
    outlet: str
    other_title: str
    other_outlet: str
    score: float
    sure: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What another threshold would change among the newest `looked_at` copies. pairs: nearest to it first."""

    looked_at: int
    changed: int
    pairs: Sequence[Pair]
    histogram: Sequence[int]  # copies by score: 20 steps of 0.05


def preview_threshold(
    tx: Tx, at: float, regime: Regime = Regime.FULL, *, limit: int = 12
) -> Preview:
    """Return the copies that a threshold of `at` (0..1) would judge otherwise than they were.

    regime: what was compared; each has a threshold of its own. What a person, an address or the story's first
    text decided is left out: no threshold changes it.
    """
    newest = (
        sa.select(articles.c.id, articles.c.evidence)
        .where(articles.c.copy_of.is_not(None), articles.c.id > 0)
        .order_by(articles.c.id.desc())
        .limit(RECENT_COPIES)
    )
    scored = [
        (row.id, float(row.evidence["score"]), row.evidence.get("kind") != "possible")
        for row in tx.execute(newest)
        if row.evidence
        and row.evidence.get("rule") == "likeness"
        and row.evidence.get("regime", Regime.FULL) == regime
    ]
    histogram = Counter(min(19, int(score * 20)) for _, score, _ in scored)
    changed = [(i, score, sure) for i, score, sure in scored if (score >= at) != sure]
    changed.sort(key=lambda c: abs(c[1] - at))
    return Preview(
        looked_at=len(scored),
        changed=len(changed),
        pairs=_pairs(tx, changed[:limit]),
        histogram=[histogram[i] for i in range(20)],
    )


def _pairs(tx: Tx, chosen: Sequence[tuple[int, float, bool]]) -> list[Pair]:
    other, other_outlet = articles.alias("other"), outlets.alias("other_outlet")
    rows = tx.execute(
        sa.select(
            articles.c.id,
            articles.c.story_id,
            articles.c.title,
            outlets.c.name.label("outlet"),
            other.c.title.label("other_title"),
            other_outlet.c.name.label("other_outlet"),
        )
        .join_from(articles, outlets, outlets.c.id == articles.c.outlet_id)
        .join(other, other.c.id == articles.c.copy_of)
        .join(other_outlet, other_outlet.c.id == other.c.outlet_id)
        .where(articles.c.id.in_([i for i, _, _ in chosen]))
    )
    by_id = {row.id: row for row in rows}
    return [
        Pair(
            article_id=i,
            story_id=by_id[i].story_id,
            title=by_id[i].title,
            outlet=by_id[i].outlet,
            other_title=by_id[i].other_title,
            other_outlet=by_id[i].other_outlet,
            score=score,
            sure=sure,
        )
        for i, score, sure in chosen
        if i in by_id
    ]
