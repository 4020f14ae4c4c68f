"""Bytes -> entries: RSS, Atom, RDF and JSON Feed.

feedparser gets a stream and nothing else: given bytes or text it would try to open them as a file or a
URL. Its sanitising and URL resolving stay off (a third of the time); texts leave here as plain text.
"""

import calendar
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html.entities import name2codepoint
from itertools import islice
from typing import Any
from urllib.parse import urljoin

import feedparser

from bot.adapters.charsets import utf8_of
from bot.adapters.plain import plain_text
from bot.domain.dates import FIRST_YEAR, LAST_YEAR, read_date
from bot.domain.furniture import without_furniture
from bot.domain.notes import Note, Oddity
from bot.domain.outlet import Entry, Failure, FailureKind
from bot.domain.urls import is_web_url

MAX_ENTRIES = 2_000
MAX_TAG_BYTES = 65_536  # a 2.3 MB tag of 200,000 attributes kept feedparser busy for over 90 s
MAX_DEPTH = 200
MAX_ENTITIES = 64
FULL_TEXT_CHARS = (
    600  # a summary this long is the article (issue: "under 600 characters, fetch the page")
)

_HTML = re.compile(rb"<!doctype\s+html|<html|<head|<body", re.I)
_ENTITY = re.compile(rb"<!ENTITY\s+(%\s+)?[^\s>]+\s+(\"[^\"]*\"|'[^']*'|[^>]*)", re.I)
_NESTED = re.compile(rb"&\w+;|%\w+;")
_CHANNEL = re.compile(rb"<channel[\s>]", re.I)
_ENTRY_END = re.compile(rb"</(item|entry)>", re.I)
# What feedparser lets out for the width of an image that ends and never began, or a licence that ends twice.
_BROKEN = (LookupError, TypeError, ValueError, AttributeError, AssertionError)
_BREAKING = re.compile(rb"</?(\w+:)?(width|height|license)\b[^<>]*>", re.I)
_DTD_ELSEWHERE = re.compile(rb"<!DOCTYPE[^<>[]{0,1000}>", re.I)
_NAME = re.compile(rb"&([A-Za-z]{2,8}\d{0,2});")
_LINE_BREAK = re.compile(r"\s*[\t\r\n]\s*")  # browsers leave them out of addresses, too
_HALVES = re.compile(rb"(?:&#(?:5[5-7]\d{3}|x[dD][89a-fA-F][\da-fA-F]{2});)+")
_XML_NAMES = {"amp", "lt", "gt", "quot", "apos"}
_LONG_TAG = re.compile(rb"<(?!!)[^<>]{%d}" % MAX_TAG_BYTES)


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """What a feed's bytes say. entries: as published, links absolute; possibly none.

    ttl_s: how long the feed asks to be left alone.
    """

    entries: tuple[Entry, ...]
    title: str = ""
    notes: tuple[Note, ...] = ()
    form: str = ""  # "rss20", "atom10", "json1", ... as feedparser names them
    ttl_s: int | None = None
    parts: tuple[str, ...] = ()  # of a sitemap index: the sitemaps to read, the likeliest first
    parts_hash: str = ""  # of what those sitemaps answered, once they are read
    language: str = ""  # as the feed or page declares it


def parse_feed(body: bytes, *, url: str, content_type: str) -> ParsedFeed | Failure:
    """Return the feed in these bytes, or why they are none.

    url: where they came from, for relative links. content_type: the header as sent, "" if there was none.
    """
    body = utf8_of(body, content_type)
    if not body.strip():
        return Failure(FailureKind.EMPTY, "the answer is empty")
    if reason := absurd(body):
        return Failure(FailureKind.ABSURD, reason)
    start = body.lstrip()
    if start[:1] in (b"{", b"["):
        return _json_feed(body, url)
    if _is_html(start[:4096]) and not re.search(rb"<(rss|feed|rdf:RDF)[\s>]", start[:4096]):
        return Failure(FailureKind.NOT_A_FEED, "an HTML page, not a feed")
    return _xml_feed(body, url)


def absurd(body: bytes) -> str:
    """Return why no parser should see these bytes, or "": entity bombs and tags beyond any sense."""
    declared = _ENTITY.findall(body[:1_000_000])
    if len(declared) > MAX_ENTITIES or any(_NESTED.search(value) for _, value in declared):
        return "its entities refer to entities: an entity bomb"
    if _LONG_TAG.search(body):
        return f"a tag of more than {MAX_TAG_BYTES // 1024} kB"
    return ""


def _is_html(start: bytes) -> bool:
    """Return whether a document begins as HTML does, comments aside: one by one, each looked at once."""
    start = start.lstrip()
    while start.startswith(b"<!--"):
        start = start.partition(b"-->")[2].lstrip()
    return bool(_HTML.match(start))


def _xml_feed(body: bytes, url: str) -> ParsedFeed | Failure:
    body = _without_names(body)
    if (
        b"<rss:item" in body
    ):  # RSS in a prefix of its own is legal, if declared; feedparser knows it undeclared only
        body = re.sub(rb"(</?)rss:", rb"\1", body)
    try:
        parsed = _parsed(_shortened(body))
    except _BROKEN as e:
        return Failure(FailureKind.NOT_A_FEED, _line(f"the parser broke on it: {e!r}"))
    if not parsed.version and not parsed.entries and not _CHANNEL.search(body[:4096]):
        why = _fault(parsed) or "no known root element"
        return Failure(FailureKind.NOT_A_FEED, f"no feed in it: {why}")
    base = urljoin(url, _absolute(str(parsed.feed.get("link") or "")) or url)
    entries = tuple(_entry(item, base) for item in parsed.entries[:MAX_ENTRIES])
    return ParsedFeed(
        entries=entries,
        title=plain_text(str(parsed.feed.get("title", ""))),
        notes=_notes(parsed, entries),
        form=str(parsed.version),
        ttl_s=_ttl_s(parsed.feed),
        language=_language(parsed.feed),
    )


def _parsed(body: bytes) -> Any:
    """Return what feedparser makes of a feed; where it breaks on one, of that without what breaks it."""
    try:
        return _read_by_feedparser(body)
    except _BROKEN:
        return _read_by_feedparser(_BREAKING.sub(b"", body))


def _read_by_feedparser(body: bytes) -> Any:
    return feedparser.parse(
        io.BytesIO(body),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )


def _without_names(body: bytes) -> bytes:
    """Return the feed with `&eacute;` as `&#233;`: XML knows no names but five, and where a DTD somewhere
    else is said to declare them they would silently be left out.
    """
    body = _HALVES.sub(_joined, _DTD_ELSEWHERE.sub(b"", body, count=1))
    return body if b"<!ENTITY" in body else _NAME.sub(_number, body)


def _joined(found: re.Match[bytes]) -> bytes:
    """Return references to halves of letters, as some write emoji, as the letters themselves."""
    halves = (number.lower() for number in re.findall(rb"#(\w+)", found[0]))
    codes = (int(n[1:], 16) if n.startswith(b"x") else int(n) for n in halves)
    units = b"".join(code.to_bytes(2, "little") for code in codes)
    return units.decode("utf-16-le", "replace").encode()


def _number(found: re.Match[bytes]) -> bytes:
    name = found[1].decode("ascii")
    code = None if name in _XML_NAMES else name2codepoint.get(name)
    return b"&#%d;" % code if code else found[0]


def _shortened(body: bytes) -> bytes:
    """Leave out what is past the entries we take; a feed of 300,000 would cost all of a worker's time.

    What closes the document stays: well-formed is not to become ill-formed by our own hand.
    """
    ends = [found.end() for found in islice(_ENTRY_END.finditer(body), MAX_ENTRIES + 2)]
    if len(ends) < MAX_ENTRIES + 2:
        return body
    last = max(body.rfind(b"</item>"), body.rfind(b"</entry>"))
    after = body[last:].partition(b">")[2] if last > ends[MAX_ENTRIES] else b""
    return body[: ends[MAX_ENTRIES]] + after


def _entry(item: Mapping[str, Any], base: str) -> Entry:
    summary = without_furniture(plain_text(str(item.get("summary", ""))))
    contents = [plain_text(str(part.get("value", ""))) for part in item.get("content", ())]
    contents = [without_furniture(text) for text in contents]
    body = max(contents, key=len, default="")
    if not body and len(summary) >= FULL_TEXT_CHARS:
        body = summary
    source = item.get("source", {})
    return Entry(
        url=_link(item, base),
        title=plain_text(str(item.get("title", ""))),
        summary=summary,
        body=body if len(body) >= FULL_TEXT_CHARS else "",
        author=plain_text(str(item.get("author", ""))),
        guid=str(item.get("id", "")).strip(),
        source=plain_text(str(source.get("title", ""))) if isinstance(source, Mapping) else "",
        published_at=_date(item),
    )


def _link(item: Mapping[str, Any], base: str) -> str:
    guid = str(item.get("id") or "").strip()
    link = _LINE_BREAK.sub("", str(item.get("link") or "").strip())
    if link == guid and "/" not in guid:
        link = ""  # feedparser takes every guid for an address that does not deny it
    return _join(base, link or (guid if is_web_url(guid) else ""))


def _join(base: str, link: str) -> str:
    """Return a link as an absolute address, "" for none."""
    try:
        return urljoin(base, link) if link else ""
    except ValueError:
        return link


def _absolute(link: str) -> str:
    return link if link.startswith(("http://", "https://")) else ""


def _date(item: Mapping[str, Any]) -> datetime | None:
    """Return our own reading of the date first: feedparser takes every zone it does not know for UTC."""
    for name in ("published", "updated", "created"):
        if name in item:  # asked first: feedparser answers `updated` with `published`, and warns
            at = read_date(str(item[name])) or _parsed_date(item.get(f"{name}_parsed"))
            if at:
                return at
    return None


def _parsed_date(parsed: Any) -> datetime | None:
    try:
        at = datetime.fromtimestamp(calendar.timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError):
        return None
    return at if at and FIRST_YEAR <= at.year <= LAST_YEAR else None


def _language(feed: Mapping[str, Any]) -> str:
    """Return what <language> says, or the xml:lang that the title stands in."""
    title = feed.get("title_detail")
    inherited = title.get("language") if isinstance(title, Mapping) else ""
    return str(feed.get("language") or inherited or "")[:35]


def _ttl_s(feed: Mapping[str, Any]) -> int | None:
    """Return what <ttl> (minutes) or sy:updatePeriod over sy:updateFrequency ask for."""
    periods = {"hourly": 3600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000}
    try:
        if "ttl" in feed:
            return max(0, int(float(feed["ttl"]) * 60)) or None
        period = periods.get(str(feed.get("sy_updateperiod", "")).strip().lower())
        frequency = float(feed.get("sy_updatefrequency", 1) or 1)
        if not period or frequency <= 0 or period / frequency == 3600:
            return None  # "hourly" is what every WordPress says untold: nobody's wish
        return int(period / frequency)
    except (ValueError, OverflowError):
        return None


def _notes(parsed: Mapping[str, Any], entries: tuple[Entry, ...]) -> tuple[Note, ...]:
    notes = []
    if len(parsed["entries"]) > MAX_ENTRIES:
        notes.append(Note(Oddity.CUT, n=MAX_ENTRIES))
    if fault := _fault(parsed):
        notes.append(Note(Oddity.ILL_FORMED, detail=fault))
    return (*notes, *_lacking(entries))


def _fault(parsed: Mapping[str, Any]) -> str:
    """Return feedparser's complaint as one line, "" if it has none."""
    fault = parsed.get("bozo_exception")
    if isinstance(fault, feedparser.NonXMLContentType):
        return ""  # half of all outlets serve their feed as text/html: nobody's news
    text = str(fault or "")
    return _line(re.sub(r"^<unknown>:(\d+):\d+: ", r"line \1: ", text))


def _lacking(entries: tuple[Entry, ...]) -> Iterable[Note]:
    """Yield what the entries lack: addresses, dates, guids, guids of their own; or that there are none."""
    if not entries:
        yield Note(Oddity.EMPTY)
    if bad := sum(1 for e in entries if e.url and not is_web_url(e.url)):
        yield Note(Oddity.BAD_LINKS, n=bad)
    if without := sum(1 for e in entries if not e.url and not is_web_url(e.guid)):
        yield Note(Oddity.NO_LINKS, n=without)
    if len(entries) < 2:
        return
    guids = {e.guid for e in entries if e.guid}
    if not any(e.published_at for e in entries):
        yield Note(Oddity.NO_DATES)
    if not guids:
        yield Note(Oddity.NO_GUIDS)
    elif len(guids) == 1 and all(e.guid for e in entries):
        yield Note(Oddity.ONE_GUID)


def _json_feed(body: bytes, url: str) -> ParsedFeed | Failure:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as e:
        return Failure(FailureKind.NOT_A_FEED, _line(f"broken JSON: {e}"))
    if not isinstance(found, dict) or not _is_json_feed(found):
        return Failure(FailureKind.NOT_A_FEED, "JSON, but no JSON Feed")
    items = [item for item in _list(found.get("items")) if isinstance(item, dict)]
    entries = tuple(_json_entry(item, url) for item in items[:MAX_ENTRIES])
    version = _text(found, "version").rstrip("/").rpartition("/")[2]
    return ParsedFeed(
        entries=entries,
        title=plain_text(_text(found, "title")),
        notes=(*_json_faults(found, items), *_lacking(entries)),
        form=f"json {version}",
        language=_text(found, "language")[:35],
    )


def _text(found: Mapping[str, Any], name: str) -> str:
    """Return a field that holds text, or a number, which some take for an id; "" for anything else."""
    value = found.get(name)
    is_text = isinstance(value, str | int | float) and not isinstance(value, bool)
    return str(value).strip() if is_text else ""


def _json_faults(found: Mapping[str, Any], items: list[Any]) -> Iterable[Note]:
    """Yield a note where only some items are read, and one of the first thing that is not what it must be."""
    if len(items) > MAX_ENTRIES:
        yield Note(Oddity.CUT, n=MAX_ENTRIES)
    odd = [_not_text(found, "the feed", ("title",))]
    if not isinstance(found.get("items"), list):
        odd.append("items is no list")
    elif len(items) < len(found["items"]):
        odd.append("an item is no object")
    odd += [_not_text(item, f"item {n}", _TEXTS) for n, item in enumerate(items, 1)]
    if fault := next(filter(None, odd), ""):
        yield Note(Oddity.ILL_FORMED, detail=fault)


_TEXTS = ("id", "title", "url", "external_url", "content_text", "content_html", "summary")


def _not_text(found: Mapping[str, Any], what: str, names: Iterable[str]) -> str:
    wrong = (n for n in names if found.get(n) is not None and not isinstance(found[n], str | int))
    return next((f"the {name} of {what} is no text" for name in wrong), "")


def _is_json_feed(found: Mapping[str, Any]) -> bool:
    """Some leave the version's address out; then entries must look like entries."""
    if "jsonfeed.org" in str(found.get("version", "")):
        return True
    own = {"id", "url", "content_html", "content_text", "date_published"}
    items = _list(found.get("items"))
    return bool(items) and all(isinstance(item, dict) and own & item.keys() for item in items)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _json_entry(item: Mapping[str, Any], base: str) -> Entry:
    def text(name: str) -> str:
        return _text(item, name)

    authors = _list(item.get("authors")) or [item.get("author")]
    names = [_text(a, "name") for a in authors if isinstance(a, dict)]
    body = text("content_text") or plain_text(text("content_html"))
    link = text("url") or text("external_url")
    return Entry(
        url=_join(base, link),
        title=plain_text(text("title")),
        summary=plain_text(text("summary")) or (body if len(body) < FULL_TEXT_CHARS else ""),
        body=body if len(body) >= FULL_TEXT_CHARS else "",
        author=", ".join(n for n in names if n),
        guid=text("id"),
        published_at=read_date(text("date_published")) or read_date(text("date_modified")),
    )


def _line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 200 else text[:199] + "…"
