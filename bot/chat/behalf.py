"""Speaking for a channel from a private chat: how it is said, and how answers carry it along.

`/watch @herald harbour` names the channel; a button under an answer carries it as `for:<subscriber>:...`;
an answer to a message that has such buttons is for that channel too. Nothing is remembered between
messages, and whether the person is an administrator there is asked of Telegram each time.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from bot import texts
from bot.domain.model import Button, Message, Subscriber
from bot.texts import Html

MAX_TITLE = 60
MAX_CHARS = 2_000  # of an answer that has room for the name; Telegram takes 4096 UTF-16 units
MAX_DATA_BYTES = 64  # Telegram's limit for callback data

_NAMED = re.compile(r"(@[A-Za-z]\w{3,31}|-100[0-9]{5,16})(?:\s+(.*))?", re.DOTALL | re.ASCII)
_CARRIED = re.compile(r"for:([0-9]{1,18}):(.*)", re.DOTALL)


def addressed(argument: str) -> tuple[str, str]:
    """Return the channel that a command's argument names first, "" if none, and the rest of it."""
    named = _NAMED.fullmatch(argument)
    return (named[1], (named[2] or "").strip()) if named else ("", argument)


def tapped(data: str) -> tuple[str, str]:
    """Return the channel that a button is for, "#" and its subscriber's id, and the rest; "" if none."""
    carried = _CARRIED.fullmatch(data)
    return (f"#{carried[1]}", carried[2]) if carried else ("", data)


def spoken_of(buttons: Iterable[str]) -> str:
    """Return the channel that a message with buttons of these data is about, "" if it is about none."""
    return next((of for of, _ in map(tapped, buttons) if of), "")


def _speaking(button: Button, subscriber_id: int) -> Button | None:
    """Return a button that speaks for that subscriber; None if there is no room to say so."""
    if button.url:
        return button
    data = f"for:{subscriber_id}:{button.data}"
    return replace(button, data=data) if len(data.encode()) <= MAX_DATA_BYTES else None


def signed(message: Message, chat: Subscriber) -> Message:
    """Return an answer with the channel's name above it, and its buttons speaking for that channel."""
    name = Html(f"📣 <b>{texts.escape(chat.title[:MAX_TITLE] or str(chat.chat_id))}</b>\n\n")
    fits = not message.file and len(texts.plain(message.html)) + MAX_TITLE < MAX_CHARS
    rows = [[b for old in row if (b := _speaking(old, chat.id))] for row in message.buttons]
    return replace(
        message,
        html=f"{name}{message.html}" if fits else message.html,
        buttons=tuple(tuple(row) for row in rows if row),
    )
