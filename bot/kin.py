"""What has been read lately: which story an article joins, who wrote it first, and what furniture is."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from bot.config import Clustering
from bot.domain import clustering, fingerprint, provenance
from bot.domain.article import candidate_of, document_of
from bot.domain.model import Article
from bot.domain.outlet import Page
from bot.domain.provenance import Origin, Provenance, Reason, Signed
from bot.domain.urls import canonical_url
from bot.store import articles, fingerprints, origins, verdicts
from bot.store.engine import Store, Tx

_TEXTS = 100  # of an outlet, to learn its furniture from


@dataclass(frozen=True, slots=True)
class Prints:
    """What an article is found and compared by.

    named: pages elsewhere that it says its text is from, canonical, each with the words that say so.
    outdated: keys it was found by as it read before.
    """

    made: fingerprint.Fingerprint
    named: Mapping[str, str]
    outdated: frozenset[int] = frozenset()


class Kin:
    """Compares an article with those of the window. Furniture is learned by `tend`, and kept in memory."""

    def __init__(self, sources: Provenance, settings: Clustering) -> None:
        self.sources = sources
        self._settings = settings
        self._rules = clustering.Rules(window_h=settings.window_h)
        self._furniture: dict[int, frozenset[int]] = {}  # by outlet

    def _since(self, now: datetime) -> datetime:
        return now - timedelta(hours=self._settings.window_h)

    def take_prints(self, article: Article, page: Page | None, *, before: Article) -> Prints:
        """Return what the article is found and compared by: most of the work, and it needs no database.

        before: the article as it was indexed last, where it has a story already.
        """
        document = document_of(article)
        furniture = self._furniture.get(article.outlet_id, frozenset())
        claims = provenance.find_claims(document, page, self.sources, source=article.source)
        made = fingerprint.fingerprint(document, page, claims=claims, boilerplate=furniture)
        named = provenance.named_urls(document, page, self.sources)
        pages = {canonical_url(url): phrase for url, phrase in named}
        if before.story_id is None:
            return Prints(made, pages)
        old = fingerprint.fingerprint(document_of(before), boilerplate=furniture)
        return Prints(made, pages, frozenset(old.keys) - set(made.keys))

    def place(
        self, tx: Tx, article: Article, prints: Prints, now: datetime
    ) -> clustering.Decision | None:
        """Return which story the article is a text of, if any, and index its keys.

        All stories are to be locked, or for an article without one its kin (see store/locks.py).
        """
        made, ruled = prints.made, verdicts.rulings_on(tx, article.id)
        found = fingerprints.candidates(
            tx,
            made.keys,
            since=self._since(now),
            limit=self._settings.candidates,
            besides=ruled.keys(),
        )
        decision = clustering.decide(
            candidate_of(article, made.sketch),
            found,
            rules=self._rules,
            verdicts=ruled,
            provenance=self.sources,
        )
        if prints.outdated:
            fingerprints.drop_keys(tx, article.id, prints.outdated)
        fingerprints.add_keys(tx, article.id, made.keys)
        return decision

    def translated(self, tx: Tx, article: Article, prints: Prints) -> dict[str, object]:
        """Return which article of another language it says its text is from, {} if none that we know.

        It has a story of its own all the same: who reads one language is not told in the other.
        """
        known = articles.at_urls(tx, list(prints.named)) if prints.named else []
        tongue = article.language.partition("-")[0]
        for original in known:
            if tongue and original.language.partition("-")[0] not in ("", tongue):
                return {
                    "kind": "translation",
                    "translation_of": original.id,
                    "outlet": original.outlet,
                    "url": original.url,
                    "phrase": prints.named[original.url],
                }
        return {}

    def name_origin(self, tx: Tx, story_id: int, now: datetime) -> None:
        """Name the article of a story that was written first, and keep why."""
        filed = articles.with_sketches(tx, story_id)
        signed = [_signed(article, sketch) for article, sketch in filed]
        if not signed:
            return  # its texts have had their days: what is known of it stays
        origin = provenance.origin_of(signed, self.sources)
        if origin.reason is Reason.PUBLISHED:
            outlets = {article.outlet_id for article, _ in filed}
            usual = origins.reprints(tx, outlets, since=now - origins.CUSTOM)
            origin = provenance.origin_of(signed, self.sources, usual=usual)
        articles.set_origin(tx, story_id, origin.article_id, _as_json(origin))

    def read_origin(self, article: Article, prints: Prints) -> dict[str, object]:
        """Return who wrote an article that opens a story, as `name_origin` keeps it."""
        signed = _signed(article, prints.made.sketch)
        return _as_json(provenance.origin_of([signed], self.sources))

    async def tend(self, store: Store, now: datetime) -> int:
        """Learn each outlet's furniture anew and forget the keys of what left the window; return how many."""
        since = self._since(now)
        for outlet_id in await store.run(origins.outlets_since, since):
            texts = await store.run(origins.recent_texts, outlet_id, since=since, limit=_TEXTS)
            self._furniture[outlet_id] = await asyncio.to_thread(
                fingerprint.learn_boilerplate, texts
            )
        below = await store.run(fingerprints.oldest_since, since)
        gone = 0
        for part in range(fingerprints.PARTS):
            gone += await store.run(fingerprints.prune, below=below, part=part)
        return gone


def _signed(article: Article, sketch: bytes) -> Signed:
    return Signed(
        article_id=article.id,
        outlet=article.outlet,
        host=urlsplit(article.url).hostname or "",
        seen_at=article.seen_at,
        published_at=article.published_at,
        claims=fingerprint.unpack(sketch).claims,
    )


def _as_json(origin: Origin) -> dict[str, object]:
    return {
        "outlet": origin.outlet,
        "reason": origin.reason.value,
        "phrase": origin.phrase,
        "external": origin.external,
        **({"times": origin.times} if origin.times else {}),
    }
