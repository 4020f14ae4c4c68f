"""Makes docs/messages.png and docs/trend.png: plays the demo, asks on, and draws each main message.

    python docs/messages.py

Needs what docs/picture.py needs.
"""

import asyncio
import base64
import math
import random
import sys
import tempfile
from html import escape
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from picture import STYLE, Chat, Shown, bubble, photograph

from bot.adapters.chart import draw
from bot.cli import log_to_stderr
from bot.demo import play
from bot.domain.chart import Chart

HERE = Path(__file__).resolve().parent
COLUMNS = """
pre { margin: 0; }
main { display: block; columns: 3; column-gap: 22px; padding: 22px; width: 1336px; box-sizing: border-box; }
figure { margin: 0 0 20px; break-inside: avoid; display: flex; flex-direction: column; gap: 8px; }
figcaption { font-weight: 600; color: #2c4a26; }
.bubble, .row { max-width: 100%; width: 100%; }
"""
THEMES = """
main { display: grid; grid-template-columns: 1fr 1fr; gap: 0; padding: 0; width: 1336px; }
.side { padding: 22px; background: #b9cfb0; }
.dark { background: #0e1621; color: #f5f5f5; }
.dark .bubble { background: #182533; color: #f5f5f5; } .dark .row span { background: #2b5278; }
.dark code { color: #f39dbb; }
.bubble { max-width: 100%; padding: 6px 6px 8px; }
img { width: 100%; border-radius: 10px; display: block; margin-bottom: 6px; }
.row { width: 100%; max-width: 100%; margin-top: 4px; }
"""


class Tour(play.Play):
    """The demo, whose subscriber then asks for everything once."""

    shown: Chat

    async def _listen(self) -> None:
        """Ask instead of listening."""
        chat = self.shown
        [number] = [n for n, b in chat.numbers() if "→" in b.html][:1]
        for line in (
            f"re {number} /why",
            f"re {number} /story",
            "/watch slope OR convoy",
            "/watch harbour AND (strike",
            "/search Lachin",
            "/settings",
            "/watches",
        ):
            await self._types(line)
        for label in ("✏️ #1", "Names", "Single forms"):
            await self._tap(label)

    async def _tap(self, label: str) -> None:
        """Tap the newest button that begins so; keep what its message showed before."""
        chat = self.shown
        number = max(n for n, text in chat.labels() if text.startswith(label))
        now = chat.by_id[max(chat.by_id)]
        chat.bubbles.append(Shown(now.html, now.buttons))
        await self._chat.hear(str(number))


def messages(bubbles: list[Shown]) -> list[tuple[str, Shown]]:
    """Return the main messages, each with what it is: the last that has those words."""
    wanted = (
        ("An alert, with the reposts that came", "→"),
        ("Why?", "Why you got this"),
        ("/story", "articles, the first one first"),
        ("A new watch is rehearsed", "Watching for <code>slope"),
        ("A watch that cannot be read", "^"),
        ("/search", "newest first"),
        ("/watches", "watches</b>"),
        ("One watch on its card", "I will also hear"),
        ("Its names and forms", "How I understand"),
        ("Its single forms", "The forms by which"),
        ("/settings", "Settings of this chat"),
    )
    mine = [b for b in bubbles if not b.typed]
    found = []
    for caption, words in wanted:
        hits = [b for b in mine if words in b.html and "folded reposts" not in b.html]
        if not hits:
            sys.exit(f"no message with {words!r}")
        found.append((caption, hits[-1]))
    return found


def month() -> Chart:
    """Return a month of invented mentions, as /trend draws them."""
    chance = random.Random(7)  # noqa: S311 - invented figures
    names = (
        "Highland Courier",
        "Лернашхарх",
        "Լեռնաշխարհի լուրեր",
        "მთის ამბები",
        "Dağ Xəbər",
        "Eastern Post",
        "others",
    )
    days = tuple(f"{d if d <= 31 else d - 31} {'Oct' if d <= 31 else 'Nov'}" for d in range(25, 55))
    peak = [1 + 9 * math.exp(-((i - 19) ** 2) / 9) for i in range(30)]
    series = tuple(
        (name, tuple(round(p * chance.uniform(0, 1.4) / (n * 0.5 + 1)) for p in peak))
        for n, name in enumerate(names)
    )
    return Chart("Lachin, mentions by day, 30 days", days, series)


def trend() -> str:
    """Return the page of the chart, in Telegram's light theme and in its dark one."""
    chart = month()
    picture = base64.b64encode(draw(chart)).decode()
    n = sum(sum(numbers) for _, numbers in chart.series)
    message = (
        f'<div class="bubble in"><img src="data:image/png;base64,{picture}">'
        f"<b>{n} mentions</b> of <code>Lachin</code></div>"
        '<div class="row"><span>🌍 By country</span></div>'
    )
    sides = "".join(f'<div class="side {theme}">{message}</div>' for theme in ("light", "dark"))
    return (
        f'<!doctype html><meta charset="utf-8"><style>{STYLE}{THEMES}</style><main>{sides}</main>'
    )


def main() -> None:
    """Play, and write the pictures."""
    log_to_stderr("error")
    chat = Tour.shown = Chat()
    play.Play = Tour  # type: ignore[misc] # the demo builds its own; this one asks on
    sys.stdin.isatty = lambda: True  # type: ignore[method-assign] # or the demo does not listen
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play.perform(Path(folder), chat, chat.typed, talk=True))
    figures = "".join(
        f"<figure><figcaption>{escape(caption)}</figcaption>{bubble(shown)}</figure>"
        for caption, shown in messages(chat.bubbles)
    )
    page = f'<!doctype html><meta charset="utf-8"><style>{STYLE}{COLUMNS}</style><main>{figures}</main>'
    for name, text in (("messages.png", page), ("trend.png", trend())):
        photograph(text, HERE / name, width=1336, scale=1)
        sys.stdout.write(f"{name}: {(HERE / name).stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
