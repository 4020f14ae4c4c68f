"""What an admin changes, and that it is audited: verdicts that correct messages, outlets, watches, access."""

import re

import pytest
import sqlalchemy as sa

from bot.domain.model import SubscriberState
from bot.store import chats, dossier, verdicts
from bot.store import subscribers as subscribers_store
from bot.store.schema import alerts, feeds, subscribers, watches
from tests.web.conftest import ADMIN, STRANGER, csrf


def change(admin, path, **fields):
    answer = admin.post(path, data={"csrf": csrf(admin), **fields}, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return answer


def story(site, story_id):
    return site.store.look(dossier.read_story, story_id)


def articles_of(site, story_id):
    return sorted(a.id for a in story(site, story_id).articles)


def audit(admin):
    return [line["action"] for line in admin.get("/export/audit?as=json").json()]


def test_an_admins_chat_is_listed_with_an_admins_limit(site, admin):
    with site.store.engine.begin() as tx:
        tx.execute(sa.update(subscribers).where(subscribers.c.id == 1).values(chat_id=ADMIN))
    page = admin.get("/subscribers").text
    most = {
        (f'name="chat" value="{ADMIN}"' in row, found[1])
        for row in page.split("<tr")
        if (found := re.search(r">\d+ of ([\d,]+)<", row))
    }
    assert (True, "1,000") in most
    assert (False, "100") in most


def test_not_a_copy_splits_the_story_and_corrects_the_message(site, admin):
    before = story(site, 2).told[0].revision
    answer = change(admin, "/verdict", kind="not_a_copy", article="3")
    assert "The verdict is kept" in answer.text
    assert articles_of(site, 2) == [2]
    assert story(site, 2).told[0].revision == before + 1
    moved = int(answer.url.path.rpartition("/")[2])
    assert articles_of(site, moved) == [3]
    assert story(site, moved).told  # whom the copy's own watch concerns is told of it
    [said] = site.store.look(verdicts.newest, before=None, limit=5)
    assert said.kind == "not_a_copy"
    assert site.store.look(verdicts.rulings_on, 3) == {2: False}  # it binds
    assert "verdict not_a_copy" in audit(admin)


def test_who_usually_reprints_whom_is_shown(admin):
    page = admin.get("/quality").text
    assert "Who reprints whom" in page
    assert re.search(r"Outlet \d+</span> → <span[^>]*>Outlet \d+</span>: \d+", page)


@pytest.mark.parametrize("other", ["2", "https://o.example/2", "http://127.0.0.1/story/2"])
def test_a_copy_joins_the_story_it_is_said_to_be_of(site, admin, other):
    change(admin, "/verdict", kind="copy", article="4", other=other)
    assert articles_of(site, 2) == [2, 3, 4]
    assert site.store.look(verdicts.rulings_on, 4) == {2: True}
    page = admin.get("/story/4").text  # the emptied story leads to the one it was merged into
    assert "placed here by a person" in page


def test_a_false_alert_lowers_the_precision_of_its_watch(site, admin):
    change(admin, "/verdict", kind="not_relevant", article="2")
    assert "1 called false" in admin.get("/watches").text
    told = sum(1 for i in range(1, 601) if i % 3 and i % 50 != 7)
    assert f"1 of {told} were called wrong" in admin.get("/quality").text


def test_a_missed_article_is_counted(site, admin):
    change(admin, "/verdict", kind="missed", article="4", subscriber="5")
    assert "missed" in admin.get("/story/4").text
    assert '<p class="big">1</p>' in admin.get("/quality").text


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "copy", "article": "4", "other": "https://nobody.example/x"},
        {"kind": "copy", "article": "4", "other": "4"},
        {"kind": "copy", "article": "4", "other": ""},
        {"kind": "not_a_copy", "article": "4"},
        {"kind": "missed", "article": "4"},
        {"kind": "missed", "article": "4", "subscriber": "99999"},
        {"kind": "not_relevant", "article": "4", "subscriber": "9"},
    ],
)
def test_a_verdict_that_changes_nothing_says_so(site, admin, fields):
    answer = change(admin, "/verdict", **fields)
    assert "Nothing to change" in answer.text
    assert articles_of(site, 4) == [4]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/verdict", {"kind": "copy", "article": "99999"}),
        ("/verdict", {"kind": "nonsense", "article": "2"}),
        ("/outlets/change", {"act": "explode", "feed": "1"}),
        ("/outlets/change", {"act": "poll", "feed": "99999"}),
        ("/watches/stop", {"watch": "99999", "owner": "1"}),
        ("/subscribers/change", {"chat": "x", "act": "bar"}),
        ("/subscribers/change", {"chat": "0", "act": "bar"}),
        ("/subscribers/change", {"chat": "1003", "act": "explode"}),
        ("/subscribers/change", {"chat": "1003", "act": "limit", "most": "99999"}),
        ("/watches/stop", {"watch": "1", "owner": "9"}),
        ("/access/let-in", {"user": "x", "role": "admin"}),
        ("/access/let-in", {"user": "9", "role": "emperor"}),
        ("/access/revoke", {"token": "99"}),
    ],
)
def test_a_change_of_what_is_not_there_is_refused(admin, path, fields):
    answer = admin.post(path, data={"csrf": csrf(admin), **fields})
    assert answer.status_code == 404


def test_a_feed_is_polled_at_once_or_rests(site, admin):
    def due(feed_id):
        where = feeds.c.id == feed_id
        return site.store.call(
            lambda tx: tx.execute(sa.select(feeds.c.due_at).where(where)).scalar()
        )

    change(admin, "/outlets/change", act="poll", feed="3")
    assert due(3) == site.now
    change(admin, "/outlets/change", act="rest", feed="3")
    assert (due(3) - site.now).total_seconds() == 86_400
    assert {"outlet poll", "outlet rest"} <= set(audit(admin))


def test_a_watch_is_stopped_and_the_processes_hear_of_it(site, admin):
    where = watches.c.id == 5
    row = sa.select(watches.c.stopped_at, watches.c.revision).where(where)
    before = site.store.call(lambda tx: tx.execute(row).one())
    change(admin, "/watches/stop", watch="5", owner="6")
    after = site.store.call(lambda tx: tx.execute(row).one())
    assert after.stopped_at == site.now
    assert after.revision != before.revision
    assert "watch stop" in audit(admin)


def test_a_chat_is_served_barred_and_left_to_the_settings(site, admin):
    def rule():
        return site.store.look(chats.rule_of, 1003)

    def state():
        found = site.store.look(subscribers_store.find, 1003)
        return found.state, found.state_reason

    change(admin, "/subscribers/change", chat="1003", act="bar")
    assert rule().served is False
    assert state() == (SubscriberState.GONE, chats.SHUT_OUT)
    assert "not served" in admin.get("/subscribers").text
    change(admin, "/subscribers/change", chat="1003", act="serve")
    assert state() == (SubscriberState.ACTIVE, "")
    change(admin, "/subscribers/change", chat="1003", act="limit", most="3")
    assert rule().watches == 3
    assert "3 of 3" in admin.get("/subscribers").text
    change(admin, "/subscribers/change", chat="1003", act="default")
    change(admin, "/subscribers/change", chat="1003", act="limit", most="")
    assert site.store.look(chats.all_rules) == []
    change(
        admin, "/subscribers/change", chat="-1001234", act="serve"
    )  # a group that has not come yet
    assert [r.chat_id for r in site.store.look(chats.all_rules)] == [-1001234]
    assert {"chat bar", "chat serve", "chat limit", "chat default"} <= set(audit(admin))


def test_somebody_let_in_may_look_and_later_change(site, admin):
    change(admin, "/access/let-in", user=str(STRANGER), name="Zara", role="viewer")
    zara = site.enter(STRANGER)
    assert zara.get("/log").status_code == 200
    assert 'action="/verdict"' not in zara.get("/story/2").text
    change(admin, "/access/let-in", user=str(STRANGER), name="Zara", role="admin")
    assert 'action="/verdict"' in zara.get("/story/2").text
    assert f"{ADMIN}" in admin.get("/access").text


def test_a_token_is_shown_once(site, admin):
    page = change(admin, "/access/token", name="reader").text
    [secret] = re.findall(r'<code id="secret">([^<]+)</code>', page)
    assert secret not in admin.get("/access").text
    headers = {"authorization": f"Bearer {secret}"}
    assert site.visitor().get("/api/v1/health", headers=headers).status_code == 200
    change(admin, "/access/revoke", token="1")
    assert site.visitor().get("/api/v1/health", headers=headers).status_code == 401


def test_a_change_and_its_audit_are_one(site, admin, monkeypatch):
    from bot.store import console

    def broken(*_, **__):
        raise ValueError("the audit cannot be written")

    token = csrf(admin)
    monkeypatch.setattr(console, "note", broken)
    answer = admin.post("/verdict", data={"csrf": token, "kind": "not_a_copy", "article": "3"})
    assert answer.status_code == 500
    assert articles_of(site, 2) == [2, 3]
    held = sa.select(sa.func.max(alerts.c.revision))
    assert site.store.call(lambda tx: tx.execute(held).scalar()) == 1
