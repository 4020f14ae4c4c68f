"""What a page says of itself (JSON-LD, meta, microdata): headline, authors, moment, publisher, sources.

Untrusted and often broken: what is no name, no address or no date is passed over.
"""

import html
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import urljoin

from lxml import html as lxml_html

from bot.domain.dates import read_date

NAME_CHARS = 300  # of a title, a publisher, a source: what is longer is no name
URL_CHARS = 2_000  # a longer address is dropped, not cut
MAX_BASED_ON = 20
MOST_THINGS = 2_000  # of JSON-LD in one page

_ARTICLE_TYPES = re.compile(r"(\w*Article|\w*Posting|Report|LiveBlogPosting)$")
_AUTHORS = (
    "author", "article:author", "articleauthor", "parsely-author", "sailthru.author", "dc.creator",
    "dcterms.creator", "byl", "cxenseparse:author", "mediator_author",
)  # fmt: skip
_DATES = (
    "article:published_time", "datepublished", "og:article:published_time", "og:published_time",
    "article:published", "parsely-pub-date", "sailthru.date", "pubdate", "publishdate", "publish-date",
    "publish_date", "publication_date", "dc.date.issued", "dcterms.issued", "dcterms.created",
    "dc.date.created", "dc.date", "dcterms.date", "cxenseparse:recs:publishtime",
    "mediator_published_time", "date",
)  # fmt: skip
_WRAPPERS = (
    ("//<![CDATA[", "//]]>"),
    ("/*<![CDATA[*/", "/*]]>*/"),
    ("<![CDATA[", "]]>"),
    ("<!--", "-->"),
)
_SPARE_COMMA = re.compile(r",(?=\s*[}\]])")


@dataclass(frozen=True, slots=True)
class Said:
    """What was found; "" or None where the page does not say. based_on: addresses and names."""

    headline: str = ""
    authors: str = ""
    published_at: datetime | None = None
    publisher: str = ""
    based_on: tuple[str, ...] = ()


def read_said(tree: lxml_html.HtmlElement, base: str) -> Said:
    """Return what a page says of itself. base: its address, for relative ones."""
    things = list(islice(_all_things(tree), MOST_THINGS))
    meta = _meta(tree)
    article = _article(things, _letters(" ".join(meta["og:title"][:1])))
    known = {str(t["@id"]): t for t in things if "@id" in t and "name" in t}
    publisher = _names(article.get("publisher"), known)
    return Said(
        headline=first(_text(article.get("headline")), *meta["og:title"]),
        authors=first(*_authors(tree, article, meta, known)),
        published_at=_published(tree, things, article, meta),
        publisher=first(", ".join(publisher), *meta["og:site_name"]),
        based_on=tuple(islice(_based_on(article, base), MAX_BASED_ON)),
    )


def first(*texts: str | None) -> str:
    """Return the first text that has words, on one line and no longer than a name, or ""."""
    found = next((" ".join(t[: 4 * NAME_CHARS].split()) for t in texts if t and t.strip()), "")
    return html.unescape(found)[:NAME_CHARS]  # some outlets escape twice


def absolute(base: str, link: str) -> str:
    """Return a link as an address of the web, "" if it is none or too long to be one."""
    try:
        joined = urljoin(base, link.strip())
    except ValueError:
        return ""
    fits = len(joined) <= URL_CHARS and joined.startswith(("http://", "https://"))
    return joined if fits else ""


def _meta(tree: lxml_html.HtmlElement) -> Mapping[str, list[str]]:
    """Return what each meta tag says, by lower-case name, in order."""
    found: dict[str, list[str]] = defaultdict(list)
    for tag in tree.iter("meta"):
        name = (tag.get("property") or tag.get("name") or tag.get("itemprop") or "").strip().lower()
        if name and tag.get("content") and len(found[name]) < 20:
            found[name].append(tag.get("content"))
    return found


# JSON-LD


def _all_things(tree: lxml_html.HtmlElement) -> Iterator[Mapping[str, Any]]:
    for script in tree.iter("script"):
        if "ld+json" in (script.get("type") or "").lower():
            yield from _things(_json(script.text or ""))


def _json(text: str) -> object:
    """Return the JSON in a script, mended where it is wrapped for old browsers or has a comma too many."""
    for attempt in (text, _SPARE_COMMA.sub("", _unwrapped(text))):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _unwrapped(text: str) -> str:
    """Return a script without what hid it from browsers of old."""
    text = text.strip()
    for begin, end in _WRAPPERS:
        text = text.removeprefix(begin).removesuffix(end).strip()
    return text


def _things(found: object, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    if depth > 4:
        return
    if isinstance(found, list):
        for one in found:
            yield from _things(one, depth + 1)
    elif isinstance(found, dict):
        yield found
        for name in ("@graph", "mainEntity", "mainEntityOfPage", "author", "publisher"):
            yield from _things(found.get(name), depth + 1)


def _kinds(thing: Mapping[str, Any]) -> list[str]:
    kinds = thing.get("@type")
    return [str(k) for k in (kinds if isinstance(kinds, list) else [kinds])]


def _article(things: Sequence[Mapping[str, Any]], title: str) -> Mapping[str, Any]:
    """Return the object that describes the page's article, or {}: related ones are described too.

    title: the letters of the page's own title.
    """
    found = [t for t in things if any(_ARTICLE_TYPES.fullmatch(k) for k in _kinds(t))]

    def likeness(thing: Mapping[str, Any]) -> tuple[bool, bool]:
        headline = _letters(_text(thing.get("headline")))
        return bool(headline and title and (headline in title or title in headline)), (
            "datePublished" in thing
        )

    return max(found, key=likeness, default={})


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _letters(text: str) -> str:
    return "".join(c for c in text[:NAME_CHARS].casefold() if c.isalnum())


def _names(value: object, known: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the names in an author or publisher: a string, an object, a reference, or a list of these."""
    if isinstance(value, list):
        return list(dict.fromkeys(name for one in value[:20] for name in _names(one, known)))
    if isinstance(value, dict):
        named = value if "name" in value else known.get(str(value.get("@id")), {})
        return _names(named.get("name"), {})
    return [value.strip()] if isinstance(value, str) and _is_name(value) else []


def _is_name(text: str) -> bool:
    return bool(text.strip()) and "://" not in text


def _authors(
    tree: lxml_html.HtmlElement,
    article: Mapping[str, Any],
    meta: Mapping[str, list[str]],
    known: Mapping[str, Mapping[str, Any]],
) -> Iterator[str]:
    """Yield who wrote it, the best word first: an outlet that names itself as its author says little."""
    value = article.get("author") or article.get("creator")
    said = value if isinstance(value, list) else [value]
    people = [one for one in said if not (isinstance(one, dict) and "Organization" in _kinds(one))]
    yield ", ".join(_names(people, known))
    for name in _AUTHORS:
        yield ", ".join(dict.fromkeys(text.strip() for text in meta[name] if _is_name(text)))
    yield ", ".join(_names(said, known))
    yield ", ".join(_marked(tree, "author"))


def _marked(tree: lxml_html.HtmlElement, name: str) -> list[str]:
    """Return what microdata says of a property, each once, in order."""
    found: dict[str, None] = {}
    for tag in islice(tree.iterfind(f".//*[@itemprop='{name}']"), 20):
        inner = tag.find(".//*[@itemprop='name']")
        teller = tag if inner is None else inner
        text = teller.get("content") or teller.get("datetime") or teller.text_content()
        found[" ".join(text[:NAME_CHARS].split())] = None
    return [text for text in found if _is_name(text)]


def _published(
    tree: lxml_html.HtmlElement,
    things: Sequence[Mapping[str, Any]],
    article: Mapping[str, Any],
    meta: Mapping[str, list[str]],
) -> datetime | None:
    def said() -> Iterator[object]:
        yield article.get("datePublished")
        for name in _DATES:
            yield from meta[name]
        yield from _marked(tree, "datePublished")
        for time in tree.iterfind(".//time[@pubdate]"):
            yield time.get("datetime")
        yield article.get("dateCreated")
        for thing in things:  # WordPress describes the page, not always the article
            if "WebPage" in _kinds(thing):
                yield thing.get("datePublished")

    dates = (read_date(str(text)[:NAME_CHARS]) for text in said() if isinstance(text, str | int))
    return next((at for at in dates if at), None)


def _based_on(article: Mapping[str, Any], base: str) -> Iterable[str]:
    for name in ("isBasedOn", "isBasedOnUrl", "sourceOrganization", "copyrightHolder"):
        value = article.get(name)
        for one in value if isinstance(value, list) else [value]:
            said_of = (
                (one.get("url") or one.get("@id") or one.get("name"))
                if isinstance(one, dict)
                else one
            )
            if source := _source(said_of, base):
                yield source


def _source(said_of: object, base: str) -> str:
    """Return an address made absolute, or a name; "" for anything else."""
    if not isinstance(said_of, str):
        return ""
    return absolute(base, said_of) if "/" in said_of else said_of.strip()[:NAME_CHARS]
