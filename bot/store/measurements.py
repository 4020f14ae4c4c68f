"""What evaluations on labelled data found, version by version: kept by `outpost eval ... --keep`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.store.engine import Tx
from bot.store.schema import measurements

KINDS = ("reposts", "watches", "feeds", "pages")


@dataclass(frozen=True, slots=True)
class Measurement:
    """One evaluation. what: one of KINDS. figures: name -> share, 0..1."""

    at: datetime
    what: str
    version: str
    figures: Mapping[str, float]


def keep(tx: Tx, found: Measurement) -> None:
    """Append one."""
    tx.execute(
        measurements.insert().values(
            at=found.at, what=found.what, version=found.version[:32], figures=dict(found.figures)
        )
    )


def newest(tx: Tx, *, limit: int = 20) -> Mapping[str, Sequence[Measurement]]:
    """Return the newest of each kind that has any, oldest first."""
    found = {}
    for what in KINDS:
        rows = tx.execute(
            sa.select(
                measurements.c.at,
                measurements.c.what,
                measurements.c.version,
                measurements.c.figures,
            )
            .where(measurements.c.what == what)
            .order_by(measurements.c.id.desc())
            .limit(limit)
        )
        if kept := [Measurement(**row) for row in rows.mappings()]:
            found[what] = kept[::-1]
    return found
