"""A short storm on each database, in every run: nothing is lost, and the balance is printed."""

import os

import pytest

from tests.chaos.storm import Storm, installed

SECONDS = float(os.environ.get("STORM_SECONDS", "75"))


@pytest.mark.timeout(SECONDS + 420)  # all that is owed must come, on however busy a machine
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_nothing_is_lost_in_a_storm(kind, tmp_path, capsys):
    with installed(kind, tmp_path) as (outpost, trouble):
        storm = Storm(outpost, seed=3, trouble=trouble)
        try:
            balance = storm.run(SECONDS)
        finally:
            print(outpost.log[-20_000:])
    with capsys.disabled():
        print(f"\n## {kind}\n{balance}")
    assert balance.lost == []
    assert balance.commands_lost == []
    assert balance.watches_doubled == 0
    assert balance.unexplained == 0
    assert balance.doubled["answer lost"] <= balance.ambiguous
    assert balance.floods == []
    assert balance.refused == []
    assert balance.tracebacks == []
    assert balance.bad_exits == []
    assert balance.unfiled == 0
    assert balance.left == 0
    assert max(balance.stops_s) < 20
    assert set(balance.kills) == set(storm.roles)  # each of them
