"""The terms of watches as the engine holds them, each once, and what hangs on them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from bot.domain.model import Rule

if TYPE_CHECKING:
    from bot.domain.plans import Plan


class Atom:
    """One term, shared by all watches that have it. Plans hang on it: see bot.domain.plans."""

    __slots__ = ("ands", "known", "leaf", "next", "others", "plan", "text", "uses")

    def __init__(self, text: str) -> None:
        self.leaf = text
        self.text = text.split("|", 2)[1]  # the term as the watch has it
        self.uses = 0
        self.plan: Plan | None = None  # met by the atom alone
        self.next: dict[Atom, Hung] | None = None  # wanting the key right after it
        self.ands: dict[Atom, Hung] | None = None  # wanting the key as well, anywhere
        self.others: dict[object, Plan] | None = None  # everything else that needs the atom
        self.known: Known | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What sets an atom apart from a plain word."""

    exact: str = ""  # capitals as typed
    ids: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    off: frozenset[str] = frozenset()  # forms that the subscriber does without
    turkic: bool = False  # it has a name with its diacritics in Turkish or Azerbaijani
    everyday: Mapping[str, frozenset[str]] = field(default_factory=dict)  # see Name
    spans: tuple["Span", ...] = ()


class Span:
    """A name of several words: where its parts stand in a row, its targets stand; what it blocks does not."""

    __slots__ = ("blocks", "parts", "targets")

    def __init__(self, parts: tuple[Atom, ...]) -> None:
        self.parts = parts
        self.targets: dict[Atom, tuple[Rule, tuple[int, ...]]] = {}
        self.blocks: set[Atom] = set()

    @property
    def identity(self) -> object:
        """Return what tells it from others on the same pair."""
        return self.parts


Hung: TypeAlias = "Plan | Span | dict[object, Plan | Span]"


def hang(atom: Atom, where: str, partner: Atom, identity: object, thing: "Plan | Span") -> None:
    """Hang a plan or span on a pair of atoms."""
    table = getattr(atom, where)
    if table is None:
        table = {}
        setattr(atom, where, table)
    there = table.get(partner)
    if there is None:
        table[partner] = thing
    elif isinstance(there, dict):
        there[identity] = thing
    else:
        table[partner] = {there.identity: there, identity: thing}


def unhang(atom: Atom, where: str, partner: Atom, identity: object) -> None:
    """Take off what `hang` hung."""
    table = getattr(atom, where)
    there = table[partner]
    if isinstance(there, dict):
        del there[identity]
        if there:
            return
    del table[partner]
    if not table:
        setattr(atom, where, None)
