"""Labelled articles and pairs of a folder, for `outpost eval reposts`, and what is wrong with them."""

import csv
import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from bot.config import shipped
from bot.domain.errors import SettingsError
from bot.domain.fingerprint import Fingerprint, fingerprint
from bot.domain.model import Document
from bot.domain.provenance import Provenance, find_claims, load_provenance

NEEDED = ("id", "title", "summary", "text", "source")


@dataclass(frozen=True, slots=True)
class Example:
    """One article of the corpus. day: ISO date, "" where unknown. of: the article it was made from, or ""."""

    id: str
    title: str
    summary: str
    text: str
    source: str
    url: str = ""
    authors: str = ""
    day: str = ""
    of: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two articles and what a person, or the one who made them, said of them."""

    a: str
    b: str
    label: int
    kind: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """articles: by id, in order of arrival. stories: by article, the name of its group of linked articles."""

    articles: Mapping[str, Example]
    pairs: Sequence[Pair]
    stories: Mapping[str, str]
    provenance: Provenance


def names_of(article: Example) -> tuple[str, str]:
    """Return the outlet's name and its host."""
    return article.source, urlsplit(article.url).hostname or ""


def print_of(article: Example, full: bool, provenance: Provenance) -> Fingerprint:
    """Return the fingerprint of an article with its text, or with its summary only."""
    document = Document(
        title=article.title,
        summary="" if full else article.summary,
        body=article.text if full else "",
        language=article.language,
        outlet=article.source,
        author=article.authors,
        url=article.url,
    )
    return fingerprint(document, claims=find_claims(document, None, provenance))


def read_corpus(folder: Path) -> Corpus:
    """Return articles and pairs of a folder. Raises SettingsError with file and line."""
    articles = _read_articles(folder)
    pairs = _read_pairs(folder / "pairs.csv", articles)
    file = shipped("config") / "provenance.toml"
    return Corpus(
        articles, pairs, _stories(articles, pairs), load_provenance(file.read_text("utf-8"))
    )


def _read_articles(folder: Path) -> dict[str, Example]:
    packed, plain = folder / "articles.jsonl.gz", folder / "articles.jsonl"
    file = packed if packed.is_file() else plain
    articles: dict[str, Example] = {}
    try:
        with _open(file) as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    article = _article(line, f"{file}:{number}")
                    articles[article.id] = article
    except (OSError, EOFError, UnicodeDecodeError) as e:
        raise SettingsError(f"{file}: {getattr(e, 'strerror', None) or e}") from e
    return articles


def _open(file: Path) -> IO[str]:
    return (
        gzip.open(file, "rt", encoding="utf-8")
        if file.suffix == ".gz"
        else file.open(encoding="utf-8")
    )


def _article(line: str, where: str) -> Example:
    try:
        fields = json.loads(line)
    except ValueError as e:
        raise SettingsError(f"{where}: not JSON: {e}") from e
    if not isinstance(fields, dict):
        raise SettingsError(f"{where}: an article must be an object")
    for name in NEEDED:
        if not isinstance(fields.get(name), str):
            raise SettingsError(f"{where}: {name!r} must be a string")
    known = {name: str(fields[name] or "") for name in Example.__slots__ if name in fields}
    return Example(**known)


def _read_pairs(file: Path, articles: Mapping[str, Example]) -> list[Pair]:
    pairs = []
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = csv.DictReader(lines, strict=True)
            if not {"a", "b", "label", "kind"} <= set(rows.fieldnames or ()):
                raise SettingsError(f"{file}:1: the columns must be a, b, label, kind")
            for row in rows:
                pairs.append(_pair(row, articles, f"{file}:{rows.line_num}"))
    except (OSError, UnicodeDecodeError, csv.Error) as e:
        raise SettingsError(f"{file}: {getattr(e, 'strerror', None) or e}") from e
    return pairs


def _pair(row: Mapping[str, str | None], articles: Mapping[str, Example], where: str) -> Pair:
    a, b, label, kind = (row.get(name) for name in ("a", "b", "label", "kind"))
    if not (a and b and kind) or label not in ("0", "1", "2"):
        raise SettingsError(f"{where}: a pair is a, b, a label 0, 1 or 2, and a kind")
    for id in (a, b):
        if id not in articles:
            raise SettingsError(f"{where}: there is no article {id!r}")
    return Pair(a, b, int(label), kind)


def _stories(articles: Mapping[str, Example], pairs: Iterable[Pair]) -> dict[str, str]:
    """Return the group of every article: those that any pair or "of" links share one, whatever the label."""
    parent = {id: id for id in articles}

    def root(id: str) -> str:
        while parent[id] != id:
            parent[id] = parent[parent[id]]
            id = parent[id]
        return id

    links = [(pair.a, pair.b) for pair in pairs]
    links += [(a.id, a.of) for a in articles.values() if a.of in articles]
    for one, other in links:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    return {id: root(id) for id in articles}


def half(story: str) -> int:
    """Return which half of the stories one belongs to: 0 is fitted on, 1 is kept for the report."""
    return blake2b(story.encode(), digest_size=1).digest()[0] & 1
