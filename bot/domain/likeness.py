"""How alike two articles are: what their sketches have in common, and one score from it.

The one thing to know: the score is a logistic model over a few readable measures. Its weights are in
clustering_weights.py, fitted by tests/benchmarks/fit_reposts.py on labelled pairs; here is what is measured.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from rapidfuzz import fuzz

from bot.domain.clustering_weights import WEIGHTS
from bot.domain.fingerprint import GRID_BITS, Sketch, Text, letters

Measures = Mapping[str, float]

OPENING = 60  # words: about as long as a feed's summary gets
_FEW = 30  # words: a text shorter than this says little about itself
_HARDLY_ANY = 0.74  # of `few`: fewer than eight words
_HEADED = 0.5  # of a title: what a text of a few words needs in common besides
_A_PHRASE = math.log1p(2.5)  # of `all_shared`: two words that mean something, or three short ones
# What a shared word is worth by its sort (see fingerprint.letters): grammar says next to nothing.
_WORTH = (0.1, 1.0, 1.6, 1.3)


class Regime(StrEnum):
    """Which texts there are to compare: bodies, summaries, or one of each."""

    FULL = "full/full"
    SHORT = "short/short"
    MIXED = "short/full"


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two articles are. score: 0..1. measures: what it was made of, by name, see measure."""

    score: float
    regime: Regime
    measures: Measures


def compare(a: Sketch, b: Sketch, *, same_outlet: bool, named: float = 0.0) -> Likeness:
    """Return how alike two articles are; the same for (a, b) and (b, a).

    named: 0..1, how strongly one of them names the other's outlet as its source.
    """
    regime = regime_of(a, b)
    measures = measure(a, b, same_outlet=same_outlet, named=named)
    return Likeness(score(measures, regime), regime, measures)


def regime_of(a: Sketch, b: Sketch) -> Regime:
    """Return which texts a comparison of the two rests on."""
    if a.full and b.full:
        return Regime.FULL
    return Regime.MIXED if a.full or b.full else Regime.SHORT


def measure(a: Sketch, b: Sketch, *, same_outlet: bool, named: float = 0.0) -> dict[str, float]:
    """Return what two articles have in common; shares are 0..1 of the shorter one unless said otherwise.

    contained: word triples of its text. overlap: the same, of both texts together. runs: logarithm of how
    many sampled 5-grams both have. aligned: its opening, word by word in order. opening, title_words: words
    of the opening and of the title, by worth. all_words: title and opening together. title: rapidfuzz's token
    set ratio. title_in_text: one title, in order, in the other's text. title_shared, all_shared: logarithms
    of the worth of the words shared. figures: logarithm of the figures shared; lacking: its figures that the
    other lacks; swapped: figures that each has and the other lacks, which is how templates differ.
    """
    small, large = (a, b) if _order(a) <= _order(b) else (b, a)
    both = (small.grid & large.grid).bit_count()
    small_bits, large_bits = small.grid.bit_count(), large.grid.bit_count()
    by_chance = small_bits * large_bits / GRID_BITS
    small_lead, small_title, large_title = (
        small.lead[:OPENING],
        letters(small.title),
        letters(large.title),
    )
    opening = _shared(set(small_lead), set(large.lead[:OPENING]))
    title = _shared(set(small_title), set(large_title))
    whole = _shared(set(small_title + small_lead), set(large_title + large.lead[:OPENING]))
    lacking, surplus = small.numbers - large.numbers, large.numbers - small.numbers
    fewest = min(len(small.numbers), len(large.numbers))
    titled = bool(small.title and large.title)
    return {
        "contained": contained(small, large),
        "overlap": max(0.0, both - by_chance) / max(1, small_bits + large_bits - both),
        "runs": math.log1p(len(set(small.fives) & set(large.fives))),
        "aligned": fuzz.partial_ratio(small_lead, large.lead) / 100 if small_lead else 0.0,
        "opening": opening[0],
        "title_words": title[0],
        "all_words": whole[0],
        "title_shared": math.log1p(title[1]),
        "all_shared": math.log1p(whole[1]),
        "title": fuzz.token_set_ratio(small.title, large.title) / 100 if titled else 0.0,
        "title_in_text": max(inside(small_title, large.lead), inside(large_title, small.lead)),
        "title_length": math.log1p(min(len(small_title), len(large_title))),
        "untitled": float(not titled),
        "figures": math.log1p(len(small.numbers & large.numbers)),
        "lacking": len(lacking) / (len(small.numbers) + 1),
        "swapped": min(len(lacking), len(surplus)) / (1 + fewest),
        "few": max(0.0, 1 - small.words / _FEW),
        "same_outlet": float(same_outlet),
        "named": named,
    }


def _order(sketch: Sketch) -> tuple[object, ...]:
    """Return what sorts the shorter text first, and any two in one way only."""
    return (
        sketch.words,
        sketch.lead,
        sketch.title,
        sketch.grid,
        sketch.fives,
        sorted(sketch.numbers),
    )


def contained(a: Sketch | Text, b: Sketch | Text) -> float:
    """Return the share of the shorter text's word triples that the longer one has, 0..1, less chance hits."""
    small, large = sorted((a.grid, b.grid), key=int.bit_count)
    bits, chance = small.bit_count(), large.bit_count() / GRID_BITS  # a bit may be another triple's
    if not bits or chance > 0.98:
        return 0.0
    return max(0.0, ((small & large).bit_count() / bits - chance) / (1 - chance))


def _shared(few: set[str], many: set[str]) -> tuple[float, float]:
    """Return the worth of the words in common: as a share of the side with less of it, and the sum."""
    common = _worth(few & many)
    least = min(_worth(few), _worth(many))
    return common / max(1.0, least), common


def _worth(words: Iterable[str]) -> float:
    return sum(_WORTH[ord(word) & 3] for word in words)


def inside(title: str, lead: str) -> float:
    """Return how much of a title stands in a text, in order. Two words stand anywhere, so 0."""
    return fuzz.partial_ratio(title, lead) / 100 if 2 < len(title) <= len(lead) else 0.0


def score(measures: Measures, regime: Regime) -> float:
    """Return the model's probability, 0..1, that two articles with these measures are one text."""
    if measures["few"] > _HARDLY_ANY:
        headed = max(measures["title_words"], measures["title_in_text"]) >= _HEADED
        if measures["all_shared"] < _A_PHRASE or not headed:
            return 0.0  # "Fire" is not a copy of "Fire", nor one dateline of another
    weights = WEIGHTS[regime.value]
    total = sum(weight * term(name)(measures) for name, weight in weights.items())
    return 1 / (1 + math.exp(-max(-40.0, min(40.0, total))))


@cache
def term(name: str) -> Callable[[Measures], float]:
    """Return the function that a term of the model names.

    "1" is the constant; "title" a measure; "title>0.8" how far it is above 0.8, else 0; "named*title" a
    product. Raises ValueError for a threshold that is no number.
    """
    if name == "1":
        return lambda _: 1.0
    if "*" in name:
        left, right = name.split("*")
        return lambda m: m[left] * m[right]
    if ">" in name:
        measured, above = name.split(">")
        least = float(above)
        return lambda m: max(0.0, m[measured] - least)
    return lambda m: m[name]
