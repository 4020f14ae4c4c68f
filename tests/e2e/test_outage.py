"""Telegram is away for a while: outlets are polled and matched on, nothing is lost, doubled or disordered."""

import sqlalchemy as sa

from bot.store.engine import Store
from bot.store.schema import alerts
from tests.e2e.telegram_chats import Fault
from tests.e2e.test_outpost import ANI, distinct, subscribe

OVER = 3  # alerts waiting for a chat, of more the oldest become a digest
TITLES = [f"Harbour notice number {n:02} of the week" for n in range(7)]


def begin(outpost, bot_api, press):
    """Start, with one outlet and one watch; return the outlet."""
    herald = press.add("herald", "Batum Herald", country="GE")
    outpost.environment["OUTPOST__DELIVERY__DIGEST_OVER"] = str(OVER)
    outpost.begin()
    subscribe(bot_api, "harbour")
    return herald


def publish(outpost, press, herald, numbers):
    """Publish notices one after another, and wait until each has matched: its alert is in the database."""
    store = Store(outpost.database_url)
    try:
        for n in numbers:
            herald.publish(TITLES[n], distinct(n))
            press.wait_for(lambda n=n: matched(store) == n + 1, 30, f"{TITLES[n]} is matched")
    finally:
        store.close()


def matched(store):
    return store.call(
        lambda tx: tx.execute(sa.select(sa.func.count()).select_from(alerts)).scalar()
    )


def told(api):
    """Return the numbers of the notices that each message names, but for those that confirm the watch."""
    found = ([n for n, title in enumerate(TITLES) if title in m.text] for m in api.shown(ANI)[2:])
    return [numbers for numbers in found if numbers]


def everything(api):
    """Wait until all notices are told; return the messages as `told` does."""
    want = list(range(len(TITLES)))
    api.wait_for(lambda: sorted({n for m in told(api) for n in m}) == want, 40, "all are told")
    return told(api)


def in_order(messages):
    """Hold messages to it: each notice once and in its turn, first a digest, few one by one.

    What comes while the digest is on its way may be a digest of its own.
    """
    assert [n for numbers in messages for n in numbers] == list(range(len(TITLES))), messages
    assert len(messages[0]) > 1
    assert sum(len(numbers) == 1 for numbers in messages) <= OVER


def test_what_came_while_telegram_refused_connections_goes_out_in_order(outpost, bot_api, press):
    herald = begin(outpost, bot_api, press)
    bot_api.close()
    publish(outpost, press, herald, range(len(TITLES)))
    assert 5 <= outpost.log.count("outcome=later") <= 12  # the way is tried now and then
    bot_api.open()
    in_order(everything(bot_api))
    assert outpost.stop() == [0]
    assert "Traceback" not in outpost.log


def test_what_came_while_telegram_answered_502_goes_out_once_in_order(outpost, bot_api, press):
    herald = begin(outpost, bot_api, press)
    fault = Fault("status_before", times=1_000_000, status=502)
    bot_api.faults.append(fault)
    publish(outpost, press, herald, range(len(TITLES)))
    assert "outcome=uncertain" in outpost.log
    bot_api.faults.remove(fault)
    messages = everything(bot_api)
    # What may have been sent waits longer and longer: another may be the one that finds the way open.
    tried = messages.pop(0) if len(messages[0]) == 1 else []
    rest = [n for numbers in messages for n in numbers]
    assert rest == [n for n in range(len(TITLES)) if n not in tried]
    assert len(messages[0]) > 1
    assert outpost.stop() == [0]
    assert "Traceback" not in outpost.log


def test_a_kill_9_while_telegram_is_away_changes_nothing_of_that(outpost, bot_api, press):
    herald = begin(outpost, bot_api, press)
    bot_api.close()
    publish(outpost, press, herald, range(4))
    outpost.kill()
    outpost.start()
    publish(outpost, press, herald, range(4, len(TITLES)))
    bot_api.open()
    in_order(everything(bot_api))
    assert outpost.stop() == [0]
