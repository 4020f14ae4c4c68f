"""Markup of feeds -> plain text: what a reader would see, with paragraphs as lines."""

import html
import re

_MARKUP = re.compile(r"<[a-zA-Z/!?][^>]*>|&[#\w]+;")
_SILENT = re.compile(r"<(script|style|iframe|object|noscript|svg)\b.*?(</\1\s*>|$)", re.I | re.S)
_COMMENT = re.compile(r"<!--.*?(-->|$)|<!\[CDATA\[|\]\]>", re.S)
_BLOCK = re.compile(
    r"</?(p|div|br|li|ul|ol|h[1-6]|tr|table|blockquote|section|article|hr|pre)\b[^>]*>", re.I
)
_TAG = re.compile(r"<[a-zA-Z/!?][^>]*>")
_UNFINISHED = re.compile(r"<[a-zA-Z/][^<>]*$")
_SPACE = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")


def plain_text(markup: str) -> str:
    """Return markup as text: tags gone, entities read, one line per paragraph, no blank lines."""
    if _MARKUP.search(markup):
        markup = _COMMENT.sub("", _SILENT.sub(" ", markup))
        markup = _TAG.sub("", _BLOCK.sub("\n", markup))
        markup = html.unescape(_UNFINISHED.sub("", markup))
    return _LINES.sub("\n", _SPACE.sub(" ", markup.replace("\xad", ""))).strip()
