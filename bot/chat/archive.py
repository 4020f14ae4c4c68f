"""Looking back: /search, and what a new watch would have told in the last weeks. COMMANDS is at the end."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from bot import texts
from bot.chat.command import Command, Reply, Request, Rows
from bot.domain.errors import QueryError, UserError
from bot.domain.matching import Matcher
from bot.domain.meaning import FORM_OFF, Spec, compile_query, surfaces
from bot.domain.model import Document, Role, Rule
from bot.domain.names import Names
from bot.domain.narrowing import NARROWER, narrower
from bot.domain.needles import Needle, needle
from bot.domain.packing import given
from bot.domain.query import Query, parse_query
from bot.render import MAX_OUTLET, MAX_QUERY, flag, link, short
from bot.store import archive, subscribers
from bot.store.engine import Tx
from bot.texts import Html, escape

MAX_CHECKED = 250  # articles that the matcher reads for one question: a third of a second
REHEARSED_DAYS = 30
SEARCHED_DAYS = 3_650
PAGE = 8  # results of a search on a page
MAX_PAGES = 10
SAMPLE = 3  # headlines of a rehearsal
MANY_A_DAY = 5  # alerts from which on a watch is too wide to be read
MAX_TITLE = 140

Pair = tuple[archive.Kept, Document]


@dataclass(frozen=True, slots=True)
class Less:
    """A narrower query, by which way of NARROWER it is one, and how many stories of those kept it has."""

    query: Query
    way: str
    stories: int


@dataclass(frozen=True, slots=True)
class Looked:
    """What the archive has for a query, newest first.

    kept: what the matcher found among the newest `checked` of `candidates` that the index gave. whole:
    all of them were checked. days: how far back, fewer where the archive is younger. less: how to ask
    for less, if it is too much.
    """

    query: Query
    kept: Sequence[archive.Kept]
    checked: int
    candidates: int
    days: int
    less: Less | None = None

    @property
    def whole(self) -> bool:
        """Return whether `kept` is all there is."""
        return self.checked >= self.candidates

    @property
    def stories(self) -> list[archive.Kept]:
        """Return the newest article of each story."""
        return stories_of(self.kept)

    @property
    def crowded(self) -> bool:
        """Return whether a watch would tell more than anybody reads."""
        return self.about(len(self.stories)) > MANY_A_DAY * self.days

    def about(self, n: int) -> int:
        """Return how many there are in all, if n were found among those checked; two digits of it."""
        if self.whole or not self.checked:
            return n
        guess = round(n * self.candidates / self.checked)
        step: int = 10 ** max(0, len(str(guess)) - 2)
        return guess // step * step


def stories_of(kept: Sequence[archive.Kept]) -> list[archive.Kept]:
    """Return the newest article of each story, newest first."""
    by_story = {a.story_id or -a.id: a for a in reversed(kept)}
    return sorted(by_story.values(), key=lambda a: a.at, reverse=True)


def look_back(
    tx: Tx,
    query: Query,
    names: Names,
    *,
    now: datetime,
    days: int,
    off: frozenset[str] = frozenset(),
    own: Sequence[str] = (),
    language: str = "",
) -> Looked | None:
    """Return what a query finds in the archive, None while the archive is empty.

    off, own: names that a watch does without, and its aliases, each "term=alias". language: of a reader
    who is to be told how to ask for less, if it is too much; "" for nobody.
    """
    begins = archive.first_at(tx)
    if begins is None:
        return None
    spec = compile_query(query, names, off, own)
    wanted: Needle | None = needle(spec, names)
    since = now - timedelta(days=days)
    found = archive.find(tx, wanted, since=since, limit=MAX_CHECKED)
    pairs = _matching(spec, names, archive.documents(tx, found.ids, since=since))
    span = min(days, max(1, (now - begins).days + 1))
    looked = Looked(query, [k for k, _ in pairs], len(found.ids), found.total, span)
    if language and looked.crowded:
        compiled = partial(compile_query, names=names, off=off, own=own)
        return replace(looked, less=_less(looked, pairs, names, compiled, language))
    return looked


def _matching(spec: Spec, names: Names, pairs: Sequence[Pair]) -> list[Pair]:
    matcher = Matcher(names)
    matcher.add_compiled(0, spec)
    return [pair for pair in pairs if matcher.match(pair[1])]


def _less(
    looked: Looked,
    pairs: Sequence[Pair],
    names: Names,
    compiled: Callable[[Query], Spec],
    language: str,
) -> Less | None:
    """Return the gentlest way to ask that leaves no more than can be read; else the one that leaves least."""
    found: list[Less] = []
    for way in NARROWER:
        query = narrower(looked.query, way, language)
        if query is None:
            continue
        left = _matching(compiled(query), names, pairs)
        less = Less(query, way, len(stories_of([k for k, _ in left])))
        if less.stories and looked.about(less.stories) <= MANY_A_DAY * looked.days:
            return less
        if 0 < less.stories < len(looked.stories):
            found.append(less)
    return min(found, key=lambda less: less.stories, default=None)


@dataclass(frozen=True, slots=True)
class Form:
    """A word of articles that counted for a query. surface: what tells it from others; text: as written."""

    surface: str
    text: str
    articles: int = 0


FORMS = (Rule.EXACT, Rule.INFLECTION, Rule.ALIAS, Rule.TRANSLITERATION)


def forms_found(
    tx: Tx, query: Query, names: Names, *, now: datetime, off: frozenset[str], own: Sequence[str]
) -> dict[str, Form]:
    """Return the words by which a query was met in the archive lately, by surface.

    off, own: as `look_back` takes them.
    """
    spec = compile_query(query, names, off, given(own, tuple(off)))
    since = now - timedelta(days=REHEARSED_DAYS)
    wanted: Needle | None = needle(spec, names)
    ids = archive.find(tx, wanted, since=since, limit=MAX_CHECKED).ids
    matcher, found = Matcher(names), dict[str, Form]()
    matcher.add_compiled(0, spec)
    for _, document in archive.documents(tx, ids, since=since):
        hits = [h for match in matcher.match(document) for h in match.hits if h.rule in FORMS]
        words = {
            surface: word
            for h in hits
            for word in h.form.split()
            for surface in surfaces(FORM_OFF + word)
        }
        for surface, word in words.items():
            known = found.get(surface) or Form(surface, word)
            found[surface] = replace(known, articles=known.articles + 1)
    return found


# /search


def look_search(tx: Tx, req: Request) -> Looked | None:
    """Read the archive for /search. Raises UserError: a bad query, or too many a minute."""
    query, _ = _searched(tx, req)
    if query is None:
        return None
    if not req.pressed:
        check_haste(tx, req)
    return look_back(tx, parse_query(query), req.names, now=req.now, days=SEARCHED_DAYS)


def _searched(tx: Tx, req: Request) -> tuple[str | None, int]:
    """Return the query and the page that were asked for: typed, or a button's `#search:page`."""
    turned = re.fullmatch(r"#([0-9]{1,18}):([0-9]{1,3})", req.argument)
    if turned and req.pressed:
        query = archive.search_of(tx, req.subscriber.id, int(turned[1]))
        return query, int(turned[2])
    return req.argument or None, 1


def search(tx: Tx, req: Request) -> Reply:
    """/search <query>: look through the archive. Raises UserError: nothing asked, a bad query, too often."""
    query, page = _searched(tx, req)
    if query is None and req.pressed:
        return Reply(toast="toast.stale")
    if query is None:
        raise UserError("search.usage")
    looked = req.found if isinstance(req.found, Looked) else look_search(tx, req)
    if looked is None or not looked.kept:
        return Reply("search.none", {"query": short(query, MAX_QUERY)})
    number = _number(tx, req, query)
    pages = min(MAX_PAGES, -(-len(looked.kept) // PAGE))
    page = min(max(1, page), pages)
    shown = looked.kept[(page - 1) * PAGE : page * PAGE]
    n = looked.about(len(looked.kept))
    key = "search.found" if looked.whole else "search.about"
    title = req.say(key, query=short(query, MAX_QUERY), n=n)
    html = "\n\n".join((title, *(line(req, kept) for kept in shown)))
    return Reply(html=html, buttons=_turns(req, number, page, pages), edit=True)


def _number(tx: Tx, req: Request, query: str) -> int:
    """Return the number of this search, kept anew if it was typed. Raises UserError: too many a minute."""
    turned = re.match(r"#([0-9]{1,18}):", req.argument)
    if turned and req.pressed:
        return int(turned[1])
    check_haste(tx, req)
    return note_search(tx, req, query)


def check_haste(tx: Tx, req: Request) -> None:
    """Raise UserError if the chat asks the archive more often than it may."""
    a_minute_ago = req.now - timedelta(minutes=1)
    limit = req.limits.searches_per_minute
    if archive.count_searches(tx, req.subscriber.id, a_minute_ago) >= limit:
        raise UserError("search.too_often", n=limit)


def note_search(tx: Tx, req: Request, query: str) -> int:
    """Keep what was asked, for the buttons that follow; return its number."""
    here = subscribers.enrol(tx, req.subscriber, req.now)
    return archive.note_search(tx, here.id, query, req.now)


def _turns(req: Request, number: int, page: int, pages: int) -> Rows:
    row = []
    if page > 1:
        row.append(req.button("button.previous", f"search:#{number}:{page - 1}"))
    if page < pages:
        row.append(req.button("button.next", f"search:#{number}:{page + 1}"))
    return (tuple(row),) if row else ()


def line(req: Request, kept: archive.Kept) -> Html:
    """Return an article of the archive as one line: headline, outlet, when."""
    outlet = f"{flag(kept.country)} {short(kept.outlet, MAX_OUTLET)}".strip()
    headline = link(escape(short(kept.title, MAX_TITLE) or kept.url[:MAX_TITLE]), kept.url)
    return req.say("search.line", headline=headline, outlet=outlet, moment=req.moment(kept.at))


# A rehearsal: what a new watch would have told


def rehearse(
    tx: Tx, req: Request, text: str, own: Sequence[str] = (), off: Sequence[str] = ()
) -> Looked | None:
    """Return what a watch on that text would have found lately; None if it cannot be read.

    own, off: aliases that the watch has, and what it does without.
    """
    if not text or len(text) > req.limits.query_chars:
        return None
    try:
        query = parse_query(text)
    except QueryError:
        return None
    return look_back(
        tx,
        query,
        req.names,
        now=req.now,
        days=REHEARSED_DAYS,
        off=frozenset(off),
        own=own,
        language=req.language,
    )


def rehearsal(req: Request, looked: Looked) -> list[str]:
    """Return what to say of a rehearsal, in parts."""
    stories = looked.stories
    if not stories:
        return [req.say("rehearsal.none", n=looked.days)]
    n = looked.about(len(stories))
    span = texts.span(req.language, timedelta(days=looked.days))
    copies = looked.about(len(looked.kept) - len(stories))
    key = "rehearsal.some" if looked.whole else "rehearsal.about"
    parts = [str(req.say(key, n=n, span=span))]
    if copies:
        parts[0] += "\n" + req.say("rehearsal.copies", n=copies)
    parts.append("\n".join((req.say("rehearsal.last"), *(line(req, a) for a in stories[:SAMPLE]))))
    if looked.less:
        query, left = short(str(looked.less.query), MAX_QUERY), looked.about(looked.less.stories)
        parts.append(req.say("rehearsal.too_many", query=query, n=left))
    return parts


COMMANDS = (Command("search", Role.SUBSCRIBER, search, "menu.search", look=look_search),)
