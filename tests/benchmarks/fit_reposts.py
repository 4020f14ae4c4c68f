"""Fit the model of likeness: labelled pairs in, bot/domain/clustering_weights.py out.

    python tests/benchmarks/fit_reposts.py ../shared/data/dedup [MORE...] [--write]

MORE: further folders of pairs, such as `outpost eval verdicts --pairs DIR` writes of what people said.

Stories are halved by a hash. The weights come from one half alone; the table of thresholds that is printed
(clustering.Rules is read off it) shows that half by folds, and the other half, which the fit never saw.
A sparse (L1) logistic regression over the measures of likeness.py, their hinges and a few products: the terms
below were chosen for what they say; the penalty then drops those that do not help.
"""

import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from bot.domain.likeness import Regime, term
from bot.evals.repost_corpus import Corpus, half, read_corpus
from bot.evals.reposts import measured

WHERE = Path(__file__).resolve().parents[2] / "bot" / "domain" / "clustering_weights.py"
HEADER = '''"""Weights of the model of likeness, by regime and term, from tests/benchmarks/fit_reposts.py."""

from collections.abc import Mapping

WEIGHTS: Mapping[str, Mapping[str, float]] = {'''
PENALTY = 0.1
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
HINGES = {
    "contained": (0.1, 0.25, 0.5, 0.8),
    "runs": (1, 2, 3),
    "aligned": (0.5, 0.7, 0.85),
    "opening": (0.3, 0.5, 0.7, 0.85),
    "title_words": (0.4, 0.6, 0.8, 0.97),
    "all_words": (0.3, 0.5, 0.7, 0.85),
    "title": (0.7, 0.85, 0.97),
    "title_in_text": (0.5, 0.7, 0.85),
    "title_shared": (1, 1.5, 2),
    "all_shared": (1.5, 2.2, 3),
}
PRODUCTS = [
    *product(
        ["same_outlet"],
        [
            *(
                "contained",
                "overlap",
                "runs",
                "aligned",
                "opening",
                "all_words",
                "all_shared",
                "title",
            ),
            *("title_words", "title_shared", "title_in_text", "figures", "lacking", "swapped"),
        ],
    ),
    *product(
        ["few"],
        ["title", "title_words", "title_shared", "title_in_text", "all_shared", "contained"],
    ),
    *product(["named"], ["all_words", "title_in_text", "contained", "title"]),
    *product(["swapped", "lacking"], ["title", "runs", "contained"]),
    *product(["title_length"], ["title", "title_in_text"]),
    *product(["title"], ["opening", "title_shared", "title_in_text"]),
    *product(["title_words"], ["opening", "runs", "contained", "title_shared"]),
    *product(["title_in_text"], ["runs", "opening"]),
    ("all_words", "all_shared"),
]
MEASURES = [
    *(
        "contained",
        "overlap",
        "runs",
        "aligned",
        "opening",
        "title_words",
        "all_words",
        "title_shared",
    ),
    *(
        "all_shared",
        "title",
        "title_in_text",
        "title_length",
        "untitled",
        "figures",
        "lacking",
        "swapped",
    ),
    *("few", "same_outlet", "named"),
]
TERMS = [
    *MEASURES,
    *(f"{name}>{least:g}" for name, many in HINGES.items() for least in many),
    *(f"{left}*{right}" for left, right in PRODUCTS),
]


def fit(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    """Return weights and constant, for measures as they are (not scaled)."""
    scale = StandardScaler().fit(x)
    model = LogisticRegression(C=PENALTY, l1_ratio=1, solver="liblinear", max_iter=5000)
    model.fit(scale.transform(x), y)
    spread = np.where(scale.scale_ > 0, scale.scale_, 1)
    weights = np.where(np.abs(model.coef_[0]) < 0.01, 0, model.coef_[0]) / spread
    return weights, float(model.intercept_[0] - (weights * scale.mean_).sum())


def probability(x: np.ndarray, weights: np.ndarray, constant: float) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x @ weights + constant, -40, 40)))


def unseen(x: np.ndarray, y: np.ndarray, story: np.ndarray) -> np.ndarray:
    """Return probabilities from models that have not seen the story, by folds."""
    seen = np.zeros(len(y))
    for rest, fold in GroupKFold(5).split(x, y, story):
        seen[fold] = probability(x[fold], *fit(x[rest], y[rest]))
    return seen


def measures_at(y: np.ndarray, p: np.ndarray, threshold: float) -> str:
    taken = p >= threshold
    hits = float((taken & (y == 1)).sum())
    precision, recall = hits / max(1, taken.sum()), hits / y.sum()
    return f"P {precision:.4f} R {recall:.4f} F1 {2 * precision * recall / max(1e-9, precision + recall):.4f}"


def tables(corpora: Sequence[Corpus], regime: Regime) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return terms, labels and stories of the pairs of several folders; no story is in two of them."""
    parts = [table(corpus, regime) for corpus in corpora]
    stories = [np.array([f"{n} {s}" if n else s for s in part[2]]) for n, part in enumerate(parts)]
    return (
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        np.concatenate(stories),
    )


def table(corpus: Corpus, regime: Regime) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return terms, labels and stories of the pairs that count."""
    rows = list(measured(corpus, regime))
    x = np.array([[term(name)(row.measures) for name in TERMS] for row in rows])
    return x, np.array([row.label for row in rows]), np.array([row.story for row in rows])


def main(folders: Sequence[str], *, write: bool) -> None:
    corpora = [read_corpus(Path(folder)) for folder in folders]
    lines = [HEADER]
    for regime in Regime:
        x, y, story = tables(corpora, regime)
        fitted = np.array([half(s) == 0 for s in story])
        weights, constant = fit(x[fitted], y[fitted])
        apart = probability(x[~fitted], weights, constant)
        folds = unseen(x[fitted], y[fitted], story[fitted])
        print(
            f"{regime.value}: {np.count_nonzero(weights)} terms; fitted half (folds) | half kept apart"
        )
        for threshold in THRESHOLDS:
            print(
                f"   {threshold:.2f}  {measures_at(y[fitted], folds, threshold)}"
                f"  |  {measures_at(y[~fitted], apart, threshold)}"
            )
        lines.append(f'    "{regime.value}": {{')
        lines.append(f'        "1": {constant:.4f},')
        kept = [(name, w) for name, w in zip(TERMS, weights, strict=True) if w]
        lines += [f'        "{name}": {w:.4f},' for name, w in kept]
        lines.append("    },")
    lines.append("}")
    if write:
        WHERE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main([a for a in sys.argv[1:] if a != "--write"], write="--write" in sys.argv)
