"""Admins add outlets from the chat: an address or a document, a preview, a tap, and then its news."""

from bot.adapters.opml import write_opml
from bot.domain.outlet import OutletEntry, OutletFeed
from tests.e2e.conftest import STRIKE, VINEYARD
from tests.e2e.press import Outlet
from tests.e2e.telegram_chats import User

ADMIN, ANI = 1, 7


def greet(api, chat_id):
    api.person(User(chat_id))
    api.say(chat_id, "/start")
    api.wait_for(lambda: api.shown(chat_id), 20, "the greeting")


def newest(api, chat_id, about):
    """Wait for a message that says so, and return it."""
    found = api.wait_for(
        lambda: [m for m in api.shown(chat_id) if about in m.text], 30, f"a message with {about!r}"
    )
    return found[-1]


def begin(outpost, press, *seen: Outlet):
    """Start with an outlets file that names only these."""
    known = press.outlets
    press.outlets = {o.key: o for o in seen}
    outpost.begin()
    press.outlets = known


def told(outpost, api, outlet):
    """Publish something new in an outlet and wait for its alert."""
    outpost.press.wait_polled(outlet)
    outlet.publish("Harbour strike leaves ships at anchor", STRIKE)
    return newest(api, ADMIN, "ships at anchor")


def test_an_admin_adds_an_outlet_by_its_homepage_sees_what_was_found_and_confirms(
    outpost, bot_api, press
):
    mail, herald = press.add("mail", "Coast Mail"), press.add("herald", "Batum Herald")
    herald.front = True
    herald.publish("Hail takes a third of the & orchards", VINEYARD)
    begin(outpost, press, mail)
    greet(bot_api, ADMIN)
    bot_api.say(ADMIN, "/watch harbour strike")

    bot_api.say(ADMIN, f"/addoutlet {herald.home} GE en")
    preview = newest(bot_api, ADMIN, "1 entry, the newest")
    assert "Batum Herald · 🇬🇪 Georgia · English" in preview.text
    assert f"{herald.home}/feed.xml" in preview.text
    assert "Hail takes a third of the & orchards" in preview.text
    assert preview.labels() == ["✅ Add this outlet", "✖ No"]
    assert outpost.command("outlets", "list").stdout.count("Batum Herald") == 0

    query = bot_api.tap(ADMIN, preview.message_id, "✅ Add this outlet")
    bot_api.wait_for(lambda: bot_api.answer_of(query) is not None, 20, "the tap is answered")
    bot_api.wait_for(lambda: preview.edits, 20, "the preview says that it was added")
    assert "Batum Herald is polled from now on" in newest(bot_api, ADMIN, "from now on").text
    alert = told(outpost, bot_api, herald)
    assert "Batum Herald" in alert.text

    bot_api.say(ADMIN, "/outlets")
    health = newest(bot_api, ADMIN, "those that fail first").text
    assert "Batum Herald: polled" in health
    assert "polled every" in health
    bot_api.say(ADMIN, f"/addoutlet {herald.home}")
    newest(bot_api, ADMIN, "is polled already, as Batum Herald")
    assert outpost.stop() == [0]


def test_an_address_that_gives_nothing_and_one_who_is_no_admin_are_answered(
    outpost, bot_api, press
):
    mail = press.add("mail", "Coast Mail")
    begin(outpost, press, mail)
    greet(bot_api, ADMIN)
    greet(bot_api, ANI)
    bot_api.say(ADMIN, "/addoutlet http://127.0.0.1:1/")
    newest(bot_api, ADMIN, "I could not read http://127.0.0.1:1/")
    bot_api.say(ADMIN, "/addoutlet http://10.0.0.1/")
    newest(bot_api, ADMIN, "its address is a private one")
    bot_api.say(ANI, f"/addoutlet {mail.home}")
    newest(bot_api, ANI, "/addoutlet is for those who run this bot")
    bot_api.say(ANI, "", document=("all.opml", b"<opml/>"))
    newest(bot_api, ANI, "/opml is for those who run this bot")
    assert not bot_api.called("getFile")


def test_an_opml_document_adds_its_outlets_after_a_tap_and_all_leave_as_one(
    outpost, bot_api, press
):
    mail, herald = press.add("mail", "Coast Mail"), press.add("herald", "Batum Herald")
    herald.publish("Hail takes a third of the harvest", VINEYARD)
    begin(outpost, press, mail)
    greet(bot_api, ADMIN)
    bot_api.say(ADMIN, "/watch harbour strike")

    entries = [
        OutletEntry(o.name, o.home, "GE", "en", (OutletFeed(f"{o.home}/feed.xml"),))
        for o in (mail, herald)
    ]
    bot_api.say(ADMIN, "", document=("Outlets.OPML", write_opml(entries)))
    asked = newest(bot_api, ADMIN, "1 new outlet, feeds: 1")
    assert "🇬🇪 Batum Herald" in asked.text
    assert "1 feed more is polled already" in asked.text
    bot_api.tap(ADMIN, asked.message_id, "✅ Add 1 outlet")
    newest(bot_api, ADMIN, "Batum Herald is polled from now on")
    assert "Batum Herald" in told(outpost, bot_api, herald).text

    bot_api.say(ADMIN, "", document=("broken.opml", b"<opml><body>"))
    newest(bot_api, ADMIN, "I cannot read outlets from this file: not OPML")

    bot_api.say(ADMIN, "/outlets opml")
    sent = newest(bot_api, ADMIN, "2 outlets. Send me such a file")
    assert sent.file["name"] == "outlets.opml"
    assert sent.file["bytes"].count(b"xmlUrl=") == 2


def test_on_a_terminal_too_an_outlet_is_added_after_a_look(outpost, press):
    herald = press.add("herald", "Batum Herald")
    herald.front = True
    herald.publish("Hail takes a third of the harvest", VINEYARD)
    (outpost.folder / "config" / "outlets.toml").write_text("")
    with outpost.terminal() as typed:
        typed.say(f"/addoutlet {herald.home} GE en")
        press.wait_for(lambda: "1 entry, the newest" in typed.shown, 30, "what was found")
        typed.say("1")  # the first button of all
        press.wait_for(lambda: "is polled from now on" in typed.shown, 20, "that it was added")
    listed = outpost.command("outlets", "list").stdout
    assert "Batum Herald (GE)" in listed
