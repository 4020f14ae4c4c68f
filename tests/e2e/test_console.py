"""What chats are told of what they were not told, and how the console changes what they are shown."""

import re
import socket
from datetime import UTC, datetime, timedelta

import httpx

from tests.e2e.conftest import STRIKE
from tests.e2e.telegram_chats import User
from tests.e2e.test_outpost import ANI, alerts, subscribe

ADMIN = 1
HEADLINE = "Harbour strike leaves ships at anchor"


def said(api, command, chat_id=ANI):
    """Let somebody ask, and return the answer."""
    before = len(api.shown(chat_id))
    api.say(chat_id, command)
    api.wait_for(lambda: len(api.shown(chat_id)) > before, 20, f"the answer to {command}")
    return api.shown(chat_id)[-1].text


def test_missed_says_until_when_quiet_hours_hold_an_alert_and_then_when_it_came(
    outpost,
    bot_api,
    city,
):
    herald, _ = city
    outpost.begin()
    subscribe(bot_api, "harbour strike")
    end = datetime.now(UTC).replace(minute=0) + timedelta(hours=3)
    begin = datetime.now(UTC) - timedelta(hours=1)
    assert "alerts are held" in said(bot_api, f"/quiet {begin:%H}:00-{end:%H}:00")
    url = herald.publish(HEADLINE, STRIKE)
    outpost.press.wait_for(lambda: outpost.log.count("outcome=new_story") >= 1, 30, "it is filed")

    for asked in (url, "ships at anchor"):
        answer = said(bot_api, f"/missed {asked}")
        assert HEADLINE in answer
        assert re.search(rf"held back until {end.day} \w+, {end:%H}:00, and comes then", answer)
    assert (
        f"held for Ani: quiet until {end:%Y-%m-%d %H}:00 UTC" in outpost.command("why", url).stdout
    )
    assert not [m for m in alerts(bot_api, about=HEADLINE) if "held back" not in m.text]
    assert outpost.stop() == [0]

    shown = len(bot_api.shown(ANI))
    outpost.hours_ahead = 3
    outpost.start()
    bot_api.wait_for(lambda: len(bot_api.shown(ANI)) > shown, 40, "what the quiet hours held")
    assert HEADLINE in bot_api.shown(ANI)[shown].text
    # The chat shows it a moment before the answer of Telegram is written down.
    bot_api.wait_for(
        lambda: "You were told on" in said(bot_api, f"/missed {url}"), 20, "that it was told"
    )
    assert outpost.stop() == [0]


def test_a_chat_that_the_console_bars_is_answered_once_and_told_nothing_until_it_is_served(
    outpost,
    bot_api,
    city,
):
    herald, _ = city
    begin_with_console(outpost, bot_api)
    with httpx.Client(timeout=20) as browser:
        site, change = sign_in(bot_api, browser)
        change("/subscribers/change", chat=str(ANI), act="bar")
        refusal = said(bot_api, "/watches")
        assert "This bot serves certain chats only" in refusal
        assert str(ANI) in refusal
        bot_api.say(ANI, "/watch football")  # once is polite, twice is noise
        url = herald.publish(HEADLINE, STRIKE)
        held = f"{site}/export/log?state=held&as=json"
        bot_api.wait_for(lambda: browser.get(held).json(), 30, "the alert is held")
        [line] = browser.get(held).json()
        assert (line["url"], line["chat_id"], line["alert_reason"]) == (url, ANI, "gone")
        assert bot_api.shown(ANI)[-1].text == refusal
        assert "· not served" in browser.get(f"{site}/log?state=held").text
        assert "held for Ani: not served" in outpost.command("why", url).stdout

        change("/subscribers/change", chat=str(ANI), act="serve")
        [alert] = bot_api.wait_for(
            lambda: alerts(bot_api, about="ships at anchor"), 30, "the alert"
        )
        assert "Batum Herald" in alert.text
        answer = said(bot_api, "/watches")
        assert "harbour strike" in answer
        assert "football" not in answer
    assert outpost.stop() == [0]


def begin_with_console(outpost, api):
    """Start with a console, and with an admin who has greeted the bot."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        outpost.environment["PORT"] = str(free.getsockname()[1])
    outpost.begin("poll,ingest,deliver,chat,web")
    subscribe(api, "harbour strike")
    api.person(User(ADMIN))
    said(api, "/start", ADMIN)


def sign_in(api, browser):
    """Let the admin come into the console; return its address and what changes something there."""
    link = re.search(r"http\S+/enter\?key=\S+", said(api, "/console", ADMIN))[0]
    site, _, key = link.partition("/enter?key=")
    assert browser.post(f"{site}/enter", data={"key": key}).status_code == 303
    [csrf, *_] = re.findall(r'name="csrf" value="([^"]+)"', browser.get(f"{site}/access").text)

    def change(path, **form):
        assert browser.post(f"{site}{path}", data={"csrf": csrf, **form}).status_code == 303

    return site, change


def test_a_verdict_in_the_console_corrects_the_messages_that_were_sent(
    outpost,
    bot_api,
    city,
):
    herald, mail = city
    begin_with_console(outpost, bot_api)
    herald.publish(HEADLINE, STRIKE)
    [alert] = bot_api.wait_for(lambda: alerts(bot_api, about=HEADLINE), 30, "the alert")
    mail.publish("Grain terminal silent", STRIKE + "\n\nReporting by Batum Herald.")
    bot_api.wait_for(lambda: "Coast Mail" in message(bot_api, alert), 30, "the copy is named")

    with httpx.Client(timeout=20) as browser:
        site, change = sign_in(bot_api, browser)
        [line] = browser.get(f"{site}/export/log?state=copy&as=json").json()
        change("/verdict", kind="not_a_copy", article=str(line["article_id"]))
        bot_api.wait_for(lambda: "Coast Mail" not in message(bot_api, alert), 30, "it is no copy")
        [own] = bot_api.wait_for(
            lambda: alerts(bot_api, about="Grain terminal silent"), 30, "an alert of its own"
        )
        assert "Coast Mail" in own.text

        original = str(line["copy_of"])
        change("/verdict", kind="copy", article=str(line["article_id"]), other=original)
        bot_api.wait_for(lambda: "Coast Mail" in message(bot_api, alert), 30, "it is one again")
        actions = [c["action"] for c in browser.get(f"{site}/export/audit?as=json").json()]
        assert actions[:2] == ["verdict copy", "verdict not_a_copy"]
    assert outpost.stop() == [0]


def message(api, alert):
    """Return what the chat shows by now where it was told."""
    [shown] = [m for m in api.shown(ANI) if m.message_id == alert.message_id]
    return shown.text
