"""What a tap makes of a watch: the same watch, asked elsewhere, of fewer forms, or for less."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.narrowing import Switch, askable, limited, limits, narrower, switched, switches
from bot.domain.query import parse_query


@pytest.mark.parametrize(
    ("query", "name", "values"),
    [
        ("strike", "country", ()),
        ("strike country:GE", "country", ("GE",)),
        ("strike (country:GE OR country:AM)", "country", ("GE", "AM")),
        ("strike (country:GE OR port)", "country", ()),
        ("strike -country:GE", "country", ()),
        ("(strike country:GE) OR port", "country", ()),
        ("strike country:GE lang:ka", "lang", ("ka",)),
    ],
)
def test_what_a_watch_is_limited_to_is_read_from_its_query(query, name, values):
    assert limits(parse_query(query), name) == values


@pytest.mark.parametrize(
    ("query", "name", "values", "then"),
    [
        ("strike", "country", ("GE",), "strike country:GE"),
        ("strike country:GE", "country", ("GE", "AM"), "strike (country:GE OR country:AM)"),
        ("strike country:GE", "country", (), "strike"),
        ("strike country:GE lang:ka", "country", (), "strike lang:ka"),
        ("port OR dock", "lang", ("ka",), "(port OR dock) lang:ka"),
        ("(port OR dock) lang:ka", "lang", (), "port OR dock"),
        ("strike", "outlet", ("Coast Mail",), 'strike outlet:"Coast Mail"'),
    ],
)
def test_a_limit_is_set_changed_and_lifted(query, name, values, then):
    made = limited(parse_query(query), name, values)
    assert str(made) == then
    assert parse_query(str(made)) == made


@pytest.mark.parametrize(
    ("value", "can"),
    [("Coast Mail", True), ("NOT", True), ("7:40", True), ('The "Echo"', False), ("", False)],
)
def test_an_outlet_that_no_query_can_name_is_not_offered(value, can):
    assert askable("outlet", value) is can


def test_the_forms_of_each_word_are_switched_apart():
    query = parse_query('harbour "dock strike" -football title:port dock* =quay')
    assert switches(query) == [
        Switch("harbour", True),
        Switch("dock strike", True),
        Switch("port", True),
        Switch("quay", False),
    ]
    assert str(switched(query, 0)) == '=harbour "dock strike" -football title:port dock* =quay'
    assert str(switched(query, 1)) == 'harbour ="dock strike" -football title:port dock* =quay'
    assert str(switched(query, 3)) == 'harbour "dock strike" -football title:port dock* quay'
    assert switched(query, 9) == query


@given(
    st.sampled_from(["port", '"a b" c', "x OR y -z", "title:(x OR =y) lang:ka"]), st.integers(0, 3)
)
def test_what_was_switched_off_and_on_again_is_the_same_watch(text, place):
    query = parse_query(text)
    once = switched(query, place)
    assert parse_query(str(once)) == once
    assert switched(once, place) == query


@pytest.mark.parametrize(
    ("query", "way", "then"),
    [
        ("harbour strike", "near", '"harbour strike"~5'),
        ("harbour strike lang:ka -cup", "near", '"harbour strike"~5 lang:ka -cup'),
        ("harbour", "near", None),
        ('"dock strike" port', "near", None),
        ("harbour strike", "title", "title:(harbour strike)"),
        ("harbour -cup", "title", "title:harbour -cup"),
        ("title:harbour", "title", None),
        ("harbour", "lang", "harbour lang:hy"),
        ("harbour lang:ka", "lang", None),
    ],
)
def test_there_are_ways_to_ask_for_less(query, way, then):
    made = narrower(parse_query(query), way, "hy")
    assert (str(made) if made else None) == then
    assert made is None or parse_query(str(made)) == made
