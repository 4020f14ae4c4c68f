"""The log: decisions newest first, filtered by the address, live; and the same as CSV and JSON."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from bot.domain.errors import DatabaseDown
from bot.store import choices, console, ledger
from bot.store.engine import Tx
from bot.store.filters import OUTCOMES, TEXT_CHARS, Filters, newest_id
from bot.store.ledger import Line
from bot.web.files import as_asked, plain
from bot.web.frame import Console, Endpoint, picked
from bot.web.view import ENVIRONMENT, EXPORTED, Answer, Shown, Visit, words_of

PAGE = 50
LIVE_EVERY_S = 2.0
LIVE_FOR_S = 3_600.0  # then the browser asks again, and whether it still may is looked at anew
STATES = (*OUTCOMES,)


def read_filters(query: QueryParams) -> Filters:
    """Return the filters of an address. What cannot be read filters nothing."""
    return Filters(
        watch_id=_id(query, "watch"),
        subscriber_id=_id(query, "subscriber"),
        outlet_id=_id(query, "outlet"),
        country=_code(query, "country"),
        language=_code(query, "language"),
        outcome=query.get("state", "") if query.get("state") in STATES else "",
        since=_day(query, "since"),
        until=_day(query, "until", after=1),
        text=printable(query.get("text", ""))[:TEXT_CHARS].strip(),
    )


def _id(query: QueryParams, name: str) -> int | None:
    value = query.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 18 else None


def _code(query: QueryParams, name: str) -> str:
    value = query.get(name, "")
    return value if value.isascii() and value.isalpha() and len(value) <= 3 else ""


def printable(text: str) -> str:
    """Return a text without what no database or page should be given."""
    return "".join(c for c in text if c.isprintable())


def _day(query: QueryParams, name: str, *, after: int = 0) -> datetime | None:
    """Return the start of a day, or of the one after it; time zones are UTC."""
    try:
        day = date.fromisoformat(query.get(name, "")[:10])
        return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=after)
    except (ValueError, OverflowError):
        return None


def show(tx: Tx, visit: Visit) -> Shown:
    """The page of the log, or, for htmx, the older lines alone."""
    filters = read_filters(visit.query)
    before = visit.number("before")
    page = ledger.read_log(tx, filters, before=before, limit=PAGE)
    context: dict[str, Any] = {"page": page, "filters": filters}
    if visit.fragment and before is not None:
        return Shown("log_lines.html", context)
    outlets = choices.outlet_choices(tx)
    return Shown(
        "log.html",
        context
        | {
            "title": visit.say("web.log"),
            "states": STATES,
            "outlets": outlets,
            "countries": sorted({o.country for o in outlets}),
            "languages": sorted({o.language.split("-")[0] for o in outlets}),
            "chosen": choices.name_filters(tx, filters),
            "newest": newest_id(tx) if before is None else None,
        },
    )


def export(tx: Tx, visit: Visit) -> Answer:
    """The filtered log as a file: ?as=csv or json."""
    filters = read_filters(visit.query)
    lines: list[Line] = []
    before = None
    while len(lines) < EXPORTED:
        page = ledger.read_log(tx, filters, before=before, limit=1_000)
        lines += page.lines
        before = page.older
        if before is None:
            break
    return as_asked(visit, [as_row(line) for line in lines[:EXPORTED]], "log")


def as_row(line: Line) -> dict[str, Any]:
    """Return a line as plain values, for files and for the API."""
    row = asdict(line) | {"state": line.state, "reason": dict(line.reason)}
    del row["key"]
    return plain(row)


def live(frame: Console) -> Endpoint:
    """Return the endpoint of server-sent events: each new line as ready HTML, the event's id the highest."""

    async def endpoint(request: Request) -> Response:
        now = frame.now()
        session = await frame.store.read(frame.session, request, now)
        if session is None:
            return Response(status_code=401)
        filters = read_filters(request.query_params)
        last = request.headers.get("last-event-id") or request.query_params.get("after", "")
        start = int(last) if last.isascii() and last.isdigit() and len(last) < 18 else None
        events = _events(frame, request, session, filters, start)
        return StreamingResponse(
            events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
        )

    return endpoint


async def _events(
    frame: Console,
    request: Request,
    session: console.Session,
    filters: Filters,
    after: int | None,
) -> AsyncIterator[str]:
    """Yield what is new, and a comment where nothing is, until the browser goes or may look no more."""
    at = after if after is not None else await frame.store.read(newest_id)
    shown, last = await frame.store.read(ledger.known_before, at), at
    template = ENVIRONMENT.get_template("log_line.html")
    yield "retry: 3000\n\n"
    for _ in range(int(LIVE_FOR_S / LIVE_EVERY_S)):
        now = frame.now()
        try:
            if not await frame.store.read(_still_in, frame, request, now):
                return
            lines, at = await frame.store.read(ledger.read_new, filters, after=at, shown=shown)
        except DatabaseDown:
            lines = []
        shown = {i for i in shown if i > at - ledger.LATE} | {line.id for line in lines}
        for line in lines:
            last = max(last, line.id)  # where to go on from, should the browser come back
            words = words_of(picked(request) or session.language, now)
            html = template.render(line=line, here=lambda **_: "", **words)
            data = "".join(f"data: {part}\n" for part in html.splitlines() if part.strip())
            yield f"id: {last}\nevent: line\n{data}\n"
        if not lines:
            yield ": nothing new\n\n"
        await asyncio.sleep(LIVE_EVERY_S)


def _still_in(tx: Tx, frame: Console, request: Request, now: datetime) -> bool:
    session = frame.session(tx, request, now)
    return session is not None and console.role_of(tx, session.user_id, frame.admins) is not None
