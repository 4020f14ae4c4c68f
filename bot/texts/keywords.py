"""Keywords and units of time that people type after a command, in any of our languages: "word." texts."""

import re
from collections.abc import Iterator
from functools import cache

from bot.texts import catalogue, languages

KEYWORDS = ("instant", "hourly", "daily", "silent", "held", "on", "off")
UNITS = ("minutes", "hours", "days", "weeks")

_POINTS = re.compile(
    r"[,;:՝`](?!\d)|\s+"
)  # that part a keyword from what follows; not those of 8:30


def in_english(typed: str) -> str:
    """Return what was typed in small letters, its keywords in English: "раз в час" is "hourly".

    The words of every language count, whatever the chat speaks.
    """
    words = " ".join(_POINTS.sub(" ", typed.casefold()).split())
    known, pattern = _keywords()
    return pattern.sub(lambda found: known[found[0]], words)


def unit(typed: str) -> str | None:
    """Return the unit of UNITS that a word or its beginning means, None if it is none."""
    word = typed.casefold()
    for name in UNITS:
        for start in _words(name):
            if word == start or (len(start) > 1 and word.startswith(start)):
                return name
    return None


@cache
def _keywords() -> tuple[dict[str, str], re.Pattern[str]]:
    known = {word: name for name in KEYWORDS for word in _words(name)}
    longest = sorted(known, key=len, reverse=True)
    listed = "|".join(map(re.escape, longest))
    return known, re.compile(rf"(?<!\S)(?:{listed})(?!\S)")


def _words(name: str) -> Iterator[str]:
    for language in languages():
        [text] = catalogue(language).texts[f"word.{name}"]
        yield from (word.strip().casefold() for word in text.split(","))
