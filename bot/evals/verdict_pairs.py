"""`outpost eval verdicts --pairs DIR`: what people said of copies, as labelled data.

The form is the one that `outpost eval reposts DIR` and tests/benchmarks/fit_reposts.py read.
"""

import csv
import gzip
import json
from pathlib import Path

import click

from bot.app import open_database
from bot.config import Settings
from bot.domain.errors import SettingsError
from bot.domain.model import Article
from bot.store import articles, verdicts
from bot.store.engine import Tx, chunked

ARTICLES, PAIRS = "articles.jsonl.gz", "pairs.csv"
Pairs = dict[tuple[int, int], tuple[int, str]]  # two articles -> label and kind


def write(settings: Settings, folder: Path) -> int:
    """Write the pairs of the database; return the exit code, 1 if there are none.

    Raises SettingsError for a folder that has such files already, or cannot be written.
    """
    store = open_database(settings, new=False)
    try:
        pairs, found = store.look(read)
    finally:
        store.close()
    if not pairs:
        click.echo("nobody has said yet of an article that it is a copy, or none", err=True)
        return 1
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with gzip.open(folder / ARTICLES, "xt", encoding="utf-8") as file:
            file.writelines(f"{_line(article)}\n" for article in found)
        with (folder / PAIRS).open("x", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("a", "b", "label", "kind"))
            rows.writerows((*pair, *said) for pair, said in sorted(pairs.items()))
    except FileExistsError as e:
        raise SettingsError(f"{e.filename} is there already: name another folder") from e
    except OSError as e:
        raise SettingsError(f"{e.filename or folder}: {e.strerror or e}") from e
    click.echo(f"{len(pairs)} pairs of {len(found)} articles written to {folder}")
    return 0


def read(tx: Tx) -> tuple[Pairs, list[Article]]:
    """Return the pairs that people spoke of, and their articles in order of arrival.

    An admin's word is the label; a reader's "not a copy" alone is a doubt: label 2, left out of scores.
    """
    pairs: Pairs = {pair: (2, "doubted_by_reader") for pair in verdicts.doubted_pairs(tx)}
    for low, high, one_text in verdicts.ruled_pairs(tx):
        pairs[low, high] = (1, "said_copy") if one_text else (0, "said_no_copy")
    ids = sorted({id for pair in pairs for id in pair})
    found = [a for part in chunked(ids, 1_000) for a in articles.by_ids(tx, part)]
    known = {a.id for a in found}
    return {pair: said for pair, said in pairs.items() if known.issuperset(pair)}, found


def _line(article: Article) -> str:
    at = article.published_at or article.seen_at
    fields = {
        "id": str(article.id),
        "title": article.title,
        "summary": article.summary,
        "text": article.body,
        "source": article.outlet,
        "url": article.url,
        "authors": article.author,
        "day": at.date().isoformat(),
        "language": article.language,
    }
    return json.dumps(fields, ensure_ascii=False)
