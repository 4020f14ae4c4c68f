"""When a feed is polled next, when a delivery is tried again, and what a failure weighs.

Chance is an argument (0..1), like `now`: the same arguments always give the same answer.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from bot.domain.outlet import Changed, Failure, FailureKind, Feed, FeedReading, Unchanged
from bot.domain.rhythm import Rhythm, first_rhythm, next_rhythm, span_h

JITTER = 0.05  # of the interval, either way, so that polls of one minute do not stay together
BACKOFF_MAX_S = 86_400
BREAKER_SCORE = 3.0
LIE_CHECK_MIN_H = 24.0
LIE_CHECK_GAPS = 5.0
LIE_CHECK_CHANCE = 0.02
MOVED_AFTER = (
    3  # permanent redirects seen before the address is changed: some are mistakes of an hour
)

HARD, SOFT, PASSING = 1.0, 0.5, 0.25
_WEIGHT = {
    FailureKind.DNS: SOFT,
    FailureKind.CONNECT: SOFT,
    FailureKind.TLS: HARD,
    FailureKind.TIMEOUT: PASSING,
    FailureKind.FORBIDDEN: HARD,
    FailureKind.NOT_FOUND: HARD,
    FailureKind.GONE: HARD,
    FailureKind.TOO_MANY: SOFT,
    FailureKind.STATUS: SOFT,
    FailureKind.SERVER: PASSING,
    FailureKind.NOT_A_FEED: SOFT,
    FailureKind.EMPTY: SOFT,
    FailureKind.TOO_LARGE: HARD,
    FailureKind.PRIVATE: HARD,
    FailureKind.ADDRESS: HARD,
    FailureKind.REDIRECTS: SOFT,
    FailureKind.ABSURD: HARD,
    FailureKind.HELD: 0.0,
}


@dataclass(frozen=True, slots=True)
class PollRules:
    """The operator's choices. min_interval_s <= max_interval_s; equal ones make a fixed interval."""

    min_interval_s: float = 120
    max_interval_s: float = 3600
    polls_per_minute: float = 60


@dataclass(frozen=True, slots=True)
class Plan:
    """What a poll leads to. move_to: the feed's new address, None to keep it.

    missed: how many entries may have come and gone between two polls, 0 if none did. Say so to people.
    caught_lying: this poll found that the feed's 304 is not to be believed.
    """

    due_at: datetime
    rhythm: Rhythm
    move_to: str | None = None
    missed: int = 0
    caught_lying: bool = False


def prepare_poll(feed: Feed, now: datetime, *, chance: float) -> Feed:
    """Return the feed as it is to be asked: without its validators where a 304 is not to be believed.

    That is after no change for longer than max(24 h, five expected gaps), in two of a hundred polls at
    random, and always once the feed was caught lying. In doubt the body is read again too, be it the
    same: it may be known for one that leads elsewhere, as a sitemap index does.
    """
    rhythm = feed.rhythm
    changed_at = rhythm.changed_at or now
    overdue_h = max(LIE_CHECK_MIN_H, LIE_CHECK_GAPS * rhythm.gap_h)
    doubt = now - changed_at > timedelta(hours=overdue_h) or chance < LIE_CHECK_CHANCE
    if rhythm.lies or doubt:
        body_hash = None if doubt else feed.body_hash
        return replace(feed, etag=None, last_modified=None, body_hash=body_hash)
    return feed


def plan_poll(
    feed: Feed,
    reading: FeedReading,
    *,
    new: Sequence[datetime | None],
    now: datetime,
    rules: PollRules,
    pace: float,
    chance: float,
) -> Plan:
    """Return when to poll next, and what this poll taught.

    feed: as stored, before `prepare_poll`. new: the dates of the entries nobody knew (None: no date), on
    the first poll all of them. pace: see `pace`. chance: 0..1, for the jitter.
    """
    if isinstance(reading, Failure):
        rhythm = _after_failure(feed.rhythm, reading, now)
    else:
        rhythm = _after_answer(feed, reading, new, now)
    lying = _is_lie(feed, reading, len(new))
    rhythm = replace(rhythm, lies=rhythm.lies or lying)
    wait_s = _wait_s(rhythm, reading, now, rules, pace) * (1 + JITTER * (2 * chance - 1))
    if isinstance(reading, Failure) and reading.retry_after_s:
        asked = (
            reading.kind is not FailureKind.HELD
        )  # one that was not is back as soon as it may be
        wait_s = max(wait_s if asked else 1.0, reading.retry_after_s)
    missed = _missed(feed, reading, len(new), now)
    if missed:
        rhythm = replace(rhythm, missed=rhythm.missed_lately(now) + missed, missed_at=now)
    moved = rhythm.moved_to if rhythm.moved_seen >= MOVED_AFTER else ""
    return Plan(
        due_at=now + timedelta(seconds=wait_s),
        rhythm=replace(rhythm, moved_to="", moved_seen=0) if moved else rhythm,
        move_to=moved or None,
        missed=missed,
        caught_lying=lying,
    )


def _wait_s(
    rhythm: Rhythm, reading: FeedReading, now: datetime, rules: PollRules, pace: float
) -> float:
    interval = interval_s(rhythm, now, rules, pace)
    if not isinstance(reading, Failure):
        return interval
    return min(max(interval, 1.0) * 2**rhythm.score, max(BACKOFF_MAX_S, interval))


def interval_s(rhythm: Rhythm, now: datetime, rules: PollRules, pace: float) -> float:
    """Return the seconds between two polls: pace over the root of the rate, within the rules.

    An entry must be seen in at least three polls before it leaves the feed; what the feed asks for
    (ttl, max-age, sy:) raises the interval, never past that.
    """
    return _bounded(
        pace / math.sqrt(rhythm.rate_at(now)), rhythm.hint_s, _cap_s(rhythm, rules), rules
    )


def _cap_s(rhythm: Rhythm, rules: PollRules) -> float:
    window = rhythm.window_h
    return min(rules.max_interval_s, window * 3600 / 3) if window else rules.max_interval_s


def _bounded(wanted_s: float, hint_s: float, cap_s: float, rules: PollRules) -> float:
    return max(rules.min_interval_s, min(max(wanted_s, hint_s), cap_s))


def pace(rhythms: Iterable[Rhythm], now: datetime, rules: PollRules) -> float:
    """Return the constant `c` of interval = c / sqrt(rate) that spends the budget of polls, no more.

    The budget is a mean over the day: more is spent in the hours when news comes. `c` is never so small
    that a feed with less than an entry an hour is asked at the shortest interval: a budget left over is
    no reason to bother an outlet.
    """
    known = [_Demand.of(rhythm.decayed(now), rules) for rhythm in rhythms]
    low, high = rules.min_interval_s, rules.max_interval_s * 100
    if _polls_per_minute(known, rules, low) <= rules.polls_per_minute:
        return low
    for _ in range(30):
        middle = math.sqrt(low * high)
        if _polls_per_minute(known, rules, middle) > rules.polls_per_minute:
            low = middle
        else:
            high = middle
    return high


@dataclass(frozen=True, slots=True)
class _Demand:
    """What one feed would like: roots of its rate through the day, and its bounds."""

    roots: tuple[float, ...]
    hint_s: float
    cap_s: float

    @classmethod
    def of(cls, rhythm: Rhythm, rules: PollRules) -> Self:
        rate = rhythm.rate_per_h
        roots = tuple(math.sqrt(rate * busy) for busy in rhythm.profile()[::3])
        return cls(roots, rhythm.hint_s, _cap_s(rhythm, rules))


def _polls_per_minute(known: Sequence[_Demand], rules: PollRules, c: float) -> float:
    total = 0.0
    for d in known:
        waits = (_bounded(c / root, d.hint_s, d.cap_s, rules) for root in d.roots)
        total += sum(60 / wait for wait in waits) / len(d.roots)
    return total


def _after_failure(rhythm: Rhythm, failure: Failure, now: datetime) -> Rhythm:
    """Weigh the failure. What was learned of the rhythm stays: the outlet may well have gone on."""
    score = min(rhythm.score + _WEIGHT[failure.kind], 20.0)
    return replace(rhythm, score=score, failing_since=rhythm.failing_since or now, moved_seen=0)


def is_open(rhythm: Rhythm) -> bool:
    """Return whether the feed's breaker is open: it is down, and only probed now and then."""
    return rhythm.score >= BREAKER_SCORE


def _after_answer(
    feed: Feed, reading: Changed | Unchanged, new: Sequence[datetime | None], now: datetime
) -> Rhythm:
    rhythm = feed.rhythm
    # Half-open: the answer of a feed that was down counts, but the next failure opens it at once.
    score = BREAKER_SCORE - HARD if is_open(rhythm) else 0.0
    rhythm = replace(rhythm, score=score, failing_since=None)
    if isinstance(reading, Unchanged):
        return next_rhythm(rhythm, (), 0, now)
    listed = len(reading.entries)
    dates = [e.published_at for e in reading.entries if e.published_at is not None]
    if not rhythm.known:
        learned = first_rhythm(dates, listed, now)
    else:
        learned = replace(next_rhythm(rhythm, new, listed, now), changed_at=now)
    same = bool(reading.moved_to) and reading.moved_to == rhythm.moved_to
    return replace(
        learned,
        span_h=span_h(dates, now),
        score=score,
        hint_s=reading.hint_s or 0,
        lies=rhythm.lies,
        moved_to=reading.moved_to or "",
        moved_seen=rhythm.moved_seen + 1 if same else int(bool(reading.moved_to)),
    )


def _is_lie(feed: Feed, reading: FeedReading, new: int) -> bool:
    """Return whether new entries came under the validators that the last answer already had."""
    if not isinstance(reading, Changed) or not new or not feed.rhythm.known:
        return False
    if feed.etag is None and feed.last_modified is None:
        return False
    return (reading.etag, reading.last_modified) == (feed.etag, feed.last_modified)


def _missed(feed: Feed, reading: FeedReading, new: int, now: datetime) -> int:
    """Return about how many entries passed unseen: all listed are new, and more must have come."""
    if not isinstance(reading, Changed) or feed.first_polled_at is None or not reading.entries:
        return 0
    listed, last_at = len(reading.entries), feed.rhythm.counted_at
    if new < listed or last_at is None:
        return 0
    expected = feed.rhythm.rate_per_h * (now - last_at).total_seconds() / 3600
    return max(0, round(expected) - listed)


RETRY_FIRST_S = 2.0
RETRY_MAX_S = 1800.0


def retry_delivery_at(
    now: datetime, *, attempts: int, retry_after_s: int | None = None, chance: float = 0.5
) -> datetime:
    """Return when to try a message again: doubling from 2 s to half an hour, ±20 %, or as Telegram asks.

    attempts: made so far, from 1.
    """
    wait_s = min(RETRY_MAX_S, RETRY_FIRST_S * 2 ** min(max(attempts, 1) - 1, 20))
    wait_s *= 0.8 + 0.4 * chance
    return now + timedelta(seconds=max(wait_s, retry_after_s or 0))
