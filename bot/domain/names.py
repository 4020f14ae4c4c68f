"""Names of one thing in many languages, as config/names.toml keeps them.

One entry, `[[name]]`, is one place, person or organisation:

    id = "lachin"                    # unique, [a-z0-9-]
    kind = "place"                   # place, person, organisation, event, thing
    names = {en = ["Lachin"], ...}   # by language: dictionary forms; inflection is the engine's job
    also = {en = ["Berdzor"], ...}   # rival names, same shape
    never = ["Абдаляр"]              # names that gazetteers give and that must not be used
    minds_case = ["Տեղ"]             # names that are common words in small letters
    everyday = {hy = ["Տեղի"], ...}  # forms that as common words open sentences, by language of the text
    distinct_from = ["togh"]         # ids it is mistaken for; a name inside a longer one of theirs is theirs
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from bot.domain.errors import SettingsError
from bot.domain.slavic import adjective_stem
from bot.domain.text import TURKIC, fold, pieces, split

KINDS: Final = ("place", "person", "organisation", "event", "thing")
_TABLES: Final = ("names", "also")
_EVERYDAY: Final = "everyday"
_LISTS: Final = ("never", "minds_case", "distinct_from")
_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


# How words begin that say what a place is, in the languages of the region: «Van Gölü», «Տեղ գյուղ».
_SAYING_WHAT: Final = """
    mount city town village river lake province region district airport municipality border
    город сел дерев посел посёл район област река реки реке озер аэропорт станиц пгт
    місто міста місті містом област район річк озер аеропорт селищ громад
    քաղաք գյուղ համայնք մարզ շրջան գետ լիճ լճ օդանավակայան բնակավայր սահմանամերձ
    şəhər kənd rayon qəsəbə çay göl dağ aeroport bələdiyyə
    ilçe ilinde ilinin iline ilinden şehr köy belde göl nehr nehir havaliman belediye vilayet valili
    ქალაქ სოფელ სოფლ რაიონ მდინარ ტბა აეროპორტ მუნიციპალიტეტ
"""
_KINDS_OF_PLACE: Final = tuple(_SAYING_WHAT.split())


def is_kind_of_place(word: str) -> bool:
    """Tell whether a word of a text says what a place is: village, rayon, gölü."""
    return word.lower().startswith(_KINDS_OF_PLACE)


@dataclass(frozen=True, slots=True)
class Form:
    """One name of an entry. words: normal forms, diacritics kept; typed: the same as written."""

    text: str
    language: str
    words: tuple[str, ...]
    typed: tuple[str, ...]
    minds_case: bool

    @property
    def key(self) -> tuple[str, ...]:
        """Return the words without diacritics: what a person may type for it."""
        return tuple(map(fold, self.words))

    def capitals(self) -> tuple[int, ...]:
        """Return how many capitals each word of a text must begin with, to be this name."""
        if not self.minds_case:
            return (0,) * len(self.words)
        return tuple(2 if len(t) > 1 and t.isupper() else int(t[:1].isupper()) for t in self.typed)


@dataclass(frozen=True, slots=True)
class Name:
    """One place, person or organisation, its rival names last."""

    id: str
    kind: str
    forms: tuple[Form, ...]
    never: frozenset[str] = frozenset()  # normal forms, and stems of adjectives
    everyday: Mapping[str, frozenset[str]] = field(default_factory=dict)  # normal form -> languages
    distinct_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """The whole table, by id and by what is typed. stamp: changes whenever the table does."""

    by_id: Mapping[str, Name] = field(default_factory=dict)
    by_key: Mapping[tuple[str, ...], tuple[tuple[Name, Form], ...]] = field(default_factory=dict)
    stamp: str = ""
    longest: int = 1  # words of the longest name
    places: Mapping[str, frozenset[str]] = field(
        default_factory=dict
    )  # word, with its diacritics and without -> ids of places

    @classmethod
    def empty(cls) -> "Names":
        """Return a table without names."""
        return cls()

    def called(self, typed: tuple[str, ...]) -> list[Name]:
        """Return what is called that; in small letters too: nobody types capitals into a chat.

        typed: normal forms. Without diacritics too, unless that must not be used: Susa is not Şuşa.
        """
        found = self.by_key.get(tuple(map(fold, typed)), ())
        sound = (n for n, form in found if form.words == typed or n.never.isdisjoint(typed))
        return list({name.id: name for name in sound}.values())

    def rivals(self, name: Name) -> Iterator[Form]:
        """Yield the longer names of other entries that hold a name of this one: Georgia in South Georgia."""
        keys = [form.key for form in name.forms]
        for other in map(self.by_id.get, name.distinct_from):
            for form in other.forms if other else ():
                if any(len(key) < len(form.key) and _inside(key, form.key) for key in keys):
                    yield form


def _inside(part: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    size = len(part)
    return any(
        all(_alike(a, b) for a, b in zip(part, whole[at : at + size], strict=True))
        for at in range(len(whole) - size + 1)
    )


def _alike(a: str, b: str) -> bool:
    """Tell whether two words may be forms of one: they begin alike but for an ending."""
    keep = max(3, min(len(a), len(b)) - 2)
    return a[:keep] == b[:keep]


def form_of(text: str, language: str, *, minds_case: bool = False) -> Form:
    """Return a name ready for use."""
    turkic = language in TURKIC
    found = [
        (piece.meant, chunk[piece.start : piece.end])
        for chunk in split(text)[1::2]
        for piece in pieces(chunk, turkic=turkic)
    ]
    return Form(text, language, tuple(w for w, _ in found), tuple(t for _, t in found), minds_case)


def _name(table: Mapping[str, Any]) -> Name:
    minding = set(table.get("minds_case", ()))
    forms = [
        form_of(text, language, minds_case=text in minding)
        for key in _TABLES
        for language, texts in table.get(key, {}).items()
        for text in texts
    ]
    never = {word for text in table.get("never", ()) for word in form_of(text, "").words}
    never |= {stem for stem in map(adjective_stem, never) if stem}
    return Name(
        table["id"],
        table["kind"],
        tuple(forms),
        frozenset(never),
        _everyday(table.get("everyday", {})),
        tuple(table.get("distinct_from", ())),
    )


def _everyday(by_language: Mapping[str, list[str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for language, texts in by_language.items():
        for text in texts:
            found.setdefault(form_of(text, language).words[0], set()).add(language)
    return {form: frozenset(languages) for form, languages in found.items()}


def names_of(tables: list[Mapping[str, Any]], stamp: str = "") -> Names:
    """Return the table of entries already known to be sound."""
    names = [_name(table) for table in tables]
    by_key: dict[tuple[str, ...], list[tuple[Name, Form]]] = {}
    places: dict[str, set[str]] = {}
    for name in names:
        for form in name.forms:
            by_key.setdefault(form.key, []).append((name, form))
            if name.kind == "place" and len(form.key) == 1:
                for word in {form.words[0], form.key[0]}:
                    places.setdefault(word, set()).add(name.id)
    return Names(
        {name.id: name for name in names},
        {key: tuple(found) for key, found in by_key.items()},
        stamp,
        max((len(key) for key in by_key), default=1),
        {word: frozenset(ids) for word, ids in places.items()},
    )


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(v, str) and re.search(r"\w", v) for v in value
    )


def _fault(table: Mapping[str, Any]) -> str:
    """Return what is wrong with an entry by itself, "" if nothing is."""
    name_id = table.get("id")
    if not isinstance(name_id, str) or not _ID.fullmatch(name_id):
        return f"id must be small letters, digits and hyphens, not {name_id!r}"
    unknown = set(table) - {"id", "kind", *_TABLES, _EVERYDAY, *_LISTS}
    if unknown:
        return f"{name_id}: {', '.join(sorted(unknown))} is not a key of an entry"
    if table.get("kind") not in KINDS:
        return f"{name_id}: kind must be one of {', '.join(KINDS)}, not {table.get('kind')!r}"
    for key in (*_TABLES, _EVERYDAY):
        by_language = table.get(key, {})
        if not isinstance(by_language, dict) or not all(map(_texts, by_language.values())):
            return f"{name_id}: {key} must be lists of names by language"
    if not table.get("names"):
        return f"{name_id}: names is missing"
    wrong = [key for key in _LISTS if not _texts(table.get(key, []))]
    return f"{name_id}: {wrong[0]} must be a list of texts" if wrong else _contradiction(table)


def _contradiction(table: Mapping[str, Any]) -> str:
    """Return how the lists of an entry contradict its names, "" if they do not."""
    given = {text for key in _TABLES for texts in table.get(key, {}).values() for text in texts}
    for text in table.get("minds_case", ()):
        if text not in given:
            return f"{table['id']}: minds_case has {text}, which is not among its names"
    for text in table.get("never", ()):
        if text in given:
            return f"{table['id']}: {text} is both a name and under never"
    return ""


def _lines(text: str) -> list[int]:
    """Return the line of each [[name]]."""
    return [n for n, line in enumerate(text.splitlines(), 1) if line.strip().startswith("[[name]]")]


def _unsound(tables: list[Mapping[str, Any]]) -> Iterator[tuple[int, str]]:
    """Yield (index of the entry, what is wrong). Do not go on after the first: the rest leans on it."""
    seen: set[str] = set()
    for i, table in enumerate(tables):
        fault = _fault(table) or (f"{table['id']} is there twice" if table["id"] in seen else "")
        if fault:
            yield i, fault
        seen.add(table["id"])
    for i, table in enumerate(tables):
        for other in table.get("distinct_from", ()):
            if other not in seen or other == table["id"]:
                yield i, f"{table['id']}: distinct_from {other}, which is no other entry"


def load_names(text: str) -> Names:
    """Read config/names.toml. Raises SettingsError with line and reason."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        line = re.search(r"line (\d+)", str(e))
        raise SettingsError(
            f"names.toml, line {line[1] if line else len(text.splitlines())}: {e}"
        ) from e
    tables = document.get("name", [])
    if set(document) - {"name"} or not isinstance(tables, list):
        raise SettingsError("names.toml, line 1: it may hold [[name]] entries only")
    lines = _lines(text)
    for index, fault in _unsound(tables):
        line_number = lines[index] if len(lines) == len(tables) else 1
        raise SettingsError(f"names.toml, line {line_number}: {fault}")
    return names_of(tables, sha256(text.encode()).hexdigest()[:16])
