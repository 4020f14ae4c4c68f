"""What a watch's word accepts from a text: its own forms, and which ways back from the text's words.

Russian and Ukrainian dictionaries (pymorphy3) know the forms of common words and many names; what they do
not know is left to the lists of endings. Loaded at the first Cyrillic word: half a second, 50 MB.
"""

import logging
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
    FEMININE,
    PLURAL,
    RELATION,
    SAME,
    STEPPE,
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
# Participles are other words to a reader; the Ukrainian vocative is rare in news, and often a Russian word.
_NO_FORM: Final = frozenset(["PRTF", "PRTS", "GRND", "voct"])
_NAMESAKE: Final = ("ов", "ев", "ёв", "ів", "їв")  # Ермаков is another man than Ермак
_PARTICLES: Final = frozenset(["PREP", "CONJ", "PRCL", "NPRO", "ADVB", "INTJ", "PRED"])
_SHORT: Final = 6  # letters up to which a form may be a particle
_APOSTROPHE: Final = re.compile(f"[{APOSTROPHES}]")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What counts as one word. keys: (normal form or stem, classes it accepts), the word itself first."""

    keys: tuple[tuple[str, int], ...]


@cache
def _dictionary(language: str) -> Any:
    logging.getLogger("pymorphy3").setLevel(logging.WARNING)  # four lines on what it loads
    import pymorphy3  # noqa: PLC0415  - half a second that a watch in Latin letters need not wait

    return pymorphy3.MorphAnalyzer(lang=language)


def _own(word: str, parses: list[Any], kind: str, language: str, *, capital: bool) -> list[Any]:
    """Return the readings in which a person typed a dictionary form; those of a name where it is one."""
    known = [p for p in parses if p.is_known and not _NO_FORM & p.tag.grammemes]
    own = [p for p in known if normal(p.normal_form) == word]
    if kind:  # a name is in the dictionary form, whatever else the word may be a form of
        wanted = _OF_KIND.get(kind, frozenset()) if language == "ru" else frozenset()
        return [p for p in own if not wanted or wanted & p.tag.grammemes]
    own = own or [p for p in known if p.tag.POS in ("ADJF", "NOUN") and "nomn" in p.tag.grammemes]
    names = [p for p in own if _PROPER & p.tag.grammemes]
    if capital and names:
        return names
    nouns = [p for p in own if p.tag.POS in ("NOUN", "ADJF")]
    return nouns or own or known[:1]


def _belongs(parse: Any, form: Any, kind: str) -> bool:
    """Tell whether a form of the lexeme is one of the word: a town has no plural, Алиев is no woman."""
    grammemes, tag = form.tag.grammemes, parse.tag.grammemes
    if _NO_FORM & grammemes:
        return False
    if _PROPER & tag and "plur" in grammemes and form.word.endswith(_NAMESAKE):
        return False
    if kind == "person" and "masc" in tag and "femn" in grammemes:
        return False
    if "Geox" in tag and "Pltm" not in tag and "plur" in grammemes and "plur" not in tag:
        return False
    if "Surn" not in tag:
        return True
    return "femn" not in grammemes if "masc" in tag else "femn" in grammemes


def _is_particle(form: str, language: str) -> bool:
    """Tell whether a form is above all a preposition or the like: после is hardly of посол."""
    return bool(_PARTICLES & _dictionary(language).parse(form)[0].tag.grammemes)


@lru_cache(maxsize=65536)
def _forms(
    word: str, typed: str, language: str, kind: str, *, capital: bool
) -> tuple[frozenset[str], bool]:
    """Return the forms that a dictionary knows, maybe none, and whether the word is a place."""
    parses = _dictionary(language).parse(typed)
    own = _own(word, parses, kind, language, capital=capital)
    forms = {f.word for p in own for f in p.lexeme if _belongs(p, f, kind)}
    sound = (f for f in forms if len(f) > _SHORT or f == typed or not _is_particle(f, language))
    words = {normal(_APOSTROPHE.sub("", f)) for f in sound}
    if language == "ru":  # Гянджой: dictionaries guess where a name is stressed
        words |= {f"{f[:-2]}ой" for f in words if f.endswith(("жей", "шей", "чей", "щей", "цей"))}
    return frozenset(words), any("Geox" in p.tag.grammemes for p in own)


def _by_rule(word: str, kind: str) -> int:
    """Return the classes that a word unknown to a dictionary accepts."""
    if kind == "person":
        return CASE | SURNAME
    if kind == "organisation":
        return CASE
    if kind == "place":
        return CASE | RELATION
    return CASE | PLURAL | RELATION | (SURNAME if slavic.is_surname(word) else 0)


def _adjective_mask(word: str, kind: str) -> int:
    """Return the classes of an adjective; a person's surname has one gender."""
    if kind != "person":
        return ADJECTIVE | FEMININE
    return FEMININE if word.endswith(("ая", "яя")) else ADJECTIVE


def _cyrillic(word: str, typed: str, kind: str) -> Meaning:
    languages = [
        (language, shift)
        for language, shift, other in (("ru", 0, _ONLY_UKRAINIAN), ("uk", UKRAINIAN, _ONLY_RUSSIAN))
        if not other.search(typed.lower())
    ]
    capital = typed[:1].isupper()
    plain = _APOSTROPHE.sub("'", typed.lower())
    mask, stem_mask, forms = SAME | STEPPE, 0, set[str]()
    for language, shift in languages:
        known, place = _forms(word, plain, language, kind, capital=capital)
        if known:
            forms |= known
            # The Ukrainian dictionary does not say which words are places.
            place = place or kind == "place" or (language == "uk" and capital and kind != "person")
            mask |= RELATION << shift if place else 0
        else:
            mask |= _by_rule(word, kind) << shift
            stem_mask |= _adjective_mask(word, kind) << shift
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
    if kind == "place":
        mask |= RELATION  # արցախյան
    return Meaning(tuple(_latin(word, typed, mask)))


def _latin(word: str, typed: str, mask: int) -> Iterable[tuple[str, int]]:
    """Yield the word with its diacritics, which endings need, and without, for forms that have none."""
    yield word, mask
    if fold(word) != word:
        greek = (
            "\u0370" <= word[0] <= "\u03ff"
        )  # where capitals have no accents, whatever their ending
        yield fold(word), BARE if word < "\u0370" else mask if greek else SAME
    if "I" in typed:  # in Turkish that is a capital ı
        dotless = normal(typed, turkic=True)
        if dotless != word:
            yield dotless, mask


def exact(word: str, typed: str) -> Meaning:
    """Return what counts as =word: the form alone."""
    return Meaning(tuple(_latin(word, typed, SAME)))
