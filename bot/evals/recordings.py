"""Recorded feeds and pages with their expectations, as folders: `expect.json`, or gzipped."""

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.domain.errors import SettingsError


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
