"""Which of Telegram's updates have been answered, and the answers that are still on their way.

An update is noted in the transaction that answers it, and the reply waits in a table until it is sent: a
crash repeats a reply at worst, and loses none.
"""

from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.domain.chart import Chart
from bot.domain.model import Attachment, Button, Message
from bot.store import notices
from bot.store.engine import Tx, insert
from bot.store.schema import answered_updates as answered
from bot.store.schema import replies

KEPT = timedelta(days=2)  # Telegram repeats an update for a day at most


def mark_answered(tx: Tx, update_id: int, now: datetime) -> bool:
    """Note that this transaction answers the update. False: it was answered before, do nothing.

    Of updates answered at once, in any order, each counts by itself.
    """
    tx.execute(answered.delete().where(answered.c.answered_at < now - KEPT))
    new = insert(tx, answered).values(update_id=update_id, answered_at=now)
    once = new.on_conflict_do_nothing(index_elements=[answered.c.update_id])
    return tx.execute(once.returning(answered.c.update_id)).first() is not None


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
