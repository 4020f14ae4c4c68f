"""OPML in and out: what other readers write, what we write, and what nobody should send."""

import pytest

from bot.adapters.opml import MAX_BYTES, parse_opml, write_opml
from bot.domain.model import Failure, FailureKind, FeedKind, OutletEntry, OutletFeed

OUTLETS = (
    OutletEntry(
        "Daily Echo & Co",
        "https://echo.example/",
        "GB",
        "en",
        (
            OutletFeed("https://echo.example/rss"),
            OutletFeed("https://echo.example/map.xml", FeedKind.SITEMAP),
        ),
        user_agent="Mozilla/5.0",
    ),
    OutletEntry(
        "Эхо порта", "https://порт.example/", "", "ru", (OutletFeed("https://порт.example/rss"),)
    ),
)


def opml(inside: str) -> bytes:
    return f'<?xml version="1.0"?><opml version="1.0"><head/><body>{inside}</body></opml>'.encode()


def test_what_we_write_we_read_back():
    assert parse_opml(write_opml(OUTLETS)) == OUTLETS


def test_what_other_readers_write_is_read():
    found = parse_opml(
        opml(
            '<outline text="News"><outline text="Echo" title="Echo" type="rss" xmlUrl="https://echo.example/rss"'
            ' htmlUrl="https://echo.example"/><outline text="Echo sport" xmlUrl="https://echo.example/sport"'
            ' htmlUrl="https://echo.example/"/></outline><outline xmlUrl="https://mail.example/feed"/>'
        )
    )
    assert [(o.name, o.homepage, [f.url for f in o.feeds]) for o in found] == [
        (
            "Echo",
            "https://echo.example",
            ["https://echo.example/rss", "https://echo.example/sport"],
        ),
        ("mail.example", "https://mail.example/", ["https://mail.example/feed"]),
    ]


def test_two_outlets_of_one_name_stay_two():
    found = parse_opml(
        opml(
            '<outline text="Echo" xmlUrl="https://a.example/rss"/><outline text="Echo" xmlUrl="https://b.example/rss"/>'
        )
    )
    assert [o.name for o in found] == ["Echo", "Echo (b.example)"]


def test_one_feed_named_twice_is_one():
    line = '<outline text="Echo" xmlUrl="https://a.example/rss"/>'
    [outlet] = parse_opml(opml(line * 3))
    assert len(outlet.feeds) == 1


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "javascript:alert(1)", "", "ftp://a.example/rss"]
)
def test_what_is_no_web_address_is_passed_over(url):
    good = '<outline text="Echo" xmlUrl="https://a.example/rss"/>'
    [outlet] = parse_opml(opml(f'<outline text="x" xmlUrl="{url}"/>{good}'))
    assert outlet.name == "Echo"


BAD = [
    (b"", FailureKind.NOT_A_FEED),
    (b"nonsense", FailureKind.NOT_A_FEED),
    (b"<rss/>", FailureKind.NOT_A_FEED),
    (opml(""), FailureKind.EMPTY),
    (opml("<outline text='folder'/>"), FailureKind.EMPTY),
    (b" " * (MAX_BYTES + 1), FailureKind.TOO_LARGE),
    (b'<!DOCTYPE o [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><opml>&b;</opml>', FailureKind.ABSURD),
]


@pytest.mark.parametrize(("body", "kind"), BAD, ids=[k.name for _, k in BAD])
def test_what_is_no_opml_is_refused_in_one_line(body, kind):
    failure = parse_opml(body)
    assert isinstance(failure, Failure)
    assert failure.kind is kind
    assert "\n" not in failure.detail


def test_files_of_ours_are_not_read_for_strangers(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("tell nobody")
    body = (
        f'<!DOCTYPE opml [<!ENTITY x SYSTEM "file://{secret}">]>'
        '<opml><body><outline text="&x;" xmlUrl="https://a.example/rss"/></body></opml>'
    )
    assert "tell nobody" not in repr(parse_opml(body.encode()))


def test_control_characters_do_not_break_the_export():
    odd = OutletEntry(
        "A\x00B", "https://a.example/", "", "", (OutletFeed("https://a.example/rss"),)
    )
    assert parse_opml(write_opml([odd]))[0].name == "AB"


def test_an_unknown_kind_is_a_feed():
    body = write_opml(OUTLETS).replace(b'kind="sitemap"', b'kind="hologram"')
    assert {f.kind for o in parse_opml(body) for f in o.feeds} == {FeedKind.FEED}
