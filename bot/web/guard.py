"""What every request and every answer passes: hosts, sizes, headers. Pure ASGI: streams stay streams."""

from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 64 * 1024  # bytes; the largest form of ours is a short one
MAX_TARGET = 4_096  # characters of path and query
ANY_HOST = ("/healthz", "/readyz", "/metrics")  # asked by machines that know us by an address alone

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Refuses strange hosts and oversize requests, and dresses every answer."""

    def __init__(self, app: ASGIApp, *, hosts: Collection[str], https: bool) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._headers = {**HEADERS}
        if https:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        if refusal := self._refusal(scope):
            await refusal(scope, receive, dressed)
            return
        await self._app(scope, _Bounded(receive), dressed)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if scope["path"] not in ANY_HOST and _host(headers.get("host", "")) not in self._hosts:
            return PlainTextResponse("unknown host\n", status_code=400)
        if len(scope["path"]) + len(scope["query_string"]) > MAX_TARGET:
            if scope["path"].startswith("/api/"):  # whose document promises JSON, and 400
                return JSONResponse({"error": "the address is too long"}, status_code=400)
            return PlainTextResponse("the address is too long\n", status_code=414)
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            return PlainTextResponse("bad length\n", status_code=400)
        if len(length) > 9 or int(length) > MAX_BODY:
            return PlainTextResponse("too large\n", status_code=413)
        return None


def _host(header: str) -> str:
    """Return the host of a Host header without its port."""
    if header.startswith("["):
        return header.partition("]")[0] + "]"
    return header.partition(":")[0].lower()


class _Bounded:
    """A body of unknown length that ends, as a disconnect, once it is too large."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._taken = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._taken += len(message.get("body", b""))
            if self._taken > MAX_BODY:
                return {"type": "http.disconnect"}
        return message
