"""Topics of a forum: each is a subscriber of its own, and is followed where it goes."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from bot import topics
from bot.domain.model import AlertView, ChatKind, Outcome, Sent, StoryView, SubscriberState
from bot.store import alerts, chats, subscribers, updates, watches
from bot.store.schema import alerts as alert_rows
from bot.store.schema import stories

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FORUM = -1005


@pytest.fixture
def forum(store):
    return Forum(store)


class Forum:
    """A forum that watches one thing in each topic that a test names."""

    def __init__(self, store):
        self.store = store

    def subscribe(self, thread_id, *queries):
        here = self.store.call(
            subscribers.subscribe,
            chat_id=FORUM,
            thread_id=thread_id,
            kind=ChatKind.SUPERGROUP,
            title=topics.title("Newsroom", thread_id, "Docks"),
            language="en",
            now=NOON,
        )
        for query in queries:
            self.store.call(watches.add, here.id, query, NOON)
        return here

    def alert(self, subscriber):
        def raised(tx):
            new = stories.insert().values(opened_at=NOON).returning(stories.c.id)
            alerts.raise_or_revise(tx, {subscriber.id: ()}, tx.execute(new).scalar_one(), NOON)

        self.store.call(raised)

    def claim(self):
        return self.store.call(alerts.claim_due, NOON, limit=9, lease_s=60)

    def lose(self, sent):
        [alert] = self.claim()
        view = AlertView(alert, StoryView(alert.story_id, (), ()))
        self.store.call(topics.lose, view, Outcome(sent, detail="x"), NOON)

    def queries(self, thread_id, chat_id=FORUM):
        here = self.store.call(subscribers.find, chat_id, thread_id)
        listed = self.store.call(watches.of_subscriber, here.id)
        return sorted(w.watch.query for w in listed)

    def state(self, thread_id):
        return self.store.call(subscribers.find, FORUM, thread_id).state

    def said(self):
        return self.store.call(updates.waiting_replies)


def test_one_story_is_told_in_each_topic_that_watches_for_it(forum):
    general, docks = forum.subscribe(0, "port"), forum.subscribe(5, "harbour")
    assert general.id != docks.id
    assert [s.thread_id for s in forum.store.call(subscribers.of_chat, FORUM)] == [0, 5]
    forum.alert(docks)
    [alert] = forum.claim()
    assert (alert.chat_id, alert.thread_id) == (FORUM, 5)


def test_the_topics_of_a_forum_take_turns_since_its_flood_limit_is_one(forum):
    forum.alert(forum.subscribe(0, "port"))
    forum.alert(forum.subscribe(5, "harbour"))
    assert [a.thread_id for a in forum.claim()] == [0]


def test_a_topic_that_is_deleted_is_told_in_general_and_that_is_said_once(forum):
    docks = forum.subscribe(5, "harbour")
    forum.alert(docks)
    forum.lose(Sent.TOPIC_GONE)
    assert forum.queries(0) == ["harbour"]
    [alert] = forum.claim()
    assert alert.thread_id == 0
    [reply] = forum.said()
    assert (reply.chat_id, reply.thread_id) == (FORUM, None)
    assert "<b>Docks</b> is no more" in reply.message.html


def test_the_watches_of_a_deleted_topic_join_those_of_general(forum):
    forum.subscribe(0, "port", "harbour")
    docks = forum.subscribe(5, "harbour", "quay")
    forum.alert(docks)
    forum.lose(Sent.TOPIC_GONE)
    assert forum.queries(0) == ["harbour", "port", "quay"]
    assert forum.state(5) is SubscriberState.GONE
    assert [a.thread_id for a in forum.store.call(alerts.claim_due, LATER, limit=9, lease_s=9)] == [
        0
    ]


LATER = datetime(2026, 11, 23, 13, tzinfo=UTC)


def test_a_closed_topic_keeps_its_alerts_until_it_is_open_and_that_is_said_once(forum):
    docks = forum.subscribe(5, "harbour")
    forum.alert(docks)
    forum.lose(Sent.TOPIC_CLOSED)
    forum.alert(docks)
    assert forum.claim() == []
    [reply] = forum.said()
    assert "<b>Docks</b> is closed" in reply.message.html
    assert reply.message.buttons[0][0].data == "unite:5"
    forum.store.call(topics.reopen, FORUM, 5, LATER)
    assert forum.state(5) is SubscriberState.ACTIVE
    assert len(forum.store.call(alerts.claim_due, LATER, limit=9, lease_s=9)) == 1  # one a chat


def test_a_pause_is_not_ended_by_opening_the_topic(forum):
    docks = forum.subscribe(5, "harbour")
    forum.store.call(subscribers.set_state, docks.id, SubscriberState.PAUSED, now=NOON)
    forum.store.call(topics.reopen, FORUM, 5, NOON)
    assert forum.state(5) is SubscriberState.PAUSED


def test_a_closed_general_is_not_written_to_about_itself(forum):
    general = forum.subscribe(0, "port")
    forum.alert(general)
    forum.lose(Sent.TOPIC_CLOSED)
    assert forum.state(0) is SubscriberState.GONE
    assert forum.said() == []


def test_a_group_that_moves_takes_its_topics_along(forum):
    forum.subscribe(0, "port")
    forum.subscribe(5, "harbour")
    forum.store.call(subscribers.move_chat, FORUM, -1009, NOON)
    assert forum.queries(0, -1009) == ["port"]
    assert forum.queries(5, -1009) == ["harbour"]
    assert forum.store.call(subscribers.of_chat, FORUM) == []


def test_a_message_tells_its_topic_where_telegram_does_not(forum):
    docks = forum.subscribe(5, "harbour")
    forum.alert(docks)
    [alert] = forum.claim()
    forum.store.call(
        alerts.mark_shown, {alert.id: alert.revision}, message_id=77, due_at=NOON, now=NOON
    )
    assert forum.store.call(alerts.thread_of, FORUM, 77) == 5
    assert forum.store.call(alerts.thread_of, FORUM, 78) == 0


def test_a_chat_taken_off_the_list_hears_nothing_more_until_it_is_on_it_again(forum):
    docks = forum.subscribe(5, "harbour")
    forum.alert(docks)
    forum.store.call(chats.heed, {-1}, admins=(), now=NOON)
    assert forum.claim() == []
    assert forum.state(5) is SubscriberState.GONE
    forum.store.call(chats.heed, {-1, FORUM}, admins=(), now=NOON)
    assert [a.thread_id for a in forum.claim()] == [5]


def test_without_a_list_and_for_admins_nothing_is_held(forum):
    forum.subscribe(5, "harbour")
    forum.store.call(chats.heed, (), admins=(), now=NOON)
    forum.store.call(chats.heed, {-1}, admins={FORUM}, now=NOON)
    assert forum.state(5) is SubscriberState.ACTIVE


@pytest.mark.parametrize("state", ["failed", "merged"])
def test_what_was_given_up_in_a_topic_is_not_sent_where_it_moves(forum, state):
    forum.subscribe(0, "port")
    docks = forum.subscribe(5, "harbour")
    forum.alert(docks)
    forum.alert(docks)
    rows = alert_rows.c.id, alert_rows.c.story_id
    [(given_up, _), (_, waits)] = forum.store.call(
        lambda tx: tx.execute(sa.select(*rows).order_by(alert_rows.c.id)).all()
    )
    forum.store.call(
        lambda tx: tx.execute(
            alert_rows.update().where(alert_rows.c.id == given_up).values(state=state)
        )
    )
    forum.store.call(subscribers.leave_topic, docks, NOON)
    [alert] = forum.claim()
    assert (alert.thread_id, alert.story_id) == (0, waits)
    forum.store.call(alerts.mark_failed, [alert.id], "")
    assert forum.claim() == []
