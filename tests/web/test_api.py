"""The read API answers those with a token, as its document says; /metrics and the checks answer machines."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from bot.store import console
from bot.web import api
from tests.web.conftest import ADMIN

ROOT = Path(__file__).parents[2]


@pytest.fixture
def reader(site):
    secret = site.store.call(console.make_token, "reader", by=ADMIN, now=site.now)
    client = site.visitor()
    client.headers["authorization"] = f"Bearer {secret}"
    return client


PATHS = [path.replace("{story_id}", "2") for path in api.ROUTES]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("token", [None, "", "Bearer x", "Basic eDp4", "bearer"])
def test_without_a_token_the_api_says_nothing(site, path, token):
    headers = {} if token is None else {"authorization": token}
    answer = site.visitor().get(path, headers=headers)
    assert answer.status_code == 401
    assert list(answer.json()) == ["error"]


def test_a_session_of_the_console_is_no_token(admin):
    assert admin.get("/api/v1/log").status_code == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_the_api_only_reads(reader, method):
    answer = reader.request(method, "/api/v1/log")
    assert answer.status_code == 405
    assert answer.json() == {"error": "this cannot be done"}


def test_the_log_pages_through_everything_once(reader):
    seen, before = [], None
    while True:
        query = {"limit": 250} | ({"before": before} if before else {})
        page = reader.get("/api/v1/log", params=query).json()
        seen += [line["id"] for line in page["lines"]]
        before = page["older"]
        if before is None:
            break
    assert seen == list(range(600, 0, -1))


def test_a_story_is_told_with_its_decisions_and_messages(reader):
    story = reader.get("/api/v1/stories/2").json()
    assert [a["id"] for a in story["articles"]] == [2, 3]
    assert story["articles"][1]["evidence"]["rule"] == "likeness"
    assert story["messages"][0]["state"] == "open"
    assert reader.get("/api/v1/stories/99999999999999999999").status_code == 404


def test_why_answers_by_address_and_by_words(reader):
    answer = reader.get("/api/v1/why", params={"article": "https://o.example/3"}).json()
    assert answer["copy_of"] == "https://o.example/2"
    assert reader.get("/api/v1/why").status_code == 400
    nothing = reader.get("/api/v1/why", params={"article": "no such words"}).json()
    assert nothing["seen"] is False


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=x", "before=-1", "state=x", "since=2026-13-01", "nonsense=1",
     "country=Georgia", "limit=1&limit=2", "text=", "text=%00", "watch=01"],
)  # fmt: skip
def test_a_wrong_parameter_is_named_not_guessed(reader, query):
    answer = reader.get(f"/api/v1/log?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json()["error"]
    assert "{" not in answer.json()["error"]


def test_an_address_that_is_too_long_is_refused_as_the_document_has_it(reader):
    answer = reader.get("/api/v1/why", params={"article": "x" * 5_000})
    assert (answer.status_code, answer.json()) == (400, {"error": "the address is too long"})


def test_the_document_describes_every_route_and_parameter(site):
    document = site.visitor().get("/api/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]) == set(api.ROUTES)
    for path, (_, fields, _) in api.ROUTES.items():
        named = {
            p["name"] for p in document["paths"][path]["get"]["parameters"] if p["in"] == "query"
        }
        assert named == set(fields)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_is_asked_the_answer_is_one_of_the_document(reader, data):
    path = data.draw(st.sampled_from(list(api.ROUTES)))
    fields = api.ROUTES[path][1]
    names = st.sampled_from([*fields, "other"]) if fields else st.just("other")
    values = st.one_of(st.text(max_size=30), st.integers(-9, 10**20).map(str), st.dates().map(str))
    query = data.draw(st.dictionaries(names, values, max_size=4))
    story = str(data.draw(st.integers(0, 10**25)))
    answer = reader.get(path.replace("{story_id}", story), params=query)
    assert answer.status_code in (200, 400, 404, 414)
    assert isinstance(json.loads(answer.text), dict)


def test_the_metrics_follow_prometheus_own_rules(site):
    text = site.visitor().get("/metrics").text
    families = {f.name: f for f in text_string_to_metric_families(text)}
    ours = {name for name in families if name.startswith("outpost_")}
    assert {"outpost_items", "outpost_lag_seconds", "outpost_queue_items", "outpost_feeds"} <= ours
    for name in ours:
        assert families[name].documentation
        assert not name.endswith(("_ms", "_minutes", "_count", "_kb"))
    samples = {
        (s.name, frozenset(s.labels.values())): s.value
        for f in families.values()
        for s in f.samples
    }
    assert samples["outpost_items_total", frozenset({"deliver", "ok"})] == 2
    assert samples["outpost_lag_seconds", frozenset({"total", "0.5"})] == 98
    assert samples["outpost_queue_items", frozenset({"held"})] == 12


def test_the_checks_of_machines_answer_without_a_session(site):
    assert site.visitor().get("/healthz").text == "ok\n"
    assert site.visitor().get("/readyz").status_code == 200


def test_the_grafana_dashboard_asks_only_for_metrics_that_there_are(site):
    dashboard = json.loads((ROOT / "docs" / "grafana" / "outpost.json").read_text("utf-8"))
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"(?:outpost|process)_[a-z_]+", target["expr"])
    }
    text = site.visitor().get("/metrics").text
    there = {line.split(" ")[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert len(asked) > 8
    assert asked <= there
