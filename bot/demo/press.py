"""The demo's press: a small web server per outlet on loopback, publishing live by the clock.

Nothing here knows Outpost: it serves feeds and pages as outlets do, furniture and all.
"""

import hashlib
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from html import escape
from importlib.resources import files
from json import dumps
from typing import Any

from aiohttp import web

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Piece:
    """One article. at_s: seconds after the press begins to publish; negative: there before.

    dated_s: seconds by which it is dated back: the demo tells an afternoon in half a minute.
    """

    outlet: str
    at_s: int
    slug: str
    title: str
    byline: str
    text: str
    dated_s: int = 0

    @property
    def paragraphs(self) -> list[str]:
        """Return the text, paragraph by paragraph."""
        return [p.strip() for p in self.text.strip().split("\n\n")]


@dataclass(frozen=True, slots=True)
class Paper:
    """One outlet. format: rss or atom. full: its feed carries whole texts."""

    key: str
    name: str
    country: str
    language: str
    format: str
    full: bool


@dataclass(frozen=True, slots=True)
class Published:
    """A piece with its place and date, as readers meet it."""

    piece: Piece
    url: str
    at: datetime


def load_press() -> tuple[tuple[Paper, ...], tuple[Piece, ...]]:
    """Return the outlets and pieces that travel with the package."""
    values = tomllib.loads(files("bot.demo").joinpath("press.toml").read_text("utf-8"))
    papers = tuple(Paper(**p) for p in values["outlet"])
    return papers, tuple(Piece(**p) for p in values["piece"])


class Press:
    """Serves each outlet at an address of its own. Use as an async context manager."""

    def __init__(
        self, papers: Sequence[Paper], pieces: Sequence[Piece], now: Callable[[], datetime]
    ) -> None:
        self._papers = papers
        self._pieces = pieces
        self._now = now
        self._opened_at = now()
        self._began_at: datetime | None = None
        self._runners: list[web.AppRunner] = []
        self.homes: dict[str, str] = {}  # outlet key -> its address, without a slash at the end

    async def __aenter__(self) -> "Press":
        for paper in self._papers:
            app = web.Application()
            app.add_routes(
                [
                    web.get("/", self._home(paper)),
                    web.get("/feed.xml", self._feed(paper)),
                    web.get("/{slug}", self._page(paper)),
                ]
            )
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
            await runner.setup()
            self._runners.append(runner)
            await web.TCPSite(runner, LOOPBACK, 0).start()
            self.homes[paper.key] = f"http://{LOOPBACK}:{runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        for runner in self._runners:
            await runner.cleanup()

    def begin(self) -> None:
        """Start publishing what is not there yet, by its schedule."""
        self._began_at = self._now()

    def last_before(self, limit_s: float) -> float:
        """Return when the last piece before that second comes, both counted from begin()."""
        return max(p.at_s for p in self._pieces if p.at_s < limit_s)

    def since_begin(self) -> list[tuple[Paper, Piece]]:
        """Return what has been published since begin(), oldest first."""
        papers = {p.key: p for p in self._papers}
        now = self._now()
        out = ((self._out_at(p), p) for p in self._pieces if p.at_s >= 0)
        return [(papers[p.outlet], p) for at, p in out if at is not None and at <= now]

    def _out_at(self, piece: Piece) -> datetime | None:
        zero = self._opened_at if piece.at_s < 0 else self._began_at
        return zero + timedelta(seconds=piece.at_s) if zero else None

    def published(self, key: str) -> list[Published]:
        """Return what that outlet has published by now, newest first."""
        found = []
        for piece in self._pieces:
            at = self._out_at(piece)
            if piece.outlet == key and at is not None and at <= self._now():
                dated = at - timedelta(seconds=piece.dated_s)
                found.append(Published(piece, f"{self.homes[key]}/{piece.slug}", dated))
        return sorted(found, key=lambda p: p.at, reverse=True)

    def outlets_toml(self) -> str:
        """Return an outlets file that names these outlets."""
        blocks = (
            f"[[outlet]]\nname = {dumps(p.name, ensure_ascii=False)}\n"
            f'homepage = "{self.homes[p.key]}"\ncountry = "{p.country}"\nlanguage = "{p.language}"\n'
            f'[[outlet.feed]]\nurl = "{self.homes[p.key]}/feed.xml"\n'
            for p in self._papers
        )
        return "\n".join(blocks)

    def _feed(self, paper: Paper) -> Any:
        async def handle(request: web.Request) -> web.Response:
            write = atom if paper.format == "atom" else rss
            body = write(paper, self.homes[paper.key], self.published(paper.key)).encode()
            etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            if request.headers.get("If-None-Match") == etag:
                return web.Response(status=304, headers={"ETag": etag})
            return web.Response(
                body=body,
                headers={"ETag": etag},
                content_type=f"application/{paper.format}+xml",
                charset="utf-8",
            )

        return handle

    def _page(self, paper: Paper) -> Any:
        async def handle(request: web.Request) -> web.Response:
            shown = self.published(paper.key)
            for one in shown:
                if one.piece.slug == request.match_info["slug"]:
                    others = [p for p in shown if p is not one][:3]
                    return _html(page(paper, self.homes[paper.key], one, others))
            return _html(f"<h1>404</h1><p>{escape(paper.name)} has no such page.</p>", status=404)

        return handle

    def _home(self, paper: Paper) -> Any:
        async def handle(_request: web.Request) -> web.Response:
            links = "".join(
                f'<li><a href="{p.url}">{escape(p.piece.title)}</a></li>'
                for p in self.published(paper.key)
            )
            return _html(f"<h1>{escape(paper.name)}</h1><ul>{links}</ul>")

        return handle


def _html(body: str, *, status: int = 200) -> web.Response:
    return web.Response(text=body, status=status, content_type="text/html", charset="utf-8")


def rss(paper: Paper, home: str, shown: Sequence[Published]) -> str:
    """Return an RSS 2.0 feed."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>{escape(paper.name)}</title><link>{home}/</link>"
        f"<description>{escape(paper.name)}</description><language>{paper.language}</language>"
        + "".join(_item(paper, p) for p in shown)
        + "</channel></rss>\n"
    )


def _item(paper: Paper, one: Published) -> str:
    piece = one.piece
    whole = "".join(f"<p>{escape(p)}</p>" for p in piece.paragraphs)
    body = f"<content:encoded>{escape(whole)}</content:encoded>" if paper.full else ""
    return (
        f"<item><title>{escape(piece.title)}</title><link>{one.url}</link>"
        f'<guid isPermaLink="true">{one.url}</guid><dc:creator>{escape(piece.byline)}</dc:creator>'
        f"<pubDate>{format_datetime(one.at)}</pubDate>"
        f"<description>{escape(piece.paragraphs[0])}</description>{body}</item>\n"
    )


def atom(paper: Paper, home: str, shown: Sequence[Published]) -> str:
    """Return an Atom feed."""
    updated = max((p.at for p in shown), default=None)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{paper.language}">'
        f'<title>{escape(paper.name)}</title><id>{home}/</id><link href="{home}/"/>'
        + (f"<updated>{updated.isoformat()}</updated>" if updated else "")
        + "".join(_entry(p) for p in shown)
        + "</feed>\n"
    )


def _entry(one: Published) -> str:
    piece = one.piece
    return (
        f'<entry><title>{escape(piece.title)}</title><link href="{one.url}"/><id>{one.url}</id>'
        f"<author><name>{escape(piece.byline)}</name></author>"
        f"<published>{one.at.isoformat()}</published><updated>{one.at.isoformat()}</updated>"
        f"<summary>{escape(piece.paragraphs[0])}</summary></entry>\n"
    )


def page(paper: Paper, home: str, one: Published, others: Sequence[Published]) -> str:
    """Return an article's page with what surrounds articles: menu, related pieces, footer."""
    piece = one.piece
    article = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": piece.title,
        "datePublished": one.at.isoformat(),
        "author": {"@type": "Person", "name": piece.byline},
        "publisher": {"@type": "Organization", "name": paper.name},
    }
    data = dumps(article, ensure_ascii=False).replace("<", "\\u003c")
    related = "".join(
        f'<li>Related article: <a href="{o.url}">{escape(o.piece.title)}</a></li>' for o in others
    )
    return f"""<!doctype html>
<html lang="{paper.language}"><head><meta charset="utf-8">
<title>{escape(piece.title)} | {escape(paper.name)}</title>
<link rel="canonical" href="{one.url}"><meta property="og:site_name" content="{escape(paper.name)}">
<script type="application/ld+json">{data}</script></head>
<body>
<header><a href="{home}/">{escape(paper.name)}</a>
<nav><ul><li><a href="{home}/">News</a></li><li><a href="{home}/region">Region</a></li>
<li><a href="{home}/culture">Culture</a></li><li><a href="{home}/about">About us</a></li></ul></nav></header>
<main><article><h1>{escape(piece.title)}</h1>
<p class="byline">By {escape(piece.byline)} <time datetime="{one.at.isoformat()}">{one.at:%H:%M}</time></p>
{"".join(f"<p>{escape(p)}</p>" for p in piece.paragraphs)}
</article>
<aside><h2>Read also</h2><ul>{related}</ul></aside></main>
<footer><p>&copy; {escape(paper.name)}. All rights reserved. Subscribe to our newsletter.</p>
<a href="{home}/feed.xml">Feed</a></footer>
</body></html>
"""
