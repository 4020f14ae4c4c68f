"""OPML <-> outlets: what feed readers exchange, and what an operator may send the bot.

Untrusted: parsed without entities, network or huge trees. Our own country and kind travel in a namespace
of ours, which readers ignore.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import urlsplit

from lxml import etree

from bot.adapters.charsets import utf8_of
from bot.adapters.feeds import absurd
from bot.domain.addresses import Guard
from bot.domain.outlet import Failure, FailureKind, FeedKind, OutletEntry, OutletFeed
from bot.domain.prospect import COUNTRIES, is_language, is_outlet_url

MAX_BYTES = 2_000_000
MAX_OUTLINES = 5_000
OURS = "https://outpost.invalid/opml"  # names our attributes; leads nowhere


class Skip(StrEnum):
    """Why an outline that should be a feed is passed over. The texts opml.skip_* say it."""

    ADDRESS = "address"  # not http(s)
    PRIVATE = "private"  # a number that leads into somebody's network
    COUNTRY = "country"
    LANGUAGE = "language"
    TWICE = "twice"  # the document has that feed already
    MANY = "many"  # past MAX_OUTLINES


@dataclass(frozen=True, slots=True)
class Skipped:
    """One outline that is passed over. said: what it says wrongly, "" if it says nothing there."""

    name: str
    why: Skip
    said: str


@dataclass(frozen=True, slots=True)
class Opml:
    """What a document lists: outlets in its order, and the outlines of it that can be none."""

    outlets: tuple[OutletEntry, ...]
    skipped: tuple[Skipped, ...] = ()


def parse_opml(body: bytes, guard: Guard) -> Opml | Failure:
    """Return the outlets of an OPML document, or why there is nothing in it.

    An outline with a homepage and feeds inside is an outlet. Any other feed makes one of its own, joined
    with those of the same homepage, or of the same host where it names none. An outlet is held to what
    the outlets file must hold, but may leave out its country and language. guard: of addresses that are
    numbers; names are looked at when they are asked.
    """
    if len(body) > MAX_BYTES:
        return Failure(FailureKind.TOO_LARGE, f"larger than {MAX_BYTES // 1_000_000} MB")
    body = utf8_of(body, "")
    if reason := absurd(body):
        return Failure(FailureKind.ABSURD, reason)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.LxmlError, ValueError) as e:
        line = getattr(e, "lineno", 0) if body.strip() else 0  # its words name a "<string>"
        where = f"broken XML in line {line}" if line else "no XML in it"
        return Failure(FailureKind.NOT_A_FEED, f"not OPML: {where}")
    if root.tag != "opml":
        return Failure(FailureKind.NOT_A_FEED, "not OPML: no <opml> in it")
    outlines = [o for o in root.iter("outline") if _is_feed(o)]
    skipped: list[Skipped] = []
    found = list(_sound(outlines[:MAX_OUTLINES], guard, skipped))
    if more := outlines[MAX_OUTLINES:]:
        skipped.append(Skipped(_name(more[0]), Skip.MANY, str(len(more))))
    if not found and not skipped:
        return Failure(FailureKind.EMPTY, "OPML without feeds")
    return Opml(_joined(found), tuple(skipped))


def _is_feed(outline: etree._Element) -> bool:
    """Return whether an outline is meant as a feed; the others are folders."""
    named = outline.get("xmlUrl") is not None or outline.get("xmlurl") is not None
    return named or outline.get("type") == "rss"


def _sound(
    outlines: Iterable[etree._Element], guard: Guard, skipped: list[Skipped]
) -> Iterator[tuple[str, OutletEntry]]:
    """Yield the outlets of outlines, with what they are joined by; put the rest into `skipped`."""
    seen: set[str] = set()
    for outline in outlines:
        joined_by, outlet = _outlet(outline)
        [feed] = outlet.feeds
        if wrong := _wrong(outlet, guard, seen):
            skipped.append(Skipped(outlet.name, *wrong))
            continue
        seen.add(feed.url)
        yield joined_by, outlet


def _wrong(outlet: OutletEntry, guard: Guard, seen: set[str]) -> tuple[Skip, str] | None:
    """Return why an outline is no outlet, and what it says there; None if it is one."""
    url = outlet.feeds[0].url
    if not is_outlet_url(url):
        return Skip.ADDRESS, url[:200]
    if guard.refusal_of_url(url):
        return Skip.PRIVATE, url[:200]
    if outlet.country and outlet.country not in COUNTRIES:
        return Skip.COUNTRY, outlet.country[:60]
    if outlet.language and not is_language(outlet.language):
        return Skip.LANGUAGE, outlet.language[:60]
    return (Skip.TWICE, url[:200]) if url in seen else None


def _outlet(outline: etree._Element) -> tuple[str, OutletEntry]:
    """Return the one feed of an outline as an outlet, with what it is joined by. Nothing is checked."""
    url = (outline.get("xmlUrl") or outline.get("xmlurl") or "").strip()
    above = outline.getparent()
    owner = outline
    if above is not None and above.tag == "outline" and above.get("htmlUrl"):
        owner = above
    homepage = (owner.get("htmlUrl") or "").strip()
    if not is_outlet_url(homepage):
        homepage = f"https://{_host(url)}/"
    name = _name(owner) or _host(homepage)
    # Feeds inside one outline are one outlet's; loose ones are, where they share a homepage.
    joined_by = homepage.rstrip("/").lower() + ("" if owner is outline else f" {name}")
    return joined_by, OutletEntry(
        name=name,
        homepage=homepage,
        country=(owner.get(f"{{{OURS}}}country") or "").strip().upper(),
        language=_language(owner.get("language") or ""),
        feeds=(OutletFeed(url, _kind(outline)),),
        user_agent=owner.get(f"{{{OURS}}}userAgent"),
    )


def _name(outline: etree._Element) -> str:
    return " ".join((outline.get("text") or outline.get("title") or "").split())[:100]


def _language(said: str) -> str:
    """Return a tag as BCP 47 writes it: readers write EN_us, and "unknown" where they know none."""
    base, *rest = said.strip().replace("_", "-").split("-", 1)
    tag = "-".join((base.lower(), *rest))
    return "" if tag == "unknown" else tag


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


def _kind(outline: etree._Element) -> FeedKind:
    try:
        return FeedKind(outline.get(f"{{{OURS}}}kind") or FeedKind.FEED)
    except ValueError:
        return FeedKind.FEED


def _joined(found: Iterable[tuple[str, OutletEntry]]) -> tuple[OutletEntry, ...]:
    """Join the feeds of one homepage; keep names apart, an outlet is known by its name."""
    outlets: dict[str, OutletEntry] = {}
    for homepage, outlet in found:
        first = outlets.get(homepage)
        outlets[homepage] = replace(first, feeds=(*first.feeds, *outlet.feeds)) if first else outlet
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
