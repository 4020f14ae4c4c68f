"""Looking back: what the archive knows of a query, and what a new watch would have told."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from bot.adapters.chart import draw
from bot.chat.archive import MAX_CHECKED, look_back
from bot.chat.command import Request
from bot.chat.replies import in_words
from bot.chat.trend import Counted, drawn
from bot.config import Chat
from bot.domain.errors import UserError
from bot.domain.meaning import compile_query
from bot.domain.model import ChatKind, Message, Subscriber, SubscriberState
from bot.domain.needles import needle
from bot.domain.query import parse_query
from bot.store import archive, articles, watches
from bot.store.schema import archive as archive_rows
from tests.chat.conftest import CHAT, NAMES, Asker, data, words
from tests.e2e.telegram_html import parse_html
from tests.world import World


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
    assert "1 alert in 1 day" in shown
    assert "1 repost is folded into them." in shown
    assert "Docks: no work" in shown
    [watch_id] = [w.watch.id for w in watches.of_subscriber(archived.tx, archived.subscriber.id)]
    assert data(reply) == [f"{act}:{watch_id}" for act in ("names", "kept", "edit", "cancel")]
    assert archived.tap(f"kept:{watch_id}").key == "watch.added"
    assert archived.tap(f"cancel:{watch_id}").key == "unwatch.done"
    assert archived.queries() == []


def test_a_watch_that_matches_nothing_yet_says_how_far_back_it_looked(archived):
    assert "Nothing in the archive matches it" in words(archived("watch qwertyuiop"))


def filler(place):
    """Return words of one article alone: what shares many is taken for a repost."""
    return " ".join(f"{place}{chr(97 + n)}" for n in range(26)) + ". "


@pytest.fixture
async def busy(tmp_path, database_url):
    """An archive with four stories about a port, one of them in a headline, one in Georgian."""
    world = World(database_url)
    world.subscribe(CHAT)
    await world.open_outlet("Daily Echo")
    await world.open_outlet("Tbilisi Post", country="GE", language="ka")
    told = (
        ("Port shut", "Dockers met in the harbour of the port, whose cranes stand still. "),
        ("Prices", "Dockers were calm. " + filler("east") + " The harbour is far away. Port."),
        ("Weather", "A storm nears. " + filler("coast") + " No port is open."),
    )
    for title, text in told:
        await world.publish("Daily Echo", text + filler(title), title=title)
    await world.publish("Tbilisi Post", "Port, port. " + filler("sea") * 2, title="ზღვა")
    with world.store.engine.begin() as tx:
        ask = Asker(tx)
        ask.now, ask.names = world.now, NAMES
        yield ask
    world.store.close()


@pytest.mark.parametrize(
    ("query", "offered"),
    [
        ("dockers harbour", '"dockers harbour"~5'),
        ("port", "title:port"),
        ("port -title:shut -title:prices", "port -title:shut -title:prices lang:en"),
    ],
)
def test_what_is_offered_to_one_who_would_hear_too_much_was_counted(
    busy, monkeypatch, query, offered
):
    monkeypatch.setattr("bot.chat.archive.MANY_A_DAY", 1)
    reply = busy(f"watch {query}")
    [tap] = [d for d in data(reply) if d.startswith("narrow:")]
    assert f"Too many? Try {offered}: 1 alert in the same time." in words(reply)
    busy.tap(tap)
    assert busy.queries() == [offered]
    assert busy.tap(tap).toast == "toast.stale"


def test_where_nothing_narrower_leaves_fewer_nothing_is_offered(busy, monkeypatch):
    monkeypatch.setattr("bot.chat.archive.MANY_A_DAY", 0.5)
    assert not [d for d in data(busy("watch title:port lang:en")) if d.startswith("narrow:")]


def test_a_way_to_ask_for_less_that_makes_a_watch_that_is_there_makes_no_second(busy, monkeypatch):
    monkeypatch.setattr("bot.chat.archive.MANY_A_DAY", 1)
    busy("watch title:port")
    [tap] = [d for d in data(busy("watch port")) if d.startswith("narrow:")]
    assert busy.tap(tap).toast == "toast.same_watch"


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
    assert "1 alert in 1 day" in words(archived(f"edit {before.watch.id} quay strike"))


@pytest.mark.parametrize("line", ["edit", "edit 999 harbour", "name", "name 999 x", "edit harbour"])
def test_a_watch_that_is_not_there_cannot_be_changed(archived, line):
    with pytest.raises(UserError, match=r"edit\.usage|name\.usage|unwatch\.unknown"):
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
    [switch] = [b.data for row in page.buttons for b in row if b.label == "✅ Лачин"]
    off = archived.tap(switch)
    assert "▫️ Лачин" in [b.label for row in off.buttons for b in row]
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
    archived.tap(switch)
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
    assert draw(reply.file.chart).startswith(b"\x89PNG")


def test_a_trend_has_its_figures_in_words_for_where_nothing_can_be_drawn(archived):
    reply = archived("trend harbour strike")
    message = in_words(Message(reply.html, file=reply.file))
    assert "Coast Mail: 1" in parse_html(message.html).text
    assert message.file is None


def test_a_tap_stacks_a_trend_by_country_and_back(archived):
    first = archived("trend harbour 7")
    [by_country] = data(first)
    second = archived.tap(by_country)
    assert second.edit
    assert [name for name, _ in second.file.chart.series] == ["Armenia", "Georgia"]
    [by_outlet] = data(second)
    third = archived.tap(by_outlet)
    assert third.file.chart == first.file.chart
    assert [name for name, _ in third.file.chart.series] == ["Coast Mail", "Daily Echo"]
    with pytest.raises(UserError, match=r"toast\.stale"):
        archived.tap("trend:#999:country")


def test_what_a_chart_shows_is_stacked_by_outlet_with_the_small_ones_last(monkeypatch):
    subscriber = Subscriber(1, 7, ChatKind.PRIVATE, "", "en", SubscriberState.ACTIVE)
    req = Request(subscriber, datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
    found = [
        archive.Mention("2026-11-22", 1, "Daily Echo", "AM", 3),
        archive.Mention("2026-11-23", 2, "Coast Mail", "GE", 2),
        archive.Mention("2026-11-23", 3, "Hill News", "RU", 1),
    ]
    monkeypatch.setattr("bot.chat.trend.MAX_SERIES", 3)
    chart, top = drawn(req, Counted("harbour", 2, "outlet", found))
    assert chart.days == ("21 Nov", "22 Nov", "23 Nov")
    assert chart.series == (
        ("Daily Echo", (0, 3, 0)),
        ("Coast Mail", (0, 0, 2)),
        ("others", (0, 0, 1)),
    )
    assert top == [("Daily Echo", 3), ("Coast Mail", 2)]


@pytest.mark.parametrize(
    "line",
    ["trend harbour 400", "trend harbour 99999", "trend harbour 0", "trend harbour -5"],
)
def test_a_trend_of_so_many_days_is_refused_by_their_number(archived, line):
    with pytest.raises(UserError, match=r"trend\.days") as refused:
        archived(line)
    assert str(refused.value.params["days"]) == line.split()[-1]


def test_a_year_at_the_end_of_a_trend_is_a_word_and_no_number_of_days(archived):
    assert archived("trend harbour 2026").params["query"] == "harbour 2026"


def test_the_lines_of_a_trend_add_up_to_its_mentions(archived, monkeypatch):
    monkeypatch.setattr("bot.chat.trend.MAX_SERIES", 2)
    reply = archived("trend harbour 7")
    lines = reply.file.instead.split("\n")
    assert lines[-1].startswith("others: ")
    assert sum(int(line.rpartition(" ")[2]) for line in lines) == int(
        re.search(r"(\d+) mention", reply.html)[1]
    )


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
