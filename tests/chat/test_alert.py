"""What a reader can say to an alert, and what comes of it."""

import pytest
import sqlalchemy as sa

from bot.domain.errors import UserError
from bot.domain.model import Role
from bot.store import alerts, articles, insight, verdicts
from bot.store.schema import verdicts as verdict_rows
from tests.chat.conftest import CHAT, Asker, words
from tests.world import World

STRIKE = (
    "Dockers in the harbour of Port Elva began a strike on Monday, and no ship was unloaded by noon. "
    "The owners said that they would answer the demands of the union on Tuesday, after a meeting of the "
    "board. Grain prices rose at once in three cities, and bakers asked the ministry for help. "
    "Reporting by Daily Echo."
)


@pytest.fixture
async def told(tmp_path):
    """A chat that was told of a story, with one copy in it; yields the chat's asker."""
    world = World(f"sqlite:///{tmp_path / 'told.db'}")
    world.watch(CHAT, "harbour strike")
    await world.publish("Daily Echo", STRIKE, title="Port at a standstill")
    await world.deliver_all()
    await world.publish("Coast Mail", STRIKE, title="Docks: nobody works")
    await world.deliver_all()
    with world.store.engine.begin() as tx:
        ask = Asker(tx)
        ask.now = world.now
        ask.world = world
        yield ask
    world.store.close()


def alert_of(ask):
    [alert_id] = ask.tx.execute(sa.text("SELECT id FROM alerts")).scalars()
    return alerts.of_chat(ask.tx, ask.subscriber.id, alert_id)


def kinds(ask):
    return list(ask.tx.execute(sa.select(verdict_rows.c.kind)).scalars())


def test_a_muted_story_shows_a_way_back_and_is_not_edited_any_more(told):
    alert = alert_of(told).alert
    reply = told.tap(f"mute:{alert.id}", message_id=alert.message_id)
    assert reply.toast == "toast.muted"
    assert reply.edit
    assert reply.buttons[0][0].data == f"unmute:{alert.id}"
    told.tx.execute(sa.text("UPDATE alerts SET revision = revision + 1"))
    assert alerts.claim_due(told.tx, told.now, limit=9, lease_s=9) == []
    told.tap(f"unmute:{alert.id}", message_id=alert.message_id)
    assert [a.id for a in alerts.claim_due(told.tx, told.now, limit=9, lease_s=9)] == [alert.id]


def test_muting_twice_is_harmless(told):
    alert = alert_of(told).alert
    first, second = (told.tap(f"mute:{alert.id}", message_id=alert.message_id) for _ in range(2))
    assert first == second


def test_a_story_can_be_muted_by_a_reply_to_its_alert(told):
    alert = alert_of(told).alert
    reply = told("mute", reply_to=alert.message_id)
    assert reply.key == "mute.done"
    assert told.tap(reply.buttons[0][0].data).key == "mute.undone"
    assert alert_of(told).state == "open"


@pytest.mark.parametrize("line", ["mute 1", "why 1"])
def test_a_number_that_nobody_sees_names_no_alert(told, line):
    with pytest.raises(UserError, match=r"story\.reply"):
        told(line)


def test_not_relevant_is_kept_once_for_each_person(told):
    alert = alert_of(told).alert
    for _ in range(2):
        assert told.tap(f"no:{alert.id}").toast == "toast.not_relevant"
    assert kinds(told) == ["not_relevant"]  # the story has a repost, but one thing was said


def test_a_thumb_down_is_not_relevant_and_can_be_taken_away(told):
    message_id = alert_of(told).alert.message_id
    told.tap(f"react:{message_id}+")
    assert kinds(told) == ["not_relevant"]
    told.tap(f"react:{message_id}-")
    assert kinds(told) == []
    told.tap("react:999+")
    assert kinds(told) == []


def test_admins_read_the_verdicts_and_the_precision_of_watches(told):
    assert told("verdicts", role=Role.ADMIN).key == "verdicts.none"
    told.tap(f"no:{alert_of(told).alert.id}")
    shown = words(told("verdicts", role=Role.ADMIN))
    assert "not relevant: Port at a standstill (Daily Echo)" in shown
    assert shown.count("not relevant:") == 1
    [worst] = verdicts.precision(told.tx)
    assert (worst.name, worst.share) == ("harbour strike", 0.0)
    [watch] = insight.read_watches(told.tx)
    assert (watch.fired, watch.not_relevant, watch.precision) == (2, 2, 0.0)


async def test_a_word_on_an_alert_of_two_watches_is_about_what_either_fired_on(tmp_path):
    world = World(f"sqlite:///{tmp_path / 'two.db'}")
    world.watch(CHAT, "harbour strike -bakers")
    world.watch(CHAT, "bakers")
    text = STRIKE.replace("bakers", "millers")
    await world.publish("Daily Echo", text, title="Port at a standstill")
    assert await world.publish("Coast Mail", STRIKE, title="Docks: nobody works") == "copy"
    await world.deliver_all()
    with world.store.engine.begin() as tx:
        ask = Asker(tx)
        ask.now = world.now
        ask.tap(f"no:{alert_of(ask).alert.id}")
        assert kinds(ask) == ["not_relevant", "not_relevant"]
        assert {p.share for p in verdicts.precision(tx)} == {0.0}
    world.store.close()


def test_why_tells_forms_rules_places_copies_and_times(told):
    shown = words(told.tap(f"why:{alert_of(told).alert.id}"))
    assert "harbour strike" in shown
    assert "harbour (text): the very word" in shown
    assert "Coast Mail" in shown
    assert "% sure that it is the same text" in shown
    assert "100% of the words in common" in shown
    for step in ("Published:", "Seen by me:", "Matched:", "Sent to you:"):
        assert step in shown


@pytest.mark.parametrize(("n", "explained"), [(3, 3), (5, 5), (30, 12)])
async def test_every_watch_is_explained_and_where_they_are_many_stopped_from_a_list(
    tmp_path, n, explained
):
    world = World(f"sqlite:///{tmp_path / 'many.db'}")
    for i in range(n):
        world.watch(CHAT, f"harbour -nothing{i}")
    await world.publish("Daily Echo", STRIKE, title="Port at a standstill")
    await world.deliver_all()
    with world.store.engine.begin() as tx:
        ask = Asker(tx)
        ask.now = world.now
        reply = ask.tap(f"why:{alert_of(ask).alert.id}")
        assert words(reply).count("harbour -nothing") == explained
        assert (f"{n - explained} more watches" in words(reply)) is (n > explained)
        alert = ask.tap(f"open:{alert_of(ask).alert.id}")
        many = [b.data for row in alert.buttons for b in row if b.data.startswith("fired:")]
        assert len(many) == (n > 3)
        listed = ask.tap(f"fired:{alert_of(ask).alert.id}")
        stops = [b.data for row in listed.buttons for b in row]
        assert len(stops) == n
        assert ask.tap(stops[-1]).key == "unwatch.done"
        assert ask.tap(stops[-1]).toast == "toast.stopped_before"
    world.store.close()


def test_a_copy_can_be_called_none(told):
    reply = told.tap(f"why:{alert_of(told).alert.id}")
    [[button]] = reply.buttons
    assert button.label == "Not a repost: Coast Mail"
    assert told.tap(button.data).toast == "toast.not_a_copy"
    [row] = told.tx.execute(sa.select(verdict_rows)).mappings()
    assert (row["kind"], bool(row["other_id"])) == ("not_a_copy", True)
    assert verdicts.rulings_on(told.tx, row["article_id"]) == {}  # a reader's word does not bind


def test_an_admin_who_calls_a_copy_none_puts_the_two_apart_for_good(told):
    [[button]] = told.tap(f"why:{alert_of(told).alert.id}").buttons
    assert told.tap(button.data, role=Role.ADMIN).toast == "toast.not_a_copy_done"
    [row] = told.tx.execute(sa.select(verdict_rows)).mappings()
    assert verdicts.rulings_on(told.tx, row["article_id"]) == {row["other_id"]: False}
    assert verdicts.rulings_on(told.tx, row["other_id"]) == {row["article_id"]: False}
    pair = articles.by_ids(told.tx, [row["article_id"], row["other_id"]])
    assert len({article.story_id for article in pair}) == 2


@pytest.mark.parametrize(
    "data", ["mute:77", "unmute:x", "no:77", "why:77", "nocopy:77:1", "nocopy:"]
)
def test_a_button_of_an_alert_that_is_gone_says_so(told, data):
    if data.startswith(("mute", "unmute", "why")):
        with pytest.raises(UserError, match=r"toast\.stale"):
            told.tap(data)
    else:
        assert told.tap(data).toast == "toast.stale"


def test_another_chats_alert_is_out_of_reach(told):
    alert_id = alert_of(told).alert.id
    stranger = Asker(told.tx, chat=8)
    stranger("watch nothing at all")
    assert stranger.tap(f"no:{alert_id}").toast == "toast.stale"


def test_a_story_lists_its_carriers_and_who_has_not_carried_it(told):
    told.tx.execute(
        sa.text(
            "INSERT INTO outlets (name, homepage, country, language)"
            " VALUES ('Hill News', 'https://hill.example', 'GE', 'ka')"
        )
    )
    shown = words(told("story", reply_to=alert_of(told).alert.message_id))
    assert shown.index("Daily Echo") < shown.index("Coast Mail")
    assert "Nobody has carried it in: 🇬🇪 Georgia" in shown
    assert "1 outlet of the list has not carried it: 🇬🇪 Hill News" in shown


def test_a_story_is_found_by_the_address_of_any_of_its_articles(told):
    urls = told.tx.execute(sa.text("SELECT url FROM articles")).scalars().all()
    pages = {words(told(f"story {url}")) for url in urls}
    assert len(pages) == 1


@pytest.mark.parametrize(
    "line", ["story https://nowhere.example/x", "story x", "story", "why", "mute"]
)
def test_a_story_that_is_not_named_is_asked_for(told, line):
    with pytest.raises(UserError, match=r"story\.(unknown|reply)"):
        told(line)
