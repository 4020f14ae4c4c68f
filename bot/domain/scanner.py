"""The words of a watch as typed, each with its signs; and how a mistake is reported."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from bot.domain.syntax import (
    FIELDS,
    MAX_EDITS,
    MAX_GAP,
    MAX_TERMS,
    MIN_EDIT,
    MIN_PREFIX,
    OPENING,
    Filter,
    Mode,
    Node,
    Term,
)
from bot.domain.text import APOSTROPHES, SIGNS, meant

_LANGUAGES = {
    "english": "en", "russian": "ru", "ukrainian": "uk", "armenian": "hy", "georgian": "ka", "turkish": "tr",
    "azerbaijani": "az", "azeri": "az", "persian": "fa", "farsi": "fa", "arabic": "ar", "french": "fr",
    "german": "de",
}  # fmt: skip
_COUNTRIES = {
    "armenia": "AM", "azerbaijan": "AZ", "georgia": "GE", "russia": "RU", "ukraine": "UA", "turkey": "TR",
    "iran": "IR", "usa": "US", "uk": "GB", "france": "FR", "germany": "DE",
}  # fmt: skip

_SPACE: Final = re.compile(r"\s*")
_BARE: Final = re.compile(rf"[^\s()|{OPENING}]+")
_OPERATOR: Final = re.compile(rf"(?:AND|OR|NOT)(?=[\s(){OPENING}]|$)|&&?(?=\s|$)|\|\|?")
_EDGES: Final = re.compile(rf"^[\W_]+|(?:(?![\u0300-\u036f{SIGNS}])[\W_{APOSTROPHES}])+$")
_TAIL: Final = re.compile(r"~(\d*)")
LOWER: Final = {"or": "OR", "and": "AND", "not": "NOT"}


class Fault(Exception):
    """A mistake at a place, with the text that would mend it; becomes a QueryError."""

    def __init__(
        self, key: str, start: int, end: int, fixed: str | None = None, **params: object
    ) -> None:
        super().__init__(key)
        self.key, self.start, self.end, self.fixed, self.params = key, start, end, fixed, params


class Scanner:
    """The text of a watch; `at` is the next character to read."""

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
    ) -> Fault:
        """Return a mistake; put: what should stand there instead, None if that is not safe to guess."""
        return Fault(key, start, end, None if put is None else self.cut(start, end, put), **params)

    def skip(self) -> str:
        """Skip spaces; return the next character, or "" at the end."""
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]  # matches none
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
        self.at = _OPERATOR.match(self.text, start).end()  # type: ignore[union-attr]  # it is next
        return start, self.at

    # -- words ----------------------------------------------------------------------------------

    def unknown_field(self, found: "re.Match[str]") -> Fault:
        """Explain a field that is none, with the nearest one that is."""
        near = get_close_matches(found[1].lower(), FIELDS, n=1)
        put = f"{near[0]}:" if near else f"{found[1]} "
        names = ", ".join(f"{name}:" for name in FIELDS)
        return self.fault("query.unknown_field", *found.span(), put, field=found[1], fields=names)

    def phrase_terms(self, inside: str, offset: int, mode: Mode) -> Iterator[Term]:
        """Yield the words of a phrase; a last star makes a prefix of a word, except in ="..."."""
        for found in re.finditer(r"\S+", inside):
            start, end = offset + found.start(), offset + found.end()
            text = _EDGES.sub("", found[0])
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
        text = _EDGES.sub("", re.sub(r"~\d*$", "", body))
        if not text or not meant(text):
            raise self.fault("query.not_a_word", start, self.at, "", word=raw)
        if raw in LOWER:
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
            most = min(MAX_EDITS, max(1, len(text) // MIN_EDIT))
            put = f"{text}~{most}"
            raise self.fault("query.bad_edits", start, self.at, put, limit=MAX_EDITS)
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
