"""Who may open the console: one-time links, sessions, the read API's tokens, and the audit of changes.

The one thing to know: only hashes of secrets are kept, so a copy of the database opens nothing. Whether a
person may (still) come in is asked at every request, by `role_of`.
"""

import hashlib
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from bot.store.engine import Tx, insert
from bot.store.schema import (
    audit,
    console_links,
    console_people,
    console_sessions,
    console_tokens,
    subscribers,
)

LINK_LIFE = timedelta(minutes=5)
LINKS_KEPT = timedelta(days=1)  # of used and expired ones, so that they can say so
TOUCH_EVERY = timedelta(seconds=60)  # between two notes that a session is alive
SECRET_BYTES = 32


class ConsoleRole(StrEnum):
    """VIEWER sees; ADMIN also changes."""

    VIEWER = "viewer"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a session lasts: without being used, and at all."""

    idle: timedelta = timedelta(hours=12)
    absolute: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is in. csrf: what every change must carry. language: of their chat with the bot."""

    id: int
    user_id: int
    language: str
    csrf: str
    agent: str
    created_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom an admin let in."""

    user_id: int
    role: ConsoleRole
    name: str
    added_by: int
    added_at: datetime


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token of the read API; its secret was shown once."""

    id: int
    name: str
    created_by: int
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the audit."""

    id: int
    at: datetime
    user_id: int
    action: str
    target: str
    detail: Mapping[str, Any]


def digest(secret: str) -> str:
    """Return what is kept of a secret. Secrets are random and long, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def role_of(tx: Tx, user_id: int, admins: Collection[int]) -> ConsoleRole | None:
    """Return what a person may do; None: they may not come in. admins: those of the settings."""
    if user_id in admins:
        return ConsoleRole.ADMIN
    found = sa.select(console_people.c.role).where(console_people.c.user_id == user_id)
    role = tx.execute(found).scalar()
    return ConsoleRole(role) if role else None


def make_link(tx: Tx, user_id: int, *, language: str, now: datetime) -> str:
    """Return the secret of a new way in. Earlier links of the same person open nothing any more."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    tx.execute(
        console_links.update()
        .where(console_links.c.user_id == user_id, console_links.c.used_at.is_(None))
        .values(expires_at=now)
    )
    tx.execute(
        console_links.delete().where(
            console_links.c.user_id == user_id, console_links.c.created_at < now - LINKS_KEPT
        )
    )
    tx.execute(
        console_links.insert().values(
            token_hash=digest(secret),
            user_id=user_id,
            language=language,
            created_at=now,
            expires_at=now + LINK_LIFE,
        )
    )
    return secret


def use_link(
    tx: Tx, secret: str, *, admins: Collection[int], agent: str, now: datetime
) -> str | None:
    """Open a session by a link and return the session's secret. None: wrong, used, expired, not allowed.

    One UPDATE decides, so that of two who come with the same link one gets in.
    """
    used = tx.execute(
        console_links.update()
        .where(
            console_links.c.token_hash == digest(secret),
            console_links.c.used_at.is_(None),
            console_links.c.expires_at > now,
        )
        .values(used_at=now)
        .returning(console_links.c.user_id, console_links.c.language)
    ).one_or_none()
    if used is None or role_of(tx, used.user_id, admins) is None:
        return None
    session = secrets.token_urlsafe(SECRET_BYTES)
    tx.execute(
        console_sessions.insert().values(
            token_hash=digest(session),
            user_id=used.user_id,
            language=used.language,
            csrf=secrets.token_urlsafe(SECRET_BYTES),
            agent=agent[:200],
            created_at=now,
            seen_at=now,
        )
    )
    note(tx, used.user_id, "sign-in", now=now)
    return session


def find_session(tx: Tx, secret: str, *, lifetimes: Lifetimes, now: datetime) -> Session | None:
    """Return the live session of a cookie; None if it is unknown, ended or too old."""
    # What /lang says counts at once; the session's own language is that of the day of the sign-in.
    spoken = sa.select(subscribers.c.language).where(
        subscribers.c.chat_id == console_sessions.c.user_id, subscribers.c.thread_id == 0
    )
    kept = sa.select(
        console_sessions, spoken.correlate(console_sessions).scalar_subquery().label("spoken")
    ).where(
        console_sessions.c.token_hash == digest(secret),
        console_sessions.c.ended_at.is_(None),
        console_sessions.c.seen_at > now - lifetimes.idle,
        console_sessions.c.created_at > now - lifetimes.absolute,
    )
    row = tx.execute(kept).mappings().one_or_none()
    if row is None:
        return None
    session = _session(row)
    return replace(session, language=row["spoken"]) if row["spoken"] else session


def touch_session(tx: Tx, session: Session, now: datetime) -> None:
    """Note that a session is in use. Worth a write only every TOUCH_EVERY."""
    mine = console_sessions.c.id == session.id
    tx.execute(console_sessions.update().where(mine).values(seen_at=now))


def _session(row: sa.RowMapping) -> Session:
    return Session(
        id=row["id"],
        user_id=row["user_id"],
        language=row["language"],
        csrf=row["csrf"],
        agent=row["agent"],
        created_at=row["created_at"],
        seen_at=row["seen_at"],
    )


def sessions_of(tx: Tx, user_id: int, *, lifetimes: Lifetimes, now: datetime) -> list[Session]:
    """Return a person's live sessions, newest first."""
    rows = tx.execute(
        sa.select(console_sessions)
        .where(
            console_sessions.c.user_id == user_id,
            console_sessions.c.ended_at.is_(None),
            console_sessions.c.seen_at > now - lifetimes.idle,
            console_sessions.c.created_at > now - lifetimes.absolute,
        )
        .order_by(console_sessions.c.id.desc())
        .limit(50)
    )
    return [_session(row) for row in rows.mappings()]


def end_session(tx: Tx, session: Session, now: datetime) -> None:
    """Sign out here."""
    mine = console_sessions.c.id == session.id
    tx.execute(console_sessions.update().where(mine).values(ended_at=now))
    note(tx, session.user_id, "sign-out", now=now)


def end_all(tx: Tx, user_id: int, now: datetime) -> int:
    """Sign a person out everywhere, their unused links included; return how many sessions ended."""
    tx.execute(
        console_links.update()
        .where(console_links.c.user_id == user_id, console_links.c.used_at.is_(None))
        .values(expires_at=now)
    )
    ended = tx.execute(
        console_sessions.update()
        .where(console_sessions.c.user_id == user_id, console_sessions.c.ended_at.is_(None))
        .values(ended_at=now)
        .returning(console_sessions.c.id)
    )
    return len(ended.all())


def people(tx: Tx) -> list[Person]:
    """Return those whom admins let in."""
    rows = tx.execute(sa.select(console_people).order_by(console_people.c.added_at).limit(500))
    return [Person(**{**row, "role": ConsoleRole(row["role"])}) for row in rows.mappings()]


def let_in(tx: Tx, user_id: int, role: ConsoleRole, *, name: str, by: int, now: datetime) -> None:
    """Let a person in, or change what they may do."""
    values = {"role": role.value, "name": name[:100]}
    new = insert(tx, console_people).values(user_id=user_id, added_by=by, added_at=now, **values)
    tx.execute(new.on_conflict_do_update(index_elements=["user_id"], set_=values))


def shut_out(tx: Tx, user_id: int, now: datetime) -> None:
    """Let a person in no more; their sessions end."""
    tx.execute(console_people.delete().where(console_people.c.user_id == user_id))
    end_all(tx, user_id, now)


def make_token(tx: Tx, name: str, *, by: int, now: datetime) -> str:
    """Return the secret of a new token of the read API."""
    secret = f"outpost_{secrets.token_urlsafe(SECRET_BYTES)}"
    tx.execute(
        console_tokens.insert().values(
            name=name[:100], token_hash=digest(secret), created_by=by, created_at=now
        )
    )
    return secret


def find_token(tx: Tx, secret: str) -> ApiToken | None:
    """Return the token of a request, None if it is unknown or revoked."""
    kept = sa.select(console_tokens).where(
        console_tokens.c.token_hash == digest(secret), console_tokens.c.revoked_at.is_(None)
    )
    row = tx.execute(kept).mappings().one_or_none()
    return _token(row) if row else None


def touch_token(tx: Tx, token: ApiToken, now: datetime) -> None:
    """Note that a token is in use. Worth a write only every TOUCH_EVERY."""
    tx.execute(console_tokens.update().where(console_tokens.c.id == token.id).values(used_at=now))


def _token(row: sa.RowMapping) -> ApiToken:
    return ApiToken(**{k: v for k, v in row.items() if k != "token_hash"})


def tokens(tx: Tx) -> list[ApiToken]:
    """Return the tokens of the read API, newest first, revoked ones too."""
    rows = tx.execute(sa.select(console_tokens).order_by(console_tokens.c.id.desc()).limit(100))
    return [_token(row) for row in rows.mappings()]


def revoke_token(tx: Tx, token_id: int, now: datetime) -> bool:
    """Revoke a token; False if there is none to revoke."""
    kept = (console_tokens.c.id == token_id) & console_tokens.c.revoked_at.is_(None)
    ended = console_tokens.update().where(kept).values(revoked_at=now)
    return tx.execute(ended.returning(console_tokens.c.id)).first() is not None


def note(
    tx: Tx,
    user_id: int,
    action: str,
    *,
    now: datetime,
    target: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Append a change to the audit, in the transaction that makes it."""
    values = {"at": now, "user_id": user_id, "action": action, "target": target[:500]}
    tx.execute(audit.insert().values(**values, detail=dict(detail or {})))


def changes(tx: Tx, *, before: int | None = None, limit: int = 100) -> Sequence[Change]:
    """Return a page of the audit, newest first."""
    page = sa.select(audit).where(audit.c.id > 0)
    if before is not None:
        page = page.where(audit.c.id < before)
    rows = tx.execute(page.order_by(audit.c.id.desc()).limit(limit)).mappings()
    return [Change(**row) for row in rows]
