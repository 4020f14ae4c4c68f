"""Sitemaps -> entries: news sitemaps with titles and dates, plain ones with links; indexes -> sitemaps."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from lxml import etree

from bot.adapters.feeds import MAX_ENTRIES, ParsedFeed
from bot.adapters.plain import plain_text
from bot.domain.dates import read_date
from bot.domain.outlet import Entry, Failure, FailureKind

ALWAYS = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Located:
    url: str
    at: datetime | None
    title: str


def parse_sitemap(body: bytes, *, url: str) -> ParsedFeed | Failure:
    """Return the articles of a sitemap, newest first, or the sitemaps that an index names (`parts`).

    A plain sitemap gives no titles; the page of the article will.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, recover=True, load_dtd=False
    )
    try:
        root = etree.fromstring(body, parser, base_url=url)
    except (etree.LxmlError, ValueError) as e:
        return Failure(FailureKind.NOT_A_FEED, f"not a sitemap: {e}"[:200])
    name = _local(root) if root is not None else ""
    if name not in ("urlset", "sitemapindex"):
        return Failure(FailureKind.NOT_A_FEED, "not a sitemap: no urlset or sitemapindex")
    located = [found for child in root if (found := _located(child)) is not None]
    located.sort(key=lambda found: found.at or ALWAYS, reverse=True)
    if name == "sitemapindex":
        named = sorted(
            located, key=lambda found: "news" not in found.url
        )  # stable: newest first within both
        return ParsedFeed((), form="sitemap index", parts=tuple(found.url for found in named))
    entries = [
        Entry(url=found.url, title=found.title, published_at=found.at)
        for found in located[:MAX_ENTRIES]
    ]
    form = "news sitemap" if any(entry.title for entry in entries) else "sitemap"
    titled = tuple(replace(e, title=e.title or title_from(e.url)) for e in entries)
    return ParsedFeed(titled, form=form)


def title_from(url: str) -> str:
    """Return a stand-in for a title: the words of the address's last part, or the address."""
    slug = (
        url.rstrip("/").rpartition("/")[2].partition("?")[0].rpartition(".")[0]
        or (url.rstrip("/").rpartition("/")[2].partition("?")[0])
    )
    words = " ".join(w for w in slug.replace("_", "-").split("-") if w and not w.isdigit())
    return words.capitalize() if len(words) > 3 else url


def _located(child: etree._Element) -> _Located | None:
    said: dict[str, str] = {}
    for node in child.iter():
        if isinstance(node.tag, str) and node.text and node.text.strip():
            said.setdefault(_local(node), node.text.strip())
    if "loc" not in said:
        return None
    return _Located(
        url=said["loc"],
        at=read_date(said.get("publication_date", "")) or read_date(said.get("lastmod", "")),
        title=plain_text(said.get("title", "")),
    )


def _local(node: etree._Element) -> str:
    return str(node.tag).rpartition("}")[2].lower()
