"""Bytes of an article's page -> its text and where it says it comes from.

trafilatura finds the text; what an outlet says of itself (JSON-LD, meta, rel=canonical) is read beside it,
because repost rules want the moment and the publisher, not only the day.
"""

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import urljoin

import trafilatura
from lxml import etree
from lxml import html as lxml_html
from trafilatura.settings import Document

from bot.adapters.charsets import decode_page
from bot.adapters.plain import all_storable
from bot.domain.article import MAX_TEXT
from bot.domain.dates import read_date
from bot.domain.furniture import without_furniture
from bot.domain.model import Failure, FailureKind, Page, PageReading

MAX_LINKS = 200
LINKS_TRIED = 4_000
MAX_BASED_ON = 20
NAME_CHARS = 300  # of a title, a publisher, a source: what is longer is no name
URL_CHARS = 2_000  # a longer address is dropped, not cut
CONTEXT_CHARS = 40  # of a paragraph, enough to find it in the text again
_BLOCKS = {"p", "li", "blockquote", "h2", "h3", "h4", "td", "div", "figcaption"}
SHORT_CHARS = 600  # a shorter text is hardly a whole article
_ARTICLE_TYPES = re.compile(r"(\w*Article|\w*Posting|Report|LiveBlogPosting)$")


def extract_page(
    body: bytes, *, url: str, content_type: str = "", language: str = ""
) -> PageReading:
    """Return the article in these bytes, or why there is none.

    url: where they came from. language: BCP 47, "" where unknown; a hint only.
    """
    return all_storable(_extract(body, url, content_type))


def _extract(body: bytes, url: str, content_type: str) -> PageReading:
    if not body.strip():
        return Failure(FailureKind.EMPTY, "the page is empty")
    tree = _tree(body, content_type)
    if tree is None:
        return Failure(FailureKind.NOT_A_FEED, "no HTML in it")
    said = _said(tree)
    meta = _meta(tree)
    links = list(islice(_links(tree, url), LINKS_TRIED))
    found = trafilatura.bare_extraction(
        tree,
        url=url,
        with_metadata=True,
        include_comments=False,
        date_extraction_params={"extensive_search": False},  # else a year in the footer is a date
    )
    if not isinstance(found, Document) or not (text := (found.text or "").strip()):
        return Failure(FailureKind.EMPTY, "no article text found in the page")
    text = text[:MAX_TEXT]
    title = _first(_text(said.get("headline")), meta.get("og:title"), found.title)
    return Page(
        text=without_furniture(text, title=title) or text,
        title=title,
        authors=_first(", ".join(_names(said.get("author"))), meta.get("author"), found.author),
        published_at=_published(said, meta, found.date),
        canonical_url=_canonical(tree, url),
        publisher=_first(
            ", ".join(_names(said.get("publisher"))), meta.get("og:site_name"), found.sitename
        ),
        based_on=tuple(islice(_based_on(said, url), MAX_BASED_ON)),
        links=tuple(_within(links, text)),
    )


def _tree(body: bytes, content_type: str) -> lxml_html.HtmlElement | None:
    try:
        return trafilatura.load_html(decode_page(body, content_type))
    except (etree.LxmlError, ValueError):
        return None


def _first(*texts: str | None) -> str:
    found = next((" ".join(t[: 4 * NAME_CHARS].split()) for t in texts if t and t.strip()), "")
    return html.unescape(found)[:NAME_CHARS]  # some outlets escape twice


def _meta(tree: lxml_html.HtmlElement) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for tag in tree.iter("meta"):
        name = (tag.get("property") or tag.get("name") or tag.get("itemprop") or "").lower()
        if name and tag.get("content"):
            found.setdefault(name, tag.get("content"))
    return found


def _said(tree: lxml_html.HtmlElement) -> Mapping[str, Any]:
    """Return the JSON-LD object that describes the article, or {}."""
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower():
            continue
        for thing in _things(_json(script.text or "")):
            kinds = thing.get("@type")
            kinds = kinds if isinstance(kinds, list) else [kinds]
            if any(_ARTICLE_TYPES.fullmatch(str(k)) for k in kinds):
                return thing
    return {}


def _json(text: str) -> object:
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _things(found: object, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    if depth > 4:
        return
    if isinstance(found, list):
        for one in found:
            yield from _things(one, depth + 1)
    elif isinstance(found, dict):
        yield found
        for name in ("@graph", "mainEntity", "mainEntityOfPage"):
            yield from _things(found.get(name), depth + 1)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _names(value: object) -> list[str]:
    """Return the names in a JSON-LD author or publisher: a string, an object, or a list of either."""
    if isinstance(value, list):
        return list(dict.fromkeys(name for one in value[:20] for name in _names(one)))
    if isinstance(value, dict):
        return _names(value.get("name"))
    return [value.strip()] if isinstance(value, str) and value.strip() else []


def _published(
    said: Mapping[str, Any], meta: Mapping[str, str], day: str | None
) -> datetime | None:
    names = (
        "article:published_time",
        "datepublished",
        "og:article:published_time",
        "pubdate",
        "date",
    )
    for text in (_text(said.get("datePublished")), *(meta.get(n, "") for n in names), day or ""):
        if at := read_date(text[:NAME_CHARS]):
            return at
    return None


def _canonical(tree: lxml_html.HtmlElement, url: str) -> str:
    for link in tree.iter("link"):
        if "canonical" in (link.get("rel") or "").lower().split() and link.get("href"):
            return _absolute(url, link.get("href"))
    return ""


def _absolute(base: str, link: str) -> str:
    try:
        joined = urljoin(base, link.strip())
    except ValueError:
        return ""
    fits = len(joined) <= URL_CHARS and joined.startswith(("http://", "https://"))
    return joined if fits else ""


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
    return _absolute(base, said_of) if "/" in said_of else said_of.strip()[:NAME_CHARS]


def _links(tree: lxml_html.HtmlElement, base: str) -> Iterator[tuple[str, str]]:
    """Yield every link with the beginning of the paragraph it stands in."""
    contexts: dict[lxml_html.HtmlElement, str] = {}  # read once, however many links it has
    for link in tree.iter("a"):
        target = _absolute(base, link.get("href") or "")
        block = next((above for above in link.iterancestors() if above.tag in _BLOCKS), None)
        if target and block is not None:
            if block not in contexts:
                contexts[block] = _letters(block.text_content())[:CONTEXT_CHARS]
            yield target, contexts[block]


def _within(links: Iterable[tuple[str, str]], text: str) -> Iterable[str]:
    """Return the links whose paragraphs the article has, each once, in order."""
    letters = _letters(text)
    kept = (target for target, context in links if context and context in letters)
    return islice(dict.fromkeys(kept), MAX_LINKS)


def _letters(text: str) -> str:
    return "".join(text.split())
