"""One request at a time per registrable domain, with a pause between two, and silence where asked for it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import tldextract

SWEEP_AT = 2_000  # domains remembered before those at rest are forgotten
# The list that ships with tldextract: no network, no cache files.
_suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, fallback_to_snapshot=True)


def domain_of(url: str) -> str:
    """Return whose patience a request uses up: the registrable domain; for bare addresses host and port."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if found := _suffixes.extract_str(host).top_domain_under_public_suffix:
        return found
    if not host.replace(".", "").isdigit() and ":" not in host:
        return ".".join(
            host.split(".")[-2:]
        )  # a suffix the list does not know: its rule for that is `*`
    try:
        return f"{host}:{parts.port}" if parts.port else host
    except ValueError:
        return host


@dataclass(slots=True)
class _Domain:
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    free_at: float = 0.0  # end of the last request
    held_until: float = 0.0
    reason: str = ""


class Politeness:
    """Hands out turns. `clock`: monotonic seconds, the event loop's."""

    def __init__(self, *, max_wait_s: float, clock: Callable[[], float] | None = None) -> None:
        """max_wait_s: who would wait longer for a turn is told to come back instead."""
        self._domains: dict[str, _Domain] = {}
        self._max_wait_s = max_wait_s
        self._clock = clock

    def _now(self) -> float:
        return self._clock() if self._clock else asyncio.get_running_loop().time()

    async def enter(self, url: str, *, gap_s: float) -> tuple[int, str] | None:
        """Wait for a turn. None: it is ours, `leave` must follow. Else seconds to stay away, and why."""
        domain = self._domains.setdefault(domain_of(url), _Domain())
        if away := self._away(domain, gap_s):
            return away
        domain.waiting += 1
        try:
            await domain.turn.acquire()
        finally:
            domain.waiting -= 1
        try:
            await asyncio.sleep(max(0.0, domain.free_at + gap_s - self._now()))
        except asyncio.CancelledError:
            domain.turn.release()
            raise
        if away := self._held(domain):  # someone before us was asked to stay away
            domain.turn.release()
            return away
        return None

    def leave(self, url: str, *, hold_s: int | None = None, reason: str = "") -> None:
        """End a turn. hold_s: the server asked for so much silence; reason: said to those kept away."""
        domain = self._domains[domain_of(url)]
        domain.free_at = self._now()
        if hold_s:
            domain.held_until = max(domain.held_until, domain.free_at + hold_s)
            domain.reason = reason
        domain.turn.release()
        if len(self._domains) > SWEEP_AT:
            self._sweep()

    def _away(self, domain: _Domain, gap_s: float) -> tuple[int, str] | None:
        if held := self._held(domain):
            return held
        wait_s = (domain.waiting + domain.turn.locked()) * gap_s
        if wait_s > self._max_wait_s:
            return max(
                1, round(wait_s)
            ), f"{domain.waiting} requests to the same domain are before it"
        return None

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
