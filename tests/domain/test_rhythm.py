"""What is learned of a feed, and when its silence is worth a notice."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.rhythm import (
    Notice,
    Outlook,
    Rhythm,
    Sight,
    expected_entries,
    first_rhythm,
    next_rhythm,
    notice,
    outlook,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def hours(count):
    return timedelta(hours=count)


def daytime_feed(days=14, *, per_hour=2, until=NOW):
    """Return the rhythm of an outlet that publishes from 6 to 18 UTC, polled every hour."""
    rhythm = first_rhythm([], 30, until - hours(24 * days))
    for n in range(24 * days, -1, -1):
        at = until - hours(n)
        rhythm = next_rhythm(rhythm, [at] * (per_hour if 6 <= at.hour < 18 else 0), 30, at)
    return rhythm


def polled_in_vain(rhythm, until, *, start=NOW):
    """Return the rhythm after hourly polls that brought nothing."""
    at = start
    while at < until:
        at += hours(1)
        rhythm = next_rhythm(rhythm, [], 30, at)
    return rhythm


def test_the_first_reading_is_a_history_already():
    dates = [NOW - hours(n / 2) for n in range(60)]
    assert first_rhythm(dates, 60, NOW).rate_per_h == pytest.approx(2, rel=0.35)


def test_old_counts_fade():
    rhythm = first_rhythm([NOW - hours(n / 2) for n in range(200)], 60, NOW)
    later = polled_in_vain(rhythm, NOW + hours(24 * 10))
    assert later.rate_per_h < rhythm.rate_per_h / 4


def test_the_hours_of_the_day_are_learned():
    rhythm = daytime_feed()
    noon, midnight = (NOW.replace(hour=h) for h in (12, 0))
    assert rhythm.rate_at(noon) > 3 * rhythm.rate_at(midnight)
    assert rhythm.rate_at(noon) == pytest.approx(2, rel=0.4)


def test_what_is_learned_survives_json():
    rhythm = replace(
        daytime_feed(), hint_s=60, moved_to="https://x.example/", lies=True, failing_since=NOW
    )
    kept = Rhythm.from_json(json.loads(json.dumps(rhythm.to_json())))
    assert kept.rate_at(NOW) == pytest.approx(rhythm.rate_at(NOW), rel=0.001)
    exact = (
        "counted_at",
        "new_at",
        "listed",
        "hint_s",
        "moved_to",
        "lies",
        "failing_since",
        "known",
    )
    assert {n: getattr(kept, n) for n in exact} == {n: getattr(rhythm, n) for n in exact}


def test_json_of_nothing_and_of_a_later_version_are_read():
    assert Rhythm.from_json(None) == Rhythm.from_json({}) == Rhythm()
    assert Rhythm.from_json({"mood": "good", "listed": 3}).listed == 3
    assert Rhythm().to_json() == {}


class TestSilence:
    def test_an_outlet_that_publishes_is_seen(self):
        assert outlook([daytime_feed()], NOW) == Outlook(Sight.SEEN)

    def test_half_a_working_day_without_news_is_noticed(self):
        at = NOW.replace(hour=7) + hours(0)
        rhythm = daytime_feed(until=at)
        silent = polled_in_vain(rhythm, at + hours(9), start=at)
        # the longest normal gap is the night's twelve hours, and two of those must pass
        assert outlook([silent], at + hours(9)).sight is Sight.SEEN
        silent = polled_in_vain(rhythm, at + hours(30), start=at)
        assert outlook([silent], at + hours(30)) == Outlook(Sight.SILENT, rhythm.new_at)

    def test_a_feed_of_every_hour_is_missed_within_hours(self):
        rhythm = first_rhythm([NOW - hours(n / 3) for n in range(330)], 90, NOW)
        assert outlook([polled_in_vain(rhythm, NOW + hours(2))], NOW + hours(2)).sight is Sight.SEEN
        assert (
            outlook([polled_in_vain(rhythm, NOW + hours(7))], NOW + hours(7)).sight is Sight.SILENT
        )

    def test_the_night_is_no_silence(self):
        evening = NOW.replace(hour=18)
        rhythm = daytime_feed(until=evening)
        morning = evening + hours(12)
        assert (
            outlook([polled_in_vain(rhythm, morning, start=evening)], morning).sight is Sight.SEEN
        )

    def test_a_weekly_paper_may_be_silent_for_a_week(self):
        rhythm = first_rhythm([NOW - hours(24 * 7 * n) for n in range(10)], 10, NOW)
        assert (
            outlook([polled_in_vain(rhythm, NOW + hours(24 * 6))], NOW + hours(24 * 6)).sight
            is Sight.SEEN
        )

    def test_a_long_silence_does_not_excuse_itself(self):
        rhythm = first_rhythm([NOW - hours(n / 3) for n in range(330)], 90, NOW)
        for days in (1, 7, 30):
            at = NOW + hours(24 * days)
            assert outlook([polled_in_vain(rhythm, at)], at).sight is Sight.SILENT

    def test_one_feed_that_speaks_is_enough(self):
        silent = polled_in_vain(
            first_rhythm([NOW - hours(n / 3) for n in range(330)], 90, NOW), NOW + hours(9)
        )
        speaking = replace(silent, new_at=NOW + hours(8.5))
        assert outlook([silent, speaking], NOW + hours(9)).sight is Sight.SEEN

    def test_an_outlet_that_never_brought_anything_raises_no_notice(self):
        assert outlook([first_rhythm([], 0, NOW)], NOW + hours(1000)).sight is Sight.SEEN
        assert outlook([], NOW).sight is Sight.SEEN

    def test_the_hours_of_silence_are_whole(self):
        assert Outlook(Sight.SILENT, NOW - hours(9.7)).hours(NOW) == 9
        assert Outlook(Sight.SEEN).hours(NOW) == 0

    def test_no_time_no_expectation(self):
        assert expected_entries(daytime_feed(), NOW, NOW) == 0

    def test_a_feed_hardly_known_is_given_a_day(self):
        rhythm = first_rhythm([NOW - hours(n / 3) for n in range(60)], 60, NOW)
        for silent_h, sight in ((12, Sight.SEEN), (25, Sight.SILENT)):
            at = NOW + hours(silent_h)
            assert outlook([polled_in_vain(rhythm, at)], at).sight is sight

    def test_our_own_absence_is_no_outlets_silence(self):
        rhythm = first_rhythm([NOW - hours(n / 3) for n in range(330)], 90, NOW)
        assert outlook([rhythm], NOW + hours(48)).sight is Sight.SEEN


NOTICES = [
    (Sight.SEEN, Sight.SEEN, None),
    (Sight.SEEN, Sight.SILENT, Notice.LOST),
    (Sight.SEEN, Sight.FAILING, Notice.LOST),
    (Sight.SILENT, Sight.SILENT, None),
    (Sight.SILENT, Sight.FAILING, None),
    (Sight.FAILING, Sight.SEEN, Notice.BACK),
]


@pytest.mark.parametrize(("told", "seen", "said"), NOTICES)
def test_one_notice_when_sight_is_lost_and_one_when_it_is_back(told, seen, said):
    assert notice(told, Outlook(seen, NOW)) is said


class TestFailing:
    def failing(self, *, score=2.0, since=NOW - timedelta(hours=2)):
        return replace(daytime_feed(), score=score, failing_since=since)

    def test_an_outlet_whose_feeds_all_fail_is_noticed_after_an_hour(self):
        assert outlook([self.failing()], NOW) == Outlook(Sight.FAILING, NOW - hours(2))
        fresh = self.failing(since=NOW - timedelta(minutes=10))
        assert outlook([fresh], NOW).sight is Sight.SEEN

    def test_a_passing_fault_wakes_nobody(self):
        assert outlook([self.failing(score=0.5)], NOW).sight is Sight.SEEN

    def test_a_notice_stands_until_a_feed_is_read_again(self):
        assert outlook([self.failing(score=0.5)], NOW, alarmed=True).sight is Sight.FAILING
        assert outlook([daytime_feed()], NOW, alarmed=True).sight is Sight.SEEN

    def test_one_feed_that_answers_is_enough(self):
        assert outlook([self.failing(), daytime_feed()], NOW).sight is Sight.SEEN
