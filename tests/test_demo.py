"""`outpost demo` shows the main job: one message for a story, edited as it goes on, and no noise.

Both runs, with and without a person, are played once, at the same time; the tests read their screens.
"""

import os
import pty
import re
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "bot", "demo"]
LIMIT_S = 120  # far above what it takes, for busy machines
ROCKFALL = "Rockfall closes the Lachin road"


@dataclass(frozen=True)
class Shown:
    """One message as it appeared. edited: in place of what it showed before."""

    number: int
    edited: bool
    text: str


@dataclass(frozen=True)
class Screen:
    """What a run of the demo printed, and how it ended."""

    text: str
    code: int
    took_s: float

    @property
    def messages(self) -> list[Shown]:
        """Return the messages, in the order in which they appeared; wrapped lines are joined."""
        found = re.findall(r"  ┌ message (\d+)(, edited)?:\n(.*?)  └\n", self.text, re.DOTALL)
        return [
            Shown(int(n), bool(edited), " ".join(re.sub(r"^  │ ?", "", body, flags=re.M).split()))
            for n, edited, body in found
        ]

    @property
    def alerts(self) -> list[Shown]:
        """Return the messages that are alerts: they say which watch fired."""
        return [m for m in self.messages if "🔎" in m.text]


@dataclass(frozen=True)
class Runs:
    """The two screens, and the folder in which the demo was started."""

    scripted: Screen
    typed: Screen
    folder: Path


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Runs:
    folder = tmp_path_factory.mktemp("elsewhere")
    own = {"DATABASE_URL": f"sqlite:///{folder}/own.db", "TELEGRAM_BOT_TOKEN": "1:own"}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OUTPOST")}
    environment |= {**own, "PYTHONUNBUFFERED": "1", "COLUMNS": "100"}
    environment.pop("NO_COLOR", None)
    began = time.monotonic()
    scripted = subprocess.Popen(
        [*COMMAND, "--no-input"],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    typed = at_a_terminal(folder, environment)
    out, _ = scripted.communicate(timeout=LIMIT_S)
    took_s = time.monotonic() - began
    return Runs(Screen(out.decode(), scripted.returncode, took_s), typed, folder)


def at_a_terminal(folder: Path, environment: dict[str, str]) -> Screen:
    """Play it with a person who types /watches and taps a button that is not there, then Ctrl-D."""
    began = time.monotonic()
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        COMMAND, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    screen, typed = b"", False
    with suppress(OSError):  # how Linux says that the other side is closed
        while chunk := os.read(ours, 65_536):
            screen += chunk
            if not typed and b"Your turn" in screen:
                typed = True
                os.write(ours, b"/watches\n99\n\x04")
            assert time.monotonic() - began < LIMIT_S
    os.close(ours)
    code = process.wait(timeout=LIMIT_S)
    return Screen(screen.decode().replace("\r\n", "\n"), code, time.monotonic() - began)


def test_it_ends_well_and_in_under_a_minute(runs):
    assert runs.scripted.code == 0, runs.scripted.text
    assert runs.scripted.took_s < 60


def test_the_story_is_one_message_edited_as_copies_come(runs):
    shown = [m for m in runs.scripted.alerts if ROCKFALL in m.text]
    assert [m.edited for m in shown] == [False] + [True] * (len(shown) - 1)
    assert len({m.number for m in shown}) == 1
    assert "Caspian Ledger" not in shown[0].text
    assert "Caspian Ledger" in shown[1].text
    last = shown[-1].text
    assert "The Highland Courier" in last
    assert re.search(r"Caspian Ledger.{0,90}\b42 min", last)
    assert "Bosphorus Evening Wire" in last


def test_the_update_joins_the_message_of_what_it_updates(runs):
    [*_, last] = [m for m in runs.scripted.alerts if ROCKFALL in m.text]
    assert "/one-lane-of-the-lachin-road-reopens" in last.text
    assert not any("One lane" in m.text and ROCKFALL not in m.text for m in runs.scripted.alerts)


def test_what_only_shares_names_is_published_and_not_told(runs):
    for headline in ("Ten men of Lachin win on the road", "Togh cellars open their doors"):
        assert f": {headline}" in runs.scripted.text
        assert not any(headline in m.text for m in runs.scripted.alerts)


@pytest.mark.parametrize(
    ("headline", "watches"),
    [
        pytest.param("Фуры ждут у весовой: объезд Лачина", ["Lachin"], id="Russian"),
        pytest.param("Տեղ գյուղի դպրոցում գիշերում են Բերձորի", ["Lachin", "Tegh"], id="Armenian"),
    ],
)
def test_the_same_watch_hears_of_it_in_other_scripts(runs, headline, watches):
    [alert] = [m for m in runs.scripted.alerts if headline in m.text and not m.edited]
    assert ROCKFALL not in alert.text
    fired = alert.text.partition("🔎")[2]
    assert all(watch in fired for watch in watches)


def test_the_log_says_what_was_told_and_what_was_folded(runs):
    [*_, log] = runs.scripted.messages
    assert log.text.count("🔁") == 2
    assert log.text.count("update added") == 1
    assert ROCKFALL in log.text
    assert "excluded for Terminal: Ten men of Lachin" in log.text
    assert "Togh" not in log.text


def test_the_summary_agrees_with_the_screen(runs):
    *_, read, sent, folded = runs.scripted.text.strip().splitlines()
    published = runs.scripted.text.count("\n· ")
    alerts = runs.scripted.alerts
    edits = sum(m.edited for m in alerts)
    assert read == f"Read:   {published} articles new in 6 feeds, after 6 that were there before."
    assert f"{len(alerts) - edits} messages, edited {edits} times" in sent
    assert folded.startswith("Folded: 3 ")


def test_nothing_but_text_is_printed_where_there_is_no_terminal(runs):
    assert "\x1b" not in runs.scripted.text


def test_the_operators_own_database_and_token_are_left_alone(runs):
    assert list(runs.folder.iterdir()) == []


def test_a_person_may_type_and_ends_it(runs):
    assert runs.typed.code == 0, runs.typed.text
    assert "\x1b[1m" in runs.typed.text  # bold, since this is a terminal
    _, _, after = re.sub(r"\x1b\[[0-9;]*m", "", runs.typed.text).partition("Your turn")
    assert "2 watches" in after
    assert "no message shows a button 99" in after
    assert after.rstrip().splitlines()[-1].startswith("Folded: ")
