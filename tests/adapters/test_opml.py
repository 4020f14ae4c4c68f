"""OPML in and out: what other readers write, what we write, and what nobody should send."""

import pytest

from bot.adapters.opml import MAX_BYTES, OURS, Opml, Skip, Skipped, parse_opml, write_opml
from bot.domain.addresses import Guard
from bot.domain.outlet import Failure, FailureKind, FeedKind, OutletEntry, OutletFeed

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

PUBLIC = Guard()


def opml(inside: str) -> bytes:
    return f'<?xml version="1.0"?><opml version="1.0"><head/><body>{inside}</body></opml>'.encode()


def test_what_we_write_we_read_back():
    assert parse_opml(write_opml(OUTLETS), PUBLIC) == Opml(OUTLETS)


def test_what_other_readers_write_is_read():
    found = parse_opml(
        opml(
            '<outline text="News"><outline text="Echo" title="Echo" type="rss" xmlUrl="https://echo.example/rss"'
            ' htmlUrl="https://echo.example"/><outline text="Echo sport" xmlUrl="https://echo.example/sport"'
            ' htmlUrl="https://echo.example/"/></outline><outline xmlUrl="https://mail.example/feed"/>'
        ),
        PUBLIC,
    )
    assert [(o.name, o.homepage, [f.url for f in o.feeds]) for o in found.outlets] == [
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
        ),
        PUBLIC,
    )
    assert [o.name for o in found.outlets] == ["Echo", "Echo (b.example)"]


def test_one_feed_named_twice_is_one():
    line = '<outline text="Echo" xmlUrl="https://a.example/rss"/>'
    [outlet] = parse_opml(opml(line * 3), PUBLIC).outlets
    assert len(outlet.feeds) == 1


WRONG = [
    ('xmlUrl="file:///etc/passwd"', Skip.ADDRESS, "file:///etc/passwd"),
    ('xmlUrl="javascript:alert(1)"', Skip.ADDRESS, "javascript:alert(1)"),
    ('xmlUrl=""', Skip.ADDRESS, ""),
    ('type="rss"', Skip.ADDRESS, ""),
    ('xmlUrl="http://[::1/rss"', Skip.ADDRESS, "http://[::1/rss"),
    ('xmlUrl="https://a.example/a b"', Skip.ADDRESS, "https://a.example/a b"),
    ('xmlUrl="http://10.0.0.1/rss"', Skip.PRIVATE, "http://10.0.0.1/rss"),
    ('xmlUrl="http://localhost/rss"', Skip.PRIVATE, "http://localhost/rss"),
    ('xmlUrl="https://b.example/" o:country="Atlantis"', Skip.COUNTRY, "ATLANTIS"),
    ('xmlUrl="https://b.example/" o:country="ZZ"', Skip.COUNTRY, "ZZ"),
    ('xmlUrl="https://b.example/" language="not a lang!!"', Skip.LANGUAGE, "not a lang!!"),
    ('xmlUrl="https://a.example/rss"', Skip.TWICE, "https://a.example/rss"),
]


@pytest.mark.parametrize(("said", "why", "quoted"), WRONG)
def test_what_can_be_no_outlet_is_passed_over_with_its_reason(said, why, quoted):
    good = '<outline text="Echo" xmlUrl="https://a.example/rss"/>'
    body = f'<opml xmlns:o="{OURS}"><body>{good}<outline text="x" {said}/></body></opml>'
    found = parse_opml(body.encode(), PUBLIC)
    assert [o.name for o in found.outlets] == ["Echo"]
    assert found.skipped == (Skipped("x", why, quoted),)


def test_what_the_operator_allows_is_taken():
    here = opml('<outline text="Here" xmlUrl="http://10.0.0.1:9000/rss"/>')
    assert len(parse_opml(here, Guard(["10.0.0.0/8"])).outlets) == 1


@pytest.mark.parametrize(
    ("said", "kept"), [("EN_us", "en-us"), ("unknown", ""), (" az-Latn", "az-Latn")]
)
def test_languages_are_read_as_readers_write_them(said, kept):
    line = f'<outline text="Echo" xmlUrl="https://a.example/rss" language="{said}"/>'
    [outlet] = parse_opml(opml(line), PUBLIC).outlets
    assert outlet.language == kept


BAD = [
    (b"", FailureKind.NOT_A_FEED),
    (b"nonsense", FailureKind.NOT_A_FEED),
    (b"<opml><body>", FailureKind.NOT_A_FEED),
    (b"<rss/>", FailureKind.NOT_A_FEED),
    (opml(""), FailureKind.EMPTY),
    (opml("<outline text='folder'/>"), FailureKind.EMPTY),
    (b" " * (MAX_BYTES + 1), FailureKind.TOO_LARGE),
    (b'<!DOCTYPE o [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><opml>&b;</opml>', FailureKind.ABSURD),
]


@pytest.mark.parametrize(("body", "kind"), BAD, ids=[k.name for _, k in BAD])
def test_what_is_no_opml_is_refused_in_one_line(body, kind):
    failure = parse_opml(body, PUBLIC)
    assert isinstance(failure, Failure)
    assert failure.kind is kind
    assert "\n" not in failure.detail
    assert "<string>" not in failure.detail


def test_files_of_ours_are_not_read_for_strangers(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("tell nobody")
    body = (
        f'<!DOCTYPE opml [<!ENTITY x SYSTEM "file://{secret}">]>'
        '<opml><body><outline text="&x;" xmlUrl="https://a.example/rss"/></body></opml>'
    )
    assert "tell nobody" not in repr(parse_opml(body.encode(), PUBLIC))


def test_control_characters_do_not_break_the_export():
    odd = OutletEntry(
        "A\x00B", "https://a.example/", "", "", (OutletFeed("https://a.example/rss"),)
    )
    assert parse_opml(write_opml([odd]), PUBLIC).outlets[0].name == "AB"


def test_an_unknown_kind_is_a_feed():
    body = write_opml(OUTLETS).replace(b'kind="sitemap"', b'kind="hologram"')
    assert {f.kind for o in parse_opml(body, PUBLIC).outlets for f in o.feeds} == {FeedKind.FEED}
