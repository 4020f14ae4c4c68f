"""The web role: for now whether this process lives and its database answers. Loopback only."""

import contextlib
import logging
import socket
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.domain.errors import DatabaseDown
from bot.store import alerts
from bot.store.engine import Store

log = logging.getLogger(__name__)

HOST = "127.0.0.1"


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: app.py owns the signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def make_app(store: Store) -> Starlette:
    """Return the application: /healthz says the process lives, /readyz that the database answers."""

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        try:
            waiting = await store.run(alerts.behind)
        except DatabaseDown:
            return PlainTextResponse("the database does not answer\n", status_code=503)
        return PlainTextResponse(f"ok\n{waiting} alerts wait in the outbox\n")

    return Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz)])


def listen(port: int) -> socket.socket:
    """Return a socket bound to the port on loopback. Raises OSError if it is taken."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
    except OSError:
        bound.close()
        raise
    return bound


async def serve(store: Store, bound: socket.socket) -> None:
    """Serve until cancelled."""
    config = uvicorn.Config(make_app(store), log_config=None, access_log=False, lifespan="off")
    server = _Server(config)
    try:
        await server.serve(sockets=[bound])
    finally:
        bound.close()
