"""How the whole runs, in numbers: lags, queues, errors, size. The same numbers for console, chat and metrics.

The one thing to know: nothing here reads a table whole. Lags are of the newest SAMPLE alerts, and counts
stop at MANY, which is then shown as "at least".
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.domain.model import Sent
from bot.store.engine import Tx
from bot.store.schema import alerts, articles, decisions, deliveries, feeds, outlets

SAMPLE = 1_000
MANY = 10_000
RECENT = timedelta(hours=24)
RATED = 4_000  # newest attempts whose rate is told: over two minutes at the highest rate there is


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds: the middle and the slow ends of n measurements. None: there were none."""

    n: int
    median_s: float | None = None
    p95_s: float | None = None
    p99_s: float | None = None


@dataclass(frozen=True, slots=True)
class Lags:
    """From publication to the message, over the newest alerts that were told.

    published_to_seen counts only articles with a date; total is from publication, or from being seen.
    series: (when told, seconds in all), oldest first, for a picture.
    """

    published_to_seen: Spread
    seen_to_matched: Spread
    matched_to_told: Spread
    total: Spread
    series: Sequence[tuple[datetime, float]] = ()


@dataclass(frozen=True, slots=True)
class Queues:
    """What waits, each at most MANY. oldest_*: since when the first has been due, None if none is."""

    feeds_due: int
    articles: int
    alerts: int
    held: int
    failed: int
    oldest_article: datetime | None
    oldest_alert: datetime | None


@dataclass(frozen=True, slots=True)
class Failed:
    """A message that Telegram would not take, or that is tried again."""

    at: datetime
    alert_id: int
    story_id: int
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class Rate:
    """How near sending came to Telegram's limits: attempts of the last minute, and of the busiest second
    and minute of the last hour, as far as the newest RATED attempts reach. slowed: how many had to wait."""

    last_minute: int = 0
    busiest_second: int = 0
    busiest_minute: int = 0
    slowed: int = 0


@dataclass(frozen=True, slots=True)
class Health:
    """All of it at one moment. deliveries: outcomes of the newest attempts within RECENT, by name."""

    lags: Lags
    queues: Queues
    deliveries: Mapping[str, int] = field(default_factory=dict)
    errors: Sequence[Failed] = ()
    feeds: int = 0
    feeds_failing: Mapping[str, int] = field(default_factory=dict)
    polls_per_hour: float = 0.0
    database_bytes: int = 0
    rate: Rate = Rate()


def read_health(tx: Tx, now: datetime) -> Health:
    """Return the state of the whole."""
    outcomes, errors = _attempts(tx, now)
    failing, polled, per_hour = _feeds(tx)
    return Health(
        lags=read_lags(tx),
        queues=read_queues(tx, now),
        deliveries=outcomes,
        errors=errors,
        feeds=polled,
        feeds_failing=failing,
        polls_per_hour=per_hour,
        database_bytes=database_bytes(tx),
        rate=read_rate(tx, now),
    )


def read_lags(tx: Tx, *, sample: int = SAMPLE) -> Lags:
    """Return how long the newest told alerts took, step by step."""
    newest = (
        sa.select(decisions.c.id, decisions.c.article_id, decisions.c.subscriber_id)
        .where(decisions.c.outcome == "told")
        .order_by(decisions.c.id.desc())
        .limit(sample)
        .subquery()
    )
    rows = tx.execute(
        sa.select(
            articles.c.published_at, articles.c.seen_at, articles.c.filed_at, alerts.c.told_at
        )
        .join_from(newest, articles, articles.c.id == newest.c.article_id)
        .join(
            alerts,
            (alerts.c.subscriber_id == newest.c.subscriber_id)
            & (alerts.c.story_id == articles.c.story_id),
        )
        .order_by(newest.c.id)
    ).all()
    told = [row for row in rows if row.told_at is not None and row.filed_at is not None]
    series = [(r.told_at, _s(r.published_at or r.seen_at, r.told_at)) for r in told]
    return Lags(
        published_to_seen=spread(_s(r.published_at, r.seen_at) for r in told if r.published_at),
        seen_to_matched=spread(_s(r.seen_at, r.filed_at) for r in told),
        matched_to_told=spread(_s(r.filed_at, r.told_at) for r in told),
        total=spread(s for _, s in series),
        series=series,
    )


def _s(start: datetime, end: datetime) -> float:
    return max(0.0, (end - start).total_seconds())


def spread(seconds: Iterable[float]) -> Spread:
    """Return the median, p95 and p99 (nearest rank) of some seconds."""
    ordered = sorted(seconds)
    if not ordered:
        return Spread(0)

    def rank(share: float) -> float:
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    return Spread(len(ordered), rank(0.5), rank(0.95), rank(0.99))


def read_queues(tx: Tx, now: datetime) -> Queues:
    """Return how much waits at each stage."""
    new = articles.c.state != "filed"
    behind = (alerts.c.state == "open") & (alerts.c.revision > alerts.c.delivered_revision)
    first_article = sa.select(sa.func.min(articles.c.due_at)).where(new, articles.c.due_at <= now)
    first_alert = sa.select(sa.func.min(alerts.c.due_at)).where(behind, alerts.c.due_at <= now)
    return Queues(
        feeds_due=_count(tx, feeds, feeds.c.retired_at.is_(None), feeds.c.due_at <= now),
        articles=_count(tx, articles, new),
        alerts=_count(tx, alerts, behind),
        held=_count(tx, alerts, alerts.c.state == "held", alerts.c.state != "open"),
        failed=_count(tx, alerts, alerts.c.state == "failed", alerts.c.state != "open"),
        oldest_article=tx.execute(first_article).scalar(),
        oldest_alert=tx.execute(first_alert).scalar(),
    )


def _count(tx: Tx, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    some = sa.select(table.c.id).where(*where).limit(MANY).subquery()
    return tx.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()


def _attempts(tx: Tx, now: datetime) -> tuple[Mapping[str, int], list[Failed]]:
    newest = (
        sa.select(deliveries).where(deliveries.c.id > 0).order_by(deliveries.c.id.desc())
    ).limit(SAMPLE)
    rows = [row for row in tx.execute(newest) if row.at >= now - RECENT]
    bad = {row.id: row for row in rows if row.outcome != "ok"}
    first = list(bad)[:20]
    story = sa.select(deliveries.c.id, alerts.c.story_id).join_from(
        deliveries, alerts, alerts.c.id == deliveries.c.alert_id
    )
    stories = {r.id: r.story_id for r in tx.execute(story.where(deliveries.c.id.in_(first)))}
    errors = [
        Failed(bad[i].at, bad[i].alert_id, stories[i], bad[i].outcome, bad[i].detail) for i in first
    ]
    return Counter(row.outcome for row in rows), errors


def read_rate(tx: Tx, now: datetime) -> Rate:
    """Return how fast messages and edits went out lately."""
    newest = sa.select(deliveries.c.at, deliveries.c.outcome).where(deliveries.c.id > 0)
    rows = tx.execute(newest.order_by(deliveries.c.id.desc()).limit(RATED)).all()
    lately = [row for row in rows if row.at >= now - timedelta(hours=1)]
    seconds = Counter(row.at.replace(microsecond=0) for row in lately)
    minutes = Counter(row.at.replace(second=0, microsecond=0) for row in lately)
    return Rate(
        last_minute=sum(row.at >= now - timedelta(minutes=1) for row in lately),
        busiest_second=max(seconds.values(), default=0),
        busiest_minute=max(minutes.values(), default=0),
        slowed=sum(row.outcome == Sent.LATER.value for row in lately),
    )


def _feeds(tx: Tx) -> tuple[Mapping[str, int], int, float]:
    """Return failures by kind, the number of feeds, and how many polls an hour their intervals ask for."""
    rows = tx.execute(
        sa.select(feeds.c.failure, feeds.c.interval_s).where(feeds.c.retired_at.is_(None))
    ).all()
    failing = Counter(row.failure for row in rows if row.failure)
    return failing, len(rows), sum(3600 / row.interval_s for row in rows if row.interval_s)


def troubled_feeds(tx: Tx) -> tuple[int, int]:
    """Return how many feeds failed at their last poll, and how many are polled."""
    failing, polled, _ = _feeds(tx)
    return sum(failing.values()), polled


def database_bytes(tx: Tx) -> int:
    """Return how large the database is on disk."""
    if tx.dialect.name == "postgresql":
        size = sa.select(sa.func.pg_database_size(sa.func.current_database()))
        return int(tx.execute(size).scalar_one())
    pages = tx.exec_driver_sql("PRAGMA page_count").scalar_one()
    return int(pages * tx.exec_driver_sql("PRAGMA page_size").scalar_one())


@dataclass(frozen=True, slots=True)
class Outlet:
    """One outlet and its feeds, as the console shows it. rhythm: of each feed, as domain/rhythm keeps it."""

    id: int
    name: str
    homepage: str
    country: str
    language: str
    retired_at: datetime | None
    feeds: Sequence[sa.RowMapping] = ()


def read_outlets(tx: Tx, *, after: str = "", limit: int = 100) -> list[Outlet]:
    """Return a page of outlets by name, retired ones too, each with its feeds."""
    page = sa.select(outlets).where(outlets.c.name > after).order_by(outlets.c.name).limit(limit)
    found = tx.execute(page).mappings().all()
    of = tx.execute(
        sa.select(feeds)
        .where(feeds.c.outlet_id.in_([row["id"] for row in found]))
        .order_by(feeds.c.id)
    ).mappings()
    by_outlet: dict[int, list[sa.RowMapping]] = {}
    for row in of:
        by_outlet.setdefault(row["outlet_id"], []).append(row)
    return [
        Outlet(
            id=row["id"],
            name=row["name"],
            homepage=row["homepage"],
            country=row["country"],
            language=row["language"],
            retired_at=row["retired_at"],
            feeds=by_outlet.get(row["id"], ()),
        )
        for row in found
    ]
