"""GET over HTTP for addresses nobody vouches for: limits on time, size, redirects and where they lead.

Every outcome is a value. The address check sits where the socket is made, so a name that resolves
differently the second time, a redirect or a retry cannot slip past it.
"""

import asyncio
import socket
import ssl
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import aiohttp
from aiohttp.abc import AbstractResolver

from bot.adapters.plain import storable
from bot.domain.addresses import Guard
from bot.domain.outlet import Failure, FailureKind
from bot.domain.urls import is_web_url

CONNECT_S = 10.0
READ_S = 10.0
TOTAL_S = 30.0
REDIRECTS = 5
CONCURRENT = 64
RETRY_AFTER_CAP_S = 86_400
CHUNK_BYTES = 65_536
PERMANENT = (301, 308)
REDIRECTED = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. url: where it came from in the end.

    moved_to: that address, if there were redirects and all of them permanent.
    """

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    moved_to: str | None = None

    @property
    def content_type(self) -> str:
        """Return the Content-Type header as sent, "" if there is none."""
        return self.headers.get("Content-Type", "")


Hop = Callable[[str], Awaitable[Failure | None]]

REFUSED = "refused to dial "


class PrivateAddressError(OSError):
    """The address to dial is not one we dial. Its text says why, and starts with REFUSED:

    of several refused addresses aiohttp keeps the texts, but not the class.
    """


class _Unreadable(Exception):
    def __init__(self, kind: FailureKind, detail: str) -> None:
        super().__init__(detail)
        self.failure = Failure(kind, detail)


class WebClient:
    """An async context manager around one aiohttp session: no proxy, no cookies, no environment."""

    def __init__(
        self,
        *,
        user_agent: str,
        allow_private: Iterable[str] = (),
        connect_s: float = CONNECT_S,
        read_s: float = READ_S,
        total_s: float = TOTAL_S,
        redirects: int = REDIRECTS,
        concurrent: int = CONCURRENT,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._user_agent = user_agent
        self._guard = Guard(allow_private)
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_s, sock_read=read_s)
        self._total_s = total_s
        self._redirects = redirects
        self._concurrent = concurrent
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            limit=self._concurrent,
            resolver=self._resolver,
            socket_factory=self._dialled_socket,
            enable_cleanup_closed=False,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            max_line_size=16_384,
            max_field_size=65_536,  # content security policies of some outlets pass aiohttp's 8 kB
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(
        self,
        url: str,
        *,
        max_bytes: int,
        headers: Mapping[str, str] | None = None,
        user_agent: str | None = None,
        hop: Hop | None = None,
    ) -> Answer | Failure:
        """Return the answer to a GET, redirects followed, or why there is none. Never raises for it.

        max_bytes: of the decompressed body. user_agent: instead of ours, for outlets that refuse it.
        hop: called with the target of a redirect before it is asked; may wait (that is not counted), or
        say that it is not to be asked.
        """
        try:
            async with asyncio.timeout(self._total_s) as clock:
                waiting = _uncounted(hop, clock) if hop else None
                return await self._follow(
                    url, max_bytes, headers or {}, user_agent or self._user_agent, waiting
                )
        except _Unreadable as e:
            return e.failure
        except TimeoutError as e:
            return Failure(
                FailureKind.TIMEOUT, str(e) or f"no complete answer within {self._total_s:g} s"
            )
        except (aiohttp.ClientError, OSError, ValueError) as e:
            return failure_of(e)

    async def _follow(
        self,
        url: str,
        max_bytes: int,
        headers: Mapping[str, str],
        user_agent: str,
        hop: Hop | None,
    ) -> Answer | Failure:
        permanent = True
        start = url
        for n in range(self._redirects + 1):
            if n and hop and is_web_url(url) and (refused := await hop(url)):
                return refused
            answer, location = await self._once(url, max_bytes, headers, user_agent)
            if location is None:
                moved = url if permanent and url != start else None
                return Answer(answer.status, url, answer.headers, answer.body, moved)
            permanent = permanent and answer.status in PERMANENT
            url = urljoin(url, location)
        raise _Unreadable(
            FailureKind.REDIRECTS,
            f"more than {self._redirects} redirects, the last to {_short(url)}",
        )

    async def _once(
        self, url: str, max_bytes: int, headers: Mapping[str, str], user_agent: str
    ) -> tuple[Answer, str | None]:
        if not is_web_url(url):
            raise _Unreadable(FailureKind.ADDRESS, f"not an http or https address: {_short(url)}")
        if self._session is None:
            raise RuntimeError("WebClient is used outside its context")
        sent = {"User-Agent": user_agent, "Accept-Encoding": "gzip, deflate", **headers}
        async with self._session.get(url, headers=sent, allow_redirects=False) as response:
            location = response.headers.get("Location")
            if response.status in REDIRECTED and location:
                return Answer(response.status, url, response.headers.copy(), b""), location
            body = await _read(response, max_bytes) if response.status == 200 else b""
            return Answer(response.status, url, response.headers.copy(), body), None

    def _dialled_socket(self, info: Any) -> socket.socket:
        """Make the socket for one resolved address, or refuse. aiohttp calls it for every connection."""
        family, kind, proto, _, address = info
        if reason := self._guard.refusal(str(address[0]), int(address[1])):
            raise PrivateAddressError(f"{REFUSED}{address[0]}: {reason}")
        made = socket.socket(family=family, type=kind, proto=proto)
        made.setblocking(False)
        return made


def _uncounted(hop: Hop, clock: asyncio.Timeout) -> Hop:
    """Return the same, with the clock stopped while it waits."""

    async def wait(url: str) -> Failure | None:
        loop, until = asyncio.get_running_loop(), clock.when()
        began = loop.time()
        clock.reschedule(None)
        refused = await hop(url)
        clock.reschedule(until and until + loop.time() - began)
        return refused

    return wait


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """Return the decompressed body; stops at max_bytes, however small the bomb is on the wire."""
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    decoder = Decoder(encoding, max_bytes)
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        for _ in decoder.feed(chunk):
            await asyncio.sleep(0)  # a chunk of a bomb holds megabytes: others get their turn
    return decoder.finish()


class Decoder:
    """Collects a body while undoing its Content-Encoding, within a limit on what comes out."""

    def __init__(self, encoding: str, max_bytes: int) -> None:
        if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise _Unreadable(
                FailureKind.NOT_A_FEED, f"compressed as {_short(encoding)}, which we did not offer"
            )
        self._max = max_bytes
        self._out = bytearray()
        self._zlib: Any = None
        self._encoding = encoding

    def feed(self, chunk: bytes) -> Iterator[None]:
        """Take one chunk off the wire, a piece at each step."""
        if self._encoding in ("", "identity"):
            self._keep(chunk)
            return
        if self._zlib is None:
            self._zlib = zlib.decompressobj(_window(self._encoding, chunk))
        while chunk and not self._zlib.eof:
            try:
                self._keep(self._zlib.decompress(chunk, CHUNK_BYTES))
            except zlib.error as e:
                raise _Unreadable(FailureKind.NOT_A_FEED, f"broken compression: {e}") from e
            chunk = self._zlib.unconsumed_tail
            if chunk:
                yield

    def finish(self) -> bytes:
        """Return the body. Raises if the compressed stream was cut."""
        if self._zlib is not None and not self._zlib.eof:
            raise _Unreadable(FailureKind.CONNECT, "the answer ended in the middle")
        return bytes(self._out)

    def _keep(self, piece: bytes) -> None:
        self._out += piece
        if len(self._out) > self._max:
            raise _Unreadable(FailureKind.TOO_LARGE, f"larger than {self._max / 1_000_000:g} MB")


def _window(encoding: str, first: bytes) -> int:
    if encoding != "deflate":
        return 16 + zlib.MAX_WBITS
    return (
        zlib.MAX_WBITS if first[:1] == b"\x78" else -zlib.MAX_WBITS
    )  # some send raw deflate, against RFC 9110


def failure_of(error: BaseException) -> Failure:
    """Return the class of what went wrong on the wire, in one line."""
    seen: BaseException | None = error
    while seen is not None:  # aiohttp wraps what the socket factory raised
        if isinstance(seen, OSError) and REFUSED in str(seen):
            return Failure(FailureKind.PRIVATE, _short(str(seen)))
        seen = seen.__cause__ or seen.__context__
    detail = _short(str(error).replace(" ssl:default", "") or type(error).__name__)
    kinds: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], FailureKind], ...] = (
        (aiohttp.ClientConnectorDNSError, FailureKind.DNS),
        ((aiohttp.ClientSSLError, ssl.SSLError), FailureKind.TLS),
        ((aiohttp.ServerTimeoutError, TimeoutError), FailureKind.TIMEOUT),
        (aiohttp.InvalidURL, FailureKind.ADDRESS),
        (socket.gaierror, FailureKind.DNS),
    )
    kind = next((kind for types, kind in kinds if isinstance(error, types)), FailureKind.CONNECT)
    return Failure(kind, detail)


def failure_of_status(answer: Answer) -> Failure:
    """Return the failure that a status other than 200 and 304 is."""
    named = {
        403: FailureKind.FORBIDDEN,
        404: FailureKind.NOT_FOUND,
        410: FailureKind.GONE,
        429: FailureKind.TOO_MANY,
    }
    status = answer.status
    kind = named.get(status) or (FailureKind.SERVER if status >= 500 else FailureKind.STATUS)
    wait = retry_after_s(answer.headers) if status in (429, 503) else None
    return Failure(kind, f"the server answered {status}", wait)


def retry_after_s(headers: Mapping[str, str]) -> int | None:
    """Return the seconds that Retry-After asks for, 0..24 h; None if it asks for nothing we can read.

    A date is read against the answer's own Date, so that a server with a wrong clock is still understood.
    """
    asked = headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        return min(int(asked), RETRY_AFTER_CAP_S)
    until, now = _http_date(asked), _http_date(headers.get("Date", ""))
    if until is None or now is None:
        return None
    return max(0, min(int((until - now).total_seconds()), RETRY_AFTER_CAP_S))


def _http_date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _short(text: str) -> str:
    """Return foreign text as one line of bounded length, fit for a log."""
    text = " ".join(storable(text).split())
    return text if len(text) <= 200 else text[:199] + "…"
