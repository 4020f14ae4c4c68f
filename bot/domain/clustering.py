"""How alike two articles are, and which story an article joins.

The one thing to know: an article is compared with the sketches of a few candidates, and a story is
joined for certain only where its first text agrees too, so that a chain A~B~C does not drift.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from rapidfuzz import fuzz

from bot.domain.fingerprint import GRID_BITS, Sketch, unpack


class Kind(StrEnum):
    """COPY: printed by another outlet. REVISION: the outlet's own update. POSSIBLE: told, with doubt."""

    COPY = "copy"
    REVISION = "revision"
    POSSIBLE = "possible"


class Regime(StrEnum):
    """Which texts there are to compare: bodies, summaries, or one of each."""

    FULL = "full/full"
    SHORT = "short/short"
    MIXED = "short/full"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An article to compare with, or the one that is compared (then story_id is None).

    sketch: as fingerprint made it. first: it is the first article of its story, or its origin: the text
    that later ones are compared with lest the story drift. language: BCP 47, "" where unknown.
    outlet: the outlet's name, host: of the article's URL; both only for claims of provenance.
    """

    article_id: int
    story_id: int | None
    outlet_id: int
    seen_at: datetime
    published_at: datetime | None
    sketch: bytes
    first: bool = True
    language: str = ""
    outlet: str = ""
    host: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Threshold:
    """Scores, 0..1: from `possible` a copy is told with doubt, from `sure` it joins the story."""

    possible: float
    sure: float


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts as a copy. The thresholds are for each regime; see clustering_weights.py for the fit."""

    full: Threshold = Threshold(0.5, 0.8)
    short: Threshold = Threshold(0.5, 0.8)
    mixed: Threshold = Threshold(0.5, 0.8)
    drift: float = (
        0.35  # a story's first text must score this much too, or the copy is only possible
    )
    window_h: int = 72

    def threshold(self, regime: Regime) -> Threshold:
        """Return the scores that decide in that regime."""
        return {Regime.FULL: self.full, Regime.SHORT: self.short, Regime.MIXED: self.mixed}[regime]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two articles are: score 0..1, and what it was made of."""

    score: float
    regime: Regime
    features: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """An article belongs to a story. evidence: plain values, for the ledger, /why and the console.

    copy_of: the article it is most alike, of the story story_id. score: 0..1. rule: "verdict", "same url",
    "likeness", "drift".
    """

    copy_of: int
    story_id: int
    kind: Kind
    score: float
    rule: str
    evidence: Mapping[str, object]


NO_VERDICTS: Mapping[int, bool] = MappingProxyType({})


def decide(
    article: Candidate,
    candidates: Iterable[Candidate],
    *,
    rules: Rules = Rules(),
    verdicts: Mapping[int, bool] = NO_VERDICTS,
) -> Decision | None:
    """Return the story an article joins, or None if it opens a new one.

    candidates: articles of stories, in any order; those without a story and the article itself are passed
    over. verdicts: what a person said of this article and another, by the other's id: True, one text; False,
    not one text, and then nothing else of that story counts either. Ties go to the oldest article.
    """
    others = [
        c for c in candidates if c.story_id is not None and c.article_id != article.article_id
    ]
    refused = {c.story_id for c in others if verdicts.get(c.article_id) is False}
    others = sorted(
        (c for c in others if c.story_id not in refused), key=lambda c: (c.seen_at, c.article_id)
    )
    for other in others:
        if verdicts.get(other.article_id):
            return _decision(other, Kind.COPY, 1.0, "verdict", {"verdict": True})
    sketch = unpack(article.sketch)
    likeness = {
        c.article_id: compare(
            sketch, unpack(c.sketch), same_outlet=c.outlet_id == article.outlet_id
        )
        for c in others
    }
    if not others:
        return None
    best = max(others, key=lambda c: likeness[c.article_id].score)
    score = likeness[best.article_id].score
    threshold = rules.threshold(likeness[best.article_id].regime)
    if score < threshold.possible:
        return None
    kind = Kind.POSSIBLE
    if score >= threshold.sure:
        kind = Kind.REVISION if best.outlet_id == article.outlet_id else Kind.COPY
    return _decision(
        best, kind, score, "likeness", {"regime": likeness[best.article_id].regime.value}
    )


def _decision(
    other: Candidate, kind: Kind, score: float, rule: str, evidence: Mapping[str, object]
) -> Decision:
    assert other.story_id is not None  # noqa: S101  - decide passes over those without
    return Decision(other.article_id, other.story_id, kind, round(score, 4), rule, evidence)


def compare(a: Sketch, b: Sketch, *, same_outlet: bool) -> Likeness:
    """Return how alike two articles are; the same for (a, b) and (b, a)."""
    regime = (
        Regime.FULL
        if a.full and b.full
        else Regime.SHORT
        if not (a.full or b.full)
        else Regime.MIXED
    )
    small, large = (a, b) if a.words <= b.words else (b, a)
    inside = (small.grid & large.grid).bit_count() / max(1, small.grid.bit_count())
    chance = large.grid.bit_count() / GRID_BITS
    contained = max(0.0, (inside - chance) / (1 - chance)) if chance < 1 else 0.0
    title = fuzz.token_set_ratio(a.title, b.title) / 100
    score = contained if small.words >= 8 else contained * title
    return Likeness(score, regime, {"contained": contained, "title": title})
