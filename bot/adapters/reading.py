"""Bytes of any kind we poll -> entries: tells the kinds apart, then calls their parsers. For workers."""

import re
from urllib.parse import urlsplit

from bot.adapters.charsets import utf8_of
from bot.adapters.feeds import ParsedFeed, absurd, parse_feed
from bot.adapters.index_pages import named_feeds, parse_index
from bot.adapters.plain import all_storable
from bot.adapters.sitemaps import parse_sitemap
from bot.adapters.telegram_page import parse_channel
from bot.domain.outlet import Failure, FailureKind, FeedKind

_SITEMAP = re.compile(rb"<(\w+:)?(urlset|sitemapindex)[\s>]")
_CHANNEL = re.compile(r"/(?:s/)?([A-Za-z]\w{3,31})/?$")
_NOT_CHANNELS = {"joinchat", "share", "addstickers", "proxy", "socks", "login", "iv"}


def read_entries(
    body: bytes, *, url: str, content_type: str, kind: FeedKind
) -> ParsedFeed | Failure:
    """Return the entries in an answer.

    kind: what the feed is said to be. FEED means "see for yourself", except that HTML is then a failure:
    an outlet's error page must not be taken for its news.
    """
    return all_storable(_read(body, url, content_type, kind))


def _read(body: bytes, url: str, content_type: str, kind: FeedKind) -> ParsedFeed | Failure:
    body = utf8_of(body, content_type)
    if not body.strip():
        return Failure(FailureKind.EMPTY, "the answer is empty")
    if kind is FeedKind.TELEGRAM or channel_of(url):
        return parse_channel(body, url=url)
    if reason := absurd(body):
        return Failure(FailureKind.ABSURD, reason)
    if kind is FeedKind.SITEMAP or _SITEMAP.search(body[:4096]):
        return parse_sitemap(body, url=url)
    return parse_index(body, url=url) if kind is FeedKind.HTML else _feed(body, url, content_type)


def _feed(body: bytes, url: str, content_type: str) -> ParsedFeed | Failure:
    found = parse_feed(body, url=url, content_type=content_type)
    if isinstance(found, Failure) and "HTML" in found.detail:
        for address, _ in named_feeds(body, url=url):
            return Failure(found.kind, f"{found.detail}; it names {address}"[:300])
    return found


def kind_of(url: str, form: str) -> FeedKind:
    """Return the kind to write into the outlets file for what was found there."""
    if channel_of(url):
        return FeedKind.TELEGRAM
    if "sitemap" in form:
        return FeedKind.SITEMAP
    return FeedKind.HTML if form == "html index" else FeedKind.FEED


def channel_of(url: str) -> str:
    """Return the name of the public Telegram channel an address leads to, "" if it leads to none."""
    parts = urlsplit(url)
    if (parts.hostname or "") not in ("t.me", "telegram.me", "www.t.me"):
        return ""
    found = _CHANNEL.fullmatch(parts.path)
    return found[1] if found and found[1].lower() not in _NOT_CHANNELS else ""


def address_to_ask(url: str) -> str:
    """Return the address that answers with entries: a channel's preview instead of its door."""
    name = channel_of(url)
    return f"https://t.me/s/{name}" if name else url
