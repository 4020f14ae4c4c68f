"""Watches travel: out of a chat as a file, into another, or by a link."""

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot import texts
from bot.config import Chat, shipped
from bot.domain.errors import UserError
from bot.domain.matching import Matcher
from bot.domain.model import Document
from bot.domain.names import load_names
from bot.store import history, watches
from bot.store.history import Told
from bot.store.schema import watches as table
from tests.chat.conftest import NOON, Asker


@pytest.fixture
def chat(ask):
    ask("start")
    ask("watch harbour strike")
    ask("watch title:=quay OR dock*")
    ask("name 1 =Docks")
    return ask


@pytest.fixture
def other(tx):
    return Asker(tx, chat=8)


def test_an_export_asks_for_the_kind_of_file(chat):
    assert [b.data for b in chat("export").buttons[0]] == ["export:json", "export:csv"]


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_what_is_exported_can_be_imported_elsewhere(chat, other, kind):
    file = chat.tap(f"export:{kind}").file
    assert file.name == f"outpost.{kind}"
    reply = other(f"import {file.body.decode('utf-8-sig')}")
    assert "2 watches were started" in reply.html
    assert other.queries() == chat.queries()
    assert "=Docks" in other("watches").html


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_a_history_of_alerts_comes_along_and_leaves_again_as_it_was(chat, other, kind):
    told = [
        Told(NOON - timedelta(hours=n), f"=Strike {n}", "Daily Echo", f"https://echo.example/{n}")
        for n in range(3)
    ]
    history.bring(chat.tx, chat.subscriber.id, told)
    saved = chat(f"export {kind}").file.body.decode("utf-8-sig")
    assert "3 alerts of your history came along." in other(f"import {saved}").html
    assert history.of_chat(other.tx, other.subscriber.id, limit=9) == told
    assert "came along" not in other(f"import {saved}").html  # twice is harmless
    assert other(f"export {kind}").file.body.count(b"echo.example") == 3


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_a_chat_that_is_rebuilt_from_its_file_is_as_it_was(chat, other, kind):
    """All that a chat may set, and then the file that its likeness gives."""
    names = load_names((shipped("config") / "names.toml").read_text("utf-8"))
    chat.names = other.names = names
    chat("watch Lachin")
    chat("alias 3 Lachin=Zorbadan")
    chat("alias 3 -Berdzor")
    lachin = watches.mine(chat.tx, chat.subscriber.id, 3)
    watches.change(chat.tx, replace(lachin, off=(*lachin.off, "=лачина"), title="=cmd|'x'!A1"))
    for line in (
        "digest daily 8:30",
        "digest 2 hourly",
        "quiet 22:00-7:00 silent",
        "timezone Yerevan",
        "preview on",
        "lang hy",
    ):
        chat(line)
    told = Told(NOON, "-1 degree, at last", "@echo", "https://echo.example/1")
    history.bring(chat.tx, chat.subscriber.id, [told])

    other.now += timedelta(days=1)
    other(f"import {chat(f'export {kind}').file.body.decode('utf-8-sig')}")
    here, there = (alike(json.loads(c("export json").file.body)) for c in (chat, other))
    assert there == here
    assert there["watches"][2] == {
        "query": "Lachin",
        "title": "=cmd|'x'!A1",
        "off": ["Berdzor", "=лачина"],
        "own": ["Lachin=Zorbadan"],
        "mode": None,
        "matched": 0,
    }
    assert there["quiet"] == "22:00-7:00 silent"
    matcher = Matcher(names)
    matcher.add_packed(
        3,
        other.tx.execute(sa.select(table.c.packed).where(table.c.query == "Lachin"))
        .scalars()
        .all()[-1],
    )
    assert matcher.match(Document("Zorbadan, Лачин"))
    assert not matcher.match(Document("из Лачина, Berdzor"))


def alike(saved):
    """Return an export without its times, which no two have alike."""
    return {
        **{name: value for name, value in saved.items() if name != "exported_at"},
        "watches": [{n: v for n, v in w.items() if n != "created_at"} for w in saved["watches"]],
    }


def test_settings_alone_are_worth_a_file(chat, other):
    other('import {"outpost": 1, "mode": "hourly"}')
    assert other.subscriber.mode == "hourly"


def test_a_table_of_an_earlier_version_is_read(chat, other):
    table = "kind,query,title,outlet,url,at\nwatch,barley,Grain,,,2026-01-01T00:00:00+00:00\n"
    assert "1 watch was started" in other(f"import {table}").html
    assert "Grain" in other("watches").html


def test_a_query_longer_than_a_chat_may_have_is_refused_not_cut(chat):
    chat.limits = Chat(query_chars=20)
    reply = chat("import barley OR wheat OR rye OR oats")
    assert "not taken" in reply.html
    assert len(chat.queries()) == 2


@pytest.mark.parametrize("wish", ["weekly", "daily 25:00", 7, [], {}])
def test_an_import_with_hours_that_there_are_not_leaves_those_that_are(chat, wish):
    chat("digest hourly")
    chat("quiet 22:00-7:00")
    row = {"query": "barley", "mode": wish}
    chat(f"import {json.dumps({'watches': [row], 'mode': wish, 'quiet': wish})}")
    assert (chat.subscriber.mode, chat.subscriber.quiet) == ("hourly", "22:00-7:00")


@pytest.mark.parametrize(
    "alert",
    [
        {"url": "javascript:alert(1)", "told_at": "2026-01-01T00:00:00+00:00"},
        {"url": "https://a.example", "told_at": "yesterday"},
        {"told_at": "2026-01-01T00:00:00+00:00"},
        7,
    ],
)
def test_what_is_no_alert_is_left_out_of_a_history(chat, alert):
    saved = {"watches": [{"query": "barley"}], "alerts": [alert], "zone": "Mars", "language": "xx"}
    reply = chat(f"import {json.dumps(saved)}")
    assert "1 watch was started" in reply.html
    assert "came along" not in reply.html
    assert (chat.subscriber.zone, chat.subscriber.language) == ("", "en")


def test_an_export_keeps_settings_and_is_readable_by_machines(chat):
    saved = json.loads(chat("export json").file.body)
    assert (saved["outpost"], saved["language"]) == (1, "en")
    assert saved["watches"][0]["title"] == "=Docks"


@pytest.mark.parametrize("language", texts.languages())
def test_both_kinds_of_file_are_said_to_be_read_by_import(language):
    # and they are: see test_what_is_exported_can_be_imported_elsewhere
    both, _, _ = texts.say(language, "export.ask").partition("JSON")
    assert "/import" in both


def test_a_spreadsheet_takes_no_cell_for_a_formula(chat):
    text = chat("export csv").file.body.decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [c for c in cells if c.startswith("=")]


def test_lines_are_imported_and_those_that_cannot_be_read_are_named(chat):
    reply = chat("import barley OR wheat\n(broken\nharbour strike")
    assert "1 watch was started.\n#3 <code>barley OR wheat</code>" in reply.html
    assert "(broken" in reply.html
    assert len(chat.queries()) == 3


def test_no_more_is_imported_than_there_is_room_for(chat):
    chat.limits = Chat(watches_per_subscriber=3)
    reply = chat("import barley\nwheat\nrye")
    assert "2 were not taken" in reply.html
    assert len(chat.queries()) == 3


NOTHING = {
    "no file": "",
    "broken JSON": "{broken",
    "a number for watches": '{"watches": 7}',
    "a number that is too long": f'{{"at": {"9" * 5_000}}}',
    "JSON that is too deep": '{"watches": ' + "[" * 100_000,
    "a quote that is never closed": 'kind,query,title\nwatch,"' + "a" * 200_000,
}


@pytest.mark.parametrize("line", [f"import {text}" for text in NOTHING.values()], ids=NOTHING)
def test_an_import_of_nothing_is_explained(chat, line):
    with pytest.raises(UserError, match=r"import\.usage"):
        chat(line)


def test_a_watch_is_shared_by_a_link_that_starts_it_elsewhere(chat, other):
    link = chat("share 1").params["link"]
    assert chat("share 1").params["link"] == link
    token = link.partition("start=")[2]
    assert other(f"start {token}").key == "watch.added"
    assert other.queries() == ["harbour strike"]


def test_a_link_that_leads_nowhere_says_so(other):
    with pytest.raises(UserError, match=r"share\.unknown"):
        other("start w_nothing")
