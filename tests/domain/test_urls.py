"""Canonical URLs: one page, one name, and still an address that can be fetched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.urls import canonical_url, is_web_url

SAME = [
    pytest.param("http://www.example.com/a", "https://www.example.com/a", id="scheme"),
    pytest.param("HTTPS://Example.COM/A", "https://example.com/A", id="case of the host only"),
    pytest.param("https://example.com:443/a", "https://example.com/a", id="default port"),
    pytest.param("http://example.com:80/a", "https://example.com/a", id="default port of http"),
    pytest.param("https://me:secret@example.com/a", "https://example.com/a", id="credentials"),
    pytest.param("https://example.com", "https://example.com/", id="no path"),
    pytest.param("https://example.com./a", "https://example.com/a", id="rooted host"),
    pytest.param("https://example.com/a#top", "https://example.com/a", id="fragment"),
    pytest.param("https://example.com/a/./b/../c//d", "https://example.com/a/c/d", id="dots"),
    pytest.param(' "https://example.com/a"\n', "https://example.com/a", id="stray quotes"),
    pytest.param("https://example.com/a?utm_source=x&id=7", "https://example.com/a?id=7", id="utm"),
    pytest.param("https://example.com/a?fbclid=z", "https://example.com/a", id="fbclid"),
    pytest.param("https://example.com/a?at_medium=RSS&at_campaign=K", "https://example.com/a", id="bbc"),
    pytest.param("https://example.com/a?traffic_source=rss", "https://example.com/a", id="aljazeera"),
    pytest.param("https://example.com/a?from=rss", "https://example.com/a", id="from a feed"),
    pytest.param("https://example.com/a?ref=tg&x=1", "https://example.com/a?x=1", id="from Telegram"),
    pytest.param("https://example.com/a/amp/", "https://example.com/a", id="amp at the end"),
    pytest.param("https://example.com/a.amp", "https://example.com/a", id="amp suffix"),
    pytest.param("https://example.com/a?amp=1", "https://example.com/a", id="amp parameter"),
    pytest.param("https://amp.example.com/a", "https://example.com/a", id="amp host"),
    pytest.param("https://www.google.com/amp/s/example.com/a", "https://example.com/a", id="google amp"),
    pytest.param(
        "https://example-com.cdn.ampproject.org/c/s/example.com/a", "https://example.com/a", id="amp cache"
    ),
    pytest.param("https://example.com/%7euser/%e1", "https://example.com/~user/%E1", id="escapes"),
    pytest.param("https://example.com/да", "https://example.com/%D0%B4%D0%B0", id="raw Cyrillic"),
    pytest.param("https://новости.рф/a", "https://xn--b1amnebsh.xn--p1ai/a", id="idn"),
]  # fmt: skip


@pytest.mark.parametrize(("published", "canonical"), SAME)
def test_a_page_has_one_name_however_it_is_linked(published, canonical):
    assert canonical_url(published) == canonical


DIFFERENT = [
    pytest.param("https://example.com/a?id=1", "https://example.com/a?id=2", id="a parameter that chooses"),
    pytest.param("https://example.com/a?source=interview", "https://example.com/a", id="a source, not a tag"),
    pytest.param("https://example.com/a?from=2026-01-01", "https://example.com/a", id="a range"),
    pytest.param("https://example.com/A", "https://example.com/a", id="case of the path"),
    pytest.param("https://example.com/a#entry-1", "https://example.com/a#entry-2", id="our own marks"),
    pytest.param("https://example.com/champ", "https://example.com/ch", id="ends in amp"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_two_pages_keep_two_names(one, other):
    assert canonical_url(one) != canonical_url(other)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8123/x", "http://localhost/x", "http://[::1]/x"])
def test_an_address_without_a_name_keeps_its_scheme_and_port(url):
    assert canonical_url(url) == url


@pytest.mark.parametrize(
    "text", ["mailto:a@b.example", "javascript:alert(1)", "not a url", "", "http://"]
)
def test_what_is_no_web_address_stays_as_it_is(text):
    assert canonical_url(text) == text
    assert not is_web_url(text)


BROKEN = ["http://example.com:port/", "http://[::1/", "http://exa..mple.com/", "https://é..com/a"]


@pytest.mark.parametrize("url", BROKEN)
def test_a_broken_address_breaks_nothing(url):
    assert canonical_url(canonical_url(url)) == canonical_url(url)


def test_an_ipv6_address_keeps_its_brackets():
    assert canonical_url("http://[2606:2800::1]:8080/a") == "http://[2606:2800::1]:8080/a"


def test_a_path_that_climbs_out_ends_at_the_top():
    assert canonical_url("https://example.com/a/../../b/..") == "https://example.com/"


def test_a_kept_query_is_not_rewritten():
    url = "https://example.com/a?b=%20x+y&c&d=[1]"
    assert canonical_url(url) == url


@given(st.text(max_size=60))
def test_naming_twice_changes_nothing(rest):
    once = canonical_url("https://example.com/" + rest)
    assert canonical_url(once) == once
