"""One article while watches are held against it: its words, what they count for, where they stand."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from bot.domain.atoms import Atom, Span
from bot.domain.filters import meets
from bot.domain.meaning import ADJACENT, ALL, ANY, FILTER, NEAR, NONE, TITLE
from bot.domain.model import Document, Hit, Place, Rule
from bot.domain.names import is_kind_of_place
from bot.domain.plans import Expr
from bot.domain.text import Unescaped, normal, opens_sentence, pieces, split, starts_of
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
        self._plain = [text is raw for text, raw in zip(self._texts, self._raw, strict=True)]
        self._parts = [split(t if isinstance(t, str) else t.text) for t in self._texts]
        self._chunks = [parts[1::2] for parts in self._parts]
        self.tokens: list[str] = []
        self._starts: list[int] = []  # of the places
        self._cut = False  # some chunk is several words, so words and chunks count apart
        self._lay_out(self._chunks)
        self.entries = list(map(ears.__getitem__, self.tokens))
        self.where: defaultdict[Atom, list[int]] = defaultdict(list)
        self.wide: dict[Atom, list[tuple[int, int, Rule]]] = {}  # names of several words
        self.blocked: list[tuple[Atom, int, int]] = []
        self._hits: dict[Atom, tuple[Hit, ...]] = {}
        self._runs: dict[object, list[Spot]] = {}
        self._offsets: list[int] = []
        if ears.closer and not ears.closer.isdisjoint(self.tokens):
            self._look_closer()

    def _lay_out(self, chunks: Iterable[list[str]]) -> None:
        tokens: list[str] = []
        self._starts = []
        for of_place in chunks:
            self._starts.append(len(tokens))
            tokens += of_place
            tokens.append("")
        self.tokens = tokens

    def _look_closer(self) -> None:
        """Take chunks of several words apart, and do not trust every capital."""
        if not self._ears.several.keys().isdisjoint(self.tokens):
            self._expand()
        if not self._ears.doubted.keys().isdisjoint(self.tokens):
            self._doubt()

    def _doubt(self) -> None:
        """Drop names for which only the capital that opens a sentence speaks, nowhere in the article more.

        A name that opens a sentence and is met elsewhere in the text, in another sentence's middle or by
        another of its names, stays; so does one beside a word for what it is, as in «Van Gölü».
        """
        doubted = self._ears.doubted
        spots = {at: doubted[t] for at, t in enumerate(self.tokens) if t in doubted}
        spots = {at: atoms for at, atoms in spots.items() if not self._is_named(at)}
        unproved = {atom for atoms in spots.values() for atom in atoms}
        for at, entry in enumerate(self.entries if unproved else ()):
            unproved.difference_update(set(entry) - spots.get(at, frozenset()))
        for at in spots if unproved else ():
            self.entries[at] = tuple(atom for atom in self.entries[at] if atom not in unproved)

    def _is_named(self, at: int) -> bool:
        """Tell whether a word's capital is a name's: it opens no sentence, or the next says what it is."""
        token = self.tokens[at]
        if is_kind_of_place(self.tokens[at + 1]):
            return True
        if len(token) > 1 and token.isupper():
            return False
        text = self._texts[self._place(at)]
        return not opens_sentence(
            text if isinstance(text, str) else text.text, self._starting()[at]
        )

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
        self.blocked += [(atom, at, stop) for atom in span.blocks]
        settled = []
        for atom, (rule, capitals) in span.targets.items():
            written = zip(capitals, self.tokens[at:stop], strict=True)
            off = atom.known.off if atom.known else ()
            if off and any(normal(token) in off for token in self.tokens[at:stop]):
                continue
            if all(not n or token[:n].isupper() for n, token in written):
                self.where.setdefault(atom, [])
                self.wide.setdefault(atom, []).append((at, stop, rule))
                settled.append((atom, at, stop))
        return settled

    def drop_blocked(self) -> None:
        """Forget names that stand inside longer names of something else. Linear: there may be thousands."""
        blocks: defaultdict[Atom, dict[int, int]] = defaultdict(dict)  # where each begins -> stops
        for atom, start, stop in self.blocked:
            blocks[atom][start] = max(stop, blocks[atom].get(start, 0))
        for atom, stops in blocks.items():
            inside = {at for start, stop in stops.items() for at in range(start, stop)}
            longest = max(stop - start for start, stop in stops.items())
            self.where[atom] = [at for at in self.where.get(atom, ()) if at not in inside]
            wide = [
                (start, stop, rule)
                for start, stop, rule in self.wide.pop(atom, ())
                if all(stops.get(at, 0) < stop for at in range(start - longest, start + 1))
            ]
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

    def judge(self, expr: Expr) -> tuple[Hit, ...] | None:
        """Return the hits of an expression, None if it is not met. An atom alone is one that stands there."""
        if expr.__class__ is Atom:
            return self._reasons_of_atom(expr)
        if expr[0] != ADJACENT:
            return self.reasons(expr) if self.met(expr) else None
        where, parts = self.where, expr[1:]
        for part in parts:
            if part not in where:
                return None
        spots = self._rows(parts)
        return self._reasons_of_run(expr, spots) if spots else None

    def reasons_at(self, expr: Expr, spots: list[int]) -> tuple[Hit, ...]:
        """Return the hits of a phrase of two words that begins there, and nowhere else."""
        rows = [(at, at + 2) for at in spots]
        return tuple([self._row_hit(expr, row) for row in self._few(rows)])

    def reasons(self, expr: Expr, *, title: bool = False) -> tuple[Hit, ...]:
        """Return the hits of an expression that is met."""
        if expr.__class__ is Atom and not title:
            return self._reasons_of_atom(expr)
        if expr.__class__ is Atom or expr[0] in (ADJACENT, NEAR):
            spots = self.runs(expr)
            if title:
                spots = [spot for spot in spots if spot[1] < self._starts[1]]
            return self._reasons_of_run(expr, spots)
        if expr[0] == ALL:
            return tuple([hit for part in expr[1:] for hit in self.reasons(part, title=title)])
        return self._rarer_reasons(expr, title=title)

    def _rarer_reasons(self, expr: Expr, *, title: bool) -> tuple[Hit, ...]:
        if expr[0] == ANY:
            arms = [part for part in expr[1:] if self.met(part, title=title)]
            hits = (hit for part in arms for hit in self.reasons(part, title=title))
            return tuple(dict.fromkeys(hits))
        if expr[0] == TITLE:
            return self.reasons(expr[1], title=True)
        if expr[0] == FILTER:
            return (Hit(f"{expr[1]}:{expr[2]}", expr[2], Rule.FILTER, Place.TITLE, 0, 0),)
        return ()

    def _reasons_of_atom(self, atom: Atom) -> tuple[Hit, ...]:
        hits = self._hits.get(atom)
        if hits is None:
            if atom in self.wide:
                hits = tuple([self._hit(atom, spot) for spot in self._few(self._spots(atom))])
            else:
                hits = tuple(self._word_hits(atom, self._few_words(self.where[atom])))
            self._hits[atom] = hits
        return hits

    def _word_hits(self, atom: Atom, ats: list[int]) -> list[Hit]:
        """Return the hits of a term where it is one word. In a loop: an article has hundreds."""
        term, begins = atom.text, self._starting()
        heard, rules = self._ears, self._ears.rules
        _, summary, body = self._starts
        found = []
        for at in ats:
            token = self.tokens[at]
            rule = rules[token][heard[token].index(atom)]
            place = 0 if at < summary else 1 if at < body else 2
            if self._plain[place] and token.isalpha():  # nearly always
                start = begins[at]
                row = (term, token, rule, _PLACES[place], start, start + len(token))
                found.append(tuple.__new__(Hit, row))
            else:
                found.append(self._told(term, (at, at + 1), rule))
        return found

    def _reasons_of_run(self, expr: Expr, spots: list[Spot]) -> tuple[Hit, ...]:
        few = self._few(spots)
        if expr.__class__ is Atom:
            return tuple([self._hit(expr, spot) for spot in few])
        if expr[0] == ADJACENT:
            return tuple([self._row_hit(expr, spot) for spot in few])
        return tuple([self._near(part, few[0]) for part in expr[2:]])

    def _near(self, part: Expr, window: Spot) -> Hit:
        """Return where a part stands in a window that holds all parts: as late as it can."""
        inside = [s for s in self.runs(part) if window[0] <= s[0] and s[1] <= window[1]]
        spot = inside[-1]
        return self._hit(part, spot) if isinstance(part, Atom) else self._row_hit(part, spot)

    def _few(self, spots: list[Spot]) -> list[Spot]:
        """Return the first few of each place."""
        if len(spots) <= HITS_PER_PLACE:
            return spots
        kept = set(self._few_words([spot[0] for spot in spots]))
        return [spot for spot in spots if spot[0] in kept]

    def _few_words(self, ats: list[int]) -> list[int]:
        """Return the first few of each place."""
        if len(ats) <= HITS_PER_PLACE:
            return ats
        by_place: tuple[list[int], ...] = ([], [], [])
        for at in ats:
            by_place[self._place(at)].append(at)
        return [at for of_place in by_place for at in of_place[:HITS_PER_PLACE]]

    def _hit(self, atom: Atom, spot: Spot) -> Hit:
        at, stop = spot
        if stop - at == 1 and atom in self.entries[at]:
            return self._word_hits(atom, [at])[0]
        rule = next(r for start, end, r in self.wide[atom] if (start, end) == spot)
        return self._told(atom.text, spot, rule)

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
            entry = self._ears[self.tokens[at]]
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
            several = self._ears.several if self._cut else ()
            found = (starts_of(parts, several) for parts in self._parts)
            self._offsets = list(chain.from_iterable(found))
        return self._offsets
