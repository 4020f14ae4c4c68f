"""/trend: how often the archive mentions something, by day and outlet or country, as a picture."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bot import texts
from bot.chat.archive import Looked, check_haste, look_back, note_search
from bot.chat.command import Command, Reply, Request
from bot.domain.chart import MAX_SERIES, Chart
from bot.domain.errors import UserError
from bot.domain.meaning import compile_query
from bot.domain.model import Attachment, Role
from bot.domain.needles import needle
from bot.domain.query import parse_query
from bot.render import MAX_QUERY, short
from bot.store import archive
from bot.store.engine import Tx

USUAL_DAYS, MOST_DAYS = 30, 365
MAX_NAME = 22  # characters of an outlet in the legend
OTHER_WAY = {"outlet": "country", "country": "outlet"}

# The last number is of days, unless it is a year: "election 2026" counts that election.
_ASKED = re.compile(r"(.*?)(?:\s+(?!(?:19|20)\d\d$)(\d{1,9}|-\d{1,3})(?:d|\s*days?)?)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Counted:
    """Mentions that were looked up. words, days: as asked, by: what the bars are stacked by."""

    words: str
    days: int
    by: str
    mentions: Sequence[archive.Mention] = ()
    whole: bool = True


def _asked(tx: Tx, req: Request) -> Counted:
    """Return what is asked: typed, or a button's `#search:by`.

    Raises UserError: nothing, or forgotten, or too many days.
    """
    words, by = req.argument, "outlet"
    turned = re.fullmatch(r"#([0-9]{1,18}):(outlet|country)", req.argument)
    if turned and req.pressed:
        kept = archive.search_of(tx, req.subscriber.id, int(turned[1]))
        if kept is None:
            raise UserError("toast.stale")
        words, by = kept, turned[2]
    asked = _ASKED.fullmatch(words)
    text, days = (asked[1], int(asked[2] or USUAL_DAYS)) if asked else ("", 0)
    if not text:
        raise UserError("trend.usage")
    if not 1 <= days <= MOST_DAYS:
        raise UserError("trend.days", days=days, most=MOST_DAYS)
    return Counted(text, days, by)


def look(tx: Tx, req: Request) -> Counted:
    """Count. Raises UserError: nothing asked, too many days, a bad query, too many a minute."""
    asked = _asked(tx, req)
    if not req.pressed:
        check_haste(tx, req)
    query = parse_query(asked.words)
    looked = look_back(tx, query, req.names, now=req.now, days=asked.days)
    if looked is None or not looked.kept:
        return asked
    return replace(asked, mentions=_mentions(tx, req, looked, asked.days), whole=looked.whole)


def _mentions(tx: Tx, req: Request, looked: Looked, days: int) -> list[archive.Mention]:
    """Return the mentions: those verified, or, where there are too many, the index's in that proportion."""
    wanted = None
    if not looked.whole:
        wanted = needle(compile_query(looked.query, req.names), req.names)
    if wanted is None:  # all were verified, or there is nothing for the index to count by
        return [archive.Mention(f"{a.at:%Y-%m-%d}", 0, a.outlet, a.country, 1) for a in looked.kept]
    since = req.now - timedelta(days=days)
    found = archive.mentions(tx, wanted, since=since, about=looked.candidates)
    share = len(looked.kept) / looked.checked
    scaled = (replace(m, n=round(m.n * share)) for m in found)
    return [m for m in scaled if m.n]


def trend(tx: Tx, req: Request) -> Reply:
    """/trend <query> [days]: mentions by day and outlet; a tap stacks them by country, and back.

    Raises UserError: nothing asked, too many days, a bad query.
    """
    counted = req.found if isinstance(req.found, Counted) else look(tx, req)
    if not counted.mentions:
        return Reply("search.none", {"query": short(counted.words, MAX_QUERY)})
    chart, top = drawn(req, counted)
    n = sum(m.n for m in counted.mentions)
    key = "trend.found" if counted.whole else "trend.about"
    html = req.say(key, query=short(counted.words, MAX_QUERY), n=n)
    others = n - sum(named for _, named in top)
    if others:
        top = [*top, (_name(req, counted, ""), others)]
    lines = [req.say("trend.line", outlet=name, n=n) for name, n in top]
    other = OTHER_WAY[counted.by]
    switch = (req.button(f"button.by_{other}", f"trend:#{_number(tx, req, counted)}:{other}"),)
    file = Attachment("trend.png", b"", picture=True, chart=chart, instead="\n".join(lines))
    return Reply(html=html, buttons=(switch,), file=file, edit=True)


def _number(tx: Tx, req: Request, counted: Counted) -> int:
    """Return the number that the button finds this question by."""
    turned = re.match(r"#([0-9]{1,18}):", req.argument) if req.pressed else None
    if turned:
        return int(turned[1])
    return note_search(tx, req, f"{counted.words} {counted.days}d")


def drawn(req: Request, counted: Counted) -> tuple[Chart, list[tuple[str, int]]]:
    """Return the picture of what was counted, and (name, number) of what it names, largest first."""
    totals = Counter[str]()
    for mention in counted.mentions:
        totals[_key(counted, mention)] += mention.n
    top = sorted(totals.items(), key=lambda item: (-item[1], item[0]))[: MAX_SERIES - 1]
    last = req.now.date()  # of UTC, as the index counts days
    every = [last - timedelta(days=back) for back in range(counted.days, -1, -1)]
    by_day: dict[str, Counter[str]] = {key: Counter() for key in (*dict(top), "")}
    for mention in counted.mentions:
        key = _key(counted, mention)
        by_day[key if key in by_day else ""][mention.day] += mention.n
    series = tuple(
        (_name(req, counted, key), tuple(numbers[f"{day:%Y-%m-%d}"] for day in every))
        for key, numbers in by_day.items()
        if numbers
    )
    title = texts.count(req.language, "trend.title", counted.days, query=short(counted.words, 60))
    chart = Chart(title, tuple(_label(req, day) for day in every), series)
    return chart, [(_name(req, counted, key), n) for key, n in top]


def _key(counted: Counted, mention: archive.Mention) -> str:
    return mention.country if counted.by == "country" else mention.outlet


def _name(req: Request, counted: Counted, key: str) -> str:
    """Return what the legend says; "" is for all that are too small to be named."""
    if not key:
        return texts.say(req.language, "trend.others")
    name = texts.country_name(req.language, key) if counted.by == "country" else key
    return short(name, MAX_NAME)


def _label(req: Request, day: date) -> str:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=req.now.tzinfo)
    return texts.day(req.language, noon)


COMMANDS = (Command("trend", Role.SUBSCRIBER, trend, "menu.trend", look=look),)
