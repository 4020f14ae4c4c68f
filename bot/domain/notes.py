"""What was odd but survivable in a reading of a feed, as a value: chat and console put it into words."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

_LINE = re.compile(r"([a-z-]+)(?: (\d+))?(?:: (.+))?")


class Oddity(StrEnum):
    """What can be odd in a feed that is read all the same."""

    CUT = "cut"  # only its first n entries are read
    ILL_FORMED = "ill-formed"  # detail: the parser's complaint
    NO_DATES = "no-dates"
    NO_GUIDS = "no-guids"
    ONE_GUID = "one-guid"  # on all entries
    NO_LINKS = "no-links"  # n entries name no address: the feed's, with a mark, stands for theirs
    BAD_LINKS = "bad-links"  # n entries name one that is not http or https: it is dropped
    PART = "part"  # detail: which part of a sitemap index could not be read, and why
    EMPTY = "empty"  # no entries yet
    MISSED = "missed"  # about n entries came and went between two polls


@dataclass(frozen=True, slots=True)
class Note:
    """One oddity. n: entries, 0 where none are counted. detail: what the outside says, one line, else ""."""

    oddity: Oddity
    n: int = 0
    detail: str = ""

    def __str__(self) -> str:
        """Return it as it is stored and logged: "missed 30", "ill-formed: line 3: no element found"."""
        number = f" {self.n}" if self.n else ""
        return f"{self.oddity}{number}" + (f": {self.detail}" if self.detail else "")

    @classmethod
    def read(cls, line: str) -> Self | None:
        """Return the note that such a line is; None for the sentences of earlier versions."""
        found = _LINE.fullmatch(line)
        if found is None or found[1] not in set(Oddity):
            return None
        return cls(Oddity(found[1]), int(found[2] or 0), found[3] or "")


def read_notes(lines: Iterable[str]) -> tuple[Note, ...]:
    """Return the notes that these lines are, without those that are none."""
    return tuple(note for line in lines if (note := Note.read(line)))
