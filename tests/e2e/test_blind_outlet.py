"""An outlet stops: its silence is told to the admins once, with the watches that lose by it, and its return.

Hours pass by the clock of the processes, which is ahead of the test's; the outlet and Telegram are real
servers.
"""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.conftest import STRIKE
from tests.e2e.press import answering
from tests.e2e.telegram_chats import User
from tests.e2e.test_outpost import ANI, alerts, subscribe

ADMIN = 1
RHYTHM = timedelta(minutes=35)
PAST = timedelta(days=4)


@pytest.fixture
def herald(outpost, bot_api, press):
    """A lively outlet that has just fed a watch, and one that never was; the processes have ended."""
    press.add("mail", "Coast Mail").publish("Quays are quiet", "Nothing moved there on Sunday.")
    herald = press.add("herald", "Batum Herald", country="GE", listed=1_000)
    past(herald, PAST // RHYTHM, until=datetime.now(UTC))
    outpost.begin()
    bot_api.person(User(ADMIN))
    bot_api.say(ADMIN, "/start")
    subscribe(bot_api, "harbour strike")
    herald.publish("Harbour strike leaves ships at anchor", STRIKE)
    bot_api.wait_for(lambda: alerts(bot_api, about="ships at anchor"), 30, "the alert")
    press.wait_polled(herald)
    assert outpost.stop() == [0]
    return herald


def past(outlet, articles, *, until):
    """Let an outlet have published so many, one at a time, up to that moment."""
    for n in range(articles, 0, -1):
        at = until - n * RHYTHM
        outlet.publish(f"Report of {at:%d %B %H:%M}", f"Weather at {at:%H:%M}.", at=at)


def look(outpost, *, hours_ahead):
    """Poll at that hour, then start anew: whoever starts looks first which outlets are in sight."""
    outpost.hours_ahead = hours_ahead
    outpost.start("poll")
    polled = outpost.log.count("poll feed=")
    outpost.press.wait_for(lambda: outpost.log.count("poll feed=") >= polled + 4, 30, "polls")
    assert outpost.stop() == [0]
    outpost.start()


def notices(api):
    """Return what the admin was told of the outlet, besides being greeted."""
    return [m.text for m in api.shown(ADMIN)[1:] if "Batum Herald" in m.text]


def said(api, command):
    """Let Ani ask, and return the answer."""
    before = len(api.shown(ANI))
    api.say(ANI, command)
    api.wait_for(lambda: len(api.shown(ANI)) > before, 20, f"the answer to {command}")
    return api.shown(ANI)[-1].text


def test_an_outlet_gone_silent_is_told_to_the_admins_once_and_its_return_once(
    outpost, bot_api, herald
):
    look(outpost, hours_ahead=9)
    [gone] = bot_api.wait_for(lambda: notices(bot_api), 30, "the notice")
    assert gone.startswith("🙈 🇬🇪 Batum Herald has brought nothing new for 9 hr")
    assert "harbour strike" in gone
    assert "🙈 🇬🇪 Batum Herald: silent for 9 hr" in said(bot_api, "/watches")
    assert outpost.stop() == [0]

    herald.publish("Talks at the harbour resume", STRIKE.replace("Monday", "Tuesday"))
    look(outpost, hours_ahead=10)  # as it starts it looks: twice by now
    _, back = bot_api.wait_for(lambda: len(notices(bot_api)) > 1 and notices(bot_api), 30, "back")
    assert back.startswith("👁 🇬🇪 Batum Herald is back in sight")
    assert "Batum Herald" not in said(bot_api, "/watches")
    assert outpost.stop() == [0]
    assert len(notices(bot_api)) == 2
    assert not [m for m in bot_api.shown(ANI) if "in sight" in m.text]  # admins alone are told


def test_an_outlet_that_cannot_be_read_is_told_to_the_admins_once_and_its_return_once(
    outpost, bot_api, herald
):
    herald.feed = answering(b"gone", "text/plain", status=404)
    outpost.start("poll")
    outpost.press.wait_for(lambda: "answered 404" in outpost.log, 30, "a poll that fails")
    assert outpost.stop() == [0]
    look(outpost, hours_ahead=2)
    [gone] = bot_api.wait_for(lambda: notices(bot_api), 30, "the notice")
    assert gone.startswith("🙈 🇬🇪 Batum Herald cannot be read")
    assert "harbour strike" in gone
    assert "Batum Herald: cannot be read for 2 hr" in said(bot_api, "/watches")
    assert outpost.stop() == [0]

    herald.feed = None
    herald.publish("Talks at the harbour resume", STRIKE.replace("Monday", "Tuesday"))
    look(outpost, hours_ahead=40)  # past the pause that its failures earned it
    _, back = bot_api.wait_for(lambda: len(notices(bot_api)) > 1 and notices(bot_api), 30, "back")
    assert "back in sight" in back
    assert "Batum Herald" not in said(bot_api, "/watches")
    assert outpost.stop() == [0]
    assert len(notices(bot_api)) == 2


def test_a_feed_overrun_while_we_were_down_says_how_many_may_have_been_missed(
    outpost, bot_api, press
):
    herald = press.add("herald", "Batum Herald", country="GE", listed=30)
    past(herald, 40, until=datetime.now(UTC))
    outpost.begin()
    bot_api.person(User(ADMIN))
    bot_api.say(ADMIN, "/start")
    bot_api.wait_for(lambda: bot_api.shown(ADMIN), 20, "the greeting")
    assert outpost.stop() == [0]

    past(herald, 60, until=datetime.now(UTC) + 60 * RHYTHM)  # 30 of which are listed no more
    look(outpost, hours_ahead=60 * RHYTHM / timedelta(hours=1))
    bot_api.say(ADMIN, "/outlets")
    health = bot_api.wait_for(
        lambda: [m.text for m in bot_api.shown(ADMIN) if "Batum Herald: polled" in m.text], 20, "it"
    )
    told = re.search(r"about (\d+) entries may have been missed", health[-1])
    assert told, health[-1]
    assert 15 <= int(told[1]) <= 45
    assert outpost.stop() == [0]
