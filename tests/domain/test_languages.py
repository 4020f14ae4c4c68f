"""Which endings a text's words take, and what they may be taken back to."""

import time

import pytest

from bot.domain.languages import spoken, taken_back


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        pytest.param("any", "hy", "", id="a language whose letters say all"),
        pytest.param("any", "en-GB", "en", id="the feed's word, without the country"),
        pytest.param("any", "TR", "tr", id="in capitals"),
        pytest.param("Laçında məktəb", "", "az", id="schwa"),
        pytest.param("İlçede yağış", "", "tr", id="soft g"),
        pytest.param("У Харкові тихо", "", "uk", id="Ukrainian i"),
        pytest.param("Мы в Харькове", "", "ru", id="Russian y"),
        pytest.param("Мы у Харкові", "", "", id="letters of both"),
        pytest.param("Парк", "", "", id="letters of neither"),
        pytest.param("The port", "", "", id="plain Latin"),
    ],
)
def test_the_language_is_the_feeds_else_that_of_the_letters(text, language, expected):
    assert spoken(text, language) == expected


def back(word: str, language: str = "", *, capital: bool = False) -> set[str]:
    return {key for key, _ in taken_back(word, language, capital=capital)}


@pytest.mark.parametrize(
    ("word", "language", "base"),
    [
        ("outposts", "en", "outpost"),
        ("armies", "en", "army"),
        ("knives", "en", "knife"),
        ("churches", "en", "church"),
        ("crises", "en", "crisis"),
        ("women", "en", "woman"),
        ("children", "en", "child"),
        ("selenskyjs", "de", "selenskyj"),
        ("лачинского", "ru", "лачин"),
        ("городка", "ru", "городок"),
        ("харкова", "uk", "харків"),
        ("тернополя", "uk", "тернопіль"),
        ("կառավարության", "hy", "կառավարություն"),
        ("եռաբլրում", "hy", "եռաբլուր"),
        ("ერევნის", "ka", "ერევანი"),
        ("askerlerin", "tr", "asker"),
        ("çocuğun", "tr", "çocuk"),
        ("erdoğanın", "tr", "erdogan"),
        ("αθηνασ", "el", "αθηνα"),
        ("باريفان", "ar", "اريفان"),
        ("בירושלים", "he", "ירושלים"),
        ("서울에서", "ko", "서울"),
    ],
)
def test_a_form_is_taken_back_to_the_dictionary(word, language, base):
    assert base in back(word, language)


@pytest.mark.parametrize(
    ("word", "language", "other"),
    [
        ("karşı", "tr", "kars"),
        ("tbmmde", "tr", "tbmm"),
        ("glass", "en", "glas"),
        ("რომ", "ka", "რომი"),
        ("горит", "ru", "гори"),
        ("北京", "zh", "北"),
    ],
)
def test_what_only_looks_like_a_form_is_not(word, language, other):
    assert other not in back(word, language)


def test_a_word_without_end_is_looked_at_in_no_time():
    start = time.process_time()
    for letter in ("a", "а", "ա", "ა", "ı"):
        back(letter * 1_000_000, "tr" if letter == "ı" else "")
    assert time.process_time() - start < 5
