"""What a watch asks about the article itself: outlet:, lang:, country:, author:, site:."""

from urllib.parse import urlsplit

from bot.domain.model import Document
from bot.domain.text import words


def meets(document: Document, name: str, value: str) -> bool:
    """Tell whether an article meets a filter."""
    if name == "lang":
        return document.language.lower().split("-")[0] == value.split("-", maxsplit=1)[0]
    if name == "country":
        return document.country.upper() == value
    host = (urlsplit(document.url).hostname or "").removeprefix("www.")
    if name == "site":
        return host == value or host.endswith(f".{value}")
    subject = f"{document.outlet} {host}" if name == "outlet" else document.author
    have, want = [w.text for w in words(subject)], [w.text for w in words(value)]
    return any(have[i : i + len(want)] == want for i in range(len(have) - len(want) + 1))
