"""Which story an article joins, and how sure we are.

The one thing to know: an article is compared with the sketches of a few candidates, and the first text of a
story has a say of its own, so that a chain A~B~C of ever more different texts does not become one story.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from rapidfuzz import fuzz

from bot.domain.fingerprint import Claim, Sketch, letters, unpack, unpack_text
from bot.domain.likeness import Likeness, Regime, compare, contained, inside
from bot.domain.provenance import WEIGHTS, Provenance

__all__ = [
    "Candidate",
    "Decision",
    "Kind",
    "Likeness",
    "Regime",
    "Rules",
    "Threshold",
    "decide",
    "naming",
]


class Kind(StrEnum):
    """COPY: printed by another outlet. REVISION: the outlet's own update. POSSIBLE: told, with doubt."""

    COPY = "copy"
    REVISION = "revision"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An article to compare with, or the one that is compared (then story_id is None).

    sketch: as fingerprint made it. first: it is the first article of its story, or its origin: the text
    that later ones are compared with lest the story drift. language: BCP 47, "" where unknown.
    outlet: the outlet's name, host: of the article's URL where that is not given; for claims of provenance.
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
    """Scores, 0..1: from `possible` on a copy is told with doubt, from `sure` on without."""

    possible: float
    sure: float


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts as a copy, by what there is to compare.

    The shipped thresholds are read off the table that tests/benchmarks/fit_reposts.py prints: `possible` lies
    where F1 is best, `sure` where precision is .99 (bodies .993), on stories the weights were not fitted on,
    and above .98 in each of eight other halvings of the stories.
    """

    full: Threshold = Threshold(0.65, 0.8)
    short: Threshold = Threshold(0.5, 0.92)
    mixed: Threshold = Threshold(0.5, 0.9)
    drift: float = 0.2  # less than this against the story's first text, and the text is another one
    window_h: int = 72

    def threshold(self, regime: Regime) -> Threshold:
        """Return the scores that decide in that regime."""
        return {Regime.FULL: self.full, Regime.SHORT: self.short, Regime.MIXED: self.mixed}[regime]


@dataclass(frozen=True, slots=True)
class Decision:
    """An article belongs to a story. evidence: plain values, for the ledger, /why and the console.

    copy_of: the article it is most alike, of the story story_id. score: 0..1. rule: "verdict" (a person's),
    "same url", "likeness"; "drift": like an article of the story, less so like its first text.
    """

    copy_of: int
    story_id: int
    kind: Kind
    score: float
    rule: str
    evidence: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Compared:
    candidate: Candidate
    sketch: Sketch
    likeness: Likeness
    phrase: str  # of provenance: what names the one as the other's source


NO_VERDICTS: Mapping[int, bool] = MappingProxyType({})
SHIPPED = Rules()
NOBODY = Provenance()


def decide(
    article: Candidate,
    candidates: Iterable[Candidate],
    *,
    rules: Rules = SHIPPED,
    verdicts: Mapping[int, bool] = NO_VERDICTS,
    provenance: Provenance = NOBODY,
) -> Decision | None:
    """Return the story an article joins, or None if it opens a new one.

    candidates: articles of stories, in any order, with the first ones of their stories; those without a story
    and the article itself are passed over. verdicts: what a person said of this article and another, by the
    other's id: True, one text; False, not one text, and then nothing else of that story counts either.
    provenance: by what names outlets go. Ties go to the oldest article.
    """
    others = [
        c for c in candidates if c.story_id is not None and c.article_id != article.article_id
    ]
    refused = {c.story_id for c in others if verdicts.get(c.article_id) is False}
    others = [c for c in others if c.story_id not in refused]
    others.sort(key=lambda c: (c.seen_at, c.article_id))
    for other in others:
        if verdicts.get(other.article_id):
            return _decision(other, Kind.COPY, 1.0, "verdict", {})
        if article.url and other.url == article.url:
            return _decision(other, Kind.REVISION, 1.0, "same url", {})
    sketch = unpack(article.sketch)
    alike = [
        _compare(article, sketch, other, unpacked, provenance)
        for other, unpacked in _near(sketch, others)
    ]
    alike.sort(key=lambda c: -c.likeness.score)
    for best in alike:
        threshold = rules.threshold(best.likeness.regime)
        if best.likeness.score >= threshold.possible and not _furnished(best.likeness):
            decision = _join(
                article, sketch, best, others=others, rules=rules, provenance=provenance
            )
            if decision:
                return _of_its_own(article, decision, alike, rules)
    return None


def _of_its_own(
    article: Candidate, decision: Decision, alike: Iterable[_Compared], rules: Rules
) -> Decision:
    """Return the decision, as on an update of the outlet's own article where the story has one alike.

    A reprint may be more like an update than what was updated: it is no source of the update for that.
    The score stays: it is how sure we are of the story.
    """
    for one in alike:
        mine = one.candidate.outlet_id == article.outlet_id
        threshold = rules.threshold(one.likeness.regime)
        if (
            mine
            and one.candidate.story_id == decision.story_id
            and one.likeness.score >= threshold.possible
            and not _furnished(one.likeness)
        ):
            kind = Kind.REVISION if decision.kind is Kind.COPY else decision.kind
            first = {k: v for k, v in decision.evidence.items() if k == "first_score"}
            evidence = {**_evidence(one, ()), **first}
            return _decision(one.candidate, kind, decision.score, decision.rule, evidence)
    return decision


def _furnished(like: Likeness) -> bool:
    """Return whether two articles of one outlet share its furniture rather than a text.

    A page may be nine parts menu before that is learned. An outlet's update keeps the headline, or
    nearly all the text: what keeps neither would be swallowed, and is told by itself instead.
    """
    measures = like.measures
    return (
        like.regime is Regime.FULL
        and bool(measures["same_outlet"])
        and not measures["untitled"]
        and measures["title"] < 0.5
        and measures["contained"] < 0.95
    )


def _near(sketch: Sketch, others: Iterable[Candidate]) -> Iterable[tuple[Candidate, Sketch]]:
    """Yield those that a full comparison could find alike. Most of what shares a key does not come so far."""
    title = letters(sketch.title)
    for other in others:
        glimpse = unpack_text(other.sketch)
        if contained(sketch, glimpse) >= 0.1:
            yield other, unpack(other.sketch)
        elif not (sketch.full and glimpse.full):
            unpacked = unpack(other.sketch)
            if _titles_meet(sketch, title, unpacked):
                yield other, unpacked


def _titles_meet(sketch: Sketch, title: str, other: Sketch) -> bool:
    if sketch.title and other.title and fuzz.token_set_ratio(sketch.title, other.title) >= 50:
        return True
    return max(inside(title, other.lead), inside(letters(other.title), sketch.lead)) >= 0.5


def _compare(
    article: Candidate, sketch: Sketch, other: Candidate, unpacked: Sketch, provenance: Provenance
) -> _Compared:
    named, phrase = naming(
        sketch.claims, _names(article), unpacked.claims, _names(other), provenance
    )
    same_outlet = article.outlet_id == other.outlet_id
    return _Compared(
        other, unpacked, compare(sketch, unpacked, same_outlet=same_outlet, named=named), phrase
    )


def _names(article: Candidate) -> tuple[str, str]:
    return article.outlet, article.host or article.url


def naming(
    claims: Sequence[Claim],
    names: Sequence[str],
    other_claims: Sequence[Claim],
    other_names: Sequence[str],
    provenance: Provenance,
) -> tuple[float, str]:
    """Return how strongly one article names the other's outlet as its source, 0..1, and in which words.

    names: by what the outlet of each goes: its name, its host or a URL; "" is passed over.
    """
    best = (0.0, "")
    for said, called in ((claims, other_names), (other_claims, names)):
        if said:
            outlets = {provenance.outlet(name) for name in called if name}
            found = [c for c in said if provenance.outlet(c.outlet) in outlets]
            best = max([best, *((WEIGHTS.get(c.kind, 0.0), c.phrase) for c in found)])
    return best


def _join(
    article: Candidate,
    sketch: Sketch,
    best: _Compared,
    *,
    others: Iterable[Candidate],
    rules: Rules,
    provenance: Provenance,
) -> Decision | None:
    """Return the decision for the best candidate of a story, or None where the story's first text objects.

    A first text that is only a summary has no say over bodies: there is too little of it.
    """
    score, threshold = best.likeness.score, rules.threshold(best.likeness.regime)
    firsts = [
        _compare(article, sketch, other, unpack(other.sketch), provenance).likeness
        for other in others
        if other.first and other.story_id == best.candidate.story_id and not best.candidate.first
    ]
    firsts = [like for like in firsts if like.regime is best.likeness.regime]
    drifted = bool(firsts) and max(like.score for like in firsts) < rules.drift
    if drifted and best.likeness.regime is Regime.FULL:
        return None
    kind = Kind.POSSIBLE
    if score >= threshold.sure and not drifted:
        kind = Kind.REVISION if best.candidate.outlet_id == article.outlet_id else Kind.COPY
    return _decision(
        best.candidate, kind, score, "drift" if drifted else "likeness", _evidence(best, firsts)
    )


def _evidence(best: _Compared, firsts: Sequence[Likeness]) -> dict[str, object]:
    """Return what the decision rests on. shared_pct: of the shorter text, by word triples."""
    measures = best.likeness.measures
    evidence: dict[str, object] = {
        "regime": best.likeness.regime.value,
        "shared_pct": round(100 * min(1.0, measures["contained"])),
        "title_pct": round(100 * measures["title"]),
        "same_outlet": bool(measures["same_outlet"]),
    }
    if best.phrase:
        evidence["phrase"] = best.phrase
    if firsts:
        evidence["first_score"] = round(max(like.score for like in firsts), 3)
    return evidence


def _decision(
    other: Candidate, kind: Kind, score: float, rule: str, evidence: Mapping[str, object]
) -> Decision:
    assert other.story_id is not None  # noqa: S101 - decide passes over those without
    whole = {"rule": rule, "score": round(score, 3), **evidence}
    return Decision(other.article_id, other.story_id, kind, round(score, 4), rule, whole)
