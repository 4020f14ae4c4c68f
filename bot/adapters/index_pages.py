"""HTML pages of outlets: the articles an index page links to, and the feeds a homepage names."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree
from lxml import html as lxml_html

from bot.adapters.charsets import decode_page
from bot.adapters.feeds import ParsedFeed
from bot.adapters.plain import plain_text
from bot.domain.outlet import Entry, Failure, FailureKind
from bot.domain.urls import canonical_url, is_web_url

MAX_LINKS = 300
MIN_TITLE_CHARS = 15
_ELSEWHERE = {"nav", "footer", "aside", "header", "form"}
_ELSEWHERE_CLASS = re.compile(
    r"(^|[-_ ])(nav|navbar|navigation|menu|footer|breadcrumbs?|cookies?|share|sharing|subscribe)([-_ ]|$)",
    re.I,
)
_NO_ARTICLE = re.compile(
    r"/(tags?|tema|topics?|category|categories|rubric|rubrics|authors?|page|search|login|about|contacts?|kontakt|"
    r"privacy|terms|advert\w*|reklam\w*|subscribe|rss|feed|archive|photo-?galler\w*|users?|account)(/|$)|"
    r"\.(jpe?g|png|gif|pdf|mp[34]|zip|xml|css|js)$",
    re.I,
)
_DATED = re.compile(r"/(19|20)\d\d[/-]?\d\d?[/-]?\d{0,2}(/|-|$)")
_NUMBERED = re.compile(r"(^|[/_\-.=])[a-z]?\d{4,}(\.\w+)?/?$", re.I)
FEED_TYPES = {
    "application/rss+xml",
    "application/atom+xml",
    "application/feed+json",
    "application/rdf+xml",
    "application/json",
    "text/xml",
    "application/xml",
}
_FEED_LIKE = re.compile(r"(rss|atom|feed|\.xml$|\.rdf$)", re.I)


def parse_index(body: bytes, *, url: str) -> ParsedFeed | Failure:
    """Return the articles an index page links to, as they stand on it: no dates, link texts as titles.

    An article is known by its address (dated, numbered, or a long slug), by a link text that could be a
    headline, and by not standing in a menu or a footer.
    """
    tree = html_tree(body)
    if tree is None:
        return Failure(FailureKind.NOT_A_FEED, "no HTML in it")
    titles: dict[str, str] = {}
    for link in tree.iter("a"):
        target = _join(url, link.get("href") or "")
        if (
            target
            and _same_site(target, url)
            and is_article(target)
            and not _stands_elsewhere(link)
        ):
            text = _headline(link)
            if len(text) > len(titles.get(target, "")):
                titles[target] = text
    found = [(t, title) for t, title in titles.items() if len(title) >= MIN_TITLE_CHARS][:MAX_LINKS]
    if not found:
        return Failure(FailureKind.EMPTY, "no links to articles in the page")
    title = plain_text(tree.findtext(".//title") or "")
    entries = tuple(Entry(url=target, title=text) for target, text in found)
    language = (tree.get("lang") or "")[:35]
    return ParsedFeed(entries, title=title, form="html index", language=language)


def html_tree(body: bytes) -> Any:
    """Return the parsed page, None if there is no HTML in it."""
    text = decode_page(body, "").encode("utf-8", "replace")
    try:
        return lxml_html.document_fromstring(text, parser=lxml_html.HTMLParser(encoding="utf-8"))
    except (etree.LxmlError, ValueError):
        return None


def is_article(url: str) -> bool:
    """Return whether an address looks like that of one article."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if not path or _NO_ARTICLE.search(parts.path):
        return False
    slug = path.rpartition("/")[2]
    words = len(re.findall(r"[-_]", slug))
    numbered = _NUMBERED.search(path) or (_NUMBERED.search(f"={parts.query}") and parts.query)
    return bool((_DATED.search(path + "/") and slug) or numbered or words >= 3)


def _headline(link: Any) -> str:
    """Return the link's words; of a card with a headline in it, the headline."""
    for tag in ("h1", "h2", "h3", "h4"):
        for inner in link.iter(tag):
            return " ".join(inner.text_content().split())
    return " ".join((link.text_content() or link.get("title") or "").split())


def _stands_elsewhere(link: Any) -> bool:
    for above in link.iterancestors():
        if above.tag in _ELSEWHERE and not _holds_article(above):
            return True
        if above.tag != "body" and _ELSEWHERE_CLASS.search(above.get("class") or ""):
            return True
    return False


def _holds_article(node: Any) -> bool:
    return node.tag == "header" and any(a.tag == "article" for a in node.iterancestors())


def _same_site(target: str, url: str) -> bool:
    here, there = (urlsplit(u).hostname or "" for u in (url, target))
    here, there = here.removeprefix("www."), there.removeprefix("www.")
    return here == there or there.endswith("." + here)


def _join(base: str, link: str) -> str:
    try:
        target = urljoin(base, link.strip())
    except ValueError:
        return ""
    return canonical_url(target) if is_web_url(target) else ""


def named_feeds(body: bytes, *, url: str) -> Iterator[tuple[str, str]]:
    """Yield the feeds a page names, each as address and why: rel=alternate first, then links that say so.

    Feeds of comments are left out.
    """
    tree = html_tree(body)
    if tree is None:
        return
    seen: set[str] = set()
    for address, why in (*_alternates(tree), *_linked(tree)):
        try:
            target = urljoin(url, address.strip())
        except ValueError:
            continue
        if (
            is_web_url(target)
            and target not in seen
            and not re.search(r"comments?(/|$|\.|-)", target, re.I)
        ):
            seen.add(target)
            yield target, why


def _alternates(tree: Any) -> Iterator[tuple[str, str]]:
    for link in tree.iter("link"):
        rel = (link.get("rel") or "").lower().split()
        kind = (link.get("type") or "").lower().partition(";")[0].strip()
        if (
            "alternate" in rel
            and kind in FEED_TYPES
            and link.get("href")
            and not link.get("hreflang")
        ):
            if kind == "application/json" and "feed" not in link.get("href").lower():
                continue  # WordPress names its API so
            yield link.get("href"), f"the page names it (rel=alternate, {kind})"


def _linked(tree: Any) -> Iterator[tuple[str, str]]:
    for link in tree.iter("a"):
        address = link.get("href") or ""
        path = urlsplit(address).path if "[" not in address else ""
        words = " ".join(link.text_content().split()).lower()
        if _FEED_LIKE.search(path) and (
            words in ("rss", "feed", "atom", "xml") or re.search(r"(rss|feed|atom)", path)
        ):
            yield address, "the page links to it"
