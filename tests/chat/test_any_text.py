"""Whatever an outlet or a person writes, each message is one that Telegram takes, and still says it."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot import render
from bot.chat.command import MAX_DATA_BYTES, Caller
from bot.chat.desk import Desk, Order
from bot.config import shipped
from bot.domain.model import AlertView, Document, Message
from bot.domain.names import load_names
from bot.domain.needles import keys
from bot.domain.query import parse_query
from bot.store import alerts, archive, articles, digests, schema, subscribers, watches
from tests.chat.conftest import CHAT, COMMANDS, NOON
from tests.e2e.telegram_html import parse_html, spans, utf16

NAMES = load_names((shipped("config") / "names.toml").read_text("utf-8"))
NASTY = (
    "<b>", "</a>", "<script>", "&amp;", "&lt;", "&#x202e;", '"', "'", "`", "*", "_", "[x](y)", "{n}", "%s",
    "\u202e", "\u2066", "\u200f", "\u200d", "\ufeff", "\x1b[31m", "\t", "\r\n",
    "👨‍👩‍👧‍👦", "🇦🇲", "e\u0301" * 9,
    "Լաչին", "ლაჩინი", "Лачын", "Laçın", "لاچین", "拉钦", "ลาชิน", "https://a.example/?q=<>&x",
    "@user", "/stop", "#1",
)  # fmt: skip
LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
ANY = st.one_of(
    st.text(LETTERS, max_size=60),
    st.lists(st.sampled_from(NASTY) | st.text(LETTERS, max_size=4), max_size=30).map("".join),
    st.builds(
        lambda part, n: (part * n)[:10_000],
        st.sampled_from(NASTY) | st.text(LETTERS, min_size=1, max_size=9),
        st.integers(1, 10_000),
    ),
)  # fmt: skip
URL_PART = st.text("aA0-_.~%&?=;+!'()", max_size=150) | st.just("a" * 900)
MANY = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def taken(message: Message):
    """Return what Telegram shows of a message; it must take all of it."""
    found = parse_html(message.html)
    assert 1 <= utf16(found.text) <= (1024 if message.file else 4096)
    buttons = [button for row in message.buttons for button in row]
    assert len(buttons) <= 100
    assert all(len(row) <= 8 for row in message.buttons)
    for button in buttons:
        assert button.label.strip()
        assert button.url or 1 <= len(button.data.encode()) <= MAX_DATA_BYTES
    return found


@pytest.fixture
def told(tx):
    """A chat with one alert about one article and its copy, and the desk that answers it."""
    told = Told(tx, Desk(None, COMMANDS, names=NAMES))
    told.say("/start")
    return told


class Told:
    """The chat, and what can be put into it."""

    def __init__(self, tx, desk):
        self.tx, self.desk = tx, desk

    def say(self, line, **caller):
        name, _, argument = line.removeprefix("/").partition(" ")
        [command] = [c for c in COMMANDS if c.name == name]
        return self.order(Order(name, argument.strip(), command), **caller)

    def prose(self, text):
        return self.order(Order("", text.strip(), None))

    def tap(self, data):
        return self.order(self.desk.read_button(data))

    def order(self, order, **caller):
        asked = Caller(CHAT, title="Ani", user_id=CHAT, message_id=5, **caller)
        answer = self.desk.answer_in(self.tx, order, asked, NOON)
        return answer.message or Message(render.escape(answer.toast))

    def publish(self, *, title, body, outlet, watch, phrase="", at="https://o.example"):
        """File an article of an outlet and a copy of it, with an alert that both are shown in.

        at: where the two pages are, at /a0 and /a1.
        """
        tx = self.tx
        subscriber = subscribers.find(tx, CHAT)
        kept = watches.add(tx, subscriber.id, watch, NOON)
        story = _new(tx, schema.stories, opened_at=NOON)
        ids = []
        for n, name in enumerate((outlet, f"{outlet} 2")):
            outlet_id = _new(
                tx, schema.outlets, name=name, homepage=at, country="AM", language="hy"
            )  # fmt: skip
            feed_id = _new(
                tx, schema.feeds, outlet_id=outlet_id, url=f"{at}/{n}", kind="feed", due_at=NOON
            )  # fmt: skip
            evidence = {"kind": "copy", "rule": "likeness", "score": 0.9, "shared_pct": 80}
            article_id = _new(
                tx, schema.articles, outlet_id=outlet_id, feed_id=feed_id, url=f"{at}/a{n}",
                title=title, summary="", body=f"zorba {body}", author="", source="", language="hy",
                seen_at=NOON + timedelta(minutes=n), archived=False, state="filed", due_at=NOON,
                filed_at=NOON, story_id=story, copy_of=ids[0] if ids else None,
                evidence={**evidence, "phrase": phrase} if ids else None,
            )  # fmt: skip
            ids.append(article_id)
            [article] = articles.by_ids(tx, [article_id])
            found = keys(Document(title=title, body=f"zorba {body}", language="hy"))
            archive.enter(tx, article, found)
        hits = [["zorba", "zorba", "exact", "body", 0, 5]]
        _insert(tx, schema.matches, article_id=ids[0], watch_id=kept.id, hits=hits)
        _insert(
            tx, schema.alerts, subscriber_id=subscriber.id, story_id=story, state="open", revision=1,
            delivered_revision=1, due_at=NOON, message_id=77, created_at=NOON, told_at=NOON,
        )  # fmt: skip
        tx.execute(
            schema.stories.update().where(schema.stories.c.id == story).values(origin_id=ids[0])
        )
        return subscriber, story, kept


def _new(tx, table, **values):
    return tx.execute(table.insert().values(**values).returning(table.c.id)).scalar_one()


def _insert(tx, table, **values):
    tx.execute(table.insert().values(**values))


def links(found, url="https://o.example/a0"):
    """Return the words that lead to an address."""
    return [part for e, part in spans(found.text, found.entities) if e.get("url") == url]


def keeps(found, title):
    """Hold a message to its meaning: a link to the article is there, under the headline's beginning."""
    begins = render.clean(title).strip()[:20].strip()
    words = links(found)
    assert words
    assert any(w.startswith(begins) for w in words)


@MANY
@given(title=ANY, outlet=ANY, body=ANY, phrase=ANY)
def test_alert_why_story_and_search_say_what_they_should_of_any_article(
    told, title, outlet, body, phrase
):
    with told.tx.begin_nested() as undo:
        subscriber, story, _ = told.publish(
            title=title, body=body, outlet=outlet, watch="zorba", phrase=phrase
        )
        view = articles.view_story(told.tx, story, subscriber.id)
        alert = alerts.by_story(told.tx, subscriber.id, story).alert
        keeps(taken(render.alert(AlertView(alert, view))), title)
        keeps(taken(told.say("/why", reply_to=77)), title)
        keeps(taken(told.say("/story", reply_to=77)), title)
        found = taken(told.say("/search zorba"))
        assert links(found)
        taken(told.say("/watch zorba OR zorbas"))
        taken(told.say("/watches"))
        taken(told.say("/mute", reply_to=77))
        taken(told.say("/trend zorba"))
        undo.rollback()


LONG = ("👨‍👩‍👧‍👦" * 1_400, "\u202e<b>&amp;" * 900, "🇦🇲" * 5_000, "&" * 180)


@MANY
@example([LONG] * (digests.PAGE + 2))
@example([(*LONG[:3], "a" * 900)] * (digests.PAGE + 2))
@given(texts=st.lists(st.tuples(ANY, ANY, ANY, URL_PART), min_size=2, max_size=digests.PAGE + 2))
def test_a_digest_of_any_articles_and_watches_shows_each_with_its_link(told, texts):
    with told.tx.begin_nested() as undo:
        pages = {}
        for n, (title, outlet, name, part) in enumerate(texts):
            at = f"https://o.example/{part}/{n}"
            subscriber, _, kept = told.publish(
                title=title, body="", outlet=f"{outlet}·{n}", watch=f"zorba{n}", at=at
            )
            watches.change(told.tx, replace(kept, title=render.short(name, 60)))
            pages[f"{at}/a0"] = title
        digest = schema.digests.insert().values(
            subscriber_id=subscriber.id, why="surplus", created_at=NOON
        )
        digest_id = told.tx.execute(digest.returning(schema.digests.c.id)).scalar_one()
        told.tx.execute(schema.alerts.update().values(digest_id=digest_id, message_id=77))
        for page in (1, 2):
            shown = taken(told.tap(f"turn:{digest_id}:{page}"))
            for url in [url for url in pages if links(shown, url)]:
                begins = render.clean(pages.pop(url)).strip()[:10].strip()
                assert any(w.startswith(begins) for w in links(shown, url))
        assert not pages  # each was there
        undo.rollback()


@MANY
@example(query="🇦🇲" * 992, name="")
@given(query=ANY, name=ANY)
def test_any_words_of_a_person_are_answered_with_what_telegram_takes(told, query, name):
    with told.tx.begin_nested() as undo:
        for command in (
            "watch",
            "search",
            "trend",
            "missed",
            "import",
            "timezone",
            "lang",
            "pause",
            "unwatch",
        ):
            if any(c.name == command for c in COMMANDS):
                taken(told.say(f"/{command} {query}"))
        taken(told.prose(query or "?"))
        for listed in watches.of_subscriber(told.tx, subscribers.find(told.tx, CHAT).id):
            number = listed.watch.id
            taken(told.say(f"/name {number} {name}"))
            taken(told.say(f"/alias {number} {name}"))
            for data in (
                f"card:{number}",
                f"names:{number}",
                f"where:{number}:outlet",
                f"kept:{number}",
            ):
                taken(told.tap(data))
        taken(told.say("/watches"))
        taken(told.say("/settings"))
        undo.rollback()


@MANY
@given(name=ANY, title=ANY)
def test_any_outlet_and_name_of_a_watch_go_on_its_card(told, name, title):
    with told.tx.begin_nested() as undo:
        *_, kept = told.publish(title=title, body="", outlet=name, watch="zorba")
        told.say(f"/name {kept.id} {title}")
        found = taken(told.tap(f"card:{kept.id}"))
        assert "zorba" in found.text
        page = told.tap(f"where:{kept.id}:outlet")
        taken(page)
        taken(told.tap(page.buttons[0][0].data))
        saved = watches.mine(told.tx, subscribers.find(told.tx, CHAT).id, kept.id)
        assert parse_query(saved.query)
        taken(told.tap(f"card:{kept.id}"))
        undo.rollback()


@MANY
@given(query=ANY, title=ANY, url=ANY)
def test_any_file_to_import_is_taken_or_refused_in_words(told, query, title, url):
    saved = {
        "outpost": 1,
        "watches": [{"query": query, "title": title, "own": [url]}],
        "alerts": [{"url": url, "title": title, "outlet": title, "told_at": "2026-01-01T00:00:00"}],
        "zone": title,
        "language": query,
    }
    with told.tx.begin_nested() as undo:
        taken(told.say(f"/import {json.dumps(saved)}"))
        taken(told.say("/export json"))
        undo.rollback()
