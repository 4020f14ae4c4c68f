"""What a subscriber can say, and what comes back."""

from datetime import timedelta

import pytest

from bot import texts
from bot.chat import subscriber
from bot.chat.command import Request
from bot.config import Chat
from bot.domain.errors import QueryError, UserError
from bot.domain.model import ChatKind, SubscriberState
from bot.domain.outlet import OutletEntry, OutletFeed
from bot.render import length
from bot.store import outlets, subscribers, watches
from tests.chat.conftest import data
from tests.world import World


def labels(reply):
    return [button.label for row in reply.buttons for button in row]


def first_watch_id(ask):
    return watches.of_subscriber(ask.tx, ask.subscriber.id)[0].watch.id


def test_a_newcomer_is_subscribed_and_offered_a_first_watch(ask):
    reply = ask("start")
    assert reply.key == "start.welcome"
    assert ask.subscriber.state is SubscriberState.ACTIVE
    assert len([d for d in data(reply) if d.startswith("watch:")]) == 4


def test_each_offer_of_a_first_watch_works_with_one_tap(ask):
    for offered in [d for d in data(ask("start")) if d.startswith("watch:")]:
        assert ask.tap(offered).key == "watch.added"
    assert len(ask.queries()) == 4


@pytest.mark.parametrize("language", texts.languages())
def test_every_language_offers_queries_that_can_be_read(ask, language):
    for key in subscriber.SUGGESTIONS:
        assert ask(f"watch {texts.say(language, key)}").key == "watch.added"


def test_a_group_is_told_who_may_change_things(ask):
    ask.kind = ChatKind.SUPERGROUP
    assert ask("start").key == "start.group"


def test_a_second_start_changes_nothing_and_says_so(ask):
    ask("watch harbour strike")
    assert ask("start").params == {"n": 1}
    assert ask("start").key == "start.again"
    assert ask.queries() == ["harbour strike"]


def test_a_start_brings_a_paused_chat_back(ask):
    ask("watch harbour strike")
    ask("pause")
    assert ask("start").key == "start.back"
    assert ask.subscriber.state is SubscriberState.ACTIVE


def test_help_shows_each_command_of_the_menu_and_how_to_write_a_watch(ask):
    html = ask("help").html
    for command in subscriber.COMMANDS:
        assert (f"/{command.name} —" in html) is bool(command.menu)
    assert "/log" not in html
    assert "harbour OR port" in html


def test_a_watch_says_how_it_was_understood_and_can_be_stopped_at_once(ask):
    ask("start")
    reply = ask('watch  "harbour strike" AND   (port OR dock)')
    assert reply.key == "watch.added"
    assert reply.params == {"query": '"harbour strike" (port OR dock)'}
    n = first_watch_id(ask)
    assert data(reply) == [f"names:{n}", f"unwatch:{n}"]


def test_a_watch_subscribes_a_chat_that_never_said_start(ask):
    ask("watch harbour")
    assert ask.subscriber.state is SubscriberState.ACTIVE


def test_a_watch_without_words_is_explained(ask):
    with pytest.raises(UserError) as caught:
        ask("watch")
    assert caught.value.key == "watch.usage"


def test_a_watch_that_cannot_be_read_says_where(ask):
    with pytest.raises(QueryError) as caught:
        ask("watch harbour AND (strike")
    assert caught.value.start == len("harbour AND ")


def test_the_same_watch_twice_is_one_watch(ask):
    ask("watch harbour AND strike")
    reply = ask("watch harbour   strike")
    assert reply.key == "watch.exists"
    assert data(reply) == [f"unwatch:{first_watch_id(ask)}"]
    assert len(ask.queries()) == 1


def test_a_watch_that_may_be_meant_otherwise_offers_the_other_reading(ask):
    reply = ask("watch harbour or port")
    assert "Watching for <code>harbour or port</code>" in reply.html
    assert "<code>harbour OR port</code>" in reply.html
    assert "watch:harbour OR port" in data(reply)


@pytest.mark.parametrize(
    ("query", "never"),
    [
        ("dock* country:ZZ", "country:ZZ"),
        ("harbour lang:xx", "lang:xx"),
        ("strike outlet:nope", "outlet:nope"),
        ("strike (country:ZZ OR country:YY)", "country:ZZ OR country:YY"),
        ("strike country:GE lang:ka-GE outlet:herald", ""),
        ("strike (country:ZZ OR country:GE)", ""),
        ("strike outlet:herald.example", ""),
        ("strike OR (dock lang:xx)", ""),
        ("strike NOT country:ZZ", ""),
    ],
)
def test_a_watch_that_no_outlet_can_ever_meet_says_so(ask, query, never):
    herald = OutletEntry(
        "Batum Herald",
        "https://herald.example/",
        "GE",
        "ka",
        (OutletFeed("https://herald.example/rss"),),
    )
    outlets.add(ask.tx, [herald], ask.now)
    reply = ask(f"watch {query}").html
    assert ("cannot find anything" in reply) == bool(never)
    assert f"<code>{never}</code>" in reply or not never


def test_a_chat_has_only_so_many_watches(ask):
    ask.limits = Chat(watches_per_subscriber=2)
    ask("watch one")
    ask("watch two")
    with pytest.raises(UserError) as caught:
        ask("watch three")
    assert (caught.value.key, caught.value.params) == ("watch.limit", {"n": 2})


def test_a_stopped_watch_makes_room_for_another(ask):
    ask.limits = Chat(watches_per_subscriber=1)
    ask("watch one")
    ask("unwatch one")
    assert ask("watch two").key == "watch.added"


def test_a_watch_may_not_be_endless(ask):
    ask.limits = Chat(query_chars=20)
    with pytest.raises(UserError) as caught:
        ask("watch " + "harbour " * 5)
    assert caught.value.params == {"n": 20}


def test_a_watch_in_a_paused_chat_says_that_alerts_are_off(ask):
    ask("start")
    ask("pause")
    assert ask("watch harbour").key == "watch.added_paused"


def test_a_chat_without_watches_is_offered_some(ask):
    reply = ask("watches")
    assert reply.key == "watches.none"
    assert data(reply)


def test_the_list_shows_each_watch_with_a_button_that_stops_it(ask):
    ask("watch harbour strike")
    ask("watch football")
    reply = ask("watches")
    assert "<b>2 watches</b>" in reply.html
    assert "<code>harbour strike</code> · no match yet" in reply.html
    assert labels(reply)[::2] == ["✏️ #1 harbour strike", "✏️ #2 football"]
    after = ask.tap(data(reply)[1])
    assert ask.queries() == ["football"]
    assert after.edit
    assert after.toast == "toast.stopped"
    assert "harbour" not in after.html


async def test_the_list_shows_how_often_a_watch_fired_and_when_last(tmp_path):
    world = World(f"sqlite:///{tmp_path / 'outpost.db'}")
    world.watch(7, "harbour")
    await world.publish("Daily Echo", "The harbour was shut by a strike. " * 9)
    world.pass_time(minutes=42)
    chat = world.store.call(subscribers.find, 7)
    request = Request(subscriber=chat, now=world.now)
    reply = world.store.call(subscriber.list_watches, request)
    assert reply.html.endswith("<code>harbour</code> · 1 match, 42 min ago")
    world.store.close()


def test_tapping_a_stop_button_twice_is_harmless(ask):
    ask("watch harbour")
    ask("watch football")
    button = data(ask("watches"))[1]
    ask.tap(button)
    ask.tap(button)
    assert ask.queries() == ["football"]


def test_stopping_the_last_watch_leaves_the_offers(ask):
    ask("watch harbour")
    assert ask.tap(data(ask("watches"))[1]).key == "watches.none"


def test_many_watches_are_shown_page_by_page(ask):
    for i in range(20):
        ask(f"watch word{i}")
    first = ask("watches")
    assert "word7<" in first.html
    assert "word8<" not in first.html
    assert data(first)[-1] == "watches:2"
    second = ask.tap("watches:2")
    assert second.edit
    assert data(second)[-2:] == ["watches:1", "watches:3"]
    last = ask.tap("watches:3")
    assert "word19<" in last.html
    assert data(last)[-1] == "watches:2"


def test_a_page_that_is_no_more_shows_the_last_one(ask):
    ask("watch harbour")
    assert "harbour" in ask.tap("watches:9").html
    assert "harbour" in ask("watches 0").html
    assert "harbour" in ask("watches nonsense").html


def test_a_page_of_the_longest_watches_fits_a_message(ask):
    for i in range(8):
        ask(f"watch w{i} {'harbourside ' * 40}")
    assert length(ask("watches").html) <= 4096


def test_the_list_says_that_alerts_are_paused(ask):
    ask("watch harbour")
    ask("pause")
    assert "paused: /resume" in ask("watches").html


@pytest.mark.parametrize("stale", ["drop:", "drop:x:1", "drop:1", "drop:1:"])
def test_a_button_that_was_tampered_with_does_nothing(ask, stale):
    assert ask.tap(stale).toast == "toast.stale"


def test_unwatch_alone_shows_the_list(ask):
    ask("watch harbour")
    assert "<code>harbour</code>" in ask("unwatch").html


@pytest.mark.parametrize("form", ["{id}", "#{id}", "harbour  AND strike"])
def test_a_watch_is_stopped_by_its_number_or_its_words(ask, form):
    ask("watch harbour strike")
    reply = ask("unwatch " + form.format(id=first_watch_id(ask)))
    assert (reply.key, reply.params) == ("unwatch.done", {"query": "harbour strike"})
    assert ask.queries() == []
    assert data(reply) == ["watch:harbour strike"]  # a slip can be undone


@pytest.mark.parametrize("argument", ["999", "#1x", "football", "9" * 18])
def test_a_watch_that_this_chat_does_not_have_cannot_be_stopped(ask, argument):
    ask("watch harbour")
    with pytest.raises(UserError) as caught:
        ask(f"unwatch {argument}")
    assert caught.value.key == "unwatch.unknown"
    assert ask.queries() == ["harbour"]


def test_several_watches_are_stopped_by_their_numbers(ask):
    for query in ("harbour", "quay", "dock"):
        ask(f"watch {query}")
    lines = ask("unwatch 1, #2 99").html.split("\n")
    assert ["harbour" in lines[0], "quay" in lines[1], "no watch 99 in" in lines[2]] == [True] * 3
    assert ask.queries() == ["dock"]


@pytest.mark.parametrize(
    ("line", "key", "argument"),
    [
        ("edit 999 foo", "unwatch.unknown", "999"),
        ("alias 999 Berdzor", "unwatch.unknown", "999"),
        ("digest #999 off", "unwatch.unknown", "999"),
        ("edit foo", "edit.usage", ""),
        ("alias", "alias.usage", ""),
        ("name", "name.usage", ""),
        ("share", "share.usage", ""),
    ],
)
def test_a_watch_that_is_not_named_is_asked_for_with_the_commands_own_example(
    ask, line, key, argument
):
    ask("watch harbour")
    with pytest.raises(UserError) as caught:
        ask(line)
    assert (caught.value.key, caught.value.params["argument"]) == (key, argument)
    if key.endswith("usage"):
        for language in texts.languages():
            assert f"/{line.split()[0]} 12" in texts.say(language, key)


def test_nobody_stops_the_watch_of_another_chat(ask):
    other = subscribers.subscribe(
        ask.tx, chat_id=8, kind=ChatKind.PRIVATE, title="Bo", language="en", now=ask.now
    )
    theirs = watches.add(ask.tx, other.id, "harbour", ask.now)
    ask("start")
    with pytest.raises(UserError):
        ask(f"unwatch {theirs.id}")
    ask.tap(f"drop:{theirs.id}:1")
    assert watches.count(ask.tx, other.id) == 1


def test_the_button_of_an_old_alert_says_that_its_watch_is_stopped_already(ask):
    ask("watch harbour")
    button = f"unwatch:{first_watch_id(ask)}"
    assert ask.tap(button).toast == "toast.stopped"
    again = ask.tap(button)
    assert (again.key, again.toast) == ("", "toast.stopped_before")


def test_a_pause_has_no_end_unless_one_is_named(ask):
    ask("start")
    reply = ask("pause")
    assert (ask.subscriber.state, ask.subscriber.paused_until) == (SubscriberState.PAUSED, None)
    assert data(reply) == [
        "pause:1h",
        "pause:8h",
        "pause:1d",
        "pause:1w",
        "pause:until 8:00",
        "resume",
    ]


@pytest.mark.parametrize(
    ("typed", "length_"),
    [
        ("30m", timedelta(minutes=30)),
        ("8h", timedelta(hours=8)),
        ("1d", timedelta(days=1)),
        ("2 weeks", timedelta(weeks=2)),
        ("90 min", timedelta(minutes=90)),
        ("1 Hour", timedelta(hours=1)),
        ("30 мин", timedelta(minutes=30)),
        ("8 часов", timedelta(hours=8)),
        ("2 дня", timedelta(days=2)),
        ("1 тиж.", timedelta(weeks=1)),
        ("8 ժամ", timedelta(hours=8)),
        ("2 saat", timedelta(hours=2)),
        ("3 gün", timedelta(days=3)),
        ("5 დღე", timedelta(days=5)),
    ],
)
def test_a_pause_ends_when_it_was_asked_to(ask, typed, length_):
    ask("start")
    reply = ask(f"pause {typed}")
    assert ask.subscriber.paused_until == ask.now + length_
    assert reply.params["moment"] == texts.moment("en", ask.now + length_)


@pytest.mark.parametrize("typed", ["soon", "0h", "-1h", "99999w", "1y", "1h2", "2 месяца"])
def test_a_pause_that_cannot_be_read_changes_nothing(ask, typed):
    ask("start")
    with pytest.raises(UserError) as caught:
        ask(f"pause {typed}")
    assert caught.value.key == "pause.usage"
    assert ask.subscriber.state is SubscriberState.ACTIVE


def test_a_chat_resumes(ask):
    ask("start")
    button = data(ask("pause 8h"))[0]
    assert ask.tap(button).key == "resume.done"
    assert ask.subscriber.state is SubscriberState.ACTIVE
    assert ask.subscriber.paused_until is None


def test_leaving_needs_a_second_tap(ask):
    ask("watch harbour")
    reply = ask("stop")
    assert reply.params == {"n": 1}
    assert ask.queries() == ["harbour"]
    assert data(reply) == ["forget", "keep"]


def test_a_chat_that_left_is_forgotten(ask):
    ask("watch harbour")
    reply = ask.tap("forget")
    assert (reply.key, reply.edit) == ("stop.done", True)
    assert subscribers.find(ask.tx, ask.subscriber.chat_id) is None


def test_a_chat_that_stays_keeps_its_watches(ask):
    ask("watch harbour")
    assert ask.tap("keep").key == "stop.kept"
    assert ask.queries() == ["harbour"]


def test_a_country_chosen_by_a_tap_starts_its_watches_once(ask):
    assert "packs" in data(ask("start"))
    countries = data(ask.tap("packs"))
    assert {"pack:AM", "pack:GE", "pack:AZ"} < set(countries)
    for country in countries:
        assert ask.tap(country).params["n"] >= 3
    assert ask.tap("pack:AM").params["n"] == 0
    assert ask.tap("pack:XX").toast == "toast.stale"


def test_a_country_starts_no_more_watches_than_there_is_room_for(ask):
    ask.limits = Chat(watches_per_subscriber=2)
    assert ask.tap("pack:AM").params["n"] == 2


def test_a_watch_told_otherwise_than_its_chat_says_so_in_the_list(ask):
    ask("start")
    ask("watch one")
    ask("watch two")
    ask("digest 1 daily 8:30")
    ask("digest 2 hourly")
    first, second = ask("watches").html.split("#2")
    assert "once a day at 8:30 (UTC)" in first
    assert "once an hour" in second
    ask("digest hourly")
    assert "once an hour" not in ask("watches").html
