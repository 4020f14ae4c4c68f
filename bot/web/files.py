"""A view as a file to take along: CSV that no spreadsheet runs, or JSON."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from bot.store.engine import Tx
from bot.web.view import EXPORTED, Answer, Build, Download, Visit, missing

FORMS = ("csv", "json")
_TAKEN = 500  # at once

Row = TypeVar("Row")


def everything(
    read: Callable[[int | None, int], Sequence[Row]], key: Callable[[Row], int]
) -> list[Row]:
    """Return the first EXPORTED rows of what is read page by page. read: (before, limit) -> rows."""
    rows: list[Row] = []
    while len(rows) < EXPORTED:
        page = read(key(rows[-1]) if rows else None, _TAKEN)
        rows += page
        if len(page) < _TAKEN:
            break
    return rows[:EXPORTED]


def in_form(build: Build) -> Build:
    """Return the builder of a file that is there in our forms alone: ?as=csv or json."""

    def built(tx: Tx, visit: Visit) -> Answer:
        return build(tx, visit) if form_of(visit) in FORMS else missing(visit)

    return built


def form_of(visit: Visit) -> str:
    """Return the form in which the visitor asked for a file."""
    return visit.query.get("as", FORMS[0])


def as_asked(visit: Visit, rows: list[dict[str, Any]], name: str) -> Download:
    """Return rows in the form that the visitor asked for."""
    return download([plain(row) for row in rows], name, form_of(visit))


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its times as text."""
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items()}


def download(rows: Any, name: str, form: str) -> Download:
    """Return rows as a CSV or JSON file."""
    if form == "json":
        body = json.dumps(rows, ensure_ascii=False, indent=1).encode()
        return Download(f"outpost-{name}.json", body, "application/json")
    out = io.StringIO()
    if rows:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows({k: _cell(v) for k, v in row.items()} for row in rows)
    return Download(f"outpost-{name}.csv", out.getvalue().encode("utf-8-sig"), "text/csv")


def _cell(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula."""
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.lstrip()[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value
