"""All watches against one article, with the reason for each match.

An article's words are looked up once; each tells the atoms (terms of watches) it counts for. Plans hang on
atoms, so only those that can be met are looked at: the work grows with the article, hardly with the watches.
"""

from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter

from bot.domain.atoms import Atom, Span
from bot.domain.languages import spoken
from bot.domain.meaning import Spec, compile_query, unpack
from bot.domain.model import Document, Match
from bot.domain.names import Names
from bot.domain.plans import Plan, atoms_of, attach, build, detach
from bot.domain.query import Query
from bot.domain.reading import Reading
from bot.domain.vocabulary import REMEMBERED, Vocabulary

_NO_NAMES = Names.empty()
_BY_ID = attrgetter("watch_id")


class Matcher:
    """Watches, and which of them an article fulfils. Not safe for threads that add and match at once.

    remembered: different words of a language whose meaning for the watches is kept from article to article.
    """

    def __init__(self, names: Names = _NO_NAMES, *, remembered: int = REMEMBERED) -> None:
        self._vocabulary = Vocabulary(names, remembered)
        self._plans: dict[int, Plan] = {}  # by watch
        self._wordless: dict[object, Plan] = {}  # filters alone: held against every article

    def __len__(self) -> int:
        return len(self._plans)

    def terms(self) -> int:
        """Return how many different terms the watches have."""
        return len(self._vocabulary)

    # -- watches come and go --------------------------------------------------------------------

    def add(
        self,
        watch_id: int,
        query: Query,
        off: frozenset[str] = frozenset(),
        own: Sequence[str] = (),
    ) -> None:
        """Add a watch, or replace the one with that id.

        off: names that the subscriber switched off for this watch, as `meaning.understood` lists them.
        own: aliases of the subscriber: "term=alias", or a bare alias for the first term.
        """
        self.add_compiled(watch_id, compile_query(query, self._vocabulary.names, off, own))

    def add_packed(self, watch_id: int, packed: str) -> None:
        """Add a watch as `meaning.pack` wrote it; good while `meaning.stamp` says so."""
        self.add_compiled(watch_id, unpack(packed))

    def add_compiled(self, watch_id: int, spec: Spec) -> None:
        """Add a watch already compiled, or replace the one with that id."""
        if watch_id in self._plans:
            self.remove(watch_id)
        expr = build(spec, self._vocabulary.atom)
        if isinstance(expr, Atom):
            plan, new = self._attach_atom(expr, watch_id)
        elif expr in self._wordless:
            plan, new = self._wordless[expr], False
            plan.join(watch_id)
        else:
            plan, new = attach(expr, watch_id)
            if not plan.hooks:
                self._wordless[expr] = plan
        self._plans[watch_id] = plan
        if not new:
            for atom in atoms_of(expr):  # the plan of its twin holds them already
                self._vocabulary.release(atom)

    def _attach_atom(self, atom: Atom, watch_id: int) -> tuple[Plan, bool]:
        if atom.plan is None:
            atom.plan = Plan(atom, watch_id)
            return atom.plan, True
        atom.plan.join(watch_id)
        return atom.plan, False

    def remove(self, watch_id: int) -> None:
        """Forget a watch; one that is not there is no fault."""
        plan = self._plans.pop(watch_id, None)
        if plan is None or plan.part(watch_id):
            return
        if isinstance(plan.expr, Atom):
            plan.expr.plan = None
        elif plan.hooks:
            detach(plan)
        else:
            del self._wordless[plan.expr]
        for atom in atoms_of(plan.expr):
            self._vocabulary.release(atom)

    # -- an article -----------------------------------------------------------------------------

    def match(self, document: Document) -> list[Match]:
        """Return every watch that the article fulfils, by id, with its reasons."""
        language = spoken(document.body or document.title, document.language)
        reading = Reading(document, self._vocabulary.ears(language))
        candidates = _candidates(reading)
        candidates.update(dict.fromkeys(self._wordless.values()))
        matches: list[Match] = []
        for plan in candidates:
            expr = plan.expr
            if reading.met(expr):
                hits = reading.reasons(expr)
                watches = plan.watches
                if isinstance(watches, int):
                    matches.append(Match(watches, hits))
                else:
                    matches += [Match(watch_id, hits) for watch_id in watches]
        matches.sort(key=_BY_ID)
        return matches


def _candidates(reading: Reading) -> dict[Plan, None]:
    """Return the plans that the article may meet; those of one atom it does meet."""
    found: dict[Plan, None] = {}
    _settle(reading, _pairs(reading), found)
    reading.drop_blocked()
    where = reading.where
    for atom in where:
        if atom.plan is not None:
            found[atom.plan] = None
        if atom.ands is not None:
            _note_both(atom.ands, where, found)
        if atom.others is not None:
            for plan in atom.others.values():
                found[plan] = None
    return found


def _note_both(
    ands: Mapping[Atom, object], where: Mapping[Atom, object], found: dict[Plan, None]
) -> None:
    """Note the plans of which the partner is there as well."""
    if len(ands) > _FEW:
        for partner in ands.keys() & where.keys():
            _note(ands[partner], found)
    else:
        for partner, thing in ands.items():
            if partner in where:
                _note(thing, found)


_FEW = 6  # partners up to which a loop is faster than an intersection


def _note(thing: object, found: dict[Plan, None]) -> None:
    if isinstance(thing, dict):
        for plan in thing.values():
            found[plan] = None
    else:
        found[thing] = None  # type: ignore[index]


def _pairs(reading: Reading) -> list[tuple[object, int]]:
    """Note where each atom stands; return what hangs on atoms that follow each other, and where."""
    where, entries = reading.where, reading.entries
    for at, atoms in enumerate(entries):
        for atom in atoms:
            where[atom].append(at)
    pairs: list[tuple[object, int]] = []
    for atom, spots in where.items():
        following = atom.next
        if following is not None:  # the last entry is empty, so there is always a next
            pairs += [(following[b], at) for at in spots for b in entries[at + 1] if b in following]
        before = atom.prev
        if before is not None:  # ... and the first may look at the last
            pairs += [(before[b], at - 1) for at in spots for b in entries[at - 1] if b in before]
    return pairs


def _settle(reading: Reading, pairs: list[tuple[object, int]], found: dict[Plan, None]) -> None:
    """Part what hangs on pairs: plans to look at, and names of several words, which may pair up too."""
    settled: list[tuple[Atom, int, int]] = []
    for thing, at in pairs:
        for one in thing.values() if isinstance(thing, dict) else (thing,):
            if isinstance(one, Span):
                settled += reading.settle(one, at)
            else:
                _note(one, found)
    for name in settled:
        for thing in _around(reading, name, settled):
            _note(thing, found)


def _around(
    reading: Reading, name: tuple[Atom, int, int], settled: list[tuple[Atom, int, int]]
) -> Iterator[object]:
    """Yield what hangs on a name of several words and its neighbours: plans all, names hang on words."""
    atom, start, stop = name
    entries = reading.entries
    after = [*entries[stop], *(other for other, begins, _ in settled if begins == stop)]
    before = [*entries[start - 1], *(other for other, _, ends in settled if ends == start)]
    for table, others in ((atom.next, after), (atom.prev, before)):
        yield from (table[other] for other in others if table and other in table)
    for other in after:
        if other.prev and atom in other.prev:
            yield other.prev[atom]
    for other in before:
        if other.next and atom in other.next:
            yield other.next[atom]
