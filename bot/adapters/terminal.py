"""Implements pipeline.Messenger on a terminal: prints what Telegram would show, and keeps it to be tapped.

Nothing that an outlet wrote reaches the terminal as a control sequence: control characters are dropped.
"""

import os
import re
import shutil
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import NamedTuple, TextIO

from bot.domain.model import Button, Message, Outcome, Sent

MAX_COLUMNS = 100  # longer lines are hard to read, however wide the window
MIN_COLUMNS = 40
BAR = "  │ "

# Telegram's tags as terminals can show them; the others are only text to us. SGR: ECMA-48, 8.3.117.
SGR = {
    "b": "1", "strong": "1", "i": "3", "em": "3", "u": "4", "ins": "4", "a": "4",
    "s": "9", "strike": "9", "del": "9", "code": "2", "pre": "2",
}  # fmt: skip
_TOKENS = re.compile(r"\n|[^\S\n]+|\S+")


def wants_color(out: TextIO) -> bool:
    """Return whether to print bold and underlined: on a terminal, unless NO_COLOR says otherwise."""
    # NO_COLOR is every terminal program's convention (no-color.org), not a setting of ours.
    return out.isatty() and not os.environ.get("NO_COLOR")  # noqa: TID251 - see above


class Run(NamedTuple):
    """A piece of text and its look. sgr: codes of ECMA-48, in order."""

    text: str
    sgr: tuple[str, ...] = ()


class _Reader(HTMLParser):
    """Telegram's HTML -> runs. A link is its text and then its address; a quote's lines start with ▏."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.runs: list[Run] = []
        self._open: list[str] = []
        self._links: list[tuple[str, int]] = []
        self._quoted = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.append(tag)
        if tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self.runs)))
        if tag == "blockquote":
            self._quoted = True
            self.runs.append(Run("▏ "))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            self._open.reverse()
            self._open.remove(tag)
            self._open.reverse()
        if tag == "blockquote":
            self._quoted = False
        if tag == "a" and self._links:
            url, start = self._links.pop()
            shown = "".join(r.text for r in self.runs[start:])
            if url and url != shown:
                self.runs.append(Run(f" <{printable(url)}>"))

    def handle_data(self, data: str) -> None:
        text = printable(data)
        if self._quoted:
            text = text.replace("\n", "\n▏ ")
        self.runs.append(Run(text, tuple(SGR[t] for t in self._open if t in SGR)))


def printable(text: str) -> str:
    """Return the text without control characters: a headline may hold an escape sequence. Tabs are spaces."""
    spaced = text.replace("\t", " ").replace("\r\n", "\n")
    return "".join(c for c in spaced if c == "\n" or unicodedata.category(c) != "Cc")


def read_html(html: str) -> list[Run]:
    """Return what Telegram's HTML says, as runs."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.runs


def _columns(text: str) -> int:
    """Return how wide a terminal shows it: marks take no place, wide characters two."""
    width = 0
    for c in text:
        if unicodedata.combining(c) or unicodedata.category(c) == "Cf":
            continue
        width += 2 if unicodedata.east_asian_width(c) in "WF" else 1
    return width


def _painted(run: Run, *, color: bool) -> str:
    if not (color and run.sgr and run.text.strip()):
        return run.text
    return f"\x1b[{';'.join(run.sgr)}m{run.text}\x1b[0m"


def _pieces(runs: list[Run]) -> Iterator[list[Run]]:
    """Yield what stays on one line together: a word, whatever looks it has, a space, or a line's end."""
    word: list[Run] = []
    for text, sgr in ((t, run.sgr) for run in runs for t in _TOKENS.findall(run.text)):
        if text.isspace():
            if word:
                yield word
            word = []
            yield [Run(text, sgr)]
        else:
            word.append(Run(text, sgr))
    if word:
        yield word


def wrap(runs: list[Run], columns: int, *, color: bool) -> Iterator[str]:
    """Yield lines of at most that many columns; a word longer than a line stays whole (addresses).

    Spaces at a line's start are kept where the text has them there: a caret stands under its place.
    """
    line: list[Run] = []
    used = 0
    for piece in _pieces(runs):
        text = "".join(run.text for run in piece)
        wrapped = bool(used) and not text.isspace() and used + _columns(text) > columns
        if wrapped or text == "\n":
            yield "".join(_painted(run, color=color) for run in line).rstrip()
            line, used = [], 0
        if text != "\n":
            line += piece
            used += _columns(text)
    if line:
        yield "".join(_painted(run, color=color) for run in line).rstrip()


@dataclass(frozen=True, slots=True)
class Tapped:
    """A button that is shown somewhere, and where."""

    chat_id: int
    message_id: int
    button: Button


class TerminalMessenger:
    """Shows messages by printing them. An edit is printed as one, with the message shown again.

    Buttons are numbered over the whole session, so that a number never changes its meaning while
    somebody types it; a button that an edit keeps, keeps its number.
    first_id: message ids start above it; where a database outlives the session, one that no earlier
    session has reached.
    """

    def __init__(
        self, out: TextIO, *, color: bool = False, columns: int | None = None, first_id: int = 0
    ) -> None:
        self._out = out
        self._color = color
        self._columns = columns or shutil.get_terminal_size().columns
        self._shown: dict[tuple[int, int], Message] = {}
        self._order: dict[tuple[int, int], int] = {}
        self._numbers: dict[tuple[int, int, str], int] = {}
        self._buttons: dict[int, Tapped] = {}
        self._last_id = first_id

    async def send(self, chat_id: int, message: Message, **_: object) -> Outcome:
        """Print a new message. What is said of topics and limits is for others: a terminal has none."""
        self._last_id += 1
        self._show(chat_id, self._last_id, message, edited=False)
        return Outcome(Sent.OK, message_id=self._last_id)

    async def edit(self, chat_id: int, message_id: int, message: Message, **_: object) -> Outcome:
        """Print the message as it is now. Nothing is printed if it shows that already.

        A message of an earlier session is shown too: whoever reads this has not seen it here.
        """
        if self._shown.get((chat_id, message_id)) != message:
            self._show(chat_id, message_id, message, edited=True)
        return Outcome(Sent.OK, message_id=message_id)

    def tapped(self, number: int) -> Tapped | None:
        """Return the button of that number, or None if no message shows it (any more)."""
        found = self._buttons.get(number)
        if found is None:
            return None
        shown = self._shown[(found.chat_id, found.message_id)].buttons
        return found if any(found.button.data == b.data for row in shown for b in row) else None

    def message(self, number: int) -> tuple[int, Message] | None:
        """Return the message that was shown under that number, with its id; None if none was."""
        key = next((key for key, n in self._order.items() if n == number), None)
        return (key[1], self._shown[key]) if key else None

    def note(self, text: str) -> None:
        """Print a line that is no message: what a tap is answered with, what was typed."""
        self._out.write(f"{printable(text)}\n")
        self._out.flush()

    def _show(self, chat_id: int, message_id: int, message: Message, *, edited: bool) -> None:
        self._shown[(chat_id, message_id)] = message
        number = self._order.setdefault((chat_id, message_id), len(self._order) + 1)
        head = f"message {number}, edited:" if edited else f"message {number}:"
        width = max(MIN_COLUMNS, min(self._columns, MAX_COLUMNS)) - len(BAR)
        lines = [f"  ┌ {_painted(Run(head, ('2',)), color=self._color)}"]
        lines += [BAR + line for line in wrap(read_html(message.html), width, color=self._color)]
        if message.file:
            size = f"({len(message.file.body):,} bytes; sent in a Telegram chat only)"
            lines.append(f"{BAR}📎 {printable(message.file.name)} {size}")
        for row in message.buttons:
            runs = [Run("   ".join(self._labelled(chat_id, message_id, b) for b in row))]
            lines += [BAR + line for line in wrap(runs, width, color=False)]
        lines.append("  └")
        self._out.write("\n".join(line.rstrip() for line in lines) + "\n")
        self._out.flush()

    def _labelled(self, chat_id: int, message_id: int, button: Button) -> str:
        label = printable(button.label)
        if button.url:
            return f"[{label}: {printable(button.url)}]"
        key = (chat_id, message_id, button.data)
        number = self._numbers.setdefault(key, len(self._numbers) + 1)
        self._buttons[number] = Tapped(chat_id, message_id, button)
        return f"[{number}] {label}"
