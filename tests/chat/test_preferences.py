"""A chat is spoken to in its language and told times by its own clocks."""

from datetime import UTC, datetime

import pytest

from bot import texts
from bot.domain.errors import UserError
from bot.texts import zones
from tests.chat.conftest import NOON


@pytest.fixture
def chat(ask):
    ask("start")
    return ask


def test_a_language_is_chosen_by_a_tap_or_by_its_name(chat):
    offered = [b.data for row in chat("lang").buttons for b in row]
    assert offered == [f"lang:{one}" for one in texts.languages()]
    assert chat.tap("lang:en").language == "en"
    assert chat("lang English").key == "lang.done"
    assert chat.subscriber.language == "en"


def test_a_language_that_we_do_not_have_is_refused(chat):
    with pytest.raises(UserError, match=r"lang\.unknown"):
        chat("lang tlh")


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("Yerevan", "Asia/Yerevan"),
        ("Ереван", "Asia/Yerevan"),
        ("Երևան", "Asia/Yerevan"),
        ("bakı", "Asia/Baku"),
        ("თბილისი", "Asia/Tbilisi"),
        ("İSTANBUL", "Europe/Istanbul"),
        ("Киев", "Europe/Kyiv"),
        ("Ankara", "Europe/Istanbul"),
        ("new york", "America/New_York"),
        ("Georgia", "Asia/Tbilisi"),
        ("Europe/Paris", "Europe/Paris"),
        ("UTC+4", "Etc/GMT-4"),
        ("utc-3", "Etc/GMT+3"),
    ],
)
def test_a_city_is_understood_in_any_language(chat, typed, zone):
    assert chat(f"timezone {typed}").key == "timezone.done"
    assert chat.subscriber.zone == zone


@pytest.mark.parametrize(("typed", "said"), [("UTC+4", "UTC+4"), ("gmt-3", "UTC−3")])
def test_an_offset_is_told_with_the_sign_that_people_give_it(chat, typed, said):
    told = chat(f"timezone {typed}").params
    assert (told["city"], told["zone"]) == (said, said)


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("UTC+5:45", "Asia/Katmandu"),
        ("utc+0430", "Asia/Kabul"),
        ("UTC-3:30", "America/St_Johns"),
    ],
)
def test_an_offset_of_no_whole_hours_is_asked_about_by_its_cities(chat, typed, zone):
    reply = chat(f"timezone {typed}")
    assert reply.key == "timezone.which"
    assert [b.data for row in reply.buttons for b in row] == [f"timezone:{zone}"]


def test_a_city_that_is_misspelt_is_asked_about(chat):
    reply = chat("timezone Yerevam")
    assert reply.key == "timezone.which"
    assert chat.subscriber.zone == ""
    assert chat.tap(reply.buttons[0][0].data).params["city"] == "Yerevan"
    assert chat.subscriber.zone == "Asia/Yerevan"


def test_a_city_that_nobody_knows_is_said_so(chat):
    with pytest.raises(UserError, match=r"timezone\.unknown"):
        chat("timezone qqqqqqq")


def test_asking_for_the_zone_tells_the_time_now(chat):
    chat.tap("timezone:Asia/Yerevan")
    assert chat("timezone").params == {"moment": "23 Nov, 16:00", "zone": "UTC+4"}


@pytest.mark.parametrize(
    ("typed", "zone"), [("utc", "UTC"), ("gmt", "GMT"), ("asia/baku", "Asia/Baku")]
)
def test_a_zone_is_known_by_its_name_in_small_letters(typed, zone):
    assert zones.find(typed, NOON) == [zone]
    assert zones.means(typed, zone)


def test_every_zone_offered_exists_and_has_a_name():
    for zone in zones.OFFERED:
        assert zones.find(zone, NOON) == [zone]
        for language in texts.languages():
            assert zones.city(language, zone)


@pytest.mark.parametrize(
    ("typed", "until"),
    [
        ("until 8:00", datetime(2026, 11, 24, 4, 0, tzinfo=UTC)),
        ("until 8", datetime(2026, 11, 24, 4, 0, tzinfo=UTC)),
        ("до 18.30", datetime(2026, 11, 23, 14, 30, tzinfo=UTC)),
        ("saat 8:00-a kimi", datetime(2026, 11, 24, 4, 0, tzinfo=UTC)),
        ("16:00", datetime(2026, 11, 24, 12, 0, tzinfo=UTC)),
    ],
)
def test_a_pause_ends_when_the_chats_own_clock_says_so(chat, typed, until):
    chat.tap("timezone:Asia/Yerevan")
    assert chat(f"pause {typed}").key == "pause.until"
    assert chat.subscriber.paused_until == until


@pytest.mark.parametrize("typed", ["until 25:00", "8:75", "until never", "8"])
def test_a_time_that_no_clock_shows_is_not_understood(chat, typed):
    with pytest.raises(UserError, match=r"pause\.usage"):
        chat(f"pause {typed}")


def test_a_morning_is_a_wall_clocks_also_when_the_clocks_change(chat):
    chat.tap("timezone:Europe/Brussels")
    chat.now = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)  # summer time ends in the night
    chat("pause until 8:00")
    assert chat.subscriber.paused_until == datetime(2026, 10, 25, 7, 0, tzinfo=UTC)


def test_the_settings_say_when_alerts_come(chat):
    assert "Alerts come at once." in chat("settings").html
    chat("digest daily 8:30")
    chat("quiet 22-7")
    said = chat("settings").html
    assert "Alerts come once a day at 8:30 (UTC)" in said
    assert "Quiet from 22:00 to 7:00 (UTC)" in said
    taps = [b.data for row in chat("settings").buttons for b in row]
    assert {"digest", "quiet"} <= set(taps)
