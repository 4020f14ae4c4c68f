"""The balance of a storm: what was owed and what came, and a reason for everything that came twice."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

STOP_S = 20.0  # what SIGTERM is promised to take at most
ON_ITS_WAY_S = (
    2.0  # what a process sent as it was killed arrives so long after: a slow server takes 1.5 s
)


@dataclass(frozen=True, slots=True)
class Away:
    """A time in which what was sent may not have been written down: from, to (seconds, monotonic), why."""

    began: float
    ended: float
    why: str


@dataclass
class Balance:
    """What was owed, and what came."""

    owed: int = 0
    lost: list[tuple[int, str]] = field(default_factory=list)
    late: set[int] = field(
        default_factory=set
    )  # chats that one of them reached after it was given up
    doubled: Counter[str] = field(
        default_factory=Counter
    )  # messages that came twice, by the reason
    strange: list[str] = field(
        default_factory=list
    )  # what came twice for no reason we made, or waits still
    ambiguous: int = 0  # answers to a message that took effect and were then spoiled by us
    digests: int = 0  # of several stories, sent in one message
    commands: int = 0
    commands_lost: list[str] = field(default_factory=list)
    watches_doubled: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    floods: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)
    beside: Counter[str] = field(
        default_factory=Counter
    )  # commands of the operator's, by exit code
    unfiled: int = 0  # articles that were published and never read, or never filed
    left: int = 0  # alerts still in the outbox
    stops_s: list[float] = field(default_factory=list)  # what each SIGTERM took
    bad_exits: list[str] = field(default_factory=list)

    @property
    def unexplained(self) -> int:
        """Return how many messages came twice without an answer of Telegram's being lost."""
        return self.doubled["unexplained"]

    def faultless(self) -> bool:
        """Return whether nothing was lost, doubled without need, refused or broken."""
        wrong = (self.lost, self.commands_lost, self.floods, self.refused, self.tracebacks)
        slow = [s for s in self.stops_s if s > STOP_S]
        counts = self.unexplained + self.watches_doubled + self.unfiled + self.left
        return not (any(wrong) or slow or self.bad_exits or counts)

    def __str__(self) -> str:
        twice = self.doubled.total()
        return (
            f"owed {self.owed}, lost {len(self.lost)}, doubled {twice} {dict(self.doubled)}"
            f" (ambiguous answers injected {self.ambiguous}), digests {self.digests}\n"
            f"commands {self.commands}, lost {len(self.commands_lost)},"
            f" carried out twice {self.watches_doubled}\n"
            f"kill -9 {self.kills.total()} {dict(self.kills)}, SIGTERM {len(self.stops_s)}, the longest"
            f" {max(self.stops_s, default=0):.1f} s, bad exits {self.bad_exits}\n"
            f"faults {dict(self.faults)}, commands beside {dict(self.beside)}\n"
            f"flood limits broken {len(self.floods)}, messages refused {len(self.refused)},"
            f" tracebacks {len(self.tracebacks)}, articles not filed {self.unfiled},"
            f" left in the outbox {self.left}"
        ) + "".join(f"\n{line}" for line in self.strange)


def reason(
    sent_at: float, again_at: float, *, answer_lost: bool, written: bool, aways: Sequence[Away]
) -> str:
    """Return why a message was sent again, as far as we made a reason for it.

    written: whether the delivery log has both: what is known to have been sent has no reason to go again.
    One that arrives late, from a host that was cut off, may do so after the one that is written.
    """
    if answer_lost:
        return "answer lost"
    if not written:
        for away in aways:
            if away.began <= again_at and sent_at <= away.ended + ON_ITS_WAY_S:
                return away.why
    return "unexplained"
