"""What a watch will also hear of, as the chat tells it."""

from bot.domain.meaning import understood
from bot.domain.names import Names, load_names
from bot.domain.query import parse_query

NAMES = load_names("""
[[name]]
id = "lachin"
kind = "place"
names = {en = ["Lachin"], az = ["Laçın"]}
also = {en = ["Berdzor"]}

[[name]]
id = "karabakh"
kind = "place"
names = {en = ["Nagorno-Karabakh"]}
also = {en = ["Artsakh"]}
""")


def test_the_other_names_of_a_thing_are_told_with_those_switched_off():
    [term] = understood(parse_query("lachin"), NAMES, frozenset(["Berdzor"]), ("Kashatagh",))

    assert term.term == "lachin"
    assert term.names == (("Laçın", "az"), ("Berdzor", "en"))
    assert term.off == {"Berdzor"}
    assert term.own == ("Kashatagh",)
    assert term.inflects


def test_a_name_of_several_words_is_one_term_besides_its_words():
    terms = understood(parse_query("nagorno karabakh"), NAMES)
    assert {t.term for t in terms} == {"nagorno", "karabakh", "nagorno karabakh"}
    assert [t.names for t in terms if t.names] == [(("Artsakh", "en"),)]


def test_forms_of_a_common_word_are_told_where_a_dictionary_knows_them():
    [term] = understood(parse_query("танк"), Names.empty())
    assert {"танки", "танком", "танків"} <= set(term.forms)


def test_each_kind_of_term_is_told_once():
    query = parse_query('port -port "a b"~2 =port ==Port por* port~1 lang:en (x OR "y z")')
    told = understood(query, NAMES)
    ports = [(t.term, t.inflects) for t in told if t.term.lower().startswith("por")]
    exact, capital, prefix, edit, inflected = [
        ("port", False),
        ("Port", False),
        ("por", False),
        ("port", False),
        ("port", True),
    ]
    assert sorted(ports) == sorted([exact, capital, prefix, edit, inflected])
    assert {t.term for t in told} >= {"a", "b", "x", "y", "z"}
