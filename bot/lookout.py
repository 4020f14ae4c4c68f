"""All active watches in memory, following the watch log: what an article is matched against."""

import asyncio
import gc
import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from bot.domain.errors import QueryError
from bot.domain.matching import Matcher
from bot.domain.meaning import stamp, unpack
from bot.domain.misses import explain
from bot.domain.model import Document, Match
from bot.domain.names import Names
from bot.domain.packing import Packed, packed, says_not, wants_words, without_not
from bot.domain.query import parse_query
from bot.store import watches
from bot.store.engine import Store, Tx

log = logging.getLogger(__name__)

REMADE_AT_ONCE = 1_000  # watches compiled anew in one transaction: nobody waits long for it


@dataclass(frozen=True, slots=True)
class Sighting:
    """What the watches of one revision of the watch log make of an article.

    barred: the watches that only a NOT kept from firing, each with what its NOT found.
    """

    revision: int
    matched: Sequence[Match]
    barred: Mapping[int, tuple[str, ...]]


class Lookout:
    """All active watches in memory, brought up to date from the revision log in each transaction."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.stamp = stamp(names)
        self.ready = False  # the watches were read; what is to come are changes
        self._matcher = Matcher(names)
        self._wanted = Matcher(names)  # watches that say NOT, without it: who is shut out by it
        self._barred: dict[int, watches.Saved] = {}  # those watches
        self._revision = 0
        self._lock = threading.Lock()  # transactions run in several threads

    def __len__(self) -> int:
        return len(self._matcher)

    async def make_ready(self, store: Store) -> None:
        """Read all watches, unless it is done: before the first article, so that none waits for it.

        Keys that an earlier version made, or an earlier table of names, are made anew and kept.
        """
        if self.ready:
            return
        after, made = 0, 0
        while old := await store.read(watches.stale, self.stamp, after=after, limit=REMADE_AT_ONCE):
            new = await asyncio.to_thread(self.remake, old)
            await store.run(watches.save_packed, new)
            after, made = old[-1].id, made + len(new)
        await store.read(self.catch_up)
        log.info("watches read: %d, of which compiled anew: %d", len(self), made)

    def catch_up(self, tx: Tx) -> None:
        """Read all watches by their stored keys; later only what changes."""
        with self._lock, _without_collecting():
            revision = watches.newest_revision(tx)
            for saved in watches.every_active(tx):
                self._start(saved)
            self._revision, self.ready = revision, True

    def remake(self, saved: Sequence[watches.Saved]) -> list[tuple[watches.Saved, Packed]]:
        """Return those watches that can be read, each with keys as this version makes them."""
        return [(one, keys) for one in saved if (keys := self._compiled(one)) is not None]

    def follow(self, tx: Tx) -> None:
        """Take in what has changed."""
        with self._lock:
            self._follow(watches.changes_since(tx, self._revision))

    def glance(self, document: Document) -> Sighting:
        """Match against the watches as they are known now: no transaction is needed, or held up."""
        with self._lock:
            revision, matched = self._revision, self._matcher.match(document)
            nearly = self._nearly(document, matched)
        misses = {
            w.id: explain(parse_query(w.query), document, self.names, w.off, w.own) for w in nearly
        }
        barred = {i: miss.barred_by for i, miss in misses.items() if miss.excluded}
        return Sighting(revision, matched, barred)

    def match(self, tx: Tx, document: Document, seen: Sighting | None = None) -> Sighting:
        """Match against the watches as they are in this transaction.

        seen: what a glance said of the same document; it stands unless a watch has changed since.
        """
        self.follow(tx)
        if seen is not None and seen.revision == self._revision:
            return seen
        return self.glance(document)

    def _nearly(self, document: Document, matched: Iterable[Match]) -> list[watches.Saved]:
        """Return the watches that would fire but for their NOT."""
        if not self._barred:
            return []
        fired = {m.watch_id for m in matched}
        near = [m.watch_id for m in self._wanted.match(document) if m.watch_id not in fired]
        return [self._barred[watch_id] for watch_id in near]

    def _follow(self, changes: watches.Changes) -> None:
        for watch_id in changes.stopped:
            self._matcher.remove(watch_id)
            self._forget_nots(watch_id)
        for saved in changes.started:
            self._start(saved)
        self._revision = changes.revision

    def _start(self, saved: watches.Saved) -> None:
        keys = saved.packed
        if keys is None or keys.stamp != self.stamp:
            keys = self._compiled(saved)
        self._forget_nots(saved.id)
        if keys is None:
            self._matcher.remove(saved.id)
            return
        self._matcher.add_packed(saved.id, keys.text)
        if says_not(keys.text):
            wanted = without_not(unpack(keys.text))
            if wanted is not None and wants_words(wanted):
                self._wanted.add_compiled(saved.id, wanted)
                self._barred[saved.id] = replace(saved, packed=None)  # its keys are long

    def _compiled(self, saved: watches.Saved) -> Packed | None:
        try:
            return packed(saved.query, self.names, saved.off, saved.own)
        except QueryError as e:  # saved by an earlier version that read it differently
            log.error("watch=%d cannot be read any more: %s", saved.id, e.key)
            return None

    def _forget_nots(self, watch_id: int) -> None:
        if self._barred.pop(watch_id, None) is not None:
            self._wanted.remove(watch_id)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Build much that stays: looking for garbage in it again and again doubles the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
