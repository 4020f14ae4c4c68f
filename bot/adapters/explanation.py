"""What one address gives and why, for `outpost poll-once` and for adding an outlet."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

from bot.adapters.feeds import ParsedFeed
from bot.adapters.index_pages import is_article, named_feeds
from bot.adapters.pages import SHORT_CHARS
from bot.adapters.reading import address_to_ask, kind_of
from bot.adapters.web_client import Answer
from bot.domain.errors import SettingsError
from bot.domain.notes import Note
from bot.domain.outlet import Entry, Failure, FeedKind, OutletEntry, Page
from bot.domain.prospect import country_of, language_of
from bot.outlets_file import check_outlet

USUAL_PATHS = ("/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml")
MAX_NAMED = 4  # feeds a page names that are tried
NEWEST = 5  # entries kept of a feed that was found
NEVER = datetime.min.replace(tzinfo=UTC)  # the date of what has none, for sorting


class Asker(Protocol):
    """What explaining needs of the reader."""

    async def fetch(self, url: str) -> Answer | Failure:
        """Return the answer of an address."""
        ...

    async def read(self, answer: Answer, kind: FeedKind) -> ParsedFeed | Failure:
        """Return the entries in an answer."""
        ...

    async def page(self, answer: Answer) -> Page | Failure:
        """Return the article in an answer."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A feed that was found. entries: how many it lists now. kind: as the outlets file writes it.

    language: BCP 47, as it declares it or as its letters say, "" if neither does. newest: without texts.
    """

    url: str
    kind: FeedKind
    title: str
    entries: int
    form: str
    why: str
    language: str = ""
    newest: tuple[Entry, ...] = ()


@dataclass(slots=True)
class Explanation:
    """What was found. kind: of `url`: a FeedKind, "page", "homepage" or "nothing". why: one line a step."""

    url: str
    kind: str = "nothing"
    title: str = ""
    form: str = ""
    notes: tuple[Note, ...] = ()
    failure: Failure | None = None
    entries: tuple[Entry, ...] = ()
    page: Page | None = None
    candidates: list[Candidate] = field(default_factory=list)
    why: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Return whether there is anything to read."""
        return self.kind != "nothing"

    def as_json(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        told: dict[str, Any] = json.loads(json.dumps(asdict(self), default=_iso))
        return told

    def as_table(self, in_words: Callable[[Note], str]) -> str:
        """Return it for people: what it is, why, and an entry a line. in_words: says what is odd."""
        return "\n".join(self.lines(in_words))

    def lines(self, in_words: Callable[[Note], str]) -> Iterator[str]:
        """Yield it for people, one line each."""
        yield f"{self.url}: {self.kind}" + (f" ({self.form})" if self.form else "")
        yield from (f"  why: {line}" for line in self.why)
        if self.failure:
            yield f"  {self.failure.kind.value}: {self.failure.detail}"
        yield from (f"  note: {in_words(note)}" for note in self.notes)
        for found in self.candidates:
            what = f"[{found.kind.value}] {found.title!r}, {found.entries} entries"
            yield f"  feed: {found.url} {what}: {found.why}"
        for entry in self.entries:
            at = (
                f"{entry.published_at:%Y-%m-%d %H:%M}" if entry.published_at else "no date         "
            )
            text = "full text" if entry.body else f"{len(entry.summary)} characters"
            yield f"  {at}  {entry.title[:80]}  {entry.url}  ({text})"
        if self.page:
            yield from _page_lines(self.page)


def outlet_of(
    found: Explanation,
    *,
    name: str | None = None,
    country: str = "",
    language: str = "",
    feed_url: str | None = None,
) -> OutletEntry:
    """Return the outlet that an explained address makes. Raises SettingsError if there is nothing to poll.

    country, language: "" to tell them from its domain and its texts. feed_url: which of the feeds that
    were found; None for the first, which is the most to be trusted.
    """
    chosen = [c for c in found.candidates if feed_url in (None, c.url)]
    if not chosen:
        raise SettingsError(nothing_to_poll(found))
    feed, parts = chosen[0], urlsplit(found.url)
    language = language or feed.language
    named = name or found.title or feed.title or parts.hostname or ""
    entry = {
        "name": " ".join(named.split())[:100],
        # A channel's preview is its feed; its host is everybody's.
        "homepage": (
            feed.url.replace("/s/", "/", 1)
            if feed.kind is FeedKind.TELEGRAM
            else f"{parts.scheme}://{parts.netloc}"
        ),
        "country": country.upper() or country_of(found.url, language),
        "language": language,
        "feed": [{"url": feed.url, "kind": feed.kind.value}],
    }
    return check_outlet(entry)


def nothing_to_poll(found: Explanation) -> str:
    """Return why an explained address can be no outlet, in one line."""
    why = found.failure.detail if found.failure else "no feed and no list of articles was found"
    return f"{found.url}: {why}"


def _iso(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _page_lines(page: Page) -> Iterator[str]:
    for name in ("title", "authors", "published_at", "publisher", "canonical_url"):
        yield f"  {name}: {getattr(page, name) or '-'}"
    yield f"  text, {len(page.text)} characters: {page.text[:300]!r}"


async def explain(asker: Asker, url: str) -> Explanation:
    """Say what an address gives: asks it, what it names, then the usual places; a dozen requests at most."""
    url = url.strip() if "://" in url else f"https://{url.strip()}"
    told = Explanation(address_to_ask(url))
    if told.url != url:
        told.why.append(f"{url} is a Telegram channel: its public preview is read")
    answer = await asker.fetch(told.url)
    if isinstance(answer, Failure):
        told.failure = answer
        return told
    if answer.url != told.url:
        told.why.append(f"it redirects to {answer.url}")
    found = await asker.read(answer, FeedKind.FEED)
    if isinstance(found, ParsedFeed):
        _tell_feed(told, answer, found)
    elif _is_html(answer):
        await _explain_page(asker, told, answer)
    else:
        told.failure = found
    return told


def _tell_feed(told: Explanation, answer: Answer, found: ParsedFeed) -> None:
    kind = kind_of(answer.url, found.form)
    told.kind, told.form, told.title = kind.value, found.form, found.title
    told.notes, told.entries = found.notes, found.entries
    told.why.append(
        f"the answer reads as {found.form or 'a feed'} with {len(found.entries)} entries"
    )
    told.candidates.append(_candidate(answer.url, found, "it is the address itself"))


def _candidate(url: str, found: ParsedFeed, why: str) -> Candidate:
    bare = (replace(entry, summary="", body="") for entry in found.entries)
    newest = sorted(bare, key=lambda e: e.published_at or NEVER, reverse=True)[:NEWEST]
    return Candidate(
        url=url,
        kind=kind_of(url, found.form),
        title=found.title,
        entries=len(found.entries),
        form=found.form,
        why=why,
        language=language_of(found.language, (e.title for e in found.entries)),
        newest=tuple(newest),
    )


def _is_html(answer: Answer) -> bool:
    return "html" in answer.content_type.lower() or b"<html" in answer.body[:4096].lower()


async def _explain_page(asker: Asker, told: Explanation, answer: Answer) -> None:
    """Tell an article from a homepage; of a homepage, find the feeds."""
    told.kind = "homepage"
    page = await asker.page(answer) if is_article(answer.url) else None
    if isinstance(page, Page) and len(page.text) >= SHORT_CHARS:
        told.kind, told.page, told.title = "page", page, page.title
        told.why.append("its address and its text are those of one article")
    async for candidate in _search(asker, answer):
        told.candidates.append(candidate)
        told.why.append(f"{candidate.url}: {candidate.why}")
        if told.kind == "page" or len(told.candidates) >= MAX_NAMED:
            break
    if told.candidates or told.kind == "page":
        return
    index = await asker.read(answer, FeedKind.HTML)
    if isinstance(index, ParsedFeed):
        told.why.append("no feed was found; the page's own links to articles are read")
        told.kind, told.form, told.entries = FeedKind.HTML.value, index.form, index.entries
        told.candidates.append(_candidate(answer.url, index, "links to articles in the page"))
    else:
        told.kind, told.failure = "nothing", index


async def _search(asker: Asker, answer: Answer) -> AsyncIterator[Candidate]:
    """Yield feeds: those the page names; else one at a usual place; else a sitemap of robots.txt."""
    found = False
    named = await asyncio.to_thread(lambda: list(named_feeds(answer.body, url=answer.url)))
    for address, why in named[:MAX_NAMED]:
        if candidate := await _try(asker, address, why):
            found = True
            yield candidate
    places = ((urljoin(answer.url, path), "one of the usual addresses") for path in USUAL_PATHS)
    for address, why in () if found else (*places, *await _sitemaps(asker, answer.url)):
        if candidate := await _try(asker, address, why):
            yield candidate
            return


async def _try(asker: Asker, address: str, why: str) -> Candidate | None:
    answer = await asker.fetch(address)
    if isinstance(answer, Failure) or _is_html(answer):
        return None
    found = await asker.read(answer, FeedKind.FEED)
    if isinstance(found, Failure) or not found.entries:
        return None
    return _candidate(answer.url, found, why)


async def _sitemaps(asker: Asker, url: str) -> list[tuple[str, str]]:
    """Return the sitemaps that robots.txt names, those for news first."""
    parts = urlsplit(url)
    answer = await asker.fetch(f"{parts.scheme}://{parts.netloc}/robots.txt")
    if isinstance(answer, Failure):
        return []
    lines = answer.body[:200_000].decode("utf-8", "replace").splitlines()
    named = [line.split(":", 1)[1].strip() for line in lines if line.lower().startswith("sitemap:")]
    named.sort(key=lambda address: "news" not in address.lower())
    return [(address, "robots.txt names it") for address in named[:2]]
