"""Entries are told apart by link, then guid, then what they say."""

from datetime import UTC, datetime, timedelta

from bot.domain.identity import settle_entries
from bot.domain.outlet import Entry
from bot.domain.urls import canonical_url

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FEED = "https://outlet.example/rss"


def settle(*entries):
    return settle_entries(entries, feed_url=FEED, now=NOW)


def urls(*entries):
    return [e.url for e in settle(*entries)]


def test_a_link_of_its_own_is_the_entrys_name_whatever_the_guid():
    same_guid = [
        Entry(f"http://outlet.example/{n}?utm_source=rss", f"Title {n}", guid="0") for n in (1, 2)
    ]
    assert urls(*same_guid) == ["https://outlet.example/1", "https://outlet.example/2"]


def test_entries_that_share_a_link_are_told_apart_by_guid():
    live = [Entry("https://outlet.example/live", f"Update {n}", guid=f"g{n}") for n in (1, 2)]
    first, second = urls(*live)
    assert first != second
    assert first.startswith("https://outlet.example/live#entry-")
    retitled = Entry("https://outlet.example/live", "Update 1, corrected", guid="g1")
    assert urls(retitled, live[1])[0] == first


def test_entries_that_share_link_and_guid_are_told_apart_by_what_they_say():
    pair = [Entry("https://outlet.example/", f"Title {n}", guid="same") for n in (1, 2)]
    assert len(set(urls(*pair))) == 2


def test_an_entry_without_a_link_is_named_in_the_feed():
    [url] = urls(Entry("", "Title", guid="tag:outlet.example,2026:1"))
    assert url.startswith(f"{FEED}#entry-")


def test_a_guid_that_is_an_address_is_a_link():
    assert urls(Entry("", "Title", guid="https://outlet.example/9")) == ["https://outlet.example/9"]


def test_the_same_entry_twice_is_one():
    twice = [Entry("https://outlet.example/1", "Title", guid="a")] * 2
    with_noise = [*twice, Entry("https://outlet.example/1?fbclid=x", "Title", guid="a")]
    assert urls(*with_noise) == ["https://outlet.example/1"]


def test_one_article_listed_under_two_guids_is_one():
    pair = [Entry("https://outlet.example/1", "Title", guid=guid) for guid in ("a", "b")]
    assert urls(*pair) == ["https://outlet.example/1"]


def test_names_survive_being_made_canonical_again():
    for url in urls(
        Entry("", "A"), Entry("https://outlet.example/", "B"), Entry("https://outlet.example/", "C")
    ):
        assert canonical_url(url) == url


def test_a_future_date_becomes_now_and_others_stay():
    ahead = Entry("https://outlet.example/1", "A", published_at=NOW + timedelta(hours=3))
    past = Entry("https://outlet.example/2", "B", published_at=NOW - timedelta(hours=3))
    undated = Entry("https://outlet.example/3", "C")
    assert [e.published_at for e in settle(ahead, past, undated)] == [NOW, past.published_at, None]


def test_half_a_character_in_a_guid_does_not_stop_the_feed():
    first, second = urls(Entry("", "A", guid="g\ud83d"), Entry("", "B", guid="g\ud83e"))
    assert first != second
