"""The read API: the ledger as JSON, for those with a token, and the OpenAPI document that describes it.

The one thing to know: the document and the checks are made from the same table, so they cannot differ.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.domain.errors import DatabaseDown
from bot.domain.names import Names
from bot.store import console, dossier, health, insight, ledger, why
from bot.store.engine import Tx
from bot.store.filters import TEXT_CHARS
from bot.web import story
from bot.web.files import plain
from bot.web.frame import Console, Endpoint
from bot.web.health import our_version
from bot.web.log import STATES, as_row, read_filters

MOST = 500  # lines of one answer
MAX_ID = 10**15
PREFIX = "Bearer "
# Words: no control characters, and something else than spaces.
WORDS = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter of a query: what it is, as OpenAPI says it, and whether a value is one."""

    schema: Mapping[str, Any]
    good: Callable[[str], bool]
    what: str


def _number(least: int, most: int) -> Callable[[str], bool]:
    def good(value: str) -> bool:
        digits = value.isascii() and value.isdigit() and len(value) < 18
        return digits and str(int(value)) == value and least <= int(value) <= most

    return good


def _day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _letters(n: int) -> Callable[[str], bool]:
    return lambda value: value.isascii() and value.isalpha() and 2 <= len(value) <= n


def _words(value: str) -> bool:
    return len(value) <= TEXT_CHARS and re.fullmatch(WORDS, value) is not None


_ID = {"type": "integer", "minimum": 1, "maximum": MAX_ID}
_ONE = _number(1, MAX_ID)
BEFORE = Field(_ID, _ONE, "`older` of the page before: asks for the next older page")
LIMIT = Field(
    {"type": "integer", "minimum": 1, "maximum": MOST, "default": 50},
    _number(1, MOST),
    "how many lines at most",
)
_TEXT = {"type": "string", "pattern": WORDS, "maxLength": TEXT_CHARS}

LOG = {
    "watch": Field(_ID, _ONE, "id of a watch"),
    "subscriber": Field(_ID, _ONE, "id of a subscriber"),
    "outlet": Field(_ID, _ONE, "id of an outlet"),
    "country": Field(
        {"type": "string", "pattern": "^[A-Za-z]{2}$"}, _letters(2), "ISO 3166-1 alpha-2"
    ),
    "language": Field({"type": "string", "pattern": "^[A-Za-z]{2,3}$"}, _letters(3), "BCP 47 base"),
    "state": Field({"type": "string", "enum": list(STATES)}, STATES.__contains__, "outcome"),
    "since": Field({"type": "string", "format": "date"}, _day, "first day, UTC"),
    "until": Field({"type": "string", "format": "date"}, _day, "last day, UTC"),
    "text": Field(_TEXT, _words, "words of the headline, in any order"),
    "before": BEFORE,
    "limit": LIMIT,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of the API, its parameters checked."""

    query: QueryParams
    path: Mapping[str, Any]
    names: Names
    now: datetime


def read_log(tx: Tx, asked: Asked) -> dict[str, Any]:
    """Decisions, newest first, filtered."""
    query = asked.query
    before = query.get("before")
    page = ledger.read_log(
        tx,
        read_filters(query),
        before=int(before) if before else None,
        limit=int(query.get("limit", 50)),
    )
    return {
        "lines": [as_row(line) for line in page.lines],
        "older": page.older,
        "complete": page.complete,
        "searched_to": page.searched_to.isoformat() if page.searched_to else None,
    }


def read_story(tx: Tx, asked: Asked) -> dict[str, Any] | None:
    """One story with its articles, decisions and messages."""
    story_id = asked.path["story_id"]
    found = dossier.read_story(tx, story_id) if story_id <= MAX_ID else None
    return story.as_json(found) if found else None


def read_outlets(tx: Tx, asked: Asked) -> dict[str, Any]:
    """Outlets by name, with the state of their feeds."""
    limit = int(asked.query.get("limit", 50))
    rows = health.read_outlets(tx, after=asked.query.get("after", ""), limit=limit)
    kept = ("url", "kind", "polled_at", "new_at", "due_at", "interval_s", "failures", "failure")
    return {
        "outlets": [
            {
                "id": o.id,
                "name": o.name,
                "homepage": o.homepage,
                "country": o.country,
                "language": o.language,
                "retired": o.retired_at is not None,
                "feeds": [plain({k: feed[k] for k in kept}) for feed in o.feeds],
            }
            for o in rows
        ],
        "after": rows[-1].name if len(rows) == limit else None,
    }


def read_watches(tx: Tx, asked: Asked) -> dict[str, Any]:
    """Active watches, newest first, with how often each fired."""
    before, limit = asked.query.get("before"), min(100, int(asked.query.get("limit", 50)))
    rows = insight.read_watches(tx, before=int(before) if before else None, limit=limit)
    return {
        "watches": [plain(asdict(row) | {"precision": row.precision}) for row in rows],
        "older": rows[-1].id if len(rows) == limit else None,
    }


def read_why(tx: Tx, asked: Asked) -> dict[str, Any]:
    """What became of one article."""
    return why.as_json(why.explain_article(tx, asked.query["article"], asked.names))


def read_health(tx: Tx, asked: Asked) -> dict[str, Any]:
    """Lags, queues and errors as numbers."""
    found = health.read_health(tx, asked.now)
    return {
        "lags": {
            name: asdict(getattr(found.lags, name))
            for name in ("published_to_seen", "seen_to_matched", "matched_to_told", "total")
        },
        "queues": plain(asdict(found.queues)),
        "deliveries": dict(found.deliveries),
        "rate": asdict(found.rate),
        "polls_per_hour": found.polls_per_hour,
        "feeds": found.feeds,
        "feeds_failing": dict(found.feeds_failing),
        "database_bytes": found.database_bytes,
        "version": our_version(),
    }


Read = Callable[[Tx, Asked], dict[str, Any] | None]

ROUTES: Mapping[str, tuple[Read, Mapping[str, Field], str]] = {
    "/api/v1/log": (read_log, LOG, "The log: what became of each article for each subscriber"),
    "/api/v1/stories/{story_id}": (read_story, {}, "One story with all that is kept of it"),
    "/api/v1/outlets": (
        read_outlets,
        {"after": Field(_TEXT, _words, "name that the page comes after"), "limit": LIMIT},
        "Outlets and their feeds",
    ),
    "/api/v1/watches": (
        read_watches,
        {"before": BEFORE, "limit": LIMIT},
        "Watches and what they are worth",
    ),
    "/api/v1/health": (read_health, {}, "Lags, queues, errors"),
    "/api/v1/why": (
        read_why,
        {"article": Field(_TEXT, _words, "the article's address, or words of its headline")},
        "Why an article was, or was not, told of",
    ),
}
REQUIRED = {"/api/v1/why": ("article",)}


def endpoint(frame: Console, path: str) -> Endpoint:
    """Return the endpoint of a path of ROUTES."""
    read, fields, _ = ROUTES[path]

    async def answer(request: Request) -> Response:
        secret = request.headers.get("authorization", "")
        if not secret.startswith(PREFIX):
            return _fault(401, "a token is wanted: Authorization: Bearer ...")
        now = frame.now()
        try:
            token = await frame.store.read(console.find_token, secret.removeprefix(PREFIX)[:200])
            if token is None:
                return _fault(401, "the token is unknown or revoked")
            if token.used_at is None or now - token.used_at > console.TOUCH_EVERY:
                await frame.store.run(console.touch_token, token, now)
            if wrong := _wrong(request.query_params, fields, REQUIRED.get(path, ())):
                return _fault(400, wrong)
            asked = Asked(request.query_params, request.path_params, frame.names, now)
            found = await frame.store.read(read, asked)
        except DatabaseDown:
            return _fault(503, "the database does not answer")
        return JSONResponse(found) if found is not None else _fault(404, "there is no such thing")

    return answer


def _wrong(query: QueryParams, fields: Mapping[str, Field], required: tuple[str, ...]) -> str:
    """Return what is wrong with a query, "" if nothing is."""
    for name, value in query.multi_items():
        if name not in fields:
            return f"unknown parameter {name[:50]!r}"
        if len(query.getlist(name)) > 1:
            return f"{name} is given twice"
        if not fields[name].good(value):
            return f"{name}: wrong, it is {_wanted(fields[name])}"
    lacking = [name for name in required if name not in query]
    return f"{lacking[0]} is lacking" if lacking else ""


def _wanted(field: Field) -> str:
    """Return what a parameter may hold, in words."""
    schema = field.schema
    if "enum" in schema:
        return f"{field.what}, one of {', '.join(schema['enum'])}"
    if "maximum" in schema:
        return f"{field.what}, {schema['minimum']} to {schema['maximum']}"
    return field.what + (", as 2026-11-26" if schema.get("format") == "date" else "")


def _fault(status: int, words: str) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse({"error": words}, status_code=status, headers=headers)


def document(url: str) -> dict[str, Any]:
    """Return the OpenAPI document."""
    error = {
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    paths = {}
    for path, (_, fields, summary) in ROUTES.items():
        parameters = [
            {
                "name": name,
                "in": "query",
                "required": name in REQUIRED.get(path, ()),
                "description": field.what,
                "schema": field.schema,
            }
            for name, field in fields.items()
        ]
        if "{story_id}" in path:
            parameters.append({"name": "story_id", "in": "path", "required": True, "schema": _ID})
        responses = {
            "200": {
                "description": "found",
                "content": {"application/json": {"schema": {"type": "object"}}},
            },
            "400": {"description": "a parameter is wrong", **error},
            "401": {"description": "no token, or one that is not valid", **error},
            "404": {"description": "there is no such thing", **error},
            "503": {"description": "the database does not answer", **error},
        }
        paths[path] = {
            "get": {
                "summary": summary,
                "operationId": path.split("/")[3],
                "parameters": parameters,
                "responses": responses,
                "security": [{"token": []}],
            }
        }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Outpost", "version": our_version() or "0", "license": {"name": "MIT"}},
        "servers": [{"url": url}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Error": {
                    "type": "object",
                    "required": ["error"],
                    "properties": {"error": {"type": "string"}},
                }
            },
        },
    }
