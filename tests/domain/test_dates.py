"""Dates as outlets write them, in their own zones, languages and orders."""

from datetime import UTC, datetime

import pytest
from babel import Locale

from bot.domain.dates import month_of, read_date

TEN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SAME_MOMENT = [
    "Mon, 23 Nov 2026 10:00:00 GMT",
    "Mon, 23 Nov 2026 10:00:00 +0000",
    "Mon, 23 Nov 2026 10:00 UT",
    "23 Nov 2026 10:00:00 Z",
    "Mon, 23 Nov 26 10:00:00 GMT",
    "Mon 23 Nov 2026 10:00:00 GMT",
    "Mon, 23 Nov 2026 13:00:00 MSK",
    "Mon, 23 Nov 2026 13:00:00 +0300 (MSK)",
    "Mon, 23 Nov 2026 14:00:00 +04",
    "Mon, 23 Nov 2026 14:00:00 GMT+4",
    "Mon, 23 Nov 2026 12:00:00 EET",
    "Mon, 23 Nov 2026 14:00:00 AZT",
    "Mon, 23 Nov 2026 05:00:00 EST",
    "Пн, 23 ноя 2026 13:00:00 +0300",
    "23 ноября 2026 г., 10:00",
    "23 листопада 2026, 10:00",
    "Pzt, 23 Kas 2026 13:00:00 +0300",
    "23 Kasım 2026 10:00",
    "23 noyabr 2026, 10:00",
    "23 ნოემბერი 2026, 10:00",
    "23 նոյեմբեր 2026, 10:00",
    "Seg, 23 Nov 2026 07:00:00 -0300",
    "2026-11-23T10:00:00Z",
    "2026-11-23T10:00:00.123456789Z",
    "2026-11-23T14:00:00+0400",
    "2026-11-23 14:00:00 +04:00",
    "2026-11-23T10:00",
    "20261123T10:00:00Z",
    "23.11.2026 10:00",
    "23/11/2026 10:00",
    "Monday, November 23, 2026 - 10:00",
    "November 23, 2026 10:00 am",
    "2026/11/23 10:00",
    "1795428000",
    "1795428000000",
    "1795428000.123",
    "Mon,23 Nov 2026 10:00:00 GMT",
    "Mon Nov 23 10:00:00 2026",
    "Mon Nov 23 13:00:00 MSK 2026",
    "Mon Nov 23 2026 12:00:00 GMT+0200 (EET)",
    "Mon, 23 Nov 2026 10:00:00 +0000 GMT",
    "Mon, 23 Nov 2026 10:00:00 Europe/London",
    "Mon, 23 Nov 2026 14:00:00 Asia/Yerevan",
    "Mon, 23 Nov 2026 08:00:00 --0200",
    "Mon, 23 Nov 2026 10.00.00 GMT",
    "2026-11-23 10:00:00 +0000 UTC",
    "2026-11-23 10:00:00.123456 +0000 UTC m=+0.000",
    "2026-11-23T14:00:00+04:00[Asia/Yerevan]",
    "2026-11-23T10:00:00+00:00Z",
    "2026-11-23T10:00:00.Z",
    "20261123T100000Z",
    "20261123100000",
    "23-11-2026 10:00:00",
    "2026.11.23 10:00",
    "11/23/2026 10:00:00 AM",
    "2026年11月23日 10:00",
    "2026년 11월 23일 10:00",
    "10:00, 23 Nov 2026",
    "10:00 23.11.2026",
    "10:00 | 23 noyabr 2026",
    "23 ноября 2026 13:00 МСК",
    "23 ноември 2026 10:00",
    "Δευ, 23 Νοέ 2026 10:00:00 GMT",
    "23 ноября 2026 года, 10:00",
    "понедельник, 23 ноября 2026 в 10:00",
    "23 листопада 2026 року о 10:00",
    "2026 թ. նոյեմբերի 23, 10:00",
    "2026 წლის 23 ნოემბერი 10:00",
    "B.e, 23 noy 2026 14:00:00 +0400",
    "Bazar ertəsi, 23 noyabr 2026, 10:00",
    "23 Kasım 2026 Pazartesi 10:00",
    "23. November 2026, 10:00 Uhr",
    "23 de noviembre de 2026, 10:00",
    "23.11.26 10:00",
    "Mon, 23 Nov 2026 10:00:0 GMT",
    "Mon, 23 Nov 2026 14:00:00 AMT",
]


@pytest.mark.parametrize("text", SAME_MOMENT)
def test_one_moment_is_read_in_every_dialect(text):
    assert read_date(text) == TEN


def test_a_date_without_a_time_is_midnight():
    assert read_date("2026-11-23") == datetime(2026, 11, 23, tzinfo=UTC)


def test_24_hours_are_the_end_of_the_day():
    assert read_date("2026-11-22T24:00:00Z") == datetime(2026, 11, 23, tzinfo=UTC)


def test_afternoons_are_afternoons():
    assert read_date("November 23, 2026 12:30 am") == datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
    assert read_date("November 23, 2026 1:30 pm") == datetime(2026, 11, 23, 13, 30, tzinfo=UTC)


NO_DATES = [
    "",
    "yesterday",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-12:00",
    "2026-11-05T25:30:00Z",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Mon, 31 Feb 2026 10:00:00 GMT",
    "Mon, 23 Foo 2026 10:00:00 GMT",
    "Mon, 23 Nov 2026 10:00:00 XYZ",
    "9999-12-31T23:59:59-23:59",
    "2026-13-01",
    "23/31/2026 10:00",
    "Mon, 23 Nov 2026 10:00:00 Nowhere/Land",
    "10:00",
    "5",
]


@pytest.mark.parametrize("text", NO_DATES)
def test_what_software_writes_for_no_date_is_none(text):
    assert read_date(text) is None


MONTHS = {
    1: "января січня Ocak yanvar հունվարի იანვარი",
    2: "февраля лютого Şubat fevral փետրվարի თებერვალი",
    3: "марта березня Mart mart մարտի მარტი",
    4: "апреля квітня Nisan aprel ապրիլի აპრილი",
    5: "мая травня Mayıs may մայիսի მაისი",
    6: "июня червня Haziran iyun հունիսի ივნისი",
    7: "июля липня Temmuz iyul հուլիսի ივლისი",
    8: "августа серпня Ağustos avqust օգոստոսի აგვისტო",
    9: "сентября вересня Eylül sentyabr սեպտեմբերի სექტემბერი",
    10: "октября жовтня Ekim oktyabr հոկտեմբերի ოქტომბერი",
    11: "ноября листопада Kasım noyabr նոյեմբերի ნოემბერი",
    12: "декабря грудня Aralık dekabr դեկտեմբերի დეკემბერი",
}


@pytest.mark.parametrize(("month", "names"), MONTHS.items())
def test_months_are_known_in_the_regions_languages(month, names):
    assert {name: month_of(name) for name in names.split()} == dict.fromkeys(names.split(), month)


@pytest.mark.parametrize(
    "language", ["en", "ru", "uk", "hy", "az", "ka", "tr", "be", "kk", "de", "fr"]
)
def test_months_are_known_by_every_name_that_cldr_has_for_them(language):
    months = Locale.parse(language).months
    forms = [
        (number, name)
        for standing in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
        for number, name in months[standing][width].items()
    ]
    assert [n for n in forms if month_of(n[1].rstrip(".")) != n[0]] == []
