"""What a view of the log is narrowed to, and the search that finds the rows of one page.

The one thing to know: a page looks at no more than STEPS times SCAN rows. One filter that has an index
leads; the others are checked on what it leads to. A search that meets the bound says how far it came
and goes on from there, so that no filter, however rare its rows, makes a page slow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.store.engine import Tx
from bot.store.schema import articles, decisions, matches, outlets, watches

FIRST = 500  # rows that the first step of a search looks at: enough where much passes the filters
SCAN = 2_000  # rows of each further step
STEPS = 3  # of a search, at most, for one page
MANY_OUTLETS = 8  # above it the log is read and filtered; below, each outlet's own newest rows
MANY_EXACT = 40  # the same where nothing else is to be checked, so that few rows of each will do
SKEW = timedelta(minutes=5)  # how far the order of ids and of times may differ between processes
TEXT_CHARS = 200  # of a text filter

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


def newest_id(tx: Tx) -> int:
    """Return the id of the newest decision, 0 if there is none."""
    return tx.execute(sa.select(sa.func.max(decisions.c.id))).scalar() or 0


CHECKED = (
    decisions.c.id.label("key"),
    decisions.c.id,
    decisions.c.outcome,
    decisions.c.article_id,
    decisions.c.subscriber_id,
    decisions.c.outlet_id,
)


class Search:
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
        self._columns = [*CHECKED, decisions.c.at] if timed else list(CHECKED)
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
        return with_title(picked, filters)

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


def with_title(picked: sa.Subquery, filters: Filters) -> sa.Select[Any]:
    """Add the headline where a text is looked for."""
    rows = sa.select(picked).order_by(picked.c.key.desc())
    if not filters.words:
        return rows
    titled = rows.add_columns(articles.c.title)
    return titled.join(articles, articles.c.id == picked.c.article_id, isouter=True)


def passes(row: Any, filters: Filters, chosen: Sequence[int] | None) -> bool:
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


def outlets_of(tx: Tx, filters: Filters) -> Sequence[int] | None:
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
