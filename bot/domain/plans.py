"""A watch made ready to be found: its expression over atoms, and the atoms it hangs on.

Identical watches share a plan. A plan hangs where few articles touch it: one word on its word, a phrase on
two words that follow each other, a boolean on two words it cannot do without, each the rarest there is.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise, product
from operator import attrgetter
from typing import Any, Final

from bot.domain.atoms import Atom, hang, unhang
from bot.domain.meaning import ADJACENT, ALL, FILTER, NEAR, Spec

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
    sign = spec[0]
    if sign == FILTER:
        return spec
    head = spec[:2] if sign == NEAR else (sign,)
    return (*head, *[atom(p) if isinstance(p, str) else build(p, atom) for p in spec[len(head) :]])


def atoms_of(expr: Expr) -> Iterator[Atom]:
    """Yield the atoms of an expression, each as often as it stands there."""
    if isinstance(expr, Atom):
        yield expr
    elif expr[0] != FILTER:
        for part in expr[2 if expr[0] == NEAR else 1 :]:
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
            return [group for part in expr[2:] for group in groups(part)]
        case '"':
            return [[min(pairwise(expr[1:]), key=_cost)]]
        case "|":
            arms = [groups(part) for part in expr[1:]]
            best = [min(arm, key=_group_cost) for arm in arms if arm]
            return [[t for group in best for t in group]] if len(best) == len(arms) else []
        case _:
            return []


_Hook = tuple[str, Atom, Atom | None]  # ands, next or others; whose; with which partner
_USES = attrgetter("uses")


def _hooks(expr: Expr) -> list[_Hook]:
    """Return where an expression hangs: nowhere if it needs no word at all."""
    if expr[0] == ADJACENT:
        return [("next", *(expr[1:] if len(expr) == 3 else min(pairwise(expr[1:]), key=_cost)))]
    if expr[0] == ALL and all(isinstance(part, Atom) for part in expr[1:]):
        owner, partner = sorted(expr[1:], key=_USES)[:2]
        return [("ands", owner, partner)]
    return list(_general_hooks(expr))


def _general_hooks(expr: Expr) -> Iterator[_Hook]:
    found = sorted(groups(expr), key=_group_cost)
    if not found:
        return
    first = next((g for g in found if all(isinstance(t, tuple) for t in g)), found[0])
    if all(isinstance(t, Atom) for t in first):
        rest = [g for g in found if g is not first and all(isinstance(t, Atom) for t in g)]
        second = rest[0] if rest and len(first) * len(rest[0]) <= _MOST_PAIRS else []
        pairs = list(dict.fromkeys(product(first, second)))
        if pairs and all(owner is not partner for owner, partner in pairs):
            # All are atoms, as was asked above.
            yield from (("ands", owner, partner) for owner, partner in pairs)  # type: ignore[misc]
            return
    for trigger in dict.fromkeys(first):
        if isinstance(trigger, tuple):
            yield ("next", *trigger)
        else:
            yield ("others", trigger, None)


def _there(hook: _Hook, expr: Expr) -> Plan | None:
    """Return the plan of that expression on that hook, if one hangs there."""
    where, atom, partner = hook
    table = getattr(atom, where)
    if table is None:
        return None
    found = table.get(expr if partner is None else partner)
    if found.__class__ is dict:
        found = found.get(expr)
    return found if found.__class__ is Plan and found.expr == expr else None


def attach(expr: Expr, watch_id: int) -> tuple[Plan, bool]:
    """Give a watch of several words its plan: the one of its twins, or a new one, which is hung.

    Returns the plan, and whether it is new. A plan without hooks needs no word of an article.
    """
    hooks = _hooks(expr)
    # What is rare changes as watches come, so a twin may share only some of the hooks.
    twin = next(filter(None, (_there(hook, expr) for hook in hooks)), None)
    if twin is not None:
        twin.join(watch_id)
        return twin, False
    plan = Plan(expr, watch_id)
    for where, atom, partner in hooks:
        if partner is not None:
            hang(atom, where, partner, expr, plan)
        elif atom.others is None:
            atom.others = {expr: plan}
        else:
            atom.others[expr] = plan
    plan.hooks = hooks[0] if len(hooks) == 1 else tuple(item for hook in hooks for item in hook)
    return plan, True


def detach(plan: Plan) -> None:
    """Take a plan off everything it hangs on."""
    for where, atom, key in zip(plan.hooks[::3], plan.hooks[1::3], plan.hooks[2::3], strict=True):
        if where == "others":
            del atom.others[plan.expr]
            if not atom.others:
                atom.others = None
        else:
            unhang(atom, where, key, plan.expr)
