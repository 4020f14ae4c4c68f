"""Whose turn it is at a domain, as all processes together know it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """The answer to one who wants a turn.

    until: it is theirs, to be given back by then; None: it is not. wait_s: after which to ask again.
    reason: the domain wants silence for wait_s, and why; "" if others are only before them.
    """

    until: datetime | None = None
    wait_s: float = 0.0
    reason: str = ""
