"""`outpost eval watches`: a file of cases in, how many are right out."""

import json

import pytest
from click.testing import CliRunner

from bot.cli import cli

RIGHT = {"watch": "harbour", "text": "The harbours closed.", "lang": "en", "match": True}
SILENT = {"watch": "harbour", "text": "The port closed.", "lang": "en", "match": False}
MISSED = {
    "watch": "harbour",
    "text": "The port closed.",
    "lang": "en",
    "match": True,
    "why": "synonym",
}
FALSE = {"watch": "harbour", "text": "The harbour.", "lang": "en", "match": False}


def told(tmp_path, *rows, options=()):
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows), "utf-8")
    return CliRunner().invoke(cli, ["eval", "watches", str(file), *options])


def test_all_right_is_said_in_one_line_and_exit_code_nought(tmp_path):
    result = told(tmp_path, RIGHT, "", SILENT)

    assert result.exit_code == 0
    assert result.output == "2 of 2 right\n"


def test_each_wrong_case_is_named_with_the_reason(tmp_path):
    result = told(tmp_path, RIGHT, MISSED, FALSE)

    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "line 2: harbour should match 'The port closed.' (synonym): nothing in it matched",
        "line 3: harbour should not match 'The harbour.': harbour is harbour by exact",
        "1 of 3 right; wrong by language: en 2 of 3",
    ]


def test_json_holds_the_count_and_the_wrong_ones(tmp_path):
    result = told(tmp_path, RIGHT, MISSED, options=["--json"])

    answer = json.loads(result.output)
    assert (answer["cases"], answer["right"]) == (2, 1)
    assert [w["line"] for w in answer["wrong"]] == [2]


def test_the_fields_of_an_article_are_read(tmp_path):
    row = {"watch": "outlet:echo title:port country:AM", "text": "", "lang": "en", "match": True}

    result = told(tmp_path, row | {"title": "Port", "outlet": "Daily Echo", "country": "AM"})

    assert result.exit_code == 0


def test_a_watch_that_cannot_be_read_is_a_wrong_case(tmp_path):
    result = told(tmp_path, RIGHT | {"watch": "(harbour"})

    assert result.exit_code == 0
    assert "the watch cannot be read: query.unclosed at character 1" in result.output


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param("{", "line 1: not JSON", id="broken JSON"),
        pytest.param("[]", "line 1: an object is wanted", id="no object"),
        pytest.param(RIGHT | {"match": "yes"}, "line 1: match must be true or false", id="match"),
        pytest.param(
            {"watch": "a", "lang": "en", "match": True}, "line 1: text must be a text", id="no text"
        ),
        pytest.param(RIGHT | {"title": 3}, "line 1: title must be a text", id="title"),
        pytest.param("", "no cases in it", id="empty"),
    ],
)
def test_a_bad_file_is_said_with_file_and_line(tmp_path, row, reason):
    result = told(tmp_path, row)

    assert result.exit_code == 2
    assert "cases.jsonl" in result.output
    assert reason in result.output


def test_a_file_that_is_not_there_or_not_text_is_said(tmp_path):
    (tmp_path / "raw").write_bytes(b"\xff\xfe\x00")

    for name, reason in (("gone", "No such file"), ("raw", "not UTF-8")):
        result = CliRunner().invoke(cli, ["eval", "watches", str(tmp_path / name)])
        assert result.exit_code == 2
        assert reason in result.output
