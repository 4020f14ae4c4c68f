"""Dates as outlets write them -> aware UTC: RFC 822 with its local dialects, ISO 8601, day first.

feedparser reads a Moscow clock (`MSK`) as UTC, and not at all `+04`, `GMT+4` or a month in Russian; all
of these are daily bread in the outlets we poll. Of `23-11-2026` it makes the year 2023, of `10:00, 23 Nov
2026` today: so what is written plainly is read here, and only the rest is left to it.
"""

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

FIRST_YEAR = 1990  # before the Web: `0001-01-01` and 1970 are how software writes "no date"
LAST_YEAR = 2100

# Beginnings of month names that tell them apart, accents aside; the longest that fits wins.
_MONTHS = (
    "jan january janeiro ene enero janvier januar ocak yan yanvar янв яну јан січ сту қаң ιαν "
    "հնվ հունվ իանվ իան იან იანვ ian gen sty styczen saus sausis jaan oca led ledna",
    "feb february fev febrero fevrier februar subat fevral фев феб φεβ лют ақп փտվ փետր თებ lut luty "
    "vas vasaris veebr sub uno unor unora",
    "mar march marco marzo mars marz mart maart мар сак нау μαρ бер մրտ մարտ მარ kov kovas marts mrt "
    "bre brez",
    "apr april abr abril avr avril nisan aprel апр кра сәу απρ квіт ապր აპრ kwi kwiecien bal balandis aprill "
    "nis кві dub dubna",
    "may maio mayo mai mayis мая май мај мам μαι тра մյս մայ მაი mag maj geg geguze mei kve kvet",
    "jun june junho junio juin juni haziran iyn iyun июн юни юну јун мау чэр ιουν "
    "черв հնս հունիս ივნ iun giu cze czerwiec birz birzelis juuni haz чер cerven cervna cvn",
    "jul july julho julio juil juillet juli temmuz iyl iyul июл юли јул ліп шіл ιουλ "
    "лип հլս հուլիս ივლ iul lug lip lipiec liep liepa juuli tem cervenec cervence cvc",
    "aug august ago agosto aout agustos avq avqust avg avgust авг жні там αυγ серп օգս օգոստ აგვ sie "
    "sierpien rugp rugpjutis agu сер srpna srpen",
    "sep sept september set setiembre setembro septembre eyl eylul szept "
    "sen sentyabr сен сеп қыр σεπ вер սեպ სექ wrz wrzesien rugs rugsejis zar",
    "oct october out outubro octubre octobre oktober ekim oktyabr okt окт кас қаз οκτ "
    "жовт հոկ ოქტ ott paz pazdziernik spal spalis eki жов rij rijna",
    "nov november noviembre novembre kasim noy noyabr ноя ное нов ној νοε "
    "листоп лист ліс қар նոյ ნოე noi lis listopad lap lapkritis kas лис",
    "dec december dez diciembre decembre dezember dezembro aralik dek dekabr "
    "дек дец сне жел δεκ груд դեկ დეკ dic gru grudzien gruod gruodis ara гру dets pro prosince des",
)
_MONTH = {form: n for n, forms in enumerate(_MONTHS, 1) for form in forms.split()}
_LATIN = str.maketrans(
    "şçğıöüäáàâãéêèíóõôúûůūəńśżźłėěάέήίόύώϊΐčřšžý", "scgiouaaaaaeeeiooouuuuenszzleeαεηιουωιιcrszy"
)

_ZONES = {
    **dict.fromkeys(("UT", "UTC", "GMT", "Z", "WET"), 0.0),
    **dict.fromkeys(("BST", "WEST", "CET", "MEZ"), 1.0),
    **dict.fromkeys(("CEST", "MESZ", "EET", "SAST", "CAT"), 2.0),
    **dict.fromkeys(("EEST", "MSK", "МСК", "TRT", "TSİ", "FET", "EAT"), 3.0),
    **dict.fromkeys(("MSD", "AZT", "GET", "AMT", "SAMT", "GST"), 4.0),
    **dict.fromkeys(("AZST", "AMST", "YEKT", "UZT", "PKT", "TMT"), 5.0),
    "IRST": 3.5, "IST": 5.5, "OMST": 6.0, "NOVT": 7.0, "KRAT": 7.0, "HKT": 8.0, "SGT": 8.0, "JST": 9.0,
    "KST": 9.0, "AEST": 10.0, "AEDT": 11.0, "AST": -4.0, "EDT": -4.0, "EST": -5.0, "CDT": -5.0,
    "CST": -6.0, "MDT": -6.0, "MST": -7.0, "PDT": -7.0, "PST": -8.0,
}  # fmt: skip

_WORD = r"[^\W\d_]+\.?"
_TIME = (
    r"(?P<h>\d{1,2})[:.h](?P<m>\d{2})"
    r"(?:[:.](?P<s>\d{1,2})(?:[.,]\d*)?)?(?:\s*uhr\b)?\s*(?P<ampm>[ap]\.?m\b\.?)?"
)
# Between day and hour stand "at", "в", "о", or the day of the week, which Azerbaijani says in two words.
_CLOCK = rf"(?:(?:T|[T\s,\-–|/•·]+(?:{_WORD},?\s+){{0,2}}){_TIME})?"
_ZONE = (
    r"\s*(?P<zone>[+-]{1,2}\d{1,2}(?::?\d{2})?|(?:GMT|UTC)\s*[+-]\d{1,2}(?::?\d{2})?"
    r"|[A-Z][a-z]+/[A-Z_/]+|[A-ZМСКİ]{1,5}|\(.*\))?"
)
# Go and Java say a zone twice: "+0000 UTC", "+04:00[Asia/Yerevan]".
_END = r"(?:\s*(?:\([^)]*\)|\[[^]]*\]|[A-Z]{1,5})(?:\s+m=\S+)?)?\s*$"
_DE = r"(?:de\s+|del\s+)?"  # Spanish and Portuguese
_YEAR = r"(?:г|год|года|році|року|рік|р|թ|թվականի|წ|წლის|წელი)"  # the word for it, after the number
_DAY = r"(?P<d>\d{1,2})(?:st|nd|rd|th|er|º|\.|-)?"
_NAMED = (
    rf"(?:(?:[^\W\d_]+[.\s]?){{1,2}},?\s*(?<=[\s,.]))?{_DAY}[\s-]*{_DE}"
    rf"(?P<name>[^\W\d_]+)\.?,?[\s-]*{_DE}(?P<y>\d{{4}}|\d{{2}})(?!\d|:)(?:\s*{_YEAR}\b\.?)?"
)
_DOTTED = r"(?P<d>\d{1,2})(?P<dot>[./-])(?P<mo>\d{1,2})(?P=dot)(?P<y>\d{4})"
_FORMS = tuple(
    re.compile(form + _CLOCK + _ZONE + _END, re.I)
    for form in (
        r"\s*(?P<y>\d{4})-(?P<mo>\d{1,2})-(?P<d>\d{1,2})",
        r"\s*(?P<y>\d{4})(?P<mo>\d{2})(?P<d>\d{2})(?=T|\s|$)",
        r"\s*(?P<y>\d{4})(?P<dot>[/.])(?P<mo>\d{1,2})(?P=dot)(?P<d>\d{1,2})",
        r"\s*(?P<y>\d{4})\s?[年년]\s?(?P<mo>\d{1,2})\s?[月월]\s?(?P<d>\d{1,2})\s?[日일]",
        rf"\s*{_NAMED}",
        r"\s*(?:[^\W\d]+,?\s+)?(?P<name>[^\W\d]+)\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>\d{4})",
        rf"\s*{_DOTTED}",
        r"\s*(?P<d>\d{1,2})\.(?P<mo>\d{1,2})\.(?P<y>\d{2})(?!\d)",
        rf"\s*(?P<y>\d{{4}})\s*(?:{_YEAR}\b\.?)?,?\s+{_DAY}\s+(?P<name>[^\W\d_]+)\.?",
        rf"\s*(?P<y>\d{{4}})\s*(?:{_YEAR}\b\.?)?,?\s+(?P<name>[^\W\d_]+)\.?\s+{_DAY}(?!\d|:)",
    )
) + tuple(
    re.compile(form + _ZONE + _END, re.I)
    for form in (
        r"\s*(?P<y>\d{4})(?P<mo>\d{2})(?P<d>\d{2})T?(?P<h>\d{2})(?P<m>\d{2})(?P<s>\d{2})?",
        r"\s*[^\W\d]+\.?,?\s+(?P<name>[^\W\d]+)\s+(?P<d>\d{1,2})\s+"  # as C's asctime
        r"(?P<h>\d{1,2}):(?P<m>\d{2}):(?P<s>\d{2})(?:\s+(?P<early>[A-Z]{1,5}|[+-]\d{4}))?\s+(?P<y>\d{4})",
        rf"\s*{_TIME}(?:\s*[,|–-])?\s+{_NAMED}",
        rf"\s*{_TIME}(?:\s*[,|–-])?\s+{_DOTTED}",
    )
)
_EPOCH = re.compile(r"\s*(1\d{9})(\d{3}|\.\d*)?\s*$")


def read_date(text: str) -> datetime | None:
    """Return the moment in UTC, or None where there is none we trust.

    A date without a time is midnight, a time without a zone is UTC. Days come before months in
    `23.11.2026` and `23/11/2026`, unless the month would be above 12. Years outside 1990..2100 are no dates.
    """
    text = text[:100]
    if found := _EPOCH.match(text):
        return _sane(datetime.fromtimestamp(int(found[1]), UTC))
    for form in _FORMS:
        if (found := form.match(text)) and (at := _moment(found)):
            return at
    return None


def _moment(found: re.Match[str]) -> datetime | None:
    got = found.groupdict()
    month = int(got["mo"]) if got.get("mo") else month_of(got.get("name") or "")
    day_of_month = int(got["d"])
    if month > 12 >= day_of_month and got.get("dot") == "/":  # as in the United States
        month, day_of_month = day_of_month, month
    offset = _offset(got.get("early") or got["zone"] or "")
    if not month or offset is None:
        return None
    hour = int(got["h"] or 0)
    if got.get("ampm"):
        hour = hour % 12 + (12 if got["ampm"][0] in "pP" else 0)
    if hour > 24:
        return None
    try:
        day = date(_year(got["y"]), month, day_of_month)
        late = timedelta(days=hour // 24)  # ISO 8601: 24:00 is midnight at the end of a day
        at = datetime(
            day.year,
            day.month,
            day.day,
            hour % 24,
            int(got["m"] or 0),
            min(int(got["s"] or 0), 59),
            tzinfo=offset,
        )
        return _sane((at + late).astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def _year(text: str) -> int:
    return int(text) + (0 if len(text) == 4 else 2000 if int(text) < 70 else 1900)  # RFC 5322, 4.3


def _sane(at: datetime) -> datetime | None:
    return at if FIRST_YEAR <= at.year <= LAST_YEAR else None


def _offset(zone: str) -> tzinfo | None:
    """Return the zone, UTC if none is named, None if it is none we know."""
    if "/" in zone:
        with suppress(KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
            return ZoneInfo(zone)
        return None
    zone = re.sub(r"^(GMT|UTC)\s*(?=[+-])", "", zone.strip().upper())
    zone = re.sub(r"^[+-](?=[+-])", "", zone)  # "--0700" is somebody's
    if not zone or zone.startswith("("):
        return UTC
    if zone[0] in "+-":
        digits = zone[1:].replace(":", "")
        hours, minutes = (
            (int(digits[:-2]), int(digits[-2:])) if len(digits) > 2 else (int(digits), 0)
        )
        span = timedelta(hours=hours, minutes=minutes)
        return timezone(-span if zone[0] == "-" else span) if span < timedelta(hours=24) else None
    hours_east = _ZONES.get(zone)
    return None if hours_east is None else timezone(timedelta(hours=hours_east))


def month_of(name: str) -> int:
    """Return the month 1..12 of a name or abbreviation in any language we know, 0 if it is none."""
    name = name.lower().replace("i̇", "i").translate(_LATIN)
    for length in range(len(name), 2, -1):
        if month := _MONTH.get(name[:length]):
            return month
    return 0
