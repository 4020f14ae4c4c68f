"""`outpost eval reposts DIR`: figures for scripts, and what is wrong with a folder."""

import gzip
import json
from pathlib import Path

import pytest

from bot.domain.errors import SettingsError
from bot.domain.likeness import Regime
from bot.evals import reposts

OWN = Path("tests/data/reposts")
REGIMES = [regime.value for regime in Regime]


def report(folder: Path, capsys) -> dict:
    assert reposts.run(folder, True) == 0
    return json.loads(capsys.readouterr().out)


def test_copies_are_told_apart_in_six_languages_of_ours(capsys):
    figures = report(OWN, capsys)
    assert [*figures] == [*REGIMES, "stream"]
    least = {"full/full": 0.99, "short/short": 0.9, "short/full": 0.97}
    for regime, f1 in least.items():
        assert figures[regime]["f1"] >= f1, regime
        assert figures[regime]["at_silence"]["precision"] >= 0.99, regime
        assert {"precision", "recall", "f1"} <= set(figures[regime])
    assert figures["stream"]["f1"] >= 0.95
    assert figures["full/full"]["false_rate_by_kind"]["neg_translation"] == 0


def test_a_person_reads_the_same_figures(capsys):
    assert reposts.run(OWN, False) == 0
    printed = capsys.readouterr().out
    for name in (*REGIMES, "stream", "at silence", "recall copy_heavy", "false neg_template"):
        assert name in printed


@pytest.mark.shared
@pytest.mark.timeout(600)  # 8,000 articles, in three regimes and as a stream
def test_copies_of_real_news_are_told_as_well_as_was_promised(shared_data, capsys):
    figures = report(shared_data / "dedup", capsys)
    unseen = {regime: figures[regime]["unseen"] for regime in REGIMES}  # by the fit
    assert unseen["full/full"]["f1"] >= 0.99
    assert unseen["full/full"]["precision"] >= 0.99
    assert unseen["short/full"]["f1"] >= 0.935
    assert unseen["short/short"]["f1"] >= 0.845
    assert unseen["full/full"]["at_silence"]["precision"] >= 0.99
    assert unseen["short/full"]["at_silence"]["precision"] >= 0.98
    assert unseen["short/short"]["at_silence"]["precision"] >= 0.98
    assert figures["stream"]["f1"] >= 0.88


def article(id: str, **fields: str) -> str:
    return json.dumps({"id": id, "title": "", "summary": "", "text": "", "source": ""} | fields)


@pytest.mark.parametrize(
    ("articles", "pairs", "said"),
    [
        (None, "a,b,label,kind\n", "articles.jsonl"),
        (article("x"), None, "pairs.csv"),
        (article("x") + "\n{oops", "a,b,label,kind\n", "articles.jsonl:2: not JSON"),
        ("[1]", "a,b,label,kind\n", "articles.jsonl:1: an article must be an object"),
        (
            article("x") + '\n{"id": "y"}',
            "a,b,label,kind\n",
            "articles.jsonl:2: 'title' must be a string",
        ),
        (article("x"), "a,b,label\n", "pairs.csv:1: the columns"),
        (article("x"), "", "pairs.csv:1: the columns"),
        (article("x"), "a,b,label,kind\nx,y,1,k\n", "pairs.csv:2: there is no article 'y'"),
        (article("x"), "a,b,label,kind\nx,x,1,k\nx,x,7,k\n", "pairs.csv:3: a pair is"),
        (article("x"), "a,b,label,kind\nx,x,1\n", "pairs.csv:2: a pair is"),
        (article("x"), 'a,b,label,kind\nx,"x,1,k\n', "pairs.csv"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(tmp_path, articles, pairs, said):
    if articles is not None:
        (tmp_path / "articles.jsonl").write_text(articles, "utf-8")
    if pairs is not None:
        (tmp_path / "pairs.csv").write_text(pairs, "utf-8")
    with pytest.raises(SettingsError) as caught:
        reposts.run(tmp_path, True)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "body", [b"not gzip at all", gzip.compress(b"x" * 999)[:20]], ids=["plain", "cut"]
)
def test_a_broken_archive_is_said(tmp_path, body):
    (tmp_path / "articles.jsonl.gz").write_bytes(body)
    (tmp_path / "pairs.csv").write_text("a,b,label,kind\n")
    with pytest.raises(SettingsError, match=r"articles\.jsonl\.gz"):
        reposts.run(tmp_path, True)


def test_pairs_of_nothing_and_articles_of_nothing_are_counted_without_a_crash(tmp_path, capsys):
    (tmp_path / "articles.jsonl").write_text(
        article("x") + "\n\n" + article("y", day="soon"), "utf-8"
    )
    (tmp_path / "pairs.csv").write_text("a,b,label,kind\nx,y,0,neg_x\nx,y,2,doubt\n", "utf-8")
    figures = report(tmp_path, capsys)
    assert figures["full/full"]["pairs"] == 1
    assert figures["full/full"]["f1"] == 0


def test_a_wrong_merge_in_the_stream_is_counted_unless_it_was_left_open(tmp_path, capsys):
    said = "The old bridge over the river was closed to lorries on Monday after cracks were found in it."
    rows = [article(id, title="Bridge closed to lorries", summary=said, source=id) for id in "abc"]
    (tmp_path / "articles.jsonl").write_text("\n".join(rows), "utf-8")
    for label, wrong in ((0, 2), (2, 1)):
        (tmp_path / "pairs.csv").write_text(f"a,b,label,kind\na,b,{label},k\na,c,0,k\n", "utf-8")
        stream = report(tmp_path, capsys)["stream"]
        assert stream["false_merges"] == pytest.approx(1000 * wrong / 3, abs=0.01)
        assert stream["precision"] == 0
