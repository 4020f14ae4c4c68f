"""The console's frame: who is in, what they may do, and one transaction for each page and each change.

A page is `def page(tx, visit) -> Shown`, a change `def change(tx, visit) -> Moved`: no HTTP in either.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import datetime
from hmac import compare_digest
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import FormData
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot import texts
from bot.domain.errors import DatabaseDown
from bot.domain.names import Names
from bot.store import console
from bot.store.console import ConsoleRole, Lifetimes, Session
from bot.store.engine import Store, Tx
from bot.web.view import Answer, Build, Download, Moved, Visit, render, render_outside

BODY_S = 10.0  # within which a form must have come
MAX_FIELDS = 50
ENTER = "/enter"
LANGUAGE = "language"  # the cookie
LANGUAGE_S = 365 * 86_400

Endpoint = Callable[[Request], "object"]
Ask = Callable[[FormData], Awaitable[object]]


class Console:
    """What all pages share."""

    def __init__(
        self,
        store: Store,
        *,
        admins: Collection[int],
        url: str,
        lifetimes: Lifetimes,
        names: Names,
        now: Callable[[], datetime],
        may_ask: bool = False,
    ) -> None:
        self.store = store
        self.may_ask = may_ask
        self.admins = frozenset(admins)
        self.url = url
        self.https = url.startswith("https://")
        self.lifetimes = lifetimes
        self.names = names
        self.now = now

    @property
    def cookie(self) -> str:
        """Return the cookie's name: with TLS, one that no other host or path can set."""
        return "__Host-outpost" if self.https else "outpost"

    def page(self, build: Build, *, role: ConsoleRole = ConsoleRole.VIEWER) -> Endpoint:
        """Return the endpoint that shows what `build` reads."""

        async def endpoint(request: Request) -> Response:
            return await self._answer(request, build, role, FormData(), reads=True)

        return endpoint

    def change(
        self, build: Build, *, role: ConsoleRole = ConsoleRole.ADMIN, ask: Ask | None = None
    ) -> Endpoint:
        """Return the endpoint that makes the change of `build`, if the form is of our own page.

        ask: what is to be asked of the network first, with no transaction open, once it is known that this
        person may; the answer is the visit's `found`.
        """

        async def endpoint(request: Request) -> Response:
            form = await read_form(request)
            if form is None:
                return self.outside(request, "web.bad_form", 400)
            if not self.same_site(request):
                return self.outside(request, "web.stale_form", 403)
            if ask is None:
                return await self._answer(request, build, role, form, reads=False)
            try:
                visit = await self.store.read(self._admit, request, role, form, self.now())
            except DatabaseDown:
                return self.outside(request, "web.database_down", 503)
            if isinstance(visit, Response):
                return visit
            found = await ask(form)
            return await self._answer(request, build, role, form, reads=False, found=found)

        return endpoint

    def same_site(self, request: Request) -> bool:
        """Tell whether the browser says that a page of ours sent the request, or says nothing."""
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        if site not in (None, "same-origin", "none"):
            return False
        return origin is None or urlsplit(origin).netloc == request.headers.get("host")

    async def _answer(
        self,
        request: Request,
        build: Build,
        role: ConsoleRole,
        form: FormData,
        *,
        reads: bool,
        found: object = None,
    ) -> Response:
        now = self.now()
        run = self.store.read if reads else self.store.run
        try:
            made, session = await run(
                self._build, request, build, role=role, form=form, found=found, now=now
            )
            if session and now - session.seen_at > console.TOUCH_EVERY:
                await self.store.run(console.touch_session, session, now)
        except DatabaseDown:
            return self.outside(request, "web.database_down", 503)
        return made

    def _build(
        self,
        tx: Tx,
        request: Request,
        build: Build,
        *,
        role: ConsoleRole,
        form: FormData,
        found: object,
        now: datetime,
    ) -> tuple[Response, Session | None]:
        visit = self._admit(tx, request, role, form, now)
        if isinstance(visit, Response):
            return visit, None
        visit = replace(visit, found=found)
        return self._response(request, build(tx, visit), visit), visit.session

    def _admit(
        self, tx: Tx, request: Request, role: ConsoleRole, form: FormData, now: datetime
    ) -> Visit | Response:
        """Return the visit of somebody who may do this, else the answer that refuses it."""
        session = self.session(tx, request, now)
        have = console.role_of(tx, session.user_id, self.admins) if session else None
        if session is None or have is None:
            return self._to_door(request)
        if form or request.method == "POST":
            given = str(form.get("csrf", ""))
            if not compare_digest(given.encode(), session.csrf.encode()):
                return self.outside(request, "web.stale_form", 403)
        if role is ConsoleRole.ADMIN and have is not ConsoleRole.ADMIN:
            return self.outside(request, "web.viewers_only_look", 403)
        fragment = request.headers.get("hx-request") == "true"
        return Visit(
            session,
            have,
            now,
            request.query_params,
            request.path_params,
            form,
            fragment=fragment,
            may_ask=self.may_ask,
            here=_page_of(request),
            picked=picked(request),
        )

    def _response(self, request: Request, answer: Answer, visit: Visit) -> Response:
        match answer:
            case Moved(path, notice, speaks):
                response: Response = RedirectResponse(path, status_code=303)
                if notice:
                    self._give(response, "notice", notice, 10)
                if speaks is not None:
                    self._give(response, LANGUAGE, speaks, LANGUAGE_S if speaks else 0)
                return response
            case Download(name, body, content_type):
                headers = {"Content-Disposition": f'attachment; filename="{name}"'}
                return Response(body, media_type=content_type, headers=headers)
        notice = request.cookies.get("notice", "")
        known = notice.startswith("web.done_") and notice in console_keys()
        response = HTMLResponse(
            render(answer, visit, notice=notice if known else ""), status_code=answer.status
        )
        if notice:
            response.delete_cookie("notice")
        return response

    def _give(self, response: Response, name: str, value: str, life_s: int) -> None:
        secure = self.https
        response.set_cookie(
            name, value, max_age=life_s, httponly=True, samesite="lax", secure=secure
        )

    def session(self, tx: Tx, request: Request, now: datetime) -> Session | None:
        """Return who is in by the request's cookie."""
        secret = request.cookies.get(self.cookie, "")
        if not secret:
            return None
        return console.find_session(tx, secret, lifetimes=self.lifetimes, now=now)

    def _to_door(self, request: Request) -> Response:
        if request.headers.get("hx-request") == "true":
            return Response(status_code=401, headers={"HX-Redirect": ENTER})
        return RedirectResponse(ENTER, status_code=303)

    def outside(self, request: Request, key: str, status: int) -> Response:
        """Return a page of one sentence that shows nothing of the console."""
        language = stranger_reads(request)
        words = texts.say(language, key)
        page = render_outside("outside.html", language, self.now(), words=words, key="")
        return HTMLResponse(page, status_code=status)


def picked(request: Request) -> str:
    """Return the language that this browser asked for, "" for none that we have."""
    asked = request.cookies.get(LANGUAGE, "")
    return asked if asked in texts.languages() else ""


def stranger_reads(request: Request) -> str:
    """Return the language for somebody of whom only the browser is known."""
    wanted = request.headers.get("accept-language", "")[:10].split(",")[0]
    return picked(request) or texts.nearest(wanted)


def _page_of(request: Request) -> str:
    """Return the path of the page that a visitor sees, or, after a form, of the one it stands on."""
    path = request.url.path
    return path if request.method == "GET" else f"/{path.split('/')[1]}"


def console_keys() -> Collection[str]:
    """Return the keys of the console's texts."""
    return texts.catalogue(texts.FALLBACK, texts.CONSOLE).texts.keys()


async def read_form(request: Request) -> FormData | None:
    """Return the fields of a form, None if it is none, is too large or comes too slowly."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return None
    try:
        async with asyncio.timeout(BODY_S):
            body = await request.body()
        fields = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except (TimeoutError, ClientDisconnect, UnicodeDecodeError, ValueError):
        return None
    if any("\x00" in value for _, value in fields):  # no database takes it
        return None
    return FormData([(name, value) for name, value in fields])
