"""What an article's page shows its readers about itself: the date by its headline, the label of a byline.

For pages that tell machines nothing. Of the many dates of a page, those of related articles and of today
among them, only one that stands by the headline is the article's.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from lxml import html as lxml_html

from bot.domain.dates import read_date

AFTER, BEFORE = 60, 15  # tags from the headline on, and above it, that are looked at
DATE_CHARS = 80  # a longer text is none
HEADLINES = 5  # of a page, that are looked at
_ELSEWHERE = {"aside", "footer", "nav", "li", "header", "form", "script", "style", "figure"}
_LABEL = re.compile(r"^[^\d:]{2,30}:\s*")  # "Опубликовано:", "Giriş:"
_UPDATE = re.compile(
    r"updat|modif|edit|güncel|yenilən|обновл|измен|оновл|змін|թարմաց|փոփոխ|განახლ|შეცვ", re.I
)
_BYLINE = re.compile(
    r"""^(?:by|author|written\ by|text|автор[аыи]?|текст|корреспондент|журналист(?:ка)?|подготовил[аи]?
    |кореспондент(?:ка)?|підготува(?:в|ла|ли)|հեղինակ(?:ներ)?|լրագրող|պատրաստեց|ავტორ(?:ი|ები)|ჟურნალისტი
    |müəllif(?:lər)?|jurnalist|hazırladı|haber|yazan|yazar|muhabir|editör)(?:\s*[:՝–—-]\s*|\s+)(?=\S)""",
    re.I | re.X,
)


def shown_date(tree: lxml_html.HtmlElement) -> datetime | None:
    """Return the date by the headline, None where there is none: the next below, else the nearest above.

    The date of an update counts where no other is shown.
    """
    headlines = list(islice(tree.iter("h1"), HEADLINES))
    if not headlines:
        return None
    headline = max(headlines, key=lambda h1: len(_short_text(h1)))  # a logo may be one, too
    above = islice(headline.iterancestors(), 3)
    beside = (tag for up in above for tag in _preceding(up, headline))
    places = (*islice(_following(headline), AFTER), *islice(beside, BEFORE))
    found = [dated for tag in places if (dated := _dated(tag))]
    return next((at for at, updated in found if not updated), found[0][0] if found else None)


def without_label(authors: str) -> str:
    """Return the names in a byline without the word for what they did."""
    return _BYLINE.sub("", authors, count=1)


def _following(headline: lxml_html.HtmlElement) -> Iterator[lxml_html.HtmlElement]:
    """Yield what comes after a tag, in the order of the document."""
    for up in (headline, *headline.iterancestors()):
        for beside in up.itersiblings():
            yield from beside.iter()


def _preceding(
    up: lxml_html.HtmlElement, headline: lxml_html.HtmlElement
) -> Iterator[lxml_html.HtmlElement]:
    """Yield what is above the headline within that ancestor, the nearest first."""
    holder = headline
    for one in headline.iterancestors():
        if one is up:
            break
        holder = one
    for beside in holder.itersiblings(preceding=True):
        yield from reversed(list(islice(beside.iter(), BEFORE)))


def _dated(tag: lxml_html.HtmlElement) -> tuple[datetime, bool] | None:
    """Return the date that a tag holds and nothing else, and whether it is called that of an update."""
    if not isinstance(tag.tag, str) or _stands_elsewhere(tag):
        return None
    text = _short_text(tag)
    text = text if len(text) <= DATE_CHARS else ""
    told = tag.get("datetime") if tag.tag == "time" else None
    at = read_date(told or "") or read_date(text) or read_date(_LABEL.sub("", text))
    return (at, bool(_UPDATE.search(text))) if at else None


def _stands_elsewhere(tag: lxml_html.HtmlElement) -> bool:
    """Return whether a tag is in a list, a menu or beside the article; its own header is none of these."""
    for above in (tag, *tag.iterancestors()):
        if above.tag in _ELSEWHERE and not (
            above.tag == "header" and above.find(".//h1") is not None
        ):
            return True
    return False


def _short_text(tag: lxml_html.HtmlElement) -> str:
    """Return a tag's text on one line, "" if it is longer than a headline or a date may be."""
    found = ""
    for piece in tag.itertext():
        found += piece
        if len(found) > 4 * DATE_CHARS:
            return ""
    return " ".join(found.split())
