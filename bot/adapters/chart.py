"""Draws the picture of /trend, in a process of its own: a plotting library takes 100 MB and gives none back.

`draw` starts this module as a program, hands the chart over as JSON and reads a PNG.
"""

import json
import subprocess
import sys
from dataclasses import asdict

from bot.domain.chart import Chart

TIMEOUT_S = 30
# Apart in hue and in lightness, so that they are told apart also by the colour-blind (after Okabe and Ito).
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#B3A125", "#8C8C8C")
PAPER, INK, GRID = "#ffffff", "#1d2733", "#d5dbe1"  # its own paper: legible in dark themes as well


class ChartError(Exception):
    """The picture could not be drawn; says why in one line."""


def draw(chart: Chart) -> bytes:
    """Return the chart as a PNG. Raises ChartError: no plotting library here, or it failed."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bot.adapters.chart"],
            input=json.dumps(asdict(chart)).encode(),
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as e:
        raise ChartError(str(e)) from e
    if done.returncode or not done.stdout.startswith(b"\x89PNG"):
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise ChartError(lines[-1] if lines else f"exit {done.returncode}")
    return done.stdout


def main() -> None:
    """Read a chart, write its picture."""
    import matplotlib  # noqa: PLC0415 - only in the process that draws

    matplotlib.use("agg")
    from matplotlib import pyplot  # noqa: PLC0415 - as above, once its backend is chosen
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - as above

    given = json.load(sys.stdin)
    # DejaVu Sans comes with the library and has Latin, Cyrillic, Armenian, Georgian and Arabic letters.
    pyplot.rcParams.update({"font.family": "DejaVu Sans", "font.size": 12, "text.color": INK})
    figure, axes = pyplot.subplots(figsize=(9, 5.4), dpi=120, facecolor=PAPER)
    axes.set_facecolor(PAPER)
    at = range(len(given["days"]))
    floor = [0] * len(given["days"])
    for (name, numbers), color in zip(given["series"], COLORS, strict=False):
        axes.bar(at, numbers, bottom=floor, color=color, label=name, width=0.82)
        floor = [a + b for a, b in zip(floor, numbers, strict=True)]
    step = max(1, -(-len(given["days"]) // 8))
    axes.set_xticks(list(at)[::step], given["days"][::step])
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color=GRID)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.set_title(given["title"], loc="left", fontsize=14, parse_math=False)
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.09), ncols=4, frameon=False, fontsize=11
    )
    figure.savefig(sys.stdout.buffer, format="png", bbox_inches="tight")


if __name__ == "__main__":
    main()
