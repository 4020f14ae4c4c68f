"""All watches against one article."""

import pytest

from bot.domain.matching import Matcher
from bot.domain.model import Document, Place, Rule
from bot.domain.query import parse_query


def matched(watch: str, text: str, language: str = "en", **more: str) -> bool:
    matcher = Matcher()
    matcher.add(1, parse_query(watch))
    return bool(matcher.match(Document(title="", body=text, language=language, **more)))


@pytest.mark.parametrize(
    ("watch", "text", "expected"),
    [
        pytest.param(
            "harbour strike", "The strike closed the harbour.", True, id="bare words are AND"
        ),
        pytest.param(
            "harbour strike", "The strike went on.", False, id="one of two words is not enough"
        ),
        pytest.param('"harbour strike"', "A harbour strike began.", True, id="phrase"),
        pytest.param(
            '"harbour strike"', "Strike in the harbour.", False, id="a phrase keeps its order"
        ),
        pytest.param(
            '"harbour strike"~2', "Strike in the harbour.", True, id="near words in any order"
        ),
        pytest.param("harbour OR port", "The port closed.", True, id="or"),
        pytest.param("port -strike", "A port strike.", False, id="excluded word"),
        pytest.param("harb*", "Two harbours closed.", True, id="prefix"),
        pytest.param("Su-30", "A Su30 took off.", True, id="letters and digits part"),
    ],
)
def test_a_watch_matches_what_its_query_says(watch, text, expected):
    assert matched(watch, text) is expected


def test_a_match_says_which_form_stood_where():
    matcher = Matcher()
    matcher.add(5, parse_query("harbour"))

    [match] = matcher.match(Document(title="Harbours close", body="No ship left the harbour."))

    assert match.watch_id == 5
    assert [(h.form, h.place, h.start, h.end) for h in match.hits] == [
        ("Harbours", Place.TITLE, 0, 8),
        ("harbour", Place.BODY, 17, 24),
    ]
    assert match.hits[0].rule is Rule.INFLECTION


def test_a_removed_watch_is_silent():
    matcher = Matcher()
    matcher.add(1, parse_query("harbour"))
    matcher.remove(1)
    matcher.remove(2)

    assert len(matcher) == 0
    assert matcher.match(Document(title="harbour")) == []


def test_filters_ask_about_the_article_itself():
    assert matched("outlet:echo port", "The port.", outlet="Daily Echo")
    assert not matched("outlet:echo port", "The port.", outlet="Coast Mail")
    assert matched("site:example.org port", "The port.", url="https://www.example.org/a")
    assert not matched("lang:ru port", "The port.")
    assert matched("country:AM author:smith port", "The port.", country="AM", author="J. Smith")
