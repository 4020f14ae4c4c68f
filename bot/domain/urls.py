"""Canonical URLs: what one page is known by, however it was linked.

The canonical URL is also the one that is fetched, so nothing is dropped that a server could need:
`www.`, trailing slashes and the order of parameters stay.
"""

import re
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

ENTRY_MARK = (
    "entry-"  # the one fragment that is kept: ours, for entries without a link of their own
)
DEFAULT_PORTS = {"http": 80, "https": 443}

_TRACKING = re.compile(
    r"""(utm_|at_|mc_|ns_|hsa_|pk_|mtm_|matomo_|vero_|oly_|_hs|wt\.|piwik_|stm_|itm_) .+
    | fbclid | gclid | gclsrc | dclid | gbraid | wbraid | msclkid | yclid | ysclid | twclid | igshid | igsh
    | _openstat | ncid | ocid | ito | cmpid | cmp | icid | xtor | traffic_source | maca | smid | smtyp
    | guccounter | guce_referrer(_sig)? | __twitter_impression | taid | mibextid | sr_share | srsltid
    | rss_?id | feedid | feed_?source | mkt_tok | _ga | _gl | spm | sref | partner_?id | wtrid | wickedid
    """,
    re.X | re.I,
)
_TRACKING_IF = re.compile(
    r"(from|ref|referrer|source|src|via|rss|origin|partner|campaign|medium)", re.I
)
_TRACKING_VALUE = re.compile(
    r"(.*(rss|feed|twitter|facebook|telegram|social|share|newsletter|email|flipboard|yandex|zen).*"
    r"|tg|fb|vk|ok|tw|true|1|)",
    re.I,
)
_AMP_PARAMETER = re.compile(r"(amp|outputtype|output)", re.I)
_AMP_CACHE = re.compile(
    r"(?:[^/]+\.)?cdn\.ampproject\.org/[cv]/(s/)?(.+)|www\.google\.[a-z.]+/amp/(s/)?(.+)"
)
_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_JUNK = " \t\r\n\f\v\"'<>\u200b\ufeff"


def canonical_url(url: str) -> str:
    """Return the URL that one page is known by: an idempotent, absolute http(s) address.

    Drops tracking parameters, AMP forms, fragments, default ports, credentials; percent-encodes in one
    way; makes `http` `https` for named hosts on the default port (the reader falls back by itself).
    Anything that is not an http(s) URL comes back stripped, and otherwise as it was.
    """
    url = url.strip(_JUNK)
    parts = _split(url)
    if parts is None:
        return url
    parts = _out_of_amp_cache(parts)
    host = _host(parts.hostname or "")
    port = parts.port
    if port == DEFAULT_PORTS[parts.scheme]:
        port = None
    scheme = "https" if port is None and _is_named(host) else parts.scheme
    netloc = host if port is None else f"{host}:{port}"
    fragment = parts.fragment if parts.fragment.startswith(ENTRY_MARK) else ""
    return urlunsplit((scheme, netloc, _path(parts.path), _query(parts.query), fragment))


def is_web_url(url: str) -> bool:
    """Return whether this is an absolute http or https URL with a host."""
    return _split(url.strip(_JUNK)) is not None


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError where it is no number
    except ValueError:
        return None
    return parts if parts.scheme in DEFAULT_PORTS and parts.hostname else None


def _out_of_amp_cache(parts: SplitResult) -> SplitResult:
    found = _AMP_CACHE.fullmatch(f"{parts.hostname}{parts.path}")
    if not found:
        return parts
    secure = "s" if found[1] or found[3] else ""
    return _split(f"http{secure}://{found[2] or found[4]}?{parts.query}") or parts


def _host(host: str) -> str:
    host = host.rstrip(".").lower()
    if ":" in host:
        return f"[{host}]"
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return host
    return host.removeprefix("amp.") if host.count(".") > 1 else host


def _is_named(host: str) -> bool:
    """Return whether a host has a public-looking name; addresses and `localhost` keep their scheme."""
    return "." in host and not host.startswith("[") and not host.replace(".", "").isdigit()


def _path(path: str) -> str:
    path = _without_dots(re.sub(r"//+", "/", path))
    path = re.sub(r"%[0-9a-fA-F]{2}", _plain_escape, path)
    path = quote(path, safe="/%:@!$&'()*+,;=" + _UNRESERVED)
    path = re.sub(r"%(?![0-9a-fA-F]{2})", "%25", path)
    shorter = re.sub(r"(?<=[^/])(/amp/?|\.amp)$|(?<=/)amp/(?=[^/]+/)", "", path)
    return shorter or "/"


def _plain_escape(found: re.Match[str]) -> str:
    letter = unquote(found[0], errors="strict") if int(found[0][1:], 16) < 128 else ""
    return letter if letter and letter in _UNRESERVED else found[0].upper()


def _without_dots(path: str) -> str:
    """Resolve `.` and `..` (RFC 3986, 5.2.4)."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _query(query: str) -> str:
    """Return the query without its noise; what is kept stays byte for byte, servers are particular."""
    kept = [pair for pair in query.split("&") if pair and not _is_noise(*_pair(pair))]
    return quote("&".join(kept), safe="%:/?@!$&'()*+,;=[]|" + _UNRESERVED)


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return unquote(name), unquote(value)


def _is_noise(name: str, value: str) -> bool:
    if _TRACKING.fullmatch(name):
        return True
    if _AMP_PARAMETER.fullmatch(name):
        return value.lower() in ("", "1", "true", "amp", "html")
    return bool(_TRACKING_IF.fullmatch(name) and _TRACKING_VALUE.fullmatch(value))
