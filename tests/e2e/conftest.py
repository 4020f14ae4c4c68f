"""The whole product: a press, a Bot API server, an installation of Outpost between them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.bot_api import BotApi
from tests.e2e.installation import Installation
from tests.e2e.press import Press


@pytest.fixture
def press() -> Iterator[Press]:
    """Return outlets to be, none yet."""
    with Press() as press:
        yield press


@pytest.fixture
def outpost(
    tmp_path: Path, bot_api: BotApi, press: Press, database_url: str
) -> Iterator[Installation]:
    """Return an installation that polls that press and speaks to that server; on each database."""
    outpost = Installation(tmp_path, bot_api, press, database_url)
    yield outpost
    outpost.kill()
    print(outpost.log)
