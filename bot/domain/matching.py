"""All watches against one article, with the reason for each match.

An article's words are looked up once; each tells the atoms (terms of watches) it counts for. Plans hang on
atoms, so only those that can be met are looked at: the work grows with the article, hardly with the watches.
"""

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from bot.domain.languages import spoken
from bot.domain.meaning import Spec, compile_query, unpack
from bot.domain.model import Document, Match
from bot.domain.names import Names
from bot.domain.plans import Plan, atoms_of, attach, build, detach
from bot.domain.query import Query
from bot.domain.reading import Reading
from bot.domain.vocabulary import REMEMBERED, Atom, Span, Vocabulary

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
        ands = atom.ands
        if ands:
            for partner in (
                ands.keys() & where.keys() if len(ands) > 3 else filter(where.__contains__, ands)
            ):
                for plan in _hung(ands[partner]):
                    found[plan] = None
        if atom.others:
            found.update(dict.fromkeys(atom.others.values()))
    return found


def _hung(thing: object) -> Iterable[Plan]:
    return thing.values() if isinstance(thing, dict) else (thing,)  # type: ignore[return-value]


def _pairs(reading: Reading) -> list[tuple[object, int]]:
    """Note where each atom stands; return what hangs on atoms that follow each other, and where."""
    where = reading.where
    pairs: list[tuple[object, int]] = []
    begun: list[Atom] = []
    for at, atoms in enumerate(reading.entries):
        for first in begun:
            following = first.next
            for atom in atoms:
                if atom in following:  # type: ignore[operator]
                    pairs.append((following[atom], at - 1))  # type: ignore[index]
        begun = []
        for atom in atoms:
            spots = where.get(atom)
            if spots is None:
                where[atom] = [at]
            else:
                spots.append(at)
            if atom.next is not None:
                begun.append(atom)
    return pairs


def _settle(reading: Reading, pairs: list[tuple[object, int]], found: dict[Plan, None]) -> None:
    """Sort what hangs on pairs into plans to look at and names of several words; those may begin pairs too."""
    for thing, at in pairs:
        for one in _hung(thing):
            if isinstance(one, Span):
                for atom, start, stop in reading.settle(one, at):
                    found.update(dict.fromkeys(_around(reading, atom, start, stop)))
            else:
                found[one] = None


def _around(reading: Reading, atom: Atom, start: int, stop: int) -> Iterator[Plan]:
    """Yield the plans that hang on a name of several words and the word after it, or before."""
    entries = reading.entries
    after = entries[stop] if stop < len(entries) else ()
    before = entries[start - 1] if start else ()
    hung = [atom.next.get(other) for other in after] if atom.next else []
    hung += [other.next.get(atom) for other in before if other.next]
    for thing in filter(None, hung):  # plans all: names of several words hang on plain words
        yield from _hung(thing)
