"""Turns at domains through the database, for the reader: what one process was asked, all heed.

A database that is away keeps nobody from reading: then each process minds its own manners.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.domain.errors import DatabaseDown
from bot.domain.turns import Turn
from bot.store import turns
from bot.store.engine import Store

log = logging.getLogger(__name__)

LEASE_MARGIN_S = 15.0  # above the longest request: for waiting in line for one of our own places


class Courtesy:
    """Implements politeness.Shared. request_s: the longest that one request may take."""

    def __init__(self, store: Store, *, request_s: float, now: Callable[[], datetime]) -> None:
        self._store = store
        self._lease_s = request_s + LEASE_MARGIN_S
        self._now = now

    async def take(self, domain: str, *, gap_s: float) -> Turn:
        """Take the turn at a domain, or say when to ask again."""
        lease_s, now = self._lease_s, self._now()
        try:
            return await self._store.run(turns.take, domain, gap_s=gap_s, lease_s=lease_s, now=now)
        except DatabaseDown as e:
            log.warning("domain=%s is asked without knowing of other processes: %s", domain, e)
            return Turn(until=now + timedelta(seconds=lease_s))

    async def leave(self, domain: str, until: datetime, *, hold_s: int | None, reason: str) -> None:
        """Give a turn back. If the database is away it ends by its lease."""
        try:
            await self._store.run(
                turns.leave, domain, until, hold_s=hold_s, reason=reason, now=self._now()
            )
        except DatabaseDown as e:
            log.warning("domain=%s: the end of a request is not noted: %s", domain, e)
