"""What the filters of the log offer, and what those by id stand for."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bot.store.engine import Tx
from bot.store.filters import Filters
from bot.store.schema import outlets, subscribers, watches


@dataclass(frozen=True, slots=True)
class OutletChoice:
    """One outlet to choose. language: BCP 47."""

    id: int
    name: str
    country: str
    language: str


def outlet_choices(tx: Tx, *, limit: int = 2_000) -> Sequence[OutletChoice]:
    """Return every outlet, by name, retired ones too."""
    named = sa.select(outlets.c.id, outlets.c.name, outlets.c.country, outlets.c.language)
    rows = tx.execute(named.order_by(outlets.c.name).limit(limit)).mappings()
    return [OutletChoice(**row) for row in rows]


def name_filters(tx: Tx, filters: Filters) -> dict[str, str]:
    """Return what the filters by id stand for, by the filter's name; "" for what is not there."""
    asked = (
        ("watch", filters.watch_id, watches.c.query, watches.c.id),
        ("subscriber", filters.subscriber_id, subscribers.c.title, subscribers.c.id),
        ("outlet", filters.outlet_id, outlets.c.name, outlets.c.id),
    )
    return {
        name: tx.execute(sa.select(column).where(key == value)).scalar() or ""
        for name, value, column, key in asked
        if value is not None
    }
