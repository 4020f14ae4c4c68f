"""Outlets, their feeds and pages, and what reading one gives: values, and failures that are values too."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.notes import Note
from bot.domain.rhythm import Rhythm


class FeedKind(StrEnum):
    """What a feed's URL answers with."""

    FEED = "feed"  # RSS, Atom, RDF or JSON Feed
    SITEMAP = "sitemap"
    HTML = "html"
    TELEGRAM = "telegram"


@dataclass(frozen=True, slots=True)
class OutletFeed:
    """One feed as the outlets file names it."""

    url: str
    kind: FeedKind = FeedKind.FEED


@dataclass(frozen=True, slots=True)
class OutletEntry:
    """One outlet as the outlets file names it. country: ISO 3166-1 alpha-2; language: BCP 47."""

    name: str
    homepage: str
    country: str
    language: str
    feeds: tuple[OutletFeed, ...]
    user_agent: str | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed to poll, with what the last poll left behind."""

    id: int
    outlet_id: int
    outlet: str
    url: str
    kind: FeedKind
    language: str
    country: str
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    first_polled_at: datetime | None = None  # None: the next poll is the first, and alerts nobody
    interval_s: int = 0
    failures: int = 0  # consecutive
    user_agent: str | None = None
    rhythm: Rhythm = field(default_factory=Rhythm)


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a feed as published. published_at None: the feed gives no date we can read."""

    url: str
    title: str
    summary: str = ""
    body: str = ""  # full text where the feed carries it, else ""
    author: str = ""
    guid: str = ""
    source: str = ""  # RSS <source>: who the feed says wrote it
    published_at: datetime | None = None


class FailureKind(StrEnum):
    """Why a request gave nothing to read."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    GONE = "410"
    TOO_MANY = "429"
    STATUS = "status"  # any other answer that is not 200 or 304
    SERVER = "5xx"
    NOT_A_FEED = "not a feed"
    EMPTY = "empty"
    TOO_LARGE = "too large"
    PRIVATE = "private address"
    ADDRESS = "address"  # not http or https, or none at all
    REDIRECTS = "redirects"
    ABSURD = "absurd markup"
    HELD = "held back"  # not asked at all: the domain wants silence, or others are before it


@dataclass(frozen=True, slots=True)
class Failure:
    """A request or a document that gave nothing. detail: one line for a person."""

    kind: FailureKind
    detail: str
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The outlet says, or the bytes show, that nothing is new."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """A feed that was read."""

    entries: tuple[Entry, ...]
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    title: str = ""
    notes: tuple[Note, ...] = ()
    moved_to: str | None = None  # the address of a permanent redirect
    hint_s: int | None = None  # how long the feed asks to be left alone (ttl, max-age, sy:)


FeedReading = Changed | Unchanged | Failure


@dataclass(frozen=True, slots=True)
class Page:
    """What an article's page gives. Empty fields: the page does not say."""

    text: str
    title: str = ""
    authors: str = ""
    published_at: datetime | None = None
    canonical_url: str = ""  # rel=canonical, absolute
    publisher: str = ""  # JSON-LD publisher or og:site_name
    based_on: tuple[str, ...] = ()  # JSON-LD isBasedOn, sourceOrganization, "Original url" links
    links: tuple[str, ...] = ()  # absolute links of the text, in order


PageReading = Page | Failure
