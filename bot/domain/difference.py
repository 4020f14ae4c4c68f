"""What two texts share, word by word: for showing a copy beside its original."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rapidfuzz.distance import Indel

MAX_WORDS = 4_000  # of each text; a story's first pages tell
_WORD = re.compile(r"\S+\s*")
_NOISE = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Run:
    """A run of words of one text, as written. shared: the other text has it too, in the same order."""

    text: str
    shared: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """Two texts as runs. share: 0..1, how many words of the shorter text are shared."""

    left: tuple[Run, ...]
    right: tuple[Run, ...]
    share: float


def compare_texts(left: str, right: str) -> Difference:
    """Return what two texts share. Case and punctuation are no difference; at most MAX_WORDS are read."""
    a, b = _WORD.findall(left)[:MAX_WORDS], _WORD.findall(right)[:MAX_WORDS]
    keys_a, keys_b = [_key(word) for word in a], [_key(word) for word in b]
    same_a, same_b = [False] * len(a), [False] * len(b)
    for op in Indel.opcodes(keys_a, keys_b):
        if op.tag == "equal":
            for i in range(op.src_start, op.src_end):
                same_a[i] = True
            for j in range(op.dest_start, op.dest_end):
                same_b[j] = True
    shared = sum(same_a) / max(1, min(len(a), len(b)))
    return Difference(tuple(_runs(a, same_a)), tuple(_runs(b, same_b)), shared)


def _key(word: str) -> str:
    return _NOISE.sub("", word).casefold() or word.strip()


def _runs(words: list[str], same: list[bool]) -> Iterator[Run]:
    start = 0
    for i in range(1, len(words) + 1):
        if i == len(words) or same[i] != same[start]:
            yield Run("".join(words[start:i]), same[start])
            start = i
