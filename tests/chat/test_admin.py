"""What those who run the bot can see: each decision, and the health of each feed."""

import pytest

from bot import texts
from bot.chat import admin, outlets
from bot.chat.command import Request
from bot.domain.model import ChatKind, Outcome, Role, Sent, Subscriber, SubscriberState
from bot.domain.notes import Note, Oddity
from bot.domain.outlet import Changed, Entry, Failure, FailureKind, OutletEntry, OutletFeed
from bot.render import length
from bot.store import feeds, subscribers
from tests.chat.conftest import data
from tests.world import World

STRIKE = (
    "Dockers in the harbour of Poti began a strike at dawn on Monday after talks on pay had failed."
    " No ship was unloaded, and a queue of nine vessels waited outside the breakwater by noon."
    " The port authority called the walkout unlawful and promised a statement before the evening."
)


@pytest.fixture
def world(tmp_path):
    made = World(f"sqlite:///{tmp_path / 'outpost.db'}")
    yield made
    made.store.close()


def ask(world, run, argument="", *, language="en"):
    chat = Subscriber(0, 1, ChatKind.PRIVATE, "Admin", language, SubscriberState.GONE)
    request = Request(subscriber=chat, now=world.now, argument=argument, role=Role.ADMIN)
    return world.store.call(run, request)


def test_an_empty_log_says_so(world):
    assert ask(world, admin.log).key == "log.none"


async def test_the_log_tells_of_an_alert_on_its_way_and_then_told(world):
    world.watch(7, "harbour strike")
    await world.publish("Daily Echo", STRIKE, title="Port <shut>")
    assert "<b>on its way</b> to chat 7" in ask(world, admin.log).html
    await world.deliver_all()
    html = ask(world, admin.log).html
    assert "<b>told</b> chat 7" in html
    assert ">Port &lt;shut&gt;</a> (Daily Echo)" in html


async def test_the_log_shows_the_repost_that_was_not_sent(world):
    world.watch(7, "harbour strike")
    await world.publish("Daily Echo", STRIKE, title="Port shut")
    await world.publish("Coast Mail", STRIKE, title="No ships today")
    newest = ask(world, admin.log).html.split("\n\n")[1]
    assert "repost folded" in newest
    assert "No ships today" in newest


async def test_the_log_calls_an_outlets_own_update_an_update(world):
    world.watch(7, "harbour strike")
    await world.publish("Daily Echo", STRIKE)
    await world.publish("Daily Echo", STRIKE + "More follows.", title="Strike goes on")
    newest = ask(world, admin.log).html.split("\n\n")[1]
    assert "update added" in newest
    assert "Strike goes on" in newest


async def test_the_log_tells_what_is_held_for_a_silent_chat(world):
    world.watch(7, "harbour")
    chat = world.subscribe(7)
    world.store.call(subscribers.set_state, chat.id, SubscriberState.PAUSED, now=world.now)
    await world.publish("Daily Echo", STRIKE)
    assert "<b>held</b> for chat 7" in ask(world, admin.log).html


async def test_the_log_tells_what_telegram_refused(world):
    world.watch(7, "harbour")
    await world.publish("Daily Echo", STRIKE)
    world.messenger.answers = [Outcome(Sent.REFUSED, detail="message is too long")]
    await world.deliver_all()
    assert "<b>not delivered</b> to chat 7" in ask(world, admin.log).html


async def test_the_log_is_turned_page_by_page_without_a_gap(world):
    for chat in range(100, 124):
        world.watch(chat, "harbour")
    await world.publish("Daily Echo", STRIKE)
    seen, argument, pages = [], "", 0
    while pages < 5:
        reply = ask(world, admin.log, argument)
        seen += [line.split("chat ")[1][:3] for line in reply.html.split("\n\n")[1:]]
        pages += 1
        older = [d for d in data(reply) if d.startswith("log:")]
        assert ("log" in data(reply)) == bool(argument)  # a way back to the newest
        if not older:
            break
        argument = older[0].removeprefix("log:")
    assert (pages, sorted(seen)) == (3, [str(c) for c in range(100, 124)])


def outlet(name, n=1):
    urls = (OutletFeed(f"https://{name.lower()}.example/rss{i}") for i in range(n))
    return OutletEntry(name, f"https://{name.lower()}.example", "GE", "en", tuple(urls))


def test_no_outlets_is_said_with_a_remedy(world):
    assert ask(world, outlets.outlets).key == "outlets.none"


def test_a_feed_not_polled_yet_says_so(world):
    world.store.call(feeds.sync_outlets, [outlet("Echo")], world.now)
    html = ask(world, outlets.outlets).html
    assert "<b>1 feed</b>" in html
    assert "🇬🇪 Echo</a>: not polled yet" in html


async def test_a_healthy_feed_shows_when_it_was_polled_and_last_had_news(world):
    await world.publish("Daily Echo", STRIKE)
    world.pass_time(minutes=30)
    assert "🟢" in ask(world, outlets.outlets).html
    assert "polled 30 min ago, last new article 30 min ago" in ask(world, outlets.outlets).html


@pytest.mark.parametrize("kind", [k for k in FailureKind if k is not FailureKind.HELD])
async def test_a_feed_that_fails_says_why_in_words(world, kind):
    await world.open_outlet("Echo")
    [feed] = world.outlets["Echo"].feeds
    world.reader.listed[feed.url] = Failure(kind, "HTTP 503 <html>")
    await world.poll_all()
    world.pass_time(minutes=5)
    html = ask(world, outlets.outlets).html
    assert texts.say("en", f"failure.{kind}") in html
    assert "polled 5 min ago" in html
    assert "1 failure in a row" in html
    assert "<html>" not in html


async def test_what_was_odd_in_a_feed_is_shown_though_it_works(world):
    await world.open_outlet("Echo")
    [feed] = world.outlets["Echo"].feeds
    entry = Entry(url="https://echo.example/1", title="News")
    world.reader.listed[feed.url] = Changed(
        (entry,), body_hash="x", notes=(Note(Oddity.NO_DATES), Note(Oddity.CUT, n=1_200))
    )
    await world.poll_all()
    html = ask(world, outlets.outlets).html
    assert "🟡" in html
    assert "no dates we can read; only the first 1,200 entries are read" in html
    html = ask(world, outlets.outlets, language="ru").html
    assert "нет дат, которые можно прочесть; читаются только первые 1 200 записей" in html


async def test_feeds_that_fail_come_first(world):
    await world.open_outlet("Aaa")
    await world.open_outlet("Zzz")
    [feed] = world.outlets["Zzz"].feeds
    world.reader.listed[feed.url] = Failure(FailureKind.DNS, "no such host")
    await world.poll_all()
    html = ask(world, outlets.outlets).html
    assert html.index("Zzz") < html.index("Aaa")


def test_many_feeds_are_shown_page_by_page_and_a_page_fits_a_message(world):
    names = [f"{chr(65 + i)}{'x' * 80}" for i in range(24)]
    world.store.call(feeds.sync_outlets, [outlet(n) for n in names], world.now)
    first = ask(world, outlets.outlets)
    assert data(first) == ["outlets:10"]
    assert data(ask(world, outlets.outlets, "10")) == ["outlets:0", "outlets:20"]
    last = ask(world, outlets.outlets, "20")
    assert data(last) == ["outlets:10"]
    assert last.html.count("not polled yet") == 4
    assert ask(world, outlets.outlets, "999").html == last.html
    assert all(length(ask(world, outlets.outlets, str(n)).html) <= 4096 for n in (0, 10, 20))


async def test_a_feed_that_never_brought_anything_says_never(world):
    await world.open_outlet("Echo")
    assert "last new article never" in ask(world, outlets.outlets).html
