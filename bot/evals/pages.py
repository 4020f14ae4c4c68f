"""`outpost eval pages DIR`: does the extractor find in recorded pages what people found?

The measure is that of scrapinghub's article-extraction-benchmark: runs of four words, counted with
repeats, each page weighing the same; F1 is that of the mean precision and recall.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

from bot.adapters.pages import extract_page
from bot.domain.outlet import Failure, Page
from bot.evals.recordings import Recording, judge_all, tell

RUN_WORDS = 4
POOR_F1 = 0.8  # pages below it are named


@dataclass(frozen=True, slots=True)
class Score:
    """One page against its label. precision, recall: 0..1; None where there is nothing to be right about."""

    precision: float | None
    recall: float | None

    @property
    def f1(self) -> float:
        """Return the page's own F1, 0..1."""
        return _f1(self.precision or 0.0, self.recall or 0.0)


@dataclass(slots=True)
class Tally:
    """What agrees over all pages. Dates agree by the day in UTC or in the outlet's own zone."""

    scores: list[Score] = field(default_factory=list)
    dates: int = 0
    dates_right: int = 0
    authors: int = 0
    authors_right: int = 0
    titles: int = 0
    titles_right: int = 0
    wrong: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the form that is promised to scripts."""
        precision = fmean([s.precision for s in self.scores if s.precision is not None] or [0.0])
        recall = fmean([s.recall for s in self.scores if s.recall is not None] or [0.0])
        told: dict[str, Any] = {"pages": len(self.scores), "f1": round(_f1(precision, recall), 4)}
        told |= {"precision": round(precision, 4), "recall": round(recall, 4)}
        for name in ("dates", "authors", "titles"):
            told |= {name: getattr(self, name), f"{name}_right": getattr(self, f"{name}_right")}
        return {**told, "wrong": self.wrong}

    @property
    def judged(self) -> int:
        """Return how many pages there were."""
        return len(self.scores)

    def summary(self) -> Iterator[str]:
        """Yield the sums for people."""
        told = self.to_json()
        shares = f"precision {told['precision']}, recall {told['recall']}"
        yield f"pages {told['pages']}: F1 {told['f1']}, {shares}"
        for name in ("titles", "dates", "authors"):
            yield f"{name} {told[f'{name}_right']} of {told[name]} agree"


def run(folder: Path, as_json: bool, figures: dict[str, float] | None = None) -> int:
    """Print F1, dates and authors, and each page that is poor. Returns the exit code: 1 if there was none.

    figures: filled with the shares, 0..1, that are worth comparing over time.
    Raises SettingsError if the folder holds no recordings.
    """
    tally = judge_all(folder, Tally(), judge, pages=True)
    if figures is not None:
        told = tally.to_json()
        figures |= {name: told[name] for name in ("f1", "precision", "recall")}
    return tell(tally, as_json=as_json)


def judge(recording: Recording, tally: Tally) -> None:
    """Extract one recorded page and add to the tally."""
    expect = recording.expect
    page = extract_page(recording.read(), url=str(expect.get("url") or "https://page.example/"))
    score = compare(page.text if isinstance(page, Page) else "", str(expect["body"]))
    tally.scores.append(score)
    faults = list(_faults(page, expect, tally))
    if score.f1 < POOR_F1:
        said = f" ({page.detail})" if isinstance(page, Failure) else ""
        faults.insert(0, f"F1 {score.f1:.2f}{said}")
    if faults:
        tally.wrong.append(f"{recording.name}: {'; '.join(faults)}")


def _faults(page: Page | Failure, expect: Mapping[str, Any], tally: Tally) -> Iterator[str]:
    got = page if isinstance(page, Page) else Page(text="")
    if expect.get("title"):
        tally.titles += 1
        right = _letters(str(expect["title"])) == _letters(got.title)
        tally.titles_right += right
        if not right:
            yield f"title {got.title!r}, expected {expect['title']!r}"
    if expect.get("published"):
        tally.dates += 1
        right = _same_day(datetime.fromisoformat(str(expect["published"])), got.published_at)
        tally.dates_right += right
        if not right:
            yield f"date {got.published_at}, expected {expect['published']}"
    if expect.get("authors"):
        tally.authors += 1
        right = all(_letters(str(name)) in _letters(got.authors) for name in expect["authors"])
        tally.authors_right += right
        if not right:
            yield f"authors {got.authors!r}, expected {expect['authors']!r}"


def compare(got: str, expected: str) -> Score:
    """Return how much of the text is right, and how much of the right text is there."""
    found, wanted = _runs(got), _runs(expected)
    common = sum((found & wanted).values())
    return Score(
        precision=common / found.total() if found else None,
        recall=common / wanted.total() if wanted else None,
    )


def _runs(text: str) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text)
    size = min(RUN_WORDS, len(words))
    return (
        Counter(tuple(words[i : i + size]) for i in range(len(words) - size + 1))
        if size
        else Counter()
    )


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _same_day(expected: datetime, got: datetime | None) -> bool:
    if got is None:
        return False
    zone = expected.tzinfo or UTC
    return got.astimezone(zone).date() == expected.date()


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
