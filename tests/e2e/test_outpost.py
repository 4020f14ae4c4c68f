"""From outlets to a chat, end to end: `outpost run` as a process, on SQLite and on PostgreSQL."""

import random
import signal
import time

from tests.e2e.conftest import STRIKE, VINEYARD
from tests.e2e.press import BOMB, answering, endless, hang
from tests.e2e.telegram_chats import Fault, User

ANI = 7


def subscribe(api, query, chat_id=ANI):
    """A person starts the bot and sets a watch."""
    api.person(User(chat_id))
    api.say(chat_id, "/start")
    api.wait_for(lambda: api.shown(chat_id), 20, "the greeting")
    api.say(chat_id, f"/watch {query}")
    api.wait_for(lambda: len(api.shown(chat_id)) == 2, 20, "the watch is confirmed")


def alerts(api, chat_id=ANI, *, about):
    """Return the messages of a chat that name a headline, but for those that confirm the watch."""
    return [m for m in api.shown(chat_id)[2:] if about in m.text]


def test_a_subscriber_gets_an_alert_sees_it_edited_when_the_copy_comes_and_stops(
    outpost, bot_api, city
):
    herald, mail = city
    outpost.begin()
    subscribe(bot_api, "harbour strike")

    url = herald.publish("Harbour strike leaves ships at anchor", STRIKE)
    [alert] = bot_api.wait_for(lambda: alerts(bot_api, about="ships at anchor"), 20, "the alert")
    assert "Batum Herald" in alert.text
    assert any(e.get("url") == url for e in alert.entities)
    assert any(e["type"] == "bold" for e in alert.entities)
    assert not alert.preview

    mail.publish(
        "Grain terminal silent as dockers walk out", STRIKE + "\n\nReporting by Batum Herald."
    )
    bot_api.wait_for(lambda: alert.edits, 20, "the edit that names the copy")
    assert "Coast Mail" in bot_api.shown(ANI)[-1].text
    assert len(alerts(bot_api, about="ships at anchor")) == 1

    herald.publish("Hail takes a third of the harvest", VINEYARD)
    bot_api.say(ANI, "/stop")
    asked = bot_api.wait_for(
        lambda: [m for m in bot_api.shown(ANI)[3:] if m.buttons], 20, "the question"
    )
    query = bot_api.tap(ANI, asked[-1].message_id, asked[-1].labels()[0])
    bot_api.wait_for(lambda: bot_api.answer_of(query) is not None, 20, "the tap is answered")
    outpost.press.wait_polled(*city)
    herald.publish("Harbour strike goes into a second day", STRIKE.replace("Monday", "Tuesday"))
    outpost.press.wait_polled(*city)
    assert not alerts(bot_api, about="second day")
    assert not alerts(bot_api, about="last year remembered")
    assert outpost.stop() == [0]
    assert bot_api.refused == ["setMyCommands: Bad Request: chat not found"]
    assert bot_api.token not in outpost.log


def test_bad_outlets_leave_the_good_ones_unharmed(outpost, bot_api, press, city):
    manners = {
        "html": answering(b"<html><body>Welcome to our new site</body></html>", "text/html"),
        "empty": answering(b""),
        "noise": answering(bytes(range(256)) * 40),
        "bomb": answering(BOMB),
        "broken": answering(b"<rss><channel><item><title>cut off in the mid"),
        "charset": answering(
            '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Ж</title>'
            "<item><title>Шторм</title><link>http://127.0.0.1/x</link></item></channel></rss>".encode(
                "cp1251"
            )
        ),
        "gone": answering(b"", status=410),
        "down": answering(b"oops", "text/plain", 503),
        "hang": hang,
        "endless": endless,
    }
    for key, manner in manners.items():
        press.add(key, feed=manner)
    outpost.begin()
    subscribe(bot_api, "harbour strike")
    city[0].publish("Harbour strike leaves ships at anchor", STRIKE)
    bot_api.wait_for(lambda: alerts(bot_api, about="ships at anchor"), 30, "the alert")
    assert "Traceback" not in outpost.log

    bot_api.person(User(1, "Olga"))
    bot_api.say(1, "/outlets")
    health = bot_api.wait_for(lambda: bot_api.shown(1), 20, "the outlets' health")[-1].text
    assert "Html" in health
    assert outpost.stop() == [0]


def test_telegram_down_at_the_start_is_waited_out_while_outlets_are_polled(outpost, bot_api, city):
    bot_api.close()
    outpost.begin()
    assert "Telegram does not answer" in outpost.log
    bot_api.open()
    subscribe(bot_api, "harbour strike")
    city[0].publish("Harbour strike leaves ships at anchor", STRIKE)
    bot_api.wait_for(lambda: alerts(bot_api, about="ships at anchor"), 20, "the alert")


def test_an_edited_outlets_file_is_read_at_sighup_and_a_broken_one_leaves_the_old_in_force(
    outpost, bot_api, press, city
):
    outpost.begin("poll,ingest,deliver,chat")
    subscribe(bot_api, "harbour strike")
    gazette = press.add("gazette", "Valley Gazette", country="AM")
    outpost.reload()
    press.wait_polled(*city, gazette)
    gazette.publish("Harbour strike leaves ships at anchor", STRIKE)
    bot_api.wait_for(lambda: alerts(bot_api, about="ships at anchor"), 20, "the alert")

    (outpost.folder / "config" / "outlets.toml").write_text("[[outlet]")
    for process in outpost.running:
        process.send_signal(signal.SIGHUP)
    bot_api.wait_for(lambda: "the old one stays in force" in outpost.log, 20, "the complaint")
    press.wait_polled(gazette)


def test_a_refused_token_is_one_line_and_exit_1(outpost, bot_api, city):
    outpost.environment["TELEGRAM_BOT_TOKEN"] = "1234:refused"
    process = outpost.start()
    assert process.wait(30) == 1
    lines = [line for line in outpost.log.splitlines() if "outpost:" in line]
    assert len(lines) == 1
    assert "token" in lines[0]
    assert "1234:refused" not in outpost.log
    assert "Traceback" not in outpost.log


def test_sigterm_in_the_middle_of_work_ends_it_in_time_and_loses_nothing(outpost, bot_api, city):
    herald, _ = city
    outpost.begin()
    subscribe(bot_api, "harbour")
    bot_api.faults.append(Fault("slow_after", "sendMessage", delay_s=2, times=3))
    titles = [f"Harbour notice number {n} of the week" for n in range(8)]
    for n, title in enumerate(titles):
        herald.publish(title, distinct(n))
    bot_api.wait_for(lambda: alerts(bot_api, about="Harbour notice"), 20, "the first alert")
    began = time.monotonic()
    assert outpost.stop() == [0]
    assert time.monotonic() - began < 20
    outpost.start()
    for title in titles:
        bot_api.wait_for(lambda t=title: alerts(bot_api, about=t), 30, title)
    time.sleep(1)
    assert all(len(alerts(bot_api, about=t)) == 1 for t in titles), bot_api.transcript()


def test_kill_9_in_the_middle_of_work_loses_nothing(outpost, bot_api, city):
    herald, _ = city
    outpost.begin()
    subscribe(bot_api, "harbour")
    titles = [f"Harbour notice number {n} of the week" for n in range(12)]
    for n, title in enumerate(titles):
        herald.publish(title, distinct(n))
        if n % 4 == 3:
            bot_api.say(ANI, f"/watch quay{n}")
            bot_api.wait_for(lambda: alerts(bot_api, about="Harbour notice"), 30, "an alert")
            outpost.kill()
            outpost.start()
    for title in titles:
        bot_api.wait_for(lambda t=title: alerts(bot_api, about=t), 40, title)
    for n in (3, 7, 11):
        bot_api.wait_for(lambda n=n: alerts(bot_api, about=f"quay{n}"), 40, f"the answer {n}")
    assert outpost.stop() == [0]


def test_a_second_process_stands_by_says_so_and_takes_over_when_the_first_is_killed(
    outpost, bot_api, city
):
    herald, _ = city
    outpost.begin()
    subscribe(bot_api, "harbour strike")
    outpost.start()
    for doing in ("sends the alerts", "hears the commands"):
        said = f"another process {doing}: standing by"
        bot_api.wait_for(lambda said=said: said in outpost.log, 30, said)

    first = outpost.running.pop(0)
    first.kill()
    first.wait(10)
    herald.publish("Harbour strike leaves ships at anchor", STRIKE)
    bot_api.wait_for(lambda: alerts(bot_api, about="ships at anchor"), 30, "the alert")
    for doing in ("sends the alerts", "hears the commands"):
        said = f"this process {doing} now"
        bot_api.wait_for(lambda said=said: said in outpost.log, 30, said)


def test_the_database_is_asked_for_on_postgresql_and_migrated_on_sqlite(outpost, bot_api, city):
    if outpost.database_url.startswith("sqlite"):
        outpost.begin()
        assert outpost.stop() == [0]
        return
    outpost.environment["DATABASE_URL"] = outpost.database_url.replace("/outpost_", "/nowhere_")
    assert outpost.start().wait(60) == 1
    assert "Traceback" not in outpost.log


def distinct(n: int) -> str:
    """Return a text of its own for article n: alike in manner, in words a story apart."""
    words = (
        "quay",
        "lamp",
        "rope",
        "tide",
        "gull",
        "mast",
        "crane",
        "crew",
        "salt",
        "pier",
        "dawn",
        "fog",
        "bell",
        "knot",
        "hull",
        "deck",
    )
    chance = random.Random(n)
    sentences = []
    for _ in range(14):
        picked = [f"{chance.choice(words)}{chance.choice('abcdefghij')}" for _ in range(12)]
        sentences.append(" ".join(picked).capitalize() + ".")
    return f"The harbour office gave notice {n} on Friday. " + " ".join(sentences)
