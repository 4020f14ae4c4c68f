"""Nothing gets in, nothing breaks: sessions, links, forms, markup, filters, paths, sizes, slow clients."""

import asyncio
import contextlib
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.config import Settings, Web
from bot.domain.names import Names
from bot.store import console
from bot.store.schema import articles, outlets, subscribers, watches
from bot.web import server
from tests.web.conftest import ADMIN, STRANGER, VIEWER, csrf
from tests.web.test_pages import EXPORTS, PAGES

CHANGES = (
    "/verdict",
    "/outlets/change",
    "/outlets/retire",
    "/outlets/look",
    "/outlets/add",
    "/watches/stop",
    "/subscribers/change",
    "/access/token",
    "/access/revoke",
    "/access/let-in",
    "/access/shut-out",
)
ANYBODYS = ("/language", "/sign-out", "/sign-out-everywhere")
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}'


@pytest.mark.parametrize(
    "path", [*PAGES, *(f"/export/{name}" for name in (*EXPORTS, "story/2")), "/"]
)
def test_a_stranger_sees_only_the_door(site, path):
    answer = site.visitor().get(path, follow_redirects=True)
    assert answer.url.path == "/enter"
    assert "Report" not in answer.text
    assert "Chat " not in answer.text


@pytest.mark.parametrize(
    "cookie", ["", "x", "null", "0" * 43, "' OR '1'='1", "../../etc", "\u00ff"]
)
def test_a_forged_cookie_opens_nothing(site, cookie):
    headers = [(b"cookie", b"outpost=" + cookie.encode("latin-1"))]
    answer = httpx.get(f"{site.url}/log", headers=headers)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/enter"
    assert httpx.get(f"{site.url}/log/live", headers=headers).status_code == 401


def test_a_link_is_not_used_up_by_being_looked_at_and_opens_once(site):
    browser, key = site.visitor(), site.link()
    for _ in range(3):
        assert browser.get(f"/enter?key={key}").status_code == 200
    assert browser.post("/enter", data={"key": key}).status_code == 303
    again = site.visitor().post("/enter", data={"key": key})
    assert again.status_code == 403
    assert "opens nothing" in again.text


def test_a_good_and_a_bad_link_look_the_same_from_outside(site):
    good, bad = site.link(), "x" * 43
    shown = [site.visitor().get(f"/enter?key={k}").text.replace(k, "") for k in (good, bad)]
    assert shown[0] == shown[1]
    used, wrong = site.link(), "y" * 43
    site.visitor().post("/enter", data={"key": used})
    refused = [site.visitor().post("/enter", data={"key": k}) for k in (used, wrong)]
    assert refused[0].text == refused[1].text
    assert refused[0].status_code == refused[1].status_code == 403


def test_a_link_of_somebody_shut_out_opens_nothing(site):
    assert site.visitor().post("/enter", data={"key": site.link(STRANGER)}).status_code == 403


def test_an_expired_link_opens_nothing(site):
    key = site.link()
    site.now += timedelta(minutes=5)
    assert site.visitor().post("/enter", data={"key": key}).status_code == 403


def test_a_replayed_cookie_is_dead_after_signing_out(site):
    browser = site.enter()
    token, stolen = csrf(browser), browser.cookies["outpost"]
    browser.post("/sign-out", data={"csrf": token})
    answer = httpx.get(f"{site.url}/log", headers={"cookie": f"outpost={stolen}"})
    assert answer.status_code == 303


def test_signing_out_everywhere_ends_the_other_browser_too(site):
    here, there = site.enter(), site.enter()
    here.post("/sign-out-everywhere", data={"csrf": csrf(here)})
    assert there.get("/log").status_code == 303


def test_who_is_shut_out_is_out_at_once(site, admin, viewer):
    assert viewer.get("/log").status_code == 200
    admin.post("/access/shut-out", data={"csrf": csrf(admin), "user": str(VIEWER)})
    assert viewer.get("/log").status_code == 303


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(site):
    answer = site.visitor().post("/enter", data={"key": site.link()})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie


def test_every_change_that_there_is_is_attacked_here(site):
    posts = {r.path for r in site.app.routes if isinstance(r, Route) and "POST" in r.methods}
    assert posts == {*CHANGES, *ANYBODYS, "/enter"}


@pytest.mark.parametrize("path", [*CHANGES, *ANYBODYS])
@pytest.mark.parametrize("token", [None, "", "x", "0" * 43])
def test_no_change_without_the_token_of_our_own_page(admin, path, token):
    data = {"user": "9", "role": "admin"} | ({} if token is None else {"csrf": token})
    assert admin.post(path, data=data).status_code == 403


def test_the_token_of_another_session_changes_nothing(site, admin, viewer):
    data = {"csrf": csrf(viewer), "user": "9", "role": "admin"}
    assert admin.post("/access/let-in", data=data).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_of_another_site_is_refused_even_with_the_token(admin, headers):
    data = {"csrf": csrf(admin), "user": "9", "role": "admin", "name": ""}
    assert admin.post("/access/let-in", data=data, headers=headers).status_code == 403
    assert "9 admin" not in admin.get("/access").text


@pytest.mark.parametrize("path", CHANGES)
def test_a_viewer_changes_nothing(viewer, path):
    data = {"csrf": csrf(viewer), "user": "9", "role": "admin", "feed": "1", "act": "poll"}
    answer = viewer.post(path, data=data)
    assert answer.status_code == 403
    assert "You may look" in answer.text


def test_a_viewer_is_not_told_of_tokens_people_or_changes(site, admin, viewer):
    admin.post("/access/token", data={"csrf": csrf(admin), "name": "secret reader"})
    assert "secret reader" not in viewer.get("/access").text
    for name in ("audit", "people", "tokens"):
        assert viewer.get(f"/export/{name}").status_code == 403
        assert admin.get(f"/export/{name}?as=csv").status_code == 200
    assert "secret reader" in admin.get("/export/tokens?as=csv").text
    assert "token_hash" not in admin.get("/export/tokens?as=csv").text


@pytest.mark.parametrize("path", ["/verdict", "/access/let-in", "/enter"])
def test_a_change_is_never_made_by_a_link(admin, path):
    assert admin.get(path).status_code in (200, 405)
    assert admin.head(path).status_code in (200, 405)


def test_markup_in_headlines_names_titles_and_queries_stays_text(site, admin):
    def poison(tx):
        tx.execute(sa.update(outlets).where(outlets.c.id == 1).values(name=EVIL, homepage=EVIL))
        tx.execute(sa.update(subscribers).values(title=EVIL))
        tx.execute(sa.update(watches).values(query=EVIL))
        newest = sa.select(sa.func.max(articles.c.id)).scalar_subquery()
        where = articles.c.id == newest
        tx.execute(sa.update(articles).where(where).values(title=EVIL, body=EVIL, outlet_id=1))
        tx.execute(sa.update(articles).where(where).values(url="javascript:alert(1)//"))

    site.store.call(poison)
    story = site.store.call(
        lambda tx: tx.execute(
            sa.select(articles.c.story_id).order_by(articles.c.id.desc())
        ).scalar()
    )
    paths = [*PAGES, f"/story/{story}", "/log?subscriber=1", "/log?watch=1", "/log?outlet=1"]
    for path in paths:
        page = admin.get(path).text
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
        assert 'href="javascript:' not in page, path
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in admin.get("/log").text


@pytest.mark.parametrize("name", ["text", "watch", "state", "country", "since", "before", "after"])
def test_markup_and_sql_in_a_filter_is_text_or_nothing(admin, name):
    for value in (EVIL, "' OR 1=1 --", "1; DROP TABLE alerts", "%", "\u202e", "\x00", "٣", "1e9"):
        for path in ("/log", "/outlets", "/watches", "/quality"):
            answer = admin.get(path, params={name: value})
            assert answer.status_code == 200, (path, value)
            assert "<script>alert" not in answer.text
    assert 'id="d600"' in admin.get("/log").text


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server.py",
        "/static/%2e%2e/server.py",
        "/static/..%2fserver.py",
        "/static//etc/passwd",
        "/static/console.css%00.py",
        "/export/story/1;x",
        "/story/-1",
        "/story/1e3",
        "/story/99999999999999999999",
        "//evil.example/log",
        "/log/..;/access",
    ],
)
def test_odd_paths_lead_nowhere(site, admin, path):
    answer = httpx.get(
        f"{site.url}{path}", headers={"cookie": f"outpost={admin.cookies['outpost']}"}
    )
    assert answer.status_code in (303, 404)
    assert "import" not in answer.text
    location = answer.headers.get("location", "/")
    assert location.startswith("/")
    assert not location.startswith("//")


@pytest.mark.parametrize("asked", ["//evil.example", "https://evil.example", "\\\\evil.example"])
def test_no_parameter_redirects_anywhere(site, admin, asked):
    for name in ("next", "url", "return", "key"):
        answer = site.visitor().get("/log", params={name: asked})
        assert answer.headers["location"] == "/enter"
    entered = site.visitor().post("/enter", data={"key": site.link(), "next": asked})
    assert entered.headers["location"] == "/log"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "a" * 300])
def test_a_strange_host_is_refused(site, host):
    answer = httpx.get(f"{site.url}/enter", headers={"host": host})
    assert answer.status_code == 400
    assert httpx.get(f"{site.url}/healthz", headers={"host": host}).status_code in (200, 400)


def test_forwarded_headers_are_not_believed(site):
    headers = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "https"}
    answer = httpx.get(f"{site.url}/log", headers=headers)
    assert "evil" not in answer.headers["location"]


def test_every_answer_carries_the_policy(site, admin):
    for path in ("/log", "/enter", "/nothing", "/static/console.css", "/healthz", "/api/v1/log"):
        headers = admin.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
    assert admin.get("/log").headers["cache-control"] == "no-store"


def test_a_spreadsheet_does_not_take_a_headline_for_a_formula(site, admin):
    site.store.call(
        lambda tx: tx.execute(
            sa.update(articles).where(articles.c.id == 600).values(title='=HYPERLINK("x")')
        )
    )
    assert "'=HYPERLINK" in admin.get("/export/log?as=csv").text


def test_an_admin_taken_from_the_settings_is_out_at_once(site, admin):
    assert admin.get("/log").status_code == 200
    site.store.call(console.end_all, ADMIN, site.now)
    assert admin.get("/log").status_code == 303


def test_behind_tls_the_cookie_is_secure_and_bound_to_the_host(site):
    app = server.make_app(
        site.store,
        settings=Settings(OUTPOST_ADMINS=str(ADMIN), web=Web(url="https://outpost.example/")),
        names=Names.empty(),
        now=lambda: site.now,
        counts=dict,
    )

    async def enter() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="https://outpost.example"
        ) as one:
            return await one.post("/enter", data={"key": site.link()})

    answer = asyncio.run(enter())
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-outpost=")
    assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert "max-age" in answer.headers["strict-transport-security"]


@pytest.mark.parametrize(
    ("proxies", "seen"), [((), "127.0.0.1"), (("127.0.0.1/32",), "203.0.113.9")]
)
def test_a_forwarded_address_is_believed_of_a_trusted_proxy_only(proxies, seen):
    async def whoami(request):
        return PlainTextResponse(f"{request.client.host} {request.url.scheme}")

    async def ask() -> str:
        bound = server.listen(0)
        port = bound.getsockname()[1]
        serving = asyncio.create_task(
            server.serve(Starlette(routes=[Route("/", whoami)]), bound, proxies=proxies)
        )
        headers = {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"}
        async with httpx.AsyncClient() as one:
            for _ in range(100):
                with contextlib.suppress(httpx.ConnectError):
                    answer = await one.get(f"http://127.0.0.1:{port}/", headers=headers)
                    break
                await asyncio.sleep(0.05)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        return answer.text

    scheme = "https" if proxies else "http"
    assert asyncio.run(ask()) == f"{seen} {scheme}"


def test_a_headline_cannot_turn_the_direction_of_a_page_and_stays_escaped(site, admin):
    title = sa.update(articles).values(title="Fire \u202eat <b>port</b> & \u2066dock")
    site.store.call(lambda tx: tx.execute(title))
    page = admin.get("/log").text
    assert "Fire at &lt;b&gt;port&lt;/b&gt; &amp; dock" in page
    assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069") & set(page)
