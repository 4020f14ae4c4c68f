"""Which charset bytes are really in, where header, declaration and bytes disagree."""

import re

from trafilatura.utils import detect_encoding

_DECLARED = re.compile(rb"^[^<]{0,4}<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]+)", re.I)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.I)
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_UTF8 = {"utf-8", "utf8", "us-ascii", "ascii"}
BROKEN_SHARE = 0.002  # of letters that may be broken in text that is still UTF-8


def settle_charset(body: bytes, content_type: str) -> tuple[bytes, str]:
    """Return the bytes and the charset to read them in; "" leaves it to the XML parser.

    Valid UTF-8 that is more than ASCII is UTF-8, whatever anyone says. What claims to be UTF-8 and is
    mostly so is mended; what claims so and is not is guessed by its letters (Cyrillic, often).
    """
    if body.startswith(_BOMS) or body[:4].count(0):
        return body, ""
    found, told = _DECLARED.match(body), _CHARSET.search(content_type)
    declared = found[1].decode("ascii").lower() if found else ""
    header = told[1].lower() if told else ""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        if (declared or header or "utf-8") in _UTF8:
            return _mended(body)
        return body, "" if declared else header
    return body, ("" if body.isascii() else "utf-8")


def _mended(body: bytes) -> tuple[bytes, str]:
    text = body.decode("utf-8", "replace")
    letters = sum(1 for c in text if c > "\x7f")
    broken = text.count("\ufffd")
    if broken <= max(1, letters * BROKEN_SHARE) and letters > 2 * broken:
        return text.encode(), "utf-8"
    guessed = next(iter(detect_encoding(body)), "")
    return body, "" if guessed in ("utf-8", "utf_8") else guessed


_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.I)


def decode_page(body: bytes, content_type: str) -> str:
    """Return an HTML page as text: by its letters, the header, its meta, a guess; never fails."""
    told, meta = _CHARSET.search(content_type), _META.search(body[:8192])
    said: tuple[str, ...] = (told[1] if told else "", meta[1].decode("ascii") if meta else "")
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        said = ("utf-16",)
    for charset in ("utf-8-sig", *said):
        try:
            return body.decode(charset)
        except (LookupError, UnicodeDecodeError):
            continue
    mended, charset = _mended(body)
    try:
        return mended.decode(charset or "windows-1252", "replace")
    except LookupError:
        return mended.decode("windows-1252", "replace")
