"""OPML <-> outlets: what feed readers exchange, and what an operator may send the bot.

Untrusted: parsed without entities, network or huge trees. Our own country and kind travel in a namespace
of ours, which readers ignore.
"""

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from lxml import etree

from bot.adapters.feeds import absurd
from bot.domain.model import Failure, FailureKind, FeedKind, OutletEntry, OutletFeed
from bot.domain.urls import is_web_url

MAX_BYTES = 2_000_000
MAX_OUTLINES = 5_000
OURS = "https://outpost.invalid/opml"  # names our attributes; leads nowhere


def parse_opml(body: bytes) -> tuple[OutletEntry, ...] | Failure:
    """Return the outlets of an OPML document, in its order, or why there are none.

    An outline with a homepage and feeds inside is an outlet. Any other feed makes one of its own, joined
    with those of the same homepage, or of the same host where it names none.
    """
    if len(body) > MAX_BYTES:
        return Failure(FailureKind.TOO_LARGE, f"larger than {MAX_BYTES // 1_000_000} MB")
    if reason := absurd(body):
        return Failure(FailureKind.ABSURD, reason)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.LxmlError, ValueError) as e:
        return Failure(FailureKind.NOT_A_FEED, f"not OPML: {e}"[:200])
    if root.tag != "opml":
        return Failure(FailureKind.NOT_A_FEED, "not OPML: no <opml> in it")
    outlines = list(root.iter("outline"))[:MAX_OUTLINES]
    outlets = _joined(found for o in outlines if (found := _outlet(o)) is not None)
    return outlets or Failure(FailureKind.EMPTY, "OPML without feeds")


def _outlet(outline: etree._Element) -> tuple[str, OutletEntry] | None:
    """Return the one feed of an outline as an outlet, with what it is joined by."""
    url = (outline.get("xmlUrl") or outline.get("xmlurl") or "").strip()
    if not is_web_url(url):
        return None
    above = outline.getparent()
    owner = outline
    if above is not None and above.tag == "outline" and above.get("htmlUrl"):
        owner = above
    homepage = (owner.get("htmlUrl") or "").strip()
    if not is_web_url(homepage):
        homepage = f"https://{urlsplit(url).netloc}/"
    name = (owner.get("text") or owner.get("title") or "").strip() or urlsplit(homepage).netloc
    # Feeds inside one outline are one outlet's; loose ones are, where they share a homepage.
    joined_by = homepage.rstrip("/").lower() + ("" if owner is outline else f" {name}")
    return joined_by, OutletEntry(
        name=" ".join(name.split())[:200],
        homepage=homepage,
        country=(owner.get(f"{{{OURS}}}country") or "").upper()[:2],
        language=(owner.get("language") or "").strip()[:35],
        feeds=(OutletFeed(url, _kind(outline)),),
        user_agent=owner.get(f"{{{OURS}}}userAgent"),
    )


def _kind(outline: etree._Element) -> FeedKind:
    try:
        return FeedKind(outline.get(f"{{{OURS}}}kind") or FeedKind.FEED)
    except ValueError:
        return FeedKind.FEED


def _joined(found: Iterable[tuple[str, OutletEntry]]) -> tuple[OutletEntry, ...]:
    """Join the feeds of one homepage; keep names apart, an outlet is known by its name."""
    outlets: dict[str, OutletEntry] = {}
    seen: set[str] = set()
    for homepage, outlet in found:
        [feed] = outlet.feeds
        if feed.url in seen:
            continue
        seen.add(feed.url)
        first = outlets.get(homepage, outlet)
        feeds = (*first.feeds, feed) if homepage in outlets else (feed,)
        outlets[homepage] = OutletEntry(
            first.name, first.homepage, first.country, first.language, feeds, first.user_agent
        )
    return tuple(_own_names(outlets.values()))


def _own_names(outlets: Iterable[OutletEntry]) -> Iterator[OutletEntry]:
    taken: set[str] = set()
    for outlet in outlets:
        name = outlet.name
        if name in taken:
            name = f"{name} ({urlsplit(outlet.homepage).netloc})"
        taken.add(name)
        yield OutletEntry(
            name, outlet.homepage, outlet.country, outlet.language, outlet.feeds, outlet.user_agent
        )


def write_opml(outlets: Iterable[OutletEntry], *, title: str = "Outpost") -> bytes:
    """Return an OPML 2.0 document that `parse_opml` reads back as the same outlets."""
    root = etree.Element("opml", {"version": "2.0"}, nsmap={"outpost": OURS})
    etree.SubElement(etree.SubElement(root, "head"), "title").text = _printable(title)
    body = etree.SubElement(root, "body")
    for outlet in outlets:
        told = {"text": outlet.name, "htmlUrl": outlet.homepage, "language": outlet.language}
        told |= {
            f"{{{OURS}}}country": outlet.country,
            f"{{{OURS}}}userAgent": outlet.user_agent or "",
        }
        above = etree.SubElement(body, "outline", {k: _printable(v) for k, v in told.items() if v})
        for feed in outlet.feeds:
            said = {"text": outlet.name, "type": "rss", "xmlUrl": _printable(feed.url)}
            if feed.kind is not FeedKind.FEED:
                said[f"{{{OURS}}}kind"] = feed.kind.value
            etree.SubElement(above, "outline", {k: _printable(v) for k, v in said.items()})
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True))


def _printable(text: str) -> str:
    """Return the text without what XML cannot carry."""
    return "".join(c for c in text if c >= " " or c in "\t\n")
