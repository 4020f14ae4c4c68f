"""Words by language: gettext catalogues (locales/<language>/outpost.po), read at run time through Babel.

Keys are symbolic ("watch.limit"); English is complete and stands in wherever a translation is missing
or cannot be filled in. A text with plural forms is chosen by its placeholder `n`.
"""

import gettext
import html as markup
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_skeleton
from babel.lists import format_list
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.units import format_unit

DOMAIN = "outpost"
CONSOLE = "console"  # texts of the web console, keys "web.": a catalogue of its own, plain words
FALLBACK = "en"
DATES_OF = {"en": "en_GB"}  # our readers are not American: 23 Nov, not Nov 23
LOCALES = Path(__file__).parent / "locales"

_TAG = re.compile(r"<[^<>]*>")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400  # seconds


class Html(str):
    """Words that are Telegram's HTML already: put into a text as they are."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The texts of one language: by key, one form or as many as the language has plurals."""

    texts: Mapping[str, tuple[str, ...]]
    plural: Callable[[int], int]  # number -> index of the form


@cache
def languages() -> tuple[str, ...]:
    """Return the languages that have a catalogue, English first."""
    found = sorted(f.parent.name for f in LOCALES.glob(f"*/{DOMAIN}.po"))
    return (FALLBACK, *(name for name in found if name != FALLBACK))


@cache
def catalogue(language: str, domain: str = DOMAIN) -> Catalogue:
    """Return the catalogue of a language of `languages()`. Texts without words are left out."""
    named = LOCALES / language / f"{domain}.po"
    if not named.is_file():
        return Catalogue({}, lambda _: 0)
    with named.open("rb") as file:
        po = read_po(file, locale=language, abort_invalid=True)
    texts: dict[str, tuple[str, ...]] = {}
    for message in po:
        key = message.id if isinstance(message.id, str) else message.id[0]
        words = message.string or ""
        forms = (words,) if isinstance(words, str) else tuple(words)
        if key and all(forms):
            texts[key] = forms
    return Catalogue(texts, gettext.c2py(po.plural_expr))


def nearest(language: str) -> str:
    """Return the language we have for a BCP 47 tag: its own, else English. "pt-BR" and "" are fine."""
    base = language.replace("_", "-").split("-")[0].lower()
    return base if base in languages() else FALLBACK


def say(language: str, key: str, /, **params: object) -> str:
    """Return a text with its placeholders filled in as they are. Raises KeyError if English lacks it."""
    return _filled(language, key, {name: _plain(language, v) for name, v in params.items()}, params)


def html(language: str, key: str, /, **params: object) -> Html:
    """Return a text as Telegram's HTML: params are escaped, except Html."""
    words = {name: _escaped(language, v) for name, v in params.items()}
    return Html(_filled(language, key, words, params))


def count(language: str, key: str, n: int, /, **params: object) -> str:
    """Return a text in the plural form that n asks for."""
    return say(language, key, n=n, **params)


def _plain(language: str, value: object) -> str:
    return number(language, value) if isinstance(value, int | float) else str(value)


def _escaped(language: str, value: object) -> str:
    return value if isinstance(value, Html) else escape(_plain(language, value))


def _filled(language: str, key: str, words: Mapping[str, str], params: Mapping[str, object]) -> str:
    code = nearest(language)
    if code != FALLBACK:
        with suppress(KeyError, IndexError, ValueError):  # missing or broken: better English
            return _form(_of(code, key), key, params.get("n")).format_map(words)
    return _form(_of(FALLBACK, key), key, params.get("n")).format_map(words)


def _of(language: str, key: str) -> Catalogue:
    return catalogue(language, CONSOLE if key.startswith("web.") else DOMAIN)


def _form(found: Catalogue, key: str, n: object) -> str:
    forms = found.texts[key]
    return forms[found.plural(n) if len(forms) > 1 and isinstance(n, int) else -1]


def escape(text: str) -> Html:
    """Return plain words as Telegram's HTML."""
    return Html(markup.escape(printable(text)))


def printable(text: str) -> str:
    """Return the text without what no message can carry: control characters, unpaired surrogates."""
    return _UNPRINTABLE.sub("", text)


def plain(text: str) -> str:
    """Return what is left of Telegram's HTML without its tags: what a toast can show."""
    return markup.unescape(_TAG.sub("", text))


def number(language: str, value: float) -> str:
    """Return a number as the language writes it: 1,200 or 1 200."""
    return format_decimal(value, locale=nearest(language))


def moment(language: str, at: datetime, *, zone: tzinfo = UTC) -> str:
    """Return a day and time in the reader's zone: "23 Nov, 14:05"."""
    code = nearest(language)
    locale = Locale.parse(DATES_OF.get(code, code))
    day = format_skeleton("MMMd", at, tzinfo=zone, locale=locale)
    time = format_skeleton("Hm", at, tzinfo=zone, locale=locale)
    return str(locale.datetime_formats["medium"]).format(time, day)


def day(language: str, at: datetime, *, zone: tzinfo = UTC) -> str:
    """Return a day in the reader's zone: "23 Nov"."""
    code = nearest(language)
    locale = Locale.parse(DATES_OF.get(code, code))
    return str(format_skeleton("MMMd", at, tzinfo=zone, locale=locale))


def zone(name: str) -> tzinfo:
    """Return the time zone of an IANA name; UTC for "" and for one that is no more."""
    with suppress(KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        if name:
            return ZoneInfo(name)
    return UTC


def offset(at: datetime, zone: tzinfo) -> str:
    """Return how far a zone is from UTC at that moment: "UTC", "UTC+4", "UTC−3:30"."""
    minutes = int((at.astimezone(zone).utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    sign = "+" if minutes > 0 else "−"
    return f"UTC{sign}{hours}{f':{rest:02}' if rest else ''}" if minutes else "UTC"


def language_name(language: str, code: str) -> str:
    """Return what a language calls another: "Armenian" for hy in English; "" for a code of none."""
    names: Mapping[str, str] = Locale.parse(nearest(language)).languages
    return names.get(code.replace("_", "-").split("-")[0].lower(), "")


def country_name(language: str, code: str) -> str:
    """Return what a language calls a country; the code itself where it has no word."""
    names: Mapping[str, str] = Locale.parse(nearest(language)).territories
    return names.get(code.upper(), code)


def listed(words: Sequence[str]) -> str:
    """Return several words as one list: "a, b, c".

    CLDR's "unit" lists have no commas in Russian and Turkish, and Babel has no patterns of theirs for three
    words in Armenian, Azerbaijani and Georgian; all seven languages put a comma between words of a list.
    """
    return ", ".join(words)


def span(language: str, length: timedelta, *, seconds: bool = False) -> str:
    """Return a length of time in its two largest units: "42 min", "3 hr 5 min", "2 days".

    Rounded down to the minute, and to the hour from a day on; at least a minute; the sign is dropped.
    seconds: what is below a minute is said in seconds, "5 sec", at least one.
    """
    if seconds and (below := int(abs(length.total_seconds()))) < _MINUTE:
        unit = format_unit(max(1, below), "duration-second", "short", locale=nearest(language))
        return str(unit)
    s = max(_MINUTE, int(abs(length.total_seconds())))
    if s < _DAY:
        parts = (("hour", s // _HOUR), ("minute", s % _HOUR // _MINUTE))
    else:
        parts = (("day", s // _DAY), ("hour", s % _DAY // _HOUR))
    code = nearest(language)
    words = [format_unit(n, f"duration-{u}", "short", locale=code) for u, n in parts if n]
    return format_list(words, style="unit-narrow", locale=code)


def ago(language: str, at: datetime, now: datetime) -> str:
    """Return how long ago something was: "42 min ago", or "just now" within a minute."""
    if now - at < timedelta(seconds=_MINUTE):
        return say(language, "time.just_now")
    return say(language, "time.ago", span=span(language, now - at))
