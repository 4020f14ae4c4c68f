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
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import count, islice
from struct import Struct
from typing import NamedTuple
from unicodedata import normalize
from urllib.parse import urlsplit
from zlib import crc32

from bot.domain.model import Document
from bot.domain.outlet import Page
from bot.domain.urls import canonical_url

SKETCH_MAX_BYTES = 2000
GRID_BITS = 6144  # of the body's word triples; a 700-word article sets one bit in nine
_LEAD_WORDS = 200  # kept in order
_FIVES = 64  # sampled word 5-grams kept in the sketch
_NUMBERS = 24
_TITLE_BYTES = 220
_NOTE_BYTES = 240  # claims of provenance
_BODY_KEYS, _LEAD_KEYS, _TITLE_KEYS, _LINK_KEYS = 8, 12, 4, 4
_LEAD_KEY_WORDS = 80
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
_FIGURE = re.compile(r"\d\w*")


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


class Text(NamedTuple):
    """The part of a sketch that tells most pairs apart. The fields are those of Sketch."""

    full: bool
    words: int
    grid: int


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
    claims: from provenance.find_claims, kept in the sketch. boilerplate: of its outlet, from
    learn_boilerplate; sentences that are mostly made of it are neither found nor compared.
    """
    full = bool(document.body.strip())
    text = document.body if full else document.summary
    words = split_words(_without(text, boilerplate) if boilerplate else text)[:_MAX_WORDS]
    title = split_words(document.title)
    encoded = _encoded(words)
    threes = _runs(encoded, 3)
    fives = _places(_runs(encoded, 5, threes, 3))
    ordered = sorted(fives)
    places = {value % GRID_BITS for value in threes}
    if full and document.summary:
        places |= {v % GRID_BITS for v in _runs(_encoded(split_words(document.summary)), 3)}
    sketch = _pack(
        full=full,
        words=len(words),
        title=" ".join(title),
        lead="".join(map(_letter, words[:_LEAD_WORDS])),
        places=places,
        fives=ordered[:_FIVES],
        numbers=_numbers(" ".join((*title, *words))),
        notes=[" ".join(split_words(document.author)[:6]), *map(_note, claims)],
    )
    opening = _places(threes[: _LEAD_KEY_WORDS - 2] if full else threes)
    keys = _smallest(encoded, fives, size=5, most=_BODY_KEYS, ordered=ordered)
    keys |= _smallest(encoded, opening, size=3, most=_LEAD_KEYS)
    keys |= _title_keys(title) | _link_keys(document, page)
    return Fingerprint(tuple(keys), sketch)


def learn_boilerplate(
    texts: Iterable[str], *, share: float = 0.1, at_least: int = 5
) -> frozenset[int]:
    """Return the runs of words, as hashes, that an outlet repeats from article to article.

    texts: of its recent articles, each story once (a text filed again is a copy, not furniture); a hundred
    are plenty. share: 0..1 of them that must have a run, and `at_least` that many of them.
    """
    counts: Counter[int] = Counter()
    total = 0
    for text in texts:
        total += 1
        counts.update({run for block in _BLOCK.split(text) for run in _block_runs(block)})
    needed = max(at_least, share * total)
    return frozenset(run for run, times in counts.items() if times >= needed)


def _without(text: str, boilerplate: Set[int]) -> str:
    """Return a text without the sentences that are mostly boilerplate."""
    kept = []
    for block in _BLOCK.split(text):
        runs = _block_runs(block)
        if 2 * sum(run in boilerplate for run in runs) <= len(runs):
            kept.append(block)
    return "\n".join(kept)


def _block_runs(block: str) -> list[int]:
    return _runs(_encoded(split_words(block)), 5)


def _encoded(words: Sequence[str]) -> list[bytes]:
    return " ".join(words).encode().split(b" ") if words else []


def _runs(words: Sequence[bytes], size: int, begun: Iterable[int] = (), done: int = 0) -> list[int]:
    """Return the hash of every run of `size` words, in order; of all in one run where there are fewer.

    The CRC of a run is that of its words one after another, so no run is ever put together: `map` and `crc32`
    do it all in C. begun: the same of runs of `done` words, to go on from.
    """
    size = min(size, len(words))
    if not size:
        return []
    hashes = begun if 0 < done <= size else map(crc32, words)
    for start in range(done if 0 < done <= size else 1, size):
        hashes = map(crc32, islice(words, start, None), hashes)
    return list(hashes)


def _places(runs: Iterable[int]) -> dict[int, int]:
    """Return where each run stands, by its hash."""
    return dict(zip(runs, count(), strict=False))


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


def _grid(places: Iterable[int]) -> int:
    """Return a number with a bit for each place, place 0 the highest."""
    bits = bytearray(b"0" * GRID_BITS)
    for place in places:
        bits[place] = 49  # "1"
    return int(bits, 2)


def _numbers(words: str) -> list[int]:
    """Return hashes of the figures of a text, the first ones: a template's figures stand there."""
    found = dict.fromkeys(_FIGURE.findall(words))
    return sorted({crc32(word.encode()) & 0xFFFF for word in islice(found, _NUMBERS)})


def _key(content: bytes) -> int:
    """Return a signed 64-bit key, evenly spread."""
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big", signed=True)


def _smallest(
    words: Sequence[bytes],
    runs: Mapping[int, int],
    *,
    size: int,
    most: int,
    ordered: Sequence[int] = (),
) -> set[int]:
    """Return keys of the runs of words with the smallest hashes. ordered: the hashes, if they are at hand."""
    smallest = (ordered or sorted(runs))[:most]
    return {
        _key(b" ".join(words[start : start + size])) for start in map(runs.__getitem__, smallest)
    }


def _title_keys(title: Sequence[str]) -> set[int]:
    words = _encoded(title)
    runs = _places(_runs(words, 3))
    keys = _smallest(words, runs, size=3, most=_TITLE_KEYS)
    if len(title) > 2:
        keys.add(_key(b"title " + b" ".join(sorted(words))))
    return keys


def _link_keys(document: Document, page: Page | None) -> set[int]:
    """Return keys of the article's own address and of those that it names or links elsewhere."""
    urls = [document.url]
    if page is not None:
        host = _host_of(document.url)
        outward = (url for url in page.links if _host_of(url) not in (host, None))
        urls += islice(filter(None, (page.canonical_url, *page.based_on, *outward)), _LINK_KEYS)
    return {_key(canonical_url(url).encode()) for url in urls if url}


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _pack(
    *,
    full: bool,
    words: int,
    title: str,
    lead: str,
    places: Set[int],
    fives: Sequence[int],
    numbers: Sequence[int],
    notes: Iterable[str],
) -> bytes:
    """Return the bytes of a sketch. The grid of a short text is a list of places, of a long one a bit map."""
    dense = not places or len(places) * 2 >= GRID_BITS // 8
    grid = _grid(places).to_bytes(GRID_BITS // 8, "big") if dense else array("H", places).tobytes()
    heading, note = _cut(title, _TITLE_BYTES), _cut("\x1e".join(notes), _NOTE_BYTES)
    row = lead.encode("utf-16-le")
    header = _HEADER.pack(
        _VERSION,
        int(full),
        words,
        len(row),
        0 if dense else len(grid),
        len(heading),
        len(note),
        len(fives),
        len(numbers),
    )
    tail = array("I", fives).tobytes() + array("H", numbers).tobytes()
    return b"".join((header, heading, note, row, grid, tail))


def _note(claim: Claim) -> str:
    return "\x1f".join((claim.kind, claim.outlet, claim.phrase))


def unpack_text(packed: bytes) -> Text:
    """Return what a first glance needs. Raises ValueError as unpack does."""
    version, flags, words, lead, grid, title, note, _, _ = _HEADER.unpack_from(packed)
    _check(version)
    start = _HEADER.size + title + note + lead
    return Text(bool(flags & 1), words, _grid_of(packed, start, grid))


def unpack(packed: bytes) -> Sketch:
    """Return the sketch of a fingerprint. Raises ValueError for bytes of another version."""
    version, flags, words, lead, grid, title, note, fives, numbers = _HEADER.unpack_from(packed)
    _check(version)
    start = _HEADER.size
    parts = []
    for size in (title, note, lead, grid or GRID_BITS // 8, fives * 4, numbers * 2):
        parts.append(packed[start : start + size])
        start += size
    author, *claims = parts[1].decode().split("\x1e")
    return Sketch(
        full=bool(flags & 1),
        words=words,
        title=parts[0].decode(),
        lead=parts[2].decode("utf-16-le"),
        grid=_grid_of(packed, _HEADER.size + title + note + lead, grid),
        fives=tuple(array("I", parts[4])),
        numbers=frozenset(array("H", parts[5])),
        claims=tuple(Claim(*claim.split("\x1f")) for claim in claims if claim.count("\x1f") == 2),
        author=author,
    )


def _check(version: int) -> None:
    if version != _VERSION:
        raise ValueError(f"sketch of version {version}, this is version {_VERSION}")


def _grid_of(packed: bytes, start: int, size: int) -> int:
    """Return the grid that stands there. size: of its list of places in bytes; 0 where it is a bit map."""
    if size:
        return _grid(array("H", packed[start : start + size]))
    return int.from_bytes(packed[start : start + GRID_BITS // 8], "big")


def _cut(text: str, limit: int) -> bytes:
    return text.encode()[:limit].decode(errors="ignore").encode()
