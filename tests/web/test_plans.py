"""No page of the console, and no export, reads a big table whole: the plans of all queries say so."""

from datetime import timedelta

import pytest
from starlette.datastructures import QueryParams

from bot.config import Chat
from bot.store import insight, verdicts
from bot.store.console import ConsoleRole, Lifetimes, Session
from bot.store.health import read_rate
from bot.store.weeks import read_weeks
from bot.web import access, health, log, metrics, outlets, quality, story, watches
from bot.web.view import Visit
from tests.full_log import START, Size, filled, new_database, plans, unindexed

SIZE = Size(verdicts=15)
NOW = SIZE.end + timedelta(minutes=1)


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def full(request, tmp_path_factory):
    """Return a filled database of each kind, made once: no test here changes it."""
    if request.param == "sqlite":
        store = filled(f"sqlite:///{tmp_path_factory.mktemp('plans') / 'outpost.db'}", SIZE)
    else:
        store = filled(new_database(request.getfixturevalue("postgres_server")), SIZE)
    yield store
    store.close()


PAGES = {
    "log": (log.show, "country=GE&state=copy&text=x&since=2026-01-01", {}),
    "story": (story.show, "", {"story_id": 2}),
    "outlets": (outlets.show, "", {}),
    "watches": (watches.show, "", {}),
    "watches of one": (watches.show, "subscriber=3", {}),
    "subscribers": (watches.show_subscribers(Chat(), ()), "", {}),
    "quality": (quality.show, "at=0.9", {}),
    "health": (health.show(60), "", {}),
    "access": (access.show(Lifetimes()), "", {}),
    "metrics": (lambda tx, visit: metrics.read_metrics(tx, dict, visit.now), "", {}),
    "verdicts in the chat": (lambda tx, visit: verdicts.precision(tx, limit=5), "", {}),
    "export of the log": (log.export, "state=held", {}),
    "export of a story": (story.export, "", {"story_id": 2}),
    "export of pairs": (quality.export, "at=0.9", {}),
    "export of weeks": (quality.export_weeks, "", {}),
    "export of verdicts": (quality.export_verdicts, "", {}),
    "export of reprints": (quality.export_customs, "", {}),
    "export of watches": (watches.export, "subscriber=3", {}),
    "export of subscribers": (watches.export_subscribers, "", {}),
    "export of outlets": (outlets.export, "trouble=1", {}),
    "export of the audit": (access.export, "", {}),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_served_by_indexes(full, name):
    page, query, path = PAGES[name]
    session = Session(1, 7, "en", "x", "", NOW, NOW)
    visit = Visit(session, ConsoleRole.ADMIN, NOW, QueryParams(query), path)
    found = full.call(plans, page, visit)
    assert found
    assert [x for plan in found for x in unindexed(plan, dialect=full.dialect)] == []


def test_a_week_tells_precision_and_recall_of_its_own_articles(full):
    weeks = full.look(read_weeks, NOW)
    assert [w.start.date().isoformat() for w in weeks] == ["2025-12-29"]
    [week] = weeks
    told = sum(1 for i in range(1, SIZE.articles + 1) if i % 3 and i % 50 != 7)
    assert (week.watches.decided, week.folding.decided) == (min(told, 2_000), 1_000)
    # 15 verdicts, of three kinds in turn.
    assert (week.watches.wrong, week.folding.wrong, week.missed) == (5, 5, 5)
    right = week.watches.decided - 5
    assert week.recall == pytest.approx(right / (right + 5))
    assert week.folding_recall == 1.0


def test_a_watch_is_dead_a_month_after_it_last_fired(full):
    assert full.look(insight.read_dead, NOW) == []
    later = NOW + insight.DEAD_AFTER
    dead = full.look(insight.read_dead, later)
    assert len(dead) == 10
    assert [w.last_at for w in dead] == sorted(w.last_at for w in dead)
    assert all(w.dead(later) for w in dead)


def test_the_rate_is_that_of_the_busiest_second_and_minute(full):
    rate = full.look(read_rate, START + timedelta(seconds=20 * SIZE.articles + 8))
    assert (rate.busiest_second, rate.busiest_minute, rate.slowed) == (1, 3, 0)
    assert rate.last_minute == 4  # one each 20 s, both ends counted
