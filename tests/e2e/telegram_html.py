"""Telegram's own reading of HTML messages: tags to entities, with its error texts and byte offsets.

Written from the documented rules of `parse_mode=HTML` and the answers the real server gives. It works
on UTF-8 bytes because the server's errors name byte offsets; entities count UTF-16 units, as Telegram does.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

NAMES = {
    "a": "text_link", "b": "bold", "strong": "bold", "i": "italic", "em": "italic",
    "u": "underline", "ins": "underline", "s": "strikethrough", "strike": "strikethrough",
    "del": "strikethrough", "tg-spoiler": "spoiler", "span": "spoiler", "code": "code", "pre": "pre",
    "blockquote": "blockquote", "tg-emoji": "custom_emoji",
}  # fmt: skip
NAMED = {b"lt": "<", b"gt": ">", b"amp": "&", b"quot": '"'}
SPACE = b" \t\r\n\0\x0b"
REFERENCE = re.compile(rb"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|([a-z]+));?")
MAX_ENTITIES = 100  # Telegram keeps the first hundred and drops the rest without a word


class BadMarkup(ValueError):
    """Markup that Telegram refuses; the text is what it says after "can't parse entities: "."""


@dataclass(slots=True)
class Parsed:
    """What a message shows: plain text, and the entities Telegram keeps."""

    text: str
    entities: list[dict[str, object]] = field(default_factory=list)

    def slices(self, kind: str) -> list[str]:
        """Return the pieces of text that carry entities of that kind, in order."""
        return [part for entity, part in spans(self.text, self.entities) if entity["type"] == kind]


def utf16(text: str) -> int:
    """Return the length of a text as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def spans(text: str, entities: list[dict[str, object]]) -> list[tuple[dict[str, object], str]]:
    """Return each entity with the text it covers."""
    units = text.encode("utf-16-le", "surrogatepass")
    found = []
    for entity in entities:
        start, length = int(str(entity["offset"])), int(str(entity["length"]))
        piece = units[2 * start : 2 * (start + length)]
        found.append((entity, piece.decode("utf-16-le", "surrogatepass")))
    return found


@dataclass(slots=True)
class _Open:
    tag: str
    argument: str
    offset: int
    position: int


class _Reader:
    def __init__(self, html: str) -> None:
        self.source = html.encode("utf-8", "surrogatepass")
        self.at = 0
        self.out: list[str] = []
        self.length = 0  # UTF-16 units written
        self.open: list[_Open] = []
        self.entities: list[dict[str, object]] = []

    def read(self) -> Parsed:
        plain = re.compile(rb"[^<&]+")
        while self.at < len(self.source):
            if match := plain.match(self.source, self.at):
                self.write(match[0].decode("utf-8", "surrogatepass"))
                self.at = match.end()
            elif self.source[self.at : self.at + 1] == b"&":
                self.write(self.reference() or self.literal())
            elif self.source[self.at + 1 : self.at + 2] == b"/":
                self.end_tag()
            else:
                self.start_tag()
        if self.open:
            raise BadMarkup(f'Can\'t find end tag corresponding to start tag "{self.open[-1].tag}"')
        self.entities.sort(key=lambda e: (e["offset"], -int(str(e["length"]))))
        return Parsed("".join(self.out), self.entities[:MAX_ENTITIES])

    def write(self, text: str) -> None:
        self.out.append(text)
        self.length += utf16(text)

    def literal(self) -> str:
        self.at += 1
        return self.source[self.at - 1 : self.at].decode()

    def reference(self) -> str:
        """Read one character reference, or return "" and stay: the ampersand then stands for itself."""
        match = REFERENCE.match(self.source, self.at)
        if match is None:
            return ""
        number = int(match[1], 16) if match[1] else int(match[2]) if match[2] else None
        if number is None:
            char = NAMED.get(match[3], "")
        else:
            char = chr(number) if 0 < number <= 0x10FFFF and number >> 11 != 27 else ""
        if char:
            self.at = match.end()
        return char

    def peek(self) -> bytes:
        return self.source[self.at : self.at + 1]

    def skip(self, chars: bytes) -> None:
        while self.peek() and self.peek() in chars:
            self.at += 1

    def until(self, stops: bytes) -> bytes:
        start = self.at
        while self.peek() and self.peek() not in stops:
            self.at += 1
        return self.source[start : self.at]

    def start_tag(self) -> None:
        begin, self.at = self.at, self.at + 1
        tag = self.until(SPACE + b">").decode("utf-8", "replace").lower()
        if not self.peek():
            raise BadMarkup(f"Unclosed start tag at byte offset {begin}")
        if tag not in NAMES:
            raise BadMarkup(f'Unsupported start tag "{tag}" at byte offset {begin}')
        argument = ""
        while True:
            self.skip(SPACE)
            if self.peek() == b">":
                break
            name, value = self.attribute(tag, begin)
            argument = _argument(tag, name, value) or argument
        self.at += 1
        if tag == "span" and argument != "spoiler":
            raise BadMarkup(f'Tag "span" must have class "tg-spoiler" at byte offset {begin}')
        self.open.append(_Open(tag, argument, self.length, len(self.out)))

    def attribute(self, tag: str, begin: int) -> tuple[str, str]:
        name = self.until(SPACE + b"=>/\"'").decode("utf-8", "replace").lower()
        if not name:
            if not self.peek():
                raise BadMarkup(f"Unclosed start tag at byte offset {begin}")
            raise BadMarkup(f'Empty attribute name in the tag "{tag}" at byte offset {begin}')
        self.skip(SPACE)
        value = ""
        if self.peek() == b"=":
            self.at += 1
            self.skip(SPACE)
            value = self.quoted() if self.peek() in (b'"', b"'") else self.token()
        if not self.peek():
            raise BadMarkup(f"Unclosed start tag at byte offset {begin}")
        return name, value

    def quoted(self) -> str:
        quote = self.peek()
        self.at += 1
        value: list[bytes] = []
        while self.peek() and self.peek() != quote:
            if self.peek() == b"&" and (char := self.reference()):
                value.append(char.encode("utf-8", "surrogatepass"))
            else:
                value.append(self.peek())
                self.at += 1
        self.at += 1
        return b"".join(value).decode("utf-8", "replace")

    def token(self) -> str:
        begin = self.at
        match = re.compile(rb"[0-9A-Za-z.-]*").match(self.source, self.at)
        assert match is not None
        self.at = match.end()
        if self.peek() and self.peek() not in SPACE + b">":
            raise BadMarkup(f"Unexpected end of name token at byte offset {begin}")
        return match[0].decode().lower()

    def end_tag(self) -> None:
        begin, self.at = self.at, self.at + 2
        if not self.open:
            raise BadMarkup(f"Unexpected end tag at byte offset {begin}")
        found = self.until(SPACE + b">").decode("utf-8", "replace").lower()
        self.skip(SPACE)
        if self.peek() != b">":
            raise BadMarkup(f"Unclosed end tag at byte offset {begin}")
        self.at += 1
        entry = self.open.pop()
        if found and found != entry.tag:
            raise BadMarkup(
                f'Unmatched end tag at byte offset {begin}, expected "</{entry.tag}>", found "</{found}>"'
            )
        self.close(entry)

    def close(self, entry: _Open) -> None:
        """Keep an entity for what stands between the tags; an empty one is dropped, as Telegram does."""
        length = self.length - entry.offset
        kind = NAMES[entry.tag]
        if not length:
            return
        entity: dict[str, object] = {"type": kind, "offset": entry.offset, "length": length}
        if entry.tag == "a":
            url = entry.argument or "".join(self.out[entry.position :])
            if not (checked := checked_url(url)):
                return  # a link that is no link is shown as plain text; it is no error
            entity["url"] = checked
        elif kind == "blockquote" and entry.argument:
            entity["type"] = "expandable_blockquote"
        elif kind == "custom_emoji":
            entity["custom_emoji_id"] = entry.argument
        self.entities.append(entity)


def _argument(tag: str, name: str, value: str) -> str:
    if tag == "a" and name == "href":
        return value
    if tag == "code" and name == "class" and value.startswith("language-"):
        return value.removeprefix("language-")
    if tag == "span" and name == "class" and value.startswith("tg-"):
        return value.removeprefix("tg-")
    if tag == "tg-emoji" and name == "emoji-id":
        return value
    return "1" if tag == "blockquote" and name == "expandable" else ""


def checked_url(url: str) -> str:
    """Return a link as Telegram keeps it, or "" if it would not take it as one."""
    url = url.strip()
    if not url or re.search(r"[\s\x00-\x1f]", url):
        return ""
    if url.lower().startswith(("tg://", "ton://")):
        return url
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return ""
    if parts.scheme.lower() not in ("http", "https") or not host:
        return ""
    if "." not in host and host != "localhost":
        return ""
    return parts.geturl() if parts.path or parts.query else parts.geturl().rstrip("/") + "/"


def parse_html(html: str) -> Parsed:
    """Return what a message in Telegram's HTML shows. Raises BadMarkup with Telegram's words.

    Outer white space goes, as on the server, and the entities move with the text.
    """
    return trimmed(_Reader(html).read())


def trimmed(parsed: Parsed) -> Parsed:
    """Cut outer white space, moving and shortening entities."""
    text = parsed.text.rstrip()
    lead = len(text) - len(text.lstrip())
    text = text[lead:]
    cut, total = lead, utf16(text)
    kept = []
    for entity in parsed.entities:
        start = max(int(str(entity["offset"])) - cut, 0)
        end = min(int(str(entity["offset"])) + int(str(entity["length"])) - cut, total)
        if end > start:
            kept.append({**entity, "offset": start, "length": end - start})
    return Parsed(text, kept)
