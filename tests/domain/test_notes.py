"""What was odd in a feed, as it is stored and read again."""

import pytest

from bot.domain.notes import Note, Oddity, read_notes

NOTES = {
    "no-guids": Note(Oddity.NO_GUIDS),
    "missed 30": Note(Oddity.MISSED, n=30),
    "ill-formed: line 3: no element": Note(Oddity.ILL_FORMED, detail="line 3: no element"),
}


@pytest.mark.parametrize("line", NOTES)
def test_a_note_is_one_line_and_is_read_as_it_was(line):
    assert str(NOTES[line]) == line
    assert Note.read(line) == NOTES[line]


@pytest.mark.parametrize("line", ["", "no guids", "may have missed about 30 entries", "Missed 30"])
def test_sentences_of_earlier_versions_are_left_out(line):
    assert read_notes([line, "no-dates"]) == (Note(Oddity.NO_DATES),)
