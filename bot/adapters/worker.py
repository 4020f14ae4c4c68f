"""One worker process: reads hostile bytes within limits of CPU and memory, and says what is in them.

Run as `python -m bot.adapters.worker`. Takes jobs from stdin, answers on stdout: one JSON line of
arguments and the raw body in, JSON lines out (never pickle: this process is the one that may be fooled).
Whatever goes wrong ends the process; the pool names the culprit and starts another.
"""

import dataclasses
import json
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, BinaryIO

from bot.adapters.feeds import ParsedFeed
from bot.adapters.pages import extract_page
from bot.adapters.reading import read_entries
from bot.domain.notes import Note, read_notes
from bot.domain.outlet import Entry, Failure, FailureKind, FeedKind, Page

try:
    import resource
except ImportError:  # not a POSIX system: the pool's clock is the only limit
    resource = None  # type: ignore[assignment]  # a module elsewhere

CPU_S = 10
MEMORY_BYTES = 512 * 1024 * 1024
OUT_OF_MEMORY = 77  # exit code
NICE = 5  # parsing may wait: the event loop, which answers people, goes first on a busy machine

Reading = ParsedFeed | Page | Failure


def main() -> None:
    """Work until stdin ends."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)  # parsers grumble; the answer says what matters
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.nice(NICE)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    try:
        while line := source.readline():
            job = json.loads(line)
            body = _exactly(source, job.pop("size"))
            _allow_cpu()
            for answer in to_lines(do(job.pop("task"), body, job)):
                sink.write(answer)
            sink.flush()
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)


def _exactly(source: BinaryIO, size: int) -> bytes:
    body = source.read(size)
    if len(body) != size:
        sys.exit(0)  # the pool is gone
    return body


def _allow_cpu() -> None:
    """Give the next job its seconds; past them the kernel sends SIGXCPU, wherever the process is."""
    if resource is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + CPU_S + 1, hard))


def do(task: str, body: bytes, job: Mapping[str, str]) -> Reading:
    """Do one job. Deep nesting is the document's fault, not ours."""
    try:
        if task == "page":
            return extract_page(body, **job)
        return read_entries(
            body, url=job["url"], content_type=job["content_type"], kind=FeedKind(job["kind"])
        )
    except RecursionError:
        return Failure(FailureKind.ABSURD, "nested too deeply to be read")


def to_lines(reading: Reading) -> Iterator[bytes]:
    """Yield an answer as JSON lines: one that says what it is, then one for each entry."""
    told = {f.name: getattr(reading, f.name) for f in dataclasses.fields(reading)}
    entries = told.pop("entries", ())
    head = {"is": type(reading).__name__, "entries": len(entries), **told}
    yield json.dumps(head, default=_plain).encode() + b"\n"
    for entry in entries:
        yield json.dumps(dataclasses.asdict(entry), default=_plain).encode() + b"\n"


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Note):
        return str(value)
    raise TypeError(type(value).__name__)


def from_lines(head: Mapping[str, Any], entries: list[Entry]) -> Reading:
    """Return what to_lines wrote. head: the first line, decoded; entries: of the others."""
    told = dict(head)
    kind, _ = told.pop("is"), told.pop("entries")
    if kind == "Failure":
        return Failure(FailureKind(told["kind"]), told["detail"], told["retry_after_s"])
    if kind == "ParsedFeed":
        told |= {"parts": tuple(told["parts"]), "notes": read_notes(told["notes"])}
        return ParsedFeed(entries=tuple(entries), **told)
    for name in ("based_on", "links"):
        told[name] = tuple(told[name])
    return Page(**{**told, "published_at": _moment(told["published_at"])})


def entry_from(line: bytes) -> Entry:
    """Return one entry as to_lines wrote it."""
    told = json.loads(line)
    return Entry(**{**told, "published_at": _moment(told["published_at"])})


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


if __name__ == "__main__":
    main()
