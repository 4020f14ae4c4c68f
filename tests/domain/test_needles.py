"""The archive's index is asked for more than the matcher wants, never for less."""

import pytest

from bot.domain.beginnings import beginnings
from bot.domain.meaning import compile_query
from bot.domain.model import Document
from bot.domain.needles import KEY, keys, met, needle
from bot.domain.query import parse_query
from tests.domain.test_cases import OURS, RECORDED, document, names, read


def found(query: str, article: Document) -> bool:
    wanted = needle(compile_query(parse_query(query), names()), names())
    return wanted is None or met(wanted, keys(article))


@pytest.mark.parametrize("path", [*OURS, RECORDED], ids=lambda path: path.stem)
def test_whatever_a_watch_tells_the_archive_finds(path):
    if not path.is_file():
        pytest.skip("needs ../shared/data/matching")
    told = [case for case in read(path) if case["match"]]
    assert told
    assert [c for c in told if not found(c["watch"], document(c))] == []


@pytest.mark.parametrize(
    ("query", "text", "language"),
    [
        ("Kyiv", "Сьогодні у Києві відкрили міст.", "uk"),
        ("Shusha", "В Шуше прошёл форум.", "ru"),
        ("Riga", "В Риге протест.", "ru"),
        ("Рига", "Рижский порт закрыт.", "ru"),
        ("Kura", "На Куре построят плотину.", "ru"),
        ('"река Кура"', "Рыба в реке Куре у Тбилиси.", "ru"),
        ("მტკვარი", "მტკვრის დონე აიწია.", "ka"),
        ("աղջիկ", "Աղջկան պարգևատրեցին։", "hy"),
        ("Прага", "Зустріч у Празі.", "uk"),
        ("army", "Two armies met.", "en"),
    ],
)
def test_a_stem_that_changes_is_found(query, text, language):
    assert found(query, Document(title=text, language=language))


def test_a_word_of_its_own_is_not_looked_up_by_less_than_it_has():
    assert beginnings("van", KEY) == {"van", "ven", "vn"}
    assert beginnings("", KEY) == {""}


def test_a_word_without_end_takes_no_time():
    assert all(len(start) <= KEY for start in beginnings("аб" * 100_000, KEY))
