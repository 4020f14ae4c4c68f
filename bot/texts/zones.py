"""From a city to its time zone: what people type, in any of our languages and scripts.

The zones' own cities and the names of countries are CLDR's, through Babel; larger cities of the region
that are no zone of their own are listed here.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from babel.core import get_global
from rapidfuzz import fuzz, process

LANGUAGES = ("en", "ru", "hy", "az", "ka", "tr", "uk", "fa", "de", "fr")  # that people may type in
OFFERED = (
    "Asia/Yerevan",
    "Asia/Baku",
    "Asia/Tbilisi",
    "Europe/Istanbul",
    "Europe/Moscow",
    "Europe/Kyiv",
    "Europe/Brussels",
    "Europe/London",
)
GUESS_PCT = 80  # "Yerevam" scores 86 for Yerevan
_ALSO = {
    "Asia/Yerevan": "Gyumri Гюмри Գյումրի Vanadzor Ванадзор Վանաձոր",
    "Asia/Baku": "Ganja Gəncə Гянджа Sumqayit Sumqayıt Сумгаит Nakhchivan Naxçıvan Нахичевань",
    "Asia/Tbilisi": "Batumi Батуми ბათუმი Kutaisi Кутаиси ქუთაისი Rustavi",
    "Europe/Istanbul": "Ankara Анкара Izmir İzmir Измир Adana Bursa Antalya Анталья Kars",
    "Europe/Moscow": "Petersburg Питер Санкт-Петербург Saint-Petersburg Казань Kazan Сочи Sochi Grozny",
    "Europe/Kyiv": "Kiev Киев Kharkiv Харків Харьков Odesa Odessa Одеса Одесса Lviv Львів Львов Dnipro",
    "Asia/Tehran": "Tabriz Тебриз Табриз Isfahan Mashhad",
    "Asia/Yekaterinburg": "Ekaterinburg Chelyabinsk Ufa Уфа Пермь",
}
_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+\-−])\s*(\d{1,2})(?::?00)?")
_ETC = re.compile(r"Etc/GMT([+-])(\d{1,2})")
_ODD_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+\-−])\s*(\d{1,2}):?([0-5]\d)")


@cache
def _table() -> Mapping[str, str]:
    """Return zones by folded name; a country's name leads to its zone if it has but one."""
    table: dict[str, str] = {}
    known = available_timezones()
    aliases = get_global("zone_aliases")
    cities = {z: z.rpartition("/")[2].replace("_", " ") for z in known - aliases.keys() if "/" in z}
    for zone, city in sorted(cities.items()):
        if not zone.startswith(("Etc/", "posix/", "right/", "SystemV/", "US/")):
            table.setdefault(_folded(city), zone)
    for language in LANGUAGES:
        for name, zone in _translated(Locale.parse(language)):
            if zone in known:
                table.setdefault(_folded(name), zone)
    for zone, names in _ALSO.items():
        table |= {_folded(name): zone for name in names.split()}
    return table


def _translated(locale: Locale) -> Iterator[tuple[str, str]]:
    """Yield what a language calls the cities of zones, and the countries that have one zone."""
    for zone, words in locale.time_zones.items():
        if "city" in words:
            yield words["city"], zone
    for country, zones in get_global("territory_zones").items():
        name = locale.territories.get(country)
        if name and len(zones) == 1:
            yield name, zones[0]


def _folded(words: str) -> str:
    bare = unicodedata.normalize("NFD", words.casefold().replace("ı", "i"))
    return re.sub(r"[^\w]+", " ", "".join(c for c in bare if not unicodedata.combining(c))).strip()


def find(words: str, now: datetime) -> list[str]:
    """Return the IANA zones that these words may mean: one if they are plain, else up to four guesses.

    Understands a city, a country with one zone, "Asia/Yerevan", "UTC+4", and "UTC+5:45": zones whose
    clocks are that far from UTC now.
    """
    typed = words.strip()
    if named := _named(typed):
        return [named]
    if shift := _OFFSET.fullmatch(typed.casefold()):
        hours = int(shift[2])
        sign = "-" if shift[1] == "+" else "+"  # POSIX counts westward
        name = f"Etc/GMT{sign}{hours}" if hours else "UTC"
        return [name] if name in available_timezones() else []
    if shift := _ODD_OFFSET.fullmatch(typed.casefold()):
        away = timedelta(hours=int(shift[2]), minutes=int(shift[3]))
        return _away(away if shift[1] == "+" else -away, now)
    table, folded = _table(), _folded(typed)
    if folded in table:
        return [table[folded]]
    near = process.extract(folded, table.keys(), scorer=fuzz.ratio, score_cutoff=GUESS_PCT, limit=8)
    return list(dict.fromkeys(table[name] for name, _, _ in near))[:4]


def _named(typed: str) -> str | None:
    """Return the zone of that very name; a region's, UTC and GMT in small letters too."""
    if typed in available_timezones():
        return typed
    return _small().get(typed.casefold())


@cache
def _small() -> Mapping[str, str]:
    named = {zone for zone in available_timezones() if "/" in zone} | {"UTC", "GMT"}
    return {zone.casefold(): zone for zone in named}


def _away(away: timedelta, now: datetime) -> list[str]:
    """Return up to four zones that are so far from UTC now; of several names of one, that of CLDR."""
    named = {z for z, words in Locale.parse("en").time_zones.items() if "city" in words}
    found = {z for z in _table().values() if now.astimezone(ZoneInfo(z)).utcoffset() == away}
    return sorted(found & named or found)[:4]


def means(words: str, zone: str) -> bool:
    """Return whether the words name that zone outright, and are no guess."""
    typed = words.strip()
    exact = bool(_named(typed) or _OFFSET.fullmatch(typed.casefold()))
    return exact or _table().get(_folded(typed)) == zone


def city(language: str, zone: str) -> str:
    """Return what a language calls the city of a zone: "Yerevan"; "UTC+4" for Etc/GMT-4."""
    if shift := _ETC.fullmatch(zone):
        return f"UTC{'+' if shift[1] == '-' else '−'}{shift[2]}"  # POSIX counts westward
    words = Locale.parse(language).time_zones.get(zone, {})
    return str(words.get("city") or zone.rpartition("/")[2].replace("_", " "))
