"""One article while watches are held against it: its words in order, what they count for, and where they stand."""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from bot.domain.model import Document, Hit, Place, Rule
from bot.domain.plans import Expr
from bot.domain.text import Unescaped, offsets, pieces, split, words
from bot.domain.vocabulary import Atom, Ears, Span

HITS_PER_PLACE: Final = 5  # of one term; more would only swell the reason
_PLACES: Final = (Place.TITLE, Place.SUMMARY, Place.BODY)

Spot = tuple[int, int]  # of the words: first, and one past the last


class Reading:
    """The words of an article, title first. Positions count words; one empty word parts the places."""

    def __init__(self, document: Document, ears: Ears) -> None:
        self.document = document
        self._ears = ears
        self._texts = [
            Unescaped(t) if "&" in t else t
            for t in (document.title, document.summary, document.body)
        ]
        self._parts = [split(t if isinstance(t, str) else t.text) for t in self._texts]
        self._chunks = [parts[1::2] for parts in self._parts]
        self.tokens: list[str] = []
        self._starts: list[int] = []  # of the places
        self._cut = False  # some chunk is several words, so words and chunks count apart
        self._lay_out(self._chunks)
        self.entries = list(map(ears.__getitem__, self.tokens))
        if ears.several and not ears.several.keys().isdisjoint(self.tokens):
            self._expand()
        self.where: dict[Atom, list[int]] = {}
        self.wide: dict[Atom, list[tuple[int, int, Rule]]] = {}  # names of several words
        self._hits: dict[object, tuple[Hit, ...]] = {}
        self._spots: list[tuple[int, int, str]] = []

    def _lay_out(self, chunks: Iterable[list[str]]) -> None:
        tokens: list[str] = []
        self._starts = []
        for of_place in chunks:
            self._starts.append(len(tokens))
            tokens += of_place
            tokens.append("")
        self.tokens = tokens

    def _expand(self) -> None:
        """Put words in the place of chunks that are several, as Su30 and Chinese are."""
        several = self._ears.several
        self._cut = True
        self._lay_out(
            [[w for c in of_place for w in several.get(c, (c,))] for of_place in self._chunks]
        )
        self.entries = [() if t in several else self._ears[t] for t in self.tokens]

    # -- what stands where ----------------------------------------------------------------------

    @property
    def title_end(self) -> int:
        """Return the position at which the title is over."""
        return self._starts[1] - 1

    def spots(self, atom: Atom, end: int) -> Iterator[Spot]:
        """Yield where an atom stands before that position."""
        for at in self.where.get(atom, ()):
            if at < end:
                yield at, at + 1
        for start, stop, _ in self.wide.get(atom, ()):
            if stop <= end:
                yield start, stop

    def settle(self, span: Span, at: int) -> list[tuple[Atom, int, int]]:
        """Note a name of several words if it stands at that position; return its targets, to go on from."""
        stop = at + len(span.parts)
        if any(
            part not in self.entries[i]
            for i, part in enumerate(span.parts, at)
            if i < len(self.entries)
        ):
            return []
        if stop > len(self.entries):
            return []
        for atom in span.blocks:
            left = [p for p in self.where.get(atom, ()) if not at <= p < stop]
            if left:
                self.where[atom] = left
            else:
                self.where.pop(atom, None)
        settled = []
        for atom, (rule, capitals) in span.targets.items():
            if all(
                not n or t[:n].isupper()
                for n, t in zip(capitals, self.tokens[at:stop], strict=True)
            ):
                self.where.setdefault(atom, [])
                self.wide.setdefault(atom, []).append((at, stop, rule))
                settled.append((atom, at, stop))
        return settled

    # -- whether an expression is met -----------------------------------------------------------

    def met(self, expr: Expr, end: int) -> bool:
        """Tell whether an expression is met by the words before that position."""
        if isinstance(expr, Atom):
            return next(self.spots(expr, end), None) is not None
        match expr[0]:
            case "&":
                return all(self.met(part, end) for part in expr[1:])
            case "|":
                return any(self.met(part, end) for part in expr[1:])
            case "-":
                return not self.met(expr[1], end)
            case "title":
                return self.met(expr[1], self.title_end)
            case _:
                return self._met_leaf(expr, end)

    def _met_leaf(self, expr: Expr, end: int) -> bool:
        if expr[0] == ":":
            return meets(self.document, expr[1], expr[2])
        return next(self.runs(expr, end), None) is not None

    def runs(self, expr: Expr, end: int) -> Iterator[Spot]:
        """Yield where a term, a phrase, or words near each other stand."""
        if isinstance(expr, Atom):
            return self.spots(expr, end)
        return (
            self._rows(expr[2:], end) if expr[0] == '"' else self._windows(expr[2], expr[3:], end)
        )

    def _rows(self, parts: tuple[Atom, ...], end: int) -> Iterator[Spot]:
        """Yield where atoms follow each other."""
        begun = {stop: start for start, stop in self.spots(parts[0], end)}
        for part in parts[1:]:
            begun = {stop: begun[start] for start, stop in self.spots(part, end) if start in begun}
            if not begun:
                return
        yield from sorted((start, stop) for stop, start in begun.items())

    def _windows(self, gap: int, parts: tuple[Expr, ...], end: int) -> Iterator[Spot]:
        """Yield where all parts stand with at most `gap` other words among them, in one place of the article.

        One pass: of each part only its last stand counts, kept in the order of where they begin.
        """
        unique = tuple(dict.fromkeys(parts))
        events = sorted(
            (stop, start, i)
            for i, part in enumerate(unique)
            for start, stop in self.runs(part, end)
        )
        last: OrderedDict[int, Spot] = OrderedDict()
        covered = 0
        for stop, start, i in events:
            old = last.pop(i, None)
            covered += (stop - start) - (old[1] - old[0] if old else 0)
            last[i] = (start, stop)
            if len(last) < len(unique):
                continue
            first = next(iter(last.values()))[0]
            if stop - first - covered <= gap and self._place(first) == self._place(stop - 1):
                yield first, stop

    # -- reasons --------------------------------------------------------------------------------

    def _place(self, at: int) -> int:
        return bisect_right(self._starts, at) - 1

    def reasons(self, expr: Expr, end: int) -> tuple[Hit, ...]:
        """Return the hits of an expression that is met."""
        if isinstance(expr, Atom) or expr[0] in ('"', "~"):
            return self._reasons_of_run(expr, end)
        match expr[0]:
            case "&":
                return tuple(hit for part in expr[1:] for hit in self.reasons(part, end))
            case "|":
                arms = (part for part in expr[1:] if self.met(part, end))
                return tuple(dict.fromkeys(hit for part in arms for hit in self.reasons(part, end)))
            case "title":
                return self.reasons(expr[1], self.title_end)
            case ":":
                return (Hit(f"{expr[1]}:{expr[2]}", expr[2], Rule.FILTER, Place.TITLE, 0, 0),)
            case _:
                return ()

    def _reasons_of_run(self, expr: Expr, end: int) -> tuple[Hit, ...]:
        key = expr if end > self.title_end else (TITLE_ONLY, expr)
        hits = self._hits.get(key)
        if hits is None:
            hits = self._hits[key] = tuple(self._run_hits(expr, end))
        return hits

    def _run_hits(self, expr: Expr, end: int) -> Iterator[Hit]:
        if isinstance(expr, Atom):
            yield from self._atom_hits(expr, end)
        elif expr[0] == "~":
            window = next(self._windows(expr[2], expr[3:], end), (0, 0))
            for part in dict.fromkeys(expr[3:]):
                for spot in self.runs(part, end):
                    if window[0] <= spot[0] and spot[1] <= window[1]:
                        yield self._hit(part, spot)
                        break
        else:
            for spot in self._few(self.runs(expr, end)):
                yield self._hit(expr, spot)

    def _atom_hits(self, atom: Atom, end: int) -> Iterator[Hit]:
        for spot in self._few(self.spots(atom, end)):
            yield self._hit(atom, spot)

    def _few(self, spots: Iterable[Spot]) -> Iterator[Spot]:
        """Yield the first few of each place."""
        counts = [0, 0, 0]
        for spot in spots:
            place = self._place(spot[0])
            if counts[place] < HITS_PER_PLACE:
                counts[place] += 1
                yield spot

    def _hit(self, expr: Expr, spot: Spot) -> Hit:
        place, start, _ = self._offsets(spot[0])
        _, _, end = self._offsets(spot[1] - 1)
        text = self.document.text(_PLACES[place])
        term = expr.text if isinstance(expr, Atom) else expr[1]
        return Hit(term, text[start:end], self._rule(expr, spot), _PLACES[place], start, end)

    def _rule(self, expr: Expr, spot: Spot) -> Rule:
        """Return by which rule: of a phrase, the first that is not the exact form."""
        if not isinstance(expr, Atom):
            rules = [
                self._rule_of(a, at) for at, a in enumerate(_atoms(expr), spot[0]) if at < spot[1]
            ]
            return next((r for r in rules if r is not Rule.EXACT), Rule.EXACT)
        if spot[1] - spot[0] > 1:
            return next(r for start, stop, r in self.wide[expr] if (start, stop) == spot)
        return self._rule_of(expr, spot[0])

    def _rule_of(self, atom: Atom, at: int) -> Rule:
        entry = self.entries[at]
        if atom not in entry:
            return Rule.ALIAS  # part of a name of several words
        return self._ears.rules[self.tokens[at]][entry.index(atom)]

    def _offsets(self, at: int) -> tuple[int, int, int]:
        """Return (place, start, end) of a word in the original text."""
        place = self._place(at)
        if self._cut:
            start, raw = self._cut_spots(place)[at - self._starts[place]]
            first, last = 0, len(raw)
        else:
            i = 2 * (at - self._starts[place]) + 1
            ends = self._ends(place)
            start, raw = ends[i - 1], self._parts[place][i]
            first, last = 0, len(raw)
        if not raw.isalpha():
            [piece] = pieces(raw, turkic=False) or [None]  # type: ignore[list-item]
            first, last = (piece.start, piece.end) if piece else (first, last)
        text = self._texts[place]
        if isinstance(text, str):
            return place, start + first, start + last
        return place, text.origin(start + first), text.origin(start + last)

    def _ends(self, place: int) -> list[int]:
        key = ("ends", place)
        if key not in self._hits:
            self._hits[key] = offsets(self._parts[place])  # type: ignore[assignment]
        return self._hits[key]  # type: ignore[return-value]

    def _cut_spots(self, place: int) -> list[tuple[int, str]]:
        key = ("cut", place)
        if key not in self._hits:
            found: list[tuple[int, str]] = []
            ends = self._ends(place)
            for i, chunk in enumerate(self._chunks[place]):
                start = ends[2 * i]
                if chunk not in self._ears.several:
                    found.append((start, chunk))
                else:
                    found += [
                        (start + p.start, chunk[p.start : p.end])
                        for p in pieces(chunk, turkic=False)
                    ]
            self._hits[key] = found  # type: ignore[assignment]
        return self._hits[key]  # type: ignore[return-value]


TITLE_ONLY: Final = "title only"


def _atoms(expr: Expr) -> Iterator[Atom]:
    yield from expr[2:]


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
