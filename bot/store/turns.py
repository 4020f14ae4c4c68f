"""Turns at domains, shared by all processes: one request in flight, a gap, and the silence a server wants."""

import math
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.domain.turns import Turn
from bot.store.engine import Tx, insert
from bot.store.schema import domains

AT_REST = timedelta(hours=1)  # after which a domain that holds nobody back is forgotten
LOOK_S = 1.0  # between two looks at a turn that another process has: it mostly ends long before its lease


def take(tx: Tx, domain: str, *, gap_s: float, lease_s: float, now: datetime) -> Turn:
    """Take the turn at a domain, or say when to ask again.

    gap_s: since the end of the last request there. lease_s: after which a turn that nobody gave back is
    free again: its process died.
    """
    until = now + timedelta(seconds=lease_s)
    free = (
        sa.or_(domains.c.held_until.is_(None), domains.c.held_until <= now)
        & sa.or_(domains.c.busy_until.is_(None), domains.c.busy_until <= now)
        & (domains.c.free_at <= now - timedelta(seconds=gap_s))
    )
    taken = (
        insert(tx, domains)
        .values(name=domain, busy_until=until, free_at=now)
        .on_conflict_do_update(
            index_elements=[domains.c.name], set_={"busy_until": until}, where=free
        )
        .returning(domains.c.name)
    )
    if tx.execute(taken).first():
        return Turn(until=until)
    row = tx.execute(sa.select(domains).where(domains.c.name == domain)).one()
    if row.held_until and row.held_until > now:
        return Turn(wait_s=math.ceil((row.held_until - now).total_seconds()), reason=row.reason)
    if row.busy_until and row.busy_until > now:
        return Turn(wait_s=min(LOOK_S, (row.busy_until - now).total_seconds()))
    return Turn(wait_s=max(0.01, gap_s - (now - row.free_at).total_seconds()))


def leave(
    tx: Tx, domain: str, until: datetime, *, hold_s: int | None, reason: str, now: datetime
) -> None:
    """Give a turn back. until: as `take` gave it. hold_s: the server wants so much silence; reason: why."""
    values: dict[str, object] = {
        "free_at": now,
        # A turn whose lease ran out may be another's by now.
        "busy_until": sa.case((domains.c.busy_until == until, None), else_=domains.c.busy_until),
    }
    if hold_s:
        values |= {"held_until": now + timedelta(seconds=hold_s), "reason": reason}
    tx.execute(domains.update().where(domains.c.name == domain).values(**values))


def prune(tx: Tx, now: datetime) -> int:
    """Forget the domains that hold nobody back any more; return how many."""
    gone = domains.delete().where(
        domains.c.free_at < now - AT_REST,
        sa.or_(domains.c.held_until.is_(None), domains.c.held_until < now),
        sa.or_(domains.c.busy_until.is_(None), domains.c.busy_until < now),
    )
    return tx.execute(gone).rowcount
