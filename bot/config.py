"""Settings: choices from settings.toml, secrets and overrides from the environment, read once.

This is the only file that reads the environment.
Wrong and unknown settings are one SettingsError, a line each.
"""

import os
import stat
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as Undecodable

from bot.domain import given
from bot.domain.errors import SettingsError
from bot.domain.model import ChatKind, Role

PREFIX = "OUTPOST__"
ROLES = ("poll", "ingest", "deliver", "chat", "web")  # what one process may do
TALKING = frozenset({"deliver", "chat"})  # those that need a token
PACKAGE = Path(__file__).resolve().parent

Listed = BeforeValidator(given.listed)  # the one reader of lists in the environment
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(given.network)]
Networks = Annotated[tuple[Network, ...], NoDecode, Listed]
UserId = Annotated[int, Field(gt=0, lt=given.MAX_ID)]
ChatId = Annotated[int, Field(gt=-given.MAX_ID, lt=given.MAX_ID)]
WebAddress = Annotated[str, AfterValidator(given.web_address)]


def _secret(checked: Callable[[str], str]) -> AfterValidator:
    """Return the check of a secret; an empty one is none."""
    return AfterValidator(lambda v: v if v and checked(v.get_secret_value()) else None)


class Section(BaseModel):
    """A table of settings.toml. Frozen; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Polling(Section):
    """When outlets are asked."""

    min_interval_s: int = Field(120, ge=1, le=86_400)
    max_interval_s: int = Field(3_600, ge=1, le=86_400)
    polls_per_minute: int = Field(60, ge=1, le=10_000)
    at_once: int = Field(64, ge=1, le=512)
    feed_gap_s: float = Field(2.0, ge=0, le=60)
    page_gap_s: float = Field(5.0, ge=0, le=60)


class Networking(Section):
    """How outlets are asked, and which addresses may be."""

    contact: WebAddress = Field("https://github.com/outpost-bot/outpost", max_length=200)
    allow_private: Networks = ()
    total_timeout_s: float = Field(30.0, ge=1, le=300)


class Pages(Section):
    """When an article's page is read for its full text."""

    fetch: bool = True
    under_chars: int = Field(600, ge=0, le=100_000)
    attempts: int = Field(3, ge=1, le=10)
    retry_s: int = Field(300, ge=1, le=86_400)


class Clustering(Section):
    """What counts as a copy."""

    window_h: int = Field(72, ge=1, le=720)
    candidates: int = Field(24, ge=1, le=500)


class Work(Section):
    """How processes share the work."""

    lease_s: int = Field(120, ge=5, le=3_600)


class Keep(Section):
    """How long what is stored is kept. Never less than the window in which a story is open for copies."""

    texts_days: int = Field(180, ge=31, le=3_650)
    deliveries_days: int = Field(90, ge=1, le=3_650)
    ledger_days: int = Field(730, ge=31, le=3_650)


class Delivery(Section):
    """How messages go out."""

    edit_gap_s: int = Field(10, ge=0, le=3_600)
    digest_over: int = Field(12, ge=2, le=100_000)


class Chat(Section):
    """What a chat may do: a private one, and where that differs a group or channel, or an admin."""

    watches_per_subscriber: int = Field(100, ge=1, le=10_000)
    query_chars: int = Field(500, ge=10, le=4_000)
    broad_pct: float = Field(5.0, ge=0.1, le=100)
    console_url: str = Field("", exclude=True)  # no choice: filled in from [web] by Settings.limits
    own_networks: tuple[str, ...] = Field((), exclude=True)  # likewise, from [network]
    searches_per_minute: int = Field(10, ge=1, le=1_000)
    query_cost: int = Field(100, ge=1, le=2_000)
    group_watches: int = Field(100, ge=1, le=10_000)
    group_searches_per_minute: int = Field(20, ge=1, le=1_000)
    group_query_cost: int = Field(100, ge=1, le=2_000)
    admin_watches: int = Field(1_000, ge=1, le=10_000)
    admin_searches_per_minute: int = Field(60, ge=1, le=1_000)
    admin_query_cost: int = Field(2_000, ge=1, le=2_000)
    allow: Annotated[frozenset[ChatId], NoDecode, Listed] = frozenset()

    def of(self, role: Role, kind: ChatKind) -> "Chat":
        """Return the limits of one who asks: an admin's anywhere, else those of such a chat."""
        if role is Role.ADMIN:
            return self._with(
                self.admin_watches, self.admin_searches_per_minute, self.admin_query_cost
            )
        if kind is ChatKind.PRIVATE:
            return self
        return self._with(self.group_watches, self.group_searches_per_minute, self.group_query_cost)

    def _with(self, watches: int, searches: int, cost: int) -> "Chat":
        return self.model_copy(
            update={
                "watches_per_subscriber": watches,
                "searches_per_minute": searches,
                "query_cost": cost,
            }
        )


class Web(Section):
    """The console: where it is reached, by whom it may be forwarded, how long a session lasts."""

    url: Annotated[str, AfterValidator(given.site)] = Field("", max_length=300)
    host: str = Field("127.0.0.1", max_length=255)
    proxies: Networks = ()
    idle_h: float = Field(12, ge=0.1, le=720)
    absolute_h: float = Field(168, ge=0.1, le=8_760)
    metrics: bool = True


class Settings(BaseSettings):
    """Everything that is a choice. Made by `load_settings` only."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        populate_by_name=True,
    )
    _toml: ClassVar[Path | None] = None

    telegram_bot_token: Annotated[SecretStr | None, _secret(given.bot_token)] = Field(
        None, validation_alias="TELEGRAM_BOT_TOKEN"
    )
    telegram_api_url: WebAddress = Field(
        "https://api.telegram.org", validation_alias="TELEGRAM_API_URL"
    )
    database_url: SecretStr = Field(
        SecretStr("sqlite:///outpost.db"), validation_alias="DATABASE_URL"
    )
    admins: Annotated[frozenset[UserId], NoDecode, Listed] = Field(
        frozenset(), validation_alias="OUTPOST_ADMINS"
    )
    sentry_dsn: Annotated[SecretStr | None, _secret(given.sentry_dsn)] = Field(
        None, validation_alias="SENTRY_DSN"
    )
    config_dir: Path = Field(Path("config"), validation_alias="OUTPOST_CONFIG")
    port: int = Field(8000, ge=1, le=65_535, validation_alias="PORT")

    polling: Polling = Polling()
    network: Networking = Networking()
    pages: Pages = Pages()
    clustering: Clustering = Clustering()
    work: Work = Work()
    delivery: Delivery = Delivery()
    keep: Keep = Keep()
    chat: Chat = Chat()
    web: Web = Web()

    @property
    def limits(self) -> Chat:
        """Return what the chat's commands are told of the settings."""
        own = tuple(map(str, self.network.allow_private))
        return self.chat.model_copy(update={"console_url": self.console_url, "own_networks": own})

    @property
    def console_url(self) -> str:
        """Return where the console is reached, without a slash at the end."""
        return self.web.url.rstrip("/") or f"http://127.0.0.1:{self.port}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment overrule the file; there is no .env and no secrets folder."""
        file = TomlConfigSettingsSource(settings_cls, cls._toml)
        return (init_settings, env_settings, file)


SECTIONS = ("polling", "network", "pages", "clustering", "work", "delivery", "keep", "chat", "web")


def shipped(name: str) -> Path:
    """Return a folder that travels with the package, "config" or "migrations", in a wheel or a checkout."""
    inside = PACKAGE / "shipped" / name
    return inside if inside.is_dir() else PACKAGE.parent / name


def config_folder() -> Path:
    """Return OUTPOST_CONFIG, else ./config where there is one, else the packaged copy."""
    named = os.environ.get("OUTPOST_CONFIG")
    if named:
        return Path(named)
    here = Path("config")
    ours = any((here / name).is_file() for name in ("settings.toml", "outlets.toml"))
    return here if ours else shipped("config")


def config_file(folder: Path, name: str) -> Path:
    """Return that file of the folder, or the packaged one where the folder has none."""
    file = folder / name
    with suppress(FileNotFoundError, NotADirectoryError):
        if stat.S_ISREG(file.stat().st_mode):
            return file
    return shipped("config") / name


def load_settings() -> Settings:
    """Read settings.toml and the environment. Raises SettingsError, a line for each fault."""
    try:
        folder = config_folder()
        if not folder.is_dir():
            raise SettingsError(f"OUTPOST_CONFIG: there is no folder {folder}")
        file = config_file(folder, "settings.toml")
    except PermissionError as e:  # we may not even look whether it is there
        raise SettingsError(f"{e.filename}: let the bot's user enter its folder") from None
    faults = dict(_unknown_variables(os.environ))
    for name in read_toml(file).keys() - set(SECTIONS):
        faults[(name,)] = f"{file}: unknown section [{name}]; there are {', '.join(SECTIONS)}"
    settings = _validated(folder, file, faults)
    if settings and settings.polling.min_interval_s > settings.polling.max_interval_s:
        place = _place(("polling", "min_interval_s"), file)
        faults["polling",] = f"{place}: is above polling.max_interval_s"
    if faults or settings is None:
        raise SettingsError("\n".join(faults.values()))
    return settings


def _validated(folder: Path, file: Path, faults: dict[tuple[str, ...], str]) -> Settings | None:
    """Return the settings, or None and a fault more for each place that is wrong."""
    loader = type("Settings", (Settings,), {"_toml": file})
    try:
        settings: Settings = loader(config_dir=folder)
        return settings
    except ValidationError as e:
        for fault in e.errors(include_url=False, include_input=False):
            where = tuple(part for part in fault["loc"] if isinstance(part, str))
            faults.setdefault(
                where,
                f"{_place(where, file)}: {given.fault_in_words(fault, _settings_of(where[0]))}",
            )
    except Undecodable:  # a variable for a whole section, which is among the unknown ones
        if not faults:
            raise
    return None


def unread_variables() -> list[str]:
    """Return the variables that look like ours and are none: nothing reads them."""
    ours = {str(field.validation_alias) for field in Settings.model_fields.values()}
    like_ours = {n for n in os.environ if n.upper().startswith("OUTPOST_")}
    return sorted(n for n in like_ours - ours if not n.upper().startswith(PREFIX))


def _unknown_variables(environment: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the place and the fault of each variable with our prefix that names no setting."""
    for name in environment:
        if not name.upper().startswith(PREFIX):
            continue
        section, _, key = name.upper().removeprefix(PREFIX).lower().partition("__")
        known = _settings_of(section)
        if known and not key:
            said = f"names a section, not a setting; such as {name}__{known[0].upper()}"
            yield (section,), f"{name}: {said}"
        elif key not in known:
            yield (
                (section, key),
                f"{name}: unknown setting; there are {', '.join(known or SECTIONS)}",
            )


def _settings_of(section: str) -> list[str]:
    model = Settings.model_fields[section].annotation if section in SECTIONS else None
    return list(getattr(model, "model_fields", ()))


def _place(where: tuple[str, ...], file: Path) -> str:
    """Return the variable that sets it, or the file and the place in it."""
    if where[0] not in SECTIONS:
        return where[0]
    name = PREFIX + "__".join(where).upper()
    return name if name in map(str.upper, os.environ) else f"{file}: {'.'.join(where)}"


def read_toml(file: Path) -> dict[str, Any]:
    """Return what a TOML file holds. Raises SettingsError: the file, and what is wrong with it."""
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as e:
        raise SettingsError(f"{file}: {e}") from None
