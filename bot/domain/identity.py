"""Which entry is which: link, then guid, then a hash, as far down as the feed's own habits force us.

Real feeds give every item the same guid, no guid, or one link for all. What comes out of here has URLs
that differ exactly where the entries do.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from bot.domain.outlet import Entry
from bot.domain.urls import ENTRY_MARK, canonical_url, is_web_url


def settle_entries(entries: Iterable[Entry], *, feed_url: str, now: datetime) -> tuple[Entry, ...]:
    """Return the entries with canonical URLs of their own, each once, and no date in the future.

    An entry without a link, or with one that others share, gets the feed's or that address with a
    fragment that `canonical_url` keeps. Of entries that agree in all of this the first stays.
    """
    linked = [
        replace(e, url=_link(e), published_at=_not_future(e.published_at, now)) for e in entries
    ]
    linked = list({(e.url, e.title, e.guid): e for e in reversed(linked)}.values())[::-1]
    links = Counter(url for url, _ in {(e.url, e.title) for e in linked})
    guids = Counter(e.guid for e in linked)
    settled: dict[str, Entry] = {}
    for entry in linked:
        url = entry.url
        if not url or links[url] > 1:
            url = f"{(url or feed_url).partition('#')[0]}#{ENTRY_MARK}{_mark(entry, guids)}"
        settled.setdefault(url, replace(entry, url=url))
    return tuple(settled.values())


def _link(entry: Entry) -> str:
    link = entry.url or entry.guid
    return canonical_url(link) if is_web_url(link) else ""


def _not_future(at: datetime | None, now: datetime) -> datetime | None:
    return min(at, now) if at else None


def _mark(entry: Entry, guids: Counter[str]) -> str:
    """Return a short stable name: of the guid where it is the entry's own, else of what it says."""
    own = (
        entry.guid
        if entry.guid and guids[entry.guid] == 1
        else f"{entry.title}\0{entry.summary[:200]}"
    )
    return hashlib.sha256(own.encode("utf-8", "surrogatepass")).hexdigest()[:12]
