"""Closed lists of endings: what a word of a text may be taken back to.

Inflection is asymmetric. A watch holds dictionary forms; only the text's word is taken back, so that
Лачина may be Лачин, while a watch for Гори never grows into горит. Each way back has a class, and a
watch says which classes it accepts: a town has no plural, so Лачинов is not a form of Лачин.
"""

from collections.abc import Mapping
from typing import Final

SAME: Final = 1  # the form itself, diacritics aside
CASE: Final = 2  # a case of the singular, or an article
PLURAL: Final = 4  # plurals, and possessives of common nouns: towns and people have none
NAMESAKE: Final = 8  # a plural that, with a capital, is rather a surname: Лачинов
RELATION: Final = 16  # a relational adjective: лачинский
ADJECTIVE: Final = 32  # a form of an adjective; the key is its stem with STEM
BARE: Final = (
    128  # the form itself, when it has no diacritics at all: Sinir may be Sınır, not in Turkish
)
SURNAME: Final = 64  # the instrumental and plural that only surnames have: Алиевым
FEMININE: Final = 256  # as ADJECTIVE, in forms that a man's surname has not: Зеленской
STEPPE: Final = 512  # any form in Kazakh and its kin, which no dictionary here knows
UKRAINIAN: Final = (
    16  # bits by which its classes are shifted: a word may be known to one dictionary alone
)

STEM: Final = "~"  # marks a key that is an adjective's stem and no word

Candidates = list[tuple[str, int]]  # key, class
Table = Mapping[str, tuple[tuple[str, int], ...]]  # ending -> what replaces it, class


def table(**classes: str) -> Table:
    """Read lists of endings. Each line is `endings: replacements`, "-" standing for nothing.

    classes: the name of a class in small letters -> its lines.
    """
    rows: dict[str, list[tuple[str, int]]] = {}
    for name, lines in classes.items():
        kind: int = globals()[name.upper()]
        for line in filter(None, map(str.strip, lines.splitlines())):
            endings, _, replacements = line.partition(":")
            for ending in endings.split():
                row = rows.setdefault(ending.strip("-"), [])
                row += [(r.strip("-"), kind) for r in replacements.split()]
    return {ending: tuple(dict.fromkeys(row)) for ending, row in rows.items()}


def stripped(word: str, rows: Table, *, least: int = 3) -> Candidates:
    """Return what the word may be taken back to. least: letters that must stay before the ending."""
    found: Candidates = []
    for at in range(max(least, len(word) - LONGEST), len(word)):
        row = rows.get(word[at:])
        if row is not None:
            stem = word[:at]
            found += [(stem + put, kind) for put, kind in row]
    return found


LONGEST: Final = 9  # letters of an ending
