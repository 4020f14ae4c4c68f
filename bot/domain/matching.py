"""All watches against one article, with the reason for each match."""

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from bot.domain.model import Document, Hit, Match, Place, Rule
from bot.domain.names import Names
from bot.domain.query import And, Filter, InTitle, Mode, Node, Not, Or, Phrase, Query, Term
from bot.domain.text import Word, fold, meant, words

HITS_PER_PLACE = 5  # of one term; more would only swell the reason


class _Reading:
    """One article's words, and one query's answer about them."""

    def __init__(self, document: Document, names: Names) -> None:
        self.document = document
        self.names = names
        self.words = {place: words(document.text(place), document.language) for place in Place}

    def rule(self, term: Term, wanted: str, word: Word, raw: str) -> Rule | None:
        """Return why that word of the text counts as the wanted one, None if it does not."""
        key = fold(wanted)
        if term.mode is Mode.PREFIX:
            return Rule.PREFIX if word.text.startswith(key) else None
        if term.mode is Mode.CASE and wanted != raw.casefold() and term.text != raw:
            return None
        if word.text == key:
            return Rule.EXACT
        if term.mode is Mode.FORMS and len(key) > 3 and word.text in (key + "s", key + "es"):
            return Rule.INFLECTION
        return None

    def term(self, term: Term, place: Place) -> list[Hit]:
        """Return where a term stands: its words adjacent and in order."""
        text, found = self.document.text(place), self.words[place]
        wanted = meant(term.text)
        hits = []
        for i in range(len(found) - len(wanted) + 1):
            window = found[i : i + len(wanted)]
            rules = [
                self.rule(term, w, have, text[have.start : have.end])
                for w, have in zip(wanted, window, strict=True)
            ]
            if all(rules):
                start, end = window[0].start, window[-1].end
                rule = next((r for r in rules if r is not Rule.EXACT), Rule.EXACT)
                hits.append(Hit(term.text, text[start:end], rule or Rule.EXACT, place, start, end))
        return hits[:HITS_PER_PLACE]

    def phrase(self, phrase: Phrase, place: Place) -> list[Hit]:
        """Return where a phrase stands."""
        if phrase.gap is None:
            return self.term(
                Term(" ".join(t.text for t in phrase.terms), phrase.terms[0].mode), place
            )
        found = self.words[place]
        spots = [self.term(term, place) for term in phrase.terms]
        order = {word.start: i for i, word in enumerate(found)}
        for first in spots[0]:
            near = [min(s, key=lambda h: abs(h.start - first.start), default=None) for s in spots]
            if None in near:
                return []
            at = sorted(order[h.start] for h in near if h is not None)
            if at[-1] - at[0] + 1 - len(at) <= phrase.gap:
                return [h for h in near if h is not None]
        return []

    def hits(self, node: Node, places: Sequence[Place]) -> list[Hit] | None:
        """Return the reasons why a node is met, None if it is not."""
        match node:
            case Term():
                return [h for p in places for h in self.term(node, p)] or None
            case Phrase():
                return [h for p in places for h in self.phrase(node, p)] or None
            case Filter(name, value):
                met = meets(self.document, name, value)
                return [Hit(str(node), value, Rule.FILTER, Place.TITLE, 0, 0)] if met else None
            case InTitle(part):
                return self.hits(part, (Place.TITLE,))
            case Not(part):
                return [] if self.hits(part, places) is None else None
            case And(parts):
                return _all([self.hits(p, places) for p in parts])
            case Or(parts):
                return _any([self.hits(p, places) for p in parts])


def _all(found: Iterable[list[Hit] | None]) -> list[Hit] | None:
    hits: list[Hit] = []
    for part in found:
        if part is None:
            return None
        hits += part
    return hits


def _any(found: list[list[Hit] | None]) -> list[Hit] | None:
    met = [part for part in found if part is not None]
    return [hit for part in met for hit in part] if met else None


def meets(document: Document, name: str, value: str) -> bool:
    """Tell whether an article meets a filter."""
    if name == "lang":
        return document.language.lower().split("-")[0] == value.split("-", maxsplit=1)[0]
    if name == "country":
        return document.country.upper() == value
    host = (urlsplit(document.url).hostname or "").removeprefix("www.")
    if name == "site":
        return host == value or host.endswith(f".{value}")
    subject = f"{document.outlet} {host}" if name == "outlet" else document.author
    have, want = [w.text for w in words(subject)], [w.text for w in words(value)]
    return any(have[i : i + len(want)] == want for i in range(len(have) - len(want) + 1))


class Matcher:
    """Watches, and which of them an article fulfils."""

    def __init__(self, names: Names = Names.empty()) -> None:  # noqa: B008  - immutable
        self._names = names
        self._queries: dict[int, Query] = {}

    def __len__(self) -> int:
        return len(self._queries)

    def add(
        self,
        watch_id: int,
        query: Query,
        off: frozenset[str] = frozenset(),
        own: Sequence[str] = (),
    ) -> None:
        """Add a watch, or replace the one with that id.

        off: names that the subscriber switched off for this watch. own: aliases of the subscriber.
        """
        self._queries[watch_id] = query

    def remove(self, watch_id: int) -> None:
        """Forget a watch; one that is not there is no fault."""
        self._queries.pop(watch_id, None)

    def match(self, document: Document) -> list[Match]:
        """Return every watch that the article fulfils, by id, with its reasons."""
        reading = _Reading(document, self._names)
        met = ((i, reading.hits(q.root, tuple(Place))) for i, q in sorted(self._queries.items()))
        return [Match(i, tuple(hits)) for i, hits in met if hits is not None]
