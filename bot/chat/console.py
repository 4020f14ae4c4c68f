"""The way into the web console, and "why was I not told?". COMMANDS is at the end."""

from bot import texts
from bot.chat.command import Command, Reply, Request
from bot.domain.errors import UserError
from bot.domain.model import ChatKind, Role
from bot.render import MAX_OUTLET, link, short
from bot.store import console as doors
from bot.store import why
from bot.store.engine import Tx
from bot.store.ledger import MUTED, Line
from bot.texts import Html, escape

MAX_ASKED = 2_000  # characters
MAX_TITLE = 200
MAX_QUERY = 120
NEAR = 3  # watches whose near miss is told


def console(tx: Tx, req: Request) -> Reply:
    """/console: a one-time link. Only in private, so that a group does not see it."""
    if req.user_id is None or req.subscriber.kind is not ChatKind.PRIVATE:
        raise UserError("console.private")
    admins = {req.user_id} if req.role is Role.ADMIN else set()
    if doors.role_of(tx, req.user_id, admins) is None:
        raise UserError("console.not_yours")
    secret = doors.make_link(tx, req.user_id, language=req.language, now=req.now)
    url = f"{req.limits.console_url}/enter?key={secret}"
    return Reply("console.link", {"url": url})


def look(tx: Tx, req: Request) -> why.Why:
    """Find the article, and hold the watches against it. Raises UserError: nothing asked."""
    asked = req.argument[:MAX_ASKED].strip()
    if not asked:
        raise UserError("missed.usage")
    return why.explain_article(tx, asked, req.names, subscriber_id=req.subscriber.id or -1)


def missed(tx: Tx, req: Request) -> Reply:
    """/missed: what became of an article, by its address or by words of its headline, for this chat."""
    found = req.found if isinstance(req.found, why.Why) else look(tx, req)
    if found.article is None:
        return Reply(html=_unseen(req, found))
    article = found.article
    head = req.say(
        "missed.article",
        headline=link(escape(short(article.title or article.url, MAX_TITLE)), article.url),
        outlet=short(article.outlet, MAX_OUTLET),
        seen=texts.ago(req.language, article.seen_at, req.now),
    )
    lines = [head, *_fate(req, found)]
    if found.page_failure:
        lines.append(req.say("missed.summary_only"))
    return Reply(html="\n\n".join(lines))


def _unseen(req: Request, found: why.Why) -> Html:
    if not found.url:
        return req.say("missed.no_such")
    if not found.outlet:
        return req.say("missed.never_polled")
    polled = (
        texts.ago(req.language, found.polled_at, req.now)
        if found.polled_at
        else texts.say(req.language, "time.never")
    )
    outlet = short(found.outlet, MAX_OUTLET)
    if found.failure:
        failure = req.say(f"failure.{found.failure}")
        return req.say("missed.outlet_fails", outlet=outlet, polled=polled, failure=failure)
    return req.say("missed.not_listed", outlet=outlet, polled=polled)


def _fate(req: Request, found: why.Why) -> list[Html]:
    if found.lines:
        return [_decided(req, found, found.lines[-1])]  # what was decided last is how it stands
    if found.article and found.article.archived:
        return [req.say("missed.archived")]
    if found.state == "new":
        return [req.say("missed.waiting")]
    if not found.near:
        return [req.say("missed.no_watch")]
    return [req.say("missed.not_matched"), *(_near(req, near) for near in found.near[:NEAR])]


def _decided(req: Request, found: why.Why, line: Line) -> Html:
    told = req.moment(line.told_at) if line.told_at else ""
    if line.state == "copy":
        original = found.original.outlet if found.original else ""
        key = "missed.update" if line.is_update else "missed.copy"
        return req.say(key, outlet=short(original, MAX_OUTLET) or "–", moment=told or "–")
    if line.state == "excluded":
        return req.say("missed.excluded", words=", ".join(map(str, line.reason.get("not", ()))))
    if line.state == "held":
        return _held(req, line)
    if line.state == "failed":
        return req.say("missed.failed", reason=short(line.alert_reason or "", MAX_TITLE))
    if not told:
        return req.say("missed.on_its_way")
    return req.say("missed.told_digest" if line.digest_id else "missed.told", moment=told)


def _held(req: Request, line: Line) -> Html:
    if line.held_by == MUTED:
        return req.say("missed.muted")
    if line.held_until:
        return req.say("missed.held_until", moment=req.moment(line.held_until))
    return req.say("missed.held")


def _near(req: Request, near: why.NearMiss) -> Html:
    query = short(near.query, MAX_QUERY)
    if near.miss.fires:
        return req.say("missed.fires_now", query=query)
    if near.miss.excluded:
        return req.say("missed.barred", query=query, words=", ".join(near.miss.barred_by))
    return req.say("missed.lacks", query=query, words=", ".join(near.miss.lacks))


COMMANDS = (
    Command("missed", Role.SUBSCRIBER, missed, "menu.missed", look=look),
    Command("console", Role.ADMIN, console, "menu.console"),
    Command("enter", Role.SUBSCRIBER, console),  # for those whom admins let in; in no menu
)
