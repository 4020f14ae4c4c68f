"""Who wrote it first: what articles say of it, and what we make of that."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.errors import SettingsError
from bot.domain.fingerprint import Claim
from bot.domain.model import Document
from bot.domain.outlet import Page
from bot.domain.provenance import (
    Origin,
    Provenance,
    Reason,
    Signed,
    _stems,
    find_claims,
    load_provenance,
    named_urls,
    origin_of,
)

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def shipped() -> Provenance:
    return load_provenance(Path("config/provenance.toml").read_text("utf-8"))


def claims(
    provenance: Provenance, body: str, language: str, **fields: str
) -> list[tuple[str, str]]:
    document = Document(**{"title": "A headline", "body": body, "language": language} | fields)
    return [(c.kind, provenance.outlet(c.outlet)) for c in find_claims(document, None, provenance)]


@pytest.mark.parametrize(
    ("language", "body", "kind", "outlet"),
    [
        ("en", "By Ann Example for Eurasianet\n\nText.", "byline", "Eurasianet"),
        ("en", "By [Ann Example for Eurasianet](#)\n\nText.", "byline", "Eurasianet"),
        ("en", "By Staff Writer, Daily Echo via Reuters\nText.", "byline", "Reuters"),
        ("en", "Source: Harbour Gazette\nText.", "byline", "harbour gazette"),
        ("en", "YEREVAN, May 4 (Reuters) - Text.", "agency", "Reuters"),
        ("en", "TBILISI (AP) — Text.", "agency", "AP"),
        (
            "en",
            "Text.\n\nOriginal url:\n\n<https://www.themoscowtimes.com/2026/a-1>",
            "original_url",
            "The Moscow Times",
        ),
        (
            "en",
            "Text.\nThis article was first published by OC Media and is used here.",
            "original_url",
            "OC Media",
        ),
        ("en", "A bridge fell, Interfax reported on Monday.", "credit", "Interfax"),
        ("ru", "МОСКВА, 4 мая. /ТАСС/. Мост закрыт.", "agency", "TASS"),
        ("ru", "Ереван. 4 мая. ИНТЕРФАКС - Мост закрыт.", "agency", "Interfax"),
        ("ru", "Мост закрыт, сообщает Интерфакс.", "credit", "Interfax"),
        ("ru", "Мост закрыт, передаёт РИА Новости со слов мэра.", "credit", "RIA Novosti"),
        ("ru", "Мост закрыт.\nИсточник: https://eurasianet.org/most", "original_url", "Eurasianet"),
        ("ru", "Анна Пример для Eurasianet\nМост закрыт.", "byline", "Eurasianet"),
        ("uk", "Міст закрито, повідомляє Укрінформ.", "credit", "Ukrinform"),
        ("uk", "Міст закрито, передає Інтерфакс-Україна.", "credit", "Interfax-Ukraine"),
        ("uk", "Міст закрито.\nДжерело: УНІАН", "original_url", "UNIAN"),
        ("az", "Körpü bağlanıb, APA-ya istinadən məlumat verilir.", "credit", "APA"),
        ("az", "Körpü bağlanıb, Trend xəbər verir.", "credit", "Trend"),
        ("az", "Körpü bağlanıb.\nMənbə: Turan", "original_url", "Turan"),
        ("hy", "Կամուրջը փակ է, հաղորդում է «Արմենպրես»-ը։", "credit", "Armenpress"),
        ("hy", "«Ազատություն» ռադիոկայանը հայտնում է, որ կամուրջը փակ է։", "credit", "Azatutyun"),
        ("hy", "Կամուրջը փակ է։\nԱղբյուրը՝ Armenpress", "original_url", "Armenpress"),
        ("ka", "ხიდი დაიკეტა, ამის შესახებ „ინტერპრესნიუსი“ იუწყება.", "credit", "InterpressNews"),
        ("ka", "ხიდი დაიკეტა.\nწყარო: Civil.ge", "original_url", "Civil.ge"),
        ("tr", "ANKARA (AA) - Köprü kapandı.", "agency", "Anadolu"),
        ("tr", "Reuters'ın haberine göre köprü kapandı.", "credit", "Reuters"),
        ("tr", "Köprü kapandı.\nKaynak: DHA", "original_url", "DHA"),
    ],
)
def test_each_language_has_its_ways_of_naming_a_source(shipped, language, body, kind, outlet):
    if kind == "original_url":
        body = "\n".join(["Abc def ghi."] * 40 + [body])  # a tail has a text above it
    assert (kind, outlet) in claims(shipped, body, language)


@pytest.mark.parametrize(
    ("language", "body"),
    [
        ("en", "The bus that ran for Reading was late. By Monday, the town had had enough."),
        ("en", "A report on the trend was read aloud. We reports nothing."),
        ("ru", "Мост закрыт для проезда. Мэр сообщает о ремонте."),
        ("tr", "Bakan açıklama yaptı ve bildirdi."),
        ("hy", "Կամուրջը փակ է, ազատություն չկա։"),
    ],
)
def test_ordinary_sentences_name_nobody(shipped, language, body):
    assert claims(shipped, body, language) == []


def test_a_title_may_end_in_the_name_of_another_host(shipped):
    assert claims(shipped, "Text.", "hy", title="Կամուրջը փակ է | azatutyun.am") == [
        ("title_suffix", "Azatutyun")
    ]


def test_an_outlet_does_not_name_itself(shipped):
    said = "YEREVAN (Reuters) - Text.\nOriginal url: https://www.reuters.com/x"
    assert claims(shipped, said, "en", outlet="Reuters") == []
    assert claims(shipped, said, "en", url="https://uk.reuters.com/y") == []


def test_a_page_names_its_source_in_its_markup(shipped):
    page = Page(
        text="", canonical_url="https://eurasianet.org/a", based_on=("https://oc-media.org/b",)
    )
    document = Document("Title", url="https://echo.test/a", outlet="Echo")
    found = find_claims(document, page, shipped, source="Harbour Gazette")
    assert {(c.kind, shipped.outlet(c.outlet)) for c in found} == {
        ("canonical", "Eurasianet"),
        ("based_on", "OC Media"),
        ("source", "harbour gazette"),
    }


def test_links_that_say_nothing_new_or_are_none_are_no_claims(shipped):
    document = Document("Title", url="https://echo.test/a", outlet="Echo")
    own = Page(text="", canonical_url="https://www.echo.test/a")
    assert find_claims(document, own, shipped) == ()
    broken = Page(
        text="", canonical_url="http://[oops", based_on=("http://[oops", "Harbour Gazette")
    )
    assert [c.outlet for c in find_claims(document, broken, shipped)] == [
        "http://[oops",
        "Harbour Gazette",
    ][1:]


def test_an_agency_that_both_name_is_the_origin_though_we_do_not_read_it(shipped):
    line = Claim("agency", "AP", "TBILISI (AP) —")
    found = origin_of([signed(1, "Echo", 9, line), signed(2, "Mail", 3, line)], shipped)
    assert (found.article_id, found.outlet, found.external) == (2, "AP", True)


def signed(number: int, outlet: str, minutes: float, *said: Claim, seen: float = 600) -> Signed:
    return Signed(
        article_id=number,
        outlet=outlet,
        host="",
        seen_at=NOON + timedelta(minutes=seen),
        published_at=NOON + timedelta(minutes=minutes),
        claims=said,
    )


def test_a_byline_outweighs_the_clock(shipped):
    copy = signed(1, "The Moscow Times", 0, Claim("byline", "Eurasianet", "By X for Eurasianet"))
    original = signed(2, "Eurasianet", 42)
    assert origin_of([copy, original], shipped) == Origin(
        2, "Eurasianet", Reason.PROVENANCE, "By X for Eurasianet"
    )


def test_an_outlet_that_only_passes_a_text_on_is_not_its_origin(shipped):
    relay = signed(1, "The Moscow Times", 0, Claim("byline", "Eurasianet", "for Eurasianet"))
    copies = [
        signed(n, f"Echo {n}", n, Claim("original_url", "themoscowtimes.com", ""))
        for n in (2, 3, 4)
    ]
    original = signed(5, "Eurasianet", 50)
    assert origin_of([relay, *copies, original], shipped).article_id == 5


def test_a_source_that_we_do_not_read_is_named_all_the_same(shipped):
    copies = [
        signed(1, "Echo", 9, Claim("byline", "Eurasianet", "for Eurasianet")),
        signed(2, "Mail", 3),
    ]
    found = origin_of(copies, shipped)
    assert (found.article_id, found.outlet, found.external) == (2, "Eurasianet", True)


def test_a_credit_to_somebody_absent_proves_nothing(shipped):
    copies = [
        signed(1, "Echo", 9),
        signed(2, "Mail", 20, Claim("credit", "Interfax", "Interfax reports")),
    ]
    assert origin_of(copies, shipped) == Origin(1, "Echo", Reason.PUBLISHED)


def test_without_words_the_first_to_publish_is_the_origin_whoever_was_polled_first(shipped):
    late, early = signed(1, "Echo", 90, seen=100), signed(2, "Mail", 10, seen=300)
    assert origin_of([late, early], shipped) == Origin(2, "Mail", Reason.PUBLISHED)


def test_within_minutes_the_usual_direction_decides(shipped):
    mail, echo = signed(1, "Mail", 0), signed(2, "Echo", 3)
    usual = {("Echo", "Mail"): 7, ("Mail", "Echo"): 1}
    assert origin_of([mail, echo], shipped, usual=usual) == Origin(2, "Echo", Reason.USUAL, times=6)
    assert origin_of([mail, echo], shipped).article_id == 1


def test_a_date_in_the_future_does_not_count(shipped):
    wrong = signed(1, "Echo", 9000, seen=5)
    assert origin_of([wrong, signed(2, "Mail", 10)], shipped).article_id == 1


def test_one_article_is_its_own_origin_and_none_has_none(shipped):
    assert origin_of([signed(1, "Echo", 0)], shipped) == Origin(1, "Echo", Reason.ALONE)
    with pytest.raises(ValueError, match="without articles"):
        origin_of([], shipped)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("Text.\nИсточник: https://eurasianet.org/most).", {"https://eurasianet.org/most"}),
        ("Text. See https://eurasianet.org/most", set()),
        ("Text.\nИсточник: https://echo.test/a", set()),
        ("Text.\nИсточник: Eurasianet", set()),
    ],
)
def test_the_page_that_a_text_is_from_is_named_with_its_address(shipped, body, named):
    body = "\n".join(["Abc def ghi."] * 80 + [body])
    document = Document("Мост закрыт", body=body, language="ru", url="https://echo.test/a")
    assert {url for url, _ in named_urls(document, None, shipped)} == named


def test_markup_names_pages_by_their_whole_address(shipped):
    long = "https://eurasianet.org/" + "a" * 200
    page = Page(text="", canonical_url=long, based_on=("Harbour Gazette", "https://oc-media.org/b"))
    document = Document("Title", url="https://echo.test/a")
    assert [url for url, _ in named_urls(document, page, shipped)] == [
        long,
        "https://oc-media.org/b",
    ]
    assert all(len(claim.phrase) <= 80 for claim in find_claims(document, page, shipped))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[outlet", "provenance.toml"),
        ("[[outlet]]\naliases = ['X']", "without a name"),
        ("[[pattern]]\nlanguage = 'en'", "without 'kind'"),
        ("[[pattern]]\nlanguage = 'en'\nkind = 'byline'\nwhere = 'head'\nregex = '('", "'('"),
        (
            "[[pattern]]\nlanguage = 'en'\nkind = 'byline'\nwhere = 'head'\nregex = 'x'",
            "without <outlet>",
        ),
        (
            "[[pattern]]\nlanguage = 'en'\nkind = 'hearsay'\nwhere = 'head'\nregex = '(?P<outlet>x)'",
            "unknown kind",
        ),
    ],
)
def test_what_is_wrong_with_the_pattern_file_is_said(text, said):
    with pytest.raises(SettingsError, match=r"provenance\.toml") as caught:
        load_provenance(text)
    assert said in str(caught.value)


def test_a_name_of_a_megabyte_is_compared_with_no_more_beginnings_than_there_are_names_for(shipped):
    """Each beginning is a copy: of all of them, a page that lies about its source could ask for hours."""
    beginnings = list(_stems("х" * 1_000_000, shipped.longest_stem))
    assert 0 < len(beginnings) < 100
    assert max(map(len, beginnings)) == shipped.longest_stem


def test_the_longest_stem_is_still_found(shipped):
    stem = max((n for n in shipped.names if n.endswith("*")), key=len)
    assert shipped.outlet(stem.removesuffix("*")) == shipped.names[stem]
    assert shipped.outlet(stem.removesuffix("*") + "ами" * 1_000) == shipped.names[stem]
