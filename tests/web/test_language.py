"""Every word of the console is in the reader's language: none stands in a template, no code shows."""

import re
from collections.abc import Iterable
from datetime import timedelta
from html.parser import HTMLParser

import jinja2
import pytest
import sqlalchemy as sa

from bot import texts
from bot.domain.likeness import Regime
from bot.domain.model import ChatKind, Place, Rule, Sent
from bot.domain.outlet import FailureKind
from bot.domain.provenance import Reason
from bot.store import console, measurements
from bot.store.schema import (
    alerts,
    articles,
    deliveries,
    feeds,
    matches,
    outlets,
    stories,
    subscribers,
    watches,
)
from bot.web.view import ENVIRONMENT
from tests.web.conftest import ADMIN, csrf
from tests.web.test_pages import PAGES

NAMES = {"Outpost", "CSV", "JSON", "OpenAPI", "UTC", "p95", "p99", "Telegram"}
NAMES |= {"https", "story/12"}  # an address, as an example
SHOWN = (
    "alt",
    "aria-label",
    "placeholder",
    "title",
    "data-on",
    "data-off",
    "data-sure",
    "data-name",
)
WORD = re.compile(r"[A-Za-z][\w.'/-]*")


def words(said: Iterable[str]) -> set[str]:
    """Return the words of these texts that are in Latin letters."""
    return {word.rstrip(".'/-") for text in said for word in WORD.findall(text)}


class Reader(HTMLParser):
    """What a page says: its texts, and the attributes that are read out or shown."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.inside: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.inside = [tag]
        self.said += [value for name, value in attrs if name in SHOWN and value]

    def handle_data(self, data):
        if self.inside[-1:] not in (["script"], ["style"]):
            self.said.append(data)

    @property
    def words(self) -> set[str]:
        return words(self.said)


@pytest.mark.parametrize("name", ENVIRONMENT.list_templates())
def test_no_template_has_words_of_its_own(name):
    source = ENVIRONMENT.loader.get_source(ENVIRONMENT, name)[0]
    written = "".join(
        token if kind == "data" else "\N{REPLACEMENT CHARACTER}"
        for _, kind, token in ENVIRONMENT.lex(source)
    )
    assert Reader(written).words <= NAMES
    shown = ENVIRONMENT.parse(source).find_all(jinja2.nodes.Output)
    alone = [
        node.value for out in shown for node in out.nodes if isinstance(node, jinja2.nodes.Const)
    ]
    assert not [text for text in alone if WORD.search(text)]


def test_words_in_a_template_would_be_found():
    assert Reader('<p title="Latest">All <b>news</b></p>').words == {"Latest", "All", "news"}


EVIDENCE = [
    {"rule": "likeness", "kind": "copy", "score": 0.91, "regime": r.value, "shared_pct": 91}
    for r in Regime
]
EVIDENCE += [
    {"rule": "likeness", "kind": "copy", "phrase": "-", "score": 0.9, "title_pct": 7},
    {"rule": "likeness", "kind": "revision", "same_outlet": True, "score": 0.9, "shared_pct": 9},
    {"rule": "drift", "kind": "possible", "same_outlet": True, "score": 0.6, "first_score": 0.1},
    {"rule": "verdict", "kind": "copy", "by": 7, "score": 1.0},
    {"rule": "same url", "kind": "revision", "score": 1.0},
]
ACTIONS = (
    "sign-in",
    "sign-out",
    "sign-out everywhere",
    "token make",
    "token revoke",
    "person let in",
    "person shut out",
    *(f"outlet {act}" for act in ("look", "add", "poll", "rest", "retire", "restore")),
    "watch stop",
    *(f"chat {act}" for act in ("serve", "bar", "default", "limit")),
    *(f"verdict {kind}" for kind in ("copy", "not_a_copy", "not_relevant", "missed")),
)
STATES = ("open", "held", "failed", "merged", "closed")
WHYS = ("paused", "gone", "muted", "quiet", "hourly", "daily", "the topic is closed")


def spread(tx, now):
    """Let the database hold every code that a page may have to show. Story 3i + 2 has case i."""
    put = tx.execute
    for i, told in enumerate(EVIDENCE):
        copy = 3 * i + 3
        put(sa.update(articles).where(articles.c.id == copy).values(evidence=told))
    for i, reason in enumerate([*Reason, "elsewhere"]):
        origin = {"outlet": "Outlet 3", "reason": str(reason), "phrase": "-", "times": 4}
        origin["external"] = reason == "elsewhere"
        put(sa.update(stories).where(stories.c.id == 3 * i + 2).values(origin=origin))
    hits = [["tariff", "tariff", r.value, p.value, 0, 6] for r in Rule for p in Place]
    put(sa.update(matches).where(matches.c.article_id == 2).values(hits=hits))
    for i, (state, why) in enumerate(zip((*STATES, "held", "held"), WHYS, strict=True)):
        values = {"state": state, "state_reason": why}
        put(sa.update(alerts).where(alerts.c.story_id == 3 * i + 2).values(**values))
    _spread_states(put, now)
    for action in ACTIONS:
        console.note(tx, ADMIN, action, now=now)
    for what in measurements.KINDS:
        kept = measurements.Measurement(now - timedelta(days=9), what, "1.0", {"f1": 0.9})
        measurements.keep(tx, kept)


def _spread_states(put, now):
    for i, outcome in enumerate(Sent):
        mine = deliveries.c.id.in_([3 * i + 2, 600 - i])
        values = {"outcome": outcome.value, "at": now, "detail": "-"}
        put(sa.update(deliveries).where(mine).values(**values))
    for i, kind in enumerate(ChatKind):
        put(sa.update(subscribers).where(subscribers.c.id == i + 1).values(kind=kind.value))
    for i, why in enumerate(("the topic is closed", "the topic was deleted", "not served")):
        values = {"state": "gone", "state_reason": why}
        put(sa.update(subscribers).where(subscribers.c.id == i + 5).values(**values))
    for i, kind in enumerate((FailureKind.DNS, FailureKind.TIMEOUT, FailureKind.NOT_A_FEED)):
        values = {"failure": kind.value, "failures": 3, "failure_detail": "-"}
        put(sa.update(feeds).where(feeds.c.id == i + 1).values(**values))


def known(tx) -> set[str]:
    """Return the words that are data: of outlets, articles, chats and queries."""
    columns = (
        articles.c.title,
        articles.c.summary,
        articles.c.body,
        articles.c.url,
        outlets.c.name,
        outlets.c.country,
        outlets.c.language,
        subscribers.c.title,
        watches.c.query,
        feeds.c.url,
        deliveries.c.detail,  # Telegram's own words
    )
    said = (str(text) for column in columns for text in tx.execute(sa.select(column)).scalars())
    return words(said)


def test_a_page_in_georgian_shows_no_code_and_no_english(site):
    site.store.call(spread, site.now)
    key = site.store.call(console.make_link, ADMIN, language="ka", now=site.now)
    browser = site.visitor()
    browser.headers["User-Agent"] = "007"
    browser.post("/enter", data={"key": key})
    allowed = site.store.look(known) | NAMES | {"Vera", "sqlite", "f1"}
    own = texts.catalogue("ka", texts.CONSOLE).texts.values()
    allowed |= words(form for forms in own for form in forms)
    allowed |= {texts.language_name(code, code).capitalize() for code in texts.languages()}
    cases = max(len(EVIDENCE), len(WHYS), len(Sent))
    stories_of = [f"/story/{3 * i + 2}" for i in range(cases)]
    for path in (*PAGES, *stories_of, "/log?state=held", "/log?state=failed"):
        page = browser.get(path)
        assert page.status_code == 200, path
        assert Reader(page.text).words - allowed == set(), path


def test_a_form_found_in_several_places_is_listed_once(site, admin):
    hits = [["tariff", "Tariff", "exact", place, 0, 6] for place in ("title", "summary", "summary")]
    site.store.call(
        lambda tx: tx.execute(sa.update(matches).where(matches.c.article_id == 2).values(hits=hits))
    )
    page = admin.get("/story/2").text
    assert "Tariff (headline, summary): the very word" in page
    assert page.count("the very word") == 1


def speak(browser, language, back="/log"):
    fields = {"csrf": csrf(browser), "language": language, "back": back}
    return browser.post("/language", data=fields)


def reads(browser) -> str:
    return re.search(r'<html lang="(\w+)">', browser.get("/log").text)[1]


def test_an_admin_switches_the_consoles_language_and_back(admin):
    answer = speak(admin, "hy", back="/outlets?trouble=1")
    assert answer.headers["location"] == "/outlets?trouble=1"
    assert reads(admin) == "hy"
    assert '<option value="hy" lang="hy" selected>' in admin.get("/log").text
    speak(admin, "")
    assert reads(admin) == "en"


def test_the_console_follows_the_language_of_the_chat_at_once(site, admin):
    mine = sa.update(subscribers).where(subscribers.c.id == 1).values(chat_id=ADMIN, language="ru")
    site.store.call(lambda tx: tx.execute(mine))
    assert reads(admin) == "ru"
    speak(admin, "uk")  # what this browser was asked for goes before
    assert reads(admin) == "uk"


def test_the_door_speaks_the_language_that_was_picked(site, admin):
    speak(admin, "ka")
    admin.post("/sign-out", data={"csrf": csrf(admin)})
    assert '<html lang="ka">' in admin.get("/enter").text


@pytest.mark.parametrize("language", ["xx", "en-GB", "../../en", "<b>"])
def test_a_language_that_is_none_is_that_of_the_chat(admin, language):
    assert speak(admin, language).status_code == 303
    assert reads(admin) == "en"


@pytest.mark.parametrize(
    "back", ["//evil.example", "/\\evil.example", "https://evil.example", "", "log", "/a\r\nX: y"]
)
def test_switching_the_language_leads_nowhere_else(admin, back):
    assert speak(admin, "en", back=back).headers["location"] == "/log"
