"""Markup of feeds -> plain text: what a reader would see, with paragraphs as lines.

Every pattern here runs in linear time: none may look for the end of what has none at each beginning.
"""

import html
import re
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

T = TypeVar("T")

_TAG_START = re.compile(r"<[a-zA-Z/!?]")
_CHARACTER = re.compile(r"&[#\w]+;")
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
    if _is_markup(markup):
        markup = _COMMENT.sub("", _SILENT.sub(" ", markup))
        closed, end, open_ = markup.rpartition(">")  # past the last ">" no tag ends: none is sought
        markup = _TAG.sub("", _BLOCK.sub("\n", closed + end)) + open_
        markup = html.unescape(_UNFINISHED.sub("", markup))
    return _LINES.sub("\n", _SPACE.sub(" ", markup.replace("\xad", ""))).strip()


def _is_markup(text: str) -> bool:
    """Return whether there is a whole tag or a character reference in it."""
    start = _TAG_START.search(text)
    return bool(start and text.find(">", start.end()) >= 0) or bool(_CHARACTER.search(text))


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def storable(text: str) -> str:
    """Return text as every database takes it: without NUL and halves of surrogate pairs."""
    return _UNSTORABLE.sub("", text)


def all_storable(value: T) -> T:
    """Return a value with every text in it storable: in dataclasses and tuples, as deep as they go."""
    cleaned: Any = value
    if isinstance(value, str) and not isinstance(value, Enum):
        cleaned = storable(value)
    elif isinstance(value, tuple):
        cleaned = tuple(all_storable(one) for one in value)
    elif is_dataclass(value) and not isinstance(value, type):
        cleaned = replace(
            value, **{f.name: all_storable(getattr(value, f.name)) for f in fields(value)}
        )
    return cleaned  # type: ignore[no-any-return]  # of the type that came in
