"""When feeds are polled: often where news is, seldom where there is none, and never blindly."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain import schedule
from bot.domain.outlet import Changed, Entry, Failure, FailureKind, Feed, FeedKind, Unchanged
from bot.domain.rhythm import Rhythm
from bot.domain.schedule import PollRules, plan_poll, prepare_poll, retry_delivery_at

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULES = PollRules(min_interval_s=120, max_interval_s=3600, polls_per_minute=60)
FEED = Feed(1, 1, "Outlet", "https://outlet.example/rss", FeedKind.FEED, "en", "GB")


def entries(count, *, every_h=1.0, now=NOW):
    return tuple(
        Entry(f"u{n}", "t", published_at=now - timedelta(hours=n * every_h)) for n in range(count)
    )


def polled(feed=FEED, reading=None, *, new=(), now=NOW, rules=RULES, pace=120.0, chance=0.5):
    reading = Changed(entries(30)) if reading is None else reading
    return plan_poll(feed, reading, new=list(new), now=now, rules=rules, pace=pace, chance=chance)


def known(feed=FEED, **changes):
    """Return a feed after its first poll."""
    plan = polled(feed)
    return replace(feed, first_polled_at=NOW, rhythm=replace(plan.rhythm, **changes))


def wait_s(plan, now=NOW):
    return (plan.due_at - now).total_seconds()


def test_a_busy_feed_is_asked_more_often_than_a_quiet_one():
    busy = polled(reading=Changed(entries(60, every_h=0.25)))
    quiet = polled(reading=Changed(entries(30, every_h=24)))
    assert 120 <= wait_s(busy) < wait_s(quiet) <= 3600


def test_no_feed_is_asked_more_often_than_the_rules_allow():
    assert wait_s(polled(reading=Changed(entries(200, every_h=0.01)))) >= 120


def test_a_feed_of_which_nothing_is_known_is_asked_within_the_hour():
    assert wait_s(polled(reading=Changed(()))) <= 3600


def test_an_entry_is_seen_three_times_before_it_leaves_the_feed():
    fast_and_short = Changed(entries(10, every_h=0.05))  # ten entries in half an hour
    rules = PollRules(min_interval_s=1, max_interval_s=3600)
    assert (
        wait_s(polled(reading=fast_and_short, pace=100_000, rules=rules))
        <= 10 * 0.05 * 3600 / 3 * 1.1
    )


def test_what_the_feed_asks_for_raises_the_interval_but_not_past_the_cap():
    plain = wait_s(polled())
    assert wait_s(polled(reading=Changed(entries(30), hint_s=1800))) == 1800 > plain
    assert wait_s(polled(reading=Changed(entries(30), hint_s=10**6))) == 3600
    assert wait_s(polled(reading=Changed(entries(30), hint_s=1))) == plain


def test_polls_of_one_minute_do_not_stay_together():
    early, late = wait_s(polled(chance=0.0)), wait_s(polled(chance=1.0))
    assert late / early == pytest.approx(1.05 / 0.95)


def test_equal_bounds_make_a_fixed_interval():
    fixed = PollRules(min_interval_s=1, max_interval_s=1)
    assert wait_s(polled(rules=fixed)) == 1
    assert wait_s(polled(reading=Unchanged(), rules=fixed)) == 1


def test_the_budget_is_spent_and_not_overspent():
    rhythms = [polled(reading=Changed(entries(30, every_h=h))).rhythm for h in (0.3, 1, 3, 9)] * 100
    rules = PollRules(polls_per_minute=40)
    pace = schedule.pace(rhythms, NOW, rules)
    day = [NOW + timedelta(hours=h) for h in range(0, 24, 3)]
    per_minute = (
        sum(60 / schedule.interval_s(r, at, rules, pace) for r in rhythms for at in day) / 8
    )
    assert per_minute == pytest.approx(40, rel=0.01)


def test_a_budget_left_over_is_no_reason_to_bother_an_outlet():
    quiet = polled(reading=Changed(entries(30, every_h=25))).rhythm
    pace = schedule.pace([quiet], NOW, PollRules(polls_per_minute=10_000))
    assert schedule.interval_s(quiet, NOW, RULES, pace) > 4 * RULES.min_interval_s


def test_a_budget_nobody_can_keep_ends_at_the_longest_interval():
    rhythms = [polled(reading=Changed(entries(300))).rhythm] * 1000
    pace = schedule.pace(rhythms, NOW, PollRules(polls_per_minute=1))
    assert schedule.interval_s(rhythms[0], NOW, RULES, pace) == RULES.max_interval_s


class TestFailures:
    def fail(self, feed, kind, *, times=1, retry_after_s=None):
        for _ in range(times):
            plan = polled(feed, Failure(kind, "x", retry_after_s))
            feed = replace(feed, rhythm=plan.rhythm)
        return plan

    def test_a_hard_failure_doubles_the_interval_and_a_passing_one_hardly_touches_it(self):
        normal = wait_s(polled(known(), Unchanged()))
        assert wait_s(self.fail(known(), FailureKind.NOT_FOUND)) == pytest.approx(
            2 * normal, rel=0.01
        )
        assert wait_s(self.fail(known(), FailureKind.TIMEOUT)) == pytest.approx(
            1.19 * normal, rel=0.01
        )

    def test_failures_add_up_to_a_day_and_no_feed_is_given_up(self):
        plan = self.fail(known(), FailureKind.GONE, times=40)
        assert wait_s(plan) == pytest.approx(86_400, rel=0.06)

    @pytest.mark.parametrize("kind", FailureKind)
    def test_every_failure_has_a_weight(self, kind):
        assert 0 <= self.fail(known(), kind).rhythm.score <= 1

    def test_three_hard_failures_open_the_breaker(self):
        assert not schedule.is_open(self.fail(known(), FailureKind.DNS, times=3).rhythm)
        assert schedule.is_open(self.fail(known(), FailureKind.TLS, times=3).rhythm)

    def test_one_answer_half_closes_the_breaker_and_the_next_closes_it(self):
        down = replace(known(), rhythm=self.fail(known(), FailureKind.TLS, times=5).rhythm)
        half = polled(down, Unchanged()).rhythm
        assert not schedule.is_open(half)
        assert schedule.is_open(self.fail(replace(down, rhythm=half), FailureKind.TLS).rhythm)
        assert polled(replace(down, rhythm=half), Unchanged()).rhythm.score == 0

    def test_retry_after_is_kept_to(self):
        assert wait_s(self.fail(known(), FailureKind.TOO_MANY, retry_after_s=7200)) == 7200

    def test_an_unasked_feed_is_not_blamed(self):
        plan = self.fail(known(), FailureKind.HELD, times=5, retry_after_s=900)
        assert plan.rhythm.score == 0
        assert wait_s(plan) == 900

    def test_a_feed_that_others_were_before_is_back_when_its_turn_comes(self):
        assert wait_s(self.fail(known(), FailureKind.HELD, retry_after_s=30)) == 30
        assert wait_s(self.fail(known(), FailureKind.HELD)) > 60  # nobody said when

    def test_the_rhythm_survives_a_failure(self):
        before = known()
        assert self.fail(before, FailureKind.TIMEOUT).rhythm.entries == before.rhythm.entries


VALIDATORS = {"etag": '"a"', "last_modified": "Mon, 23 Nov 2026 10:00:00 GMT"}


class TestLying304:
    def test_validators_are_sent_while_they_are_believed(self):
        feed = replace(known(), **VALIDATORS)
        assert prepare_poll(feed, NOW + timedelta(hours=2), chance=0.5) == feed

    def test_after_a_day_without_change_the_feed_is_asked_outright(self):
        feed = replace(known(), **VALIDATORS)
        asked = prepare_poll(feed, NOW + timedelta(hours=25), chance=0.5)
        assert (asked.etag, asked.last_modified) == (None, None)

    def test_in_doubt_the_body_is_read_again_and_after_a_lie_only_asked_for(self):
        feed = replace(known(), body_hash="abc", **VALIDATORS)
        assert prepare_poll(feed, NOW + timedelta(hours=25), chance=0.5).body_hash is None
        assert prepare_poll(feed, NOW, chance=0.01).body_hash is None
        caught = replace(feed, rhythm=replace(feed.rhythm, lies=True))
        assert prepare_poll(caught, NOW, chance=0.5).body_hash == "abc"

    def test_a_quiet_feed_may_stay_unchanged_for_five_of_its_gaps(self):
        plan = polled(reading=Changed(entries(30, every_h=24)))
        feed = replace(FEED, first_polled_at=NOW, rhythm=plan.rhythm, **VALIDATORS)
        assert prepare_poll(feed, NOW + timedelta(hours=48), chance=0.5).etag
        assert not prepare_poll(feed, NOW + timedelta(hours=24 * 8), chance=0.5).etag

    def test_two_polls_in_a_hundred_are_unconditional(self):
        feed = replace(known(), **VALIDATORS)
        asked = [prepare_poll(feed, NOW, chance=n / 1000).etag for n in range(1000)]
        assert asked.count(None) == 20

    def test_news_under_old_validators_is_a_lie_that_is_remembered(self):
        feed = replace(known(), **VALIDATORS)
        plan = polled(feed, Changed(entries(30), **VALIDATORS), new=[NOW])
        assert plan.caught_lying
        caught = replace(feed, rhythm=plan.rhythm)
        assert prepare_poll(caught, NOW, chance=0.5).etag is None

    def test_news_under_new_validators_is_no_lie(self):
        feed = replace(known(), **VALIDATORS)
        assert not polled(feed, Changed(entries(30), etag='"b"'), new=[NOW]).caught_lying

    def test_a_body_that_changed_without_news_is_no_lie(self):
        feed = replace(known(), **VALIDATORS)
        assert not polled(feed, Changed(entries(30), **VALIDATORS)).caught_lying


class TestMoves:
    NEW = "https://new.example/rss"

    def test_a_permanent_redirect_seen_three_times_moves_the_feed(self):
        feed = known()
        moves = []
        for _ in range(3):
            plan = polled(feed, Changed(entries(30), moved_to=self.NEW))
            moves.append(plan.move_to)
            feed = replace(feed, rhythm=plan.rhythm)
        assert moves == [None, None, self.NEW]

    def test_a_redirect_that_changes_its_mind_moves_nothing(self):
        feed = known()
        for target in (self.NEW, "https://other.example/", self.NEW, ""):
            plan = polled(feed, Changed(entries(30), moved_to=target or None))
            feed = replace(feed, rhythm=plan.rhythm)
            assert plan.move_to is None


def test_a_window_overrun_while_we_were_down_is_told():
    feed = known()
    later = NOW + timedelta(hours=60)
    fresh = entries(30, every_h=1, now=later)
    plan = polled(feed, Changed(fresh), new=[e.published_at for e in fresh], now=later)
    assert 15 <= plan.missed <= 45  # some thirty entries came and went


def test_what_was_missed_is_known_for_a_day_whatever_comes_after():
    later = NOW + timedelta(hours=60)
    fresh = entries(30, every_h=1, now=later)
    plan = polled(known(), Changed(fresh), new=[e.published_at for e in fresh], now=later)
    feed = replace(known(), rhythm=plan.rhythm)
    soon = later + timedelta(hours=1)
    after = polled(feed, Changed(fresh), new=[soon], now=soon)
    assert after.missed == 0
    assert after.rhythm.missed_lately(soon) == plan.missed
    assert after.rhythm.missed_lately(later + timedelta(hours=25)) == 0


def test_nothing_was_missed_while_one_entry_is_still_known():
    feed = known()
    later = NOW + timedelta(hours=60)
    fresh = entries(30, now=later)
    plan = polled(feed, Changed(fresh), new=[e.published_at for e in fresh[:-1]], now=later)
    assert plan.missed == 0


def test_a_feed_learns_from_every_poll():
    feed = replace(FEED, first_polled_at=NOW, rhythm=Rhythm())
    for hour in range(48):
        now = NOW + timedelta(hours=hour)
        plan = polled(feed, Changed(entries(30, now=now)), new=[now, now], now=now)
        feed = replace(feed, rhythm=plan.rhythm)
    assert feed.rhythm.rate_per_h == pytest.approx(2, rel=0.5)


class TestDelivery:
    def test_waits_grow_to_half_an_hour(self):
        waits = [(retry_delivery_at(NOW, attempts=n) - NOW).total_seconds() for n in (1, 2, 3, 50)]
        assert waits == [2, 4, 8, 1800]

    def test_telegrams_own_wish_is_kept_to(self):
        at = retry_delivery_at(NOW, attempts=1, retry_after_s=33)
        assert at == NOW + timedelta(seconds=33)
