"""A watch's text -> query, and back; where a mistake is and how to mend it.

The whole language: bare words (AND), OR, NOT and -word, ( ), "a phrase", "a b"~3, word*, word~1, =word and
="a phrase", ==Word, title:, outlet:, lang:, country:, author:, site:. `str(query)` parses to an equal query.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from bot.domain.errors import QueryError
from bot.domain.scanner import LOWER, Fault, Scanner
from bot.domain.syntax import (
    FIELDS,
    MAX_DEPTH,
    MAX_EDITS,
    MAX_GAP,
    MAX_LENGTH,
    MAX_TERMS,
    MIN_EDIT,
    MIN_PREFIX,
    NEAR,
    OPENING,
    And,
    Filter,
    Hint,
    InTitle,
    Mode,
    Node,
    Not,
    Or,
    Phrase,
    Query,
    Term,
    wants,
)
from bot.domain.text import meant

__all__ = [
    "FIELDS", "MAX_DEPTH", "MAX_EDITS", "MAX_GAP", "MAX_LENGTH", "MAX_TERMS", "MIN_EDIT", "MIN_PREFIX",
    "And", "Filter", "Hint", "InTitle", "Mode", "Node", "Not", "Or", "Phrase", "Query", "Term",
    "parse_query", "wants",
]  # fmt: skip

_KNOWN_ELSEWHERE = {
    "intitle": "title", "allintitle": "title", "headline": "title", "source": "outlet", "publisher": "outlet",
    "language": "lang", "by": "author", "byline": "author", "inurl": "site", "domain": "site",
    "location": "country",
}  # fmt: skip
_FIELD: Final = re.compile(r"([^\W\d_]{2,16}):")
_SCHEME: Final = re.compile(rf"https?://(?=[^\s()|{OPENING}])")
_EXACTLY: Final = re.compile("={0,2}")


class _Reader(Scanner):
    """Recursive descent over the text."""

    # -- the grammar ----------------------------------------------------------------------------

    def whole(self) -> Node:
        """Read the text to its end."""
        if not self.skip():
            raise self.fault("query.empty", 0, len(self.text))
        node = self.either()
        if self.skip():  # either() stops at nothing else
            raise self.fault("query.unopened", self.at, self.at + 1, "")
        return node

    def either(self) -> Node:
        """either := every (OR every)*"""
        parts = [self.every()]
        while self.operator() == "OR":
            start, end = self.consume()
            if not self.ahead() or self.operator() in ("OR", "AND"):
                raise self.fault("query.dangling", start, end, "", operator=self.text[start:end])
            parts.append(self.every())
        return parts[0] if len(parts) == 1 else Or(tuple(_flat(parts, Or)))

    def every(self) -> Node:
        """every := (near (AND? near)*)"""
        parts: list[Node] = []
        while self.ahead():
            operator = self.operator()
            if operator == "OR" and parts:
                break
            if operator in ("OR", "AND"):
                start, end = self.consume()
                if not parts or not self.ahead() or self.operator() in ("OR", "AND"):
                    raise self.fault(
                        "query.dangling", start, end, "", operator=self.text[start:end]
                    )
            parts.append(self.near())
        return parts[0] if len(parts) == 1 else And(tuple(_flat(parts, And)))

    def ahead(self) -> bool:
        """Tell whether anything of this group is still to be read."""
        return self.skip() not in ("", ")")

    def near(self) -> Node:
        """near := unary (NEAR/3 unary)*: other services' word for "a b"~3."""
        start = self.at
        node = self.unary()
        while self.skip() and (sign := NEAR.match(self.text, self.at)):
            self.at = sign.end()
            right = self.unary() if self.ahead() and not self.operator() else None
            gap = int(sign[1] or sign[2] or 10)
            if not isinstance(node, Term | Phrase) or not isinstance(right, Term | Phrase):
                raise self.fault("query.near", sign.start(), sign.end(), "AND")
            both = Phrase((*_terms(node), *_terms(right)), gap)
            if gap > MAX_GAP or any(t.mode is not Mode.FORMS for t in both.terms):
                fixed = Phrase(tuple(Term(t.text) for t in both.terms), min(gap, MAX_GAP))
                raise self.fault("query.near", start, self.at, str(fixed))
            node = both
        return node

    def unary(self) -> Node:
        """unary := NOT unary | -atom | atom"""
        start = self.at
        if self.operator() == "NOT":
            self.consume()
            if not self.ahead() or self.operator() in ("OR", "AND"):
                raise self.fault("query.dangling", start, start + 3, "", operator="NOT")
            return self.negated(start)
        following = self.text[self.at + 1 : self.at + 2]
        if self.text[self.at] in "-–—−!" and following.strip(")|&-–—−!").strip():
            self.at += 1
            return self.negated(start)
        return self.atom()

    def negated(self, start: int) -> Node:
        """Read what follows a NOT; two cancel each other."""
        part = self.deeper(start, self.unary)
        return part.part if isinstance(part, Not) else Not(part)

    def deeper(self, start: int, read: Callable[[], Node]) -> Node:
        """Read one level down. Raises a fault past MAX_DEPTH."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fault("query.too_deep", start, start + 1, limit=MAX_DEPTH)
        node = read()
        self.depth -= 1
        return node

    def atom(self) -> Node:
        """atom := ( either ) | field:atom | phrase | word"""
        character = self.skip()
        if character == "(":
            return self.group()
        if character == "+":
            self.at += 1
            if not self.skip() or self.text[self.at] == ")":
                raise self.fault("query.not_a_word", self.at - 1, self.at, "", word="+")
        if self.filter == "site" and (scheme := _SCHEME.match(self.text, self.at)):
            self.at = scheme.end()  # an address as it is copied
        found = _FIELD.match(self.text, self.at)
        if found:
            return self.fielded(found)
        sign = _EXACTLY.match(self.text, self.at)[0]  # type: ignore[index]  # it matches nothing, too
        if self.text[self.at + len(sign) : self.at + len(sign) + 1] in tuple(OPENING):
            return self.phrase(sign)
        return self.word()

    def group(self) -> Node:
        """Read ( either )."""
        start = self.at
        self.at += 1
        if self.skip() == ")":
            raise self.fault("query.empty_group", start, self.at + 1, "")
        if not self.text[self.at :]:
            raise self.fault("query.unclosed", start, start + 1, "")
        node = self.deeper(start, self.either)
        if self.skip() != ")":
            raise Fault("query.unclosed", start, start + 1, f"{self.text.rstrip()})")
        self.at += 1
        return node

    def fielded(self, found: "re.Match[str]") -> Node:
        """Read title:atom, or a filter."""
        start, end = found.span()
        name = _KNOWN_ELSEWHERE.get(found[1].lower(), found[1].lower())
        if name not in FIELDS:
            raise self.unknown_field(found)
        rest = self.text[end:].lstrip()
        if self.filter or not rest[:1].strip(")|"):
            raise self.fault("query.empty_field", start, end, "", field=name)
        self.at = end
        if name == "title":
            return _in_title(self.deeper(start, self.atom))
        self.filter = name
        node = self.atom()
        self.filter = ""
        return node

    def phrase(self, sign: str) -> Node:
        """Read ="..."~N."""
        start = self.at
        opening = start + len(sign)
        closing = next(
            (i for i in range(opening + 1, len(self.text)) if self.text[i] in OPENING), -1
        )
        if closing < 0:
            raise Fault("query.unclosed_quote", opening, opening + 1, self.text.rstrip() + '"')
        self.at = closing + 1
        inside = self.text[opening + 1 : closing]
        gap = self.gap(closing + 1)
        mode = {"": Mode.FORMS, "=": Mode.EXACT, "==": Mode.CASE}[sign]
        if self.filter:
            return self.filtered(inside.strip(), start, self.at)
        terms = tuple(self.phrase_terms(inside, opening + 1, mode))
        if not terms:
            raise self.fault("query.empty_phrase", start, self.at, "")
        if len(terms) == 1 and len(meant(terms[0].text)) == 1:
            return terms[0]
        return Phrase(terms, gap) if len(terms) > 1 or gap is not None else terms[0]


def _flat(parts: list[Node], kind: "type[And] | type[Or]") -> Iterator[Node]:
    for part in parts:
        if isinstance(part, kind):
            yield from part.parts
        else:
            yield part


def _terms(node: Term | Phrase) -> tuple[Term, ...]:
    return (node,) if isinstance(node, Term) else node.terms


def _in_title(node: Node) -> Node:
    """Return the node bound to the title; filters and nested titles have no use for it."""
    if isinstance(node, InTitle | Filter):
        return node
    return InTitle(node)


def _read(text: str) -> Query:
    if len(text) > MAX_LENGTH:
        raise Fault("query.too_long", MAX_LENGTH, len(text), limit=MAX_LENGTH)
    root, doubtful = _parsed(text)
    return Query(root, tuple(_hints(text, doubtful)))


def _hints(text: str, places: list[tuple[int, int]]) -> Iterator[Hint]:
    """Yield a hint for each or, and, not that stands between words and would parse as an operator."""
    for start, end in places:
        word = text[start:end]
        upper = f"{text[:start]}{LOWER[word]}{text[end:]}"
        if text[:start].strip() and text[end:].strip() and (fixed := _mended(upper)):
            yield Hint("query.lower_case", start, end, fixed, word)


def _mended(text: str | None) -> str | None:
    """Return the canonical print of a mended text, mending on while it helps; None if it cannot parse."""
    for _ in range(8):
        if text is None:
            return None
        try:
            return str(_parsed(text)[0])
        except Fault as fault:
            text = fault.fixed
    return None


def _parsed(text: str) -> tuple[Node, list[tuple[int, int]]]:
    """Return the tree, and the places of words that may be meant as operators."""
    reader = _Reader(text)
    root = reader.whole()
    if not wants(root):
        raise Fault("query.nothing_wanted", 0, len(text))
    return root, reader.hints


def parse_query(text: str) -> Query:
    """Read a watch. Raises QueryError with the place, the cause, and a corrected query where one is safe."""
    try:
        return _read(text)
    except Fault as fault:
        raise QueryError(
            fault.key,
            text=text,
            start=fault.start,
            end=fault.end,
            suggestion=_mended(fault.fixed),
            **fault.params,
        ) from None
