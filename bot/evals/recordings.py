"""Recorded feeds and pages with their expectations (`expect.json`, or gzipped), and how all are judged."""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

from bot.domain.errors import SettingsError
from bot.evals.progress import watched


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded file. name: below the folder asked for. expect: what is said of it, None if nothing."""

    name: str
    path: Path
    expect: Mapping[str, Any]

    def read(self) -> bytes:
        """Return the bytes as they came over the wire."""
        packed = self.path.read_bytes()
        return gzip.decompress(packed) if self.path.suffix == ".gz" else packed


def recordings(folder: Path, *, pages: bool) -> Iterator[Recording]:
    """Yield what the expectation files below the folder name: the pages, or the feeds.

    Raises SettingsError if the folder has no expectation file, or one that cannot be read.
    """
    found = sorted([*folder.rglob("expect.json"), *folder.rglob("expect.json.gz")])
    if not found:
        raise SettingsError(f"no expect.json or expect.json.gz below {folder}")
    for path in found:
        told = _load(path)
        files = told.get("files", told)
        for name, expect in files.items():
            if isinstance(expect, dict) and _is_page(expect) == pages and name != "meta":
                target = path.parent / name
                if target.is_file():
                    yield Recording(str(target.relative_to(folder)), target, expect)


def _load(path: Path) -> dict[str, Any]:
    try:
        packed = path.read_bytes()
        told = json.loads(gzip.decompress(packed) if path.suffix == ".gz" else packed)
    except (OSError, ValueError) as e:
        raise SettingsError(f"{path}: {e}") from e
    if not isinstance(told, dict):
        raise SettingsError(f"{path}: not a table of files")
    return told


def _is_page(expect: Mapping[str, Any]) -> bool:
    return "body" in expect


class Tally(Protocol):
    """What agrees over all recordings. wrong: one line for each that does not."""

    wrong: list[str]

    @property
    def judged(self) -> int:
        """Return how many recordings had something to be right about."""

    def to_json(self) -> dict[str, Any]:
        """Return the form that is promised to scripts."""

    def summary(self) -> Iterator[str]:
        """Yield the sums for people, one line each."""


Counted = TypeVar("Counted", bound=Tally)


def judge_all(
    folder: Path, tally: Counted, judge: Callable[[Recording, Counted], None], *, pages: bool
) -> Counted:
    """Judge every recorded page or feed below the folder, and return the tally with it.

    Raises SettingsError if the folder holds no recordings.
    """
    for recording in watched(list(recordings(folder, pages=pages)), "pages" if pages else "feeds"):
        judge(recording, tally)
    return tally


def tell(tally: Tally, *, as_json: bool) -> int:
    """Print what agrees, and what does not. Returns the exit code: 1 if nothing could be judged."""
    if as_json:
        click.echo(json.dumps(tally.to_json(), ensure_ascii=False))
    else:
        for line in (*tally.wrong, *tally.summary()):
            click.echo(line)
    return 0 if tally.judged else 1
