"""The ways into the console: a link opens once and not for long, a session ends, a token can be revoked."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.store import console
from bot.store.console import ConsoleRole, Lifetimes
from bot.store.engine import Store

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ANI, BELA = 11, 12
LIFE = Lifetimes(idle=timedelta(hours=1), absolute=timedelta(hours=10))


def link(store: Store, user: int = ANI, now: datetime = NOON) -> str:
    return store.call(console.make_link, user, language="en", now=now)


def enter(store: Store, secret: str, now: datetime = NOON) -> str | None:
    return store.call(console.use_link, secret, admins={ANI}, agent="Browser", now=now)


def session(store: Store, secret: str, now: datetime = NOON) -> console.Session | None:
    found = store.look(console.find_session, secret, lifetimes=LIFE, now=now)
    if found:
        store.call(console.touch_session, found, now)
    return found


def test_a_link_opens_a_session_once(store):
    secret = link(store)
    cookie = enter(store, secret)
    assert cookie
    found = session(store, cookie)
    assert (found.user_id, found.agent) == (ANI, "Browser")
    assert enter(store, secret) is None


def test_a_link_opens_nothing_after_five_minutes(store):
    secret = link(store)
    assert enter(store, secret, NOON + 5 * MINUTE) is None
    again = link(store)
    assert enter(store, again, NOON + 5 * MINUTE - timedelta(seconds=1))


def test_a_newer_link_shuts_the_older_one(store):
    first, second = link(store), link(store)
    assert enter(store, first) is None
    assert enter(store, second)


def test_a_link_of_somebody_who_may_not_come_in_opens_nothing(store):
    assert enter(store, link(store, BELA)) is None


def test_who_is_let_in_comes_in_until_shut_out(store):
    store.call(console.let_in, BELA, ConsoleRole.VIEWER, name="Bela", by=ANI, now=NOON)
    assert store.call(console.role_of, BELA, {ANI}) is ConsoleRole.VIEWER
    cookie = enter(store, link(store, BELA))
    assert session(store, cookie)
    store.call(console.shut_out, BELA, NOON)
    assert session(store, cookie) is None
    assert store.call(console.role_of, BELA, {ANI}) is None


@pytest.mark.parametrize("guess", ["", "x", "../..", "' OR 1=1 --", "\x00", "é" * 1000])
def test_a_guess_opens_nothing(store, guess):
    link(store)
    assert enter(store, guess) is None
    assert session(store, guess) is None
    assert store.call(console.find_token, guess) is None


def test_a_session_ends_when_it_is_idle_and_lives_while_it_is_used(store):
    cookie = enter(store, link(store))
    assert session(store, cookie, NOON + 50 * MINUTE)
    assert session(store, cookie, NOON + 100 * MINUTE)
    assert session(store, cookie, NOON + 161 * MINUTE) is None


def test_a_session_ends_at_last_however_much_it_is_used(store):
    cookie = enter(store, link(store))
    for minutes in range(0, 600, 30):
        assert session(store, cookie, NOON + minutes * MINUTE)
    assert session(store, cookie, NOON + 600 * MINUTE) is None


def test_signing_out_everywhere_ends_every_session_and_waiting_link(store):
    first, second = enter(store, link(store)), enter(store, link(store))
    waiting = link(store)
    assert len(store.call(console.sessions_of, ANI, lifetimes=LIFE, now=NOON)) == 2
    assert store.call(console.end_all, ANI, NOON) == 2
    assert session(store, first) is None
    assert session(store, second) is None
    assert enter(store, waiting) is None


def test_signing_out_here_leaves_the_other_session(store):
    here, there = enter(store, link(store)), enter(store, link(store))
    store.call(console.end_session, session(store, here), NOON)
    assert session(store, here) is None
    assert session(store, there)


def test_the_database_keeps_no_secret(store):
    secret = link(store)
    cookie = enter(store, secret)
    token = store.call(console.make_token, "feed reader", by=ANI, now=NOON)

    def dump(tx):
        tables = ("console_links", "console_sessions", "console_tokens", "audit")
        return str([tx.exec_driver_sql(f"SELECT * FROM {t}").all() for t in tables])

    kept = store.call(dump)
    assert all(s not in kept for s in (secret, cookie, token))


def test_a_token_works_until_it_is_revoked(store):
    secret = store.call(console.make_token, "feed reader", by=ANI, now=NOON)
    found = store.call(console.find_token, secret)
    assert found.name == "feed reader"
    store.call(console.touch_token, found, NOON)
    [listed] = store.call(console.tokens)
    assert listed.used_at == NOON
    assert store.call(console.revoke_token, found.id, NOON)
    assert not store.call(console.revoke_token, found.id, NOON)
    assert store.call(console.find_token, secret) is None


def test_the_audit_is_paged_newest_first(store):
    for i in range(5):
        store.call(console.note, ANI, "outlet.retire", target=f"outlet {i}", now=NOON)
    first = store.call(console.changes, limit=3)
    rest = store.call(console.changes, before=first[-1].id, limit=3)
    assert [c.target for c in [*first, *rest]] == [f"outlet {i}" for i in (4, 3, 2, 1, 0)]
