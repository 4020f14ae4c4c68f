"""Aliases that subscribers give their watches, and broad watches that are asked about first."""

import re

import pytest

from bot.chat import watching
from bot.chat.command import Request
from bot.chat.naming import heard, key_of, some
from bot.domain.errors import UserError
from bot.domain.matching import Matcher
from bot.domain.model import Document
from bot.store import watches
from tests.chat.conftest import NAMES, Asker, data, words

ROAD = Document("The road to Zorbadan is shut", language="en")


@pytest.fixture
def told(ask: Asker):
    """Return who asks, and what tells whether the chat's one watch fires, by its stored keys."""
    ask.names = NAMES

    def fires(document: Document) -> bool:
        [saved] = watches.every_active(ask.tx)
        matcher = Matcher(NAMES)
        matcher.add_packed(saved.id, saved.packed.text)
        return bool(matcher.match(document))

    return ask, fires


def only(ask: Asker) -> watches.Watch:
    [listed] = watches.of_subscriber(ask.tx, ask.subscriber.id)
    return listed.watch


def labels(reply) -> list[str]:
    return [b.label for row in reply.buttons for b in row]


def test_a_watch_hears_of_a_name_that_its_owner_gave_it(told):
    ask, fires = told
    ask("watch Lachin")
    assert not fires(ROAD)
    page = ask(f"alias {only(ask).id} Zorbadan")
    assert {"✅ Zorbadan", "✅ Лачин"} < set(labels(page))
    assert only(ask).own == ("Lachin=Zorbadan",)
    assert fires(ROAD)


def test_an_alias_is_switched_off_and_on_as_any_other_name_is(told):
    ask, fires = told
    ask("watch Lachin")
    ask(f"alias {only(ask).id} Zorbadan")
    off = ask.tap(f"name_off:{only(ask).id}:{key_of('Zorbadan')}")
    assert "▫️ Zorbadan" in labels(off)
    assert not fires(ROAD)
    assert "✅ Zorbadan" in labels(ask.tap(f"name_off:{only(ask).id}:{key_of('Zorbadan')}"))
    assert fires(ROAD)


def test_names_of_our_readers_languages_come_first(told):
    ask, _ = told
    ask("watch Lachin")
    ask(f"alias {only(ask).id} Zorbadan")
    names = [name for name, _ in heard(Request(ask.subscriber, ask.now, names=NAMES), only(ask))]
    assert names[0] == "Zorbadan"
    assert max(map(names.index, ("Лачин", "Laçın", "Լաչին", "Berdzor"))) < min(
        map(names.index, ("Latchine", "Λατσίν"))
    )


def test_a_minus_takes_an_alias_back(told):
    ask, fires = told
    ask("watch quay")
    ask(f"alias {only(ask).id} Zorbadan")
    assert fires(ROAD)
    assert "Zorbadan" not in " ".join(labels(ask(f"alias {only(ask).id} -zorbadan")))
    assert only(ask).own == ()
    assert not fires(ROAD)


@pytest.mark.parametrize(
    ("query", "typed", "own"),
    [
        ("quay strike", "Zorbadan", "quay=Zorbadan"),
        ("quay strike", "strike=Zorbadan", "strike=Zorbadan"),
        ("quay strike", "Strike = Old | Zorbadan", "strike=Old Zorbadan"),
        ("-football strike", "Zorbadan", "strike=Zorbadan"),
        ("strike Nagorno-Karabakh", "Zorbadan", "Nagorno Karabakh=Zorbadan"),
    ],
)
def test_an_alias_is_for_the_word_named_or_the_longest_name_or_the_first_word(
    told, query, typed, own
):
    ask, _ = told
    ask(f"watch {query}")
    ask(f"alias {only(ask).id} {typed}")
    assert only(ask).own == (own,)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("ship=Zorbadan", "alias.no_such_word"),
        ("!!", "alias.no_word"),
        ("quay=", "alias.no_word"),
        ("=", "alias.no_word"),
    ],
)
def test_an_alias_for_no_word_of_the_watch_is_refused(told, typed, key):
    ask, _ = told
    ask("watch quay")
    with pytest.raises(UserError) as refused:
        ask(f"alias {only(ask).id} {typed}")
    assert refused.value.key == key


def test_a_minus_switches_off_a_name_of_the_table_and_refuses_one_that_there_is_not(told):
    ask, _ = told
    ask("watch Lachin")
    assert "▫️ Лачин" in labels(ask(f"alias {only(ask).id} -лачин"))
    with pytest.raises(UserError, match=r"alias\.none"):
        ask(f"alias {only(ask).id} -Nope")


@pytest.mark.parametrize("most", [8, 12])
def test_names_that_are_left_out_of_a_list_are_counted(told, most):
    ask, _ = told
    said = ask("watch Lachin").html
    names = [f"Name {n}" for n in range(most + 3)]
    listed = some(Request(ask.subscriber, ask.now), names, most)
    assert (listed.count(","), listed.endswith(f" Name {most - 1} and 3 more")) == (most - 1, True)
    n = re.search(r"under (\d+) other names: (.*)", said)
    shown = n[2].partition(" and ")[0].count(",") + 1
    assert n[2].endswith(f" and {int(n[1]) - shown} more")


def test_a_watch_of_exact_words_takes_no_alias(told):
    ask, _ = told
    ask("watch =quay")
    with pytest.raises(UserError, match=r"alias\.no_word"):
        ask(f"alias {only(ask).id} Zorbadan")


def test_aliases_have_a_limit_and_none_counts_twice(told):
    ask, _ = told
    ask("watch quay")
    for n in [*range(20), 3]:
        ask(f"alias {only(ask).id} {'abcdefghijklmnopqrst'[n] * 5}")
    assert len(only(ask).own) == 20
    with pytest.raises(UserError, match=r"alias\.too_many"):
        ask(f"alias {only(ask).id} Zorbadan")


def test_alias_alone_shows_the_names_or_how_to_give_one(told):
    ask, _ = told
    ask("watch quay")
    assert ask(f"alias {only(ask).id}").key == "alias.usage"
    ask(f"alias {only(ask).id} Zorbadan")
    assert "✅ Zorbadan" in labels(ask(f"alias {only(ask).id}"))


def test_a_changed_watch_keeps_the_aliases_of_the_words_it_keeps(told):
    ask, fires = told
    ask("watch quay strike")
    ask(f"alias {only(ask).id} quay=Zorbadan")
    ask(f"alias {only(ask).id} strike=walkout")
    ask(f"edit {only(ask).id} quay")
    assert only(ask).own == ("quay=Zorbadan",)
    assert fires(ROAD)


def test_aliases_travel_with_an_export(told):
    ask, fires = told
    ask("watch quay")
    ask(f"alias {only(ask).id} Zorbadan")
    file = ask("export json").file
    watches.stop(ask.tx, ask.subscriber.id, only(ask).id, ask.now)
    ask(f"import {file.body.decode()}")
    assert only(ask).own == ("quay=Zorbadan",)
    assert fires(ROAD)


def test_the_forms_of_a_word_are_switched_off_and_on_by_a_tap(told):
    ask, fires = told
    ask("watch strike")
    page = ask.tap(f"names:{only(ask).id}")
    assert "strike in every form" in words(page)
    walk = Document("Strikes were called.", language="en")
    assert fires(walk)
    off = ask.tap(f"forms:{only(ask).id}:0")
    assert "strike as written only" in words(off)
    assert labels(off)[0] == "▫️ strike …"
    assert only(ask).query == "=strike"
    assert not fires(walk)
    ask.tap(f"forms:{only(ask).id}:0")
    assert only(ask).query == "strike"
    assert ask.tap(f"forms:{only(ask).id}:7").toast == "toast.stale"


def test_switched_off_forms_make_no_second_watch_of_the_same_words(told):
    ask, _ = told
    ask("watch =strikes")
    ask("watch strikes")
    [_, second] = watches.of_subscriber(ask.tx, ask.subscriber.id)
    assert ask.tap(f"forms:{second.watch.id}:0").toast == "toast.same_watch"


# Broad watches


@pytest.fixture
def judged(archived, monkeypatch):
    """An archive large enough to tell which share of it a watch matches."""
    monkeypatch.setattr(watching, "JUDGED", 3)
    return archived


def test_a_broad_watch_is_asked_about_before_it_is_made(judged):
    reply = judged("watch harbour")
    assert reply.key == "watch.broad"
    assert reply.params == {"query": "harbour", "pct": 67, "daily": 1}
    assert judged.queries() == []
    yes, no = data(reply)
    assert judged.tap(no).key == "watch.broad_not"
    assert judged.queries() == []
    assert "Watching for" in judged_words(judged, yes)
    assert judged.queries() == ["harbour"]
    assert judged.tap(yes).key == "watch.exists"
    judged("unwatch harbour")
    judged.tap(yes.replace(":all", ":title"))
    assert judged.queries() == ["title:harbour"]


def judged_words(asker, tapped: str) -> str:
    reply = asker.tap(tapped)
    return words(reply) if reply.html else {"watch.added": "Watching for"}[reply.key]


def test_a_broad_watch_of_a_chat_is_nobody_elses_to_start(judged):
    [yes, *_] = data(judged("watch harbour"))
    other = Asker(judged.tx, chat=8)
    other.now = judged.now
    assert other.tap(yes).toast == "toast.stale"
    assert judged.tap("broad:x").toast == "toast.stale"


def test_which_share_is_broad_is_a_setting(judged):
    judged.limits = judged.limits.model_copy(update={"broad_pct": 70})
    judged("watch harbour")
    assert judged.queries() == ["harbour"]


def test_a_young_archive_judges_nothing(archived):
    archived("watch harbour")
    assert archived.queries() == ["harbour"]
