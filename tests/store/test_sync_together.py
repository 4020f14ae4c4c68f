"""Several processes start at once and read the same outlets file."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from bot.domain.outlet import OutletEntry, OutletFeed
from bot.store import feeds

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_processes_that_start_together_add_each_outlet_once(store):
    entries = [
        OutletEntry(f"Outlet {n}", f"https://o{n}.example", "AM", "hy", (OutletFeed(f"https://o{n}.example/rss"),))
        for n in range(40)
    ]  # fmt: skip
    with ThreadPoolExecutor(6) as threads:
        runs = [threads.submit(store.call, feeds.sync_outlets, entries, NOON) for _ in range(6)]
    assert sorted(run.result().added for run in runs) == [0, 0, 0, 0, 0, 40]
