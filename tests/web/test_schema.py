"""schemathesis asks the read API whatever its OpenAPI document allows, and what it does not."""

import pytest
from hypothesis import HealthCheck, given, settings

from bot.store import console
from bot.web import api
from tests.web.conftest import ADMIN, Site

schemathesis = pytest.importorskip("schemathesis", reason="needs schemathesis: see the lock")


@pytest.fixture
def described(site: Site):
    """Return the API's document, read over HTTP, with a token that opens it."""
    token = site.store.call(console.make_token, "reader", by=ADMIN, now=site.now)
    document = schemathesis.openapi.from_url(f"{site.url}/api/openapi.json", wait_for_schema=10)
    document.config.headers = {"Authorization": f"Bearer {token}"}
    return document


@pytest.mark.parametrize("path", api.ROUTES)
def test_the_api_does_what_its_document_says(described, path):
    operation = described[path]["GET"]

    @given(case=operation.as_strategy())
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    def ask(case):
        case.call_and_validate()

    ask()


@pytest.mark.parametrize("path", [path for path, (_, fields, _) in api.ROUTES.items() if fields])
def test_what_the_document_does_not_allow_is_refused(described, path):
    operation = described[path]["GET"]
    wrong = operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)

    @given(case=wrong)
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    def ask(case):
        case.call_and_validate()

    ask()
