"""How often a feed brings something new, learned from what it brought, and when its silence is not normal.

Everything learned about one feed is a `Rhythm`, kept with the feed as JSON. Counts decay, so that a feed
that changes its ways is believed after days, not months.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Self

HALF_LIFE_H = 72.0  # of the count of new entries
PROFILE_HALF_LIFE_H = 14 * 24.0  # of the hour-of-day profile: two of each weekday
PRIOR_ENTRIES = 0.25  # what is believed of a feed nobody knows yet: an entry in half a day ...
PRIOR_H = 3.0  # ... with the weight of three hours of watching
PROFILE_PRIOR = 2.0  # entries per hour of day that a profile needs before it is believed
MISSED_H = 24.0  # for which it is said that entries were missed
PROFILE_RANGE = (0.25, 4.0)
HOURS = 24


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What polling one feed has taught. Times are None until the thing has happened."""

    entries: float = 0.0  # decayed count of new entries
    watched_h: float = 0.0  # decayed hours in which they were counted
    counted_at: datetime | None = None  # what both are decayed to
    hours: tuple[float, ...] = field(default=(0.0,) * HOURS)  # decayed entries by UTC hour of day
    listed: int = 0  # entries that the feed listed last
    span_h: float = 0.0  # age of all but the oldest tenth of them; 0 where they have no dates
    changed_at: datetime | None = None  # last poll whose body was not known
    new_at: datetime | None = None  # last poll that brought something new
    longest_gap_h: float = 0.0  # longest time without anything new, decayed like the profile
    hint_s: int = 0  # what the feed asks for by ttl, max-age or sy:
    score: float = 0.0  # of failures, see schedule
    failing_since: datetime | None = None
    moved_to: str = ""
    moved_seen: int = 0  # polls in a row that were redirected there for good
    lies: bool = False  # its 304 was once found untrue: validators are not sent
    missed: int = 0  # about how many entries came and went unseen lately ...
    missed_at: datetime | None = None  # ... and when that was found last
    known: bool = False  # whether anything was ever learned

    def decayed(self, now: datetime) -> Self:
        """Return the same knowledge as of now."""
        if self.counted_at is None or now <= self.counted_at:
            return self
        hours = _hours(now - self.counted_at)
        kept, profile = math.exp2(-hours / HALF_LIFE_H), math.exp2(-hours / PROFILE_HALF_LIFE_H)
        return replace(
            self,
            entries=self.entries * kept,
            watched_h=self.watched_h * kept + _watched(hours),
            hours=tuple(h * profile for h in self.hours),
            longest_gap_h=self.longest_gap_h * profile,
            counted_at=now,
        )

    @property
    def rate_per_h(self) -> float:
        """Return the expected new entries per hour, over the day. Always above 0."""
        return (self.entries + PRIOR_ENTRIES) / (self.watched_h + PRIOR_H)

    def rate_at(self, at: datetime) -> float:
        """Return the expected new entries per hour at that time of day."""
        return self.rate_per_h * self.profile()[at.astimezone(UTC).hour]

    def profile(self) -> tuple[float, ...]:
        """Return how busy each UTC hour is against the mean, smoothed over its neighbours; mean about 1."""
        mean = sum(self.hours) / HOURS
        low, high = PROFILE_RANGE
        smooth = [
            (self.hours[h - 1] + 2 * self.hours[h] + self.hours[(h + 1) % HOURS]) / 4
            for h in range(HOURS)
        ]
        return tuple(
            min(high, max(low, (s + PROFILE_PRIOR) / (mean + PROFILE_PRIOR))) for s in smooth
        )

    @property
    def window_h(self) -> float | None:
        """Return for how many hours an entry stays listed at the busiest time of day; None if unknown."""
        if not self.listed or not self.known:
            return None
        turnover = self.listed / (self.rate_per_h * max(self.profile()))
        return min(turnover, self.span_h) if self.span_h else turnover

    def missed_lately(self, now: datetime) -> int:
        """Return about how many entries went unseen within a day or so: long enough for people to see it."""
        fresh = self.missed_at is not None and _hours(now - self.missed_at) < MISSED_H
        return self.missed if fresh else 0

    @property
    def gap_h(self) -> float:
        """Return the expected hours between two new entries."""
        return 1 / self.rate_per_h

    def to_json(self) -> dict[str, Any]:
        """Return the fields that are not as they begin, ready for JSON."""
        blank = type(self)()
        return {
            f.name: _plain(value)
            for f in fields(self)
            if (value := getattr(self, f.name)) != getattr(blank, f.name)
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any] | None) -> Self:
        """Read what to_json wrote. Fields that are unknown, say of a later version, are dropped."""
        known = {f.name for f in fields(cls)}
        return cls(**{k: _typed(k, v) for k, v in (kept or {}).items() if k in known})


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [round(v, 4) for v in value]
    return round(value, 4) if isinstance(value, float) else value


def _typed(name: str, value: Any) -> Any:
    if name.endswith("_at") or name == "failing_since":
        return datetime.fromisoformat(value) if value else None
    return tuple(float(v) for v in value) if name == "hours" else value


def _hours(span: timedelta) -> float:
    return span.total_seconds() / 3600


def _watched(hours: float) -> float:
    """Return the decayed length of a stretch that ends now."""
    return HALF_LIFE_H / math.log(2) * (1 - math.exp2(-hours / HALF_LIFE_H))


def span_h(dates: Sequence[datetime], now: datetime) -> float:
    """Return for how many hours entries stay listed, by their dates; the oldest tenth may be pinned."""
    if len(dates) < 2:
        return 0.0
    return max(0.0, _hours(now - sorted(dates)[len(dates) // 10]))


def first_rhythm(dates: Sequence[datetime], listed: int, now: datetime) -> Rhythm:
    """Return what a feed's first reading teaches: the dates of its entries are a history already.

    dates: of publication, any order; future ones count as now. listed: entries in all.
    """
    dates = sorted(min(d, now) for d in dates)
    rhythm = Rhythm(listed=listed, changed_at=now, counted_at=now, known=True)
    if len(dates) < 2:
        return rhythm
    gaps = [_hours(b - a) for a, b in zip(dates, [*dates[1:], now], strict=True)]
    return replace(
        rhythm,
        entries=sum(_weight(d, now, HALF_LIFE_H) for d in dates),
        watched_h=_watched(_hours(now - dates[0])),
        hours=_by_hour((0.0,) * HOURS, dates, now),
        new_at=dates[-1],
        longest_gap_h=max(
            g * _weight(d, now, PROFILE_HALF_LIFE_H) for g, d in zip(gaps, dates, strict=True)
        ),
    )


def next_rhythm(
    rhythm: Rhythm, dates: Sequence[datetime | None], listed: int, now: datetime
) -> Rhythm:
    """Return the rhythm after a poll that brought new entries with these dates (None: no date; often none).

    listed: entries in the feed, 0 if it was not read (unchanged).
    """
    rhythm = rhythm.decayed(now)
    new = len(dates)
    if not new:
        return replace(rhythm, listed=listed or rhythm.listed, counted_at=now, known=True)
    gap = _hours(now - rhythm.new_at) if rhythm.new_at else 0.0
    return replace(
        rhythm,
        entries=rhythm.entries + new,
        hours=_by_hour(rhythm.hours, [min(d or now, now) for d in dates], now),
        listed=listed or rhythm.listed,
        new_at=now,
        longest_gap_h=max(rhythm.longest_gap_h, gap),
        counted_at=now,
        known=True,
    )


def _weight(at: datetime, now: datetime, half_life_h: float) -> float:
    return math.exp2(-max(0.0, _hours(now - at)) / half_life_h)


def _by_hour(hours: Sequence[float], dates: Iterable[datetime], now: datetime) -> tuple[float, ...]:
    counted = list(hours)
    for at in dates:
        counted[at.astimezone(UTC).hour] += _weight(at, now, PROFILE_HALF_LIFE_H)
    return tuple(counted)


SILENT_MIN_H = 3.0  # nobody is woken for less
SILENT_EXPECTED = (
    12.0  # entries that should have come; news comes in bursts, so far above Poisson's 3
)
SILENT_GAPS = 2.0  # times the longest gap seen lately
STRANGE_H = (
    60.0  # of decayed watching, three days; of a feed watched for less the nights are not known
)
STRANGE_MIN_H = 24.0
FAILING_MIN_H = 1.0


class Sight(StrEnum):
    """Whether an outlet is seen."""

    SEEN = "seen"
    SILENT = "silent"  # its feeds answer and bring nothing, far beyond its rhythm
    FAILING = "failing"  # no feed of it can be read


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is seen of one outlet now. since: of its last new entry, or of the first failure; None if seen."""

    sight: Sight
    since: datetime | None = None

    def hours(self, now: datetime) -> int:
        """Return for how many whole hours nothing has come."""
        return int(_hours(now - self.since)) if self.since else 0


class Notice(StrEnum):
    """What the admins are told of an outlet, once each."""

    LOST = "lost"
    BACK = "back"


def notice(told: Sight, seen: Outlook) -> Notice | None:
    """Return what to tell, None for nothing: one notice when sight is lost, one when it is back.

    told: what the last notice left the admins believing. From silent to failing is no news to them.
    """
    if told is Sight.SEEN:
        return None if seen.sight is Sight.SEEN else Notice.LOST
    return Notice.BACK if seen.sight is Sight.SEEN else None


def outlook(rhythms: Sequence[Rhythm], now: datetime, *, alarmed: bool = False) -> Outlook:
    """Return whether an outlet is seen through its feeds. No feeds: it is seen, nobody asked for it.

    alarmed: a notice is out; the outlet then counts as back only when it is well back, so notices do not
    flap: when something new has come, or a feed that failed has been read again.
    """
    if not rhythms:
        return Outlook(Sight.SEEN)
    failing = [r.failing_since for r in rhythms if r.failing_since is not None]
    if len(failing) == len(rhythms):
        since = max(failing)
        if alarmed or (_hours(now - since) >= FAILING_MIN_H and min(r.score for r in rhythms) >= 1):
            return Outlook(Sight.FAILING, since)
        return Outlook(Sight.SEEN)
    return _silence([r for r in rhythms if r.known], now)


def _silence(rhythms: Sequence[Rhythm], now: datetime) -> Outlook:
    """Judge by the last time we looked: what came while we were down is no outlet's silence."""
    news = [r.new_at for r in rhythms if r.new_at is not None]
    looked = min(now, max((r.counted_at for r in rhythms if r.counted_at), default=now))
    if not news:
        return Outlook(Sight.SEEN)
    since = max(news)
    longest = min(r.longest_gap_h for r in rhythms)
    least = SILENT_MIN_H if max(r.watched_h for r in rhythms) >= STRANGE_H else STRANGE_MIN_H
    if _hours(looked - since) < max(least, SILENT_GAPS * longest):
        return Outlook(Sight.SEEN)
    expected = max(expected_entries(r, since, looked) for r in rhythms)
    return Outlook(Sight.SILENT, since) if expected >= SILENT_EXPECTED else Outlook(Sight.SEEN)


def expected_entries(rhythm: Rhythm, since: datetime, now: datetime) -> float:
    """Return how many entries the rhythm before the silence would have brought since then.

    The count has decayed during the silence; that is undone, or a long silence would excuse itself.
    """
    if now <= since:
        return 0.0
    hours = _hours(now - since)
    profile = rhythm.profile()
    counted_at = rhythm.counted_at or now
    quiet_h = max(0.0, _hours(counted_at - since))
    kept = math.exp2(-quiet_h / HALF_LIFE_H)
    watched = max(0.0, (rhythm.watched_h - _watched(quiet_h)) / kept)
    rate = (rhythm.entries / kept + PRIOR_ENTRIES) / (watched + PRIOR_H)
    steps = max(1, min(int(hours), 24 * 7))
    step_h = hours / steps
    busy = sum(
        profile[(since + timedelta(hours=(i + 0.5) * step_h)).astimezone(UTC).hour]
        for i in range(steps)
    )
    return rate * busy * step_h
