"""`outpost why`, as somebody at a terminal or a script asks it."""

import json

import pytest
from click.testing import CliRunner

from bot.cli import cli
from bot.domain.model import Outcome, Sent, SubscriberState
from bot.store import subscribers
from tests.world import World

STRIKE = (
    "Dockers in the harbour of Poti began a strike at dawn on Monday after talks on pay had failed."
    " No ship was unloaded, and a queue of nine vessels waited outside the breakwater by noon."
    " The port authority called the walkout unlawful and promised a statement before the evening."
)


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'outpost.db'}")
    made = World(f"sqlite:///{tmp_path / 'outpost.db'}")
    yield made
    made.store.close()


def why(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["why", *words])
    return result.exit_code, result.stdout


async def test_every_fate_of_an_article_is_a_sentence(world):
    world.watch(7, "harbour strike")
    world.watch(8, "harbour -talks")
    world.watch(9, "walkout")
    held = world.subscribe(9)
    world.store.call(subscribers.set_state, held.id, SubscriberState.PAUSED, now=world.now)
    await world.publish("Daily Echo", STRIKE, title="Port shut")
    assert "on its way to chat 7" in why("port", "shut")[1]
    await world.deliver_all()
    code, said = why("Port shut")
    assert code == 0
    assert "told chat 7 (message 1001" in said
    assert "excluded for chat 8: NOT talks" in said
    assert "held for chat 9: paused" in said


async def test_what_no_watch_matched_names_the_nearest_of_all_watches(world):
    world.watch(7, "harbour tariff")
    world.watch(8, "football tariff")
    await world.publish("Daily Echo", STRIKE)
    said = why("report")[1]
    assert (
        "no watch matched it; the nearest:\n    harbour tariff: has harbour, lacks tariff" in said
    )


async def test_a_copy_names_its_original_and_the_rule(world):
    world.watch(7, "harbour strike")
    await world.publish("Daily Echo", STRIKE)
    await world.publish("Coast Mail", STRIKE, title="Reprinted")
    said = why("reprinted")[1]
    assert "a copy of https://daily-echo.example" in said
    assert "folded as a copy for chat 7" in said
    assert "score" in said
    await world.publish("Daily Echo", STRIKE + "More follows.", title="Strike goes on")
    assert "an update of https://daily-echo.example" in why("goes on")[1]


async def test_what_telegram_refused_is_told_with_its_words(world):
    world.watch(7, "harbour strike")
    await world.publish("Daily Echo", STRIKE)
    world.messenger.answers = [Outcome(Sent.REFUSED, detail="Bad Request: chat not found")] * 3
    for _ in range(3):
        await world.deliver_all()
    assert "failed for chat 7: Bad Request: chat not found" in why("report")[1]


async def test_scripts_get_json(world):
    world.watch(7, "harbour strike")
    await world.publish("Daily Echo", STRIKE)
    found = json.loads(why("--json", "report")[1])
    assert found["seen"] is True
    assert found["decisions"][0]["outcome"] == "told"


async def test_what_was_never_seen_is_said_with_exit_code_1(world):
    await world.open_outlet("Daily Echo")
    assert why("https://nobody.example/x") == (
        1,
        "never seen, and its site is not among the outlets that are polled\n",
    )
    assert "Daily Echo is polled, last" in why("https://daily-echo.example/unseen")[1]
    assert why("no such words")[0] == 1
