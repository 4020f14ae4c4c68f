"""Outlets are added, retired and brought back in the console; looking obeys the reader's rules."""

import pytest
import sqlalchemy as sa

from bot.store.schema import feeds, outlets
from tests.web.conftest import csrf


def post(admin, path, **fields):
    data = {"csrf": csrf(admin), **fields}
    return admin.post(path, data=data, follow_redirects=True)


def rows(site, table, *columns):
    statement = sa.select(*(table.c[name] for name in columns)).order_by(table.c.id.desc())
    return site.store.call(lambda tx: tx.execute(statement).all())


def test_a_homepage_is_looked_at_and_its_feed_is_shown_before_anything_is_kept(site, admin, echo):
    page = post(admin, "/outlets/look", url=echo).text
    assert f"{echo}/rss" in page
    assert "2 entries" in page
    assert len(rows(site, outlets, "id")) == 12
    newest = post(admin, "/outlets/look", url=f"{echo}/rss").text
    assert "on the pass" in newest
    assert "<script>alert" not in newest


def test_an_outlet_is_added_and_its_first_poll_is_due(site, admin, echo):
    given = {"url": echo, "feed": f"{echo}/rss", "name": "Echo", "country": "am", "language": "hy"}
    page = post(admin, "/outlets/add", **given).text
    assert "The outlet is added" in page
    name, country, by_hand = rows(site, outlets, "name", "country", "by_hand")[0]
    assert (name, country, by_hand) == ("Echo", "AM", True)
    assert rows(site, feeds, "url", "first_polled_at")[0] == (f"{echo}/rss", None)
    assert "added an outlet" in admin.get("/access").text
    assert "polled already, as Echo" in post(admin, "/outlets/add", **given | {"name": "Twin"}).text


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"country": "Armenia"}, "its country as two letters"),
        ({"language": "!"}, "its language as a code"),
        ({"feed": "http://10.0.0.1/rss"}, "No feed"),
    ],
)
def test_what_cannot_be_an_outlet_is_said_and_nothing_is_kept(site, admin, echo, wrong, says):
    given = {"url": echo, "name": "Echo", "country": "AM", "language": "hy"} | wrong
    answer = post(admin, "/outlets/add", **given)
    assert answer.status_code == 400
    assert says in answer.text
    assert len(rows(site, outlets, "id")) == 12


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::1]:{port}/", "http://10.1.2.3/",
     "http://169.254.169.254/latest/", "file:///etc/passwd", "gopher://127.0.0.1/", "javascript:x"],
)  # fmt: skip
def test_no_private_address_is_reached_on_an_admins_word(site, admin, echo, url):
    site.allow_private = []
    asked = url.format(port=echo.rpartition(":")[2])
    for path in ("/outlets/look", "/outlets/add"):
        answer = post(admin, path, url=asked, name="x", country="AM", language="hy")
        assert "Snow" not in answer.text
        assert "/rss" not in answer.text
    assert len(rows(site, outlets, "id")) == 12


def test_nobody_but_an_admin_makes_the_server_ask(site, viewer, echo, monkeypatch):
    asked = []
    monkeypatch.setattr(site, "explain", asked.append)
    assert viewer.post("/outlets/look", data={"csrf": csrf(viewer), "url": echo}).status_code == 403
    stranger = site.visitor().post("/outlets/look", data={"url": echo})
    assert stranger.status_code == 303
    assert asked == []


def test_an_outlet_is_retired_and_brought_back_with_its_feeds(site, admin):
    retired = sa.select(outlets.c.retired_at, feeds.c.retired_at).join_from(outlets, feeds)
    retired = retired.where(outlets.c.id == 3)

    def state():
        return site.store.call(lambda tx: tx.execute(retired).one())

    assert "polled no more" in post(admin, "/outlets/retire", outlet="3", act="retire").text
    assert tuple(state()) == (site.now, site.now)
    assert "polled again" in post(admin, "/outlets/retire", outlet="3", act="restore").text
    assert tuple(state()) == (None, None)
    audit = admin.get("/access").text
    assert "retired an outlet" in audit
    assert "brought an outlet back" in audit
    for fields in (
        {"outlet": "3", "act": "restore"},
        {"outlet": "99", "act": "retire"},
        {"outlet": "3"},
    ):
        assert post(admin, "/outlets/retire", **fields).status_code == 404


def test_a_feed_that_is_read_with_faults_is_not_called_fine(site, admin):
    fine, odd = '<span class="fine">Fine</span>', '<span class="warn">read, with faults</span>'
    before = admin.get("/outlets").text
    assert odd not in before
    noted = feeds.update().where(feeds.c.id == 1).values(note="ill-formed: line 2", failure=None)
    site.store.call(lambda tx: tx.execute(noted))
    after = admin.get("/outlets").text
    assert after.count(odd) == 1
    assert after.lower().count(fine.lower()) == before.lower().count(fine.lower()) - 1
