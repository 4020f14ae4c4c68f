"""`outpost outlets`: added by address, retired by name, exchanged as OPML; the file leaves them alone."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bot.config import shipped
from bot.outlets_file import load_outlets
from bot.store import feeds
from bot.store.engine import Store
from tests.e2e.press import Press
from tests.world import START


@pytest.fixture
def installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "outlets.toml").write_text("")
    monkeypatch.setenv("OUTPOST_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'outpost.db'}")
    monkeypatch.setenv("OUTPOST__NETWORK__ALLOW_PRIVATE", "127.0.0.0/8")
    return tmp_path


def outlets(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot", "outlets", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False, timeout=60)


def migrate(cwd: Path) -> None:
    """Make the database."""
    command = [sys.executable, "-m", "bot", "migrate"]
    subprocess.run(command, capture_output=True, cwd=cwd, check=True, timeout=60)


def listed(cwd: Path) -> list[str]:
    done = outlets(cwd, "list", "--json")
    assert done.returncode == 0, done.stderr
    return [row["outlet"] for row in json.loads(done.stdout)]


def test_an_outlet_is_added_by_the_address_of_its_feed_and_retired_by_its_name(
    installation: Path, press: Press
) -> None:
    herald = press.add("herald", "Batum Herald", country="GE")
    herald.publish("Quays are quiet", "Nothing moved on the quays on Sunday.")
    address = f"{herald.home}/feed.xml"
    done = outlets(installation, "add", address, "--country", "GE", "--language", "en")
    assert done.returncode == 0, done.stderr
    assert "feeds added" in done.stdout
    assert listed(installation) == ["Batum Herald"]

    words = ("--name", "Another", "--country", "GE", "--language", "en")
    twice = outlets(installation, "add", address, *words)
    assert twice.returncode == 1
    assert "polled already, as 'Batum Herald'" in twice.stderr

    store = Store(f"sqlite:///{installation / 'outpost.db'}")
    store.call(feeds.sync_outlets, load_outlets(shipped("config"))[:1], START)
    store.close()
    assert "Batum Herald" in listed(installation)  # the file does not name it, and leaves it alone

    assert outlets(installation, "retire", "Batum Herald").returncode == 0
    assert "Batum Herald" not in listed(installation)
    again = outlets(installation, "retire", "Batum Herald")
    assert again.returncode == 1
    assert "outpost outlets list" in again.stderr


def test_country_and_language_are_told_from_what_an_outlet_publishes(
    installation: Path, press: Press
) -> None:
    herald = press.add("herald", "Marzəli", country="AZ", language="az")
    herald.publish("Körpü təmirdən sonra yenidən açıldı", "Çayın üzərindəki körpü açıldı.")
    done = outlets(installation, "add", f"{herald.home}/feed.xml")
    assert "Marzəli (AZ, az)" in done.stdout
    table = outlets(installation, "list").stdout
    assert "polled never, new never, rhythm unknown; waits for its first poll" in table


def test_what_a_command_retired_the_file_does_not_bring_back(installation: Path) -> None:
    entry = load_outlets(shipped("config"))[0]
    migrate(installation)
    store = Store(f"sqlite:///{installation / 'outpost.db'}")
    store.call(feeds.sync_outlets, [entry], START)
    assert outlets(installation, "retire", entry.name).returncode == 0
    store.call(feeds.sync_outlets, [entry], START)
    store.close()
    assert listed(installation) == []


def test_outlets_travel_as_opml(installation: Path, tmp_path: Path) -> None:
    migrate(installation)
    store = Store(f"sqlite:///{installation / 'outpost.db'}")
    store.call(feeds.sync_outlets, load_outlets(shipped("config")), START)
    exported = outlets(installation, "export")
    names = listed(installation)
    store.call(feeds.sync_outlets, [], START)
    store.close()
    assert listed(installation) == []

    file = tmp_path / "all.opml"
    file.write_text(exported.stdout, "utf-8")
    done = outlets(installation, "import", str(file))
    assert done.returncode == 0, done.stderr
    assert sorted(listed(installation)) == sorted(names)
    again = outlets(installation, "import", str(file))
    assert "0 feeds added, 0 brought back, 64 polled already" in again.stdout


@pytest.mark.parametrize(
    ("text", "says"),
    [("<html></html>", "not OPML"), ("<opml><body/></opml>", "without feeds"), ("", "not OPML")],
)
def test_a_file_that_is_no_opml_is_refused(
    installation: Path, tmp_path: Path, text: str, says: str
) -> None:
    file = tmp_path / "a.opml"
    file.write_text(text)
    done = outlets(installation, "import", str(file))
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_page_without_a_feed_or_a_wrong_country_is_said(installation: Path, press: Press) -> None:
    herald = press.add("herald", "Batum Herald", country="GE")
    wrong = outlets(
        installation, "add", f"{herald.home}/feed.xml", "--country", "Georgia", "--language", "en"
    )
    assert wrong.returncode == 2
    assert "country" in wrong.stderr
    nothing = outlets(
        installation, "add", "http://127.0.0.1:1/", "--country", "GE", "--language", "en"
    )
    assert nothing.returncode == 1
    assert nothing.stderr.count("\n") == 1


def test_a_country_that_is_none_is_refused_and_none_is_guessed_from_a_number(
    installation: Path, press: Press
) -> None:
    herald = press.add("herald", "Batum Herald", country="GE")
    herald.publish("Quays are quiet", "Nothing moved on the quays on Sunday.")
    address = f"{herald.home}/feed.xml"
    wrong = outlets(installation, "add", address, "--country", "ZZ")
    assert (wrong.returncode, "ZZ" in wrong.stderr, "3166" in wrong.stderr) == (2, True, True)
    unsaid = outlets(installation, "add", address)
    assert (unsaid.returncode, "it is not said" in unsaid.stderr) == (2, True)
    migrate(installation)
    assert listed(installation) == []


def test_adding_a_feed_again_says_what_it_changed(installation: Path, press: Press) -> None:
    herald = press.add("herald", "Batum Herald", country="GE")
    herald.publish("Quays are quiet", "Nothing moved on the quays on Sunday.")
    words = ("add", f"{herald.home}/feed.xml", "--language", "en", "--country")
    assert "1 feeds added" in outlets(installation, *words, "GE").stdout
    assert "it is polled already\n" in outlets(installation, *words, "GE").stdout
    assert "changed: country from GE to AM" in outlets(installation, *words, "AM").stdout


def test_what_cannot_be_taken_of_a_file_is_named_with_its_reason(
    installation: Path, tmp_path: Path
) -> None:
    file = tmp_path / "a.opml"
    good = '<outline text="Echo" xmlUrl="https://echo.example/rss"/>'
    bad = '<outline text="Odd\u202e" xmlUrl="javascript:alert(1)"/>'
    here = '<outline text="Here" xmlUrl="http://127.0.0.1/rss"/>'  # allow_private has it
    far = '<outline text="Far" xmlUrl="http://10.0.0.1/rss"/>'
    file.write_text(f"<opml><body>{good}{bad}{here}{far}</body></opml>", "utf-8")
    done = outlets(installation, "import", str(file))
    assert done.returncode == 0
    assert "2 outlets; 2 feeds added" in done.stdout
    odd, private = done.stderr.splitlines()
    assert (
        odd == r"outpost: passed over: Odd\u202e: “javascript:alert(1)” is no http or https address"
    )
    assert "Far: http://10.0.0.1/rss leads into a private network" in private

    file.write_text(f"<opml><body>{bad}</body></opml>", "utf-8")
    none = outlets(installation, "import", str(file))
    assert none.returncode == 2
    assert "no outlet in it can be polled" in none.stderr
