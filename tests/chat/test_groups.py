"""Groups, their topics, and channels: over HTTP, through the real library and the strict server."""

import pytest

from bot.chat import admin, subscriber
from bot.chat.desk import Desk
from bot.config import Chat
from bot.domain.model import SubscriberState
from bot.store import keepers, subscribers, watches
from tests.chat.live import now, says, silence, talking, taps, until
from tests.e2e.telegram_chats import User

ADMIN = User(1, "Olga", "ru")
ANI = User(7, "Ani", "en")
BORIS = User(8, "Boris", "ka")
GROUP, FORUM, CHANNEL = -100500001, -100500002, -100500003
COMMANDS = (*subscriber.COMMANDS, *admin.COMMANDS)
GONE, ACTIVE = SubscriberState.GONE, SubscriberState.ACTIVE


@pytest.fixture
def desk(store):
    return Desk(store, COMMANDS, admins={ADMIN.id})


@pytest.fixture
async def api(bot_api, desk, store):
    for person in (ADMIN, ANI, BORIS):
        bot_api.person(person)
    async with talking(bot_api, desk):
        await until(lambda: bot_api.called("getUpdates"))
        yield bot_api
        await silence(bot_api, store)
        print(bot_api.transcript())
    assert bot_api.refused == []


def queries(store, chat_id, thread_id=0):
    here = store.call(subscribers.find, chat_id, thread_id)
    return [w.watch.query for w in store.call(watches.of_subscriber, here.id)] if here else []


def state(store, chat_id, thread_id=0):
    here = store.call(subscribers.find, chat_id, thread_id)
    return here and here.state


# -- topics -------------------------------------------------------------------------------------


@pytest.fixture
async def docks(api):
    api.add_group(FORUM, creator=ANI, is_forum=True)
    await until(lambda: api.shown(FORUM))
    return api.add_topic(FORUM, "Docks")


async def test_a_watch_belongs_to_the_topic_it_was_set_in(api, store, docks):
    assert (await says(api, FORUM, "/watch harbour", ANI, thread_id=docks)).thread_id == docks
    assert (await says(api, FORUM, "/watch port", ANI)).thread_id is None
    assert queries(store, FORUM, docks) == ["harbour"]
    assert queries(store, FORUM) == ["port"]
    there = store.call(subscribers.find, FORUM, docks)
    assert there.title == "Newsroom › Docks"
    listed = await says(api, FORUM, "/watches", BORIS, thread_id=docks)
    assert "harbour" in listed.text
    assert "port" not in listed.text


async def test_an_answer_in_general_is_general_whatever_thread_telegram_makes_of_it(api, docks):
    first = await says(api, FORUM, "/help", ANI)
    answer = await says(api, FORUM, "/watch port", ANI, reply_to=first.message_id)
    assert answer.thread_id is None
    assert "port" in answer.text


async def test_a_tap_in_a_topic_is_for_the_topic(api, store, docks):
    await says(api, FORUM, "/watch harbour", ANI, thread_id=docks)
    listed = await says(api, FORUM, "/watches", ANI, thread_id=docks)
    await taps(api, FORUM, listed, listed.labels()[1], ANI)
    await until(lambda: queries(store, FORUM, docks) == [])


async def test_a_new_topic_speaks_the_language_and_zone_of_its_forum(api, store, docks):
    await says(api, FORUM, "/lang hy", ANI)
    await says(api, FORUM, "/timezone Yerevan", ANI)
    await says(api, FORUM, "/watch harbour", ANI, thread_id=docks)
    there = store.call(subscribers.find, FORUM, docks)
    assert (there.language, there.zone) == ("hy", "Asia/Yerevan")


async def test_a_closed_topic_is_answered_for_in_general_and_opened_again(api, store, docks):
    await says(api, FORUM, "/watch harbour", ANI, thread_id=docks)
    there = store.call(subscribers.find, FORUM, docks)
    store.call(subscribers.set_state, there.id, GONE, now=now(), reason="the topic is closed")
    api.close_topic(FORUM, docks)
    api.close_topic(FORUM, docks, closed=False)
    await until(lambda: state(store, FORUM, docks) is ACTIVE)


async def test_who_asks_in_a_closed_topic_is_answered_in_general(api, docks):
    api.close_topic(FORUM, docks)
    answer = await says(api, FORUM, "/watches", ANI, thread_id=docks)
    assert answer.thread_id is None
    assert api.refused == ["sendMessage: Bad Request: TOPIC_CLOSED"]
    api.refused.clear()


async def test_reopening_general_lets_general_go_on(api, store, docks):
    here = store.call(subscribers.find, FORUM)
    store.call(subscribers.set_state, here.id, GONE, now=now(), reason="the topic is closed")
    api.close_topic(FORUM, 0)
    api.close_topic(FORUM, 0, closed=False)
    await until(lambda: state(store, FORUM) is ACTIVE)


async def test_a_forum_that_is_left_and_found_again_has_all_its_topics(api, store, docks):
    await says(api, FORUM, "/watch harbour", ANI, thread_id=docks)
    api.block(FORUM)
    await until(lambda: state(store, FORUM, docks) is GONE)
    assert state(store, FORUM) is GONE
    api.unblock(FORUM)
    await until(lambda: state(store, FORUM, docks) is ACTIVE)
    assert state(store, FORUM) is ACTIVE


# -- who may change -----------------------------------------------------------------------------


async def test_a_channel_that_writes_in_a_group_is_no_administrator_of_it(api, store):
    api.add_group(CHANNEL, "Herald", kind="channel", creator=ANI)
    api.add_group(GROUP, creator=ANI)
    await until(lambda: api.shown(GROUP))
    refused = await says(api, GROUP, "/watch port", BORIS, as_channel=CHANNEL)
    assert "Only an administrator" in refused.text
    assert queries(store, GROUP) == []
    await says(api, GROUP, "/watch port", ANI, anonymous=True)
    assert queries(store, GROUP) == ["port"]


async def test_an_administrator_made_later_may_change_watches_and_one_unmade_may_not(api, store):
    api.add_group(GROUP, creator=ANI)
    await until(lambda: api.shown(GROUP))
    api.chat(GROUP).members[BORIS.id] = "administrator"
    await says(api, GROUP, "/watch port", BORIS)
    assert queries(store, GROUP) == ["port"]


@pytest.mark.parametrize("line", ["/watches", "/search port", "/story", "/why", "/help"])
async def test_everybody_in_a_group_may_read(api, line):
    api.add_group(GROUP, creator=ANI)
    await until(lambda: api.shown(GROUP))
    assert "Only an administrator" not in (await says(api, GROUP, line, BORIS)).text


# -- coming and going ---------------------------------------------------------------------------


async def test_a_group_where_it_may_not_write_is_told_of_in_private_and_greeted_once_it_may(
    api, store
):
    await says(api, ANI.id, "/start")
    api.add_group(GROUP, creator=ANI, silenced=True)
    told = await until(lambda: [m for m in api.shown(ANI.id)[1:]])
    assert "may not write there" in told[0].text
    assert api.shown(GROUP) == []
    api.set_bot(GROUP, "administrator", ANI)
    await silence(api, store)
    await says(api, GROUP, "/watch port", ANI)
    assert queries(store, GROUP) == ["port"]


async def test_rights_that_are_taken_hold_the_alerts_until_they_are_given_back(api, store):
    api.add_group(GROUP, creator=ANI)
    await until(lambda: api.shown(GROUP))
    api.set_bot(GROUP, "restricted", ANI)
    await until(lambda: state(store, GROUP) is GONE)
    assert store.call(subscribers.find, GROUP).state_reason == "may not write there"
    api.set_bot(GROUP, "member", ANI)
    await until(lambda: state(store, GROUP) is ACTIVE)
    assert len(api.shown(GROUP)) == 1  # it was greeted already


async def test_promoting_and_demoting_needs_no_words(api, store):
    api.add_group(GROUP, creator=ANI)
    await until(lambda: api.shown(GROUP))
    for status in ("administrator", "member"):
        api.set_bot(GROUP, status, ANI)
        await silence(api, store)
        assert state(store, GROUP) is ACTIVE
    assert len(api.shown(GROUP)) == 1


async def test_a_group_is_greeted_in_the_language_of_whoever_added_it(api):
    api.add_group(GROUP, creator=User(9, "Nino", "ka"))
    [hello] = await until(lambda: api.shown(GROUP))
    assert "ჯგუფისთვის" in hello.text


# -- channels -----------------------------------------------------------------------------------


@pytest.fixture
async def herald(api):
    """A public channel of Ani's, in which the bot has just been made an administrator."""
    await says(api, ANI.id, "/start")
    api.add_group(CHANNEL, "Herald", kind="channel", creator=ANI, username="herald")
    return (await until(lambda: api.shown(ANI.id)[1:]))[0]


async def test_who_makes_it_administrator_of_a_channel_is_told_how_to_go_on(api, store, herald):
    assert "I can post in Herald now" in herald.text
    assert api.shown(CHANNEL) == []  # its readers hear news alone
    assert state(store, CHANNEL) is ACTIVE
    tapped = api.tap(ANI.id, herald.message_id, herald.labels()[0])
    await until(lambda: api.answer_of(tapped) is not None)
    await until(lambda: herald.edits)
    assert "📣 Herald" in api.shown(ANI.id)[-1].text


async def test_a_watch_is_bound_to_a_channel_by_its_name(api, store, herald):
    answer = await says(api, ANI.id, "/watch @herald harbour strike")
    assert answer.text.startswith("📣 Herald\n")
    assert "harbour strike" in answer.text
    assert queries(store, CHANNEL) == ["harbour strike"]
    assert queries(store, ANI.id) == []


async def test_a_watch_is_bound_to_a_private_channel_by_its_number_or_by_an_answer(
    api, store, herald
):
    await says(api, ANI.id, f"/watch {CHANNEL} harbour")
    await says(api, ANI.id, "port", reply_to=herald.message_id)
    await says(api, ANI.id, "/watch quay", reply_to=herald.message_id)
    assert queries(store, CHANNEL) == ["harbour", "port", "quay"]
    listed = await says(api, ANI.id, "/watches", reply_to=herald.message_id)
    assert "quay" in listed.text


async def test_the_buttons_of_an_answer_are_for_the_channel(api, store, herald):
    await says(api, ANI.id, "/watch port")
    await says(api, ANI.id, "/watch @herald harbour")
    listed = await says(api, ANI.id, "/watches @herald")
    assert all(b["callback_data"].startswith("for:") for row in listed.buttons for b in row)
    await taps(api, ANI.id, listed, listed.labels()[1])
    await until(lambda: queries(store, CHANNEL) == [])
    assert queries(store, ANI.id) == ["port"]


async def test_only_who_is_an_administrator_at_that_moment_speaks_for_a_channel(api, store, herald):
    refused = await says(api, BORIS.id, "/watch @herald port")
    assert "herald" in refused.text
    assert queries(store, CHANNEL) == []
    api.chat(CHANNEL).members[BORIS.id] = "administrator"
    await says(api, BORIS.id, "/watch @herald port")
    assert queries(store, CHANNEL) == ["port"]
    listed = await says(api, BORIS.id, "/watches @herald")
    api.chat(CHANNEL).members[BORIS.id] = "left"
    answer = await taps(api, BORIS.id, listed, listed.labels()[0])
    assert answer["show_alert"]
    assert queries(store, CHANNEL) == ["port"]


async def test_a_channel_nobody_knows_is_said_so(api):
    assert "@nowhere" in (await says(api, ANI.id, "/watch @nowhere port")).text
    assert "-1009999999" in (await says(api, ANI.id, "/watch -1009999999 port")).text
    assert {r.partition(":")[0] for r in api.refused} == {"getChat"}  # nobody else could tell
    api.refused.clear()


async def test_channels_lists_them_and_tells_how_to_add_one(api, herald):
    listed = await says(api, ANI.id, "/channels")
    assert "📣 Herald" in listed.labels()
    none = await says(api, BORIS.id, "/channels")
    assert "/watch @yourchannel" in none.text
    assert none.buttons[0][0]["url"].startswith("https://t.me/outpost_test_bot?startchannel")


async def test_language_zone_and_pause_of_a_channel_are_its_own(api, store, herald):
    await says(api, ANI.id, "/lang @herald hy")
    await says(api, ANI.id, "/timezone @herald Yerevan")
    answer = await says(api, ANI.id, "/pause @herald 8h")
    channel = store.call(subscribers.find, CHANNEL)
    assert (channel.language, channel.zone) == ("hy", "Asia/Yerevan")
    assert channel.state is SubscriberState.PAUSED
    assert "📣 Herald" in answer.text
    assert store.call(subscribers.find, ANI.id).language == "en"
    await says(api, ANI.id, "/resume @herald")
    assert state(store, CHANNEL) is ACTIVE


async def test_a_channel_without_the_right_to_post_is_asked_for_it(api, store):
    await says(api, ANI.id, "/start")
    api.add_group(CHANNEL, "Herald", kind="channel", creator=ANI, rights=frozenset())
    told = await until(lambda: api.shown(ANI.id)[1:])
    assert "may not post there" in told[0].text
    api.set_bot(CHANNEL, "administrator", ANI, rights=frozenset(["can_post_messages"]))
    told = await until(lambda: api.shown(ANI.id)[2:])
    assert "I can post in Herald now" in told[0].text
    assert state(store, CHANNEL) is ACTIVE


async def test_a_channel_that_takes_the_right_is_gone_and_its_keepers_hear_of_it(
    api, store, herald
):
    await says(api, ANI.id, "/watch @herald harbour")
    before = len(api.shown(ANI.id))
    api.set_bot(CHANNEL, "administrator", ANI, rights=frozenset())
    told = await until(lambda: api.shown(ANI.id)[before:])
    assert "may not post in Herald any more" in told[0].text
    assert state(store, CHANNEL) is GONE
    api.set_bot(CHANNEL, "administrator", ANI, rights=frozenset(["can_post_messages"]))
    await until(lambda: state(store, CHANNEL) is ACTIVE)
    assert queries(store, CHANNEL) == ["harbour"]


async def test_a_stranger_who_adds_it_to_a_channel_is_not_written_to(api, store):
    nino = api.stranger(User(9, "Nino", "ka"))
    api.add_group(CHANNEL, "Herald", kind="channel", creator=nino)
    await until(lambda: state(store, CHANNEL) is ACTIVE)
    await silence(api, store)
    assert api.shown(9) == []
    channel = store.call(subscribers.find, CHANNEL)
    assert store.call(keepers.of_chat, channel.id) == [9]
    await says(api, 9, "/start")
    assert "📣 Herald" in (await says(api, 9, "/channels")).labels()


async def test_what_is_said_in_a_channel_is_not_answered(api, store, herald):
    api.say(CHANNEL, "/watch port", ANI)
    api.say(CHANNEL, "good morning", ANI)
    await silence(api, store)
    assert api.shown(CHANNEL) == []


async def test_a_button_for_a_channel_does_nothing_in_a_group(api, store, herald):
    await says(api, ANI.id, "/watch @herald harbour")
    api.add_group(GROUP, creator=ANI)
    [hello] = await until(lambda: api.shown(GROUP))
    channel = store.call(subscribers.find, CHANNEL)
    query = api.in_loop(api.world.press, hello, f"for:{channel.id}:unwatch:1", ANI)
    await until(lambda: api.answer_of(query) is not None)
    assert queries(store, CHANNEL) == ["harbour"]


# -- who is served ------------------------------------------------------------------------------


async def test_a_chat_that_is_not_on_the_list_hears_so_once_and_its_taps_each_time(bot_api, store):
    for person in (ADMIN, ANI, BORIS):
        bot_api.person(person)
    desk = Desk(store, COMMANDS, admins={ADMIN.id}, limits=Chat(allow=frozenset([BORIS.id])))
    async with talking(bot_api, desk):
        assert str(ANI.id) in (await says(bot_api, ANI.id, "/start")).text
        bot_api.say(ANI.id, "/watch port")
        bot_api.say(ANI.id, "hello")
        await silence(bot_api, store)
        [polite] = bot_api.shown(ANI.id)
        query = bot_api.in_loop(bot_api.world.press, polite, "watches:1", ANI)
        answer = await until(lambda: bot_api.answer_of(query))
        assert answer["show_alert"]
        assert store.call(subscribers.find, ANI.id) is None
        for served in (BORIS, ADMIN):
            await says(bot_api, served.id, "/watch port")
            assert queries(store, served.id) == ["port"]
        bot_api.add_group(GROUP, creator=ANI)
        [polite] = await until(lambda: bot_api.shown(GROUP))
        assert str(GROUP) in polite.text
        bot_api.say(GROUP, "/watch port", ANI)
        await silence(bot_api, store)
        assert len(bot_api.shown(GROUP)) == 1
    assert bot_api.refused == []
