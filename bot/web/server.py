"""The web role: the console, the read API, /metrics, and whether this process and its database answer."""

import asyncio
import contextlib
import logging
import mimetypes
import socket
from collections.abc import Awaitable, Callable, Collection, Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.config import Settings
from bot.domain.errors import DatabaseDown
from bot.domain.names import Names
from bot.store import alerts
from bot.store.console import ConsoleRole, Lifetimes
from bot.store.engine import Store
from bot.web import access, api, door, health, log, metrics, outlets, quality, story, watches
from bot.web.files import in_form
from bot.web.frame import Console
from bot.web.guard import Guard
from bot.web.metrics import Counts
from bot.web.patience import Impatient
from bot.web.view import STATIC, Build, warm_up

logger = logging.getLogger(__name__)

MAX_HEAD = 16 * 1024  # bytes of a request's first lines
GRACE_S = 2  # for answers in hand when the process ends
FOREVER = "public, max-age=31536000, immutable"


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: app.py owns the signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def make_app(
    store: Store,
    *,
    settings: Settings,
    names: Names,
    now: Callable[[], datetime],
    counts: Counts,
    admins: Collection[int] | None = None,
    explain: outlets.Explain | None = None,
) -> Starlette:
    """Return the application. counts: stage.outcome -> items of this process, for /metrics.

    admins: who may always come in, where it is others than the settings say, as at a terminal.
    explain: asks the network what an address gives; None: no outlet can be added here.
    """
    warm_up()
    frame = Console(
        store,
        admins=settings.admins if admins is None else admins,
        url=settings.console_url,
        lifetimes=Lifetimes(
            idle=timedelta(hours=settings.web.idle_h),
            absolute=timedelta(hours=settings.web.absolute_h),
        ),
        names=names,
        now=now,
        may_ask=explain is not None,
    )
    hosts = {urlsplit(frame.url).hostname or "", settings.web.host, "127.0.0.1", "localhost"}
    routes = [
        *_machines(frame, counts, shown=settings.web.metrics),
        *_pages(frame, settings),
        *(_adding(frame, explain) if explain else ()),
        *_api(frame),
    ]
    guard = Middleware(Guard, hosts=hosts, https=frame.https)
    handlers = {HTTPException: _http_fault(frame)}
    return Starlette(routes=routes, middleware=[guard], exception_handlers=handlers)


def _machines(frame: Console, counts: Counts, *, shown: bool) -> list[Route]:
    """Return what machines ask: /healthz, the process lives; /readyz, the database answers; /metrics."""
    store = frame.store

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        try:
            waiting = await store.read(alerts.behind)
        except DatabaseDown:
            return PlainTextResponse("the database does not answer\n", status_code=503)
        return PlainTextResponse(f"ok\n{waiting} alerts wait in the outbox\n")

    async def scrape(_: Request) -> Response:
        try:
            found = await store.read(metrics.read_metrics, counts, frame.now())
        except DatabaseDown:
            return PlainTextResponse("the database does not answer\n", status_code=503)
        return Response(found, headers={"Content-Type": metrics.CONTENT_TYPE})

    routes = [Route("/healthz", healthz), Route("/readyz", readyz)]
    return [*routes, Route("/metrics", scrape)] if shown else routes


def _adding(frame: Console, explain: outlets.Explain) -> list[Route]:
    """Return what asks the network for an admin, before the transaction."""
    ask = outlets.finder(explain)
    return [
        Route("/outlets/look", frame.change(outlets.look, ask=ask), methods=["POST"]),
        Route("/outlets/add", frame.change(outlets.add, ask=ask), methods=["POST"]),
    ]


def _pages(frame: Console, settings: Settings) -> list[Route]:
    pages: dict[str, Build] = {
        "/log": log.show,
        "/story/{story_id:int}": story.show,
        "/outlets": outlets.show,
        "/watches": watches.show,
        "/subscribers": watches.show_subscribers(settings.limits, frame.admins),
        "/quality": quality.show,
        "/health": health.show(settings.polling.polls_per_minute),
        "/access": access.show(frame.lifetimes),
    }
    exports: dict[str, Build] = {
        "/export/log": log.export,
        "/export/story/{story_id:int}": story.export,
        "/export/outlets": outlets.export,
        "/export/watches": watches.export,
        "/export/subscribers": watches.export_subscribers,
        "/export/pairs": quality.export,
        "/export/weeks": quality.export_weeks,
        "/export/verdicts": quality.export_verdicts,
        "/export/measurements": quality.export_measurements,
        "/export/reprints": quality.export_customs,
        "/export/health": health.export,
    }
    changes: dict[str, Build] = {
        "/verdict": story.judge,
        "/outlets/change": outlets.change,
        "/outlets/retire": outlets.retire,
        "/watches/stop": watches.stop,
        "/subscribers/change": watches.change_subscriber,
        "/access/token": access.make_token(frame.lifetimes),
        "/access/revoke": access.revoke_token,
        "/access/let-in": access.let_in,
        "/access/shut-out": access.shut_out,
    }
    anybody: dict[str, Build] = {
        "/language": door.speak,
        "/sign-out": door.sign_out,
        "/sign-out-everywhere": door.sign_out_everywhere,
    }
    show, enter = door.endpoints(frame)
    return [
        Route("/", _home),
        Route("/enter", show, methods=["GET"]),
        Route("/enter", enter, methods=["POST"]),
        Route("/static/{name}", _static()),
        Route("/log/live", log.live(frame)),
        *(
            Route(f"/export/{name}", frame.page(in_form(build), role=ConsoleRole.ADMIN))
            for name, build in (
                ("audit", access.export),
                ("people", access.export_people),
                ("tokens", access.export_tokens),
            )
        ),
        *(Route(path, frame.page(build)) for path, build in pages.items()),
        *(Route(path, frame.page(in_form(build))) for path, build in exports.items()),
        *(Route(path, frame.change(build), methods=["POST"]) for path, build in changes.items()),
        *(
            Route(path, frame.change(build, role=ConsoleRole.VIEWER), methods=["POST"])
            for path, build in anybody.items()
        ),
    ]


def _api(frame: Console) -> list[Route]:
    described = api.document(frame.url)

    async def openapi(_: Request) -> Response:
        return JSONResponse(described)

    return [
        Route("/api/openapi.json", openapi),
        *(
            Route(path.replace("}", ":int}"), api.endpoint(frame, path), methods=["GET"])
            for path in api.ROUTES
        ),
    ]


async def _home(_: Request) -> Response:
    return RedirectResponse("/log", status_code=303)


def _static() -> Callable[[Request], object]:
    """Return the endpoint of our own few files, read once: no path of a request ever meets the disk."""
    files = {
        file.name: (file.read_bytes(), mimetypes.guess_type(file.name)[0] or "text/plain")
        for file in STATIC.iterdir()
        if file.is_file()
    }

    async def endpoint(request: Request) -> Response:
        found = files.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        return Response(found[0], media_type=found[1], headers={"Cache-Control": FOREVER})

    return endpoint


def _http_fault(frame: Console) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return the handler of 404, 405 and their kin: one sentence, JSON for the API."""

    async def handle(request: Request, fault: Exception) -> Response:
        status = fault.status_code if isinstance(fault, HTTPException) else 500
        headers = fault.headers if isinstance(fault, HTTPException) else None
        if request.url.path.startswith("/api/"):
            words = "there is no such thing" if status == 404 else "this cannot be done"
            return JSONResponse({"error": words}, status_code=status, headers=headers)
        response = frame.outside(request, "web.missing", status)
        response.headers.update(headers or {})
        return response

    return handle


def listen(port: int, *, host: str = "127.0.0.1") -> socket.socket:
    """Return a socket bound to the port. Raises OSError if it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


async def serve(app: Starlette, bound: socket.socket, *, proxies: tuple[str, ...] = ()) -> None:
    """Serve until cancelled. proxies: networks whose X-Forwarded-* headers are believed."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        date_header=True,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        h11_max_incomplete_event_size=MAX_HEAD,
        http=Impatient,
        ws="none",
        timeout_keep_alive=15,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True  # answers in hand are finished, live pages are cut off
        await serving
        raise
    finally:
        bound.close()
