"""config/names.toml itself: what a hand can get wrong in it, found before a subscriber finds it."""

import re
import tomllib
import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from bot.domain.names import load_names

NAMES_FILE = Path(__file__).resolve().parents[2] / "config" / "names.toml"
KEYS = {"id", "kind", "names", "also", "never", "minds_case", "everyday", "distinct_from"}
KINDS = {"place", "person", "organisation"}
SCRIPTS: dict[str, str | tuple[str, ...]] = {
    "ab": "CYRILLIC",
    "ar": "ARABIC",
    "az": "LATIN",
    "de": "LATIN",
    "el": "GREEK",
    "en": "LATIN",
    "es": "LATIN",
    "fa": "ARABIC",
    "he": "HEBREW",
    "ja": ("CJK", "KATAKANA"),
    "fr": "LATIN",
    "hy": "ARMENIAN",
    "it": "LATIN",
    "ka": "GEORGIAN",
    "kk": "CYRILLIC",
    "pl": "LATIN",
    "ru": "CYRILLIC",
    "tr": "LATIN",
    "uk": "CYRILLIC",
    "zh": "CJK",
}
CASELESS = {"ar", "fa", "he", "ja", "ka", "zh"}
NOT_IN_ALPHABET = {"uk": set("ыэёъ"), "ru": set("іїєґ'’")}
ROMAN_NUMERAL = re.compile(r"\b[IVX]+\b\.?")

# A name in two entries, and why it cannot be helped.
SHARED_NAMES: dict[str, str] = {}


def entries() -> list[dict[str, Any]]:
    return tomllib.loads(NAMES_FILE.read_text(encoding="utf-8"))["name"]


def names_of(entry: dict[str, Any]) -> list[tuple[str, str]]:
    """All names of an entry with their language, rival names included."""
    return [
        (language, name)
        for table in ("names", "also")
        for language, names in entry.get(table, {}).items()
        for name in names
    ]


ENTRIES = entries()
BY_ID = {entry["id"]: entry for entry in ENTRIES}


def test_the_file_covers_the_region() -> None:
    assert len(ENTRIES) >= 250
    assert {entry["kind"] for entry in ENTRIES} == KINDS


def test_ids_are_unique_and_kebab_case() -> None:
    assert len(BY_ID) == len(ENTRIES)
    assert [i for i in BY_ID if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", i)] == []


def test_an_entry_says_only_what_the_format_knows_and_nothing_empty() -> None:
    for entry in ENTRIES:
        assert set(entry) <= KEYS, entry["id"]
        assert entry["kind"] in KINDS, entry["id"]
        assert entry["names"], entry["id"]
        empty = [key for key in KEYS & set(entry) if not entry[key]]
        empty += [
            f"{table}.{language}"
            for table in ("names", "also")
            for language, names in entry.get(table, {}).items()
            if not names
        ]
        assert not empty, f"{entry['id']}: {empty} is empty, leave it out"


def test_names_are_written_in_the_script_of_their_language() -> None:
    wrong = [
        (entry["id"], language, name)
        for entry in ENTRIES
        for language, name in names_of(entry)
        for letter in ROMAN_NUMERAL.sub("", name)
        if letter.isalpha() and not unicodedata.name(letter).startswith(SCRIPTS[language])
    ]
    assert wrong == []


def test_russian_and_ukrainian_names_keep_to_their_alphabets() -> None:
    wrong = [
        (entry["id"], name)
        for entry in ENTRIES
        for language, name in names_of(entry)
        if NOT_IN_ALPHABET.get(language, set()) & set(name.lower())
    ]
    assert wrong == []


def test_names_are_tidy_and_have_their_capital() -> None:
    for entry in ENTRIES:
        for language, name in names_of(entry):
            assert name == unicodedata.normalize("NFC", name) == " ".join(name.split())
            caseless = language in CASELESS or name[0].isdigit()
            assert caseless or name != name.lower(), f"{name} lacks its capital"


def test_no_name_is_given_twice_in_one_language() -> None:
    for entry in ENTRIES:
        given = names_of(entry)
        assert len(given) == len(set(given)), entry["id"]


def test_forms_that_mind_case_are_names_of_the_entry() -> None:
    for entry in ENTRIES:
        assert set(entry.get("minds_case", [])) <= {name for _, name in names_of(entry)}, entry


def test_everyday_words_have_their_capital_and_are_not_forbidden_as_well() -> None:
    for entry in ENTRIES:
        for language, words in entry.get("everyday", {}).items():
            assert language in SCRIPTS, entry["id"]
            assert not set(words) & set(entry.get("never", [])), entry["id"]
            assert [w for w in words if not w[0].isupper() or " " in w] == [], entry["id"]


def test_what_must_not_be_used_is_not_used() -> None:
    for entry in ENTRIES:
        never = {name.casefold() for name in entry.get("never", [])}
        assert not never & {name.casefold() for _, name in names_of(entry)}, entry["id"]


def test_distinct_entries_are_known_and_say_so_of_each_other() -> None:
    for entry in ENTRIES:
        for other in entry.get("distinct_from", []):
            assert other in BY_ID, f"{entry['id']} is distinct from {other}, which has no entry"
            assert other != entry["id"]
            assert entry["id"] in BY_ID[other].get("distinct_from", []), (entry["id"], other)


def test_no_name_belongs_to_two_entries() -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    for entry in ENTRIES:
        for _, name in names_of(entry):
            owners[name.casefold()].add(entry["id"])
    doubled = {name: sorted(ids) for name, ids in owners.items() if len(ids) > 1}
    assert set(doubled) == set(SHARED_NAMES), doubled


def test_no_two_entries_meet_when_a_person_types_them_without_diacritics() -> None:
    names = load_names(NAMES_FILE.read_text(encoding="utf-8"))
    meeting = {
        key: sorted({name.id for name, _ in found})
        for key, found in names.by_key.items()
        if len({name.id for name, _ in found}) > 1
    }
    assert meeting == {}


@pytest.mark.shared
def test_the_sample_of_the_recorded_data_is_all_in_the_file(shared_data: Path) -> None:
    sample = (shared_data / "matching" / "aliases.sample.yaml").read_text(encoding="utf-8")
    owner = {name: entry["id"] for entry in ENTRIES for _, name in names_of(entry)}
    entry_id = ""
    for line in sample.splitlines():
        if found := re.match(r"- id: (\S+)", line):
            entry_id = found[1]
        elif re.match(r"\s+(names|also):", line):
            for names in re.findall(r"\[([^\]]*)\]", line):
                for name in names.split(", "):
                    assert owner.get(name) == entry_id, name
