"""The ledger as chat, console, CLI and metrics read it: decisions, with what became of each since.

The one thing to know: a decision is never changed. What a chat shows by now is the alert's, and is read
beside it: Line.state joins the two.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.domain.clustering import Kind
from bot.domain.hours import TIMED, Held, Hold
from bot.domain.model import SubscriberState
from bot.store import alerts as alerts_log
from bot.store.engine import Tx
from bot.store.filters import CHECKED, SCAN, Filters, Search, outlets_of, passes, with_title
from bot.store.schema import alerts, articles, decisions, matches, outlets, subscribers, watches

LATE = 1_000  # decisions of transactions that go on beside each other
MUTED = "muted"
GONE = SubscriberState.GONE.value


@dataclass(frozen=True, slots=True)
class Line:
    """One decision: an article, a subscriber, what became of it and why, and what the chat shows.

    key: what the next page is asked by. page_failure: why only title and summary were matched, or None.
    alert_state None: there is no alert (any more). told_at: when the chat first showed the story.
    chat_reason: why the chat is paused or gone by now, "" where it is neither or nothing is known.
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
    chat_reason: str = ""
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
    def is_update(self) -> bool:
        """Return whether it was folded, or nearly, as the outlet's own update."""
        return self.reason.get("kind") == Kind.REVISION

    @property
    def held_by(self) -> str:
        """Return why it is or was held: paused, quiet, muted and the like; "" if it never was."""
        if self.alert_state == "held" and self.alert_reason:
            return self.alert_reason  # by now
        if self.outcome == "held":
            return str(self.reason.get("held") or self.alert_reason or "")
        return self.alert_reason or "" if self.alert_state == "held" else ""

    @property
    def held_since_gone(self) -> str:
        """Return why the chat that it is held for takes nothing, "" where it takes it or nobody knows."""
        return self.chat_reason if self.alert_state == "held" and self.held_by == GONE else ""

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
        subscribers.c.state_reason.label("chat_reason"),
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
    chosen = outlets_of(tx, filters)
    if chosen is not None and not chosen:
        return Page(())
    search = Search(tx, filters, chosen, limit)
    found: list[tuple[int, int]] = []
    for size in search.sizes:
        rows = tx.execute(search.step(before, size)).all()
        found += [(row.key, row.id) for row in rows if passes(row, filters, chosen)]
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


def read_new(
    tx: Tx, filters: Filters, *, after: int, shown: Collection[int], limit: int = 50
) -> tuple[list[Line], int]:
    """Return the decisions after an id that pass the filters, oldest first: what a live page lacks.

    And the id it was looked up to, to go on from: many may go by that the filters keep out. Of two
    transactions beside each other the one with the lower ids may commit last: those up to LATE below
    `after` are given too, unless they are among the shown.
    """
    chosen = outlets_of(tx, filters)
    recent = sa.select(*CHECKED, decisions.c.at).where(decisions.c.id > after - LATE)
    recent = recent.order_by(decisions.c.id).limit(SCAN + LATE)
    rows = tx.execute(with_title(recent.subquery(), filters)).all()
    lacking = (row for row in rows if row.id not in shown)
    kept = sorted(row.id for row in lacking if passes(row, filters, chosen))
    if filters.watch_id is not None:
        kept = _of_watch(tx, kept, filters.watch_id)
    looked_to = max((row.id for row in rows), default=after)
    if len(kept) > limit:
        looked_to = max(after, kept[limit - 1])
    return _lines(tx, [(i, i) for i in kept[:limit]]), looked_to


def known_before(tx: Tx, decision_id: int) -> set[int]:
    """Return the decisions up to an id that `read_new` would give once more."""
    recent = decisions.c.id.between(decision_id - LATE + 1, decision_id)
    return set(tx.execute(sa.select(decisions.c.id).where(recent)).scalars())


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


def of_articles(tx: Tx, article_ids: Sequence[int], *, limit: int = 500) -> list[Line]:
    """Return what was decided on these articles, oldest first."""
    ids = sa.select(decisions.c.id).where(decisions.c.article_id.in_(article_ids))
    rows = tx.execute(ids.order_by(decisions.c.id).limit(limit)).scalars()
    return _lines(tx, [(i, i) for i in rows])


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
