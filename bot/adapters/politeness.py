"""One request at a time per registrable domain, with a pause between two, and silence where asked for it.

Those of this process stand in line here; who is first asks what the other processes do (`Shared`).
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Protocol
from urllib.parse import urlsplit

import tldextract

from bot.domain.turns import Turn

SWEEP_AT = 2_000  # domains remembered before those at rest are forgotten
# The list that ships with tldextract: no network, no cache files.
_suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, fallback_to_snapshot=True)


@lru_cache(maxsize=10_000)  # asked several times a poll, and it is the dearest part of a turn
def _registrable(host: str) -> str:
    return _suffixes.extract_str(host).top_domain_under_public_suffix


def domain_of(url: str) -> str:
    """Return whose patience a request uses up: the registrable domain; for bare addresses host and port."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if found := _registrable(host):
        return found
    if not host.replace(".", "").isdigit() and ":" not in host:
        return ".".join(
            host.split(".")[-2:]
        )  # a suffix the list does not know: its rule for that is `*`
    try:
        return f"{host}:{parts.port}" if parts.port else host
    except ValueError:
        return host


class Shared(Protocol):
    """Turns at domains over all processes. Neither call raises for a database that is away."""

    async def take(self, domain: str, *, gap_s: float) -> Turn:
        """Take the turn at a domain, or say when to ask again."""

    async def leave(self, domain: str, until: datetime, *, hold_s: int | None, reason: str) -> None:
        """Give a turn back. until: as `take` gave it."""


@dataclass(slots=True)
class _Domain:
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    began_at: float = 0.0  # of the request under way, or the last
    took_s: float = 0.0  # the last request
    free_at: float = 0.0  # end of the last request
    held_until: float = 0.0
    reason: str = ""
    lease: datetime | None = None  # until when the turn is ours among all processes


class Politeness:
    """Hands out turns. `clock`: monotonic seconds, the event loop's."""

    def __init__(
        self,
        *,
        max_wait_s: float,
        clock: Callable[[], float] | None = None,
        shared: Shared | None = None,
    ) -> None:
        """max_wait_s: who would wait longer for a turn is told to come back instead.

        shared: what other processes do, None for a process that is alone.
        """
        self._shared = shared
        self._domains: dict[str, _Domain] = {}
        self._max_wait_s = max_wait_s
        self._clock = clock

    def _now(self) -> float:
        return self._clock() if self._clock else asyncio.get_running_loop().time()

    async def enter(
        self, url: str, *, gap_s: float, within_s: float = math.inf
    ) -> tuple[int, str] | None:
        """Wait for a turn. None: it is ours, `leave` must follow. Else seconds to stay away, and why.

        Who is told to stay away is mostly told at once; whoever the guess was wrong for, after max_wait_s,
        or within_s if that is less.
        """
        name = domain_of(url)
        domain = self._domains.setdefault(name, _Domain())
        within_s = min(within_s, self._max_wait_s)
        if away := self._away(domain, gap_s, within_s):
            return away
        domain.waiting += 1
        patience_ends = self._now() + within_s
        try:
            async with asyncio.timeout(within_s):
                await self._turn(domain, gap_s)
        except TimeoutError:
            return max(1, round(self._wait_s(domain, gap_s))), _busy(domain)
        try:
            # Someone before us, or in another process, was asked to stay away.
            away = self._held(domain) or await self._among_all(name, domain, gap_s, patience_ends)
        except asyncio.CancelledError:
            domain.turn.release()
            raise
        if away:
            domain.turn.release()
            return away
        domain.began_at = self._now()
        return None

    async def _among_all(
        self, name: str, domain: _Domain, gap_s: float, patience_ends: float
    ) -> tuple[int, str] | None:
        """Take the turn among all processes. None: it is ours; else seconds to stay away, and why."""
        while self._shared:
            turn = await self._shared.take(name, gap_s=gap_s)
            if turn.until:
                domain.lease = turn.until
                return None
            if turn.reason:
                domain.held_until, domain.reason = self._now() + turn.wait_s, turn.reason
                return self._held(domain)
            if self._now() + turn.wait_s > patience_ends:
                return max(1, math.ceil(gap_s)), "another process asks the same domain"
            await asyncio.sleep(turn.wait_s)
        return None

    async def _turn(self, domain: _Domain, gap_s: float) -> None:
        try:
            await domain.turn.acquire()
        finally:
            domain.waiting -= 1
        try:
            await asyncio.sleep(max(0.0, domain.free_at + gap_s - self._now()))
        except asyncio.CancelledError:
            domain.turn.release()
            raise

    async def leave(self, url: str, *, hold_s: int | None = None, reason: str = "") -> None:
        """End a turn. hold_s: the server asked for so much silence; reason: said to those kept away."""
        name = domain_of(url)
        domain = self._domains[name]
        lease, domain.lease = domain.lease, None
        domain.free_at = self._now()
        domain.took_s = domain.free_at - domain.began_at
        if hold_s:
            domain.held_until = max(domain.held_until, domain.free_at + hold_s)
            domain.reason = reason
        try:
            if self._shared and lease:
                await self._shared.leave(name, lease, hold_s=hold_s, reason=reason)
        finally:
            domain.turn.release()
        if len(self._domains) > SWEEP_AT:
            self._sweep()

    def _away(self, domain: _Domain, gap_s: float, within_s: float) -> tuple[int, str] | None:
        if held := self._held(domain):
            return held
        wait_s = self._wait_s(domain, gap_s)
        return (max(1, round(wait_s)), _busy(domain)) if wait_s > within_s else None

    def _wait_s(self, domain: _Domain, gap_s: float) -> float:
        """Return how long a turn is off, if those before take as long as the last one did."""
        return (domain.waiting + domain.turn.locked()) * (gap_s + domain.took_s)

    def _held(self, domain: _Domain) -> tuple[int, str] | None:
        left = domain.held_until - self._now()
        return (max(1, round(left)), domain.reason) if left > 0 else None

    def _sweep(self) -> None:
        now = self._now()
        self._domains = {
            name: d
            for name, d in self._domains.items()
            if d.waiting or d.turn.locked() or d.held_until > now or now - d.free_at < 60
        }


def _busy(domain: _Domain) -> str:
    return f"{domain.waiting} requests to the same domain are before it"
