"""A watch's query, changed by a tap: where it is asked, whether a word's forms count, how to ask for less."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.domain.errors import QueryError
from bot.domain.query import parse_query
from bot.domain.syntax import And, Filter, InTitle, Mode, Node, Or, Phrase, Query, Term, wants

NEAR_GAP = 5  # words between: of one clause, rather than anywhere in the article
LIMITS = ("country", "lang", "outlet")  # what a watch is limited to by taps, in the order shown


def limits(query: Query, name: str) -> tuple[str, ...]:
    """Return the values that the whole query is limited to by that filter, () if it is not.

    A filter inside a NOT, a title: or one side of an OR narrows a part only, and is none of them.
    """
    found = next((part for part in _parts(query.root) if _limit(part) == name), None)
    filters = found.parts if isinstance(found, Or) else (found,)
    return tuple(f.value for f in filters if isinstance(f, Filter))


def limited(query: Query, name: str, values: Sequence[str]) -> Query:
    """Return the query limited to these values of that filter, in place of those before; () lifts it."""
    rest = [part for part in _parts(query.root) if _limit(part) != name]
    filters = [Filter(name, value) for value in dict.fromkeys(values)]
    if filters:
        rest.append(filters[0] if len(filters) == 1 else Or(tuple(filters)))
    return Query(rest[0] if len(rest) == 1 else And(tuple(rest)))


def askable(name: str, value: str) -> bool:
    """Return whether a filter of that value can be written: no name with quotation marks in it can."""
    query = limited(Query(Term("x")), name, (value,))
    try:
        return parse_query(str(query)) == query
    except QueryError:
        return False


def _parts(root: Node) -> tuple[Node, ...]:
    return root.parts if isinstance(root, And) else (root,)


def _limit(part: Node) -> str:
    """Return the filter that a part of an AND is, or a choice of; "" for anything else."""
    parts = part.parts if isinstance(part, Or) else (part,)
    names = {p.name if isinstance(p, Filter) else "" for p in parts}
    return names.pop() if len(names) == 1 else ""


@dataclass(frozen=True, slots=True)
class Switch:
    """A word or phrase whose inflected forms, and other names, count or do not."""

    text: str
    on: bool


def switches(query: Query) -> list[Switch]:
    """Return the words and phrases that a query wants, in order, and whether their forms count."""
    found: list[Switch] = []

    def note(node: Term | Phrase) -> Term | Phrase:
        plain = node.terms if isinstance(node, Phrase) else (node,)
        found.append(Switch(" ".join(t.text for t in plain), plain[0].mode is Mode.FORMS))
        return node

    _mapped(query.root, note)
    return found


def switched(query: Query, place: int) -> Query:
    """Return the query with the forms of that word on if they were off, off if they were on.

    place: in `switches`. A place that is none changes nothing.
    """
    at = iter(range(place + 1))

    def turn(node: Term | Phrase) -> Term | Phrase:
        if next(at, None) != place:
            return node
        if isinstance(node, Term):
            return replace(node, mode=_other(node.mode))
        return replace(node, terms=tuple(replace(t, mode=_other(t.mode)) for t in node.terms))

    return Query(_mapped(query.root, turn))


def _other(mode: Mode) -> Mode:
    return Mode.EXACT if mode is Mode.FORMS else Mode.FORMS


def _switchable(node: Node) -> bool:
    """Return whether a node has forms to switch: prefixes, misspellings and capitals have none."""
    if isinstance(node, Term):
        return node.mode in (Mode.FORMS, Mode.EXACT)
    if isinstance(node, Phrase):  # ="a phrase" takes no distance
        return (
            node.gap is None and len({t.mode for t in node.terms} - {Mode.FORMS, Mode.EXACT}) == 0
        )
    return False


def _mapped(node: Node, change: Callable[[Term | Phrase], Term | Phrase]) -> Node:
    """Return a tree whose wanted words are changed; what stands under a NOT is left alone."""
    if isinstance(node, Term | Phrase):
        return change(node) if _switchable(node) else node
    if isinstance(node, InTitle):
        return InTitle(_mapped(node.part, change))
    if isinstance(node, And | Or):
        return type(node)(tuple(_mapped(part, change) for part in node.parts))
    return node


NARROWER = ("near", "title", "lang")  # ways to ask for less, the gentlest first


def narrower(query: Query, way: str, language: str) -> Query | None:
    """Return the query asked for less in that way of NARROWER; None where it says so already, or cannot.

    near: its words within a clause. title: of headlines alone. lang: in one language, BCP 47.
    """
    words = [p for p in _parts(query.root) if wants(p)]
    rest = tuple(p for p in _parts(query.root) if not wants(p))
    if way == "lang":
        return None if limits(query, "lang") else limited(query, "lang", (language,))
    if way == "title":
        if not words or all(isinstance(p, InTitle) for p in words):
            return None
        bare = [p.part if isinstance(p, InTitle) else p for p in words]
        title = InTitle(bare[0] if len(bare) == 1 else And(tuple(bare)))
        return Query(And((title, *rest)) if rest else title)
    terms = [p for p in words if isinstance(p, Term) and p.mode is Mode.FORMS]
    if len(terms) < 2 or len(terms) < len(words):
        return None
    near = Phrase(tuple(terms), NEAR_GAP)
    return Query(And((near, *rest)) if rest else near)
