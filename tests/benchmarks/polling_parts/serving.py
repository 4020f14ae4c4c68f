"""Starts the benchmarks' server, and measures this process."""

import asyncio
import contextlib
import resource
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

SERVER = Path(__file__).with_name("server.py")
CERTIFICATE = Path(__file__).parents[2] / "data" / "loopback.pem"


@contextlib.asynccontextmanager
async def server(*, tls: bool = False) -> AsyncIterator[int]:
    """Run the server in a process of its own; yield its port."""
    command = [sys.executable, str(SERVER), *([str(CERTIFICATE)] if tls else [])]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout
    assert process.stdin
    try:
        yield int(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


def cpu_s(who: int = resource.RUSAGE_SELF) -> float:
    """Return the seconds of CPU used, user and system."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def memory_mb() -> float:
    """Return the resident memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6
