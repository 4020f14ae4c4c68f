"""What an admin proposes as an outlet: what was said of it, and what can be told from what it publishes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from urllib.parse import urlsplit

from bot.domain.model import OutletEntry

_COUNTRY = re.compile(r"[A-Z]{2}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_LETTERS = (  # the first that is common enough decides; uk before ru, az before tr: they share the rest
    ("hy", re.compile(r"[\u0531-\u0587]")),
    ("ka", re.compile(r"[\u10a0-\u10ff]")),
    ("uk", re.compile(r"[іїєґІЇЄҐ]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("az", re.compile(r"[əƏ]")),
    ("tr", re.compile(r"[ğĞışŞİ]")),
    ("en", re.compile(r"[A-Za-z]")),
)
LINES, LINE_CHARS = 200, 200  # of texts, enough to tell a language by
_COMMON = 0.01  # of all letters: a foreign name or two in a headline is no language
_HOME = {"hy": "AM", "az": "AZ", "ka": "GE", "ru": "RU", "tr": "TR", "uk": "UA", "en": "GB"}
_DOMAINS = {"uk": "GB", "su": "RU", "рф": "RU", "укр": "UA", "հայ": "AM", "გე": "GE"}
# Domains of countries that are mostly bought for their letters.
_ANYBODYS = {"ai", "cc", "co", "eu", "fm", "gg", "io", "ly", "me", "to", "tv", "ws"}


@dataclass(frozen=True, slots=True)
class Given:
    """What an admin says of an outlet; "" where it is to be found out."""

    country: str = ""
    language: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Prospect:
    """One address, or the outlets of a document, until the admin confirms. found: None until looked at.

    language: of the admin. thread_id: the topic of a forum in which it was asked.
    """

    id: int
    chat_id: int
    thread_id: int | None
    language: str
    url: str
    given: Given
    found: tuple[OutletEntry, ...] | None
    attempts: int
    asked_at: datetime


def read_given(words: str) -> Given:
    """Read what follows an address: a country (GE), a language (en) and a name, each if it is there."""
    rest = words.split()
    country = rest.pop(0) if rest and _COUNTRY.fullmatch(rest[0]) else ""
    language = rest.pop(0) if rest and _LANGUAGE.fullmatch(rest[0]) else ""
    return Given(country, language, " ".join(rest)[:100])


def language_of(declared: str, texts: Iterable[str]) -> str:
    """Return the language of an outlet, BCP 47: by the letters of its texts, or as it declares it.

    Letters come first where they are nobody else's: many a site says "en" because its software does.
    """
    text = " ".join(text[:LINE_CHARS] for text in islice(texts, LINES))
    letters = sum(c.isalpha() for c in text)
    seen = next(
        (code for code, found in _LETTERS if len(found.findall(text)) > _COMMON * letters), ""
    )
    said = re.split(r"[-_]", declared.strip().lower())[0]
    said = said if _LANGUAGE.fullmatch(said) else ""
    if seen in ("hy", "ka") or not said:
        return seen or said
    cyrillic, says_latin = seen in ("uk", "ru"), said in ("en", "az", "tr")
    return seen if cyrillic and says_latin else said


def country_of(url: str, language: str) -> str:
    """Return the country of an outlet, ISO 3166-1: by its domain, else its language's home; or ""."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        end = host.rpartition(".")[2].encode().decode("idna")
    except UnicodeError:
        end = ""
    if end in _DOMAINS:
        return _DOMAINS[end]
    if re.fullmatch(r"[a-z]{2}", end) and end not in _ANYBODYS:
        return end.upper()
    return _HOME.get(language.partition("-")[0], "")
