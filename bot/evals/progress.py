"""How far a long measurement is, on stderr, where somebody watches."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

import click

T = TypeVar("T")


def watched(items: Iterable[T], what: str, *, length: int | None = None) -> Iterator[T]:
    """Yield the items, drawing a bar on a terminal. length: how many there are, where `items` cannot say."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(items, length=length, label=what, file=sys.stderr, hidden=hidden) as bar:
        yield from bar
