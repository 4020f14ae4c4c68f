"""Whether Telegram can be reached at all: if not, one message at a time tries the way, and the rest waits."""

from datetime import UTC, datetime, timedelta

from bot.domain.model import Outcome, Sent

FAILURES = 5  # in a row, over all chats: no accident of one message
FIRST_S = 1.0
LONGEST_S = 60.0


class Reach:
    """Counts failures in a row. Pure: `now` is an argument.

    Without it an outage of hours would have every alert tried over and over, each then waiting for its own
    next try when Telegram is back: late, and out of order.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._next_at = datetime.min.replace(tzinfo=UTC)

    def allow(self, wanted: int, now: datetime, *, in_hand: int) -> int:
        """Return how many messages may be tried: all that are wanted, or one now and then.

        in_hand: how many are under way.
        """
        if self._failures < FAILURES:
            return wanted
        return 0 if in_hand or now < self._next_at else min(1, wanted)

    def note(self, outcome: Outcome, now: datetime) -> None:
        """Take in what became of a message."""
        lost = outcome.sent is Sent.UNCERTAIN
        if not lost and (outcome.sent is not Sent.LATER or outcome.retry_after_s):
            self._failures = 0  # Telegram has answered
            return
        self._failures += 1
        wait_s = min(LONGEST_S, FIRST_S * 2 ** min(max(0, self._failures - FAILURES), 10))
        self._next_at = now + timedelta(seconds=wait_s)
