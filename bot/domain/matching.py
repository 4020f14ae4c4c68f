"""All watches against one article, with the reason for each match.

An article's words are looked up once; each tells the atoms (terms of watches) it counts for. Plans hang on
atoms, so only those that can be met are looked at: the work grows with the article, hardly with the watches.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

from bot.domain.atoms import Atom, Span
from bot.domain.languages import spoken
from bot.domain.meaning import ADJACENT, Spec, compile_query, unpack
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
        for plan, spots in candidates.items():
            hits = reading.reasons_at(plan.expr, spots) if spots else reading.judge(plan.expr)
            if hits is None:
                continue
            watches = plan.watches
            if isinstance(watches, int):
                matches.append(Match(watches, hits))
            else:
                matches += [tuple.__new__(Match, (watch_id, hits)) for watch_id in watches]
        matches.sort(key=_BY_ID)
        return matches


# Plans to look at, and where a phrase of two words begins, if all of that is known.
Candidates = dict[Plan, list[int] | None]


def _candidates(reading: Reading) -> Candidates:
    """Return the plans that the article may meet; those of one atom it does meet."""
    found: Candidates = {}
    pairs = _pairs(reading)
    settled = _settle(reading, pairs, found)
    for thing in _around(reading, settled) if settled else ():
        _note(thing, found)
    reading.drop_blocked()
    if reading.wide or reading.blocked:  # names of several words: nothing is known for sure
        found = dict.fromkeys(found)
    _note_hung(reading.where, found)
    return found


def _note_hung(where: Mapping[Atom, object], found: Candidates) -> None:
    """Note the plans of each atom alone, and those of which the partner is there as well."""
    for atom in where:
        if atom.plan is not None:
            found[atom.plan] = None
        ands = atom.ands
        if ands is not None:
            both = (
                [p for p in ands if p in where] if len(ands) < _FEW else ands.keys() & where.keys()
            )
            for partner in both:
                _note(ands[partner], found)
        if atom.others is not None:
            found.update(dict.fromkeys(atom.others.values()))


_FEW: Final = 16  # partners up to which a loop is faster than an intersection


def _note(thing: object, found: Candidates) -> None:
    if isinstance(thing, dict):
        for plan in thing.values():
            found[plan] = None
    else:
        found[thing] = None  # type: ignore[index]  # no dict: a plan


def _pairs(reading: Reading) -> list[tuple[Any, int]]:
    """Note where each atom stands; return what hangs on atoms that follow each other, and where."""
    where, entries = reading.where, reading.entries
    for at, atoms in enumerate(entries):
        for atom in atoms:
            where[atom].append(at)
    pairs: list[tuple[Any, int]] = []
    for atom, spots in where.items():
        following = atom.next
        if following is not None:  # the last entry is empty, so there is always a next
            for at in spots:
                for other in entries[at + 1]:
                    if other in following:
                        pairs.append((following[other], at))
    return pairs


_Settled = tuple[Atom, int, int]  # a name of several words, where it begins and stops


def _settle(reading: Reading, pairs: list[tuple[Any, int]], found: Candidates) -> list[_Settled]:
    """Part what hangs on pairs: plans to look at, and names of several words, which may pair up too."""
    settled: list[_Settled] = []
    for thing, at in pairs:
        for one in thing.values() if thing.__class__ is dict else (thing,):
            if one.__class__ is Span:
                settled += reading.settle(one, at)
            elif one.expr[0] != ADJACENT or len(one.expr) != 3:
                found[one] = None
            elif one in found:
                found[one].append(at)  # type: ignore[union-attr]  # a phrase has places
            else:
                found[one] = [at]
    return settled


def _around(reading: Reading, settled: list[_Settled]) -> Iterator[object]:
    """Yield what hangs on names of several words and their neighbours."""
    entries = reading.entries
    begun: defaultdict[int, list[Atom]] = defaultdict(list)
    ended: defaultdict[int, list[Atom]] = defaultdict(list)
    for atom, start, stop in settled:
        begun[start].append(atom)
        ended[stop].append(atom)
    for atom, start, stop in settled:
        if atom.next:
            after = (*entries[stop], *begun.get(stop, ()))
            yield from (atom.next[other] for other in after if other in atom.next)
        for other in (*entries[start - 1], *ended.get(start, ())):
            if other.next and atom in other.next:
                yield other.next[atom]
