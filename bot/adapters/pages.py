"""Bytes of an article's page -> its text and where it says it comes from.

trafilatura finds the text; what an outlet says of itself (JSON-LD, meta, rel=canonical) is read beside it,
because repost rules want the moment and the publisher, not only the day.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

import trafilatura
from lxml import etree
from lxml import html as lxml_html
from trafilatura.settings import Document

from bot.adapters.charsets import decode_page
from bot.adapters.page_says import absolute, first, read_said
from bot.adapters.page_shows import shown_date, without_label
from bot.adapters.plain import all_storable
from bot.domain.article import MAX_TEXT
from bot.domain.dates import read_date
from bot.domain.furniture import without_furniture
from bot.domain.outlet import Failure, FailureKind, Page, PageReading

MAX_LINKS = 200
LINKS_TRIED = 4_000
CONTEXT_CHARS = 40  # of a paragraph, enough to find it in the text again
_BLOCKS = {"p", "li", "blockquote", "h2", "h3", "h4", "td", "div", "figcaption"}
SHORT_CHARS = 600  # a shorter text is hardly a whole article


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
    said = read_said(tree, url)
    shown_at = None if said.published_at else shown_date(tree)
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
    title = first(said.headline, found.title)
    return Page(
        text=without_furniture(text, title=title) or text,
        title=title,
        authors=without_label(first(said.authors, found.author)),
        published_at=said.published_at or shown_at or read_date(found.date or ""),
        canonical_url=_canonical(tree, url),
        publisher=first(said.publisher, found.sitename),
        based_on=said.based_on,
        links=tuple(_within(links, text)),
    )


def _tree(body: bytes, content_type: str) -> lxml_html.HtmlElement | None:
    try:
        return trafilatura.load_html(decode_page(body, content_type))
    except (etree.LxmlError, ValueError):
        return None


def _canonical(tree: lxml_html.HtmlElement, url: str) -> str:
    for link in tree.iter("link"):
        if "canonical" in (link.get("rel") or "").lower().split() and link.get("href"):
            return absolute(url, link.get("href"))
    return ""


def _links(tree: lxml_html.HtmlElement, base: str) -> Iterator[tuple[str, str]]:
    """Yield every link with the beginning of the paragraph it stands in."""
    contexts: dict[lxml_html.HtmlElement, str] = {}  # read once, however many links it has
    for link in tree.iter("a"):
        target = absolute(base, link.get("href") or "")
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
