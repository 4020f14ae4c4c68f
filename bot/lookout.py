"""All active watches in memory, following the watch log: what an article is matched against."""

import logging
import threading
from collections.abc import Iterable

from bot.domain.errors import QueryError
from bot.domain.matching import Matcher
from bot.domain.misses import explain, without_not
from bot.domain.model import Document, Match
from bot.domain.names import Names
from bot.domain.query import Query, parse_query
from bot.store import watches
from bot.store.engine import Tx

log = logging.getLogger(__name__)


class Lookout:
    """All active watches in memory, brought up to date from the revision log in each transaction."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._matcher = Matcher(names)
        self._wanted = Matcher(names)  # watches that say NOT, without it: who is shut out by it
        self._barred: dict[int, Query] = {}  # those watches as they are
        self._revision = self._purge = 0
        self._lock = threading.Lock()  # transactions run in several threads

    def match(self, tx: Tx, document: Document) -> tuple[list[Match], int]:
        """Return the watches that fire, and the revision of the watch log they were read at."""
        with self._lock:
            self._follow(watches.changes_since(tx, self._revision, self._purge))
            return self._matcher.match(document), self._revision

    def excluded(self, document: Document, matched: Iterable[Match]) -> dict[int, tuple[str, ...]]:
        """Return the watches that only a NOT kept from firing, each with what its NOT found.

        matched: what `match` said of the same document, so that the watches are those of that moment.
        """
        fired = {m.watch_id for m in matched}
        with self._lock:
            if not self._barred:
                return {}
            near = [m.watch_id for m in self._wanted.match(document) if m.watch_id not in fired]
            queries = {watch_id: self._barred[watch_id] for watch_id in near}
        misses = {i: explain(query, document, self.names) for i, query in queries.items()}
        return {i: miss.barred_by for i, miss in misses.items() if miss.excluded}

    def _follow(self, changes: watches.Changes) -> None:
        if changes.purge != self._purge:
            self._matcher, self._wanted = Matcher(self.names), Matcher(self.names)
            self._barred.clear()
        for watch_id in changes.stopped:
            self._matcher.remove(watch_id)
            self._forget_nots(watch_id)
        for watch in changes.started:
            try:
                query = parse_query(watch.query)
                self._matcher.add(watch.id, query, frozenset(watch.off))
                self._learn_nots(watch.id, query)
            except QueryError as e:  # saved by an earlier version that read it differently
                log.error("watch=%d cannot be read any more: %s", watch.id, e.key)
        self._revision, self._purge = changes.revision, changes.purge

    def _learn_nots(self, watch_id: int, query: Query) -> None:
        self._forget_nots(watch_id)
        if (wanted := without_not(query)) is not None:
            self._wanted.add(watch_id, wanted)
            self._barred[watch_id] = query

    def _forget_nots(self, watch_id: int) -> None:
        if self._barred.pop(watch_id, None) is not None:
            self._wanted.remove(watch_id)
