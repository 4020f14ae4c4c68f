"""Every page of the console shows what the database holds, and every export gives it as a file."""

import csv
import html
import io
import json
import re

import pytest
import sqlalchemy as sa

from bot import texts
from bot.store import console
from bot.store.schema import articles
from tests.web.conftest import ADMIN

PAGES = (
    "/log",
    "/story/2",
    "/outlets",
    "/watches",
    "/subscribers",
    "/quality",
    "/health",
    "/access",
)
EXPORTS = (
    "log",
    "outlets",
    "watches",
    "subscribers",
    "pairs",
    "weeks",
    "verdicts",
    "measurements",
    "reprints",
    "health",
    "audit",
    "people",
    "tokens",
)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("who", ["admin", "viewer"])
def test_a_page_is_whole(request, who, path):
    answer = request.getfixturevalue(who).get(path)
    assert answer.status_code == 200
    assert answer.text.rstrip().endswith("</html>")
    assert "style=" not in answer.text
    assert " onclick" not in answer.text


@pytest.mark.parametrize("language", texts.languages())
def test_every_page_speaks_the_language_of_who_is_in(site, language):
    key = site.store.call(console.make_link, ADMIN, language=language, now=site.now)
    browser = site.visitor()
    browser.post("/enter", data={"key": key})
    for path in PAGES:
        answer = browser.get(path)
        assert answer.status_code == 200
        assert f'<html lang="{language}">' in answer.text
    assert texts.say(language, "web.sign_out_everywhere") in answer.text


@pytest.mark.parametrize("name", EXPORTS)
def test_a_view_can_be_taken_along_as_csv_and_as_json(admin, name):
    as_json = admin.get(f"/export/{name}?as=json")
    as_csv = admin.get(f"/export/{name}?as=csv")
    rows = json.loads(as_json.content)
    assert as_csv.status_code == 200
    assert len(table(as_csv)) == len(rows)
    assert "attachment" in as_json.headers["content-disposition"]


@pytest.mark.parametrize("name", [*EXPORTS, "story/2"])
def test_no_view_is_there_in_another_form(admin, name):
    assert admin.get(f"/export/{name}?as=xml").status_code == 404


def table(answer):
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_a_story_can_be_taken_along_whole_or_as_its_decisions(admin):
    whole = admin.get("/export/story/2?as=json").json()
    assert [a["id"] for a in whole["articles"]] == [2, 3]
    assert {"decisions", "messages", "attempts", "verdicts", "origin"} < set(whole)
    decisions = table(admin.get("/export/story/2?as=csv"))
    assert [d["article_id"] for d in decisions] == [
        str(d["article_id"]) for d in whole["decisions"]
    ]


@pytest.mark.parametrize(
    "view", ["/log?state=held&text=report", "/watches?subscriber=3", "/outlets?trouble=1"]
)
def test_a_view_is_taken_along_as_it_is_filtered(admin, view):
    page = admin.get(view).text
    [link] = re.findall(r'href="(/export/[^"]+as=json)"', page)
    narrowed = admin.get(html.unescape(link)).json()
    whole = admin.get(f"/export{view.partition('?')[0]}?as=json").json()
    assert len(narrowed) < len(whole)
    if "subscriber" in view:
        assert {row["subscriber_id"] for row in narrowed} == {3}


def test_every_page_has_its_files(admin):
    linked = {
        name
        for path in PAGES
        for name in re.findall(r'href="/export/([a-z/0-9]+)\?', admin.get(path).text)
    }
    assert linked == {*EXPORTS, "story/2"}


def test_the_log_is_newest_first_and_pages_by_key(admin):
    first = admin.get("/log").text
    assert first.index('id="d600"') < first.index('id="d599"')
    assert 'id="d550"' not in first
    assert "/log?before=551" in first
    older = admin.get("/log?before=551", headers={"HX-Request": "true"}).text
    assert 'id="d550"' in older
    assert "<html" not in older


@pytest.mark.parametrize(
    "query",
    ["watch=x", "outlet=-1", "country=%00", "since=yesterday", "state=nonsense", "before=9e9"],
)
def test_a_filter_that_cannot_be_read_filters_nothing(admin, query):
    assert 'id="d600"' in admin.get(f"/log?{query}").text


def test_the_filters_stand_in_the_address_and_in_the_form(admin):
    page = admin.get("/log?state=copy&country=GE&text=report&watch=5").text
    assert '<option value="copy" selected>' in page
    assert 'name="watch" value="5"' in page
    assert 'value="report"' in page


def test_a_story_shows_copy_and_original_side_by_side(admin):
    page = admin.get("/story/2").text
    assert page.count("<mark>") >= 2
    assert "repost of Outlet 3" in page
    assert "<dt>Score</dt><dd>0.83</dd>" in page


def test_a_story_that_is_not_there_is_a_page_that_says_so(admin):
    answer = admin.get("/story/999999")
    assert answer.status_code == 404
    assert "There is no such page." in answer.text


def test_the_threshold_preview_counts_what_would_change(admin):
    assert "With 0.9, 200 of the newest 200 reposts" in admin.get("/quality?at=0.9").text
    assert "With 0.8, 0 of the newest 200 reposts" in admin.get("/quality?at=nonsense").text


def test_the_threshold_preview_is_of_one_kind_of_comparison(site, admin):
    def say(tx):
        for i, told in enumerate(
            (
                {"rule": "likeness", "kind": "possible", "score": 0.85, "regime": "short/short"},
                {"rule": "drift", "kind": "possible", "score": 0.97, "regime": "short/short"},
                {"rule": "verdict", "kind": "copy", "score": 1.0, "by": 7},
            )
        ):
            copy = articles.c.id == 3 * i + 3
            tx.execute(sa.update(articles).where(copy).values(evidence=told))

    site.store.call(say)
    assert "With 0.8, 0 of the newest 197 reposts" in admin.get("/quality").text
    short = admin.get("/quality?regime=short").text
    assert "With 0.92, 0 of the newest 1 reposts" in short  # in force for summaries
    assert "With 0.8, 1 of the newest 1 reposts" in admin.get("/quality?regime=short&at=0.8").text
    assert len(admin.get("/export/pairs?regime=short&at=0.8&as=json").json()) == 1


def test_health_shows_the_lag_as_numbers(admin):
    page = admin.get("/health").text
    assert "98.0 s" in page or "98 s" in page
    assert "message is too long" in page


def test_a_viewer_is_shown_no_button_that_changes_anything(viewer):
    for path in PAGES:
        page = viewer.get(path).text
        for action in ("/verdict", "/outlets/change", "/watches/stop", "/access/"):
            assert f'action="{action}' not in page, path
