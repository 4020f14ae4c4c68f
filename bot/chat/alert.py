"""What a reader says to an alert: mute it, not relevant, why?, the whole story. COMMANDS is at the end."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from bot import render, texts
from bot.chat.command import Command, Reply, Request, Rows, number
from bot.chat.naming import heard, some
from bot.domain.errors import UserError
from bot.domain.model import AlertView, Article, Hit, Role, StoryView, VerdictKind, Watch
from bot.domain.urls import canonical_url
from bot.render import MAX_OUTLET, MAX_QUERY, flag, link, short
from bot.store import alerts, articles, deliveries, ledger, stories, verdicts
from bot.store.engine import Tx
from bot.texts import Html, escape

MAX_WATCHES = 12  # explained in "why?"; where the alert has no room for all, stopped there
MAX_HITS = 8  # of one watch in "why?"
MAX_COPIES = 12  # of a story in "why?"
NOT_COPIES = 4  # that can be refused by a tap
MAX_NAMES = 8  # that a watch hears, in "why?"
MAX_TITLE = 160
MAX_CARRIERS = 40  # outlets with a link each; Telegram keeps 100 entities of a message
OPEN_CARRIERS = 8
MAX_SILENT = 60  # outlets named that have not carried a story
MAX_COUNTRIES = 30


class Asked(NamedTuple):
    """An alert of this chat, and what it shows now."""

    told: alerts.Told
    story: StoryView

    @property
    def first(self) -> Article:
        """Return the article that the message is about."""
        return self.story.articles[0]


def _asked(tx: Tx, req: Request, argument: str) -> Asked | None:
    """Return the alert of that id, None if this chat has none such, or its articles are gone."""
    alert_id = number(argument)
    if alert_id is None:
        return None
    return _with_story(tx, req, alerts.of_chat(tx, req.subscriber.id, alert_id))


def _with_story(tx: Tx, req: Request, told: alerts.Told | None) -> Asked | None:
    if told is None:
        return None
    story = articles.view_story(tx, told.alert.story_id, req.subscriber.id)
    return Asked(told, story) if story.articles else None


def mute(tx: Tx, req: Request) -> Reply:
    """Button, or /mute in reply to an alert: its message stays as it is, copies are kept quiet."""
    asked = _meant(tx, req)
    alerts.mute(tx, asked.told.alert.id)
    if not req.pressed:
        return Reply("mute.done", {"headline": _headline(asked.first)}, _unmute_row(req, asked))
    return _shown_again(tx, req, asked, toast="toast.muted")


def _unmute_row(req: Request, asked: Asked) -> Rows:
    return ((req.button("button.unmute", f"unmute:{asked.told.alert.id}"),),)


def unmute(tx: Tx, req: Request) -> Reply:
    """Button: follow the story again."""
    asked = _meant(tx, req)
    alerts.unmute(tx, asked.told.alert.id, req.now)
    alert = asked.told.alert
    if not alert.digest_id and req.message_id != alert.message_id:  # under the answer to /mute
        return Reply("mute.undone", {"headline": _headline(asked.first)}, edit=True)
    return _shown_again(tx, req, asked, toast="toast.unmuted")


def _meant(tx: Tx, req: Request) -> Asked:
    """Return the alert whose button was tapped, or that was replied to. Raises UserError if none was."""
    asked = _asked(tx, req, req.argument) if req.argument else _answered(tx, req)
    if asked is None:
        raise UserError("toast.stale" if req.pressed else "story.reply")
    return asked


def _shown_again(tx: Tx, req: Request, asked: Asked, *, toast: str) -> Reply:
    """Show the alert as it is now, in place."""
    told = alerts.of_chat(tx, req.subscriber.id, asked.told.alert.id) or asked.told
    return replace(_whole(Asked(told, asked.story)), edit=True, toast=toast)


def _whole(asked: Asked) -> Reply:
    """Return the alert as its own message would show it, with all its buttons."""
    message = render.alert(AlertView(asked.told.alert, asked.story))
    return Reply(html=message.html, buttons=message.buttons, preview=message.preview)


def open_(tx: Tx, req: Request) -> Reply:
    """Button of a digest: show one of its alerts whole, with all its buttons. Argument: alert."""
    asked = _asked(tx, req, req.argument)
    return _whole(asked) if asked else Reply(toast="toast.stale")


def post(tx: Tx, req: Request) -> Reply:
    """A post of a channel, forwarded here by one of its administrators: the alert with its buttons.

    Argument: the message's id in the channel. Raises UserError: that is no alert of ours.
    """
    message_id = number(req.argument)
    told = None if message_id is None else alerts.by_message(tx, req.subscriber.id, message_id)
    asked = _with_story(tx, req, told)
    if asked is None:
        raise UserError("story.unknown")
    return _whole(asked)


def not_relevant(tx: Tx, req: Request) -> Reply:
    """Button: what matched is not what was meant."""
    asked = _asked(tx, req, req.argument)
    if asked is None:
        return Reply(toast="toast.stale")
    _judge(tx, req, asked, VerdictKind.NOT_RELEVANT)
    return Reply(toast="toast.not_relevant")


def _judge(tx: Tx, req: Request, asked: Asked, kind: VerdictKind) -> None:
    """Keep a verdict on what made the watches fire, else on the story's first article."""
    fired = {article_id for _, article_id, _ in asked.story.matches} or {asked.first.id}
    for article_id in sorted(fired):
        verdicts.give(
            tx,
            kind,
            subscriber_id=req.subscriber.id,
            user_id=req.user_id or 0,
            article_id=article_id,
            now=req.now,
        )


def react(tx: Tx, req: Request) -> Reply:
    """A reaction: 👎 under an alert is "not relevant"; taken away, so is the verdict.

    Argument: message id, then + or - for the 👎 given or taken away.
    """
    message_id, sign = req.argument[:-1], req.argument[-1:]
    if not message_id.isdecimal():
        return Reply()
    asked = _with_story(tx, req, alerts.by_message(tx, req.subscriber.id, int(message_id)))
    if asked is None or asked.told.alert.digest_id:  # of a digest: who knows which story is meant?
        return Reply()
    if sign == "+":
        _judge(tx, req, asked, VerdictKind.NOT_RELEVANT)
        return Reply()
    for article in asked.story.articles:
        verdicts.take_back(
            tx,
            VerdictKind.NOT_RELEVANT,
            subscriber_id=req.subscriber.id,
            user_id=req.user_id or 0,
            article_id=article.id,
        )
    return Reply()


def not_a_copy(tx: Tx, req: Request) -> Reply:
    """Button of "why?": this article is no repost of that story. Argument: alert, article."""
    alert_id, _, article_id = req.argument.partition(":")
    asked = _asked(tx, req, alert_id)
    copy = (
        next((a for a in asked.story.articles if str(a.id) == article_id), None) if asked else None
    )
    if asked is None or copy is None:
        return Reply(toast="toast.stale")
    user_id, other_id = req.user_id or 0, copy.copy_of or asked.first.id
    verdicts.give(
        tx,
        VerdictKind.NOT_A_COPY,
        subscriber_id=req.subscriber.id,
        user_id=user_id,
        article_id=copy.id,
        other_id=other_id,
        now=req.now,
    )
    if req.role is not Role.ADMIN:
        return Reply(toast="toast.not_a_copy")
    # An admin's word binds: the story is mended, and every message with it.
    articles.lock_stories(tx)
    verdicts.rule(tx, copy.id, other_id, one_text=False, user_id=user_id, now=req.now)
    evidence = {"rule": "verdict", "by": user_id}
    stories.move_article(tx, copy.id, None, copy_of=None, evidence=evidence, now=req.now)
    return Reply(toast="toast.not_a_copy_done")


def why(tx: Tx, req: Request) -> Reply:
    """Button, or /why in reply to an alert: what matched by which rule, what was folded and why, and when."""
    asked = _meant(tx, req)
    title = req.say("why.title", headline=_headline(asked.first))
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
    stops: Rows = ()
    if len(reasons) > render.NAMED_WATCHES:  # the alert itself has buttons for so many
        stops = render.stop_buttons(req.language, asked.story)[:MAX_WATCHES]
    return Reply(html=html, buttons=(*_refusals(req, asked), *stops))


def _answered(tx: Tx, req: Request) -> Asked | None:
    """Return the alert that the command was a reply to. Raises UserError: that is a digest of several."""
    if req.reply_to is None:
        return None
    told = alerts.by_message(tx, req.subscriber.id, req.reply_to)
    if told and told.alert.digest_id:
        raise UserError("digest.which")
    return _with_story(tx, req, told)


def _headline(article: Article) -> Html:
    return link(escape(short(article.title, MAX_TITLE) or article.url[:MAX_TITLE]), article.url)


def _outlet(article: Article) -> str:
    return f"{flag(article.country)} {short(article.outlet, MAX_OUTLET)}".strip()


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
        outlet = link(escape(_outlet(article)), article.url)
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
        outlet=link(escape(_outlet(article)), article.url),
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


def story(tx: Tx, req: Request) -> Reply:
    """/story, in reply to an alert, with an address, or as an alert forwarded here: all of a story.

    Every copy, who was first, and which outlets and countries of our list have not carried it.
    """
    story_id = _story_id(tx, req)
    if story_id is None:
        raise UserError("story.unknown" if req.argument else "story.reply")
    view = articles.view_story(tx, story_id, req.subscriber.id)
    if not view.articles:
        raise UserError("story.unknown")
    origin = view.articles[0]
    parts: list[str] = [req.say("story.title", headline=_headline(origin), n=len(view.articles))]
    if view.written_by:
        parts.append(req.say("alert.written_by", outlet=short(view.written_by, MAX_OUTLET)))
    parts.append(_carriers(req, view))
    missing = articles.not_carrying(tx, view.story_id)
    carried = {a.country for a in view.articles}
    blind = sorted({o.country for o in missing} - carried)
    if blind:
        names = [f"{flag(c)} {texts.country_name(req.language, c)}" for c in blind[:MAX_COUNTRIES]]
        parts.append(req.say("story.no_country", countries=texts.listed(names)))
    if missing:
        parts.append(_silent(req, missing))
    return Reply(html="\n\n".join(parts))


def _story_id(tx: Tx, req: Request) -> int | None:
    if req.argument:
        address = req.argument.split()[0]
        return articles.story_at(tx, canonical_url(address)) if "://" in address else None
    asked = _answered(tx, req)
    return asked.story.story_id if asked else None


def _carriers(req: Request, view: StoryView) -> str:
    """Return who carried it, a line each, the first one first; a long list is folded."""
    lines: list[str] = []
    for article in view.articles[:MAX_CARRIERS]:
        at = min(article.published_at or article.seen_at, article.seen_at)
        outlet = link(escape(_outlet(article)), article.url)
        lines.append(req.say("story.carrier", outlet=outlet, moment=req.moment(at)))
    if len(view.articles) > MAX_CARRIERS:
        lines.append(req.say("alert.more_copies", n=len(view.articles) - MAX_CARRIERS))
    words = "\n".join(lines)
    return f"<blockquote expandable>{words}</blockquote>" if len(lines) > OPEN_CARRIERS else words


def _silent(req: Request, missing: list[articles.Carrier]) -> str:
    named = [escape(f"{flag(o.country)} {short(o.name, 30)}".strip()) for o in missing[:MAX_SILENT]]
    outlets = Html(texts.listed(named))
    words = req.say("story.silent", n=len(missing), outlets=outlets)
    return f"<blockquote expandable>{words}</blockquote>"


COMMANDS = (
    Command("story", Role.SUBSCRIBER, story, "menu.story"),
    Command("why", Role.SUBSCRIBER, why, "menu.why"),
    Command("mute", Role.SUBSCRIBER, mute, "menu.mute", changes=True),
    Command("unmute", Role.SUBSCRIBER, unmute, changes=True, typed=False),
    Command("no", Role.SUBSCRIBER, not_relevant, typed=False),
    Command("nocopy", Role.SUBSCRIBER, not_a_copy, typed=False),
    Command("react", Role.SUBSCRIBER, react, typed=False),
    Command("open", Role.SUBSCRIBER, open_, typed=False),
    Command("post", Role.SUBSCRIBER, post, typed=False, remote=True),
)
