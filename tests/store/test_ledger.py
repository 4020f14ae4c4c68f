"""The log as it is read: every filter finds what it must, pages meet without gap, indexes serve all of it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.store import filters, ledger
from bot.store.engine import Store
from bot.store.filters import STEPS, Filters, newest_id
from tests.full_log import (
    COUNTRIES,
    LANGUAGES,
    START,
    STEP_S,
    WORDS,
    Size,
    filled,
    new_database,
    plans,
    unindexed,
)

SIZE = Size()
HOUR = timedelta(hours=1)


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def full(request, tmp_path_factory) -> Iterator[Store]:
    """Return a filled database of each kind, made once: no test here changes it."""
    if request.param == "sqlite":
        store = filled(f"sqlite:///{tmp_path_factory.mktemp('log') / 'outpost.db'}", SIZE)
    else:
        server = request.getfixturevalue("postgres_server")
        store = filled(new_database(server), SIZE)
    yield store
    store.close()


def walk(store: Store, filters: Filters, *, limit: int = 50) -> list[ledger.Line]:
    """Return all lines, page by page."""
    lines: list[ledger.Line] = []
    before = None
    for _ in range(1_000):
        page = store.call(ledger.read_log, filters, before=before, limit=limit)
        lines += page.lines
        if page.older is None:
            return lines
        before = page.older
    raise AssertionError("the pages do not end")


def watch_of(article: int) -> int:
    return 1 + article % SIZE.watches


def owner_of(article: int) -> int:
    return 1 + watch_of(article) % SIZE.subscribers


def outlet_of(article: int) -> int:
    return 1 + article % SIZE.outlets


def outcome_of(article: int) -> str:
    return "copy" if article % 3 == 0 else "held" if article % 50 == 7 else "told"


ALL = range(SIZE.articles, 0, -1)
CASES = [
    pytest.param(Filters(), lambda i: True, id="everything"),
    pytest.param(Filters(subscriber_id=3), lambda i: owner_of(i) == 3, id="subscriber"),
    pytest.param(Filters(outlet_id=7), lambda i: outlet_of(i) == 7, id="outlet"),
    pytest.param(Filters(watch_id=5), lambda i: watch_of(i) == 5, id="watch"),
    pytest.param(
        Filters(country="ge"), lambda i: COUNTRIES[outlet_of(i) % 7] == "GE", id="country"
    ),
    pytest.param(
        Filters(language="uk"), lambda i: LANGUAGES[outlet_of(i) % 7] == "uk", id="language"
    ),
    pytest.param(Filters(outcome="copy"), lambda i: outcome_of(i) == "copy", id="outcome"),
    pytest.param(Filters(outcome="excluded"), lambda i: False, id="an outcome nothing has"),
    pytest.param(Filters(country="XX"), lambda i: False, id="a country nothing is from"),
    pytest.param(
        Filters(text="REPORT լաչին"), lambda i: WORDS[i % 7] == "Լաչին", id="words, blind to case"
    ),
    pytest.param(Filters(text="%"), lambda i: False, id="a wildcard is a letter"),
    pytest.param(
        Filters(since=START + HOUR, until=START + 2 * HOUR),
        lambda i: 3600 <= i * STEP_S + 5 < 7200,
        id="time",
    ),
    pytest.param(
        Filters(subscriber_id=3, outcome="told", text="tariff"),
        lambda i: owner_of(i) == 3 and outcome_of(i) == "told" and WORDS[i % 7] == "tariff",
        id="three at once",
    ),
    pytest.param(
        Filters(watch_id=5, outcome="copy"),
        lambda i: watch_of(i) == 5 and outcome_of(i) == "copy",
        id="watch and outcome",
    ),
    pytest.param(
        Filters(country="AM", since=START + HOUR),
        lambda i: COUNTRIES[outlet_of(i) % 7] == "AM" and i * STEP_S + 5 >= 3600,
        id="country and time",
    ),
]


@pytest.mark.parametrize(("filters", "kept"), CASES)
def test_a_filter_finds_all_of_its_lines_and_no_other_across_pages(full, filters, kept):
    found = [line.article_id for line in walk(full, filters)]
    assert found == [i for i in ALL if kept(i)]


@pytest.mark.parametrize(("filters", "kept"), CASES)
def test_every_query_of_the_log_is_served_by_an_index(full, filters, kept):
    def look(tx):
        return [
            line
            for before in (None, 900)
            for plan in plans(tx, ledger.read_log, filters, before=before)
            for line in unindexed(plan, dialect=full.dialect)
        ]

    assert full.call(look) == []


def test_a_rare_word_ends_a_page_at_its_bound_and_the_search_goes_on(full, monkeypatch):
    monkeypatch.setattr(filters, "SCAN", 100)
    monkeypatch.setattr(filters, "FIRST", 100)
    rare = Filters(text="Report 2222")
    page = full.call(ledger.read_log, rare)
    assert not page.lines
    assert not page.complete
    assert page.searched_to == START + timedelta(
        seconds=(SIZE.articles - 100 * STEPS + 1) * STEP_S + 5
    )
    assert 2222 in [line.article_id for line in walk(full, rare)]


def test_a_line_tells_what_the_chat_shows_by_now(full):
    lines = {line.article_id: line for line in walk(full, Filters())}
    assert lines[1].state == "told"
    assert lines[7].state == "held"
    assert lines[8].state == "failed"
    assert lines[3].state == "copy"
    assert lines[3].copy_of == 2
    assert lines[3].reason == {"watches": [watch_of(3)]}


def new_lines(store, filters, *, after, **limit):
    """Return what a page lacks that shows all up to a line."""
    shown = store.call(ledger.known_before, after)
    return store.call(ledger.read_new, filters, after=after, shown=shown, **limit)


def test_what_is_new_since_a_line_comes_once_and_in_order(full):
    newest = full.call(newest_id)
    lines, upto = new_lines(full, Filters(outcome="copy"), after=newest - 30)
    assert upto == newest
    assert [line.id for line in lines] == [i for i in range(newest - 29, newest + 1) if i % 3 == 0]
    assert new_lines(full, Filters(), after=newest) == ([], newest)
    watch = watch_of(newest)
    of_watch, _ = new_lines(full, Filters(watch_id=watch), after=newest - 30)
    assert [line.id for line in of_watch] == [newest]


def test_a_live_page_comes_past_what_its_filters_keep_out(full, monkeypatch):
    monkeypatch.setattr(ledger, "SCAN", 100)
    newest = full.call(newest_id)
    wanted, at, found = Filters(text=f"Report {newest} "), newest - 350, []
    for _ in range(4):
        lines, at = new_lines(full, wanted, after=at)
        found += [line.id for line in lines]
    assert found == [newest]


def test_more_new_lines_than_a_page_takes_come_in_turns(full):
    newest = full.call(newest_id)
    first, at = new_lines(full, Filters(), after=newest - 30, limit=20)
    rest, end = new_lines(full, Filters(), after=at, limit=20)
    ids = [line.id for line in (*first, *rest)]
    assert (ids, end) == (list(range(newest - 29, newest + 1)), newest)


def test_a_line_that_is_committed_after_later_ones_comes_late_and_once(full):
    newest = full.call(newest_id)
    late = newest - 10
    shown = full.call(ledger.known_before, newest) - {late}  # it was under way
    lines, at = full.call(ledger.read_new, Filters(), after=newest, shown=shown)
    assert ([line.id for line in lines], at) == ([late], newest)
    assert full.call(ledger.read_new, Filters(), after=at, shown=shown | {late}) == ([], newest)
