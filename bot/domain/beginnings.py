"""How the forms of a word may begin: what the archive's index is asked for it.

Endings follow a word or replace its last letter; but stems change too (Київ, у Києві; Рига, в Риге, рижский;
Բաքու, Բաքվում; მტკვარი, მტკვრის; uşaq, uşağı; army, armies), and Arabic and Hebrew write small words before
it. Wider than the matcher, which has the last word; a beginning too many costs little.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from bot.domain.text import fold

_WHOLE: Final = 4  # letters up to which a word without a changing stem is looked up as it stands
_LEAST: Final = 2  # letters of a beginning
_MOST: Final = 32  # letters of a word that are looked at

_VOWELS_OF_SLAVS: Final = "аеиоуыэюяіїєь"
_NAMES_END: Final = (
    "ия", "ія", "етия", "ляндия", "ляндія", "чина", "щина", "ый", "ий", "ой", "ая", "ое", "яя", "ие", "ые",
    "ція", "ция", "хія",
)  # fmt: skip
_GEORGIAN_ENDS: Final = "აეიოუ"
_REPLACED: Final[dict[str, Sequence[str]]] = {
    "истан": ("",),
    "ու": ("վ",),
    "ի": ("ու",),
    "yev": ("ev", "iev"),  # as others write it: Aliev, Petrosian
    "yan": ("an", "ian"),
    "y": ("i",),
    "fe": ("v",),
}
_STEM: Final = 3  # letters of a stem that stands for itself
_CYRILLIC_ENDS: Final = "аеиоуыюяіїєьй"
_SOFTENED: Final = {
    "г": "зж",
    "к": "цч",
    "х": "сш",
    "ц": "ч",
    "ч": "ц",
    "k": "gy",
    "q": "gy",
    "f": "v",
    "t": "d",
    "p": "b",
}
# What a vowel of the last syllable turns into, besides falling out.
_TURNED: Final = {
    "і": "оеє", "ї": "є", "е": "ьйя", "о": "а", "ու": ("ա", "վա"), "ի": "ա", "ե": "ի",
    "այ": "ո", "ույ": ("", "ո"), "a": "e", "i": "e", "oo": ("ee",), "ou": ("i",),
}  # fmt: skip
_VOWELS: Final = "аеиоуыэюяіїєaeiouyəıöüաեէըիոօაეიოუ"
_LAST_SYLLABLE: Final = re.compile(rf"(.+?)(ույ|ու|այ|oo|ou|[{_VOWELS}])([^{_VOWELS}]+)$")
_BEFORE: Final = {
    "arabic": ("و", "ب", "ل", "ك", "ف", "ال", "وال", "بال", "لل", "فال", "كال", "ول", "وب"),
    "hebrew": ("ו", "ב", "ל", "מ", "ה", "ש", "כ", "וב", "ול", "ומ", "וה", "שב", "של", "מה", "בה", "לה"),
}  # fmt: skip


@lru_cache(maxsize=4096)
def beginnings(word: str, letters: int) -> frozenset[str]:
    """Return how a form of a word may begin, each in its first `letters` letters.

    Of two beginnings of which one begins the other, only the shorter is kept.
    """
    plain = fold(word)[:_MOST]
    found = {start[:letters] for start in _all(plain) if len(start) >= _LEAST} or {plain}
    return frozenset(a for a in found if not any(a != b and a.startswith(b) for b in found))


def _all(plain: str) -> Iterator[str]:
    yield plain if len(plain) <= _WHOLE else plain[:-1]
    if "א" <= plain[-1:] <= "ת" or "ء" <= plain[-1:] <= "ي":
        yield from _with_small_words(plain)
    stem, ends = _end(plain)
    yield from (stem + end for end in ends)
    yield from _changed(stem)
    if plain[-1:] in _CYRILLIC_ENDS:
        yield from _with_fleeting_vowel(stem)
        yield from _of_adjectives(plain)


def _end(plain: str) -> tuple[str, Sequence[str]]:
    """Return a word without what its forms replace at its end, and how they go on from there."""
    for ending, ends in _REPLACED.items():
        if plain.endswith(ending):
            return plain.removesuffix(ending), ends
    if plain[-1:] in _CYRILLIC_ENDS:
        return plain[:-1], (*_CYRILLIC_ENDS, "с", "н")
    return (plain[:-1], ("",)) if plain[-1:] in _GEORGIAN_ENDS else (plain, ())


def _of_adjectives(plain: str) -> Iterator[str]:
    """Yield how adjectives of a Slavic name begin: турецкий, чешский, афганский, московский, грозненский."""
    for ending in _NAMES_END:
        if plain.endswith(ending):
            stem = plain.removesuffix(ending)
            yield stem if len(stem) >= _STEM else stem + "с"
            yield from _changed(stem)
            yield from _with_fleeting_vowel(stem)
    if plain.endswith(("ша", "ща")):  # Польша, польский
        yield plain[:-2] + "с"


def _with_fleeting_vowel(stem: str) -> Iterator[str]:
    if stem[-2:] and not any(letter in _VOWELS_OF_SLAVS for letter in stem[-2:]):
        yield from (stem[:-1] + vowel + stem[-1] for vowel in "ео")


def _changed(stem: str) -> Iterator[str]:
    """Yield a stem with its last consonant softened, and its last vowel fallen out or turned."""
    yield from _softened(stem)
    if parts := _LAST_SYLLABLE.match(stem):
        before, vowel, after = parts.groups()
        for end in (after, *_softened(after)):
            yield before + end
            yield from (before + other + end for other in _TURNED.get(vowel, ""))


def _softened(text: str) -> Iterator[str]:
    yield from (text[:-1] + soft for soft in _SOFTENED.get(text[-1:], ""))


def _with_small_words(plain: str) -> Iterator[str]:
    bare = plain.removeprefix("ال")
    script = "arabic" if plain[-1] >= "ء" else "hebrew"
    for small in _BEFORE[script]:
        yield small + plain
        yield small + bare
    yield bare
