"""/watches says which outlets are out of sight: a watch that is quiet may only be blind."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.domain.outlet import OutletEntry, OutletFeed
from bot.store import feeds, sight
from tests.chat.conftest import NOON, Asker
from tests.e2e.telegram_html import parse_html


def entry(name: str) -> OutletEntry:
    host = f"https://{name.lower()}.example"
    return OutletEntry(name, host, "GE", "en", (OutletFeed(f"{host}/rss"),))


@pytest.fixture
def lose(tx: sa.Connection):
    """Return a function that puts outlets out of sight for so many hours, for a reason."""

    def lose(gone: dict[str, tuple[float, str]]) -> None:
        feeds.sync_outlets(tx, [entry(name) for name in gone], NOON)
        ids = {o.name: o.outlet_id for o in sight.watched(tx)}
        for name, (hours, why) in gone.items():
            since = NOON - timedelta(hours=hours)
            sight.lose_sight(tx, ids[name], since=since, why=why)

    return lose


def shown(ask: Asker) -> str:
    return re.sub("<[^>]*>", "", ask("watches").html)


def test_outlets_in_sight_are_no_word_of(ask, lose):
    ask("watch harbour")
    lose({})
    assert "🙈" not in shown(ask)


def test_watches_name_an_outlet_that_is_silent_and_for_how_long(ask, lose):
    ask("watch harbour")
    lose({"Eurasianet": (9, "silent")})
    assert shown(ask).endswith("\n\n🙈 🇬🇪 Eurasianet: silent for 9 hr")


def test_watches_name_an_outlet_that_cannot_be_read(ask, lose):
    ask("watch harbour")
    lose({"Civil": (50, "failing")})
    assert shown(ask).endswith("🙈 🇬🇪 Civil: cannot be read for 2 days 2 hr")


def test_of_many_the_latest_are_named_and_the_others_counted(ask, lose):
    ask("watch harbour")
    lose({f"Outlet{h}": (h, "silent") for h in (5, 4, 9, 7, 8)})
    lines = shown(ask).splitlines()[-4:]
    assert [re.findall(r"Outlet\d", line) for line in lines] == [
        ["Outlet4"],
        ["Outlet5"],
        ["Outlet7"],
        [],
    ]
    assert lines[-1] == "🙈 2 more outlets are out of sight"


def test_an_outlet_back_in_sight_is_no_word_of(tx, ask, lose):
    ask("watch harbour")
    lose({"Civil": (50, "failing")})
    [civil] = sight.watched(tx)
    sight.regain_sight(tx, civil.outlet_id)
    assert "🙈" not in shown(ask)


def test_a_full_page_with_outlets_out_of_sight_fits_a_message(ask, lose):
    for n in range(8):
        ask(f"watch harbour{n} {'x' * 400}")
    lose({f"{'Ö' * 200}{h}": (h, "silent") for h in range(1, 30)})
    assert len(parse_html(ask("watches").html).text) <= 4096
