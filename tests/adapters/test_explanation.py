"""What one address gives, and why: feeds, pages, homepages, and where their feeds are."""

import json

import pytest
from aiohttp import web

from bot.domain.notes import Oddity
from bot.domain.outlet import Changed, FailureKind, FeedKind
from tests.adapters.sites import feed, reader, rss, site
from tests.adapters.test_kinds import INDEX, SITEMAP
from tests.adapters.test_pages import LABELLED, page_of

HTML = "text/html"


def paths(answers):
    """Serve these bodies at these paths, 404 elsewhere; a list remembers who asked for what."""

    async def handler(request):
        asked.append(request.path)
        found = answers.get(request.path)
        if found is None:
            return web.Response(status=404)
        body, kind = found if isinstance(found, tuple) else (found, "application/xml")
        text = body.decode() if isinstance(body, bytes) else body
        here = f"http://{request.host}"
        return web.Response(text=text.replace("{here}", here), content_type=kind)

    asked: list[str] = []
    handler.asked = asked
    return handler


async def explain(answers, path="/"):
    async with site(paths(answers)) as root, reader() as eyes:
        told = await eyes.explain(root + path)
    return told, root


async def test_a_feed_is_explained():
    told, root = await explain({"/rss": rss("A", "B")}, "/rss")
    assert (told.kind, told.form, told.title, len(told.entries)) == ("feed", "rss20", "Outlet", 2)
    [found] = told.candidates
    assert (found.url, found.kind, found.entries) == (f"{root}/rss", FeedKind.FEED, 2)
    assert any("2 entries" in line for line in told.lines(str))
    assert told.ok
    assert json.loads(json.dumps(told.as_json()))["entries"][0]["published_at"].startswith(
        "2026-11-23T10"
    )


async def test_a_homepage_leads_to_the_feeds_it_names():
    home = (
        "<html><head><link rel='alternate' type='application/rss+xml' href='/comments/feed'>"
        "<link rel='alternate' type='application/rss+xml' href='/broken'>"
        "<link rel='alternate' type='application/atom+xml' href='/all.atom'></head>"
        "<body><a href='/sport/rss.xml'>RSS</a></body></html>"
    )
    answers = {
        "/": (home, HTML),
        "/all.atom": rss("A"),
        "/sport/rss.xml": rss("B"),
        "/comments/feed": rss("C"),
    }
    told, root = await explain(answers)
    assert told.kind == "homepage"
    assert [c.url for c in told.candidates] == [f"{root}/all.atom", f"{root}/sport/rss.xml"]
    assert "rel=alternate" in told.candidates[0].why


async def test_what_is_found_is_told_in_lines():
    feed = (
        rss("A").replace(b"<pubDate>Mon, 23 Nov 2026 10:00:00 GMT</pubDate>", b"") + b"<!-- & -->"
    )
    home = "<html><head><link rel='alternate' type='application/rss+xml' href='/rss'></head></html>"
    told, root = await explain({"/": (home, HTML), "/rss": feed})
    assert f"  feed: {root}/rss [feed] 'Outlet', 1 entries: {told.candidates[0].why}" in list(
        told.lines(str)
    )
    told, _ = await explain({"/rss": feed.replace(b"A", b"A & B")}, "/rss")
    lines = list(told.lines(str))
    assert any(line.startswith("  note: ill-formed") for line in lines)
    assert any("no date" in line and "A & B" in line for line in lines)


async def test_a_homepage_that_names_nothing_is_tried_at_the_usual_places():
    told, root = await explain(
        {"/": ("<html><body>News</body></html>", HTML), "/rss.xml": rss("A")}
    )
    [found] = told.candidates
    assert (found.url, found.why) == (f"{root}/rss.xml", "one of the usual addresses")


async def test_a_sitemap_is_found_by_robots_txt():
    answers = {
        "/": ("<html><body>News</body></html>", HTML),
        "/robots.txt": (
            "User-agent: *\nSitemap: {here}/all.xml\nSitemap: {here}/news.xml\n",
            "text/plain",
        ),
        "/news.xml": SITEMAP,
    }
    told, root = await explain(answers)
    [found] = told.candidates
    assert (found.url, found.kind) == (f"{root}/news.xml", FeedKind.SITEMAP)


async def test_an_outlet_without_any_feed_is_read_by_its_own_links():
    told, root = await explain({"/": (INDEX, HTML)})
    [found] = told.candidates
    assert (told.kind, found.kind, found.url) == ("html", FeedKind.HTML, f"{root}/")
    assert len(told.entries) == 2


async def test_a_page_of_an_article_is_explained_as_one():
    title, paragraphs, pointer = LABELLED["ru"]
    body = page_of(
        "ru", title, [*paragraphs, *(p + " Снова." for p in paragraphs), paragraphs[0] * 3], pointer
    )
    told, _ = await explain({"/news/4411239": (body, HTML)}, "/news/4411239")
    assert told.kind == "page"
    assert told.page.title.startswith(title)
    assert any("text, " in line for line in told.lines(str))


async def test_nothing_is_explained_as_nothing():
    told, _ = await explain({"/": ("<html><body>Hello</body></html>", HTML)})
    assert (told.kind, told.failure.kind) == ("nothing", FailureKind.EMPTY)
    assert "no links to articles" in told.as_table(str)
    assert not told.ok


@pytest.mark.parametrize(
    ("answers", "kind"),
    [({}, FailureKind.NOT_FOUND), ({"/": ("{}", "application/json")}, FailureKind.NOT_A_FEED)],
)
async def test_a_failure_is_told(answers, kind):
    told, _ = await explain(answers)
    assert (told.kind, told.failure.kind) == ("nothing", kind)


async def test_no_address_is_asked_more_than_a_dozen_times():
    handler = paths({"/": ("<html><body>Hello</body></html>", HTML)})
    async with site(handler) as root, reader() as eyes:
        await eyes.explain(root)
    assert len(handler.asked) <= 12


async def test_a_redirect_is_told():
    async def handler(request):
        if request.path == "/":
            return web.Response(status=302, headers={"Location": "/rss"})
        return web.Response(body=rss("A"))

    async with site(handler) as root, reader() as eyes:
        told = await eyes.explain(root)
    assert f"it redirects to {root}/rss" in told.why


async def test_a_telegram_channel_is_asked_for_its_preview():
    async with reader(resolver=None, allow_private=[], total_s=0.01) as eyes:
        told = await eyes.explain("t.me/outlet")
    assert told.url == "https://t.me/s/outlet"
    assert "public preview" in told.why[0]


class TestSitemapIndexes:
    INDEX = "<sitemapindex>" + "".join(
        f"<sitemap><loc>{{here}}/{n}.xml</loc></sitemap>" for n in ("a", "news", "b", "c", "d")
    ) + "</sitemapindex>"  # fmt: skip

    async def poll(self, answers):
        handler = paths(answers)
        async with site(handler) as root, reader() as eyes:
            return await eyes.read_feed(feed(root, kind=FeedKind.SITEMAP)), handler.asked

    async def test_the_likeliest_three_are_read_as_one_feed(self):
        reading, asked = await self.poll({"/": self.INDEX, "/news.xml": SITEMAP, "/a.xml": SITEMAP})
        assert isinstance(reading, Changed)
        assert asked == ["/", "/news.xml", "/a.xml", "/b.xml"]
        assert len(reading.entries) == 4
        [note] = reading.notes
        assert note.oddity is Oddity.PART
        assert "404" in note.detail

    async def test_an_index_of_nothing_readable_is_a_failure(self):
        reading, _ = await self.poll({"/": self.INDEX})
        assert reading.kind is FailureKind.NOT_FOUND
        assert "/news.xml" in reading.detail
