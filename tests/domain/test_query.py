"""The language of watches: what is read, what is refused, and how a mistake is mended."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.errors import QueryError
from bot.domain.query import (
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_TERMS,
    And,
    Filter,
    InTitle,
    Mode,
    Not,
    Or,
    Phrase,
    Query,
    Term,
    parse_query,
    wants,
)
from bot.domain.syntax import cost

HARBOUR, STRIKE, PORT = Term("harbour"), Term("strike"), Term("port")


def refused(text: str) -> QueryError:
    with pytest.raises(QueryError) as caught:
        parse_query(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "root"),
    [
        pytest.param("harbour", HARBOUR, id="a word"),
        pytest.param(" harbour  strike ", And((HARBOUR, STRIKE)), id="words are AND"),
        pytest.param("harbour AND strike", And((HARBOUR, STRIKE)), id="AND may be said"),
        pytest.param("harbour & strike && port", And((HARBOUR, STRIKE, PORT)), id="& is AND"),
        pytest.param("harbour OR strike", Or((HARBOUR, STRIKE)), id="OR"),
        pytest.param("harbour | strike || port", Or((HARBOUR, STRIKE, PORT)), id="| is OR"),
        pytest.param("harbour|strike", Or((HARBOUR, STRIKE)), id="| needs no space"),
        pytest.param(
            "port OR harbour strike", Or((PORT, And((HARBOUR, STRIKE)))), id="AND binds closer"
        ),
        pytest.param(
            "(port OR harbour) strike", And((Or((PORT, HARBOUR)), STRIKE)), id="parentheses"
        ),
        pytest.param("(port harbour) strike", And((PORT, HARBOUR, STRIKE)), id="idle parentheses"),
        pytest.param("port -strike", And((PORT, Not(STRIKE))), id="minus"),
        pytest.param("port –strike", And((PORT, Not(STRIKE))), id="a dash that a phone put there"),
        pytest.param("port NOT strike", And((PORT, Not(STRIKE))), id="NOT"),
        pytest.param("port AND NOT strike", And((PORT, Not(STRIKE))), id="AND NOT"),
        pytest.param("port !strike", And((PORT, Not(STRIKE))), id="exclamation mark"),
        pytest.param(
            "port -(strike OR harbour)", And((PORT, Not(Or((STRIKE, HARBOUR))))), id="minus group"
        ),
        pytest.param("port NOT -strike", And((PORT, STRIKE)), id="two NOTs cancel"),
        pytest.param("+port", PORT, id="plus is what a word is anyway"),
        pytest.param('"harbour strike"', Phrase((HARBOUR, STRIKE)), id="phrase"),
        pytest.param("«harbour strike»", Phrase((HARBOUR, STRIKE)), id="quotes of the East"),
        pytest.param("“harbour strike”", Phrase((HARBOUR, STRIKE)), id="quotes of a phone"),
        pytest.param('"harbour"', HARBOUR, id="a phrase of one word is a word"),
        pytest.param('"harbour strike"~3', Phrase((HARBOUR, STRIKE), 3), id="near"),
        pytest.param("harbour NEAR/3 strike", Phrase((HARBOUR, STRIKE), 3), id="NEAR/3"),
        pytest.param("harbour AROUND(4) strike", Phrase((HARBOUR, STRIKE), 4), id="AROUND(4)"),
        pytest.param("harbour W/2 strike", Phrase((HARBOUR, STRIKE), 2), id="W/2"),
        pytest.param("harbour NEAR strike", Phrase((HARBOUR, STRIKE), 10), id="NEAR alone"),
        pytest.param("harb*", Term("harb", Mode.PREFIX), id="prefix"),
        pytest.param(
            '"harb* strike"', Phrase((Term("harb", Mode.PREFIX), STRIKE)), id="prefix in a phrase"
        ),
        pytest.param("harbour~", Term("harbour", Mode.EDIT, 1), id="one edit"),
        pytest.param("harbours~2", Term("harbours", Mode.EDIT, 2), id="two edits"),
        pytest.param("=harbour", Term("harbour", Mode.EXACT), id="exact word"),
        pytest.param("==Harbour", Term("Harbour", Mode.CASE), id="exact word, its capitals too"),
        pytest.param(
            '="harbour strike"',
            Phrase((Term("harbour", Mode.EXACT), Term("strike", Mode.EXACT))),
            id="exact phrase",
        ),
        pytest.param("title:port", InTitle(PORT), id="title"),
        pytest.param("title: port", InTitle(PORT), id="a space after the colon"),
        pytest.param("intitle:port", InTitle(PORT), id="intitle, as elsewhere"),
        pytest.param("title:(port OR strike)", InTitle(Or((PORT, STRIKE))), id="title of a group"),
        pytest.param("title:title:port", InTitle(PORT), id="title twice"),
        pytest.param("port outlet:Echo", And((PORT, Filter("outlet", "Echo"))), id="outlet"),
        pytest.param(
            'port outlet:"Daily Echo"', And((PORT, Filter("outlet", "Daily Echo"))), id="quoted"
        ),
        pytest.param(
            "port outlet:(Echo OR Mail)",
            And((PORT, Or((Filter("outlet", "Echo"), Filter("outlet", "Mail"))))),
            id="two outlets",
        ),
        pytest.param("port lang:HY", And((PORT, Filter("lang", "hy"))), id="language"),
        pytest.param("port country:am", And((PORT, Filter("country", "AM"))), id="country"),
        pytest.param(
            "port site:Echo.Example", And((PORT, Filter("site", "echo.example"))), id="site"
        ),
        pytest.param(
            "port site:https://echo.example/port",
            And((PORT, Filter("site", "echo.example/port"))),
            id="site, as an address is copied",
        ),
        pytest.param(
            "port source:Echo", And((PORT, Filter("outlet", "Echo"))), id="source, as elsewhere"
        ),
        pytest.param("harbour, strike.", And((HARBOUR, STRIKE)), id="punctuation is nothing"),
        pytest.param("Su-30", Term("Su-30"), id="a hyphen inside a word is no NOT"),
        pytest.param("12:30", Term("12:30"), id="a time is no field"),
        pytest.param('"OR" port', And((Term("OR"), PORT)), id="a quoted operator is a word"),
        pytest.param("NEAR/3", Term("NEAR/3"), id="NEAR with nothing around is a word"),
    ],
)
def test_a_query_reads_as(text, root):
    assert parse_query(text).root == root
    assert parse_query(str(Query(root))).root == root


@pytest.mark.parametrize(
    ("text", "key", "place", "suggestion"),
    [
        pytest.param("", "query.empty", "", None, id="nothing"),
        pytest.param("   ", "query.empty", "   ", None, id="only spaces"),
        pytest.param("(port", "query.unclosed", "(", "port", id="no closing parenthesis"),
        pytest.param("port (", "query.unclosed", "(", "port", id="a parenthesis at the end"),
        pytest.param("port)", "query.unopened", ")", "port", id="no opening parenthesis"),
        pytest.param("() port", "query.empty_group", "()", "port", id="nothing in parentheses"),
        pytest.param(
            '"port strike', "query.unclosed_quote", '"', '"port strike"', id="no closing quote"
        ),
        pytest.param('"" port', "query.empty_phrase", '""', "port", id="nothing in quotes"),
        pytest.param("OR port", "query.dangling", "OR", "port", id="OR at the start"),
        pytest.param("port AND", "query.dangling", "AND", "port", id="AND at the end"),
        pytest.param("port OR", "query.dangling", "OR", "port", id="OR at the end"),
        pytest.param("port OR OR strike", "query.dangling", "OR", "port OR strike", id="OR twice"),
        pytest.param("port NOT", "query.dangling", "NOT", "port", id="NOT at the end"),
        pytest.param("-port", "query.nothing_wanted", "-port", None, id="only excluded"),
        pytest.param("lang:hy", "query.nothing_wanted", "lang:hy", None, id="only a filter"),
        pytest.param(
            "port OR -strike", "query.nothing_wanted", "port OR -strike", None, id="an arm without"
        ),
        pytest.param(
            "po* x", "query.short_prefix", "po*", "po x", id="two letters before the star"
        ),
        pytest.param("har*bour", "query.star_place", "har*bour", "harbour", id="star inside"),
        pytest.param(
            '="harb* strike"', "query.star_place", "harb*", '="harb strike"', id="star in exact"
        ),
        pytest.param("==Harb*", "query.star_place", "==Harb*", "Harb", id="star that minds case"),
        pytest.param("harbour~9", "query.bad_edits", "harbour~9", "harbour~1", id="too many edits"),
        pytest.param(
            "harbours~9",
            "query.bad_edits",
            "harbours~9",
            "harbours~2",
            id="as many as there may be",
        ),
        pytest.param("por~1", "query.short_edit", "por~1", "por", id="too short for an edit"),
        pytest.param("=port~1", "query.edit_place", "=port~1", "port", id="exact and edited"),
        pytest.param('"port strike"~', "query.bad_gap", "~", '"port strike"~3', id="no distance"),
        pytest.param('"port strike"~99', "query.bad_gap", "~99", '"port strike"~50', id="too far"),
        pytest.param(
            "port NEAR/99 strike",
            "query.near",
            "port NEAR/99 strike",
            '"port strike"~50',
            id="NEAR/99",
        ),
        pytest.param(
            "port NEAR/3 =strike",
            "query.near",
            "port NEAR/3 =strike",
            '"port strike"~3',
            id="NEAR =",
        ),
        pytest.param(
            "port NEAR/3 (a OR b)", "query.near", "NEAR/3", "port (a OR b)", id="NEAR of a group"
        ),
        pytest.param("port NEAR/3", "query.near", "NEAR/3", "port", id="NEAR at the end"),
        pytest.param(
            "port foo:bar", "query.unknown_field", "foo:", "port foo bar", id="unknown field"
        ),
        pytest.param(
            "port langauge:hy",
            "query.unknown_field",
            "langauge:",
            "port lang:hy",
            id="misspelt field",
        ),
        pytest.param(
            "port lang:armenian",
            "query.bad_lang",
            "armenian",
            "port lang:hy",
            id="language by name",
        ),
        pytest.param(
            "port lang:klingonese", "query.bad_lang", "klingonese", None, id="no language"
        ),
        pytest.param(
            "port country:armenia",
            "query.bad_country",
            "armenia",
            "port country:AM",
            id="country name",
        ),
        pytest.param(
            "port outlet:", "query.empty_field", "outlet:", "port", id="field without a value"
        ),
        pytest.param("port outlet:...", "query.not_a_word", "...", None, id="a filter for dots"),
        pytest.param("port ...", "query.not_a_word", "...", "port", id="dots"),
        pytest.param(
            "port +| strike", "query.dangling", "|", "port strike", id="plus before a bar"
        ),
        pytest.param("port +", "query.not_a_word", "+", "port", id="plus alone"),
        pytest.param(
            "port outlet:site:x",
            "query.empty_field",
            "site:",
            "port outlet:x",
            id="a field in a field",
        ),
    ],
)
def test_a_mistake_is_placed_named_and_mended(text, key, place, suggestion):
    fault = refused(text)

    assert (fault.key, text[fault.start : fault.end]) == (key, place)
    assert fault.suggestion == suggestion
    if suggestion is not None:
        assert str(parse_query(suggestion)) == suggestion


def test_a_query_over_a_limit_is_refused_with_the_limit_named():
    long = refused("port " * (MAX_LENGTH // 5 + 1))
    assert (long.key, long.params) == ("query.too_long", {"limit": MAX_LENGTH})
    many = refused(" ".join(f"w{chr(97 + n % 26)}" for n in range(MAX_TERMS + 1)))
    assert (many.key, many.params) == ("query.too_many", {"limit": MAX_TERMS})
    deep = refused("(" * (MAX_DEPTH + 1) + "port" + ")" * (MAX_DEPTH + 1))
    assert (deep.key, deep.params) == ("query.too_deep", {"limit": MAX_DEPTH})
    assert refused("NOT " * (MAX_DEPTH + 1) + "port").key == "query.too_deep"


def test_a_query_at_the_limits_is_read():
    assert parse_query(" ".join(["port"] * MAX_TERMS))
    assert parse_query("(" * MAX_DEPTH + "port" + ")" * MAX_DEPTH).root == PORT


@pytest.mark.parametrize(
    "text", ["(" * 4000, '"' * 3999, "-" * 4000, "title:" * 600, "a NEAR/3 " * 400, "a OR " * 800]
)
def test_no_text_takes_long_to_refuse(text):
    start = time.process_time()
    refused(text)
    assert time.process_time() - start < 1


def test_lower_case_operators_get_a_hint_and_stay_words():
    query = parse_query("port or strike and not fire")

    assert str(query) == "port or strike and not fire"
    assert [(h.word, h.suggestion) for h in query.hints] == [
        ("or", "port OR (strike and not fire)"),
        ("and", "port or strike not fire"),
        ("not", "port or strike and -fire"),
    ]


def test_an_operator_word_at_the_edge_gets_no_hint():
    assert parse_query("not port").hints == ()
    assert parse_query("port or").hints == ()


def test_a_filter_alone_is_not_wanted_but_its_words_are():
    assert wants(InTitle(PORT))
    assert not wants(InTitle(Not(PORT)))
    assert not wants(Filter("lang", "hy"))


@pytest.mark.parametrize("text", ['"AND"', '"a:b"', '"a~1"', 'outlet:"a b"', '"=x"', '"-x y"'])
def test_what_would_read_otherwise_is_printed_in_quotes(text):
    query = parse_query(f"{text} port")
    assert parse_query(str(query)) == query


WORDS = [
    "port",
    "Լաչին",
    "О'Браєн",
    "北京",
    "Su-30",
    "U.S.",
    "12:30",
    "or",
    ".",
    " ",
    " ",
    " ",
    " ",
]
SIGNS = [
    "OR",
    "AND",
    "NOT",
    "-",
    "(",
    ")",
    '"',
    "«",
    "*",
    "~",
    "~2",
    "=",
    "==",
    "|",
    "&",
    "NEAR/3",
    "W/",
]
FIELDS = ["title:", "outlet:", "lang:", "country:", "foo:"]
PIECES = st.sampled_from(WORDS + SIGNS + FIELDS)


@given(st.lists(PIECES, max_size=14).map("".join))
@example('"~2 "')
@example('-"')
@example("title:(port")
@example('"foo:port*')
@example('"Su-30*')
@example('"W/foo:*')
def test_any_text_is_read_or_refused_with_a_place_and_a_cure_that_works(text):
    query = read(text)
    if isinstance(query, QueryError):
        assert query.text == text
        assert 0 <= query.start <= query.end <= len(text)
        cure = query.suggestion
        assert cure is None or str(parse_query(cure)) == cure
    else:
        again = parse_query(str(query))
        assert again == query
        assert str(again) == str(query)
        assert wants(query.root)


def read(text: str) -> Query | QueryError:
    try:
        return parse_query(text)
    except QueryError as fault:
        return fault


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text):
    query = read(text)
    assert isinstance(query, QueryError) or parse_query(str(query)) == query


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("harbour", 1),
        ("harbour strike OR port", 3),
        ('"harbour strike" -football', 3),
        ("harb* Kaputjugh~1", 10),
        ("title:(harbour port) lang:hy", 2),
    ],
)
def test_a_query_costs_its_words_and_wide_ones_more(text, points):
    assert cost(parse_query(text).root) == points
