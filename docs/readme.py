"""Brings README.md up to date with what it quotes: the table of settings and the demo's output.

python docs/readme.py             the settings
python docs/readme.py --demo      the demo's output too: plays it
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
CUT = "[…]"


def settings_table(settings: str) -> str:
    """Return the table of settings.toml: key, default, and the comment beside it."""
    rows = ["| setting | default | what |", "|---|---|---|"]
    section = ""
    for line in settings.splitlines():
        if head := re.fullmatch(r"\[(\w+)\]", line):
            section = head[1]
        elif row := re.match(r"(\w+) = (.+?)\s+# (.*?)(?: \(default [^()]*\))?$", line):
            rows.append(f"| `{section}.{row[1]}` | `{row[2]}` | {row[3]} |")
    return "\n".join(rows)


def play() -> str:
    """Return what the demo prints on a terminal of 100 columns."""
    done = subprocess.run(
        [sys.executable, "-m", "bot", "demo", "--no-input"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "100"},  # noqa: TID251 - a script, not the program
    )
    return done.stdout


def cut(output: str) -> str:
    """Return the output from the first watch on, without the list of watches and the edits in between."""
    start = output.index("> /watch ")
    blocks = re.findall(r"^  ┌.*?^  └$|^[^\n]*$", output[start:], re.S | re.M)
    between = [b for b in blocks if ", edited:" in b][1:-1]
    listed = next(b for b in blocks if "Stop #1" in b)
    kept = []
    for block in blocks:
        lines = block.split("\n")
        gaps = [i for i, line in enumerate(lines) if line == "  │"]
        if block in between or block == listed:
            kept.append(f"  {CUT}")
        elif "newest first" in block and len(gaps) > 3:
            kept += [*lines[: gaps[3]], "  │", f"  │ {CUT}", "  └"]
        else:
            kept.append(block)
    return "\n".join(kept).rstrip()


def main() -> None:
    """Rewrite README.md."""
    text = README.read_text("utf-8")
    table = settings_table((ROOT / "config" / "settings.toml").read_text("utf-8"))
    text = re.sub(r"\| setting \| default \| what \|\n(\|.*\n)+", lambda _: f"{table}\n", text)
    if "--demo" in sys.argv[1:]:
        shown = cut(play())
        text = re.sub(r"```text\n> .*?\n```", lambda _: f"```text\n{shown}\n```", text, flags=re.S)
    README.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
