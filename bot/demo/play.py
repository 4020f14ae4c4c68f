"""`outpost demo`: the real pipeline over an invented press, with a subscriber who types.

Only the press, the subscriber and the intervals are the demo's; what polls, reads, matches, folds,
delivers and answers is what `outpost run` runs.
"""

import asyncio
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path
from typing import TextIO

from pydantic import SecretStr

from bot import app
from bot.adapters.terminal import TerminalMessenger, wants_color
from bot.chat.desk import Desk
from bot.chat.terminal import LOCAL_ID, Lines, TerminalChat
from bot.config import Delivery, Networking, Polling, Settings
from bot.demo.press import LOOPBACK, Press, load_press
from bot.domain.errors import OutpostError
from bot.store import alerts
from bot.store.engine import Store, Tx
from bot.store.summary import Summary, summarise

ROLES = ("poll", "ingest", "deliver", "chat")
WATCHES = ("/watch Lachin NOT football", "/watch Tegh")
SCRIPT_ENDS_AT_S = 30.0  # of the press; later pieces are for the person who types
PATIENCE_S = 30.0  # for the first polls, and for the outbox to be empty; a busy machine needs some
LOOK_S = 0.1
BEAT_S = 1.0  # between a reply and the next command: time to read
TALK_S = 200.0  # for the person who types, at most

INTRO = """\
An invented press of {n} outlets publishes on this machine ({host}). The real pipeline polls it every
second; this terminal shows what a Telegram chat would show. Lines with a dot are the press.
"""
YOUR_TURN = """
Your turn, for {minutes} minutes. More news is on its way: try /watch Gyumri, /watch barley OR wheat,
/watch Batumi chess"""


class DemoStalledError(OutpostError):
    """The demo waited in vain."""


def run(*, no_input: bool) -> int:
    """Play the demo; return the exit code. Raises DemoStalledError, and what the pipeline raises."""
    talk = not no_input and sys.stdin.isatty()
    shown = TerminalMessenger(sys.stdout, color=wants_color(sys.stdout))
    with tempfile.TemporaryDirectory(prefix="outpost-demo-") as folder:
        asyncio.run(perform(Path(folder), shown, sys.stdout, talk=talk))
    return 0


def make_settings(folder: Path) -> Settings:
    """Return settings that leave the operator's own alone: a database of its own, a poll each second."""
    return Settings(
        telegram_bot_token=None,
        database_url=SecretStr(f"sqlite:///{folder / 'demo.db'}"),
        admins=frozenset({LOCAL_ID}),
        config_dir=folder,
        polling=Polling(
            min_interval_s=1, max_interval_s=1, polls_per_minute=600, feed_gap_s=0, page_gap_s=0
        ),  # the press is ours: nobody to be polite to
        network=Networking(allow_private=(ip_network(f"{LOOPBACK}/32"),)),
        delivery=Delivery(edit_gap_s=1),
    )


async def perform(folder: Path, shown: TerminalMessenger, out: TextIO, *, talk: bool) -> None:
    """Play the demo. folder: an empty one, for its database and outlets file; messages go to `shown`."""
    async with Press(*load_press(), app.utc_now) as press:
        (folder / "outlets.toml").write_text(press.outlets_toml(), "utf-8")
        settings = make_settings(folder)
        store = app.open_database(settings)
        try:
            desk = Desk(
                store,
                app.COMMANDS,
                admins=settings.admins,
                limits=settings.chat,
                names=app.read_names(settings),
            )
            chat = TerminalChat(desk, shown, app.utc_now, language="en")
            play = Play(press, store, chat, talk=talk, out=out)
            await app.run_with(settings, store, roles=ROLES, messenger=shown, desk=desk, chat=play)
            play.say(summary_text(await store.run(summarise)))
        finally:
            store.close()


class Play:
    """The chat of the demo: a subscriber who follows a script, then whoever sits at the terminal."""

    def __init__(
        self, press: Press, store: Store, chat: TerminalChat, *, talk: bool, out: TextIO
    ) -> None:
        self._press = press
        self._store = store
        self._chat = chat
        self._talk = talk
        self._out = out
        self._color = wants_color(out)

    def say(self, text: str, *, sgr: str = "") -> None:
        """Print a line that is no message. sgr: its look where the terminal has colors."""
        painted = f"\x1b[{sgr}m{text}\x1b[0m" if self._color and sgr else text
        self._out.write(f"{painted}\n")
        self._out.flush()

    async def run(self) -> None:
        """Play to the end."""
        self.say(INTRO.format(n=len(self._press.homes), host=LOOPBACK))
        await self._until(lambda s, _: s.feeds > 0 and not s.unpolled, "the first polls")
        for line in ("/start", *WATCHES, "/watches"):
            await self._types(line)
        self._press.begin()
        telling = asyncio.create_task(self._tell())
        try:
            await asyncio.sleep(self._press.last_before(SCRIPT_ENDS_AT_S))
            n = len(self._press.since_begin())
            await self._until(
                lambda s, behind: s.articles >= n and not (s.waiting or behind),
                "the last article to be told",
            )
            await self._types("/log")
            if self._talk:
                await self._listen()
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling

    async def _types(self, line: str) -> None:
        self.say(f"\n> {line}", sgr="1;36")
        await self._chat.hear(line)
        await asyncio.sleep(BEAT_S)

    async def _tell(self) -> None:
        """Say what the press publishes, as it does."""
        told = 0
        while True:
            for paper, piece in self._press.since_begin()[told:]:
                self.say(f"· {paper.name}: {piece.title}", sgr="2")
                told += 1
            await asyncio.sleep(LOOK_S)

    async def _until(self, done: Callable[[Summary, int], bool], what: str) -> None:
        """Wait until the database says so. done: takes the summary and how many alerts are behind."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    if done(*await self._store.run(_look)):
                        return
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            raise DemoStalledError(f"the demo waited {PATIENCE_S:.0f} s for {what}") from None

    async def _listen(self) -> None:
        self.say(YOUR_TURN.format(minutes=round(TALK_S / 60)))
        with suppress(TimeoutError):
            async with asyncio.timeout(TALK_S):
                await self._chat.run(Lines(sys.stdin.fileno()))


def _look(tx: Tx) -> tuple[Summary, int]:
    return summarise(tx), alerts.behind(tx)


def summary_text(done: Summary) -> str:
    """Return the last three lines, after an empty one."""
    return (
        f"\nRead:   {_n(done.articles, 'article')} new in {_n(done.feeds, 'feed')},"
        f" after {done.archived} that were there before."
        f"\nSent:   {_n(done.alerts, 'message')}, edited {_n(done.edits, 'time')}"
        " as the stories went on."
        f"\nFolded: {_n(done.copies, 'repost or update', 'reposts and updates')}"
        " into the stories they belong to."
    )


def _n(n: int, one: str, more: str = "") -> str:
    return f"{n} {one if n == 1 else more or one + 's'}"
