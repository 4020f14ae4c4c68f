"""What an admin proposes as an outlet: what was said of it, and what can be told from what it publishes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from itertools import islice
from urllib.parse import urlsplit

from bot.domain.outlet import OutletEntry
from bot.domain.urls import is_web_url

MAX_URL = 2_000
_CODES = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS
    BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE
    EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM
    HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC
    LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA
    NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW
    SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO
    TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""
COUNTRIES = frozenset(_CODES.split())  # ISO 3166-1 alpha-2, and XK, which all use for Kosovo

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


def is_outlet_url(url: str) -> bool:
    """Return whether an outlet or feed may have this address: http or https, with a host, no spaces."""
    return len(url) <= MAX_URL and url.split() == [url] and is_web_url(url)


def is_language(tag: str) -> bool:
    """Return whether this has the form of a BCP 47 tag: hy, az-Latn."""
    return _LANGUAGE.fullmatch(tag) is not None


def read_given(words: str) -> Given:
    """Read what follows an address: a country (GE), a language (en) and a name, each if it is there.

    Two capitals that are no country begin a name (DW News), unless a language or nothing follows:
    they are then returned as the country they were meant for.
    """
    rest = words.split()
    meant = rest and (rest[0] in COUNTRIES or len(rest) == 1 or is_language(rest[1]))
    country = rest.pop(0) if meant and _COUNTRY.fullmatch(rest[0]) else ""
    language = rest.pop(0) if rest and is_language(rest[0]) else ""
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
    said = said if is_language(said) else ""
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
    home = _HOME.get(language.partition("-")[0], "")
    return "" if home == "GB" and _is_number(host) else home  # English is written everywhere


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
