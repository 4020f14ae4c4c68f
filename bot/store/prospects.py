"""What admins propose as outlets, until they confirm it or a week has passed."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.domain.outlet import FeedKind, OutletEntry, OutletFeed
from bot.domain.prospect import Given, Prospect
from bot.store import notices
from bot.store.engine import Tx
from bot.store.schema import prospects

KEPT = timedelta(days=7)  # for the tap


def propose(
    tx: Tx,
    *,
    chat_id: int,
    thread_id: int | None,
    language: str,
    url: str,
    given: Given,
    found: Sequence[OutletEntry] | None,
    now: datetime,
) -> int:
    """Keep a proposal and return its number. found: None for an address that is to be looked at first."""
    notices.wake(tx, "prospect")
    new = prospects.insert().values(
        chat_id=chat_id,
        thread_id=thread_id,
        language=language,
        url=url,
        given=asdict(given),
        found=_saved(found),
        due_at=now,
        asked_at=now,
    )
    number: int = tx.execute(new.returning(prospects.c.id)).scalar_one()
    return number


def claim(tx: Tx, now: datetime, *, limit: int, lease_s: int) -> list[Prospect]:
    """Take up to `limit` addresses to look at, oldest first; they come back after lease_s seconds."""
    due = (
        sa.select(prospects.c.id)
        .where(prospects.c.found.is_(None), prospects.c.due_at <= now)
        .order_by(prospects.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")  # a CTE, or PostgreSQL may re-run the LIMIT and lease too many
    )
    lease = prospects.update().where(prospects.c.id.in_(sa.select(due.c.id)))
    lease = lease.values(
        due_at=now + timedelta(seconds=lease_s), attempts=prospects.c.attempts + 1
    ).returning(prospects.c.id)
    ids = tx.execute(lease).scalars().all()
    rows = tx.execute(
        sa.select(prospects).where(prospects.c.id.in_(ids)).order_by(prospects.c.id)
    ).mappings()
    return [_prospect(row) for row in rows]


def postpone(tx: Tx, number: int, due_at: datetime) -> None:
    """Look at an address again at that time."""
    tx.execute(prospects.update().where(prospects.c.id == number).values(due_at=due_at))


def keep_found(tx: Tx, number: int, found: Sequence[OutletEntry]) -> bool:
    """Keep what an address would add, the likeliest first. False: another process has."""
    kept = (
        prospects.update()
        .where(prospects.c.id == number, prospects.c.found.is_(None))
        .values(found=_saved(found))
        .returning(prospects.c.id)
    )
    return tx.execute(kept).first() is not None


def get(tx: Tx, number: int, chat_id: int) -> Prospect | None:
    """Return a proposal of this chat."""
    rows = tx.execute(
        sa.select(prospects).where(prospects.c.id == number, prospects.c.chat_id == chat_id)
    )
    row = rows.mappings().first()
    return _prospect(row) if row else None


def drop(tx: Tx, number: int) -> None:
    """Forget a proposal: it was confirmed, or is not wanted."""
    tx.execute(prospects.delete().where(prospects.c.id == number))


def prune(tx: Tx, now: datetime) -> int:
    """Forget what nobody confirmed; return how many."""
    return tx.execute(prospects.delete().where(prospects.c.asked_at < now - KEPT)).rowcount


def _saved(found: Sequence[OutletEntry] | None) -> Any:
    return sa.null() if found is None else [asdict(entry) for entry in found]


def _prospect(row: sa.RowMapping) -> Prospect:
    found = row["found"]
    return Prospect(
        id=row["id"],
        chat_id=row["chat_id"],
        thread_id=row["thread_id"],
        language=row["language"],
        url=row["url"],
        given=Given(**row["given"]),
        found=None if found is None else tuple(_entry(saved) for saved in found),
        attempts=row["attempts"],
        asked_at=row["asked_at"],
    )


def _entry(saved: dict[str, Any]) -> OutletEntry:
    feeds = tuple(OutletFeed(f["url"], FeedKind(f["kind"])) for f in saved["feeds"])
    return OutletEntry(**{**saved, "feeds": feeds})
