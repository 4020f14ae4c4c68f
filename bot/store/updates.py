"""Which of Telegram's updates have been answered, and the answers that are still on their way.

The offset moves in the transaction that answers, and the reply waits in a table until it is sent: a
crash repeats a reply at worst, and loses none.
"""

from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.domain.chart import Chart
from bot.domain.model import Attachment, Button, Message
from bot.store import notices
from bot.store.engine import Tx, insert
from bot.store.schema import counters, replies

OFFSET = "update_offset"

# Telegram repeats what was not confirmed: one batch of at most 100. An id further back than this is
# no repetition: after a week without updates Telegram goes on from a random number.
REPEATED = 1_000


def offset(tx: Tx) -> int:
    """Return the id of the last update answered, 0 if there was none."""
    rows = tx.execute(sa.select(counters.c.value).where(counters.c.name == OFFSET))
    return rows.scalar() or 0


def advance(tx: Tx, update_id: int) -> bool:
    """Note that this transaction answers the update. False: it was answered before, do nothing.

    Updates are to be answered in the order of their ids.
    """
    first = insert(tx, counters).values(name=OFFSET, value=update_id)
    done = first.on_conflict_do_update(
        index_elements=[counters.c.name],
        set_={"value": update_id},
        where=sa.or_(counters.c.value < update_id, counters.c.value - REPEATED > update_id),
    ).returning(counters.c.value)
    return tx.execute(done).first() is not None


@dataclass(frozen=True, slots=True)
class WaitingReply:
    """An answer that the chat may not have got. edits: the message it replaces, None for a new one."""

    id: int
    chat_id: int
    thread_id: int | None
    edits: int | None
    message: Message
    created_at: datetime

    @property
    def key(self) -> tuple[int, datetime]:
        """Return what names it for good: SQLite gives an id of a deleted row to the next."""
        return self.id, self.created_at


def keep_reply(
    tx: Tx,
    *,
    chat_id: int,
    thread_id: int | None,
    edits: int | None,
    message: Message,
    now: datetime,
) -> WaitingReply:
    """Keep an answer until `drop_reply` says that it was sent; the sender is woken."""
    notices.wake(tx, "deliver")
    new = replies.insert().values(
        chat_id=chat_id,
        thread_id=thread_id,
        edits=edits,
        message=_saved(message),
        created_at=now,
    )
    reply_id: int = tx.execute(new.returning(replies.c.id)).scalar_one()
    return WaitingReply(reply_id, chat_id, thread_id, edits, message, now)


def drop_reply(tx: Tx, reply_id: int) -> None:
    """Forget an answer that was sent, or never can be."""
    tx.execute(replies.delete().where(replies.c.id == reply_id))


def waiting_replies(tx: Tx, *, limit: int = 1_000) -> list[WaitingReply]:
    """Return the answers that an earlier process left behind, oldest first."""
    rows = tx.execute(sa.select(replies).order_by(replies.c.id).limit(limit)).mappings()
    return [
        WaitingReply(
            row["id"],
            row["chat_id"],
            row["thread_id"],
            row["edits"],
            _message(row["message"]),
            row["created_at"],
        )
        for row in rows
    ]


def _saved(message: Message) -> dict[str, Any]:
    saved = asdict(message)
    if message.file:
        saved["file"]["body"] = b64encode(message.file.body).decode()
    return saved


def _file(kept: dict[str, Any]) -> Attachment:
    given = kept.get("chart")
    chart = None
    if given:
        series = tuple((name, tuple(numbers)) for name, numbers in given["series"])
        chart = Chart(given["title"], tuple(given["days"]), series)
    return Attachment(**{**kept, "body": b64decode(kept["body"]), "chart": chart})


def _message(saved: dict[str, Any]) -> Message:
    buttons = tuple(tuple(Button(**button) for button in row) for row in saved["buttons"])
    kept = saved.get("file")
    file = _file(kept) if kept else None
    preview = saved.get("preview", False)
    return Message(saved["html"], buttons, silent=saved["silent"], preview=preview, file=file)
