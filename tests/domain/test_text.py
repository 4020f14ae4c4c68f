"""Text as comparable words that remember where they stood."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.text import (
    Unescaped,
    fold,
    meant,
    normal,
    opens_sentence,
    repair,
    sentence_around,
    words,
)


def said(text: str, language: str = "") -> list[str]:
    return [word.text for word in words(text, language)]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        pytest.param("Lachin’s mayor", "en", ["lachin", "mayor"], id="possessive"),
        pytest.param(
            "the villagers’ well", "en", ["the", "villagers", "well"], id="plural possessive"
        ),
        pytest.param("O’Brien", "en", ["obrien"], id="an apostrophe inside a name"),
        pytest.param("don't", "en", ["dont"], id="a contraction is no river"),
        pytest.param("l’Arménie", "fr", ["armenie"], id="elision"),
        pytest.param("Bakü'den", "tr", ["baku"], id="suffix after an apostrophe"),
        pytest.param("Lachin'de", "", ["lachin"], id="suffix in a text of unknown language"),
        pytest.param("Лук’янівка", "uk", ["лукянівка"], id="Ukrainian apostrophe"),
        pytest.param("Купʼянськ", "uk", ["купянськ"], id="an apostrophe that counts as a letter"),
        pytest.param("Su-30 Su30", "en", ["su", "30", "su", "30"], id="letters and digits"),
        pytest.param("U.S. troops", "en", ["us", "troops"], id="dots between single letters"),
        pytest.param("İSTANBUL ISPARTA", "tr", ["istanbul", "isparta"], id="Turkish capitals"),
        pytest.param("Երևան Երեւան ԵՐԵՎԱՆ", "hy", ["երեւան"] * 3, id="the Armenian ligature"),
        pytest.param("Լաչի՞նն", "hy", ["լաչինն"], id="a mark inside an Armenian word"),
        pytest.param("Лачи́н орёл", "ru", ["лачин", "орел"], id="stress mark, ё"),
        pytest.param("йод їжак", "uk", ["йод", "їжак"], id="й and ї stay"),
        pytest.param("ᲗᲑᲘᲚᲘᲡᲘ", "ka", ["თბილისი"], id="Georgian capitals"),
        pytest.param(
            "Lach\u200bin Stepa\u00adnakert", "en", ["lachin", "stepanakert"], id="invisible"
        ),
        pytest.param("Lаchin", "en", ["lachin"], id="a Cyrillic letter in a Latin word"),
        pytest.param("Лaчин", "ru", ["лачин"], id="a Latin letter in a Cyrillic word"),
        pytest.param("ΑΘΗΝA", "el", ["αθηνα"], id="a Latin letter in a Greek word"),
        pytest.param("DIE STRASSE straße", "de", ["die", "strasse", "strasse"], id="sharp s"),
        pytest.param("Łódź", "pl", ["lodz"], id="diacritics"),
        pytest.param("北京 ไทย", "", ["北", "京", "ไ", "ท", "ย"], id="scripts without spaces"),
        pytest.param("ايران ایران يَرِيفان", "fa", ["ايران", "ايران", "يريفان"], id="Arabic letters"),
        pytest.param("کتاب‌ها", "fa", ["كتابها"], id="Persian joiner"),
        pytest.param("٣٠٠ Ｌａｃｈｉｎ", "", ["300", "lachin"], id="digits and wide letters"),
        pytest.param("snake_case", "", ["snake", "case"], id="underscore"),
        pytest.param("La&ccedil;&#305;n &bogus; &", "az", ["lacin", "bogus"], id="entities"),
        pytest.param("… — ! ـ", "", [], id="no words"),
        pytest.param("ـ1", "", ["1"], id="a stroke that lengthens nothing"),
    ],
)
def test_words_are_comparable(text, language, expected):
    assert said(text, language) == expected


def test_words_know_where_they_stood():
    text = "&laquo;Lachin&rsquo;s&raquo; Su30 l’Arménie"
    assert [text[w.start : w.end] for w in words(text)] == ["Lachin", "Su", "30", "Arménie"]


def test_what_a_person_types_keeps_its_diacritics():
    assert meant("Laçın Farg‘ona Lachin’s") == ["laçın", "fargona", "lachin"]


def test_words_of_two_alphabets_that_no_look_alike_explains_stay_as_they_are():
    assert repair("Zвезда") == "Zвезда"
    assert repair("aЯ") == "аЯ"
    assert repair("АC") == "AC"  # as many letters of either
    assert fold("й") == "й"
    assert normal("Iğdır", turkic=True) == "ığdır"


@given(st.text(max_size=80), st.sampled_from(["", "tr", "hy"]))
def test_every_word_lies_in_the_text_in_order(text, language):
    end = 0
    for word in words(text, language):
        assert end <= word.start <= word.end <= len(text)
        assert word.text
        end = word.end


@given(st.text(alphabet="aбա北 1'&;.\u00ad", max_size=40))
def test_offsets_lead_back_through_entities(text):
    plain = Unescaped(f"&amp;{text}&#305;")
    assert plain.text.endswith("ı")
    assert plain.origin(len(plain.text)) == len(text) + 11
    assert plain.origin(1) == 5


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(
            "One. The Lachin road is open. Two.", "The Lachin road is open.", id="the middle one"
        ),
        pytest.param("Lachin", "Lachin", id="nothing else"),
        pytest.param(
            "Gen. Smith saw Lachin. Then", "Gen. Smith saw Lachin.", id="a rank ends no sentence"
        ),
        pytest.param(
            "Мост закрыт. В г. Lachin тихо. Да.", "В г. Lachin тихо.", id="a Russian short form"
        ),
        pytest.param("Փակ է։ Lachin բաց է։ Այո։", "Lachin բաց է։", id="the Armenian full stop"),
        pytest.param("中文。Lachin 路。完。", "Lachin 路。", id="Chinese, without spaces"),
        pytest.param("One\n\nLachin two\nthree", "Lachin two", id="a new line"),
    ],
)
def test_the_sentence_around_a_word(text, sentence):
    at = text.index("Lachin")
    start, end = sentence_around(text, at, at + 6)
    assert text[start:end] == sentence


def test_a_long_sentence_is_cut_at_spaces_around_the_word():
    text = "before " * 100 + "Lachin" + " after" * 100
    at = text.index("Lachin")

    start, end = sentence_around(text, at, at + 6, limit=100)

    cut = text[start:end]
    assert 80 <= len(cut) <= 100
    assert cut.startswith("before ")
    assert cut.endswith(" after")
    assert "Lachin" in cut


def test_a_long_sentence_that_begins_with_the_word_is_cut_behind_it():
    text = "Lachin" + " after" * 100
    start, end = sentence_around(text, 0, 6, limit=100)
    assert (start, text[start:end][-6:]) == (0, " after")
    assert sentence_around(text[::-1], len(text) - 6, len(text), limit=100)[1] == len(text)


@given(st.text(alphabet="ab .!\n", max_size=300), st.data())
def test_a_cut_always_holds_the_match_and_keeps_the_limit(text, data):
    text = f"{text}X{text}"
    at = len(text) // 2
    limit = data.draw(st.integers(min_value=1, max_value=100))
    start, end = sentence_around(text, at, at + 1, limit=limit)
    assert start <= at < end
    assert end - start <= limit


@pytest.mark.parametrize(
    ("piece", "times"),
    [
        ("a", 1_000_000),
        ("a b ", 50_000),
        ("'", 1_000_000),
        ("a'", 500_000),
        ("北", 50_000),
        ("&amp;", 200_000),
        ("a.", 400_000),
        ("\u0301", 1_000_000),
        ("a\u00ad", 400_000),
        (". ", 500_000),
    ],
)
def test_a_long_text_is_read_in_linear_time(piece, times):
    text = piece * times
    start = time.process_time()
    words(text)
    sentence_around(text, len(text) // 2, len(text) // 2 + 1)
    assert time.process_time() - start < 12


@pytest.mark.parametrize(
    ("text", "opens"),
    [
        pytest.param("Kura", True, id="the text itself"),
        pytest.param("It rained. Kura", True, id="after a full stop"),
        pytest.param("Անձրև էր։ Kura", True, id="after an Armenian one"),
        pytest.param("He asked: «Kura", True, id="after a colon and a quote"),
        pytest.param("It rained!\n— Kura", True, id="a line of speech"),
        pytest.param("the hotel «Kura", True, id="a title in quotes"),
        pytest.param("on the Kura", False, id="in mid-sentence"),
        pytest.param("Yerevan — Kura", False, id="after a dash between names"),
        pytest.param("near St. Kura", False, id="after an abbreviation"),
        pytest.param("г. N. Kura", False, id="after an initial"),
    ],
)
def test_a_word_opens_a_sentence_where_any_word_has_a_capital(text, opens):
    assert opens_sentence(text, text.index("Kura")) is opens
