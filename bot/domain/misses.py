"""Why a watch did not fire on an article: the words it lacks, or the NOT word that shut it out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.domain.matching import Matcher
from bot.domain.model import Document
from bot.domain.names import Names
from bot.domain.packing import given
from bot.domain.query import And, InTitle, Node, Not, Or, Query, wants


@dataclass(frozen=True, slots=True)
class Miss:
    """How near an article came to a watch. All empty: it fires.

    has: parts of the query that the article meets; lacks: parts it does not; barred_by: parts after NOT
    that it does meet. Parts are as the query prints them, in its order.
    """

    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    barred_by: tuple[str, ...] = ()

    @property
    def fires(self) -> bool:
        """Return whether the watch matches."""
        return not self.lacks and not self.barred_by

    @property
    def excluded(self) -> bool:
        """Return whether NOT alone kept the watch from firing."""
        return bool(self.barred_by) and not self.lacks


def explain(
    query: Query,
    document: Document,
    names: Names,
    off: Sequence[str] = (),
    own: Sequence[str] = (),
) -> Miss:
    """Return how near the article came to the watch; of alternatives (OR), the nearest.

    off, own: names that its subscriber switched off, and gave it, as the watch keeps them.
    """

    def meets(node: Node) -> bool:  # ask the engine, so that the explanation cannot differ from it
        matcher = Matcher(names)
        matcher.add(0, Query(node), frozenset(off), given(own, off))
        return bool(matcher.match(document))

    return _near(query.root, meets)


def _near(node: Node, meets: Callable[[Node], bool]) -> Miss:
    match node:
        case And(parts):
            near = _joined([_near(part, meets) for part in parts])
            if near.fires or not meets(node):
                return near
            # Bare words that make a name are met by its other names, though no word stands there.
            return Miss(has=tuple(str(part) for part in parts if not isinstance(part, Not)))
        case Or(parts):
            each = [_near(part, meets) for part in parts]
            best = min(each, key=lambda m: (len(m.lacks), len(m.barred_by), -len(m.has)))
            # Of single words none of which is there, all are wanted, not the first alone.
            none = not any(m.has or m.fires for m in each) and len(best.lacks) == 1
            return Miss(lacks=(str(node),)) if none else best
        case Not(part):
            return Miss(barred_by=(str(part),)) if meets(part) else Miss()
        case _:
            word = str(node)
            return Miss(has=(word,)) if meets(node) else Miss(lacks=(word,))


def _joined(parts: list[Miss]) -> Miss:
    return Miss(
        has=tuple(w for m in parts for w in m.has),
        lacks=tuple(w for m in parts for w in m.lacks),
        barred_by=tuple(w for m in parts for w in m.barred_by),
    )


def without_not(query: Query) -> Query | None:
    """Return what a watch wants, its NOTs left out; None if it has none, or nothing is left to want."""
    if not any(isinstance(node, Not) for node in _nodes(query.root)):
        return None
    root = _wanted(query.root)
    return Query(root) if root is not None and wants(root) else None


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    match node:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _nodes(part)
        case Not(part) | InTitle(part):
            yield from _nodes(part)


def _wanted(node: Node) -> Node | None:
    match node:
        case Not():
            return None
        case InTitle(part):
            left = _wanted(part)
            return None if left is None else InTitle(left)
        case And(parts) | Or(parts):
            kept = tuple(p for p in map(_wanted, parts) if p is not None)
            if len(kept) > 1:
                return type(node)(kept)
            return kept[0] if kept else None
        case _:
            return node
