"""Who wrote a text first, by its own words: bylines, agency lines, links; and a story's origin from them.

The one thing to know: what an article says of its source outweighs the clock. Feeds are polled in no
order that means anything, and a copy is often found first.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from bot.domain.errors import SettingsError
from bot.domain.fingerprint import Claim
from bot.domain.model import Document
from bot.domain.outlet import Page

# What a claim is worth as evidence of who wrote the text. Agency lines and credits ("X reports") are
# also written over texts that only follow X.
WEIGHTS: Mapping[str, float] = {
    "byline": 1.0,
    "based_on": 0.9,
    "canonical": 0.9,
    "source": 0.8,
    "original_url": 0.8,
    "title_suffix": 0.6,
    "agency": 0.5,
    "credit": 0.3,
}
SAME_MINUTE = timedelta(minutes=5)  # feeds round their times, and some stamp the hour
_HEAD, _TAIL = 400, 600
_MOST = 4  # claims kept of one article
_PHRASE = 80  # characters kept of the words of a claim
_UPPER = r"[^\W\d_a-zа-яёіїєґա-և][^\s,;:()«»\"“”„|/\[\]]*"
_HOST_NAME = r"[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}"
_NAME = rf"{_HOST_NAME}|{_UPPER}(?:[ -](?:(?:of|the|and|de|for) )?{_UPPER}){{0,4}}"
_MARKUP = re.compile(r"\]\([^)\s]*\)|[\[\]*]")  # links of Markdown, as some extractors leave them
_URL = re.compile(r"https?://[^\s<>\"']+")
_WHERE = frozenset({"head", "tail", "author", "title"})


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way of naming a source. language "": any. listed: it takes only outlets that the file lists."""

    language: str
    kind: str
    where: str
    regex: re.Pattern[str]
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Provenance:
    """The patterns and the names of outlets, as config/provenance.toml has them."""

    patterns: tuple[Pattern, ...] = ()
    names: Mapping[str, str] | None = None  # plain name or host -> the name we show
    listed: re.Pattern[str] | None = None  # any of the names
    longest_stem: int = 0  # characters of the longest name that ends in "*", with it

    def outlet(self, name: str) -> str:
        """Return one name for an outlet, whatever way it is written; hosts and names alike."""
        plain = plain_name(name)
        names = self.names or {}
        if plain in names:
            return names[plain]
        return next(
            (names[stem] for stem in _stems(plain, self.longest_stem) if stem in names), plain
        )


class Reason(StrEnum):
    """Why an article is taken for the origin of its story."""

    ALONE = "alone"
    PROVENANCE = "provenance"
    PUBLISHED = "published"
    USUAL = "usual"


@dataclass(frozen=True, slots=True)
class Signed:
    """An article of a story, for the choice of its origin.

    host: of its URL. published_at None: unknown, and seen_at counts instead.
    """

    article_id: int
    outlet: str
    host: str
    seen_at: datetime
    published_at: datetime | None = None
    claims: tuple[Claim, ...] = ()

    @property
    def at(self) -> datetime:
        """When it was published, as far as we know."""
        return min(self.published_at, self.seen_at) if self.published_at else self.seen_at


@dataclass(frozen=True, slots=True)
class Origin:
    """article_id: the origin among the story's articles. outlet: who wrote it first, as we show it.

    external: the story names an outlet that none of its articles is from; then article_id is the best
    of those that there are. phrase: the words that say so, "" where the clock decided.
    """

    article_id: int
    outlet: str
    reason: Reason
    phrase: str = ""
    external: bool = False
    times: int = (
        0  # by custom: how much oftener the others reprint this outlet than it reprints them
    )


def load_provenance(text: str) -> Provenance:
    """Return the patterns of config/provenance.toml. Raises SettingsError with the entry and the reason."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise SettingsError(f"provenance.toml: {e}") from e
    names: dict[str, str] = {}
    known: list[str] = []
    for entry in tables.get("outlet", []):
        name = str(entry.get("name", ""))
        if not name:
            raise SettingsError("provenance.toml: an outlet without a name")
        aliases = [name, *map(str, entry.get("aliases", []))]
        known += aliases
        for alias in (*aliases, *map(str, entry.get("hosts", []))):
            names.setdefault(
                plain_name(alias.removesuffix("*")) + ("*" if alias.endswith("*") else ""), name
            )
    one_of = _any_of(known)
    patterns = tuple(_pattern(entry, one_of) for entry in tables.get("pattern", []))
    longest = max((len(name) for name in names if name.endswith("*")), default=0)
    return Provenance(patterns, names, re.compile(one_of), longest)


def _any_of(known: Iterable[str]) -> str:
    """Return a regex of the listed names, as they are written or in capitals, whatever the case around them.

    The look-ahead at the first letter spares trying every name at every word.
    """
    known = list(known)
    aliases = sorted({*known, *map(str.upper, known)}, key=len, reverse=True)
    if not aliases:
        return r"(?!)"
    initials = re.escape("".join(sorted({alias[0] for alias in aliases})))
    return rf"(?-i:\b(?=[{initials}])(?:{'|'.join(map(_alias_regex, aliases))}))"


def _alias_regex(alias: str) -> str:
    stem = re.escape(alias.removesuffix("*"))
    return rf"{stem}\w*" if alias.endswith("*") else rf"{stem}\b"


def _pattern(entry: Mapping[str, Any], known: str) -> Pattern:
    try:
        language, kind, where = str(entry["language"]), str(entry["kind"]), str(entry["where"])
        source = (
            str(entry["regex"])
            .replace("<known>", f"(?:{known})")
            .replace("<name>", f"(?:{known}|(?-i:{_NAME}))")
        )
        regex = re.compile(source, re.IGNORECASE | re.MULTILINE)
    except KeyError as e:
        raise SettingsError(f"provenance.toml: a pattern without {e}: {dict(entry)}") from e
    except re.error as e:
        raise SettingsError(f"provenance.toml: {e} in {entry['regex']!r}") from e
    if kind not in WEIGHTS or where not in _WHERE or "outlet" not in regex.groupindex:
        raise SettingsError(
            f"provenance.toml: a pattern of unknown kind or place, or without <outlet>: {dict(entry)}"
        )
    return Pattern(
        language,
        kind,
        where,
        regex,
        listed="<known>" in entry["regex"] and "<name>" not in entry["regex"],
    )


def plain_name(name: str) -> str:
    """Return a name or host as it is compared: lower case, no article, no "www.", no quotes."""
    name = name.strip().strip("«»\"“”„'. ").casefold()
    if "://" in name:
        name = _host(name)
    return name.removeprefix("www.").removeprefix("the ")


def _stems(plain: str, longest: int) -> Iterable[str]:
    """Yield its beginnings as stems, the longest first; none longer than any that is known."""
    return (plain[:end] + "*" for end in range(min(len(plain), longest - 1), 3, -1))


def find_claims(
    document: Document, page: Page | None, provenance: Provenance, *, source: str = ""
) -> tuple[Claim, ...]:
    """Return who else the article says wrote its text, the strongest claim first, at most four.

    source: RSS <source>. Claims that name the article's own outlet or host are left out, and so are
    repeated ones.
    """
    found = [*_linked(document, page), *_written(document, provenance)]
    if source:
        found.append(Claim("source", source))
    own = {provenance.outlet(document.outlet), provenance.outlet(_host(document.url)), ""}
    best: dict[str, Claim] = {}
    for claim in sorted(found, key=lambda claim: -WEIGHTS[claim.kind]):
        outlet = provenance.outlet(claim.outlet)
        if outlet not in own:
            best.setdefault(outlet, claim)
    claims = tuple(best.values())[:_MOST]
    return tuple(replace(claim, phrase=claim.phrase[:_PHRASE]) for claim in claims)


def named_urls(
    document: Document, page: Page | None, provenance: Provenance
) -> tuple[tuple[str, str], ...]:
    """Return the pages elsewhere that the article says its text is from, each with the words that say so.

    Of markup: the canonical link and isBasedOn; of the text: addresses of an outlet that it names as source.
    """
    found = [(c.phrase, c.phrase) for c in _linked(document, page) if "://" in c.phrase]
    text = document.body or document.summary
    urls = _URL.findall(f"{text[:_HEAD]}\n{text[-_TAIL:]}")
    said = {
        provenance.outlet(claim.outlet): claim.phrase
        for claim in (_written(document, provenance) if urls else ())
        if claim.kind in ("original_url", "byline")
    }
    for url in urls:
        outlet = provenance.outlet(_host(url))
        if outlet in said and _host(url) != _host(document.url):
            found.append((url.rstrip(").,;>]"), said[outlet]))
    return tuple(dict(found).items())[:_MOST]


def _host(url: str) -> str:
    """Return a URL's host without "www.", "" where a page wrote what is no URL."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _linked(document: Document, page: Page | None) -> Iterable[Claim]:
    """Yield what the page's markup says: a canonical link to another host, isBasedOn."""
    if page is None:
        return
    host = _host(page.canonical_url)
    if host and document.url and host != _host(document.url):
        yield Claim("canonical", host, page.canonical_url)
    for url in page.based_on:
        yield Claim("based_on", _host(url) or url, url)


def _written(document: Document, provenance: Provenance) -> Iterable[Claim]:
    """Yield what the text says, in the document's language or, where that is unknown, in any."""
    text = document.body or document.summary
    places = {
        "head": _MARKUP.sub("", text[:_HEAD]),
        "tail": _MARKUP.sub("", text[-_TAIL:]),
        "author": document.author,
        "title": document.title,
    }
    listed = provenance.listed
    named = {where: bool(listed and listed.search(place)) for where, place in places.items()}
    language = document.language.partition("-")[0]
    for pattern in provenance.patterns:
        if pattern.language and language and pattern.language != language:
            continue
        if pattern.listed and not named[pattern.where]:
            continue  # most articles: the long list of names is not tried at every letter
        for found in pattern.regex.finditer(places[pattern.where]):
            outlet = next(name for name in found.groups() if name)
            yield Claim(pattern.kind, outlet.strip()[:60], " ".join(found[0].split())[:80])


def origin_of(
    story: Sequence[Signed],
    provenance: Provenance,
    *,
    usual: Mapping[tuple[str, str], int] = MappingProxyType({}),
) -> Origin:
    """Return which article of a story was written first: by provenance, then by time, then by custom.

    story: at least one article, in any order. usual: how often an outlet's article was the origin of
    another outlet's copy, by (origin's name, copy's name); settles what is published within five minutes.
    Raises ValueError for an empty story.
    """
    if not story:
        raise ValueError("a story without articles has no origin")
    named = _named(story, provenance)
    earliest = min(story, key=lambda a: (a.at, a.article_id))
    if not named:
        return _by_time(story, earliest, provenance, usual)
    outlet, (_, phrase) = max(named.items(), key=lambda item: item[1][0])
    theirs = [a for a in story if outlet in _own_names(a, provenance)]
    if theirs:
        first = min(theirs, key=lambda a: (a.at, a.article_id))
        return Origin(first.article_id, first.outlet or outlet, Reason.PROVENANCE, phrase)
    return Origin(earliest.article_id, outlet, Reason.PROVENANCE, phrase, external=True)


def _own_names(article: Signed, provenance: Provenance) -> set[str]:
    return {provenance.outlet(article.outlet), provenance.outlet(article.host)} - {""}


def _named(story: Sequence[Signed], provenance: Provenance) -> dict[str, tuple[float, str]]:
    """Return the outlets that articles name as their source: how strongly, and in which words.

    An outlet that itself names another one strongly only passes the text on, and does not count.
    """
    named: dict[str, tuple[float, str]] = {}
    passing: set[str] = set()
    present = {name for article in story for name in _own_names(article, provenance)}
    for article in story:
        own = _own_names(article, provenance)
        for claim in article.claims:
            outlet, weight = provenance.outlet(claim.outlet), WEIGHTS.get(claim.kind, 0.0)
            if outlet in own or (weight < WEIGHTS["agency"] and outlet not in present):
                continue
            old, _ = named.get(outlet, (0.0, ""))
            named[outlet] = (old + weight, claim.phrase if weight > old else named[outlet][1])
            if weight >= WEIGHTS["title_suffix"]:
                passing |= own
    return {outlet: value for outlet, value in named.items() if outlet not in passing} or named


def _by_time(
    story: Sequence[Signed],
    earliest: Signed,
    provenance: Provenance,
    usual: Mapping[tuple[str, str], int],
) -> Origin:
    """Return the first by the clock; among those of the same five minutes, the one others usually reprint."""
    if len(story) == 1:
        return Origin(earliest.article_id, earliest.outlet, Reason.ALONE)
    near = [a for a in story if a.at - earliest.at <= SAME_MINUTE]
    known = {
        (provenance.outlet(one), provenance.outlet(other)): n for (one, other), n in usual.items()
    }

    def reprinted(article: Signed) -> int:
        mine = provenance.outlet(article.outlet)
        others = [provenance.outlet(a.outlet) for a in near if a is not article]
        return sum(known.get((mine, other), 0) - known.get((other, mine), 0) for other in others)

    best = max(near, key=lambda a: (reprinted(a), a is earliest))
    if best is not earliest and reprinted(best) > reprinted(earliest):
        return Origin(best.article_id, best.outlet, Reason.USUAL, times=reprinted(best))
    return Origin(earliest.article_id, earliest.outlet, Reason.PUBLISHED)
