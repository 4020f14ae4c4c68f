"""An article -> the keys it is found by, and the sketch it is compared by.

The one thing to know: everything here is a sample. Keys are the smallest hashes of an article's word
sequences, so that two articles with text in common are likely to share some; the sketch keeps just
enough of title, opening, body and figures for clustering to compare two articles without their texts.
Hashes are CRC-32 and BLAKE2b: the same in every process and on every machine.

Words are split here and not with text.words: no offsets are needed, and this is the part that runs on
every article, so it works on whole texts at once.
"""

import html
import re
from array import array
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import islice
from struct import Struct
from unicodedata import normalize
from zlib import crc32

from bot.domain.model import Document, Page

SKETCH_MAX_BYTES = 2000
GRID_BITS = 6144  # of the body's word triples; a 700-word article sets one bit in nine
_LEAD_WORDS = 200  # kept in order
_FIVES = 64  # sampled word 5-grams kept in the sketch
_NUMBERS = 24
_TITLE_BYTES = 220
_NOTE_BYTES = 240  # claims of provenance
_BODY_KEYS, _LEAD_KEYS, _TITLE_KEYS, _LINK_KEYS = 12, 10, 4, 3
_LEAD_KEY_WORDS = 60
_MAX_WORDS = (
    6000  # a live blog's first 6,000 words are plenty, and bound the time one article takes
)
_ALPHABET = 0xD800  # words become one character each, below the surrogates

_HEADER = Struct("<BBHHHBBBB")
_VERSION = 1
_WORD = re.compile(r"\w+")
_DROPPED = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff'’‘ʼʹ`´ʻ\u0307՛՜՞]")
_BLOCK = re.compile(r"\n+|(?<=[.!?։。])\s+")
_DIGITS = re.compile(r"\d")
_ONE = re.compile("1")


@dataclass(frozen=True, slots=True)
class Claim:
    """Words of an article that name who wrote its text first. See bot/domain/provenance.py.

    kind: byline, original_url, agency, canonical, based_on, source, title_suffix, credit.
    outlet: the name or the host it names, as written. phrase: the words that say so, at most 80 characters.
    """

    kind: str
    outlet: str
    phrase: str = ""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """keys: some 30 signed 64-bit integers, distinct, in no order. sketch: under 2 kB, see unpack."""

    keys: tuple[int, ...]
    sketch: bytes


@dataclass(frozen=True, slots=True)
class Sketch:
    """What a fingerprint remembers of an article.

    full: it has the body, not only a summary. words: how many words that text has.
    title: normalised words. lead: the first 200 words, each as one character (a hash).
    grid: one bit for each word triple of title-less text. fives: the smallest hashes of word 5-grams,
    ascending. numbers: hashes of the figures in it. claims: who else it says wrote it.
    """

    full: bool
    words: int
    title: str
    lead: str
    grid: int
    fives: tuple[int, ...]
    numbers: frozenset[int]
    claims: tuple[Claim, ...] = ()
    url: int = 0  # hash of the canonical URL, 0 where unknown
    author: str = ""


def split_words(text: str) -> list[str]:
    """Return the words of a text as they are compared: lower case, without marks that come and go.

    Entities, soft hyphens, apostrophes, Armenian stress marks and the dotless i make no difference.
    """
    if "&" in text:
        text = html.unescape(text)
    text = _DROPPED.sub("", normalize("NFKC", text).casefold()).replace("ı", "i")
    return _WORD.findall(text)


def fingerprint(
    document: Document,
    page: Page | None = None,
    *,
    claims: Sequence[Claim] = (),
    boilerplate: Set[int] = frozenset(),
) -> Fingerprint:
    """Return the keys and the sketch of an article.

    document: with a body it is a full article; with a summary alone a short one, and clustering will
    know. page: what the page said, for its canonical URL and links; None when it was not read.
    claims: from provenance.find_claims, kept in the sketch. boilerplate: keys of the outlet's furniture
    (see learn_boilerplate); paragraphs that have one are left out altogether.
    """
    full = bool(document.body.strip())
    text = document.body if full else document.summary
    words = split_words(_without(text, boilerplate) if boilerplate else text)[:_MAX_WORDS]
    title = split_words(document.title)
    encoded = [word.encode() for word in words]
    threes, fives = _grams(encoded, 3), _grams(encoded, 5)
    if full and document.summary:
        threes |= _grams([word.encode() for word in split_words(document.summary)], 3)
    sketch = Sketch(
        full=full,
        words=len(words),
        title=" ".join(title),
        lead="".join(map(_letter, words[:_LEAD_WORDS])),
        grid=_grid(threes),
        fives=tuple(sorted(fives)[:_FIVES]),
        numbers=frozenset(_numbers(title + words)),
        claims=tuple(claims),
        author=" ".join(split_words(document.author)[:6]),
    )
    keys = _keys(title, encoded, fives, threes if not full else {}, boilerplate)
    return Fingerprint(tuple(keys | _link_keys(document, page)), pack(sketch))


def learn_boilerplate(
    articles: Iterable[Iterable[int]], *, share: float = 0.05, at_least: int = 4
) -> frozenset[int]:
    """Return the keys that are furniture of an outlet: in `share` of its articles and in `at_least`.

    articles: the keys of each of an outlet's recent articles, one story once (a text filed again and
    again is a copy, not furniture); a few hundred are plenty. share: 0..1.
    """
    counts: dict[int, int] = {}
    total = 0
    for keys in articles:
        total += 1
        for key in set(keys):
            counts[key] = counts.get(key, 0) + 1
    needed = max(at_least, share * total)
    return frozenset(key for key, count in counts.items() if count >= needed)


def _grams(words: Sequence[bytes], size: int) -> dict[int, bytes]:
    """Return every run of `size` words by its hash; one run of them all where the text is shorter."""
    if not words:
        return {}
    shifted = [islice(words, start, None) for start in range(min(size, len(words)))]
    runs = list(map(b" ".join, zip(*shifted, strict=False)))
    return dict(zip(map(crc32, runs), runs, strict=True))


def letters(words: str) -> str:
    """Return normalised words as one character each, as they are in Sketch.lead.

    A character's remainder by 4 tells the word's sort: 0 short (up to 3 letters: mostly grammar), 1 up to 6,
    2 longer, 3 with a figure.
    """
    return "".join(map(_letter, words.split()))


@lru_cache(maxsize=65536)
def _letter(word: str) -> str:
    """Return a word as one character, so that rapidfuzz compares word by word."""
    sort = 3 if _DIGITS.search(word) else min(2, (len(word) - 1) // 3)
    return chr((crc32(word.encode()) % (_ALPHABET // 4 - 16) + 16) * 4 + sort)


def _grid(hashes: Iterable[int]) -> int:
    bits = bytearray(GRID_BITS // 8)
    for value in hashes:
        place = value % GRID_BITS
        bits[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(bits, "little")


def _numbers(words: Iterable[str]) -> list[int]:
    """Return hashes of the figures of a text, the first ones: a template's figures stand there."""
    seen = dict.fromkeys(word for word in words if _DIGITS.search(word))
    return [crc32(word.encode()) & 0xFFFF for word in islice(seen, _NUMBERS)]


def _key(content: bytes, high: int | None = None) -> int:
    """Return a signed 64-bit key. high: the CRC of `content`, so that a key can tell its run of words."""
    low = blake2b(content, digest_size=8).digest()
    value = int.from_bytes(low, "big")
    if high is not None:
        value = high << 32 | value & 0xFFFFFFFF
    return value - (1 << 64) if value >= 1 << 63 else value


def _keys(
    title: Sequence[str],
    words: Sequence[bytes],
    fives: dict[int, bytes],
    threes: dict[int, bytes],
    boilerplate: Set[int],
) -> set[int]:
    """Return the keys of title, opening and text: the smallest hashes of each, furniture left out."""
    heading = [word.encode() for word in title]
    keys = _smallest(fives, _BODY_KEYS, boilerplate)
    keys |= _smallest(threes or _grams(words[:_LEAD_KEY_WORDS], 3), _LEAD_KEYS, boilerplate)
    keys |= _smallest(_grams(heading, 3), _TITLE_KEYS, boilerplate)
    if len(heading) > 2:
        keys.add(_key(b"title " + b" ".join(sorted(heading))))
    return keys


def _smallest(grams: dict[int, bytes], count: int, boilerplate: Set[int]) -> set[int]:
    keys = (_key(grams[value], value) for value in sorted(grams))
    return set(islice((key for key in keys if key not in boilerplate), count))


def _link_keys(document: Document, page: Page | None) -> set[int]:
    """Return keys of the article's own address and of those that it names as its source."""
    if page is None:
        return {_key(document.url.encode())} if document.url else set()
    named = (page.canonical_url, *page.based_on)[:_LINK_KEYS]
    return {_key(url.encode()) for url in (document.url, *named) if url}


def _without(text: str, boilerplate: Set[int]) -> str:
    """Return a text without the paragraphs and sentences that hold a run of words of the boilerplate."""
    furniture = {key >> 32 & 0xFFFFFFFF for key in boilerplate}
    kept = []
    for block in _BLOCK.split(text):
        words = [word.encode() for word in split_words(block)]
        if furniture.isdisjoint(_grams(words, 5)) and furniture.isdisjoint(_grams(words, 3)):
            kept.append(block)
    return "\n".join(kept)


def pack(sketch: Sketch) -> bytes:
    """Return a sketch as bytes, at most SKETCH_MAX_BYTES. unpack gives it back."""
    title = _cut(sketch.title, _TITLE_BYTES)
    notes = [sketch.author]
    for claim in sketch.claims:
        notes.append("\x1f".join((claim.kind, claim.outlet, claim.phrase)))
    note = _cut("\x1e".join(notes), _NOTE_BYTES)
    places = _places(sketch.grid)
    dense = len(places) * 2 >= GRID_BITS // 8
    grid = sketch.grid.to_bytes(GRID_BITS // 8, "little") if dense else array("H", places).tobytes()
    lead = sketch.lead.encode("utf-16-le")
    header = _HEADER.pack(
        _VERSION,
        sketch.full | dense << 1,
        min(sketch.words, 0xFFFF),
        len(lead),
        0 if dense else len(grid),
        len(title),
        len(note),
        len(sketch.fives),
        len(sketch.numbers),
    )
    fives, numbers = array("I", sketch.fives), array("H", sorted(sketch.numbers))
    return b"".join((header, title, note, lead, grid, fives.tobytes(), numbers.tobytes()))


def unpack(packed: bytes) -> Sketch:
    """Return the sketch that pack made. Raises ValueError for bytes of another version."""
    version, flags, words, lead, grid, title, note, fives, numbers = _HEADER.unpack_from(packed)
    if version != _VERSION:
        raise ValueError(f"sketch of version {version}, this is version {_VERSION}")
    dense = bool(flags & 2)
    sizes = (title, note, lead, GRID_BITS // 8 if dense else grid, fives * 4, numbers * 2)
    parts, start = [], _HEADER.size
    for size in sizes:
        parts.append(packed[start : start + size])
        start += size
    author, *claims = parts[1].decode().split("\x1e")
    return Sketch(
        full=bool(flags & 1),
        words=words,
        title=parts[0].decode(),
        lead=parts[2].decode("utf-16-le"),
        grid=int.from_bytes(parts[3], "little") if dense else _grid(array("H", parts[3])),
        fives=tuple(array("I", parts[4])),
        numbers=frozenset(array("H", parts[5])),
        claims=tuple(Claim(*claim.split("\x1f")) for claim in claims if claim.count("\x1f") == 2),
        author=author,
    )


def _places(grid: int) -> list[int]:
    bits = f"{grid:b}"[::-1]
    return [found.start() for found in _ONE.finditer(bits)]


def _cut(text: str, limit: int) -> bytes:
    return text.encode()[:limit].decode(errors="ignore").encode()
