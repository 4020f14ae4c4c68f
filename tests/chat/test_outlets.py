"""Outlets added from the chat: an address to look at, a document of them, and the tap that confirms."""

import re

import pytest
import sqlalchemy as sa

from bot.adapters.opml import Opml, parse_opml, write_opml
from bot.chat import outlets
from bot.chat.command import Reply, Request
from bot.domain.addresses import Guard
from bot.domain.errors import UserError
from bot.domain.model import ChatKind, Role, Subscriber, SubscriberState
from bot.domain.outlet import FeedKind, OutletEntry, OutletFeed
from bot.domain.prospect import Given
from bot.store import outlets as stored
from bot.store import prospects
from tests.chat.conftest import CHAT, NOON


def entry(name: str, *, country: str = "GE", language: str = "en", feeds: int = 1) -> OutletEntry:
    host = f"https://{name.lower()}.example"
    urls = tuple(OutletFeed(f"{host}/rss{n}") for n in range(feeds))
    return OutletEntry(name, host, country, language, urls)


def request(argument: str = "", *, file: bytes = b"", pressed: bool = False) -> Request:
    chat = Subscriber(1, CHAT, ChatKind.PRIVATE, "Ani", "en", SubscriberState.ACTIVE)
    return Request(chat, NOON, argument, Role.ADMIN, pressed=pressed, file=file)


def words(reply: Reply) -> str:
    return re.sub("<[^>]*>", "", reply.html)


def propose(tx: sa.Connection, *found: OutletEntry, chat: int = CHAT) -> int:
    return prospects.propose(
        tx,
        chat_id=chat,
        thread_id=None,
        language="en",
        url="https://x.example",
        given=Given(),
        found=found,
        now=NOON,
    )


def names(tx: sa.Connection) -> list[str]:
    return [e.name for e in stored.polled(tx)]


ADDRESSES = [
    ("oc-media.org", "https://oc-media.org", Given()),
    ("http://civil.ge/feed GE ka Civil", "http://civil.ge/feed", Given("GE", "ka", "Civil")),
]


@pytest.mark.parametrize(("argument", "url", "given"), ADDRESSES)
def test_an_address_waits_for_the_poller(tx, argument, url, given):
    reply = outlets.addoutlet(tx, request(argument))
    assert (reply.key, reply.params["url"]) == ("addoutlet.looking", url)
    [waiting] = prospects.claim(tx, NOON, limit=9, lease_s=60)
    assert (waiting.url, waiting.given, waiting.chat_id, waiting.found) == (url, given, CHAT, None)
    assert prospects.claim(tx, NOON, limit=9, lease_s=60) == []  # it is in hand


@pytest.mark.parametrize(
    "argument", ["", "news", "ftp://civil.ge", "javascript:alert(1)", "https://"]
)
def test_what_is_no_address_is_answered_with_how_to_write_one(tx, argument):
    with pytest.raises(UserError, match=r"addoutlet\.usage"):
        outlets.addoutlet(tx, request(argument))


def test_nothing_is_added_before_the_tap_and_the_outlet_after_it(tx):
    number = propose(tx, entry("Civil"), entry("Other"))
    assert names(tx) == []
    reply = outlets.decide(tx, request(f"{number}:0", pressed=True))
    assert (reply.key, reply.edit, reply.params["outlet"]) == ("addoutlet.done", True, "Civil")
    assert names(tx) == ["Civil"]
    again = outlets.decide(tx, request(f"{number}:0", pressed=True))
    assert again.toast == "toast.stale"


def test_an_outlet_that_is_not_wanted_is_not_added(tx):
    number = propose(tx, entry("Civil"))
    assert outlets.decide(tx, request(f"{number}:no", pressed=True)).key == "addoutlet.dropped"
    assert names(tx) == []


@pytest.mark.parametrize("data", ["", "1", "99:0", "{n}:5", "{n}:x", "{n}:00", "1:0:0"])
def test_a_button_that_leads_nowhere_is_stale(tx, data):
    number = propose(tx, entry("Civil"))
    reply = outlets.decide(tx, request(data.format(n=number), pressed=True))
    assert (reply.toast, names(tx)) == ("toast.stale", [])


def test_another_chat_s_proposal_cannot_be_confirmed(tx):
    number = propose(tx, entry("Civil"), chat=CHAT + 1)
    assert outlets.decide(tx, request(f"{number}:0", pressed=True)).toast == "toast.stale"
    assert names(tx) == []


def test_a_feed_that_was_added_meanwhile_is_not_taken_from_its_outlet(tx):
    number = propose(tx, entry("Civil"))
    stored.add(
        tx, [OutletEntry("First", "https://f.example", "GE", "ka", entry("Civil").feeds)], NOON
    )
    reply = outlets.decide(tx, request(f"{number}:0", pressed=True))
    assert reply.key == "opml.nothing_new"
    assert names(tx) == ["First"]


def test_a_feed_more_leaves_what_is_known_of_its_outlet(tx):
    stored.add(tx, [entry("Civil", language="ka")], NOON)
    more = OutletEntry(
        "Civil", "https://x.example", "US", "en", (OutletFeed("https://civil.example/en"),)
    )
    outlets.decide(tx, request(f"{propose(tx, more)}:0", pressed=True))
    [civil] = stored.polled(tx)
    assert (civil.country, civil.language, civil.homepage) == ("GE", "ka", "https://civil.example")
    assert len(civil.feeds) == 2


def test_a_document_of_outlets_is_summed_up_and_added_by_a_tap(tx):
    stored.add(tx, [entry("Old")], NOON)
    given = [entry("Old"), entry("Civil", feeds=2), entry("Hetq", country="AM", language="hy")]
    reply = outlets.opml(tx, request(file=write_opml(given)))
    said = words(reply)
    assert "2 new outlets, feeds: 3" in said
    assert "🇬🇪 Civil\n🇦🇲 Hetq" in said
    assert "1 feed more is polled already" in said
    assert names(tx) == ["Old"]
    [[add, _]] = reply.buttons
    assert add.label == "✅ Add 2 outlets"
    done = outlets.decide(tx, request(add.data.removeprefix("prospect:"), pressed=True))
    assert (done.key, done.params["n"], done.params["feeds"]) == ("opml.done", 2, 3)
    assert names(tx) == ["Civil", "Hetq", "Old"]


def test_a_document_that_leaves_countries_out_is_told_what_that_costs(tx):
    body = b'<opml version="2.0"><body><outline text="Civil" xmlUrl="https://civil.example/rss"/></body></opml>'
    assert "country:GE" in words(outlets.opml(tx, request(file=body)))


def test_a_document_of_known_outlets_adds_nothing(tx):
    stored.add(tx, [entry("Old")], NOON)
    reply = outlets.opml(tx, request(file=write_opml([entry("Old")])))
    assert (words(reply), reply.buttons) == ("Its 1 feed is polled already: nothing to add.", ())


def test_a_document_is_told_what_of_it_cannot_be_taken(tx):
    bad = b'<outline text="&lt;b&gt;" xmlUrl="javascript:alert(1)"/>'
    private = b'<outline text="Home" xmlUrl="http://10.0.0.1/rss"/>'
    good = b'<outline text="Civil" xmlUrl="https://civil.example/rss"/>'
    reply = outlets.opml(tx, request(file=b"<opml>" + bad + private + good + b"</opml>"))
    assert "2 feeds of the file are passed over:\n• &lt;b&gt;: “javascript:alert(1)”" in reply.html
    assert "• Home: http://10.0.0.1/rss leads into a private network" in words(reply)
    assert reply.buttons
    none = outlets.opml(tx, request(file=b"<opml>" + bad * 20 + b"</opml>"))
    assert words(none).startswith("20 feeds of the file are passed over:")
    assert (none.html.count("• "), none.buttons) == (8, ())


@pytest.mark.parametrize("given", ["ZZ", "ZZ en", "ZZ en Echo"])
def test_a_country_that_is_none_is_said_at_once(tx, given):
    with pytest.raises(UserError, match=r"addoutlet\.country") as wrong:
        outlets.addoutlet(tx, request(f"civil.ge {given}"))
    assert wrong.value.params == {"country": "ZZ"}


BROKEN = [
    pytest.param(b"", "opml.unread", id="empty-or-too-large"),
    pytest.param(b"<html></html>", "opml.broken", id="html"),
    pytest.param(b"no xml at all", "opml.broken", id="text"),
    pytest.param(
        b'<!DOCTYPE o [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><opml><body/></opml>',
        "opml.broken",
        id="bomb",
    ),
]


@pytest.mark.parametrize(("body", "key"), BROKEN)
def test_a_document_without_outlets_is_refused_in_words(tx, body, key):
    with pytest.raises(UserError, match=key):
        outlets.opml(tx, request(file=body))


def test_all_outlets_leave_as_a_file_that_is_taken_back(tx):
    given = [
        entry("Civil", feeds=2),
        OutletEntry(
            "Ch", "https://t.me", "RU", "ru", (OutletFeed("https://t.me/s/ch", FeedKind.TELEGRAM),)
        ),
    ]
    stored.add(tx, given, NOON)
    reply = outlets.outlets(tx, request("opml"))
    assert reply.file is not None
    assert reply.file.name == "outlets.opml"
    read = parse_opml(reply.file.body, Guard())
    assert isinstance(read, Opml)
    assert sorted(read.outlets, key=lambda e: e.name) == sorted(given, key=lambda e: e.name)


def test_proposals_nobody_confirms_are_forgotten(tx):
    number = propose(tx, entry("Civil"))
    assert prospects.prune(tx, NOON + prospects.KEPT / 2) == 0
    assert prospects.prune(tx, NOON + prospects.KEPT * 2) == 1
    assert prospects.get(tx, number, CHAT) is None
