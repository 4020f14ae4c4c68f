"""Why a watch did not fire on an article: the words it lacks, or the NOT word that shut it out."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.domain.matching import Matcher
from bot.domain.model import Document
from bot.domain.names import Names
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


def explain(query: Query, document: Document, names: Names) -> Miss:
    """Return how near the article came to the watch; of alternatives (OR), the nearest."""
    return _near(query.root, document, names)


def _near(node: Node, document: Document, names: Names) -> Miss:
    match node:
        case And(parts):
            return _joined([_near(part, document, names) for part in parts])
        case Or(parts):
            near = [_near(part, document, names) for part in parts]
            best = min(near, key=lambda m: (len(m.lacks), len(m.barred_by), -len(m.has)))
            # Of single words none of which is there, all are wanted, not the first alone.
            none = not any(m.has or m.fires for m in near) and len(best.lacks) == 1
            return Miss(lacks=(str(node),)) if none else best
        case Not(part):
            met = _meets(part, document, names)
            return Miss(barred_by=(str(part),)) if met else Miss()
        case _:
            word = str(node)
            return Miss(has=(word,)) if _meets(node, document, names) else Miss(lacks=(word,))


def _joined(parts: list[Miss]) -> Miss:
    return Miss(
        has=tuple(w for m in parts for w in m.has),
        lacks=tuple(w for m in parts for w in m.lacks),
        barred_by=tuple(w for m in parts for w in m.barred_by),
    )


def _meets(node: Node, document: Document, names: Names) -> bool:
    """Ask the engine itself, so that the explanation cannot differ from the matching."""
    matcher = Matcher(names)
    matcher.add(0, Query(node))
    return bool(matcher.match(document))


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
