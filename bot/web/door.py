"""The door: in by a one-time link from the bot, out here or everywhere; and in which language."""

import re

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot import texts
from bot.domain.errors import DatabaseDown
from bot.store import console
from bot.store.engine import Tx
from bot.web.frame import ENTER, Console, Endpoint, read_form, stranger_reads
from bot.web.view import Moved, Visit, render_outside

MAX_KEY = 100  # characters; ours have 43
_OURS = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")  # "//host" and "/\\host" are not here


def endpoints(frame: Console) -> tuple[Endpoint, Endpoint]:
    """Return (what the link shows, what its button does).

    Following the link uses nothing up: chats and proxies fetch links by themselves. The page is the same
    for a good key, a bad one and none, so that it tells a stranger nothing.
    """

    async def show(request: Request) -> Response:
        key = request.query_params.get("key", "")[:MAX_KEY]
        language = stranger_reads(request)
        page = render_outside("outside.html", language, frame.now(), words="", key=key)
        return HTMLResponse(page)

    async def enter(request: Request) -> Response:
        form = await read_form(request)
        if form is None or not frame.same_site(request):
            return frame.outside(request, "web.bad_link", 400)
        try:
            secret = await frame.store.run(
                console.use_link,
                str(form.get("key", ""))[:MAX_KEY],
                admins=frame.admins,
                agent=request.headers.get("user-agent", ""),
                now=frame.now(),
            )
        except DatabaseDown:
            return frame.outside(request, "web.database_down", 503)
        if secret is None:
            return frame.outside(request, "web.bad_link", 403)
        response = RedirectResponse("/log", status_code=303)
        response.set_cookie(
            frame.cookie,
            secret,
            max_age=int(frame.lifetimes.absolute.total_seconds()),
            path="/",
            secure=frame.https,
            httponly=True,
            samesite="lax",
        )
        return response

    return show, enter


def sign_out(tx: Tx, visit: Visit) -> Moved:
    """End this session."""
    console.end_session(tx, visit.session, visit.now)
    return Moved(ENTER)


def sign_out_everywhere(tx: Tx, visit: Visit) -> Moved:
    """End all sessions of this person."""
    console.end_all(tx, visit.session.user_id, visit.now)
    console.note(tx, visit.session.user_id, "sign-out everywhere", now=visit.now)
    return Moved(ENTER)


def speak(tx: Tx, visit: Visit) -> Moved:
    """Show this browser the console in one language from now on, or in that of the chat; go back."""
    back, asked = str(visit.form.get("back", "")), str(visit.form.get("language", ""))
    return Moved(
        back if _OURS.fullmatch(back) else "/log",
        speaks=asked if asked in texts.languages() else "",
    )
