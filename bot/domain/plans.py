"""A watch made ready to be found: its expression over atoms, and the atoms it hangs on.

Identical watches share a plan. A plan hangs where few articles touch it: one word on its word, a phrase on
two words that follow each other, a boolean on two words it cannot do without, each the rarest there is.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise, product
from typing import Any, Final

from bot.domain.meaning import ADJACENT, FILTER, NEAR, Spec
from bot.domain.vocabulary import Atom, hang, unhang

Expr = Any  # an Atom, or a tuple like a spec with atoms for its leaves
Trigger = Atom | tuple[Atom, Atom]  # an atom somewhere, or two that follow each other

_MOST_PAIRS: Final = 16  # of alternatives hung pair by pair; more hang on one group alone


class Plan:
    """What identical watches are found by. watches: one id, or a set of several."""

    __slots__ = ("expr", "hooks", "watches")

    def __init__(self, expr: Expr, watch_id: int) -> None:
        self.expr = expr
        self.watches: int | set[int] = watch_id
        self.hooks: tuple[Any, ...] = ()  # where, owner, partner, and so on by threes

    @property
    def identity(self) -> object:
        """Return what tells it from others on the same pair."""
        return self.expr

    def join(self, watch_id: int) -> None:
        """Add a watch that says the same."""
        if isinstance(self.watches, set):
            self.watches.add(watch_id)
        else:
            self.watches = {self.watches, watch_id}

    def part(self, watch_id: int) -> bool:
        """Take a watch out; return whether any is left."""
        if not isinstance(self.watches, set):
            return False
        self.watches.discard(watch_id)
        return bool(self.watches)


def build(spec: Spec, atom: Callable[[str], Atom]) -> Expr:
    """Return the expression of a spec."""
    if isinstance(spec, str):
        return atom(spec)
    if spec[0] == FILTER:
        return spec
    keep = {ADJACENT: 2, NEAR: 3}.get(spec[0], 1)
    return (*spec[:keep], *(build(part, atom) for part in spec[keep:]))


def atoms_of(expr: Expr) -> Iterator[Atom]:
    """Yield the atoms of an expression, each as often as it stands there."""
    if isinstance(expr, Atom):
        yield expr
    elif expr[0] != FILTER:
        for part in expr[{ADJACENT: 2, NEAR: 3}.get(expr[0], 1) :]:
            yield from atoms_of(part)


def _cost(trigger: Trigger) -> int:
    """Return how often a trigger may be met: terms of many watches are the frequent words."""
    return trigger.uses if isinstance(trigger, Atom) else min(a.uses for a in trigger) // 4


def _group_cost(group: list[Trigger]) -> int:
    return sum(map(_cost, group))


def groups(expr: Expr) -> list[list[Trigger]]:
    """Return sets of triggers, of each of which a text must meet one."""
    if isinstance(expr, Atom):
        return [[expr]]
    match expr[0]:
        case "&" | "title":
            return [group for part in expr[1:] for group in groups(part)]
        case "~":
            return [group for part in expr[3:] for group in groups(part)]
        case '"':
            return [[min(pairwise(expr[2:]), key=_cost)]]
        case "|":
            arms = [groups(part) for part in expr[1:]]
            best = [min(arm, key=_group_cost) for arm in arms if arm]
            return [[t for group in best for t in group]] if len(best) == len(arms) else []
        case _:
            return []


def hang_plan(plan: Plan) -> bool:
    """Hang a plan; return False for one that needs no word at all."""
    hooks: list[Any] = []
    for owner, partner in _places(plan.expr):
        where, key = ("next", partner) if isinstance(owner, tuple) else ("ands", partner)
        atom, key = owner if isinstance(owner, tuple) else (owner, key)
        if key is None:
            if atom.others is None:
                atom.others = {}
            atom.others[plan.expr] = plan
            where = "others"
        else:
            hang(atom, where, key, plan.expr, plan)
        hooks += (where, atom, key)
    plan.hooks = tuple(hooks)
    return bool(hooks)


def _places(expr: Expr) -> Iterator[tuple[Trigger, Atom | None]]:
    """Yield the triggers to hang on, with a partner that must be there too."""
    found = sorted(groups(expr), key=_group_cost)
    if not found:
        return
    first = next((g for g in found if all(isinstance(t, tuple) for t in g)), found[0])
    rest = [g for g in found if g is not first and all(isinstance(t, Atom) for t in g)]
    second = rest[0] if rest and all(isinstance(t, Atom) for t in first) else []
    if second and len(first) * len(second) <= _MOST_PAIRS:
        for owner, partner in dict.fromkeys(product(first, second)):
            yield owner, (partner if isinstance(partner, Atom) and partner is not owner else None)
    else:
        for trigger in dict.fromkeys(first):
            yield trigger, None


def unhang_plan(plan: Plan) -> None:
    """Take a plan off everything it hangs on."""
    for where, atom, key in zip(plan.hooks[::3], plan.hooks[1::3], plan.hooks[2::3], strict=True):
        if where == "others":
            del atom.others[plan.expr]
            if not atom.others:
                atom.others = None
        else:
            unhang(atom, where, key, plan.expr)


def twin(expr: Expr) -> Plan | None:
    """Return the plan of an identical watch, if one hangs where this one would."""
    for owner, partner in _places(expr):
        if partner is None and isinstance(owner, Atom):
            return (owner.others or {}).get(expr)
        atom, key, table = (
            (*owner, owner[0].next) if isinstance(owner, tuple) else (owner, partner, owner.ands)
        )
        there = (table or {}).get(key)
        found = there.get(expr) if isinstance(there, dict) else there
        return found if isinstance(found, Plan) and found.expr == expr else None
    return None
