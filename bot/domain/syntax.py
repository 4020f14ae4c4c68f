"""A watch's query as a tree, and as text: what a person may ask for, and how it is written back."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from bot.domain.text import meant

MAX_LENGTH: Final = 4000  # characters; a Telegram message has 4096
MAX_TERMS: Final = 256  # words, those inside phrases counted
WIDE_COST: Final = 5  # of word* and word~1, in words
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
                # A bare star stands after one word only: Su-30* is two, and may be asked for in quotes.
                bare = len(meant(self.text)) == 1 and not _needs_quotes(self.text)
                return f"{self.text}*" if bare else f'"{self.text}*"'
            case Mode.EDIT:
                return f"{self.text}~{self.edits}"
            case Mode.EXACT | Mode.CASE:
                return _SIGNS[self.mode] + _quoted(self.text)
            case _:
                return _quoted(self.text)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Several words together. gap None: adjacent, in order; N: any order, at most N other words between."""

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

_SIGNS: Final = {Mode.EXACT: "=", Mode.CASE: "=="}
OPENING: Final = '"“”„«»'
NEAR: Final = re.compile(
    rf"(?:NEAR|ONEAR|AROUND|WITHIN|[WN])(?:/(\d+)|\((\d+)\))(?=[\s(){OPENING}]|$)|NEAR(?=\s|$)"
)
_SPECIAL: Final = re.compile(rf"[*~=|()\s:]|^[-–—−+!]|^(?:AND|OR|NOT|&&?|{NEAR.pattern})$")


def _needs_quotes(text: str) -> bool:
    return bool(_SPECIAL.search(text)) and not re.fullmatch(r"\d\w*(?::\w+)*", text)


def _quoted(text: str) -> str:
    return f'"{text}"' if _needs_quotes(text) else text


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


def cost(node: Node) -> int:
    """Return what a query asks of matching: 1 for each word, WIDE_COST for one that stands for many."""
    match node:
        case Term():
            return WIDE_COST if node.mode in (Mode.PREFIX, Mode.EDIT) else 1
        case Phrase():
            return sum(map(cost, node.terms))
        case And() | Or():
            return sum(map(cost, node.parts))
        case InTitle() | Not():
            return cost(node.part)
        case _:
            return 0
