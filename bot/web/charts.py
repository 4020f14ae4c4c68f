"""Small pictures as numbers for SVG: points and bars, scaled. The templates draw and colour them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: left edge, top, width and height in the picture's units; label: what it stands for."""

    x: float
    y: float
    width: float
    height: float
    label: str


def bars(
    values: Sequence[float], labels: Sequence[str], *, width: float, height: float
) -> list[Bar]:
    """Return a bar for each value, the highest as high as the picture."""
    if not values:
        return []
    top = max(*values, 0.0) if len(values) > 1 else max(values[0], 0.0)
    step = width / len(values)
    drawn = []
    for i, (value, label) in enumerate(zip(values, labels, strict=True)):
        tall = round(height * max(0.0, value) / top, 2) if top else 0.0
        drawn.append(
            Bar(round(i * step, 2), round(height - tall, 2), round(step * 0.8, 2), tall, label)
        )
    return drawn


@dataclass(frozen=True, slots=True)
class Scatter:
    """Points of (time, seconds) on a logarithmic scale, with the lines to read them by."""

    points: Sequence[tuple[float, float]]
    lines: Sequence[tuple[float, int]]  # height in the picture, seconds it stands for


DECADES_S = (1, 10, 60, 600, 3_600, 86_400)


def scatter(
    series: Sequence[tuple[datetime, float]], *, width: float, height: float, most: int = 400
) -> Scatter:
    """Return at most `most` of the points, evenly taken, newest at the right."""
    if not series:
        return Scatter((), ())
    taken = series[:: max(1, len(series) // most)]
    first, last = taken[0][0], taken[-1][0]
    span = max(1.0, (last - first).total_seconds())
    top = math.log10(max(10.0, *(s for _, s in series)) * 1.2)

    def y(seconds: float) -> float:
        return round(height * (1 - math.log10(max(1.0, seconds)) / top), 1)

    points = [
        (round(width * (at - first).total_seconds() / span, 1), y(seconds)) for at, seconds in taken
    ]
    lines = [(y(s), s) for s in DECADES_S if s <= 10**top]
    return Scatter(points, lines)
