"""Text as comparable words that remember where they stood.

A text falls into chunks (runs without spaces), a chunk into pieces (letters apart from digits, suffixes
apart from names, Chinese by character), a piece into a normal form. Chunks repeat from article to
article, so whoever is in a hurry keeps what a chunk gave: nothing here depends on its neighbours.
"""

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, NamedTuple

APOSTROPHES: Final = "'’ʼ‘`´′＇՚ʹʻʾʿꞌ"
_IGNORED = (
    "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"  # invisible
    "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"  # accents
    "\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0640"  # vowel marks
    "\u055b\u055c\u055e\u055f"  # Armenian stress, exclamation, question: written inside the word
)
# Vowel signs that carry the word, so they continue a chunk but are kept.
SIGNS: Final = (
    "\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963\u0981-\u0983\u09bc-\u09cd\u0a01-\u0a51"
    "\u0a81-\u0acd\u0b01-\u0b57\u0b82-\u0bcd\u0c00-\u0c56\u0c81-\u0cd6\u0d00-\u0d57\u0d81-\u0ddf"
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd\u0f71-\u0f84\u102b-\u103e"
    "\u1056-\u1059\u17b4-\u17d3\u3099\u309a"
)
# Scripts written without spaces: each character (with its signs) is a word of its own.
_SPACELESS = (
    "\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e81-\u0eb0\u0eb2\u0eb3\u0ebd-\u0ec6\u1000-\u102a\u1780-\u17b3"
    "\u3005\u3006\u3041-\u3096\u309d-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff"
)
_CHUNK = re.compile(  # U.S.: dots between single letters join
    rf"(\w(?:[\w{_IGNORED}{SIGNS}{APOSTROPHES}]+|(?:\.[^\W\d_]\b)*))"
)
_PIECE = re.compile(
    rf"\d+|[{_SPACELESS}][{SIGNS}{_IGNORED}]*"
    rf"|[^\W\d_{_SPACELESS}](?:[^\W\d_{_SPACELESS}]|[{_IGNORED}{SIGNS}{APOSTROPHES}])*"
)
_DROPPED = re.compile(f"[{_IGNORED}]")
_APOSTROPHE = re.compile(f"[{APOSTROPHES}]+")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")

TURKIC: Final = frozenset({"az", "tr"})  # where capital I is ı and İ is i
_TURKIC_I = str.maketrans({"I": "ı", "İ": "i"})

# Letters that look alike; capitals count, so repair comes before case folding.
_LATIN_FOR = dict(
    zip("аеокрсухіјѕһԁԛԝАВЕКМНОРСТХУІЈЅҮԌ", "aeokpcyxijshdqwABEKMHOPCTXYIJSYG", strict=True)
)
_CYRILLIC_FOR = {latin: cyrillic for cyrillic, latin in _LATIN_FOR.items()} | {"Y": "У"}
_LATIN_FOR_GREEK = dict(zip("ορνικχυαεΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "opvikxuaeABEZHIKMNOPTYX", strict=True))
_GREEK_FOR = {latin: greek for greek, latin in _LATIN_FOR_GREEK.items()}
_LATIN_FOR_ARMENIAN = dict(zip("օոսհցյՕՍԼՏ", "onuhgjOULS", strict=True))
_ARMENIAN_FOR = {latin: armenian for armenian, latin in _LATIN_FOR_ARMENIAN.items()}
_PAIRS = (  # a script, its look-alikes in Latin, and back
    (re.compile("[\u0400-\u052f]"), _LATIN_FOR, _CYRILLIC_FOR),
    (re.compile("[\u0370-\u03ff]"), _LATIN_FOR_GREEK, _GREEK_FOR),
    (re.compile("[\u0531-\u0587]"), _LATIN_FOR_ARMENIAN, _ARMENIAN_FOR),
)
_LATIN = re.compile("[A-Za-z]")

_SOUND = dict(
    zip("абвгдезиклмнопрстуфх", "abvgdeziklmnoprstufh", strict=True)
)  # as designations have them
_SAME = str.maketrans(
    {
        "ё": "е",
        "ѐ": "е",
        "ѝ": "и",
        "ی": "ي",
        "ى": "ي",
        "ک": "ك",
        "ہ": "ه",
        "ھ": "ه",
        "ș": "ş",
        "ț": "ţ",
    }
)
_KEPT_WHOLE = frozenset("йїўѓќґӣӯ")  # letters of their own, though Unicode takes them apart
_FOLDS = {
    "ı": "i", "ə": "a", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe",
    "ħ": "h", "ŋ": "n", "ĸ": "k", "ŧ": "t", "ة": "ه", "ς": "σ",
}  # fmt: skip
_ELISIONS = frozenset(
    ["l", "d", "j", "m", "n", "s", "t", "c", "qu", "lorsqu", "puisqu", "quoiqu", "jusqu", "presqu", "entr",
     "un", "dell", "all", "dall", "nell", "sull", "coll", "gl", "quell"]
)  # fmt: skip
_CONTRACTIONS = frozenset(["t", "re", "ve", "ll", "d", "m"])  # don't is not Don, the river


@dataclass(frozen=True, slots=True)
class Word:
    """One comparable word. text: folded normal form; start, end: offsets into the original, end exclusive."""

    text: str
    start: int
    end: int


class Piece(NamedTuple):
    """One word of a chunk, before folding.

    forms: normal forms it may be found under, the likeliest first. meant: the one that a watch means
    when a person types it. start, end: offsets into the chunk.
    """

    forms: tuple[str, ...]
    meant: str
    start: int
    end: int


class _Folds(dict[int, str]):
    """Latin and Greek letters without their diacritics, worked out once per character."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        plain = _FOLDS.get(character)
        if plain is None:
            bare = unicodedata.normalize("NFD", character)
            plain = character if character in _KEPT_WHOLE else _DROPPED.sub("", bare) or character
        self[code] = plain
        return plain


_FOLD = _Folds()


class Unescaped:
    """A text with its HTML entities decoded, and the way back to the offsets it came from."""

    __slots__ = ("_here", "_there", "text")

    def __init__(self, text: str) -> None:
        self._here, self._there = [0], [0]
        out: list[str] = []
        size = last = 0
        for entity in _ENTITY.finditer(text) if "&" in text else ():
            decoded = html.unescape(entity[0])
            if decoded == entity[0]:
                continue
            before = text[last : entity.start()]
            out += (before, decoded)
            size += len(before) + len(decoded)
            last = entity.end()
            self._here.append(size)
            self._there.append(last)
        self.text = "".join((*out, text[last:])) if out else text

    def origin(self, offset: int) -> int:
        """Return where that offset of `text` was in the original."""
        cut = bisect_right(self._here, offset) - 1
        return self._there[cut] + offset - self._here[cut]


def split(text: str) -> list[str]:
    """Cut a text so that items 1, 3, 5, ... are its chunks and the rest is between them."""
    return _CHUNK.split(text)


def offsets(parts: list[str]) -> list[int]:
    """Return where each part of `split` ends; part i starts where part i - 1 ends."""
    return list(accumulate(map(len, parts)))


def starts_of(parts: list[str], several: Container[str] = ()) -> list[int]:
    """Return where each chunk of `split` begins, of those in `several` each word; and the end, last."""
    starts = offsets(parts)[::2]
    if not several:
        return starts
    found: list[int] = []
    for chunk, start in zip(parts[1::2], starts, strict=False):
        found += [start + p.start for p in pieces(chunk)] if chunk in several else [start]
    return [*found, starts[-1]]


def _majority(
    raw: str, letters: int, theirs: dict[str, str], ours: dict[str, str]
) -> dict[str, str]:
    """Return the table that makes a mixed word one script, or {} where neither can."""
    latin = [c for c in raw if _LATIN.match(c)]
    to_latin = all(c in theirs for c in raw if not c.isascii() and c.isalpha())
    from_latin = all(c in ours for c in latin)
    if to_latin and from_latin:
        return theirs if len(latin) >= letters else ours
    return theirs if to_latin else ours if from_latin else {}


def repair(raw: str) -> str:
    """Return a word of mixed scripts in the one it was meant in: a Cyrillic а inside Lachin is an a."""
    if raw.isascii() or not _LATIN.search(raw):
        return raw
    for script, theirs, ours in _PAIRS:
        found = script.findall(raw)
        if found:
            table = _majority(raw, len(found), theirs, ours)
            return "".join(table.get(c, c) for c in raw)
    return raw


def normal(raw: str, *, turkic: bool = False) -> str:
    """Return a word's normal form, diacritics kept. turkic: capital I is ı there, and İ is i."""
    if raw.isascii():
        return raw.translate(_TURKIC_I).lower() if turkic else raw.lower()
    word = repair(unicodedata.normalize("NFKC", raw))
    if turkic:
        word = word.translate(_TURKIC_I)
    word = _DROPPED.sub("", word.casefold()).translate(_SAME)
    if "եվ" in word:
        word = word.replace("եվ", "եւ")
    if word.isdigit() and not word.isascii():
        word = "".join(str(unicodedata.digit(c, c)) for c in word)
    return word


def fold(word: str) -> str:
    """Return a normal form without diacritics: łódź -> lodz, laçın -> lacin; й and ї are letters and stay."""
    return word if word.isascii() else word.translate(_FOLD)


def _is_suffix(name: str, rest: str, *, turkic: bool) -> bool:
    """Tell whether what follows the apostrophe is a suffix, as in Bakü'den, and not half of O'Brien."""
    if len(name) < 2 or rest.lower() in _CONTRACTIONS or not _LATIN.search(name + rest):
        return False
    return turkic or (rest.islower() and name[:1].isupper() and len(name) > 2)


def _letters(raw: str, start: int, *, turkic: bool) -> Piece | None:
    """Return the word in a run of letters and apostrophes, or None if nothing is left of it."""
    cut = _APOSTROPHE.search(raw)
    stop = start + len(raw.rstrip(APOSTROPHES))
    joined = normal(_APOSTROPHE.sub("", raw), turkic=turkic)
    if not joined:
        return None
    if cut is None or cut.end() == len(raw):
        return Piece((joined,), joined, start, stop)
    name, rest = raw[: cut.start()], _APOSTROPHE.sub("", raw[cut.end() :])
    if rest in ("s", "S"):
        bare = normal(name, turkic=turkic)
        return Piece((bare,), bare, start, start + cut.start())
    if not turkic and name.lower() in _ELISIONS and len(rest) > 2:
        bare = normal(rest)
        return Piece((bare, joined), bare, start + cut.end(), stop)
    if _is_suffix(name, rest, turkic=turkic):
        return Piece((normal(name, turkic=turkic), joined), joined, start, start + cut.start())
    return Piece((joined,), joined, start, stop)


def _designations(raw: str) -> list[str]:
    """Return how the other alphabet writes the letters of a designation: Т-72 is T-72, Су-30 is Su-30."""
    sounds = (
        "".join(_SOUND.get(c, "?") for c in raw.lower()),
        "".join(_LATIN_FOR.get(c, "?") for c in raw).lower(),
    )
    return [word for word in dict.fromkeys(sounds) if "?" not in word]


def _with_stem(raw: str, piece: Piece) -> Piece:
    """Add what stands before a zero-width non-joiner: Persian hangs its endings on there."""
    stem, joiner, _ = raw.partition("\u200c")
    first = normal(stem) if joiner else ""
    if len(first) < 2 or not "\u0600" <= first[0] <= "\u06ff":
        return piece
    return Piece((piece.forms[0], first), piece.meant, piece.start, piece.end)


_LETTERS_OF_APOSTROPHES = frozenset(c for c in APOSTROPHES if c.isalpha())


def _is_plain(chunk: str) -> bool:
    """Tell whether letters are one word: of a script with spaces, and none of them an apostrophe."""
    spaced = max(chunk) < "\u0e00" or "\u10a0" <= min(chunk) <= max(chunk) < "\u1100"
    return spaced and _LETTERS_OF_APOSTROPHES.isdisjoint(chunk)


def pieces(chunk: str, *, turkic: bool = False) -> list[Piece]:
    """Return the words of one chunk: Su30 is two, O'Brien one, Lachin's is Lachin, 北京 two."""
    if (chunk.isalpha() and chunk.isascii()) or "." in chunk:
        word = normal(chunk.replace(".", ""), turkic=turkic)
        return [Piece((word,), word, 0, len(chunk))]
    if len(chunk) <= 2 and chunk.isalpha() and chunk[0].isupper():
        word = normal(chunk, turkic=turkic)
        return [Piece((word, *_designations(chunk)), word, 0, len(chunk))]
    if chunk.isalpha() and _is_plain(chunk):
        word = normal(chunk, turkic=turkic)
        return [Piece((word,), word, 0, len(chunk))] if word else []
    found = []
    for run in _PIECE.finditer(chunk):
        piece = _letters(run[0], run.start(), turkic=turkic)
        if piece is not None:
            found.append(_with_stem(run[0], piece))
    return found


def _located(text: str, *, turkic: bool) -> Iterator[tuple[Piece, int]]:
    parts = split(text)
    ends = offsets(parts)
    for i in range(1, len(parts), 2):
        for piece in pieces(parts[i], turkic=turkic):
            yield piece, ends[i - 1]


def words(text: str, language: str = "") -> list[Word]:
    """Return the comparable words of a text in order. language: BCP 47; it only says how I and i pair."""
    plain = Unescaped(text)
    turkic = language[:2] in TURKIC
    return [
        Word(fold(p.forms[0]), plain.origin(at + p.start), plain.origin(at + p.end))
        for p, at in _located(plain.text, turkic=turkic)
    ]


def meant(text: str) -> list[str]:
    """Return the words that a person means who types this text: normal forms, diacritics kept."""
    return [piece.meant for piece, _ in _located(Unescaped(text).text, turkic=False)]


_STOP = re.compile(r"[.!?…։。！？]+[\"'»”’)\]]*\s+(?=[\"'«“„(\[—–-]*\S)|[。！？]|\n+")
_SHORT = re.compile(
    r"(?:\b\w|\b(?:mr|mrs|ms|dr|st|gen|col|lt|sgt|prof|no|vs|ул|им|ген|обл|тыс|млн|руб))\.\s*$",
    re.I,
)


def _stops(text: str, low: int, high: int) -> Iterator[int]:
    """Yield where sentences begin inside that window; not after an initial or «Gen.»."""
    for stop in _STOP.finditer(text, low, high):
        if not _SHORT.search(text, max(low, stop.start() - 8), stop.start() + 1):
            yield stop.end()


def _cut_left(text: str, low: int, start: int) -> int:
    space = text.find(" ", low, start)
    return low if low == 0 or space < 0 else space + 1


def _cut_right(text: str, end: int, high: int) -> int:
    space = text.rfind(" ", end, high)
    return high if high == len(text) or space < 0 else space


def sentence_around(text: str, start: int, end: int, *, limit: int = 300) -> tuple[int, int]:
    """Return the offsets of the sentence that holds text[start:end], trimmed.

    limit: most characters it may have; a longer sentence is cut at spaces, the match kept inside.
    Looks no further than `limit` to either side, so a megabyte costs no more than a line.
    """
    floor, ceiling = max(0, start - limit), min(len(text), end + limit)
    left = max((s for s in _stops(text, floor, ceiling) if s <= start), default=None)
    right = min((s for s in _stops(text, floor, ceiling) if s >= end), default=None)
    low = _cut_left(text, floor, start) if left is None else left
    high = _cut_right(text, end, ceiling) if right is None else right
    if high - low > limit:
        room = max(0, limit - (end - start))
        before = min(start - low, room // 2 + max(0, room - room // 2 - (high - end)))
        after = min(high - end, room - before)
        if start - before > low:
            low = _cut_left(text, start - before, start)
        if end + after < high:
            high = _cut_right(text, end, end + after)
    trimmed = text[low:high]
    return low + len(trimmed) - len(trimmed.lstrip()), low + len(trimmed.rstrip())


_SPACES: Final = " \t\u00a0\u202f"
_OPENING: Final = _SPACES + "\"'«“„‘(\\[—–-•*"  # what may stand before a sentence's first word
_LOOK_BACK: Final = 24  # characters in which a sentence's end, quotes and an abbreviation have room


def opens_sentence(text: str, at: int) -> bool:
    """Tell whether the word at that offset opens a sentence, a line, a quotation or what follows a colon."""
    before = text[max(0, at - _LOOK_BACK) : at]
    bare = before.rstrip(_OPENING)
    if not bare:
        return True
    if bare[-1] == ".":
        return not _SHORT.search(bare)
    return bare[-1] in "!?…։:。！？\n\r" or before.rstrip(_SPACES)[-1] in "«“„"
