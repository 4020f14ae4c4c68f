"""Who may come in: one's own sessions, the people let in, the API's tokens, and the audit of every change."""

from collections.abc import Callable
from dataclasses import asdict

from bot.store import console
from bot.store.console import ConsoleRole, Lifetimes
from bot.store.engine import Tx
from bot.web.files import as_asked
from bot.web.view import EXPORTED, Answer, Build, Moved, Shown, Visit, missing

PAGE = 100


def show(lifetimes: Lifetimes) -> Build:
    """Return the page of access: for a viewer, their own sessions; for an admin, everybody's access."""

    def page(tx: Tx, visit: Visit) -> Shown:
        return Shown("access.html", _context(tx, visit, lifetimes))

    return page


def _context(tx: Tx, visit: Visit, lifetimes: Lifetimes) -> dict[str, object]:
    admin = visit.role is ConsoleRole.ADMIN
    before = visit.number("before")
    changes = console.changes(tx, before=before, limit=PAGE + 1) if admin else ()
    mine = console.sessions_of(tx, visit.session.user_id, lifetimes=lifetimes, now=visit.now)
    return {
        "title": visit.say("web.access"),
        "sessions": mine,
        "people": console.people(tx) if admin else (),
        "tokens": console.tokens(tx) if admin else (),
        "changes": changes[:PAGE],
        "more": changes[PAGE - 1].id if len(changes) > PAGE else None,
        "secret": "",
    }


def make_token(lifetimes: Lifetimes) -> Build:
    """Return the change that makes a token of the API and shows it, this once."""

    def change(tx: Tx, visit: Visit) -> Shown:
        name = str(visit.form.get("name", "")).strip()[:100] or "API"
        secret = console.make_token(tx, name, by=visit.session.user_id, now=visit.now)
        console.note(tx, visit.session.user_id, "token make", target=name, now=visit.now)
        return Shown("access.html", _context(tx, visit, lifetimes) | {"secret": secret})

    return change


def _noted(action: str, notice: str, act: Callable[[Tx, Visit], str | None]) -> Build:
    """Return a change that is audited. act: makes it and returns whom or what it fell on, None for nobody."""

    def change(tx: Tx, visit: Visit) -> Answer:
        target = act(tx, visit)
        if target is None:
            return missing(visit)
        console.note(tx, visit.session.user_id, action, target=target, now=visit.now)
        return Moved("/access", notice)

    return change


def _revoke(tx: Tx, visit: Visit) -> str | None:
    token = visit.number("token")
    revoked = token is not None and console.revoke_token(tx, token, visit.now)
    return str(token) if revoked else None


def _let_in(tx: Tx, visit: Visit) -> str | None:
    user, role = visit.number("user"), str(visit.form.get("role", ""))
    if user is None or role not in set(ConsoleRole):
        return None
    name = str(visit.form.get("name", "")).strip()
    by = visit.session.user_id
    console.let_in(tx, user, ConsoleRole(role), name=name, by=by, now=visit.now)
    return f"{user} {role}"


def _shut_out(tx: Tx, visit: Visit) -> str | None:
    user = visit.number("user")
    if user is None:
        return None
    console.shut_out(tx, user, visit.now)
    return str(user)


revoke_token = _noted("token revoke", "web.done_revoke", _revoke)
let_in = _noted("person let in", "web.done_let_in", _let_in)
shut_out = _noted("person shut out", "web.done_shut_out", _shut_out)


def export(tx: Tx, visit: Visit) -> Answer:
    """The audit as a file."""
    return as_asked(visit, [asdict(c) for c in console.changes(tx, limit=EXPORTED)], "audit")


def export_people(tx: Tx, visit: Visit) -> Answer:
    """Those who were let in, as a file."""
    return as_asked(visit, [asdict(person) for person in console.people(tx)], "people")


def export_tokens(tx: Tx, visit: Visit) -> Answer:
    """The API's tokens as a file; their secrets are known to nobody."""
    return as_asked(visit, [asdict(token) for token in console.tokens(tx)], "tokens")
