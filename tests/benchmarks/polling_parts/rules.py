"""A simulation: the same outlets, the same number of polls, four rules about when to ask.

200 outlets publish from 0.1 to 800 articles a day (log-normal, as agencies and weeklies differ; the recorded
feeds of the smallweb set differ more), by day more than by night in zones of
their own, in bursts. The rules see what they would see: what is new at a poll, and nothing else. Ours is
the code that runs (domain/schedule.py). The others' are written after their sources, kept to the same bounds
of 2 and 60 minutes, and scaled until they poll as often as ours did, within 1 %.

- fixed: one interval for all.
- Miniflux (entry_frequency, internal/model/feed.go): a week over the articles of the last week.
- the knowing: c / sqrt(rate) by the very rates that the outlets were made with, hour by hour. No rule that
  must learn them can be expected to do better; how far it is below a fixed interval tells how unequal
  the outlets are, and what is left between it and ours is all that learning costs.
- Media Cloud (rss-fetcher, fetcher/tasks.py): fewer minutes when under half of what is listed is known
  already, ten more when all of it is.
"""

import bisect
import heapq
import math
import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.domain import schedule
from bot.domain.outlet import Changed, Entry, Feed, FeedKind, Unchanged
from bot.domain.schedule import PollRules

OUTLETS = 200
DAYS = 10
WARM_UP_DAYS = 3  # published before are not judged: every rule must learn first
MEAN_MINUTES = 15
MIN_S, MAX_S = 120.0, 3600.0
START = datetime(2026, 11, 2, tzinfo=UTC)
DAY_S = 86_400.0


@dataclass
class Outlet:
    """One outlet: when its articles appear, in seconds since the start, and how many its feed lists.

    per_day, zone_s, depth: its mean rate, and how far and when its day goes up and down.
    """

    times: list[float]
    listed: int
    per_day: float
    zone_s: float
    depth: float

    def busy(self, at: float) -> float:
        """Return how busy it is then, against its mean."""
        return 1 + self.depth * math.sin(2 * math.pi * (at + self.zone_s) / DAY_S)


def make_outlets(chance: random.Random) -> list[Outlet]:
    """Return outlets with a past of a week before the start."""
    made = []
    for _ in range(OUTLETS):
        per_day = min(800.0, max(0.1, chance.lognormvariate(math.log(10), 1.8)))
        outlet = Outlet([], 0, per_day, chance.uniform(0, DAY_S), chance.uniform(0.5, 0.98))
        outlet.times = _publish(chance, outlet)
        outlet.listed = chance.choice((10, 20, 30, 50))
        made.append(outlet)
    return made


def _publish(chance: random.Random, outlet: Outlet) -> list[float]:
    times: list[float] = []
    at = -7 * DAY_S
    most = 1 + outlet.depth
    peak = outlet.per_day / DAY_S * most / 1.5  # half of the articles come along with another
    while at < DAYS * DAY_S:
        at += chance.expovariate(peak)
        if chance.random() < outlet.busy(at) / most:
            times.append(at)
            while chance.random() < 1 / 3:
                times.append(at + chance.expovariate(1 / 600))
    return sorted(t for t in times if t < DAYS * DAY_S)


@dataclass
class Found:
    """What a rule achieved: delays in minutes, polls while judged, and articles that were never seen."""

    delays: list[float] = field(default_factory=list)
    polls: int = 0
    missed: int = 0


Next = Callable[
    [int, float, list[float], int], float
]  # outlet, now, new times, listed -> seconds to wait


def simulate(outlets: list[Outlet], wait_s: Next, chance: random.Random) -> Found:
    """Poll all outlets through the days by one rule."""
    found = Found()
    due = [(chance.uniform(0, 600), n) for n in range(len(outlets))]
    heapq.heapify(due)
    known = [bisect.bisect(o.times, 0.0) for o in outlets]  # the first reading files what is listed
    while due[0][0] < DAYS * DAY_S:
        now, n = heapq.heappop(due)
        outlet = outlets[n]
        upto = bisect.bisect(outlet.times, now)
        seen_from = max(known[n], upto - outlet.listed)
        new = outlet.times[seen_from:upto]
        if now >= WARM_UP_DAYS * DAY_S:
            found.polls += 1
            found.missed += seen_from - known[n]
            found.delays.extend((now - t) / 60 for t in new if t >= WARM_UP_DAYS * DAY_S)
        known[n] = upto
        heapq.heappush(due, (now + wait_s(n, now, new, min(outlet.listed, upto)), n))
    return found


def ours(outlets: list[Outlet], budget: float, chance: random.Random) -> Next:
    """Return the rule of domain/schedule.py with that many polls a minute."""
    rules = PollRules(MIN_S, MAX_S, budget)
    feeds = [
        Feed(n, n, "", "", FeedKind.FEED, "", "", first_polled_at=START)
        for n in range(len(outlets))
    ]
    paced = {"at": -1.0, "c": MIN_S}

    def wait_s(n: int, now: float, new: list[float], listed: int) -> float:
        if now - paced["at"] >= 3600 or paced["at"] < 0:
            paced.update(
                at=now,
                c=schedule.pace((f.rhythm for f in feeds), START + timedelta(seconds=now), rules),
            )
        dates = [START + timedelta(seconds=t) for t in new]
        reading: Changed | Unchanged = Unchanged()
        if new or not feeds[n].rhythm.known:
            upto = bisect.bisect(outlets[n].times, now)
            shown = outlets[n].times[max(0, upto - outlets[n].listed) : upto]
            reading = Changed(
                tuple(Entry("", "", published_at=START + timedelta(seconds=t)) for t in shown)
            )
        plan = schedule.plan_poll(
            feeds[n],
            reading,
            new=dates,
            now=START + timedelta(seconds=now),
            rules=rules,
            pace=paced["c"],
            chance=chance.random(),
        )
        feeds[n] = replace(feeds[n], rhythm=plan.rhythm)
        return (plan.due_at - START).total_seconds() - now

    return wait_s


def knowing(outlets: list[Outlet], scale: float) -> Next:
    """Return our formula with nothing to learn."""

    def wait_s(n: int, now: float, new: list[float], listed: int) -> float:
        outlet = outlets[n]
        rate = outlet.per_day / 24 * outlet.busy(now)
        window_s = 3600 * listed / (outlet.per_day / 24 * (1 + outlet.depth))
        cap_s = min(MAX_S, window_s / 3) if listed else MAX_S
        return max(MIN_S, min(cap_s, scale * 3600 / math.sqrt(rate)))

    return wait_s


def fixed(outlets: list[Outlet], scale: float) -> Next:
    """Return the rule of one interval for all."""
    return lambda n, now, new, listed: max(MIN_S, MEAN_MINUTES * 60 * scale)


def miniflux(outlets: list[Outlet], scale: float) -> Next:
    """Return Miniflux's entry frequency: a week divided by what came in the last one."""

    def wait_s(n: int, now: float, new: list[float], listed: int) -> float:
        times = outlets[n].times
        week = bisect.bisect(times, now) - bisect.bisect(times, now - 7 * DAY_S)
        return min(MAX_S, max(MIN_S, scale * 7 * DAY_S / week)) if week else MAX_S

    return wait_s


def media_cloud(outlets: list[Outlet], scale: float) -> Next:
    """Return Media Cloud's adjustment by the share of entries that were known already."""
    minutes = [60.0] * len(outlets)

    def wait_s(n: int, now: float, new: list[float], listed: int) -> float:
        known = 100 * (1 - len(new) / listed) if listed else 100
        if known >= 100:
            minutes[n] = min(720, minutes[n] + 10)
        elif known < 50:
            minutes[n] = max(10, minutes[n] - 60)
        return min(MAX_S, max(MIN_S, minutes[n] * 60 * scale))

    return wait_s


def at_equal_polls(
    rule: Callable[[list[Outlet], float], Next], outlets: list[Outlet], polls: int
) -> Found:
    """Scale a rule until it polls as often."""
    low, high = 1e-4, 100.0
    found = Found()
    for _ in range(16):
        scale = math.sqrt(low * high)
        found = simulate(outlets, rule(outlets, scale), random.Random(7))
        if abs(found.polls - polls) <= polls * 0.01:
            break
        low, high = (scale, high) if found.polls > polls else (low, scale)
    return found


def report() -> dict[str, Found]:
    """Print how soon each rule finds what is published."""
    outlets = make_outlets(random.Random(20261102))
    judged_minutes = (DAYS - WARM_UP_DAYS) * 24 * 60
    base = simulate(outlets, fixed(outlets, 1.0), random.Random(7))
    results = {f"fixed {MEAN_MINUTES} min": base}
    chance = random.Random(7)
    results["Outpost"] = simulate(outlets, ours(outlets, OUTLETS / MEAN_MINUTES, chance), chance)
    polls = results["Outpost"].polls
    results["the knowing"] = at_equal_polls(knowing, outlets, polls)
    results["fixed, as many polls"] = at_equal_polls(fixed, outlets, polls)
    results["Miniflux"] = at_equal_polls(miniflux, outlets, polls)
    results["Media Cloud"] = at_equal_polls(media_cloud, outlets, polls)
    articles = sum(1 for o in outlets for t in o.times if t >= WARM_UP_DAYS * DAY_S)
    print(
        f"{OUTLETS} outlets, {articles} articles in {DAYS - WARM_UP_DAYS} days, minutes from publication:"
    )
    print(f"{'rule':22}{'polls/min':>10}{'mean':>8}{'median':>8}{'p95':>8}{'missed':>8}")
    for name, found in results.items():
        cuts = statistics.quantiles(found.delays, n=20)
        print(
            f"{name:22}{found.polls / judged_minutes:>10.2f}{statistics.fmean(found.delays):>8.2f}"
            f"{cuts[9]:>8.2f}{cuts[18]:>8.2f}{found.missed:>8}"
        )
    return results
