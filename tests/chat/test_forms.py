"""Single forms of a watch, switched off and on by a tap."""

from bot import texts
from bot.store import watches
from tests.chat.conftest import words
from tests.chat.test_naming import labels, only


async def test_a_form_met_in_the_archive_is_left_out_by_a_tap_and_taken_back(archived):
    ask = archived
    ask("watch город")
    assert watches.matched(ask.tx, only(ask).id)[0] == 0
    names = ask.tap(f"names:{only(ask).id}")
    page = ask.tap(f"form_list:{only(ask).id}")
    assert f"form_list:{only(ask).id}" in [b.data for row in names.buttons for b in row]
    assert "✅ городе · 1" in labels(page)
    assert "✅ городами" in labels(page)  # of the dictionary: it may come
    [data] = [b.data for row in page.buttons for b in row if b.label == "✅ городе · 1"]

    off = ask.tap(data)
    assert labels(off)[0] == "▫️ городе · 1"
    assert only(ask).off == ("=городе",)
    assert only(ask).query == "город"
    for shown in (ask.tap(f"card:{only(ask).id}"), ask.tap(f"names:{only(ask).id}")):
        assert "городе" in words(shown)
    assert "Nothing in the archive" in words(ask(f"edit {only(ask).id} =город OR города"))
    assert only(ask).off == ("=городе",)  # a change of the query keeps it

    ask(f"edit {only(ask).id} город")
    [data] = [
        b.data
        for row in ask.tap(f"form_list:{only(ask).id}").buttons
        for b in row
        if "▫️" in b.label
    ]
    on = ask.tap(data)
    assert "✅ городе · 1" in labels(on)
    assert only(ask).off == ()


async def test_forms_of_other_names_are_among_them(archived):
    ask = archived
    ask("watch Lachin")
    assert "✅ Лачин · 1" in labels(ask.tap(f"form_list:{only(ask).id}"))


async def test_a_word_nobody_wrote_has_no_forms_to_show(archived):
    ask = archived
    ask("watch qwertz")
    assert ask.tap(f"form_list:{only(ask).id}").toast == "toast.no_forms"
    assert texts.say("en", "toast.no_forms")


async def test_a_tap_at_a_form_that_is_there_no_more_is_stale(archived):
    ask = archived
    ask("watch город")
    for data in (f"{only(ask).id}:00000000", f"{only(ask).id}:zz", f"{only(ask).id}"):
        assert ask.tap(f"form_off:{data}").toast == "toast.stale"
