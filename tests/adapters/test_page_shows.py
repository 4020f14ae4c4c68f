"""Pages that tell machines nothing: the date and the byline as readers see them."""

from datetime import UTC, datetime

import pytest

from bot.domain.outlet import Page
from tests.adapters.test_pages import LABELLED, page_of, read

DAY = datetime(2026, 11, 5, tzinfo=UTC).date()
SHOWN = {
    "hy": ["5 նոյեմբերի, 2026 12:30", "12:30 05.11.2026", "Հինգշաբթի, 5 նոյեմբեր 2026 թ."],
    "ka": ["5 ნოემბერი, 2026 12:30", "05 ნოე 2026", "ხუთშაბათი, 5 ნოემბერი 2026"],
    "az": ["5 noyabr 2026, 12:30", "05.11.2026 / 12:30", "12:30 | 05.11.2026"],
    "tr": ["5 Kasım 2026 Perşembe 12:30", "Giriş: 05.11.2026 - 12:30", "Yayınlanma: 5 Kasım 2026"],
    "uk": ["Четвер, 5 листопада 2026, 12:30", "05.11.2026, 12:30", "12:30, 05 листопада 2026"],
    "ru": ["5 ноября 2026 года, 12:30", "Опубликовано: 5 ноября 2026 в 12:30", "05.11.2026 12:30"],
}
BYLINES = {
    "hy": ("Հեղինակ՝ ", "Անի Պետրոսյան"),
    "ka": ("ავტორი: ", "ნინო ბერიძე"),
    "az": ("Müəllif: ", "Aysel Məmmədova"),
    "tr": ("Haber: ", "Ayşe Yılmaz"),
    "uk": ("Автор: ", "Олена Коваль"),
    "ru": ("Автор: ", "Анна Петрова"),
}
TAGS = [
    "<time>{}</time>",
    "<span class='date'>{}</span>",
    "<div class='info'><i class='icon'></i> {}</div>",
    "<p class='published'>{}</p>",
]
TODAY = "<div class='today'>26.11.2026</div>"
OTHERS = (
    "<aside><h3>More</h3><div><time datetime='2025-02-01'>1</time> Of another day</div></aside>"
)


def shown(language: str, below: str = "", *, above: str = "") -> Page:
    """Read a page with that below and above its headline, today's date and another article's elsewhere."""
    title, paragraphs, pointer = LABELLED[language]
    body = page_of(language, title, paragraphs, pointer).decode()
    body = body.replace("<nav>", f"{TODAY}<nav>").replace("</main>", f"</main>{OTHERS}")
    body = body.replace("<h1>", f"{above}<h1>").replace("</h1>", f"</h1>{below}")
    return read(body.encode(), language=language)


@pytest.mark.parametrize(
    ("language", "said"), [(k, d) for k, dates in SHOWN.items() for d in dates]
)
@pytest.mark.parametrize("tag", TAGS)
def test_the_date_by_the_headline_is_the_articles(language, said, tag):
    page = shown(language, tag.format(said))
    assert page.published_at is not None
    assert page.published_at.date() == DAY


def test_a_date_above_the_headline_serves_too():
    page = shown("ru", above="<div class='meta'><span>5 ноября 2026, 12:30</span></div>")
    assert page.published_at == datetime(2026, 11, 5, 12, 30, tzinfo=UTC)


def test_a_logo_that_is_a_headline_has_no_date_for_the_article():
    logo = "<div><h1>Вести</h1><div>26.11.2026</div></div>"
    title, paragraphs, pointer = LABELLED["ru"]
    body = page_of("ru", title, paragraphs, pointer).decode().replace("<body>", f"<body>{logo}")
    body = body.replace(f"{title}</h1>", f"{title}</h1><p>5 ноября 2026, 12:30</p>")
    assert read(body.encode()).published_at == datetime(2026, 11, 5, 12, 30, tzinfo=UTC)


def test_the_attribute_of_a_time_counts_before_its_words():
    page = shown("ru", "<time datetime='2026-11-05T12:30:00+04:00'>5 ноября 2026, 12:30</time>")
    assert page.published_at == datetime(2026, 11, 5, 8, 30, tzinfo=UTC)


def test_the_day_it_was_published_counts_before_that_of_an_update():
    dates = "<p>Güncelleme: 7 Kasım 2026, 12:30</p><p>Giriş: 5 Kasım 2026, 12:30</p>"
    assert shown("tr", dates).published_at == datetime(2026, 11, 5, 12, 30, tzinfo=UTC)
    alone = shown("tr", "<p>Güncelleme: 7 Kasım 2026, 12:30</p>")
    assert alone.published_at == datetime(2026, 11, 7, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize("language", BYLINES)
@pytest.mark.parametrize("tag", ["<span class='author'>{}</span>", "<div class='byline'>{}</div>"])
def test_a_byline_gives_the_name_without_the_word_for_it(language, tag):
    word, name = BYLINES[language]
    assert shown(language, tag.format(word + name)).authors == name
