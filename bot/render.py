"""Stories and mistakes become messages: Telegram HTML that it accepts, whatever an outlet wrote.

Every part has a limit of its own, so that a message stays under Telegram's 4096; should many copies
still exceed it, the last ones are counted instead of named.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime

from bot import texts
from bot.domain.errors import QueryError
from bot.domain.model import AlertView, Article, Button, Hit, Message, Place, StoryView, Watch
from bot.domain.notes import Note
from bot.domain.text import sentence_around
from bot.texts import Html, escape, html

MAX_MESSAGE = 4096  # UTF-16 units after entity parsing: how Telegram counts
MAX_DATA_BYTES = 64  # of callback data
MAX_HEADLINE = 300  # characters, and so on below: what a phone shows without scrolling
MAX_OUTLET = 60
MAX_SENTENCE = 360
MAX_QUERY = 120
MAX_LABEL = 40
MAX_URL = 2_000  # a longer link is left out: clients would not open it
MAX_SUGGESTION = 1_000
MAX_COPIES = 40  # Telegram keeps 100 entities of a message
NAMED_WATCHES = 3
OPEN_COPIES = 4  # more are folded into an expandable quote
CARET_COLUMNS = 32  # a phone's line of monospace

# Bidi overrides and isolates: unbalanced, they would turn the rest of the line.
TURNS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_SPACES = re.compile(r"\s+")
_SENTENCE_END = (".", "!", "?", "…", "։", "»", "”", '"', ")")


def alert(view: AlertView) -> Message:
    """Return the message of an alert, with all copies known so far."""
    language, story = view.alert.language, view.story
    first = story.articles[0]
    hits = _hits(story, first)
    head = [_headline(language, first, hits), _byline(view, first)]
    body = [part for part in (_sentence(story, hits), _watches(language, story)) if part]
    copies = _copies(language, story)
    shown = min(len(copies), MAX_COPIES)
    while True:
        parts = ["\n".join(head), *body, *_tail(language, story, copies, shown)]
        words = "\n\n".join(parts)
        if not shown or length(words) <= MAX_MESSAGE:
            break
        shown -= 1
    buttons = (*_ask_buttons(view), *_stops(view))
    return Message(words, buttons, preview=view.alert.preview)


def length(words: str) -> int:
    """Return how long Telegram finds a message: UTF-16 units once the tags are parsed."""
    return len(texts.plain(words).encode("utf-16-le")) // 2


def clean(text: str) -> str:
    """Return an outlet's words on one line, without what could break a message or turn its direction."""
    return _SPACES.sub(" ", TURNS.sub("", texts.printable(text)))


def short(text: str, limit: int) -> str:
    """Return the text on one line, cut to `limit` characters with an ellipsis."""
    words = clean(text).strip()
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"


def notes_in_words(language: str, notes: Iterable[Note], limit: int) -> str:
    """Return what was odd in a feed as plain words of at most `limit` characters, "" if nothing was."""
    return short("; ".join(note_in_words(language, note) for note in notes), limit)


def note_in_words(language: str, note: Note) -> str:
    """Return one thing that was odd in a feed as plain words."""
    return texts.say(language, f"oddity.{note.oddity}", n=note.n, detail=note.detail)


def flag(country: str) -> str:
    """Return the flag of an ISO 3166-1 alpha-2 code, "" for anything else."""
    if not re.fullmatch("[A-Za-z]{2}", country):
        return ""
    return "".join(chr(0x1F1E6 + ord(c) - ord("A")) for c in country.upper())


def link(words: Html, url: str) -> Html:
    """Return the words as a link, or as they are if the address is none that a phone should open."""
    if (
        not url.startswith(("http://", "https://"))
        or len(url) > MAX_URL
        or url != texts.printable(url)
    ):
        return words
    return Html(f'<a href="{escape(url)}">{words}</a>')


def marked(text: str, spans: Iterable[tuple[int, int]], start: int, end: int) -> Html:
    """Return text[start:end] as HTML with the spans in bold. Spans are offsets into text, in any order."""
    at = start
    out: list[str] = []
    for a, b in sorted(spans):
        left, right = max(a, at), min(b, end)
        if left >= right:
            continue
        out.append(escape(clean(text[at:left])))
        out.append(f"<b>{escape(clean(text[left:right]))}</b>")
        at = right
    out.append(escape(clean(text[at:end])))
    return Html("".join(out))


def _hits(story: StoryView, first: Article) -> tuple[Article, Sequence[Hit]]:
    """Return the article whose words to show and where they stand: the first shown one that matched."""
    for article in (first, *story.articles[1:]):
        found = [h for _, id_, hits in story.matches if id_ == article.id for h in hits]
        if any(h.end > h.start for h in found):
            return article, found
    return first, ()


def _text(article: Article, place: Place) -> str:
    return {Place.TITLE: article.title, Place.SUMMARY: article.summary}.get(place, article.body)


def _spans(hits: Iterable[Hit], place: Place) -> list[tuple[int, int]]:
    return [(h.start, h.end) for h in hits if h.place is place and h.end > h.start]


def _headline(language: str, first: Article, found: tuple[Article, Sequence[Hit]]) -> Html:
    title = first.title
    if not clean(title).strip():
        return link(html(language, "alert.no_headline"), first.url)
    start = len(title) - len(title.lstrip())
    end = min(len(title.rstrip()), start + MAX_HEADLINE)
    spans = _spans(found[1], Place.TITLE) if found[0].id == first.id else []
    words = marked(title, spans, start, end)
    cut = "…" if end < len(title.rstrip()) else ""
    return link(Html(words + cut), first.url)


def _outlet(article: Article) -> str:
    return f"{flag(article.country)} {short(article.outlet, MAX_OUTLET)}".strip()


def published(article: Article) -> datetime:
    """Return when it was published, as far as can be believed: no later than we saw it."""
    return min(article.published_at or article.seen_at, article.seen_at)


def _byline(view: AlertView, first: Article) -> Html:
    language = view.alert.language
    key = "alert.byline" if first.published_at else "alert.byline_seen"
    outlet, tongue = _outlet(first), texts.language_name(language, first.language)
    if tongue:
        outlet = texts.say(language, "alert.outlet", outlet=outlet, tongue=tongue)
    at, zone = published(first), texts.zone(view.alert.zone)
    moment = texts.moment(language, at, zone=zone)
    return html(language, key, outlet=outlet, moment=moment, zone=texts.offset(at, zone))


def _sentence(story: StoryView, found: tuple[Article, Sequence[Hit]]) -> Html | None:
    """Return the sentence that holds most of what matched, or None if the headline has it all."""
    article, hits = found
    best: tuple[int, Place, int, int] | None = None
    for hit in hits:
        if hit.end <= hit.start or (hit.place is Place.TITLE and article is story.articles[0]):
            continue
        start, end = _window(_text(article, hit.place), hit)
        inside = {
            h.term for h in hits if h.place is hit.place and start <= h.start and h.end <= end
        }
        if best is None or len(inside) > best[0]:
            best = (len(inside), hit.place, start, end)
    if best is None:
        return None
    _, place, start, end = best
    text, spans = _text(article, place), _spans(hits, place)
    cut = place is Place.SUMMARY and end == len(text.rstrip())
    if cut and not text[start:end].endswith(_SENTENCE_END):
        at = article.body.find(text[start:end])
        if at >= 0:  # feeds cut their summaries anywhere, and the page has the whole sentence
            spans = [(a - start + at, b - start + at) for a, b in spans]
            text, (start, end) = article.body, sentence_around(article.body, at, at + end - start)
    words = marked(text, spans, start, end)
    begins = not text[:start].strip() or text[:start].rstrip(" ").endswith((*_SENTENCE_END, "\n"))
    ends = not text[end:].strip() or text[start:end].rstrip().endswith(_SENTENCE_END)
    return Html(("" if begins else "…") + words.strip() + ("" if ends else "…"))


def _window(text: str, hit: Hit) -> tuple[int, int]:
    """Return the offsets of the sentence around a hit, at most MAX_SENTENCE characters."""
    start, end = sentence_around(text, hit.start, hit.end)
    if end - start > MAX_SENTENCE:
        start = max(start, hit.start - MAX_SENTENCE // 2)
        end = min(end, start + MAX_SENTENCE)
    return start, end


def _fired(story: StoryView) -> list[Watch]:
    return list({watch.id: watch for watch, _, _ in story.matches}.values())


def _watches(language: str, story: StoryView) -> Html | None:
    fired = _fired(story)
    if not fired:
        return None
    named = fired[:NAMED_WATCHES]
    queries = Html(" · ".join(_named(w) for w in named))
    more = len(fired) - len(named)
    if more:
        return html(language, "alert.watch_more", queries=queries, n=more)
    return html(language, "alert.watch", queries=queries, n=len(named))


def _named(watch: Watch) -> Html:
    """Return what the subscriber calls a watch, else its query."""
    if watch.title:
        return Html(f"<b>{escape(short(watch.title, MAX_QUERY))}</b>")
    return Html(f"<code>{escape(short(watch.query, MAX_QUERY))}</code>")


def _copies(language: str, story: StoryView) -> list[tuple[str, Html]]:
    """Return the story's other articles as ("copy", outlet with its delay) or ("line", whole line).

    Reprints come first, in the order of publication; then updates, and what may be another story.
    """
    origin, *others = story.articles
    copies: list[tuple[str, Html]] = []
    lines: list[tuple[str, Html]] = []
    for other in others:
        outlet = link(escape(_outlet(other)), other.url)
        late = published(other) - published(origin)
        span = texts.span(language, late) if late.total_seconds() > 0 else ""
        if other.evidence.get("kind") == "possible":
            headline = link(escape(short(other.title, MAX_QUERY)), other.url)
            maybe = html(language, "alert.maybe", headline=headline, outlet=_outlet(other))
            lines.append(("line", maybe))
        elif other.outlet_id == origin.outlet_id:
            key = "alert.revised" if span else "alert.revised_undated"
            lines.append(("line", html(language, key, outlet=outlet, span=span)))
        else:
            late_words = html(language, "alert.copy", outlet=outlet, span=span) if span else outlet
            copies.append(("copy", late_words))
    return [*copies, *lines]


def _tail(
    language: str, story: StoryView, copies: Sequence[tuple[str, Html]], shown: int
) -> list[str]:
    """Return the part about copies: none, or one, folded if it is long."""
    reprints = [words for kind, words in copies[:shown] if kind == "copy"]
    lines: list[str] = [words for kind, words in copies[:shown] if kind == "line"]
    if reprints:
        listed = Html(texts.listed(reprints))
        origin = _outlet(story.articles[0])
        lines.insert(0, html(language, "alert.copies", origin=origin, copies=listed))
    if len(copies) > shown:
        lines.append(html(language, "alert.more_copies", n=len(copies) - shown))
    if story.written_by:
        outlet = short(story.written_by, MAX_OUTLET)
        lines.insert(0, html(language, "alert.written_by", outlet=outlet))
    if original := translated(story.articles[0]):
        lines.insert(0, html(language, "alert.translation", outlet=original))
    if not lines:
        return []
    words = "\n".join(lines)
    return [f"<blockquote expandable>{words}</blockquote>" if shown > OPEN_COPIES else words]


def translated(article: Article) -> Html | None:
    """Return, as a link, the outlet whose text an article says it translates; None if it says none."""
    evidence = article.evidence
    if evidence.get("kind") != "translation":
        return None
    outlet = escape(short(str(evidence.get("outlet", "")), MAX_OUTLET))
    return link(outlet, str(evidence.get("url", "")))


def _ask_buttons(view: AlertView) -> tuple[tuple[Button, ...], ...]:
    """Return the row of what a reader may say of this story. An alert without an id is a sample."""
    alert, language = view.alert, view.alert.language
    if not alert.id:
        return ()
    label, quiet = ("button.unmute", "unmute") if alert.muted else ("button.mute", "mute")
    return (
        (
            Button(texts.say(language, label), f"{quiet}:{alert.id}"),
            Button(texts.say(language, "button.not_relevant"), f"no:{alert.id}"),
            Button(texts.say(language, "button.why"), f"why:{alert.id}"),
        ),
    )


def _stops(view: AlertView) -> tuple[tuple[Button, ...], ...]:
    """Return the stop buttons of an alert; of many, one that shows them."""
    language, alert = view.alert.language, view.alert
    rows = stop_buttons(language, view.story)
    if len(rows) > NAMED_WATCHES and alert.id:
        return ((Button(texts.say(language, "button.stop_some"), f"fired:{alert.id}"),),)
    return rows[:NAMED_WATCHES]


def stop_buttons(language: str, story: StoryView) -> tuple[tuple[Button, ...], ...]:
    """Return a row for each watch that fired and is not stopped yet, in the order of the alert."""
    fired = [w for w in _fired(story) if w.stopped_at is None]
    if len(fired) == 1:
        return ((Button(texts.say(language, "button.stop_watch"), f"unwatch:{fired[0].id}"),),)
    return tuple(
        (
            Button(
                texts.say(
                    language, "button.stop_named", query=short(w.title or w.query, MAX_LABEL)
                ),
                f"unwatch:{w.id}",
            ),
        )
        for w in fired
    )


def caret(error: QueryError, language: str) -> Message:
    """Return a watch that cannot be read, with a caret under the fault, what is wrong and the cure."""
    line, under = _pointed(error.text, error.start, error.end)
    said = {k: short(v, MAX_QUERY) if isinstance(v, str) else v for k, v in error.params.items()}
    parts = [f"<pre>{escape(line)}\n{under}</pre>", html(language, error.key, **said)]
    buttons: tuple[tuple[Button, ...], ...] = ()
    suggestion = texts.printable(error.suggestion or "")
    if suggestion and len(suggestion) <= MAX_SUGGESTION:
        parts.append(html(language, "query.try", query=suggestion))
        data = f"watch:{suggestion}"
        if len(data.encode()) <= MAX_DATA_BYTES:
            buttons = ((Button(texts.say(language, "button.try"), data),),)
    return Message("\n".join(parts), buttons)


def _pointed(text: str, start: int, end: int) -> tuple[str, str]:
    """Return the part of the text around a fault that fits a line, and the carets under the fault."""
    # One for one, or the offsets would be wrong.
    text = "".join(" " if c.isspace() else c if texts.printable(c) else "�" for c in text)
    left = 0 if len(text) <= CARET_COLUMNS else max(0, start - CARET_COLUMNS // 2)
    right = min(len(text), left + CARET_COLUMNS)
    head, tail = "…" if left else "", "…" if right < len(text) else ""
    before = _columns(head + text[left:start])
    wide = max(1, _columns(text[start : min(end, right)]))
    return head + text[left:right] + tail, " " * before + "^" * wide


def _columns(text: str) -> int:
    """Return how wide monospace shows it: marks take no place, wide characters two."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
