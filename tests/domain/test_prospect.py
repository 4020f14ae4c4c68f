"""What can be told of an outlet from its address and what it publishes."""

import pytest

from bot.domain.prospect import Given, country_of, language_of, read_given

LANGUAGES = [
    pytest.param("", ["Լեռնային գյուղում նոր դպրոց է բացվել"], "hy", id="armenian-letters"),
    pytest.param(
        "en", ["თბილისში ახალი ხიდი გაიხსნა"], "ka", id="georgian-letters-that-say-english"
    ),
    pytest.param("", ["Мости через річку відкрито після ремонту"], "uk", id="ukrainian-letters"),
    pytest.param("en-US", ["Мост через реку открыт после ремонта"], "ru", id="russian-letters"),
    pytest.param(
        "", ["Çayın üzərindəki körpü təmirdən sonra açıldı"], "az", id="azerbaijani-letters"
    ),
    pytest.param(
        "", ["Nehrin üzerindeki köprü onarımdan sonra açıldı"], "tr", id="turkish-letters"
    ),
    pytest.param("", ["The bridge over the river is open again"], "en", id="english-letters"),
    pytest.param("pt-BR", ["A ponte sobre o rio abriu"], "pt", id="declared"),
    pytest.param("be", ["Мост праз раку адкрыты"], "be", id="declared-cyrillic"),
    pytest.param("ru", ["Міст через річку відкрито"], "ru", id="declared-wins-among-cyrillic"),
    pytest.param(
        "en", ["Erdoğan and Şimşek visit the bridge in Ağrı " + "again " * 80], "en", id="names"
    ),
    pytest.param("x" * 40, [], "", id="nonsense"),
    pytest.param("", ["2026"], "", id="no-letters"),
]


@pytest.mark.parametrize(("declared", "texts", "language"), LANGUAGES)
def test_the_language_of_an_outlet_is_told_from_its_letters_and_its_word(declared, texts, language):
    assert language_of(declared, texts) == language


COUNTRIES = [
    ("https://hetq.am/hy", "hy", "AM"),
    ("https://www.bbc.co.uk/news", "en", "GB"),
    ("https://oc-media.org", "en", "GB"),
    ("https://kyivindependent.com", "uk", "UA"),
    ("https://novosti.рф/lenta", "ru", "RU"),
    ("https://xn--e1afmkfd.xn--p1ai/", "ru", "RU"),
    ("https://t.me/s/channel", "ka", "GE"),
    ("https://news.example", "pt", ""),
    ("http://127.0.0.1:8080/", "tr", "TR"),
    ("http://127.0.0.1:8080/", "en", ""),
    ("http://[2001:db8::1]/", "en-GB", ""),
]


@pytest.mark.parametrize(("url", "language", "country"), COUNTRIES)
def test_the_country_of_an_outlet_is_told_from_its_domain_or_its_language(url, language, country):
    assert country_of(url, language) == country


GIVEN = [
    ("", Given()),
    ("GE", Given("GE")),
    ("GE en", Given("GE", "en")),
    ("GE en OC Media", Given("GE", "en", "OC Media")),
    ("az-Latn  Meydan   TV", Given("", "az-Latn", "Meydan TV")),
    ("Civil Georgia", Given("", "", "Civil Georgia")),
    ("DW News", Given("", "", "DW News")),
    ("ZZ en", Given("ZZ", "en")),
]


@pytest.mark.parametrize(("words", "given"), GIVEN)
def test_what_an_admin_says_after_an_address(words, given):
    assert read_given(words) == given
