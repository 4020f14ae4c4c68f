"""`outpost poll-once` tells a person what an address gives, in words, and stores nothing."""

from collections.abc import Iterator

import pytest
from aiohttp import web
from click.testing import CliRunner

from bot.cli import cli
from tests.e2e.press import Press

UNDATED = (
    '<rss version="2.0"><channel><title>Echo</title>'
    "<item><title>Bridge closed</title><link>https://echo.example/1</link></item>"
    "<item><title>Tunnel open</title><link>https://echo.example/2</link></item></channel></rss>"
)


@pytest.fixture
def press(monkeypatch: pytest.MonkeyPatch) -> Iterator[Press]:
    monkeypatch.setenv("OUTPOST__NETWORK__ALLOW_PRIVATE", "127.0.0.0/8")
    with Press() as press:
        yield press


def test_what_is_odd_in_a_feed_is_said_in_words(press, tmp_path, monkeypatch) -> None:
    async def undated(_: web.Request) -> web.Response:
        return web.Response(text=UNDATED, content_type="application/rss+xml")

    monkeypatch.chdir(tmp_path)
    echo = press.add("echo", feed=undated)
    done = CliRunner().invoke(cli, ["poll-once", f"{echo.home}/feed.xml"])
    assert done.exit_code == 0
    assert "Bridge closed" in done.stdout
    notes = [line.strip() for line in done.stdout.splitlines() if "note:" in line]
    assert "note: no dates we can read" in notes
    assert list(tmp_path.iterdir()) == []
