"""Why a watch kept silent: the word it lacked, or the NOT word that was there."""

import pytest

from bot.domain.misses import Miss, explain, without_not
from bot.domain.model import Document
from bot.domain.names import Names, load_names
from bot.domain.query import parse_query

PORT = Document("Dockers strike in Poti", body="The harbour is shut and the football match is off.")


@pytest.mark.parametrize(
    ("query", "miss"),
    [
        pytest.param("harbour strike", Miss(has=("harbour", "strike")), id="it fires"),
        pytest.param(
            "harbour strike tariff",
            Miss(has=("harbour", "strike"), lacks=("tariff",)),
            id="one word is lacking",
        ),
        pytest.param(
            "harbour -football",
            Miss(has=("harbour",), barred_by=("football",)),
            id="a NOT word is there",
        ),
        pytest.param(
            "harbour -tennis", Miss(has=("harbour",)), id="a NOT word that is not there is no miss"
        ),
        pytest.param(
            '(tariff glacier) OR ("harbour is" glacier)',
            Miss(has=('"harbour is"',), lacks=("glacier",)),
            id="of alternatives the nearest",
        ),
        pytest.param(
            "harbour (tariff OR glacier)",
            Miss(has=("harbour",), lacks=("tariff OR glacier",)),
            id="alternatives that are all lacking are named together",
        ),
        pytest.param(
            "title:harbour", Miss(lacks=("title:harbour",)), id="in the text but not in the title"
        ),
        pytest.param(
            "strike -(football OR tennis)",
            Miss(has=("strike",), barred_by=("football OR tennis",)),
            id="a group after NOT",
        ),
    ],
)
def test_a_miss_names_what_was_lacking(query, miss):
    found = explain(parse_query(query), PORT, Names.empty())
    assert found == miss


def test_a_miss_knows_the_aliases_of_the_watch_and_the_names_it_does_without():
    def miss(own=(), off=()):
        return explain(parse_query("quay -game"), PORT, Names.empty(), off, own)

    assert miss() == Miss(lacks=("quay",))
    assert miss(own=("quay=harbour",)) == Miss(has=("quay",))
    assert miss(own=("quay=harbour", "game=football")).barred_by == ("game",)
    assert miss(own=("quay=harbour",), off=("harbour",)) == Miss(lacks=("quay",))


def test_bare_words_that_make_a_name_are_there_under_its_other_names():
    names = load_names(
        """
        [[name]]
        id = "port-elva"
        kind = "place"
        names = {en = ["Port Elva"], ka = ["ელვა"]}
        """
    )
    found = explain(parse_query("port elva -rain"), Document("გემი ელვაში"), names)
    assert found == Miss(has=("port", "elva"))
    assert explain(parse_query("port elva"), Document("A port"), names).lacks == ("elva",)


def test_only_a_not_word_makes_it_excluded():
    def excluded(query: str) -> bool:
        return explain(parse_query(query), PORT, Names.empty()).excluded

    assert excluded("harbour -football")
    assert not excluded("tariff -football")
    assert not excluded("harbour")


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("harbour -football", "harbour"),
        ("(harbour -football) OR strike", "harbour OR strike"),
        ("title:(harbour -football) strike", "title:harbour strike"),
        ("a b", None),
        ("harbour", None),
    ],
)
def test_what_a_watch_wants_is_the_watch_without_its_nots(query, wanted):
    left = without_not(parse_query(query))
    assert (str(left) if left else None) == wanted
