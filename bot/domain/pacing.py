"""Telegram's flood limits, kept by us: whose turn it is to be written to, and when.

Pure: times are seconds of one steady clock, given by the caller. Messages and edits count alike.
Limits (core.telegram.org/bots/faq): about 30 a second in all, one a second to a person with short
bursts, 20 a minute to a group. What leaves evenly may arrive in a bunch, so a second's 30 are counted by
when they can have arrived: some time between leaving and the answer.
"""

import heapq
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import IntEnum

TRIPS = 64  # the latest round trips, of which the shortest counts


class Rank(IntEnum):
    """Who goes first: a person who waits for an answer, then news, then corrections of old news."""

    REPLY = 0
    ALERT = 1
    EDIT = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be sent. A burst is how many may go at once after a pause; then the rate holds."""

    per_s: float = 28.0
    # Lateness that is made up for: a timer that wakes 2 ms late each time would cost 5 % of the rate. Below
    # one interval, so that no second has more than 29 leave; a longer stall of the machine is lost time.
    slack_s: float = 0.03
    most_in_a_second: int = 30
    private_per_s: float = 1.0
    private_burst: int = 2
    per_group: int = 18  # of 20: what was under way when a sender died is in no memory
    group_window_s: float = 61.0  # a second above the minute, for the way there


@dataclass(slots=True)
class _Line:
    """One chat: who waits, and what it was sent lately."""

    waiting: list[tuple[int, int, Hashable]] = field(default_factory=list)  # rank, number, ticket
    due: float = 0.0  # when its sends so far are paid off at the even rate (a person)
    sent: deque[float] = field(default_factory=deque)  # within the window (a group)
    held_until: float = 0.0
    served: int = 0  # number of the last grant it got, all chats counted
    stamp: int = 0  # of its entry in a heap; an older entry is void


class Pacer:
    """The queue before the door: within a chat by rank and arrival, between chats by turns."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        # How far ahead of the even rate a burst may run, in seconds.
        self._slack = self._limits.slack_s
        self._private_slack = (self._limits.private_burst - 1) / self._limits.private_per_s
        self._lines: dict[int, _Line] = {}
        self._waiting: set[Hashable] = set()
        self._ready: list[tuple[int, int, int, int, int]] = []  # rank, served, number, chat, stamp
        self._resting: list[tuple[float, int, int]] = []  # when it may go on, chat, stamp
        self._number = 0
        self._served = 0
        self._due = 0.0  # as _Line.due, for all chats together
        self._private_due = 0.0  # where each chat's starts
        self._under_way = 0  # let through and not answered yet
        self._answered: deque[float] = deque()  # when, as far as it matters still
        self._took: deque[float] = deque(maxlen=TRIPS)

    def take_over(self, now: float) -> None:
        """Go on where another sender may have left off just now, whose last sends we do not know.

        Its second is waited out, and every burst is taken to be used up; what groups were sent can be
        told by `recall`.
        """
        self._due = now + 1.0 + self._slack
        self._private_due = now + self._private_slack
        for line in self._lines.values():
            line.due = max(line.due, self._private_due)

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def ask(self, ticket: Hashable, chat_id: int, rank: Rank, now: float) -> None:
        """Queue for one message to a chat. ticket: any value of the caller's, unique while it waits."""
        self._number += 1
        self._waiting.add(ticket)
        line = self._line(chat_id)
        entry = (int(rank), self._number, ticket)
        heapq.heappush(line.waiting, entry)
        if line.waiting[0] is entry:
            self._place(chat_id, line, now)

    def withdraw(self, ticket: Hashable) -> None:
        """Leave the queue; nothing happens to one who is not in it."""
        self._waiting.discard(ticket)

    def hold(self, chat_id: int, until: float, now: float) -> None:
        """Send nothing to a chat before `until`: Telegram said so."""
        line = self._line(chat_id)
        line.held_until = max(line.held_until, until)
        self._place(chat_id, line, now)

    def recall(self, chat_id: int, at: float) -> None:
        """Count a message that another sender sent to a group then. In the order of their times."""
        if chat_id < 0:
            self._line(chat_id).sent.append(at)

    def answered(self, now: float, took_s: float) -> None:
        """Note that one who was let through took_s ago has its answer, or has given up waiting for it."""
        self._under_way -= 1
        self._answered.append(now)
        self._took.append(took_s)

    def _full_for(self, now: float) -> float:
        """Return how long a second's 30 are used up, infinity: until some answer comes.

        Whatever was answered up to `second` ago surely arrived more than a second before what leaves now:
        its answer and our message both need their part of the shortest round trip.
        """
        second = max(0.0, 1.0 - min(self._took, default=0.0))
        while self._answered and self._answered[0] <= now - second:
            self._answered.popleft()
        if self._under_way + len(self._answered) < self._limits.most_in_a_second:
            return 0.0
        return self._answered[0] + second - now if self._answered else float("inf")

    def next(self, now: float) -> tuple[Hashable | None, float]:
        """Return the ticket whose turn it is, counted as sent now; or None and the seconds to wait.

        Infinity: nobody waits, or all wait for an answer. Tell `answered` when there is one.
        """
        pause = max(self._due - self._slack - now, self._full_for(now))
        if pause > 0:
            return None, pause
        self._wake(now)
        while self._ready:
            _, _, _, chat_id, stamp = heapq.heappop(self._ready)
            line = self._lines.get(chat_id)
            if line is None or line.stamp != stamp:
                continue
            _, _, ticket = heapq.heappop(line.waiting)
            granted = ticket in self._waiting
            if granted:
                self._waiting.discard(ticket)
                self._count(chat_id, line, now)
            self._place(chat_id, line, now)
            if granted:
                return ticket, 0.0
        return None, self._resting[0][0] - now if self._resting else float("inf")

    def resting(self, now: float, *, over_s: float = 0.5) -> set[int]:
        """Return the chats that must wait longer than that by their own limits.

        Forgets, besides, the chats that have been quiet: memory follows the traffic, not the past.
        """
        found = set()
        for chat_id, line in list(self._lines.items()):
            wait = self._may_at(chat_id, line, now) - now
            if wait > over_s:
                found.add(chat_id)
            elif not line.waiting and not line.sent and max(line.due, line.held_until) <= now:
                del self._lines[chat_id]
        return found

    def _line(self, chat_id: int) -> _Line:
        return self._lines.setdefault(chat_id, _Line(due=self._private_due))

    def _may_at(self, chat_id: int, line: _Line, now: float) -> float:
        """Return when the chat may be written to; a time past means now."""
        limits = self._limits
        if chat_id >= 0:
            return max(line.due - self._private_slack, line.held_until)
        while line.sent and line.sent[0] + limits.group_window_s <= now:
            line.sent.popleft()
        full = len(line.sent) >= limits.per_group
        return max(line.sent[0] + limits.group_window_s if full else 0.0, line.held_until)

    def _count(self, chat_id: int, line: _Line, now: float) -> None:
        self._served += 1
        self._under_way += 1
        line.served = self._served
        self._due = max(self._due, now) + 1 / self._limits.per_s
        if chat_id >= 0:
            line.due = max(line.due, now) + 1 / self._limits.private_per_s
        else:
            line.sent.append(now)

    def _place(self, chat_id: int, line: _Line, now: float) -> None:
        """Put a chat where it belongs: among those whose turn may come, or those at rest."""
        line.stamp += 1
        if not line.waiting:
            return
        at = self._may_at(chat_id, line, now)
        if at > now:
            heapq.heappush(self._resting, (at, chat_id, line.stamp))
        else:
            rank, number, _ = line.waiting[0]
            heapq.heappush(self._ready, (rank, line.served, number, chat_id, line.stamp))

    def _wake(self, now: float) -> None:
        while self._resting and self._resting[0][0] <= now:
            _, chat_id, stamp = heapq.heappop(self._resting)
            line = self._lines.get(chat_id)
            if line is not None and line.stamp == stamp:
                self._place(chat_id, line, now)
