"""The import contracts speak of every module: a new one may not slip through them."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAY_SPEAK_TELEGRAM = {
    "bot.adapters.messenger",
    "bot.app",
    "bot.chat.dispatch",
    "bot.chat.hearing",
    "bot.chat.lanes",
    "bot.chat.rulers",
}


def contract(name: str) -> set[str]:
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    [found] = [c for c in tables["tool"]["importlinter"]["contracts"] if c["name"] == name]
    return set(found["source_modules"])


def modules() -> set[str]:
    """Return every room of the house, by its whole name."""
    files = (ROOT / "bot").rglob("*.py")
    names = {".".join(f.relative_to(ROOT).with_suffix("").parts) for f in files}
    return {n for n in names if not n.endswith(("__init__", "__main__"))}


def uncovered(names: set[str], covered: set[str]) -> set[str]:
    return {n for n in names if not any(n == c or n.startswith(f"{c}.") for c in covered)}


def test_every_module_but_the_edge_is_kept_from_telegram() -> None:
    assert uncovered(modules(), contract("Telegram only at the edge")) == MAY_SPEAK_TELEGRAM


def test_every_module_but_the_store_is_kept_from_sql() -> None:
    found = uncovered(modules(), contract("SQL only in the store"))
    assert {n.rpartition(".")[0] for n in found} == {"bot.store"}
