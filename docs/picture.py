"""Makes docs/chat.png: plays the demo and draws what its chat shows, as Telegram would.

    python docs/picture.py

Needs chromium and, for all scripts, fonts: apt-get install chromium fonts-noto-core fonts-noto-color-emoji
"""

import asyncio
import io
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from html import escape
from pathlib import Path

from bot.adapters.terminal import TerminalMessenger
from bot.cli import log_to_stderr
from bot.demo.play import perform
from bot.domain.model import Message, Outcome

OUT = Path(__file__).with_name("chat.png")
WIDTH = 920  # CSS pixels: two phones side by side
SCALE = 1.5  # device pixels per CSS pixel

STYLE = """
body { margin: 0; font: 15px/1.38 "Noto Sans", "Noto Sans Armenian", "Noto Color Emoji", sans-serif;
  color: #0f1419; background: #b9cfb0; }
main { display: grid; grid-template-columns: 1fr 1fr; gap: 22px; padding: 22px; align-items: start; }
.phone { display: flex; flex-direction: column; gap: 8px; }
.bubble, .row { box-sizing: border-box; max-width: 90%; }
.bubble { border-radius: 14px; padding: 8px 12px 6px; white-space: pre-wrap;
  overflow-wrap: anywhere; box-shadow: 0 1px 1px #0002; }
.in { background: #fff; align-self: flex-start; }
.out { background: #e3fcd0; align-self: flex-end; }
.bubble a { color: #2173b9; text-decoration: none; }
.bubble code { color: #b5446c; font-family: "Noto Sans Mono", monospace; font-size: 14px; }
blockquote { margin: 4px 0; padding: 4px 10px; border-left: 3px solid #3a8ee6;
  background: #3a8ee612; border-radius: 4px; }
small { display: block; text-align: right; color: #7d8b96; font-size: 12px; }
.row { display: flex; gap: 4px; width: 90%; margin-top: -4px; }
.row span { flex: 1; text-align: center; color: #fff; background: #4c6b4699; border-radius: 8px;
  padding: 6px 8px; font-size: 14px; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis; }
"""


@dataclass
class Shown:
    """A bubble of the chat: a message as it is now, or what was typed."""

    html: str
    buttons: tuple[tuple[str, ...], ...] = ()
    typed: bool = False
    edited: bool = False


class Chat(TerminalMessenger):
    """The demo's chat, kept instead of printed."""

    def __init__(self) -> None:
        self.typed = Typed(self)
        self.bubbles: list[Shown] = []
        self.by_id: dict[int, Shown] = {}
        super().__init__(io.StringIO())

    async def send(
        self, chat_id: int, message: Message, *, thread_id: int | None = None
    ) -> Outcome:
        """Keep a new message."""
        outcome = await super().send(chat_id, message, thread_id=thread_id)
        shown = self.by_id[outcome.message_id or 0] = Shown("")
        self.bubbles.append(shown)
        _put(shown, message)
        return outcome

    async def edit(self, chat_id: int, message_id: int, message: Message) -> Outcome:
        """Keep the message as it is now."""
        _put(self.by_id[message_id], message)
        self.by_id[message_id].edited = True
        return await super().edit(chat_id, message_id, message)

    def numbers(self) -> list[tuple[int, Shown]]:
        """Return the messages with the numbers they are replied to by."""
        return [(n, self.by_id[message_id]) for (_, message_id), n in self._order.items()]

    def labels(self) -> list[tuple[int, str]]:
        """Return the buttons' numbers and labels, oldest first."""
        return [(n, tapped.button.label) for n, tapped in self._buttons.items()]


def _put(shown: Shown, message: Message) -> None:
    shown.html = message.html
    shown.buttons = tuple(tuple(b.label for b in row) for row in message.buttons)


class Typed(io.StringIO):
    """What the demo prints beside messages: the lines that its subscriber types are kept."""

    def __init__(self, chat: Chat) -> None:
        super().__init__()
        self._chat = chat

    def write(self, text: str) -> int:
        """Keep a typed line."""
        if typed := re.fullmatch(r"\n> (.*)\n", text):
            self._chat.bubbles.append(Shown(escape(typed[1]), typed=True))
        return super().write(text)


def draw(bubbles: list[Shown]) -> str:
    """Return the page: on the left how it begins, on the right the alerts."""
    alert = [i for i, b in enumerate(bubbles) if not b.typed and "🔎" in b.html]
    first, last = alert[0], alert[-1]
    phones = (bubbles[:first], bubbles[first : last + 1])
    columns = "".join(f'<div class="phone">{"".join(map(bubble, p))}</div>' for p in phones)
    return f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style><main>{columns}</main>'


def bubble(shown: Shown) -> str:
    """Return a message as HTML, with its buttons."""
    edited = "<small>edited</small>" if shown.edited else ""
    side = "out" if shown.typed else "in"
    rows = "".join(
        '<div class="row">' + "".join(f"<span>{escape(label)}</span>" for label in row) + "</div>"
        for row in shown.buttons
    )
    return f'<div class="bubble {side}">{shown.html}{edited}</div>{rows}'


def photograph(page: str, out: Path, *, width: int = WIDTH, scale: float = SCALE) -> None:
    """Draw a page with Chromium, as high as it is."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "chat.html")
        script = "<script>document.title = document.querySelector('main').offsetHeight</script>"
        file.write_text(page + script, "utf-8")
        dom = _chromium("--dump-dom", f"--window-size={width},1000", file.as_uri(), scale=scale)
        height = re.search(r"<title>(\d+)</title>", dom)
        if not height:
            sys.exit("chromium did not say how high the page is")
        window = f"--window-size={width},{height[1]}"
        _chromium(f"--screenshot={out}", window, file.as_uri(), scale=scale)


def _chromium(*arguments: str, scale: float) -> str:
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    done = subprocess.run(  # noqa: S603 - our own page, our own arguments
        [*command, f"--force-device-scale-factor={scale}", *arguments],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout


def main() -> None:
    """Play the demo and write the picture."""
    log_to_stderr("error")
    chat = Chat()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(perform(Path(folder), chat, chat.typed, talk=False))
    photograph(draw(chat.bubbles), OUT)
    sys.stdout.write(f"{OUT}: {OUT.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
