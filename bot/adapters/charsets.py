"""Which charset bytes are really in, where header, declaration and bytes disagree: all become UTF-8 here."""

import codecs
import re

from trafilatura.utils import detect_encoding

_DECLARED = re.compile(
    rb"^([^<]{0,4}<\?xml[^>]{0,200}?)\s+encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']", re.I
)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.I)
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.I)
_LANGUAGE = re.compile(rb"(?:<language>\s*|\blang\s*=\s*[\"'])([a-z]{2,3})\b", re.I)
_WIDE = {  # how a document of two or four bytes a letter begins; the longer beginnings first
    b"\xff\xfe\x00\x00": "utf-32", b"\x00\x00\xfe\xff": "utf-32",
    b"<\x00\x00\x00": "utf-32-le", b"\x00\x00\x00<": "utf-32-be",
    b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16",
    b"<\x00": "utf-16-le", b"\x00<": "utf-16-be", b"{\x00": "utf-16-le", b"\x00{": "utf-16-be",
}  # fmt: skip
_MEANT = {  # by the names of narrower charsets the web means wider ones (WHATWG's Encoding Standard)
    "iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030",
    "euc_kr": "cp949", "shift_jis": "cp932",
}  # fmt: skip
# Python has codecs that are no charsets, such as "hex" and "punycode".
_CHARSETS = re.compile(r"utf|cp|ascii|iso|koi8|mac|big5|gb|euc|shift|johab|hz|kz|tis|ptcp")
_LATIN = {  # Windows' charset of each language in Latin letters that cp1252 does not serve
    **dict.fromkeys(("tr", "az"), "cp1254"),
    **dict.fromkeys(("pl", "cs", "sk", "hu", "hr", "sl", "ro", "sq", "bs"), "cp1250"),
    **dict.fromkeys(("et", "lv", "lt"), "cp1257"),
}
BROKEN_SHARE = 0.002  # of letters that may be broken in text that is still UTF-8
FOREIGN_SHARE = 0.4  # of letters beyond ASCII; no language in Latin letters has so many


def utf8_of(body: bytes, content_type: str) -> bytes:
    """Return an XML or JSON document in UTF-8, its declaration brought in line.

    What is valid UTF-8 is UTF-8, whatever anyone says. Else the declaration counts before the header, where
    it can be true. What claims to be UTF-8 and is mostly so is mended, the rest is guessed by its letters.
    """
    if wide := next((name for start, name in _WIDE.items() if body.startswith(start)), ""):
        body = body.decode(wide, "replace").encode()
    found = _DECLARED.match(body)
    said = (found[2].decode("ascii") if found else "", _of_header(content_type))
    body = _DECLARED.sub(rb"\1", body, count=1).removeprefix(codecs.BOM_UTF8)
    return body if _is_utf8(body) else _decoded(body, said).encode("utf-8", "replace")


def decode_page(body: bytes, content_type: str) -> str:
    """Return an HTML page as text: by its letters, the header, its meta, a guess; never fails."""
    meta = _META.search(body[:8192])
    said = (_of_header(content_type), meta[1].decode("ascii") if meta else "")
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", "replace")
    body = body.removeprefix(codecs.BOM_UTF8)
    return body.decode() if _is_utf8(body) else _decoded(body, said)


def _of_header(content_type: str) -> str:
    told = _CHARSET.search(content_type)
    return told[1] if told else ""


def _is_utf8(body: bytes) -> bool:
    if b"\x1b$" in body:
        return False  # Japanese in seven bits a byte
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decoded(body: bytes, said: tuple[str, ...]) -> str:
    """Return bytes that are not UTF-8 as text, by the first label that can be believed, or a guess."""
    charset = next(filter(None, map(_codec, said)), "utf-8")
    if charset.startswith(("utf", "cp1252")):
        charset = _mistaken(body, charset)
    return body.decode(charset, "replace")


def _codec(label: str) -> str:
    """Return the codec that a label means on the web, "" for one that nobody knows."""
    label = re.sub(r"^(?:x-)?(?:cp|win|windows)[-_]?(125\d)$", r"cp\1", label.lower())
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):
        return ""
    return _MEANT.get(name, name) if _CHARSETS.match(name) else ""


def _mistaken(body: bytes, charset: str) -> str:
    """Return the charset of bytes that are said to be in that one, which software says of anything."""
    if charset.startswith("utf"):
        text = body.decode("utf-8", "replace")
        beyond, broken = sum(1 for c in text if c > "\x7f"), text.count("\ufffd")
        if broken <= max(1, beyond * BROKEN_SHARE) and beyond > 2 * broken:
            return "utf-8"
    western = body.decode("cp1252", "replace")
    words = re.sub(r"<[^>]*>|https?:\S+", "", western)
    letters = [c for c in words if c.isalpha()]
    foreign = sum(1 for c in letters if c > "\x7f") > FOREIGN_SHARE * len(letters)
    if not foreign and charset == "cp1252":
        return _of_language(body, "cp1252")
    guessed = _codec(next(iter(detect_encoding(body)), ""))
    if foreign:
        return guessed or "cp1252"
    return _of_language(body, guessed if guessed in ("cp1250", "cp1254") else "cp1252")


def _of_language(body: bytes, otherwise: str) -> str:
    """Return the charset of Latin letters that the document's language needs."""
    said = _LANGUAGE.search(body[:8192])
    return _LATIN.get(said[1].decode("ascii").lower(), "cp1252") if said else otherwise
