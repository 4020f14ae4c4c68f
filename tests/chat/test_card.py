"""A watch on its card: where it may be heard, each limit set and lifted by a tap."""

import pytest
from sqlalchemy import insert

from bot.domain.errors import UserError
from bot.render import alert as render_alert
from bot.store.schema import outlets
from tests.chat.conftest import Asker
from tests.e2e.telegram_html import parse_html
from tests.test_render import article, view

NAMES = [
    ("Civil", "GE", "ka"),
    ("Hetq", "AM", "hy"),
    *[(f"Outlet {n:02}", "AM", "en") for n in range(25)],
]


@pytest.fixture
def chat(ask: Asker) -> Asker:
    """Return a chat with one watch, where three countries' outlets are polled."""
    rows = [
        {"name": name, "homepage": "https://x.example", "country": country, "language": language}
        for name, country, language in NAMES
    ]
    ask.tx.execute(insert(outlets), rows)
    ask("start")
    ask("watch harbour strike")
    return ask


def labels(reply):
    return [b.label for row in reply.buttons for b in row]


def tap(chat, reply, label):
    [data] = [b.data for row in reply.buttons for b in row if b.label.endswith(label)]
    return chat.tap(data)


def test_a_watch_is_opened_from_the_list_and_leads_back(chat):
    card = tap(chat, chat("watches"), "#1 harbour strike")
    assert "No match yet" in parse_html(card.html).text
    assert "watches" in [b.data for row in card.buttons for b in row]


def test_when_alerts_of_a_watch_come_is_set_from_its_card(chat):
    when = tap(chat, chat.tap("card:1"), "When")
    assert "as the other watches" in when.html
    hourly = tap(chat, when, "Hourly")
    assert "once an hour" in hourly.html
    card = tap(chat, hourly, "The watch")
    assert "once an hour" in parse_html(card.html).text


def test_countries_are_ticked_and_unticked(chat):
    page = chat.tap("where:1:country")
    assert labels(page)[:2] == ["▫️ 🇦🇲 Armenia", "▫️ 🇬🇪 Georgia"]
    page = tap(chat, page, "Armenia")
    page = tap(chat, page, "Georgia")
    assert chat.queries() == ["harbour strike (country:AM OR country:GE)"]
    assert labels(page)[:2] == ["✅ 🇦🇲 Armenia", "✅ 🇬🇪 Georgia"]
    assert "Only outlets of: 🇦🇲 Armenia, 🇬🇪 Georgia" in chat.tap("card:1").html
    tap(chat, page, "Armenia")
    assert chat.queries() == ["harbour strike country:GE"]
    tap(chat, chat.tap("where:1:country"), "All again")
    assert chat.queries() == ["harbour strike"]


def test_languages_are_called_as_the_reader_calls_them(chat):
    tap(chat, chat.tap("where:1:lang"), "Armenian")
    assert chat.queries() == ["harbour strike lang:hy"]


def test_outlets_are_many_and_have_pages(chat):
    page = tap(chat, chat.tap("where:1:outlet"), "Next →")
    page = tap(chat, page, "Outlet 24")
    assert "✅ Outlet 24" in labels(page)  # the page stays where it was
    assert chat.queries() == ['harbour strike outlet:"Outlet 24"']


@pytest.mark.parametrize(
    "data", ["where:1:moon", "where:1:country:XX", "where:x", "where:1:outlet:999", "forms:1:9"]
)
def test_an_old_button_of_a_card_says_so(chat, data):
    assert chat.tap(data).toast == "toast.stale"
    assert chat.queries() == ["harbour strike"]


def test_a_card_of_another_chat_is_not_shown(chat):
    with pytest.raises(UserError, match=r"toast\.stale"):
        Asker(chat.tx, chat=8).tap("card:1")


def test_a_watch_is_limited_to_no_more_than_it_may_say(chat):
    chat.limits = chat.limits.model_copy(update={"query_chars": 20})
    with pytest.raises(UserError, match=r"watch\.too_long"):
        chat.tap("where:1:country:AM")


def test_previews_are_off_until_they_are_asked_for(chat):
    assert not render_alert(view(article())).preview
    assert "no preview" in chat("settings").html
    on = chat("preview on")
    assert (on.toast, chat.subscriber.preview) == ("preview.on", True)
    assert tap(chat, on, "Hide previews").toast == "preview.off"
    assert not chat.subscriber.preview


def test_preview_alone_or_with_what_is_neither_on_nor_off_changes_nothing(chat):
    for now in ("on", "off"):
        chat(f"preview {now}")
        shown = chat("preview")
        assert f"preview:{'off' if now == 'on' else 'on'}" in [
            b.data for row in shown.buttons for b in row
        ]
        with pytest.raises(UserError, match=r"preview\.usage"):
            chat("preview maybe")
        assert chat.subscriber.preview is (now == "on")
