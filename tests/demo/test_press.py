"""The demo's press behaves as outlets do, and publishes by the clock."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.web_reader import WebReader
from bot.demo.press import LOOPBACK, Press, load_press
from bot.domain.outlet import Changed, Failure, Feed, FeedKind, Page, Unchanged
from bot.outlets_file import load_outlets

PAPERS, PIECES = load_press()
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def to(self, at_s: float) -> None:
        """Set it to so many seconds after the start."""
        self.now = START + timedelta(seconds=at_s)


@pytest.fixture
async def press():
    async with Press(PAPERS, PIECES, Clock()) as press:
        yield press


@pytest.fixture
async def reader():
    async with WebReader(
        user_agent="test", allow_private=[f"{LOOPBACK}/32"], feed_gap_s=0, page_gap_s=0, workers=1
    ) as reader:
        yield reader


def feed_of(press: Press, key: str, etag: str | None = None) -> Feed:
    url = f"{press.homes[key]}/feed.xml"
    return Feed(1, 1, key, url, FeedKind.FEED, language="", country="", etag=etag)


async def titles(reader: WebReader, press: Press) -> set[str]:
    found = set()
    for paper in PAPERS:
        reading = await reader.read_feed(feed_of(press, paper.key))
        assert isinstance(reading, Changed), reading
        assert not reading.notes
        found |= {e.title for e in reading.entries}
    return found


async def test_before_it_begins_only_the_archive_is_there(press, reader):
    press._now.to(3_600)
    assert await titles(reader, press) == {p.title for p in PIECES if p.at_s < 0}
    assert press.since_begin() == []


async def test_it_publishes_live_by_its_schedule(press, reader):
    press.begin()
    press._now.to(5)
    assert await titles(reader, press) == {p.title for p in PIECES if p.at_s <= 5}
    press._now.to(10_000)
    assert await titles(reader, press) == {p.title for p in PIECES}


async def test_every_entry_leads_to_a_page_with_its_whole_text(press, reader):
    press.begin()
    press._now.to(10_000)
    for paper in PAPERS:
        for one in press.published(paper.key):
            page = await reader.read_page(one.url, language=paper.language)
            assert isinstance(page, Page), page
            assert page.published_at == one.at
            for paragraph in one.piece.paragraphs:
                assert paragraph in page.text
            assert "All rights reserved" not in page.text
            assert "Read also" not in page.text


async def test_a_feed_that_has_nothing_new_says_so(press, reader):
    first = await reader.read_feed(feed_of(press, "courier"))
    assert isinstance(first, Changed)
    assert first.etag
    again = await reader.read_feed(feed_of(press, "courier", first.etag))
    assert isinstance(again, Unchanged)


async def test_what_is_not_published_yet_is_not_found(press, reader):
    late = next(p for p in PIECES if p.at_s > 0)
    url = f"{press.homes[late.outlet]}/{late.slug}"
    assert isinstance(await reader.read_page(url), Failure)


async def test_its_outlets_file_is_one_that_the_program_takes(press, tmp_path):
    (tmp_path / "outlets.toml").write_text(press.outlets_toml(), "utf-8")
    assert [o.name for o in load_outlets(tmp_path)] == [p.name for p in PAPERS]


def test_it_has_what_a_demo_must_show():
    assert len(PAPERS) >= 5
    assert {p.format for p in PAPERS} == {"rss", "atom"}
    assert {p.language for p in PAPERS} >= {"en", "ru", "hy"}
    assert any(p.full for p in PAPERS)
    assert {p.outlet for p in PIECES} == {p.key for p in PAPERS}
    assert len({(p.outlet, p.slug) for p in PIECES}) == len(PIECES)
