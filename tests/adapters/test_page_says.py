"""What pages say of themselves, in the dialects of publishing software."""

# ruff: noqa: E501  - markup stays whole

from datetime import UTC, datetime

import pytest
from lxml import html

from bot.adapters.page_says import Said, read_said

TEN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
URL = "https://echo.example/news/1"


def said(head: str, body: str = "") -> Said:
    page = f"<html><head><title>T</title>{head}</head><body>{body}</body></html>"
    return read_said(html.document_fromstring(page), URL)


def ld(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


AUTHORS = [
    pytest.param(
        ld('{"@type":"NewsArticle","author":{"@type":"Person","name":"Nino B."}}'),
        "Nino B.",
        id="person",
    ),
    pytest.param(ld('{"@type":"NewsArticle","author":"Nino B."}'), "Nino B.", id="string"),
    pytest.param(
        ld(
            '{"@type":"Article","author":[{"name":"Nino B."},{"name":"Ani K."},{"name":"Nino B."}]}'
        ),
        "Nino B., Ani K.",
        id="several",
    ),
    pytest.param(
        ld(
            '{"@graph":[{"@type":"Article","author":{"@id":"#p"}},{"@type":"Person","@id":"#p","name":"Nino B."}]}'
        ),
        "Nino B.",
        id="reference-within-a-graph",
    ),
    pytest.param(
        ld('{"@type":"Article","author":{"@type":"Organization","name":"Echo"}}')
        + '<meta name="articleAuthor" content="Nino B.">',
        "Nino B.",
        id="a-name-before-the-outlet",
    ),
    pytest.param(
        ld('{"@type":"Article","author":{"@type":"Organization","name":"Echo"}}'),
        "Echo",
        id="outlet-alone",
    ),
    pytest.param(ld('{"@type":"Article","creator":["Nino B."]}'), "Nino B.", id="creator"),
    pytest.param(
        '<meta name="author" content="Nino B."><meta name="author" content="Ani K.">',
        "Nino B., Ani K.",
        id="two-metas",
    ),
    pytest.param(
        '<meta property="article:author" content="https://fb.example/nino">',
        "",
        id="an-address-is-no-name",
    ),
    pytest.param('<meta name="parsely-author" content="Nino B.">', "Nino B.", id="parsely"),
    pytest.param('<meta name="DC.Creator" content="Nino B.">', "Nino B.", id="dublin-core"),
    pytest.param(
        ld('<![CDATA[\n{"@type":"Article","author":"Nino B.",}\n]]>'),
        "Nino B.",
        id="wrapped-and-a-comma-too-many",
    ),
    pytest.param(ld('{"@type":"Article","author":{"name":{"x":1}}}'), "", id="nonsense"),
    pytest.param(ld('{"@type":"Article","author":{"@id":"#a"}}'), "", id="reference-to-nothing"),
]


@pytest.mark.parametrize(("head", "authors"), AUTHORS)
def test_who_wrote_it(head, authors):
    assert said(head).authors == authors


def test_a_byline_in_microdata_is_read_and_a_person_in_it_is_the_name():
    body = '<div itemprop="author"><a href="/nino"><span itemprop="name">Nino  B.</span></a> on Monday</div>'
    assert said("", body).authors == "Nino B."
    assert said("", '<span itemprop="author">Nino B.</span>').authors == "Nino B."


DATES = [
    pytest.param(
        ld('{"@type":"NewsArticle","datePublished":"2026-11-23T14:00:00+04:00"}'), "", id="json-ld"
    ),
    pytest.param(
        ld('{"@type":"NewsArticle","dateCreated":"2026-11-23T10:00:00Z"}'), "", id="created"
    ),
    pytest.param(ld('{"@type":"NewsArticle","datePublished":1795428000}'), "", id="epoch"),
    pytest.param(
        ld('{"@graph":[{"@type":"WebPage","datePublished":"2026-11-23T10:00:00+00:00"}]}'),
        "",
        id="of-the-page",
    ),
    pytest.param(
        '<meta property="article:published_time" content="2026-11-23T10:00:00Z">',
        "",
        id="open-graph",
    ),
    pytest.param(
        '<meta name="DC.date.issued" content="2026-11-23T10:00:00Z">', "", id="dublin-core"
    ),
    pytest.param(
        '<meta itemprop="datePublished" content="2026-11-23 14:00:00 +0400">',
        "",
        id="itemprop-meta",
    ),
    pytest.param(
        "",
        '<time itemprop="datePublished" datetime="2026-11-23T10:00:00Z">Today</time>',
        id="itemprop-time",
    ),
    pytest.param("", '<time pubdate datetime="2026-11-23T10:00:00Z">Today</time>', id="pubdate"),
    pytest.param(
        '<meta name="date" content="soon"><meta name="pubdate" content="23.11.2026 10:00">',
        "",
        id="first-that-is-one",
    ),
]


@pytest.mark.parametrize(("head", "body"), DATES)
def test_when_it_was_published(head, body):
    assert said(head, body).published_at == TEN


def test_of_several_articles_described_the_page_s_own_is_believed():
    other = '{"@type":"NewsArticle","headline":"Another piece","datePublished":"2020-01-01","author":"X"}'
    own = '{"@type":"NewsArticle","headline":"Quay strike","datePublished":"2026-11-23T10:00Z","author":"Nino B."}'
    found = said(f'<meta property="og:title" content="Quay strike - Echo">{ld(other)}{ld(own)}')
    assert (found.headline, found.authors, found.published_at) == ("Quay strike", "Nino B.", TEN)


def test_a_publisher_may_be_named_elsewhere_in_the_graph():
    graph = '{"@graph":[{"@type":"Article","publisher":{"@id":"#o"}},{"@id":"#o","@type":"Organization","name":"Echo"}]}'
    assert said(ld(graph)).publisher == "Echo"
    assert said('<meta property="og:site_name" content="Daily Echo">').publisher == "Daily Echo"


def test_sources_are_addresses_made_whole_or_names():
    based = '{"@type":"Article","isBasedOn":["/old",{"url":"https://agency.example/1"}],"sourceOrganization":{"name":"Agency"}}'
    expected = ("https://echo.example/old", "https://agency.example/1", "Agency")
    assert said(ld(based)).based_on == expected


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 5_000, "null", "[1, 2]", '{"@type": {}}', '{"@graph": "x"}']
)
def test_json_that_says_nothing_is_passed_over(text):
    assert said(ld(text)) == Said()
