"""The terminal shows what Telegram would show, and nothing that an outlet could smuggle in."""

import io

import pytest

from bot.adapters.terminal import TerminalMessenger, wants_color
from bot.domain.model import Button, Message, Sent


class Screen:
    """A terminal of 60 columns that can be read back."""

    def __init__(self, *, color: bool = False) -> None:
        self.out = io.StringIO()
        self.messenger = TerminalMessenger(self.out, color=color, columns=60)
        self._read = 0

    def new(self) -> str:
        """Return what was printed since the last call."""
        text = self.out.getvalue()[self._read :]
        self._read += len(text)
        return text

    async def shows(self, html: str, *buttons: Button) -> str:
        """Send a message; return what was printed."""
        await self.messenger.send(1, Message(html, tuple((b,) for b in buttons)))
        return self.new()


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        pytest.param("the <b>Lachin</b> road", "the Lachin road", id="bold is plain"),
        pytest.param("Smith &amp; Co &lt;b&gt;", "Smith & Co <b>", id="entities"),
        pytest.param(
            '<a href="http://x.am/1?a=1&amp;b=2">Road shut</a>',
            "Road shut <http://x.am/1?a=1&b=2>",
            id="a link is its text and its address",
        ),
        pytest.param(
            '<a href="http://x.am/1">http://x.am/1</a>', "http://x.am/1", id="a bare link, once"
        ),
        pytest.param("<blockquote>a\nb</blockquote>c", "▏ a\n  │ ▏ bc", id="a quote"),
        pytest.param(
            "<pre>harbour )\n        ^</pre>",
            "harbour )\n  │         ^",
            id="a caret stands under its place",
        ),
        pytest.param("Լաչինի ճանապարհը", "Լաչինի ճանապարհը", id="Armenian"),
    ],
)
async def test_html_becomes_plain_text(html, shown):
    assert await Screen().shows(html) == f"  ┌ message 1:\n  │ {shown}\n  └\n"


async def test_bold_is_bold_where_the_terminal_can_show_it():
    shown = await Screen(color=True).shows("the <b>Lachin</b> road <i><u>now</u></i>")
    assert "the \x1b[1mLachin\x1b[0m road \x1b[3;4mnow\x1b[0m" in shown


async def test_a_headline_cannot_drive_the_terminal():
    shown = await Screen().shows(
        "shut\x1b[2J\x1b]0;owned\x07 \x9bA\rroad", Button("\x1b[1mx", "a:")
    )
    assert not any(c in shown for c in "\x1b\x07\x9b\r")
    assert "shut[2J]0;owned Aroad" in shown


async def test_long_lines_are_wrapped_between_words_and_addresses_stay_whole():
    url = "http://example.am/" + "x" * 80
    shown = await Screen().shows("word " * 30 + url)
    lines = shown.splitlines()
    assert all(len(line) <= 60 for line in lines if url not in line)
    assert sum(url in line for line in lines) == 1
    assert shown.count("word") == 30


async def test_a_colored_line_is_wrapped_by_what_is_seen():
    plain = await Screen().shows("<b>seven</b> " * 20)
    colored = await Screen(color=True).shows("<b>seven</b> " * 20)
    assert len(plain.splitlines()) == len(colored.splitlines())


async def test_a_comma_stays_with_its_bold_word():
    shown = await Screen().shows("x" * 49 + " <b>Lachin</b>, then")
    assert "  │ Lachin, then" in shown.splitlines()


async def test_an_edit_is_printed_as_one_with_the_message_again():
    screen = Screen()
    await screen.shows("Road shut")
    outcome = await screen.messenger.edit(1, 1, Message("Road shut\nalso: The Echo"))
    assert outcome.sent is Sent.OK
    assert screen.new() == "  ┌ message 1, edited:\n  │ Road shut\n  │ also: The Echo\n  └\n"


async def test_an_edit_that_changes_nothing_is_fine_and_silent():
    screen = Screen()
    await screen.shows("Road shut")
    outcome = await screen.messenger.edit(1, 1, Message("Road shut"))
    assert (outcome.sent, screen.new()) == (Sent.OK, "")


async def test_a_message_of_an_earlier_session_is_shown_when_it_is_edited():
    screen = Screen()
    outcome = await screen.messenger.edit(1, 7, Message("Road open"))
    assert outcome.sent is Sent.OK
    assert screen.new() == "  ┌ message 1, edited:\n  │ Road open\n  └\n"


async def test_ids_start_above_those_of_earlier_sessions_and_people_count_from_one():
    out = io.StringIO()
    outcome = await TerminalMessenger(out, first_id=1000).send(1, Message("Road shut"))
    assert outcome.message_id == 1001
    assert "message 1:" in out.getvalue()


async def test_buttons_are_numbered_and_found_by_their_number():
    screen = Screen()
    first = await screen.shows(
        "One", Button("Stop", "unwatch:1"), Button("Open", url="http://x.am/")
    )
    second = await screen.shows("Two", Button("Stop", "unwatch:2"))
    assert "[1] Stop" in first
    assert "[Open: http://x.am/]" in first
    assert "[2] Stop" in second
    tapped = screen.messenger.tapped(2)
    assert tapped is not None
    assert (tapped.message_id, tapped.button.data) == (2, "unwatch:2")
    assert screen.messenger.tapped(3) is None


async def test_a_button_keeps_its_number_through_an_edit_and_loses_it_with_its_button():
    screen = Screen()
    await screen.shows("One", Button("Stop", "unwatch:1"), Button("Next", "log:2"))
    await screen.messenger.edit(1, 1, Message("One", ((Button("Next page", "log:2"),),)))
    assert "[2] Next page" in screen.new()
    assert screen.messenger.tapped(1) is None
    assert screen.messenger.tapped(2) is not None


def test_color_is_for_terminals_and_no_color_is_heeded(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert wants_color(Terminal())
    assert not wants_color(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_color(Terminal())
