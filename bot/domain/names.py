"""Names of one thing in many languages, as config/names.toml keeps them.

One entry, `[[name]]`, is one place, person or organisation:

    id = "lachin"                    # unique, [a-z0-9-]
    kind = "place"                   # place, person, organisation, event, thing
    names = {en = ["Lachin"], ...}   # by language: dictionary forms; inflection is the engine's job
    also = {en = ["Berdzor"], ...}   # rival names, same shape
    never = ["Абдаляр"]              # names that gazetteers give and that must not be used
    minds_case = ["Տեղ"]             # names that are common words in small letters
    distinct_from = ["togh"]         # ids it is mistaken for; a test holds them apart
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.domain.errors import SettingsError

KINDS = ("place", "person", "organisation", "event", "thing")


@dataclass(frozen=True, slots=True)
class Name:
    """One place, person or organisation. names, also: language -> dictionary forms."""

    id: str
    kind: str
    names: Mapping[str, tuple[str, ...]]
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    never: tuple[str, ...] = ()
    minds_case: tuple[str, ...] = ()
    distinct_from: tuple[str, ...] = ()

    def forms(self) -> list[tuple[str, str]]:
        """Return every name with its language, rival names last."""
        tables = (self.names, self.also)
        return [(lang, form) for table in tables for lang, forms in table.items() for form in forms]


@dataclass(frozen=True, slots=True)
class Names:
    """The whole table."""

    entries: tuple[Name, ...] = ()

    @classmethod
    def empty(cls) -> "Names":
        """Return a table without names."""
        return cls()


def _entry(table: Mapping[str, Any]) -> Name:
    by_language = {
        k: {lang: tuple(v) for lang, v in table.get(k, {}).items()} for k in ("names", "also")
    }
    lists = {k: tuple(table.get(k, ())) for k in ("never", "minds_case", "distinct_from")}
    return Name(table["id"], table["kind"], by_language["names"], by_language["also"], **lists)


def load_names(text: str) -> Names:
    """Read config/names.toml. Raises SettingsError with line and reason."""
    try:
        tables = tomllib.loads(text).get("name", [])
    except tomllib.TOMLDecodeError as e:
        line = re.search(r"line (\d+)", str(e))
        raise SettingsError(f"names.toml, line {line[1] if line else '?'}: {e}") from e
    return Names(tuple(_entry(table) for table in tables))
