"""What a reader says to an alert: mute it, not relevant, the whole story. COMMANDS is at the end."""

import re
from dataclasses import replace
from typing import NamedTuple

from bot import render, texts
from bot.chat.command import Command, Reply, Request, Rows, number
from bot.domain.errors import UserError
from bot.domain.model import AlertView, Article, Role, StoryView, VerdictKind
from bot.domain.urls import canonical_url
from bot.render import MAX_OUTLET, flag, link, short, stop_buttons
from bot.store import alerts, articles, locks, stories, verdicts
from bot.store.engine import Tx
from bot.texts import Html, escape

MAX_TITLE = 160
MAX_STOPS = 60  # buttons; Telegram takes a hundred
MAX_CARRIERS = 40  # outlets with a link each; Telegram keeps 100 entities of a message
OPEN_CARRIERS = 8
MAX_SILENT = 60  # outlets named that have not carried a story
MAX_COUNTRIES = 30

_FOLLOWED = re.compile(r"(?:un)?mute:([0-9]{1,18})")  # a button that every alert has


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
    asked = meant(tx, req)
    alerts.mute(tx, asked.told.alert.id)
    if not req.pressed:
        return Reply("mute.done", {"headline": headline_of(asked.first)}, _unmute_row(req, asked))
    return _shown_again(tx, req, asked, toast="toast.muted")


def _unmute_row(req: Request, asked: Asked) -> Rows:
    return ((req.button("button.unmute", f"unmute:{asked.told.alert.id}"),),)


def unmute(tx: Tx, req: Request) -> Reply:
    """Button: follow the story again."""
    asked = meant(tx, req)
    alerts.unmute(tx, asked.told.alert.id, req.now)
    alert = asked.told.alert
    if not alert.digest_id and req.message_id != alert.message_id:  # under the answer to /mute
        return Reply("mute.undone", {"headline": headline_of(asked.first)}, edit=True)
    return _shown_again(tx, req, asked, toast="toast.unmuted")


def meant(tx: Tx, req: Request) -> Asked:
    """Return the alert whose button was tapped, or that was replied to. Raises UserError if none was."""
    asked = _asked(tx, req, req.argument) if req.pressed else _answered(tx, req)
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


def fired(tx: Tx, req: Request) -> Reply:
    """Button of an alert of many watches: show those that matched, each with a way to stop it."""
    asked = _asked(tx, req, req.argument)
    rows = stop_buttons(req.language, asked.story)[:MAX_STOPS] if asked else ()
    if asked is None or not rows:
        return Reply(toast="toast.stale")
    return Reply("alert.fired", {"headline": headline_of(asked.first)}, rows)


def not_relevant(tx: Tx, req: Request) -> Reply:
    """Button: what matched is not what was meant."""
    asked = _asked(tx, req, req.argument)
    if asked is None:
        return Reply(toast="toast.stale")
    _judge(tx, req, asked, VerdictKind.NOT_RELEVANT)
    return Reply(toast="toast.not_relevant")


def _judge(tx: Tx, req: Request, asked: Asked, kind: VerdictKind) -> None:
    """Keep a verdict on what made the watches fire, else on the story's first article."""
    for article_id in _spoken_of(asked):
        verdicts.give(
            tx,
            kind,
            subscriber_id=req.subscriber.id,
            user_id=req.user_id or 0,
            article_id=article_id,
            now=req.now,
        )


def _spoken_of(asked: Asked) -> list[int]:
    """Return the articles that a word on an alert is about: as few as every watch of it fired on.

    Of one watch that is the article shown first: its reposts are no further statements.
    """
    fired: dict[int, set[int]] = {article.id: set() for article in asked.story.articles}
    for watch, article_id, _ in asked.story.matches:
        fired.setdefault(article_id, set()).add(watch.id)
    left, chosen = set().union(*fired.values()), []
    while left:
        chosen.append(max(fired, key=lambda i: len(fired[i] & left)))
        left -= fired[chosen[-1]]
    return chosen or [asked.first.id]


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
    if req.role is Role.ADMIN:  # whose word binds: the story is to stand still
        locks.lock_stories(tx)
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
    # The story is mended, and every message with it.
    verdicts.rule(tx, copy.id, other_id, one_text=False, user_id=user_id, now=req.now)
    evidence = {"rule": "verdict", "by": user_id}
    stories.move_article(tx, copy.id, None, copy_of=None, evidence=evidence, now=req.now)
    return Reply(toast="toast.not_a_copy_done")


def _answered(tx: Tx, req: Request) -> Asked | None:
    """Return the alert that the command was a reply to. Raises UserError: that is a digest of several.

    One that a digest's button showed whole is known by its own buttons.
    """
    if req.reply_to is None:
        return None
    told = alerts.by_message(tx, req.subscriber.id, req.reply_to)
    if told is None:
        carried = (_FOLLOWED.fullmatch(data) for data in req.answered)
        return next((_asked(tx, req, found[1]) for found in carried if found), None)
    if told.alert.digest_id:
        raise UserError("digest.which")
    return _with_story(tx, req, told)


def headline_of(article: Article) -> Html:
    """Return the headline of an article, linked; its address if it has none."""
    return link(escape(short(article.title, MAX_TITLE) or article.url[:MAX_TITLE]), article.url)


def outlet_of(article: Article) -> str:
    """Return the flag and name of an article's outlet, as plain words."""
    return f"{flag(article.country)} {short(article.outlet, MAX_OUTLET)}".strip()


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
    parts: list[str] = [req.say("story.title", headline=headline_of(origin), n=len(view.articles))]
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
        outlet = link(escape(outlet_of(article)), article.url)
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
    Command("mute", Role.SUBSCRIBER, mute, "menu.mute", changes=True),
    Command("unmute", Role.SUBSCRIBER, unmute, changes=True, typed=False),
    Command("fired", Role.SUBSCRIBER, fired, typed=False),
    Command("no", Role.SUBSCRIBER, not_relevant, typed=False),
    Command("nocopy", Role.SUBSCRIBER, not_a_copy, typed=False),
    Command("react", Role.SUBSCRIBER, react, typed=False),
    Command("open", Role.SUBSCRIBER, open_, typed=False),
    Command("post", Role.SUBSCRIBER, post, typed=False, remote=True),
)
