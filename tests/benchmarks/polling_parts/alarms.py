"""How often the blind-outlet alarm cries without cause, and how soon it does with one.

The outlets are those simulated in rules.py; each is polled every quarter of an hour, and falls silent
after nine days.
"""

import bisect
import random
import statistics
from collections.abc import Iterator
from datetime import timedelta

from bot.domain.rhythm import Sight, first_rhythm, next_rhythm, outlook
from tests.benchmarks.polling_parts.rules import DAY_S, START, Outlet, make_outlets

ALIVE_DAYS = 9
WATCHED_DAYS = 11
STEP_S = 900


def report() -> None:
    """Print alarms without cause, and the hours until an outlet that died is missed."""
    outlets = make_outlets(random.Random(5))
    without_cause = 0
    missed: dict[str, list[float | None]] = {
        "24 a day or more": [],
        "4 to 24 a day": [],
        "fewer": [],
    }
    for outlet in outlets:
        alarms = list(_alarms(outlet))
        without_cause += sum(at < ALIVE_DAYS * DAY_S for at in alarms)
        per_day = bisect.bisect(outlet.times, 0) / 7
        name = "24 a day or more" if per_day >= 24 else "4 to 24 a day" if per_day >= 4 else "fewer"
        after = (at for at in alarms if at >= ALIVE_DAYS * DAY_S)
        missed[name].append(next(((at - ALIVE_DAYS * DAY_S) / 3600 for at in after), None))
    print(f"{len(outlets)} outlets, {ALIVE_DAYS} days alive: {without_cause} alarms without cause")
    for name, hours in missed.items():
        found = [h for h in hours if h is not None]
        median = f"after {statistics.median(found):.1f} h in the median" if found else ""
        days = WATCHED_DAYS - ALIVE_DAYS
        print(f"{name:18}{len(found):>4} of {len(hours)} missed within {days} days {median}")


def _alarms(outlet: Outlet) -> Iterator[float]:
    """Yield when the alarm is raised, in seconds since the start."""
    before = bisect.bisect(outlet.times, 0)
    shown = [
        START + timedelta(seconds=t) for t in outlet.times[max(0, before - outlet.listed) : before]
    ]
    rhythm = first_rhythm(shown, len(shown), START)
    raised = False
    for now in range(STEP_S, int(WATCHED_DAYS * DAY_S), STEP_S):
        a, b = bisect.bisect(outlet.times, now - STEP_S), bisect.bisect(outlet.times, now)
        new = (
            [START + timedelta(seconds=t) for t in outlet.times[a:b]]
            if now < ALIVE_DAYS * DAY_S
            else []
        )
        at = START + timedelta(seconds=now)
        rhythm = next_rhythm(rhythm, new, outlet.listed, at)
        if now % 3600 == 0:
            silent = outlook([rhythm], at).sight is Sight.SILENT
            if silent and not raised:
                yield now
            raised = silent
