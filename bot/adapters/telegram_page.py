"""A public Telegram channel's preview page (https://t.me/s/name) -> entries."""

import re
from datetime import datetime
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from bot.adapters.feeds import FULL_TEXT_CHARS, MAX_ENTRIES, ParsedFeed
from bot.adapters.plain import plain_text
from bot.domain.dates import read_date
from bot.domain.outlet import Entry, Failure, FailureKind

TITLE_CHARS = 140
_SENTENCE = re.compile(r".+?[.!?…։。](?=\s|$)")


def parse_channel(body: bytes, *, url: str) -> ParsedFeed | Failure:
    """Return the posts of a channel's preview page, oldest first as Telegram lists them.

    A post has no title: its first line or sentence serves. Posts without words are kept by their link.
    """
    try:
        tree = lxml_html.fromstring(body.decode("utf-8", "replace"), base_url=url)
    except (etree.LxmlError, ValueError):
        return Failure(FailureKind.NOT_A_FEED, "no HTML in it")
    posts = [p for p in tree.iter() if isinstance(p.tag, str) and p.get("data-post")]
    title = _of_class(tree, "tgme_channel_info_header_title")
    if not posts:
        known = _of_class(tree, "tgme_page_title") or title
        why = "a channel without public posts" if known else "not a Telegram channel's preview page"
        return Failure(FailureKind.EMPTY if known else FailureKind.NOT_A_FEED, why)
    return ParsedFeed(tuple(_post(p) for p in posts[-MAX_ENTRIES:]), title=title, form="telegram")


def _post(post: Any) -> Entry:
    text = _of_class(post, "tgme_widget_message_text")
    first = text.split("\n", 1)[0]
    if len(first) > TITLE_CHARS:
        sentence = _SENTENCE.match(first)
        first = sentence[0] if sentence else first
    if len(first) > TITLE_CHARS:
        first = first[: TITLE_CHARS - 1].rsplit(" ", 1)[0] + "…"
    path = post.get("data-post")
    return Entry(
        url=f"https://t.me/{path}",
        title=first or _of_class(post, "link_preview_title") or f"t.me/{path}",
        summary="" if len(text) >= FULL_TEXT_CHARS else text,
        body=text if len(text) >= FULL_TEXT_CHARS else "",
        author=_of_class(post, "tgme_widget_message_from_author"),
        guid=path,
        source=_of_class(post, "tgme_widget_message_forwarded_from_name"),
        published_at=_date(post),
    )


def _of_class(node: Any, name: str) -> str:
    for found in node.iter():
        if isinstance(found.tag, str) and name in (found.get("class") or "").split():
            return plain_text(str(lxml_html.tostring(found, encoding="unicode", with_tail=False)))
    return ""


def _date(post: Any) -> datetime | None:
    for time in post.iter("time"):
        if at := read_date(time.get("datetime") or ""):
            return at
    return None
