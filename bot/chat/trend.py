"""/trend: how often the archive mentions something, by day and outlet, as a picture."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot import texts
from bot.adapters.chart import COLORS, Chart, ChartError, draw
from bot.chat.archive import Looked, look_back
from bot.chat.command import Command, Reply, Request
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

_ASKED = re.compile(r"(.*?)(?:\s+(\d{1,3})(?:d|\s*days?)?)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A trend that was looked up. picture: PNG, None where none can be drawn here."""

    query: str
    days: int
    n: int
    whole: bool
    top: tuple[tuple[str, int], ...]
    picture: bytes | None


def look(tx: Tx, req: Request) -> Drawn | None:
    """Count, and draw what was counted. Raises UserError: nothing asked, a bad query."""
    asked = _ASKED.fullmatch(req.argument)
    words, days = (asked[1], int(asked[2] or USUAL_DAYS)) if asked else ("", 0)
    if not words or not 1 <= days <= MOST_DAYS:
        raise UserError("trend.usage")
    query = parse_query(words)
    looked = look_back(tx, query, req.names, now=req.now, days=days)
    if looked is None or not looked.kept:
        return Drawn(words, days, 0, True, (), None)
    mentions = _mentions(tx, req, looked, days)
    outlets = Counter[str]()
    for mention in mentions:
        outlets[mention.outlet] += mention.n
    n = outlets.total()
    top = tuple(outlets.most_common(len(COLORS) - 1))
    title = texts.count(req.language, "trend.title", days, query=short(words, 60))
    chart = Chart(title, *_stacked(req, mentions, [name for name, _ in top], days))
    try:
        picture = draw(chart)
    except ChartError:
        picture = None
    return Drawn(words, days, n, looked.whole, top, picture)


def _mentions(tx: Tx, req: Request, looked: Looked, days: int) -> list[archive.Mention]:
    """Return the mentions: those verified, or, where there are too many, the index's in that proportion."""
    if looked.whole:
        return [archive.Mention(f"{a.at:%Y-%m-%d}", 0, a.outlet, a.country, 1) for a in looked.kept]
    wanted = needle(compile_query(looked.query, req.names), req.names)
    if wanted is None:  # nothing for the index to count by
        return _verified(looked)
    since = req.now - timedelta(days=days)
    found = archive.mentions(tx, wanted, since=since, about=looked.candidates)
    share = len(looked.kept) / looked.checked
    scaled = (
        archive.Mention(m.day, m.outlet_id, m.outlet, m.country, round(m.n * share)) for m in found
    )
    return [m for m in scaled if m.n]


def _verified(looked: Looked) -> list[archive.Mention]:
    return [archive.Mention(f"{a.at:%Y-%m-%d}", 0, a.outlet, a.country, 1) for a in looked.kept]


def _stacked(
    req: Request, mentions: Sequence[archive.Mention], named: Sequence[str], days: int
) -> tuple[tuple[str, ...], tuple[tuple[str, tuple[int, ...]], ...]]:
    """Return the labels of the days, and the numbers of each outlet; small outlets together, last."""
    last = req.now.date()
    every = [last - timedelta(days=back) for back in range(days, -1, -1)]
    by_day: dict[str, Counter[str]] = {name: Counter() for name in (*named, "")}
    for mention in mentions:
        by_day[mention.outlet if mention.outlet in by_day else ""][mention.day] += mention.n
    series = []
    for name, numbers in by_day.items():
        label = short(name, MAX_NAME) or texts.say(req.language, "trend.others")
        if numbers:
            series.append((label, tuple(numbers[f"{day:%Y-%m-%d}"] for day in every)))
    return tuple(_label(req, day) for day in every), tuple(series)


def _label(req: Request, day: date) -> str:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=req.now.tzinfo)
    return texts.day(req.language, noon)


def trend(tx: Tx, req: Request) -> Reply:
    """/trend <query> [days]: mentions by day and outlet. Raises UserError: nothing asked, a bad query."""
    drawn = req.found if isinstance(req.found, Drawn) else look(tx, req)
    if drawn is None or not drawn.n:
        return Reply("search.none", {"query": short(req.argument, MAX_QUERY)})
    key = "trend.found" if drawn.whole else "trend.about"
    lines: list[str] = [req.say(key, query=short(drawn.query, MAX_QUERY), n=drawn.n)]
    if drawn.picture is None:
        lines += [req.say("trend.line", outlet=short(o, MAX_NAME), n=n) for o, n in drawn.top]
        return Reply(html="\n".join(lines))
    file = Attachment("trend.png", drawn.picture, picture=True)
    return Reply(html="\n".join(lines), file=file)


COMMANDS = (Command("trend", Role.SUBSCRIBER, trend, "menu.trend", look=look),)
