"""Delivery modes and quiet hours by the wall clocks of zones that jump, skip and repeat."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.hours import Held, Hold, Mode, Pace, Quiet, hold, is_silent, moment, read_time

YEREVAN = ZoneInfo("Asia/Yerevan")  # UTC+4, no daylight saving
BERLIN = ZoneInfo("Europe/Berlin")  # 2026: forward on 29 March at 1:00 UTC, back on 25 October
ZONES = [
    ZoneInfo(name)
    for name in (
        "Asia/Yerevan",
        "Europe/Berlin",
        "Europe/Kyiv",
        "America/New_York",
        "Asia/Kathmandu",  # UTC+5:45
        "Australia/Lord_Howe",  # jumps by half an hour
        "Africa/Casablanca",  # four jumps a year, around Ramadan
        "Pacific/Apia",  # left 30 December 2011 out
    )
]
INSTANT, HOURLY = Mode(), Mode(Pace.HOURLY)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def daily(text):
    return Mode(Pace.DAILY, read_time(text))


@pytest.mark.parametrize(
    ("typed", "mode"),
    [
        ("instant", INSTANT),
        ("hourly", HOURLY),
        ("Daily 8:30", daily("8:30")),
        ("daily 8", daily("8:00")),
        ("8.30", None),  # a bare number may be that of a watch
        ("8:30", daily("8:30")),
        ("daily", None),
        ("daily 24:00", None),
        ("daily 8:60", None),
        ("hourly 8:30", None),
        ("weekly", None),
        ("", None),
    ],
)
def test_a_delivery_mode_is_read_as_it_is_typed(typed, mode):
    assert Mode.parse(typed) == mode


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("22:00-7:00", "22:00-7:00"),
        ("22-7", "22:00-7:00"),
        ("22.30 – 06.05", "22:30-6:05"),
        ("13:00-14:00 silent", "13:00-14:00 silent"),
        ("22-7 held", "22:00-7:00"),
        ("7:00-7:00", None),
        ("25-7", None),
        ("22", None),
        ("22-7-9", None),
        ("night", None),
    ],
)
def test_quiet_hours_are_read_as_they_are_typed(typed, printed):
    quiet = Quiet.parse(typed)
    assert (str(quiet) if quiet else None) == printed


@given(st.builds(Quiet, st.times(), st.times(), st.booleans()))
def test_what_is_stored_is_read_back_to_the_minute(quiet):
    start, end = (t.replace(second=0, microsecond=0) for t in (quiet.start, quiet.end))
    if start != end:
        assert Quiet.parse(str(quiet)) == Quiet(start, end, quiet.silent)
    assert Mode.parse(str(Mode(Pace.DAILY, start))) == Mode(Pace.DAILY, start)


@pytest.mark.parametrize(
    ("quiet", "zone", "at", "ends"),
    [
        pytest.param("22-7", YEREVAN, "2026-11-25 18:00", "2026-11-26 03:00", id="at its start"),
        pytest.param("22-7", YEREVAN, "2026-11-25 17:59", None, id="just before"),
        pytest.param("22-7", YEREVAN, "2026-11-26 02:59", "2026-11-26 03:00", id="after midnight"),
        pytest.param("22-7", YEREVAN, "2026-11-26 03:00", None, id="at its end"),
        pytest.param("13-14", YEREVAN, "2026-11-25 09:30", "2026-11-25 10:00", id="within a day"),
        pytest.param("0-6", YEREVAN, "2026-11-25 20:00", "2026-11-26 02:00", id="from midnight"),
        pytest.param("18-0", YEREVAN, "2026-11-25 19:00", "2026-11-25 20:00", id="to midnight"),
        pytest.param("22-7", BERLIN, "2026-03-28 22:00", "2026-03-29 05:00", id="an hour shorter"),
        pytest.param("22-7", BERLIN, "2026-10-24 21:00", "2026-10-25 06:00", id="an hour longer"),
        pytest.param("22-2:30", BERLIN, "2026-03-29 00:59", "2026-03-29 01:00", id="ends in a gap"),
        pytest.param("2:30-7", BERLIN, "2026-03-29 01:00", "2026-03-29 05:00", id="begins in one"),
        pytest.param("2:10-2:50", BERLIN, "2026-03-29 01:00", None, id="all of it in a gap"),
        pytest.param("22-2:30", BERLIN, "2026-10-25 00:29", "2026-10-25 00:30", id="ends twice"),
        pytest.param("22-2:30", BERLIN, "2026-10-25 01:15", None, id="not again an hour later"),
        pytest.param("2:30-7", BERLIN, "2026-10-25 01:15", "2026-10-25 06:00", id="begins twice"),
    ],
)
def test_quiet_hours_end_by_the_wall_clock(quiet, zone, at, ends):
    found = Quiet.parse(quiet).ends(utc(at), zone)
    assert found == (utc(ends) if ends else None)


@pytest.mark.parametrize(
    ("mode", "zone", "since", "due"),
    [
        pytest.param(INSTANT, YEREVAN, "2026-11-25 09:17", "2026-11-25 09:17", id="at once"),
        pytest.param(HOURLY, YEREVAN, "2026-11-25 09:17", "2026-11-25 10:00", id="whole hour"),
        pytest.param(HOURLY, YEREVAN, "2026-11-25 09:00", "2026-11-25 10:00", id="the next one"),
        pytest.param(HOURLY, ZONES[4], "2026-11-25 09:17", "2026-11-25 10:15", id="UTC+5:45"),
        pytest.param(daily("8:30"), YEREVAN, "2026-11-25 04:29", "2026-11-25 04:30", id="today"),
        pytest.param(daily("8:30"), YEREVAN, "2026-11-25 04:30", "2026-11-26 04:30", id="tomorrow"),
        pytest.param(daily("8:30"), BERLIN, "2026-03-28 12:00", "2026-03-29 06:30", id="23 hours"),
        pytest.param(daily("8:30"), BERLIN, "2026-10-24 12:00", "2026-10-25 07:30", id="25 hours"),
        pytest.param(daily("2:30"), BERLIN, "2026-03-28 12:00", "2026-03-29 01:00", id="left out"),
        pytest.param(daily("2:30"), BERLIN, "2026-10-24 12:00", "2026-10-25 00:30", id="first"),
        pytest.param(
            daily("2:30"), BERLIN, "2026-10-25 00:45", "2026-10-26 01:30", id="not the second"
        ),
        pytest.param(
            daily("9:00"), ZONES[7], "2011-12-29 20:00", "2011-12-30 10:00", id="no such day"
        ),
    ],
)
def test_a_digest_is_due_by_the_wall_clock(mode, zone, since, due):
    assert mode.due(utc(since), zone) == utc(due)


@pytest.mark.parametrize(
    ("modes", "quiet", "raised", "now", "expected"),
    [
        pytest.param([INSTANT], None, "09:00", "09:00", None, id="instant"),
        pytest.param([HOURLY, INSTANT], None, "09:00", "09:00", None, id="most urgent watch"),
        pytest.param(
            [HOURLY, daily("8:30")], None, "09:10", "09:10", (Held.HOURLY, "10:00"), id="sooner"
        ),
        pytest.param([INSTANT], "12-14", "09:00", "09:00", (Held.QUIET, "10:00"), id="quiet"),
        pytest.param([INSTANT], "12-14 silent", "09:00", "09:00", None, id="silent is not held"),
        pytest.param([HOURLY], "13-15", "08:10", "08:10", (Held.QUIET, "11:00"), id="due in quiet"),
        pytest.param([HOURLY], "12-14", "09:10", "09:10", (Held.HOURLY, "10:00"), id="both end"),
        pytest.param([HOURLY], None, "05:10", "09:30", (Held.HOURLY, "09:30"), id="missed"),
        pytest.param([INSTANT], None, "05:10", "09:30", None, id="missed, instant"),
    ],
)
def test_an_alert_is_held_as_its_watches_and_its_chat_want(modes, quiet, raised, now, expected):
    found = hold(
        modes,
        Quiet.parse(quiet) if quiet else None,
        YEREVAN,
        raised_at=utc(f"2026-11-25 {raised}"),
        now=utc(f"2026-11-25 {now}"),
    )
    assert found == (expected and Hold(expected[0], utc(f"2026-11-25 {expected[1]}")))


def test_what_is_sent_in_silent_quiet_hours_makes_no_sound():
    silent, held = Quiet.parse("22-7 silent"), Quiet.parse("22-7")
    night, noon = utc("2026-11-25 20:00"), utc("2026-11-25 08:00")
    assert is_silent(silent, YEREVAN, night)
    assert not is_silent(silent, YEREVAN, noon)
    assert not is_silent(held, YEREVAN, night)
    assert not is_silent(None, YEREVAN, night)


# Properties, over years with all their jumps.

moments = st.integers(0, 26 * 366 * 86_400).map(lambda s: utc("2011-01-01") + timedelta(seconds=s))
zones = st.sampled_from(ZONES)
times = st.times().map(lambda t: t.replace(second=0, microsecond=0))


@given(times, zones, moments)
def test_a_daily_digest_comes_after_what_is_in_it_and_within_a_day_or_so(at, zone, since):
    due = Mode(Pace.DAILY, at).due(since, zone)
    assert since < due <= since + timedelta(hours=49)  # Apia's missing day
    wall = due.astimezone(zone).replace(tzinfo=None)
    assert wall.time() == at or moment(wall.date(), at, zone) == due or _jumps(due, zone)


@given(zones, moments)
def test_an_hourly_digest_comes_within_the_hour(zone, since):
    assert since < HOURLY.due(since, zone) <= since + timedelta(hours=1)


@given(times, times, zones, moments)
def test_at_the_end_of_quiet_hours_they_are_over(start, end, zone, at):
    assume(start != end)
    quiet = Quiet(start, end)
    over = quiet.ends(at, zone)
    if over is not None:
        assert at < over <= at + timedelta(hours=49)
        assert quiet.ends(over, zone) is None
        assert quiet.ends(over - timedelta(seconds=1), zone) == over


@given(times, times, zones, moments)
def test_quiet_hours_are_those_the_clock_shows_but_for_days_when_it_jumps(start, end, zone, at):
    assume(start != end)
    assume(not any(_jumps(at + timedelta(hours=h), zone) for h in range(-48, 49, 2)))
    shown = at.astimezone(zone).time()
    within = start <= shown < end if start < end else shown >= start or shown < end
    assert (Quiet(start, end).ends(at, zone) is not None) == within


@given(times, zones, moments)
def test_the_moment_of_a_time_of_day_never_goes_back(at, zone, since):
    day = since.date()
    assert moment(day, at, zone) <= moment(day, time(23, 59), zone)
    assert moment(day, at, zone) < moment(day + timedelta(days=2), at, zone)


def _jumps(at, zone):
    before, after = (at + timedelta(hours=h) for h in (-1, 1))
    return before.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset()
