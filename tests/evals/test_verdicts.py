"""`outpost eval verdicts` counts what people said of the newest decisions."""

import csv
import gzip
import json

import pytest
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


@pytest.fixture
def spoken(tmp_path, monkeypatch):
    """Let admins and a reader speak of copies; return what runs the command."""
    url = f"sqlite:///{tmp_path / 'outpost.db'}"
    monkeypatch.setenv("DATABASE_URL", url)
    store = filled(url, SIZE)
    who = {"user_id": 7, "now": SIZE.end}
    store.call(verdicts.rule, 3, 2, one_text=False, **who)
    store.call(verdicts.rule, 4, 5, one_text=True, **who)
    for article_id, other_id in ((3, 2), (9, 8)):
        pair = {"article_id": article_id, "other_id": other_id}
        store.call(verdicts.give, VerdictKind.NOT_A_COPY, subscriber_id=1, **pair, **who)
    store.close()
    return lambda *words: CliRunner().invoke(cli, ["eval", *map(str, words)])


def test_what_was_said_of_copies_becomes_labelled_pairs_that_can_be_measured(spoken, tmp_path):
    folder = tmp_path / "said" / "may"
    result = spoken("verdicts", "--pairs", folder)
    assert (result.exit_code, "3 pairs of 6 articles" in result.output) == (0, True)
    with (folder / "pairs.csv").open(newline="") as file:
        rows = [tuple(row.values()) for row in csv.DictReader(file)]
    assert rows == [
        ("2", "3", "0", "said_no_copy"),
        ("4", "5", "1", "said_copy"),
        ("8", "9", "2", "doubted_by_reader"),
    ]
    with gzip.open(folder / "articles.jsonl.gz", "rt") as file:
        articles = [json.loads(line) for line in file]
    assert [article["id"] for article in articles] == ["2", "3", "4", "5", "8", "9"]
    assert {"title", "summary", "text", "source", "url", "authors", "day", "language"} < set(
        articles[0]
    )
    measured = spoken("reposts", folder, "--json")
    assert measured.exit_code == 0, measured.output
    assert json.loads(measured.stdout)["full/full"]["pairs"] == 2


def test_labelled_data_is_never_written_over(spoken, tmp_path):
    (tmp_path / "pairs.csv").write_text("mine")
    result = spoken("verdicts", "--pairs", tmp_path)
    assert (result.exit_code, "pairs.csv is there already" in result.output) == (2, True)
    assert (tmp_path / "pairs.csv").read_text() == "mine"


def test_where_nobody_spoke_of_copies_nothing_is_written(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'outpost.db'}"
    monkeypatch.setenv("DATABASE_URL", url)
    filled(url, SIZE).close()
    folder = tmp_path / "said"
    result = CliRunner().invoke(cli, ["eval", "verdicts", "--pairs", str(folder)])
    assert (result.exit_code, folder.exists()) == (1, False)
    assert "nobody has said" in result.output
