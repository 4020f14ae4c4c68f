"""A storm over the whole product, and the balance afterwards: what should have been told, and what was.

    python -m tests.chaos.storm --seconds 600 [--postgres URL] [--seed N]

Real processes, the strict Bot API server with its flood limits on, outlets with a known schedule. Roles
are killed at random, answers are lost, late, unreadable or refused; then the sky clears, and all that is
still owed must come.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bot.store.engine import Store
from bot.store.schema import alerts, subscribers, watches
from tests.e2e.bot_api import BotApi
from tests.e2e.installation import Installation
from tests.e2e.press import Outlet, Press
from tests.e2e.telegram_chats import Fault, FloodGate, User

WORDS = (
    "albatross", "baluster", "capstan", "davit", "ensign", "fathom", "gunwale", "halyard", "isobar",
    "jetty", "keelson", "lanyard",
)  # fmt: skip
FILLER = (
    "quay", "lamp", "rope", "tide", "gull", "mast", "crane", "crew", "salt", "pier", "dawn", "fog",
    "bell", "knot", "hull", "deck", "sail", "buoy", "net", "oar",
)  # fmt: skip
GROUP = -500
ROLES = {
    "sqlite": ("poll,ingest,deliver,chat",),
    "postgresql": ("poll", "ingest", "deliver", "chat"),
}
FAULTS = (
    Fault("drop_before"),
    Fault("drop_after"),
    Fault("status_before", status=502),
    Fault("status_after", status=500),
    Fault("garbage_before"),
    Fault("garbage_after"),
    Fault("slow_after", delay_s=1.5),
    Fault("flood", retry_after=2),
)
# An admin's menu before that admin has spoken; an edit that had been made, its answer lost; a late tap.
INNOCENT = ("chat not found", "message is not modified", "query is too old")
SPOILED = ("sendMessage", "editMessageText", "getUpdates", "answerCallbackQuery")


@dataclass
class Story:
    """One text: who must hear of it, and the headlines it ran under."""

    tags: list[str]
    readers: set[int]
    text: str


@dataclass
class Balance:
    """What was owed, and what came."""

    owed: int = 0
    lost: list[tuple[int, str]] = field(default_factory=list)
    doubled: int = 0
    ambiguous: int = 0  # answers to a send that took effect and were then spoiled by us
    in_hand: int = (
        0  # sends that took effect in the second before a kill: their sender may not know
    )
    commands: int = 0
    commands_lost: list[str] = field(default_factory=list)
    watches_doubled: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    floods: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)
    left: int = 0  # alerts still in the outbox
    stop_s: float = 0.0

    def __str__(self) -> str:
        return (
            f"owed {self.owed}, lost {len(self.lost)}, doubled {self.doubled}"
            f" (ambiguous answers {self.ambiguous}, in hand at kills {self.in_hand})\n"
            f"commands {self.commands}, lost {len(self.commands_lost)},"
            f" carried out twice {self.watches_doubled}\n"
            f"kills {dict(self.kills)}, faults {dict(self.faults)}\n"
            f"flood limits broken {len(self.floods)}, messages refused {len(self.refused)},"
            f" tracebacks {len(self.tracebacks)}, left in the outbox {self.left},"
            f" SIGTERM took {self.stop_s:.1f} s"
        )


class Storm:
    """One run. extra: further trouble, called now and then with a random source."""

    def __init__(
        self,
        installation: Installation,
        *,
        seed: int = 1,
        extra: Callable[[random.Random], str] | None = None,
    ) -> None:
        self.outpost = installation
        self.api: BotApi = installation.api
        self.press: Press = installation.press
        self.chance = random.Random(seed)
        self.extra = extra
        kind = "sqlite" if installation.database_url.startswith("sqlite") else "postgresql"
        self.roles = ROLES[kind]
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.stories: list[Story] = []
        self.commands: list[tuple[int, str]] = []
        self.balance = Balance()
        self.api.flood = FloodGate(burst=3)

    def run(self, seconds: float) -> Balance:
        """Blow for so long, then wait for what is owed, then count."""
        outlets = [self.press.add(key, full=key == "wire") for key in ("wire", "echo", "mail")]
        for outlet in outlets:
            outlet.publish("An old piece about nothing", self._text(10_000, ()))
        file = self.outpost.folder / "config" / "outlets.toml"
        file.write_text(self.press.outlets_toml(), "utf-8")
        for roles in self.roles:
            self.processes[roles] = self.outpost.start(roles)
        self.outpost.wait_polled()
        self._subscribe()
        self._blow(outlets, seconds)
        self._calm()
        return self._count()

    # -- the schedule ---------------------------------------------------------------------------

    def _subscribe(self) -> None:
        for n, word in enumerate(WORDS):
            self.api.person(User(101 + n))
            self.api.say(101 + n, f"/watch {word}")
        self.api.add_group(GROUP, creator=User(101))
        self.api.say(GROUP, f"/watch {WORDS[0]}", 101)
        chats = [*range(101, 101 + len(WORDS)), GROUP]
        for chat_id in chats:
            self.api.wait_for(
                lambda c=chat_id: any("watching" in m.text.lower() for m in self.api.shown(c)),
                60,
                f"chat {chat_id} has its watch",
            )

    def _text(self, n: int, words: tuple[str, ...]) -> str:
        chance = random.Random(n)
        sentences = []
        for k in range(16):
            picked = [chance.choice(FILLER) + chance.choice("abcdefghijklmnop") for _ in range(11)]
            if k < len(words):
                picked.insert(5, words[k])
            sentences.append(" ".join(picked).capitalize() + ".")
        return " ".join(sentences)

    def _publish(self, outlets: list[Outlet]) -> None:
        """Publish a new story, or, one time in four, a copy of one that is not quite new."""
        old = self.stories[:-8]
        if old and self.chance.random() < 0.25:
            story = self.chance.choice(old[-40:])
        else:
            words = tuple(self.chance.sample(WORDS, 2))
            readers = {101 + WORDS.index(w) for w in words} | (
                {GROUP} if WORDS[0] in words else set()
            )
            story = Story([], readers, self._text(len(self.stories), words))
            self.stories.append(story)
        tag = f"Notice{len(self.stories)}x{len(story.tags)}"
        outlet = outlets[len(story.tags) % len(outlets)]
        story.tags.append(tag)
        outlet.publish(f"{tag} from the harbour office", story.text)

    def _command(self) -> None:
        n = len(self.commands)
        query = "extra" + "".join("abcdefghij"[int(d)] for d in str(n))
        chat_id = 101 + n % len(WORDS)
        self.commands.append((chat_id, query))
        self.api.say(chat_id, f"/watch {query}")

    # -- the weather ----------------------------------------------------------------------------

    def _blow(self, outlets: list[Outlet], seconds: float) -> None:
        """Three clocks that never agree: what is published, what is said, what goes wrong."""
        plan: dict[Callable[[], None], tuple[float, float]] = {
            lambda: self._publish(outlets): (0.0, 0.8),
            self._command: (0.0, 2.5),
            self._spoil: (0.0, 0.7),
            self._kill: (
                0.0,
                3.5 if len(self.roles) > 1 else 7.0,
            ),  # or one that does all never works
            self._more: (0.0, 9.0),
        }
        due = {
            act: time.monotonic() + self.chance.random() * mean for act, (_, mean) in plan.items()
        }
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            act = min(due, key=lambda a: due[a])
            time.sleep(max(0.0, due[act] - time.monotonic()))
            act()
            due[act] = time.monotonic() + self.chance.uniform(0.3, 1.7) * plan[act][1]
            self._revive()

    def _spoil(self) -> None:
        fault = self.chance.choice(FAULTS)
        spoiled = Fault(
            fault.kind,
            self.chance.choice(SPOILED),
            status=fault.status,
            delay_s=fault.delay_s,
            retry_after=fault.retry_after,
        )
        self.api.faults = [*[f for f in self.api.faults if f.times > 0][-20:], spoiled]
        self.balance.faults[fault.kind] += 1

    def _kill(self) -> None:
        roles = self.chance.choice(list(self.processes))
        process = self.processes[roles]
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait(10)
            self.balance.in_hand += self.api.recent_effects(1.0)
            self.balance.kills[roles] += 1

    def _revive(self) -> None:
        for roles, process in self.processes.items():
            if process.poll() is not None:
                self.outpost.running.remove(process)
                self.processes[roles] = self.outpost.start(roles)

    def _more(self) -> None:
        if self.extra:
            began = time.monotonic()
            self.balance.faults[self.extra(self.chance)] += 1
            # What was sent meanwhile may not have been written down.
            self.balance.in_hand += self.api.recent_effects(time.monotonic() - began + 1)

    # -- afterwards -----------------------------------------------------------------------------

    def _calm(self) -> None:
        self.api.faults = []
        self._revive()
        self.api.wait_for(
            lambda: not self._missing() and not self._unanswered(), 180, "all that is owed"
        )
        self.api.wait_for(lambda: not self._behind(), 60, "the outbox is empty")

    def _missing(self) -> list[tuple[int, str]]:
        return [
            (reader, story.tags[0])
            for story in self.stories
            for reader in story.readers
            if not self._told(reader, story)
        ]

    def _told(self, reader: int, story: Story) -> list[object]:
        return [m for m in self.api.shown(reader) if any(f"{t} " in m.text for t in story.tags)]

    def _unanswered(self) -> list[str]:
        return [
            q for chat, q in self.commands if not any(q in m.text for m in self.api.shown(chat))
        ]

    def _count(self) -> Balance:
        b = self.balance
        time.sleep(2)  # for what might still come twice
        began = time.monotonic()
        codes = self.outpost.stop()
        b.stop_s = time.monotonic() - began
        b.owed = sum(len(s.readers) for s in self.stories)
        b.lost = self._missing()
        b.doubled = sum(max(0, len(self._told(r, s)) - 1) for s in self.stories for r in s.readers)
        b.ambiguous = self.api.lost_answers
        b.commands, b.commands_lost = len(self.commands), self._unanswered()
        b.floods = self.api.flood.violations if self.api.flood else []
        b.refused = [r for r in self.api.refused if not any(word in r for word in INNOCENT)]
        log = self.outpost.log
        b.tracebacks = [log[i - 300 : i + 1500] for i in _places(log, "Traceback")]
        self._count_rows()
        assert codes == [0] * len(codes), f"exit codes {codes}\n{self.outpost.log[-3000:]}"
        return b

    def _behind(self) -> int:
        """Return how many alerts wait in the outbox."""
        store = Store(self.outpost.database_url)
        with store.engine.connect() as tx:
            behind = (alerts.c.state == "open") & (alerts.c.revision > alerts.c.delivered_revision)
            left = len(tx.execute(alerts.select().where(behind)).all())
        store.close()
        return left

    def _count_rows(self) -> None:
        self.balance.left = self._behind()
        store = Store(self.outpost.database_url)
        with store.engine.connect() as tx:
            joined = watches.join(subscribers)
            rows = tx.execute(joined.select()).mappings().all()
        counts = Counter((row["chat_id"], row["query"]) for row in rows)
        self.balance.watches_doubled = sum(n - 1 for n in counts.values())
        store.close()


def _places(text: str, word: str) -> list[int]:
    found, at = [], text.find(word)
    while at >= 0 and len(found) < 20:
        found.append(at)
        at = text.find(word, at + 1)
    return found


def main() -> int:
    """Run one storm by hand and print its balance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument(
        "--postgres", default="", help="URL of an empty database; SQLite without it"
    )
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, BotApi() as api, Press() as press:
        url = args.postgres or f"sqlite:///{Path(name) / 'outpost.db'}"
        outpost = Installation(Path(name), api, press, url)
        try:
            balance = Storm(outpost, seed=args.seed).run(args.seconds)
        finally:
            outpost.kill()
        print(f"seed {args.seed}\n{balance}")
        return bool(balance.lost or balance.commands_lost or balance.floods)


if __name__ == "__main__":
    sys.exit(main())
