"""Markup as outlets write it, and as nobody should, as plain text."""

import pytest

from bot.adapters.plain import plain_text, storable

PAIRS = [
    ("<p>One</p><p>Two &amp; three</p>", "One\nTwo & three"),
    ("a < b and c > d", "a < b and c > d"),
    ("a <b>bold</b> word <i", "a bold word"),
    ("unfinished <a href='x", "unfinished <a href='x"),
    ("&lt;b&gt; & co", "<b> & co"),
    ("one <!-- > --> two", "one two"),
    ("1 <p>2 <p", "1\n2"),
]


@pytest.mark.parametrize(("markup", "text"), PAIRS)
def test_markup_becomes_what_a_reader_would_see(markup, text):
    assert plain_text(markup) == text


@pytest.mark.timeout(30)
@pytest.mark.parametrize("piece", ["<p ", "<a href=x ", "</div ", "<!-- ", "&a", "<b\n"])
@pytest.mark.parametrize("end", ["", ">", " &amp;"])
def test_a_megabyte_of_beginnings_is_read_in_one_go(piece, end):
    """Looking for each one's end took minutes."""
    assert len(plain_text(piece * (1_000_000 // len(piece)) + end)) <= 1_000_020


def test_what_no_database_takes_is_left_out_and_nothing_else():
    assert storable("a\0b\ud83dc\udc00") == "abc"
    assert storable("Ալավերդի \U0001f6a2\n\t\ufffd") == "Ալավերդի \U0001f6a2\n\t\ufffd"
