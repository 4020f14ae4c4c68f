"""outlets.toml -> outlets: what the file must hold, and so every outlet that is given by hand."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError

from bot.config import Section, config_file, read_toml
from bot.domain import given
from bot.domain.errors import SettingsError
from bot.domain.outlet import FeedKind, OutletEntry, OutletFeed

OutletAddress = Annotated[str, AfterValidator(given.outlet_address)]


class _FeedModel(Section):
    url: OutletAddress
    kind: FeedKind = FeedKind.FEED


class _OutletModel(Section):
    name: str = Field(min_length=1, max_length=100)
    homepage: OutletAddress
    country: Annotated[str, AfterValidator(given.country)]
    language: Annotated[str, AfterValidator(given.language)]
    user_agent: str | None = Field(None, max_length=300)
    feed: tuple[_FeedModel, ...] = Field(min_length=1)


class _OutletsModel(Section):
    outlet: tuple[_OutletModel, ...] = ()


def load_outlets(folder: Path) -> tuple[OutletEntry, ...]:
    """Read outlets.toml. Raises SettingsError, a line for each fault: file, outlet, and what is wrong."""
    file = config_file(folder, "outlets.toml")
    values = read_toml(file)
    try:
        outlets = _OutletsModel.model_validate(values).outlet
    except ValidationError as e:
        faults = [f"{file}: {_of_outlet(values, fault)}" for fault in e.errors()]
        raise SettingsError("\n".join(faults)) from None
    names, urls = [o.name for o in outlets], [f.url for o in outlets for f in o.feed]
    twins = [v for values in (names, urls) for v, n in Counter(values).items() if n > 1]
    if twins:
        raise SettingsError("\n".join(f"{file}: {v!r} stands there twice" for v in twins))
    return tuple(_entry(o) for o in outlets)


def _of_outlet(values: Mapping[str, Any], fault: Any) -> str:
    """Return which outlet has a fault, where, and what it is."""
    words = f"{'.'.join(map(str, fault['loc']))}: {given.fault_in_words(fault)}"
    if len(fault["loc"]) < 2 or not isinstance(index := fault["loc"][1], int):
        return words
    outlet = values["outlet"][index]
    named = outlet.get("name") if isinstance(outlet, dict) else None
    return f"outlet {named or f'number {index + 1}'}: {words}"


def check_outlet(values: Mapping[str, object]) -> OutletEntry:
    """Return an outlet given by hand, held to what the outlets file must hold. Raises SettingsError."""
    try:
        return _entry(_OutletModel.model_validate(values))
    except ValidationError as e:
        raise SettingsError(_one_line(e)) from None


def _one_line(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, fault['loc']))}: {given.fault_in_words(fault)}"


def _entry(outlet: _OutletModel) -> OutletEntry:
    return OutletEntry(
        name=outlet.name,
        homepage=outlet.homepage,
        country=outlet.country,
        language=outlet.language,
        feeds=tuple(OutletFeed(f.url, f.kind) for f in outlet.feed),
        user_agent=outlet.user_agent,
    )
