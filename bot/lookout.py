"""All active watches in memory, following the watch log: what an article is matched against."""

import logging
import threading

from bot.domain.errors import QueryError
from bot.domain.matching import Matcher
from bot.domain.model import Document, Match
from bot.domain.names import Names
from bot.domain.query import parse_query
from bot.store import watches
from bot.store.engine import Tx

log = logging.getLogger(__name__)


class Lookout:
    """All active watches in memory, brought up to date from the revision log in each transaction."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._matcher = Matcher(names)
        self._revision = self._purge = 0
        self._lock = threading.Lock()  # transactions run in several threads

    def match(self, tx: Tx, document: Document) -> tuple[list[Match], int]:
        """Return the watches that fire, and the revision of the watch log they were read at."""
        with self._lock:
            self._follow(watches.changes_since(tx, self._revision, self._purge))
            return self._matcher.match(document), self._revision

    def _follow(self, changes: watches.Changes) -> None:
        if changes.purge != self._purge:
            self._matcher = Matcher(self._names)
        for watch_id in changes.stopped:
            self._matcher.remove(watch_id)
        for watch in changes.started:
            try:
                self._matcher.add(watch.id, parse_query(watch.query))
            except QueryError as e:  # saved by an earlier version that read it differently
                log.error("watch=%d cannot be read any more: %s", watch.id, e.key)
        self._revision, self._purge = changes.revision, changes.purge
