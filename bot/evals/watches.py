"""`outpost eval watches CASES.jsonl`: does each watch match the sentences it should, and no other?

A line is an object: watch, text, lang, match; optionally why, title, outlet, country. The names are those
of config/names.toml, and each case is asked of the engine that runs in production.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from bot.config import config_file, config_folder
from bot.domain.errors import QueryError, SettingsError
from bot.domain.matching import Matcher
from bot.domain.model import Document
from bot.domain.names import Names, load_names
from bot.domain.query import parse_query
from bot.evals.progress import watched

_TEXTS: Final = {"watch": True, "text": True, "lang": True}
_TEXTS_MAY: Final = {"why": False, "title": False, "outlet": False, "country": False, "url": False}


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the file. match: what should come of it."""

    watch: str
    document: Document
    match: bool
    why: str
    line: int


def run(path: Path, as_json: bool, figures: dict[str, float] | None = None) -> int:
    """Print how many cases are right, and each that is not with the reason. Returns 0: a measure, no test.

    figures: filled with the shares, 0..1, that are worth comparing over time.
    Raises SettingsError, naming file and line, if the file cannot be read or a line is no case.
    """
    cases = read_cases(path)
    names = load_names(config_file(config_folder(), "names.toml").read_text(encoding="utf-8"))
    wrong = [told for case in watched(cases, "cases") if (told := judge(case, names)) is not None]
    if figures is not None:
        figures["right"] = 1 - len(wrong) / len(cases)
    if as_json:
        answer = {"cases": len(cases), "right": len(cases) - len(wrong), "wrong": wrong}
        click.echo(json.dumps(answer, ensure_ascii=False))
    else:
        for told in wrong:
            click.echo(_line(told))
        click.echo(f"{len(cases) - len(wrong)} of {len(cases)} right{_by_language(cases, wrong)}")
    return 0


def read_cases(path: Path) -> list[Case]:
    """Return the cases of a file. Raises SettingsError with file and line."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as e:
        raise SettingsError(f"{path}: {e.strerror or e}") from e
    except UnicodeDecodeError as e:
        raise SettingsError(f"{path}: not UTF-8 text, byte {e.start}") from e
    cases = [_case(text, f"{path}, line {n}", n) for n, text in enumerate(lines, 1) if text.strip()]
    if not cases:
        raise SettingsError(f"{path}: no cases in it")
    return cases


def _case(text: str, place: str, line: int) -> Case:
    try:
        row = json.loads(text)
    except json.JSONDecodeError as e:
        raise SettingsError(f"{place}: not JSON, {e.msg} at character {e.pos + 1}") from e
    if not isinstance(row, dict):
        raise SettingsError(f"{place}: an object is wanted, not {text.strip()[:20]}")
    if not isinstance(row.get("match"), bool):
        raise SettingsError(f"{place}: match must be true or false")
    for key, needed in (_TEXTS | _TEXTS_MAY).items():
        if not isinstance(row.get(key, None if needed else ""), str):
            raise SettingsError(f"{place}: {key} must be a text")
    document = Document(
        title=row.get("title", ""),
        body=row["text"],
        language=row["lang"],
        outlet=row.get("outlet", ""),
        country=row.get("country", ""),
        url=row.get("url", ""),
    )
    return Case(row["watch"], document, row["match"], row.get("why", ""), line)


def judge(case: Case, names: Names) -> dict[str, Any] | None:
    """Return None for a case that is right, else what is wrong with it, as it is printed."""
    told: dict[str, Any] = {"line": case.line, "watch": case.watch, "text": case.document.body}
    told |= {"lang": case.document.language, "match": case.match, "why": case.why}
    matcher = Matcher(names)
    try:
        matcher.add(1, parse_query(case.watch))
    except QueryError as e:
        return told | {"reason": f"the watch cannot be read: {e.key} at character {e.start + 1}"}
    matches = matcher.match(case.document)
    if bool(matches) == case.match:
        return None
    hits = [hit for match in matches for hit in match.hits]
    reasons = ", ".join(f"{hit.form} is {hit.term} by {hit.rule}" for hit in hits)
    return told | {"reason": reasons or ("it matched" if matches else "nothing in it matched")}


def _line(told: dict[str, Any]) -> str:
    wanted = "should match" if told["match"] else "should not match"
    why = f" ({told['why']})" if told["why"] else ""
    return f"line {told['line']}: {told['watch']} {wanted} {told['text']!r}{why}: {told['reason']}"


def _by_language(cases: list[Case], wrong: list[dict[str, Any]]) -> str:
    """Say where the wrong ones are, "" if there are none."""
    if not wrong:
        return ""
    total = Counter(case.document.language for case in cases)
    missed = Counter(told["lang"] for told in wrong)
    return "; wrong by language: " + ", ".join(
        f"{language or '?'} {n} of {total[language]}" for language, n in sorted(missed.items())
    )
