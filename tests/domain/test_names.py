"""The names table: what it knows, and what is wrong with a file that cannot be used."""

import pytest

from bot.domain.errors import SettingsError
from bot.domain.names import Names, form_of, load_names

LACHIN = """\
[[name]]
id = "lachin"
kind = "place"
names = {en = ["Lachin"], az = ["Laçın"], hy = ["Լաչին"]}
also = {en = ["Berdzor"]}
never = ["Абдаляр", "лачинский"]
"""
TEGH = """\
[[name]]
id = "tegh"
kind = "place"
names = {en = ["Tegh"], hy = ["Տեղ"], fr = ["ONU"]}
minds_case = ["Տեղ", "ONU"]
distinct_from = ["togh"]
"""
TOGH = """\
[[name]]
id = "togh"
kind = "place"
names = {en = ["Togh", "Upper Tegh", "Other Place"]}
distinct_from = ["tegh"]
"""


def test_a_thing_is_called_by_each_of_its_names_with_or_without_diacritics():
    names = load_names(LACHIN + TEGH + TOGH)

    assert [n.id for n in names.called(("lachin",))] == ["lachin"]
    assert [n.id for n in names.called(("laçın",))] == ["lachin"]
    assert [n.id for n in names.called(("lacin",))] == ["lachin"]
    assert [n.id for n in names.called(("berdzor",))] == ["lachin"]
    assert [n.id for n in names.called(("upper", "tegh"))] == ["togh"]
    assert names.called(("абдаляр",)) == []
    assert names.longest == 2
    assert Names.empty().called(("lachin",)) == []


def test_a_name_that_must_not_be_used_is_not_found_by_dropping_diacritics():
    names = load_names(LACHIN.replace('"Абдаляр"', '"Lacin"'))

    assert names.called(("lacin",)) == []
    assert [n.id for n in names.called(("laçın",))] == ["lachin"]


def test_what_must_not_be_used_holds_adjectives_by_their_stem():
    assert load_names(LACHIN).by_id["lachin"].never == {"абдаляр", "лачинский", "лачинск~"}


def test_longer_names_of_others_that_hold_a_name_are_rivals():
    names = load_names(LACHIN + TEGH + TOGH)

    assert [form.text for form in names.rivals(names.by_id["tegh"])] == ["Upper Tegh"]
    assert list(names.rivals(names.by_id["togh"])) == []
    assert list(names.rivals(names.by_id["lachin"])) == []


def test_a_name_says_how_many_capitals_it_needs():
    forms = {form.text: form.capitals() for form in load_names(TEGH + TOGH).by_id["tegh"].forms}
    assert forms == {"Tegh": (0,), "Տեղ": (1,), "ONU": (2,)}
    assert form_of("Su-30", "", minds_case=True).capitals() == (1, 0)


def test_the_stamp_is_that_of_the_file():
    assert load_names(LACHIN).stamp == load_names(LACHIN).stamp != load_names(TEGH + TOGH).stamp


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        pytest.param("[[name]\n", 1, "", id="no TOML"),
        pytest.param(LACHIN + "id = [", 7, "", id="cut off"),
        pytest.param("x = 1\n" + LACHIN, 1, "[[name]] entries only", id="another key"),
        pytest.param('name = "x"', 1, "[[name]] entries only", id="no table"),
        pytest.param(LACHIN + LACHIN, 7, "lachin is there twice", id="twice"),
        pytest.param(LACHIN.replace('"lachin"', '"La chin"'), 1, "id must be", id="bad id"),
        pytest.param(LACHIN.replace("place", "plaice"), 1, "kind must be one of", id="bad kind"),
        pytest.param(LACHIN + "nmaes = {}\n", 1, "nmaes is not a key", id="unknown key"),
        pytest.param(
            LACHIN.replace('["Lachin"]', '"Lachin"'), 1, "names must be lists", id="no list"
        ),
        pytest.param(
            LACHIN.replace('"Lachin"', '"..."'), 1, "names must be lists", id="no word in it"
        ),
        pytest.param(LACHIN.replace("names =", "never ="), 1, "", id="key twice"),
        pytest.param(LACHIN.replace("names =", "#"), 1, "names is missing", id="no names"),
        pytest.param(
            LACHIN.replace('["Абдаляр", "лачинский"]', '"x"'), 1, "never must be a list", id="never"
        ),
        pytest.param(
            LACHIN + 'minds_case = ["Shusha"]', 1, "not among its names", id="minds no name"
        ),
        pytest.param(
            LACHIN.replace("Абдаляр", "Berdzor"),
            1,
            "both a name and under never",
            id="contradiction",
        ),
        pytest.param(
            TOGH + TEGH.replace('"togh"', '"tugh"'),
            6,
            "distinct_from tugh",
            id="distinct from nothing",
        ),
        pytest.param(
            TEGH.replace('"togh"', '"tegh"'), 1, "distinct_from tegh", id="distinct from itself"
        ),
    ],
)
def test_a_bad_file_is_refused_with_line_and_reason(text, line, reason):
    with pytest.raises(SettingsError) as caught:
        load_names(text)
    if reason:
        assert f"line {line}:" in str(caught.value)
    assert str(caught.value).startswith("names.toml, line ")
    assert reason in str(caught.value)


def test_an_entry_written_inline_is_placed_at_the_top():
    with pytest.raises(SettingsError, match="line 1: id must be"):
        load_names('name = [{id = "A"}]')
