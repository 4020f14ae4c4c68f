"""`outpost eval feeds` and `outpost eval pages`: what agrees is counted, what does not is named."""

import gzip
import json

import pytest
from click.testing import CliRunner

from bot.cli import cli
from bot.domain.errors import SettingsError
from bot.evals import feeds, pages
from bot.store import measurements
from bot.store.engine import Store
from tests.adapters.sites import rss
from tests.adapters.test_pages import LABELLED, page_of

TITLE, PARAGRAPHS, POINTER = LABELLED["uk"]


@pytest.fixture
def recorded(tmp_path):
    """Return a folder of two feeds, of which one is not what is expected of it, and three pages."""
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "good.xml.gz").write_bytes(gzip.compress(rss("A", "B")))
    (tmp_path / "set" / "bad.xml").write_bytes(rss("A"))
    (tmp_path / "set" / "odd.xml").write_bytes(b"nonsense")
    entries = [
        {"title": t, "link": f"https://outlet.example/{n}", "date": "2026-11-23T10:00:00Z"}
        for n, t in enumerate(("A", "B"))
    ]
    told = {
        "meta": {"source": "made here"},
        "files": {
            "good.xml.gz": {"expect": {"n": 2, "title": "Outlet", "entries": entries}},
            "bad.xml": {
                "expect": {
                    "n": 2,
                    "title": "Other",
                    "entries": {"0": {"title": "Z"}, "1": entries[1]},
                }
            },
            "odd.xml": {"expect": None},
            "missing.xml": {"expect": None},
        },
    }
    (tmp_path / "set" / "expect.json").write_text(json.dumps(told))
    (tmp_path / "pages").mkdir()
    body = "\n".join(PARAGRAPHS)
    head = (
        '<meta name="author" content="Ann Bell"><meta name="date" content="2026-11-23T22:30:00Z">'
    )
    page = page_of("uk", TITLE, PARAGRAPHS, POINTER, head=head)
    for name, content in (("good.html", page), ("bad.html", page), ("none.html", b"<html></html>")):
        (tmp_path / "pages" / name).write_bytes(content)
    said = {
        "good.html": {
            "url": "https://o.example/1",
            "body": body,
            "authors": ["Ann Bell"],
            "published": "2026-11-24 00:30:00+02:00",
        },
        "bad.html": {
            "body": "Something else altogether was written here",
            "title": "Other",
            "authors": ["Max Ray"],
            "published": "2020-01-01",
        },
        "none.html": {"body": body},
    }
    (tmp_path / "pages" / "expect.json.gz").write_bytes(gzip.compress(json.dumps(said).encode()))
    return tmp_path


def test_feeds_are_judged_entry_by_entry(recorded, capsys):
    assert feeds.run(recorded, True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["files"], told["agree"], told["unjudged"]) == (2, 1, 1)
    assert (told["entries"], told["entries_right"]) == (4, 2)
    assert (told["dates"], told["dates_right"]) == (3, 2)
    [line] = told["wrong"]
    assert line.startswith("set/bad.xml: 1 entries, expected 2; feed title 'Outlet'")


def test_people_read_the_same_as_lines(recorded, capsys):
    assert feeds.run(recorded, False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("set/bad.xml:")
    assert "files   1 of 2 agree (50.00%)" in lines[1]


def test_pages_are_judged_by_text_date_and_author(recorded, capsys):
    assert pages.run(recorded, True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["pages"] == 3
    assert (told["dates"], told["dates_right"]) == (2, 1)
    assert (told["authors"], told["authors_right"]) == (2, 1)
    assert (told["titles"], told["titles_right"]) == (1, 0)
    assert 0.3 < told["f1"] < 0.8
    assert [line.partition(":")[0] for line in told["wrong"]] == [
        "pages/bad.html",
        "pages/none.html",
    ]
    assert pages.run(recorded, False) == 0
    assert "pages 3: F1" in capsys.readouterr().out


def test_a_folder_without_recordings_is_a_mistake(tmp_path):
    with pytest.raises(SettingsError, match=r"no expect\.json"):
        feeds.run(tmp_path, False)


@pytest.mark.parametrize("content", [b"nonsense", b"[]"])
def test_an_unreadable_expectation_is_a_mistake(tmp_path, content):
    (tmp_path / "expect.json").write_bytes(content)
    with pytest.raises(SettingsError):
        pages.run(tmp_path, False)


def test_nothing_to_judge_is_no_success(tmp_path, capsys):
    (tmp_path / "expect.json").write_text('{"files": {}}')
    assert feeds.run(tmp_path, False) == 1
    assert pages.run(tmp_path, True) == 1
    assert "none to judge" in capsys.readouterr().out


SAME_LINKS = [
    ("https://o.example/1", "https://o.example/1", True),
    ("/1", "https://o.example/1", True),
]
OTHER_LINKS = [
    ("https://o.example/2", "https://o.example/1", False),
    ("2", "https://o.example/1", False),
]


@pytest.mark.parametrize(("expected", "got", "same"), [*SAME_LINKS, *OTHER_LINKS])
def test_an_expected_link_may_be_relative(expected, got, same):
    assert feeds._same_link(expected, got) is same


def test_letters_a_recorder_lost_are_not_held_against_us():
    assert feeds._same_text("Not\ufffdcias", "Notícias")
    assert not feeds._same_text("Not\ufffdcias", "Noticiário")


@pytest.mark.parametrize(
    ("got", "expected", "f1"),
    [("a b c d", "a b c d", 1.0), ("a b", "a b", 1.0), ("", "a b", 0.0), ("x", "", 0.0)],
)
def test_texts_are_compared_by_runs_of_words(got, expected, f1):
    assert pages.compare(got, expected).f1 == f1


def test_measurements_are_kept_when_asked_and_none_of_nothing(recorded, tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'outpost.db'}"
    monkeypatch.setenv("DATABASE_URL", url)
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    (nothing / "odd.xml").write_bytes(b"nonsense")
    (nothing / "expect.json").write_text(json.dumps({"odd.xml": {"expect": None}}))
    for folder, code, options in (
        (recorded / "set", 0, ()),
        (recorded / "set", 0, ("--keep",)),
        (nothing, 1, ("--keep",)),
    ):
        result = CliRunner().invoke(cli, ["eval", "feeds", str(folder), *options])
        assert result.exit_code == code, result.output
    store = Store(url)
    [kept] = store.look(measurements.newest)["feeds"]
    store.close()
    assert kept.figures["files"] == 0.5
    assert kept.version
