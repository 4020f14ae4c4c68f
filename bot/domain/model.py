"""The nouns of the house as frozen values; outlets have a file of their own. All times are aware UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from bot.domain.chart import Chart


class Role(StrEnum):
    """What a subscriber may do in the chat."""

    SUBSCRIBER = "subscriber"
    ADMIN = "admin"


class ChatKind(StrEnum):
    """Telegram's kinds of chat, by its own names."""

    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"


class SubscriberState(StrEnum):
    """ACTIVE gets alerts; PAUSED asked for silence; GONE blocked the bot or removed it (watches are kept)."""

    ACTIVE = "active"
    PAUSED = "paused"
    GONE = "gone"


class Place(StrEnum):
    """Where in an article a word stands."""

    TITLE = "title"
    SUMMARY = "summary"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class Document:
    """An article as matching and repost recognition see it. language: BCP 47, "" where unknown."""

    title: str
    summary: str = ""
    body: str = ""
    language: str = ""
    outlet: str = ""
    country: str = ""
    author: str = ""
    url: str = ""

    def text(self, place: Place) -> str:
        """Return the plain text of that part."""
        return str(getattr(self, place.value))


class Rule(StrEnum):
    """Why a form in the text counts as a term of the watch."""

    EXACT = "exact"
    INFLECTION = "inflection"
    ALIAS = "alias"
    TRANSLITERATION = "transliteration"
    PREFIX = "prefix"
    EDIT = "edit"
    FILTER = "filter"  # outlet:, lang:, country:, ... ; start and end are 0


class Hit(NamedTuple):  # a tuple, as Match is: an article may have hundreds of both
    """One reason for a match. start, end: character offsets into the text of `place`, end exclusive."""

    term: str  # as the watch has it
    form: str  # as the text has it
    rule: Rule
    place: Place
    start: int
    end: int


class Match(NamedTuple):
    """A watch that an article fulfils, with its reasons: at least one hit unless only filters matched."""

    watch_id: int
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A Telegram chat, or one topic of a forum, that gets alerts."""

    id: int
    chat_id: int
    kind: ChatKind
    title: str
    language: str
    state: SubscriberState
    paused_until: datetime | None = None
    state_reason: str = ""
    zone: str = ""  # IANA name of the time zone it reads, "" for UTC
    thread_id: int = 0  # the topic of a forum; 0 for none, or its General
    mode: str = "instant"  # how soon it is told, a printed hours.Mode
    quiet: str = ""  # its quiet hours, printed; "" for none
    preview: bool = False  # alerts show a preview of the article's page


@dataclass(frozen=True, slots=True)
class Watch:
    """A subscriber's standing query. revision: of the watch log, growing with every change to any watch."""

    id: int
    subscriber_id: int
    query: str
    created_at: datetime
    revision: int
    stopped_at: datetime | None = None
    title: str = ""  # the subscriber's own name for it
    off: tuple[str, ...] = ()  # names that the subscriber switched off for it
    token: str | None = None  # of the link that shares it
    own: tuple[str, ...] = ()  # aliases that the subscriber gave it, each "term=alias"
    mode: str | None = None  # a printed hours.Mode where it differs from the chat's


@dataclass(frozen=True, slots=True)
class Article:
    """One page of one outlet, as stored."""

    id: int
    outlet_id: int
    outlet: str
    country: str
    language: str
    url: str
    title: str
    summary: str
    body: str
    author: str
    published_at: datetime | None
    seen_at: datetime
    archived: bool  # from a feed's first poll: filed, and alerts nobody
    attempts: int = 0
    story_id: int | None = None
    copy_of: int | None = None
    evidence: Mapping[str, object] = field(default_factory=dict)
    source: str = ""  # RSS <source>: who the feed says wrote it
    user_agent: str | None = None  # of its outlet, where that wants another


class VerdictKind(StrEnum):
    """What a person may say of a decision."""

    NOT_RELEVANT = "not_relevant"
    NOT_A_COPY = "not_a_copy"
    MISSED = "missed"


class Sent(StrEnum):
    """What became of one attempt to bring a message up to date."""

    OK = "ok"
    LATER = "later"  # surely not shown; try again
    UNCERTAIN = "uncertain"  # the chat may already show it
    GONE = "gone"  # blocked, kicked, deleted
    MOVED = "moved"  # the group became a supergroup
    TOPIC_CLOSED = "topic closed"  # only those who manage topics may write there
    TOPIC_GONE = "topic gone"  # deleted, or the group has no topics any more
    REFUSED = "refused"  # Telegram will never take this message


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer of a messenger. retry_after_s: seconds Telegram asks us to wait, None if it does not say.

    complaint: what Telegram would not take, so that a plainer message was tried in its place.
    """

    sent: Sent
    message_id: int | None = None
    retry_after_s: int | None = None
    new_chat_id: int | None = None
    detail: str = ""
    complaint: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message. data: `command:argument`, at most 64 bytes of UTF-8; or url, a link."""

    label: str
    data: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that a message brings. picture: to be shown at once, a PNG; else to be kept.

    chart: to be drawn when it is sent, and body is empty until then; instead: html for where it cannot be.
    """

    name: str
    body: bytes
    picture: bool = False
    chart: Chart | None = None
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What a chat is to show. html: Telegram's HTML, at most 4096 characters once its tags are parsed.

    file: what it brings; its html then has at most 1024 characters. preview: Telegram may show a preview
    of the first link.
    """

    html: str
    buttons: tuple[tuple[Button, ...], ...] = ()  # rows
    silent: bool = False
    preview: bool = False
    file: Attachment | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """One subscriber, one story, one message. Behind, and so in the outbox, while shown < revision."""

    id: int
    subscriber_id: int
    chat_id: int
    language: str
    story_id: int
    revision: int
    delivered_revision: int
    attempts: int
    message_id: int | None
    zone: str = ""  # IANA name of the reader's time zone, "" for UTC
    preview: bool = False  # the chat wants to see a preview of the article's page
    muted: bool = False  # the chat wants to hear no more of this story
    thread_id: int = 0  # the topic of a forum; 0 for none, or its General
    kind: ChatKind = ChatKind.PRIVATE
    quiet: str = ""  # the reader's quiet hours, printed; "" for none
    digest_id: int | None = (
        None  # of the message that tells of it with others, None or 0 for its own
    )


@dataclass(frozen=True, slots=True)
class StoryView:
    """What a message about a story is made from: its articles, origin first, then by time of publication.

    written_by: the outlet that wrote it first, where evidence names one that none here is from, or "".
    """

    story_id: int
    articles: tuple[Article, ...]
    matches: tuple[tuple[Watch, int, tuple[Hit, ...]], ...]  # watch, article id, why
    written_by: str = ""


@dataclass(frozen=True, slots=True)
class AlertView:
    """An alert with all that its message shows."""

    alert: Alert
    story: StoryView

    @property
    def covers(self) -> Mapping[int, int]:
        """Return what the message brings up to date: alert id -> the revision it shows."""
        return {self.alert.id: self.alert.revision}


@dataclass(frozen=True, slots=True)
class DigestView:
    """One page of a digest: a message that tells of several alerts, grouped by watch.

    alert: one of them, for the chat's language, zone and message. why: hourly, daily, quiet or surplus.
    stories: those of the page, each with its alert's id. first: the number of the page's first, from 1.
    n: of all stories. since: when the oldest alert was raised. covers: as AlertView's, of all its alerts.
    """

    alert: Alert
    why: str
    stories: tuple[tuple[int, StoryView], ...]
    page: int
    pages: int
    first: int
    n: int
    since: datetime
    covers: Mapping[int, int]


Due = AlertView | DigestView  # what a message of the outbox is made from
