"""What goes wrong with the database in a storm: restarts of PostgreSQL, a full disk under SQLite."""

import contextlib
import random
import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg

from tests.chaos.postgres import OwnPostgres
from tests.e2e.installation import Installation

Trouble = Callable[[random.Random], str]  # makes trouble, ends it, and names it

DISK = "64m"


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mount a small file system of its own at a folder; False where that is not permitted."""
    folder.mkdir(exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    mounted = subprocess.run(words, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def full_disk(folder: Path) -> Trouble:
    """Return a trouble: the file system at that folder has no byte left for a moment."""

    def fill(chance: random.Random) -> str:
        filler = folder / "filler"
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            for size in (2**20, 4096, 1):
                with contextlib.suppress(OSError):
                    while file.write(b"x" * size):
                        pass
        time.sleep(chance.uniform(0.2, 2.5))
        filler.unlink()
        return "full disk"

    return fill


def no_bytes_left(outpost: Installation) -> Trouble:
    """Return a trouble like a full disk where none can be mounted: no file of any process may grow."""

    def limit(pid: int, size: int) -> None:
        with contextlib.suppress(ProcessLookupError):  # killed meanwhile
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def fill(chance: random.Random) -> str:
        pids = [p.pid for p in outpost.running if p.poll() is None]
        for pid in pids:
            limit(pid, 1)
        time.sleep(chance.uniform(0.2, 1.5))
        for pid in pids:
            limit(pid, resource.RLIM_INFINITY)
        return "full disk"

    return fill


def restarts(server: OwnPostgres) -> Trouble:
    """Return a trouble: the server is restarted, as a rule as if the power had gone; or only cut off."""

    def restart(chance: random.Random) -> str:
        kind = chance.choice(("immediate", "immediate", "fast", "cut"))
        if kind == "cut":
            with psycopg.connect(server.url, autocommit=True) as admin:
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
                )
            return "connections cut"
        server.stop(kind)
        time.sleep(chance.uniform(0, 3))
        server.start()
        return f"restart {kind}"

    return restart
