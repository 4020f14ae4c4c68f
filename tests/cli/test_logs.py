"""Log lines as machines read them: one JSON object a line, whatever an outlet wrote into it."""

import json
import logging
import sys

import pytest

from bot import crew
from bot.cli.logs import Outages, json_lines
from bot.crew import AGAIN
from bot.domain.errors import DatabaseDown


def line(message: str, *args: object, error: BaseException | None = None) -> str:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("bot.pipeline", logging.INFO, "f.py", 1, message, args, info)
    return json_lines().format(record)


def test_what_a_line_names_becomes_a_field():
    found = json.loads(line("ingest article=%d outcome=%s url=%s", 812, "copy", "https://x.am/Ա"))
    assert found["event"] == "ingest article=812 outcome=copy url=https://x.am/Ա"
    assert (found["article"], found["outcome"], found["url"]) == (812, "copy", "https://x.am/Ա")
    assert (found["level"], found["logger"]) == ("info", "bot.pipeline")
    assert found["time"].endswith("+00:00")


@pytest.mark.parametrize(
    "evil", ['"}\n{"level": "critical"', "\r\n\x1b[31m", "\u2028", "a\x00b", "%s %d"]
)
def test_what_an_outlet_writes_cannot_make_a_line_of_its_own(evil):
    written = line("poll feed=%s outcome=failed", evil)
    assert len(written.splitlines()) == 1 or "\u2028" in evil
    assert "\n" not in written
    assert json.loads(written)["feed"] == evil


def test_a_line_cannot_overwrite_its_own_level_or_time():
    found = json.loads(line("odd level=%s time=%s", "x", "y"))
    assert found["level"] == "info"
    assert found["time"] != "y"


def test_places_without_a_name_stay_in_the_line():
    found = json.loads(line("%s: the database does not answer (%d%%)", "poll", 5))
    assert found["event"] == "poll: the database does not answer (5%)"


def test_a_traceback_is_a_field():
    try:
        raise ValueError("broken\nin two lines")
    except ValueError as error:
        written = line("it failed", error=error)
    assert "\n" not in written
    assert "ValueError" in json.loads(written)["exception"]


def test_machines_get_json_and_people_get_lines(monkeypatch):
    from bot.cli import words

    root, kept = logging.getLogger(), list(logging.getLogger().handlers)
    try:
        for terminal, expected in ((True, words.OneLine), (False, type(json_lines()))):
            monkeypatch.setattr(sys.stderr, "isatty", lambda shown=terminal: shown)
            words.log_to_stderr("info")
            assert type(root.handlers[0].formatter) is expected
            words.log_to_stderr("info", form="text")
            assert type(root.handlers[0].formatter) is words.OneLine
    finally:
        root.handlers[:] = kept


def said(outages, at, message, *args, again=True):
    record = logging.LogRecord("bot.crew", logging.ERROR, "f.py", 1, message, args, None)
    record.created = at
    record.__dict__ |= AGAIN if again else {}
    return outages.filter(record)


def test_a_database_that_is_away_is_said_once_a_minute_by_all_stages_together():
    outages, away = Outages(), DatabaseDown("connection refused")
    stages = ("poll", "ingest", "deliver")
    kept = [
        (second, stage)
        for second in range(0, 180, 3)
        for stage in stages
        if said(outages, second + stages.index(stage) / 10, "%s: no database: %s", stage, away)
    ]
    assert [second for second, _ in kept] == [0, 60, 120]
    assert said(outages, 180.5, "%s: no database: %s", "poll", DatabaseDown("disk full"))


def test_a_clock_that_is_set_back_silences_no_outage():
    outages, away = Outages(), DatabaseDown("connection refused")
    assert said(outages, 7_200, "%s: no database: %s", "poll", away)
    assert said(outages, 3_600, "%s: no database: %s", "poll", away)


def test_what_is_said_once_for_all_is_said_in_an_outage_too():
    outages, away = Outages(), DatabaseDown("connection refused")
    assert said(outages, 0, "%s: no database: %s", "poll", away)
    assert said(outages, 1, "alert=%d was %s, not saved yet: %s", 5, "ok", away, again=False)


async def test_stages_that_find_no_database_at_each_tick_share_one_line(monkeypatch, caplog):
    monkeypatch.setattr(crew, "DOWN_S", 0)

    async def tick():
        raise DatabaseDown("connection refused")

    caplog.handler.addFilter(outages := Outages())
    for stage in ("poll", "ingest", "deliver") * 3:
        await crew.guarded_tick(stage, tick)
    assert len(caplog.records) == 1
    await crew.guarded("reload", tick())
    assert len(caplog.records) == 2
    caplog.handler.removeFilter(outages)
