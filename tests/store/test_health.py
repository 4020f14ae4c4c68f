"""The numbers of the health page: right on a log whose numbers are known, and never by reading it whole."""

from datetime import timedelta

import pytest

from bot.domain.names import Names
from bot.store import health, why
from bot.store.engine import Store
from tests.full_log import Size, filled, new_database, plans, unindexed

SIZE = Size()


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def full(request, tmp_path_factory):
    """Return a filled database of each kind, made once: no test here changes it."""
    if request.param == "sqlite":
        store = filled(f"sqlite:///{tmp_path_factory.mktemp('log') / 'outpost.db'}", SIZE)
    else:
        store = filled(new_database(request.getfixturevalue("postgres_server")), SIZE)
    yield store
    store.close()


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param([], health.Spread(0), id="nothing measured"),
        pytest.param([3.0], health.Spread(1, 3.0, 3.0, 3.0), id="one"),
        pytest.param(range(1, 101), health.Spread(100, 51, 96, 100), id="a hundred"),
    ],
)
def test_a_spread_is_the_middle_and_the_slow_ends(seconds, expected):
    assert health.spread(seconds) == expected


def test_each_step_of_the_lag_is_known(full: Store):
    lags = full.call(health.read_lags)
    assert lags.published_to_seen.median_s == 90
    assert lags.seen_to_matched.p95_s == 5
    assert lags.matched_to_told.p99_s == 3
    assert lags.total.median_s == 98
    times = [at for at, _ in lags.series]
    assert times == sorted(times)


def test_queues_failures_and_size_are_counted(full: Store):
    now = SIZE.end + timedelta(minutes=1)
    found = full.call(health.read_health, now)
    assert found.queues.held == found.queues.failed == SIZE.articles // 50
    assert found.queues.alerts == found.queues.articles == 0
    assert found.queues.feeds_due == found.feeds == SIZE.outlets
    assert found.polls_per_hour == SIZE.outlets * 6
    assert found.database_bytes > 100_000
    assert set(found.deliveries) == {"ok", "refused"}
    assert found.errors[0].detail == "Bad Request: message is too long"
    assert found.errors[0].story_id == found.errors[0].alert_id


def test_no_health_query_reads_a_big_table_whole(full: Store):
    found = full.call(plans, health.read_health, SIZE.end)
    assert len(found) >= 10
    assert [x for plan in found for x in unindexed(plan, dialect=full.dialect)] == []


def test_why_finds_an_article_by_its_address_or_by_words(full: Store):
    by_url = full.call(why.explain_article, "https://o.example/2222", Names.empty())
    by_words = full.call(why.explain_article, "report 2222", Names.empty())
    assert by_url.article is not None
    assert by_words.article is not None
    assert by_url.article.id == by_words.article.id == 2222
    assert [line.outcome for line in by_url.lines] == ["told"]


def test_why_names_the_original_of_a_copy(full: Store):
    found = full.call(why.explain_article, "https://o.example/3", Names.empty())
    assert found.original is not None
    assert found.original.id == 2


def test_why_shows_a_subscriber_their_own_nearest_miss(full: Store):
    found = full.call(why.explain_article, "https://o.example/1", Names.empty(), subscriber_id=9)
    assert not found.lines
    assert found.others == 1
    assert any(near.miss.lacks for near in found.near)
    fires = [near.miss.fires for near in found.near]
    assert fires == sorted(fires, reverse=True)  # one that fires today was set later, or reads anew


def test_why_tells_an_outlet_we_poll_from_one_we_do_not(full: Store):
    polled = full.call(why.explain_article, "https://www.o5.example/unseen", Names.empty())
    assert (polled.article, polled.outlet) == (None, "Outlet 5")
    stranger = full.call(why.explain_article, "https://nobody.example/x", Names.empty())
    assert stranger.outlet == ""
    for odd in ("", "no such words at all", "https://[broken/", "://", "%"):
        assert full.call(why.explain_article, odd, Names.empty()).article is None


def test_no_query_of_why_reads_a_big_table_whole(full: Store):
    for asked in ("https://o.example/1", "report 2222", "https://o5.example/unseen"):
        found = full.call(plans, why.explain_article, asked, Names.empty(), subscriber_id=9)
        assert [x for plan in found for x in unindexed(plan, dialect=full.dialect)] == []
