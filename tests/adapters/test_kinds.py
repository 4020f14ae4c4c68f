"""Kinds of feeds found by themselves: sitemaps, index pages, Telegram channels."""

import json
from datetime import UTC, datetime

import pytest

from bot.adapters.index_pages import named_feeds
from bot.adapters.reading import address_to_ask, channel_of, kind_of, read_entries
from bot.domain.outlet import Failure, FailureKind, FeedKind

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
URL = "https://outlet.example/rss"

SITEMAP = (
    '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/'
    'sitemap-news/0.9"><url><loc>https://o.example/old-news-of-the-day</loc><lastmod>2026-11-22</lastmod></url>'
    "<url><loc>https://o.example/1</loc><news:news><news:publication><news:name>O</news:name>"
    "</news:publication><news:publication_date>2026-11-23T10:00:00Z</news:publication_date>"
    "<news:title>T &amp; U</news:title></news:news></url></urlset>"
)


class TestKinds:
    def read(self, body, kind=FeedKind.FEED, url=URL):
        return read_entries(body.encode(), url=url, content_type="", kind=kind)

    def test_a_news_sitemap_is_known_by_its_root_and_read_newest_first(self):
        found = self.read(SITEMAP)
        assert [(e.title, e.url) for e in found.entries] == [
            ("T & U", "https://o.example/1"),
            ("Old news of the day", "https://o.example/old-news-of-the-day"),
        ]
        assert found.entries[0].published_at == AT
        assert kind_of(URL, found.form) is FeedKind.SITEMAP

    def test_an_index_names_its_sitemaps_those_for_news_first(self):
        parts = "".join(
            f"<sitemap><loc>https://o.example/{n}.xml</loc></sitemap>" for n in ("a", "news", "b")
        )
        found = self.read(f"<sitemapindex>{parts}</sitemapindex>")
        assert found.parts == tuple(f"https://o.example/{n}.xml" for n in ("news", "a", "b"))

    @pytest.mark.parametrize("body", ["<rss/>", "nonsense", "<html></html>"])
    def test_a_sitemap_that_is_none_is_a_failure(self, body):
        assert self.read(body, FeedKind.SITEMAP).kind is FailureKind.NOT_A_FEED

    def test_an_error_page_is_not_taken_for_an_outlets_news(self):
        page = "<html><body><a href='/2026/11/23/strike-goes-on'>The strike goes on today</a></body></html>"
        assert self.read(page).kind is FailureKind.NOT_A_FEED
        assert len(self.read(page, FeedKind.HTML).entries) == 1

    def test_a_broken_or_rootless_sitemap_is_a_failure(self):
        assert self.read("<sitemap>", FeedKind.SITEMAP).kind is FailureKind.NOT_A_FEED
        assert self.read("<urlset><url><lastmod>2026-11-23</lastmod></url></urlset>").entries == ()

    def test_bombs_are_refused_in_every_kind(self):
        bomb = '<!DOCTYPE u [<!ENTITY a "x"><!ENTITY b "&a;&a;">]>' + SITEMAP
        assert self.read(bomb).kind is FailureKind.ABSURD

    @pytest.mark.parametrize("kind", FeedKind)
    def test_nothing_is_empty_in_every_kind(self, kind):
        assert self.read("  ", kind).kind is FailureKind.EMPTY


INDEX = """<html><head><title>Outlet</title></head><body>
<nav><a href="/2026/11/23/menu-entry-of-the-day">A headline that stands in the menu</a></nav>
<main>
  <a href="/2026/11/23/strike-goes-on?utm_source=x"><img alt=""></a>
  <h2><a href="/2026/11/23/strike-goes-on">The strike goes on for a third day</a></h2>
  <a href="https://news.outlet.example/ferry-prices-rise-again"><h3>Ferry prices rise again</h3><p>x</p></a>
  <a href="/news/4411239">Министр ушёл в отставку после скандала</a>
  <a href="/tag/strike">All that was written about the strike</a>
  <a href="/2026/11/23/short">More</a>
  <a href="https://elsewhere.example/2026/11/23/foreign-story">A story of another outlet altogether</a>
  <a href="javascript:void(0)">Open the player in a new window</a>
  <a href="/about-us">About the people who make this paper</a>
</main>
<footer><a href="/2026/11/23/imprint-and-contacts">Imprint and contacts of the paper</a></footer>
</body></html>"""


def test_an_index_page_gives_its_articles_and_nothing_else():
    found = read_entries(
        INDEX.encode(), url="https://outlet.example/", content_type="", kind=FeedKind.HTML
    )
    assert {e.url: e.title for e in found.entries} == {
        "https://outlet.example/2026/11/23/strike-goes-on": "The strike goes on for a third day",
        "https://news.outlet.example/ferry-prices-rise-again": "Ferry prices rise again",
        "https://outlet.example/news/4411239": "Министр ушёл в отставку после скандала",
    }


def test_a_card_gives_its_headline_and_a_menu_gives_nothing():
    page = """<html><body>
    <div class="main-menu"><a href="/2026/11/23/in-a-menu">A headline in a menu of it</a></div>
    <article><header><a href="/2026/11/23/in-an-article">A headline in its header</a></header></article>
    <a href="http://[broken/1">A link that leads nowhere at all</a><a>No address, only words here</a>
    <a href="/article?id=12345">An article known by its number only</a></body></html>"""
    found = read_entries(page.encode(), url=URL, content_type="", kind=FeedKind.HTML)
    assert [e.url.rpartition("example")[2] for e in found.entries] == [
        "/2026/11/23/in-an-article",
        "/article?id=12345",
    ]


def test_html_that_is_none_has_no_links():
    assert list(named_feeds(b"\x00", url=URL)) == []


def test_feeds_a_page_names_are_told_apart_from_what_only_looks_like_them():
    page = b"""<html><head><link rel="alternate" type="application/json" href="/wp-json/posts/1">
    <link rel="alternate" type="application/rss+xml" href="http://[broken">
    <link rel="alternate" type="application/rss+xml" hreflang="en" href="/en/rss">
    <link rel="alternate" type="application/feed+json" href="/feed.json"></head>
    <body><a href="/rss">RSS</a><a href="/rss">RSS again</a><a href="/about">About RSS</a></body></html>"""
    assert [a for a, _ in named_feeds(page, url=URL)] == [
        "https://outlet.example/feed.json",
        "https://outlet.example/rss",
    ]


def test_an_index_without_articles_is_a_failure():
    found = read_entries(
        b"<html><a href='/about'>x</a></html>", url=URL, content_type="", kind=FeedKind.HTML
    )
    assert found.kind is FailureKind.EMPTY


POST = """<div class="tgme_widget_message" data-post="outlet/{n}">
<div class="tgme_widget_message_text">{text}</div>
<a class="tgme_widget_message_date"><time datetime="2026-11-23T14:00:00+04:00"></time></a></div>"""


CHANNEL = '<div class="tgme_channel_info_header_title">Outlet</div>'


class TestTelegram:
    def read(self, *texts):
        posts = "".join(POST.format(n=n, text=text) for n, text in enumerate(texts, 1))
        page = f"<html><body>{CHANNEL}{posts}</body></html>"
        return read_entries(
            page.encode(), url="https://t.me/s/outlet", content_type="", kind=FeedKind.FEED
        )

    def test_posts_are_entries(self):
        found = self.read("<b>Strike goes on</b><br/>Ships wait in the roads.", "Second")
        assert (found.title, len(found.entries)) == ("Outlet", 2)
        first = found.entries[0]
        assert (first.title, first.url) == ("Strike goes on", "https://t.me/outlet/1")
        assert first.summary == "Strike goes on\nShips wait in the roads."
        assert first.published_at == AT

    def test_a_long_post_gets_a_short_title_and_is_its_own_full_text(self):
        first = self.read("Dockers walked out. " + "And the talks went on and on. " * 40).entries[0]
        assert first.title == "Dockers walked out."
        assert len(first.body) > 600
        endless = self.read("word " * 300).entries[0]
        assert len(endless.title) <= 140

    def test_a_post_without_words_is_kept_by_its_link(self):
        assert self.read("").entries[0].title == "t.me/outlet/1"

    def test_a_channel_without_a_preview_is_a_failure(self):
        closed = b'<html><body><div class="tgme_page_title">Outlet</div></body></html>'
        found = read_entries(
            closed, url="https://t.me/s/outlet", content_type="", kind=FeedKind.TELEGRAM
        )
        assert found.kind is FailureKind.EMPTY
        other = read_entries(b"<html></html>", url=URL, content_type="", kind=FeedKind.TELEGRAM)
        assert other.kind is FailureKind.NOT_A_FEED

    @pytest.mark.parametrize(
        ("url", "asked"),
        [
            ("https://t.me/outlet", "https://t.me/s/outlet"),
            ("https://t.me/s/outlet", "https://t.me/s/outlet"),
            ("https://telegram.me/outlet/", "https://t.me/s/outlet"),
            ("https://t.me/joinchat", "https://t.me/joinchat"),
            ("https://t.me/+abcdef", "https://t.me/+abcdef"),
            ("https://outlet.example/s/outlet", "https://outlet.example/s/outlet"),
        ],
    )
    def test_a_channels_door_leads_to_its_preview(self, url, asked):
        assert address_to_ask(url) == asked
        assert bool(channel_of(url)) == (asked == "https://t.me/s/outlet")


def test_a_feed_with_halves_of_characters_and_nul_gives_text_that_every_database_takes():
    item = {
        "id": "g\ud83d",
        "url": "https://o.example/1\0",
        "title": "Str\0ike\ud83d",
        "content_text": "Dockers\udc00 walked \U0001f6a2 out",
        "authors": [{"name": "A\ud83d"}],
    }
    told = {"version": "https://jsonfeed.org/version/1.1", "title": "O\ud83d\0", "items": [item]}
    found = read_entries(json.dumps(told).encode(), url=URL, content_type="", kind=FeedKind.FEED)
    [entry] = found.entries
    assert (found.title, entry.title, entry.author, entry.guid) == ("O", "Strike", "A", "g")
    assert (entry.url, entry.summary) == ("https://o.example/1", "Dockers walked 🚢 out")


@pytest.mark.parametrize("start", ["<!---->" * 500, "<!-- a -- b >\n-->" * 200, "<!---->x" * 500])
def test_a_document_that_begins_with_many_comments_is_read_as_quickly_as_any(start):
    """With the pattern there was, 24 of them took three seconds, and each more twice as long."""
    found = read_entries(start.encode(), url=URL, content_type="", kind=FeedKind.FEED)
    assert found.kind is FailureKind.NOT_A_FEED
    page = f"{start}<html><body>Sorry</body></html>".encode()
    found = read_entries(page, url=URL, content_type="", kind=FeedKind.FEED)
    assert found.kind is FailureKind.NOT_A_FEED


def test_a_tag_that_can_be_no_name_makes_no_sitemap():
    body = b'<?xml version="1.0"?><x:urlset><Description:><loc>/1</loc></Description:></x:urlset>'
    found = read_entries(
        body, url="https://o.example/s.xml", content_type="", kind=FeedKind.SITEMAP
    )
    assert isinstance(found, Failure)
