"""The outlets file that ships is one that the program takes, and that people can trust."""

import re
import tomllib
from pathlib import Path

import pytest
from babel import Locale

from bot.domain.urls import canonical_url
from bot.outlets_file import load_outlets

CONFIG = Path(__file__).resolve().parents[1] / "config"
TEXT = (CONFIG / "outlets.toml").read_text("utf-8")
ENGLISH = Locale("en")


@pytest.fixture(scope="module")
def outlets():
    return load_outlets(CONFIG)


def test_the_program_takes_it_and_misses_nothing(outlets):
    assert len(outlets) == len(tomllib.loads(TEXT)["outlet"])
    assert 55 <= len(outlets) <= 70


def test_names_and_addresses_are_unique(outlets):
    names = [o.name.casefold() for o in outlets]
    urls = [canonical_url(f.url) for o in outlets for f in o.feeds]
    assert len(set(names)) == len(names)
    assert len(set(urls)) == len(urls)


def test_countries_are_countries_and_languages_are_languages(outlets):
    assert {o.country for o in outlets} <= {c for c in ENGLISH.territories if c.isalpha()}
    assert {o.language for o in outlets} <= set(ENGLISH.languages)


def test_the_regions_that_it_promises_are_there(outlets):
    assert {o.country for o in outlets} >= {"AM", "AZ", "GE", "RU", "TR", "UA", "GB", "US"}
    assert {o.language for o in outlets} >= {"en", "hy", "az", "ka", "ru", "tr", "uk"}


def test_a_language_edition_says_its_language(outlets):
    for outlet in outlets:
        named = re.search(r"\(([a-z]{2,3})\)$", outlet.name)
        assert named is None or named[1] == outlet.language, outlet.name


def test_nobody_is_polled_twice_as_an_own_edition(outlets):
    editions = {(o.homepage, o.language) for o in outlets}
    assert len(editions) == len(outlets)


def test_the_example_in_its_head_is_the_form_that_the_program_takes(tmp_path):
    commented = re.findall(r"^#   (.*)$", TEXT, re.MULTILINE)
    (tmp_path / "outlets.toml").write_text("\n".join(commented), "utf-8")
    [outlet] = load_outlets(tmp_path)
    assert (outlet.name, outlet.language, outlet.user_agent) == ("Hetq", "hy", "...")
