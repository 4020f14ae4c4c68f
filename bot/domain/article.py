"""An article on its way: what is kept of an entry and its page, and how the core sees it."""

from dataclasses import replace
from urllib.parse import urlsplit

from bot.domain.clustering import Candidate
from bot.domain.model import Article, Document
from bot.domain.outlet import Entry, Page

MAX_TEXT = 200_000  # characters of an article that are kept, matched and compared


def storable(text: str, limit: int) -> str:
    """Return a text that every database takes: no NUL, no half of a surrogate pair, at most so long."""
    return text[:limit].replace("\0", "").encode("utf-8", "replace").decode()


def tidy(entry: Entry) -> Entry:
    """Return an entry as it is kept: bounded, and storable."""
    return replace(
        entry,
        url=storable(entry.url, 2_000),
        title=storable(entry.title, 1_000),
        summary=storable(entry.summary, MAX_TEXT),
        body=storable(entry.body, MAX_TEXT),
        author=storable(entry.author, 300),
        source=storable(entry.source, 300),
    )


def with_page(article: Article, page: Page | None) -> Article:
    """Return the article with what its page adds. The feed's word stands where both speak."""
    if page is None:
        return article
    return replace(
        article,
        title=article.title or storable(page.title, 1_000),
        body=storable(page.text, MAX_TEXT) if len(page.text) > len(article.body) else article.body,
        author=article.author or storable(page.authors, 300),
        published_at=article.published_at
        or (min(page.published_at, article.seen_at) if page.published_at else None),
    )


def document_of(article: Article) -> Document:
    """Return an article as matching and clustering see it."""
    return Document(
        title=article.title,
        summary=article.summary,
        body=article.body,
        language=article.language,
        outlet=article.outlet,
        country=article.country,
        author=article.author,
        url=article.url,
    )


def candidate_of(article: Article, sketch: bytes) -> Candidate:
    """Return a new article as clustering compares it."""
    return Candidate(
        article_id=article.id,
        story_id=None,
        outlet_id=article.outlet_id,
        seen_at=article.seen_at,
        published_at=article.published_at,
        sketch=sketch,
        language=article.language,
        outlet=article.outlet,
        host=urlsplit(article.url).hostname or "",
        url=article.url,
    )
