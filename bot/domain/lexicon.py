"""What a watch's word accepts from a text: its own forms, and which ways back from the text's words.

Russian and Ukrainian dictionaries (pymorphy3) know the forms of common words and many names; what they do
not know is left to the lists of endings. Loaded at the first Cyrillic word: half a second, 50 MB.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

from bot.domain import slavic
from bot.domain.endings import (
    ADJECTIVE,
    BARE,
    CASE,
    PLURAL,
    RELATION,
    SAME,
    SURNAME,
    UKRAINIAN,
)
from bot.domain.text import APOSTROPHES, fold, normal

COMMON: Final = ""  # the kind of a word that is no known name

_CYRILLIC: Final = re.compile("[\u0400-\u052f]")
_ONLY_UKRAINIAN: Final = re.compile("[іїєґ]")
_ONLY_RUSSIAN: Final = re.compile("[ыэъё]")
_PROPER: Final = frozenset(["Geox", "Surn", "Name", "Patr", "Orgn"])
_OF_KIND: Final = {
    "place": frozenset(["Geox"]),
    "person": frozenset(["Surn", "Name", "Patr"]),
}  # the Ukrainian one marks no places
_NO_FORM: Final = frozenset(["PRTF", "PRTS", "GRND"])  # participles: other words to a reader
_APOSTROPHE: Final = re.compile(f"[{APOSTROPHES}]")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What counts as one word. keys: (normal form or stem, classes accepted under it), the word itself first."""

    keys: tuple[tuple[str, int], ...]


@cache
def _dictionary(language: str) -> Any:
    import pymorphy3  # noqa: PLC0415  - half a second that a watch in Latin letters need not wait

    return pymorphy3.MorphAnalyzer(lang=language)


def _own(word: str, parses: list[Any], wanted: frozenset[str], *, capital: bool) -> list[Any]:
    """Return the readings in which a person typed a dictionary form; those of a name where it is one."""
    known = [p for p in parses if p.is_known and not _NO_FORM & p.tag.grammemes]
    if wanted:
        known = [p for p in known if wanted & p.tag.grammemes]
    own = [p for p in known if normal(p.normal_form) == word] or [
        p for p in known if p.tag.POS in ("ADJF", "NOUN") and "nomn" in p.tag.grammemes
    ]
    names = [p for p in own if _PROPER & p.tag.grammemes]
    if capital and names:
        return names
    nouns = [p for p in own if p.tag.POS in ("NOUN", "ADJF")]
    return nouns or own or known[:1]


def _belongs(parse: Any, form: Any) -> bool:
    """Tell whether a form of the lexeme is one of the word: a town has no plural, Алиев is no woman."""
    grammemes, tag = form.tag.grammemes, parse.tag.grammemes
    if _NO_FORM & grammemes:
        return False
    if "Geox" in tag and "Pltm" not in tag and "plur" in grammemes and "plur" not in tag:
        return False
    if "Surn" not in tag:
        return True
    return "femn" not in grammemes if "masc" in tag else "femn" in grammemes


@lru_cache(maxsize=65536)
def _forms(
    word: str, typed: str, language: str, kind: str, *, capital: bool
) -> tuple[frozenset[str], bool]:
    """Return the forms a dictionary knows, empty where it does not know the word; and whether it is a place."""
    parses = _dictionary(language).parse(typed)
    wanted = _OF_KIND.get(kind, frozenset()) if language == "ru" else frozenset()
    own = _own(word, parses, wanted, capital=capital)
    forms = {normal(_APOSTROPHE.sub("", f.word)) for p in own for f in p.lexeme if _belongs(p, f)}
    return frozenset(forms), any("Geox" in p.tag.grammemes for p in own)


def _by_rule(word: str, kind: str) -> int:
    """Return the classes that a word unknown to a dictionary accepts."""
    if kind == "person":
        return CASE | SURNAME
    if kind == "organisation":
        return CASE
    if kind == "place":
        return CASE | RELATION
    return CASE | PLURAL | RELATION | (SURNAME if slavic.is_surname(word) else 0)


def _cyrillic(word: str, typed: str, kind: str) -> Meaning:
    languages = [
        (language, shift)
        for language, shift, other in (("ru", 0, _ONLY_UKRAINIAN), ("uk", UKRAINIAN, _ONLY_RUSSIAN))
        if not other.search(typed.lower())
    ]
    capital = typed[:1].isupper()
    plain = _APOSTROPHE.sub("'", typed.lower())
    mask, stem_mask, forms = SAME, 0, set[str]()
    for language, shift in languages:
        known, place = _forms(word, plain, language, kind, capital=capital)
        if known:
            forms |= known
            mask |= RELATION << shift if place or kind == "place" else 0
        else:
            mask |= _by_rule(word, kind) << shift
            stem_mask |= ADJECTIVE << shift
    keys = [(word, mask), *((form, SAME) for form in sorted(forms - {word}))]
    stem = slavic.adjective_stem(word)
    if stem is not None and stem_mask:
        keys.append((stem, stem_mask))
    return Meaning(tuple(keys))


def meaning(word: str, typed: str, kind: str = COMMON) -> Meaning:
    """Return what counts as a word of a watch, or of a name of that kind.

    word: its normal form; typed: as it was typed, capitals and apostrophes kept.
    """
    if _CYRILLIC.search(word):
        return _cyrillic(word, typed, kind)
    mask = SAME | CASE if kind in ("place", "organisation") else SAME | CASE | PLURAL
    return Meaning(tuple(_latin(word, typed, mask)))


def _latin(word: str, typed: str, mask: int) -> Iterable[tuple[str, int]]:
    """Yield the word with its diacritics, which endings need, and without: only a form without any may be that."""
    yield word, mask
    if fold(word) != word:
        yield fold(word), BARE if word < "\u0370" else SAME
    if "I" in typed:  # in Turkish that is a capital ı
        dotless = normal(typed, turkic=True)
        if dotless != word:
            yield dotless, mask


def exact(word: str, typed: str) -> Meaning:
    """Return what counts as =word: the form alone."""
    return Meaning(tuple(_latin(word, typed, SAME)))
