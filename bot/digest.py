"""A digest becomes a message: headlines with links, grouped by watch, a page at a time.

Whatever outlets wrote, a page fits what Telegram takes: headlines get shorter until it does.
"""

from collections.abc import Iterator

from bot import render, texts
from bot.domain.model import Button, ChatKind, DigestView, Message, StoryView
from bot.render import clean, flag, length, link, short
from bot.texts import Html, escape

MAX_BYTES = 30_000  # of markup: Telegram takes 32,768
# Characters of a headline, an outlet or a watch, and of a link; the last always fits. Words give way first:
# a page full of links of a thousand characters keeps them all.
SIZES = ((150, 2_000), (100, 1_000), (60, 1_000), (24, 1_000), (24, 200))
BUTTONS = 5  # in a row
TITLES = {"quiet": "digest.quiet", "surplus": "digest.surplus"}


def digest(view: DigestView) -> Message:
    """Return the message of a digest: a page of it, a button for each story, and those that turn pages."""
    for size, link_size in SIZES:
        words = "\n\n".join(_parts(view, size, link_size))
        if length(words) <= render.MAX_MESSAGE and len(words.encode()) <= MAX_BYTES:
            break
    return Message(words, _buttons(view))


def _parts(view: DigestView, size: int, link_size: int) -> Iterator[str]:
    language, zone = view.alert.language, texts.zone(view.alert.zone)
    yield texts.html(
        language,
        TITLES.get(view.why, "digest.title"),
        n=view.n,
        moment=texts.moment(language, view.since, zone=zone),
        zone=texts.offset(view.since, zone),
    )
    heading = ""
    for number, (_, story) in enumerate(view.stories, view.first):
        line = _line(view, story, number, size, link_size)
        above = _heading(story, size)
        yield line if above == heading else f"{above}\n{line}"
        heading = above
    if view.stories and view.alert.kind is not ChatKind.CHANNEL:
        yield texts.html(language, "digest.tap")


def _heading(story: StoryView, size: int) -> str:
    """Return the name of the watch that a story stands under: the first that fired."""
    if not story.matches:
        return "🔎"
    watch = min((watch for watch, _, _ in story.matches), key=lambda w: w.id)
    words = escape(short(watch.title or watch.query, size))
    return f"🔎 <b>{words}</b>" if watch.title else f"🔎 <code>{words}</code>"


def _line(view: DigestView, story: StoryView, number: int, size: int, link_size: int) -> Html:
    language = view.alert.language
    if not story.articles:
        return texts.html(language, "digest.gone", number=str(number))
    first = story.articles[0]
    title = clean(first.title).strip() or texts.say(language, "alert.no_headline")
    words = escape(short(title, size))
    outlet = f"{flag(first.country)} {short(first.outlet, min(size, render.MAX_OUTLET))}"
    copies = len(story.articles) - 1
    return texts.html(
        language,
        "digest.line_copies" if copies else "digest.line",
        number=str(number),
        headline=link(words, first.url) if len(first.url) <= link_size else words,
        outlet=outlet.strip(),
        moment=texts.moment(language, render.published(first), zone=texts.zone(view.alert.zone)),
        n=copies,
    )


def _buttons(view: DigestView) -> tuple[tuple[Button, ...], ...]:
    language, digest_id = view.alert.language, view.alert.digest_id
    each = [
        Button(str(number), f"open:{alert_id}")
        for number, (alert_id, _) in enumerate(view.stories, view.first)
    ]
    rows = [tuple(each[i : i + BUTTONS]) for i in range(0, len(each), BUTTONS)]
    turns = []
    if view.page > 1:
        back = texts.say(language, "button.previous")
        turns.append(Button(back, f"turn:{digest_id}:{view.page - 1}"))
    more = view.n - view.first + 1 - len(view.stories)
    if more > 0:
        label = texts.say(language, "button.more_stories", n=more)
        turns.append(Button(label, f"turn:{digest_id}:{view.page + 1}"))
    return (*rows, tuple(turns)) if turns else tuple(rows)
