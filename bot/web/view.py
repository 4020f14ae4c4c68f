"""How a page is made: templates, words in the admin's language, and what every page is given.

Everything is escaped unless a template says otherwise, and none does. There is no inline script and no
inline style: the Content-Security-Policy forbids both.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
from starlette.datastructures import FormData, QueryParams

from bot import texts
from bot.render import TURNS
from bot.store.console import ConsoleRole, Session
from bot.store.engine import Tx
from bot.web import evidence

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
EXPORTED = 5_000  # lines in one file to take along
MAX_AGO_DAYS = 2  # older times are shown as a day


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who is in. path: what the route's places hold; form: of a change."""

    session: Session
    role: ConsoleRole
    now: datetime
    query: QueryParams
    path: Mapping[str, Any]
    form: FormData = field(default_factory=FormData)
    fragment: bool = False  # asked by htmx for a part of the page
    may_ask: bool = False  # whether there is a reader that looks at addresses
    here: str = "/log"  # path of a page to come back to
    picked: str = ""  # language that this browser asked for; "": as the chat's /lang
    found: object = None  # what was asked of the network before the transaction

    @property
    def language(self) -> str:
        """Return the language this person reads: that of their browser's choice, else of their chat."""
        return self.picked or texts.nearest(self.session.language)

    def say(self, key: str, /, **params: object) -> str:
        """Return a text in that language, plain."""
        return texts.say(self.language, key, **params)

    def number(self, name: str) -> int | None:
        """Return a whole number of the query or the form, None where it is none."""
        value = str(self.form.get(name) or self.query.get(name) or "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 18 else None


@dataclass(frozen=True, slots=True)
class Shown:
    """A page: its template and what the template is given. status: of HTTP."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Moved:
    """Go and see that path of ours. notice: key of a text to show there.

    speaks: the language that this browser is to be shown from now on; "", that of the chat.
    """

    path: str
    notice: str = ""
    speaks: str | None = None


@dataclass(frozen=True, slots=True)
class Download:
    """A file to keep."""

    name: str
    body: bytes
    content_type: str


Answer = Shown | Moved | Download
Build = Callable[[Tx, Visit], Answer]


def missing(visit: Visit) -> Shown:
    """Return the page for what is not there."""
    return Shown("message.html", {"title": visit.say("web.missing"), "words": ""}, status=404)


def _unturned(value: object) -> object:
    """Return what a template shows, without the signs that would turn the direction of what follows."""
    # An escaped text stays one: of the very same kind.
    return type(value)(TURNS.sub("", value)) if isinstance(value, str) else value


def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_unturned,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"asset": asset, "exported": EXPORTED, "evidence": evidence}
    made.filters |= {"safe_url": safe_url}
    return made


def asset(name: str) -> str:
    """Return the address of a static file; it changes with the file, so it may be kept for ever."""
    stamp = int((STATIC / name).stat().st_mtime)
    return f"/static/{name}?{stamp}"


def safe_url(url: str) -> str:
    """Return an outlet's URL if a browser may follow it, else nothing: javascript: and its kin."""
    return url if url.startswith(("http://", "https://")) else ""


ENVIRONMENT = _environment()


def warm_up() -> None:
    """Compile every template and read every language now, so that no visitor waits for it."""
    evidence.languages()
    for name in ENVIRONMENT.list_templates():
        ENVIRONMENT.get_template(name)


def render(shown: Shown, visit: Visit, *, notice: str = "") -> str:
    """Return the page as HTML."""
    language = visit.language
    return ENVIRONMENT.get_template(shown.template).render(
        **words_of(language, visit.now),
        visit=visit,
        may_change=visit.role is ConsoleRole.ADMIN,
        notice=texts.say(language, notice) if notice else "",
        here=partial(here, visit.query),
        **shown.context,
    )


def render_outside(template: str, language: str, now: datetime, **context: Any) -> str:
    """Return a page for somebody who is not in."""
    return ENVIRONMENT.get_template(template).render(
        **words_of(language, now), visit=None, notice="", **context
    )


def words_of(language: str, now: datetime) -> dict[str, Any]:
    """Return what templates speak with: t(key), number, moment, ago, span in one language."""
    code = texts.nearest(language)

    def when(at: datetime) -> str:
        if abs((now - at).days) < MAX_AGO_DAYS and at <= now:
            return texts.ago(code, at, now)
        return texts.moment(code, at)

    return {
        "language": code,
        "now": now,
        "t": partial(texts.say, code),
        "number": partial(texts.number, code),
        "moment": partial(texts.moment, code),
        "day": partial(texts.day, code),
        "when": when,
        "seconds": partial(seconds, code),
        "length": lambda s: texts.span(code, timedelta(seconds=s), seconds=True),
        "size": partial(size, code),
        "country": partial(texts.country_name, code),
        "tongue": partial(tongue, code),
    }


def seconds(language: str, value: float | None) -> str:
    """Return a length of time in seconds as words: "8.2 s", "42 min"; a dash for None."""
    if value is None:
        return "–"
    if value < 120:
        return texts.say(language, "web.seconds", s=round(value, 1))
    return texts.say(language, "web.minutes", m=round(value / 60, 1))


def tongue(language: str, code: str) -> str:
    """Return what a language is called; its code where there is no word for it."""
    return texts.language_name(language, code) or code


def size(language: str, n_bytes: int) -> str:
    """Return a size in megabytes, as the language writes numbers."""
    return texts.say(language, "web.megabytes", mb=round(n_bytes / 1_000_000, 1))


def here(query: QueryParams, **changed: object) -> str:
    """Return the query of this page with some fields changed; None or "" takes a field out."""
    kept = {k: v for k, v in query.items() if k not in changed and v}
    new = {k: str(v) for k, v in changed.items() if v not in (None, "")}
    return f"?{urlencode({**kept, **new})}"
