"""When a chat is told: its delivery modes and its quiet hours, by its own clocks.

Pure: `now` and the zone are arguments. A time of day is a wall clock's. Where clocks go forward over it, it
is the moment of the jump; where they show it twice, it is the first of the two.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Self

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

_TIME = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?")
_INTERVAL = re.compile(r"(\d{1,2}(?:[:.]\d{2})?)\s*[-–—−]\s*(\d{1,2}(?:[:.]\d{2})?)")


class Pace(StrEnum):
    """How soon a chat is told."""

    INSTANT = "instant"
    HOURLY = "hourly"
    DAILY = "daily"


class Held(StrEnum):
    """Why an alert is held. The first three say until when; the others last until the chat is back."""

    HOURLY = "hourly"
    DAILY = "daily"
    QUIET = "quiet"
    PAUSED = "paused"
    GONE = "gone"


TIMED = (Held.HOURLY, Held.DAILY, Held.QUIET)


def read_time(text: str) -> time | None:
    """Return the time of day that "8:30", "8.30" or "8" means, None if it is none."""
    found = _TIME.fullmatch(text.strip())
    if not found or int(found[1]) > 23 or int(found[2] or 0) > 59:
        return None
    return time(int(found[1]), int(found[2] or 0))


def clock(at: time) -> str:
    """Return a time of day as people write it: "8:30"."""
    return f"{at.hour}:{at.minute:02}"


@dataclass(frozen=True, slots=True)
class Mode:
    """How soon a chat, or a watch of it, is told. at: the time of day, of DAILY alone."""

    pace: Pace = Pace.INSTANT
    at: time = time()

    def __str__(self) -> str:
        """Return it as it is stored, and typed: "daily 8:30"."""
        return f"{self.pace} {clock(self.at)}" if self.pace is Pace.DAILY else self.pace.value

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the mode that "instant", "hourly", "daily 8:30" or "8:30" means, None if it is none."""
        word, _, rest = text.strip().casefold().partition(" ")
        if word in (Pace.INSTANT, Pace.HOURLY) and not rest:
            return cls(Pace(word))
        if word == Pace.DAILY or (":" in word and not rest):
            at = read_time(rest or word)
            return None if at is None else cls(Pace.DAILY, at)
        return None

    def due(self, since: datetime, zone: tzinfo) -> datetime:
        """Return when something is told that came at `since`: then, or at the next whole hour or time."""
        if self.pace is Pace.INSTANT:
            return since
        if self.pace is Pace.HOURLY:
            here = since.astimezone(zone)
            into = here - here.replace(minute=0, second=0, microsecond=0)
            return since + HOUR - into
        today = since.astimezone(zone).date()
        at = (moment(today + k * DAY, self.at, zone) for k in range(-1, 4))
        return next(m for m in at if m > since)


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of each day without a sound, from start to before end; over midnight where end is not later.

    silent: alerts come at once, without a sound; else they are held, and come as one digest at the end.
    """

    start: time
    end: time
    silent: bool = False

    def __str__(self) -> str:
        """Return it as it is stored: "22:00-7:00", with " silent" after it if it is."""
        return f"{clock(self.start)}-{clock(self.end)}{' silent' if self.silent else ''}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return what "22:00-7:00", "22-7" or "22:00-7:00 silent" means, None if it is no such interval.

        Two equal times are none: neither never nor always is meant by it.
        """
        words = text.strip().casefold()
        silent = words.endswith(" silent")
        found = _INTERVAL.fullmatch(words.removesuffix(" silent").removesuffix(" held").strip())
        start, end = (read_time(found[1]), read_time(found[2])) if found else (None, None)
        if start is None or end is None or start == end:
            return None
        return cls(start, end, silent)

    def ends(self, at: datetime, zone: tzinfo) -> datetime | None:
        """Return when the quiet hours end that `at` falls in, None if it falls in none."""
        today = at.astimezone(zone).date()
        found = None
        for k in (-2, -1, 0, 1):
            day = today + k * DAY
            begins = moment(day, self.start, zone)
            over = moment(day if self.end > self.start else day + DAY, self.end, zone)
            if begins <= at < over:
                found = max(found or over, over)
        return found


def moment(day: date, at: time, zone: tzinfo) -> datetime:
    """Return, in UTC, when a zone's clocks show that time on that day; see the module for jumps."""
    wall = datetime.combine(day, at)
    first = wall.replace(tzinfo=zone).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first
    # Clocks leave it out: the jump lies between what the offsets after and before it make of the time.
    low = int(wall.replace(tzinfo=zone, fold=1).timestamp())
    high = int(first.timestamp())
    before = _offset(low, zone)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    return datetime.fromtimestamp(high, UTC)


def _offset(at: int, zone: tzinfo) -> timedelta | None:
    return datetime.fromtimestamp(at, UTC).astimezone(zone).utcoffset()


@dataclass(frozen=True, slots=True)
class Hold:
    """An alert that is not to go out at once. until None: until the chat is back."""

    why: Held
    until: datetime | None = None

    @property
    def reason(self) -> dict[str, object]:
        """Return it as the ledger keeps it."""
        until = {"until": self.until.isoformat()} if self.until else {}
        return {"held": self.why.value, **until}


def hold(
    modes: Iterable[Mode], quiet: Quiet | None, zone: tzinfo, *, raised_at: datetime, now: datetime
) -> Hold | None:
    """Return how long an alert is held, None to tell it at once.

    modes: of the watches that fired, at least one; the most urgent decides. What has been missed, say
    because the chat was paused at its time, is due now. Quiet hours that hold come on top.
    """
    at, pace = min((mode.due(raised_at, zone), mode.pace) for mode in modes)
    at = max(at, now)
    over = quiet.ends(at, zone) if quiet and not quiet.silent else None
    if over:
        return Hold(Held.QUIET, over)
    return None if pace is Pace.INSTANT else Hold(Held(pace.value), at)


def is_silent(quiet: Quiet | None, zone: tzinfo, now: datetime) -> bool:
    """Return whether what goes out now is to make no sound."""
    return quiet is not None and quiet.silent and quiet.ends(now, zone) is not None
