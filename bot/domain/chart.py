"""A picture to be drawn: what it shows, in plain values. bot/adapters/chart.py draws it."""

from dataclasses import dataclass

MAX_SERIES = 8  # colors that are still told apart


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars, stacked. days: labels from left to right. series: (name, number for each day), largest first."""

    title: str
    days: tuple[str, ...]
    series: tuple[tuple[str, tuple[int, ...]], ...]
