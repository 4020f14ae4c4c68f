"""`outpost eval reposts DIR`: are copies told from other articles, on labelled pairs and as a stream?

DIR holds articles.jsonl (or .jsonl.gz), in order of arrival, and pairs.csv with a, b, label and kind: label 1
is one text, 0 is not, 2 is left out. Full articles have title and text, short ones title and summary.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from bot.domain.clustering import Rules, naming
from bot.domain.fingerprint import Sketch, unpack
from bot.domain.likeness import Regime, measure, score
from bot.evals.progress import watched
from bot.evals.repost_corpus import Corpus, Example, half, names_of, print_of, read_corpus
from bot.evals.repost_stream import run_stream

COPY, OTHER, LEFT_OUT = 1, 0, 2


@dataclass(frozen=True, slots=True)
class Row:
    """A pair as compared in one regime."""

    measures: Mapping[str, float]
    label: int
    kind: str
    story: str
    score: float


@dataclass(slots=True)
class Count:
    """Decisions at one threshold. precision and recall are 0 where nothing was taken or there is nothing."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def to_json(self) -> dict[str, float]:
        """Return precision, recall and F1."""
        precision = self.right / max(1, self.right + self.wrong)
        recall = self.right / max(1, self.right + self.missed)
        f1 = 2 * self.right / max(1, 2 * self.right + self.wrong + self.missed)
        return {"precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}


def run(folder: Path, as_json: bool, figures: dict[str, float] | None = None) -> int:
    """Print how well copies are told in each regime and as a stream. Returns the exit code, 0.

    figures: filled with the shares, 0..1, that are worth comparing over time.
    Raises SettingsError, with file and line, for what cannot be read.
    """
    corpus = read_corpus(folder)
    rules = Rules()
    report: dict[str, Any] = {
        regime.value: judge(measured(corpus, regime), rules, regime) for regime in Regime
    }
    report["stream"] = run_stream(corpus, rules)
    if figures is not None:
        for part, found in report.items():
            for name in ("f1", "precision", "recall"):
                figures[f"{part} {name}"] = found[name]
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
        return 0
    for name, found in report.items():
        _print(name, found)
    return 0


def judge(rows: Iterable[Row], rules: Rules, regime: Regime) -> dict[str, Any]:
    """Return the figures of one regime: at the shipped thresholds, at silence, at precision .99, by kind.

    unseen: the half of the stories that the shipped weights were not fitted on, if these are the pairs
    that they were fitted on.
    """
    rows, threshold = list(rows), rules.threshold(regime)
    unseen = [row for row in rows if half(row.story)]
    return {
        **_count(rows, threshold.possible).to_json(),
        "threshold": threshold.possible,
        "at_silence": {**_count(rows, threshold.sure).to_json(), "threshold": threshold.sure},
        "at_precision_99": _at_precision(rows, 0.99),
        "unseen": {
            **_count(unseen, threshold.possible).to_json(),
            "at_silence": _count(unseen, threshold.sure).to_json(),
            "pairs": len(unseen),
        },
        "recall_by_kind": _shares(rows, COPY, threshold.possible),
        "false_rate_by_kind": _shares(rows, OTHER, threshold.possible),
        "pairs": len(rows),
    }


def _count(rows: Sequence[Row], threshold: float) -> Count:
    count = Count()
    for row in rows:
        taken = row.score >= threshold
        count.right += taken and row.label == COPY
        count.wrong += taken and row.label == OTHER
        count.missed += not taken and row.label == COPY
    return count


def _at_precision(rows: Sequence[Row], precision: float) -> dict[str, float]:
    """Return the lowest threshold of these very rows with that precision, and what it gives."""
    right = wrong = 0
    best = 1.0
    ordered = sorted(rows, key=lambda row: -row.score)
    for place, row in enumerate(ordered):
        right += row.label == COPY
        wrong += row.label == OTHER
        last = place + 1 == len(ordered) or ordered[place + 1].score < row.score
        if last and right >= precision * (right + wrong):
            best = row.score
    return {**_count(rows, best).to_json(), "threshold": round(best, 4)}


def _shares(rows: Sequence[Row], label: int, threshold: float) -> dict[str, float]:
    """Return, for each kind of pair with that label, the share of them taken for copies."""
    taken: dict[str, list[bool]] = defaultdict(list)
    for row in rows:
        if row.label == label:
            taken[row.kind.partition("/")[0]].append(row.score >= threshold)
    return {kind: round(sum(many) / len(many), 4) for kind, many in sorted(taken.items())}


def measured(corpus: Corpus, regime: Regime) -> Iterator[Row]:
    """Yield every labelled pair as compared in that regime; short/full in both assignments."""
    sides = {
        Regime.FULL: [(True, True)],
        Regime.SHORT: [(False, False)],
        Regime.MIXED: [(True, False), (False, True)],
    }[regime]
    sketches: dict[tuple[str, bool], Sketch] = {}

    def sketch(id: str, full: bool) -> Sketch:
        if (id, full) not in sketches:
            sketches[id, full] = unpack(
                print_of(corpus.articles[id], full, corpus.provenance).sketch
            )
        return sketches[id, full]

    for pair in watched(corpus.pairs, f"pairs, {regime.value}"):
        a, b = corpus.articles[pair.a], corpus.articles[pair.b]
        for full_a, full_b in sides if pair.label != LEFT_OUT else []:
            one, other = sketch(a.id, full_a), sketch(b.id, full_b)
            named, _ = naming(one.claims, names_of(a), other.claims, names_of(b), corpus.provenance)
            measures = measure(one, other, same_outlet=_same_outlet(a, b), named=named)
            yield Row(
                measures, pair.label, pair.kind, corpus.stories[a.id], score(measures, regime)
            )


def _same_outlet(a: Example, b: Example) -> bool:
    return bool(a.source) and a.source == b.source


def _print(name: str, figures: Mapping[str, Any]) -> None:
    click.echo(f"{name}: {_line(figures)}")
    for part in ("at_silence", "at_precision_99", "unseen"):
        if part in figures and figures[part].get("pairs", 1):
            click.echo(f"  {part.replace('_', ' ')}: {_line(figures[part])}")
    for part in ("recall_by_kind", "false_rate_by_kind"):
        for kind, share in figures.get(part, {}).items():
            click.echo(f"    {part.split('_')[0]} {kind}: {share:.3f}")


def _line(figures: Mapping[str, Any]) -> str:
    plain = {key: value for key, value in figures.items() if isinstance(value, int | float)}
    return ", ".join(f"{key} {value}" for key, value in plain.items())
