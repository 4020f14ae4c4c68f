"""How soon news is found, what a poll costs, and what a thousand outlets do to one process.

    python -m tests.benchmarks.polling [rules] [alarms] [parsing DIR] [polls] [outlets] [memory]

Without a name all are run; `parsing` needs recorded feeds (default ../shared/data/feeds). Each prints what it
measures and against what; each takes a minute or two. CPU is this process's own, user and system.
"""

import argparse
import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import uvloop

from tests.benchmarks.polling_parts import alarms, costs, outlets, parsing, rules


def run(part: Coroutine[Any, Any, object]) -> object:
    """Run a part on the event loop that `outpost run` has."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(part)


PARTS: dict[str, Callable[[Path], object]] = {
    "rules": lambda folder: rules.report(),
    "alarms": lambda folder: alarms.report(),
    "parsing": parsing.report,
    "polls": lambda folder: run(costs.report()),
    "outlets": lambda folder: run(outlets.report()),
    "memory": lambda folder: run(costs.report_memory()),
}


def main() -> None:
    """Run the parts that are asked for."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    arguments.add_argument(
        "parts", nargs="*", choices=[[], *PARTS], help="which to run, all if none is named"
    )
    arguments.add_argument("--feeds", type=Path, default=Path("../shared/data/feeds"))
    asked = arguments.parse_args()
    for name in asked.parts or PARTS:
        print(f"## {name}")
        PARTS[name](asked.feeds)
        print()


if __name__ == "__main__":
    main()
