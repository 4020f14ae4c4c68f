"""Sentry is told where our bug is, and not one word that anybody wrote: over HTTP, to a real listener."""

import gzip
import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from bot.adapters import sentry
from bot.domain.errors import SettingsError

SECRET = "123456:token-and-the-text-of-a-message"


@pytest.fixture
def ears():
    """Yield (DSN, bodies heard): a Sentry that writes down what it is sent."""
    heard: list[bytes] = []

    class Ears(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            packed = self.headers.get("content-encoding") == "gzip"
            heard.append(gzip.decompress(body) if packed else body)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Ears)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://key@127.0.0.1:{server.server_port}/1", heard
    server.shutdown()
    server.server_close()


@pytest.fixture
def log():
    """Yield a log whose root loses the handlers that a test gave it."""
    root = logging.getLogger()
    before = list(root.handlers)
    yield logging.getLogger("bot.pipeline")
    root.handlers[:] = before


def stumble(text: str) -> None:
    held = text  # noqa: F841 - what a traceback with variables would show
    raise ValueError(f"the database refuses {text}")


def test_a_bug_is_told_as_kind_and_place_without_a_word_of_anybody(ears, log):
    sdk = pytest.importorskip("sentry_sdk")
    dsn, heard = ears
    sentry.report_bugs(dsn, release="0.1.0")
    log.error("the database does not answer: %s", SECRET)  # trouble, no bug
    log.warning("article=%s", SECRET)
    try:
        stumble(SECRET)
    except ValueError:
        log.exception("article %s failed", SECRET)
    sdk.flush(5)
    [body] = heard
    assert SECRET.encode() not in body
    assert b"the database refuses" not in body
    event = json.loads(body.splitlines()[2])
    [error] = event["exception"]["values"]
    assert (error["type"], error["value"]) == ("ValueError", "")
    assert error["stacktrace"]["frames"][-1]["function"] == "stumble"
    assert event["release"] == "0.1.0"
    assert not {"breadcrumbs", "server_name", "user", "request", "extra", "modules"} & set(event)


def test_an_address_that_is_none_is_a_wrong_setting(log):
    pytest.importorskip("sentry_sdk")
    with pytest.raises(SettingsError, match="SENTRY_DSN"):
        sentry.report_bugs("nonsense", release="1")


def test_without_the_library_the_setting_says_what_to_install(log, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sentry_sdk", None)
    with pytest.raises(SettingsError, match="pip install"):
        sentry.report_bugs("http://key@127.0.0.1/1", release="1")
