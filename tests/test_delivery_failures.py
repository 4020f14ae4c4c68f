"""What each failure of Telegram's leads to: the pipeline, the real library, the strict server, a database.

Lost alerts are worse than doubled ones: what was surely not sent is sent once in the end, what may have
been is sent once more for each answer that was lost, and every attempt stands in the delivery log.
"""

import asyncio
import html

import pytest
import sqlalchemy as sa

from bot.adapters import messenger as messenger_module
from bot.adapters.messenger import TelegramMessenger, open_bot
from bot.domain.model import Message, SubscriberState
from bot.store import alerts as outbox
from bot.store import subscribers, updates, watches
from bot.store.schema import deliveries
from tests.e2e.telegram_chats import Fault
from tests.world import ADMIN, World

ANI, GROUP = 7, -100
STRIKE = "Dockers at the harbour walked out on Monday over shifts of fourteen hours. " * 6


@pytest.fixture
async def world(database_url, bot_api, monkeypatch):
    """A world whose messenger is the real one. Its timeouts are short, and its pool is too small."""
    monkeypatch.setattr(messenger_module, "READ_TIMEOUT_S", 0.5)
    monkeypatch.setattr(messenger_module, "POOL_TIMEOUT_S", 0.2)
    bot_api.person(ANI)
    bot_api.add_group(GROUP)
    world = World(database_url)
    bot = open_bot(bot_api.token, bot_api.url, pool=1)
    world.messenger = TelegramMessenger(bot)
    world.pipeline = world.new_process()
    yield world
    await bot.shutdown()
    world.store.close()


async def told_in_the_end(world, chat_id=ANI, spoil=None):
    """Publish what the chat watches; let Telegram fail once; deliver until nothing waits."""
    world.watch(chat_id, "harbour")
    await world.publish("Daily Echo", STRIKE)
    return await delivered(world, spoil)


async def delivered(world, spoil=None):
    """Deliver until nothing waits; return the outcomes. spoil: called after the first attempt."""
    first = await world.deliver_all()
    if spoil:
        spoil()
    rest = []
    for _ in range(5):
        rest += await world.deliver_all()
    assert world.store.call(outbox.behind) == 0
    return [*first, *rest]


def logged(world):
    """Return the outcomes in the delivery log."""
    rows = sa.select(deliveries.c.outcome).order_by(deliveries.c.id)
    return world.store.call(lambda tx: list(tx.execute(rows).scalars()))


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("drop_before", 1),
        ("drop_after", 2),
        ("status_before", 1),
        ("status_after", 2),
        ("garbage_before", 1),
        ("garbage_after", 2),
        ("slow_after", 2),
    ],
)
async def test_what_may_have_been_sent_is_sent_once_more_and_counted(world, bot_api, kind, shown):
    bot_api.faults = [Fault(kind, "sendMessage", delay_s=0.8)]
    assert await told_in_the_end(world) == ["uncertain", "ok"]
    assert len(bot_api.shown(ANI)) == shown
    assert logged(world) == ["uncertain", "ok"]
    assert world.pipeline.counts["deliver.uncertain"] == 1


async def test_what_telegram_holds_back_is_surely_unsent_and_sent_once(world, bot_api):
    bot_api.faults = [Fault("flood", "sendMessage", retry_after=1)]
    assert await told_in_the_end(world) == ["later", "ok"]
    assert len(bot_api.shown(ANI)) == 1


async def test_what_never_left_this_machine_is_sent_once(world, bot_api):
    bot_api.close()
    assert await told_in_the_end(world, spoil=bot_api.open) == ["later", "ok"]
    assert len(bot_api.shown(ANI)) == 1


async def test_what_found_no_free_connection_is_sent_once(world, bot_api):
    bot_api.faults = [Fault("slow_before", "sendMessage", GROUP, delay_s=0.45)]
    world.watch(ANI, "harbour")
    await world.publish("Daily Echo", STRIKE)
    other = asyncio.create_task(world.messenger.send(GROUP, Message("slow")))
    await asyncio.sleep(0.05)  # it has the only connection now
    assert await delivered(world) == ["later", "ok"]
    await other
    assert len(bot_api.shown(ANI)) == 1
    [detail] = world.store.call(
        lambda tx: tx.execute(
            sa.select(deliveries.c.detail).where(deliveries.c.outcome == "later")
        ).scalars()
    )
    assert "pool" in detail.lower()


async def test_who_blocks_is_paused_with_the_reason_and_told_when_back(world, bot_api):
    bot_api.block(ANI)
    world.watch(ANI, "harbour")
    await world.publish("Daily Echo", STRIKE)
    assert await world.deliver_all() == ["gone"]
    known = world.store.call(subscribers.find, ANI)
    assert known.state is SubscriberState.GONE
    reason = world.store.call(
        lambda tx: tx.execute(sa.text("SELECT state_reason FROM subscribers")).scalar_one()
    )
    assert "blocked by the user" in reason
    assert await world.deliver_all() == []

    bot_api.unblock(ANI)
    assert len(world.store.call(watches.of_subscriber, known.id)) == 1  # kept
    world.store.call(subscribers.set_state, known.id, SubscriberState.ACTIVE, now=world.now)
    assert await world.deliver_all() == ["ok"]
    assert "harbour" in bot_api.shown(ANI)[0].text


async def test_a_group_that_became_a_supergroup_is_followed(world, bot_api):
    bot_api.add_group(-5, kind="group")
    bot_api.migrate(-5, -1005)
    assert await told_in_the_end(world, chat_id=-5) == ["moved", "ok"]
    assert len(bot_api.shown(-1005)) == 1


async def test_an_edit_whose_answer_was_lost_is_no_failure_the_second_time(world, bot_api):
    await told_in_the_end(world)
    bot_api.faults = [Fault("drop_after", "editMessageText")]
    await world.publish("Coast Mail", STRIKE)
    assert await world.deliver_all() == ["uncertain"]
    assert await world.deliver_all() == ["ok"]  # Telegram says "not modified", and means it is well
    [shown] = bot_api.shown(ANI)
    assert "Coast Mail" in shown.text


async def test_what_telegram_cannot_parse_goes_out_plain_and_the_admins_hear_of_it_once(
    world, bot_api, monkeypatch
):
    def broken(_view):
        return Message("<b>Strike at the harbour &lt; and <i>no end</b>")

    monkeypatch.setattr("bot.render.alert", broken)
    bot_api.person(8)
    world.watch(8, "harbour")
    assert await told_in_the_end(world) == ["ok", "ok"]
    assert [m.text for m in bot_api.shown(ANI)] == ["Strike at the harbour < and no end"]
    [notice] = world.store.call(updates.waiting_replies)
    assert notice.chat_id == ADMIN
    assert "would not take the markup" in notice.message.html
    assert "can't parse entities" in html.unescape(notice.message.html).lower()


async def test_a_message_that_is_refused_for_good_is_given_up_visibly(world, bot_api, monkeypatch):
    monkeypatch.setattr("bot.render.alert", lambda _view: Message(" "))
    assert await told_in_the_end(world) == ["refused"]
    state, why = world.store.call(
        lambda tx: tx.execute(sa.text("SELECT state, state_reason FROM alerts")).one()
    )
    assert (state, bool(why)) == ("failed", True)
