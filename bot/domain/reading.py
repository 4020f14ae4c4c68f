"""One article while watches are held against it: its words, what they count for, where they stand."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import urlsplit

from bot.domain.atoms import Atom, Span
from bot.domain.meaning import ADJACENT, ALL, ANY, FILTER, NEAR, NONE, TITLE
from bot.domain.model import Document, Hit, Place, Rule
from bot.domain.plans import Expr
from bot.domain.text import Unescaped, offsets, pieces, split, words
from bot.domain.vocabulary import Ears

HITS_PER_PLACE: Final = 5  # of one term; more would only swell the reason
_PLACES: Final = (Place.TITLE, Place.SUMMARY, Place.BODY)

Spot = tuple[int, int]  # of the words: first, and one past the last


class Reading:
    """The words of an article, title first. Positions count words; one empty word parts the places."""

    def __init__(self, document: Document, ears: Ears) -> None:
        self.document = document
        self._ears = ears
        self._raw = (document.title, document.summary, document.body)
        self._texts = [Unescaped(t) if "&" in t else t for t in self._raw]
        self._parts = [split(t if isinstance(t, str) else t.text) for t in self._texts]
        self._chunks = [parts[1::2] for parts in self._parts]
        self.tokens: list[str] = []
        self._starts: list[int] = []  # of the places
        self._cut = False  # some chunk is several words, so words and chunks count apart
        self._lay_out(self._chunks)
        self.entries = list(map(ears.__getitem__, self.tokens))
        if ears.several and not ears.several.keys().isdisjoint(self.tokens):
            self._expand()
        self.where: defaultdict[Atom, list[int]] = defaultdict(list)
        self.wide: dict[Atom, list[tuple[int, int, Rule]]] = {}  # names of several words
        self._blocked: list[tuple[Atom, int, int]] = []
        self._hits: dict[object, tuple[Hit, ...]] = {}
        self._runs: dict[object, list[Spot]] = {}
        self._offsets: list[int] = []

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

    def settle(self, span: Span, at: int) -> list[tuple[Atom, int, int]]:
        """Note a name of several words if it stands at that position; return its targets, to go on from."""
        stop = at + len(span.parts)
        if stop > len(self.entries):
            return []
        if any(part not in self.entries[i] for i, part in enumerate(span.parts, at)):
            return []
        self._blocked += [(atom, at, stop) for atom in span.blocks]
        settled = []
        for atom, (rule, capitals) in span.targets.items():
            written = zip(capitals, self.tokens[at:stop], strict=True)
            if all(not n or token[:n].isupper() for n, token in written):
                self.where.setdefault(atom, [])
                self.wide.setdefault(atom, []).append((at, stop, rule))
                settled.append((atom, at, stop))
        return settled

    def drop_blocked(self) -> None:
        """Forget names that stand inside longer names of something else."""
        for atom, start, stop in self._blocked:
            spots = self.where.get(atom, [])
            self.where[atom] = [at for at in spots if not start <= at < stop]
            wide = [w for w in self.wide.pop(atom, ()) if not start <= w[0] < w[1] <= stop]
            if wide:
                self.wide[atom] = wide
            elif not self.where[atom]:
                del self.where[atom]

    def _spots(self, atom: Atom) -> list[Spot]:
        """Return where an atom stands, single words first."""
        found = [(at, at + 1) for at in self.where.get(atom, ())]
        if atom in self.wide:
            found += [(start, stop) for start, stop, _ in self.wide[atom]]
        return found

    def runs(self, expr: Expr) -> list[Spot]:
        """Return where a term, a phrase, or words near each other stand."""
        found = self._runs.get(expr)
        if found is None:
            if isinstance(expr, Atom):
                found = self._spots(expr)
            elif expr[0] == ADJACENT:
                found = self._rows(expr[1:])
            else:
                found = list(self._windows(int(expr[1]), expr[2:]))
            self._runs[expr] = found
        return found

    def _rows(self, parts: tuple[Atom, ...]) -> list[Spot]:
        """Return where atoms follow each other."""
        if self.wide and not self.wide.keys().isdisjoint(parts):
            return self._wide_rows(parts)
        begun = self.where.get(parts[0], [])
        for after, part in enumerate(parts[1:], 1):
            there = self.where.get(part)
            if not there or not begun:
                return []
            here = there if len(there) < 8 else set(there)
            begun = [at for at in begun if at + after in here]
        return [(at, at + len(parts)) for at in begun]

    def _wide_rows(self, parts: tuple[Atom, ...]) -> list[Spot]:
        begun = {stop: start for start, stop in self._spots(parts[0])}
        for part in parts[1:]:
            begun = {stop: begun[start] for start, stop in self._spots(part) if start in begun}
        return sorted((start, stop) for stop, start in begun.items())

    def _windows(self, gap: int, parts: tuple[Expr, ...]) -> Iterator[Spot]:
        """Yield where all parts stand with at most `gap` other words among them, in one place of the article.

        One pass: of each part only its last stand counts, kept in the order of where they begin.
        """
        spots = [self.runs(part) for part in parts]
        events = sorted(
            (stop, start, i) for i, of_part in enumerate(spots) for start, stop in of_part
        )
        last: OrderedDict[int, Spot] = OrderedDict()
        covered = 0
        for stop, start, i in events if all(spots) else ():
            old = last.pop(i, None)
            covered += (stop - start) - (old[1] - old[0] if old else 0)
            last[i] = (start, stop)
            if len(last) < len(parts):
                continue
            first = next(iter(last.values()))[0]
            if stop - first - covered <= gap and self._place(first) == self._place(stop - 1):
                yield first, stop

    # -- whether an expression is met -----------------------------------------------------------

    def met(self, expr: Expr, *, title: bool = False) -> bool:
        """Tell whether an expression is met. title: by the title alone."""
        if isinstance(expr, Atom):
            return expr in self.where and (not title or self._in_title(expr))
        sign = expr[0]
        if sign in (ADJACENT, NEAR):
            return self._in_title(expr) if title else bool(self.runs(expr))
        if sign == ALL:
            return self._all_met(expr, title=title)
        if sign == ANY:
            return any(self.met(part, title=title) for part in expr[1:])
        return self._met_rarer(expr, title=title)

    def _all_met(self, expr: Expr, *, title: bool) -> bool:
        where = self.where
        for part in expr[1:]:
            if part.__class__ is Atom and not title:  # nearly always
                if part not in where:
                    return False
            elif not self.met(part, title=title):
                return False
        return True

    def _met_rarer(self, expr: Expr, *, title: bool) -> bool:
        if expr[0] == NONE:
            return not self.met(expr[1], title=title)
        if expr[0] == TITLE:
            return self.met(expr[1], title=True)
        return meets(self.document, expr[1], expr[2])

    def _in_title(self, expr: Expr) -> bool:
        return any(stop < self._starts[1] for _, stop in self.runs(expr))

    # -- reasons --------------------------------------------------------------------------------

    def reasons(self, expr: Expr, *, title: bool = False) -> tuple[Hit, ...]:
        """Return the hits of an expression that is met."""
        if isinstance(expr, Atom) or expr[0] in (ADJACENT, NEAR):
            return self._reasons_of_run(expr, title=title)
        if expr[0] == ALL:
            return tuple([hit for part in expr[1:] for hit in self.reasons(part, title=title)])
        if expr[0] == ANY:
            arms = [part for part in expr[1:] if self.met(part, title=title)]
            hits = (hit for part in arms for hit in self.reasons(part, title=title))
            return tuple(dict.fromkeys(hits))
        if expr[0] == TITLE:
            return self.reasons(expr[1], title=True)
        if expr[0] == FILTER:
            return (Hit(f"{expr[1]}:{expr[2]}", expr[2], Rule.FILTER, Place.TITLE, 0, 0),)
        return ()

    def _reasons_of_run(self, expr: Expr, *, title: bool) -> tuple[Hit, ...]:
        key = ("title", expr) if title else expr
        hits = self._hits.get(key)
        if hits is None:
            spots = self.runs(expr)
            if title:
                spots = [spot for spot in spots if spot[1] < self._starts[1]]
            if len(spots) > HITS_PER_PLACE:
                spots = self._few(spots)
            if isinstance(expr, Atom):
                hits = tuple([self._hit(expr, spot) for spot in spots])
            elif expr[0] == ADJACENT:
                hits = tuple([self._row_hit(expr, spot) for spot in spots])
            else:
                hits = tuple([self._near(part, spots[0]) for part in expr[2:]])
            self._hits[key] = hits
        return hits

    def _near(self, part: Expr, window: Spot) -> Hit:
        """Return where a part stands in a window that holds all parts: as late as it can."""
        inside = [s for s in self.runs(part) if window[0] <= s[0] and s[1] <= window[1]]
        spot = inside[-1]
        return self._hit(part, spot) if isinstance(part, Atom) else self._row_hit(part, spot)

    def _few(self, spots: list[Spot]) -> list[Spot]:
        """Return the first few of each place."""
        counts = [0, 0, 0]
        found = []
        for spot in spots:
            place = self._place(spot[0])
            counts[place] += 1
            if counts[place] <= HITS_PER_PLACE:
                found.append(spot)
        return found

    def _hit(self, atom: Atom, spot: Spot) -> Hit:
        at, stop = spot
        entry, token = self.entries[at], self.tokens[at]
        if stop - at > 1 or atom not in entry:
            rule = next(r for start, end, r in self.wide[atom] if (start, end) == spot)
            return self._told(atom.text, spot, rule)
        rule = self._ears.rules[token][entry.index(atom)]
        place = self._place(at)
        if self._raw[place] is not self._texts[place] or not token.isalpha():
            return self._told(atom.text, spot, rule)
        start = self._starting()[at]  # the usual case, without a slice or a search
        return Hit(atom.text, token, rule, _PLACES[place], start, start + len(token))

    def _row_hit(self, expr: Expr, spot: Spot) -> Hit:
        term = " ".join([atom.text for atom in expr[1:]])
        return self._told(term, spot, self._rule_of_row(expr[1:], spot))

    def _told(self, term: str, spot: Spot, rule: Rule) -> Hit:
        first, stop = spot
        start, end = self._bounds(first)
        if stop - first > 1:
            end = self._bounds(stop - 1)[1]
        place = self._place(first)
        return Hit(term, self._raw[place][start:end], rule, _PLACES[place], start, end)

    def _rule_of_row(self, parts: tuple[Atom, ...], spot: Spot) -> Rule:
        """Return the first rule in a phrase that is not the exact form."""
        if spot[1] - spot[0] != len(parts):
            return Rule.ALIAS  # one of its parts is a name of several words
        for at, atom in enumerate(parts, spot[0]):
            entry = self.entries[at]
            rules = self._ears.rules.get(self.tokens[at], ())
            rule = rules[entry.index(atom)] if atom in entry else Rule.ALIAS
            if rule is not Rule.EXACT:
                return rule
        return Rule.EXACT

    # -- offsets --------------------------------------------------------------------------------

    def _place(self, at: int) -> int:
        starts = self._starts
        return 0 if at < starts[1] else 1 if at < starts[2] else 2

    def _bounds(self, at: int) -> Spot:
        """Return where a word begins and ends in the text of its place."""
        start, raw = self._starting()[at], self.tokens[at]
        end = start + len(raw)
        if not raw.isalpha():  # an apostrophe, say: the suffix after it is not part of the name
            [piece] = pieces(raw)
            start, end = start + piece.start, start + piece.end
        text = self._texts[self._place(at)]
        return (start, end) if isinstance(text, str) else (text.origin(start), text.origin(end))

    def _starting(self) -> list[int]:
        """Return where each word's chunk or piece begins in the decoded text of its place."""
        if not self._offsets:
            self._offsets = self._cut_offsets() if self._cut else self._plain_offsets()
        return self._offsets

    def _plain_offsets(self) -> list[int]:
        found: list[int] = []
        for parts in self._parts:
            found += offsets(parts)[::2]  # one more than chunks: the empty word after the place
        return found

    def _cut_offsets(self) -> list[int]:
        found: list[int] = []
        several = self._ears.several
        for parts in self._parts:
            for chunk, start in zip(parts[1::2], offsets(parts)[::2], strict=False):
                if chunk in several:
                    found += [start + piece.start for piece in pieces(chunk)]
                else:
                    found.append(start)
            found.append(0)
        return found


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
