"""Feeds as they are: every format, ill-formed, in wrong charsets, without dates, with one guid for all."""

import json
from datetime import UTC, datetime

import pytest

from bot.adapters.feeds import MAX_ENTRIES, ParsedFeed, parse_feed
from bot.domain.notes import Note, Oddity
from bot.domain.outlet import Failure, FailureKind
from bot.evals import feeds as feeds_eval
from bot.evals.recordings import judge_all
from tests.adapters.sites import rss

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
URL = "https://outlet.example/rss"


def parse(body: bytes | str, content_type: str = "", url: str = URL) -> ParsedFeed:
    found = parse_feed(
        body.encode() if isinstance(body, str) else body, url=url, content_type=content_type
    )
    assert isinstance(found, ParsedFeed), found
    return found


def refuse(body: bytes | str) -> Failure:
    found = parse_feed(body.encode() if isinstance(body, str) else body, url=URL, content_type="")
    assert isinstance(found, Failure)
    return found


def one_item(inside: str, **changes):
    return parse(
        f'<rss version="2.0" {changes.get("ns", "")}><channel><item>{inside}</item></channel></rss>'
    )


def json_feed(items) -> str:
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "O", "items": items})


FORMATS = {
    "rss": '<rss version="2.0"><channel><title>O</title><item><title>T</title><link>https://o.example/1</link>'
    "<pubDate>Mon, 23 Nov 2026 13:00:00 MSK</pubDate></item></channel></rss>",
    "atom": '<feed xmlns="http://www.w3.org/2005/Atom"><title>O</title><entry><title>T</title>'
    '<link rel="alternate" href="https://o.example/1"/><published>2026-11-23T10:00:00Z</published></entry></feed>',
    "rdf": '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>O</title></channel><item><title>T</title>'
    "<link>https://o.example/1</link><dc:date>2026-11-23T10:00:00Z</dc:date></item></rdf:RDF>",
    "json": json.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": "O",
            "items": [
                {
                    "id": "1",
                    "url": "https://o.example/1",
                    "title": "T",
                    "date_published": "2026-11-23T14:00:00+04:00",
                }
            ],
        }
    ),
}


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_the_same_entry(form):
    found = parse(FORMATS[form])
    [entry] = found.entries
    assert (found.title, entry.title, entry.url, entry.published_at) == (
        "O",
        "T",
        "https://o.example/1",
        AT,
    )


class TestText:
    def test_markup_is_gone_and_paragraphs_are_lines(self):
        [entry] = one_item(
            "<description>&lt;p&gt;One &amp;amp; two&lt;/p&gt;&lt;p&gt;Three&lt;/p&gt;</description>"
        ).entries
        assert entry.summary == "One & two\nThree"

    def test_scripts_and_players_are_not_text(self):
        inside = "<![CDATA[<script>alert(1)</script><p>Text</p><iframe src='x'>no</iframe>]]>"
        assert one_item(f"<description>{inside}</description>").entries[0].summary == "Text"

    def test_a_headline_with_a_sign_is_not_markup(self):
        assert (
            one_item("<title>2 &lt; 3 and 5 &gt; 4</title>").entries[0].title == "2 < 3 and 5 > 4"
        )

    def test_full_text_is_the_body_and_a_teaser_is_not(self):
        ns = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        full = "<content:encoded>" + "A sentence of the article. " * 40 + "</content:encoded>"
        [entry] = one_item(f"<description>Teaser</description>{full}", ns=ns).entries
        assert (entry.summary, len(entry.body) > 600) == ("Teaser", True)
        [entry] = one_item("<content:encoded>Short</content:encoded>", ns=ns).entries
        assert entry.body == ""

    def test_a_long_description_is_the_body(self):
        text = "A sentence of the article. " * 40
        assert one_item(f"<description>{text}</description>").entries[0].body == text.strip()

    def test_furniture_of_feeds_is_left_out(self):
        tail = "&lt;p&gt;Text of it.&lt;/p&gt;&lt;p&gt;The post T appeared first on O.&lt;/p&gt;"
        assert one_item(f"<description>{tail}</description>").entries[0].summary == "Text of it."

    def test_authors_and_sources_come_along(self):
        inside = '<title>T</title><author>a@o.example (Ann Bell)</author><source url="https://a.example/">Agency</source>'
        [entry] = one_item(inside).entries
        assert "Ann Bell" in entry.author
        assert entry.source == "Agency"

    @pytest.mark.parametrize("halves", ["&#55357;&#56832;", "&#xD83D;&#xDE00;"])
    def test_letters_written_by_halves_are_put_together(self, halves):
        assert parse(rss(f"A {halves}")).entries[0].title == "A 😀"
        assert parse(rss("A &#55357; B")).entries[0].title == "A \ufffd B"

    @pytest.mark.parametrize("dtd", ["", '<!DOCTYPE rss SYSTEM "http://o.example/rss-0.91.dtd">'])
    def test_names_of_letters_are_read_without_the_dtd_that_declares_them(self, dtd):
        body = rss("Caf&eacute; &laquo;T&raquo; &amp; &unheard;").replace(
            b"<rss", dtd.encode() + b"<rss"
        )
        assert parse(body).entries[0].title.startswith("Café «T» &")


class TestLinks:
    def test_relative_links_become_absolute(self):
        assert one_item("<link>/news/1</link>").entries[0].url == "https://outlet.example/news/1"

    def test_a_guid_that_is_an_address_is_a_link(self):
        assert one_item("<guid>https://o.example/1</guid>").entries[0].url == "https://o.example/1"

    def test_a_guid_that_is_none_is_not(self):
        [entry] = one_item('<guid isPermaLink="false">o-1</guid>').entries
        assert (entry.url, entry.guid) == ("", "o-1")

    def test_a_guid_that_denies_nothing_and_has_no_path_is_none_either(self):
        assert one_item("<guid>abc-123</guid>").entries[0].url == ""

    def test_a_line_break_is_no_part_of_an_address(self):
        [entry] = one_item("<link>https://o.example/\n    1</link>").entries
        assert entry.url == "https://o.example/1"

    def test_a_broken_link_breaks_nothing(self):
        assert one_item("<link>http://[broken/1</link>").entries[0].url


class TestDates:
    def test_a_zone_feedparser_does_not_know_is_read(self):
        assert (
            one_item("<pubDate>Mon, 23 Nov 2026 14:00:00 +04</pubDate>").entries[0].published_at
            == AT
        )

    @pytest.mark.parametrize(
        "said",
        ["0001-01-01T00:00:00Z", "Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59-10:00"],
    )
    def test_year_one_and_year_9999_are_no_dates(self, said):
        assert one_item(f"<pubDate>{said}</pubDate>").entries[0].published_at is None

    def test_the_date_of_an_update_serves_where_there_is_no_other(self):
        body = FORMATS["atom"].replace("published>", "updated>")
        assert parse(body).entries[0].published_at == AT


class TestNotes:
    def test_feeds_without_dates_or_guids_say_so(self):
        items = "".join(f"<item><link>https://o.example/{n}</link></item>" for n in "AB")
        found = parse(f'<rss version="2.0"><channel>{items}</channel></rss>')
        assert found.notes == (Note(Oddity.NO_DATES), Note(Oddity.NO_GUIDS))

    def test_one_guid_for_all_is_told(self):
        found = parse(rss("A", "B").replace(b"g1", b"g0"))
        assert found.notes == (Note(Oddity.ONE_GUID),)

    @pytest.mark.parametrize(
        "broken",
        ["<image></width></image>", "</height>", "<cc:license>x</cc:license></cc:license>"],
    )
    def test_what_the_parser_breaks_on_costs_no_entry(self, broken):
        ns = 'xmlns:cc="http://backend.userland.com/creativeCommonsRssModule"'
        found = one_item(f"<title>A & B</title>{broken}<link>https://o.example/1</link>", ns=ns)
        assert [(e.title, e.url) for e in found.entries] == [("A & B", "https://o.example/1")]

    def test_ill_formed_feeds_are_read_and_the_line_is_named(self):
        found = parse(rss("A & B", "C"))
        assert len(found.entries) == 2
        [note] = found.notes
        assert str(note).startswith("ill-formed: line ")

    def test_the_media_type_is_not_worth_a_note(self):
        assert parse(rss("A"), content_type="text/html").notes == ()

    def test_more_entries_than_we_take_are_cut_and_told(self):
        found = parse(rss(*(f"T{n}" for n in range(MAX_ENTRIES + 500))))
        assert len(found.entries) == MAX_ENTRIES
        assert found.notes == (Note(Oddity.CUT, n=MAX_ENTRIES),)

    def test_our_own_cut_is_not_called_an_outlet_s_fault(self):
        found = parse(rss(*(f"T{n}" for n in range(10 * MAX_ENTRIES))))
        assert len(found.entries) == MAX_ENTRIES
        assert found.notes == (Note(Oddity.CUT, n=MAX_ENTRIES),)

    def test_entries_without_an_address_are_counted(self):
        items = "<item><title>A</title></item><item><guid>https://o.example/1</guid></item>"
        found = parse(f'<rss version="2.0"><channel>{items}</channel></rss>')
        assert Note(Oddity.NO_LINKS, n=1) in found.notes

    @pytest.mark.parametrize(
        "link", ["javascript:alert(1)", "file:///etc/passwd", "ftp://o.example/1"]
    )
    def test_an_address_that_is_none_of_the_web_is_told(self, link):
        found = one_item(f"<title>T</title><link>{link}</link>")
        assert found.notes == (Note(Oddity.BAD_LINKS, n=1),)

    def test_a_feed_without_entries_says_so_in_each_format(self):
        for body in (rss(), json_feed([]), FORMATS["atom"].split("<entry")[0] + "</feed>"):
            assert parse(body).notes == (Note(Oddity.EMPTY),)

    @pytest.mark.parametrize(
        ("items", "told"),
        [
            (
                [{"id": "1", "url": "https://o.example/1", "title": ["x"]}],
                "the title of item 1 is no text",
            ),
            ([{"id": {}, "url": "https://o.example/1"}], "the id of item 1 is no text"),
            ([{"id": 1, "url": "https://o.example/1"}, "x"], "an item is no object"),
            ({"1": {}}, "items is no list"),
        ],
    )
    def test_json_that_is_not_as_it_must_be_is_told(self, items, told):
        assert Note(Oddity.ILL_FORMED, detail=told) in parse(json_feed(items)).notes


class TestHints:
    def hint(self, extra):
        return parse(
            rss("A", extra=extra).replace(
                b"<rss", b'<rss xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
            )
        ).ttl_s

    def test_ttl_is_minutes(self):
        assert self.hint("<ttl>15</ttl>") == 900

    def test_sy_is_a_period_and_a_frequency(self):
        extra = "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>"
        assert self.hint(extra) == 21_600

    def test_what_wordpress_always_says_is_nobodys_wish(self):
        extra = (
            "<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>1</sy:updateFrequency>"
        )
        assert self.hint(extra) is None

    @pytest.mark.parametrize("extra", ["<ttl>soon</ttl>", "<ttl>-5</ttl>", "<ttl>1e400</ttl>", ""])
    def test_nonsense_is_no_wish(self, extra):
        assert self.hint(extra) is None


REFUSED = [
    ("", FailureKind.EMPTY, "empty"),
    ("<!DOCTYPE html><html></html>", FailureKind.NOT_A_FEED, "HTML"),
    ("<!-- moved --><html></html>", FailureKind.NOT_A_FEED, "HTML"),
    ("Not found", FailureKind.NOT_A_FEED, "no feed"),
    ("{}", FailureKind.NOT_A_FEED, "no JSON Feed"),
    ("[1, 2]", FailureKind.NOT_A_FEED, "no JSON Feed"),
    ('{"version": ', FailureKind.NOT_A_FEED, "broken JSON"),
    ("[" * 200_000, FailureKind.NOT_A_FEED, "broken JSON"),
    ('{"items": [{"id": 1}, "x"]}', FailureKind.NOT_A_FEED, "no JSON Feed"),
]


@pytest.mark.parametrize(
    ("body", "kind", "detail"), REFUSED, ids=[r[0][:20] or "empty" for r in REFUSED]
)
def test_what_is_no_feed_is_refused_in_one_line(body, kind, detail):
    failure = refuse(body)
    assert failure.kind is kind
    assert detail in failure.detail
    assert "\n" not in failure.detail


def test_json_that_lacks_its_version_is_known_by_its_items():
    assert len(parse('{"items": [{"id": 1, "content_text": "x"}]}').entries) == 1


class TestEntities:
    def test_a_few_declared_letters_are_no_bomb(self):
        body = b'<!DOCTYPE rss [<!ENTITY eacute "&#233;">]>' + rss("caf&eacute;")
        assert parse(body).entries[0].title == "café"

    def test_entities_of_entities_are(self):
        body = b'<!DOCTYPE rss [<!ENTITY a "x"><!ENTITY b "&a;&a;">]>' + rss("&b;")
        assert refuse(body).kind is FailureKind.ABSURD

    @pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-32"])
    def test_entities_of_entities_are_in_wide_letters_too(self, charset):
        body = '<!DOCTYPE rss [<!ENTITY a "x"><!ENTITY b "&a;&a;">]>' + rss("&b;").decode()
        assert refuse(body.encode(charset)).kind is FailureKind.ABSURD

    def test_parameter_entities_of_entities_are(self):
        body = b'<!DOCTYPE rss [<!ENTITY % a "x"><!ENTITY % b "%a;%a;">]>' + rss("x")
        assert refuse(body).kind is FailureKind.ABSURD

    def test_so_is_a_crowd_of_them(self):
        crowd = b"".join(b'<!ENTITY e%d "x">' % n for n in range(100))
        assert refuse(b"<!DOCTYPE rss [" + crowd + b"]>" + rss("x")).kind is FailureKind.ABSURD

    def test_a_long_comment_is_not_a_tag(self):
        assert (
            len(parse(rss("A").replace(b"<item>", b"<!--" + b"x" * 70_000 + b"--><item>")).entries)
            == 1
        )

    def test_a_long_text_is_not_a_tag(self):
        assert len(parse(rss("A" * 70_000)).entries) == 1


TITLE = "Забастовка в порту продолжается третий день, переговоры зашли в тупик"
CHARSETS = [
    pytest.param("utf-8", "utf-8", "", id="as declared"),
    pytest.param("windows-1251", "windows-1251", "", id="windows-1251 as declared"),
    pytest.param("koi8-r", "koi8-r", "", id="koi8-r as declared"),
    pytest.param("utf-8", "windows-1251", "", id="UTF-8 declared as windows-1251"),
    pytest.param("utf-8", "utf-8", "text/xml; charset=iso-8859-1", id="a header that is wrong"),
    pytest.param("utf-8", "", "text/xml; charset=windows-1251", id="only a wrong header"),
    pytest.param("windows-1251", "", "text/xml; charset=windows-1251", id="only the header is right"),
    pytest.param("windows-1251", "utf-8", "", id="windows-1251 declared as UTF-8"),
    pytest.param("windows-1251", "", "", id="windows-1251, nothing said"),
    pytest.param("utf-16", "utf-16", "", id="UTF-16"),
    pytest.param("utf-8-sig", "utf-8", "", id="with a byte order mark"),
    pytest.param("utf-8", "no-such-charset", "", id="an unknown charset"),
]  # fmt: skip


@pytest.mark.parametrize(("real", "declared", "header"), CHARSETS)
def test_cyrillic_is_read_whatever_is_said_of_it(real, declared, header):
    said = f'<?xml version="1.0" encoding="{declared}"?>' if declared else '<?xml version="1.0"?>'
    body = said + rss(*[f"{TITLE}, часть {n}" for n in range(3)]).decode()
    found = parse(body.encode(real), content_type=header)
    assert found.entries[0].title == f"{TITLE}, часть 0"


def test_one_broken_letter_does_not_spoil_the_others():
    body = rss(TITLE, TITLE).replace(
        "порту".encode(), "пор\xff".encode("latin-1", "replace")[:1] + b"\xff", 1
    )
    assert parse(body).entries[1].title == TITLE


@pytest.mark.shared
def test_recorded_feeds_are_read_as_their_makers_say(shared_data):
    """The figures reported for issue 5; every disagreement is known by name."""
    tally = judge_all(shared_data / "feeds", feeds_eval.Tally(), feeds_eval.judge, pages=False)
    assert tally.files >= 730
    assert tally.agree / tally.files > 0.985
    assert tally.entries_right / tally.entries > 0.999
    assert tally.dates_right / tally.dates > 0.995
    known = ("cdf/", "base/http_item_link_base", "smallweb/0346", "0001", "smallweb/")
    assert [line for line in tally.wrong if not any(k in line for k in known)] == []


def test_an_item_whose_link_cannot_be_read_has_none():
    body = (
        b'<rss version="2.0"><channel><title>T</title><item><title>Barley</title>'
        b"<link>http://a.example/old&x=<script>.html</link></item></channel></rss>"
    )
    parsed = parse_feed(body, url="http://a.example/rss", content_type="application/rss+xml")
    assert not isinstance(parsed, Failure)
    assert [e.url for e in parsed.entries if "None" in e.url] == []
