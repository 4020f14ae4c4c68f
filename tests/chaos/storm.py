"""A storm over the whole product, and the balance afterwards: what should have been told, and what was.

    python -m tests.chaos.storm [--minutes 10] [--on sqlite|postgresql] [--seed N]

Real processes, the strict Bot API server with its flood limits on, outlets with a known schedule. Every
role is killed again and again, answers are lost, late, unreadable or refused, the database goes away, an
operator runs commands beside; then the sky clears, and all that is still owed must come.
"""

import argparse
import contextlib
import itertools
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import sqlalchemy as sa

from bot.store import alerts as outbox
from bot.store.engine import Store
from bot.store.schema import alerts, articles, deliveries, subscribers, watches
from tests.chaos.balance import STOP_S, Away, Balance, reason
from tests.chaos.postgres import OwnPostgres
from tests.chaos.weather import Trouble, full_disk, no_bytes_left, restarts, small_disk
from tests.e2e.bot_api import BotApi
from tests.e2e.installation import Installation
from tests.e2e.press import Outlet, Press
from tests.e2e.telegram_chats import Fault, FloodGate, Shown, User

WORDS = (
    "albatross", "baluster", "capstan", "davit", "ensign", "fathom", "gunwale", "halyard", "isobar",
    "jetty", "keelson", "lanyard",
)  # fmt: skip
FILLER = (
    "quay", "lamp", "rope", "tide", "gull", "mast", "crane", "crew", "salt", "pier", "dawn", "fog",
    "bell", "knot", "hull", "deck", "sail", "buoy", "net", "oar",
)  # fmt: skip
GROUP = -500
CROWDED = 121  # a chat that hears of everything: what waits for it folds into digests
ASLEEP = 122  # the same, in quiet hours that end while the storm blows
DIGEST_OVER = 6  # what waits for one chat
DIGESTED = (CROWDED, ASLEEP)
CHATS = (*range(101, 101 + len(WORDS)), *DIGESTED, GROUP)  # all that watch
SLEEP_S = 20  # at least; its quiet hours end with the minute
CALM_S = 300.0  # after which what has not come counts as lost
STILL_S = 10  # in which nothing is owed, before the balance is drawn
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
    Fault("slow_before", delay_s=1.5),
    Fault("slow_after", delay_s=1.5),
    Fault("flood", retry_after=2),
)
# An admin's menu before that admin has spoken; an edit that had been made, its answer lost; a late tap.
INNOCENT = ("chat not found", "message is not modified", "query is too old")
# What an operator does meanwhile, in a process of its own.
BESIDE = (
    ("outlets", "list"),
    ("check",),
    ("why", "http://127.0.0.1:1/a1"),
    ("outlets", "retire", "no such outlet"),
    ("outlets", "export", "-"),
    ("eval", "verdicts"),
)
SPOILED = ("sendMessage", "sendMessage", "editMessageText", "getUpdates")


@dataclass
class Story:
    """One text: who must hear of it, and the headlines it ran under."""

    tags: list[str]
    readers: set[int]
    text: str


class Storm:
    """One run. trouble: what the database suffers now and then."""

    def __init__(
        self,
        installation: Installation,
        *,
        seed: int = 1,
        trouble: Trouble | None = None,
    ) -> None:
        self.outpost = installation
        self.api: BotApi = installation.api
        self.press: Press = installation.press
        self.chance = random.Random(seed)
        self.trouble = trouble
        self.aways: list[Away] = []  # when what was sent may not have been written down
        self.ending: dict[subprocess.Popen[bytes], float] = {}  # asked to end, since then
        self.beside: subprocess.Popen[bytes] | None = None  # the operator's command
        kind = "sqlite" if installation.database_url.startswith("sqlite") else "postgresql"
        self.roles = ROLES[kind]
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.stories: list[Story] = []
        self.published = 0
        self.commands: list[tuple[int, str]] = []
        self.balance = Balance()
        self.victims = itertools.cycle(self.chance.sample(self.roles, len(self.roles)))
        self.victim = next(self.victims)
        self.words = itertools.cycle(BESIDE)
        self.turned: set[tuple[str, str]] = set()  # pages of digests of so many that were asked for
        self.api.flood = FloodGate(burst=3)
        installation.environment["OUTPOST__DELIVERY__DIGEST_OVER"] = str(DIGEST_OVER)

    def run(self, seconds: float) -> Balance:
        """Blow for so long, then wait for what is owed, then count."""
        # However long nobody polls, the feed still has what was published: the loss would be the outlet's.
        outlets = [
            self.press.add(key, full=key == "wire", listed=100_000)
            for key in ("wire", "echo", "mail")
        ]
        for outlet in outlets:
            outlet.publish("An old piece about nothing", self._text(10_000, ()))
        file = self.outpost.folder / "config" / "outlets.toml"
        file.write_text(self.press.outlets_toml(), "utf-8")
        for name in self.roles:
            self.processes[name] = self._start(name)
        self.outpost.wait_polled(timeout_s=240)
        self._subscribe()
        self._blow(outlets, seconds)
        self._calm()
        return self._count()

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        """Start one of `roles`."""
        return self.outpost.start(name)

    # -- the schedule ---------------------------------------------------------------------------

    def _subscribe(self) -> None:
        for n, word in enumerate(WORDS):
            self.api.person(User(101 + n))
            self.api.say(101 + n, f"/watch {word}")
        self.api.add_group(GROUP, creator=User(101))
        self.api.say(GROUP, f"/watch {WORDS[0]}", 101)
        for chat_id in DIGESTED:
            self.api.person(User(chat_id))
            self.api.say(chat_id, f"/watch {' OR '.join(WORDS)}")
        wakes = datetime.now(UTC) + timedelta(seconds=SLEEP_S + 60)
        self.api.say(ASLEEP, f"/quiet {wakes - timedelta(hours=12):%H:%M}-{wakes:%H:%M}")
        for chat_id in CHATS:
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
            readers = {101 + WORDS.index(w) for w in words} | set(DIGESTED)
            readers |= {GROUP} if WORDS[0] in words else set()
            story = Story([], readers, self._text(len(self.stories), words))
            self.stories.append(story)
        self.published += 1
        tag = f"Notice{self.published}"
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
        """Clocks that never agree: what is published, what is said, what goes wrong."""
        alone = (
            len(self.roles) == 1
        )  # who is killed is one that works, so most of this is time to work
        plan: dict[Callable[[], None], float] = {
            lambda: self._publish(outlets): 0.8,
            self._command: 2.5,
            self._spoil: 0.7,
            self._kill: 3.0 if alone else 1.5,
            self._ask_to_end: 15.0,
            self._run_beside: 5.0,
            self._make_trouble: 9.0,
        }
        due = {act: time.monotonic() + self.chance.random() * mean for act, mean in plan.items()}
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            act = min(due, key=lambda a: due[a])
            time.sleep(max(0.0, due[act] - time.monotonic()))
            act()
            due[act] = time.monotonic() + self.chance.uniform(0.3, 1.7) * plan[act]
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
        """Kill the next role, now and then while it begins, as a rule while it works."""
        if self.chance.random() < 0.8 and not self.outpost.works(self.processes[self.victim]):
            return
        roles, self.victim = self.victim, next(self.victims)
        process = self.processes[roles]
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait(10)
            self.ending.pop(process, None)
            self.balance.kills[roles] += 1
            if "deliver" in roles:
                self.aways.append(Away(time.monotonic(), time.monotonic(), "killed"))

    def _ask_to_end(self) -> None:
        process = self.processes[self.chance.choice(self.roles)]
        if process.poll() is None and process not in self.ending:
            process.send_signal(signal.SIGTERM)
            self.ending[process] = time.monotonic()

    def _revive(self) -> None:
        for process, since in list(self.ending.items()):
            took = time.monotonic() - since
            if process.poll() is None and took < STOP_S + 5:
                continue
            del self.ending[process]
            self.balance.stops_s.append(took)
            # -15: asked before it could listen. 1: it had just begun, and found no database.
            if process.poll() not in (0, 1, -signal.SIGTERM):
                self.balance.bad_exits.append(f"SIGTERM: {process.poll()}")
        for roles, process in self.processes.items():
            if process.poll() is not None:
                self.outpost.running.remove(process)
                self.processes[roles] = self._start(roles)

    def _run_beside(self) -> None:
        """Start an operator's command, unless the last is at it still."""
        if self.beside is not None:
            if self.beside.poll() is None:
                return
            self.balance.beside[f"exit {self.beside.returncode}"] += 1
        self.beside = self.outpost.begin_command(*next(self.words))

    def _make_trouble(self) -> None:
        if self.trouble:
            began = time.monotonic()
            what = self.trouble(self.chance)
            self.balance.faults[what] += 1
            # A process may find out late that its connection is gone, and needs a moment to be back.
            self.aways.append(Away(began, time.monotonic() + 1, "database away"))

    # -- afterwards -----------------------------------------------------------------------------

    def _calm(self) -> None:
        self.api.faults = []
        if self.beside is not None:
            self.balance.beside[f"exit {self.beside.wait(60)}"] += 1
        while self.ending:
            self._revive()
            time.sleep(0.05)
        self._revive()
        until, calm = time.monotonic() + CALM_S, 0
        while time.monotonic() < until and calm < STILL_S:  # the last copies may yet raise an edit
            self._revive()  # one that begins while the database is away ends, and is begun again
            self._turn_pages()
            busy = self._missing() or self._unanswered() or self._unfiled() or self._behind()
            calm = 0 if busy else calm + 1
            time.sleep(1)

    def _turn_pages(self) -> None:
        """Ask for every page of every digest: after an outage any chat may have got one.

        Once, and again where it has grown: it may, until it is known to be sent.
        """
        for chat_id in CHATS:
            for message in self.api.shown(chat_id):
                pages = [b.get("callback_data", "") for row in message.buttons for b in row]
                size = message.text.partition(" ")[0]  # "44 alerts waited ..."
                for page in (p for p in pages if p.startswith("turn:")):
                    if (page, size) in self.turned:
                        continue
                    with contextlib.suppress(KeyError):  # it has just been edited: next time
                        self.api.tap(chat_id, message.message_id, page)
                        self.turned.add((page, size))

    def _missing(self) -> list[tuple[int, str]]:
        return [
            (reader, story.tags[0])
            for story in self.stories
            for reader in story.readers
            if not self._told(reader, story)
        ]

    def _told(self, reader: int, story: Story) -> list[Shown]:
        """Return the messages that named it, those too that show another page of a digest now."""
        return [
            m
            for m in self.api.shown(reader)
            if any(f"{tag} " in text for tag in story.tags for text in (m.text, *m.history))
        ]

    def _unanswered(self) -> list[str]:
        return [
            q for chat, q in self.commands if not any(q in m.text for m in self.api.shown(chat))
        ]

    def _count(self) -> Balance:
        b = self.balance
        time.sleep(2)  # for what might still come twice
        began = time.monotonic()
        codes = self.outpost.stop()
        b.stops_s.append(time.monotonic() - began)
        b.bad_exits += [f"at the end: {code}" for code in codes if code]
        b.owed = sum(len(s.readers) for s in self.stories)
        b.lost = self._missing()
        b.doubled = Counter(self._reasons())
        b.ambiguous = self.api.lost_answers
        b.commands, b.commands_lost = len(self.commands), self._unanswered()
        b.floods = self.api.flood.violations if self.api.flood else []
        b.refused = [r for r in self.api.refused if not any(word in r for word in INNOCENT)]
        log = self.outpost.log
        b.tracebacks = [log[i - 300 : i + 1500] for i in _places(log, "Traceback")]
        self._count_rows()
        return b

    def _reasons(self) -> Iterator[str]:
        """Yield, for each message that was not the last about its story in its chat, why it was not.

        A digest of several stories that came twice is one message that came twice.
        """
        written = self._written()
        again: dict[tuple[tuple[int, int], tuple[int, int]], Story] = {}
        for story in self.stories:
            for reader in story.readers:
                sent = [(m.chat_id, m.message_id) for m in self._told(reader, story)]
                again |= dict.fromkeys(pairwise(sent), story)
        for (key, next_key), story in again.items():
            why = reason(
                self.api.sent_at[key],
                self.api.sent_at[next_key],
                answer_lost=key in self.api.lost_sends,
                written=key in written and next_key in written,
                aways=self.aways,
            )
            if why == "unexplained":
                self.balance.strange.append(self._case(key[0], story))
            if why != "unexplained" and next_key not in written:
                self.balance.late.add(next_key[0])
            yield why

    def _written(self) -> set[tuple[int, int]]:
        """Return chat and message of everything that the delivery log says was sent."""
        with self._database() as tx:
            rows = tx.execute(
                sa.select(subscribers.c.chat_id, deliveries.c.message_id)
                .join_from(deliveries, alerts)
                .join(subscribers)
                .where(deliveries.c.outcome == "ok")
            ).all()
        return {(chat_id, message_id) for chat_id, message_id in rows}

    def _case(self, reader: int, story: Story) -> str:
        """Return what a chat was sent about a story, each message's time beside the troubles'."""
        told = self._told(reader, story)
        sent = [(self.api.sent_at[m.chat_id, m.message_id], m) for m in told]
        shown = [f"{at:.1f} s message {m.message_id}: {m.text[:300]!r}" for at, m in sent]
        near = [
            f"{a.why} {a.began:.1f}..{a.ended:.1f}"
            for a in self.aways
            if any(abs(a.began - at) < 15 for at, _ in sent)
        ]
        return f"unexplained: chat {reader}, {'; '.join(shown)}; troubles near: {', '.join(near) or 'none'}"

    def _unfiled(self) -> int:
        """Return how much of what was published is not yet read and filed.

        A copy may be so long after its story was told: while it is, there may be an edit to come.
        """
        with self._database() as tx:
            filed = sa.select(articles.c.url).where(articles.c.state != "new")
            known = set(tx.execute(filed).scalars())
        outlets = self.press.outlets.values()
        return len({f"{o.home}/{a.slug}" for o in outlets for a in o.articles} - known)

    def _behind(self) -> int:
        """Return how many alerts wait in the outbox."""
        with self._database() as tx:
            return outbox.behind(tx)

    @contextlib.contextmanager
    def _database(self) -> Iterator[sa.Connection]:
        store = Store(self.outpost.database_url)
        with contextlib.closing(store), store.engine.connect() as tx:
            yield tx

    def _count_rows(self) -> None:
        self.balance.unfiled, self.balance.left = self._unfiled(), self._behind()
        with self._database() as tx:
            self.balance.strange += _left(tx)
            joined = watches.join(subscribers)
            rows = tx.execute(joined.select()).mappings().all()
            told = (alerts.c.digest_id > 0) & alerts.c.message_id.is_not(None)
            of_several = sa.select(sa.func.count(alerts.c.digest_id.distinct())).where(told)
            self.balance.digests = tx.execute(of_several).scalar_one()
        counts = Counter((row["chat_id"], row["query"]) for row in rows)
        self.balance.watches_doubled = sum(n - 1 for n in counts.values())


def _left(tx: sa.Connection) -> Iterator[str]:
    """Yield, of each alert that still waits in the outbox, its row and its attempts."""
    behind = (alerts.c.state == "open") & (alerts.c.revision > alerts.c.delivered_revision)
    for row in tx.execute(alerts.select().where(behind).limit(5)).mappings().all():
        of = deliveries.c.alert_id == row["id"]
        if row["digest_id"]:
            of |= deliveries.c.digest_id == row["digest_id"]
        tried = tx.execute(deliveries.select().where(of).order_by(deliveries.c.id)).mappings()
        attempts = [f"{d['at']:%H:%M:%S} {d['outcome']} {d['detail']}" for d in tried]
        yield f"left at {datetime.now(UTC):%H:%M:%S}: {dict(row)}, attempts {attempts[-12:]}"


def _places(text: str, word: str) -> list[int]:
    found, at = [], text.find(word)
    while at >= 0 and len(found) < 20:
        found.append(at)
        at = text.find(word, at + 1)
    return found


@contextlib.contextmanager
def installed(kind: str, folder: Path) -> Iterator[tuple[Installation, Trouble]]:
    """Install Outpost on a database of that kind, for a storm; yield it and what its database suffers."""
    with contextlib.ExitStack() as stack:
        api, press = stack.enter_context(BotApi()), stack.enter_context(Press())
        if kind == "postgresql":
            server = stack.enter_context(OwnPostgres())
            outpost = Installation(folder, api, press, server.url)
            trouble = restarts(server)
        else:
            disk = folder / "disk"
            mounted = stack.enter_context(small_disk(disk))
            outpost = Installation(folder, api, press, f"sqlite:///{disk / 'outpost.db'}")
            trouble = full_disk(disk) if mounted else no_bytes_left(outpost)
        stack.callback(outpost.kill)
        yield outpost, trouble
        if kind == "sqlite":
            with contextlib.closing(sqlite3.connect(disk / "outpost.db")) as db:
                found = db.execute("PRAGMA integrity_check").fetchall()
            assert found == [("ok",)], found


def main() -> int:
    """Run storms by hand and print their balance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--on", choices=["sqlite", "postgresql"], help="both if not said")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", type=Path, help="a folder for the logs; forgotten if not said")
    args = parser.parse_args()
    bad = 0
    for kind in [args.on] if args.on else ["sqlite", "postgresql"]:
        with (
            tempfile.TemporaryDirectory() as name,
            installed(kind, Path(name)) as (outpost, trouble),
        ):
            storm = Storm(outpost, seed=args.seed, trouble=trouble)
            try:
                balance = storm.run(args.minutes * 60)
            finally:
                if args.keep:
                    args.keep.mkdir(exist_ok=True)
                    (args.keep / f"{kind}.log").write_text(outpost.log, "utf-8")
            print(f"## {kind}, {args.minutes:g} minutes, seed {args.seed}\n{balance}", flush=True)
            for line in (
                *balance.lost[:20],
                *balance.floods,
                *balance.refused,
                *balance.tracebacks,
            ):
                print(line)
            bad += not balance.faultless()
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
