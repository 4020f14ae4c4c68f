"""Settings: the file, the environment above it, and one clear line for each mistake."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bot.config import SECTIONS, Settings, config_folder, load_settings, shipped
from bot.domain.errors import SettingsError
from bot.outlets_file import load_outlets


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each test sees only the variables it sets, in an empty folder."""
    for name in (
        "TELEGRAM_BOT_TOKEN",
        "DATABASE_URL",
        "SENTRY_DSN",
        "OUTPOST_ADMINS",
        "OUTPOST_CONFIG",
        "PORT",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_nothing_needs_to_be_set() -> None:
    settings = load_settings()
    assert settings.database_url.get_secret_value() == "sqlite:///outpost.db"
    assert settings.telegram_api_url == "https://api.telegram.org"
    assert settings.admins == frozenset()
    assert config_folder() == shipped("config")


def test_the_shipped_file_names_every_setting_with_its_default() -> None:
    shown = tomllib.loads((shipped("config") / "settings.toml").read_text("utf-8"))
    assert set(shown) == set(SECTIONS)
    defaults = Settings()
    for section in SECTIONS:
        model = getattr(defaults, section)
        dumped = model.model_dump(mode="json")
        assert shown[section] == dumped, section


def test_the_environment_overrules_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTPOST__POLLING__MIN_INTERVAL_S", "1")
    monkeypatch.setenv("OUTPOST__NETWORK__ALLOW_PRIVATE", "127.0.0.0/8, ::1/128")
    monkeypatch.setenv("OUTPOST_ADMINS", "7, 8")
    settings = load_settings()
    assert settings.polling.min_interval_s == 1
    assert [str(n) for n in settings.network.allow_private] == ["127.0.0.0/8", "::1/128"]
    assert settings.admins == {7, 8}


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("OUTPOST__POLLING__MIN_INTERVALS", "5", "unknown setting; there are min_interval_s"),
        ("OUTPOST__POLING__AT_ONCE", "5", "unknown setting; there are polling"),
        ("OUTPOST__POLLING__MIN_INTERVAL_S", "0", "MIN_INTERVAL_S: should be greater"),
        ("OUTPOST__POLLING__MIN_INTERVAL_S", "soon", "MIN_INTERVAL_S: should be a valid"),
        ("OUTPOST__POLLING", "5", "names a section, not a setting; such as OUTPOST__POLLING__MIN_"),
        ("OUTPOST__POLLING", "soon", "names a section, not a setting"),
        ("OUTPOST__NETWORK__ALLOW_PRIVATE", '["10.0.0.0/8", "every"]', "'every' does not appear"),
        ("OUTPOST__WEB__PROXIES", '["300.1.1.1/8"]', "WEB__PROXIES: '300.1.1.1/8' does not appear"),
        ("OUTPOST__WEB__URL", "https://outpost.example/console", "without a path"),
        ("OUTPOST__NETWORK__CONTACT", "x", "should be an address such as"),
        ("OUTPOST__NETWORK__CONTACT", "http://a\nX-Evil: 1", "should be an address such as"),
        ("OUTPOST__CHAT__ALLOW", "[1, 99999999999999999999]", "less than"),
        ("OUTPOST_ADMINS", "-5", "greater than 0"),
        ("OUTPOST_ADMINS", "99999999999999999999999", "less than"),
        ("TELEGRAM_API_URL", "http://", "should be an address such as"),
        ("TELEGRAM_API_URL", "http://[half", "should be an address such as"),
        ("TELEGRAM_BOT_TOKEN", "a b", "is not the shape of a token"),
        ("TELEGRAM_BOT_TOKEN", "../../x", "is not the shape of a token"),
        ("SENTRY_DSN", "rubbish", "is no address of a Sentry project"),
        ("SENTRY_DSN", "https://sentry.example/1", "is no address of a Sentry project"),
        (
            "OUTPOST__POLLING__MIN_INTERVAL_S",
            "9000",
            "MIN_INTERVAL_S: is above polling.max_interval_s",
        ),
        ("OUTPOST__NETWORK__ALLOW_PRIVATE", "everything", "NETWORK__ALLOW_PRIVATE"),
        ("OUTPOST_ADMINS", "anna", "OUTPOST_ADMINS"),
        ("TELEGRAM_API_URL", "localhost:81", "TELEGRAM_API_URL"),
        ("PORT", "70000", "PORT"),
        ("OUTPOST_CONFIG", "/nowhere/at/all", "there is no folder"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as e:
        load_settings()
    assert says in str(e.value)
    assert name in str(e.value) or name == "OUTPOST__POLLING__MIN_INTERVAL_S"
    assert "\n" not in str(e.value)
    for inner in ("pattern", "lax-or-strict", "Value error", "Input", "secret"):
        assert inner not in str(e.value)


@pytest.mark.parametrize("form", ['["{}", "{}"]', "[{}, {}]", "{},{}", " {} , {} ", "{},{},"])
def test_every_list_is_read_as_json_or_with_commas(
    monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    networks, ids = form.format("127.0.0.1/32", "::1/128"), form.format("7", "8")
    monkeypatch.setenv("OUTPOST__NETWORK__ALLOW_PRIVATE", networks)
    monkeypatch.setenv("OUTPOST__WEB__PROXIES", networks)
    monkeypatch.setenv("OUTPOST__CHAT__ALLOW", ids)
    monkeypatch.setenv("OUTPOST_ADMINS", ids)
    settings = load_settings()
    for read in (settings.network.allow_private, settings.web.proxies):
        assert [str(network) for network in read] == ["127.0.0.1/32", "::1/128"]
    assert settings.chat.allow == settings.admins == {7, 8}


def test_every_fault_is_told_with_its_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[polling]\nfoo = 1\nat_once = 0\n[delivery]\nedit_gap_s = 9\n[web]\nurl = 'x'")
    monkeypatch.setenv("OUTPOST_CONFIG", str(tmp_path))
    monkeypatch.setenv("OUTPOST__DELIVERY__EDIT_GAP_S", "soon")
    monkeypatch.setenv("PORT", "0")
    with pytest.raises(SettingsError) as e:
        load_settings()
    said = dict(
        line.split(": ", 1) for line in str(e.value).replace(f"{file}: ", "file ").split("\n")
    )
    assert said["file polling.foo"].startswith("unknown setting; there are min_interval_s, ")
    assert said["file polling.at_once"] == "should be greater than or equal to 1"
    assert said["file web.url"] == "should be an address such as https://outpost.example"
    assert "valid integer" in said["OUTPOST__DELIVERY__EDIT_GAP_S"]
    assert set(said) >= {"PORT"}
    assert len(said) == 5


def test_an_empty_secret_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "")
    monkeypatch.setenv("SENTRY_DSN", "")
    settings = load_settings()
    assert settings.telegram_bot_token is settings.sentry_dsn is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[poling]\nat_once = 5", "unknown section [poling]"),
        ("[polling]\nat_one = 5", "polling.at_one"),
        ("[polling\n", "settings.toml"),
    ],
)
def test_a_wrong_settings_file_is_refused_with_its_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "settings.toml").write_text(text)
    monkeypatch.setenv("OUTPOST_CONFIG", str(tmp_path))
    with pytest.raises(SettingsError, match=says.replace("[", r"\[")):
        load_settings()


def test_a_config_folder_is_used_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "settings.toml").write_text("[polling]\nat_once = 3\n")
    assert load_settings().polling.at_once == 3
    assert load_outlets(Path("config"))  # what the folder lacks comes from the package


def test_a_secret_is_not_shown_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "123:secret-token")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:secret-word@h/d")
    assert "secret" not in repr(load_settings())


OUTLET = """
[[outlet]]
name = "Echo"
homepage = "https://echo.example"
country = "AM"
language = "hy"
[[outlet.feed]]
url = "https://echo.example/rss"
"""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (OUTLET + OUTLET, "stands there twice"),
        (OUTLET.replace('"AM"', '"Armenia"'), "outlet Echo: outlet.0.country"),
        (OUTLET.replace('"https://echo.example/rss"', '"file:///etc/passwd"'), "feed.0.url"),
        (OUTLET.replace("homepage", "home"), "outlet Echo"),
        (OUTLET.split("[[outlet.feed]]", maxsplit=1)[0], "outlet.0.feed"),
        ("[[outlet]", "outlets.toml"),
    ],
)
def test_a_wrong_outlets_file_names_the_outlet(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "outlets.toml").write_text(text)
    with pytest.raises(SettingsError) as e:
        load_outlets(tmp_path)
    assert says in str(e.value)


def test_every_fault_of_the_outlets_file_is_told_in_words(tmp_path: Path) -> None:
    wrong = OUTLET.replace('"AM"', '"ZZ"').replace('"hy"', '"not a lang"').replace("Echo", "Mail")
    nameless = OUTLET.replace("name =", "title =")
    (tmp_path / "outlets.toml").write_text(OUTLET + wrong + nameless)
    with pytest.raises(SettingsError) as e:
        load_outlets(tmp_path)
    country, language, *others = str(e.value).split("\n")
    assert "outlet Mail: outlet.1.country: should be a country's two capital letters" in country
    assert "outlet Mail: outlet.1.language: should be a language's code" in language
    assert [line.partition("outlet number 3: ")[2].split(":")[0] for line in others] == [
        "outlet.2.name",
        "outlet.2.title",
    ]


def test_an_outlet_is_read_with_its_feeds(tmp_path: Path) -> None:
    (tmp_path / "outlets.toml").write_text(OUTLET)
    [outlet] = load_outlets(tmp_path)
    assert (outlet.name, outlet.country, outlet.language) == ("Echo", "AM", "hy")
    assert [feed.url for feed in outlet.feeds] == ["https://echo.example/rss"]


def outpost(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False, timeout=60)


def test_a_wrong_setting_ends_the_command_with_2_and_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OUTPOST__POLLING__AT_ONE", "5")
    done = outpost("run", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "AT_ONE" in done.stderr


def test_running_without_a_token_says_where_to_get_one(tmp_path: Path) -> None:
    done = outpost("run", cwd=tmp_path)
    assert done.returncode == 2
    assert "@BotFather" in done.stderr
    assert done.stderr.count("\n") == 1


def test_check_lists_each_fault_on_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "outlets.toml").write_text("[[outlet]")
    monkeypatch.setenv("OUTPOST_CONFIG", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:secret@127.0.0.1:1/d")
    done = outpost("check", cwd=tmp_path)
    assert done.returncode == 1
    faults = [line for line in done.stdout.splitlines() if line.startswith("fault ")]
    outlets, database, token = faults
    assert "outlets.toml" in outlets
    assert "refused" in database
    assert "TELEGRAM_BOT_TOKEN" in token
    assert "secret" not in done.stdout + done.stderr


def test_an_unknown_role_is_a_wrong_use(tmp_path: Path) -> None:
    done = outpost("run", "--roles", "poll,sing", cwd=tmp_path)
    assert done.returncode == 2
    assert "sing" in done.stderr


def test_a_folder_that_may_not_be_entered_is_said_in_one_line(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "settings.toml").write_text("")
    closed.chmod(0)
    # Root may enter any folder, unless it gives up being let through.
    mortal = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    prefix = mortal if os.geteuid() == 0 else []

    def said(*arguments: str, **environment: str) -> tuple[int, str]:
        done = subprocess.run(
            [*prefix, sys.executable, "-m", "bot", *arguments],
            env={**os.environ, **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    database = f"sqlite:///{closed / 'outpost.db'}"
    try:
        settings = said("check", "--chat", "terminal", OUTPOST_CONFIG=str(closed))
        asked = said("outlets", "list", DATABASE_URL=database)
        checked = said("check", "--chat", "terminal", DATABASE_URL=database)
    finally:
        closed.chmod(0o700)
    line = f"outpost: {closed / 'settings.toml'}: let the bot's user enter its folder\n"
    assert settings == (2, line)
    assert asked == (1, f"outpost: unable to open database file: {closed / 'outpost.db'}\n")
    assert "Traceback" not in checked[1]
    assert f"{closed / 'outpost.db'} cannot be written" in checked[1]
