"""What an installed wheel must carry: it works from any folder, without the checkout."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the wheel's files, as pip would lay them out."""
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(out / "site")
    return out / "site"


def run(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from bot.cli import main; main()"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("OUTPOST", "DATABASE"))}
    return subprocess.run(
        [sys.executable, "-c", code, str(installed), *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
        timeout=60,
        env=environment | {"PYTHONSAFEPATH": "1"},
    )


def test_the_wheel_carries_its_outlets_migrations_texts_and_press(installed: Path) -> None:
    for name in (
        "bot/shipped/config/outlets.toml",
        "bot/shipped/config/settings.toml",
        "bot/shipped/config/names.toml",
        "bot/shipped/migrations/env.py",
        "bot/texts/locales/en/outpost.po",
        "bot/demo/press.toml",
    ):
        assert (installed / name).is_file(), name


def needed(installed: Path) -> Iterator[Requirement]:
    """Yield what the wheel asks of its installer."""
    [metadata] = installed.glob("*.dist-info/METADATA")
    for line in metadata.read_text("utf-8").splitlines():
        if line.startswith("Requires-Dist:"):
            yield Requirement(line.partition(":")[2])


def closure(wanted: list[Requirement]) -> Iterator[Requirement]:
    """Yield these and what they ask for in turn, extras that nobody chose left out."""
    seen: set[str] = set()
    while wanted:
        asked = wanted.pop()
        if asked.marker and not asked.marker.evaluate({"extra": ""}):
            continue
        yield asked
        if asked.name not in seen:
            seen.add(asked.name)
            wanted += [Requirement(r) for r in distribution(asked.name).requires or ()]


def test_no_extra_is_lost_on_an_installer_that_compares_spellings(installed: Path) -> None:
    """pip before 23.3 finds no `html_clean` in a package that provides `html-clean`."""
    wanted = list(needed(installed))
    ours = {canonicalize_name(r.name) for r in wanted}
    lost = set()
    for asked in closure(wanted):
        provider = distribution(asked.name)
        for extra in asked.extras - set(provider.metadata.get_all("Provides-Extra") or ()):
            brought = [Requirement(r) for r in provider.requires or ()]
            lost |= {
                canonicalize_name(r.name)
                for r in brought
                if r.marker
                and not r.marker.evaluate({"extra": ""})
                and r.marker.evaluate({"extra": canonicalize_name(extra)})
            }
    assert lost <= ours


def test_an_installed_wheel_makes_its_database_in_any_folder(
    installed: Path, tmp_path: Path
) -> None:
    done = run(installed, tmp_path, "migrate")
    assert done.returncode == 0, done.stderr
    assert "is at revision" in done.stdout
    assert (tmp_path / "outpost.db").is_file()


def test_an_installed_wheel_finds_its_shipped_outlets(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "check")
    faults = [line for line in done.stdout.splitlines() if line.startswith("fault ")]
    assert faults == [
        "fault   token      TELEGRAM_BOT_TOKEN is not set: get one from @BotFather; without one,"
        " `outpost check --chat terminal`"
    ], done.stderr
