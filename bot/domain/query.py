"""A watch's text -> query, and back; where a mistake is and how to mend it.

The whole language: bare words (AND), OR, NOT and -word, ( ), "a phrase", "a b"~3, word*, word~1, =word and
="a phrase", ==Word, title:, outlet:, lang:, country:, author:, site:. `str(query)` parses to an equal query.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from bot.domain.errors import QueryError
from bot.domain.text import APOSTROPHES, meant

MAX_LENGTH: Final = 4000  # characters; a Telegram message has 4096
MAX_TERMS: Final = 256  # words, those inside phrases counted
MAX_DEPTH: Final = 20  # parentheses within parentheses, a NOT counting as one
MIN_PREFIX: Final = 3  # letters before *: two would match a tenth of a language
MIN_EDIT: Final = 4  # letters of word~1; of word~2 twice as many
MAX_EDITS: Final = 2
MAX_GAP: Final = 50  # words between in "a b"~N


class Mode(StrEnum):
    """How far a word of the text may be from the word of the watch."""

    FORMS = "forms"  # inflection and other names of the same thing
    EXACT = "exact"  # =word: this form, blind to case
    CASE = "case"  # ==Word: this form, capitals as typed
    PREFIX = "prefix"  # word*
    EDIT = "edit"  # word~1


@dataclass(frozen=True, slots=True)
class Term:
    """One word as typed. It may hold several words of a text: Su-30, Nagorno-Karabakh, 北京."""

    text: str
    mode: Mode = Mode.FORMS
    edits: int = 0  # > 0 with Mode.EDIT only

    def __str__(self) -> str:
        match self.mode:
            case Mode.PREFIX:
                return f"{self.text}*"
            case Mode.EDIT:
                return f"{self.text}~{self.edits}"
            case Mode.EXACT | Mode.CASE:
                return _SIGNS[self.mode] + _quoted(self.text)
            case _:
                return _quoted(self.text)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Several words together. gap None: adjacent and in order; N: any order, at most N other words between."""

    terms: tuple[Term, ...]
    gap: int | None = None

    def __str__(self) -> str:
        sign = _SIGNS.get(self.terms[0].mode, "")
        inside = " ".join(t.text + ("*" if t.mode is Mode.PREFIX else "") for t in self.terms)
        return f'{sign}"{inside}"' + ("" if self.gap is None else f"~{self.gap}")


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on the article, not on its words. name: one of FILTERS."""

    name: str
    value: str

    def __str__(self) -> str:
        return f"{self.name}:" + (f'"{self.value}"' if _needs_quotes(self.value) else self.value)


@dataclass(frozen=True, slots=True)
class InTitle:
    """The part must be met by the title alone."""

    part: "Node"

    def __str__(self) -> str:
        return (
            f"title:({self.part})"
            if isinstance(self.part, And | Or | Not)
            else f"title:{self.part}"
        )


@dataclass(frozen=True, slots=True)
class Not:
    """The part must not be met."""

    part: "Node"

    def __str__(self) -> str:
        return f"-({self.part})" if isinstance(self.part, And | Or) else f"-{self.part}"


@dataclass(frozen=True, slots=True)
class And:
    """Every part must be met."""

    parts: tuple["Node", ...]

    def __str__(self) -> str:
        return " ".join(f"({p})" if isinstance(p, Or) else str(p) for p in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """One part must be met."""

    parts: tuple["Node", ...]

    def __str__(self) -> str:
        return " OR ".join(f"({p})" if isinstance(p, And) else str(p) for p in self.parts)


Node = Term | Phrase | Filter | InTitle | Not | And | Or


@dataclass(frozen=True, slots=True)
class Hint:
    """Something odd in a query that still works. key, params: a message; suggestion: what may be meant."""

    key: str
    start: int
    end: int
    suggestion: str
    word: str


@dataclass(frozen=True, slots=True)
class Query:
    """A watch's text as a tree. hints are of the text it was read from and no part of its identity."""

    root: Node
    hints: tuple[Hint, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return str(self.root)


FILTERS: Final = ("outlet", "lang", "country", "author", "site")
FIELDS: Final = ("title", *FILTERS)
_KNOWN_ELSEWHERE = {
    "intitle": "title", "allintitle": "title", "headline": "title", "source": "outlet", "publisher": "outlet",
    "language": "lang", "by": "author", "byline": "author", "inurl": "site", "domain": "site", "location": "country",
}  # fmt: skip
_LANGUAGES = {
    "english": "en", "russian": "ru", "ukrainian": "uk", "armenian": "hy", "georgian": "ka", "turkish": "tr",
    "azerbaijani": "az", "azeri": "az", "persian": "fa", "farsi": "fa", "arabic": "ar", "french": "fr", "german": "de",
}  # fmt: skip
_COUNTRIES = {
    "armenia": "AM", "azerbaijan": "AZ", "georgia": "GE", "russia": "RU", "ukraine": "UA", "turkey": "TR",
    "iran": "IR", "usa": "US", "uk": "GB", "france": "FR", "germany": "DE",
}  # fmt: skip

_SIGNS = {Mode.EXACT: "=", Mode.CASE: "=="}
_OPENING = '"“”„«»'
_SPACE = re.compile(r"\s*")
_BARE = re.compile(rf"[^\s()|{_OPENING}]+")
_FIELD = re.compile(r"([^\W\d_]{2,16}):")
_OPERATOR = re.compile(rf"(?:AND|OR|NOT)(?=[\s(){_OPENING}]|$)|&&?(?=\s|$)|\|\|?")
_NEAR = re.compile(
    rf"(?:NEAR|ONEAR|AROUND|WITHIN|[WN])(?:/(\d+)|\((\d+)\))(?=[\s(){_OPENING}]|$)|NEAR(?=\s|$)"
)
_SPECIAL = re.compile(rf"[*~=|()\s:]|^[-–—−+!]|^(?:AND|OR|NOT|&&?|{_NEAR.pattern})$")
_EDGES = re.compile(rf"^[\W_]+|[^\w\u0300-\u036f{APOSTROPHES}]+$|[{APOSTROPHES}_]+$")
_TAIL = re.compile(r"~(\d*)")
_LOWER = {"or": "OR", "and": "AND", "not": "NOT"}


def _needs_quotes(text: str) -> bool:
    return bool(_SPECIAL.search(text)) and not re.fullmatch(r"\d[\w:]*", text)


def _quoted(text: str) -> str:
    return f'"{text}"' if _needs_quotes(text) else text


class _Fault(Exception):
    """A mistake at a place, with the text that would mend it; becomes a QueryError."""

    def __init__(
        self, key: str, start: int, end: int, fixed: str | None = None, **params: object
    ) -> None:
        super().__init__(key)
        self.key, self.start, self.end, self.fixed, self.params = key, start, end, fixed, params


class _Reader:
    """Recursive descent over the text; `at` is the next character to read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.terms = 0
        self.hints: list[tuple[int, int]] = []
        self.filter = ""  # inside outlet:( ... ) each word is a filter

    # -- the text -------------------------------------------------------------------------------

    def cut(self, start: int, end: int, put: str = "") -> str:
        """Return the text with that stretch replaced: the raw matter of a suggestion."""
        return f"{self.text[:start]}{put}{self.text[end:]}"

    def fault(
        self, key: str, start: int, end: int, put: str | None = None, **params: object
    ) -> _Fault:
        """Return a mistake; put: what should stand there instead, None if that is not safe to guess."""
        return _Fault(key, start, end, None if put is None else self.cut(start, end, put), **params)

    def skip(self) -> str:
        """Skip spaces; return the next character, or "" at the end."""
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
        return self.text[self.at : self.at + 1]

    def operator(self) -> str:
        """Return the operator that comes next as AND, OR or NOT, or ""; it is not consumed."""
        self.skip()
        found = _OPERATOR.match(self.text, self.at)
        if not found:
            return ""
        return {"&": "AND", "&&": "AND", "|": "OR", "||": "OR"}.get(found[0], found[0])

    def consume(self) -> tuple[int, int]:
        """Step over the operator that comes next and return where it stood."""
        start = self.at
        self.at = _OPERATOR.match(self.text, start).end()  # type: ignore[union-attr]
        return start, self.at

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
        while self.skip() and (sign := _NEAR.match(self.text, self.at)):
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
        if self.text[self.at] in "-–—−!" and self.text[self.at + 1 : self.at + 2].strip(")|&-–—−!"):
            self.at += 1
            return self.negated(start)
        return self.atom()

    def negated(self, start: int) -> Node:
        """Read what follows a NOT; two cancel each other."""
        part = self.deeper(start, self.unary)
        return part.part if isinstance(part, Not) else Not(part)

    def deeper(self, start: int, read: "object") -> Node:
        """Read one level down. Raises a fault past MAX_DEPTH."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fault("query.too_deep", start, start + 1, limit=MAX_DEPTH)
        node: Node = read()  # type: ignore[operator]
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
        found = _FIELD.match(self.text, self.at)
        if found:
            return self.fielded(found)
        sign = re.compile("={0,2}").match(self.text, self.at)[0]  # type: ignore[index]
        if self.text[self.at + len(sign) : self.at + len(sign) + 1] in tuple(_OPENING):
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
            raise _Fault("query.unclosed", start, start + 1, f"{self.text.rstrip()})")
        self.at += 1
        return node

    def fielded(self, found: "re.Match[str]") -> Node:
        """Read title:atom, or a filter."""
        start, end = found.span()
        name = _KNOWN_ELSEWHERE.get(found[1].lower(), found[1].lower())
        if name not in FIELDS:
            raise self.unknown_field(found)
        if self.filter or not self.text[end : end + 1].strip(")|"):
            rest = len(self.text[end:]) - len(self.text[end:].lstrip())
            raise self.fault(
                "query.empty_field", start, end + rest, f"{name}:" if rest else "", field=name
            )
        self.at = end
        if name == "title":
            return _in_title(self.atom())
        self.filter = name
        node = self.atom()
        self.filter = ""
        return node

    def unknown_field(self, found: "re.Match[str]") -> _Fault:
        """Explain a field that is none, with the nearest one that is."""
        near = get_close_matches(found[1].lower(), FIELDS, n=1)
        put = f"{near[0]}:" if near else f"{found[1]} "
        names = ", ".join(f"{name}:" for name in FIELDS)
        return self.fault("query.unknown_field", *found.span(), put, field=found[1], fields=names)

    def phrase(self, sign: str) -> Node:
        """Read ="..."~N."""
        start = self.at
        opening = start + len(sign)
        closing = next(
            (i for i in range(opening + 1, len(self.text)) if self.text[i] in _OPENING), -1
        )
        if closing < 0:
            raise _Fault("query.unclosed_quote", opening, opening + 1, self.text.rstrip() + '"')
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

    def phrase_terms(self, inside: str, offset: int, mode: Mode) -> Iterator[Term]:
        """Yield the words of a phrase; a last star makes a prefix of a word, except in ="..."."""
        for found in re.finditer(r"\S+", inside):
            start, end = offset + found.start(), offset + found.end()
            text = _EDGES.sub("", _EDGES.sub("", found[0]))
            if not text or not meant(text):
                continue
            starred = found[0].rstrip(".,;!?").endswith("*")
            term = Term(text, Mode.PREFIX if starred and mode is Mode.FORMS else mode)
            if "*" in text or (starred and mode is not Mode.FORMS):
                raise self.fault("query.star_place", start, end, found[0].replace("*", ""))
            yield self.counted(term, start, end)

    def gap(self, start: int) -> int | None:
        """Read ~N after a phrase. Raises a fault for no number, or one past MAX_GAP."""
        found = _TAIL.match(self.text, start)
        if not found:
            return None
        self.at = found.end()
        if not found[1] or int(found[1][:4]) > MAX_GAP:
            put = f"~{MAX_GAP}" if found[1] else "~3"
            raise self.fault("query.bad_gap", start, self.at, put, limit=MAX_GAP)
        return int(found[1])

    def word(self) -> Node:
        """Read one word with its signs."""
        found = _BARE.match(self.text, self.at)
        if not found:  # a | with nothing before it
            raise self.fault(
                "query.dangling", self.at, self.at + 1, "", operator=self.text[self.at]
            )
        start, self.at = found.span()
        raw = found[0]
        if self.filter:
            return self.filtered(raw, start, self.at)
        mode = (
            Mode.CASE if raw.startswith("==") else Mode.EXACT if raw.startswith("=") else Mode.FORMS
        )
        body = raw.lstrip("=").rstrip(".,;:!?…")
        text = _EDGES.sub("", _EDGES.sub("", re.sub(r"~\d*$", "", body)))
        if not text or not meant(text):
            raise self.fault("query.not_a_word", start, self.at, "", word=raw)
        if raw in _LOWER:
            self.hints.append((start, self.at))
        if body.endswith("*") or "*" in text:
            return self.counted(self.prefix(text, mode, start), start, self.at)
        if "~" in body:
            return self.counted(self.edit(text, mode, body, start), start, self.at)
        return self.counted(Term(text, mode), start, self.at)

    def prefix(self, text: str, mode: Mode, start: int) -> Term:
        """Return word*. Raises a fault where the star cannot stand."""
        if "*" in text or len(meant(text)) != 1 or mode is Mode.CASE:
            raise self.fault("query.star_place", start, self.at, text.replace("*", ""))
        return Term(text, Mode.PREFIX)

    def edit(self, text: str, mode: Mode, body: str, start: int) -> Term:
        """Return word~1. Raises a fault where edits cannot be asked for."""
        number = re.search(r"~(\d*)$", body)
        edits = int(number[1][:4] or 1) if number else 1
        if not 1 <= edits <= MAX_EDITS:
            raise self.fault(
                "query.bad_edits", start, self.at, f"{text}~{MAX_EDITS}", limit=MAX_EDITS
            )
        if number is None or mode is not Mode.FORMS or len(meant(text)) != 1:
            raise self.fault("query.edit_place", start, self.at, text)
        least = MIN_EDIT * edits
        if len(text) < least:
            raise self.fault("query.short_edit", start, self.at, text, least=least)
        return Term(text, Mode.EDIT, edits)

    def counted(self, term: Term, start: int, end: int) -> Term:
        """Return the term. Raises a fault for one too many, or a prefix too short."""
        count = meant(term.text)
        self.terms += len(count)
        if self.terms > MAX_TERMS:
            raise self.fault("query.too_many", start, end, limit=MAX_TERMS)
        if term.mode is Mode.PREFIX and len(count[-1]) < MIN_PREFIX:
            raise self.fault("query.short_prefix", start, end, term.text, least=MIN_PREFIX)
        return term

    def filtered(self, value: str, start: int, end: int) -> Filter:
        """Return a filter. Raises a fault for a value that no article can have."""
        value = value.strip(".,;")
        known, good = {
            "lang": (_LANGUAGES, r"[A-Za-z]{2,3}(?:-\w+)*"),
            "country": (_COUNTRIES, r"[A-Za-z]{2}"),
        }.get(self.filter, ({}, r".*\w.*"))
        if not re.fullmatch(good, value):
            put = known.get(value.lower())
            key = f"query.bad_{self.filter}" if known else "query.not_a_word"
            raise self.fault(key, start, end, put, word=value)
        if self.filter == "country":
            value = value.upper()
        return Filter(self.filter, value.lower() if self.filter in ("lang", "site") else value)


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


def wants(node: Node) -> bool:
    """Tell whether a text must hold some word for the node to be met."""
    match node:
        case Term() | Phrase():
            return True
        case InTitle(part):
            return wants(part)
        case And(parts):
            return any(map(wants, parts))
        case Or(parts):
            return all(map(wants, parts))
        case _:
            return False


def _read(text: str) -> Query:
    if len(text) > MAX_LENGTH:
        raise _Fault("query.too_long", MAX_LENGTH, len(text), limit=MAX_LENGTH)
    reader = _Reader(text)
    root = reader.whole()
    if not wants(root):
        raise _Fault("query.nothing_wanted", 0, len(text))
    hints = tuple(_hints(text, reader.hints))
    return Query(root, hints)


def _hints(text: str, places: list[tuple[int, int]]) -> Iterator[Hint]:
    """Yield a hint for each or, and, not that stands between words and would parse as an operator."""
    for start, end in places:
        word = text[start:end]
        upper = f"{text[:start]}{_LOWER[word]}{text[end:]}"
        if text[:start].strip() and text[end:].strip() and (fixed := _mended(upper)):
            yield Hint("query.lower_case", start, end, fixed, word)


def _mended(text: str | None) -> str | None:
    """Return the canonical print of a mended text, mending on while it helps; None if it cannot parse."""
    for _ in range(8):
        if text is None:
            return None
        try:
            return str(replace(_parsed(text), hints=()))
        except _Fault as fault:
            text = fault.fixed
    return None


def _parsed(text: str) -> Query:
    reader = _Reader(text)
    root = reader.whole()
    if not wants(root):
        raise _Fault("query.nothing_wanted", 0, len(text))
    return Query(root)


def parse_query(text: str) -> Query:
    """Read a watch. Raises QueryError with the place, the cause, and a corrected query where one is safe."""
    try:
        return _read(text)
    except _Fault as fault:
        raise QueryError(
            fault.key,
            text=text,
            start=fault.start,
            end=fault.end,
            suggestion=_mended(fault.fixed),
            **fault.params,
        ) from None
