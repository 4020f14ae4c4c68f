"""Looking back: what the archive knows of a query, and what a new watch would have told."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from bot.adapters.chart import ChartError
from bot.chat.archive import MAX_CHECKED, look_back
from bot.chat.command import Request
from bot.chat.trend import _stacked
from bot.config import Chat, shipped
from bot.domain.errors import UserError
from bot.domain.meaning import compile_query
from bot.domain.model import ChatKind, Subscriber, SubscriberState
from bot.domain.names import load_names
from bot.domain.needles import needle
from bot.domain.query import parse_query
from bot.store import archive, articles, watches
from bot.store.schema import archive as archive_rows
from tests.chat.conftest import CHAT, Asker
from tests.e2e.telegram_html import parse_html
from tests.world import World

NAMES = load_names((shipped("config") / "names.toml").read_text("utf-8"))
STRIKE = (
    "Dockers in the harbour of Port Elva began a strike on Monday, and no ship was unloaded by noon. "
    "The owners said that they would answer the demands of the union on Tuesday, after a meeting of the "
    "board. Grain prices rose at once in three cities, and bakers asked the ministry for help. "
)
ROAD = (
    "Дорога в Лачин закрыта после обвала, сообщили спасатели. Движение обещают открыть к утру, если "
    "позволит погода. Водителей просят остаться в городе и ждать новых сообщений службы дорог. "
)


@pytest.fixture
async def archived(tmp_path, database_url):
    """An archive with a strike in two outlets and a road in a third; yields who asks it."""
    world = World(database_url)
    world.subscribe(CHAT)
    await world.open_outlet("Daily Echo")
    await world.open_outlet("Coast Mail", country="GE")
    await world.open_outlet("Hill News", country="RU", language="ru")
    await world.publish("Daily Echo", STRIKE, title="Port at a standstill")
    await world.publish("Coast Mail", STRIKE + "Reporting by Daily Echo.", title="Docks: no work")
    await world.publish("Hill News", ROAD, title="Горы отрезаны")
    with world.store.engine.begin() as tx:
        ask = Asker(tx)
        ask.now, ask.names = world.now, NAMES
        yield ask
    world.store.close()


def words(reply):
    return parse_html(reply.html).text


def data(reply):
    return [b.data for row in reply.buttons for b in row]


@pytest.mark.parametrize(
    ("query", "n"),
    [
        ("harbour strike", 2),
        ("strike", 2),
        ('"harbour of Port Elva"', 2),
        ("title:standstill", 1),
        ("harbour NOT docks", 1),
        ("outlet:coast harbour", 1),
        ("bak*", 2),
        ("strke~1", 2),
        ("Lachin", 1),
        ("Լաչին", 1),
        ("дорогу", 1),
        ("harbour OR Лачин", 3),
        ("nobody wrote this", 0),
    ],
)
def test_the_archive_is_asked_in_the_language_of_watches(archived, query, n):
    looked = look_back(archived.tx, parse_query(query), NAMES, now=archived.now, days=30)
    assert len(looked.kept) == n
    assert looked.whole


def test_a_search_lists_headlines_outlets_and_times_newest_first(archived):
    shown = words(archived("search harbour strike"))
    assert shown.startswith("2 articles on harbour strike, newest first")
    assert shown.index("Docks: no work") < shown.index("Port at a standstill")
    assert "🇬🇪 Coast Mail · 2 Mar" in shown


def test_a_search_that_finds_nothing_says_so(archived):
    assert archived("search qwertyuiop").key == "search.none"


def test_a_search_has_pages_that_old_buttons_still_turn(archived, monkeypatch):
    monkeypatch.setattr("bot.chat.archive.PAGE", 1)
    first = archived("search harbour strike")
    [turn] = data(first)
    second = archived.tap(turn)
    assert "Port at a standstill" in words(second)
    assert data(second) == [turn.replace(":2", ":1")]
    stranger = Asker(archived.tx, chat=8)
    stranger("start")
    assert stranger.tap(turn).toast == "toast.stale"


def test_searches_are_limited_by_the_minute(archived):
    archived.limits = Chat(searches_per_minute=2)
    for _ in range(2):
        archived("search harbour")
    with pytest.raises(UserError, match=r"search\.too_often"):
        archived("search harbour")


def test_a_search_for_nothing_is_explained(archived):
    with pytest.raises(UserError, match=r"search\.usage"):
        archived("search")


def test_a_new_watch_is_rehearsed_and_is_on_at_once(archived):
    reply = archived("watch harbour strike")
    shown = words(reply)
    assert shown.startswith("Watching for harbour strike.")
    assert "1 alert in the last day" in shown
    assert "1 repost is folded into them." in shown
    assert "Docks: no work" in shown
    [watch_id] = [w.watch.id for w in watches.of_subscriber(archived.tx, archived.subscriber.id)]
    assert data(reply) == [f"kept:{watch_id}", f"edit:{watch_id}", f"cancel:{watch_id}"]
    assert archived.tap(f"kept:{watch_id}").key == "watch.added"
    assert archived.tap(f"cancel:{watch_id}").key == "unwatch.done"
    assert archived.queries() == []


def test_a_watch_that_matches_nothing_yet_says_how_far_back_it_looked(archived):
    assert "Nothing in the archive matches it" in words(archived("watch qwertyuiop"))


def test_a_watch_that_would_tell_too_much_can_be_narrowed_by_a_tap(archived, monkeypatch):
    monkeypatch.setattr("bot.chat.archive.MANY_A_DAY", 0)
    reply = archived("watch harbour")
    assert "Too many? Try title:harbour" in words(reply)
    narrow = next(d for d in data(reply) if d.startswith("headlines:"))
    archived.tap(narrow)
    assert archived.queries() == ["title:harbour"]


def test_a_watch_is_changed_in_place(archived):
    archived("watch harbour strike")
    [before] = watches.of_subscriber(archived.tx, archived.subscriber.id)
    number = before.watch.id
    assert archived.tap(f"edit:{number}").params == {"id": str(number), "query": "harbour strike"}
    assert "Changed." in words(archived(f"edit {number} harbour OR quay"))
    [after] = watches.of_subscriber(archived.tx, archived.subscriber.id)
    assert (after.watch.id, after.watch.query) == (number, "harbour OR quay")
    assert after.watch.revision > before.watch.revision


def test_a_changed_watch_is_rehearsed_with_its_aliases(archived):
    archived("watch quay")
    [before] = watches.of_subscriber(archived.tx, archived.subscriber.id)
    archived(f"alias {before.watch.id} harbour")
    assert "1 alert in the last day" in words(archived(f"edit {before.watch.id} quay strike"))


@pytest.mark.parametrize("line", ["edit", "edit 999 harbour", "name", "name 999 x", "edit harbour"])
def test_a_watch_that_is_not_there_cannot_be_changed(archived, line):
    with pytest.raises(UserError, match=r"edit\.usage|unwatch\.unknown"):
        archived(line)


def test_a_watch_gets_a_name_and_loses_it(archived):
    archived("watch harbour strike")
    [listed] = watches.of_subscriber(archived.tx, archived.subscriber.id)
    archived(f"name {listed.watch.id} Docks <3")
    assert "Docks <3" in words(archived("watches"))
    assert archived(f"name {listed.watch.id}").key == "name.none"
    assert "Docks" not in words(archived("watches"))


def test_a_name_that_a_watch_hears_of_is_switched_off_by_a_tap(archived):
    reply = archived("watch Lachin")
    assert "I will also hear of it under" in words(reply)
    [listed] = watches.of_subscriber(archived.tx, archived.subscriber.id)
    page = archived.tap(f"names:{listed.watch.id}")
    labels = [b.label for row in page.buttons for b in row]
    place = next(i for i, label in enumerate(labels) if label == "✅ Лачин")
    off = archived.tap(f"name_off:{listed.watch.id}:{place}")
    assert off.buttons[place // 3][place % 3].label == "▫️ Лачин"
    [watch] = [w.watch for w in watches.of_subscriber(archived.tx, archived.subscriber.id)]
    assert watch.off == ("Лачин",)
    gone = look_back(
        archived.tx,
        parse_query("Lachin"),
        NAMES,
        now=archived.now,
        days=9,
        off=frozenset(watch.off),
    )
    assert not gone.kept
    archived.tap(f"name_off:{listed.watch.id}:{place}")
    [watch] = [w.watch for w in watches.of_subscriber(archived.tx, archived.subscriber.id)]
    assert watch.off == ()
    assert archived.tap(f"name_off:{listed.watch.id}:999").toast == "toast.stale"


def test_what_is_found_beyond_what_was_checked_is_an_estimate(archived):
    looked = look_back(archived.tx, parse_query("harbour"), NAMES, now=archived.now, days=30)
    wide = replace(looked, checked=MAX_CHECKED, candidates=MAX_CHECKED * 10)
    assert wide.about(123) == 1200
    assert not wide.whole


def test_an_article_that_is_read_again_stands_in_the_archive_once(archived):
    [entry] = archive.find(archived.tx, None, since=archived.now.replace(day=1), limit=1).ids
    rows = archived.tx.execute(
        sa.select(archive_rows.c.article_id).where(archive_rows.c.id == entry)
    )
    article_id = rows.scalar_one()

    [article] = articles.by_ids(archived.tx, [article_id])
    archive.enter(archived.tx, article, {"wholly", "other"})
    looked = look_back(archived.tx, parse_query("Лачин"), NAMES, now=archived.now, days=30)
    assert looked.kept == []


def test_a_trend_is_a_picture_of_mentions_by_day(archived):
    reply = archived("trend harbour 7")
    assert words(reply) == "2 mentions of harbour"
    assert reply.file.picture
    assert reply.file.body.startswith(b"\x89PNG")


def test_a_trend_is_told_in_words_where_nothing_can_be_drawn(archived, monkeypatch):
    def nothing(chart):
        raise ChartError("no library")

    monkeypatch.setattr("bot.chat.trend.draw", nothing)
    assert "Coast Mail: 1" in words(archived("trend harbour strike"))


def test_what_a_chart_shows_is_stacked_by_outlet_with_the_small_ones_last():
    subscriber = Subscriber(1, 7, ChatKind.PRIVATE, "", "en", SubscriberState.ACTIVE)
    req = Request(subscriber, datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
    found = [
        archive.Mention("2026-11-22", 1, "Daily Echo", "AM", 3),
        archive.Mention("2026-11-23", 2, "Coast Mail", "GE", 2),
        archive.Mention("2026-11-23", 3, "Hill News", "RU", 1),
    ]
    days, series = _stacked(req, found, ["Daily Echo", "Coast Mail"], 2)
    assert days == ("21 Nov", "22 Nov", "23 Nov")
    assert series == (("Daily Echo", (0, 3, 0)), ("Coast Mail", (0, 0, 2)), ("others", (0, 0, 1)))


@pytest.mark.parametrize("line", ["trend", "trend harbour 400", "trend harbour 0"])
def test_a_trend_that_cannot_be_counted_is_explained(archived, line):
    with pytest.raises(UserError, match=r"trend\.usage"):
        archived(line)


def test_a_trend_of_nothing_says_so(archived):
    assert archived("trend qwertyuiop").key == "search.none"


def test_a_word_that_nearly_every_article_has_is_estimated(archived, monkeypatch):
    monkeypatch.setattr("bot.store.archive.MOST", 1)
    since = archived.now.replace(day=1)
    spec = compile_query(parse_query("harbour"), NAMES)
    found = archive.find(archived.tx, needle(spec, NAMES), since=since, limit=1)
    assert not found.exact
    assert len(found.ids) == 1
    assert found.total >= 1
    counted = archive.mentions(archived.tx, needle(spec, NAMES), since=since, about=found.total)
    assert counted
