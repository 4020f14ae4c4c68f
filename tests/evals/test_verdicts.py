"""`outpost eval verdicts` counts what people said of the newest decisions."""

import json

from click.testing import CliRunner

from bot.cli import cli
from bot.domain.model import VerdictKind
from bot.store import verdicts
from tests.full_log import Size, filled

SIZE = Size(articles=300, outlets=6, subscribers=5, watches=10)


def test_precision_is_what_nobody_disagreed_with(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'outpost.db'}"
    monkeypatch.setenv("DATABASE_URL", url)
    store = filled(url, SIZE)
    who = {"subscriber_id": 1, "user_id": 7, "now": SIZE.end}
    store.call(verdicts.give, VerdictKind.NOT_A_COPY, article_id=3, other_id=2, **who)
    store.call(verdicts.give, VerdictKind.NOT_RELEVANT, article_id=2, **who)
    store.call(verdicts.give, VerdictKind.MISSED, article_id=5, **who)
    store.close()
    result = CliRunner().invoke(cli, ["eval", "verdicts", "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["folding"] == {"decided": 100, "wrong": 1, "precision": 0.99}
    assert found["watches"]["wrong"] == 1
    assert found["missed"] == 1
    assert found["outlets"] == {"Outlet 3": 1}
    table = CliRunner().invoke(cli, ["eval", "verdicts"]).stdout
    assert "99.0%" in table
