"""The ledger as chat, console, CLI and metrics read it: decisions, filtered and paged by key.

The one thing to know: a page looks at no more than STEPS times SCAN rows. One filter that has an index
leads; the others are checked on what it leads to. A search that meets the bound says how far it came
and goes on from there, so that no filter, however rare its rows, makes a page slow.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.domain.hours import TIMED, Held, Hold
from bot.store import alerts as alerts_log
from bot.store.engine import Tx
from bot.store.schema import alerts, articles, decisions, matches, outlets, subscribers, watches

FIRST = 500  # rows that the first step of a search looks at: enough where much passes the filters
SCAN = 2_000  # rows of each further step
STEPS = 3  # of a search, at most, for one page
MANY_OUTLETS = 8  # above it the log is read and filtered; below, each outlet's own newest rows
MANY_EXACT = 40  # the same where nothing else is to be checked, so that few rows of each will do
SKEW = timedelta(minutes=5)  # how far the order of ids and of times may differ between processes
TEXT_CHARS = 200  # of a text filter

MUTED = "muted"
OUTCOMES = ("told", "copy", "excluded", "held", "failed")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a view of the log is narrowed to; None and "" leave it open.

    country: ISO 3166-1 alpha-2, language: BCP 47 base, both of the outlet. outcome: one of OUTCOMES.
    since <= at < until. text: words that the headline must hold, in any order, blind to case.
    """

    watch_id: int | None = None
    subscriber_id: int | None = None
    outlet_id: int | None = None
    country: str = ""
    language: str = ""
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""

    @property
    def words(self) -> list[str]:
        """Return the words of the text filter, as they are compared."""
        return self.text[:TEXT_CHARS].casefold().split()


@dataclass(frozen=True, slots=True)
class Line:
    """One decision: an article, a subscriber, what became of it and why, and what the chat shows.

    key: what the next page is asked by. page_failure: why only title and summary were matched, or None.
    alert_state None: there is no alert (any more). told_at: when the chat first showed the story.
    """

    id: int
    at: datetime
    outcome: str
    reason: Mapping[str, Any]
    article_id: int
    story_id: int | None
    title: str
    url: str
    published_at: datetime | None
    seen_at: datetime
    page_failure: str | None
    copy_of: int | None
    outlet_id: int
    outlet: str
    country: str
    language: str
    subscriber_id: int
    chat: str
    chat_id: int
    alert_id: int | None
    alert_state: str | None
    alert_reason: str | None
    attempts: int | None
    message_id: int | None
    told_at: datetime | None
    digest_id: int | None = None
    alert_due_at: datetime | None = None
    key: int = 0

    @property
    def state(self) -> str:
        """Return what became of it by now: what was to be told may still wait, be held or have failed.

        What was held and told later is told; a story that is muted stays held.
        """
        if self.outcome not in ("told", "held") or self.held_by == MUTED:
            return self.outcome
        if self.told_at is not None:
            return "told"
        return {"held": "held", "failed": "failed"}.get(self.alert_state or "", "waiting")

    @property
    def held_by(self) -> str:
        """Return why it is or was held: paused, quiet, muted and the like; "" if it never was."""
        if self.alert_state == "held" and self.alert_reason:
            return self.alert_reason  # by now
        if self.outcome == "held":
            return str(self.reason.get("held") or self.alert_reason or "")
        return self.alert_reason or "" if self.alert_state == "held" else ""

    @property
    def held_until(self) -> datetime | None:
        """Return until when it is, or was held, where a time was set."""
        if self.alert_state == "held":
            return self.alert_due_at if self.alert_reason in TIMED else None
        until = self.reason.get("until")
        return datetime.fromisoformat(str(until)) if until else None


@dataclass(frozen=True, slots=True)
class Page:
    """Lines, newest first. older: the key to ask for more by, None at the end of the log.

    complete False: the search met its bound; the lines are all there are down to searched_to.
    """

    lines: Sequence[Line]
    older: int | None = None
    complete: bool = True
    searched_to: datetime | None = None


_LINE = (
    sa.select(
        decisions.c.id,
        decisions.c.at,
        decisions.c.outcome,
        decisions.c.reason,
        decisions.c.article_id,
        articles.c.story_id,
        articles.c.title,
        articles.c.url,
        articles.c.published_at,
        articles.c.seen_at,
        articles.c.page_failure,
        articles.c.copy_of,
        articles.c.outlet_id,
        outlets.c.name.label("outlet"),
        outlets.c.country,
        outlets.c.language,
        decisions.c.subscriber_id,
        subscribers.c.title.label("chat"),
        subscribers.c.chat_id,
        alerts.c.id.label("alert_id"),
        alerts.c.state.label("alert_state"),
        alerts.c.state_reason.label("alert_reason"),
        alerts.c.attempts,
        alerts.c.message_id,
        alerts.c.told_at,
        alerts.c.digest_id,
        alerts.c.due_at.label("alert_due_at"),
    )
    .join_from(decisions, articles, articles.c.id == decisions.c.article_id)
    .join(outlets, outlets.c.id == articles.c.outlet_id)
    .join(subscribers, subscribers.c.id == decisions.c.subscriber_id)
    .outerjoin(
        alerts,
        (alerts.c.subscriber_id == decisions.c.subscriber_id)
        & (alerts.c.story_id == articles.c.story_id),
    )
)


def read_log(tx: Tx, filters: Filters, *, before: int | None = None, limit: int = 50) -> Page:
    """Return the newest decisions that pass the filters; before: the `older` of the page above."""
    chosen = _outlets(tx, filters)
    if chosen is not None and not chosen:
        return Page(())
    search = _Search(tx, filters, chosen, limit)
    found: list[tuple[int, int]] = []
    for size in search.sizes:
        rows = tx.execute(search.step(before, size)).all()
        found += [(row.key, row.id) for row in rows if _passes(row, filters, chosen)]
        ended = len(rows) < size
        before = rows[-1].key if rows else None
        if ended or len(found) > limit:
            break
    cut = _cut(found, limit)
    lines = _lines(tx, found[:cut])
    if cut < len(found):
        return Page(lines, older=found[cut - 1][0])
    if ended:
        return Page(lines)
    return Page(lines, older=before, complete=False, searched_to=_time_of(tx, rows[-1].id))


def _time_of(tx: Tx, decision_id: int) -> datetime | None:
    at = sa.select(decisions.c.at).where(decisions.c.id == decision_id)
    return tx.execute(at).scalar()


def _cut(found: Sequence[tuple[int, int]], limit: int) -> int:
    """Return how many to show: `limit`, and more where the next has the same key as the last."""
    cut = min(limit, len(found))
    while 0 < cut < len(found) and found[cut][0] == found[cut - 1][0]:
        cut += 1
    return cut


def read_new(tx: Tx, filters: Filters, *, after: int, limit: int = 50) -> list[Line]:
    """Return the decisions after an id that pass the filters, oldest first: what a live page lacks."""
    chosen = _outlets(tx, filters)
    recent = sa.select(*_CHECKED, decisions.c.at).where(decisions.c.id > after)
    recent = recent.order_by(decisions.c.id).limit(SCAN)
    rows = tx.execute(_with_title(recent.subquery(), filters))
    kept = sorted(row.id for row in rows if _passes(row, filters, chosen))
    if filters.watch_id is not None:
        kept = _of_watch(tx, kept, filters.watch_id)
    return _lines(tx, [(i, i) for i in kept[:limit]])


def exclude(tx: Tx, article_id: int, barred: Mapping[int, Sequence[str]], now: datetime) -> None:
    """Note the subscribers whose watches only a NOT kept from firing: one decision for each.

    barred: by watch, what its NOT found. A subscriber of whom something else was decided is passed over.
    """
    if not barred:
        return
    decided = sa.select(decisions.c.subscriber_id).where(decisions.c.article_id == article_id)
    owners = tx.execute(
        sa.select(watches.c.subscriber_id, watches.c.id)
        .where(watches.c.id.in_(list(barred)), watches.c.stopped_at.is_(None))
        .where(watches.c.subscriber_id.not_in(decided))
        .order_by(watches.c.subscriber_id, watches.c.id)
    )
    shut_out: dict[int, list[int]] = {}
    for subscriber_id, watch_id in owners:
        shut_out.setdefault(subscriber_id, []).append(watch_id)
    decided_now = [
        alerts_log.Decided(
            subscriber_id,
            "excluded",
            {"watches": ids, "not": list(dict.fromkeys(word for i in ids for word in barred[i]))},
        )
        for subscriber_id, ids in shut_out.items()
    ]
    alerts_log.decide(tx, article_id, decided_now, now)


def hold_of(tx: Tx, subscriber_id: int, article_ids: Sequence[int]) -> Hold | None:
    """Return until when a chat's alert on these articles was held for a time; None if it was not."""
    held = sa.select(decisions.c.reason).where(
        decisions.c.article_id.in_(article_ids),
        decisions.c.subscriber_id == subscriber_id,
        decisions.c.outcome == "held",
    )
    for reason in tx.execute(held.order_by(decisions.c.id).limit(10)).scalars():
        if until := reason.get("until"):
            return Hold(Held(reason["held"]), datetime.fromisoformat(until))
    return None


def newest_id(tx: Tx) -> int:
    """Return the id of the newest decision, 0 if there is none."""
    return tx.execute(sa.select(sa.func.max(decisions.c.id))).scalar() or 0


def of_articles(tx: Tx, article_ids: Sequence[int], *, limit: int = 500) -> list[Line]:
    """Return what was decided on these articles, oldest first."""
    ids = sa.select(decisions.c.id).where(decisions.c.article_id.in_(article_ids))
    rows = tx.execute(ids.order_by(decisions.c.id).limit(limit)).scalars()
    return _lines(tx, [(i, i) for i in rows])


_CHECKED = (
    decisions.c.id.label("key"),
    decisions.c.id,
    decisions.c.outcome,
    decisions.c.article_id,
    decisions.c.subscriber_id,
    decisions.c.outlet_id,
)


class _Search:
    """One page's search: which filter leads, and how many rows a step takes."""

    def __init__(self, tx: Tx, filters: Filters, chosen: Sequence[int] | None, limit: int) -> None:
        self._tx = tx
        self._filters = filters
        self._chosen = chosen
        self._bounds = _id_bounds(tx, filters)
        given = (filters.watch_id, filters.subscriber_id, chosen, filters.outcome or None)
        exact = sum(g is not None for g in given) <= 1 and not filters.words
        exact = exact and filters.since is None and filters.until is None
        self.sizes = [limit + 1] * STEPS if exact else [FIRST, *[SCAN] * (STEPS - 1)]
        # Reading a time costs more than all the rest of a row, so only where one is asked for.
        timed = filters.since is not None or filters.until is not None
        self._columns = [*_CHECKED, decisions.c.at] if timed else list(_CHECKED)
        self._many = MANY_EXACT if exact else MANY_OUTLETS

    def step(self, before: int | None, size: int) -> sa.Select[Any]:
        """Return the SELECT of the next rows, newest first, led by the filter that narrows most."""
        self._size = size
        filters, chosen = self._filters, self._chosen
        floor, ceiling = self._bounds
        # "above 0" tells SQLite's planner that this is a walk along the key.
        inside = [decisions.c.id >= floor] if floor is not None else [decisions.c.id > 0]
        inside += [decisions.c.id < ceiling] if ceiling is not None else []
        inside += [decisions.c.id < before] if before is not None else []
        if filters.watch_id is not None:
            picked = self._led_by_watch(filters.watch_id, before)
        elif filters.subscriber_id is not None:
            picked = self._newest(decisions.c.subscriber_id == filters.subscriber_id, *inside)
        elif chosen is not None and len(chosen) <= self._many:
            picked = self._led_by_outlets(chosen, inside)
        elif filters.outcome:
            picked = self._newest(decisions.c.outcome == filters.outcome, *inside)
        else:
            picked = self._newest(*inside)
        return _with_title(picked, filters)

    def _newest(self, *where: sa.ColumnElement[bool]) -> sa.Subquery:
        rows = sa.select(*self._columns).where(*where).order_by(decisions.c.id.desc())
        return rows.limit(self._size).subquery()

    def _led_by_outlets(
        self, chosen: Sequence[int], inside: Sequence[sa.ColumnElement[bool]]
    ) -> sa.Subquery:
        """Take each outlet's own newest rows from the index, then the newest of all of them."""
        parts = [
            sa.select(self._newest(decisions.c.outlet_id == outlet_id, *inside))
            for outlet_id in chosen
        ]
        every = (sa.union_all(*parts) if len(parts) > 1 else parts[0]).subquery()
        return sa.select(every).order_by(every.c.key.desc()).limit(self._size).subquery()

    def _led_by_watch(self, watch_id: int, before: int | None) -> sa.Subquery:
        """Take the newest articles a watch fired on; the key is the article's id then."""
        owner = sa.select(watches.c.subscriber_id).where(watches.c.id == watch_id)
        fired = sa.select(matches.c.article_id).where(matches.c.watch_id == watch_id)
        if before is not None:
            fired = fired.where(matches.c.article_id < before)
        newest = fired.order_by(matches.c.article_id.desc()).limit(self._size).subquery()
        of_owner = (decisions.c.article_id == newest.c.article_id) & (
            decisions.c.subscriber_id == self._tx.execute(owner).scalar()
        )
        # An outer join, so that rows are counted by matches, whatever became of their decisions.
        return (
            sa.select(newest.c.article_id.label("key"), *self._columns[1:])
            .join_from(newest, decisions, of_owner, isouter=True)
            .subquery()
        )


def _with_title(picked: sa.Subquery, filters: Filters) -> sa.Select[Any]:
    """Add the headline where a text is looked for."""
    rows = sa.select(picked).order_by(picked.c.key.desc())
    if not filters.words:
        return rows
    titled = rows.add_columns(articles.c.title)
    return titled.join(articles, articles.c.id == picked.c.article_id, isouter=True)


def _passes(row: Any, filters: Filters, chosen: Sequence[int] | None) -> bool:
    """Check what the index did not."""
    if row.id is None:
        return False
    plain = (
        filters.subscriber_id in (None, row.subscriber_id)
        and filters.outcome in ("", row.outcome)
        and (chosen is None or row.outlet_id in chosen)
        and (filters.since is None or row.at >= filters.since)
        and (filters.until is None or row.at < filters.until)
    )
    return plain and all(word in row.title.casefold() for word in filters.words)


def _outlets(tx: Tx, filters: Filters) -> Sequence[int] | None:
    """Return the outlets that pass the filters on outlets, None where there is no such filter."""
    if filters.outlet_id is None and not filters.country and not filters.language:
        return None
    chosen = sa.select(outlets.c.id)
    if filters.outlet_id is not None:
        chosen = chosen.where(outlets.c.id == filters.outlet_id)
    if filters.country:
        chosen = chosen.where(outlets.c.country == filters.country.upper())
    if filters.language:
        base = filters.language.lower()
        chosen = chosen.where(
            (outlets.c.language == base)
            | outlets.c.language.startswith(f"{base}-", autoescape=True)
        )
    return tx.execute(chosen.order_by(outlets.c.id)).scalars().all()


def _id_bounds(tx: Tx, filters: Filters) -> tuple[int | None, int | None]:
    """Return the ids between which a span of time lies, from the index on time: (first, past the last)."""
    floor = ceiling = None
    if filters.since is not None:
        floor = _first_at(tx, filters.since - SKEW)
        floor = newest_id(tx) + 1 if floor is None else floor
    if filters.until is not None:
        ceiling = _first_at(tx, filters.until + SKEW)
    return floor, ceiling


def _first_at(tx: Tx, at: datetime) -> int | None:
    first = sa.select(decisions.c.id).where(decisions.c.at >= at).order_by(decisions.c.at).limit(1)
    return tx.execute(first).scalar()


def _of_watch(tx: Tx, ids: Sequence[int], watch_id: int) -> list[int]:
    fired = (
        sa.select(decisions.c.id)
        .join_from(decisions, matches, matches.c.article_id == decisions.c.article_id)
        .join(watches, watches.c.id == matches.c.watch_id)
        .where(decisions.c.id.in_(ids), matches.c.watch_id == watch_id)
        .where(watches.c.subscriber_id == decisions.c.subscriber_id)
    )
    return sorted(tx.execute(fired).scalars())


def _lines(tx: Tx, found: Iterable[tuple[int, int]]) -> list[Line]:
    """Return the lines of (key, decision id), in that order."""
    keys = {decision_id: key for key, decision_id in found}
    rows = tx.execute(_LINE.where(decisions.c.id.in_(list(keys)))).mappings()
    by_id = {row["id"]: Line(**row, key=keys[row["id"]]) for row in rows}
    return [by_id[i] for i in keys if i in by_id]
