"""`outpost eval verdicts`: what people's verdicts say of folding and matching, from the database."""

import json
from datetime import datetime
from typing import Any

import click

from bot.app import open_database
from bot.config import Settings
from bot.store import insight
from bot.store.insight import Quality
from bot.store.weeks import Judged


def run(settings: Settings, now: datetime, *, as_json: bool) -> int:
    """Print the figures of the database; return the exit code."""
    store = open_database(settings, new=False)
    try:
        found = store.look(insight.read_quality, now)
    finally:
        store.close()
    if as_json:
        click.echo(json.dumps(as_dict(found), ensure_ascii=False, indent=2))
    else:
        click.echo(as_table(found))
    return 0


def as_dict(found: Quality) -> dict[str, Any]:
    """Return the figures as plain values."""
    return {
        "folding": _judged(found.folding),
        "watches": _judged(found.watches),
        "missed": found.missed,
        "weeks": {f"{week:%Y-%m-%d}": dict(counts) for week, counts in found.weekly.items()},
        "outlets": dict(found.worst),
    }


def _judged(judged: Judged) -> dict[str, Any]:
    return {"decided": judged.decided, "wrong": judged.wrong, "precision": judged.precision}


def as_table(found: Quality) -> str:
    """Return the figures as a table."""
    lines = [f"{'':24}{'decided':>10}{'wrong':>8}{'precision':>12}"]
    for name, judged in (("folding of reposts", found.folding), ("matching", found.watches)):
        share = "–" if judged.precision is None else f"{judged.precision:.1%}"
        lines.append(f"{name:24}{judged.decided:>10,}{judged.wrong:>8,}{share:>12}")
    lines.append(f"{'missed':24}{'':>10}{found.missed:>8,}")
    lines += [f"{name[:40]:42}{n:>6,} false alerts" for name, n in found.worst]
    return "\n".join(lines)
