"""Turkish and Azerbaijani: suffixes taken off, by vowel harmony, on letters with their diacritics.

Without diacritics karşı (against) would be a form of Kars.
"""

from typing import Final

from bot.domain.endings import CASE, PLURAL, Candidates
from bot.domain.text import fold

_FRONT: Final = "eəiöü"
_VOWELS: Final = "aıou" + _FRONT
# Suffixes in archiphonemes: A is a, e or ə; I is ı, i, u or ü; D is d or t.
_ARCHI: Final = str.maketrans("aeəıiuütd", "AAAIIIIDD")
_HIGH_AFTER: Final = {
    "a": "ı", "ı": "ı", "e": "i", "ə": "i", "i": "i", "o": "u", "u": "u", "ö": "ü", "ü": "ü",
}  # fmt: skip

_EITHER: Final = ("DA", "DAn", "DAkI", "DIr", "lA", "DAykAn", "DAdIr", "DAkIlAr")
_AFTER_CONSONANT: Final = ("I", "In", "A", *_EITHER)
_AFTER_VOWEL: Final = (
    "yI", "nI", "nIn", "yA", "ylA", "nA", "nDA", "nDAn", "nDAkI", "nInDIr", *_EITHER,
)  # fmt: skip
_PLURALS: Final = tuple(
    f"lAr{case}"
    
    for case in (
        "", "I", "In", "A", "DA", "DAn", "DAkI", "lA", "DIr", "InI", "InA", "InDA", "InDAn", "InIn",
        "Im", "ImIz", "ImIzI", "ImIzIn", "ImIzA", "ImIzDA", "ImIzDAn", "ImIzlA",
    )
)  # fmt: skip
_OWNED: Final = ("", "nI", "nIn", "nA", "nDA", "nDAn", "nDAkI", "ylA")
_OURS: Final = tuple(f"mIz{case}" for case in ("", "I", "In", "A", "DA", "DAn", "lA"))
_OWNED_CONSONANT: Final = (*(f"I{case}" for case in (*_OWNED, *_OURS)), "Im")
_OWNED_VOWEL: Final = (*(f"sI{case}" for case in _OWNED), *_OURS)

_LONGEST: Final = 10


def _rows() -> dict[tuple[str, bool], int]:
    """Return (suffix, whether a vowel stands before it) -> class."""
    rows: dict[tuple[str, bool], int] = {}
    for vowel, suffixes in (
        (False, _PLURALS),
        (True, _PLURALS),
        (False, _OWNED_CONSONANT),
        (True, _OWNED_VOWEL),
    ):
        rows |= {(suffix, vowel): PLURAL for suffix in suffixes}
    rows |= {(suffix, False): CASE for suffix in _AFTER_CONSONANT}
    return rows | {(suffix, True): CASE for suffix in _AFTER_VOWEL}


_ROWS: Final = _rows()
_TWO_LETTERS: Final = frozenset(
    ["ev", "su", "at", "el", "ay", "iş", "il", "ad", "ət", "od", "iz", "av", "ot"]
)
_SOFTENED: Final = {"ğ": ("k", "q"), "b": ("p",), "c": ("ç",), "d": ("t",), "y": ("k",)}
# Words that lose their last vowel before an ending with one: şehir, şehri; şəkil, şəkli.
_SWALLOWERS: Final = """
    şehir nehir fikir isim resim şekil oğul ağız burun boyun beyin karın göğüs omuz alın akıl vakit nakit
    zehir ömür kayıp izin hüküm emir sabır hapis haciz metin keşif tavır seyir zihin asır nesil kısım
    cisim devir kavim rahim ufuk nutuk cürüm lütuf zulüm şahıs hizip
    şəkil nəsil qarın ağıl qəbir sətir qisim sinif eyib səbir çiyin könül
"""
_SWALLOWED: Final = {word[:-2] + word[-1]: word for word in _SWALLOWERS.split()}
_LOOSE: Final = (
    6  # letters from which a form may also lose its diacritics: too long to meet another by chance
)


def _harmonises(stem: str, suffix: str) -> bool:
    """Tell whether the suffix's first vowel goes with the stem's last."""
    last = next((c for c in reversed(stem) if c in _VOWELS), None)
    first = next(c for c in suffix if c in _VOWELS)
    if last is None:
        return False
    if first in "aeə":
        return (first == "a") == (last not in _FRONT)
    return _HIGH_AFTER[last] == first


def turkic(word: str) -> Candidates:
    """Return what a Turkish or Azerbaijani word may be taken back to."""
    sounds = word.translate(_ARCHI)
    found: Candidates = []
    least = 2 if word[:2] in _TWO_LETTERS else 3
    for at in range(max(least, len(word) - _LONGEST), len(word)):
        stem = word[:at]
        if word[at] in _VOWELS:
            stem = _SWALLOWED.get(stem, stem)
        kind = _ROWS.get((sounds[at:], stem[-1] in _VOWELS))
        if kind is None or not _harmonises(stem, word[at:]):
            continue
        found.append((stem, kind))
        if word[at] in _VOWELS and (stem[-1] not in "ğy" or stem[-2] in _VOWELS):
            found += [(stem[:-1] + hard, kind) for hard in _SOFTENED.get(stem[-1], ())]
        if word[at] in _VOWELS and stem.endswith("ng"):  # rengi is of renk
            found.append((f"{stem[:-1]}k", kind))
    if word.startswith("suy"):  # suyun, suyu: water alone takes a y
        found += [("su", kind) for key, kind in found if key == "suy"]
    found += [(fold(k), kind) for k, kind in found if len(k) >= _LOOSE and not k.isascii()]
    return found
