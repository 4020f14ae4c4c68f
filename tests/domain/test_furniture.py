"""Page furniture is neither matched nor compared; the article's own words are never taken for it."""

import pytest

from bot.domain.furniture import without_furniture

FURNITURE = [
    "Related article",
    "Related: Harbour strike enters third day",
    "Read more: Minister resigns over ferry contract",
    "READ ALSO - Ferry prices to rise",
    "Also on this site: the ferry scandal in pictures",
    "You may also like",
    "Live updates",
    "Advertisement",
    "Subscribe to our newsletter for the day's top stories",
    "Follow us on Telegram and Facebook",
    "Share this story",
    "12 comments",
    "The post Harbour strike ends appeared first on Coast Mail.",
    "Читайте также: В порту началась забастовка",
    "Читайте также",
    "Подписывайтесь на наш телеграм-канал",
    "Материалы по теме",
    "Читайте також: У порту почався страйк",
    "Підписуйтесь на наш канал у Telegram",
    "İlgili haberler",
    "Həmçinin oxuyun: Limanda tətil başlayıb",
    "Կարդացեք նաև: Նավահանգստում գործադուլ է",
    "ასევე წაიკითხეთ: პორტში გაფიცვაა",
    "Lesen Sie auch: Streik im Hafen",
    "Czytaj więcej",
]
OWN = [
    "Related parties must report the sale to the regulator by Friday.",
    "Read the minister's letter aloud, the judge told the clerk.",
    "Share prices fell sharply in Tbilisi.",
    "Sign language interpreters joined the strike.",
    "Live music returned to the harbour on Sunday.",
    "Follow-up talks are expected in Baku next week.",
    "Reporting by Daily Echo; editing by Coast Mail",
    "Source: Reuters",
    "Реклама на транспорте подорожала вдвое.",
    "По теме забастовки высказался и министр.",
    "Print workers walked out.",
    "Comments by the minister angered the dockers.",
]


@pytest.mark.parametrize("line", FURNITURE)
def test_furniture_is_left_out(line):
    text = f"The harbour stood still.\n{line}\nShips waited in the roads, the port authority said."
    assert line not in without_furniture(text).split("\n")


@pytest.mark.parametrize("line", OWN)
def test_the_articles_own_lines_stay(line):
    assert line in without_furniture(f"The harbour stood still.\n{line}\nShips waited.").split("\n")


def test_the_headline_under_a_pointer_goes_with_it():
    text = (
        "The harbour stood still.\nRead also\nMinister resigns over ferry contract\nShips waited."
    )
    assert without_furniture(text) == "The harbour stood still.\nShips waited."


def test_a_list_under_a_pointer_goes_and_the_text_after_it_stays():
    listed = "Related stories\n- Ferry prices to rise\n- A minister resigns"
    text = f"The harbour stood still.\n{listed}\nShips waited."
    assert without_furniture(text) == "The harbour stood still.\nShips waited."


def test_a_paragraph_under_a_pointer_stays():
    text = "Read also\nThe harbour stood still on Monday as dockers walked out."
    assert without_furniture(text) == "The harbour stood still on Monday as dockers walked out."


def test_the_title_at_the_top_of_the_text_is_not_text():
    assert (
        without_furniture("Harbour Strike!\nShips waited.", title="Harbour strike")
        == "Ships waited."
    )
    assert without_furniture("Ships waited.", title="Harbour strike") == "Ships waited."


def test_a_long_paragraph_is_never_furniture():
    paragraph = "Read more: " + "the strike went on and on, " * 12
    assert without_furniture(paragraph) == paragraph.strip()
