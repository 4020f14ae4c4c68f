"""Bytes and what is said of them: the letters win where both cannot be true."""

import pytest

from bot.adapters.charsets import decode_page, utf8_of

RU = "Выборы в Ереване пройдут осенью, сообщила комиссия, и всё идёт по плану. "
TR = "İstanbul'da şiddetli yağış nedeniyle okullar tatil edildi, açıkladı. "
FR = "Le président a signé le décret, déjà annoncé par le ministère à la presse. "
PL = "Prezydent podpisał ustawę, poinformowała służba prasowa w środę. "
JA = "選挙は秋に行われる。"


def feed(text: str, *, declared: str = "", language: str = "") -> str:
    said = f' encoding="{declared}"' if declared else ""
    tag = f"<language>{language}</language>" if language else ""
    channel = f"<channel>{tag}<title>{text}</title></channel>"
    return f'<?xml version="1.0"{said}?><rss version="2.0">{channel}</rss>'


# what it says, the charset it is really in, the one it declares, the header, the language
SAID = [
    (RU, "utf-8", "windows-1251", "", ""),
    (RU, "utf-8-sig", "windows-1251", "", ""),
    (RU, "utf-8", "utf-16", "", ""),
    (RU, "utf-8", "utf8mb4", "", ""),
    (RU, "utf-16", "utf-8", "text/xml; charset=utf-8", ""),
    (RU, "utf-16-le", "utf-16", "", ""),
    (RU, "utf-16-be", "", "text/xml; charset=utf-8", ""),
    (RU, "utf-32", "", "", ""),
    (RU, "windows-1251", "windows-1251", "text/xml; charset=iso-8859-1", ""),
    (RU, "windows-1251", "", "text/xml; charset=windows-1251", ""),
    (RU, "windows-1251", "win-1251", "", ""),
    (RU, "windows-1251", "iso-8859-1", "", ""),
    (RU, "windows-1251", "utf-8", "", ""),
    (RU, "koi8-r", "koi8-r", "", ""),
    (RU, "koi8-r", "", "", ""),
    (TR, "windows-1254", "iso-8859-9", "", ""),
    (TR, "windows-1254", "iso-8859-1", "", "tr"),
    (TR, "windows-1254", "utf-8", "", "tr-TR"),
    (FR, "windows-1252", "", "", "fr"),
    (FR, "windows-1252", "utf-8", "", ""),
    (PL, "windows-1250", "", "", "pl"),
    ("“quoted” – so", "windows-1252", "iso-8859-1", "", ""),
    (JA, "iso-2022-jp", "iso-2022-jp", "", ""),
    (JA, "shift_jis", "shift_jis", "", ""),
]


@pytest.mark.parametrize(("text", "real", "declared", "header", "language"), SAID)
def test_a_feed_is_read_by_its_letters_whatever_is_said(text, real, declared, header, language):
    body = feed(text * 3, declared=declared, language=language).encode(real)
    made = utf8_of(body, header).decode("utf-8")
    assert text * 3 in made
    assert "encoding" not in made  # or the parser would believe it


@pytest.mark.parametrize("label", ["hex", "punycode", "utf-7", "idna", "nonsense", "x" * 40])
def test_a_label_that_is_no_charset_does_no_harm(label):
    body = feed(RU, declared=label).encode("windows-1251")
    assert RU in utf8_of(body, f"text/xml; charset={label}").decode("utf-8")


@pytest.mark.parametrize("real", ["utf-8", "utf-8-sig", "utf-16", "windows-1251", "koi8-r"])
def test_a_page_is_read_by_its_letters(real):
    page = f'<html lang="ru"><head><meta charset="{real}"><title>{RU}</title></head></html>'
    assert RU in decode_page(page.encode(real), "text/html")
