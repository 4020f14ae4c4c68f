"""Why an alert was told: which watch matched by what, what was folded, and when. COMMANDS is at the end."""

from collections.abc import Iterator
from datetime import datetime

from bot import render
from bot.chat.alert import Asked, headline_of, meant, outlet_of
from bot.chat.command import Command, Reply, Request, Rows
from bot.chat.naming import heard, left_out, some
from bot.domain.model import Article, Hit, Role, StoryView, Watch
from bot.render import MAX_QUERY, link, short
from bot.store import deliveries, ledger
from bot.store.engine import Tx
from bot.texts import escape

MAX_WATCHES = 12  # explained
MAX_HITS = 8  # of one watch
MAX_COPIES = 12  # of a story
NOT_COPIES = 4  # that can be refused by a tap
MAX_NAMES = 8  # that a watch hears


def why(tx: Tx, req: Request) -> Reply:
    """Button, or /why in reply to an alert: what matched by which rule, what was folded and why, and when."""
    asked = meant(tx, req)
    title = req.say("why.title", headline=headline_of(asked.first))
    rest = [*_folded(req, asked.story), "\n".join(_times(tx, req, asked))]
    reasons = _reasons(req, asked.story)
    shown = min(len(reasons), MAX_WATCHES)
    while True:
        left = len(reasons) - shown
        more = [req.say("why.more_watches", n=left)] if left else []
        html = "\n\n".join((title, *reasons[:shown], *more, *rest))
        if shown <= 1 or render.length(html) <= render.MAX_MESSAGE:
            break
        shown -= 1
    return Reply(html=html, buttons=_refusals(req, asked))


def _reasons(req: Request, story: StoryView) -> list[str]:
    """Return, for each watch that fired, the watch and the forms that matched."""
    by_watch: dict[int, tuple[Watch, list[Hit]]] = {}
    for watch, _, hits in story.matches:
        by_watch.setdefault(watch.id, (watch, []))[1].extend(hits)
    return ["\n".join((*_understood(req, w), *_hit_lines(req, h))) for w, h in by_watch.values()]


def _understood(req: Request, watch: Watch) -> Iterator[str]:
    """Yield the watch, and the other names it hears."""
    names = [name for name, on in heard(req, watch) if on]
    if names:
        listed = some(req, names, MAX_NAMES)
        yield req.say("why.also", query=short(watch.query, MAX_QUERY), names=listed)
    else:
        yield req.say("why.watch", query=short(watch.query, MAX_QUERY))
    yield from left_out(req, watch)


def _hit_lines(req: Request, hits: list[Hit]) -> Iterator[str]:
    """Yield a line for each form, rule and place, as often as there are different ones."""
    different = {(h.form.casefold(), h.rule, h.place): h for h in hits}
    for hit in list(different.values())[:MAX_HITS]:
        yield req.say(
            f"why.{hit.rule.value}",
            form=short(hit.form, MAX_QUERY),
            term=short(hit.term, MAX_QUERY),
            place=req.say(f"place.{hit.place.value}"),
        )


def _folded(req: Request, story: StoryView) -> list[str]:
    """Return how each copy was recognised, as one part; none where there are no copies."""
    lines: list[str] = []
    for article in story.articles:
        if article.evidence:
            lines.append(_recognised(req, article))
    if len(lines) > MAX_COPIES:
        more = len(lines) - MAX_COPIES
        lines = [*lines[:MAX_COPIES], req.say("alert.more_copies", n=more)]
    return ["\n".join((req.say("why.copies"), *lines))] if lines else []


def _recognised(req: Request, article: Article) -> str:
    """Return the line of a copy: when it was seen, and by what it was recognised."""
    evidence = article.evidence
    if original := render.translated(article):
        words = short(str(evidence.get("phrase") or ""), MAX_QUERY)
        outlet = link(escape(outlet_of(article)), article.url)
        return req.say("why.translation", outlet=outlet, original=original, phrase=words)
    score, phrase = evidence.get("score"), str(evidence.get("phrase") or "")
    percent = round(100 * score) if isinstance(score, int | float) else 0
    shared = evidence.get("shared_pct")
    key = {"verdict": "why.by_verdict", "same url": "why.by_url"}.get(str(evidence.get("rule")), "")
    if not key:
        named = {"revision": "why.by_revision", "possible": "why.by_chance"}
        key = named.get(str(evidence.get("kind")), "why.by_name" if phrase else "why.by_text")
    return req.say(
        key,
        outlet=link(escape(outlet_of(article)), article.url),
        moment=req.moment(article.seen_at),
        percent=percent,
        shared=shared if isinstance(shared, int) else percent,
        phrase=short(phrase, MAX_QUERY),
    )


def _times(tx: Tx, req: Request, asked: Asked) -> Iterator[str]:
    """Yield when each step happened; what is not known is left out."""
    first = asked.first
    held = ledger.hold_of(tx, req.subscriber.id, [a.id for a in asked.story.articles])
    steps: tuple[tuple[str, datetime | None], ...] = (
        ("why.published", first.published_at),
        ("why.seen", first.seen_at),
        ("why.matched", asked.told.created_at),
        (f"why.held_{held.why}" if held else "", held.until if held else None),
        ("why.told", asked.told.told_at),
        ("why.edited", deliveries.edited_at(tx, asked.told.alert.id)),
    )
    for key, at in steps:
        if at is not None:
            yield req.say(key, moment=req.moment(at), zone=req.offset(at))
    if asked.told.alert.digest_id and asked.told.told_at:
        yield req.say("why.in_digest")


def _refusals(req: Request, asked: Asked) -> Rows:
    """Return a button for each copy that may be called none."""
    copies = [a for a in asked.story.articles if a.evidence.get("kind") in ("copy", "possible")]
    return tuple(
        (
            req.button(
                "button.not_a_copy",
                f"nocopy:{asked.told.alert.id}:{a.id}",
                outlet=short(a.outlet, render.MAX_LABEL),
            ),
        )
        for a in copies[:NOT_COPIES]
    )


COMMANDS = (Command("why", Role.SUBSCRIBER, why, "menu.why"),)
