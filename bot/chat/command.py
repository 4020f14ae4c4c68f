"""What a command is: one transaction and one request in, a reply out; neither Telegram nor terminal in it.

A command is `def name(tx, req) -> Reply`: one transaction, no network. bot.chat.desk runs it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import NamedTuple

from bot import texts
from bot.chat.behalf import MAX_DATA_BYTES
from bot.config import Chat
from bot.domain.model import Attachment, Button, ChatKind, Role, Subscriber
from bot.domain.names import Names
from bot.store.engine import Tx

NO_NAMES = Names.empty()
LIMITS = Chat()  # the defaults of settings.toml

Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who speaks, and where, as the shell knows it.

    language: of the person's Telegram, BCP 47, "" if it does not say. user_id: None for a channel.
    may_change: False only for one who is not an administrator of this group.
    message_id: the message spoken, or the one whose button was tapped. reply_to: the message of ours
    that was answered, None for none. thread_id: the topic of a forum, 0 for none or its General; None
    where Telegram does not say: it is then that of the alert in message_id. asker: the private chat
    from which a person speaks for chat_id, a channel; None for a chat that speaks for itself.
    answered: what the buttons of that message carry.
    """

    chat_id: int
    kind: ChatKind = ChatKind.PRIVATE
    title: str = ""
    language: str = ""
    user_id: int | None = None
    may_change: bool = True
    message_id: int | None = None
    reply_to: int | None = None
    answered: tuple[str, ...] = ()
    thread_id: int | None = 0
    asker: int | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One command as it came. argument: what followed the name, stripped, "" if nothing did.

    subscriber.id is 0 for a chat that has not started: no row of it exists yet.
    commands: those this role may type, in the order of the menu. reply_to, answered: as in Caller.
    """

    subscriber: Subscriber
    now: datetime
    argument: str = ""
    role: Role = Role.SUBSCRIBER
    limits: Chat = LIMITS
    commands: Sequence["Command"] = ()
    user_id: int | None = None
    message_id: int | None = None
    pressed: bool = False  # a tap on a button, not typed
    reply_to: int | None = None
    answered: tuple[str, ...] = ()
    names: Names = NO_NAMES
    found: object = None  # what Command.look found
    bot_name: str = ""  # ours, without @; "" where there is none
    file: bytes = b""  # the document that came along
    asker: Subscriber | None = None  # who speaks for the subscriber, and is answered in its place

    @property
    def zone(self) -> tzinfo:
        """Return the time zone this chat reads."""
        return texts.zone(self.subscriber.zone)

    @property
    def language(self) -> str:
        """Return the language of whoever reads the answer."""
        return (self.asker or self.subscriber).language

    def say(self, key: str, /, **params: object) -> texts.Html:
        """Return a text as HTML in the chat's language; params are escaped."""
        return texts.html(self.language, key, **params)

    def moment(self, at: datetime) -> str:
        """Return a day and time as this chat reads them."""
        return texts.moment(self.language, at, zone=self.zone)

    def offset(self, at: datetime) -> str:
        """Return how far the chat's time is from UTC at that moment."""
        return texts.offset(at, self.zone)

    def button(self, key: str, data: str, /, **params: object) -> Button:
        """Return a button with its label in the chat's language. data: `command:argument`."""
        return Button(texts.say(self.language, key, **params), data)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command says: a text of the catalogue, or ready html; neither is no message, only a toast.

    edit: replace the message whose button was tapped (sent as a new one if none was).
    toast: key of a short text that a tap is answered with. language: "" is the chat's own.
    """

    key: str = ""
    params: Mapping[str, object] = field(default_factory=dict)
    buttons: Rows = ()
    html: str = ""
    edit: bool = False
    toast: str = ""
    language: str = ""
    file: Attachment | None = None
    preview: bool = False  # of the first link


Run = Callable[[Tx, Request], Reply]
Look = Callable[[Tx, Request], object]


class Command(NamedTuple):
    """One command. The menu, /help, the role check and the group check are made from these lines.

    menu: key of its line in the menu and /help; "" keeps it out of both.
    changes: in a group only its administrators may use it. typed: False answers buttons only.
    known: only for a chat that has started. remote: can be asked for a channel from a private chat, as
    all that changes something can. look: reads what takes longer, before `run` and in a
    transaction of its own that keeps nobody waiting; `run` gets it as Request.found.
    """

    name: str
    role: Role
    run: Run
    menu: str = ""
    changes: bool = False
    typed: bool = True
    known: bool = False
    look: Look | None = None
    remote: bool = False


def number(argument: str) -> int | None:
    """Return the number that an argument is, None if it is none."""
    return int(argument) if re.fullmatch(r"[0-9]{1,18}", argument) else None


def in_rows(buttons: Sequence[Button], n: int) -> Rows:
    """Return the buttons in rows of n, the last as long as it comes."""
    return tuple(tuple(buttons[i : i + n]) for i in range(0, len(buttons), n))


def tick(on: bool) -> str:
    """Return what stands before the label of a switch."""
    return "✅" if on else "▫️"


def fits(data: str) -> bool:
    """Return whether a button can carry this."""
    return len(data.encode()) <= MAX_DATA_BYTES
